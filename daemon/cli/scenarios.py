"""The options and tables of `bulkhead backtest` for scenarios."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from daemon.cli.tables import Column, cell, in_percent, in_two_digits, percent, ratio, table, to_second

if TYPE_CHECKING:
    from daemon.research.scenarios.command import Ran
    from daemon.research.scenarios.profile import Profile
    from daemon.research.scenarios.results import ProcessResult


class Written(click.ParamType[int]):
    """A value in the form that the config has it in, such as `5m` or `512MB`."""

    def __init__(self, name: str) -> None:
        self.name = name

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """What it stands for; wrong usage where it is none."""
        from pydantic import TypeAdapter, ValidationError

        from daemon.config import values

        try:
            found: int = TypeAdapter({"time": values.Interval, "size": values.Size}[self.name]).validate_python(value)
        except ValidationError as error:
            self.fail(str(error.errors()[0]["ctx"]["error"]), param, ctx)
        return found


SCENARIO_OPTIONS: tuple[Callable[..., Any], ...] = (
    click.option("--separate", is_flag=True, help="Each strategy on an account of its own, with its capital."),
    click.option("--scenarios", "all_scenarios", is_flag=True, help="Run all scenarios of the config."),
    click.option("--scenario", "names", multiple=True, metavar="NAME", help="Run this scenario; once for each."),
    click.option(
        "--executor",
        type=click.Choice(["inline", "thread", "process"]),
        help="How scenarios run; one in line, more in processes if not given.",
    ),
    click.option("--workers", type=click.IntRange(1), help="How many at a time; all cores but one if not given."),
    click.option(
        "--timeout", "timeout_ns", type=Written("time"), help="End a scenario's process after that, such as 5m."
    ),
    click.option(
        "--memory",
        "memory_bytes",
        type=Written("size"),
        help="How much a scenario may take beyond its process's own, such as 512MB.",
    ),
    click.option(
        "--folder",
        type=click.Path(path_type=Path, file_okay=False),
        help="Where logs and results of scenarios lie; ./backtests if not given.",
    ),
    click.option("--profile", is_flag=True, help="Show where each scenario's time went."),
)

_NAMED = ("all_scenarios", "names")
_OWN = ("executor", "workers", "timeout_ns", "memory_bytes", "folder", "profile")
_OF_ONE = {"page_path": "--report", "export_folder": "--export"}


def taken_out(given: dict[str, Any]) -> dict[str, Any]:
    """What of the options is for scenarios; the others are left."""
    return {name: given.pop(name) for name in ("separate", *_NAMED, *_OWN)}


def wants_scenarios(given: Mapping[str, Any], ways: Mapping[str, Any]) -> bool:
    """Whether scenarios are asked for; wrong usage where only their options are, two kinds of them, or ways of telling
    that one backtest has."""
    is_named, separate = any(given[name] for name in _NAMED), given["separate"]
    if is_named and separate:
        raise click.UsageError("--separate makes scenarios of the strategies; leave out --scenarios and --scenario.")
    if given["all_scenarios"] and given["names"]:
        raise click.UsageError("--scenarios are all of them; leave out --scenario.")
    if not is_named and not separate and (alone := [name for name in _OWN if given[name]]):
        option = alone[0].removesuffix("_ns").removesuffix("_bytes")
        raise click.UsageError(f"--{option} is for scenarios; add --scenarios, --scenario or --separate.")
    if (is_named or separate) and (of_one := [option for name, option in _OF_ONE.items() if ways[name] is not None]):
        raise click.UsageError(f"{of_one[0]} is of one backtest; of scenarios there are --json and their files.")
    return is_named or separate


def run(given: dict[str, Any], *, json_path: Path | None, **asked: Any) -> int:
    """Run them and show what came of them, unless stdout has the JSON; the exit code."""
    from daemon.research.scenarios.command import AskedScenarios, run_scenarios
    from daemon.research.showing import STDOUT

    own = {name: given[name] for name in ("separate", "names", *_OWN) if name != "profile"}
    ran = run_scenarios(AskedScenarios(json_path=json_path, **own, **asked), dict(os.environ))
    if ran.hint:
        click.echo(ran.hint, err=True)
    if json_path != STDOUT:
        show(ran, with_profile=given["profile"])
    return ran.exit_code


def show(ran: "Ran", *, with_profile: bool) -> None:
    """Tables on stdout."""
    click.echo(table([_row(one) for one in ran.scenarios], _COLUMNS, headers=True))
    for one in ran.scenarios:
        if one.error_message:
            click.echo(f"\n{one.scenario_name}: {_reason(one)}")
    click.echo(f"\n{_together(ran)}")
    for one in ran.scenarios if with_profile else ():
        if one.profile is not None:
            click.echo(f"\n{one.scenario_name}\n{profile_table(one.profile)}")


def _reason(one: "ProcessResult") -> str:
    message = one.error_message or ""
    return message if one.error_type == "ValidationError" else f"{one.error_type}: {message}"


def _row(one: "ProcessResult") -> dict[str, Any]:
    metrics = one.metrics
    return {
        "scenario": one.scenario_name,
        "status": one.status,
        "start": one.start,
        "end": one.end,
        "return": metrics and metrics.total_return,
        "drawdown": metrics and metrics.max_drawdown,
        "sharpe": metrics and metrics.sharpe,
        "trades": metrics and metrics.trades,
        "seconds": one.execution_time_ms / 1_000,
    }


_COLUMNS = (
    Column("SCENARIO", lambda row: cell(row["scenario"]), right=False),
    Column("STATUS", lambda row: cell(row["status"]), right=False),
    Column("FROM", lambda row: to_second(row["start"]), right=False),
    Column("TO", lambda row: to_second(row["end"]), right=False),
    percent("RETURN", "return"),
    percent("DRAWDOWN", "drawdown"),
    ratio("SHARPE", "sharpe"),
    Column("TRADES", lambda row: cell(row["trades"]), right=True),
    ratio("SECONDS", "seconds"),
)


def _together(ran: "Ran") -> str:
    run, found = ran.run, ran.run.analysis
    counted = ", ".join(f"{count} {status}" for status, count in run.statuses.items())
    best = f"best Sharpe ratio {in_two_digits(found.best_sharpe_ratio)}, best value {cell(found.best_return)}"
    how = f"{run.executor}, {run.workers} at a time, {run.seconds:.1f} s" if run.workers > 1 else f"{run.seconds:.1f} s"
    return f"{counted} ({how}); {best}\nlogs and results: {run.folder}"


_OPERATIONS = (
    Column("OPERATION", lambda row: cell(row["name"]), right=False),
    Column("TOTAL", lambda row: f"{row['total_ms']:.1f} ms", right=True),
    Column("A CALL", lambda row: f"{row['average_us']:.2f} us", right=True),
    Column("CALLS", lambda row: f"{row['calls']:,}", right=True),
    percent("SHARE", "share"),
)
_COMPONENTS = (
    Column("COMPONENT", lambda row: cell(row["name"]), right=False),
    Column("KIND", lambda row: cell(row["kind"]), right=False),
    Column("TOTAL", lambda row: f"{row['total_ms']:.1f} ms", right=True),
    percent("SHARE", "share"),
)


def profile_table(profile: "Profile") -> str:
    """Where the time of one went: by kind of work, and within the strategies' by component."""
    import msgspec

    by_time = sorted(profile.operations.items(), key=lambda one: -one[1].total_ms)
    operations = [{"name": name, **msgspec.structs.asdict(one)} for name, one in by_time]
    components = [msgspec.structs.asdict(one) for one in sorted(profile.components, key=lambda one: -one.total_ms)]
    sampled = f"{profile.sampled:,} of {profile.carried:,} events timed, which took {in_percent(profile.cost_share)}"
    if profile.carried < profile.events:
        sampled += f"; of {profile.events:,} the others passed by"
    parts = [table(operations, _OPERATIONS, headers=True), table(components, _COMPONENTS, headers=True), sampled]
    return "\n\n".join(parts)
