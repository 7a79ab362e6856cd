"""Indicators of real prices, as charting programs, TA-Lib and spreadsheets have computed them."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.indicator_builders import KINDS
from trading.indicators import Atr, Bollinger, Ema, Macd, Rsi, Sma
from trading.market_data import Bar


class Column(NamedTuple):
    """Where a row of the table has its reference, and what of ours is compared with it from which row on."""

    file: str
    name: str
    build: Callable[[], Any]
    field: str | None = None
    first_row: int = 0


COLUMNS = {
    "SMA14": Column("spy_with_indicators.txt", "SMA14", lambda: Sma(14)),
    "RSI14 Wilder": Column("spy_with_indicators.txt", "RSI 14 Wilder", lambda: Rsi(14)),
    "EMA14 (first value = SMA of 14)": Column("spy_ema.csv", "EMA14", lambda: Ema(14)),
    # The reference seeds otherwise; after a hundred bars nothing is left of it.
    "ATR14 Wilder seed mean of TR[1..14]": Column(
        "spy_atr_wilder.txt", "Average True Range 14", lambda: Atr(14), first_row=100
    ),
    "Bollinger upper (population std)": Column(
        "spy_bollinger_bands.txt", "Bollinger Bands® 20 2 Top", lambda: Bollinger(20, 2.0), "upper"
    ),
    "Bollinger lower": Column(
        "spy_bollinger_bands.txt", "Bollinger Bands® 20 2 Bottom", lambda: Bollinger(20, 2.0), "lower"
    ),
    "MACD": Column("spy_with_macd.txt", "MACD", lambda: Macd(12, 26, 9), "macd"),
    "MACD signal": Column("spy_with_macd.txt", "Signal", lambda: Macd(12, 26, 9), "signal"),
}


@pytest.fixture(scope="module")
def case(shared: Path) -> Path:
    return shared / "cases" / "indicators_sma_ema_rsi_atr_bollinger_macd"


def differences(case: Path, column: Column) -> list[float]:
    """How far ours is from the reference in every row that has a value."""
    with (case / column.file).open(encoding="utf-8", newline="") as file:
        rows = [{name.lower(): cell for name, cell in row.items()} for row in csv.DictReader(file)]
    indicator = column.build()
    ours = KINDS[type(indicator).__name__].hear(indicator, [a_bar(row) for row in rows])
    if column.field:
        ours = [getattr(one, column.field, None) for one in ours]
    theirs = [row[column.name.lower()] for row in rows]
    pairs = list(zip(ours, theirs, strict=True))[column.first_row :]
    return [abs(our - float(their)) for our, their in pairs if their not in {"", "NaN"}]


def a_bar(row: dict[str, str]) -> Bar:
    """A row's bar; some files have closes alone."""
    close = row["close"]
    high, low = (float(row.get(name, close)) for name in ("high", "low"))
    return Bar("SPY", 0, 0, float(close), high, low, float(close), 0.0)


def test_every_row_of_the_table_is_reproduced(case: Path) -> None:
    checks = json.loads((case / "expected.json").read_text())["checks"]
    assert [check["indicator"] for check in checks] == list(COLUMNS)
    for check in checks:
        found = differences(case, COLUMNS[check["indicator"]])
        assert len(found) == check["rows"], check
        assert max(found) <= check["tolerance"], check
        assert max(found) == pytest.approx(check["max_abs_diff_of_rederivation"], rel=1e-3, abs=1e-12), check


def test_the_histogram_of_macd_is_reproduced_too(case: Path) -> None:
    found = differences(case, Column("spy_with_macd.txt", "Histogram", lambda: Macd(12, 26, 9), "histogram"))

    assert len(found) == 183
    assert max(found) <= 1e-4
