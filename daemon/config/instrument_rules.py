"""What must hold of the instruments: currencies that are known, steps and bounds within which an order can be."""

from collections.abc import Iterator
from decimal import Decimal

from daemon.config.currencies import quanta_of, unknown_currency
from daemon.config.problems import KeyPath
from daemon.config.settings import Settings
from daemon.config.source import Document
from trading.money import ROUNDING

Breach = tuple[KeyPath, str]


def lots_are_whole(settings: Settings, _document: Document) -> Iterator[Breach]:
    """Least quantities are whole lots."""
    for symbol, instrument in settings.instruments.items():
        if not is_multiple(instrument.min_quantity, instrument.lot_size):
            message = f"{instrument.min_quantity} is no whole number of lots of {instrument.lot_size}"
            yield ("instruments", symbol, "min_quantity"), message


def bases_can_be(settings: Settings, _document: Document) -> Iterator[Breach]:
    """A base is the known currency of a pair, and another one than the price's."""
    for symbol, instrument in settings.instruments.items():
        path, base = ("instruments", symbol, "base"), instrument.base
        if base is None:
            continue
        if instrument.kind == "equity":
            yield path, "an equity has none; leave it out, or write kind: fx or crypto"
        elif base == (instrument.currency or settings.account.currency):
            yield path, f"{base} is the currency that it is priced in; write the one that is traded"
        elif base not in quanta_of(settings):
            yield path, unknown_currency(base, settings)


def least_orders_are_allowed(settings: Settings, _document: Document) -> Iterator[Breach]:
    """The smallest order of an instrument is within the account's limits."""
    limits = settings.risk
    for symbol, instrument in settings.instruments.items():
        least = max(instrument.lot_size, instrument.min_quantity)
        quantity_key = "min_quantity" if instrument.min_quantity > instrument.lot_size else "lot_size"
        for key, smallest, name, most in (
            (quantity_key, least, "max_order_quantity", limits.max_order_quantity),
            (quantity_key, least, "max_position_quantity", limits.max_position_quantity),
            ("min_notional", instrument.min_notional, "max_order_notional", limits.max_order_notional),
        ):
            if most is not None and smallest > most:
                message = f"{smallest} is above risk.{name}, {most}, so that no order could be; lower it or raise that"
                yield ("instruments", symbol, key), message


def is_multiple(amount: Decimal, step: Decimal) -> bool:
    """Whether an amount is a whole number of steps."""
    return ROUNDING.remainder(amount, step) == 0
