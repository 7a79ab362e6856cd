"""`bulkhead backtest` and `bulkhead run` of one file: real processes, real data, a real terminal, real signals."""

import json
import os
import pty
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest

from daemon.results.result import COMPARABLE, Result, canonical, of_strategy
from tests.acceptance.daemons import Daemon, tmpfs
from tests.patience import PATIENCE_SECONDS

FOLDER = Path(__file__).parent
MADE_UP = """
account: {{currency: USD, cash: "100000"}}
feed: {{kind: synthetic, duration: 60d, speed: max, symbols: {{AAA: {{price: "100.00", volatility_ticks: 3}}}}}}
broker: {{kind: simulated, slippage: {{kind: fixed, ticks: 1}}}}
instruments: {{AAA: {{kind: equity, tick_size: "0.01", lot_size: "1"}}}}
strategies:
  - {{id: sma, class: "strategies.sma_cross:SmaCross", params: {{symbol: AAA}}, capital: "50000"}}
"""


# The same as a run.


def backtest_of(daemon: Daemon, *words: str) -> Result:
    """The result of a backtest in a process of its own."""
    path = daemon.folder / "backtest.json"
    command = daemon.command("backtest", "-c", str(daemon.config), "--json", str(path), *words)
    began = time.perf_counter()
    finished = subprocess.run(command, env=daemon.environ(), capture_output=True, text=True, check=False)
    assert (finished.returncode, finished.stderr) == (0, ""), finished
    assert finished.stdout.endswith(f"written: {path}\n")
    result = msgspec.json.decode(path.read_bytes(), type=Result)
    print(f"backtest: {result.metrics.events:,} events in {time.perf_counter() - began:.1f} s")
    return result


def run_of(daemon: Daemon) -> tuple[Result, Result]:
    """What the daemon reports of a run at its feed's end, as a whole and of one strategy."""
    began = time.perf_counter()
    daemon.start(feed__at_end="idle")
    daemon.until_at_end(seconds=900)
    print(f"run: {time.perf_counter() - began:.1f} s")
    assert {one["isolation"] for one in daemon.client.get("/v1/strategies")} == {"process"}
    whole, page, tables = (daemon.folder / name for name in ("run.json", "run.html", "tables"))
    told = daemon.cli("report", "--json", str(whole), "--html", str(page), "--export", str(tables))
    assert (told.returncode, told.stderr) == (0, ""), told
    assert told.stdout.endswith(f"written: {whole}, {page}, {tables}\n")
    assert page.read_text().startswith("<!DOCTYPE html>")
    result = msgspec.json.decode(whole.read_bytes(), type=Result)
    assert len((tables / "fills.csv").read_text().splitlines()) == len(result.fills) + 1
    one = next(iter(result.strategies))
    part = daemon.cli("report", one, "--json", "-")
    assert daemon.end()[0] == 0
    return result, msgspec.json.decode(part.stdout, type=Result)


@pytest.mark.parametrize(
    ("config", "data"), {"spy.yaml": "lean_equity", "eurusd.yaml": "lean_fx"}.items(), ids=["minutes", "quotes"]
)
def test_a_backtest_on_real_data_is_the_run_of_the_same_file(
    config: str, data: str, shared: Path, tmp_path: Path
) -> None:
    text = (FOLDER / config).read_text().replace("{path: ", "{path: " + f"{shared / 'data' / data}/")
    daemon = Daemon(tmp_path / "d", text.replace("{", "{{").replace("}", "}}"))
    try:
        (ran, part), tried = run_of(daemon), backtest_of(daemon)
    finally:
        if daemon.process is not None:
            daemon.end(signal.SIGKILL)
    for name in COMPARABLE:
        assert canonical(tried)[name] == canonical(ran)[name], name
    (strategy,) = part.strategies
    assert canonical(part) == canonical(of_strategy(tried, strategy))
    assert (ran.about.mode, ran.about.start, ran.about.end) == ("paper", tried.about.start, tried.about.end)
    assert ran.about.data == tried.about.data
    print(f"{len(tried.fills):,} fills, {len(tried.orders):,} orders, {len(tried.equity):,} points of equity")
    assert len(tried.fills) > 100
    assert len({one.strategy for one in tried.fills}) == len(tried.strategies)


# How it ends.


def interrupted(command: list[str], environ: dict[str, str], number: signal.Signals) -> tuple[int, str]:
    """A command that is sent a signal once its line of progress has shown on the terminal that its stderr is; the exit
    code, and what the terminal was told."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(command, env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=theirs)
    os.close(theirs)
    told = b""
    with suppress(OSError):  # with which Linux ends a terminal that nobody holds any more
        while part := os.read(ours, 65536):
            if b" events " in part and b" events " not in told:
                process.send_signal(number)
            told += part
    os.close(ours)
    return process.wait(PATIENCE_SECONDS), told.decode().replace("\r\n", "\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_gives_the_result_so_far(number: signal.Signals, tmp_path: Path) -> None:
    daemon, temporary = Daemon(tmp_path / "d", MADE_UP), tmp_path / "temporary"
    temporary.mkdir()
    path = tmp_path / "out.json"
    command = daemon.command("backtest", "-c", str(daemon.config), "--json", str(path))
    code, told = interrupted(command, {**daemon.environ(), "TMPDIR": str(temporary)}, number)
    assert code == 1, told
    result = msgspec.json.decode(path.read_bytes(), type=Result)
    assert result.about.ended == "it was interrupted"
    assert 0 < result.metrics.events < 2 * 60 * 86_400
    *_, last = told.strip().split("\n")
    assert last == f"stopped at {result.about.end}: it was interrupted; the result is of what was done by then"
    assert not list(temporary.iterdir())


def test_where_there_is_no_room_it_says_so_and_leaves_nothing(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("a small file system of one's own needs root")
    daemon = Daemon(tmp_path / "d", MADE_UP.replace("60d", "5d"))
    with tmpfs(tmp_path / "small", "size=200k") as small:
        os.environ["TMPDIR"] = str(small)
        try:
            finished = daemon.cli("backtest", "-c", str(daemon.config), "--set", "feed.every=10s")
        finally:
            del os.environ["TMPDIR"]
        assert not list(small.iterdir())
    assert (finished.returncode, finished.stdout) == (1, "")
    assert finished.stderr.startswith(f"Error: the tables of a run cannot be kept in {small}")
    assert "TMPDIR" in finished.stderr
    with tmpfs(tmp_path / "tiny", "size=20k") as tiny:
        path = tiny / "out.json"
        path.write_text("of before")
        finished = daemon.cli("backtest", "-c", str(daemon.config), "--to", "2026-01-06", "--json", str(path))
        assert finished.returncode == 1
        assert finished.stderr.startswith(f"Error: {path}: cannot be written: No space left on device")
        assert [one.name for one in tiny.iterdir()] == ["out.json"]
        assert path.read_text() == "of before"


def test_who_takes_only_the_beginning_of_the_result_is_no_error_to_tell(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path / "d", MADE_UP)
    command = daemon.command("backtest", "-c", str(daemon.config), "--to", "2026-01-07", "--json", "-")
    with subprocess.Popen(command, env=daemon.environ(), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.read(10) == b'{"about":{'
        process.stdout.close()
        assert b"Traceback" not in process.stderr.read()


def test_the_shipped_config_is_backtested_as_it_is(tmp_path: Path) -> None:
    root = FOLDER.parents[1]
    daemon = Daemon(tmp_path / "d", "a: b")
    finished = daemon.cli("backtest", "-c", str(root / "config.yaml"), "--to", "2026-01-05T16:00:00Z", "--json", "-")
    assert (finished.returncode, finished.stderr) == (0, "")
    told = json.loads(finished.stdout)
    assert set(told["strategies"]) == {"sma-aaa", "trend-bbb", "rsi-ccc", "hold-aaa", "maker-bbb"}
    assert told["metrics"]["fills"] > 10
