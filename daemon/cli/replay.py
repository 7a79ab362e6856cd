"""`bulkhead replay`: a journal carried once more, and every command held against what was sent."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

import click

from daemon.cli.options import PastMoment
from daemon.disk import RealDisk
from trading.timestamps import LAST_NS

STDOUT = "-"
STOPPED = 130
"""The exit code after ^C, as shells have it."""


class Speed(click.ParamType[str]):
    """A multiple of the feed's own time, `max`, or `step`."""

    name = "N|max|step"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """As it was written; wrong usage where it is none of these."""
        if value in ("max", "step"):
            return str(value)
        try:
            speed = float(value)
        except ValueError:
            speed = 0.0
        if not 0 < speed < float("inf"):
            self.fail(f"{value!r} is no speed; write a number above 0, max, or step", param, ctx)
        return str(speed)


class Stop:
    """Whether ^C was pressed, which no strategy is to see."""

    def __init__(self) -> None:
        self.asked = False

    def is_asked(self) -> bool:
        """Whether it is to stop."""
        return self.asked

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Hear of ^C; pressed twice it ends everything at once."""
        before = signal.signal(signal.SIGINT, self._on_signal)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def _on_signal(self, *_: object) -> None:
        self.asked = True
        signal.signal(signal.SIGINT, signal.SIG_DFL)


@click.command()
@click.argument("state", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "-c",
    "--config",
    type=click.Path(path_type=Path),
    help="The config that it was traded with; if not given, config.yaml beside the state or where it was then.",
)
@click.option("--container", metavar="ID", default="", help="One strategy alone, with the reports that it had.")
@click.option("--from", "since", type=PastMoment(), help="Begin at the last snapshot at or before a time.")
@click.option("--to", "until", type=PastMoment(), help="End with the last event at or before a time.")
@click.option("--speed", type=Speed(), default="max", show_default=True, help="Pace by the feed's time; step by step.")
@click.option(
    "--market",
    type=click.Choice(["again", "journaled"]),
    default="again",
    show_default=True,
    help="Whether the simulated market decides again, or is told what it did.",
)
@click.option("--json", "json_path", metavar="PATH", help=f"Write the outcome as JSON; {STDOUT} for stdout.")
@click.pass_context
def replay(  # noqa: PLR0917 - click calls by name
    ctx: click.Context,
    state: Path,
    config: Path | None,
    container: str,
    since: int | None,
    until: int | None,
    speed: str,
    market: str,
    json_path: str | None,
) -> None:
    """Repeat what a state's journal holds and compare every command with what was sent.

    Nothing is written, nothing is sent, and a daemon may run on the state meanwhile. Exit code 0 where all is
    identical, 1 at the first divergence, which is told field by field.
    """
    from daemon.cli.replayed import Steps, report, tell_progress
    from daemon.clock import SystemClock
    from daemon.processes import SystemProcesses
    from daemon.research.replay.course import Course
    from daemon.research.replay.replay import Wanted
    from daemon.research.replay.replay import replay as repeat
    from daemon.research.writing import require_writable
    from daemon.shadowing import refuse_shadowed_packages

    refuse_shadowed_packages()
    if speed == "step" and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise click.UsageError("--speed step waits for Enter after each step, and this is no terminal")
    if json_path is not None and json_path != STDOUT:
        require_writable(Path(json_path), "--json")
    out, stop = sys.stderr if json_path == STDOUT else sys.stdout, Stop()
    shows_progress = sys.stderr.isatty() and speed != "step"
    course = Course(
        SystemClock(),
        from_ns=since or 0,
        to_ns=LAST_NS if until is None else until,
        speed=None if speed in ("max", "step") else float(speed),
        is_to_stop=stop.is_asked,
        on_progress=tell_progress if shows_progress else lambda *_: None,
    )
    with stop.listening(), redirect_stdout(sys.stderr):  # what strategies print is no part of the answer
        outcome = repeat(
            Wanted(state=state, config=config, strategy=container, recorded_market=market == "journaled"),
            course,
            disk=RealDisk(),
            environ=os.environ,
            processes=SystemProcesses(),
            on_step=Steps(out, stop).show if speed == "step" else None,
        )
    if shows_progress:
        click.echo("\r\033[K", nl=False, err=True)
    click.echo(report(outcome), file=out)
    for warning in outcome.warnings:
        click.echo(f"warning: {warning}", err=True)
    if json_path is not None:
        _write(outcome, json_path)
    if not outcome.identical:
        ctx.exit(1)
    ctx.exit(STOPPED if stop.asked else 0)


def _write(outcome: Any, json_path: str) -> None:
    """The outcome as JSON; a file is whole or as it was."""
    import msgspec

    from daemon.research.writing import write_whole

    text = msgspec.json.format(msgspec.json.encode(outcome), indent=2).decode()
    if json_path == STDOUT:
        click.echo(text)
        return
    write_whole(Path(json_path), f"{text}\n".encode())
