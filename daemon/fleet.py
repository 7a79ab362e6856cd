"""The fleet: account, instruments and strategies as the journal keeps them, and what a new config changes of it."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from daemon.hosts.restarts import RestartRule
from trading.instruments import Instrument
from trading.limits import RiskLimits, Sizing


class StrategyEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One strategy. `capital` is by currency, `warmup` in bars, `code` a hash of its source file."""

    id: str
    reference: str
    params: dict[str, Any]
    capital: dict[str, Decimal]
    isolation: str
    timeframe_ns: int
    warmup: int
    cancel_on_trip: bool
    limits: RiskLimits
    sizing: Sizing | None
    code: str
    restart: RestartRule = RestartRule()


class Fleet(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that determines what is traded with what; `folder` is where strategies' files are counted from.

    `delayed` tells whether the simulated market is some way off, so that something may be on its way."""

    currency: str
    cash: dict[str, Decimal]
    instruments: dict[str, Instrument]
    limits: RiskLimits
    broker: str
    strategies: list[StrategyEntry]
    folder: str
    fill_empty_bars: bool = False
    delayed: bool = False

    def entry(self, strategy: str) -> StrategyEntry | None:
        """The entry of that id."""
        return next((entry for entry in self.strategies if entry.id == strategy), None)


class FleetChange(msgspec.Struct, frozen=True, kw_only=True):
    """What a new config changes: strategies to add, to take out, and to start anew upon their own books.

    `refused` says, one sentence each, what cannot be changed over a restart.
    """

    added: list[str] = []
    removed: list[str] = []
    renewed: list[str] = []
    refused: list[str] = []

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.renewed or self.refused)


def change(before: Fleet, after: Fleet) -> FleetChange:
    """What differs. Limits, sizing and costs may change freely; money and instruments may not."""
    refused = [
        f"{what} was {old} and would be {new}"
        for what, old, new in (
            ("account.currency", before.currency, after.currency),
            ("broker.kind", before.broker, after.broker),
        )
        if old != new
    ]
    refused += _of_money("account.cash", (before.cash, before.currency), (after.cash, after.currency))
    for symbol, instrument in before.instruments.items():
        if after.instruments.get(symbol) != instrument:
            now = "gone" if symbol not in after.instruments else "different"
            refused.append(f"instruments.{symbol} would be {now}")
    if before.delayed and not after.delayed:
        refused.append("broker.latency was given and would be taken away; make it as short as 1us instead")
    known = {entry.id: entry for entry in before.strategies}
    kept = [(known[entry.id], entry) for entry in after.strategies if entry.id in known]
    for old, new in kept:
        refused += _of_money(f"{old.id}: capital", (old.capital, before.currency), (new.capital, after.currency))
    return FleetChange(
        added=[entry.id for entry in after.strategies if entry.id not in known],
        removed=[entry.id for entry in before.strategies if after.entry(entry.id) is None],
        renewed=[new.id for old, new in kept if _what_it_is(old) != _what_it_is(new)],
        refused=refused,
    )


def amounts_text(amounts: Mapping[str, object]) -> str:
    """Amounts by currency as people write them: `100000 USD, 5 BNB`."""
    return ", ".join(f"{amount} {code}".rstrip() for code, amount in amounts.items())


def _of_money(what: str, *sides: tuple[Mapping[str, Decimal], str]) -> list[str]:
    """That amounts differ, if they do; those of the account's own currency stand there without its code, so that
    another currency is told once."""
    old, new = ({"" if code == own else code: amount for code, amount in amounts.items()} for amounts, own in sides)
    return [f"{what} was {amounts_text(old)} and would be {amounts_text(new)}"] if old != new else []


def _what_it_is(entry: StrategyEntry) -> tuple[Any, ...]:
    return entry.reference, entry.params, entry.timeframe_ns, entry.warmup, entry.code
