"""Whether an order may be: each refusal by its code and its sentence, and what is never refused."""

from collections.abc import Callable
from decimal import Decimal

import msgspec
import pytest

from tests.builders import fill, terms
from tests.market_builders import EUR, an_instrument
from trading.admission import ContainerHoldings, Refusal, malformed, only_reduces, over_limit, unaffordable, worst_case
from trading.instruments import Instrument
from trading.limits import RiskLimits
from trading.order_manager import OrderManager
from trading.orders import OrderChange, OrderTerms, OrderType, Side
from trading.portfolio import VirtualPortfolio

BUY, SELL = Side.BUY, Side.SELL
INSTRUMENTS = {
    "AAA": an_instrument("AAA"),
    "BBB": an_instrument("BBB"),
    "EEE": an_instrument("EEE", currency=EUR),
}
PRICES = {"AAA": Decimal(100), "BBB": Decimal(50), "EEE": Decimal(10)}


def price_of(symbol: str) -> Decimal | None:
    return PRICES.get(symbol)


def unpriced(_: str) -> Decimal | None:
    return None


class Shop:
    """One container's books: 10,000 USD, what it holds and what works."""

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
        n = self.orders.added + 1
        order = self.orders.add(terms(side, quantity, limit, n=n, symbol=symbol))
        self.orders.change(order, OrderChange.VALIDATE, 1)
        return self

    def over(self, order: OrderTerms, **limits: Decimal | int) -> Refusal | None:
        """What the limits say to an order."""
        return over_limit(order, RiskLimits(**limits), INSTRUMENTS, self.holdings, price_of)  # type: ignore[arg-type]

    def affords(self, order: OrderTerms, prices: Callable[[str], Decimal | None] = price_of) -> Refusal | None:
        """What a cash account says to an order."""
        return unaffordable(order, INSTRUMENTS[order.symbol], self.holdings, prices)


def of_type(order_type: OrderType, limit: str | None) -> OrderTerms:
    return msgspec.structs.replace(terms(limit=limit), type=order_type)


LOTS = an_instrument(lot="10")
LARGE = msgspec.structs.replace(an_instrument(), min_quantity=Decimal(5))


@pytest.mark.parametrize(
    ("order", "instrument", "code", "reason"),
    [
        (terms(quantity="0"), an_instrument(), "bad_quantity", "quantity 0 is not above zero"),
        (terms(quantity="-1"), an_instrument(), "bad_quantity", "quantity -1 is not above zero"),
        (terms(quantity="NaN"), an_instrument(), "bad_quantity", "quantity NaN is not above zero"),
        (terms(quantity="Infinity"), an_instrument(), "bad_quantity", "quantity Infinity is not above zero"),
        (terms(quantity="15"), LOTS, "bad_quantity", "quantity 15 is not a whole number of lots of 10"),
        (terms(quantity="4"), LARGE, "bad_quantity", "quantity 4 is below the minimum of 5"),
        (of_type(OrderType.LIMIT, None), an_instrument(), "bad_price", "a limit order needs limit price"),
        (of_type(OrderType.MARKET, "1"), an_instrument(), "bad_price", "a market order takes no limit price"),
        *(
            (
                terms(limit=limit),
                an_instrument(),
                "bad_price",
                f"limit price {limit} is not a positive whole number of ticks of 0.01",
            )
            for limit in ("0", "-1", "1.005", "NaN", "Infinity")
        ),
    ],
)
def test_an_order_whose_numbers_do_not_fit_is_refused(
    order: OrderTerms, instrument: Instrument, code: str, reason: str
) -> None:
    assert malformed(order, instrument) == Refusal(code, reason)


@pytest.mark.parametrize("order", [terms(), terms(limit="0.01"), terms(quantity="1e3"), terms(limit="100.00")])
def test_an_order_whose_numbers_fit_is_not(order: OrderTerms) -> None:
    assert malformed(order, an_instrument()) is None


# The cash account.


def test_nothing_is_affordable_without_a_price_but_what_names_its_own() -> None:
    assert Shop().affords(terms(), unpriced) == Refusal(
        "no_price", "no price of AAA has been heard yet; subscribe to it"
    )
    assert Shop().affords(terms(limit="100"), unpriced) is None


def test_an_order_worth_too_little_is_refused() -> None:
    picky = an_instrument(min_notional="500")
    refusal = unaffordable(terms(quantity="4"), picky, Shop().holdings, price_of)
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
    ("max_exposure_notional", Decimal(4_999), terms(), "5000.00 would be above the limit of 4999"),
    ("max_position_equity_share", Decimal("0.34"), terms(), "3500.00 would be above the limit of 3400.0000"),
    ("max_exposure_equity_share", Decimal("0.49"), terms(), "5000.00 would be above the limit of 4900.0000"),
]


@pytest.mark.parametrize(("name", "limit", "order", "sentence"), LIMITS)
def test_a_limit_refuses_what_would_break_it_in_the_worst_case(
    name: str, limit: Decimal | int, order: OrderTerms, sentence: str
) -> None:
    # 20 held, 5 more on their way; 30 of BBB, worth 1,500; euros count by themselves.
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
        ("max_exposure_notional", Decimal(5_000)),
        ("max_position_equity_share", Decimal("0.35")),
        ("max_exposure_equity_share", Decimal("0.5")),
    ],
)
def test_a_limit_that_is_just_met_lets_pass(name: str, limit: Decimal | int) -> None:
    shop = Shop().holding("20").working(BUY, "5").working(SELL, "1", "200").holding("30", "BBB").holding("50", "EEE")
    assert shop.over(terms(), **{name: limit}) is None


def test_there_is_a_row_for_every_limit() -> None:
    assert {name for name, *_ in LIMITS} == set(RiskLimits.__struct_fields__)


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


EVERY_LIMIT = RiskLimits(
    **dict.fromkeys((name for name in RiskLimits.__struct_fields__ if name != "max_open_orders"), Decimal(0)),
    max_open_orders=0,
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
    assert (over_limit(order, EVERY_LIMIT, INSTRUMENTS, shop.holdings, price_of) is None) is reduces
