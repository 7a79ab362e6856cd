"""Commands before a daemon runs: its config looked at, and the daemon itself."""

import os
from pathlib import Path

import click

from daemon.cli.client import DEFAULT_CONFIG
from daemon.cli.options import shows
from daemon.cli.printing import Show

config_option = click.option(
    "-c",
    "--config",
    type=click.Path(path_type=Path),
    default=DEFAULT_CONFIG,
    show_default=True,
    help="The config file.",
)


@click.command()
@config_option
@click.option(
    "--state", type=click.Path(path_type=Path, file_okay=False), help="The state directory, over the config's."
)
@click.pass_context
def run(ctx: click.Context, config: Path, state: Path | None) -> None:
    """Trade, until SIGTERM or ^C."""
    from daemon.run import main

    ctx.exit(main(config, state=state))


@click.command()
@config_option
@shows
def check(config: Path, show: Show) -> None:
    """Say what would run, or everything that is wrong with the config; nothing is started."""
    from daemon.check import check as check_config
    from daemon.cli.planned import plan_table, summary
    from daemon.processes import SystemProcesses
    from daemon.shadowing import refuse_shadowed_packages

    refuse_shadowed_packages()
    show(lambda: summary(check_config(config, os.environ, SystemProcesses())), plan_table)


@click.command()
def schema() -> None:
    """Print the JSON schema of the config file, for editors."""
    from daemon.config.schema import schema_text

    click.echo(schema_text(), nl=False)
