"""Commands before a daemon runs: its config looked at, and the daemon itself."""

import os
from pathlib import Path
from typing import Any

import click

from daemon.cli.client import DEFAULT_CONFIG
from daemon.cli.options import (
    begin_option,
    data_option,
    end_option,
    settings_option,
    shows,
    strategies_option,
    takes,
)
from daemon.cli.printing import Show

config_option = click.option(
    "-c",
    "--config",
    type=click.Path(path_type=Path),
    default=DEFAULT_CONFIG,
    show_default=True,
    help="The config file.",
)


_LOOKAHEAD = (
    click.option("--lookahead", is_flag=True, help="Look whether strategies know the future."),
    click.option("--seed", type=int, help="Of what is drawn: the moments, the other data.  [default: 1]"),
    click.option(
        "--events", type=click.IntRange(min=1), help="How many of the feed's are looked at at most.  [default: 50000]"
    ),
    click.option("--timeout", type=click.FloatRange(min=1), help="Seconds that one strategy may take.  [default: 300]"),
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
@takes((config_option, *_LOOKAHEAD, data_option, begin_option, end_option, settings_option, strategies_option))
@shows
@click.pass_context
def check(ctx: click.Context, /, *, config: Path, show: Show, lookahead: bool, **asked: Any) -> None:
    """Say what would run, or everything that is wrong with the config; nothing is started.

    With --lookahead: run its strategies on data of the past, each alone, and say which of them know the future, as
    they decide otherwise before a moment when the data after it is another. Exit code 1 says that one does, that one
    fails on the data as it is, of which the rest is not looked at, or that one cannot be looked at.
    """
    from daemon.processes import SystemProcesses
    from daemon.shadowing import refuse_shadowed_packages

    refuse_shadowed_packages()
    if lookahead:
        if show.is_watched:
            raise click.UsageError("--watch: the same data and the same seed give the same answer; leave it out", ctx)
        from daemon.cli.lookahead import look_ahead

        ctx.exit(look_ahead(config, show, asked))
    _refuse_without_lookahead(ctx)
    from daemon.check import check as check_config
    from daemon.cli.planned import plan_table, summary

    show(lambda: summary(check_config(config, os.environ, SystemProcesses())), plan_table)


@click.command()
def schema() -> None:
    """Print the JSON schema of the config file, for editors."""
    from daemon.config.schema import schema_text

    click.echo(schema_text(), nl=False)


def _refuse_without_lookahead(ctx: click.Context) -> None:
    """A usage error where an option is given that says how to look ahead, and it is not asked for."""
    ours = {parameter.name: parameter.opts[0] for parameter in ctx.command.params}
    for name in ("seed", "events", "timeout", "data", "start_ns", "end_ns", "settings", "strategies"):
        if ctx.params[name] not in (None, ()):
            raise click.UsageError(f"{ours[name]} says how to look for look-ahead; add --lookahead", ctx)
