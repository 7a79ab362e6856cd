"""`bulkhead backtest`: the config that `run` takes, over data of the past."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from daemon.cli.report import export_kind, exports, json_option, page_option
from daemon.cli.start import config_option


class PastMoment(click.ParamType[int]):
    """A day or a time, UTC where it names no zone, as nanoseconds since the epoch."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The nanoseconds; a usage error for what is no time."""
        if isinstance(value, int):
            return value
        from daemon.config.values import moment_ns

        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no day or time such as 2026-01-05 or 2026-01-05T14:30:00Z", param, ctx)
        try:
            return moment_ns(moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC))
        except ValueError as error:
            self.fail(f"{value!r} {error}", param, ctx)


_OPTIONS = (
    config_option,
    click.option(
        "--data",
        multiple=True,
        metavar="FILE[,KEY=VALUE...]",
        help="Data in place of the feed's; keys as under feed.files. Once for each file.",
    ),
    click.option("--from", "start_ns", type=PastMoment(), help="Where trading begins; what is before warms up."),
    click.option("--to", "end_ns", type=PastMoment(), help="Where it ends."),
    click.option("--part", type=click.Choice(["train", "test"]), help="One part of that, by backtest.split."),
    click.option(
        "--set",
        "settings",
        multiple=True,
        metavar="KEY=VALUE",
        help="Another value of a setting, such as strategies.sma.params.fast=5.",
    ),
    click.option("--strategy", "strategies", multiple=True, metavar="ID", help="Only this one; once for each."),
    page_option("--report"),
    json_option,
    exports,
    export_kind,
    click.option("--every-event", is_flag=True, help="Pass by no event, also where nothing can happen."),
    click.option(
        "--signals",
        "keep",
        type=click.Choice(["acted", "all"]),
        default="acted",
        show_default=True,
        help="Which to keep: those that led to an order or a refusal, or all.",
    ),
)


def _with_options(command: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@click.command()
@_with_options
@click.pass_context
def backtest(ctx: click.Context, /, *, config: Path, **asked: Any) -> None:
    """Trade the config on data of the past.

    Everything is as in a run on paper, with the speed of the machine. ^C gives the result so far; exit code 1 says
    that something ended it before the data did.
    """
    from daemon.research.command import Asked, run_backtest
    from daemon.research.showing import Ways
    from daemon.research.wishes import Wishes

    ways = Ways(**{name: asked.pop(name) for name in ("page_path", "json_path", "export_folder", "export_as")})
    keep, every_event = asked.pop("keep"), asked.pop("every_event")
    wishes = Wishes(**{**asked, "part": asked["part"] or ""})
    what = Asked(config=config, wishes=wishes, ways=ways, keep=keep, every_event=every_event)
    ctx.exit(run_backtest(what, dict(os.environ)))
