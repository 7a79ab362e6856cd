"""`bulkhead backtest` from the command line: what it prints and where, what it writes, and how it ends."""

import fcntl
import io
import json
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from daemon.cli import main
from daemon.errors import NotWritten
from daemon.research.coordinator import BacktestCoordinator
from daemon.research.progress import Progress
from daemon.research.progress_line import ProgressLine, in_words
from daemon.research.writing import require_writable, write_whole
from tests.backtest_builders import asked, closes, config, strategy
from tests.simulation.clock import SimulatedClock
from trading.timestamps import MILLISECOND, SECOND

HELD = strategy("a", "strategies.buy_and_hold:BuyAndHold", symbol="AAA", quantity="5")
MINE = """\
import os
import signal
from trading.strategy import Strategy

print("imported")

class Mine(Strategy):
    symbol: str
    presses: int = 0

    def start(self):
        print("started")
        self.bars = 0

    def on_bar(self, bar):
        self.bars += 1
        print(f"bar {self.bars}")
        if self.bars == 3:
            for _ in range(self.presses):
                os.kill(os.getpid(), getattr(signal, os.environ.get("SIGNAL", "SIGINT")))
"""

Backtest = Callable[..., Result]


ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def backtest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Backtest:
    """The command in a folder with a config and ten bars."""
    monkeypatch.chdir(tmp_path)
    closes(tmp_path, *range(100, 110))
    (tmp_path / "mine.py").write_text(MINE)
    (tmp_path / "config.yaml").write_text(config(HELD))
    return lambda *words: CliRunner().invoke(main, ["backtest", *map(str, words)])


def mine(folder: Path, **params: Any) -> None:
    (folder / "config.yaml").write_text(config(HELD, strategy("b", "mine.py:Mine", symbol="AAA", **params)))


# What it writes.


def test_the_result_is_written_whole(backtest: Backtest, tmp_path: Path) -> None:
    done = backtest("--json", "out.json")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.startswith("STRATEGY  RETURN")
    written = json.loads((tmp_path / "out.json").read_text())
    assert written["metrics"]["bars"] == 10
    assert written["about"]["config"] == (tmp_path / "config.yaml").read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["aaa.csv", "config.yaml", "mine.py", "out.json"]


def test_a_page_and_tables_are_written_beside_it(backtest: Backtest, tmp_path: Path) -> None:
    done = backtest("--report", "page.html", "--export", "tables")
    assert (done.exit_code, done.stderr) == (0, "")
    assert (tmp_path / "page.html").read_text().startswith("<!DOCTYPE html>")
    assert "orders.csv" in {path.name for path in (tmp_path / "tables").iterdir()}


def test_where_a_page_cannot_be_written_nothing_is_run(backtest: Backtest) -> None:
    done = backtest("--report", "nowhere/page.html")
    assert done.exit_code == 1
    assert done.stderr.startswith("Error: --report nowhere/page.html: there is no folder")


def test_a_folder_in_the_place_of_a_file_is_told_before_anything_runs(backtest: Backtest, tmp_path: Path) -> None:
    mine(tmp_path)
    (tmp_path / "tables" / "fills.csv").mkdir(parents=True)
    done = backtest("--export", "tables")
    told = "Error: --export tables/fills.csv: is a folder\nname a file, or remove the folder\n"
    assert (done.exit_code, done.stdout, done.stderr) == (1, "", told)


def test_a_form_of_export_is_nothing_without_an_export(backtest: Backtest) -> None:
    done = backtest("--export-as", "csv")
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.endswith("Error: --export-as is for --export; name its folder, or leave this out.\n")
    assert backtest("--export", "tables", "--export-as", "csv").exit_code == 0


@pytest.mark.parametrize(
    ("given", "option"),
    [
        ("--part train --part test", "--part"),
        ("--to 2026-01-06 --to=2026-01-07", "--to"),
        ("-c config.yaml --config config.yaml", "--config"),
        ("--json a.json --json b.json --every-event --every-event", "--json"),
    ],
)
def test_what_there_is_one_of_is_not_given_twice(given: str, option: str, backtest: Backtest) -> None:
    done = backtest(*given.split())
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.endswith(f"Error: {option} is given twice; there is one of it.\n")


def test_what_there_may_be_more_of_is_given_as_often_as_wanted(backtest: Backtest) -> None:
    again = ("--set", "account.cash=5000000", "--set", "backtest.on_error=stop", "--strategy", "a", "--strategy", "a")
    assert backtest(*again, "--every-event", "--every-event").exit_code == 0


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("--json same --report same", "--json same: is where --report is written too\nname another file"),
        ("--json link --report ./same", "--json link: is where --report is written too\nname another file"),
        ("--json out --export out", "--export out: is where --json is written too\nname another file"),
        (
            "--report tables/fills.csv --export tables",
            "--export tables/fills.csv: is where --report is written too\nname another file",
        ),
        ("--report -", "--report -: only --json goes to stdout\nname a file or folder"),
        ("--json - --export -", "--export -: only --json goes to stdout\nname a file or folder"),
    ],
)
def test_no_two_results_go_to_one_place(given: str, told: str, backtest: Backtest, tmp_path: Path) -> None:
    mine(tmp_path)
    (tmp_path / "link").symlink_to("same")
    there = sorted(tmp_path.iterdir())
    done = backtest(*given.split())
    assert (done.exit_code, done.stdout, done.stderr) == (1, "", f"Error: {told}\n")
    assert sorted(tmp_path.iterdir()) == there


def test_what_cannot_be_written_in_the_end_loses_nothing_else(backtest: Backtest, tmp_path: Path) -> None:
    text = config(HELD, strategy("b", "tests.backtest_strategies:Fails", symbol="AAA", at=4))
    (tmp_path / "config.yaml").write_text(text)
    done = backtest("--report", "/dev/full", "--json", "out.json", "--export", "tables")
    assert done.exit_code == 1
    assert json.loads((tmp_path / "out.json").read_text())["metrics"]["bars"] == 4
    assert "orders.csv" in {path.name for path in (tmp_path / "tables").iterdir()}
    assert done.stdout.startswith("STRATEGY  RETURN")
    assert done.stdout.endswith("written: out.json, tables\n")
    stopped, *failed = done.stderr.splitlines()
    assert stopped.startswith("stopped at 2026-01-05T15:04:00Z: b failed")
    assert failed == [
        "Error: /dev/full: cannot be written: No space left on device",
        "see to /dev, or name another file",
    ]


def test_all_that_cannot_be_written_is_told(backtest: Backtest) -> None:
    done = backtest("--report", "/dev/full", "--json", "/dev/./full")
    assert (done.exit_code, done.stdout[:16]) == (1, "STRATEGY  RETURN")
    assert done.stderr.splitlines() == [
        "Error: /dev/full: cannot be written: No space left on device; see to /dev, or name another file",
        "/dev/full: cannot be written: No space left on device; see to /dev, or name another file",
    ]


def test_on_stdout_there_is_nothing_beside_the_result(backtest: Backtest, tmp_path: Path) -> None:
    mine(tmp_path)
    done = backtest("--json", "-")
    assert done.exit_code == 0
    assert json.loads(done.stdout)["metrics"]["bars"] == 10
    assert done.stderr.splitlines() == ["imported", "started", *(f"bar {n}" for n in range(1, 11))]


def test_money_is_text_and_what_is_not_known_is_null(backtest: Backtest) -> None:
    found = json.loads(backtest("--json", "-").stdout)
    assert found["fills"] == [
        {
            "ts": "2026-01-05T15:02:00Z",
            "strategy": "a",
            "symbol": "AAA",
            "side": "buy",
            "quantity": "5",
            "price": "100.01",
            "fee": "0.05",
            "fee_currency": "USD",
            "order_id": "a-1",
            "close_out": False,
        }
    ]
    assert (found["metrics"]["final_equity"], found["metrics"]["sharpe"]) == ("100044.90", None)
    assert found["equity"][-1] == ["2026-01-05T15:10:00Z", "100044.90"]


@pytest.mark.parametrize(
    ("path", "told"),
    [
        (
            "nowhere/out.json",
            "Error: --json nowhere/out.json: there is no folder {0}/nowhere\nmake it, or name another",
        ),
        ("/proc/out.json", "Error: --json /proc/out.json: cannot be written: "),
        ("config.yaml/out.json", "Error: --json config.yaml/out.json: there is no folder {0}/config.yaml\n"),
    ],
)
def test_where_nothing_can_be_written_nothing_is_begun(
    path: str, told: str, backtest: Backtest, tmp_path: Path
) -> None:
    (tmp_path / "config.yaml").write_text("not: [a config")
    done = backtest("--json", path)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith(told.format(tmp_path))


def test_what_was_there_stays_until_the_whole_is_written(tmp_path: Path) -> None:
    path = tmp_path / "out.json"
    path.write_bytes(b"of before")
    require_writable(path, "--json")
    assert path.read_bytes() == b"of before"
    with pytest.raises(TypeError):
        write_whole(path, "text")  # type: ignore[arg-type]
    assert path.read_bytes() == b"of before"
    write_whole(path, b"anew")
    assert path.read_bytes() == b"anew"
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_stays_a_link_and_a_device_a_device(tmp_path: Path) -> None:
    link, real = tmp_path / "link.json", tmp_path / "real.json"
    link.symlink_to(real)
    require_writable(link, "--json")
    write_whole(link, b"text")
    assert (link.is_symlink(), real.read_bytes()) == (True, b"text")
    for special in (Path("/dev/null"), Path("/dev/full")):
        require_writable(special, "--json")
    write_whole(Path("/dev/null"), b"text")
    with pytest.raises(NotWritten, match="/dev/full: cannot be written: No space left on device"):
        write_whole(Path("/dev/full"), b"text")
    assert Path("/dev/null").is_char_device()


# How it ends.


def test_a_failing_strategy_ends_it_with_one_and_says_so(backtest: Backtest, tmp_path: Path) -> None:
    text = config(HELD, strategy("b", "tests.backtest_strategies:Fails", symbol="AAA", at=4))
    (tmp_path / "config.yaml").write_text(text)
    done = backtest("--json", "out.json")
    assert done.exit_code == 1
    assert re.fullmatch(
        r"stopped at 2026-01-05T15:04:00Z: b failed: ZeroDivisionError: at bar 4 \(backtest_strategies\.py:\d+\);"
        r" the result is of what was done by then\n",
        done.stderr,
    )
    assert json.loads((tmp_path / "out.json").read_text())["metrics"]["bars"] == 4
    done = backtest("--set", "backtest.on_error=go_on")
    assert (done.exit_code, done.stderr) == (0, "")


def test_what_ended_it_means_nothing_to_a_terminal(backtest: Backtest, tmp_path: Path) -> None:
    mine(tmp_path)
    (tmp_path / "mine.py").write_text(
        "from trading.strategy import Strategy\n\nclass Mine(Strategy):\n    symbol: str\n\n"
        '    def on_bar(self, bar):\n        raise ValueError("\\x1b[31mred\\r\\nstopped \\x9b2J")\n'
    )
    done = backtest()
    assert done.exit_code == 1
    assert done.stderr == (
        "stopped at 2026-01-05T15:01:00Z: b failed: ValueError: \ufffd[31mred stopped \ufffd2J (mine.py:7);"
        " the result is of what was done by then\n"
    )


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_pressed_once_it_gives_the_result_so_far(
    name: str, backtest: Backtest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGNAL", name)
    before = [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)]
    mine(tmp_path, presses=1)
    done = backtest("--json", "-")
    assert done.exit_code == 1
    told = json.loads(done.stdout)
    assert (told["metrics"]["bars"], told["about"]["ended"]) == (3, "it was interrupted")
    assert done.stderr.splitlines()[-1] == (
        "stopped at 2026-01-05T15:03:00Z: it was interrupted; the result is of what was done by then"
    )
    assert [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)] == before


@pytest.mark.parametrize("handler", [signal.default_int_handler, signal.SIG_IGN], ids=["as ever", "in the background"])
def test_pressed_again_it_breaks_into_the_strategy(
    backtest: Backtest, tmp_path: Path, handler: Any, request: pytest.FixtureRequest
) -> None:
    """Also where a shell has begun it in the background, with the signal ignored."""
    request.addfinalizer(partial(signal.signal, signal.SIGINT, signal.signal(signal.SIGINT, handler)))
    mine(tmp_path, presses=2)
    done = backtest()
    assert done.exit_code == 1
    assert "2026-01-05T15:03:00Z: it was interrupted; b failed: KeyboardInterrupt (" in done.stderr


def test_times_are_of_utc_and_may_be_days(backtest: Backtest) -> None:
    for begin in ("2026-01-05T15:04", "2026-01-05T15:04:00Z", "2026-01-05T16:04:00+01:00"):
        done = json.loads(backtest("--from", begin, "--to", "2026-01-06", "--json", "-").stdout)
        assert (done["about"]["start"], done["metrics"]["bars"]) == ("2026-01-05T15:04:00Z", 6)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("tomorrow", "'tomorrow' is no day or time such as 2026-01-05 or 2026-01-05T14:30:00Z"),
        ("0001-01-01T00:00+14:00", "'0001-01-01T00:00+14:00' must be from 1970-01-01 until 2262-04-11"),
        ("1969-12-31", "'1969-12-31' must be from 1970-01-01 until 2262-04-11"),
        ("9999-12-31", "'9999-12-31' must be from 1970-01-01 until 2262-04-11"),
    ],
)
def test_what_is_no_time_is_wrong_usage(given: str, told: str, backtest: Backtest) -> None:
    done = backtest("--from", given)
    assert (done.exit_code, done.stdout) == (2, "")
    assert f"Invalid value for '--from': {told}" in done.stderr


# How far it has come.

PROGRESS = Progress(
    name="mine",
    events=1_234_567,
    seconds=20.0,
    ts_ns=1_767_787_200 * SECOND + 7,
    share=0.634,
    fills=2_641,
    equity="87449.94",
    currency="USD",
)


def test_progress_in_words() -> None:
    assert in_words(PROGRESS) == " 63 %  2026-01-07T12:00Z  1,234,567 events  61,728/s  2,641 fills  87449.94 USD"
    open_ended = Progress(name="", events=1, seconds=0.0, ts_ns=0, share=None, fills=0, equity=None, currency="USD")
    assert in_words(open_ended) == "1970-01-01T00:00Z  1 events  0/s  0 fills"


def test_each_line_covers_the_one_before_and_is_no_wider_than_the_terminal() -> None:
    drawn, widths = io.StringIO(), iter([80, 20, 80])
    line = ProgressLine(drawn, lambda: next(widths))
    line.tell(PROGRESS)
    line.tell(PROGRESS)
    line.tell(Progress(**{**_fields(PROGRESS), "is_last": True}))
    first, second, third = drawn.getvalue().split("\r")[1:]
    assert first == in_words(PROGRESS)[:79]
    assert second == in_words(PROGRESS)[:19] + " " * (len(first) - 19)
    assert third == in_words(PROGRESS) + "\n"


def _fields(progress: Progress) -> dict[str, Any]:
    return {name: getattr(progress, name) for name in progress.__struct_fields__}


def on_screen(told: bytes) -> list[str]:
    """What a terminal shows of what was written to it."""
    lines = told.decode().replace("\r\n", "\n").split("\n")
    shown = []
    for line in lines:
        row = ""
        for part in line.split("\r"):
            row = part + row[len(part) :]
        shown.append(row.rstrip())
    return shown


def test_on_a_terminal_one_line_is_drawn_over_itself(tmp_path: Path) -> None:
    closes(tmp_path, *range(100, 110))
    plan, clock = asked(tmp_path, config(HELD)), SimulatedClock()
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 50, 0, 0))

    def slow() -> bool:
        clock.hold_up(130 * MILLISECOND)
        return False

    with os.fdopen(theirs, "w") as terminal, os.fdopen(ours, "rb", buffering=0) as screen:
        BacktestCoordinator(clock).run(plan, tell=ProgressLine(terminal).tell, stopped=slow)
        terminal.write("$ ")
        terminal.flush()
        told = b""
        while not told.endswith(b"$ "):
            told += screen.read(65536)
    assert told.count(b"\r") - told.count(b"\r\n") == 4, "at 0.39, 0.78, 1.17 and 1.3 s"
    assert on_screen(told) == ["100 %  2026-01-05T15:10Z  10 events  8/s  1 fills"[:49], "$"]


@pytest.mark.parametrize("on_terminal", [True, False])
def test_progress_is_told_on_a_terminal_alone(on_terminal: bool, tmp_path: Path, backtest: Backtest) -> None:
    """In a process of its own, whose stderr is a terminal or a file."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "daemon.cli", "backtest", "--json", "out.json"]
    with (tmp_path / "errors").open("w") as file:
        process = subprocess.Popen(
            command, stderr=theirs if on_terminal else file, env={**os.environ, "PYTHONPATH": str(ROOT)}
        )
    os.close(theirs)
    told = b""
    with suppress(OSError):  # with which Linux ends a terminal that nobody holds any more
        while part := os.read(ours, 65536):
            told += part
    os.close(ours)
    assert process.wait() == 0
    if on_terminal:
        assert on_screen(told)[0].startswith("100 %  2026-01-05T15:10Z  10 events")
    else:
        assert told == (tmp_path / "errors").read_bytes() == b""
