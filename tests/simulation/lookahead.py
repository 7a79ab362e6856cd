"""What looking for look-ahead needs: minutes of one symbol in a file, a table of labels, a strategy of the cheats."""

import json
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from daemon.research.lookahead.findings import Verdict
from daemon.research.lookahead.inquiry import Inquiry
from daemon.research.lookahead.stage import Stage, read_stage
from daemon.research.lookahead.trials import Trials
from tests.config_builders import plan_of
from trading.market_data import Bar
from trading.timestamps import MINUTE, iso

START_NS = 1_767_623_400_000_000_000
FIELDS = ("ts_ns", "open", "high", "low", "close", "volume")
CONFIG = """\
account: {{currency: USD, cash: "100000"}}
feed: {{kind: file, files: [{{path: {file}, data: bars, interval: 1m, stamp: close, symbol: AAA}}]}}
instruments: {{AAA: {{kind: equity, tick_size: "0.01", lot_size: "1"}}}}
strategies:
  - {{id: one, class: "{reference}", params: {params}, capital: "50000"}}
"""


def minutes(count: int = 90, seed: int = 7) -> list[Bar]:
    """Bars of a walk; some minutes have none."""
    random, cents, bars = Random(seed), 10_000, []
    for number in range(1, count + 1):
        if random.random() < 0.05:
            continue
        path = [cents := cents + random.randint(-9, 9) for _ in range(4)]
        prices = (path[0] / 100, max(path) / 100, min(path) / 100, path[-1] / 100)
        bars.append(Bar("AAA", START_NS + number * MINUTE, MINUTE, *prices, float(random.randint(1, 200))))
    return bars


def write_data(folder: Path, bars: list[Bar]) -> None:
    """The same bars as prices.csv and prices.parquet; and what else may be read: labels.csv and labels.parquet, which
    say of each whether it closed higher, longer.csv, bars of five minutes stamped at their open, and closes.txt."""
    rows = [",".join(repr(getattr(bar, field)) for field in FIELDS) for bar in bars]
    (folder / "prices.csv").write_text("\n".join([",".join(FIELDS), *rows, ""]))
    labels = [f"{iso(bar.ts_ns)},{int(bar.close > bar.open)}" for bar in bars]
    (folder / "labels.csv").write_text("\n".join(["time,label", *labels, ""]))
    times = pa.array([bar.ts_ns for bar in bars], type=pa.timestamp("ns", tz="UTC"))
    pq.write_table(
        pa.table({"time": times, "label": [int(bar.close > bar.open) for bar in bars]}), folder / "labels.parquet"
    )
    (folder / "closes.txt").write_text("\n".join(repr(bar.close) for bar in bars))
    longer: dict[int, list[Bar]] = {}
    for bar in bars:
        longer.setdefault((bar.ts_ns - 1) // (5 * MINUTE) * 5 * MINUTE, []).append(bar)
    rows = [f"{iso(opened)},{of_it[0].open},{of_it[-1].close}" for opened, of_it in longer.items()]
    (folder / "longer.csv").write_text("\n".join(["time,open,close", *rows, ""]))
    table = pa.table({field: [getattr(bar, field) for bar in bars] for field in FIELDS})
    pq.write_table(table, folder / "prices.parquet")


def config_of(cheat: str, *, file: str = "prices.csv", **params: Any) -> str:
    """A configuration with one cheat on a file of prices."""
    given = json.dumps({"symbol": "AAA", **params})
    return CONFIG.format(file=file, reference=f"tests.simulation.cheats:{cheat}", params=given)


def staged(folder: Path, cheat: str, *, file: str = "prices.csv", **params: Any) -> tuple[Stage, Trials]:
    """Everything for one cheat, on data that is written into a folder."""
    write_data(folder, minutes())
    stage = read_stage(plan_of(folder, config_of(cheat, file=file, **params)), most=10_000, seed=1)
    (folder / "copies").mkdir()
    return stage, Trials(stage, folder / "copies", lambda: 60.0)


def verdict_of(folder: Path, cheat: str, *, file: str = "prices.csv", **params: Any) -> Verdict:
    """What is found of one cheat."""
    return Inquiry(*staged(folder, cheat, file=file, **params)).verdict()
