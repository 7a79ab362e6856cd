"""Fifty kills of a daemon, its children and its venue under load, with faults on the line: nothing is lost, doubled,
left behind or booked to the wrong strategy. `make torture N=1000` is the same for longer."""

import os
import re
import subprocess
import sys

from tests.acceptance.daemons import ROOT

CYCLES, SEED = 50, 1
"""Some three minutes where the machine has nothing else to do."""


def test_fifty_kills_under_load_lose_and_double_nothing() -> None:
    finished = subprocess.run(
        [sys.executable, "-m", "tests.torture", "--cycles", str(CYCLES), "--seed", str(SEED)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    print(finished.stdout)
    assert finished.returncode == 0
    told = dict(re.findall(r"^(cycles|in flight|open|orders|fills|restarts|wrong) +(.+)$", finished.stdout, re.M))
    assert {what: int(told[what].split()[0]) for what in ("cycles", "wrong")} == {"cycles": CYCLES, "wrong": 0}
    assert told["wrong"] == "0 lost, 0 duplicated, 0 orphaned, 0 wrong owners, difference 0"
    fewest = {what: int(told[what].split()[0]) for what in ("in flight", "orders", "fills")}
    assert fewest["in flight"] > 0
    assert fewest["orders"] > fewest["fills"] > CYCLES
    killed = dict(re.findall(r"(daemon and venue|daemon|child|venue) (\d+)", told["cycles"]))
    assert sum(map(int, killed.values())) == CYCLES
    assert set(killed) == {"daemon", "child", "venue", "daemon and venue"}
    restarts = dict(re.findall(r"(\w+) (\d+)", told["restarts"]))
    assert int(restarts["daemon"]) >= int(killed["daemon"]) + int(killed["daemon and venue"])
