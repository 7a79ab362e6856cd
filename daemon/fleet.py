"""The fleet: account, instruments and strategies as the journal keeps them, and what a new config changes of it."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

import msgspec

from daemon.hosts.restarts import RestartRule
from trading.account.triggers import BreakerRules
from trading.instruments import Instrument
from trading.limits import RiskLimits, Sizing
from trading.money import Currency
from trading.timestamps import DAY, iso

ABSENT: Final = "not given"
_KEYS: Final = {"mark_symbol": "mark"}
"""What the config calls a field of an instrument, where that has another name."""


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

    `delayed` tells whether the simulated market is some way off, so that something may be on its way. `margins` are the
    margins that instruments have of their own, as the config writes them, `expiries` nanoseconds, both by symbol.
    `changeable` are texts by the keys of the config, of what a restart may change without ado; `breakers` are the rules
    of circuit breakers by scope, and `equity_every_ns` is how often books are valued, which are among that.
    """

    currency: str
    cash: dict[str, Decimal]
    instruments: dict[str, Instrument]
    limits: RiskLimits
    broker: str
    strategies: list[StrategyEntry]
    folder: str
    fill_empty_bars: bool = False
    delayed: bool = False
    kind: str = "cash"
    leverage: Decimal | None = None
    maintenance_margin: Decimal | None = None
    margins: dict[str, str] = {}
    expiries: dict[str, int] = {}
    changeable: dict[str, str] = {}
    breakers: dict[str, BreakerRules] = {}
    equity_every_ns: int = DAY

    @property
    def is_live(self) -> bool:
        """Whether its orders go to a venue, as they do where the broker is no simulation."""
        return self.broker != "simulated"

    def entry(self, strategy: str) -> StrategyEntry | None:
        """The entry of that id."""
        return next((entry for entry in self.strategies if entry.id == strategy), None)


class FleetChange(msgspec.Struct, frozen=True, kw_only=True):
    """What a new config changes: strategies to add, to take out, and to start anew upon their own books.

    `refused` says, one sentence each, what cannot be changed over a restart, `altered` what else holds from now on.
    """

    added: list[str] = []
    removed: list[str] = []
    renewed: list[str] = []
    refused: list[str] = []
    altered: list[str] = []

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.renewed or self.refused or self.altered)


def change(before: Fleet, after: Fleet) -> FleetChange:
    """What differs. Limits, sizing, circuit breakers, costs and what holding things brings may change freely; money,
    margin, instruments and their expiries may not."""
    refused = [
        f"{what} was {old} and would be {new}"
        for what, old, new in (
            ("account.currency", before.currency, after.currency),
            ("account.kind", before.kind, after.kind),
            ("broker.kind", before.broker, after.broker),
        )
        if old != new
    ]
    refused += _of_money("account.cash", (before.cash, before.currency), (after.cash, after.currency))
    refused += dict.fromkeys(_of_instruments(before, after))
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
        altered=list(_altered(before, after)),
    )


def amounts_text(amounts: Mapping[str, object]) -> str:
    """Amounts by currency as people write them: `100000 USD, 5 BNB`."""
    return ", ".join(f"{amount} {code}".rstrip() for code, amount in amounts.items())


def _of_instruments(before: Fleet, after: Fleet) -> Iterator[str]:
    """What differs of instruments, each thing under the key that it comes of: most margins are by the account's."""
    kept = [
        (old, after.instruments[symbol]) for symbol, old in before.instruments.items() if symbol in after.instruments
    ]
    in_other_margin = {old.symbol for old, new in kept if old.margin != new.margin}
    follows = before.kind != after.kind or before.currency != after.currency
    of_account: list[str] = []
    if in_other_margin and not follows:
        of_account += _values("account.leverage", before.leverage, after.leverage)
        of_account += _values("account.maintenance_margin", before.maintenance_margin, after.maintenance_margin)
    yield from of_account
    for symbol in before.instruments:
        if symbol not in after.instruments:
            yield f"instruments.{symbol} would be gone"
    for old, new in kept:
        yield from _of_fields(old, new, (before.currency, after.currency))
        path = f"instruments.{old.symbol}"
        if old.symbol in in_other_margin and not follows:
            own = _values(f"{path}.margin", before.margins.get(old.symbol), after.margins.get(old.symbol))
            yield from own or ([] if of_account else [f"{path}.margin would be different"])
        expiries = (fleet.expiries.get(old.symbol) for fleet in (before, after))
        yield from _values(f"{path}.expires", *(None if one is None else iso(one) for one in expiries))


def _of_fields(old: Instrument, new: Instrument, of_account: tuple[str, str]) -> Iterator[str]:
    """What differs but margin. What is priced in the account's currency follows it, and is not told again."""
    for field in old.__struct_fields__:
        was, would_be = getattr(old, field), getattr(new, field)
        if field == "margin" or was == would_be:
            continue
        if isinstance(was, Currency) and isinstance(would_be, Currency) and was.code == would_be.code:
            yield from _values(f"currencies.{was.code}", was.quantum, would_be.quantum)
        elif field != "currency" or (was.code, would_be.code) != of_account:
            codes = (one.code if isinstance(one, Currency) else one for one in (was, would_be))
            yield from _values(f"instruments.{old.symbol}.{_KEYS.get(field, field)}", *codes)


def _values(what: str, old: object, new: object) -> list[str]:
    """That a value differs, if it does; None and an empty one were not given."""
    if old == new:
        return []
    was, would_be = (ABSENT if one in (None, "") else one for one in (old, new))
    return [f"{what} was {was} and would be {would_be}"]


def _altered(before: Fleet, after: Fleet) -> Iterator[str]:
    """What holds from now on; of instruments and strategies that are new, or gone, nothing is otherwise."""
    new = tuple(f"instruments.{symbol}." for symbol in after.instruments if symbol not in before.instruments)
    strategies = {entry.id for entry in before.strategies} ^ {entry.id for entry in after.strategies}
    new += tuple(f"strategies.{strategy}." for strategy in strategies)
    for key in dict.fromkeys((*before.changeable, *after.changeable)):
        old, now = before.changeable.get(key, ABSENT), after.changeable.get(key, ABSENT)
        if old != now and not key.startswith(new):
            yield f"{key}: {now}, was {old}"


def _of_money(what: str, *sides: tuple[Mapping[str, Decimal], str]) -> list[str]:
    """That amounts differ, if they do; those of the account's own currency stand there without its code, so that
    another currency is told once."""
    old, new = ({"" if code == own else code: amount for code, amount in amounts.items()} for amounts, own in sides)
    return [f"{what} was {amounts_text(old)} and would be {amounts_text(new)}"] if old != new else []


def _what_it_is(entry: StrategyEntry) -> tuple[Any, ...]:
    return entry.reference, entry.params, entry.timeframe_ns, entry.warmup, entry.code
