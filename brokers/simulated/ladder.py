"""The orders of one symbol by the price that they wait for, so that a tick costs the same beside one or ten thousand
that are out of its reach.

Levels are compared as floats. A price that is within a level is also within the level's float: the shortest text of a
price gives that same float again, and rounding to a float never turns an order around. So floats err on the side of
reaching, and whoever asks judges exactly.
"""

import math
from bisect import bisect_left, insort

from brokers.simulated.working import AT_ONCE, AUCTIONS, WorkingOrder
from trading.orders import OrderType

Rung = tuple[float, int, str]
"""A level, the order's sequence and its client order id."""


class Rungs:
    """The orders of one side that wait for the price to fall to their level, or to rise to it."""

    __slots__ = ("falls", "rises")

    def __init__(self) -> None:
        self.falls: list[Rung] = []
        self.rises: list[Rung] = []

    def reached(self, lowest: float, highest: float) -> list[str]:
        """The orders whose level lies at or beyond the lowest or highest price."""
        falls, rises = self.falls, self.rises
        found: list[str] = []
        if falls and falls[-1][0] >= lowest:
            found = [rung[2] for rung in falls[bisect_left(falls, (lowest,)) :]]
        if rises and rises[0][0] <= highest:
            for rung in rises:
                if rung[0] > highest:
                    break
                found.append(rung[2])
        return found


class Ladder:
    """Where each order stands. `always` are those that any price will do for, `auctions` those that wait for a time,
    `followers` the trailing stops, by the price from which on their own follows; `places` are the rungs of each of all
    of them, so that there are none where no order waits."""

    __slots__ = ("always", "auctions", "buys", "followers", "places", "sells")

    def __init__(self) -> None:
        self.buys = Rungs()
        self.sells = Rungs()
        self.followers = Rungs()
        self.always: dict[str, None] = {}
        self.auctions: dict[str, None] = {}
        self.places: dict[str, list[tuple[list[Rung], Rung]]] = {}

    def put(self, order: WorkingOrder) -> None:
        """Stand an order where it belongs now, wherever it stood before."""
        self.remove(order.cid)
        self.places[order.cid] = []
        if order.terms.type in AUCTIONS:
            self.auctions[order.cid] = None
            return
        if order.terms.time_in_force in AT_ONCE:
            self.always[order.cid] = None
            return
        if order.sleeps and order.terms.type is OrderType.TRAILING_STOP:
            followers = self.followers.falls if order.is_buy else self.followers.rises
            self._stand(order, followers, order.follows_from)
        level = order.level
        if level is not None:
            rungs = self.buys if order.is_buy else self.sells
            self._stand(order, rungs.falls if order.waits_for_fall else rungs.rises, float(level))
        elif not order.sleeps:
            self.always[order.cid] = None

    def edges(self) -> tuple[float, float] | None:
        """How far the price may fall, and rise, before the first order meets it, infinite where none does; None where
        no order waits. Where any price or time will do for one, any price is beyond."""
        if not self.places:
            return None
        if self.always or self.auctions or self.followers.falls or self.followers.rises:
            return math.inf, -math.inf
        falls = [rungs.falls[-1][0] for rungs in (self.buys, self.sells) if rungs.falls]
        rises = [rungs.rises[0][0] for rungs in (self.buys, self.sells) if rungs.rises]
        return max(falls, default=-math.inf), min(rises, default=math.inf)

    def remove(self, cid: str) -> None:
        """Take an order away, if it stands anywhere."""
        for side, rung in self.places.pop(cid, ()):
            del side[bisect_left(side, rung)]
        self.always.pop(cid, None)
        self.auctions.pop(cid, None)

    def _stand(self, order: WorkingOrder, side: list[Rung], level: float) -> None:
        rung = (level, order.sequence, order.cid)
        insort(side, rung)
        self.places[order.cid].append((side, rung))
