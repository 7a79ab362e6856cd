"""What scenarios are measured on: windows of made-up ticks of GBPUSD, under a known example's strategy, and the command
that runs them as people do.

The example: RSI of 14 on five minutes, an envelope of 20 and 2 % on thirty, of 2,300 ticks or of 20,000.
"""

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from trading.indicators import Envelope, Rsi
from trading.market_data import Quote
from trading.strategy import Strategy
from trading.timestamps import MINUTE, SECOND

ROOT: Final = Path(__file__).resolve().parent.parent
START_NS: Final = 1_758_808_800 * SECOND
"""2025-09-25 14:00 UTC, where the example begins."""
PAST: Final = 900
"""Ticks before that, one a minute, of which bars are made to warm up with."""
SMALL: Final = 2_300
LARGE: Final = 20_000
LONG: Final = 600_000
"""Ticks of a window that takes about as long as the example's does there."""
PATIENCE_SECONDS: Final = 120.0

_CONFIG: Final = """
mode: paper
account: {currency: USD, cash: "1000000"}
broker: {kind: simulated, commission: {kind: percent, percent: "0.002"}}
feed: {kind: file, speed: max, files: [{path: ticks.parquet, symbol: GBPUSD, data: quotes}]}
instruments: {GBPUSD: {kind: fx, tick_size: "0.00001", lot_size: "1000"}}
strategies:
  - id: rsi
    class: "strategies.rsi_envelope:RsiEnvelope"
    params: {symbol: GBPUSD, rsi_period: 14, envelope_period: 20, envelope_deviation: 2.0, quantity: "10000"}
    capital: "500000"
"""
_WAITS: Final = """
  - {id: waits, class: "benchmarks.scenario_windows:Waits", params: {symbol: GBPUSD}, capital: "1000"}
"""


class Waits(Strategy):
    """Holds its process at its hundredth tick for some seconds, so that it can be looked at."""

    symbol: str
    seconds: float = 4.0

    def start(self) -> None:
        self.ticks = 0
        self.subscribe(self.symbol, quotes=True)

    def on_quote(self, quote: Quote) -> None:
        self.ticks += 1
        if self.ticks == 100:
            time.sleep(self.seconds)


def write_ticks(path: Path, count: int = PAST + 2 * LARGE) -> None:
    """A walk of a tick each 0.4 seconds, after the past."""
    draw, bid, bids = random.Random(7), 1.35, []
    for _ in range(count):
        bid = round(max(1.2, bid + draw.choice((-2e-5, -1e-5, 0.0, 1e-5, 2e-5))), 5)
        bids.append(bid)
    steps = ((place - PAST, MINUTE if place < PAST else 2 * SECOND // 5) for place in range(count))
    times = [START_NS + place * step_ns for place, step_ns in steps]
    asks = [round(bid + 8e-5, 5) for bid in bids]
    pq.write_table(pa.table({"time": pa.array(times, pa.timestamp("ns", tz="UTC")), "bid": bids, "ask": asks}), path)


def by_hand_ms(path: Path, ticks: int) -> float:
    """The floor: read the file, and make the bars and indicators of the example in a loop."""
    began = time.perf_counter()
    bids = pq.read_table(path, columns=["bid"])["bid"].to_pylist()
    rsi, envelope = Rsi(14), Envelope(20, 2.0)
    for place, bid in enumerate(bids[PAST : PAST + ticks]):
        if place % 750 == 0:  # five minutes
            rsi.update(bid)
        if place % 4_500 == 0:
            envelope.update(bid)
    return (time.perf_counter() - began) * 1_000


def window(name: str, ticks: int, **settings: object) -> dict[str, Any]:
    """A scenario of so many ticks from the example's beginning on."""
    return {"name": name, "from": "2025-09-25T14:00:00Z", "max_events": ticks, "set": settings}


def write_config(folder: Path, *scenarios: dict[str, Any], waiting: bool = False) -> Path:
    """The config with these scenarios."""
    path = folder / "config.yaml"
    lines = "".join(f"    - {json.dumps(one)}\n" for one in scenarios)
    path.write_text(f"{_CONFIG}{_WAITS if waiting else ''}backtest:\n  scenarios:\n{lines or '    []'}")
    return path


def begin(folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    """The command over all scenarios, under way; what it shows is in a file."""
    command = (sys.executable, "-P", "-m", "daemon.cli", "backtest", "--scenarios", "--json", "all.json")
    with (folder / "shown.txt").open("wb") as shown:
        return subprocess.Popen(
            [*command, *arguments], cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=shown
        )


def run(folder: Path, *arguments: str) -> list[dict[str, Any]]:
    """What all scenarios came to."""
    assert begin(folder, *arguments).wait() == 0, (folder / "shown.txt").read_text()
    scenarios: list[dict[str, Any]] = json.loads((folder / "all.json").read_text())["scenarios"]
    return scenarios


def start_ms(one: dict[str, Any]) -> float:
    """How long its preparation took."""
    return sum((step["ms"] for step in one["preparation"]), 0.0)


def first_to_last(scenarios: list[dict[str, Any]]) -> float:
    """Seconds from the first task to the last end: without the start of the command and its checks."""
    began = min(one["submitted_at"] for one in scenarios)
    ended = max(one["ended_at"] for one in scenarios)
    seconds: float = (datetime.fromisoformat(ended) - datetime.fromisoformat(began)).total_seconds()
    return seconds


def until(condition: Callable[[], bool]) -> None:
    """Look again and again until it is so."""
    deadline = time.perf_counter() + PATIENCE_SECONDS
    while not condition():
        assert time.perf_counter() < deadline, "it never came to pass"
        time.sleep(0.02)
