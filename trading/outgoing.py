"""What a container asks for: every wish that passed its risk manager, numbered, until it is handed out."""

from typing import Final

from trading.bus import EventBus
from trading.commands import (
    AmendOrder,
    CancelOrder,
    Command,
    RefusedAmend,
    RefusedOrder,
    ScheduleTimer,
    SubmitOrder,
    Trip,
)
from trading.desk import TimerWish
from trading.errors import StrategyMisuse
from trading.moment import Moment
from trading.order_manager import OrderManager
from trading.orders import Order, OrderChange, OrderTerms
from trading.reports import Origin
from trading.risk import AmendedTerms, RefusedAmendment, RefusedTerms
from trading.signals import CancelRequest

MOST_COMMANDS: Final = 2_000
"""How much a strategy may ask for at one time; more would keep everybody else waiting."""


class Outgoing:
    """Hears the wishes on one container's bus, marks its orders by them, and makes commands of them.

    `commands` are those that are to go out, `n` counts all; StrategyMisuse for one too many at one moment.
    """

    def __init__(self, strategy: str, orders: OrderManager, moment: Moment) -> None:
        self.strategy = strategy
        self.n = 0
        self._orders = orders
        self._moment = moment
        self.commands: list[Command] = []

    def hear(self, bus: EventBus) -> None:
        """Subscribe to what leads to a command."""
        bus.subscribe(OrderTerms, self._on_order_terms)
        bus.subscribe(RefusedTerms, self._on_refused_terms)
        bus.subscribe(AmendedTerms, self._on_amended_terms)
        bus.subscribe(RefusedAmendment, self._on_refused_amendment)
        bus.subscribe(CancelRequest, self._on_cancel_request)
        bus.subscribe(TimerWish, self._on_timer_wish)

    def drain(self) -> list[Command]:
        """What is to go out now; the list is the asker's."""
        commands, self.commands = self.commands, []
        return commands

    def discard(self) -> None:
        """Forget what was asked for while warming; a Trip stays."""
        self.commands = [command for command in self.commands if isinstance(command, Trip)]

    def forget(self) -> None:
        """Nothing leaves a container that is sealed: orders that the router never saw end here, and those of which it
        saw no amendment go back to where they stood."""
        for command in self.drain():
            if isinstance(command, SubmitOrder | RefusedOrder):
                self._orders.change(self._order(command.terms.order_id), OrderChange.REJECT, self._moment.now_ns)
            elif isinstance(command, AmendOrder):
                self._orders.change(
                    self._order(command.terms.order_id), OrderChange.REFUSE_REPLACE, self._moment.now_ns
                )

    def trip(self, reason: str, stack: str) -> Trip:
        """The last command, which nothing counts against; who tells it hands it out or keeps it."""
        self.n += 1
        return Trip(strategy=self.strategy, n=self.n, ts_ns=self._moment.now_ns, reason=reason, traceback=stack)

    def put(self, trip: Trip) -> None:
        """Let a trip go out."""
        self.commands.append(trip)

    def _order(self, order_id: str) -> Order:
        order = self._orders.get(order_id)
        assert order is not None, order_id
        return order

    def _next_n(self) -> int:
        self._moment.asked += 1
        if self._moment.asked > MOST_COMMANDS:
            raise StrategyMisuse(f"over {MOST_COMMANDS:,} orders, amendments, cancels and timers asked for at one time")
        self.n += 1
        return self.n

    def _on_order_terms(self, terms: OrderTerms) -> None:
        n = self._next_n()
        self._orders.send(terms, terms.created_ns)
        self.commands.append(SubmitOrder(strategy=self.strategy, n=n, terms=terms))

    def _on_refused_terms(self, refused: RefusedTerms) -> None:
        n = self._next_n()
        self._orders.add(refused.terms)
        self.commands.append(
            RefusedOrder(
                strategy=self.strategy,
                n=n,
                terms=refused.terms,
                origin=Origin.RISK,
                code=refused.refusal.code,
                reason=refused.refusal.reason,
            )
        )

    def _on_amended_terms(self, amended: AmendedTerms) -> None:
        n = self._next_n()
        self._orders.amend(self._order(amended.terms.order_id), amended.terms, self._moment.now_ns)
        self.commands.append(AmendOrder(strategy=self.strategy, n=n, terms=amended.terms, ts_ns=self._moment.now_ns))

    def _on_refused_amendment(self, refused: RefusedAmendment) -> None:
        self.commands.append(
            RefusedAmend(
                strategy=self.strategy,
                n=self._next_n(),
                order_id=refused.order_id,
                ts_ns=self._moment.now_ns,
                code=refused.refusal.code,
                reason=refused.refusal.reason,
            )
        )

    def _on_cancel_request(self, request: CancelRequest) -> None:
        n = self._next_n()
        self._orders.change(self._order(request.order_id), OrderChange.REQUEST_CANCEL, self._moment.now_ns)
        self.commands.append(
            CancelOrder(strategy=self.strategy, n=n, order_id=request.order_id, ts_ns=self._moment.now_ns)
        )

    def _on_timer_wish(self, wish: TimerWish) -> None:
        self.commands.append(
            ScheduleTimer(
                strategy=self.strategy, n=self._next_n(), name=wish.name, at_ns=wish.at_ns, every_ns=wish.every_ns
            )
        )
