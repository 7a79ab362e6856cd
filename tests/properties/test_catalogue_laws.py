"""A catalogue gives back what came in, to the last bit, however it came in."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.feeds.file.layout import DataFile
from daemon.research.catalogue import writer
from daemon.research.catalogue.index import entries_of
from daemon.research.catalogue.series import Series
from tests.catalogue_builders import BARS, QUOTES, TRADES, events_in, events_of, snapshot, taken
from tests.market_files import NAMES, bars, quotes, trades, write_rows
from trading.subscriptions import DataKind
from trading.timestamps import MINUTE

FILES = {DataKind.QUOTES: quotes, DataKind.TRADES: trades, DataKind.BARS: bars}
SERIES = {DataKind.QUOTES: QUOTES, DataKind.TRADES: TRADES, DataKind.BARS: BARS}
PRICES = st.floats(min_value=5e-324, max_value=1.7976931348623157e308)
SIZES = st.floats(min_value=0.0, max_value=1.7976931348623157e308)
Rows = list[tuple[Any, ...]]


@st.composite
def rows_of(draw: st.DrawFn, data: DataKind) -> Rows:
    """Rows that can be: quotes at any times, none twice in a row; trades at any times; bars a minute apart or more."""
    pauses = {DataKind.BARS: st.integers(MINUTE, 10**15), DataKind.QUOTES: st.integers(1, 10**12)}
    ts_ns, rows = draw(st.integers(MINUTE, 10**18)), []
    for _ in range(draw(st.integers(1, 12))):
        ts_ns += draw(pauses.get(data, st.integers(0, 10**12)))
        rows.append((ts_ns, *_numbers(draw, data)))
    return rows


def _numbers(draw: st.DrawFn, data: DataKind) -> Sequence[float]:
    if data is DataKind.TRADES:
        return draw(PRICES), draw(SIZES)
    low, *inner, high = sorted(draw(st.lists(PRICES, min_size=4, max_size=4)))
    if data is DataKind.QUOTES:
        return low, high, draw(SIZES), draw(SIZES)
    opened, closed = draw(st.permutations(inner))
    return opened, high, low, closed, draw(SIZES)


def source(folder: Path, name: str, data: DataKind, rows: Rows) -> DataFile:
    return FILES[data](write_rows(folder / name, ("time", *NAMES[data]), rows))


@pytest.mark.parametrize("data", list(DataKind))
@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_what_comes_out_is_what_came_in(data: DataKind, ending: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "GROUP_ROWS", 5)

    @settings(max_examples=30)
    @given(rows_of(data))
    def law(rows: Rows) -> None:
        with TemporaryDirectory() as name:
            folder = Path(name)
            file = source(folder, f"a.{ending}", data, rows)
            taken(folder / "c", file)
            events = events_in(folder / "c", SERIES[data])
            assert events == events_of([file])
            assert len(events) == len(rows)
            (entry,) = entries_of(folder / "c", SERIES[data])
            label = entry.label
            assert (label.rows, label.first_ns, label.last_ns) == (len(rows), rows[0][0], rows[-1][0])

    law()


@pytest.mark.parametrize("data", [DataKind.QUOTES, DataKind.BARS])
def test_parts_in_any_order_with_any_overlap_come_to_the_whole(data: DataKind) -> None:
    @settings(max_examples=40)
    @given(rows_of(data), st.lists(st.tuples(st.integers(0, 11), st.integers(1, 12)), max_size=5))
    def law(rows: Rows, cuts: list[tuple[int, int]]) -> None:
        with TemporaryDirectory() as name:
            folder = Path(name)
            root, series = folder / "c", SERIES[data]
            parts = [(begin, begin + count) for begin, count in cuts if begin < len(rows)]
            for place, (begin, end) in enumerate([*parts, (0, len(rows))]):
                taken(root, source(folder, f"{place}.csv", data, rows[begin:end]))
                _assert_apart(root, series)
            assert events_in(root, series) == events_of([source(folder, "whole.csv", data, rows)])
            before = snapshot(root)
            (again,) = taken(root, source(folder, "again.parquet", data, rows))
            assert [(one.new, one.known) for one in again.series] == [(0, len(rows))]
            assert snapshot(root) == before

    law()


def _assert_apart(root: Path, series: Series) -> None:
    labels = [entry.label for entry in entries_of(root, series)]
    assert all(before.last_ns < after.first_ns for before, after in pairwise(labels))
