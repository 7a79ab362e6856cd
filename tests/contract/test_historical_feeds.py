"""What every feed that can be read again must hold, whatever it reads."""

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
import pytest

from daemon.feeds.file import packing, parquet
from daemon.feeds.file.layout import DataFile
from daemon.feeds.port import HistoricalFeed
from daemon.feeds.synthetic import SyntheticFeed
from daemon.feeds.walk import SyntheticSymbol
from tests.market_files import NAMES, bars, feed_of, quotes, trades, write_rows
from trading.instruments import Instrument, InstrumentKind
from trading.market_data import Bar, MarketEvent, Quote, Trade
from trading.money import Currency
from trading.subscriptions import DataKind
from trading.timestamps import MINUTE, SECOND

START_NS = 1_767_623_400 * SECOND
RANKS = {Bar: 1, Quote: 3, Trade: 4}

SYMBOLS = "BBB", "AAA"

MakeFeed = Callable[[], HistoricalFeed]


def synthetic(*data: str, before_ns: int = 0) -> Callable[[Path], MakeFeed]:
    """A made-up market, of which so much is past when it starts."""

    def make(_folder: Path) -> MakeFeed:
        return feed

    def feed() -> HistoricalFeed:
        return SyntheticFeed(
            seed=7,
            start_ns=START_NS,
            duration_ns=300 * SECOND,
            origin_ns=START_NS - before_ns,
            symbols=[
                SyntheticSymbol(
                    instrument=Instrument(
                        symbol=symbol,
                        kind=InstrumentKind.EQUITY,
                        currency=Currency.known("USD"),
                        tick_size=Decimal("0.01"),
                        lot_size=Decimal(1),
                    ),
                    price=Decimal(100),
                )
                for symbol in SYMBOLS
            ],
            data=[DataKind(kind) for kind in data],
            every_ns=SECOND,
            bar_interval_ns=MINUTE,
        )

    return make


PAST = range(START_NS - 12 * MINUTE, START_NS + 4 * MINUTE, 5 * SECOND)
MINUTES = range(START_NS - 12 * MINUTE, START_NS + 12 * MINUTE, MINUTE)
VALUES: dict[DataKind, tuple[range, tuple[float, ...]]] = {
    DataKind.QUOTES: (PAST, (10.0, 10.5, 1.0, 2.0)),
    DataKind.TRADES: (PAST, (10.25, 3.0)),
    DataKind.BARS: (MINUTES, (10.0, 12.0, 9.0, 11.0, 100.0)),
}


def rows(data: DataKind, *symbols: str) -> Iterator[tuple[Any, ...]]:
    """Rows of symbols whose times are the same; each row is another."""
    times, values = VALUES[data]
    for place, ts_ns in enumerate(times):
        for symbol in symbols:
            yield ts_ns, symbol, *(value + place / 100 + (symbol == "AAA") for value in values)


def written(folder: Path, ending: str, data: DataKind, *symbols: str) -> Path:
    path = folder / f"{'-'.join(symbols)}-{data}{ending}"
    return write_rows(path, ("time", "symbol", *NAMES[data]), rows(data, *symbols))


Describe = Callable[..., DataFile]
KINDS: dict[Describe, DataKind] = {quotes: DataKind.QUOTES, trades: DataKind.TRADES, bars: DataKind.BARS}


def of_files(*described: tuple[Describe, str, Sequence[str]]) -> Callable[[Path], MakeFeed]:
    """A feed of files, each with a kind of data, an ending, and symbols in the order in which its rows have them."""

    def make(folder: Path) -> MakeFeed:
        files = [
            describe(written(folder, ending, KINDS[describe], *symbols), symbols=tuple(sorted(symbols, reverse=True)))
            for describe, ending, symbols in described
        ]
        return lambda: feed_of(*files, start_ns=START_NS, end_ns=START_NS + 3 * MINUTE)

    return make


BOTH = ("AAA", "BBB")
FEEDS = {
    "synthetic quotes": synthetic("quotes"),
    "synthetic trades": synthetic("trades"),
    "synthetic bars": synthetic("bars"),
    "synthetic everything": synthetic("quotes", "trades", "bars"),
    "synthetic with a past": synthetic("quotes", "trades", "bars", before_ns=6 * MINUTE),
    "csv quotes": of_files((quotes, ".csv", ["BBB"]), (quotes, ".csv", ["AAA"])),
    "gzip trades of two symbols": of_files((trades, ".csv.gz", BOTH)),
    "zip bars": of_files((bars, ".csv.zip", ["BBB"]), (bars, ".zip", ["AAA"])),
    "parquet quotes of two symbols": of_files((quotes, ".parquet", BOTH)),
    "parquet trades": of_files((trades, ".parquet", ["BBB"]), (trades, ".parquet", ["AAA"])),
    "parquet bars of two symbols": of_files((bars, ".parquet", BOTH)),
    "files of everything": of_files(
        (quotes, ".parquet", ["BBB"]), (trades, ".csv", BOTH), (bars, ".csv.gz", BOTH), (quotes, ".csv", ["AAA"])
    ),
}


@pytest.fixture(params=list(FEEDS.values()), ids=list(FEEDS))
def make(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeFeed:
    monkeypatch.setattr(packing, "BLOCK_BYTES", 700)  # so that a few hundred rows are many blocks
    monkeypatch.setattr(parquet, "BLOCK_ROWS", 16)
    made: MakeFeed = request.param(tmp_path)
    return made


def before_start(feed: HistoricalFeed, since_ns: int) -> Iterator[MarketEvent]:
    """The past of every symbol since one time."""
    return feed.warmup(dict.fromkeys(feed.offers, since_ns))


def place(feed: HistoricalFeed, event: MarketEvent) -> tuple[int, int, int, int]:
    interval_ns = event.interval_ns if isinstance(event, Bar) else 0
    return event.ts_ns, RANKS[type(event)], interval_ns, list(feed.offers).index(event.symbol)


def test_events_come_in_the_order_of_the_sequencer(make: MakeFeed) -> None:
    feed = make()
    events = [*before_start(feed, feed.start_ns - 5 * MINUTE), *feed.events()]
    assert len(events) > 10
    assert events == sorted(events, key=lambda event: place(feed, event))


def test_ticks_are_before_the_end_and_bars_close_no_later(make: MakeFeed) -> None:
    feed = make()
    assert feed.end_ns is not None
    for event in feed.events():
        assert feed.start_ns <= event.ts_ns < feed.end_ns + isinstance(event, Bar)


def test_it_brings_exactly_what_it_offers(make: MakeFeed) -> None:
    feed = make()
    events = list(feed.events())
    for symbol, offer in feed.offers.items():
        mine = [event for event in events if event.symbol == symbol]
        assert any(isinstance(event, Quote) for event in mine) == offer.quotes
        assert any(isinstance(event, Trade) for event in mine) == offer.trades
        intervals = {event.interval_ns for event in mine if isinstance(event, Bar)}
        assert intervals == ({offer.bar_interval_ns} if offer.bar_interval_ns else set())


def test_equal_references_mean_equal_events(make: MakeFeed) -> None:
    one, other = make(), make()
    assert one.reference() == other.reference()
    assert list(one.events()) == list(other.events())


def test_reference_and_state_are_plain_values(make: MakeFeed) -> None:
    feed = make()
    next(feed.events())
    for plain in (feed.reference(), feed.state()):
        assert msgspec.msgpack.decode(msgspec.msgpack.encode(plain)) == plain
    assert feed.reference()["kind"] == feed.kind


def test_it_goes_on_from_every_position_to_the_last_digit(make: MakeFeed) -> None:
    whole, feed = list(make().events()), make()
    stream = feed.events()
    for taken in range(len(whole) + 1):
        resumed = make()
        resumed.restore(msgspec.msgpack.decode(msgspec.msgpack.encode(feed.state())))
        assert list(resumed.events()) == whole[taken:]
        next(stream, None)


def test_a_resumed_feed_has_the_states_of_one_that_never_stopped(make: MakeFeed) -> None:
    feed = make()
    for _ in islice(feed.events(), 9):
        resumed = make()
        resumed.restore(feed.state())
        assert resumed.state() == feed.state()


def test_a_second_reading_goes_on_where_the_first_stopped(make: MakeFeed) -> None:
    feed = make()
    first = list(islice(feed.events(), 7))
    assert first + list(feed.events()) == list(make().events())
    assert list(feed.events()) == []


def test_the_warmup_ends_before_the_start_and_begins_no_earlier_than_asked(make: MakeFeed) -> None:
    feed = make()
    since_ns = feed.start_ns - 3 * MINUTE
    past = list(before_start(feed, since_ns))
    assert past
    for event in past:
        if isinstance(event, Bar):
            assert since_ns <= event.ts_ns - event.interval_ns
            assert event.ts_ns <= feed.start_ns
        else:
            assert since_ns <= event.ts_ns < feed.start_ns


def test_asking_for_more_warmup_only_adds_older_events(make: MakeFeed) -> None:
    feed = make()
    longest = list(before_start(feed, feed.start_ns - 11 * MINUTE))
    for minutes in range(11):
        past = list(before_start(feed, feed.start_ns - minutes * MINUTE))
        assert past == longest[len(longest) - len(past) :]
    assert list(before_start(feed, feed.start_ns)) == []


def test_the_warmup_moves_no_position_and_changes_no_event(make: MakeFeed) -> None:
    feed = make()
    first = list(islice(feed.events(), 5))
    before = feed.state()
    past = list(before_start(feed, feed.start_ns - 2 * MINUTE))
    assert feed.state() == before
    assert first + list(feed.events()) == list(make().events())
    assert list(before_start(feed, feed.start_ns - 2 * MINUTE)) == past


def test_each_symbol_has_its_own_past_and_the_others_none(make: MakeFeed) -> None:
    feed = make()
    since_ns = feed.start_ns - 7 * MINUTE
    alone = list(feed.warmup({"AAA": since_ns}))
    assert {event.symbol for event in alone} == {"AAA"}
    both = list(feed.warmup({"AAA": since_ns, "BBB": feed.start_ns - 2 * MINUTE}))
    assert [event for event in both if event.symbol == "AAA"] == alone
    assert sorted(event.ts_ns for event in both) == [event.ts_ns for event in both]
