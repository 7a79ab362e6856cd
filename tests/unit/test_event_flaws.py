"""What a live feed may bring as market data: finite prices above zero, or below where that can be, and sizes."""

import math
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from trading.event_flaws import flaw_of, in_floats
from trading.market_data import Bar, MarketEvent, Quote, Trade

QUOTE = Quote("AAA", 1, 99.0, 101.0, 5.0, 5.0)
TRADE = Trade("AAA", 1, 100.0, 5.0)
BAR = Bar("AAA", 60, 60, 100.0, 102.0, 99.0, 101.0, 7.0)


def flaw(event: MarketEvent, field: str, value: Any, *, may_be_negative: bool = False) -> str:
    """Of an event with one value in place of its own."""
    return flaw_of(msgspec.structs.replace(event, **{field: value}), may_be_negative=may_be_negative)


PRICES = [
    *((QUOTE, side) for side in ("bid", "ask")),
    (TRADE, "price"),
    *((BAR, price) for price in ("open", "high", "low", "close")),
]
SIZES = [(QUOTE, "bid_size"), (QUOTE, "ask_size"), (TRADE, "size"), (BAR, "volume")]
IDS = [f"{type(event).__name__}.{field}" for event, field in (*PRICES, *SIZES)]


class Float(float):
    """As some library's own."""


@pytest.mark.parametrize("may_be_negative", [False, True])
@pytest.mark.parametrize(("event", "field"), PRICES + SIZES, ids=IDS)
@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (math.nan, "nan"),
        (math.inf, "inf"),
        (-math.inf, "-inf"),
        (None, "None, a NoneType"),
        ("100.0", "'100.0', a str"),
        ("9" * 50, f"'{'9' * 39}..., a str"),
        (Decimal(100), "Decimal('100'), a Decimal"),
        (True, "True, a bool"),
        (Float(100), "100.0, a Float"),
        (1 << 63, "9223372036854775808"),
        ([100.0], "[100.0], a list"),
    ],
)
def test_what_is_no_finite_number_is_no_data(
    event: MarketEvent, field: str, value: object, shown: str, may_be_negative: bool
) -> None:
    assert flaw(event, field, value, may_be_negative=may_be_negative) == f"its {field} is {shown}"


@pytest.mark.parametrize(("event", "field"), PRICES)
def test_a_price_is_above_zero_and_an_empty_side_of_a_quote_is_zero(event: MarketEvent, field: str) -> None:
    assert flaw(event, field, -1.0) == f"its {field} is -1.0"
    assert flaw(event, field, -0.0) == flaw(event, field, 0.0).replace("0.0", "-0.0")
    assert flaw(event, field, 0) == ("" if event is QUOTE else f"its {field} is 0")


@pytest.mark.parametrize(("event", "field"), PRICES[:3])
@pytest.mark.parametrize("price", [-40.32, 0.0, -0.0, -1])
def test_where_prices_may_be_negative_they_need_only_be_finite(event: MarketEvent, field: str, price: float) -> None:
    assert flaw(event, field, price, may_be_negative=True) == ""


@pytest.mark.parametrize(("event", "field"), SIZES)
def test_a_size_may_be_zero_and_not_negative(event: MarketEvent, field: str) -> None:
    assert flaw(event, field, 0.0) == flaw(event, field, 3) == ""
    assert flaw(event, field, -0.1) == f"its {field} is -0.1"
    assert flaw(event, field, -0.1, may_be_negative=True) == f"its {field} is -0.1"


@pytest.mark.parametrize("event", [QUOTE, TRADE, BAR])
def test_a_time_is_a_whole_number_of_nanoseconds_since_1970(event: MarketEvent) -> None:
    assert flaw(event, "ts_ns", 1.5) == "its time is 1.5"
    assert flaw(event, "ts_ns", 0) == flaw(event, "ts_ns", (1 << 63) - 1) == ""
    assert flaw(event, "ts_ns", -1) == "its time is -1"
    assert flaw(event, "ts_ns", 1 << 63) == f"its time is {1 << 63}"
    assert flaw(event, "ts_ns", None) == "its time is None, a NoneType"


@pytest.mark.parametrize(
    ("prices", "flawed"),
    [
        ((100.0, 100.0, 100.0, 100.0), False),
        ((100.0, 101.0, 99.0, 99.0), False),
        ((102.0, 101.0, 99.0, 100.0), True),
        ((100.0, 101.0, 99.0, 98.0), True),
        ((100.0, 99.0, 101.0, 100.0), True),
    ],
)
def test_a_bar_lies_within_its_own_range(prices: tuple[float, float, float, float], flawed: bool) -> None:
    bar = Bar("AAA", 60, 60, *prices, 1.0)
    assert bool(flaw_of(bar, may_be_negative=False)) is flawed
    if flawed:
        assert flaw_of(bar, may_be_negative=True) == (
            f"its open {bar.open} or close {bar.close} lies outside of its low {bar.low} and high {bar.high}"
        )


def test_a_crossed_quote_is_data() -> None:
    assert flaw(QUOTE, "bid", 200.0) == ""


@pytest.mark.parametrize(("event", "field"), PRICES + SIZES, ids=IDS)
def test_whole_numbers_become_what_the_journal_gives_back(event: MarketEvent, field: str) -> None:
    whole = msgspec.structs.replace(event, **{field: 100})
    journaled = msgspec.msgpack.decode(msgspec.msgpack.encode(whole), type=type(event))
    assert repr(in_floats(whole)) == repr(journaled) != repr(whole)
    assert in_floats(event) == event
