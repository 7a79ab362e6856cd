"""The risk manager: what a signal becomes. It is asked alone here, its bus answered by the test."""

from decimal import Decimal

import msgspec
import pytest

from tests.builders import fill, report, terms
from tests.market_builders import EUR, an_instrument
from trading.bus import EventBus
from trading.errors import StrategyMisuse
from trading.instruments import InstrumentKind
from trading.limits import EquityShare, FixedSize, RiskLimits, Sizing
from trading.moment import Moment
from trading.order_manager import OrderManager
from trading.orders import Order, OrderChange, OrderTerms, OrderType, Side, TimeInForce
from trading.portfolio import VirtualPortfolio
from trading.refusals import Refusal
from trading.reports import ReportKind
from trading.risk import AmendedTerms, RefusedAmendment, RefusedTerms, RiskManager
from trading.signals import AmendRequest, CancelRequest, Entry, Exit, OrderRequest, Target

BUY, SELL = Side.BUY, Side.SELL


class Desk:
    """A risk manager between signals and orders, with 10,000 USD and a price of 100.

    `said` is what it let through or refused, a line each; what it lets through is on its way at once.
    """

    def __init__(self, *, lot: str = "1", limits: RiskLimits | None = None, sizing: Sizing | None = None) -> None:
        instruments = {
            "AAA": an_instrument(lot=lot),
            "BBB": an_instrument("BBB"),
            "EEE": an_instrument("EEE", currency=EUR),
            "EURUSD": msgspec.structs.replace(an_instrument("EURUSD"), kind=InstrumentKind.FX, base=EUR),
        }
        self.said: list[str] = []
        self.terms: list[OrderTerms] = []
        self.bus = EventBus()
        self.orders = OrderManager("a")
        self.portfolio = VirtualPortfolio("a", {"USD": Decimal(10_000)}, instruments)
        self.portfolio.mark("AAA", 100.0)
        self.moment = Moment()
        self.risk = RiskManager(
            owner="a",
            bus=self.bus,
            orders=self.orders,
            portfolio=self.portfolio,
            instruments=instruments,
            limits=limits or RiskLimits(),
            sizing=sizing,
            moment=self.moment,
        )
        self.bus.subscribe(OrderTerms, self._on_terms)
        self.bus.subscribe(RefusedTerms, self._on_refused)
        self.bus.subscribe(AmendedTerms, self._on_amended)
        self.bus.subscribe(RefusedAmendment, self._on_refused_amendment)
        self.bus.subscribe(CancelRequest, self._on_cancel)

    def holding(self, quantity: str) -> "Desk":
        signed = Decimal(quantity)
        self.portfolio.book(fill(terms(BUY if signed > 0 else SELL, str(abs(signed)))))
        return self

    def target(self, quantity: str) -> "Desk":
        self.bus.publish(Target(symbol="AAA", quantity=Decimal(quantity)))
        return self

    def working(
        self,
        side: Side,
        quantity: str,
        limit: str,
        *,
        parent: str | None = None,
        group: str | None = None,
        reduce_only: bool = False,
    ) -> "Desk":
        """An explicit order."""
        asked = request(self.orders.next_order_id(), side, quantity, limit)
        self.bus.publish(msgspec.structs.replace(asked, parent_id=parent, group_id=group, reduce_only=reduce_only))
        return self

    def bracket(self, quantity: str = "10") -> "Desk":
        """A buy a-1 at 99, and its exits a-2 and a-3, of which one cancels the other."""
        self.working(BUY, quantity, "99")
        for limit in ("120", "110"):
            self.working(SELL, quantity, limit, parent="a-1", group="a-g1")
        return self

    def since(self, said: int) -> list[str]:
        """What was said after so much."""
        return self.said[said:]

    def hear(self, order_id: str, kind: ReportKind, filled: str | None = None) -> "Desk":
        """Bring a report as the container does: books first, then the fill's consequences, then the order."""
        order = self.orders.get(order_id)
        assert order is not None
        executed = None if kind is not ReportKind.FILLED else fill(order.terms, filled)
        _, counted = self.orders.apply(report(order.terms, kind, filled=executed))
        if counted is not None:
            self.portfolio.book(counted)
        self.bus.publish(order)
        return self

    def cancelled(self, order_id: str) -> "Desk":
        return self.hear(order_id, ReportKind.CANCELLED)

    def filled(self, order_id: str, quantity: str | None = None) -> "Desk":
        return self.hear(order_id, ReportKind.FILLED, quantity)

    def _on_terms(self, order: OrderTerms) -> None:
        self.terms.append(order)
        kept = self.orders.add(order)
        self.orders.change(kept, OrderChange.VALIDATE, 1)
        self.orders.change(kept, OrderChange.ROUTE, 1)
        self.said.append(f"{order.order_id} {order.side} {order.quantity}")

    def _on_refused(self, refused: RefusedTerms) -> None:
        self.said.append(f"{refused.terms.order_id} refused {refused.refusal.code}")

    def _on_amended(self, amended: AmendedTerms) -> None:
        order = self.orders.get(amended.terms.order_id)
        assert order is not None
        self.orders.amend(order, amended.terms, 1)
        self.said.append(f"{amended.terms.order_id} amend to {amended.terms.quantity} at {amended.terms.limit_price}")

    def _on_refused_amendment(self, refused: RefusedAmendment) -> None:
        self.said.append(f"{refused.order_id} amend refused {refused.refusal.code}")

    def _on_cancel(self, wish: CancelRequest) -> None:
        order = self.orders.get(wish.order_id)
        assert order is not None
        self.orders.change(order, OrderChange.REQUEST_CANCEL, 1)
        self.said.append(f"{wish.order_id} cancel")


def request(order_id: str, side: Side, quantity: str, limit: str | None) -> OrderRequest:
    return OrderRequest(
        order_id=order_id,
        symbol="AAA",
        side=side,
        quantity=Decimal(quantity),
        type=OrderType.MARKET if limit is None else OrderType.LIMIT,
        limit_price=None if limit is None else Decimal(limit),
        time_in_force=TimeInForce.GTC,
        reason="because",
    )


# Targets.


@pytest.mark.parametrize(
    ("held", "target", "said"),
    [
        ("0", "30", ["a-1 buy 30"]),
        ("10", "30", ["a-1 buy 20"]),
        ("30", "10", ["a-1 sell 20"]),
        ("30", "0", ["a-1 sell 30"]),
        ("30", "30", []),
        ("0", "0", []),
        ("30", "-10", ["a-1 refused short_not_allowed"]),
        ("0", "1000", ["a-1 refused insufficient_cash"]),
    ],
)
def test_a_target_trades_the_difference(held: str, target: str, said: list[str]) -> None:
    desk = Desk() if held == "0" else Desk().holding(held)
    assert desk.target(target).said == said


def test_a_target_is_cut_towards_zero_to_whole_lots() -> None:
    assert Desk(lot="10").target("39.9").said == ["a-1 buy 30"]


def test_an_order_towards_a_target_says_so() -> None:
    desk = Desk()
    desk.moment.now_ns = 77
    desk.target("30")
    assert desk.terms == [
        OrderTerms(
            order_id="a-1",
            strategy="a",
            symbol="AAA",
            side=BUY,
            quantity=Decimal(30),
            created_ns=77,
            to_target=True,
            reason="target 30",
        )
    ]


def test_a_target_that_is_on_the_way_costs_nothing() -> None:
    assert Desk().target("30").target("30").target("30").said == ["a-1 buy 30"]


def test_another_target_cancels_first_and_sends_only_after_the_report() -> None:
    desk = Desk().target("30").target("20")
    assert desk.said == ["a-1 buy 30", "a-1 cancel"]
    assert desk.cancelled("a-1").said == ["a-1 buy 30", "a-1 cancel", "a-2 buy 20"]


def test_while_a_cancel_is_under_way_the_last_target_counts() -> None:
    desk = Desk().target("30").target("20").target("25").target("15").cancelled("a-1")
    assert desk.said == ["a-1 buy 30", "a-1 cancel", "a-2 buy 15"]


def test_coming_back_to_the_first_target_waits_for_the_cancel_too() -> None:
    desk = Desk().target("30").target("20").target("30").cancelled("a-1")
    assert desk.said == ["a-1 buy 30", "a-1 cancel", "a-2 buy 30"]


def test_what_filled_before_the_cancel_counts() -> None:
    desk = Desk().target("30").filled("a-1", "12").target("20").cancelled("a-1")
    assert desk.said == ["a-1 buy 30", "a-1 cancel", "a-2 buy 8"]


def test_a_fill_that_wins_the_race_is_traded_back() -> None:
    desk = Desk().target("30").target("0").filled("a-1")
    assert desk.said == ["a-1 buy 30", "a-1 cancel", "a-2 sell 30"]


def test_a_fill_that_makes_the_target_true_ends_the_matter() -> None:
    desk = Desk().target("30").target("12").filled("a-1", "12").cancelled("a-1")
    assert desk.said == ["a-1 buy 30", "a-1 cancel"]


def test_a_newer_target_said_while_hearing_of_the_fill_is_not_undone_by_the_older() -> None:
    desk = Desk().target("30").target("0")
    order = desk.orders.get("a-1")
    assert order is not None
    desk.orders.apply(report(order.terms, ReportKind.FILLED))
    desk.portfolio.book(fill(order.terms))
    desk.target("20")  # as a strategy does in on_fill, which is heard before on_order
    desk.bus.publish(order)
    desk.filled("a-2")

    assert desk.said == ["a-1 buy 30", "a-1 cancel", "a-2 sell 10"]
    assert desk.portfolio.quantity("AAA") == 20


def test_a_target_counts_explicit_orders_that_work() -> None:
    desk = Desk().working(BUY, "10", "99").target("30")
    assert desk.said == ["a-1 buy 10", "a-2 buy 20"]


def test_explicit_orders_are_never_cancelled_for_a_target() -> None:
    desk = Desk().holding("30").working(SELL, "10", "110").target("30")
    assert desk.said == ["a-1 sell 10", "a-2 buy 10"]


def test_a_target_waits_for_explicit_orders_that_are_being_cancelled() -> None:
    desk = Desk().holding("30").working(SELL, "30", "110")
    desk.bus.publish(CancelRequest(order_id="a-1"))
    desk.target("0")
    assert desk.said == ["a-1 sell 30", "a-1 cancel"]
    assert desk.cancelled("a-1").said == ["a-1 sell 30", "a-1 cancel", "a-2 sell 30"]


def test_an_own_order_that_the_strategy_cancels_is_not_on_the_way() -> None:
    desk = Desk().target("30")
    desk.bus.publish(CancelRequest(order_id="a-1"))
    assert desk.target("30").cancelled("a-1").said == ["a-1 buy 30", "a-1 cancel", "a-2 buy 30"]


def test_a_refused_cancel_leaves_the_target_to_be_said_again() -> None:
    desk = Desk().target("30").target("20").hear("a-1", ReportKind.CANCEL_REJECTED)
    assert desk.target("30").said == ["a-1 buy 30", "a-1 cancel"]
    assert desk.target("20").said == ["a-1 buy 30", "a-1 cancel", "a-1 cancel"]


def test_an_exit_is_a_target_of_nothing() -> None:
    desk = Desk().holding("30")
    desk.bus.publish(Exit(symbol="AAA"))
    desk.bus.publish(Exit(symbol="AAA"))
    assert desk.said == ["a-1 sell 30"]


def test_a_waiting_target_survives_a_restart() -> None:
    desk, again = Desk().target("30").target("20"), Desk()
    again.orders.restore(desk.orders.state())
    again.risk.restore(desk.risk.state())
    assert again.cancelled("a-1").said == ["a-2 buy 20"]


# Targets beside exits.


def test_a_target_that_is_reached_leaves_the_exits_alone() -> None:
    desk = Desk().bracket().filled("a-1")
    assert desk.target("10").target("10").since(3) == []


def test_exits_of_what_has_not_filled_are_no_way_to_a_target() -> None:
    desk = Desk().bracket()
    assert desk.target("10").since(3) == [], "the entry is on its way there"
    assert desk.target("30").since(3) == ["a-4 buy 20"]


def test_a_target_that_adds_leaves_the_exits_alone() -> None:
    desk = Desk().bracket().filled("a-1")
    assert desk.target("15").since(3) == ["a-4 buy 5"]


def test_a_target_of_nothing_cancels_the_exits_first_and_sells_only_after_the_last_report() -> None:
    desk = Desk().bracket().filled("a-1").target("0")
    assert desk.since(3) == ["a-2 cancel", "a-3 cancel"]
    assert desk.cancelled("a-2").since(5) == []
    assert desk.cancelled("a-3").since(5) == ["a-4 sell 10"]


def test_a_target_of_less_cancels_them_too_and_leaves_the_rest_without() -> None:
    desk = Desk().bracket().filled("a-1").target("4").cancelled("a-2").cancelled("a-3")
    assert desk.since(3) == ["a-2 cancel", "a-3 cancel", "a-4 sell 6"]
    assert [order.order_id for order in desk.orders.open()] == ["a-4"]


def test_an_exit_that_fills_before_its_cancel_is_not_sold_again() -> None:
    desk = Desk().bracket().filled("a-1").target("0").filled("a-3").cancelled("a-2")
    assert desk.since(3) == ["a-2 cancel", "a-3 cancel"]
    assert desk.portfolio.quantity("AAA") == 0


def test_exits_that_cannot_trade_yet_are_not_cancelled() -> None:
    desk = Desk().holding("5").bracket()
    assert desk.target("5").since(3) == ["a-4 refused short_not_allowed"], "ten are on their way, five are there"


@pytest.mark.parametrize(("group", "reduce_only"), [("a-g1", False), (None, True)])
def test_orders_that_only_leave_the_position_are_exits_too(group: str | None, reduce_only: bool) -> None:
    desk = Desk().holding("10").working(SELL, "10", "120", group=group, reduce_only=reduce_only)
    assert desk.target("10").since(1) == []
    assert desk.target("0").cancelled("a-1").since(1) == ["a-1 cancel", "a-2 sell 10"]


def test_a_group_of_entries_is_on_the_way_once() -> None:
    desk = Desk().working(BUY, "10", "99", group="a-g1").working(BUY, "8", "98", group="a-g1")
    assert desk.target("10").since(2) == []
    assert desk.target("12").since(2) == ["a-3 buy 2"]


def test_a_target_that_waits_for_exits_survives_a_restart() -> None:
    desk, again = Desk().bracket().filled("a-1").target("0"), Desk()
    again.orders.restore(desk.orders.state())
    again.portfolio.restore(desk.portfolio.state())
    again.risk.restore(desk.risk.state())
    assert again.cancelled("a-2").cancelled("a-3").said == ["a-4 sell 10"]


# Entries.


@pytest.mark.parametrize(
    ("sizing", "strength", "said"),
    [
        (FixedSize(quantity=Decimal(50)), 1.0, "a-1 buy 50"),
        (FixedSize(quantity=Decimal(50)), 0.5, "a-1 buy 25"),
        (FixedSize(quantity=Decimal(50)), 0.11, "a-1 buy 5"),
        (EquityShare(share=Decimal("0.5")), 1.0, "a-1 buy 50"),
        (EquityShare(share=Decimal("0.5")), 0.1, "a-1 buy 5"),
        (EquityShare(share=Decimal("0.333")), 1.0, "a-1 buy 33"),
        (FixedSize(quantity=Decimal(50)), 0.01, "a-1 refused bad_quantity"),
    ],
)
def test_an_entry_is_sized_scaled_and_cut_to_lots(sizing: Sizing, strength: float, said: str) -> None:
    desk = Desk(sizing=sizing)
    desk.bus.publish(Entry(symbol="AAA", side=BUY, strength=strength))
    assert desk.said == [said]


def test_a_share_is_of_equity_and_not_of_cash() -> None:
    desk = Desk(sizing=EquityShare(share=Decimal("0.1"))).holding("50")
    desk.portfolio.mark("AAA", 120.0)  # equity 11,000
    desk.bus.publish(Entry(symbol="AAA", side=SELL, strength=1.0))
    assert desk.said == ["a-1 sell 9"]


def test_an_entry_without_a_price_or_a_size_is_not_guessed() -> None:
    desk = Desk(sizing=EquityShare(share=Decimal("0.5")))
    desk.bus.publish(Entry(symbol="BBB", side=BUY, strength=1.0))
    assert desk.said == ["a-1 refused no_price"]
    with pytest.raises(StrategyMisuse, match="needs a size; give the strategy's risk section a `sizing`"):
        Desk().bus.publish(Entry(symbol="AAA", side=BUY, strength=1.0))


def refused_of(desk: Desk, symbol: str = "AAA", side: Side = BUY) -> Refusal:
    """Why an entry is refused, an order of nothing."""
    refused: list[RefusedTerms] = []
    desk.bus.subscribe(RefusedTerms, refused.append)
    desk.bus.publish(Entry(symbol=symbol, side=side, strength=1.0))
    [one] = refused
    assert (one.terms.quantity, one.terms.side) == (Decimal(0), side)
    return one.refusal


@pytest.mark.parametrize(("price", "shown"), [(0.0, "0.0"), (-37.63, "-37.63")])
@pytest.mark.parametrize("side", [BUY, SELL])
def test_no_share_of_equity_is_worth_units_at_or_below_zero(price: float, shown: str, side: Side) -> None:
    desk = Desk(sizing=EquityShare(share=Decimal("0.5")))
    desk.portfolio.mark("AAA", price)
    sentence = f"AAA is at {shown}: no number of units at or below zero is a share of equity; name a quantity"
    assert refused_of(desk, side=side) == Refusal("bad_quantity", sentence)


@pytest.mark.parametrize("side", [BUY, SELL])
def test_a_share_of_less_than_nothing_is_nothing_and_not_the_other_side(side: Side) -> None:
    desk = Desk(sizing=EquityShare(share=Decimal("0.5"))).holding("200")
    desk.portfolio.mark("AAA", 40.0)  # equity is 8,000 less 10,000
    assert refused_of(desk, side=side) == Refusal("bad_quantity", "quantity 0 is not above zero")


def test_a_share_of_equity_is_converted_into_the_instrument_s_currency() -> None:
    desk = Desk(sizing=EquityShare(share=Decimal("0.5")))
    desk.portfolio.endow({"EUR": Decimal(10_000)})
    desk.portfolio.mark("EEE", 50.0)
    assert refused_of(desk, "EEE") == Refusal(
        "no_rate", "no rate from USD to EUR: no price of EURUSD has been heard yet; subscribe to it"
    )
    desk.portfolio.mark("EURUSD", 1.25)
    desk.bus.publish(Entry(symbol="EEE", side=BUY, strength=1.0))
    assert desk.said[-1] == "a-2 buy 180"  # half of 10,000 EUR and 8,000 EUR, at 50


# Explicit orders.


def test_an_explicit_order_keeps_its_id_and_numbers() -> None:
    desk = Desk()
    desk.bus.publish(request("a-7", BUY, "3", "99.50"))
    assert desk.terms == [
        OrderTerms(
            order_id="a-7",
            strategy="a",
            symbol="AAA",
            side=BUY,
            quantity=Decimal(3),
            created_ns=0,
            type=OrderType.LIMIT,
            limit_price=Decimal("99.50"),
            reason="because",
        )
    ]


def test_a_refusal_carries_the_order_and_the_reason() -> None:
    desk = Desk(limits=RiskLimits(max_order_quantity=Decimal(5)))
    refused: list[RefusedTerms] = []
    desk.bus.subscribe(RefusedTerms, refused.append)
    desk.bus.publish(request("a-1", BUY, "6", None))
    assert [(one.terms.quantity, one.refusal) for one in refused] == [
        (Decimal(6), Refusal("max_order_quantity", "6 would be above the limit of 5 (max_order_quantity)"))
    ]


@pytest.mark.parametrize(
    "signal",
    [
        Target(symbol="ZZZ", quantity=Decimal(1)),
        Exit(symbol="ZZZ"),
        Entry(symbol="ZZZ", side=BUY, strength=1.0),
    ],
)
def test_a_symbol_that_is_no_instrument_is_the_strategy_s_mistake(signal: object) -> None:
    with pytest.raises(StrategyMisuse, match="'ZZZ' is no instrument here; known: AAA, BBB"):
        Desk().bus.publish(signal)


@pytest.mark.parametrize(
    ("parent", "group", "said"),
    [
        ("a-1", "a-g1", "a-2 sell 10"),
        ("a-1", None, "a-2 sell 10"),
        ("a-9", None, "a-2 refused unknown_parent"),
        ("a-1", "x", "a-2 refused bad_contingency"),
    ],
)
def test_an_order_hangs_on_what_it_names(parent: str, group: str | None, said: str) -> None:
    desk = Desk().working(BUY, "10", "99").working(SELL, "10", "120", parent=parent, group=group)
    assert desk.since(1) == [said]


def test_a_refused_entry_refuses_its_exits() -> None:
    desk = Desk()

    def keep(refused: RefusedTerms) -> None:
        desk.orders.add(refused.terms)

    desk.bus.subscribe(RefusedTerms, keep)
    assert desk.bracket("1000").said == [
        "a-1 refused insufficient_cash",
        "a-2 refused parent_ended",
        "a-3 refused parent_ended",
    ]


def test_an_explicit_order_keeps_every_field() -> None:
    desk = Desk().holding("10")
    asked = OrderRequest(
        order_id="a-7",
        symbol="AAA",
        side=SELL,
        quantity=Decimal(3),
        type=OrderType.STOP_LIMIT,
        limit_price=Decimal(98),
        stop_price=Decimal(99),
        time_in_force=TimeInForce.GTD,
        expires_ns=77,
        post_only=True,
        reduce_only=True,
        group_id="a-g3",
        reason="because",
    )
    desk.bus.publish(asked)
    [placed] = desk.terms
    for field in OrderRequest.__struct_fields__:
        assert getattr(placed, field) == getattr(asked, field), field


# Amendments.


def amend(desk: Desk, **changes: str) -> list[str]:
    """What is said to other numbers of a-1."""
    said = len(desk.said)
    numbers = {field: Decimal(number) for field, number in changes.items()}
    desk.bus.publish(AmendRequest(order_id="a-1", **numbers))  # type: ignore[arg-type]
    return desk.since(said)


def test_an_amendment_keeps_what_it_does_not_name() -> None:
    desk = Desk().working(BUY, "10", "99")
    assert amend(desk, quantity="12") == ["a-1 amend to 12 at 99"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"quantity": "12", "limit_price": "98"}, "a-1 amend to 12 at 98"),
        ({"quantity": "0"}, "a-1 amend refused bad_quantity"),
        ({"limit_price": "99.001"}, "a-1 amend refused bad_price"),
        ({"stop_price": "90"}, "a-1 amend refused bad_price"),
        ({"quantity": "10"}, "a-1 amend refused bad_combination"),
        ({"quantity": "1000"}, "a-1 amend refused insufficient_cash"),
        ({"quantity": "21"}, "a-1 amend refused max_position_quantity"),
    ],
)
def test_an_amendment_is_judged_like_an_order(changes: dict[str, str], said: str) -> None:
    desk = Desk(limits=RiskLimits(max_position_quantity=Decimal(20))).working(BUY, "10", "99")
    assert amend(desk, **changes) == [said]


def test_an_amendment_must_stay_above_what_has_filled() -> None:
    desk = Desk().working(BUY, "10", "99").filled("a-1", "4")
    assert amend(desk, quantity="4") == ["a-1 amend refused bad_quantity"]
    assert amend(desk, quantity="5") == ["a-1 amend to 5 at 99"]


def test_an_amendment_while_one_is_under_way_is_refused() -> None:
    desk = Desk().working(BUY, "10", "99")
    assert amend(desk, quantity="12") == ["a-1 amend to 12 at 99"]
    assert amend(desk, quantity="13") == ["a-1 amend refused pending"]
    desk.bus.publish(CancelRequest(order_id="a-1"))
    assert amend(desk, quantity="13") == ["a-1 amend refused pending"]
    desk.cancelled("a-1")
    assert amend(desk, quantity="13") == ["a-1 amend refused not_open"]


def test_orders_of_others_kinds_do_not_wake_a_target() -> None:
    desk = Desk().working(BUY, "10", "99")
    desk.bus.publish(Order(terms=terms(n=5)))
    assert desk.cancelled("a-1").said == ["a-1 buy 10"]
