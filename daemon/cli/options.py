"""Options that many commands share, each as a decorator that hands over what the options mean."""

import os
from collections.abc import Callable
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
