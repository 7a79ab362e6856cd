"""Laws of the simulated market, over any story of prices, orders and cancels of two symbols in two currencies."""

import math
from collections import defaultdict
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from brokers.simulated.costs import FixedSlippage, PercentCommission
from brokers.simulated.market import SimulatedMarket
from brokers.simulated.matching import RULES, edges
from tests.market_builders import (
    EUR,
    USD,
    Happening,
    a_bar,
    a_quote,
    a_trade,
    an_instrument,
    an_order,
    cancel,
    changed,
    flat,
    play,
    play_both,
    through_msgpack,
)
from trading.commands import WireSubmit
from trading.market_data import Bar, MarketEvent, Quote, Trade
from trading.money import ZERO
from trading.orders import OrderTerms, Side
from trading.reports import ExecutionReport, Fill, Liquidity

INSTRUMENTS = {
    "AAA": an_instrument("AAA", currency=USD, lot="0.1"),
    "BBB": an_instrument("BBB", currency=EUR, tick="0.05", lot="1"),
}
CASH = {"USD": Decimal(5_000), "EUR": Decimal(5_000)}
HOLDINGS = {"AAA": Decimal(20), "BBB": Decimal(20)}
KINDS = st.sampled_from(["quotes", "trades", "bars"])


def a_market(kinds: dict[str, str], *, backwards: bool = False) -> SimulatedMarket:
    symbols = sorted(INSTRUMENTS, reverse=backwards)
    market = SimulatedMarket(
        instruments={symbol: INSTRUMENTS[symbol] for symbol in symbols},
        cash=CASH,
        match_on=kinds,
        slippage=FixedSlippage(3),
        commission=PercentCommission(Decimal("0.15")),
    )
    market.restore({**market.state(), "positions": HOLDINGS})
    return market


@st.composite
def events(draw: st.DrawFn, symbol: str) -> MarketEvent:
    """A bar, quote or trade near 100, also between ticks; a quote may lack a side."""
    low, first, second, high = sorted(draw(st.lists(st.integers(97_000, 103_000), min_size=4, max_size=4)))
    match draw(KINDS):
        case "quotes":
            missing = draw(st.sampled_from([None, None, None, "bid", "ask"]))
            bid, ask = (0.0 if missing == "bid" else first / 1_000), (0.0 if missing == "ask" else second / 1_000)
            return a_quote(bid, ask, symbol=symbol)
        case "trades":
            return a_trade(first / 1_000, symbol=symbol)
        case _:
            o, c = (first, second) if draw(st.booleans()) else (second, first)
            return a_bar(o / 1_000, high / 1_000, low / 1_000, c / 1_000, symbol=symbol)


@st.composite
def orders(draw: st.DrawFn, symbol: str, cid: str) -> WireSubmit:
    """A market or limit order, some too large for the account."""
    instrument = INSTRUMENTS[symbol]
    lots = draw(st.integers(1, 600 if symbol == "AAA" else 60))
    ticks = draw(st.none() | st.integers(int(97 / instrument.tick_size), int(103 / instrument.tick_size)))
    return an_order(
        cid,
        draw(st.sampled_from(Side)),
        f"{(lots * instrument.lot_size).normalize():f}",
        None if ticks is None else str(ticks * instrument.tick_size),
        symbol=symbol,
    )


@st.composite
def stories_of(draw: st.DrawFn, symbol: str) -> list[Happening]:
    """Events, orders and cancels of one symbol; a cancelled order may work, have ended or never have been."""
    story: list[Happening] = []
    for n in range(draw(st.integers(0, 16))):
        match draw(st.sampled_from(["event", "event", "order", "order", "cancel"])):
            case "event":
                story.append(draw(events(symbol)))
            case "order":
                story.append(draw(orders(symbol, f"{symbol}{n}")))
            case _:
                story.append(cancel(f"{symbol}{draw(st.integers(0, 16))}"))
    return story


@st.composite
def merged(draw: st.DrawFn, first: list[Happening], second: list[Happening]) -> list[Happening]:
    """Both stories in one, each in its own order."""
    rest = {True: list(reversed(first)), False: list(reversed(second))}
    story: list[Happening] = []
    while rest[True] and rest[False]:
        story.append(rest[draw(st.booleans())].pop())
    return story + rest[True][::-1] + rest[False][::-1]


@st.composite
def stories(draw: st.DrawFn) -> list[Happening]:
    return draw(merged(draw(stories_of("AAA")), draw(stories_of("BBB"))))


matchings = st.fixed_dictionaries({"AAA": KINDS, "BBB": KINDS})


def terms_of(story: list[Happening]) -> dict[str, OrderTerms]:
    return {happening.cid: happening.terms for happening in story if isinstance(happening, WireSubmit)}


def fills_of(reports: list[ExecutionReport]) -> list[Fill]:
    return [report.fill for report in reports if report.fill is not None]


@given(kinds=matchings, story=stories())
def test_a_fill_is_at_a_price_that_was_there_and_within_the_limit(
    kinds: dict[str, str], story: list[Happening]
) -> None:
    market, current = a_market(kinds), dict[tuple[str, type], MarketEvent]()
    terms = terms_of(story)
    for happening in story:
        if isinstance(happening, Bar | Quote | Trade):
            current[happening.symbol, type(happening)] = happening
        for report in play(market, [happening]):
            if report.fill is not None:
                data = {"bars": Bar, "quotes": Quote, "trades": Trade}[kinds[report.fill.symbol]]
                check_price(report.fill, terms[report.cid], current[report.fill.symbol, data])


def check_price(fill: Fill, terms: OrderTerms, event: MarketEvent) -> None:
    found = fill.price - fill.slippage if fill.side is Side.BUY else fill.price + fill.slippage
    limit = terms.limit_price
    if limit is not None:
        assert fill.slippage == 0
        assert fill.price <= limit if fill.side is Side.BUY else fill.price >= limit
        if fill.liquidity is Liquidity.MAKER:
            assert fill.price == limit
    if isinstance(event, Bar):
        assert event.low <= float(found) <= event.high
        return
    reference = event.price if isinstance(event, Trade) else event.ask if fill.side is Side.BUY else event.bid
    if fill.liquidity is Liquidity.TAKER:
        assert float(found) == reference
    else:
        assert reference <= float(found) if fill.side is Side.BUY else reference >= float(found)


@given(kinds=matchings, story=stories())
def test_no_order_fills_beyond_its_quantity_or_after_its_end(kinds: dict[str, str], story: list[Happening]) -> None:
    filled: dict[str, Decimal] = defaultdict(Decimal)
    ended: set[str] = set()
    for report in play(a_market(kinds), story):
        if report.kind == "cancel_rejected":
            continue
        assert report.cid not in ended
        if report.fill is not None:
            filled[report.cid] += report.fill.quantity
        if report.kind in ("filled", "cancelled", "rejected"):
            ended.add(report.cid)

    assert all(quantity <= terms_of(story)[cid].quantity for cid, quantity in filled.items())


@given(kinds=matchings, story=stories())
def test_the_account_is_what_it_began_with_and_its_fills(kinds: dict[str, str], story: list[Happening]) -> None:
    market = a_market(kinds)
    cash, positions = dict(CASH), dict(HOLDINGS)
    for happening in story:
        for fill in fills_of(play(market, [happening])):
            cash[fill.currency] -= fill.side.signed(fill.notional)
            cash[fill.fee_currency] -= fill.fee
            positions[fill.symbol] += fill.side.signed(fill.quantity)

        account = market.account()
        assert account.cash == cash
        assert account.positions == {symbol: units for symbol, units in positions.items() if units}
        assert min(*cash.values(), *positions.values()) >= ZERO, "a cash account owes nothing"


@given(kinds=matchings, story=stories(), after=stories(), data=st.data())
def test_a_market_restored_and_told_the_rest_is_the_one_that_lived(
    kinds: dict[str, str], story: list[Happening], after: list[Happening], data: st.DataObject
) -> None:
    lived, heard = a_market(kinds), a_market(kinds)
    cut = data.draw(st.integers(0, len(story)))
    play(lived, story[:cut])
    heard.restore(through_msgpack(lived.state()))

    play_both(lived, heard, story[cut:])

    assert heard.state() == lived.state()
    assert play(heard, after) == play(lived, after)


@given(kinds=matchings, first=stories_of("AAA"), second=stories_of("BBB"), data=st.data())
def test_symbols_that_share_no_currency_do_not_hear_of_each_other(
    kinds: dict[str, str], first: list[Happening], second: list[Happening], data: st.DataObject
) -> None:
    one, other = a_market(kinds), a_market(kinds, backwards=True)

    reports = play(one, data.draw(merged(first, second)))
    others = play(other, data.draw(merged(second, first)))

    for symbol in INSTRUMENTS:
        assert [essence(r) for r in reports if r.cid.startswith(symbol)] == [
            essence(r) for r in others if r.cid.startswith(symbol)
        ]
    assert one.account() == other.account()


def shared_out(story: list[Happening]) -> list[Happening]:
    """The story with every second order given to another strategy."""
    return [
        changed(happening, strategy="other")
        if isinstance(happening, WireSubmit) and int(happening.cid[3:]) % 2
        else happening
        for happening in story
    ]


coming_events = st.lists(st.sampled_from(sorted(INSTRUMENTS)).flatmap(events), max_size=12)


@given(kinds=matchings, story=stories().map(shared_out), coming=coming_events)
def test_events_in_front_of_the_first_in_reach_bring_a_strategy_nothing_and_that_one_something(
    kinds: dict[str, str], story: list[Happening], coming: list[MarketEvent]
) -> None:
    market = a_market(kinds)
    play(market, story)
    quiet = market.in_reach("s", coming)

    assert "s" not in {report.strategy for report in play(market, coming[:quiet])}
    if quiet < len(coming):
        assert "s" in {report.strategy for report in play(market, [coming[quiet]])}


@given(
    kind=KINDS,
    side=st.sampled_from(Side),
    limit=st.floats(1e-9, 1e12).map(lambda price: Decimal(repr(price))) | st.decimals("1e-9", "1e12", places=20),
    steps=st.integers(-3, 3),
)
def test_beside_a_limit_of_any_length_floats_never_miss_what_the_market_fills(
    kind: str, side: Side, limit: Decimal, steps: int
) -> None:
    """Limits finer than a float, prices a few floats away: the rule itself decides, without tick or account."""
    rule, terms = RULES[kind], an_order("a", side, "1", str(limit)).terms
    event = flat(kind, beside(float(limit), steps))
    reached = rule.reaching(*edges([terms])["AAA"])(event)

    assert reached or rule.resting(terms, event, INSTRUMENTS["AAA"]) is None
    if steps:
        assert reached == (steps < 0 if side is Side.BUY else steps > 0)


def beside(price: float, steps: int) -> float:
    for _ in range(abs(steps)):
        price = math.nextafter(price, math.inf if steps > 0 else 0.0)
    return price


def essence(report: ExecutionReport) -> tuple[Any, ...]:
    """A report without the number of its execution, which counts the fills of all symbols."""
    fill = report.fill
    traded = None if fill is None else (fill.quantity, fill.price, fill.fee, fill.liquidity, fill.slippage)
    return report.cid, report.kind, report.code, report.reason, traded
