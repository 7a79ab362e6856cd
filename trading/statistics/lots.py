"""Open lots: what is left of executions, with the cost and the fee that belong to it.

A lot keeps its cost as a total. What a part takes of it is its exact share, which without a split is units x price x
multiplier; a share without an end, which only a split can make, is rounded to the currency's quantum. A fee is shared
out at its currency's quantum. The last part of each takes the rest, so that the parts are the whole.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from decimal import Context, Decimal, DivisionByZero, FloatOperation, Inexact, InvalidOperation, Overflow
from itertools import accumulate, pairwise
from typing import Final

import msgspec

from trading.instruments import Instrument
from trading.money import EXACT, KNOWN_QUANTA, ROUNDING, ZERO, total
from trading.orders import Side
from trading.postings import Posting
from trading.reports import Fill

_SHOWN: Final = Context(prec=28, traps=[InvalidOperation, DivisionByZero, Overflow, FloatOperation])
"""The digits of units and prices that a split leaves without an end. A lot's cost is never reckoned from them."""


class Lot(msgspec.Struct, kw_only=True):
    """What is still open of one execution.

    `cost` is units x price x multiplier, unsigned, in the instrument's currency; `price` is per unit, adjusted for
    splits. After a split it is of no execution any more, since that one's units are others.
    """

    execution_id: str
    side: Side
    quantity: Decimal
    price: Decimal
    cost: Decimal
    fee: Decimal
    fee_currency: str
    ts_ns: int


def opened_by(fill: Fill, instrument: Instrument) -> Lot:
    """The lot that a fill is while it closes nothing."""
    return Lot(
        execution_id=fill.execution_id,
        side=fill.side,
        quantity=fill.quantity,
        price=fill.price,
        cost=EXACT.multiply(EXACT.multiply(fill.quantity, fill.price), instrument.multiplier),
        fee=fill.fee,
        fee_currency=fill.fee_currency,
        ts_ns=fill.ts_ns,
    )


def moved_by(posting: Posting, instrument: Instrument) -> Lot:
    """The lot that units are when they came or went without an order, and closed nothing."""
    return _unpaid(posting, posting.units, instrument)


def take(lot: Lot, quantity: Decimal, instrument: Instrument) -> tuple[Decimal, Decimal]:
    """Take units off a lot, and give the cost and the fee that leave with them."""
    cost, fee = lot.cost, lot.fee
    if quantity != lot.quantity:
        cost = _share(cost, quantity, lot.quantity, instrument.currency.quantum)
        part = ROUNDING.divide(ROUNDING.multiply(fee, quantity), lot.quantity)
        fee = part.quantize(_fee_quantum(lot, instrument), context=ROUNDING)
    lot.quantity = EXACT.subtract(lot.quantity, quantity)
    lot.cost = EXACT.subtract(lot.cost, cost)
    lot.fee = EXACT.subtract(lot.fee, fee)
    return cost, fee


def split(row: Iterable[Lot], numerator: Decimal, denominator: Decimal) -> deque[Lot]:
    """The lots that a row becomes when every `denominator` units are `numerator`; costs and fees stay."""
    old = list(row)
    ends = [_scaled(held, numerator, denominator) for held in accumulate((lot.quantity for lot in old), EXACT.add)]
    return deque(
        msgspec.structs.replace(
            lot,
            execution_id="",
            quantity=EXACT.subtract(end, begin),
            price=_scaled(lot.price, denominator, numerator),
        )
        for lot, (begin, end) in zip(old, pairwise([ZERO, *ends]), strict=True)
    )


def paid_out(row: Sequence[Lot], posting: Posting, instrument: Instrument) -> tuple[deque[Lot], Lot]:
    """A row after the split that a book was told of, and what closes the fraction that was paid for.

    The fraction is what comes to the cash at the price of a new unit. Where no unit is left, the old ones are what was
    paid for.
    """
    side, held = row[0].side, total(lot.quantity for lot in row)
    left = EXACT.add(held, side.signed(posting.units))
    coming = _unpaid(posting, side.opposite.signed(held), instrument)
    coming.cost = posting.cash.get(instrument.currency.code, ZERO).copy_abs()
    if left:
        coming.quantity = _SHOWN.divide(coming.cost, EXACT.multiply(coming.price, instrument.multiplier))
        return split(row, EXACT.add(left, coming.quantity), held), coming
    coming.price = _SHOWN.divide(coming.cost, EXACT.multiply(held, instrument.multiplier))
    return deque(row), coming


def _unpaid(posting: Posting, units: Decimal, instrument: Instrument) -> Lot:
    """Signed units at a posting's price, without a fee."""
    assert posting.price is not None, f"{posting.event_id}: units of {posting.symbol} come and go at a price"
    quantity = units.copy_abs()
    return Lot(
        execution_id="",
        side=Side.BUY if units > 0 else Side.SELL,
        quantity=quantity,
        price=posting.price,
        cost=EXACT.multiply(EXACT.multiply(quantity, posting.price), instrument.multiplier),
        fee=ZERO,
        fee_currency=instrument.currency.code,
        ts_ns=posting.ts_ns,
    )


def _scaled(amount: Decimal, numerator: Decimal, denominator: Decimal) -> Decimal:
    weighed = ROUNDING.multiply(amount, numerator)
    try:
        return EXACT.add(EXACT.divide(weighed, denominator), ZERO)  # so that it is written without a power of ten
    except Inexact:
        return _SHOWN.divide(weighed, denominator)


def _share(amount: Decimal, part: Decimal, whole: Decimal, quantum: Decimal) -> Decimal:
    """What of an amount belongs to a part: exact if it has an end, else at the quantum."""
    weighed = ROUNDING.multiply(amount, part)
    try:
        return EXACT.divide(weighed, whole)
    except Inexact:
        return ROUNDING.divide(weighed, whole).quantize(quantum, context=ROUNDING)


def _fee_quantum(lot: Lot, instrument: Instrument) -> Decimal:
    """A number with the digits of the fee's currency: its quantum, or the fee itself where nobody knows one."""
    for currency in (instrument.currency, instrument.base):
        if currency is not None and currency.code == lot.fee_currency:
            return currency.quantum
    if lot.fee_currency in KNOWN_QUANTA:
        return Decimal(KNOWN_QUANTA[lot.fee_currency])
    return lot.fee
