"""Commands before a daemon runs: its config looked at, and the daemon itself."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from daemon.cli.client import DEFAULT_CONFIG
from daemon.cli.options import shows
from daemon.cli.printing import Show
from daemon.cli.tables import facts, number, table, text

if TYPE_CHECKING:
    from daemon.check import Plan

_PLANNED = (
    text("STRATEGY", "id"),
    text("CLASS", "class"),
    text("ISOLATION", "isolation"),
    number("CAPITAL", "capital"),
    text("PARAMETERS", "parameters"),
    text("SUBSCRIPTIONS", "heard"),
)

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
    from daemon.processes import SystemProcesses
    from daemon.shadowing import refuse_shadowed_packages

    refuse_shadowed_packages()
    show(lambda: _summary(check_config(config, os.environ, SystemProcesses())), _plan_table)


@click.command()
def schema() -> None:
    """Print the JSON schema of the config file, for editors."""
    from daemon.config.schema import schema_text

    click.echo(schema_text(), nl=False)


def _summary(plan: "Plan") -> dict[str, Any]:
    import msgspec

    from daemon.api.views import subscription_text
    from daemon.assembly import capabilities_of
    from daemon.config.account_settings import by_currency

    settings = plan.settings
    summary: dict[str, Any] = msgspec.to_builtins(
        {
            "mode": settings.mode,
            "feed": settings.feed.kind,
            "broker": settings.broker.kind,
            "emulated": sorted(capabilities_of(plan).emulated),
            "account": settings.account.kind,
            "leverage": settings.account.leverage,
            "cash": settings.account.balances,
            "currency": settings.account.currency,
            "state": str(plan.state),
            "durability": settings.durable_through,
            "symbols": list(plan.instruments),
            "files": [head.facts() for head in plan.heads],
            "strategies": [
                {
                    "id": entry.id,
                    "class": entry.reference,
                    "isolation": entry.isolation,
                    "capital": by_currency(entry.capital, settings.account.currency),
                    "params": {parameter.name: parameter.value for parameter in description.parameters},
                    "subscriptions": [subscription_text(subscription) for subscription in description.subscriptions],
                }
                for entry, description in zip(settings.strategies, plan.descriptions, strict=True)
            ],
        }
    )
    return summary


def _kind_of_account(summary: dict[str, Any]) -> list[str]:
    leverage = summary["leverage"]
    return [summary["account"], *([f"leverage {leverage}"] if leverage is not None else [])]


def _plan_table(summary: dict[str, Any], headers: bool) -> str:
    from daemon.fleet import amounts_text

    head = facts(
        [
            *((name, summary[name]) for name in ("mode", "feed", "broker")),
            ("emulated", ", ".join(summary["emulated"]) or "no kind of order"),
            *((name, summary[name]) for name in ("durability", "state")),
            ("account", ", ".join([*_kind_of_account(summary), amounts_text(summary["cash"])])),
            ("symbols", ", ".join(summary["symbols"])),
        ]
    )
    rows = [
        {
            **strategy,
            "capital": amounts_text(strategy["capital"]),
            "parameters": ", ".join(f"{name}={value}" for name, value in strategy["params"].items()),
            "heard": ", ".join(strategy["subscriptions"]),
        }
        for strategy in summary["strategies"]
    ]
    files = [facts([(name, file[name]) for name in file]) for file in summary["files"]]
    return "\n\n".join([head, *files, table(rows, _PLANNED, headers=headers)])
