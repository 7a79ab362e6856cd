"""What a replay came to, in words, and each of its steps for whoever goes through them one by one."""

import json
import signal
from typing import Any, Protocol, TextIO

import click

from daemon.cli.tables import in_a_line, table, text
from daemon.journal.words import in_words
from daemon.repetition import JournaledStep
from daemon.research.replay.comparison import COMMANDS
from daemon.research.replay.outcome import DivergenceView, Outcome
from trading.account.records import Commit
from trading.timestamps import iso

_DIFFERENCES = (text("FIELD", "field"), text("JOURNALED", "journaled"), text("CAME", "came"))


class Stoppable(Protocol):
    """Who is to be told that nobody wants to go on."""

    asked: bool


def tell_progress(event: int, of_events: int) -> None:
    """How far it is, over what was said of that before."""
    click.echo(f"\r{event:,} of {of_events:,} events", nl=False, err=True)


class Steps:
    """Shows each step in which somebody asked for something, and waits for Enter; ^C and the end of input stop it."""

    def __init__(self, out: TextIO, stop: Stoppable) -> None:
        self._out = out
        self._stop = stop

    def show(self, step: JournaledStep) -> None:
        """Show one."""
        commit = step[-1]
        assert isinstance(commit, Commit)
        if self._stop.asked or not any(isinstance(record, COMMANDS) for record in step):
            return
        said = "\n".join(f"  {in_a_line(in_words(record))}" for record in step[:-1])
        click.echo(f"event {commit.event}, {iso(commit.ts_ns)}\n{said}", file=self._out)
        hearing = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            input()
        except (EOFError, KeyboardInterrupt):
            self._stop.asked = True
        finally:
            signal.signal(signal.SIGINT, hearing)


def report(outcome: Outcome) -> str:
    """The whole answer, without its warnings."""
    of = (
        f"{outcome.events:,} events, {outcome.steps:,} steps, {outcome.commands:,} commands, {outcome.orders:,} orders,"
        f" {outcome.fills:,} fills"
    )
    rate = f"{outcome.events / outcome.seconds:,.0f}" if outcome.seconds else "-"
    compared = f"{of}\nfrom {outcome.first} to {outcome.last}, in {outcome.seconds:.2f} s: {rate} events a second"
    if outcome.divergence is None:
        return f"identical: {compared}"
    return f"{_divergence(outcome.divergence)}\n\nidentical until then: {compared}"


def _divergence(found: DivergenceView) -> str:
    where = ", ".join(filter(None, (f"event {found.event}", found.ts, found.symbol, found.strategy)))
    journaled, came = found.text
    lines = [f"diverged: {where}", f"  journaled  {in_a_line(journaled)}", f"  came       {in_a_line(came)}"]
    if found.note:
        lines.append(f"  {found.note}")
    if stack := (found.came or {}).get("traceback"):
        lines += ["", str(stack).rstrip()]
    if found.journaled is not None and found.came is not None:
        rows = [
            {"field": one.field, "journaled": _value(one.journaled), "came": _value(one.came)} for one in found.fields
        ]
        lines += ["", table(rows, _DIFFERENCES, headers=True)]
    if found.before:
        lines += ["", f"before it, of {found.strategy}:", *(f"  {in_a_line(one)}" for one in found.before)]
    return "\n".join(lines)


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
