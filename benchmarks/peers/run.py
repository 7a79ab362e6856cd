"""`make bench-peers`: the workloads of `benchmarks/backtest.py` in other engines, each in an environment of its own.

Every engine runs in a process of its own, one after the other, over the same file of columns. CPU time is what counts,
of the fastest of a few runs; turning columns into what an engine takes is apart. Fills are held against those of the
plain loop one by one: another engine may trade by other rules, ours may not.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from benchmarks.figures import aligned
from benchmarks.peers.entries import ENTRIES, FLOOR, OURS, WORKLOADS, Entry
from benchmarks.peers.environments import ROOT, NotInstalled, python_of
from benchmarks.terms import CASH, FEE_RATE, QUANTITY
from benchmarks.workloads import BARS, QUOTES, bar_columns, quote_columns

TERMS: Final = {"cash": float(CASH), "quantity": QUANTITY, "fee_rate": float(FEE_RATE), "fast": 10, "slow": 30}
LONGEST_SECONDS: Final = 1_800


class Told(msgspec.Struct):
    """What an engine's process tells; see `job`. A fill is its time, units and price."""

    version: str
    seconds: float
    first_seconds: float
    load_seconds: float
    megabytes: float
    fills: list[tuple[int, float, float]]


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """What an engine took for a workload: microseconds of CPU time an item, its first run and loading apart, megabytes
    at the peak. Of its `fills` so many are the `same` as the plain loop's, which makes as many as are `wanted`."""

    workload: str
    engine: str
    version: str
    items: int
    us: float
    first_us: float
    load_us: float
    floor_us: float
    megabytes: float
    fills: int
    same: int
    wanted: int
    why: str


class NotAnswered(Exception):
    """An engine's process has ended without a word, or not at all."""


class Bench:
    """Data on disk, and what was found on it so far."""

    def __init__(self, folder: Path) -> None:
        self.rows: list[Row] = []
        self.left_out: list[str] = []
        self._files = {"bars": folder / "bars.npz", "quotes": folder / "quotes.npz"}
        np.savez(self._files["bars"], **bar_columns(BARS)._asdict())
        np.savez(self._files["quotes"], **quote_columns(QUOTES)._asdict())
        self._pythons: dict[str, Path | None] = dict.fromkeys(OURS, Path(sys.executable))
        self._heard: dict[tuple[str, str, int], Told] = {}

    def measure(self, entry: Entry) -> None:
        """One more row; what cannot be measured is left out, by its name, and an engine that is not there but once."""
        try:
            if self._python(entry) is None:
                return
            told = self._told(entry)
            floor = self._told(Entry(entry.workload, FLOOR, FLOOR, one_of=entry.one_of))
        except NotAnswered as error:
            self.left_out.append(f"{entry.label}, {entry.workload}: {error}")
            return
        items, wanted = entry.items, set(floor.fills)
        same = sum(fill in wanted for fill in told.fills)
        is_as_wanted = same == len(wanted) == len(told.fills)
        assert is_as_wanted or entry.module not in OURS, f"{entry.label}: {same} of {len(wanted)} fills"
        self.rows.append(
            Row(
                workload=entry.workload,
                engine=entry.label,
                version=told.version,
                items=items,
                us=told.seconds * 1e6 / items,
                first_us=told.first_seconds * 1e6 / items,
                load_us=told.load_seconds * 1e6 / items,
                floor_us=floor.seconds * 1e6 / items,
                megabytes=told.megabytes,
                fills=len(told.fills),
                same=same,
                wanted=len(wanted),
                why="" if is_as_wanted else entry.why,
            )
        )

    def _python(self, entry: Entry) -> Path | None:
        if entry.module not in self._pythons:
            try:
                self._pythons[entry.module] = python_of(entry.module)
            except NotInstalled as error:
                self._pythons[entry.module] = None
                self.left_out.append(f"{entry.label}: cannot be installed: {error}")
        return self._pythons[entry.module]

    def _told(self, entry: Entry) -> Told:
        key = entry.label, entry.workload, entry.items
        if key not in self._heard:
            self._heard[key] = self._ask(entry)
        return self._heard[key]

    def _ask(self, entry: Entry) -> Told:
        file = self._files[entry.data]
        asked = {"file": str(file), "count": entry.items, "work": entry.work or entry.workload, "terms": TERMS}
        command = [str(self._python(entry)), "-P", "-m", f"benchmarks.peers.engines.{entry.module}", json.dumps(asked)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        sys.stderr.write(f"{entry.label}, {entry.workload}\n")
        try:
            done = subprocess.run(
                command, env=environment, capture_output=True, text=True, check=False, timeout=LONGEST_SECONDS
            )
        except subprocess.TimeoutExpired as error:
            raise NotAnswered(f"took more than {LONGEST_SECONDS} seconds") from error
        if done.returncode:
            raise NotAnswered((done.stderr.strip().splitlines() or [f"ended with {done.returncode}"])[-1])
        return msgspec.json.decode(done.stdout.splitlines()[-1], type=Told)


def text(rows: Sequence[Row], left_out: Sequence[str]) -> str:
    """The rows as a table for each workload, then what is left out."""
    parts = []
    for workload, title in WORKLOADS.items():
        if cells := [_cells(row) for row in rows if row.workload == workload]:
            parts.append(f"{title}\n\n{aligned([_HEAD, *cells])}\n")
    return "\n".join([*parts, *(f"left out: {one}" for one in left_out)])


_HEAD: Final = ("engine", "items", "us an item", "of the floor", "first run", "loading", "peak", "fills", "same")


def _cells(row: Row) -> tuple[str, ...]:
    return (
        f"{row.engine} {row.version}".strip(),
        f"{row.items:,}",
        f"{row.us:.3g}",
        f"{row.us / row.floor_us:.3g}",
        f"{row.first_us:.3g}",
        f"{row.load_us:.3g}",
        f"{row.megabytes:.0f} MB",
        f"{row.fills:,}",
        f"{row.same:,} of {row.wanted:,}{row.why and ': '}{row.why}",
    )


def main() -> None:
    """Measure, print, and write the results beside this file; only the engines that are named, where any are."""
    wanted = sys.argv[1:]
    known = {entry.module for entry in ENTRIES}
    if strange := [name for name in wanted if name not in known]:
        sys.exit(f"there is no engine {', '.join(strange)}; there are {', '.join(sorted(known))}")
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        for entry in ENTRIES:
            if not wanted or entry.module in wanted:
                bench.measure(entry)
    sys.stdout.write(text(bench.rows, bench.left_out) + "\n")
    results: Any = {"rows": bench.rows, "left_out": bench.left_out}
    Path(__file__).with_name("results.json").write_bytes(msgspec.json.format(msgspec.json.encode(results)) + b"\n")


if __name__ == "__main__":
    main()
