"""What the catalogue costs: time a row, and memory, which must not grow with what is imported or inspected.

The floor of a time is pyarrow alone: the same columns read and written. That of a peak is the same command's on a
quarter of the rows.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.figures import Figure, table

ROOT: Final = Path(__file__).resolve().parent.parent
FEW: Final = 500_000
MANY: Final = 4 * FEW
GROWTH_MAX: Final = 1.2
"""How many times the peak of a quarter a peak may be."""

_COMMAND: Final = """
import sys
from daemon.cli import main
try:
    main(["data", *sys.argv[1:]])
finally:
    print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM:")))
"""
"""Tells its peak in kilobytes; that of `getrusage` would begin with the parent's."""


def figures() -> list[Figure]:
    """Microseconds a row and megabytes of import, inspection and generation."""
    with tempfile.TemporaryDirectory() as folder:
        return _figures(Path(folder))


def _figures(folder: Path) -> list[Figure]:
    found = []
    few, many = (_ticks(folder / f"{count}.parquet", count) for count in (FEW, MANY))
    text = _text(folder / "few.csv", FEW)
    began = time.perf_counter()
    pq.write_table(pq.read_table(many), folder / "floor.parquet", compression="zstd", row_group_size=65_536)
    floor = (time.perf_counter() - began) / MANY * 1e6
    described = ("--data", "quotes", "--symbol", "AAA")
    commands = {
        "import of Parquet": (("import", str(few), *described), ("import", str(many), *described), floor),
        "inspection": (("inspect", str(few), *described), ("inspect", str(many), *described), None),
        "generation": (_made(FEW), _made(MANY), None),
    }
    for name, (of_few, of_many, least) in commands.items():
        _, small = _run(of_few, folder / f"{name}-few")
        seconds, large = _run(of_many, folder / f"{name}-many")
        found += [
            Figure(name=f"{name}, a tick", unit="µs", value=seconds / MANY * 1e6, floor=least),
            Figure(
                name=f"{name}, peak memory, {MANY:,} ticks",
                unit="MB",
                value=large,
                floor=small,
                target=GROWTH_MAX * small,
            ),
        ]
    seconds, _ = _run(("import", str(text), *described), folder / "text")
    found.append(Figure(name="import of text, a tick", unit="µs", value=seconds / FEW * 1e6))
    return found


def _made(count: int) -> tuple[str, ...]:
    return ("generate", "--symbol", "AAA", "--kind", "quotes", "--duration", f"{count}s")


def _columns(count: int) -> dict[str, list[float]]:
    bids = [1.0 + (place * 7_919 % 10_007) / 1e5 for place in range(count)]
    return {"bid": bids, "ask": [bid + 1e-5 for bid in bids]}


def _ticks(path: Path, count: int) -> Path:
    times = pa.array(range(10**18, 10**18 + count * 10**9, 10**9), pa.timestamp("ns", "UTC"))
    pq.write_table(pa.table({"time": times, **_columns(count)}), path, row_group_size=65_536)
    return path


def _text(path: Path, count: int) -> Path:
    columns = _columns(count)
    with path.open("w") as stream:
        stream.write("ts_s,bid,ask\n")
        rows = zip(range(10**9, 10**9 + count), columns["bid"], columns["ask"], strict=True)
        stream.writelines(f"{second},{bid!r},{ask!r}\n" for second, bid, ask in rows)
    return path


def _run(words: tuple[str, ...], root: Path) -> tuple[float, float]:
    """Seconds and megabytes at most of the command in a process of its own."""
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "BULKHEAD_CATALOGUE": str(root)}
    began = time.perf_counter()
    command = [sys.executable, "-P", "-c", _COMMAND, *words]
    run = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
    return time.perf_counter() - began, int(run.stdout.split()[-1]) / 1024


if __name__ == "__main__":
    sys.stdout.write(table(figures()) + "\n")
