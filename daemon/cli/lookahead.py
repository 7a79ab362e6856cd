"""What `bulkhead check --lookahead` shows of what it found."""

import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import click

from daemon.cli.printing import Show
from daemon.cli.tables import number, table, text
from daemon.processes import SystemProcesses
from daemon.research.lookahead.command import Asked, is_in_order, look
from daemon.research.wishes import Wishes

_SEED: Final = 1
_EVENTS: Final = 50_000
_SECONDS: Final = 300.0
_TERMINATED: Final = 128 + signal.SIGTERM
"""The exit code after SIGTERM, as shells have it."""
_COLUMNS = (
    text("STRATEGY", "id"),
    text("VERDICT", "verdict"),
    number("EVENTS", "events"),
    number("HEARD", "heard"),
    number("DECISIONS", "decisions"),
    number("DEEDS", "deeds"),
    number("CUTS", "cuts"),
    number("RUNS", "runs"),
    text("FROM", "start"),
    text("TO", "end"),
)


def look_ahead(config: Path, show: Show, asked: Mapping[str, Any]) -> int:
    """Look and show; the exit code, 1 where anything is proven, fails, or could not be looked at."""
    wishes = Wishes(**{name: asked[name] for name in ("data", "start_ns", "end_ns", "settings", "strategies")})
    what = Asked(
        config=config,
        wishes=wishes,
        seed=_SEED if asked["seed"] is None else asked["seed"],
        events=asked["events"] or _EVENTS,
        seconds=asked["timeout"] or _SECONDS,
    )
    told: dict[str, Any] = {}

    def found() -> dict[str, Any]:
        told.update(look(what, os.environ, SystemProcesses(), _tell if sys.stderr.isatty() else None))
        return told

    with cleared_up_on_sigterm():
        show(found, lookahead_table)
    return 0 if is_in_order(told) else 1


@contextmanager
def cleared_up_on_sigterm() -> Iterator[None]:
    """SIGTERM ends what goes on as ^C does, so that no process and no copy of a file is left."""
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(_TERMINATED))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def lookahead_table(told: Mapping[str, Any], headers: bool) -> str:
    """A line a strategy; what was found, and what else there is to say, below."""
    rows = [{**_looked(one), "id": one["id"], "verdict": _verdict(one)} for one in told["strategies"]]
    parts = [table(rows, _COLUMNS, headers=headers)]
    parts += ["\n".join(lines) for one in told["strategies"] if (lines := _lines(one))]
    return "\n\n".join([*parts, f"{told['caveat']} (seed {told['seed']})"])


def _tell(words: str) -> None:
    click.echo(words, err=True)


def _verdict(one: Mapping[str, Any]) -> str:
    if one["looked"] is None:
        return "not looked at"
    told = [finding["level"] for finding in one["findings"]]
    ranks = ["proof", *(["failed"] if one["failed"] else []), "suspicion"]
    return next((rank for rank in ranks if rank in told or rank == "failed"), "clean")


def _looked(one: Mapping[str, Any]) -> dict[str, Any]:
    looked = one["looked"]
    if looked is None:
        return dict.fromkeys(("events", "heard", "decisions", "deeds", "cuts", "runs", "start", "end"))
    return {**looked, "cuts": len(looked["cuts"])}


def _lines(one: Mapping[str, Any]) -> list[str]:
    lines = [f"{one['id']}: {one['failed']}"] if one["failed"] else []
    for finding in one["findings"]:
        lines.append(f"{one['id']}: {finding['level']}, in {finding['where']}: {finding['what']}")
        lines.append(f"  mend: {finding['mend']}")
    return [*lines, *(f"{one['id']}: {note}" for note in one["notes"])]
