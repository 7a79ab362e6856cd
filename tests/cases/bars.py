"""Bars of the reference data, as the market hears them: stamped with their close."""

from datetime import date
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from trading.market_data import Bar
from trading.timestamps import DAY

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
