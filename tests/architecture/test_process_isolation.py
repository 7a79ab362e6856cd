"""With process isolation, nothing that a strategy brings along comes into the daemon's own process."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CONFIG = """
mode: paper
account: {currency: USD, cash: "100000"}
feed: {kind: synthetic, duration: 2m, speed: max, every: 1s, at_end: exit, symbols: {AAA: {price: "100.00"}}}
instruments: {AAA: {kind: equity, tick_size: "0.01", lot_size: "1"}}
strategies:
  - {id: sma, class: "strategies.sma_cross:SmaCross", params: {symbol: AAA}, capital: "10000"}
  - {id: mine, class: "mine.py:Mine", params: {symbol: AAA}, capital: "10000"}
"""
MINE = """
import sys
import wave  # as numpy would be, if it were there

from trading.strategy import Strategy


class Mine(Strategy):
    symbol: str

    def on_quote(self, quote):
        if not self.position(self.symbol):
            self.buy(self.symbol, 1)
            print("loaded:", "wave" in sys.modules, file=sys.stderr)
"""


def test_a_daemon_of_processes_imports_no_strategy_nor_what_strategies_import(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(CONFIG)
    (tmp_path / "mine.py").write_text(MINE)
    state = tmp_path / "state"
    run = subprocess.run(
        [sys.executable, "-P", "-X", "importtime", "-m", "daemon.cli", "run", "-c", "config.yaml", "--state", state],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    lines = (line for line in run.stderr.splitlines() if line.startswith("import time:"))
    loaded = {line.rpartition("|")[2].strip() for line in lines}
    assert "daemon.supervisor" in loaded
    assert "loaded: True" in (state / "logs" / "mine.log").read_text(), "it has traded"
    foreign = {"strategies", "mine", "wave", "numpy", "pandas"}
    assert {name for name in loaded if name.partition(".")[0] in foreign} == set()
