"""What belongs to an extra is loaded only by what needs it, so that the daemon runs without."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WITHOUT = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"numpy", "pyarrow"}:
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Absent())
"""
READ = """
from pathlib import Path
import daemon.assembly
from daemon.feeds.file.feed import FileFeed
from daemon.feeds.file.layout import DataFile
from trading.subscriptions import DataKind

file = DataFile(path=Path(sys.argv[1]), data=DataKind.TRADES, symbols=("AAA",))
print(len(list(FileFeed(files=[file], start_ns=0).events())))
"""
INSPECT = """
from daemon.cli import main

main(["data", "inspect", sys.argv[1], "--data", "trades"], prog_name="bulkhead")
"""


def run_without(program: str, folder: Path) -> str:
    """What a program says of two trades in a text, in an environment without numpy and pyarrow."""
    path = folder / "a.csv"
    path.write_text("time,price\n2018-06-01,1\n2018-06-02,2\n")
    command = [sys.executable, "-P", "-c", WITHOUT + program, str(path)]
    run = subprocess.run(command, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True)
    return run.stdout


def test_text_files_are_read_without_numpy_and_pyarrow(tmp_path: Path) -> None:
    assert run_without(READ, tmp_path) == "2\n"


def test_text_files_are_inspected_without_numpy_and_pyarrow(tmp_path: Path) -> None:
    assert run_without(INSPECT, tmp_path).startswith("series       trades of a\n")
