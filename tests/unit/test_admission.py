"""Whether an order may be: each refusal by its code and its sentence, and what is never refused."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import get_type_hints

import msgspec
import pytest

from tests.builders import fill, report, terms
from tests.market_builders import EUR, an_instrument
from trading.admission import Admission, contingency_refusal, more_than_reduces
from trading.affordability import unaffordable
from trading.appraiser import Appraiser
from trading.holdings import ContainerHoldings, only_reduces, worst_case
from trading.instruments import InstrumentKind
from trading.limiter import Limiter
from trading.limits import RiskLimits
from trading.order_manager import OrderManager
from trading.order_validator import OrderValidator
from trading.orders import Order, OrderChange, OrderTerms, OrderType, Side
from trading.portfolio import VirtualPortfolio
from trading.refusals import Refusal
from trading.reports import ReportKind

BUY, SELL = Side.BUY, Side.SELL


def of(order: OrderTerms, *, parent: str | None = None, group: str | None = None, **changes: object) -> OrderTerms:
    """An order with some of its terms changed."""
    return msgspec.structs.replace(order, parent_id=parent, group_id=group, **changes)


INSTRUMENTS = {
    "AAA": an_instrument("AAA"),
    "BBB": an_instrument("BBB"),
    "EEE": an_instrument("EEE", currency=EUR),
    "EURUSD": msgspec.structs.replace(an_instrument("EURUSD"), kind=InstrumentKind.FX, base=EUR),
}
PRICES = {"AAA": Decimal(100), "BBB": Decimal(50), "EEE": Decimal(10), "EURUSD": Decimal(4)}


def price_of(symbol: str) -> Decimal | None:
    return PRICES.get(symbol)


def unpriced(_: str) -> Decimal | None:
    return None


APPRAISER = Appraiser(INSTRUMENTS, price_of)


class Shop:
    """One container's books: 10,000 USD and 1,000 EUR, what it holds and what works."""

    def __init__(self) -> None:
        self.orders = OrderManager("a")
        self.portfolio = VirtualPortfolio("a", {"USD": Decimal(10_000), "EUR": Decimal(1_000)}, INSTRUMENTS)
        self.holdings = ContainerHoldings(self.portfolio, self.orders, INSTRUMENTS)

    def holding(self, quantity: str, symbol: str = "AAA") -> "Shop":
        """With so many units more, negative for a short, at the current price."""
        signed = Decimal(quantity)
        order = terms(BUY if signed > 0 else SELL, str(abs(signed)), symbol=symbol)
        self.portfolio.book(fill(order, at=str(PRICES[symbol]), instrument=INSTRUMENTS[symbol]))
        return self

    def working(self, side: Side, quantity: str, limit: str | None = None, symbol: str = "AAA") -> "Shop":
        """With one more order on its way."""
        self.placed(terms(side, quantity, limit, n=self.orders.added + 101, symbol=symbol))
        return self

    def placed(self, asked: OrderTerms) -> Order:
        """An order on its way."""
        order = self.orders.add(asked)
        self.orders.change(order, OrderChange.VALIDATE, 1)
        self.orders.change(order, OrderChange.ROUTE, 1)
        return order

    def filled(self, order: Order, quantity: str) -> None:
        """So many units of an order trade, at its limit."""
        executed = fill(order.terms, quantity, str(order.terms.limit_price or 100))
        self.orders.apply(report(order.terms, ReportKind.FILLED, filled=executed))
        self.portfolio.book(executed)

    def admission(self, **limits: Decimal | int) -> Admission:
        """All the rules."""
        return Admission(
            validator=OrderValidator(INSTRUMENTS),
            orders=self.orders,
            portfolio=self.portfolio,
            limits=RiskLimits(**limits),  # type: ignore[arg-type]
            appraiser=APPRAISER,
        )

    def over(
        self, order: OrderTerms, prices: Callable[[str], Decimal | None] = price_of, /, **limits: Decimal | int
    ) -> Refusal | None:
        """What the limits say to an order."""
        return self.limited(RiskLimits(**limits), prices).refusal(order, 1)  # type: ignore[arg-type]

    def limited(self, limits: RiskLimits, prices: Callable[[str], Decimal | None] = price_of) -> Limiter:
        """These limits, on what is held and what works."""
        return Limiter(
            limits,
            holdings=self.holdings,
            appraiser=Appraiser(INSTRUMENTS, prices),
            books=lambda: (self.portfolio,),
            peaks=lambda: self.portfolio.peak_equity,
        )

    def affords(self, order: OrderTerms, prices: Callable[[str], Decimal | None] = price_of) -> Refusal | None:
        """What a cash account says to an order."""
        return unaffordable(order, self.holdings, Appraiser(INSTRUMENTS, prices))


# The cash account.


def test_nothing_is_affordable_without_a_price_but_what_names_its_own() -> None:
    assert Shop().affords(terms(), unpriced) == Refusal(
        "no_price", "no price of AAA has been heard yet; subscribe to it"
    )
    assert Shop().affords(terms(limit="100"), unpriced) is None


def test_an_order_worth_too_little_is_refused() -> None:
    picky = Appraiser({"AAA": an_instrument(min_notional="500")}, price_of)
    refusal = unaffordable(terms(quantity="4"), Shop().holdings, picky)
    assert refusal == Refusal("bad_quantity", "worth 400.00 at 100, below the minimum of 500")


@pytest.mark.parametrize(
    ("quantity", "limit", "sentence"),
    [
        ("101", None, "10100.00 USD needed at 100, 10000 free"),
        ("51", "200", "10200.00 USD needed at 200, 10000 free"),
    ],
)
def test_a_buy_takes_free_cash(quantity: str, limit: str | None, sentence: str) -> None:
    assert Shop().affords(terms(quantity=quantity, limit=limit)) == Refusal("insufficient_cash", sentence)
    assert Shop().affords(terms(quantity=str(int(quantity) - 1), limit=limit)) is None


def test_cash_that_open_buys_will_take_is_not_free() -> None:
    shop = Shop().working(BUY, "30", "90").working(BUY, "20").working(SELL, "5").working(BUY, "7", symbol="EEE")
    assert shop.affords(terms(quantity="54")) == Refusal(
        "insufficient_cash",
        "5400.00 USD needed at 100, 5300.00 free",  # 10,000 less 2,700 and 2,000
    )
    assert shop.affords(terms(quantity="53")) is None


def test_a_sale_needs_units_that_are_not_offered_yet() -> None:
    shop = Shop().holding("10").working(SELL, "4", "110")
    assert shop.affords(terms(SELL, "6")) is None
    assert shop.affords(terms(SELL, "7")) == Refusal(
        "short_not_allowed", "selling 7 AAA with 10 held and 4 already offered would be short"
    )


# The limits.

LIMITS: list[tuple[str, Decimal | int, OrderTerms, str]] = [
    ("max_order_quantity", Decimal(9), terms(), "10 would be above the limit of 9"),
    ("max_order_notional", Decimal(999), terms(), "1000.00 would be above the limit of 999"),
    ("max_order_notional", Decimal(1_000), terms(limit="101"), "1010.00 would be above the limit of 1000"),
    ("max_open_orders", 2, terms(), "3 would be above the limit of 2"),
    ("max_position_quantity", Decimal(34), terms(), "35 would be above the limit of 34"),
    ("max_position_notional", Decimal(3_499), terms(), "3500.00 would be above the limit of 3499"),
    ("max_position_notional", Decimal(3_499), terms(limit="1"), "3500.00 would be above the limit of 3499"),
    ("max_exposure_notional", Decimal(6_999), terms(), "7000.00 would be above the limit of 6999"),
    ("max_position_equity_share", Decimal("0.24"), terms(), "3500.00 would be above the limit of 3360.0000"),
    ("max_exposure_equity_share", Decimal("0.49"), terms(), "7000.00 would be above the limit of 6860.0000"),
]


@pytest.mark.parametrize(("name", "limit", "order", "sentence"), LIMITS)
def test_a_limit_refuses_what_would_break_it_in_the_worst_case(
    name: str, limit: Decimal | int, order: OrderTerms, sentence: str
) -> None:
    # 20 held, 5 more on their way; 30 of BBB, worth 1,500; 50 of EEE, worth 500 EUR, which is 2,000 USD.
    # Equity is 10,000 USD and 1,000 EUR, 14,000 USD in all.
    shop = Shop().holding("20").working(BUY, "5").working(SELL, "1", "200").holding("30", "BBB").holding("50", "EEE")
    assert shop.over(order, **{name: limit}) == Refusal(name, f"{sentence} ({name})")


@pytest.mark.parametrize(
    ("name", "limit"),
    [
        ("max_order_quantity", Decimal(10)),
        ("max_order_notional", Decimal(1_000)),
        ("max_open_orders", 3),
        ("max_position_quantity", Decimal(35)),
        ("max_position_notional", Decimal(3_500)),
        ("max_exposure_notional", Decimal(7_000)),
        ("max_position_equity_share", Decimal("0.25")),
        ("max_exposure_equity_share", Decimal("0.5")),
    ],
)
def test_a_limit_that_is_just_met_lets_pass(name: str, limit: Decimal | int) -> None:
    shop = Shop().holding("20").working(BUY, "5").working(SELL, "1", "200").holding("30", "BBB").holding("50", "EEE")
    assert shop.over(terms(), **{name: limit}) is None


@pytest.mark.parametrize(
    ("name", "limit", "sentence"),
    [
        ("max_order_notional", Decimal(999), "1000.00 would be above the limit of 999 (max_order_notional)"),
        ("max_position_notional", Decimal(999), "1000.00 would be above the limit of 999 (max_position_notional)"),
        # 3,000 USD of AAA and BBB are 750 EUR; 10,000 USD and 1,000 EUR are 3,500 EUR
        ("max_exposure_notional", Decimal(1_749), "1750.00 would be above the limit of 1749 (max_exposure_notional)"),
        (
            "max_position_equity_share",
            Decimal("0.2"),
            "1000.00 would be above the limit of 700.000 (max_position_equity_share)",
        ),
        (
            "max_exposure_equity_share",
            Decimal("0.4"),
            "1750.00 would be above the limit of 1400.000 (max_exposure_equity_share)",
        ),
    ],
)
def test_a_limit_is_in_the_currency_of_the_order_s_instrument(name: str, limit: Decimal, sentence: str) -> None:
    shop = Shop().holding("20").working(BUY, "20", symbol="BBB")
    assert shop.over(terms(quantity="100", symbol="EEE"), **{name: limit}) == Refusal(name, sentence)


@pytest.mark.parametrize(
    ("name", "needs_a_rate"),
    [
        ("max_order_quantity", False),
        ("max_order_notional", False),
        ("max_position_quantity", False),
        ("max_position_notional", False),
        ("max_exposure_notional", True),
        ("max_position_equity_share", True),
        ("max_exposure_equity_share", True),
    ],
)
def test_what_cannot_be_converted_never_passes_a_limit_that_it_bears_on(name: str, *, needs_a_rate: bool) -> None:
    def without_rate(symbol: str) -> Decimal | None:
        return None if symbol == "EURUSD" else PRICES[symbol]

    shop = Shop().holding("10", "EEE")
    refusal = shop.over(terms(), without_rate, **{name: Decimal(1_000_000)})
    no_rate = "no rate from EUR to USD: no price of EURUSD has been heard yet; subscribe to it"
    assert refusal == (Refusal("no_rate", no_rate) if needs_a_rate else None)


def test_what_has_no_price_never_passes_a_limit_on_exposure() -> None:
    shop = Shop().working(BUY, "1", "40", symbol="BBB")
    refusal = shop.over(terms(), {"AAA": Decimal(100)}.get, max_exposure_notional=Decimal(1_000_000))
    assert refusal == Refusal("no_price", "no price of BBB has been heard yet; subscribe to it")


OTHERS = {
    "max_heat_notional": "test_heat.py",
    "max_heat_equity_share": "test_heat.py",
    "heat_without_stop_share": "test_heat.py",
    "max_orders_per_second": "test_limiter.py",
    "max_daily_loss_notional": "test_losses.py",
    "max_daily_loss_equity_share": "test_losses.py",
    "max_drawdown_share": "test_losses.py",
    "price_collar_percent": "test_limiter.py",
    "duplicate_window_ns": "test_limiter.py",
    "symbols": "test_limiter.py",
    "restricted_symbols": "test_limiter.py",
    "self_trade": "test_self_trade.py",
    "self_trade_wait_ns": "test_self_trade.py",
}
"""The limits that are not measured in a position or an order, and the file beside this one that is about them."""


def test_there_is_a_row_for_every_limit() -> None:
    assert {*OTHERS, *(name for name, *_ in LIMITS)} == set(RiskLimits.__struct_fields__)
    for name, file in OTHERS.items():
        assert name in (Path(__file__).parent / file).read_text(encoding="utf-8"), name


@pytest.mark.parametrize(
    ("position", "buys", "sells", "worst"),
    [
        ("0", "5", "5", "5"),
        ("10", "5", "30", "20"),
        ("10", "5", "3", "15"),
        ("-10", "30", "5", "20"),
        ("0", "0", "0", "0"),
    ],
)
def test_buys_are_never_netted_against_sells(position: str, buys: str, sells: str, worst: str) -> None:
    assert worst_case(Decimal(position), Decimal(buys), Decimal(sells)) == Decimal(worst)


def test_other_symbols_count_in_their_worst_case_too() -> None:
    shop = Shop().holding("10", "BBB").working(BUY, "20", symbol="BBB")
    assert shop.over(terms(), max_exposure_notional=Decimal(2_500)) is None  # 1,000 and 30 at 50
    assert shop.over(terms(), max_exposure_notional=Decimal(2_499)) is not None


IN_DECIMALS = [name for name, kind in get_type_hints(RiskLimits).items() if kind == Decimal | None]
EVERY_LIMIT = RiskLimits(
    **dict.fromkeys(IN_DECIMALS, Decimal(0)),  # type: ignore[arg-type]
    max_open_orders=0,
    max_orders_per_second=1,
    duplicate_window_ns=9,
    symbols=(),
    restricted_symbols=("AAA",),
)


@pytest.mark.parametrize(
    ("held", "works", "side", "quantity", "reduces"),
    [
        ("10", None, SELL, "10", True),
        ("10", None, SELL, "11", False),
        ("10", None, BUY, "1", False),
        ("-10", None, BUY, "10", True),
        ("-10", None, BUY, "11", False),
        ("-10", None, SELL, "1", False),
        ("10", (SELL, "4"), SELL, "6", True),
        ("10", (SELL, "5"), SELL, "6", False),
        ("10", (BUY, "5"), SELL, "10", True),
        ("-10", (BUY, "5"), BUY, "6", False),
        (None, None, SELL, "1", False),
    ],
)
def test_what_only_reduces_is_never_held_back_by_a_limit(
    held: str | None, works: tuple[Side, str] | None, side: Side, quantity: str, reduces: bool
) -> None:
    shop = Shop()
    if held is not None:
        shop.holding(held)
    if works is not None:
        shop.working(*works)
    order = terms(side, quantity)

    assert only_reduces(order, shop.holdings) is reduces
    limited = shop.limited(EVERY_LIMIT)
    limited.note(terms(n=9), 1)
    assert (limited.refusal(order, 1) is None) is reduces


def test_an_exit_of_what_has_not_filled_is_held_back_by_no_limit() -> None:
    shop = Shop().working(BUY, "10", "90")
    assert shop.over(of(terms(SELL, "10", "120", n=2), parent="a-101"), max_order_notional=Decimal(1_000)) is None
    assert shop.over(of(terms(SELL, "10", "120", n=2)), max_order_notional=Decimal(1_000)) is not None


def test_an_order_that_adds_no_units_leads_to_no_other_position() -> None:
    shop = Shop().holding("30")
    shop.placed(of(terms(BUY, "10", "90"), group="a-g1"))
    second = of(terms(BUY, "10", n=2), group="a-g1", type=OrderType.STOP, stop_price=Decimal(110))
    assert shop.over(second, max_position_quantity=Decimal(35)) is None
    assert shop.over(second, max_open_orders=1) == Refusal(
        "max_open_orders", "2 would be above the limit of 1 (max_open_orders)"
    )


# What affords what.


def test_a_stop_is_reckoned_at_where_it_wakes() -> None:
    stop = of(terms(quantity="90"), type=OrderType.STOP, stop_price=Decimal(120))
    assert Shop().affords(stop) == Refusal("insufficient_cash", "10800.00 USD needed at 120, 10000 free")


def test_members_of_a_group_need_the_cash_of_the_dearest_once() -> None:
    shop = Shop()
    shop.placed(of(terms(quantity="90", limit="100"), group="a-g1"))
    dearer = of(terms(quantity="90", n=2), group="a-g1", type=OrderType.STOP, stop_price=Decimal(110))
    too_dear = of(dearer, group="a-g1", stop_price=Decimal(120))
    assert shop.affords(dearer) is None
    assert shop.affords(too_dear) == Refusal("insufficient_cash", "1800.00 USD needed at 120, 1000.00 free")


def test_exits_of_what_has_not_filled_are_not_short() -> None:
    shop = Shop().working(BUY, "10", "90")
    stop = of(terms(SELL, "10", n=2), parent="a-101", type=OrderType.STOP, stop_price=Decimal(80))
    assert shop.affords(stop) is None


def test_an_exit_of_what_was_sold_meanwhile_is_short() -> None:
    shop = Shop()
    entry = shop.placed(terms(BUY, "10", "90"))
    shop.filled(entry, "10")
    shop.filled(shop.placed(terms(SELL, "10", n=2)), "10")
    assert shop.affords(of(terms(SELL, "10", n=3), parent="a-1")) == Refusal(
        "short_not_allowed", "selling 10 AAA with 0 held and 0 already offered would be short"
    )


# Reduce-only.


@pytest.mark.parametrize(
    ("held", "works", "side", "quantity", "sentence"),
    [
        ("10", None, SELL, "10", None),
        ("10", None, SELL, "11", "a sell of 11 AAA could do more than reduce: 10 held, 0 works already"),
        ("10", None, BUY, "1", "a buy of 1 AAA could do more than reduce: 10 held, 0 works already"),
        ("10", (SELL, "4"), SELL, "6", None),
        ("10", (SELL, "4"), SELL, "7", "a sell of 7 AAA could do more than reduce: 10 held, 4 works already"),
        ("-10", None, BUY, "10", None),
        ("-10", (BUY, "5"), BUY, "6", "a buy of 6 AAA could do more than reduce: -10 held, 5 works already"),
        (None, None, SELL, "1", "a sell of 1 AAA could do more than reduce: 0 held, 0 works already"),
    ],
)
def test_a_reduce_only_order_only_reduces(
    held: str | None, works: tuple[Side, str] | None, side: Side, quantity: str, sentence: str | None
) -> None:
    shop = Shop()
    if held is not None:
        shop.holding(held)
    if works is not None:
        shop.working(*works)
    order = of(terms(side, quantity, n=9), reduce_only=True)
    assert more_than_reduces(order, shop.holdings) == (Refusal("reduce_only", sentence) if sentence else None)
    assert more_than_reduces(of(order, reduce_only=False), shop.holdings) is None
    if sentence is None:
        assert shop.limited(EVERY_LIMIT).refusal(order, 1) is None


def test_two_reduce_only_orders_of_a_group_may_each_close_the_position() -> None:
    shop = Shop().holding("10")
    shop.placed(of(terms(SELL, "10", "120"), group="a-g1", reduce_only=True))
    assert more_than_reduces(of(terms(SELL, "10", "90", n=2), group="a-g1", reduce_only=True), shop.holdings) is None


# Beside other orders.


@pytest.mark.parametrize(
    ("order", "code", "sentence"),
    [
        (of(terms(SELL), parent="a-77"), "unknown_parent", "order a-77, its parent, is not known"),
        (of(terms(SELL), parent="a-1"), "parent_ended", "order a-1, its parent, is over and has filled nothing"),
        (of(terms(SELL), parent="a-2"), "parent_ended", "order a-2, its parent, is over and has filled nothing"),
        (of(terms(SELL, "11"), parent="a-3"), "bad_contingency", "an exit of a-3 is of 10 at most, not of 11"),
        (of(terms(SELL, "5"), parent="a-4"), "bad_contingency", "an exit of a-4 is of 4 at most, not of 5"),
        (of(terms(BUY), parent="a-3"), "bad_contingency", "an exit of a-3 is a sell of AAA, not a buy of AAA"),
        (
            of(terms(SELL, symbol="BBB"), parent="a-3"),
            "bad_contingency",
            "an exit of a-3 is a sell of AAA, not a sell of BBB",
        ),
        (of(terms(SELL), parent="a-5"), "bad_contingency", "a-5 has exits already (a-6); use one group for all"),
        (
            of(terms(SELL), parent="a-7", group="a-g9"),
            "bad_contingency",
            "a-7 has exits already (a-g1); use one group for all",
        ),
        (of(terms(), group="b-g1"), "bad_contingency", "'b-g1' is no group of a; one_cancels_other() gives a new one"),
        (of(terms(), group="a-9"), "bad_contingency", "'a-9' is no group of a; one_cancels_other() gives a new one"),
        (of(terms(symbol="BBB"), group="a-g2"), "bad_contingency", "group a-g2 is of AAA, not of BBB"),
        (of(terms(), group="a-g3"), "bad_contingency", "group a-g3 is over"),
        (
            of(terms(SELL), parent="a-3", group="a-g2"),
            "bad_contingency",
            "the parent of group a-g2 is none; it has no other",
        ),
        (of(terms(SELL), group="a-g1"), "bad_contingency", "the parent of group a-g1 is a-7; it has no other"),
    ],
)
def test_an_order_that_cannot_hang_on_what_it_names_is_refused(order: OrderTerms, code: str, sentence: str) -> None:
    shop = Shop()
    shop.orders.add(terms())  # refused before it was one
    shop.orders.apply(report(shop.placed(terms(n=2)).terms, ReportKind.CANCELLED))
    shop.placed(terms(BUY, "10", "90", n=3))
    partly = shop.placed(terms(BUY, "10", "90", n=4))
    shop.filled(partly, "4")
    shop.orders.apply(report(partly.terms, ReportKind.CANCELLED))
    shop.placed(terms(BUY, "10", "90", n=5))
    shop.placed(of(terms(SELL, "10", "120", n=6), parent="a-5"))
    shop.placed(terms(BUY, "10", "90", n=7))
    shop.placed(of(terms(SELL, "10", "120", n=8), parent="a-7", group="a-g1"))
    shop.placed(of(terms(BUY, "10", "90", n=9), group="a-g2"))
    shop.orders.apply(report(shop.placed(of(terms(n=10), group="a-g3")).terms, ReportKind.CANCELLED))

    asked = of(order, parent=order.parent_id, group=order.group_id, order_id="a-99")
    assert contingency_refusal(asked, shop.orders) == Refusal(code, sentence)


def test_an_order_that_can_hang_on_what_it_names_is_not() -> None:
    shop = Shop()
    shop.placed(terms(BUY, "10", "90"))
    for n in (2, 3):
        exit_ = of(terms(SELL, "10", "120", n=n), parent="a-1", group="a-g1")
        assert contingency_refusal(exit_, shop.orders) is None
        shop.placed(exit_)
    partly = shop.placed(terms(BUY, "10", "90", n=4))
    shop.filled(partly, "4")
    shop.orders.apply(report(partly.terms, ReportKind.CANCELLED))
    assert contingency_refusal(of(terms(SELL, "4", n=5), parent="a-4"), shop.orders) is None
    assert contingency_refusal(of(terms(BUY, "4", n=6), group="a-g2"), shop.orders) is None


# Amendments.


def amend(shop: Shop, order: Order, admission: Admission | None = None, /, **changes: str) -> Refusal | None:
    """What all rules say to other numbers of an order."""
    numbers = {field: Decimal(number) for field, number in changes.items()}
    asked = msgspec.structs.replace(order.terms, **numbers)
    rules = admission or shop.admission()
    return rules.amend_misfit(asked) or rules.excess(asked, 1)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"quantity": "100"}, None),
        ({"quantity": "101"}, "4590.00 USD needed at 90, 4500.00 free"),
        ({"limit_price": "180"}, None),
        ({"limit_price": "181"}, "4550.00 USD needed at 181, 4500.00 free"),
        ({"limit_price": "50"}, None),
        ({"quantity": "1"}, None),
    ],
)
def test_an_amendment_needs_the_cash_that_it_takes_more(changes: dict[str, str], sentence: str | None) -> None:
    shop = Shop()
    order = shop.placed(terms(BUY, "50", "90"))
    shop.placed(terms(BUY, "10", "100", n=2))
    assert amend(shop, order, **changes) == (Refusal("insufficient_cash", sentence) if sentence else None)


def test_an_amendment_may_sell_what_its_own_order_offers() -> None:
    shop = Shop().holding("10").working(SELL, "4", "110")
    order = shop.placed(terms(SELL, "5", "110", n=2))
    assert amend(shop, order, quantity="6") is None
    assert amend(shop, order, quantity="7") == Refusal(
        "short_not_allowed", "selling 2 AAA with 10 held and 9 already offered would be short"
    )


def test_an_amendment_is_no_further_order_and_its_own_claim_is_replaced() -> None:
    shop = Shop()
    order = shop.placed(terms(BUY, "10", "90"))
    limits = shop.admission(max_open_orders=1, max_position_quantity=Decimal(15))
    assert amend(shop, order, limits, quantity="15") is None
    assert amend(shop, order, limits, quantity="16") == Refusal(
        "max_position_quantity", "16 would be above the limit of 15 (max_position_quantity)"
    )


def test_less_is_always_allowed_whatever_the_position_has_become() -> None:
    shop = Shop()
    order = shop.placed(terms(BUY, "10", "90"))
    shop.holding("50")
    assert amend(shop, order, shop.admission(max_position_quantity=Decimal(20)), quantity="5") is None


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (OrderChange.REQUEST_CANCEL, "pending"),
        (OrderChange.REQUEST_REPLACE, "pending"),
        (OrderChange.CANCEL, "not_open"),
    ],
)
def test_what_is_over_or_under_way_is_not_amended(change: OrderChange, code: str) -> None:
    shop = Shop()
    order = shop.placed(terms(BUY, "10", "90"))
    shop.orders.change(order, change, 2)
    refusal = amend(shop, order, quantity="5")
    assert refusal is not None
    assert refusal.code == code


def test_an_amendment_that_is_not_answered_forbids_the_next_also_when_its_order_was_lost() -> None:
    shop = Shop()
    order = shop.placed(terms(BUY, "10", "90"))
    shop.orders.amend(order, msgspec.structs.replace(order.terms, quantity=Decimal(12)), 2)
    shop.orders.change(order, OrderChange.LOSE, 3)
    refusal = amend(shop, order, quantity="5")
    assert refusal == Refusal("pending", "order a-1 has a cancel or an amendment under way; wait for it")


def test_an_order_that_was_forgotten_is_not_amended() -> None:
    asked = terms(n=77)
    assert Shop().admission().amend_misfit(asked) == Refusal("not_open", "order a-77 is not known")


def test_an_exit_grows_no_larger_than_its_parent() -> None:
    shop = Shop()
    shop.placed(terms(BUY, "10", "90"))
    exit_ = shop.placed(of(terms(SELL, "5", "120", n=2), parent="a-1"))
    assert amend(shop, exit_, quantity="10") is None
    assert amend(shop, exit_, quantity="11") == Refusal("bad_contingency", "an exit of a-1 is of 10 at most, not of 11")
