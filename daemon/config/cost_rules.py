"""What must hold of commission and slippage: what is refused here would be impossible, or would need a rate of exchange
that nobody states."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import pairwise
from typing import TypeVar

from daemon.config.broker_settings import SimulatedBrokerSettings
from daemon.config.conversion import offers
from daemon.config.cost_settings import (
    Charge,
    CommissionEntry,
    FixedSlippageSettings,
    NoCommissionSettings,
    PerShareCommissionSettings,
    SlippageEntry,
    SpreadShareSlippageSettings,
    TieredCommissionSettings,
)
from daemon.config.currencies import quanta_of, unknown_currency
from daemon.config.feed_settings import SyntheticFeedSettings
from daemon.config.instrument_rules import is_multiple
from daemon.config.instrument_settings import InstrumentSettings
from daemon.config.messages import child
from daemon.config.problems import KeyPath, dotted
from daemon.config.settings import Settings
from daemon.config.source import Document
from trading.money import EXACT, ZERO

Breach = tuple[KeyPath, str]
_Entry = TypeVar("_Entry")


def costs_are_named(settings: Settings, document: Document) -> Iterator[Breach]:
    """Who wants no costs says so, and nothing stands beside it."""
    for key, placed in (("commission", _commissions(settings, document)), ("slippage", _slippages(settings, document))):
        if not placed and isinstance(settings.broker, SimulatedBrokerSettings):
            yield ("broker", key), "must not be empty; write kind: none, or leave it out"
        for path, entry in placed:
            if entry.kind == "none" and len(placed) > 1:
                yield (*path, "kind"), "none stands beside others; leave it or them out"


def slippage_leaves_a_price(settings: Settings, document: Document) -> Iterator[Breach]:
    """A sale must not slip down to nothing."""
    made_up = settings.feed.symbols if isinstance(settings.feed, SyntheticFeedSettings) else {}
    ticks = 0
    for path, entry in _slippages(settings, document):
        if not isinstance(entry, FixedSlippageSettings):
            continue
        ticks += entry.ticks
        for symbol, made in made_up.items():
            instrument = settings.instruments.get(symbol)
            if instrument is not None and EXACT.multiply(Decimal(ticks), instrument.tick_size) >= made.price:
                yield (*path, "ticks"), f"{ticks} ticks of {symbol} are all of its first price, {made.price}"


def spreads_are_brought(settings: Settings, document: Document) -> Iterator[Breach]:
    """Who pays a share of the spread has quotes to see one."""
    brought = offers(settings.feed, settings.instruments).values()
    for path, entry in _slippages(settings, document):
        if isinstance(entry, SpreadShareSlippageSettings) and brought and not any(offer.quotes for offer in brought):
            yield (*path, "kind"), "the feed brings no quotes, so there is no spread; write another kind of slippage"


def commission_currencies_can_be(settings: Settings, document: Document) -> Iterator[Breach]:
    """Fees are in known currencies: in the base where there is one, in a third only as amounts."""
    for path, entry in _charges(settings, document):
        currency = entry.currency
        if currency not in {None, "quote", "base"} and currency not in quanta_of(settings):
            yield (*path, "currency"), unknown_currency(str(currency), settings)
        baseless = [symbol for symbol, instrument in settings.instruments.items() if instrument.base is None]
        if currency == "base" and baseless:
            message = f"{', '.join(baseless)}: no base is named; write instruments.{baseless[0]}.base, or quote here"
            yield (*path, "currency"), message


def shares_are_of_what_is_traded(settings: Settings, document: Document) -> Iterator[Breach]:
    """A cap in percent of the worth is in the currency of the worth, or of the units: nothing states another's rate."""
    for path, entry in _charges(settings, document):
        if not isinstance(entry, PerShareCommissionSettings) or entry.cap_percent is None:
            continue
        for symbol, code in _currencies(entry, settings).items():
            instrument = settings.instruments[symbol]
            if code and code not in {_price_currency(instrument, settings), instrument.base}:
                message = f"no percentage of a trade of {symbol} is an amount of {code}; write maximum instead"
                yield (*path, "cap_percent"), f"{message}, or currency: quote"
                break


def fills_have_one_fee(settings: Settings, document: Document) -> Iterator[Breach]:
    """Commissions that are added up are in one currency."""
    charges = _charges(settings, document)
    for path, entry in charges[1:]:
        first_path, first = charges[0]
        codes = _currencies(first, settings)
        for symbol, code in _currencies(entry, settings).items():
            if code and codes[symbol] and code != codes[symbol]:
                message = f"charges {symbol} in {code}, and {dotted(first_path)} in {codes[symbol]}"
                yield (*path, "currency"), f"{message}; a fill has one fee, so write the same currency for both"
                break


def commission_bounds_can_be(settings: Settings, document: Document) -> Iterator[Breach]:
    """Least and most charges are amounts that can be paid, and the most is no less than the least."""
    for path, entry in _charges(settings, document):
        minimum, maximum = getattr(entry, "minimum", ZERO), getattr(entry, "maximum", None)
        if maximum is not None and maximum < minimum:
            yield (*path, "maximum"), f"{maximum} is below the minimum, {minimum}; raise it or lower that"
        for key, bound in (("minimum", minimum), ("maximum", maximum or ZERO)):
            for code in dict.fromkeys(_currencies(entry, settings).values()):
                quantum = quanta_of(settings).get(code)
                if quantum is not None and not is_multiple(bound, quantum):
                    yield (*path, key), f"{bound} is no whole number of the smallest unit of {code}, {quantum:f}"


def tiers_rise(settings: Settings, document: Document) -> Iterator[Breach]:
    """Tiers begin at nothing and stand in the order of their turnover."""
    for path, entry in _charges(settings, document):
        if not isinstance(entry, TieredCommissionSettings):
            continue
        if not entry.tiers:
            yield (*path, "tiers"), "must not be empty; write a tier that begins at 0"
        elif entry.tiers[0].turnover:
            message = f"{entry.tiers[0].turnover} leaves smaller turnovers without a tier; begin the first at 0"
            yield (*path, "tiers", 0, "turnover"), message
        for place, (lower, upper) in enumerate(pairwise(entry.tiers), 1):
            if upper.turnover <= lower.turnover:
                message = f"{upper.turnover} is not above {lower.turnover} of the tier before; write them rising"
                yield (*path, "tiers", place, "turnover"), message


def currencies_of_fees(settings: Settings, document: Document) -> Iterator[tuple[KeyPath, str]]:
    """Each currency in which fees are charged, and where the config says so."""
    for path, entry in _charges(settings, document):
        for code in dict.fromkeys(_currencies(entry, settings).values()):
            if code:
                yield (*path, "currency"), code


def _commissions(settings: Settings, document: Document) -> list[tuple[KeyPath, CommissionEntry]]:
    broker = settings.broker
    entries = broker.commission if isinstance(broker, SimulatedBrokerSettings) else ()
    return list(_placed(entries, "commission", document))


def _charges(settings: Settings, document: Document) -> list[tuple[KeyPath, Charge]]:
    """The commissions that charge something."""
    placed = _commissions(settings, document)
    return [(path, entry) for path, entry in placed if not isinstance(entry, NoCommissionSettings)]


def _slippages(settings: Settings, document: Document) -> list[tuple[KeyPath, SlippageEntry]]:
    broker = settings.broker
    entries = broker.slippage if isinstance(broker, SimulatedBrokerSettings) else ()
    return list(_placed(entries, "slippage", document))


def _placed(entries: Iterable[_Entry], key: str, document: Document) -> Iterator[tuple[KeyPath, _Entry]]:
    """Each with its path: one that is written without a list has no place in it."""
    listed = isinstance(child(document.values.get("broker"), key), list)
    for place, entry in enumerate(entries):
        yield (("broker", key, place) if listed else ("broker", key)), entry


def _currencies(entry: Charge, settings: Settings) -> dict[str, str]:
    """In which currency each instrument is charged, by symbol; empty for a base that it has not."""
    named = entry.currency or settings.account.currency
    if named == "quote":
        return {symbol: _price_currency(one, settings) for symbol, one in settings.instruments.items()}
    if named == "base":
        return {symbol: one.base or "" for symbol, one in settings.instruments.items()}
    return dict.fromkeys(settings.instruments, named)


def _price_currency(instrument: InstrumentSettings, settings: Settings) -> str:
    return instrument.currency or settings.account.currency
