"""How the simulated market matches, where venues and data sets differ, and how far off it is."""

import re
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from daemon.config.section import Section
from daemon.config.values import Positive, written
from trading.timestamps import MILLISECOND, SECOND

_UNITS: Final = {"us": 1_000, "ms": MILLISECOND, "s": SECOND}
_DELAY: Final = re.compile(r"(0|[1-9][0-9]*)(us|ms|s)")


def _delay(value: Any) -> int:
    match = _DELAY.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("must be a delay such as 50ms, a whole number and a unit of us, ms or s")
    return int(match[1]) * _UNITS[match[2]]


def delay_text(delay_ns: int) -> str:
    """The shortest text that means a delay, such as `50ms`."""
    unit = next((unit for unit in ("s", "ms") if delay_ns % _UNITS[unit] == 0), "us")
    return f"{delay_ns // _UNITS[unit]}{unit}"


Delay = Annotated[int, BeforeValidator(_delay), WithJsonSchema({"type": "string", "pattern": f"^{_DELAY.pattern}$"})]
"""Nanoseconds, perhaps none, written as `250us`, `50ms` or `1s`."""


class LatencySettings(Section):
    """How long orders take to the market, and its reports back."""

    orders_ns: Delay = Field(
        default=written("0ms"), alias="orders", description="time that orders, cancels and amendments take"
    )
    reports_ns: Delay = Field(default=written("0ms"), alias="reports", description="time that reports take")
    jitter_ns: Delay = Field(
        default=written("0ms"), alias="jitter", description="up to so much more for each of them, drawn by the seed"
    )
    seed: int = Field(default=1, ge=0, description="another seed draws other delays")


class MarketSettings(Section):
    """The rules of the market."""

    bar_price: Literal["next_open", "next_typical", "this_close"] = Field(
        default="next_open",
        description="what a new market order meets on bars: the next open, the next bar's (high + low + close) / 3,"
        " or the close that is known already",
    )
    quote_price: Literal["bid_ask", "mid"] = Field(
        default="bid_ask", description="what takes liquidity meets on quotes: the other side, or the middle"
    )
    stop_gap: Literal["market", "order"] = Field(
        default="market", description="price of a stop that the market has jumped over: the market's, or its own"
    )
    limit_gap: Literal["market", "order"] = Field(
        default="market",
        description="price of a resting limit that a bar opens beyond: the market's, which is better, or its own",
    )
    limit_reach: Literal["touch", "through"] = Field(
        default="touch", description="whether a resting limit fills when the price touches it, or must go through"
    )
    path: Literal["nearer_extreme", "worst_case"] = Field(
        default="nearer_extreme",
        description="how prices went within a bar: from the open to the nearer of high and low first, or unknown: stops"
        " come first, and what comes to work within the bar meets only what is bad",
    )
    stop_limit_in_bar: Literal["path", "range", "next_bar"] = Field(
        default="path",
        description="where the limit of a stop-limit order is looked for in the bar that woke it: on the way after its"
        " stop, anywhere in the bar, or not before the next one",
    )
    stop_limit_price: Literal["market", "order"] = Field(
        default="market",
        description="price of a stop-limit order in the bar that woke it, where its limit is no hindrance: the"
        " market's, or its limit",
    )
    trail_by: Literal["path", "close"] = Field(
        default="path", description="what a trailing stop follows on bars: the way within them, or their closes"
    )
    unaffordable: Literal["cancel", "wait"] = Field(
        default="cancel", description="what becomes of a resting order that the account cannot carry when it would fill"
    )
    volume_share: Positive | None = Field(
        default=None,
        description='share of an event\'s volume or size that may be taken, such as "0.25"; null looks at no sizes',
    )
    latency: LatencySettings = Field(
        default=LatencySettings(), description="how long orders and reports are on their way; not at all if not given"
    )
