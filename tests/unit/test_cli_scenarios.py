"""`bulkhead backtest` for scenarios: what is asked for, what is shown, and the code that it ends with."""

import json
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest
from click.testing import CliRunner, Result

from daemon.cli import main
from daemon.cli.scenarios import profile_table
from daemon.research.scenarios.profile import OPERATIONS, Component, Profile, shared_out
from tests.scenario_builders import config, mishap

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "cli"
GOOD = "{name: early, to: '2026-01-05T14:40:00Z'}"


def backtest(path: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["backtest", "-c", str(path), *arguments])


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BULKHEAD_STATE", raising=False)


def cells(result: Result) -> list[list[str]]:
    """The table of a run, without its times."""
    rows = result.stdout.split("\n\n")[0].splitlines()
    return [[*row.split()[:-1]] for row in rows]


def test_a_table_shows_each_scenario_and_the_reasons_stand_below_it(tmp_path: Path) -> None:
    path = config(tmp_path, GOOD, mishap("raise"), "{name: wrong, strategies: [nobody]}")
    result = backtest(path, "--scenarios", "--executor", "inline")
    assert result.exit_code == 1, result.output
    assert cells(result) == [
        ["SCENARIO", "STATUS", "FROM", "TO", "RETURN", "DRAWDOWN", "SHARPE", "TRADES"],
        ["early", "COMPLETED", "2026-01-05", "14:30:00", "2026-01-05", "14:39:59", "-0.01%", "-0.01%", "-", "3"],
        [
            *("raise", "FINISHED_WITH_ERROR", "2026-01-05", "14:30:00", "2026-01-05", "14:38:19"),
            *("-0.01%", "-0.01%", "-", "2"),
        ],
        ["wrong", "FINISHED_WITH_ERROR", "-", "-", "-", "-", "-", "-"],
    ]
    reasons = result.stdout.split("\n\n")[1:3]
    assert [re.sub(r"\.py:\d+\)$", ".py)", reason) for reason in reasons] == [
        "raise: LookupError: mishap failed: LookupError: there is no such thing (scenario_strategies.py)",
        "wrong: scenario wrong cannot run:\n1. strategy nobody: there is no such strategy; there are counts, mishap",
    ]
    assert "1 COMPLETED, 2 FINISHED_WITH_ERROR" in result.stdout
    (folder,) = (tmp_path / "backtests").iterdir()
    assert result.stdout.endswith(f"logs and results: {folder}\n")
    assert sorted(one.name for one in folder.iterdir()) == [
        "0000-early.json", "0000-early.log", "0001-raise.json", "0001-raise.log", "0002-wrong.json", "run.log",
    ]  # fmt: skip


def test_named_ones_alone_run_and_all_is_well_where_all_complete(tmp_path: Path) -> None:
    path = config(tmp_path, GOOD, mishap("raise"), "{name: short, max_events: 100}")
    result = backtest(path, "--scenario", "short", "--scenario", "early", "--executor", "inline")
    assert (result.exit_code, [row[0] for row in cells(result)]) == (0, ["SCENARIO", "early", "short"])


def test_each_strategy_may_have_an_account_of_its_own(tmp_path: Path) -> None:
    path = config(tmp_path)
    result = backtest(path, "--separate", "--to", "2026-01-05T14:40:00Z", "--executor", "inline", "--json", "all.json")
    assert result.exit_code == 0, result.output
    assert [row[0] for row in cells(result)] == ["SCENARIO", "counts", "mishap"]
    whole = json.loads((tmp_path / "all.json").read_text())
    for one in whole["scenarios"]:
        assert one["metrics"]["initial_equity"] == "25000.00", "its capital, and nothing beside"
        assert list(one["result"]["strategies"]) == [one["scenario_name"]]


def test_json_on_stdout_is_all_that_is_there(tmp_path: Path) -> None:
    path = config(tmp_path, GOOD, mishap("shout"))
    result = backtest(path, "--scenarios", "--executor", "inline", "--json", "-")
    whole = json.loads(result.stdout)
    assert [one["scenario_name"] for one in whole["scenarios"]] == ["early", "shout"]
    assert whole["run"]["executor"] == "inline"
    assert whole["run"]["why"] == "it was asked for"


def test_files_go_where_they_are_asked_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = config(tmp_path, "{name: a, max_events: 10}")
    assert backtest(path, "--scenarios", "--folder", "elsewhere").exit_code == 0
    monkeypatch.setenv("BULKHEAD_STATE", "mine")
    assert backtest(path, "--scenarios").exit_code == 0
    assert len(list((tmp_path / "elsewhere").iterdir())) == len(list((tmp_path / "mine/backtests").iterdir())) == 1
    assert not (tmp_path / "backtests").exists()


def test_a_debugger_brings_a_hint_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "debugpy", ModuleType("debugpy"))
    path = config(tmp_path, "{name: a, max_events: 10}")
    result = backtest(path, "--scenarios", "--executor", "thread")
    assert result.exit_code == 0
    assert result.stderr.startswith("debugpy is there, and does not see into")
    assert "debugpy" not in result.stdout
    (log,) = (tmp_path / "backtests").glob("*/run.log")
    assert json.loads(log.read_text().splitlines()[0])["message"] == (
        "1 of 1 scenarios can run, 1 at a time; executor: thread, as it was asked for"
    )
    assert backtest(path, "--scenarios", "--executor", "inline").stderr == ""


def test_debug_mode_is_a_wish_for_in_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEBUG_MODE", "1")
    path = config(tmp_path, "{name: a, max_events: 10}", "{name: b, max_events: 10}")
    assert backtest(path, "--scenarios", "--json", "all.json").exit_code == 0
    assert json.loads((tmp_path / "all.json").read_text())["run"]["why"] == "DEBUG_MODE is set"


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--scenarios", "--separate"], 2, "--separate makes scenarios of the strategies"),
        (["--scenarios", "--scenario", "a"], 2, "--scenarios are all of them"),
        (["--executor", "thread"], 2, "--executor is for scenarios; add --scenarios, --scenario or --separate"),
        (["--timeout", "5m"], 2, "--timeout is for scenarios"),
        (["--memory", "1GB"], 2, "--memory is for scenarios"),
        (["--profile"], 2, "--profile is for scenarios"),
        (["--scenarios", "--timeout", "5"], 2, "'5' is not an interval"),
        (["--scenarios", "--memory", "5"], 2, "must be a size such as 512MB"),
        (["--scenarios", "--workers", "0"], 2, "0 is not in the range x>=1"),
        (["--scenarios", "--executor", "fork"], 2, "'fork' is not one of 'inline', 'thread', 'process'"),
        (["--scenarios", "--executor", "thread", "--timeout", "1s"], 1, "nothing can end a thread that is stuck"),
        (
            ["--scenario", "a", "--from", "2030-01-01"],
            1,
            "the window is empty: it begins 2030-01-01T00:00:00Z, by --from",
        ),
        (["--scenario", "b"], 1, "there is no scenario 'b'; there are a"),
    ],
)
def test_what_cannot_be_meant_is_told_before_anything_runs(
    tmp_path: Path, arguments: list[str], code: int, message: str
) -> None:
    result = backtest(config(tmp_path, "{name: a}"), *arguments)
    assert (result.exit_code, result.stdout) == (code, "")
    assert message in result.stderr
    assert not (tmp_path / "backtests").exists()


def test_where_the_time_went_is_a_table_by_operation_and_one_by_component() -> None:
    found = dict(zip(OPERATIONS, (35.45, 363.52, 0.0, 944.64, 62.23, 16.61), strict=True))
    profile = Profile(
        events=20_000,
        carried=20_000,
        sampled=400,
        total_ms=1_500.0,
        cost_share=0.0049,
        operations=shared_out(1_500.0, found, 20_000, 5),
        components=[
            Component(kind="coordination", name="containers", total_ms=65.77, share=0.0696),
            Component(kind="worker", name="rsi.rsi_fast", total_ms=398.77, share=0.4221),
            Component(kind="worker", name="rsi.envelope_main", total_ms=344.83, share=0.3650),
            Component(kind="decision", name="rsi", total_ms=135.28, share=0.1432),
        ],
    )
    assert f"{profile_table(profile)}\n" == (GOLDEN / "profile.table").read_text()


def test_the_profile_is_shown_where_it_is_asked_for(tmp_path: Path) -> None:
    path = config(tmp_path, GOOD)
    assert "OPERATION" not in backtest(path, "--scenarios").stdout
    shown = backtest(path, "--scenarios", "--profile").stdout
    for words in (*OPERATIONS, "counts.average", "coordination", "of 1,200 events timed"):
        assert words in shown
