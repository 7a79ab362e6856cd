"""A venue whose every word the test says, in whatever order and as often as it likes; it keeps its own account."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from tests.builders import Rig, fill, price, report
from tests.market_builders import an_instrument
from trading.commands import WireAmend, WireCancel, WireCommand, WireSubmit
from trading.container import ContainerSpec
from trading.instruments import Instrument
from trading.market import AccountSnapshot, Effect
from trading.market_data import MarketEvent
from trading.money import total
from trading.orders import Order, OrderTerms
from trading.reports import ExecutionReport, Fill, ReportKind


class VenueByHand:
    """Takes whatever is sent and answers nothing of itself. Its account counts each execution once, and those that were
    annulled not at all: by the words themselves, not by what anybody made of them."""

    def __init__(self, cash: Decimal) -> None:
        self.commands: list[WireCommand] = []
        self.coming: Sequence[ExecutionReport] = ()
        self._cash = cash
        self._executed: dict[tuple[str, str], Fill] = {}
        self._annulled: set[tuple[str, str]] = set()

    def submitted(self, order_id: str) -> WireSubmit:
        """What was sent for an order."""
        return next(one for one in self.commands if isinstance(one, WireSubmit) and one.terms.order_id == order_id)

    def on_event(self, event: MarketEvent) -> list[Effect]:
        """Say what is to be said now."""
        said, self.coming = [*self.coming], ()
        for one in said:
            if one.fill is not None:
                key = (one.fill.order_id, one.fill.execution_id)
                if one.kind is ReportKind.BUSTED:
                    self._annulled.add(key)
                elif one.fill.quantity:
                    self._executed[key] = one.fill
        return [*said]

    def on_command(self, command: WireCommand, ts_ns: int) -> list[Effect]:
        """Take it, in silence."""
        self.commands.append(command)
        return []

    def account(self) -> AccountSnapshot:
        """What all executions that stand come to."""
        standing = [one for key, one in self._executed.items() if key not in self._annulled]
        paid = total(one.side.signed(one.notional) for one in standing)
        fees = total(one.fee for one in standing)
        held = total(one.side.signed(one.quantity) for one in standing)
        return AccountSnapshot(
            cash={"USD": total((self._cash, paid.copy_negate(), fees.copy_negate()))},
            positions={"AAA": held} if held else {},
        )

    def move_cash(self, currency: str, amount: Decimal, ts_ns: int) -> list[Effect]:
        raise NotImplementedError

    def in_reach(self, strategy: str, events: Sequence[MarketEvent]) -> int:
        """Every event may bring something."""
        return 0

    def observe(self, event: MarketEvent) -> None:
        raise NotImplementedError

    def expect(self, command: WireCommand, ts_ns: int) -> None:
        raise NotImplementedError

    def apply(self, effect: Effect, command: WireCommand | None) -> None:
        raise NotImplementedError

    def state(self) -> dict[str, Any]:
        raise NotImplementedError

    def restore(self, state: dict[str, Any]) -> None:
        raise NotImplementedError


class AtVenue(Rig):
    """Strategies at a venue by hand. AAA costs 100, each has 10,000 USD, and the account 1,000 over."""

    venue: VenueByHand

    def __init__(self, *specs: ContainerSpec, instrument: Instrument | None = None) -> None:
        cash = Decimal(1_000 + 10_000 * len(specs))
        self.venue = VenueByHand(cash)
        instruments = {"AAA": instrument or an_instrument()}
        super().__init__(*specs, market=self.venue, cash={"USD": cash}, instruments=instruments)
        self._second = 0

    def tick(self, times: int = 1) -> "AtVenue":
        """The price stays where it is, so many times."""
        for _ in range(times):
            self.hear()
        return self

    def hear(self, *words: ExecutionReport) -> "AtVenue":
        """The venue says this, all with one event; the strategies hear a quote after it."""
        self._second += 1
        self.venue.coming = words
        self.feed(price(self._second, 100.0))
        return self

    def hear_each(self, words: Iterable[ExecutionReport]) -> "AtVenue":
        """The venue says one thing with each event."""
        for one in words:
            self.hear(one)
        return self

    def terms(self, order_id: str) -> OrderTerms:
        """The terms that were sent for an order."""
        return self.venue.submitted(order_id).terms

    def told(self, order_id: str, kind: ReportKind, **changes: Any) -> ExecutionReport:
        """Something that the venue says of an order, under the order's own id of the wire."""
        said = report(self.terms(order_id), kind, filled=changes.pop("filled", None))
        return msgspec.structs.replace(said, cid=self.venue.submitted(order_id).cid, **changes)

    def filled(self, order_id: str, quantity: str, execution_id: str, *, at: str = "100") -> ExecutionReport:
        """An execution of so many units."""
        executed = fill(self.terms(order_id), quantity, at, fee="0.10", execution_id=execution_id)
        return self.told(order_id, ReportKind.FILLED, filled=executed)

    def busted(self, order_id: str, quantity: str, execution_id: str, *, at: str = "100") -> ExecutionReport:
        """An execution is annulled."""
        return msgspec.structs.replace(self.filled(order_id, quantity, execution_id, at=at), kind=ReportKind.BUSTED)

    def stands(self, order_id: str = "a-1") -> str:
        """Where an order stands and what its strategy holds: `partial 4, left 6, holds 4`."""
        order = self.order(order_id)
        held = self.book(order.terms.strategy).quantity("AAA")
        return f"{order.state} {order.filled}, left {order.remaining}, holds {held}"

    def assert_agreed(self) -> None:
        """Books, containers' copies and the venue's account are one, and both keepers have the same orders."""
        self.assert_books_add_up()
        for name, container in self.driver.containers.items():
            theirs, ours = container.orders.state(), self.router.orders[name].state()
            assert [_outcome(one) for one in theirs["orders"]] == [_outcome(one) for one in ours["orders"]], name


def _outcome(order: Order) -> tuple[str, str, Decimal, Decimal]:
    return order.order_id, order.state, order.filled, order.gross


def commands_of(rig: AtVenue) -> list[str]:
    """What the venue was sent, a line each: `a-1 buy 10`, `a-1 cancel`."""
    lines = []
    for one in rig.venue.commands:
        match one:
            case WireSubmit():
                lines.append(f"{one.terms.order_id} {one.terms.side} {one.terms.quantity}")
            case WireAmend():
                lines.append(f"{one.terms.order_id} amend to {one.terms.quantity}")
            case WireCancel():
                lines.append(f"{one.order_id} cancel")
    return lines
