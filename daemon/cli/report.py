"""`bulkhead report`: the run of a daemon as a page, as files, or in one look."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from daemon.cli.client import Client
from daemon.cli.options import Command, asks

exports = click.option(
    "--export",
    "export_folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write each of its tables into a folder.",
)
export_kind = click.option(
    "--export-as", type=click.Choice(["csv", "parquet"]), default="csv", show_default=True, help="In this form."
)
json_option = click.option(
    "--json",
    "json_path",
    type=click.Path(path_type=Path, allow_dash=True, dir_okay=False),
    help="Write the whole result there, - for stdout.",
)


def refuse_form_alone() -> None:
    """Wrong usage where a form is named for what is not exported."""
    ctx = click.get_current_context()
    is_given = ctx.get_parameter_source("export_as") is ParameterSource.COMMANDLINE
    if is_given and ctx.params["export_folder"] is None:
        raise click.UsageError("--export-as is for --export; name its folder, or leave this out.")


def page_option(name: str) -> Callable[[Command], Command]:
    """Where the page is written."""
    return click.option(
        name, "page_path", type=click.Path(path_type=Path, dir_okay=False), help="Write it as one HTML page."
    )


@click.command()
@click.argument("strategy_id", metavar="[STRATEGY]", required=False)
@page_option("--html")
@json_option
@exports
@export_kind
@asks
def report(strategy_id: str | None, daemon: Client, **ways: Any) -> None:
    """Show how the daemon's run went so far, or one strategy's part of it."""
    from daemon.research.showing import Ways, read, show_result

    refuse_form_alone()
    asked = Ways(page_option="--html", **ways)
    asked.require()
    show_result(read(daemon.get("/v1/report", strategy=strategy_id)), asked)
