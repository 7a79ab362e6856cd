"""Laws of matching: at which prices orders fill, and how much of them, over any story.

Prices are judged without slippage, so that what fills is what was met.
"""

import math
from collections import defaultdict
from decimal import Decimal
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from brokers.simulated.costs import NoCommission
from brokers.simulated.rules import BarPrice, Gap, Path, QuotePrice, Reach, StopLimitInBar, TrailBy, Unaffordable
from brokers.simulated.working import STOPS, WorkingOrder
from tests.market_builders import a_trade
from tests.market_tales import (
    BOTH,
    DATA,
    INSTRUMENTS,
    Happening,
    Scope,
    Setting,
    Tale,
    examples,
    fills_of,
    played,
    reports_of,
    tales,
)
from trading.commands import WireAmend, WireCommand, WireSubmit
from trading.market_data import Bar, MarketEvent, Quote, Trade
from trading.money import ZERO
from trading.orders import OrderTerms, OrderType, Side
from trading.reports import Fill, ReportKind
from trading.timestamps import MINUTE, SECOND

NO_CAP = {"volume_share": None}
RESTS = Scope(
    types=(OrderType.LIMIT, OrderType.MARKET, OrderType.STOP, OrderType.STOP_LIMIT, OrderType.MARKET_IF_TOUCHED),
    flags=False,
    brackets=False,
    rules={"unaffordable": Unaffordable.CANCEL},
)


class Seen:
    """What an onlooker knows of a market while a story is played: the data that counts, and each order's terms."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.last: dict[str, MarketEvent] = {}
        self.before: dict[str, MarketEvent] = {}
        self.terms: dict[str, OrderTerms] = {}

    def look(self, happening: MarketEvent | WireCommand) -> None:
        """Before a happening: what it is."""
        if isinstance(happening, WireSubmit):
            self.terms.setdefault(happening.cid, happening.terms)
        elif isinstance(happening, Bar | Quote | Trade):
            symbol = happening.symbol
            last = self.last.get(symbol)
            other = isinstance(last, Bar) and isinstance(happening, Bar) and last.interval_ns != happening.interval_ns
            if type(happening) is DATA[self.setting.match_on[symbol]] and not other:
                if last is not None:
                    self.before[symbol] = last
                self.last[symbol] = happening

    def price(self, event: MarketEvent | None, side: Side) -> Decimal | None:
        """What a unit costs or brings at the end of an event."""
        match event:
            case Bar(close=price) | Trade(price=price):
                return Decimal(repr(price)) if 0.0 < price < math.inf else None
            case Quote(bid=bid, ask=ask):
                if self.setting.rules.quote_price is QuotePrice.BID_ASK:
                    price = ask if side is Side.BUY else bid
                    return Decimal(repr(price)) if 0.0 < price < math.inf else None
                if not (0.0 < bid < math.inf and 0.0 < ask < math.inf):
                    return None
                rounded = INSTRUMENTS[event.symbol].worse_price(Decimal(repr((bid + ask) / 2)), side)
                low, high = sorted((Decimal(repr(bid)), Decimal(repr(ask))))
                return min(max(rounded, low), high)
        return None


# Prices.


@examples(150)
@given(tale=tales())
def test_no_fill_is_beyond_its_limit_or_where_the_market_was_not(tale: Tale) -> None:
    seen, market = Seen(tale.setting), tale.setting.market()
    rested: dict[str, WorkingOrder] = {}
    for happening, effects in played(market, tale.story):
        seen.look(happening)
        for report in reports_of(effects):
            if report.terms is not None:
                seen.terms[report.cid] = report.terms
            if report.fill is not None:
                check_price(report.fill, seen.terms[report.cid], seen, rested.get(report.cid), happening)
        units = {order.cid for order in market.working() if may_trade(market.state()["groups"], order)}
        rested = {order.cid: msgspec.structs.replace(order) for order in market.working() if order.cid in units}


def may_trade(groups: dict[str, Any], order: WorkingOrder) -> bool:
    group = next((group for group in groups.values() if order.terms.order_id in group.members), None)
    return group is None or group.most(order.remaining) > 0


def check_price(
    fill: Fill, terms: OrderTerms, seen: Seen, rested: WorkingOrder | None, happening: MarketEvent | WireCommand
) -> None:
    price, limit, rules = fill.price, terms.limit_price, seen.setting.rules
    buys = fill.side is Side.BUY
    assert fill.slippage == ZERO
    if limit is not None:
        assert price <= limit if buys else price >= limit
    event = seen.last[fill.symbol]
    if terms.type is OrderType.ON_CLOSE and price == seen.price(seen.before.get(fill.symbol), fill.side):
        return
    if rested is not None and isinstance(happening, Bar | Quote | Trade):
        at_stop = rested.sleeps and terms.type in STOPS and rules.stop_gap is Gap.ORDER
        if at_stop and (price == rested.stop_price or terms.type is OrderType.TRAILING_STOP):
            return
    if isinstance(event, Bar) and not isinstance(happening, WireSubmit | WireAmend):
        prices = [Decimal(repr(one)) for one in (event.open, event.high, event.low, event.close)]
        if min(prices) <= price <= max(prices):
            return
        assert price == limit
        if terms.type is OrderType.STOP_LIMIT and rules.stop_limit_price is Gap.ORDER:
            return
        assert rules.limit_gap is Gap.ORDER or terms.post_only
        assert max(prices) < price if buys else min(prices) > price
        return
    reference = seen.price(event, fill.side)
    assert reference is not None
    if price != reference:
        assert price == limit
        assert reference < price if buys else reference > price


STOPS_ALONE = (OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP, OrderType.LIMIT, OrderType.MARKET)


@examples(250)
@given(tale=tales(Scope(types=STOPS_ALONE, flags=False)))
def test_a_stop_never_fills_better_than_its_trigger_and_at_its_trigger_where_nothing_jumped(tale: Tale) -> None:
    seen, market = Seen(tale.setting), tale.setting.market()
    rested: dict[str, WorkingOrder] = {}
    for happening, effects in played(market, tale.story):
        seen.look(happening)
        woken: set[str] = set()
        for report in reports_of(effects):
            seen.terms[report.cid] = report.terms or seen.terms.get(report.cid)  # type: ignore[assignment]
            if report.kind is ReportKind.TRIGGERED:
                woken.add(report.cid)
            elif report.fill is not None and report.cid in woken and seen.terms[report.cid].limit_price is None:
                woken.remove(report.cid)  # what its parent brings in later in the event is traded at the market
                check_stop(report.fill, seen, rested.get(report.cid), happening, seen.terms[report.cid])
        groups = market.state()["groups"]
        rested = {o.cid: msgspec.structs.replace(o) for o in market.working() if may_trade(groups, o)}


def check_stop(
    fill: Fill, seen: Seen, rested: WorkingOrder | None, happening: MarketEvent | WireCommand, terms: OrderTerms
) -> None:
    event, rules = seen.last[fill.symbol], seen.setting.rules
    follows = terms.type is OrderType.TRAILING_STOP
    arrives = rested is None or isinstance(happening, WireSubmit | WireAmend)
    stop = rested.stop_price if rested is not None and not arrives else None if follows else terms.stop_price
    if stop is None or (follows and isinstance(event, Bar) and rules.trail_by is TrailBy.PATH):
        return
    assert fill.price >= stop if fill.side is Side.BUY else fill.price <= stop
    if arrives:
        return
    if rules.stop_gap is Gap.ORDER:
        assert fill.price == stop
    elif isinstance(event, Bar):
        first = Decimal(repr(event.open))
        assert fill.price == (max(first, stop) if fill.side is Side.BUY else min(first, stop))


@examples(200)
@given(tale=tales(msgspec.structs.replace(RESTS, rules={"limit_reach": Reach.THROUGH}, brackets=True)))
def test_where_a_limit_must_be_traded_through_a_touch_fills_nothing_at_it(tale: Tale) -> None:
    seen, market = Seen(tale.setting), tale.setting.market()
    for happening, effects in played(market, tale.story):
        seen.look(happening)
        for fill in fills_of(effects):
            if fill.liquidity == "maker":
                event = seen.last[fill.symbol]
                if isinstance(event, Bar):
                    prices = (event.open, event.high, event.low, event.close)
                    price = Decimal(repr(min(prices) if fill.side is Side.BUY else max(prices)))
                else:
                    price = seen.price(event, fill.side) or ZERO
                assert price < fill.price if fill.side is Side.BUY else price > fill.price


@examples(200)
@given(tale=tales(Scope(types=tuple(one for one in STOPS_ALONE if one is not OrderType.TRAILING_STOP))))
def test_an_order_wakes_only_where_the_market_is_at_its_stop_price_as_it_was_last_amended(tale: Tale) -> None:
    seen, market = Seen(tale.setting), tale.setting.market()
    for happening, effects in played(market, tale.story):
        seen.look(happening)
        for report in reports_of(effects):
            if report.terms is not None:
                seen.terms[report.cid] = report.terms
            if report.kind is ReportKind.TRIGGERED:
                terms = seen.terms[report.cid]
                price = furthest(seen, terms, arrives=not isinstance(happening, Bar | Quote | Trade))
                assert price is not None
                assert terms.stop_price is not None
                assert price >= terms.stop_price if terms.side is Side.BUY else price <= terms.stop_price


def furthest(seen: Seen, terms: OrderTerms, *, arrives: bool) -> Decimal | None:
    """The price of the last event that is worst for a trader."""
    event = seen.last[terms.symbol]
    if not isinstance(event, Bar) or arrives:
        return seen.price(event, terms.side)
    prices = (event.open, event.high, event.low, event.close)
    return Decimal(repr(max(prices) if terms.side is Side.BUY else min(prices)))


@examples(250)
@given(tale=tales(RESTS))
def test_what_the_market_has_reached_does_not_rest_unless_nothing_is_left_of_the_event(tale: Tale) -> None:
    seen, market = Seen(tale.setting), tale.setting.market(cash="10000", holding="100")
    used: dict[tuple[int, str], Decimal] = defaultdict(Decimal)
    for happening, effects in played(market, tale.story):
        seen.look(happening)
        woken = {report.cid for report in reports_of(effects) if report.kind is ReportKind.TRIGGERED}
        if (event := seen.last.get("AAA")) is None:
            continue
        for fill in fills_of(effects):
            used[pool_of(event, fill.side)] += fill.quantity
        arrives = isinstance(happening, WireSubmit | WireAmend) and not isinstance(event, Bar)
        for order in market.working() if event is happening or arrives else ():
            if arrives and order.cid != happening.cid:  # type: ignore[union-attr]
                continue
            reached = is_reached(order, seen, arrives=arrives)
            assert not (reached and order.sleeps)
            if reached and order.cid not in woken:
                share, side = tale.setting.rules.volume_share, order.terms.side
                assert share is not None
                offered = INSTRUMENTS["AAA"].whole_lots(Decimal(repr(size_of(event, side))) * share)
                assert used[pool_of(event, side)] == offered


def is_reached(order: WorkingOrder, seen: Seen, *, arrives: bool) -> bool:
    """Whether the last event has come to what an order waits for; to touch a limit that rests may not do."""
    side, rules, event = order.terms.side, seen.setting.rules, seen.last["AAA"]
    if isinstance(event, Bar):
        prices = [event.open, event.high, event.low, event.close]
        if not all(0.0 < price < math.inf for price in prices):
            return False
        low, high = Decimal(repr(min(prices))), Decimal(repr(max(prices)))
    else:
        price = seen.price(event, side)
        if price is None:
            return False
        low = high = price
    level = order.stop_price if order.sleeps else order.terms.limit_price
    if level is None:
        return True
    buys_low = order.terms.type is not OrderType.STOP and (order.terms.type is not OrderType.STOP_LIMIT or order.awake)
    falls = (side is Side.BUY) is buys_low
    if not order.sleeps and rules.limit_reach is Reach.THROUGH and not arrives:
        return low < level if falls else high > level
    return low <= level if falls else high >= level


def pool_of(event: MarketEvent, side: Side) -> tuple[int, str]:
    """Of what is there in an event, what is for a side: bid and ask have sizes of their own."""
    return id(event), str(side) if isinstance(event, Quote) else ""


# Quantities.


@examples(250)
@given(tale=tales(BOTH), whole=st.booleans())
def test_no_order_fills_beyond_its_quantity_and_no_event_gives_more_than_its_share(tale: Tale, whole: bool) -> None:
    share = Decimal(1) if whole else Decimal("0.25")
    rules = msgspec.structs.replace(tale.setting.rules, volume_share=share)
    setting = msgspec.structs.replace(tale.setting, rules=rules)
    seen, market = Seen(setting), setting.market(cash="10000", holding="100")
    filled: dict[str, Decimal] = defaultdict(Decimal)
    used: dict[tuple[int, str], Decimal] = defaultdict(Decimal)
    for happening, effects in played(market, tale.story):
        seen.look(happening)
        for report in reports_of(effects):
            if report.terms is not None:
                seen.terms[report.cid] = report.terms
            if (fill := report.fill) is None:
                continue
            filled[report.cid] += fill.quantity
            assert filled[report.cid] <= seen.terms[report.cid].quantity
            instrument, event = INSTRUMENTS[fill.symbol], seen.last[fill.symbol]
            assert instrument.on_lot(fill.quantity)
            pool = pool_of(event, fill.side)
            used[pool] += fill.quantity
            assert used[pool] <= instrument.whole_lots(Decimal(repr(size_of(event, fill.side))) * share)


def size_of(event: MarketEvent, side: Side) -> float:
    if isinstance(event, Quote):
        size = event.ask_size if side is Side.BUY else event.bid_size
    else:
        size = event.volume if isinstance(event, Bar) else event.size
    return size if size < math.inf else 0.0


@examples(200)
@given(tale=tales())
def test_orders_that_take_all_or_nothing_do(tale: Tale) -> None:
    terms: dict[str, OrderTerms] = {}
    filled: dict[str, Decimal] = defaultdict(Decimal)
    for happening, effects in played(tale.setting.market(), tale.story):
        if isinstance(happening, WireSubmit):
            terms[happening.cid] = happening.terms
        for report in reports_of(effects):
            if report.terms is not None:
                terms[report.cid] = report.terms
            if report.fill is not None:
                filled[report.cid] += report.fill.quantity
                if terms[report.cid].all_or_none or terms[report.cid].time_in_force == "fok":
                    assert filled[report.cid] == terms[report.cid].quantity


# What does not matter.


@examples(150)
@given(
    tale=tales(Scope(brackets=False, groups=False, amends=False, rules=NO_CAP, faults=False)),
    data=st.randoms(use_true_random=False),
)
def test_of_orders_that_come_together_it_does_not_matter_which_came_first(tale: Tale, data: Any) -> None:
    story = [one for one in tale.story if not reduces(one)]
    shuffled: list[Happening] = []
    together: list[Happening] = []
    for happening in [*story, None]:
        if isinstance(happening, WireSubmit):
            together.append(happening)
            continue
        data.shuffle(together)
        shuffled += [*together, *([] if happening is None else [happening])]
        together = []
    told = []
    for one in (story, shuffled):
        market = tale.setting.market(cash="1000000", holding="10000", commission=NoCommission())
        told.append(fills_by_order(effects for _, effects in played(market, one)))
    assert told[0] == told[1]


def reduces(happening: Happening) -> bool:
    """Reduce-only orders share one position."""
    return isinstance(happening, WireSubmit) and happening.terms.reduce_only


def fills_by_order(told: Any) -> dict[str, list[Fill]]:
    found: dict[str, list[Fill]] = defaultdict(list)
    for effects in told:
        for fill in fills_of(effects):
            found[fill.order_id].append(msgspec.structs.replace(fill, execution_id=""))
    return found


# A bar and the ticks that it is made of.

RESTING = (
    OrderType.MARKET,
    OrderType.LIMIT,
    OrderType.STOP,
    OrderType.STOP_LIMIT,
    OrderType.MARKET_IF_TOUCHED,
    OrderType.TRAILING_STOP,
)
ONE_BAR = Scope(
    kinds=("bars",),
    types=RESTING,
    flags=False,
    amends=False,
    cancels=False,
    faults=False,
    short_days=False,
    rules={
        "bar_price": BarPrice.NEXT_OPEN,
        "path": Path.NEARER_EXTREME,
        "limit_gap": Gap.ORDER,
        "limit_reach": Reach.TOUCH,
        "stop_limit_in_bar": StopLimitInBar.PATH,
        "stop_limit_price": Gap.MARKET,
        "trail_by": TrailBy.PATH,
        "volume_share": None,
    },
)
quarters = st.integers(380, 420).map(lambda quarter: quarter / 4)


@st.composite
def bars(draw: st.DrawFn) -> Bar:
    low, first, second, high = sorted(draw(st.lists(quarters, min_size=4, max_size=4)))
    open_, close = (first, second) if draw(st.booleans()) else (second, first)
    return Bar("AAA", 200 * MINUTE, MINUTE, open_, high, low, close, 1_000.0)


def nearer_extreme(bar: Bar) -> list[float]:
    """The open, the extreme nearer to it, the other one, the close; of equal ones that which is away from the close."""
    up, down = bar.high - bar.open, bar.open - bar.low
    extremes = [bar.low, bar.high] if down < up or (down == up and bar.close >= bar.open) else [bar.high, bar.low]
    return [bar.open, *extremes, bar.close]


def ticks_along(points: list[float], step: float) -> list[float]:
    """Each point, and on the way to it a price at each step."""
    prices = points[:1]
    for point in points[1:]:
        while abs(point - prices[-1]) > step:
            prices.append(prices[-1] + math.copysign(step, point - prices[-1]))
        prices.append(point)
    return prices


def filled_in(tale: Tale, orders: list[Happening], kind: str, events: list[MarketEvent]) -> dict[str, list[Fill]]:
    """What fills of orders that were there before the first event."""
    market = msgspec.structs.replace(tale.setting, match_on={"AAA": kind}).market(
        cash="1000000", holding="0", commission=NoCommission(), short_sales=True
    )
    return fills_by_order(effects for _, effects in played(market, [*orders, *events]))


def orders_of(tale: Tale) -> list[Happening]:
    """Those that rest: what must be there at once is another order on a tick."""
    return [
        one
        for one in tale.story
        if isinstance(one, WireSubmit)
        and one.terms.time_in_force not in ("ioc", "fok", "gtd")
        and one.terms.trail_percent is None
    ]


@examples(200)
@given(tale=tales(ONE_BAR, least=6, most=16), bar=bars())
def test_the_ticks_along_the_way_of_a_bar_fill_what_the_bar_fills_at_the_same_prices(tale: Tale, bar: Bar) -> None:
    orders = orders_of(tale)
    ticks = [a_trade(price, at=bar.ts_ns // SECOND) for price in ticks_along(nearer_extreme(bar), 0.25)]
    by_bar, by_ticks = filled_in(tale, orders, "bars", [bar]), filled_in(tale, orders, "trades", [*ticks])
    traded = [
        {order_id: [(fill.quantity, fill.price) for fill in fills] for order_id, fills in found.items()}
        for found in (by_bar, by_ticks)
    ]
    assert traded[0] == traded[1]


@examples(200)
@given(
    tale=tales(
        msgspec.structs.replace(ONE_BAR, brackets=False, groups=False, types=(OrderType.LIMIT,)), least=6, most=16
    ),
    bar=bars(),
    high_first=st.booleans(),
    between=st.lists(st.tuples(st.integers(1, 3), st.floats(0.0, 1.0)), max_size=6),
    through=st.booleans(),
)
def test_no_ticks_that_a_bar_is_made_of_fill_a_limit_that_the_bar_does_not(
    tale: Tale, bar: Bar, high_first: bool, between: list[tuple[int, float]], through: bool
) -> None:
    extremes = [bar.high, bar.low] if high_first else [bar.low, bar.high]
    path = [bar.open, *extremes, bar.close]
    extra = [bar.low + share * (bar.high - bar.low) for _, share in between]
    prices = [path[0]]
    for leg, point in enumerate(path[1:], start=1):
        prices += [price for (at, _), price in zip(between, extra, strict=True) if at == leg]
        prices.append(point)
    if through:
        rules = msgspec.structs.replace(tale.setting.rules, limit_reach=Reach.THROUGH)
        tale = Tale(msgspec.structs.replace(tale.setting, rules=rules), tale.story)
    orders = orders_of(tale)
    ticks: list[MarketEvent] = [a_trade(price, at=bar.ts_ns // SECOND) for price in prices]
    assert filled_in(tale, orders, "trades", ticks).keys() == filled_in(tale, orders, "bars", [bar]).keys()
