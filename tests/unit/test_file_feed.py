"""Files as a feed: their order, the survey before trading, what is left out, and that nothing is read ahead of need."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from daemon.errors import BadData
from daemon.feeds.file import packing
from daemon.feeds.file.blocks import Place
from daemon.feeds.file.lane import source_of
from tests.market_files import NAMES, bars, feed_of, quotes, trades, write, write_rows
from trading.market_data import Bar, Quote, Trade
from trading.sequencer import Offer
from trading.subscriptions import DataKind
from trading.timestamps import MINUTE, SECOND

NOON = 1_527_854_400 * SECOND


def ticks(count: int, *, every_ns: int = SECOND, first: int = 0) -> Iterator[tuple[Any, ...]]:
    """Rows of prices that count up from 1."""
    return ((NOON + place * every_ns, place + 1) for place in range(first, first + count))


def price_file(path: Path, count: int, **where: int) -> Path:
    return write_rows(path, ("time", "price"), ticks(count, **where))


def test_events_of_one_time_come_by_rank_then_by_the_symbols_place_then_by_row(tmp_path: Path) -> None:
    row = [(NOON, 1, 2), (NOON, 3, 4)]
    a = write_rows(tmp_path / "a.csv", ("time", "bid", "ask"), row)
    t = write_rows(tmp_path / "t.csv", ("time", "price", "size"), row)
    b = write_rows(tmp_path / "b.csv", ("time", "open", "high", "low", "close"), [(NOON, 1, 2, 1, 2)])
    feed = feed_of(
        trades(t, symbols=("CCC",)),
        quotes(a, symbols=("BBB",)),
        quotes(a, symbols=("AAA",)),
        bars(b, symbols=("AAA",), interval_ns=2 * MINUTE),
        bars(b, symbols=("BBB",)),
    )
    assert list(feed.offers) == ["CCC", "BBB", "AAA"]
    assert feed.offers["BBB"] == Offer(quotes=True, bar_interval_ns=MINUTE)
    heard = [(type(event), event.symbol) for event in feed.events()]
    assert heard == [
        (Bar, "BBB"),
        (Bar, "AAA"),
        *[(Quote, "BBB")] * 2,
        *[(Quote, "AAA")] * 2,
        *[(Trade, "CCC")] * 2,
    ]


def test_files_of_one_symbol_come_one_after_the_other(tmp_path: Path) -> None:
    first, second = price_file(tmp_path / "1.csv", 5), price_file(tmp_path / "2.parquet", 5, first=5)
    feed = feed_of(trades(second), trades(first))
    assert [event.price for event in feed.events() if isinstance(event, Trade)] == [float(one) for one in range(1, 11)]


def test_no_more_is_read_than_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "BLOCK_BYTES", 1000)
    feed = feed_of(trades(price_file(tmp_path / "a.csv", 2000)), trades(price_file(tmp_path / "b.csv", 2000)))
    stream = feed.events()
    next(stream)
    assert feed.rows < 200


def test_a_position_late_in_a_file_is_found_without_reading_what_is_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packing, "BLOCK_BYTES", 1000)
    file = trades(price_file(tmp_path / "a.csv", 2000))
    feed = feed_of(file)
    events = list(zip(range(1900), feed.events(), strict=False))
    path = tmp_path / "a.csv"
    path.write_bytes(path.read_bytes().replace(b"Z,7\n", b"Z,x\n"))  # row 7 is bad now; whoever reads it would tell
    resumed = feed_of(file)
    resumed.restore(feed.state())
    assert next(resumed.events()).ts_ns == events[-1][1].ts_ns + SECOND


def test_the_start_divides_the_past_from_what_is_traded(tmp_path: Path) -> None:
    file = trades(price_file(tmp_path / "a.csv", 10))
    feed = feed_of(file, start_ns=NOON + 4 * SECOND, end_ns=NOON + 6 * SECOND)
    assert [event.ts_ns - NOON for event in feed.warmup({"AAA": NOON + 2 * SECOND})] == [2 * SECOND, 3 * SECOND]
    assert [event.ts_ns - NOON for event in feed.events()] == [4 * SECOND, 5 * SECOND]


def test_a_bar_belongs_to_what_is_traded_if_it_closes_after_the_start(tmp_path: Path) -> None:
    rows = [(NOON + place * MINUTE, 1, 2, 1, 2) for place in range(1, 5)]
    file = bars(write_rows(tmp_path / "a.csv", ("time", "open", "high", "low", "close"), rows))
    feed = feed_of(file, start_ns=NOON + 2 * MINUTE, end_ns=NOON + 3 * MINUTE)
    assert [bar.ts_ns - NOON for bar in feed.warmup({"AAA": NOON})] == [MINUTE, 2 * MINUTE]
    assert [bar.ts_ns - NOON for bar in feed.warmup({"AAA": NOON + 1})] == [2 * MINUTE]
    assert [bar.ts_ns - NOON for bar in feed.events()] == [3 * MINUTE]


# The reference: what determines the events, and no more.


def test_the_reference_tells_of_contents_and_mapping_and_not_of_paths(tmp_path: Path) -> None:
    one, other = price_file(tmp_path / "one.csv", 5), price_file(tmp_path / "other.csv", 5)
    reference = feed_of(trades(one)).reference()
    assert feed_of(trades(other)).reference() == reference
    assert feed_of(trades(one, columns={"price": "price"}, time="iso")).reference() == reference
    assert reference["files"][0]["bytes"] == one.stat().st_size
    changed = [
        feed_of(trades(price_file(tmp_path / "longer.csv", 6))),
        feed_of(trades(one, zone="Europe/Berlin")),
        feed_of(trades(one, symbols=("BBB",))),
        feed_of(trades(one, may_be_negative=frozenset({"AAA"}))),
        feed_of(trades(one), start_ns=1),
        feed_of(trades(one), end_ns=1),
        feed_of(trades(one), skip_bad_rows=True),
        feed_of(trades(one), trades(one)),
    ]
    assert all(feed.reference() != reference for feed in changed)
    assert msgspec.json.decode(msgspec.json.encode(reference)) == reference


# The survey.


def test_a_survey_counts_what_is_there(tmp_path: Path) -> None:
    file = trades(price_file(tmp_path / "a.csv", 5))
    (survey,) = feed_of(file).survey()
    assert survey.text() == "a.csv: 5 rows"
    assert (survey.first["AAA"], survey.last["AAA"]) == (
        Trade("AAA", NOON, 1.0, 0.0),
        Trade("AAA", NOON + 4 * SECOND, 5.0, 0.0),
    )


def test_a_survey_tells_the_first_bad_rows_of_all_files_and_counts_the_rest(tmp_path: Path) -> None:
    bids = [("2018-06-01 12:00", bid, 5) for bid in ("1", "6", "x", "7", "", "8")]
    lines = "".join(f"{time},{bid},{ask}\n" for time, bid, ask in bids)
    one = quotes(write(tmp_path / "one.csv", f"time,bid,ask\n{lines}"))
    other = trades(write(tmp_path / "other.csv", "time,price\n2018-06-01,0\n"), symbols=("BBB",))
    with pytest.raises(BadData) as refused:
        feed_of(one, other).survey()
    assert str(refused.value).splitlines() == [
        "rows that cannot be: one.csv has 3 crossed, 2 with no number; other.csv has 1 with a price not above zero",
        "  one.csv: row 2 (line 3): bid 6.0 is above ask 5.0",
        "  one.csv: row 3 (line 4): bid 'x' is no number",
        "  one.csv: row 4 (line 5): bid 7.0 is above ask 5.0",
        "  one.csv: row 5 (line 6): bid is empty",
        "  one.csv: row 6 (line 7): bid 8.0 is above ask 5.0",
    ]
    assert refused.value.mend.endswith("; or leave such rows out, counted, with `on_bad_row: skip`")


def test_what_is_skipped_is_counted_alike_by_survey_run_and_resumed_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packing, "BLOCK_BYTES", 200)
    rows = [(NOON + place * SECOND, 9 if place % 10 == 3 else 1, 2) for place in range(100)]
    file = quotes(write_rows(tmp_path / "a.csv", ("time", "bid", "ask"), [*rows, rows[-1]]))
    feed = feed_of(file, skip_bad_rows=True)
    (survey,) = feed.survey()
    assert survey.text() == "a.csv: 101 rows, 11 skipped (10 crossed, 1 duplicate)"
    for _ in zip(range(40), feed.events(), strict=False):
        pass
    resumed = feed_of(file, skip_bad_rows=True)
    resumed.restore(feed.state())
    assert len(list(resumed.events())) == 50
    assert resumed.skipped == {"a.csv": {"crossed": 10, "duplicate": 1}}
    assert resumed.tally() == "101 rows, 11 skipped (a.csv: 10 crossed, 1 duplicate)"


def test_a_survey_refuses_a_symbol_without_rows(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "a.csv", ("time", "symbol", "price"), [(NOON, "AAA", 1), (NOON, "CCC", 1)])
    with pytest.raises(BadData, match=r"a\.csv: has no row of BBB that can be used"):
        feed_of(trades(path, symbols=("AAA", "BBB"))).survey()


def test_a_survey_refuses_bars_of_one_time_in_two_files(tmp_path: Path) -> None:
    names = ("time", *NAMES[DataKind.BARS])
    rows = [(NOON + place * MINUTE, 1, 2, 1, 2, 1) for place in range(10)]
    one, other = write_rows(tmp_path / "one.csv", names, rows[:6]), write_rows(tmp_path / "two.csv", names, rows[5:])
    with pytest.raises(BadData, match=r"one\.csv and .*two\.csv both have bars of AAA from 2018-06-01T12:05:00Z on"):
        feed_of(bars(one), bars(other)).survey()
    feed_of(bars(one), bars(write_rows(tmp_path / "two.csv", names, rows[6:]))).survey()


def test_a_survey_refuses_a_start_after_everything(tmp_path: Path) -> None:
    with pytest.raises(BadData, match="no file has a row after the start"):
        feed_of(trades(price_file(tmp_path / "a.csv", 5)), start_ns=NOON + MINUTE).survey()


def test_a_file_that_is_gone_is_named(tmp_path: Path) -> None:
    feed = feed_of(trades(tmp_path / "gone.csv"))
    for look in (feed.reference, feed.survey, lambda: list(feed.events())):
        with pytest.raises(BadData, match=r"gone\.csv: no such file"):
            look()


def test_a_parquet_file_is_not_held_in_memory_while_it_is_read(tmp_path: Path) -> None:
    draw = random.Random(1)
    rows = 300_000
    times = pa.array(range(NOON, NOON + rows), pa.timestamp("ns", "UTC"))
    prices = pa.array([1.0 + draw.random() for _ in range(rows)])
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"time": times, "price": prices, "size": prices}), path, row_group_size=20_000)
    before, most = pa.total_allocated_bytes(), 0
    for _ in source_of(trades(path)).blocks(Place()):
        most = max(most, pa.total_allocated_bytes() - before)
    assert most < path.stat().st_size / 2
