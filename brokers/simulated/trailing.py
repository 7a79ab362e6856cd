"""A trailing stop on its way through one event: it follows what is good for the trader, and wakes on the way back."""

from decimal import Decimal
from typing import NamedTuple

from brokers.simulated.walk import NearerExtreme, Place, Walk
from brokers.simulated.working import WorkingOrder
from trading.instruments import Instrument
from trading.money import EXACT


class Trail(NamedTuple):
    """Where the order wakes, None if nowhere, and its stop price at the end of the way."""

    place: Place | None
    stop: Decimal | None


def trail(order: WorkingOrder, walk: Walk, after: Place, instrument: Instrument) -> Trail:
    """Lead a sleeping trailing stop along the way from `after` on; only a bar's path has legs to follow it on.

    It wakes at its stop price, or where the market has jumped over it.
    """
    stop, falling = order.stop_price, order.waits_for_fall
    if not isinstance(walk, NearerExtreme):
        place = None
        if stop is not None:
            place = walk.meet(stop, falling=falling, after=after, adverse=True, through=False)
        return Trail(place, follow(order, stop, after.price, instrument))
    if stop is not None and _has_come(after.price, stop, falling=falling):
        return Trail(after, stop)
    stop = follow(order, stop, after.price, instrument)
    for leg in range(max(after.leg, 1), 4):
        price = walk.points[leg]
        if _has_come(price, stop, falling=falling):
            return Trail(Place(leg, EXACT.abs(EXACT.subtract(stop, walk.points[leg - 1])), stop), stop)
        stop = follow(order, stop, price, instrument)
    return Trail(None, stop)


def follow(order: WorkingOrder, stop: Decimal | None, price: Decimal, instrument: Instrument) -> Decimal:
    """The stop price that a price of the market leads to from another."""
    reached = order.trail_to(price, instrument)
    if stop is None:
        return reached
    return min(stop, reached) if order.is_buy else max(stop, reached)


def _has_come(price: Decimal, stop: Decimal, *, falling: bool) -> bool:
    return price <= stop if falling else price >= stop
