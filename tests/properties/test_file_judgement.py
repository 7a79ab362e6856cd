"""A block judged at once and row by row come to the same, whatever stands in it."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.feeds.file import packing
from daemon.feeds.file.blocks import Block
from daemon.feeds.file.judge import Before, Judge
from daemon.feeds.file.lane import Mark, source_of
from daemon.feeds.file.layout import DataFile
from tests.market_files import NAMES, bars, quotes, trades, write
from trading.market_data import MarketEvent
from trading.subscriptions import DataKind

CELLS = [
    "1",
    "2",
    "2.5",
    "3",
    " 3",
    "0",
    "-1",
    "nan",
    "inf",
    "1e400",
    "-1e400",
    "",
    "1_0",
    "x",
    '"2"',
    "60",
    "120",
    "121",
    "AAA",
]
CELLS += ["BBB", "CCC", '"AAA', "99999999999999", "1,1"]
LIKELY = {DataKind.QUOTES: "1,2,3,4", DataKind.TRADES: "2,3", DataKind.BARS: "2,3,1,2,9"}
FILES = {DataKind.QUOTES: quotes, DataKind.TRADES: trades, DataKind.BARS: bars}


class RowByRow:
    """A block that does not offer itself as columns."""

    def __init__(self, block: Block) -> None:
        self.after = block.after
        self.rows = block.rows

    def columns(self) -> None:
        return None


def judged(file: DataFile, *, at_once: bool) -> tuple[list[MarketEvent], list[tuple[int, str]], Before]:
    bad: list[tuple[int, str]] = []
    judge = Judge(file, Before(), lambda row: bad.append((row.row, row.message)))
    events: list[MarketEvent] = []
    for block in source_of(file).blocks(Mark().place):
        events += judge.events(block if at_once else RowByRow(block))
    return events, bad, judge.before


@st.composite
def texts(draw: st.DrawFn, data: DataKind) -> str:
    """Rows that can be, but for a cell or two."""
    rows = [
        [str(60 * place), "AAA", str(place), *LIKELY[data].split(",")] for place in range(1, draw(st.integers(1, 5)))
    ]
    for row in draw(st.lists(st.sampled_from(rows), max_size=2)) if rows else []:
        row[draw(st.integers(0, len(row) - 1))] = draw(st.sampled_from(CELLS))
    return "\n".join([f"time,symbol,id,{','.join(NAMES[data])}", *map(",".join, rows)]) + "\n"


@pytest.mark.parametrize("data", list(DataKind))
@pytest.mark.parametrize(
    ("symbols", "others_are_bad", "signed"),
    [
        (("AAA",), True, ""),
        (("AAA",), False, ""),
        (("BBB", "AAA"), True, ""),
        (("AAA",), True, "AAA"),
        (("BBB", "AAA"), True, "AAA"),
        (("BBB", "AAA"), True, "AAA BBB"),
    ],
    ids=["one symbol", "one symbol of several", "two symbols", "one signed", "one of two signed", "two signed"],
)
def test_a_block_is_judged_alike_at_once_and_row_by_row(
    data: DataKind,
    symbols: tuple[str, ...],
    others_are_bad: bool,
    signed: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    columns = {"id": "id"} if data is DataKind.TRADES else {}
    path = tmp_path / "a.csv"
    file = FILES[data](
        path,
        symbols=symbols,
        others_are_bad=others_are_bad,
        may_be_negative=frozenset(signed.split()),
        time="s",
        columns=columns,
    )

    @settings(max_examples=100)
    @given(texts(data), st.sampled_from([1, 10_000]))
    def law(text: str, block_bytes: int) -> None:
        monkeypatch.setattr(packing, "BLOCK_BYTES", block_bytes)  # a line at a time, or everything at once
        write(path, text)
        assert judged(file, at_once=True) == judged(file, at_once=False)

    law()
