"""A file's bars as arrays are its bars, whatever is wrong with it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.errors import BadData
from daemon.feeds.file.blocks import BarArrays
from daemon.feeds.file.feed import FileFeed
from daemon.feeds.file.layout import DataFile
from daemon.research.timeline import TimelineWriter
from trading.market_data import Bar, MarketEvent
from trading.subscriptions import DataKind
from trading.timestamps import MINUTE

BLOCK = 64
NAMES = ("time", "open", "high", "low", "close", "volume")
Columns = dict[str, Any]


@pytest.fixture(autouse=True, scope="module")
def small_blocks() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("daemon.feeds.file.parquet.BLOCK_ROWS", BLOCK)
        yield


def walk(count: int) -> Columns:
    closes = [100.0 + place % 7 for place in range(count)]
    return {
        "time": [place * MINUTE for place in range(1, count + 1)],
        "open": closes,
        "high": [price + 1 for price in closes],
        "low": [price - 1 for price in closes],
        "close": closes,
        "volume": [float(place) for place in range(count)],
    }


def written(folder: Path, columns: Columns, types: dict[str, Any] | None = None) -> Path:
    path = folder / "bars.parquet"
    of = types or {}
    pq.write_table(pa.table({name: pa.array(values, of.get(name)) for name, values in columns.items()}), path)
    return path


def feed_of(path: Path, **given: Any) -> FileFeed:
    how: dict[str, Any] = {"time": "ns"}
    how |= {name: given.pop(name) for name in ("stamped_at_open", "time", "may_be_negative") if name in given}
    file = DataFile(path=path, data=DataKind.BARS, symbols=("AAA",), interval_ns=MINUTE, **how)
    return FileFeed(files=[file], **({"start_ns": 0} | given))


def in_blocks(feed: FileFeed) -> tuple[list[MarketEvent], int]:
    """The events of its blocks, and how many of them came as arrays."""
    events: list[MarketEvent] = []
    quickly = 0
    blocks = feed.bar_blocks()
    assert blocks is not None
    for block in blocks:
        if isinstance(block, BarArrays):
            writer = TimelineWriter()
            writer.add_bars("AAA", MINUTE, block)
            timeline = writer.finished()
            events += [timeline.event(place)[0] for place in range(len(timeline))]
            quickly += len(timeline)
        else:
            events += block
    return events, quickly


def same(path: Path, **given: Any) -> tuple[int, int]:
    """Holds its blocks against its events; how many there are, and how many of them came as arrays."""
    expected = list(feed_of(path, **given).events())
    found, quickly = in_blocks(feed_of(path, **given))
    assert found == expected
    assert all(type(value) is float for bar in found if isinstance(bar, Bar) for value in (bar.open, bar.volume))
    return len(found), quickly


@pytest.mark.parametrize("count", [1, BLOCK, BLOCK + 1, 500])
def test_a_flawless_file_comes_as_arrays(tmp_path: Path, count: int) -> None:
    path = written(tmp_path, walk(count))
    assert same(path) == (count, count)
    assert same(path, stamped_at_open=True) == (count, count)


NUMBERS = (pa.int64(), pa.float32(), pa.string())
TIMES = (*NUMBERS, pa.timestamp("ns"), pa.timestamp("ms", "UTC"))


@pytest.mark.parametrize(
    ("name", "kind"), [(name, kind) for name in NAMES for kind in (TIMES if name == "time" else NUMBERS)], ids=str
)
def test_columns_of_every_type(tmp_path: Path, name: str, kind: pa.DataType) -> None:
    columns = walk(50)
    if name == "time" and pa.types.is_floating(kind):
        columns["time"] = [place * 64 for place in range(1, 51)]
    if kind == pa.string():
        columns[name] = [str(value) for value in columns[name]]
    elif pa.types.is_timestamp(kind):
        columns[name] = [value // (1 if kind.unit == "ns" else 10**6) for value in columns[name]]
    elif name != "time":
        columns[name] = [float(int(value)) if pa.types.is_floating(kind) else int(value) for value in columns[name]]
    of_time = "s" if pa.types.is_floating(kind) else None if pa.types.is_timestamp(kind) else "ns"
    given = {"time": of_time if name == "time" else "ns"}
    count, quickly = same(written(tmp_path, columns, {name: kind}), **given)
    assert count == 50
    assert quickly == (
        0
        if kind == pa.string() or of_time == "s" == given["time"] or (kind == pa.timestamp("ns") and name == "time")
        else 50
    )


def test_a_window_cuts_within_a_block_and_reads_no_further(tmp_path: Path) -> None:
    path = written(tmp_path, walk(200))
    for begin, end in ((0, 200), (5, 9), (BLOCK - 1, BLOCK + 1), (199, 300), (7, None), (0, 1)):
        end_ns = None if end is None else end * MINUTE
        last = 200 if end is None else min(end, 200)
        assert same(path, start_ns=begin * MINUTE, end_ns=end_ns) == (last - begin, last - begin)
    broken = walk(200)
    broken["close"][190] = float("nan")
    assert same(written(tmp_path, broken), end_ns=60 * MINUTE) == (60, 60)


FLAWS: dict[str, Callable[[Columns, int], None]] = {
    "not a number": lambda columns, row: columns["close"].__setitem__(row, float("nan")),
    "nothing": lambda columns, row: columns["open"].__setitem__(row, None),
    "no time": lambda columns, row: columns["time"].__setitem__(row, None),
    "infinite": lambda columns, row: columns["high"].__setitem__(row, float("inf")),
    "too low": lambda columns, row: columns["low"].__setitem__(row, -1.0),
    "outside": lambda columns, row: columns["open"].__setitem__(row, 500.0),
    "backwards": lambda columns, row: columns["time"].__setitem__(row, 5),
    "again": lambda columns, row: columns["time"].__setitem__(row, columns["time"][row - 1]),
    "overlapping": lambda columns, row: columns["time"].__setitem__(row, (columns["time"][row] or 0) - 1),
    "a negative volume": lambda columns, row: columns["volume"].__setitem__(row, -1.0),
}


@pytest.mark.parametrize("flaw", FLAWS)
@pytest.mark.parametrize("row", [1, BLOCK - 1, BLOCK, BLOCK + 1, 99])
def test_a_flaw_is_told_or_skipped_as_in_events(tmp_path: Path, flaw: str, row: int) -> None:
    columns = walk(100)
    FLAWS[flaw](columns, row)
    path = written(tmp_path, columns)
    with pytest.raises(BadData) as in_events:
        list(feed_of(path).events())
    with pytest.raises(BadData) as as_arrays:
        in_blocks(feed_of(path))
    assert str(as_arrays.value) == str(in_events.value)
    count, quickly = same(path, skip_bad_rows=True)
    assert count < 100
    assert quickly in {100 - BLOCK, BLOCK}


@given(st.lists(st.tuples(st.integers(1, 200), st.sampled_from(sorted(FLAWS))), max_size=4), st.booleans())
def test_whatever_is_wrong_the_rest_is_the_same(
    tmp_path_factory: pytest.TempPathFactory, flaws: list[tuple[int, str]], signed: bool
) -> None:
    columns = walk(201)
    for row, flaw in flaws:
        FLAWS[flaw](columns, row)
    path = written(tmp_path_factory.mktemp("bars"), columns)
    same(path, skip_bad_rows=True, may_be_negative=frozenset({"AAA"} if signed else ()))


def test_without_a_volume_it_is_nothing_and_prices_of_whole_numbers_are_prices(tmp_path: Path) -> None:
    columns = walk(10)
    del columns["volume"]
    path = written(tmp_path, {name: np.asarray(values, dtype=np.int64) for name, values in columns.items()})
    assert same(path) == (10, 10)


def test_what_is_not_one_symbols_bars_in_one_parquet_file_has_none(tmp_path: Path) -> None:
    path = written(tmp_path, walk(3))
    bars = DataFile(path=path, data=DataKind.BARS, symbols=("AAA",), interval_ns=MINUTE)
    text = DataFile(path=tmp_path / "a.csv", data=DataKind.BARS, symbols=("AAA",), interval_ns=MINUTE)
    two = DataFile(path=path, data=DataKind.BARS, symbols=("AAA", "BBB"), interval_ns=MINUTE)
    ticks = DataFile(path=path, data=DataKind.TRADES, symbols=("AAA",))
    for files in ([text], [two], [ticks], [bars, bars]):
        assert FileFeed(files=files, start_ns=0).bar_blocks() is None
