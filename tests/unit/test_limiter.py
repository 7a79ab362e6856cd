"""Limits that are of time, of symbols and of prices: each refusal by its code and its sentence."""

from decimal import Decimal

import pytest

from tests.builders import report, terms
from tests.market_builders import through_msgpack
from tests.unit.test_admission import Shop, of
from trading.limits import RiskLimits
from trading.orders import OrderChange, OrderTerms, OrderType, Side
from trading.refusals import Refusal
from trading.reports import ReportKind
from trading.timestamps import SECOND

BUY, SELL = Side.BUY, Side.SELL
MS = 1_000_000


# Symbols.


@pytest.mark.parametrize(
    ("limits", "refusal"),
    [
        (RiskLimits(restricted_symbols=("AAA",)), ("restricted_symbols", "AAA is restricted (restricted_symbols)")),
        (RiskLimits(restricted_symbols=("BBB",)), None),
        (RiskLimits(symbols=("BBB", "EEE")), ("symbols", "AAA is none of BBB, EEE (symbols)")),
        (RiskLimits(symbols=()), ("symbols", "AAA is none of no symbols (symbols)")),
        (RiskLimits(symbols=("AAA",)), None),
        (RiskLimits(symbols=("AAA",), restricted_symbols=("AAA",)), ("restricted_symbols", "AAA is restricted")),
    ],
)
def test_only_what_may_be_traded_is(limits: RiskLimits, refusal: tuple[str, str] | None) -> None:
    shop = Shop().holding("10")
    found = shop.limited(limits).refusal(terms(), 1)
    assert (found is None) is (refusal is None)
    if found is not None and refusal is not None:
        assert (found.code, found.reason.startswith(refusal[1])) == (refusal[0], True)
    assert shop.limited(limits).refusal(terms(SELL), 1) is None, "what is held may be left"


# The price collar: AAA is at 100.


def priced(side: Side, type_: OrderType, limit: str | None = None, stop: str | None = None) -> OrderTerms:
    return of(
        terms(side),
        type=type_,
        limit_price=None if limit is None else Decimal(limit),
        stop_price=None if stop is None else Decimal(stop),
    )


@pytest.mark.parametrize(
    ("order", "sentence"),
    [
        (priced(BUY, OrderType.LIMIT, "105"), None),
        (priced(BUY, OrderType.LIMIT, "105.01"), "limit price 105.01 is above 105.00, 5 % from the last price of 100"),
        (priced(BUY, OrderType.LIMIT, "1"), None),
        (priced(SELL, OrderType.LIMIT, "95"), None),
        (priced(SELL, OrderType.LIMIT, "94.99"), "limit price 94.99 is below 95.00, 5 % from the last price of 100"),
        (priced(SELL, OrderType.LIMIT, "900"), None),
        (priced(BUY, OrderType.STOP, None, "106"), "stop price 106 is above 105.00, 5 % from the last price of 100"),
        (priced(SELL, OrderType.STOP, None, "94"), "stop price 94 is below 95.00, 5 % from the last price of 100"),
        (priced(BUY, OrderType.STOP_LIMIT, "106", "104"), "limit price 106 is above 105.00, 5 % from the last price"),
        (priced(BUY, OrderType.MARKET_IF_TOUCHED, None, "90"), None),
        (priced(BUY, OrderType.MARKET), None),
    ],
)
def test_a_price_much_worse_than_the_last_is_a_slip_of_the_hand(order: OrderTerms, sentence: str | None) -> None:
    refusal = Shop().over(order, price_collar_percent=Decimal(5))
    if sentence is None:
        assert refusal is None
    else:
        assert refusal is not None
        assert (refusal.code, refusal.reason.startswith(sentence)) == ("price_collar_percent", True), refusal.reason
        assert refusal.reason.endswith("of 100 (price_collar_percent)")


@pytest.mark.parametrize("order", [terms(), terms(limit="100")])
def test_without_a_price_there_is_no_collar_and_no_order(order: OrderTerms) -> None:
    refusal = Shop().over(order, lambda _: None, price_collar_percent=Decimal(5))
    assert refusal == Refusal("no_price", "no price of AAA has been heard yet; subscribe to it")


def test_the_collar_of_a_price_below_zero_has_its_width() -> None:
    shop = Shop()
    prices = {"AAA": Decimal(-40)}
    assert shop.over(terms(limit="-38"), prices.get, price_collar_percent=Decimal(5)) is None
    refusal = shop.over(terms(limit="-37.99"), prices.get, price_collar_percent=Decimal(5))
    assert refusal is not None
    assert "-37.99 is above -38.00, 5 % from the last price of -40" in refusal.reason


def test_a_protective_stop_far_off_is_no_slip() -> None:
    stop = priced(SELL, OrderType.STOP, None, "50")
    assert Shop().holding("10").over(stop, price_collar_percent=Decimal(5)) is None


# Orders per second.


def test_no_second_holds_more_orders_than_the_limit() -> None:
    limiter = Shop().limited(RiskLimits(max_orders_per_second=2))
    for at in (0, 400 * MS):
        assert limiter.refusal(terms(), at) is None
        limiter.note(terms(), at)
    sentence = "3 orders within a second would be above the limit of 2 (max_orders_per_second)"
    assert limiter.refusal(terms(), 999 * MS) == Refusal("max_orders_per_second", sentence)
    assert limiter.refusal(terms(), SECOND) is None, "the first is a second ago"
    limiter.note(terms(), SECOND)
    assert limiter.refusal(terms(), 1_399 * MS) is not None
    assert limiter.refusal(terms(), 1_400 * MS) is None


def test_what_was_refused_is_not_counted_and_what_only_reduces_passes() -> None:
    shop = Shop().holding("10")
    limiter = shop.limited(RiskLimits(max_orders_per_second=1))
    limiter.note(terms(), 0)
    for at in range(1, 9):
        assert limiter.refusal(terms(), at) is not None
    assert limiter.refusal(terms(SELL), 9) is None
    assert limiter.refusal(terms(), SECOND) is None


def test_an_amendment_counts_as_an_order() -> None:
    shop = Shop()
    order = shop.placed(terms(limit="90"))
    limiter = shop.limited(RiskLimits(max_orders_per_second=1))
    limiter.note(of(order.terms, limit_price=Decimal(91)), 0)
    assert limiter.refusal(of(order.terms, limit_price=Decimal(92)), 1) is not None


# Duplicates.


def test_the_same_order_within_the_window_is_refused() -> None:
    limiter = Shop().limited(RiskLimits(duplicate_window_ns=5 * SECOND))
    limiter.note(terms(limit="90"), SECOND)
    sentence = "the same as a-1, which left less than 5s ago (duplicate_window)"
    assert limiter.refusal(terms(limit="90", n=2), 5_999 * MS) == Refusal("duplicate", sentence)
    assert limiter.refusal(terms(limit="90.0", n=2), 2 * SECOND) is not None, "a number is the same however written"
    assert limiter.refusal(terms(limit="90", n=2), 6 * SECOND) is None


@pytest.mark.parametrize(
    "other",
    [
        terms(SELL, limit="90", n=2),
        terms(quantity="11", limit="90", n=2),
        terms(limit="91", n=2),
        terms(n=2),
        terms(limit="90", n=2, symbol="BBB"),
        of(terms(n=2), type=OrderType.STOP, stop_price=Decimal(90)),
    ],
)
def test_an_order_that_differs_is_none(other: OrderTerms) -> None:
    limiter = Shop().limited(RiskLimits(duplicate_window_ns=5 * SECOND))
    limiter.note(terms(limit="90"), SECOND)
    assert limiter.refusal(other, 2 * SECOND) is None


def test_the_last_of_several_counts_and_exits_are_not_asked() -> None:
    shop = Shop().holding("30")
    limiter = shop.limited(RiskLimits(duplicate_window_ns=5 * SECOND))
    limiter.note(terms(), 0)
    limiter.note(terms(n=2), 4 * SECOND)
    assert limiter.refusal(terms(n=3), 8 * SECOND) is not None
    limiter.note(terms(SELL, n=4), 8 * SECOND)
    assert limiter.refusal(terms(SELL, n=5), 8 * SECOND) is None
    assert limiter.refusal(terms(n=3), 9 * SECOND) is None


def test_an_amendment_is_no_duplicate() -> None:
    shop = Shop()
    order = shop.placed(terms(limit="90"))
    limiter = shop.limited(RiskLimits(duplicate_window_ns=5 * SECOND))
    limiter.note(terms(limit="91", n=2), 0)
    assert limiter.refusal(of(order.terms, limit_price=Decimal(91)), 1) is None


# The same again while nobody knows what became of the first.


def lost(shop: Shop, order: OrderTerms) -> None:
    shop.orders.change(shop.placed(order), OrderChange.LOSE, 2)


def test_an_order_is_not_sent_again_while_nobody_knows_what_became_of_it() -> None:
    shop = Shop()
    lost(shop, terms(limit="90"))
    sentence = "the same as a-1, of which it is not known what became; wait for that"
    assert shop.admission().excess(terms(limit="90", n=2), 1) == Refusal("duplicate", sentence)
    assert shop.admission().excess(terms(limit="89", n=2), 1) is None


def test_it_is_not_though_the_first_is_to_be_cancelled_meanwhile() -> None:
    shop = Shop()
    lost(shop, terms(limit="90"))
    order = shop.orders.get("a-1")
    assert order is not None
    shop.orders.change(order, OrderChange.REQUEST_CANCEL, 3)
    assert shop.admission().excess(terms(limit="90", n=2), 1) is not None


@pytest.mark.parametrize("kind", [ReportKind.ACCEPTED, ReportKind.REJECTED, ReportKind.CANCELLED, ReportKind.FILLED])
def test_it_may_be_again_once_that_is_known(kind: ReportKind) -> None:
    shop = Shop()
    lost(shop, terms(limit="90"))
    shop.orders.apply(report(terms(limit="90"), kind))
    assert shop.admission().excess(terms(limit="90", n=2), 1) is None


def test_an_exit_may_be_again_as_long_as_both_only_reduce() -> None:
    shop = Shop().holding("15")
    lost(shop, terms(SELL, "5"))
    assert shop.admission().excess(terms(SELL, "5", n=2), 1) is None
    lost(shop, terms(SELL, "10", n=3))
    assert shop.admission().excess(terms(SELL, "10", n=4), 1) is not None


# What is remembered over a restart.


def test_orders_that_left_are_remembered_over_a_restart() -> None:
    limits = RiskLimits(max_orders_per_second=1, duplicate_window_ns=5 * SECOND)
    before = Shop().limited(limits)
    before.note(terms(limit="90"), SECOND)
    after = Shop().limited(limits)
    after.restore(through_msgpack(before.state()))
    assert after.state() == before.state()
    for at in (SECOND + 1, 2 * SECOND, 6 * SECOND):
        for order in (terms(limit="90", n=2), terms(limit="91", n=2)):
            assert after.refusal(order, at) == before.refusal(order, at)


def test_a_limit_that_is_new_or_lower_remembers_what_there_is() -> None:
    wide = Shop().limited(RiskLimits(max_orders_per_second=3))
    for at in range(3):
        wide.note(terms(), at)
    narrow = Shop().limited(RiskLimits(max_orders_per_second=2, duplicate_window_ns=SECOND))
    narrow.restore(through_msgpack(wide.state()))
    assert narrow.state() == {"rate": [1, 2], "recent": []}
    none = Shop().limited(RiskLimits())
    none.restore(through_msgpack(wide.state()))
    assert none.state() == {}


def test_what_has_no_limits_remembers_nothing() -> None:
    limiter = Shop().limited(RiskLimits(max_order_quantity=Decimal(5)))
    limiter.note(terms(), 1)
    assert limiter.state() == {}


# Orders of which nobody knows what became count as open and as filled.


def test_an_unknown_order_counts_as_open_and_as_filled() -> None:
    shop = Shop().holding("10")
    lost(shop, terms(quantity="20", limit="90"))
    lost(shop, terms(SELL, "4", "110", n=2))
    assert shop.over(terms(quantity="1", n=3), max_open_orders=2) is not None
    assert shop.over(terms(quantity="5", n=3), max_position_quantity=Decimal(35)) is None
    assert shop.over(terms(quantity="6", n=3), max_position_quantity=Decimal(35)) is not None
    assert shop.over(terms(SELL, "6", n=3), max_position_quantity=Decimal(1)) is None, "6 and 4 of 10 only reduce"
    assert shop.over(terms(SELL, "7", n=3), max_position_quantity=Decimal(1)) is not None


def test_two_of_a_group_count_both_where_nobody_knows_what_became_of_one() -> None:
    shop = Shop().holding("10")
    take_profit = of(terms(SELL, "10", "120"), group="a-g1")
    stop = of(terms(SELL, "10", n=2), group="a-g1", type=OrderType.STOP, stop_price=Decimal(90))
    shop.placed(take_profit)
    lost(shop, stop)
    assert shop.holdings.working("AAA") == (Decimal(0), Decimal(20))
    shop.orders.apply(report(stop, ReportKind.ACCEPTED))
    assert shop.holdings.working("AAA") == (Decimal(0), Decimal(10))
