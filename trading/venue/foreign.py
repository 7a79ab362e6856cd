"""Orders at the venue that are nobody's here: others placed them. They are told and left alone."""

from collections.abc import Collection
from typing import Any

import msgspec

from trading.account.breaks import BreakKind, break_id
from trading.money import EXACT
from trading.venue.agreement import Agreement
from trading.venue.line import Line
from trading.venue.messages import VenueFill, VenueOrder


class ForeignOrders:
    """Those that work, by the venue's ids; each is a break for as long as it does."""

    def __init__(self, line: Line, agreement: Agreement) -> None:
        self.works: dict[str, VenueOrder] = {}
        self._line = line
        self._agreement = agreement

    def told(self, order: VenueOrder) -> None:
        """One works."""
        self.works[order.venue_id] = order
        words = f"{order.side} {order.quantity} {order.symbol} is no strategy's"
        self._agreement.say(BreakKind.FOREIGN_ORDER, order.venue_id, words)

    def over(self, venue_id: str) -> None:
        """One works no more, where it did."""
        if self.works.pop(venue_id, None) is not None:
            self._agreement.mend(BreakKind.FOREIGN_ORDER, venue_id, "it works no more")

    def given(self, venue_id: str, strategy: str) -> None:
        """One belongs to a strategy from now on."""
        del self.works[venue_id]
        self._agreement.mend(BreakKind.FOREIGN_ORDER, venue_id, f"given to {strategy}")

    def filled(self, fill: VenueFill) -> None:
        """An execution, which may be of one of them."""
        if (works := self.works.get(fill.venue_id)) is not None:
            filled = EXACT.add(works.filled, fill.quantity)
            self.works[fill.venue_id] = msgspec.structs.replace(works, filled=filled)

    def listed(self, venue_ids: Collection[str], visible_ns: int) -> None:
        """What a list does not name works no more, where it could have named it: what was heard of by `visible_ns`."""
        breaks, kind = self._agreement.reconciliation.breaks, BreakKind.FOREIGN_ORDER
        known = {venue_id: breaks.get(break_id(kind, venue_id)) for venue_id in self.works}
        recent = {venue_id for venue_id, one in known.items() if one is not None and one.first_ns > visible_ns}
        self.works = {one: order for one, order in self.works.items() if one in venue_ids or one in recent}
        breaks.keep_open(kind, self.works, self._line.now_ns, "it works no more")

    def state(self) -> dict[str, VenueOrder]:
        """Everything that `restore` needs."""
        return dict(self.works)

    def restore(self, state: Any) -> None:
        """Become the orders that gave this state."""
        self.works = msgspec.convert(state, dict[str, VenueOrder])
