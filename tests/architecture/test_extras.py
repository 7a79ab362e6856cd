"""What belongs to an extra is loaded only by what needs it, so that the daemon runs without."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import sys
from pathlib import Path

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"numpy", "pyarrow"}:
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Absent())
import daemon.assembly
from daemon.feeds.file.feed import FileFeed
from daemon.feeds.file.layout import DataFile
from trading.subscriptions import DataKind

file = DataFile(path=Path(sys.argv[1]), data=DataKind.TRADES, symbols=("AAA",))
print(len(list(FileFeed(files=[file], start_ns=0).events())))
"""


def test_text_files_are_read_without_numpy_and_pyarrow(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("time,price\n2018-06-01,1\n2018-06-02,2\n")
    command = [sys.executable, "-P", "-c", PROGRAM, str(path)]
    run = subprocess.run(command, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True)
    assert run.stdout == "2\n"
