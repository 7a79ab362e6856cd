"""A trader's words as requests hold them. StrategyMisuse says what is wrong with a word, in the trader's own terms."""

import enum
from decimal import Decimal
from typing import Final, TypedDict, TypeVar

from trading.errors import StrategyMisuse
from trading.orders import OrderType, TimeInForce
from trading.timestamps import LAST_NS

_MOST_DIGITS: Final = 18
"""Before the point; no quantity or price of an order comes near, and with so many they fit into the core's exact
sums."""

Number = Decimal | int

Word = TypeVar("Word", bound=enum.StrEnum)


class OrderOptions(TypedDict, total=False):
    """What may be said of an order beside its symbol, side and quantity; see `Strategy.order`."""

    type: OrderType | None
    limit_price: Number | None
    stop_price: Number | None
    trail_amount: Number | None
    trail_percent: Number | None
    time_in_force: TimeInForce
    expires_ns: int | None
    post_only: bool
    reduce_only: bool
    all_or_none: bool
    parent: str
    group: str
    reason: str


def exact(number: Number) -> Decimal:
    """The number as Decimal; StrategyMisuse for a float and for what no order can have."""
    if type(number) is Decimal:
        exactly = number
    elif isinstance(number, Decimal | int):
        exactly = Decimal(number)
    else:
        raise StrategyMisuse(f"{number!r} is a {type(number).__name__}; quantities and prices of orders are Decimal")
    if not (exactly.is_finite() and (exactly.adjusted() < _MOST_DIGITS or not exactly)):
        raise StrategyMisuse(f"{exactly} is no number that an order can have")
    return exactly


def exact_if_given(number: Number | None) -> Decimal | None:
    """The number as `exact` gives it, None for none."""
    return None if number is None else exact(number)


def member(kind: type[Word], word: Word | str) -> Word:
    """The enum's own member, also for its bare text, which compares equal but is not it."""
    if type(word) is kind:
        return word
    try:
        return kind(word)
    except ValueError:
        raise StrategyMisuse(f"{word!r} is no {kind.__name__}; write one of {', '.join(kind)}") from None


def moment(name: str, ns: object) -> int:
    """A time in nanoseconds since the epoch."""
    if isinstance(ns, int) and -LAST_NS <= ns <= LAST_NS:
        return ns
    raise StrategyMisuse(f"{name} is {ns!r}; times are whole nanoseconds since the epoch")


def order_type(*, limit: bool, stop: bool, trail: bool) -> OrderType:
    """The type that the given prices speak of."""
    if trail:
        return OrderType.TRAILING_STOP
    if stop:
        return OrderType.STOP_LIMIT if limit else OrderType.STOP
    return OrderType.LIMIT if limit else OrderType.MARKET
