"""Sessions of an exchange as the library exchange-calendars knows them, read by a short-lived process.

That library brings pandas along, which has no place in the daemon. A session with a break at noon is one session: an
order for the day outlives the break.
"""

import sys
from collections.abc import Mapping
from textwrap import shorten
from typing import Final

import msgspec

from daemon.config.problems import nearest
from daemon.errors import DaemonError
from daemon.hosts.launch import environment
from daemon.processes import Finished, Processes
from trading.sessions import Schedule

HELPER: Final = "daemon.calendars.exchange_helper"
FIRST_DAY: Final = "1970-01-01"
LAST_DAY: Final = "2049-12-31"
"""The days that are asked for. They never change, so that a restart finds the same sessions."""

_DEADLINE_SECONDS: Final = 60.0
_LONGEST_WORDS: Final = 200


class Listed(msgspec.Struct, frozen=True, kw_only=True, tag="listed"):
    """All sessions of an exchange, in nanoseconds since the Unix epoch."""

    opens: list[int]
    closes: list[int]


class UnknownCode(msgspec.Struct, frozen=True, kw_only=True, tag="unknown"):
    """No exchange has that code; these are the codes that there are."""

    codes: list[str]


Answer = Listed | UnknownCode


class NoExchangeCalendar(DaemonError):
    """The calendar of an exchange cannot be had."""


def exchange_schedule(name: str, code: str, processes: Processes, environ: Mapping[str, str]) -> Schedule:
    """The sessions of an exchange for the calendar of a name; NoExchangeCalendar, or ProcessNotStarted.

    Waits for the process, so it is called before the event loop runs, or in a thread.
    """
    finished = processes.run(
        # -P keeps the working directory, where anything may lie, off the path of imports.
        (sys.executable, "-P", "-m", HELPER, code, FIRST_DAY, LAST_DAY),
        given=b"",
        environment=environment(environ),
        deadline_seconds=_DEADLINE_SECONDS,
    )
    answer = _answer(finished)
    if answer is None:
        raise NoExchangeCalendar(
            f"the process that reads the calendar of {code} failed ({finished.ending}){_last_words(finished)};"
            " try another version of exchange-calendars or of pandas, or write a weekly calendar"
        )
    if isinstance(answer, UnknownCode):
        raise NoExchangeCalendar(f"exchange-calendars has no {code!r}{nearest(code, answer.codes)}")
    mend = f"the installed exchange-calendars knows {code} no further: install a newer one, or write a weekly calendar"
    try:
        return Schedule(answer.opens, answer.closes, name=name, mend=mend)
    except ValueError as error:
        raise NoExchangeCalendar(f"exchange-calendars has sessions of {code} that cannot be: {error}")


def _answer(finished: Finished) -> Answer | None:
    if finished.timed_out or finished.exit_code != 0:
        return None
    try:
        answer: Answer = msgspec.json.decode(finished.output, type=Answer)
    except msgspec.DecodeError:
        return None
    return answer


def _last_words(finished: Finished) -> str:
    """The last line that a process wrote of its trouble, cut where it is long; empty when it wrote none."""
    last = finished.errors.decode(errors="replace").strip().rpartition("\n")[2]
    return f": {shorten(last, _LONGEST_WORDS, placeholder='...')}" if last else ""
