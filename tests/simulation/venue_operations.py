"""What an operator does about the venue, in memory: one order in doubt, one of somebody else's, one difference."""

from decimal import Decimal

import msgspec

from daemon.api.account_views import PostingView
from daemon.api.operations import OperationRefused
from daemon.api.order_views import BreakView, OrderDetailView, PlannedView, ReconciliationView
from daemon.errors import UnknownOrder
from trading.account.breaks import Break, BreakKind, BreakState
from trading.account.differences import Difference, Planned
from trading.account.resolutions import Ended
from trading.orders import Order, OrderChange, OrderState
from trading.reports import Fill
from trading.timestamps import SECOND, iso
from trading.venue.attempts import Attempt, AttemptState
from trading.venue.evidence import OperatorWord

SEEN_NS = 1_767_623_400 * SECOND + 120 * SECOND
FOREIGN = "1017"
"""The venue's id of an order that is nobody's."""

POSITION = Difference(kind=BreakKind.POSITION_DIFFERENCE, subject="AAA", ours=Decimal(100), theirs=Decimal(103))
CASH = Difference(kind=BreakKind.CASH_DIFFERENCE, subject="USD", ours=Decimal("39992.00"), theirs=Decimal("40192.00"))


class VenueInMemory:
    """Keeps what is said of orders; whoever asks for one names it among `orders`."""

    def __init__(self) -> None:
        self.attempts: dict[str, Attempt] = {}
        self.is_simulated = False
        self.is_silent = False

    def detail(self, order: Order | None, fills: list[Fill], order_id: str) -> OrderDetailView:
        """An order in full."""
        if order is None:
            raise UnknownOrder(f"no order {order_id!r}", mend="`bulkhead orders` shows the newest")
        attempt = self.attempts.get(order_id)
        return OrderDetailView.of_all(order, fills, attempt, f"bk{order_id}")

    def lose(self, order: Order) -> None:
        """Nobody knows what became of an order."""
        order.change(OrderChange.LOSE, SEEN_NS)
        order.code, order.reason = "quarantined", "nobody knows what became of it"
        self.attempts[order.order_id] = Attempt(
            cid=f"bk{order.order_id}",
            terms=order.terms,
            stamp_ns=0,
            sent_ns=order.terms.created_ns,
            request=7,
            state=AttemptState.QUARANTINED,
            since_ns=SEEN_NS,
            asked=9,
            next_ask_ns=SEEN_NS + 60 * SECOND,
        )

    def cancel(self, order: Order) -> None:
        """Withdraw an order."""
        if not order.is_open:
            raise OperationRefused(
                f"order {order.order_id} is {order.state}; only one that may still fill is cancelled"
            )
        order.change(OrderChange.REQUEST_CANCEL, SEEN_NS)

    def resolve(self, order: Order, ended: Ended, filled: Decimal | None, price: Decimal | None, reason: str) -> None:
        """End an order that is in doubt."""
        attempt = self.attempts.get(order.order_id)
        if attempt is None or order.state is not OrderState.UNKNOWN:
            raise OperationRefused(f"order {order.order_id} is {order.state}; only one in doubt is resolved by hand")
        if filled:
            order.fill(filled, price or Decimal(1), SEEN_NS)
        if ended != "filled":
            order.change(OrderChange.CANCEL if ended == "cancelled" else OrderChange.REJECT, SEEN_NS)
        attempt.state, attempt.evidence = AttemptState.CANCELLED, OperatorWord(reason=reason)
        attempt.asked = 0

    def reconciliation(self, booked: list[PostingView] | None = None) -> ReconciliationView:
        """What differs; where something was `booked`, what did."""
        if self.is_simulated:
            raise OperationRefused(
                "the market is simulated here; there is nothing to reconcile",
                mend="`bulkhead status` says where it trades",
            )
        done = "" if booked is None else "3 booked to unallocated at 100.07"
        breaks = [
            Break(
                kind=BreakKind.FOREIGN_ORDER,
                subject=FOREIGN,
                first_ns=SEEN_NS,
                last_ns=SEEN_NS,
                text="sell 6 AAA is no strategy's",
            ),
            Break(
                kind=POSITION.kind,
                subject=POSITION.subject,
                first_ns=SEEN_NS,
                last_ns=SEEN_NS + SECOND,
                ours=POSITION.ours,
                theirs=POSITION.theirs,
                state=BreakState.BOOKED if done else BreakState.OPEN,
                text=f"{POSITION}",
                done=done,
            ),
        ]
        planned = [
            Planned(difference=POSITION, amount=Decimal(3), price=Decimal("100.07")),
            Planned(difference=CASH, amount=Decimal("500.21")),
        ]
        return ReconciliationView(
            read_at=iso(SEEN_NS),
            agrees=bool(done),
            settled=True,
            waits_for="",
            in_doubt=[order_id for order_id, one in self.attempts.items() if one.is_in_doubt],
            breaks=[BreakView.of(one) for one in breaks],
            planned=[] if done else [PlannedView.of(one) for one in planned],
            booked=booked or [],
        )


def as_adopted(view: OrderDetailView, strategy: str) -> OrderDetailView:
    """An order as a strategy gets it that was nobody's."""
    return msgspec.structs.replace(view, order_id=f"{strategy}-v{FOREIGN}", strategy=strategy, venue_id=FOREIGN)
