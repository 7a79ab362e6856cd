"""Commands that change something: trading on the whole account, and the state of a daemon that does not run."""

import os
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from daemon.cli.client import DEFAULT_CONFIG, Client, find_state
from daemon.cli.options import config_option, socket_option
from daemon.disk import RealDisk
from daemon.errors import DaemonError, NotRunning
from daemon.killswitch.halting import halt as halt_by_whatever_answers
from daemon.killswitch.halting import still_set
from daemon.state import LOCK_NAME, SOCKET_NAME, archive, archive_path

HALT_SECONDS = 1.0
"""How long a daemon may take to halt before it counts as hung."""

Command = Callable[..., None]

reason_option = click.option(
    "--reason", default="asked on the command line", show_default=True, help="For the journal."
)


def _at_its_state(timeout_seconds: float) -> Callable[[Command], Command]:
    """Hand over the `daemon`, a Client, and its `state`, a folder."""

    def decorated(command: Command) -> Command:
        @socket_option
        @config_option
        @click.option(
            "--timeout",
            type=click.FloatRange(min=0.1),
            default=timeout_seconds,
            show_default=True,
            help="Seconds to wait for it.",
        )
        @wraps(command)
        def with_state(*, socket: Path | None, config: Path | None, timeout: float, **arguments: Any) -> None:
            path = socket or find_state(config, os.environ) / SOCKET_NAME
            command(daemon=Client(path, timeout), state=path.absolute().parent, **arguments)

        return with_state

    return decorated


@click.command()
@click.argument("why", metavar="[REASON]...", nargs=-1)
@click.option("--cancel-orders", is_flag=True, help="Cancel what works at the market too.")
@reason_option
@_at_its_state(HALT_SECONDS)
def halt(why: tuple[str, ...], cancel_orders: bool, reason: str, daemon: Client, state: Path) -> None:
    """Stop all trading at once; a restart stays halted.

    Sets the halt flag, then asks the daemon, and where that does not answer the process that watches it, which ends the
    daemon and cancels its orders. Where no daemon runs, the next one starts halted.
    """
    for line in halt_by_whatever_answers(state, daemon, " ".join(why) or reason, cancel_orders=cancel_orders):
        click.echo(line, err=True)


@click.command()
@reason_option
@_at_its_state(10.0)
def resume(reason: str, daemon: Client, state: Path) -> None:
    """Let orders leave again after a halt."""
    try:
        status = daemon.post("/v1/resume", reason=reason)
    except NotRunning as error:
        if still_set(state):
            raise NotRunning(
                f"{error}; what starts here is halted",
                mend="start it by `bulkhead run`, and then resume: only the daemon itself ends a halt",
            )
        raise
    if still_set(state):
        raise DaemonError("it is halted again: the halt flag is set", mend="`bulkhead status` says why")
    if status["halted"]:
        raise DaemonError(
            f"the halt is taken back, and the account is held back all the same: {status['halt_reason']}",
            mend="look at `bulkhead breaker list`; then: bulkhead breaker reset account",
        )
    click.echo("resumed: orders leave again", err=True)


@click.command()
@click.option("--paper", is_flag=True, required=True, help="Say that it is a paper account's state.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@config_option
def reset(paper: bool, yes: bool, config: Path | None) -> None:  # noqa: ARG001  (--paper must be given, and says it all)
    """Put the state of a paper account aside, so that the next run begins anew; that of a live account is refused."""
    from daemon.clock import SystemClock
    from daemon.reset import refuse_live

    state = find_state(config, os.environ)
    if not (state / LOCK_NAME).exists():
        click.echo(f"nothing to reset: no daemon ever ran on {state}", err=True)
        return
    written = config or (DEFAULT_CONFIG if DEFAULT_CONFIG.exists() else None)
    refuse_live(state, written, os.environ, RealDisk())
    target = archive_path(state, SystemClock().wall_ns())
    if not yes:
        click.confirm(f"Move {state} to {target.name}?", abort=True, err=True)
    archive(state, target, RealDisk(), os.getpid())
    click.echo(f"the old state is in {target}; the next run begins anew", err=True)
