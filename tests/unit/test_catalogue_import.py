"""Files into a catalogue: all that they say, all of them or none, and nothing twice."""

import gzip
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from daemon.disk import RealDisk
from daemon.errors import BadData, DaemonError
from daemon.feeds.file.layout import DataFile
from daemon.research.catalogue import stretches as stretches_module
from daemon.research.catalogue import writer
from daemon.research.catalogue.configured import configured_files
from daemon.research.catalogue.importing import import_files
from daemon.research.catalogue.index import entries, entries_of
from tests.catalogue_builders import (
    BARS,
    NOON,
    QUOTES,
    TRADES,
    bar_file,
    events_in,
    events_of,
    snapshot,
    stretches,
    taken,
    trade_file,
    trade_rows,
)
from tests.market_files import bars, quotes, trades, write, write_rows
from trading.market_data import Quote
from trading.timestamps import MINUTE, SECOND

ROOT = Path(__file__).resolve().parents[2]

QUOTE_TEXT = "time;sym;b;a\n01.06.2018 14:00:00;AAA;1.1;1.2\n01.06.2018 14:00:00;BBB;2;3\n01.06.2018 14:00:01;AAA;1;1\n"
NAMED = {"symbol": "sym", "bid": "b", "ask": "a"}
GERMAN = {"delimiter": ";", "time": "%d.%m.%Y %H:%M:%S", "zone": "Europe/Berlin", "columns": NAMED}


@pytest.mark.parametrize("name", ["a.csv", "a.txt", "a.csv.gz", "a.txt.gz", "a.zip"])
def test_text_in_every_packing_and_form_is_taken_as_the_file_feed_takes_it(tmp_path: Path, name: str) -> None:
    source = quotes(write(tmp_path / name, QUOTE_TEXT), symbols=("AAA", "BBB"), **GERMAN)
    (done,) = taken(tmp_path / "c", source)
    assert [(one.series.symbol, one.new, one.known) for one in done.series] == [("AAA", 2, 0), ("BBB", 1, 0)]
    assert events_in(tmp_path / "c", QUOTES) == [
        Quote("AAA", NOON, 1.1, 1.2, 0.0, 0.0),
        Quote("AAA", NOON + SECOND, 1.0, 1.0, 0.0, 0.0),
    ]
    assert len(events_of([source])) == 3


def test_parquet_is_taken_as_the_file_feed_takes_it(tmp_path: Path) -> None:
    source = trades(trade_file(tmp_path / "a.parquet", 250))
    taken(tmp_path / "c", source)
    assert events_in(tmp_path / "c", TRADES) == events_of([source])


def test_a_file_that_is_sorted_by_symbol_first_is_read_once_for_each(tmp_path: Path) -> None:
    text = "time,symbol,price\n2018-06-02,AAA,1\n2018-06-01,BBB,2\n"
    path = write(tmp_path / "a.csv", text)
    with pytest.raises(BadData) as refused:
        taken(tmp_path / "c", trades(path, symbols=("AAA", "BBB")))
    assert "a.csv has 1 going back in time" in str(refused.value)
    assert "--by-symbol" in refused.value.mend
    taken(tmp_path / "c", trades(path), trades(path, symbols=("BBB",)))
    assert [series.symbol for series in entries(tmp_path / "c")] == ["AAA", "BBB"]


def test_the_files_of_a_config_are_taken_as_it_describes_them(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    write(tmp_path / "data/a.csv", QUOTE_TEXT)
    config = write(
        tmp_path / "config.yaml",
        """\
account: {currency: USD, cash: "1", kind: margin, leverage: "2"}
feed:
  kind: file
  on_bad_row: skip
  files:
    - {path: data/a.csv, data: quotes, delimiter: ";", time: "%d.%m.%Y %H:%M:%S", zone: Europe/Berlin,
       columns: {symbol: sym, bid: b, ask: a}}
instruments:
  AAA: {kind: equity, tick_size: "0.01", lot_size: "1"}
  BBB: {kind: future, tick_size: "0.01", lot_size: "1", margin: {initial: "1", maintenance: "1"}}
strategies: [{id: none, class: "no.such:Thing", capital: "5"}]
""",
    )
    files, skips = configured_files(config, {})
    assert skips
    assert files == [
        DataFile(
            path=tmp_path / "data/a.csv",
            data=files[0].data,
            symbols=("AAA", "BBB"),
            others_are_bad=True,
            may_be_negative=frozenset({"BBB"}),
            **GERMAN,  # type: ignore[arg-type]
        )
    ]
    taken(tmp_path / "c", *files, skip_bad_rows=True)
    assert [series.symbol for series in entries(tmp_path / "c")] == ["AAA", "BBB"]


def test_groups_of_rows_are_bounded_and_so_is_what_waits_for_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "GROUP_ROWS", 64)
    monkeypatch.setattr(stretches_module, "HELD_ROWS", 100)
    text = "".join(f"{NOON + place},S{place % 3},1\n" for place in range(600))
    source = trades(write(tmp_path / "a.csv", "ts_ns,symbol,price\n" + text), symbols=("S0", "S1", "S2"))
    monkeypatch.setattr("daemon.feeds.file.packing.BLOCK_BYTES", 500)
    taken(tmp_path / "c", source)
    for series in entries(tmp_path / "c"):
        (entry,) = entries_of(tmp_path / "c", series)
        metadata = pq.read_metadata(entry.path)
        groups = [metadata.row_group(place).num_rows for place in range(metadata.num_row_groups)]
        assert sum(groups) == 200
        assert max(groups) <= 64
        assert len(groups) >= 4
    assert {event.symbol for event in events_of([source])} == {"S0", "S1", "S2"}


PEAK = """
import sys
from daemon.cli import main
try:
    main(["data", "import", *sys.argv[1:], "--data", "quotes", "--symbol", "AAA"])
finally:
    print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM:")))
"""


def test_memory_does_not_grow_with_a_file(tmp_path: Path) -> None:
    peaks = []
    for count in (150_000, 450_000):
        times = pa.array(range(NOON, NOON + count), pa.timestamp("ns", "UTC"))
        source = tmp_path / f"{count}.parquet"
        pq.write_table(pa.table({"time": times, "bid": pa.repeat(1.0, count), "ask": pa.repeat(2.0, count)}), source)
        words = [sys.executable, "-P", "-c", PEAK, str(source), "--catalogue", str(tmp_path / str(count))]
        run = subprocess.run(words, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True)
        peaks.append(int(run.stdout))
    assert peaks[1] < 1.15 * peaks[0]


# What is refused, with nothing written.

BAD: dict[str, tuple[Callable[[Path], DataFile], str, str]] = {
    "a row that cannot be": (
        lambda folder: trades(write(folder / "a.csv", "time,price\n2018-06-01,1\n2018-06-01,x\n2018-06-01,0\n")),
        "rows that cannot be: a.csv has 1 with no number, 1 with a price not above zero\n"
        "  a.csv: row 2 (line 3): price 'x' is no number\n"
        "  a.csv: row 3 (line 4): price 0.0 is not above zero",
        "--on-bad-row skip",
    ),
    "rows out of order": (
        lambda folder: trades(write(folder / "a.csv", "time,price\n2018-06-02,1\n2018-06-01,1\n")),
        "row 2 (line 3): time 2018-06-01T00:00:00Z is before 2018-06-02T00:00:00Z, seen above",
        "sort the file by time",
    ),
    "a column too few": (
        lambda folder: bars(write(folder / "a.csv", "time,open,high,close\n2018-06-01,1,1,1\n")),
        "columns.low: no column has a usual name of it (low); its columns are time, open, high, close",
        "--column FIELD=COLUMN",
    ),
    "several columns too few": (
        lambda folder: bars(write(folder / "a.csv", "time,open\n2018-06-01,1\n")),
        "columns.close: no column",
        "--column",
    ),
    "another delimiter": (
        lambda folder: bars(write(folder / "a.csv", "time;open\n2018-06-01;1\n")),
        "its first line is one cell, 'time;open'",
        "delimiter: ';'",
    ),
    "no row of the symbol": (
        lambda folder: trades(write(folder / "a.csv", "time,price,symbol\n2018-06-01,1,AAB\n")),
        "a.csv has no row of AAA; did you mean 'AAB'?; it begins with AAB",
        "describe it as it is",
    ),
    "a Parquet file that is cut off": (
        lambda folder: trades(write(folder / "a.parquet", trade_file(folder / "b.parquet", 9).read_bytes()[:-20])),
        "a.parquet: is no whole Parquet file",
        "get the file anew",
    ),
    "a Parquet file that is damaged within": (
        lambda folder: trades(write(folder / "a.parquet", _scratched(trade_file(folder / "b.parquet", 500)))),
        "a.parquet: cannot be read beyond row 0",
        "get the file anew",
    ),
    "a packed file that breaks off": (
        lambda folder: trades(_broken(folder / "a.csv.gz")),
        "a.csv.gz: cannot be read beyond row ",
        "get the file anew",
    ),
    "no rows": (lambda folder: trades(write(folder / "a.csv", "time,price\n")), "a.csv has no rows", "describe"),
    "an empty file": (lambda folder: trades(write(folder / "a.csv", "")), "a.csv: is empty", "name a file with rows"),
    "a file that is not there": (lambda folder: trades(folder / "none.csv"), "none.csv: no such file", "the path"),
}


def _scratched(path: Path) -> bytes:
    data = bytearray(path.read_bytes())
    data[4:200] = bytes(196)
    return bytes(data)


def _broken(path: Path) -> Path:
    rows = "".join(f"{NOON + place * 1_234_567},{place % 977 + 1}\n" for place in range(50_000))
    path.write_bytes(gzip.compress(f"ts_ns,price\n{rows}".encode())[:-3000])
    return path


@pytest.mark.parametrize("flaw", BAD)
def test_a_file_that_cannot_be_is_told_and_leaves_the_catalogue_as_it_was(tmp_path: Path, flaw: str) -> None:
    root = tmp_path / "c"
    taken(root, trades(trade_file(tmp_path / "good.csv", 3), symbols=("GOOD",)))
    before = snapshot(root)
    make, why, mend = BAD[flaw]
    with pytest.raises(BadData) as refused:
        taken(root, trades(trade_file(tmp_path / "also.csv", 3), symbols=("ALSO",)), make(tmp_path))
    assert why in str(refused.value)
    assert "a.csv" in str(refused.value) or "a.parquet" in str(refused.value) or "none.csv" in str(refused.value)
    assert mend in refused.value.mend
    assert snapshot(root) == before


def test_rows_that_cannot_be_are_left_out_and_counted_if_asked_for(tmp_path: Path) -> None:
    source = trades(write(tmp_path / "a.csv", "time,price\n2018-06-01,1\n2018-06-01,x\n2018-05-01,1\n2018-06-01,2\n"))
    (done,) = taken(tmp_path / "c", source, skip_bad_rows=True)
    assert done.skipped == {"with no number": 1, "going back in time": 1}
    assert (done.rows, done.series[0].new) == (4, 2)


def test_a_symbol_of_which_every_row_is_bad_is_told_although_bad_rows_are_skipped(tmp_path: Path) -> None:
    source = trades(write(tmp_path / "a.csv", "time,price\n2018-06-01,x\n"))
    with pytest.raises(BadData, match="has no row of AAA that can be used"):
        taken(tmp_path / "c", source, skip_bad_rows=True)


def test_a_file_that_is_written_to_meanwhile_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = trade_file(tmp_path / "a.csv", 3)

    def write_on(*_: object) -> None:
        path.write_text(path.read_text() + "2018-06-02,1,1\n")

    monkeypatch.setattr("daemon.research.catalogue.importing.refuse_absent_symbols", write_on)
    with pytest.raises(BadData, match="was written to while it was read"):
        taken(tmp_path / "c", trades(path))
    assert snapshot(tmp_path / "c") == {}


def test_two_imports_do_not_write_to_one_catalogue(tmp_path: Path) -> None:
    root = tmp_path / "c"
    taken(root, trades(trade_file(tmp_path / "a.csv", 3)))
    lock = RealDisk().lock(root / ".lock", os.getpid())
    with pytest.raises(DaemonError) as refused:
        taken(root, trades(trade_file(tmp_path / "b.csv", 3, first=9)))
    lock.release()
    assert str(refused.value) == f"another import (process {os.getpid()}) writes to the catalogue {root}"
    assert stretches(root, TRADES) == [(3, 0, 2)]


# What is there already.


def test_the_same_rows_again_are_there_already(tmp_path: Path) -> None:
    root = tmp_path / "c"
    taken(root, trades(trade_file(tmp_path / "a.csv", 5)))
    before = snapshot(root)
    for name in ("a.csv", "again.parquet"):
        (done,) = taken(root, trades(trade_file(tmp_path / name, 5)))
        assert [(one.new, one.known, one.files) for one in done.series] == [(0, 5, [])]
    assert snapshot(root) == before


def test_a_file_that_has_grown_brings_what_is_new(tmp_path: Path) -> None:
    root = tmp_path / "c"
    taken(root, trades(trade_file(tmp_path / "a.csv", 5, first=3)))
    (done,) = taken(root, trades(trade_file(tmp_path / "a.csv", 12)))
    assert [(one.new, one.known) for one in done.series] == [(7, 5)]
    assert stretches(root, TRADES) == [(3, 0, 2), (5, 3, 7), (4, 8, 11)]
    assert events_in(root, TRADES) == events_of([trades(tmp_path / "a.csv")])


def test_a_file_brings_what_lies_between_those_that_are_there(tmp_path: Path) -> None:
    root = tmp_path / "c"
    taken(root, trades(trade_file(tmp_path / "a.csv", 2)), trades(trade_file(tmp_path / "b.csv", 2, first=8)))
    taken(root, trades(trade_file(tmp_path / "c.csv", 3, first=4)))
    assert stretches(root, TRADES) == [(2, 0, 1), (3, 4, 6), (2, 8, 9)]


def test_files_of_one_import_are_held_against_each_other_too(tmp_path: Path) -> None:
    root = tmp_path / "c"
    first, second = taken(
        root, trades(trade_file(tmp_path / "a.csv", 5)), trades(trade_file(tmp_path / "b.csv", 5, first=3))
    )
    assert (first.series[0].new, second.series[0].new, second.series[0].known) == (5, 3, 2)
    assert stretches(root, TRADES) == [(5, 0, 4), (3, 5, 7)]


ROWS = list(trade_rows(9))
OTHERS = {
    "another value": (
        [*ROWS[:4], (ROWS[4][0], 7.5, 100.0), *ROWS[5:]],
        "other.csv: row 5 (line 6): 2018-06-01T12:00:04Z AAA price=7.5 size=100.0, where the catalogue has"
        " 2018-06-01T12:00:04Z AAA price=5.0 size=100.0 (of ",
    ),
    "a row too many": (
        [*ROWS[:4], (ROWS[3][0] + 1, 4.0, 1.0), *ROWS[4:]],
        "row 5 (line 6): 2018-06-01T12:00:03.000000001Z AAA price=4.0 size=1.0, where the catalogue has"
        " 2018-06-01T12:00:04Z",
    ),
    "a row too few": (
        [*ROWS[:4], *ROWS[5:]],
        "row 5 (line 6): 2018-06-01T12:00:05Z AAA price=6.0 size=100.0, where the catalogue has 2018-06-01T12:00:04Z",
    ),
    "more of the last time": (
        [*ROWS, (ROWS[8][0], 4.0, 1.0)],
        "row 10 (line 11): 2018-06-01T12:00:08Z AAA price=4.0 size=1.0, where the catalogue has no more (of ",
    ),
    "the last row lacking before a later one": (
        [*ROWS[:8], (ROWS[8][0] + 1, 4.0, 1.0)],
        "has no row like one of the catalogue's within its time: 2018-06-01T12:00:08Z AAA price=9.0 size=100.0 (of ",
    ),
    "another first row": (
        [(ROWS[0][0], 4.0, 1.0)],
        "row 1 (line 2): 2018-06-01T12:00:00Z AAA price=4.0 size=1.0, where the catalogue has",
    ),
}


@pytest.mark.parametrize("difference", OTHERS)
def test_rows_that_differ_from_what_is_there_are_refused(tmp_path: Path, difference: str) -> None:
    root = tmp_path / "c"
    taken(root, trades(trade_file(tmp_path / "a.csv", 9)))
    before = snapshot(root)
    rows, why = OTHERS[difference]
    with pytest.raises(BadData) as refused:
        taken(root, trades(write_rows(tmp_path / "other.csv", ("time", "price", "size"), rows)))
    assert why in str(refused.value)
    assert "20180601T120000Z_20180601T120008Z.parquet" in str(refused.value)
    assert "remove that file first" in refused.value.mend
    assert snapshot(root) == before


def test_bars_of_other_lengths_and_other_symbols_are_nothing_to_each_other(tmp_path: Path) -> None:
    root, path = tmp_path / "c", bar_file(tmp_path / "a.csv", [(NOON, 1, 1, 1, 1, 1)])
    taken(root, bars(path), bars(path, interval_ns=2 * MINUTE), bars(path, symbols=("BBB",)))
    assert [series.text for series in entries(root)] == ["bars of 1m of AAA", "bars of 2m of AAA", "bars of 1m of BBB"]


def test_a_second_bar_of_one_time_is_another_row(tmp_path: Path) -> None:
    root = tmp_path / "c"
    taken(root, bars(bar_file(tmp_path / "a.csv", [(NOON, 1, 1, 1, 1, 1)])))
    with pytest.raises(BadData, match="where the catalogue has"):
        taken(root, bars(bar_file(tmp_path / "b.csv", [(NOON, 1, 2, 1, 1, 1)])))
    assert len(events_in(root, BARS)) == 1


def test_what_is_imported_twice_from_one_source_is_the_same_byte_by_byte(tmp_path: Path) -> None:
    source = trades(trade_file(tmp_path / "a.csv", 500))
    taken(tmp_path / "one", source)
    import_files(tmp_path / "two", [source], skip_bad_rows=False, disk=RealDisk())
    assert snapshot(tmp_path / "one") == snapshot(tmp_path / "two")
