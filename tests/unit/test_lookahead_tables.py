"""Copies of files whose later rows are others, or are not there."""

import gzip
import json
import zipfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from daemon.feeds.file.feed import FileFeed
from daemon.feeds.file.layout import DataFile
from daemon.research.lookahead.cells import other_columns
from daemon.research.lookahead.cuts import choose
from daemon.research.lookahead.futures import Change, Cut, Future, noise
from daemon.research.lookahead.knowing import Prices, known_times
from daemon.research.lookahead.resemblance import holds_prices
from daemon.research.lookahead.tables import Table, read_table
from trading.market_data import Bar
from trading.subscriptions import DataKind
from trading.timestamps import DAY, HOUR, MINUTE

START_NS = 1_767_623_400_000_000_000


class AboutARun:
    window = (START_NS, START_NS + DAY)
    zone = "UTC"
    prices: ClassVar[dict[str, Prices]] = {}
    seed = 3


ABOUT = AboutARun()
ROWS = [(START_NS + n * MINUTE, 10.0 + n, 11.0 + n, 9.0 + n, 10.5 + n, 100) for n in range(6)]
NAMES = ("ts_ns", "open", "high", "low", "close", "volume")
AFTER = Cut(0, START_NS + 3 * MINUTE)


def text() -> bytes:
    return "\n".join([",".join(NAMES), *(",".join(map(str, row)) for row in ROWS), ""]).encode()


def plain(path: Path) -> None:
    path.write_bytes(text())


def gzipped(path: Path) -> None:
    path.write_bytes(gzip.compress(text()))


def zipped(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("prices.csv", text())


def parquet(path: Path) -> None:
    pq.write_table(pa.table(dict(zip(NAMES, map(list, zip(*ROWS, strict=True)), strict=True))), path)


FORMS: dict[str, Callable[[Path], None]] = {
    "prices.csv": plain,
    "prices.csv.gz": gzipped,
    "prices.zip": zipped,
    "prices.parquet": parquet,
}


def described(path: Path) -> DataFile:
    return DataFile(path=path, data=DataKind.BARS, symbols=("AAA",), interval_ns=MINUTE, stamped_at_open=True)


def bars(path: Path) -> list[Bar]:
    feed = FileFeed(files=[described(path)], start_ns=0)
    feed.survey()
    return [event for event in feed.events() if isinstance(event, Bar)]


def the_table(path: Path, file: DataFile | None) -> Table:
    table = read_table(path, file, ABOUT)
    assert table is not None
    return table


@pytest.mark.parametrize("name", FORMS)
def test_a_copy_of_the_feeds_file_is_the_same_up_to_a_cut_and_can_be_read(tmp_path: Path, name: str) -> None:
    FORMS[name](tmp_path / name)
    table, copy = the_table(tmp_path / name, described(tmp_path / name)), tmp_path / "copy" / name
    copy.parent.mkdir()
    whole = bars(tmp_path / name)
    assert table.times.tolist() == [bar.ts_ns for bar in whole]
    for future in (Future.HIGHER, Future.LOWER):
        table.write(copy, Change(future, AFTER))
        other = bars(copy)
        assert (other[:3], len(other)) == (whole[:3], len(whole))
        is_higher = future is Future.HIGHER
        assert [new.close > old.close for new, old in zip(other[3:], whole[3:], strict=True)] == [is_higher] * 3
        assert [bar.close > bar.open for bar in other[3:]] == [is_higher] * 3
    table.write(copy, Change(Future.ENDS, AFTER))
    assert bars(copy) == whole[:3]
    table.write(copy, Change(Future.HIGHER, AFTER, until=Cut(0, AFTER.ts_ns + MINUTE)))
    assert [new == old for new, old in zip(bars(copy), whole, strict=True)] == [True, True, True, False, True, True]


FOUND = {
    "a column of ISO times": "when,label\n2026-01-05T14:30:00Z,1\n2026-01-05T14:31:00+00:00,0\n",
    "a day and a time of day": "2026-01-05;14:30;1\n2026-01-05;14:31;0\n",
    "seconds, not the first column": "label\ttime\n1\t1767623400\n0\t1767623460\n",
    "milliseconds after a title": "labels of last year\nx|t\n1|1767623400000\n0|1767623460000\n",
}


@pytest.mark.parametrize("content", FOUND.values(), ids=FOUND)
def test_times_are_found_in_a_file_of_which_nothing_is_said(tmp_path: Path, content: str) -> None:
    (tmp_path / "labels.txt").write_text(content)
    table = the_table(tmp_path / "labels.txt", None)
    assert table.times.tolist() == [START_NS, START_NS + MINUTE]
    table.write(tmp_path / "copy.txt", Change(Future.HIGHER, Cut(0, START_NS)))
    before, after = content.splitlines(), (tmp_path / "copy.txt").read_text().splitlines()
    assert (after[:-1], after[-1]) == (before[:-1], _with_label(before[-1], "1"))


def _with_label(line: str, label: str) -> str:
    return f"{label}{line[1:]}" if line.startswith("0") else f"{line[:-1]}{label}"


@pytest.mark.parametrize(
    "content",
    [b"", b"a,b\n1,2\n3,4\n", b"\x00\xff\x80", b"1,1900-01-01\n2,1900-01-02\n", b'{"threshold": 12}'],
    ids=["empty", "numbers", "bytes", "another century", "json"],
)
def test_a_file_without_times_is_no_table(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file.dat").write_bytes(content)
    assert read_table(tmp_path / "file.dat", None, ABOUT) is None


def test_a_parquet_file_with_typed_times_is_a_table(tmp_path: Path) -> None:
    stamps = pa.array([START_NS, START_NS + HOUR], type=pa.timestamp("ns", tz="UTC"))
    pq.write_table(pa.table({"label": ["up", "down"], "at": stamps}), tmp_path / "labels.parquet")
    table = the_table(tmp_path / "labels.parquet", None)
    table.write(tmp_path / "copy.parquet", Change(Future.LOWER, Cut(0, START_NS)))
    assert pq.read_table(tmp_path / "copy.parquet").column("label").to_pylist() == ["up", "up"]


CELLS: dict[str, tuple[list[Any], Callable[[Any, Any], bool]]] = {
    "prices as text": (["10.50", "9.25", ""], lambda old, new: float(new) > float(old)),
    "whole numbers": (list(range(1, 41)), lambda old, new: type(new) is int and new > old),
    "decimals": ([Decimal(n) + Decimal("0.5") for n in range(40)], lambda old, new: type(new) is Decimal and new > old),
    "classes": (["buy", "sell", "hold"], lambda old, new: new in {"buy", "sell", "hold"} - {old}),
    "truth": ([True, False, True], lambda old, new: new is (not old)),
}


@pytest.mark.parametrize(("cells", "is_other"), CELLS.values(), ids=CELLS)
def test_cells_become_others_of_their_kind(cells: list[Any], is_other: Callable[[Any, Any], bool]) -> None:
    name = "price" if "10.50" in cells else "column 1"
    made = other_columns({name: cells, "time": cells}, Future.HIGHER, noise(1, "x", len(cells)))
    assert all(is_other(old, new) if old != "" else new == "" for old, new in zip(cells, made[name], strict=True))
    assert made["time"] == cells


def test_what_nothing_else_can_be_made_of_stays() -> None:
    cells = [f"note {number}" for number in range(1_500)]
    assert other_columns({"column 1": cells}, Future.LOWER, np.zeros(1_500)) == {"column 1": cells}


FED = {"AAA": Prices(np.array([START_NS + n * MINUTE for n in range(60)]), np.array([100.0 + n for n in range(60)]))}
OPENED = [START_NS + n * 5 * MINUTE for n in range(10)]
STATED = {
    "stamped at their open": ([f"{105 + 5 * n}.0" for n in range(10)], 5 * MINUTE),
    "stamped at their close": ([f"{100 + 5 * n}.0" for n in range(10)], 0),
    "prices of something else": ([f"{7 + n}.5" for n in range(10)], 0),
    "words": (["up"] * 10, 0),
}


@pytest.mark.parametrize(("closes", "later_ns"), STATED.values(), ids=STATED)
def test_rows_that_hold_later_prices_of_the_feed_are_known_later(closes: list[str], later_ns: int) -> None:
    assert list(known_times(OPENED, [["x"] * 10, closes], FED)) == [time + later_ns for time in OPENED]


@pytest.mark.parametrize(
    ("content", "holds"),
    [
        (json.dumps({str(n): 100.0 + n for n in range(60)}).encode(), True),
        (np.arange(100.0, 160.0).tobytes(), True),
        (np.arange(100.0, 160.0).astype(">f4").tobytes(), True),
        (b'{"threshold": 101, "days": [1, 2, 3]}', False),
        (b"", False),
    ],
    ids=["json", "float64", "float32", "settings", "empty"],
)
def test_prices_of_the_feed_are_found_in_whatever_file(tmp_path: Path, content: bytes, holds: bool) -> None:
    (tmp_path / "file.dat").write_bytes(content)
    assert holds_prices(tmp_path / "file.dat", FED) is holds


def test_cuts_are_drawn_all_over_and_where_decisions_change() -> None:
    moments = [Cut(place, place * MINUTE) for place in range(1_000)]
    drawn = choose(Random(1), moments, [17, 500, 999])
    assert drawn == sorted(drawn) == choose(Random(1), moments, [17, 500, 999])
    assert {moments[17], moments[500]} < set(drawn)
    assert moments[999] not in drawn
    assert [sum(begin <= cut.place < begin + 250 for cut in drawn) >= 1 for begin in range(0, 1_000, 250)] == [True] * 4
