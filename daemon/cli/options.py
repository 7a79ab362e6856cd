"""Options that many commands share, each as a decorator that hands over what the options mean."""

import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import Any

import click

from daemon.cli.client import Client, find_state
from daemon.cli.printing import Show
from daemon.state import SOCKET_NAME

WATCH_SECONDS = 2.0

Command = Callable[..., None]

config_option = click.option(
    "-c", "--config", type=click.Path(path_type=Path), help="The config file; its `state` tells where the daemon is."
)

socket_option = click.option("--socket", type=click.Path(path_type=Path), help="The daemon's socket.")


def finds(command: Command) -> Command:
    """Hand over the `state`, a folder, whether a daemon runs on it or not."""

    @socket_option
    @config_option
    @wraps(command)
    def with_state(*, socket: Path | None, config: Path | None, **arguments: Any) -> None:
        command(state=socket.parent if socket else find_state(config, os.environ), **arguments)

    return with_state


def asks(command: Command) -> Command:
    """Hand over the `daemon`, a Client."""

    @socket_option
    @config_option
    @click.option(
        "--timeout", type=click.FloatRange(min=0.1), default=10.0, show_default=True, help="Seconds to wait for it."
    )
    @wraps(command)
    def with_client(*, socket: Path | None, config: Path | None, timeout: float, **arguments: Any) -> None:
        path = socket or find_state(config, os.environ) / SOCKET_NAME
        command(daemon=Client(path, timeout), **arguments)

    return with_client


output_option = click.option(
    "-o", "--output", type=click.Choice(["table", "json", "yaml"]), default="table", show_default=True, help="Form."
)


def tells(command: Command) -> Command:
    """Hand over `show` for a command that does something: JSON and YAML are printed, a table is not."""

    @output_option
    @wraps(command)
    def with_show(*, output: str, **arguments: Any) -> None:
        command(show=Show(output=output, watch_seconds=None, headers=True), **arguments)

    return with_show


def shows(command: Command) -> Command:
    """Hand over `show`, which prints as asked."""

    @output_option
    @click.option(
        "--watch",
        type=click.FloatRange(min=0.1),
        is_flag=False,
        flag_value=WATCH_SECONDS,
        help=f"Again every so many seconds ({WATCH_SECONDS:g} where none are given), until ^C.",
    )
    @click.option("--no-headers", is_flag=True, help="No first line over a table.")
    @wraps(command)
    def with_show(*, output: str, watch: float | None, no_headers: bool, **arguments: Any) -> None:
        command(show=Show(output=output, watch_seconds=watch, headers=not no_headers), **arguments)

    return with_show


class Moment(click.ParamType[str]):
    """A time with its zone, as the API takes it."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """ISO-8601; wrong usage where it is none, or has no zone."""
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no date and time such as 2026-01-05T14:30:00Z", param, ctx)
        if moment.tzinfo is None:
            self.fail(f"{value!r} has no time zone; append Z for UTC", param, ctx)
        return moment.isoformat()


def takes(options: Sequence[Callable[[Command], Command]]) -> Callable[[Command], Command]:
    """A decorator that gives a command options, in their order."""

    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


class OnceEach(click.Command):
    """A command of whose options each is given once, but for those of which there may be more."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As ever; wrong usage where one stands twice, as the first would count for nothing."""
        _, _, given = self.make_parser(ctx).parse_args(args=list(args))
        single = [one for one in given if isinstance(one, click.Option) and not (one.multiple or one.is_flag)]
        if again := [one for place, one in enumerate(single) if one in single[:place]]:
            raise click.UsageError(f"{again[0].opts[-1]} is given twice; there is one of it.", ctx)
        return super().parse_args(ctx, args)


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


data_option = click.option(
    "--data",
    multiple=True,
    metavar="PATH[,KEY=VALUE...]",
    help="A file or a catalogue in place of the feed's data; keys as under feed.files. Once for each.",
)
begin_option = click.option(
    "--from", "start_ns", type=PastMoment(), help="Where trading begins; what is before warms up."
)
end_option = click.option("--to", "end_ns", type=PastMoment(), help="Where it ends.")
settings_option = click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="Another value of a setting, such as strategies.sma.params.fast=5.",
)
strategies_option = click.option(
    "--strategy", "strategies", multiple=True, metavar="ID", help="Only this one; once for each."
)
