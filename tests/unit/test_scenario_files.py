"""What a run of scenarios leaves on disk, and what becomes of it where there is no room."""

import io
import json
import logging
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from daemon.check import check
from daemon.errors import BadData, DiskError, NotWritten
from daemon.feeds.file.feed import FileFeed
from daemon.research.scenarios.checking import Means, check_all, named, read_source
from daemon.research.scenarios.command import write_json
from daemon.research.scenarios.results import Scenario, ended, keep, log_path, result_path
from daemon.research.scenarios.run_folder import base_folder, logged, make_folder
from daemon.research.scenarios.scenario_log import Printed, ScenarioLog, nothing_but_logs, tail_of
from daemon.research.scenarios.status import Status
from daemon.research.scenarios.summary import RunSummary, analysis, statuses
from daemon.research.scenarios.surveys import Looked, Seen, Surveys, still
from daemon.research.showing import STDOUT
from daemon.research.wishes import Wishes
from tests.scenario_builders import inner_processes, run
from trading.timestamps import SECOND

BEGAN_NS = 1_767_623_400 * SECOND
ONE = Scenario(name="one", index=3, symbols=("AAA",), start="2026-01-05T00:00:00Z")


# Folders.


def test_runs_lie_in_this_folder_or_with_the_state_that_the_environment_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert base_folder({}) == tmp_path / "backtests"
    assert base_folder({"BULKHEAD_STATE": "mine"}) == tmp_path / "mine" / "backtests"
    assert base_folder({"BULKHEAD_STATE": "/var/lib/mine"}) == Path("/var/lib/mine/backtests")


def test_two_runs_of_one_second_have_a_folder_each(tmp_path: Path) -> None:
    folders = [make_folder(tmp_path / "backtests", BEGAN_NS).name for _ in range(3)]
    assert folders == ["20260105T143000Z", "20260105T143000Z-2", "20260105T143000Z-3"]


def test_where_no_folder_can_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DiskError, match=r"cannot make .*: a part of the path is not a directory"):
        make_folder(tmp_path / "file", BEGAN_NS)


# Results.


def test_a_result_is_in_its_file_whole_or_not_at_all(tmp_path: Path) -> None:
    assert (result_path(tmp_path, ONE).name, log_path(tmp_path, ONE).name) == ("0003-one.json", "0003-one.log")
    keep(tmp_path, ONE, ended(ONE, Status.CRASHED, error_message="killed"))
    told = json.loads(result_path(tmp_path, ONE).read_text())
    assert (told["scenario_name"], told["scenario_index"], told["status"]) == ("one", 3, "CRASHED")
    assert (told["success"], told["error_message"], told["symbols"]) == (False, "killed", ["AAA"])
    assert [path.name for path in tmp_path.iterdir()] == ["0003-one.json"]
    with pytest.raises(NotWritten, match=r"0003-one\.json: there is no folder"):
        keep(tmp_path / "gone", ONE, ended(ONE, Status.CRASHED))


def summary(results: list[Any]) -> RunSummary:
    return RunSummary(
        run_id="20260105T143000Z",
        version="0",
        python="3",
        config_path="c.yaml",
        folder="f",
        executor="inline",
        why="asked",
        workers=1,
        started_at="2026-01-05T14:30:00Z",
        ended_at="2026-01-05T14:30:01Z",
        seconds=1.0,
        statuses=statuses(results),
        analysis=analysis(results),
    )


def test_the_whole_run_is_one_object_made_of_the_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    results = [ended(ONE, Status.SKIPPED), ended(msgspec.structs.replace(ONE, index=4), Status.TIMEOUT)]
    paths = []
    for result in results:
        scenario = msgspec.structs.replace(ONE, index=result.scenario_index)
        keep(tmp_path, scenario, result)
        paths.append(result_path(tmp_path, scenario))
    write_json(tmp_path / "all.json", summary(results), paths)
    whole = json.loads((tmp_path / "all.json").read_text())
    assert [one["status"] for one in whole["scenarios"]] == ["SKIPPED", "TIMEOUT"]
    assert whole["run"]["statuses"] == {"TIMEOUT": 1, "SKIPPED": 1}
    stdout = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(stdout))
    write_json(STDOUT, summary(results), paths)
    assert json.loads(stdout.getvalue()) == whole
    with pytest.raises(NotWritten, match=r"all\.json: there is no folder"):
        write_json(tmp_path / "gone" / "all.json", summary(results), paths)


def test_of_scenarios_that_did_not_complete_there_is_nothing_to_analyse() -> None:
    found = analysis([ended(ONE, Status.CRASHED), ended(ONE, Status.SKIPPED)])
    assert (found.total_containers, found.trial_count) == (0, 2)
    assert (found.best_sharpe_ratio, found.best_return, found.average_execution_time) == (None, None, None)


# Logs.


def test_a_log_lets_go_of_what_it_opened_and_of_nothing_else(tmp_path: Path) -> None:
    root = logging.getLogger()
    others = [*root.handlers]
    for number in range(3):
        with nothing_but_logs(), ScenarioLog(tmp_path / "a.log", run="r", scenario=f"s{number}", lines=2) as lines:
            logging.getLogger("mine").info("line %d", number)
            print("printed")
        assert [json.loads(line)["message"] for line in lines.tail] == [f"line {number}", "printed"]
        assert root.handlers == others
    told = [json.loads(line) for line in (tmp_path / "a.log").read_text().splitlines()]
    assert [line["scenario"] for line in told] == ["s0", "s0", "s1", "s1", "s2", "s2"]


def test_only_the_last_lines_are_kept_in_memory(tmp_path: Path) -> None:
    with nothing_but_logs(), ScenarioLog(tmp_path / "a.log", run="r", scenario="s", lines=3) as lines:
        for number in range(10):
            logging.getLogger("mine").info("%d", number)
    assert [json.loads(line)["message"] for line in lines.tail] == ["7", "8", "9"]
    assert tail_of(tmp_path / "a.log", 2) == list(lines.tail)[1:]
    assert tail_of(tmp_path / "none.log", 2) == []


def test_a_log_is_its_owners_alone(tmp_path: Path) -> None:
    with ScenarioLog(tmp_path / "a.log", run="r", scenario="s", lines=1):
        pass
    assert (tmp_path / "a.log").stat().st_mode & 0o777 == 0o600


def test_what_is_printed_is_logged_line_by_line(tmp_path: Path) -> None:
    with nothing_but_logs(), ScenarioLog(tmp_path / "a.log", run="r", scenario="s", lines=9) as lines:
        printed = Printed("stdout")
        assert printed.writable()
        for text in ("one", " and", " a half\ntwo\n\nthr", "ee\n100 %s\n"):
            printed.write(text)
    told = [json.loads(line)["message"] for line in lines.tail]
    assert told == ["one and a half", "two", "", "three", "100 %s"]


def test_the_log_of_a_run_is_apart_from_all_others(tmp_path: Path) -> None:
    log = logging.getLogger("tests.of.a.run")
    before = log.level, log.propagate, [*log.handlers]
    with logged(log, tmp_path / "run.log", "r"):
        log.info("begun")
    log.info("unheard")
    assert (log.level, log.propagate, log.handlers) == before
    (line,) = [json.loads(line) for line in (tmp_path / "run.log").read_text().splitlines()]
    assert (line["message"], line["run"]) == ("begun", "r")


# Data that was looked through.

FILES = """\
mode: paper
account: {currency: USD, cash: "100000"}
feed: {kind: file, speed: max, files: [{path: prices.csv, symbol: AAA, data: quotes, time: ms}]}
instruments: {AAA: {kind: equity, tick_size: "0.01", lot_size: "1"}}
strategies: [{id: sma, class: "strategies.sma_cross:SmaCross", params: {symbol: AAA}, capital: "1000"}]
backtest:
  scenarios: [{name: a}, {name: b, from: "2026-01-05T14:30:30Z"}, {name: late, from: "2026-01-06T00:00:00Z"}]
"""


def prices(folder: Path, *, rows: int = 60, spoiled: int | None = None) -> Path:
    """A quote a second, one of them spoiled or none; and a config."""
    lines = [f"{BEGAN_NS // 10**6 + 1_000 * row},{100 + row % 50},{101 + row % 50}" for row in range(rows)]
    if spoiled is not None:
        lines[spoiled] += "e-"
    (folder / "prices.csv").write_text("\n".join(["time,bid,ask", *lines, ""]))
    path = folder / "config.yaml"
    path.write_text(FILES)
    return path


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every look through the files of a feed."""
    calls: list[Any] = []
    survey = FileFeed.survey

    def counted(feed: FileFeed) -> Any:
        calls.append(feed)
        return survey(feed)

    monkeypatch.setattr(FileFeed, "survey", counted)
    return calls


def test_files_are_looked_through_once_for_all_scenarios(tmp_path: Path, looked: list[Any]) -> None:
    read = read_source(prices(tmp_path), {})
    surveys = Surveys()
    good, other, late = check_all(read, named(read, (), Wishes()), Means({}, inner_processes(), surveys), 1)
    assert good.looked is not None
    assert good.looked == other.looked
    assert still(good.looked) == good.looked.surveyed
    assert surveys.texts == ["prices.csv: 60 rows"]
    assert late.problems == (
        "no file has a row after the start, 2026-01-06T00:00:00Z; the last is of "
        "2026-01-05T14:30:59Z; set an earlier from, or add files",
    )
    assert len(looked) == 2, "once for all, and once more for who begins when all is over"


def test_a_file_that_is_no_longer_as_it_was_is_looked_through_again(tmp_path: Path, looked: list[Any]) -> None:
    path = prices(tmp_path)
    seen = Surveys().of(plan_with(path))
    assert seen is not None
    assert still(seen) == seen.surveyed
    with (tmp_path / "prices.csv").open("a") as stream:
        stream.write(f"{BEGAN_NS // 10**6 + 60_000},1,2\n")
    assert still(seen) is None
    assert still(Looked([Seen(str(tmp_path / "gone.csv"), 1, 1)], seen.surveyed)) is None
    assert still(None) is None, "of a feed without files nothing is known"


def test_a_run_looks_once_whatever_runs(tmp_path: Path, looked: list[Any]) -> None:
    ran = run(prices(tmp_path), names=("a", "b"), executor="inline")
    assert [one.status for one in ran.scenarios] == [Status.COMPLETED, Status.COMPLETED]
    assert len(looked) == 1


def test_what_cannot_be_traded_on_is_told_before_anything_runs_and_looked_at_once(
    tmp_path: Path, looked: list[Any]
) -> None:
    path = prices(tmp_path, rows=60_000, spoiled=59_000)
    surveys = Surveys()
    for _ in range(3):
        with pytest.raises(BadData, match="row 59001"):
            surveys.of(plan_with(path))
    assert len(looked) == 1


def plan_with(path: Path) -> Any:
    return check(path, {}, inner_processes())
