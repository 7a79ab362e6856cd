"""Portfolio heat: what would be lost at the stops, worked out by hand. AAA is at 100, BBB at 50, EEE at 10 EUR of 4."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from tests.builders import report, terms
from tests.market_builders import USD
from tests.unit.test_admission import APPRAISER, PRICES, Shop, of
from trading.appraiser import Appraiser
from trading.heat import heat_with
from trading.orders import Order, OrderChange, OrderTerms, OrderType, Side
from trading.refusals import Refusal
from trading.reports import ReportKind

BUY, SELL = Side.BUY, Side.SELL
WHOLE = Decimal(1)


def stop(
    side: Side, quantity: str, at: str, n: int, *, parent: str | None = None, group: str | None = None
) -> OrderTerms:
    return of(terms(side, quantity, n=n), parent=parent, group=group, type=OrderType.STOP, stop_price=Decimal(at))


def trailing(side: Side, quantity: str, n: int, **by: str) -> OrderTerms:
    numbers: dict[str, Any] = {name: Decimal(number) for name, number in by.items()}
    return of(terms(side, quantity, n=n), type=OrderType.TRAILING_STOP, **numbers)


class Hearth(Shop):
    """A shop whose orders the venue accepts at once."""

    def stands(self, asked: OrderTerms) -> Order:
        order = self.placed(asked)
        self.orders.apply(report(asked, ReportKind.ACCEPTED))
        return order

    def heat(self, order: OrderTerms | None = None, without: str = "1") -> Decimal | Refusal:
        """With an order; without one of nothing."""
        return heat_with(order or terms(quantity="0", n=99), self.holdings, USD, Decimal(without), APPRAISER)


def test_a_position_without_a_stop_counts_with_all_of_its_worth_or_a_share() -> None:
    hearth = Hearth().holding("10")
    assert isinstance(hearth, Hearth)
    assert hearth.heat() == 1_000
    assert hearth.heat(without="0.05") == 50


LONG: list[tuple[str, Callable[[Hearth], object], str, int]] = [
    ("a stop below", lambda one: one.stands(stop(SELL, "10", "95", 1)), "1", 50),
    ("a stop that protects a part", lambda one: one.stands(stop(SELL, "4", "95", 1)), "1", 20 + 600),
    ("the rest by its share", lambda one: one.stands(stop(SELL, "4", "95", 1)), "0.1", 20 + 60),
    ("a stop above the price", lambda one: one.stands(stop(SELL, "10", "103", 1)), "1", 0),
    ("a trailing amount", lambda one: one.stands(trailing(SELL, "10", 1, trail_amount="3")), "1", 30),
    ("a trailing percentage", lambda one: one.stands(trailing(SELL, "10", 1, trail_percent="2")), "1", 20),
    (
        "a trail that began higher",
        lambda one: one.stands(trailing(SELL, "10", 1, trail_amount="3", stop_price="99")),
        "1",
        10,
    ),
    ("a take-profit protects nothing", lambda one: one.stands(terms(SELL, "10", "120")), "1", 1_000),
    (
        "nor does a stop-limit",
        lambda one: one.stands(of(stop(SELL, "10", "95", 1), type=OrderType.STOP_LIMIT, limit_price=Decimal(94))),
        "1",
        1_000,
    ),
    ("nor a stop that is not accepted yet", lambda one: one.placed(stop(SELL, "10", "95", 1)), "1", 1_000),
    ("nor a stop of another symbol", lambda one: one.stands(of(stop(SELL, "10", "45", 1), symbol="BBB")), "0", 0),
]


@pytest.mark.parametrize(("name", "give", "without", "heat"), LONG, ids=[row[0] for row in LONG])
def test_ten_units_held_at_a_hundred(name: str, give: Callable[[Hearth], object], without: str, heat: int) -> None:
    hearth = Hearth()
    hearth.holding("10")
    give(hearth)
    assert hearth.heat(without=without) == heat, name


def test_a_short_position_loses_up_to_its_stop() -> None:
    hearth = Hearth()
    hearth.holding("-10")
    hearth.stands(stop(BUY, "10", "104", 1))
    assert hearth.heat() == 40
    other = Hearth()
    other.holding("-10")
    other.stands(trailing(BUY, "6", 1, trail_percent="5"))
    assert other.heat() == 6 * 5 + 400


@pytest.mark.parametrize("change", [OrderChange.REQUEST_CANCEL, OrderChange.LOSE])
def test_a_stop_that_may_be_gone_protects_nothing(change: OrderChange) -> None:
    hearth = Hearth()
    hearth.holding("10")
    hearth.orders.change(hearth.stands(stop(SELL, "10", "95", 1)), change, 3)
    assert hearth.heat() == 1_000


def test_a_stop_that_is_being_amended_protects_as_the_worse_of_both() -> None:
    hearth = Hearth()
    hearth.holding("10")
    order = hearth.stands(stop(SELL, "10", "95", 1))
    hearth.orders.amend(order, of(order.terms, stop_price=Decimal(92), quantity=Decimal(8)), 3)
    assert hearth.heat() == 8 * 8 + 200


def test_what_a_stop_has_filled_it_protects_no_more() -> None:
    hearth = Hearth()
    hearth.holding("10")
    hearth.filled(hearth.stands(stop(SELL, "10", "95", 1)), "4")
    assert hearth.heat() == 6 * 5


def test_the_nearest_stop_comes_first_and_covers_what_is_held_first() -> None:
    hearth = Hearth()
    hearth.holding("10")
    hearth.stands(stop(SELL, "5", "90", 1))
    hearth.stands(stop(SELL, "5", "98", 2))
    assert hearth.heat() == 5 * 2 + 5 * 10
    hearth.working(BUY, "5", "97")  # is reckoned from 97, and has no stop left
    assert hearth.heat() == 5 * 2 + 5 * 10 + 5 * 97


def test_open_orders_count_as_though_they_had_filled_one_side_at_a_time() -> None:
    hearth = Hearth()
    hearth.working(BUY, "10", "90").working(SELL, "4", "120").working(BUY, "1", "49", symbol="BBB")
    assert hearth.heat() == 10 * 90 + 49
    hearth.working(SELL, "8", "110")
    assert hearth.heat() == 4 * 120 + 8 * 110 + 49


def test_what_is_held_on_the_other_side_goes_first() -> None:
    hearth = Hearth()
    hearth.holding("-10")
    hearth.working(BUY, "6", "99").working(BUY, "7", "95")
    assert hearth.heat() == 1_000, "short: what is held; long: 3 of what is left at 95"
    assert hearth.heat(terms(BUY, "20", "110", n=98)) == max(1_000, 3 * 95 + 20 * 110)


def test_an_order_that_is_judged_counts_at_its_own_price() -> None:
    hearth = Hearth()
    hearth.holding("10")
    hearth.stands(stop(SELL, "10", "95", 1))
    assert hearth.heat(terms(quantity="5", n=2)) == 50 + 500
    assert hearth.heat(terms(quantity="5", limit="90", n=2)) == 50 + 450
    assert hearth.heat(stop(BUY, "5", "110", 2)) == 50 + 550


def test_the_exits_of_what_has_not_filled_protect_it_already() -> None:
    hearth = Hearth()
    entry = hearth.stands(terms(BUY, "10", "98", n=1))
    hearth.stands(stop(SELL, "10", "95", 2, parent="a-1", group="a-g1"))
    hearth.stands(of(terms(SELL, "10", "120", n=3), parent="a-1", group="a-g1"))
    assert hearth.heat() == 30
    hearth.filled(entry, "4")
    assert hearth.heat() == 4 * 5 + 6 * 3


def test_a_group_protects_once() -> None:
    hearth = Hearth()
    hearth.holding("10")
    hearth.stands(stop(SELL, "5", "95", 1, group="a-g1"))
    hearth.stands(stop(SELL, "5", "97", 2, group="a-g1"))
    assert hearth.heat() == 5 * 5 + 500, "the further of the two, once"


def test_other_currencies_are_converted() -> None:
    hearth = Hearth()
    hearth.holding("10", "EEE").holding("4")
    assert hearth.heat() == 10 * 10 * 4 + 400


@pytest.mark.parametrize(
    ("known", "code"), [(("AAA",), "no_price"), (("AAA", "EEE"), "no_rate"), (("AAA", "EEE", "EURUSD"), None)]
)
def test_what_cannot_be_valued_is_a_refusal(known: tuple[str, ...], code: str | None) -> None:
    hearth = Hearth()
    hearth.holding("10", "EEE")
    appraiser = Appraiser(APPRAISER.instruments, {symbol: PRICES[symbol] for symbol in known}.get)
    found = heat_with(terms(n=9), hearth.holdings, USD, WHOLE, appraiser)
    assert (found.code if isinstance(found, Refusal) else None) == code


@pytest.mark.parametrize(
    ("limits", "sentence"),
    [
        ({"max_heat_notional": 549}, "550.00 would be above the limit of 549 (max_heat_notional)"),
        ({"max_heat_notional": 550}, None),
        # equity is 10,000 USD and 1,000 EUR, which are 14,000 USD
        ({"max_heat_equity_share": "0.039"}, "550.00 would be above the limit of 546.00000 (max_heat_equity_share)"),
        ({"max_heat_equity_share": "0.04"}, None),
        (
            {"max_heat_notional": 99, "heat_without_stop_share": "0.1"},
            "100.00 would be above the limit of 99 (max_heat_notional)",
        ),
        ({"max_heat_notional": 100, "heat_without_stop_share": "0.1"}, None),
    ],
)
def test_the_limit_of_heat(limits: dict[str, object], sentence: str | None) -> None:
    hearth = Hearth()
    hearth.holding("10")
    hearth.stands(stop(SELL, "10", "95", 1))
    refusal = hearth.over(terms(quantity="5", n=2), **{name: Decimal(str(one)) for name, one in limits.items()})
    assert (refusal and refusal.reason) == sentence


def test_what_adds_no_units_is_not_judged_by_heat() -> None:
    hearth = Hearth()
    hearth.holding("10")
    assert hearth.over(terms(SELL, "10", n=2), max_heat_notional=Decimal(0)) is None
    order = hearth.stands(terms(BUY, "5", "90", n=3))
    assert hearth.over(of(order.terms, limit_price=Decimal(91)), max_heat_notional=Decimal(0)) is None
