"""Bars of the reference data, as the market hears them: stamped with their close."""

import csv
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from trading.market_data import Bar
from trading.timestamps import DAY, from_datetime

PRICES = ("open", "high", "low", "close", "volume")


def daily_bars(shared: Path, symbol: str, first: str, last: str) -> list[Bar]:
    """Raw daily bars of an equity from one date to another, both included; a bar covers its date in UTC."""
    path = shared / "data" / "lean_equity" / "equity_daily.parquet"
    if not path.exists():
        pytest.skip(f"no {path}")
    table = pq.read_table(path)
    rows = table.filter(pc.equal(table["symbol"], symbol)).to_pylist()
    bars = []
    for row in rows:
        day = date.fromordinal(date(1970, 1, 1).toordinal() + row["ts_ns"] // DAY)
        if date.fromisoformat(first) <= day <= date.fromisoformat(last):
            begin_ns = row["ts_ns"] - row["ts_ns"] % DAY
            bars.append(Bar(symbol, begin_ns + DAY, DAY, *(float(row[name]) for name in PRICES)))
    return bars


def goog_bars(shared: Path) -> list[Bar]:
    """The daily bars of GOOG that backtesting.py brings along; a bar covers its date in UTC."""
    path = shared / "data" / "copyleft" / "backtesting_py" / "GOOG.csv"
    if not path.exists():
        pytest.skip(f"no {path}")
    with path.open() as table:
        rows = list(csv.DictReader(table))
    bars = []
    for row in rows:
        begin_ns = from_datetime(datetime.fromisoformat(row[""]).replace(tzinfo=UTC))
        bars.append(Bar("GOOG", begin_ns + DAY, DAY, *(float(row[name.title()]) for name in PRICES)))
    return bars


def factor(shared: Path, day: str) -> float:
    """What a raw price of a day is multiplied with: the factors of the first row of that date or later."""
    with (shared / "data" / "lean_equity" / "orig" / "factor_files" / "spy.csv").open() as table:
        rows = [row for row in csv.reader(table) if row[0] >= day]
    return float(rows[0][1]) * float(rows[0][2])
