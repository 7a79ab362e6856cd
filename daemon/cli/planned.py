"""What would run, as `bulkhead check` tells it: the account, instruments and what holding them brings, strategies."""

from collections.abc import Iterator
from typing import Any

import msgspec

from brokers.simulated.entitlements import HoldingTerms
from daemon.api.views import subscription_text
from daemon.assembly import capabilities_of
from daemon.check import Plan
from daemon.cli.tables import facts, number, table, text
from daemon.config.account_settings import by_currency
from daemon.config.changeable import actions_text, counted
from daemon.config.instrument_settings import InstrumentSettings
from daemon.fleet import amounts_text
from trading.instruments import Instrument
from trading.timestamps import format_interval, iso

_STRATEGIES = (
    text("STRATEGY", "id"),
    text("CLASS", "class"),
    text("ISOLATION", "isolation"),
    number("CAPITAL", "capital"),
    text("PARAMETERS", "parameters"),
    text("SUBSCRIPTIONS", "heard"),
)
_INSTRUMENTS = (text("SYMBOL", "symbol"), text("KIND", "kind"), text("MARGIN", "margin"), text("HOLDING IT", "holding"))


def summary(plan: Plan) -> dict[str, Any]:
    """Everything that the check tells, as plain values."""
    settings, account = plan.settings, plan.settings.account
    told: dict[str, Any] = msgspec.to_builtins(
        {
            "mode": settings.mode,
            "feed": settings.feed.kind,
            "broker": settings.broker.kind,
            "emulated": sorted(capabilities_of(plan).emulated),
            "account": account.kind,
            "leverage": account.leverage,
            "cash": account.balances,
            "currency": account.currency,
            "interest": {code: one.model_dump() for code, one in account.interest.items()},
            "day_count": account.day_count,
            "rollover": {**account.rollover.model_dump(), "at": f"{account.rollover.at:%H:%M}"},
            "sweep": account.sweep,
            "state": str(plan.state),
            "durability": settings.durable_through,
            "symbols": list(plan.instruments),
            "instruments": {
                symbol: _instrument(made, settings.instruments[symbol], _terms(plan, symbol))
                for symbol, made in plan.instruments.items()
            },
            "files": [*(head.facts() for head in plan.heads), *_holding_files(plan)],
            "strategies": [
                {
                    "id": entry.id,
                    "class": entry.reference,
                    "isolation": entry.isolation,
                    "capital": by_currency(entry.capital, account.currency),
                    "params": {parameter.name: parameter.value for parameter in description.parameters},
                    "subscriptions": [subscription_text(subscription) for subscription in description.subscriptions],
                }
                for entry, description in zip(settings.strategies, plan.descriptions, strict=True)
            ],
            "warnings": [caution.text(plan.config) for caution in plan.cautions],
        }
    )
    return told


def plan_table(told: dict[str, Any], headers: bool) -> str:
    """The same in words, what there is nothing to say of left out."""
    emulated = ", ".join(told["emulated"])
    head = facts(
        [
            *((name, told[name]) for name in ("mode", "feed", "broker")),
            (
                "emulated",
                f"{emulated}: the venue lacks them" if emulated else "nothing: the venue lacks no kind of order",
            ),
            *((name, told[name]) for name in ("durability", "state")),
            ("account", ", ".join([*_kind_of_account(told), amounts_text(told["cash"])])),
            ("interest", _interest(told)),
            ("rollover", _rollover(told)),
            ("sweep", f"into {told['currency']} at each rollover" if told["sweep"] else "no"),
            ("symbols", ", ".join(told["symbols"])),
        ]
    )
    instruments = [
        {"symbol": symbol, "kind": one["kind"], "margin": _margin(one), "holding": "; ".join(_holding(one))}
        for symbol, one in told["instruments"].items()
    ]
    strategies = [
        {
            **strategy,
            "capital": amounts_text(strategy["capital"]),
            "parameters": ", ".join(f"{name}={value}" for name, value in strategy["params"].items()),
            "heard": ", ".join(strategy["subscriptions"]),
        }
        for strategy in told["strategies"]
    ]
    parts = [head]
    if any(one["margin"] or one["holding"] for one in instruments):
        parts.append(table(instruments, _INSTRUMENTS, headers=headers))
    parts += [facts([(name, file[name]) for name in file]) for file in told["files"]]
    parts.append(table(strategies, _STRATEGIES, headers=headers))
    if told["warnings"]:
        parts.append("\n".join(f"warning: {caution}" for caution in told["warnings"]))
    return "\n\n".join(parts)


def _terms(plan: Plan, symbol: str) -> HoldingTerms:
    return plan.terms.holdings.get(symbol, HoldingTerms())


def _instrument(made: Instrument, written: InstrumentSettings, terms: HoldingTerms) -> dict[str, Any]:
    margin, funding, actions = made.margin, written.funding, written.actions
    return {
        "kind": written.kind,
        "currency": made.currency.code,
        "margin": margin
        and {
            "initial": margin.initial,
            "maintenance": margin.maintenance,
            "per_unit": margin.per_unit,
            "isolated": margin.isolated,
        },
        "mark": written.mark,
        "borrow": written.borrow,
        "swap": written.swap and written.swap.model_dump(),
        "funding": funding
        and terms.funding
        and {
            "interval": format_interval(funding.interval_ns),
            "rate": terms.funding.rate,
            "file": None if funding.file is None else str(funding.file),
            "rates": len(terms.funding.history),
        },
        "settles": written.settles,
        "expires": None if written.expires_ns is None else iso(written.expires_ns),
        "actions": actions
        and {
            "file": str(actions.path),
            "zone": actions.zone,
            "dividends": len(terms.dividends),
            "splits": len(terms.splits),
        },
    }


def _holding_files(plan: Plan) -> Iterator[dict[str, str]]:
    """The files of what comes of holding something, as those of market data are told."""
    for symbol, written in plan.settings.instruments.items():
        terms = _terms(plan, symbol)
        if written.actions is not None:
            times = [one.ex_ns for one in terms.dividends] + [one.ex_ns for one in terms.splits]
            yield {
                "file": str(plan.folder / written.actions.path.expanduser()),
                "rows": f"{actions_text(terms)} of {symbol}",
                **_reach(times),
            }
        if written.funding is not None and written.funding.file is not None and terms.funding is not None:
            rates = terms.funding.history
            yield {
                "file": str(plan.folder / written.funding.file.expanduser()),
                "rows": f"{counted(len(rates), 'funding rate')} of {symbol}",
                **_reach([one.ts_ns for one in rates]),
            }


def _reach(times: list[int]) -> dict[str, str]:
    return {"first": iso(min(times)), "last": iso(max(times))} if times else {}


def _kind_of_account(told: dict[str, Any]) -> list[str]:
    leverage = told["leverage"]
    return [told["account"], *([f"leverage {leverage}"] if leverage is not None else [])]


def _interest(told: dict[str, Any]) -> str:
    rates = [f"{code} {one['credit']} above zero, {one['debit']} below" for code, one in told["interest"].items()]
    return f"{'; '.join(rates)}; a year of {told['day_count']} days" if rates else "none"


def _rollover(told: dict[str, Any]) -> str:
    rollover = told["rollover"]
    nights = "each day one night" if rollover["triple"] == "none" else f"three nights on {rollover['triple']}"
    return f"{rollover['at']} {rollover['zone']}, {nights}"


def _margin(one: dict[str, Any]) -> str:
    margin = one["margin"]
    if margin is None:
        return ""
    unit = f" {one['currency']} a unit" if margin["per_unit"] else ""
    isolated = ", isolated" if margin["isolated"] else ""
    return f"{margin['initial']}{unit} to open, {margin['maintenance']} to keep{isolated}"


def _holding(one: dict[str, Any]) -> Iterator[str]:
    if one["mark"]:
        yield f"valued at {one['mark']}"
    if one["borrow"]:
        yield f"borrow {one['borrow']} a year"
    if swap := one["swap"]:
        unit = "points a night" if swap["unit"] == "points" else "of its worth a year"
        yield f"swap {swap['long']} long, {swap['short']} short, {unit}"
    if funding := one["funding"]:
        read = f", {counted(funding['rates'], 'rate')} of {funding['file']}" if funding["file"] else ""
        yield f"funding each {funding['interval']}, {funding['rate']}{read}"
    if one["settles"]:
        yield f"settles {one['settles']}"
    if one["expires"]:
        yield f"expires {one['expires']}"
    if actions := one["actions"]:
        found = f"{counted(actions['dividends'], 'dividend')}, {counted(actions['splits'], 'split')}"
        yield f"{found} of {actions['file']}"
