"""`bulkhead check --lookahead` as it really runs: on the config that comes along, and on strategies in files."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.simulation.lookahead import minutes, write_data

ROOT = Path(__file__).resolve().parents[2]

CONFIG = """\
account: {currency: USD, cash: "100000"}
feed: {kind: file, files: [{path: prices.csv, data: bars, interval: 1m, stamp: close, symbol: AAA}]}
instruments: {AAA: {kind: equity, tick_size: "0.01", lot_size: "1"}}
strategies:
  - {id: knows, class: "mine.py:Knows", params: {symbol: AAA}, capital: "40000"}
  - {id: leaves, class: "mine.py:Leaves", params: {symbol: AAA}, capital: "20000"}
  - {id: ends, class: "mine.py:Ends", params: {symbol: AAA}, capital: "20000"}
"""
MINE = """
import os
import numpy as np
from functools import lru_cache
from pathlib import Path
from trading.strategy import Strategy

ROWS = np.loadtxt(Path(__file__).with_name("prices.csv"), delimiter=",", skiprows=1)
AFTER = dict(zip(ROWS[:, 0].astype(np.int64).tolist(), ROWS[1:, 4].tolist()))


@lru_cache
def closes():
    return [float(line.split(",")[4]) for line in open("prices.csv").readlines()[1:]]


class Knows(Strategy):
    symbol: str

    def on_bar(self, bar):
        self.target(self.symbol, 10 if AFTER.get(bar.ts_ns, 0.0) > bar.close else 0)


class Leaves(Strategy):
    symbol: str

    def start(self):
        self.heard = 0

    def on_bar(self, bar):
        self.heard += 1
        if not self.position(self.symbol):
            self.target(self.symbol, 10 if bar.close > bar.open else 0)
        elif min(closes()[self.heard : self.heard + 5], default=bar.close) < bar.close - 0.1:
            self.target(self.symbol, 0)


class Hangs(Strategy):
    symbol: str

    def on_bar(self, bar):
        while True:
            pass


class Ends(Strategy):
    symbol: str

    def on_bar(self, bar):
        os._exit(3)
"""


def look(folder: Path, *words: str) -> tuple[int, dict[str, Any]]:
    command = [sys.executable, "-P", "-m", "daemon.cli", "check", "--lookahead", "-o", "json", *words]
    done = subprocess.run(
        command, cwd=folder, env={"PYTHONPATH": str(ROOT)}, capture_output=True, check=False, text=True
    )
    assert done.stderr == ""
    return done.returncode, json.loads(done.stdout)


def test_the_strategies_of_the_config_that_comes_along_are_clean() -> None:
    code, told = look(ROOT, "--events", "8000")
    assert [(one["id"], one["clean"], one["findings"]) for one in told["strategies"]] == [
        (name, True, []) for name in ("sma-aaa", "trend-bbb", "rsi-ccc", "hold-aaa", "maker-bbb")
    ]
    assert all(one["looked"]["events"] == 8000 for one in told["strategies"])
    assert code == 0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One with prices, and strategies of a file."""
    write_data(tmp_path, minutes())
    (tmp_path / "mine.py").write_text(MINE)
    return tmp_path


def test_culprits_are_proven_and_one_that_ends_is_told(folder: Path) -> None:
    (folder / "config.yaml").write_text(CONFIG)
    code, told = look(folder)
    knows, leaves, ends = told["strategies"]
    found, of_exits = knows["findings"][0], leaves["findings"][0]
    assert (found["level"], found["kind"], found["ahead"]) == ("proof", "row_of_file", "1m later")
    assert (of_exits["level"], of_exits["kind"], "sell" in of_exits["what"]) == ("proof", "row_of_file", True)
    assert found["last_input"].startswith("the row of prices.csv that is known at 2026-01-05T")
    assert "exit code 3" in ends["failed"]
    assert code == 1


def test_one_that_hangs_is_told_with_its_place(folder: Path) -> None:
    only = 'strategies: [{id: hangs, class: "mine.py:Hangs", params: {symbol: AAA}, capital: "20000"}]\n'
    (folder / "config.yaml").write_text(CONFIG.partition("strategies:")[0] + only)
    code, told = look(folder, "--timeout", "25")
    (hangs,) = told["strategies"]
    assert hangs["failed"].startswith("no answer within 25 s; it was at mine.py:")
    assert code == 1
