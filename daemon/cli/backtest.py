"""`bulkhead backtest`: the config that `run` takes, over data of the past."""

import os
from pathlib import Path
from typing import Any

import click

from daemon.cli.options import (
    OnceEach,
    begin_option,
    data_option,
    end_option,
    settings_option,
    strategies_option,
    takes,
)
from daemon.cli.report import export_kind, exports, json_option, page_option, refuse_form_alone
from daemon.cli.scenarios import SCENARIO_OPTIONS, run, taken_out, wants_scenarios
from daemon.cli.start import config_option

_OPTIONS = (
    config_option,
    data_option,
    begin_option,
    end_option,
    click.option("--part", type=click.Choice(["train", "test"]), help="One part of that, by backtest.split."),
    settings_option,
    strategies_option,
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


@click.command(cls=OnceEach)
@takes((*_OPTIONS, *SCENARIO_OPTIONS))
@click.pass_context
def backtest(ctx: click.Context, /, *, config: Path, **asked: Any) -> None:
    """Trade the config on data of the past.

    Everything is as in a run on paper, with the speed of the machine. ^C gives the result so far; exit code 1 says
    that something ended it before the data did.
    """
    from daemon.research.command import Asked, run_backtest
    from daemon.research.showing import Ways
    from daemon.research.wishes import Wishes

    refuse_form_alone()
    ways = {name: asked.pop(name) for name in ("page_path", "json_path", "export_folder", "export_as")}
    how = {name: asked.pop(name) for name in ("keep", "every_event")}
    of_scenarios = taken_out(asked)
    wishes = Wishes(**{**asked, "part": asked["part"] or ""})
    if wants_scenarios(of_scenarios, ways):
        ctx.exit(run(of_scenarios, config=config, wishes=wishes, json_path=ways["json_path"], **how))
    what = Asked(config=config, wishes=wishes, ways=Ways(**ways), **how)
    ctx.exit(run_backtest(what, dict(os.environ)))
