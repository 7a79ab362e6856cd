"""Stories of one symbol with orders of every type, drawn by Hypothesis: such as a gate would let through, some of them
too large for the account.

Prices lie near 100, sizes are small, sessions last 600 seconds of each 1000, and every event is a whole number of
minutes after the one before it, so that bars do not overlap.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from brokers.simulated.costs import FixedSlippage, PercentCommission, Tier, TieredCommission
from brokers.simulated.market import SimulatedMarket
from brokers.simulated.rules import (
    BarPrice,
    Gap,
    MarketRules,
    Path,
    QuotePrice,
    Reach,
    StopLimitInBar,
    TrailBy,
    Unaffordable,
)
from tests.market_builders import (
    Happening,
    a_bar,
    a_market,
    a_quote,
    a_trade,
    amend,
    an_instrument,
    an_order,
    cancel,
    changed,
    exit_of,
)
from trading.commands import WireSubmit
from trading.market_data import MarketEvent
from trading.orders import OrderType, Side
from trading.sessions import Schedule
from trading.timestamps import SECOND

KINDS = st.sampled_from(["quotes", "trades", "bars"])

SESSIONS = Schedule(
    [(1_000 * n + 100) * SECOND for n in range(20)],
    [(1_000 * n + 700) * SECOND for n in range(20)],
    name="nyse",
    mend="write more of them",
)

FEES = (
    PercentCommission(Decimal("0.15"), minimum=Decimal("0.10")),
    TieredCommission(
        (
            Tier(turnover=Decimal(0), maker_percent=Decimal("-0.01"), taker_percent=Decimal("0.2")),
            Tier(turnover=Decimal(2_000), maker_percent=Decimal(0), taker_percent=Decimal("0.1")),
        )
    ),
)

rules = st.builds(
    MarketRules,
    bar_price=st.sampled_from(BarPrice),
    quote_price=st.sampled_from(QuotePrice),
    stop_gap=st.sampled_from(Gap),
    limit_gap=st.sampled_from(Gap),
    limit_reach=st.sampled_from(Reach),
    path=st.sampled_from(Path),
    stop_limit_in_bar=st.sampled_from(StopLimitInBar),
    stop_limit_price=st.sampled_from(Gap),
    trail_by=st.sampled_from(TrailBy),
    unaffordable=st.sampled_from(Unaffordable),
    volume_share=st.sampled_from([None, Decimal("0.5"), Decimal(1)]),
)


@st.composite
def markets(draw: st.DrawFn, match_on: str) -> Callable[[], SimulatedMarket]:
    """A maker of markets that are all alike, of a small account that holds some units."""
    chosen: dict[str, Any] = {
        "cash": "3000",
        "holding": "15",
        "rules": draw(rules),
        "sessions": draw(st.sampled_from([SESSIONS, None])),
        "short_sales": draw(st.booleans()),
        "commission": draw(st.sampled_from(FEES)),
        "slippage": FixedSlippage(1),
        "instrument": an_instrument(min_notional="20"),
    }
    return lambda: a_market(match_on, **chosen)


cents = st.integers(9_700, 10_300).map(lambda cents: f"{Decimal(cents).scaleb(-2)}")
sizes = st.integers(0, 12).map(float)
units = st.integers(1, 12).map(str)


@st.composite
def events(draw: st.DrawFn, kind: str, at: int) -> MarketEvent:
    """A bar, quote or trade near 100, also between ticks; a price may be missing, and a quote crossed."""
    missing = draw(st.sampled_from([False] * 9 + [True]))
    one, two, three, four = (p / 1_000 for p in draw(st.lists(st.integers(97_000, 103_000), min_size=4, max_size=4)))
    if kind == "quotes":
        return a_quote(0.0 if missing else one, two, at=at, bid_size=draw(sizes), ask_size=draw(sizes))
    if kind == "trades":
        return a_trade(0.0 if missing else one, at=at, size=draw(sizes))
    high, low = max(one, two, three, four), 0.0 if missing else min(one, two, three, four)
    return a_bar(one, high, low, two, at=at, volume=draw(sizes))


@st.composite
def orders(draw: st.DrawFn, cid: str, side: Side | None = None, quantity: str | None = None) -> WireSubmit:
    """An order of any type and time in force, with flags that go with it."""
    order_type = draw(st.sampled_from(OrderType))
    side = side or draw(st.sampled_from(Side))
    flags: dict[str, Any] = {"reduce_only": draw(st.sampled_from([False, False, False, True]))}
    waiting: dict[str, Any] = draw(
        st.sampled_from([{}, {}, {"tif": "day"}, {"until": 400}, {"until": 1_500}, {"all_or_none": True}])
    )
    now = draw(st.sampled_from([{}, {}, {"tif": "ioc"}, {"tif": "fok"}]))
    match order_type:
        case OrderType.MARKET:
            terms = now or waiting
        case OrderType.LIMIT:
            terms = {"limit": draw(cents), **draw(st.sampled_from([now, waiting, {"post_only": True}]))}
        case OrderType.STOP:
            terms = {"stop": draw(cents), **waiting}
        case OrderType.STOP_LIMIT:
            terms = {"stop": draw(cents), "limit": draw(cents), **draw(st.sampled_from([waiting, {"post_only": True}]))}
        case OrderType.MARKET_IF_TOUCHED:
            terms = {"touch": draw(cents), **waiting}
        case OrderType.TRAILING_STOP:
            trail = draw(st.sampled_from(["0.50", "2", "0.3%", "1.7%"]))
            terms = {"trail": trail, "stop": draw(st.none() | cents), **waiting}
        case _:
            limit = draw(st.none() | cents)
            terms = {"auction": order_type.value[3:], "limit": limit, **draw(st.sampled_from([{}, {"tif": "day"}]))}
    return an_order(cid, side, quantity or draw(units), **terms, **flags)


@st.composite
def families(draw: st.DrawFn, cid: str) -> list[WireSubmit]:
    """An order alone, a group, a parent with an exit, or with a group of two."""
    first = draw(orders(cid))
    opposite = first.terms.side.opposite
    exits = [draw(orders(f"{cid}{place}", opposite, str(first.terms.quantity))) for place in "xy"]
    match draw(st.sampled_from(["alone", "alone", "group", "exit", "bracket"])):
        case "group":
            others = [draw(orders(f"{cid}{place}")) for place in draw(st.sampled_from(["u", "uv"]))]
            return [changed(order, group_id=f"group-{cid}") for order in (first, *others)]
        case "exit":
            return [first, exit_of(cid, exits[0])]
        case "bracket":
            return [first, *(exit_of(cid, order, f"group-{cid}") for order in exits)]
        case _:
            return [first]


@st.composite
def amendments(draw: st.DrawFn, order: WireSubmit) -> Happening:
    """Other terms of an order, of those that it has."""
    terms = order.terms
    changes: dict[str, Any] = {}
    if draw(st.booleans()):
        changes["quantity"] = draw(units)
    if terms.limit_price is not None and draw(st.booleans()):
        changes["limit_price"] = draw(cents)
    if terms.stop_price is not None and draw(st.booleans()):
        changes["stop_price"] = draw(cents)
    if terms.trail_amount is not None and draw(st.booleans()):
        changes["trail_amount"] = draw(st.sampled_from(["0.40", "3"]))
    if terms.expires_ns is not None and draw(st.booleans()):
        changes["expires_ns"] = draw(st.sampled_from([300, 900, 2_000])) * SECOND
    return amend(order, **changes)


@st.composite
def stories(draw: st.DrawFn, kind: str, *, prefix: str = "o", after: int = 0) -> list[Happening]:
    """Events after a second, orders, cancels and amendments; what is cancelled or amended may work or be over."""
    story: list[Happening] = []
    placed: list[WireSubmit] = []
    at = after
    for n in range(draw(st.integers(0, 14))):
        what = draw(st.sampled_from(["event", "event", "event", "orders", "orders", "cancel", "amend"]))
        if what == "event" or (what != "orders" and not placed):
            at += 60 * draw(st.sampled_from([1, 1, 1, 2, 7]))
            story.append(draw(events(kind, at)))
        elif what == "orders":
            family = draw(families(f"{prefix}{n}"))
            placed += family
            story += family
        elif what == "cancel":
            story.append(cancel(draw(st.sampled_from(placed)).cid))
        else:
            story.append(draw(amendments(draw(st.sampled_from(placed)))))
    return story
