import hashlib
from collections.abc import Iterator
from decimal import Decimal
from itertools import islice, pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.feeds.port import HistoricalFeed
from daemon.feeds.synthetic import BLOCK_STEPS, SyntheticFeed
from daemon.feeds.walk import SyntheticSymbol
from trading.aggregation import BarBuilder
from trading.indicators.averages import Sma
from trading.instruments import Instrument, InstrumentKind
from trading.market_data import Bar, MarketEvent, Quote, Trade
from trading.money import Currency
from trading.subscriptions import DataKind
from trading.timestamps import DAY, HOUR, MINUTE, SECOND

START_NS = 20_458 * DAY
EVERYTHING = frozenset(DataKind)


def symbol(
    name: str = "AAA", price: str = "100.00", tick: str = "0.01", lot: str = "1", **more: Any
) -> SyntheticSymbol:
    instrument = Instrument(
        symbol=name,
        kind=InstrumentKind.EQUITY,
        currency=Currency.known("USD"),
        tick_size=Decimal(tick),
        lot_size=Decimal(lot),
    )
    return SyntheticSymbol(instrument=instrument, price=Decimal(price), **more)


def feed(*symbols: SyntheticSymbol, **changes: Any) -> SyntheticFeed:
    arguments: dict[str, Any] = {
        "seed": 7,
        "start_ns": START_NS,
        "duration_ns": 20 * MINUTE,
        "symbols": symbols or (symbol(),),
        "data": EVERYTHING,
        "every_ns": SECOND,
        "bar_interval_ns": MINUTE,
    }
    return SyntheticFeed(**(arguments | changes))


def before_start(feed: HistoricalFeed, since_ns: int) -> Iterator[MarketEvent]:
    """The past of every symbol since one time."""
    return feed.warmup(dict.fromkeys(feed.offers, since_ns))


def of(name: str, events: list[MarketEvent]) -> list[MarketEvent]:
    return [event for event in events if event.symbol == name]


def prices(event: MarketEvent) -> tuple[float, ...]:
    match event:
        case Quote():
            return event.bid, event.ask
        case Trade():
            return (event.price,)
        case Bar():
            return event.open, event.high, event.low, event.close


def sizes(event: MarketEvent) -> tuple[float, ...]:
    match event:
        case Quote():
            return event.bid_size, event.ask_size
        case Trade():
            return (event.size,)
        case Bar():
            return (event.volume,)


def test_the_first_quote_is_around_the_first_price() -> None:
    first = next(feed(symbol(price="20.00", spread_ticks=4), data=[DataKind.QUOTES]).events())
    assert isinstance(first, Quote)
    assert (first.ts_ns, first.bid, first.ask) == (START_NS, 19.98, 20.02)


def test_these_events_stay_the_same_in_every_process_and_version() -> None:
    """Whoever changes them changes the generation in the feed's reference too: recorded runs rest on them."""
    market = feed(symbol(), symbol("BBB", "0.0500", "0.0001", "10"))
    events = [*before_start(market, START_NS - 10 * MINUTE), *market.events()]
    named = [{"type": event.__struct_config__.tag, **msgspec.structs.asdict(event)} for event in events]
    digest = hashlib.sha256(msgspec.msgpack.encode(named)).hexdigest()
    assert (market.reference()["generation"], digest[:16]) == (1, "957aba785df94220")


def test_another_symbol_changes_no_path() -> None:
    alone = feed(symbol())
    together = feed(symbol("ZZZ", "5.00"), symbol(), symbol("BBB", "7.00"))
    assert of("AAA", list(together.events())) == list(alone.events())
    since_ns = START_NS - 10 * MINUTE
    assert of("AAA", list(before_start(together, since_ns))) == list(before_start(alone, since_ns))


@pytest.mark.parametrize("kind", DataKind)
def test_asking_for_more_kinds_of_data_changes_none(kind: DataKind) -> None:
    types: dict[DataKind, type] = {DataKind.BARS: Bar, DataKind.QUOTES: Quote, DataKind.TRADES: Trade}
    everything = [event for event in feed().events() if isinstance(event, types[kind])]
    assert list(feed(data=[kind]).events()) == everything


def test_another_seed_is_another_market() -> None:
    assert list(feed(seed=8).events()) != list(feed().events())


def test_two_symbols_of_one_price_move_apart() -> None:
    events = list(feed(symbol("AAA"), symbol("BBB"), data=[DataKind.QUOTES]).events())
    assert [prices(event) for event in of("AAA", events)] != [prices(event) for event in of("BBB", events)]


def test_a_longer_market_begins_like_a_shorter_one() -> None:
    shorter = list(feed(duration_ns=10 * MINUTE).events())
    assert list(islice(feed(duration_ns=None).events(), len(shorter))) == shorter


def test_a_market_without_end_goes_on() -> None:
    market = feed(duration_ns=None, data=[DataKind.TRADES])
    last = next(islice(market.events(), 5 * BLOCK_STEPS, None))
    assert market.end_ns is None
    assert last.ts_ns == START_NS + 5 * BLOCK_STEPS * SECOND


@pytest.mark.parametrize(
    ("duration_ns", "ticks", "bars"),
    [
        (1, 1, 0),
        (SECOND, 1, 0),
        (59 * SECOND + 1, 60, 0),
        (MINUTE, 60, 1),
        (2 * MINUTE - 1, 120, 1),
        (2 * MINUTE, 120, 2),
        (BLOCK_STEPS * SECOND, BLOCK_STEPS, BLOCK_STEPS // 60),
    ],
)
def test_the_end_cuts_ticks_before_it_and_bars_after_it(duration_ns: int, ticks: int, bars: int) -> None:
    events = list(feed(duration_ns=duration_ns, data=[DataKind.TRADES, DataKind.BARS]).events())
    assert [sum(isinstance(event, kind) for event in events) for kind in (Trade, Bar)] == [ticks, bars]


@pytest.mark.parametrize("lot", ["1", "0.25"])
@pytest.mark.parametrize("bar_interval_ns", [SECOND, 7 * SECOND, MINUTE, 10 * MINUTE])
def test_native_bars_are_those_of_its_trades(bar_interval_ns: int, lot: str) -> None:
    start_ns = START_NS - START_NS % (7 * SECOND) if bar_interval_ns == 7 * SECOND else START_NS
    market = feed(
        symbol(lot=lot), data=[DataKind.TRADES, DataKind.BARS], bar_interval_ns=bar_interval_ns, start_ns=start_ns
    )
    events = [*before_start(market, start_ns - 10 * MINUTE), *market.events()]
    builder, built = BarBuilder("AAA", bar_interval_ns), []
    for event in events:
        if isinstance(event, Trade):
            if builder.due_ns is not None and builder.due_ns <= event.ts_ns:
                built.append(builder.close())
            builder.add_price(event.ts_ns, event.price, event.size)
    native = [event for event in events if isinstance(event, Bar)]
    assert len(native) > 1
    assert native == [bar for bar in [*built, builder.close()] if native[0].ts_ns <= bar.ts_ns <= native[-1].ts_ns]


@pytest.mark.parametrize("bars", [1, 4, 5, 30])
def test_the_warmup_holds_as_many_bars_as_intervals_were_asked_for(bars: int) -> None:
    past = list(before_start(feed(data=[DataKind.BARS]), START_NS - bars * MINUTE))
    assert [event.ts_ns for event in past] == [START_NS - back * MINUTE for back in reversed(range(bars))]


def test_a_warmup_that_begins_within_a_bar_leaves_that_bar_out() -> None:
    past = list(before_start(feed(data=[DataKind.BARS]), START_NS - 3 * MINUTE + 1))
    assert [event.ts_ns for event in past] == [START_NS - MINUTE, START_NS]


def test_the_past_joins_the_present_without_a_jump() -> None:
    market = feed(data=[DataKind.QUOTES])
    *_, before = before_start(market, START_NS - MINUTE)
    assert prices(before) == prices(next(market.events()))


@pytest.mark.parametrize("start_ns", [SECOND, 90 * SECOND, BLOCK_STEPS * SECOND, (3 * BLOCK_STEPS + 7) * SECOND + 1])
def test_a_market_that_starts_later_than_it_begins_is_the_same_market(start_ns: int) -> None:
    """What trades on its later part is to know nothing of that part, and would if it were made anew from the seed."""
    whole = feed(duration_ns=HOUR)
    later = feed(origin_ns=START_NS, start_ns=START_NS + start_ns, duration_ns=HOUR - start_ns)
    past = list(before_start(later, START_NS - 5 * MINUTE))
    assert [*past, *later.events()] == [*before_start(whole, START_NS - 5 * MINUTE), *whole.events()]
    assert list(before_start(later, START_NS + start_ns // 2)) == [
        event
        for event in past
        if event.ts_ns - (event.interval_ns if isinstance(event, Bar) else 0) >= START_NS + start_ns // 2
    ]
    assert later.reference()["origin_ns"] == START_NS


def test_a_market_begins_no_later_than_it_starts() -> None:
    with pytest.raises(ValueError, match="is after the start"):
        feed(origin_ns=START_NS + SECOND)


def test_averages_cross_often() -> None:
    market = feed(duration_ns=5 * DAY, data=[DataKind.BARS], every_ns=15 * SECOND)
    fast, slow, above = Sma(10), Sma(30), []
    for bar in market.events():
        assert isinstance(bar, Bar)
        quick, lazy = fast.update(bar.close), slow.update(bar.close)
        if quick is not None and lazy is not None:
            above.append(quick > lazy)
    crosses = sum(was != now for was, now in pairwise(above))
    assert len(above) / 60 < crosses < len(above) / 10


def test_an_endless_market_stays_near_its_first_price() -> None:
    market = feed(duration_ns=200 * DAY, data=[DataKind.BARS], every_ns=HOUR, bar_interval_ns=DAY)
    assert all(90 < price < 110 for bar in market.events() for price in prices(bar))


grids = st.sampled_from([("0.01", "1"), ("0.05", "1"), ("0.25", "0.1"), ("0.00001", "1000"), ("5", "0.00001")])


@given(
    grid=grids,
    price_ticks=st.integers(3, 10**7),
    spread_ticks=st.integers(1, 5),
    share=st.floats(0, 1),
    seed=st.integers(),
)
def test_prices_are_whole_ticks_above_zero_and_sizes_whole_lots(
    grid: tuple[str, str], price_ticks: int, spread_ticks: int, share: float, seed: int
) -> None:
    tick, lot = grid
    wild = symbol(
        price=str(price_ticks * Decimal(tick)),
        tick=tick,
        lot=lot,
        spread_ticks=spread_ticks,
        volatility_ticks=share * price_ticks,
    )
    market = feed(wild, seed=seed, duration_ns=2 * MINUTE)
    for event in (*before_start(market, START_NS - 2 * MINUTE), *market.events()):
        for price in prices(event):
            exact = wild.instrument.exact_price(price)
            assert exact > 0
            assert wild.instrument.on_tick(exact)
        for size in sizes(event):
            exact = wild.instrument.exact_price(size)
            assert exact > 0
            assert wild.instrument.on_lot(exact)
        if isinstance(event, Quote):
            spread = wild.instrument.exact_price(event.ask) - wild.instrument.exact_price(event.bid)
            assert spread == spread_ticks * Decimal(tick)
        elif isinstance(event, Bar):
            assert event.low <= min(event.open, event.close) <= max(event.open, event.close) <= event.high


@pytest.mark.parametrize(
    "changes",
    [
        {"seed": 8},
        {"start_ns": START_NS + MINUTE},
        {"duration_ns": None},
        {"every_ns": 2 * SECOND},
        {"bar_interval_ns": 2 * MINUTE},
        {"data": [DataKind.QUOTES]},
        {"symbols": [symbol(price="100.01")]},
        {"symbols": [symbol(tick="0.1")]},
        {"symbols": [symbol(lot="2")]},
        {"symbols": [symbol(volatility_ticks=2.5)]},
        {"symbols": [symbol(spread_ticks=3)]},
        {"symbols": [symbol(size_lots=10)]},
        {"symbols": [symbol("BBB")]},
        {"symbols": [symbol(), symbol("BBB")]},
    ],
    ids=str,
)
def test_whatever_changes_the_events_changes_the_reference(changes: dict[str, Any]) -> None:
    assert feed(**changes).reference() != feed().reference()


def test_two_ways_to_write_the_same_market_have_one_reference() -> None:
    assert feed(symbol(price="100.0", tick="0.010", lot="1.0")).reference() == feed().reference()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"symbols": []}, "symbols are none; name at least one"),
        ({"symbols": [symbol(), symbol()]}, "symbols are AAA, AAA"),
        ({"data": []}, "no kind of data; name at least one of quotes, trades and bars"),
        ({"every_ns": 0}, "above zero"),
        ({"duration_ns": 0}, "above zero"),
        ({"bar_interval_ns": 90 * SECOND, "every_ns": MINUTE}, "bars of 90s are no whole number of steps of 1m"),
        ({"bar_interval_ns": 2 * HOUR, "start_ns": START_NS + HOUR}, "within a bar of 2h; 2026-01-05T00:00:00Z is not"),
    ],
)
def test_a_market_that_cannot_be_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        feed(**changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"price": "100.005"}, "AAA: first price 100.005; it must be above zero and a whole number of ticks of 0.01"),
        ({"price": "-1"}, "AAA: first price -1"),
        ({"price": "NaN"}, "AAA: first price NaN"),
        ({"spread_ticks": 0}, "AAA: spread of 0 ticks"),
        ({"price": "0.01", "spread_ticks": 2}, "AAA: spread of 2 ticks at 0.01"),
        ({"volatility_ticks": -1.0}, "AAA: volatility of -1.0 ticks"),
        ({"volatility_ticks": float("nan")}, "AAA: volatility of nan ticks"),
        ({"volatility_ticks": 10_001.0}, "AAA: volatility of 10001.0 ticks; it must be from 0 to the first price"),
        ({"size_lots": 0}, "AAA: sizes of 0 lots"),
    ],
)
def test_a_symbol_that_cannot_move_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        symbol(**changes)


def test_bars_that_are_not_asked_for_bind_no_start() -> None:
    market = feed(start_ns=START_NS + 1, data=[DataKind.QUOTES], bar_interval_ns=7)
    assert next(market.events()).ts_ns == START_NS + 1
    assert market.offers["AAA"].bar_interval_ns == 0
