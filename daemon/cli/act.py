"""Commands that change something: trading on the whole account, and the state of a daemon that does not run."""

import os
from pathlib import Path

import click

from daemon.cli.client import Client, find_state
from daemon.cli.options import asks, config_option
from daemon.disk import RealDisk
from daemon.state import LOCK_NAME, archive, archive_path

reason_option = click.option(
    "--reason", default="asked on the command line", show_default=True, help="For the journal."
)


@click.command()
@click.option("--cancel-orders", is_flag=True, help="Cancel what works at the market too.")
@reason_option
@asks
def halt(cancel_orders: bool, reason: str, daemon: Client) -> None:
    """Stop all trading at once; a restart stays halted."""
    daemon.post("/v1/halt", reason=reason, cancel_orders=cancel_orders)
    click.echo("halted: no order leaves until `bulkhead resume`", err=True)


@click.command()
@reason_option
@asks
def resume(reason: str, daemon: Client) -> None:
    """Let orders leave again after a halt."""
    daemon.post("/v1/resume", reason=reason)
    click.echo("resumed: orders leave again", err=True)


@click.command()
@click.option("--paper", is_flag=True, required=True, help="Say that it is a paper account's state.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@config_option
def reset(paper: bool, yes: bool, config: Path | None) -> None:  # noqa: ARG001  (--paper must be given, and says it all)
    """Put the state of a paper account aside, so that the next run begins anew."""
    from daemon.clock import SystemClock

    state = find_state(config, os.environ)
    if not (state / LOCK_NAME).exists():
        click.echo(f"nothing to reset: no daemon ever ran on {state}", err=True)
        return
    target = archive_path(state, SystemClock().wall_ns())
    if not yes:
        click.confirm(f"Move {state} to {target.name}?", abort=True, err=True)
    archive(state, target, RealDisk(), os.getpid())
    click.echo(f"the old state is in {target}; the next run begins anew", err=True)
