"""Whose it is what the venue tells of an order or of an execution: an attempt's, a strategy's by its id alone, or
nobody's. An order that works and is a strategy's is taken up; what nobody sent from here is booked to `unallocated`.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from trading.account.breaks import BreakKind
from trading.account.ledger import UNALLOCATED
from trading.market import Effect
from trading.postings import ForeignFill, Liquidation
from trading.reports import ReportKind
from trading.venue.agreement import Agreement
from trading.venue.attempts import Attempt
from trading.venue.doubts import Doubts
from trading.venue.executions import Strays
from trading.venue.fills import Fills
from trading.venue.foreign import ForeignOrders
from trading.venue.line import Line
from trading.venue.messages import (
    BustTold,
    FillTold,
    FindOrder,
    Message,
    OrderMissing,
    OrderTold,
    Unreadable,
    VenueFill,
    VenueOrder,
    VenueStatus,
)
from trading.venue.ownership import Owner, Ownership
from trading.venue.progress import Progress
from trading.venue.requests import UnderWay
from trading.venue.rounds import Rounds
from trading.venue.silence import NO_ANSWER_NS


class Attribution:
    """Gives what is told to its owner. An order of a life later than `epoch_ms`, our own, is another daemon's. So is
    one of an earlier life that comes to be there once `all_known_ns`, by the venue's clock, is passed: 0 before all
    that earlier lives have sent must have arrived and be seen, and all that works was told then."""

    def __init__(
        self,
        *,
        line: Line,
        ownership: Ownership,
        progress: Progress,
        fills: Fills,
        doubts: Doubts,
        agreement: Agreement,
        rounds: Rounds,
    ) -> None:
        self.epoch_ms = 0
        self.all_known_ns = 0
        self._settled_ns: int | None = None
        self.foreign = ForeignOrders(line, agreement)
        self._strays = Strays()
        self._line = line
        self._ownership = ownership
        self._progress = progress
        self._fills = fills
        self._doubts = doubts
        self._agreement = agreement
        self._rounds = rounds

    def begin_life(self, epoch_ms: int) -> None:
        """A process begins; what those before it have sent may still arrive for as long as the venue takes it."""
        self.epoch_ms, self.all_known_ns, self._settled_ns = epoch_ms, 0, None
        profile = self._line.profile
        if profile.accepted_within_ns is not None:
            arrives_ns = profile.accepted_within_ns + profile.clock_margin_ns + profile.visible_after_ns
            self._settled_ns = self._line.now_ns + arrives_ns

    # What the venue says of one order or execution.

    def on_order(self, message: OrderTold, waiting: UnderWay | None) -> list[Effect]:
        """Where an order stands."""
        asked = waiting is not None and isinstance(waiting.request.what, FindOrder)
        return self.told(message.order, message, asked=asked)

    def on_fill(self, message: FillTold, _waiting: UnderWay | None) -> list[Effect]:
        """An execution."""
        return self.filled(message.fill, message, listed_ns=0)

    def on_bust(self, message: BustTold, _waiting: UnderWay | None) -> list[Effect]:
        """An execution is annulled."""
        self._strays.drop(message.fill)
        if self._attempt_with(message.fill) is None:
            return self._busted_of_unknown(message)
        reports = self._fills.busted(message.fill, message)
        if reports:
            self._agreement.on_bust(message.fill, message.venue_ns)
        return [*reports]

    def on_missing(self, message: OrderMissing, _waiting: UnderWay | None) -> list[Effect]:
        """The venue does not know an order."""
        attempt = self._progress.attempts.get(message.cid)
        if attempt is None:
            return []
        return [*self._doubts.missing(attempt, message, message.venue_ns or self._line.stamp_ns)]

    def on_unreadable(self, message: Unreadable, _waiting: UnderWay | None) -> list[Effect]:
        """Something that nobody can read, of an order at best."""
        self._agreement.say(BreakKind.UNREADABLE_MESSAGE, message.cid or message.message_id, message.reason)
        attempt = self._progress.attempts.get(message.cid)
        return [] if attempt is None else [*self._progress.lose(attempt, "unreadable", message.reason)]

    # Whose it is.

    def told(self, order: VenueOrder, message: Message, *, asked: bool) -> list[Effect]:
        """Where an order stands; `asked` where that answers a question about it."""
        attempt = self._progress.attempts.get(order.cid)
        order = msgspec.structs.replace(order, updated_ns=self._line.by_now(order.updated_ns))
        if attempt is not None:
            self._doubts.found(order.cid)
            reports = self._progress.told(attempt, order, message, asked=asked)
            self._agreement.on_reports(reports, order.symbol, order.updated_ns)
            return [*reports]
        if order.status is not VenueStatus.OPEN:
            self.foreign.over(order.venue_id)
            return []
        owner = self._ownership.owner(order.cid)
        if owner is None or not self._ownership.is_traded(order.symbol):
            self.foreign.told(order)
            return []
        return self._take_up(owner, order, message, asked=asked)

    def filled(self, fill: VenueFill, message: Message, *, listed_ns: int) -> list[Effect]:
        """An execution; `listed_ns` is when by the venue's clock it was listed, 0 where it was pushed. One of an order
        that may be taken up yet waits for that."""
        attempt = self._attempt_with(fill)
        fill = msgspec.structs.replace(fill, ts_ns=self._line.by_now(fill.ts_ns))
        if attempt is not None:
            reports = self._fills.filled(fill, message)
            if reports:
                self._doubts.found(fill.cid)
                self._agreement.on_fill(fill, attempt.terms.strategy, listed_ns=listed_ns)
            return [*reports]
        owner = self._ownership.owner(fill.cid)
        if (other := self._progress.attempts.get(fill.cid)) is not None:
            words = f"execution {fill.execution_id} is in another symbol than its order {other.terms.order_id}"
            self._agreement.say(BreakKind.UNREADABLE_MESSAGE, fill.cid, words)
        elif owner is not None and fill.ts_ns > self._rounds.listed_ns - self._line.profile.visible_after_ns:
            if self._strays.put(fill, self._line.now_ns):
                self._rounds.list_orders_within(self._line.profile.visible_after_ns)
            return []
        return self._filled_of_unknown(fill, owner, listed_ns=listed_ns)

    def all_told(self, asked_ns: int) -> list[Effect]:
        """All that works was told: what was executed long enough before that has no order that could be taken up."""
        if not self.all_known_ns and self._settled_ns is not None and asked_ns > self._settled_ns:
            self.all_known_ns = self._rounds.listed_ns
        visible_ns = self._rounds.listed_ns - self._line.profile.visible_after_ns
        return self._not_taken_up(self._strays.made_by(visible_ns))

    def on_time(self) -> list[Effect]:
        """Executions wait no longer than any answer is waited for."""
        return self._not_taken_up(self._strays.heard_by(self._line.now_ns - NO_ANSWER_NS))

    @property
    def next_ns(self) -> int | None:
        """When the first of those that wait has waited for long enough; None where none does."""
        return None if self._strays.heard_ns is None else self._strays.heard_ns + NO_ANSWER_NS

    def state(self) -> dict[str, Any]:
        """Everything that `restore` needs."""
        return {
            "epoch_ms": self.epoch_ms,
            "all_known_ns": self.all_known_ns,
            "settled_ns": self._settled_ns,
            "foreign": self.foreign.state(),
            "strays": self._strays.state(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Become the attribution that gave this state."""
        self.epoch_ms, self.all_known_ns = state["epoch_ms"], state["all_known_ns"]
        self._settled_ns = state["settled_ns"]
        self.foreign.restore(state["foreign"])
        self._strays.restore(state["strays"])

    # Within.

    def _attempt_with(self, fill: VenueFill) -> Attempt | None:
        """The attempt that an execution is of; None where its client order id is of none, or of one in something
        else."""
        attempt = self._progress.attempts.get(fill.cid)
        return attempt if attempt is not None and attempt.terms.symbol == fill.symbol else None

    def _take_up(self, owner: Owner, order: VenueOrder, message: Message, *, asked: bool) -> list[Effect]:
        """An order works that is a strategy's and was not known here."""
        self._look_at_epoch(owner.epoch_ms, is_new=bool(self.all_known_ns))
        terms = self._ownership.terms(owner, order, self._line.now_ns)
        words, done = f"{order.side} {order.quantity} {order.symbol} works", f"taken up by {owner.strategy}"
        self._agreement.say(BreakKind.RECOVERED_ORDER, owner.order_id, words, done=done)
        self._agreement.reconciliation.changed(order.symbol)
        effects: list[Effect] = [self._progress.adopted(order.cid, terms, order.venue_id)]
        for fill in self._strays.of(order.cid):
            effects += self.filled(fill, message, listed_ns=0)
        return [*effects, *self._progress.told(self._progress.attempts[order.cid], order, message, asked=asked)]

    def _not_taken_up(self, fills: list[VenueFill]) -> list[Effect]:
        effects: list[Effect] = []
        for fill in fills:
            effects += self._filled_of_unknown(fill, self._ownership.owner(fill.cid), listed_ns=0)
        return effects

    def _filled_of_unknown(self, fill: VenueFill, owner: Owner | None, *, listed_ns: int) -> list[Effect]:
        """An execution of an order of which nothing but that is known."""
        now_ns = self._line.now_ns
        if not self._progress.executions.is_news(fill):
            return []
        self._agreement.on_fill(fill, UNALLOCATED if owner is None else owner.strategy, listed_ns=listed_ns)
        if not self._ownership.is_traded(fill.symbol):
            return []
        if owner is not None:
            self._look_at_epoch(owner.epoch_ms, is_new=0 < self.all_known_ns < fill.ts_ns)
            return [self._ownership.report(fill, owner.strategy, owner.order_id, now_ns)]
        booked = self._ownership.booked(fill, UNALLOCATED, fill.venue_id)
        self.foreign.filled(fill)
        if not fill.liquidates:
            return [ForeignFill(event_id=f"foreign-{fill.execution_id}", ts_ns=now_ns, fill=booked)]
        reason = f"the venue closed it: {fill.side} {fill.quantity} {fill.symbol} at {fill.price}"
        return [Liquidation(event_id=f"liquidation-{fill.execution_id}", ts_ns=now_ns, fill=booked, reason=reason)]

    def _busted_of_unknown(self, message: BustTold) -> list[Effect]:
        """An execution of an order of which nothing but that is known is annulled."""
        fill, now_ns = message.fill, self._line.now_ns
        if not self._progress.executions.is_news_of_bust(fill) or not self._ownership.is_traded(fill.symbol):
            return []
        self._agreement.on_bust(fill, message.venue_ns)
        if (owner := self._ownership.owner(fill.cid)) is not None:
            report = self._ownership.report(fill, owner.strategy, owner.order_id, now_ns)
            return [msgspec.structs.replace(report, kind=ReportKind.BUSTED)]
        booked = self._ownership.booked(fill, UNALLOCATED, fill.venue_id).reversal(now_ns)
        return [ForeignFill(event_id=f"foreign-{booked.execution_id}", ts_ns=now_ns, fill=booked)]

    def _look_at_epoch(self, epoch_ms: int, *, is_new: bool) -> None:
        """An order of a later life than this one is another daemon's, and so is a new one that is not of this life."""
        if epoch_ms > self.epoch_ms or (is_new and epoch_ms != self.epoch_ms):
            words = f"another daemon, begun at {epoch_ms} ms, trades this account"
            self._agreement.say(BreakKind.FOREIGN_EPOCH, str(epoch_ms), words)
