"""A tape: everything that happens in one run of a world, line by line, as people read and write it.

    2 a buys 5 AAA at 100       what somebody does, so many seconds after the beginning; see DEEDS
    place#1.reply=lost          what goes wrong at a site of the venue or the line to it; see tests/venue/faults.py
    crash@send#4:30s            the process dies there, and the next one begins after so long; see CRASHES
    venue sees_after=2s         how things are in this world; see CONDITIONS

Sites are counted from 1, each kind by itself, over all lives, so that a change elsewhere does not move them.
"""

import re
from collections.abc import Iterable
from typing import Final

import msgspec

from tests.venue.faults import Faults
from trading.timestamps import SECOND, parse_interval

DEEDS: Final = {
    "buys": "a buys 5 AAA [at 100] [over 99] [for 20s | now]: an order at the market, at a limit, or beyond a stop",
    "sells": "a sells 5 AAA [at 100] [under 99] [for 20s | now] [to reduce]",
    "hastily": "a hastily buys 5 AAA: whether or not the daemon is ready for it",
    "wants": "a wants 10 AAA: an order for what is missing to that, unless one of its orders is open",
    "cancels": "a cancels 1: the first order that it placed; a cancels last",
    "amends": "a amends 1 to 8 [at 101]: the same order with another quantity, or another limit too",
    "quote": "quote AAA 99 101 [5]: bid, ask, and how much is there",
    "halt": "halt: an operator stops all opening orders",
    "resume": "resume: and lets them go on",
    "manual": "manual buy 3 AAA: somebody trades on the account by hand",
    "foreign": "foreign buy 3 AAA at 90: an order of somebody else on the account, without a name of ours",
    "other": "other a buys 3 AAA at 90: an order that a daemon sends which began after this one",
    "liquidate": "liquidate AAA: the venue closes a position by itself",
    "restart": "restart [30s]: the venue breaks every connection, and takes none for so long",
    "freeze": "freeze [10s]: its stream says nothing",
    "cut": "cut: its streams are closed",
    "stop": "stop [5s]: the process ends between two steps, and begins again after so long",
}

CRASHES: Final = {
    "record": "after that record of a step was written; the step has no end, and is lost",
    "barrier": "in a step that sends something: that is written and safe, and nothing has left",
    "leak": "in the same place, but what is to be sent has left all the same",
    "commit": "after a step, before anything of it leaves",
    "send": "after a request has left, before anything comes back",
    "place": "after an order has left",
    "cancel": "after a cancel has left",
    "amend": "after an amendment has left",
    "begin": "right after a life began",
}

CONDITIONS: Final = {
    "venue": "rules of the exchange, as tests/venue/records.py has them",
    "line": "latency=300ms, heartbeat=10s, page=1, limit=20/10s, no_fills, no_numbers",
    "profile": "what the profile promises: blind (nothing is found by id), unbounded (no time after which an order is "
    "refused), budget=30/10s",
    "daemon": "snapshots=5: after so many steps one is taken, and the next life goes on from it; breaker=3: after so "
    "many failures in a row the venue's circuit breaker opens; dead_man=30s: the venue cancels everything so long "
    "after the daemon's last word",
    "faults": "end at 60: the second from which nothing goes wrong any more",
}

_FAULT: Final = re.compile(r"\w+#[^ ]+=\S+")
_CRASH: Final = re.compile(r"crash@(?P<site>\w+)#(?P<number>\d+)(:(?P<down>\w+))?")
_DEED: Final = re.compile(r"(?P<second>\d+(\.\d+)?) (?P<words>.+)")


class Deed(msgspec.Struct, frozen=True):
    """What somebody does at a time, counted from the beginning."""

    at_ns: int
    words: tuple[str, ...]


class Crash(msgspec.Struct, frozen=True):
    """Where the process dies, and how long it is gone."""

    site: str
    number: int
    down_ns: int


class Tape(msgspec.Struct, frozen=True):
    """The lines, and what they say."""

    lines: tuple[str, ...]
    deeds: tuple[Deed, ...]
    faults: tuple[str, ...]
    crashes: tuple[Crash, ...]
    conditions: dict[str, dict[str, str]]

    @property
    def text(self) -> str:
        """As it is kept."""
        return "\n".join(self.lines)

    def condition(self, kind: str, name: str, default: str = "") -> str:
        """A condition of this world; "yes" where it has no value."""
        return self.conditions.get(kind, {}).get(name, default)


def a_tape(*lines: str | Iterable[str]) -> Tape:
    """Read a tape; ValueError for a line that says nothing."""
    flat: list[str] = []
    for line in lines:
        flat += line.splitlines() if isinstance(line, str) else line
    read = [" ".join(line.split()) for line in flat]
    deeds: list[Deed] = []
    faults: list[str] = []
    crashes: list[Crash] = []
    conditions: dict[str, dict[str, str]] = {}
    for line in filter(None, read):
        first, _, rest = line.partition(" ")
        if found := _CRASH.fullmatch(line):
            crashes.append(_crash(found))
        elif _FAULT.fullmatch(line):
            Faults([line])
            faults.append(line)
        elif found := _DEED.fullmatch(line):
            deeds.append(_deed(found))
        elif first in CONDITIONS:
            name, _, value = rest.replace("end at ", "end=").partition("=")
            conditions.setdefault(first, {})[name] = value or "yes"
        else:
            raise ValueError(f"{line!r} says nothing on a tape")
    deeds.sort(key=lambda deed: deed.at_ns)
    return Tape(tuple(filter(None, read)), tuple(deeds), tuple(faults), tuple(crashes), conditions)


def _crash(found: re.Match[str]) -> Crash:
    if found["site"] not in CRASHES:
        raise ValueError(f"no process dies at {found['site']!r}; there are {', '.join(CRASHES)}")
    return Crash(found["site"], int(found["number"]), parse_interval(found["down"] or "1s"))


def _deed(found: re.Match[str]) -> Deed:
    words = tuple(found["words"].split())
    if not {words[0], words[1] if len(words) > 1 else ""} & DEEDS.keys():
        raise ValueError(f"nobody can {found['words']!r}; there are {', '.join(DEEDS)}")
    return Deed(round(float(found["second"]) * SECOND), words)


def kind_of(fault: str) -> str:
    """A fault of a tape without its number and argument: `place.reply=lost`."""
    operation, _, rest_of_it = fault.partition("#")
    part, _, kind = rest_of_it.partition("=")
    _, _, part = part.partition(".")
    return f"{operation}{'.' if part else ''}{part}={kind.partition(':')[0]}"
