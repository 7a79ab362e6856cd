"""Laws of a market that is some way off, over any story of two symbols, with orders of every kind and their ends."""

from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from brokers.simulated.costs import FixedSlippage, PercentCommission
from brokers.simulated.delay import DelayedMarket
from brokers.simulated.latency import Delays
from brokers.simulated.market import SimulatedMarket
from brokers.simulated.working import AUCTIONS
from tests.market_builders import EUR, USD, an_instrument, an_order, cancel, changed, through_msgpack
from trading.commands import WireAmend, WireCommand, WireSubmit
from trading.market import Effect, ReportDelayed
from trading.market_data import Bar, MarketEvent, Quote, Trade
from trading.orders import OrderType, Side, TimeInForce
from trading.reports import ExecutionReport, Fill
from trading.timestamps import MILLISECOND, SECOND

INSTRUMENTS = {"AAA": an_instrument("AAA", currency=USD, lot="0.1"), "BBB": an_instrument("BBB", currency=EUR)}
CASH = {"USD": Decimal(5_000), "EUR": Decimal(5_000)}
HOLDINGS = {"AAA": Decimal(20), "BBB": Decimal(20)}
INTERVAL = 10 * MILLISECOND
KINDS = st.sampled_from(["quotes", "trades", "bars"])
matchings = st.fixed_dictionaries({"AAA": KINDS, "BBB": KINDS})

Step = tuple[MarketEvent, list[list[WireCommand]]]
"""An event, and the rounds of commands that come after it."""

delays = st.builds(
    Delays,
    orders_ns=st.sampled_from([0, 0, 3, 12, 45]).map(lambda ms: ms * MILLISECOND),
    reports_ns=st.sampled_from([0, 0, 2, 11, 40]).map(lambda ms: ms * MILLISECOND),
    jitter_ns=st.sampled_from([0, 0, 1, 15]).map(lambda ms: ms * MILLISECOND),
    seed=st.integers(0, 9),
)


def near(kinds: dict[str, str]) -> SimulatedMarket:
    market = SimulatedMarket(
        instruments=INSTRUMENTS,
        cash=CASH,
        match_on=kinds,
        slippage=FixedSlippage(3),
        commission=PercentCommission(Decimal("0.15")),
    )
    market.restore({**market.state(), "positions": HOLDINGS})
    return market


def far(kinds: dict[str, str], delays: Delays) -> DelayedMarket:
    intervals = {symbol: INTERVAL for symbol, kind in kinds.items() if kind == "bars"}
    return DelayedMarket(near(kinds), delays, bar_intervals=intervals)


@st.composite
def events(draw: st.DrawFn, symbol: str, ms: int) -> MarketEvent:
    """A bar, quote or trade near 100."""
    low, first, second, high = sorted(draw(st.lists(st.integers(970, 1_030), min_size=4, max_size=4)))
    ts_ns = SECOND + ms * MILLISECOND
    match draw(KINDS):
        case "quotes":
            return Quote(symbol, ts_ns, first / 10, second / 10, 100.0, 100.0)
        case "trades":
            return Trade(symbol, ts_ns, first / 10, 100.0)
        case _:
            o, c = (first, second) if draw(st.booleans()) else (second, first)
            return Bar(symbol, ts_ns, INTERVAL, o / 10, high / 10, low / 10, c / 10, 100.0)


PRICES = st.integers(9_700, 10_300).map(lambda cents: Decimal(cents).scaleb(-2))


@st.composite
def terms_of_a_kind(draw: st.DrawFn, sent: list[WireSubmit], symbol: str, ts_ns: int) -> dict[str, Any]:
    """Type, prices, time in force and contingency; not always a lawful whole."""
    kind = draw(st.sampled_from(OrderType))
    terms: dict[str, Any] = {"type": kind, "created_ns": ts_ns}
    if kind in (OrderType.LIMIT, OrderType.STOP_LIMIT):
        terms["limit_price"] = draw(PRICES)
    if kind in (OrderType.STOP, OrderType.STOP_LIMIT, OrderType.MARKET_IF_TOUCHED):
        terms["stop_price"] = draw(PRICES)
    if kind is OrderType.TRAILING_STOP:
        terms["trail_amount"] = Decimal(draw(st.integers(1, 100))).scaleb(-2)
    resting = [TimeInForce.GTC, TimeInForce.GTC, TimeInForce.GTC, TimeInForce.DAY]
    if kind not in AUCTIONS:
        resting.append(TimeInForce.GTD)
    if kind in (OrderType.MARKET, OrderType.LIMIT):
        resting += [TimeInForce.IOC, TimeInForce.FOK]
    force = draw(st.sampled_from(resting))
    terms["time_in_force"] = force
    if force is TimeInForce.GTD:
        terms["expires_ns"] = ts_ns + draw(st.integers(1, 60)) * MILLISECOND
    link = draw(st.sampled_from(["", "", "group", "parent"]))
    if link == "group":
        terms["group_id"] = f"group-{symbol}"
    elif link == "parent" and sent:
        parent = draw(st.sampled_from(sent)).terms
        terms |= {"parent_id": parent.order_id, "side": parent.side.opposite, "quantity": parent.quantity}
    return terms


@st.composite
def commands(draw: st.DrawFn, sent: list[WireSubmit], symbol: str, ts_ns: int) -> WireCommand:
    """An order, a cancel or an amendment, of what works, has ended or never was."""
    match draw(st.sampled_from(["order", "order", "order", "cancel", "amend"])):
        case "amend" if sent:
            order = draw(st.sampled_from(sent))
            new = draw(st.sampled_from(["quantity", "limit_price", "stop_price", "trail_amount"]))
            value = Decimal(draw(st.integers(1, 20))) if new in ("quantity", "trail_amount") else draw(PRICES)
            return WireAmend(cid=order.cid, terms=msgspec.structs.replace(order.terms, **{new: value}), ts_ns=ts_ns)
        case "cancel":
            cid = draw(st.sampled_from([order.cid for order in sent] or ["never"]))
            return msgspec.structs.replace(cancel(cid), ts_ns=ts_ns)
        case _:
            side, quantity = draw(st.sampled_from(Side)), draw(st.sampled_from(["1", "2", "10", "60"]))
            order = an_order(f"{symbol}{len(sent)}", side, quantity, symbol=symbol)
            order = changed(order, **draw(terms_of_a_kind(sent, symbol, ts_ns)))
            sent.append(order)
            return order


@st.composite
def stories(draw: st.DrawFn) -> list[Step]:
    """Two symbols in turn, events at any distance; bars end when they like, as if each market had hours of its own."""
    story: list[Step] = []
    sent: dict[str, list[WireSubmit]] = defaultdict(list)
    ms = 0
    for _ in range(draw(st.integers(0, 14))):
        ms += draw(st.sampled_from([0, 1, 3, 10, 10, 30]))
        event = draw(events(draw(st.sampled_from(sorted(INSTRUMENTS))), ms))
        rounds: list[list[WireCommand]] = []
        for _ in range(draw(st.integers(0, 2))):
            symbols = draw(st.lists(st.sampled_from(sorted(INSTRUMENTS)), max_size=3))
            rounds.append([draw(commands(sent[symbol], symbol, event.ts_ns)) for symbol in symbols])
        story.append((event, rounds))
    return story


def live(market: SimulatedMarket | DelayedMarket, story: list[Step]) -> list[Effect]:
    """Everything that comes of a story."""
    effects: list[Effect] = []
    for event, rounds in story:
        effects += market.on_event(event)
        for command in (command for batch in rounds for command in batch):
            effects += market.on_command(command, event.ts_ns)
    return effects


def decided(effects: list[Effect]) -> list[ExecutionReport]:
    """All reports, as the market made them, in its order."""
    delayed = {id(one.report) for one in effects if isinstance(one, ReportDelayed)}
    return [
        one.report if isinstance(one, ReportDelayed) else one
        for one in effects
        if isinstance(one, ReportDelayed) or (isinstance(one, ExecutionReport) and id(one) not in delayed)
    ]


def numbered(effects: list[Effect]) -> list[Effect]:
    """As the router has numbered what was told."""
    return [
        msgspec.structs.replace(one, number=n, cause=7) if isinstance(one, ExecutionReport) else one
        for n, one in enumerate(effects, 1)
    ]


def tell_round(lived: DelayedMarket, heard: DelayedMarket, batch: list[WireCommand], ts_ns: int) -> None:
    """Recovery tells what came of a round with its first command."""
    effects = [effect for command in batch for effect in lived.on_command(command, ts_ns)]
    for place, command in enumerate(batch):
        heard.expect(command, ts_ns)
        for effect in numbered(effects) if place == 0 else []:
            heard.apply(effect, answered_by(effect, batch))


def answered_by(effect: Effect, batch: list[WireCommand]) -> WireCommand | None:
    """The order or the amendment of this step that a report may be of."""
    report = effect.report if isinstance(effect, ReportDelayed) else effect
    if not isinstance(report, ExecutionReport):
        return None
    kind = WireAmend if report.kind.startswith("replace") else WireSubmit
    return next((one for one in batch if isinstance(one, kind) and one.cid == report.cid), None)


def tell(lived: DelayedMarket, heard: DelayedMarket, story: list[Step], check: Callable[[], None]) -> None:
    for event, rounds in story:
        effects = lived.on_event(event)
        heard.observe(event)
        for effect in numbered(effects):
            heard.apply(effect, None)
        check()
        for batch in rounds:
            tell_round(lived, heard, batch, event.ts_ns)
            check()


@given(kinds=matchings, delays=delays, story=stories(), after=stories())
def test_a_market_that_is_told_is_the_one_that_lived_after_every_event(
    kinds: dict[str, str], delays: Delays, story: list[Step], after: list[Step]
) -> None:
    lived, heard = far(kinds, delays), far(kinds, delays)

    def check() -> None:
        assert heard.state() == lived.state()
        assert heard.account() == lived.account()

    tell(lived, heard, story, check)
    assert live(heard, after) == live(lived, after)


@given(kinds=matchings, delays=delays, story=stories())
def test_a_market_that_is_told_need_not_be_asked_in_between(
    kinds: dict[str, str], delays: Delays, story: list[Step]
) -> None:
    lived, heard = far(kinds, delays), far(kinds, delays)
    tell(lived, heard, story, lambda: None)

    assert heard.state() == lived.state()


@given(kinds=matchings, delays=delays, others=delays, story=stories())
def test_what_is_told_holds_whatever_the_delays_are_now(
    kinds: dict[str, str], delays: Delays, others: Delays, story: list[Step]
) -> None:
    """A config may change over a restart: only when what is in flight arrives is another matter then."""
    lived, heard = far(kinds, delays), far(kinds, others)
    tell(lived, heard, story, lambda: None)
    there, here = heard.state(), lived.state()

    assert [one.command for one in there.pop("in_flight")] == [one.command for one in here.pop("in_flight")]
    assert there == here


@given(kinds=matchings, delays=delays, story=stories(), data=st.data())
def test_a_restored_market_goes_on_like_the_one_that_was_saved(
    kinds: dict[str, str], delays: Delays, story: list[Step], data: st.DataObject
) -> None:
    lived, restored = far(kinds, delays), far(kinds, delays)
    cut = data.draw(st.integers(0, len(story)))
    live(lived, story[:cut])
    restored.restore(through_msgpack(lived.state()))

    assert live(restored, story[cut:]) == live(lived, story[cut:])
    assert restored.state() == lived.state()


@given(kinds=matchings, story=stories())
def test_without_delays_it_is_the_market_itself(kinds: dict[str, str], story: list[Step]) -> None:
    assert live(far(kinds, Delays()), story) == live(near(kinds), story)


@given(kinds=matchings, reports_ns=st.integers(0, 10**8), jitter_ns=st.integers(0, 10**8), story=stories())
def test_late_reports_change_nothing_of_what_is_decided(
    kinds: dict[str, str], reports_ns: int, jitter_ns: int, story: list[Step]
) -> None:
    orders_too, late = far(kinds, Delays(orders_ns=7)), far(kinds, Delays(orders_ns=7, reports_ns=reports_ns))

    assert decided(live(late, story)) == decided(live(orders_too, story))


@given(kinds=matchings, delays=delays, story=stories())
def test_every_report_is_heard_once_in_order_and_not_before_its_time(
    kinds: dict[str, str], delays: Delays, story: list[Step]
) -> None:
    market = far(kinds, delays)
    made: list[ExecutionReport] = []
    heard: list[ExecutionReport] = []
    for step in story:
        effects = live(market, [step])
        made += [one.report for one in effects if isinstance(one, ReportDelayed)]
        reports = [one for one in effects if isinstance(one, ExecutionReport)]
        for report in reports:
            assert report.ts_ns + delays.reports_ns <= step[0].ts_ns
        heard += reports

    delayed = [report for report in heard if any(report is one for one in made)]
    assert delayed == made[: len(delayed)]
    assert [one.report for one in market.state()["on_the_way"]] == made[len(delayed) :]


@given(kinds=matchings, delays=delays, story=stories())
def test_the_account_is_what_it_began_with_and_the_fills_that_were_heard(
    kinds: dict[str, str], delays: Delays, story: list[Step]
) -> None:
    market, cash, positions = far(kinds, delays), dict(CASH), dict(HOLDINGS)
    for step in story:
        for effect in live(market, [step]):
            if isinstance(effect, ExecutionReport) and effect.fill is not None:
                fill = effect.fill
                cash[fill.currency] -= fill.side.signed(fill.notional)
                cash[fill.fee_currency] -= fill.fee
                positions[fill.symbol] += fill.side.signed(fill.quantity)
        account = market.account()
        assert account.cash == cash
        assert account.positions == {symbol: units for symbol, units in positions.items() if units}


def fills_in(symbol: str, effects: list[Effect]) -> list[tuple[Any, ...]]:
    fills: list[Fill] = [report.fill for report in decided(effects) if report.fill is not None]
    return [(f.order_id, f.quantity, f.price, f.ts_ns) for f in fills if f.symbol == symbol]


@given(kinds=matchings, orders_ns=st.sampled_from([1, 3, 12, 45]), story=stories())
def test_another_symbols_events_change_no_fill(kinds: dict[str, str], orders_ns: int, story: list[Step]) -> None:
    """Commands come with events of their own symbol here, and the symbols share no currency."""
    delays = Delays(orders_ns=orders_ns * MILLISECOND)
    own = [
        (event, [[one for one in batch if one.cid.startswith(event.symbol)] for batch in rounds])
        for event, rounds in story
    ]
    last_ns = max((event.ts_ns for event, _ in story), default=0) + SECOND
    end: list[Step] = [(Quote("ZZZ", last_ns, 1.0, 1.0, 1.0, 1.0), [])]
    both = live(far(kinds, delays), own + end)
    for symbol in INSTRUMENTS:
        alone = live(far(kinds, delays), [step for step in own if step[0].symbol == symbol] + end)
        assert fills_in(symbol, both) == fills_in(symbol, alone)


@st.composite
def coming_events(draw: st.DrawFn) -> list[MarketEvent]:
    """Later than any story."""
    times = sorted(draw(st.lists(st.integers(400, 500), max_size=8)))
    return [draw(events(draw(st.sampled_from(sorted(INSTRUMENTS))), ms)) for ms in times]


@given(kinds=matchings, delays=delays, story=stories(), coming=coming_events())
def test_events_in_front_of_the_first_in_reach_bring_a_strategy_nothing(
    kinds: dict[str, str], delays: Delays, story: list[Step], coming: list[MarketEvent]
) -> None:
    market = far(kinds, delays)
    live(market, story)
    quiet = market.in_reach("s", coming)

    assert not [one for event in coming[:quiet] for one in market.on_event(event)]
