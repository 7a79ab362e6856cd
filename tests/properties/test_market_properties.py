"""Laws of the simulated market's books, of what it tells, and of who need not hear it, over any story."""

import math
from decimal import ROUND_UP, Context, Decimal, Inexact, InvalidOperation, Rounded, localcontext
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from brokers.simulated.book import SymbolBook
from brokers.simulated.costs import FixedSlippage
from brokers.simulated.ladder import Ladder
from brokers.simulated.market import SimulatedMarket
from brokers.simulated.rules import MarketRules
from brokers.simulated.tape import TAPES
from brokers.simulated.working import WorkingOrder
from tests.market_builders import (
    a_bar,
    a_trade,
    an_order,
    buy,
    cancel,
    changed,
    exit_of,
    flat,
    sell,
    through_msgpack,
)
from tests.market_tales import (
    BEGIN_NS,
    BOTH,
    EVERYTHING,
    GROUPED,
    INSTRUMENTS,
    KINDS,
    SCARCE,
    SIDES,
    TIMED,
    TRAILING,
    Asked,
    Happening,
    Scope,
    Tale,
    a_tale,
    examples,
    fills_of,
    played,
    reports_of,
    steps_of,
    tales,
    tell,
    tradable,
)
from trading.commands import WireAmend, WireCancel, WireSubmit
from trading.market import Effect, TriggerMoved
from trading.market_data import Bar, MarketEvent, Quote, Trade
from trading.money import ZERO, total
from trading.order_manager import OrderManager
from trading.orders import TRANSITIONS, OrderChange, OrderType, Side
from trading.reports import ExecutionReport
from trading.timestamps import SECOND

ROUGH = Context(prec=2, rounding=ROUND_UP, traps=[Inexact, InvalidOperation, Rounded])
"""Raises wherever a sum or product of more than two digits is made in it."""

ANY = st.one_of([tales(scope) for scope in (EVERYTHING, BOTH, TIMED, TRAILING, GROUPED, SCARCE)])

slippages = st.sampled_from([None, FixedSlippage(3)])


# Stories that once broke a law.

HOUR = BEGIN_NS // SECOND
LOW, LOWER = buy("c1", "1", "90", until=HOUR + 180), buy("c2", "1", "91", until=HOUR + 180)
IF_THERE = [buy("c1", "1", "90", tif="ioc"), buy("c2", "1", "90", tif="ioc")]
EVEN = a_bar(100.0, 100.0, 100.0, 100.0, at=HOUR + 300)
ENTRY, LATE = sell("c1", "10", "100"), exit_of("c1", buy("c2", "10", "95"))

END_TOGETHER = a_tale("bars", LOW, LOWER, Asked("c1", LOW.terms, {"limit_price": Decimal(89)}), EVEN)
NOW_OR_NEVER = a_tale("bars", *IF_THERE, Asked("c1", IF_THERE[0].terms, {"limit_price": Decimal(89)}), EVEN)
NOWHERE_TO_BEGIN = a_tale("bars", buy("c1", "1", trail="1"), a_bar(100.0, 100.0, 0.0, 100.0, at=HOUR + 60), EVEN)
AMENDED_AFTER_ITS_PARENT = a_tale(
    "trades",
    a_trade(99.0, at=HOUR + 60, size=5.0),
    ENTRY,
    LATE,
    a_trade(100.0, at=HOUR + 120, size=5.0),
    cancel("c1"),
    Asked("c2", LATE.terms, {"quantity": Decimal(9)}),
    volume_share=Decimal(1),
)


# Books.


@examples(200)
@given(tale=tales() | tales(BOTH), slippage=slippages)
def test_the_account_is_what_it_began_with_and_its_fills_and_owes_nothing(
    tale: Tale, slippage: FixedSlippage | None
) -> None:
    market = tale.setting.market(slippage=slippage)
    account = market.account()
    cash, positions = dict(account.cash), dict(account.positions)
    for _, effects in played(market, tale.story):
        for fill in fills_of(effects):
            cash[fill.currency] -= fill.side.signed(fill.notional)
            cash[fill.fee_currency] -= fill.fee
            positions[fill.symbol] += fill.side.signed(fill.quantity)
            assert min(*cash.values(), *positions.values()) >= ZERO
        account = market.account()
        assert account.cash == cash
        assert account.positions == {symbol: units for symbol, units in positions.items() if units}


@examples(200)
@given(tale=tales())
def test_nothing_is_kept_for_orders_once_none_is_open(tale: Tale) -> None:
    market = tale.setting.market()
    for _ in played(market, tale.story):
        pass
    for order in market.working():
        market.on_command(
            WireCancel(cid=order.cid, order_id=order.terms.order_id, strategy="s", ts_ns=BEGIN_NS), BEGIN_NS
        )
    assert market.working() == []
    assert market.state()["groups"] == {}
    claims = market._account.claims
    assert (claims.symbols(), claims.cash("USD"), claims.cash("EUR")) == (set(), ZERO, ZERO)


@examples(150)
@given(tale=tales(msgspec.structs.replace(TIMED, rules={"volume_share": None})))
def test_what_is_kept_for_open_buys_is_what_they_cost_at_least_also_once_amended(tale: Tale) -> None:
    market = tale.setting.market()
    for _ in played(market, tale.story):
        buys = [order.terms for order in market.working() if order.is_buy]
        worth = total(INSTRUMENTS["AAA"].notional(terms.quantity, terms.worst_price or ZERO) for terms in buys)
        assert worth <= market._account.claims.cash("USD")


# What is reported.


@examples(200)
@given(tale=tales())
def test_a_keeper_that_hears_every_report_has_the_orders_that_the_market_has(tale: Tale) -> None:
    """Each report is a lawful step of its order's table, or the keeper raises; and both size orders by one rule."""
    market, keeper = tale.setting.market(), OrderManager("s")
    for happening, effects in played(market, tale.story):
        keep(keeper, happening)
        for report in reports_of(effects):
            order, fill = keeper.apply(report)
            assert order is not None
            assert fill == report.fill
        assert {order.order_id: (order.terms, order.filled, keeper.tradable(order)) for order in keeper.open()} == {
            order.terms.order_id: (order.terms, order.filled, units) for order, units in tradable(market)
        }


def keep(keeper: OrderManager, happening: MarketEvent | WireSubmit | WireCancel | WireAmend) -> None:
    """Keep what is sent, as far as it would be sent: nobody cancels or amends what is over."""
    match happening:
        case WireSubmit(terms=terms):
            order = keeper.add(terms)
            keeper.change(order, OrderChange.VALIDATE, BEGIN_NS)
            keeper.change(order, OrderChange.ROUTE, BEGIN_NS)
        case WireCancel(order_id=order_id):
            kept = keeper.get(order_id)
            if kept is not None and (kept.state, OrderChange.REQUEST_CANCEL) in TRANSITIONS:
                keeper.change(kept, OrderChange.REQUEST_CANCEL, BEGIN_NS)
        case WireAmend(terms=terms):
            kept = keeper.get(terms.order_id)
            if kept is not None and (kept.state, OrderChange.REQUEST_REPLACE) in TRANSITIONS:
                keeper.amend(kept, terms, BEGIN_NS)


# Who is told it.


@examples(250)
@given(tale=ANY, slippage=slippages, cut=st.integers(0, 12))
@example(tale=AMENDED_AFTER_ITS_PARENT, slippage=None, cut=12)
def test_a_market_that_is_told_its_effects_is_the_one_that_lived_also_from_a_snapshot(
    tale: Tale, slippage: FixedSlippage | None, cut: int
) -> None:
    lived, heard = tale.setting.market(slippage=slippage), tale.setting.market(slippage=slippage)
    state = lived.state()
    for number, step in enumerate(steps_of(lived, tale.story)):
        if number == cut:
            heard = tale.setting.market(slippage=slippage, holding="0")
            heard.restore(through_msgpack(state))
        tell(heard, step, BEGIN_NS)
        state = lived.state()
        assert heard.state() == state


@examples(250)
@given(tale=ANY, cut=st.integers(0, 30))
@example(tale=END_TOGETHER, cut=3)
@example(tale=NOW_OR_NEVER, cut=3)
@example(tale=NOWHERE_TO_BEGIN, cut=2)
def test_a_market_from_a_snapshot_decides_as_the_one_that_lived(tale: Tale, cut: int) -> None:
    lived, restored = tale.setting.market(), tale.setting.market(holding="0")
    before, after = tale.story[:cut], tale.story[cut:]
    for _ in played(lived, before):
        pass
    now_ns = max((one.ts_ns for one in before if isinstance(one, Bar | Quote | Trade)), default=BEGIN_NS)
    restored.restore(through_msgpack(lived.state()))
    assert list(played(restored, after, now_ns)) == list(played(lived, after, now_ns))
    assert restored.state() == lived.state()


@examples(250)
@given(tale=tales(), slippage=slippages)
def test_the_same_story_has_the_same_effects_to_the_last_digit_whatever_the_context(
    tale: Tale, slippage: FixedSlippage | None
) -> None:
    usual, rough = tale.setting.market(slippage=slippage), tale.setting.market(slippage=slippage)
    effects = list(played(usual, tale.story))
    with localcontext(ROUGH):
        again = list(played(rough, tale.story))
        state = rough.state()
    assert repr(again) == repr(effects)
    assert repr(state) == repr(usual.state())


# What does not matter.


@examples(150)
@given(
    one=tales(Scope(faults=False)),
    other=tales(Scope(symbols=("BBB",), faults=False, numbered_after=100)),
)
def test_symbols_that_share_no_currency_do_not_hear_of_each_other(one: Tale, other: Tale) -> None:
    setting = msgspec.structs.replace(one.setting, match_on=one.setting.match_on | other.setting.match_on)
    told = [
        [essence(effect) for _, effects in played(setting.market(), merged(*stories)) for effect in effects]
        for stories in ((one.story, other.story), (other.story, one.story))
    ]
    for numbers in (range(100), range(100, 200)):
        first, second = ([one for one in effects if int(one[0][1:]) in numbers] for effects in told)
        assert first == second


def merged(first: list[Happening], second: list[Happening]) -> list[Happening]:
    """Two stories in one, each event with the commands that follow it; of two at one time the first story's first."""
    parts: list[tuple[int, list[Happening]]] = []
    for story in (first, second):
        now_ns = BEGIN_NS
        for happening in story:
            if isinstance(happening, Bar | Quote | Trade):
                now_ns = happening.ts_ns
                parts.append((now_ns, []))
            elif not parts or parts[-1][0] != now_ns:
                parts.append((now_ns, []))
            parts[-1][1].append(happening)
    return [happening for _, part in sorted(parts, key=lambda part: part[0]) for happening in part]


def essence(effect: Effect) -> tuple[Any, ...]:
    """An effect without the number of its execution, which counts the fills of all symbols, and without its time: the
    end of an order's time is noticed with the first event of any symbol."""
    if not isinstance(effect, ExecutionReport):
        return effect.cid, effect.stop_price  # type: ignore[union-attr]
    fill = effect.fill
    traded = None if fill is None else (fill.quantity, fill.price, fill.fee, fill.liquidity, fill.slippage)
    return effect.cid, effect.kind, effect.code, effect.reason, effect.terms, traded


@examples(150)
@given(tale=tales())
def test_a_market_that_looks_at_every_order_at_each_event_finds_no_more_than_its_ladders(tale: Tale) -> None:
    quick, plain = tale.setting.market(), tale.setting.market()
    found = [in_order(effects) for _, effects in played(quick, tale.story)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SymbolBook, "reached", lambda book: [one.cid for one in alive(plain, book)])
        patch.setattr(SymbolBook, "followed", lambda book: [one.cid for one in alive(plain, book) if follows(one)])
        assert [in_order(effects) for _, effects in played(plain, tale.story)] == found
    assert plain.state() == quick.state()


def alive(market: SimulatedMarket, book: SymbolBook) -> list[WorkingOrder]:
    symbol = book.instrument.symbol
    return [order for order, units in tradable(market) if order.terms.symbol == symbol and units > 0]


def follows(order: WorkingOrder) -> bool:
    return order.terms.type is OrderType.TRAILING_STOP and order.sleeps


def in_order(effects: list[Effect]) -> list[Effect]:
    """Of the trailing stops that one event moves, none is before the other."""
    notes = sorted((one for one in effects if isinstance(one, TriggerMoved)), key=lambda note: note.cid)
    return [*reports_of(effects), *notes]


# How far a strategy may run ahead.


@examples(150)
@given(tale=tales(), cut=st.integers(0, 20), strategy=st.sampled_from(["s", "t"]))
def test_events_in_front_of_the_first_in_reach_bring_a_strategy_nothing(tale: Tale, cut: int, strategy: str) -> None:
    market = tale.setting.market()
    for _ in played(market, tale.story[:cut]):
        pass
    coming = [one for one in tale.story[cut:] if isinstance(one, Bar | Quote | Trade)]
    quiet = market.in_reach(strategy, coming)
    assert strategy not in {
        report.strategy for _, effects in played(market, coming[:quiet]) for report in reports_of(effects)
    }


@examples(150)
@given(
    kind=st.sampled_from(KINDS),
    side=st.sampled_from(SIDES),
    order_type=st.sampled_from([OrderType.LIMIT, OrderType.STOP]),
    level=st.floats(1e-9, 1e12).map(lambda price: Decimal(repr(price))) | st.decimals("1e-9", "1e12", places=20),
    steps=st.integers(-3, 3),
)
def test_beside_a_level_of_any_length_floats_never_miss_an_order_that_is_reached(
    kind: str, side: Side, order_type: OrderType, level: Decimal, steps: int
) -> None:
    """Levels finer than a float, prices a few floats away: tick and account have no say."""
    name = "limit_price" if order_type is OrderType.LIMIT else "stop_price"
    terms = changed(an_order("a", side, "1"), type=order_type, **{name: level}).terms
    order = WorkingOrder(cid="a", terms=terms, sequence=1, outlay={}, stop_price=terms.stop_price)
    ladder = Ladder()
    ladder.put(order)
    price = beside(float(level), steps)
    rungs = ladder.buys if side is Side.BUY else ladder.sells
    found = rungs.reached(*TAPES[kind].span(flat(kind, price), side, MarketRules()))

    falls = (side is Side.BUY) is (order_type is OrderType.LIMIT)
    exact = Decimal(repr(price))
    assert found or not (exact <= level if falls else exact >= level)
    if steps:
        assert bool(found) == (steps < 0 if falls else steps > 0)


def beside(price: float, steps: int) -> float:
    for _ in range(abs(steps)):
        price = math.nextafter(price, math.inf if steps > 0 else 0.0)
    return price
