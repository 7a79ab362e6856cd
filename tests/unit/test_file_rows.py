"""Rows of files: what is read of them, and every kind of row that cannot be, in its place and words."""

import gzip
import re
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from daemon.errors import BadData
from daemon.feeds.file import packing
from daemon.feeds.file.layout import DataFile
from tests.market_files import bars, feed_of, quotes, trades, write
from trading.market_data import Bar, Quote, Trade
from trading.timestamps import HOUR, MINUTE, SECOND

NOON = 1_527_854_400 * SECOND
DAY = "2018-06-01"


def test_a_text_may_have_a_bom_crlf_quoted_cells_empty_lines_and_spaces(tmp_path: Path) -> None:
    text = f'\ufeff\r\n"time", bid,ask\r\n"{DAY} 12:00","1.0", 2\r\n\r\n{DAY} 12:01,1.5,2.5\r\n\r\n'
    file = quotes(write(tmp_path / "a.csv", text))
    assert list(feed_of(file).events()) == [
        Quote("AAA", NOON, 1.0, 2.0, 0.0, 0.0),
        Quote("AAA", NOON + MINUTE, 1.5, 2.5, 0.0, 0.0),
    ]


@pytest.mark.parametrize("name", ["a.csv", "a.txt", "a.csv.gz", "a.zip", "a.csv.zip"])
def test_a_text_is_unpacked_by_its_ending(name: str, tmp_path: Path) -> None:
    path = write(tmp_path / name, f"time,price,size\n{DAY} 12:00,10,5\n")
    assert list(feed_of(trades(path)).events()) == [Trade("AAA", NOON, 10.0, 5.0)]


def test_a_file_without_a_header_has_numbered_columns_and_any_delimiter(tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", "20180601 120100;10;12;9;11;100\n20180601 120200;11;12;9;10;50")
    columns = {"time": 1, "open": 2, "high": 3, "low": 4, "close": 5, "volume": 6}
    file = bars(path, columns=columns, header=False, delimiter=";")
    assert list(feed_of(file).events()) == [
        Bar("AAA", NOON + MINUTE, MINUTE, 10.0, 12.0, 9.0, 11.0, 100.0),
        Bar("AAA", NOON + 2 * MINUTE, MINUTE, 11.0, 12.0, 9.0, 10.0, 50.0),
    ]


def test_bars_stamped_at_their_open_are_heard_at_their_close(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", f"time,open,high,low,close\n{DAY} 12:00,10,12,9,11\n")
    closed, opened = (feed_of(bars(path, stamped_at_open=stamp)) for stamp in (False, True))
    assert [bar.ts_ns for feed in (closed, opened) for bar in feed.events()] == [NOON, NOON + MINUTE]


def test_a_date_and_a_time_of_day_may_have_columns_of_their_own(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "<DATE>,<TIME>,price\n01.06.2018,12:00,10\n")
    file = trades(path, columns={"date": "<DATE>", "time": "<TIME>"}, time="%d.%m.%Y %H:%M")
    assert list(feed_of(file).events()) == [Trade("AAA", NOON, 10.0, 0.0)]


def test_only_the_symbols_that_are_wanted_are_taken(tmp_path: Path) -> None:
    lines = "".join(f"{DAY} 12:00,{symbol},10\n" for symbol in ("AAA", "BBB", "CCC", "no number"))
    file = trades(write(tmp_path / "a.csv", "time,symbol,price\n" + lines), symbols=("CCC", "AAA"))
    assert list(feed_of(file).events()) == [Trade("CCC", NOON, 10.0, 0.0), Trade("AAA", NOON, 10.0, 0.0)]


def table(path: Path, **columns: Any) -> Path:
    pq.write_table(pa.table(columns), path)
    return path


@pytest.mark.parametrize(
    ("times", "changes"),
    [
        (pa.array([NOON]), {"time": "ns"}),
        (pa.array([NOON // SECOND]), {"time": "s"}),
        (pa.array([NOON / SECOND]), {"time": "s"}),
        (pa.array([NOON // 1000], pa.timestamp("us")), {}),
        (pa.array([NOON], pa.timestamp("ns", "UTC")), {"zone": "Europe/Berlin"}),
        (pa.array([(NOON + 2 * HOUR) // 1_000_000], pa.timestamp("ms")), {"zone": "Europe/Berlin"}),
        (pa.array([f"{DAY} 12:00"]), {}),
        (pa.array([f"{DAY} 12:00"]).dictionary_encode(), {}),
        (pa.array([201806011200]), {"time": "%Y%m%d%H%M"}),
    ],
    ids=["ns", "s", "float s", "timestamp", "aware", "in a zone", "text", "dictionary", "number by format"],
)
def test_parquet_holds_times_in_many_types(times: Any, changes: dict[str, Any], tmp_path: Path) -> None:
    path = table(tmp_path / "a.parquet", time=times, price=["10.5"], size=pa.array([3], pa.int32()))
    assert list(feed_of(trades(path, **changes)).events()) == [Trade("AAA", NOON, 10.5, 3.0)]


def test_a_parquet_date_is_its_midnight(tmp_path: Path) -> None:
    path = table(tmp_path / "a.parquet", date=pa.array([NOON // (24 * HOUR)], pa.date32()), price=[1.0])
    assert list(feed_of(trades(path, zone="Europe/Berlin")).events()) == [Trade("AAA", NOON - 14 * HOUR, 1.0, 0.0)]


# Rows that cannot be.

QUOTE = "time,symbol,bid,ask,bid_size,ask_size"
TRADE = "time,symbol,price,size,id"
BAR = "time,symbol,open,high,low,close,volume"
Described = Callable[..., DataFile]

BAD_ROWS: list[tuple[Described, str, Sequence[str], str]] = [
    (quotes, QUOTE, ["12:00,AAA,1,2,1"], "row 1 (line 2): has 5 cells, and the file 6 columns"),
    (quotes, QUOTE, ["12:00,AAA,1,2,1,1", "12:01,AAA,1,2,1,1,1"],
     "row 2 (line 3): has 7 cells, and the file 6 columns"),
    (quotes, QUOTE, ['12:00,AAA,1,"2,1,1'], "row 1 (line 2): cannot be cut into cells: unexpected end of data"),
    (quotes, QUOTE, ["12:00,AAA,1.0.0,2,1,1"], "row 1 (line 2): bid '1.0.0' is no number"),
    (quotes, QUOTE, ["12:00,AAA,1_0,20,1,1"], "row 1 (line 2): bid '1_0' is no number"),
    (quotes, QUOTE, ["12:00,AAA,1,,1,1"], "row 1 (line 2): ask is empty"),
    (quotes, QUOTE, ["12:00,AAA,nan,2,1,1"], "row 1 (line 2): bid 'nan' is no number"),
    (quotes, QUOTE, ["12:00,AAA,1,inf,1,1"], "row 1 (line 2): ask 'inf' is no number"),
    (quotes, QUOTE, ["12:00,AAA,1,1e999,1,1"], "row 1 (line 2): ask inf is no number"),
    (quotes, QUOTE, ["12:00,AAA,0,2,1,1"], "row 1 (line 2): bid 0.0 is not above zero"),
    (quotes, QUOTE, ["12:00,AAA,-1,2,1,1"], "row 1 (line 2): bid -1.0 is not above zero"),
    (quotes, QUOTE, ["12:00,AAA,1,2,-1,1"], "row 1 (line 2): bid_size -1.0 is negative"),
    (quotes, QUOTE, ["12:00,AAA,1,2,1,nan"], "row 1 (line 2): ask_size 'nan' is no number"),
    (quotes, QUOTE, ["12:00,AAA,3,2,1,1"], "row 1 (line 2): bid 3.0 is above ask 2.0"),
    (quotes, QUOTE, ["12:00,AAA,2,2,1,1", "", "11:59,AAA,1,2,1,1"],
     f"row 2 (line 4): time {DAY}T11:59:00Z is before {DAY}T12:00:00Z, seen above"),
    (quotes, QUOTE, ["12:00,AAA,1,2,1,1", "12:00,AAA,1,2,1,1"],
     "row 2 (line 3): is the same as the quote of AAA before it"),
    (quotes, QUOTE, ["12:00,AAA,1,2,1,1", "12:00,AAB,1,2,1,1"], "row 2 (line 3): 'AAB' is no instrument"),
    (trades, TRADE, ["12:00,AAA,10,1,a", "12:00,AAA,10,1,b", "12:00,AAA,11,1,a"],
     "row 3 (line 4): id 'a' was there already"),
    (trades, TRADE, ["12:00,AAA,0,1,a"], "row 1 (line 2): price 0.0 is not above zero"),
    (trades, TRADE, ["12:00,AAA,1,-1,a"], "row 1 (line 2): size -1.0 is negative"),
    (trades, TRADE, ["noon,AAA,1,1,a"],
     f"row 1 (line 2): time '{DAY} noon' is no time in ISO-8601, such as 2014-05-01 13:30:00"),
    (bars, BAR, ["12:00,AAA,10,9,11,10,1"], "row 1 (line 2): high 9.0 is below low 11.0"),
    (bars, BAR, ["12:00,AAA,10,12,11,11,1"], "row 1 (line 2): open 10.0 is outside low 11.0 to high 12.0"),
    (bars, BAR, ["12:00,AAA,11,12,11,13,1"], "row 1 (line 2): close 13.0 is outside low 11.0 to high 12.0"),
    (bars, BAR, ["12:00,AAA,11,12,11,12,-1"], "row 1 (line 2): volume -1.0 is negative"),
    (bars, BAR, ["12:00,AAA,10,12,9,11,1", "12:00,AAA,10,12,9,11,2"],
     f"row 2 (line 3): a bar of AAA at {DAY}T12:00:00Z was there already"),
    (bars, BAR, ["12:00,AAA,10,12,9,11,1", "12:00:30,AAA,10,12,9,11,2"],
     f"row 2 (line 3): bar of 1m at {DAY}T12:00:30Z begins before the one of {DAY}T12:00:00Z ends"),
]  # fmt: skip


@pytest.mark.parametrize(("describe", "header", "lines", "message"), BAD_ROWS, ids=[row[3] for row in BAD_ROWS])
@pytest.mark.parametrize("symbols", [("AAA",), ("AAA", "CCC")], ids=["one symbol", "two"])
def test_a_row_that_cannot_be_is_named_with_its_place_and_the_rest_is_kept(
    describe: Described, header: str, lines: Sequence[str], message: str, symbols: tuple[str, ...], tmp_path: Path
) -> None:
    text = "\n".join([header, *(f"{DAY} {line}" if line else "" for line in lines)])
    path = write(tmp_path / "a.csv", text)
    columns = {"id": "id"} if describe is trades else {}
    file = describe(path, symbols=symbols, others_are_bad=True, columns=columns)
    with pytest.raises(BadData) as refused:
        list(feed_of(file).events())
    assert str(refused.value) == f"{path}: {message}"
    assert refused.value.mend
    assert ("`repeats: true`" in refused.value.mend) == message.endswith("is the same as the quote of AAA before it")

    good = len([line for line in lines if line]) - 1
    skipping = feed_of(file, skip_bad_rows=True)
    assert len(list(skipping.events())) == good
    assert [sum(faults.values()) for faults in skipping.skipped.values()] == [1]
    assert skipping.rows == good + 1


# Prices at or below zero.


@pytest.mark.parametrize(
    ("describe", "header", "lines", "prices"),
    [
        (quotes, QUOTE, ["AAA,-3,-2,1,1", "AAA,-1,1,1,1", "AAA,-1,0,1,1"], [(-3.0, -2.0), (-1.0, 1.0), (-1.0, 0.0)]),
        (trades, TRADE, ["AAA,-37.63,1,a", "AAA,0,1,b", "AAA,2,1,c"], [(-37.63,), (0.0,), (2.0,)]),
        (bars, BAR, ["AAA,-1,2,-40,-37.63,5"], [(-1.0, 2.0, -40.0, -37.63)]),
    ],
)
@pytest.mark.parametrize("symbols", [("AAA",), ("AAA", "CCC")], ids=["one symbol", "two"])
def test_a_price_may_be_negative_where_that_of_its_symbol_may(
    describe: Described,
    header: str,
    lines: Sequence[str],
    prices: Sequence[tuple[float, ...]],
    symbols: tuple[str, ...],
    tmp_path: Path,
) -> None:
    text = "\n".join([header, *(f"{DAY} 12:{minute:02d},{line}" for minute, line in enumerate(lines))])
    path = write(tmp_path / "a.csv", text)
    heard = [
        msgspec.structs.astuple(event)
        for event in feed_of(describe(path, symbols=symbols, may_be_negative=frozenset({"AAA"}))).events()
    ]
    first = 3 if describe is bars else 2
    assert [values[first : first + len(prices[0])] for values in heard] == prices
    with pytest.raises(BadData, match="is not above zero"):
        list(feed_of(describe(path, symbols=symbols)).events())


def test_in_one_file_the_price_of_one_symbol_may_be_negative_and_that_of_another_not(tmp_path: Path) -> None:
    lines = "".join(f"{DAY} 12:00,{symbol},-1\n" for symbol in ("AAA", "CCC"))
    path = write(tmp_path / "a.csv", f"time,symbol,price\n{lines}")
    feed = feed_of(trades(path, symbols=("AAA", "CCC"), may_be_negative=frozenset({"CCC", "DDD"})), skip_bad_rows=True)
    assert list(feed.events()) == [Trade("CCC", NOON, -1.0, 0.0)]
    assert feed.skipped == {"a.csv": {"with a price not above zero": 1}}


@pytest.mark.parametrize(
    ("describe", "header", "line", "message"),
    [
        (quotes, QUOTE, "AAA,-2,-3,1,1", "bid -2.0 is above ask -3.0"),
        (quotes, QUOTE, "AAA,-2,-1,-1,1", "bid_size -1.0 is negative"),
        (trades, TRADE, "AAA,-inf,1,a", "price '-inf' is no number"),
        (trades, TRADE, "AAA,-1e999,1,a", "price -inf is no number"),
        (trades, TRADE, "AAA,nan,1,a", "price 'nan' is no number"),
        (bars, BAR, "AAA,-1,-5,-4,-4,1", "high -5.0 is below low -4.0"),
        (bars, BAR, "AAA,-1,2,-1,-1e999,1", "close -inf is no number"),
    ],
)
def test_a_negative_price_must_be_as_sound_as_another(
    describe: Described, header: str, line: str, message: str, tmp_path: Path
) -> None:
    path = write(tmp_path / "a.csv", f"{header}\n{DAY} 12:00,{line}\n")
    with pytest.raises(BadData, match=re.escape(f"row 1 (line 2): {message}")):
        list(feed_of(describe(path, may_be_negative=frozenset({"AAA"}))).events())


def test_a_quote_may_repeat_where_the_config_says_so_and_equal_trades_always_may(tmp_path: Path) -> None:
    twice = f"time,bid,ask,price\n{DAY} 12:00,1,2,1\n{DAY} 12:00,1,2,1\n"
    path = write(tmp_path / "a.csv", twice)
    for file in (quotes(path, repeats=True), trades(path)):
        assert len(list(feed_of(file).events())) == 2


def test_an_id_comes_again_at_another_time(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", f"time,price,id\n{DAY} 12:00,10,7\n{DAY} 12:01,10,7\n")
    assert len(list(feed_of(trades(path, columns={"id": "id"})).events())) == 2


def test_bad_cells_of_parquet_are_named_by_their_row(tmp_path: Path) -> None:
    for bid, message in [(float("nan"), "bid nan is no number"), (None, "bid is empty"), (9.0, "bid 9.0 is above ask")]:
        times = pa.array([NOON, NOON + 1])
        path = table(tmp_path / "a.parquet", ts_ns=times, bid=[1.0, bid], ask=[2.0, 2.0])
        with pytest.raises(BadData, match=f"a.parquet: row 2: {message}"):
            list(feed_of(quotes(path)).events())
    path = table(tmp_path / "b.parquet", ts_ns=pa.array([NOON, None]), bid=[1.0, 1.0], ask=[2.0, 2.0])
    with pytest.raises(BadData, match=r"b\.parquet: row 2: time is empty"):
        list(feed_of(quotes(path)).events())


# Files that break off.


def long_text() -> str:
    return "time,price\n" + "".join(f"{NOON + place},{place + 1}\n" for place in range(5000))


def test_a_gzip_file_that_breaks_off_is_named_with_its_last_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packing, "BLOCK_BYTES", 4096)
    path = write(tmp_path / "a.csv.gz", long_text())
    path.write_bytes(path.read_bytes()[:-2000])
    feed = feed_of(trades(path, time="ns"))
    with pytest.raises(BadData, match=r"cannot be read beyond row \d+: Compressed file ended") as refused:
        list(feed.events())
    last = re.search(r"beyond row (\d+)", str(refused.value))
    assert last is not None
    assert 3000 < feed.rows <= int(last[1]) < 5000
    assert refused.value.mend == "get the file anew"


def test_a_damaged_zip_file_never_ends_well(tmp_path: Path) -> None:
    path = write(tmp_path / "a.zip", long_text())
    whole = path.read_bytes()
    for place in range(100, len(whole) // 2, 500):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        with pytest.raises(BadData):
            list(feed_of(trades(path, time="ns")).events())


def test_files_that_are_not_what_their_ending_says_are_refused(tmp_path: Path) -> None:
    for name, message in [
        ("a.zip", "is no whole zip file"),
        ("a.parquet", "is no whole Parquet file"),
        ("a.csv.gz", "cannot be read: Not a gzipped file"),
    ]:
        path = tmp_path / name
        path.write_bytes(b"time,price\n1,2\n")
        with pytest.raises(BadData, match=message):
            list(feed_of(trades(path)).events())
    whole = table(tmp_path / "b.parquet", ts_ns=[NOON], price=[1.0]).read_bytes()
    (tmp_path / "b.parquet").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BadData, match=r"b\.parquet: is no whole Parquet file"):
        list(feed_of(trades(tmp_path / "b.parquet")).events())


def test_text_that_is_not_utf8_is_named_with_its_line(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", b"time,price\n1,2\n\xff,3\n")
    with pytest.raises(BadData, match=r"a\.csv: line 3 is not UTF-8 text"):
        list(feed_of(trades(path, time="s")).events())


def test_a_line_without_end_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", b"time,price\n" + b"1" * 3_000_000)
    with pytest.raises(BadData, match="has a line of over 1048576 bytes"):
        list(feed_of(trades(path, time="s")).events())


def test_a_zip_holds_one_file(tmp_path: Path) -> None:
    path = write(tmp_path / "a.zip", "time,price\n1,2\n")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("more.csv", "time,price\n")
    with pytest.raises(BadData, match=r"a\.zip: holds data\.csv, more\.csv"):
        list(feed_of(trades(path)).events())


def test_gzip_of_nothing_is_empty(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b"\n\n"))
    with pytest.raises(BadData, match=r"a\.csv\.gz: is empty"):
        list(feed_of(trades(path)).events())
