"""What backtests are measured on: prices made of a seed, as columns, as events and as files.

Prices are multiples of a quarter, so that sums of them are exact: whichever way an engine sums its averages, they are
the same, and so is each comparison of two of them.
"""

import os
from decimal import Decimal
from itertools import repeat
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import pyarrow
from numpy.typing import NDArray
from pyarrow import parquet

from benchmarks.terms import CASH, FEE_RATE
from trading.instruments import Instrument, InstrumentKind
from trading.market_data import Bar, Quote
from trading.money import Currency
from trading.timestamps import MILLISECOND, MINUTE, SECOND, iso

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

SCALE: Final = float(os.environ.get("BULKHEAD_BENCH_SCALE", "1"))
"""Of the size of each workload; below 1 for a quick look."""


def sized(count: int) -> int:
    """So many of that as were asked for."""
    return max(2_000, round(count * SCALE))


BARS: Final = sized(500_000)
QUOTES: Final = sized(1_000_000)

START_NS: Final = 1_577_836_800 * SECOND
TICK: Final = 0.25
AAA: Final = Instrument(
    symbol="AAA",
    kind=InstrumentKind.EQUITY,
    currency=Currency.known("USD"),
    tick_size=Decimal(str(TICK)),
    lot_size=Decimal(1),
)


class BarColumns(NamedTuple):
    """Bars of a minute; `ts_ns` is the close of each, volumes are units."""

    ts_ns: Integers
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats


class QuoteColumns(NamedTuple):
    """The best prices of both sides, and units there."""

    ts_ns: Integers
    bid: Floats
    ask: Floats
    bid_size: Floats
    ask_size: Floats


def bar_columns(count: int, seed: int = 1) -> BarColumns:
    """A price that walks by 0.05 % a minute, roughly."""
    rng = np.random.default_rng(seed)
    close = _on_tick(4_000 * np.exp(np.cumsum(rng.normal(0, 0.0005, count))))
    open_ = np.concatenate(([4_000.0], close[:-1])) + TICK * rng.integers(-1, 2, count)
    return BarColumns(
        ts_ns=START_NS + MINUTE * np.arange(1, count + 1, dtype=np.int64),
        open=open_,
        high=np.maximum(open_, close) + TICK * rng.integers(0, 4, count),
        low=np.minimum(open_, close) - TICK * rng.integers(0, 4, count),
        close=close,
        volume=rng.integers(1_000, 10_000, count).astype(np.float64),
    )


def quote_columns(count: int, seed: int = 2, apart_ns: int = SECOND) -> QuoteColumns:
    """A price that walks by 0.006 % a quote, with a spread of one tick or two; so far apart on average."""
    rng = np.random.default_rng(seed)
    bid = _on_tick(4_000 * np.exp(np.cumsum(rng.normal(0, 0.00006, count))))
    sizes = rng.integers(1_000, 10_000, (2, count)).astype(np.float64)
    between_ms = rng.integers(1, 2 * apart_ns // MILLISECOND, count, dtype=np.int64)
    return QuoteColumns(
        ts_ns=START_NS + MILLISECOND * np.cumsum(between_ms),
        bid=bid,
        ask=bid + TICK * rng.integers(1, 3, count),
        bid_size=sizes[0],
        ask_size=sizes[1],
    )


def bars_of(columns: BarColumns) -> list[Bar]:
    """The same as events."""
    ts_ns, *values = (column.tolist() for column in columns)
    return list(map(Bar, repeat(AAA.symbol), ts_ns, repeat(MINUTE), *values))


def quotes_of(columns: QuoteColumns) -> list[Quote]:
    """The same as events."""
    return list(map(Quote, repeat(AAA.symbol), *(column.tolist() for column in columns)))


class Workload(NamedTuple):
    """A config, and the Parquet file that it trades on."""

    config: Path
    data: Path


OF_BARS: Final = "data: bars, interval: 1m, stamp: close"
OF_QUOTES: Final = "data: quotes, repeats: true"
SMA: Final = "strategies.sma_cross:SmaCross"
RSI: Final = "strategies.rsi_envelope:RsiEnvelope"


def write_workload(
    folder: Path,
    columns: BarColumns | QuoteColumns,
    data: str,
    strategy: str,
    *,
    start_ns: int = START_NS,
    **params: int,
) -> Workload:
    """Columns as a file of a new folder, and a config that trades one strategy on it, on the terms of all workloads."""
    folder.mkdir()
    written = Workload(folder / "config.yaml", folder / "data.parquet")
    parquet.write_table(pyarrow.table(columns._asdict()), written.data)
    given = "".join(f", {name}: {value}" for name, value in params.items())
    written.config.write_text(f"""\
account: {{currency: USD, cash: "{CASH}"}}
broker: {{kind: simulated, commission: {{kind: per_share, rate: "{FEE_RATE}"}}}}
feed:
  kind: file
  start: "{iso(start_ns)}"
  files: [{{path: {written.data}, symbol: AAA, {data}}}]
instruments: {{AAA: {{kind: equity, tick_size: "{TICK}", lot_size: "1"}}}}
strategies:
  - {{id: s, class: "{strategy}", params: {{symbol: AAA{given}}}, capital: "{CASH}"}}
""")
    return written


def megabytes(columns: BarColumns | QuoteColumns) -> float:
    """What columns take in memory."""
    return sum(column.nbytes for column in columns) / 2**20


def _on_tick(prices: Floats) -> Floats:
    return np.round(prices / TICK) * TICK
