"""One suite for every way to run scenarios: the same results, the same statuses, the same files, wherever they run."""

import io
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from daemon.check import check
from daemon.clock import SystemClock
from daemon.errors import DiskError
from daemon.processes import SystemProcesses
from daemon.research.coordinator import BacktestCoordinator
from daemon.research.scenarios.command import Carrier, Ran
from daemon.research.scenarios.display import Display
from daemon.research.scenarios.inline import InlineExecutor
from daemon.research.scenarios.processes import ProcessExecutor
from daemon.research.scenarios.results import TAIL_LINES, ProcessResult
from daemon.research.scenarios.status import Status
from daemon.research.scenarios.task import Task
from daemon.research.scenarios.threads import ThreadExecutor
from daemon.research.wishes import Wishes
from daemon.results.result import COMPARABLE, Result, canonical
from tests.scenario_builders import Followed, checked, config, crossing, kept, lines_of, mishap, run, source, tasks_of

SCENARIOS = (
    "{name: early, to: '2026-01-05T14:40:00Z'}",
    "{name: other, set: {feed.seed: 9, strategies.counts.params.label: odd one}, strategies: [counts]}",
    mishap("raise"),
    "{name: wrong, set: {strategies.counts.params.lable: x}, from: 2026-01-06}",
    "{name: short, max_events: 1000}",
    mishap("shout"),
)
LATE_NS = 1_767_657_600_000_000_000
"""2026-01-06."""
WINDOW_END = "2026-01-05T14:50:00Z"
STEPS = ["log", "plan", "tables", "data", "market", "code", "containers", "warmup"]
OPERATIONS = [
    "trade_simulator", "bar_rendering", "bar_history", "worker_decision", "order_execution", "live_update",
]  # fmt: skip


class Done(NamedTuple):
    """A run in one of the ways."""

    executor: str
    path: Path
    ran: Ran

    def one(self, name: str) -> ProcessResult:
        (found,) = (result for result in self.ran.scenarios if result.scenario_name == name)
        return found

    def result(self, name: str) -> Result:
        return msgspec.convert(kept(self.one(name), self.ran.run.folder)["result"], Result)


@pytest.fixture(scope="module", params=["inline", "thread", "process"])
def done(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Done:
    folder = tmp_path_factory.mktemp(request.param)
    path = config(folder, *SCENARIOS)
    return Done(request.param, path, run(path, executor=request.param, workers=2, json_path=folder / "all.json"))


def test_each_has_its_end_in_the_order_of_the_config(done: Done) -> None:
    assert {one.scenario_name: one.status for one in done.ran.scenarios} == {
        "early": Status.COMPLETED,
        "other": Status.COMPLETED,
        "raise": Status.FINISHED_WITH_ERROR,
        "wrong": Status.FINISHED_WITH_ERROR,
        "short": Status.COMPLETED,
        "shout": Status.COMPLETED,
    }
    assert [one.scenario_index for one in done.ran.scenarios] == [0, 1, 2, 3, 4, 5]
    assert [one.success for one in done.ran.scenarios] == [True, True, False, False, True, True]
    assert (done.ran.run.executor, done.ran.exit_code) == (done.executor, 1)
    assert done.ran.run.statuses == {Status.COMPLETED: 4, Status.FINISHED_WITH_ERROR: 2}


@pytest.mark.parametrize(
    ("name", "wishes"),
    [
        ("early", Wishes(end_ns=1_767_624_000_000_000_000)),
        ("other", Wishes(settings=("feed.seed=9", "strategies.counts.params.label=odd one"), strategies=("counts",))),
        ("short", Wishes(max_events=1_000)),
    ],
)
def test_a_scenario_comes_to_what_a_backtest_of_its_own_comes_to(done: Done, name: str, wishes: Wishes) -> None:
    plan = check(done.path, {}, SystemProcesses(), wishes)
    alone = BacktestCoordinator(SystemClock()).run(plan, stopped=lambda: False)
    assert len(alone.fills) > 3
    found = done.result(name)
    assert canonical(found) == canonical(alone)
    assert set(canonical(found)) == set(COMPARABLE)
    assert found.metrics.events == alone.metrics.events
    assert found.prices == alone.prices
    assert (found.about.mode, alone.about.mode) == ("backtest_parallel", "backtest")


def test_one_that_fails_says_why_with_its_traceback_and_what_it_had_come_to(done: Done) -> None:
    failed = done.one("raise")
    assert failed.error_type == "LookupError"
    message = "mishap failed: LookupError: there is no such thing (scenario_strategies.py:"
    assert (failed.error_message or "").startswith(message)
    assert failed.traceback is not None
    assert failed.traceback.endswith("LookupError: there is no such thing\n")
    assert "in do_raise" in failed.traceback
    assert failed.metrics is not None
    assert failed.metrics.fills == len(done.result("raise").fills) > 0


def test_it_ends_where_its_result_does_and_its_window_stands_beside(done: Done) -> None:
    for name, window_end in (("early", "2026-01-05T14:40:00Z"), ("raise", WINDOW_END), ("short", WINDOW_END)):
        one = done.one(name)
        assert (one.start, one.window_end) == ("2026-01-05T14:30:00Z", window_end)
        assert one.end == done.result(name).about.end < window_end
    five_hundredth_second = "2026-01-05T14:38:19Z"  # with a quote and a trade in each
    assert done.one("raise").end == done.one("short").end == five_hundredth_second
    assert (done.one("wrong").end, done.one("wrong").window_end) == (None, None)


def test_one_that_cannot_run_is_refused_with_all_that_is_wrong_and_has_never_begun(done: Done) -> None:
    wrong = done.one("wrong")
    assert wrong.error_type == "ValidationError"
    assert wrong.error_message is not None
    assert wrong.error_message.startswith("scenario wrong cannot run:\n1. ")
    assert (wrong.traceback, wrong.execution_time_ms, wrong.started_at, wrong.result) == (None, 0.0, None, None)
    assert not list(Path(done.ran.run.folder).glob("*wrong.log"))


def test_every_result_is_in_a_file_and_all_of_them_in_one(done: Done) -> None:
    whole = json.loads((done.path.parent / "all.json").read_text())
    assert whole.keys() == {"run", "scenarios"}
    assert whole["scenarios"] == [kept(one, done.ran.run.folder) for one in done.ran.scenarios]
    assert whole["run"]["analysis"]["total_containers"] == 4
    assert whole["run"]["analysis"]["trial_count"] == 6
    for told, one in zip(whole["scenarios"], done.ran.scenarios, strict=True):
        read = msgspec.convert(told, ProcessResult)
        in_memory = msgspec.json.decode(msgspec.json.encode(one), type=ProcessResult)
        assert msgspec.structs.replace(read, result=None, log_tail=[]) == in_memory
    assert not list(Path(done.ran.run.folder).glob("*.part"))


def test_each_log_is_of_its_own_scenario_alone_also_where_a_process_had_another_before(done: Done) -> None:
    for name in ("early", "other", "raise", "short", "shout"):
        one = done.one(name)
        lines = lines_of(one)
        assert {(line["run"], line["scenario"]) for line in lines} == {(done.ran.run.run_id, name)}
        assert lines[0]["logger"] in {"daemon.research.scenarios.conduct", "printed.stdout"}
        assert any(line["message"].startswith("prepared: log ") for line in lines)
        assert lines[-1]["message"].startswith(f"{one.status} after ")
        tail = kept(one, done.ran.run.folder)["log_tail"]
        assert [json.loads(line) for line in tail] == lines[-TAIL_LINES:]
    (failing,) = [line for line in lines_of(done.one("raise")) if line["level"] == "error"]
    assert (failing["strategy"], failing["exception"]) == ("mishap", done.one("raise").traceback)


def test_what_a_strategy_prints_and_logs_is_in_its_scenarios_log(done: Done) -> None:
    assert printed(done.one("other"), "printed.stdout") == ["odd one is number " + number_of(done, "other")]
    assert printed(done.one("shout"), "printed.stdout")[-1] == "shouted"
    assert printed(done.one("shout"), "printed.stderr") == ["whispered"]
    assert printed(done.one("shout"), "mishap") == ["now: shout"]


def test_only_a_process_of_its_own_keeps_nothing_from_the_one_before(done: Done) -> None:
    numbers = sorted(int(number_of(done, name)) for name in ("early", "other", "raise", "short", "shout"))
    assert (numbers == [1, 1, 1, 1, 1]) == (done.executor == "process")
    assert (len(set(numbers)) == 5) == (done.executor != "process")


def test_its_times_and_the_steps_of_its_preparation_are_told(done: Done) -> None:
    for name in ("early", "raise"):
        one = done.one(name)
        assert [step.name for step in one.preparation] == STEPS
        assert 0 < sum(step.ms for step in one.preparation) < one.execution_time_ms
        assert one.submitted_at is not None
        assert one.started_at is not None
        assert one.ended_at is not None
        assert done.ran.run.started_at <= one.submitted_at <= one.started_at < one.ended_at <= done.ran.run.ended_at
        assert one.live_updates >= 1, "the last message is always sent"


def test_where_its_time_went_adds_up(done: Done) -> None:
    profile = done.one("early").profile
    assert profile is not None
    assert list(profile.operations) == OPERATIONS
    assert sum(one.total_ms for one in profile.operations.values()) == pytest.approx(profile.total_ms)
    assert 0 < profile.sampled < profile.events == done.result("early").metrics.events
    named = {(one.kind, one.name) for one in profile.components}
    assert named >= {("decision", "counts"), ("decision", "mishap"), ("coordination", "containers")}
    assert named >= {("worker", "counts.average"), ("worker", "counts.averages.long")}
    assert sum(one.share for one in profile.components) == pytest.approx(1)


@pytest.mark.parametrize("executor", ["inline", "thread", "process"])
def test_events_of_which_nothing_comes_are_passed_by_as_in_a_backtest_of_its_own(tmp_path: Path, executor: str) -> None:
    path = crossing(tmp_path, "{name: whole}", "{name: late, from: '2026-01-06'}")
    ran = run(path, executor=executor, workers=2)
    every = run(path, executor=executor, workers=2, every_event=True)
    for short, long, wishes in zip(ran.scenarios, every.scenarios, (Wishes(), Wishes(start_ns=LATE_NS)), strict=True):
        plan = check(path, {}, SystemProcesses(), wishes)
        alone = BacktestCoordinator(SystemClock()).run(plan, stopped=lambda: False)
        assert len(alone.fills) > 20
        for one, folder in ((short, ran.run.folder), (long, every.run.folder)):
            found = msgspec.convert(kept(one, folder)["result"], Result)
            assert canonical(found) == canonical(alone)
            assert found.warnings == alone.warnings
        assert short.profile is not None
        assert long.profile is not None
        assert short.profile.carried < long.profile.carried == long.profile.events == alone.metrics.events


def number_of(done: Done, name: str) -> str:
    (line,) = [line for line in printed(done.one(name), "printed.stdout") if "is number" in line]
    return line.rpartition(" ")[2]


def printed(one: ProcessResult, logger: str) -> list[str]:
    return [line["message"] for line in lines_of(one) if line["logger"] == logger]


# How they are carried.


def carrier(executor: str, workers: int = 2) -> Carrier:
    clock = SystemClock()
    ways: dict[str, Carrier] = {
        "inline": InlineExecutor(clock),
        "thread": ThreadExecutor(workers, clock),
        "process": ProcessExecutor(workers, clock, {}),
    }
    return ways[executor]


WAYS = ["inline", "thread", "process"]


@pytest.mark.parametrize("executor", WAYS)
def test_no_task_is_made_before_there_is_a_place_for_it_and_each_status_is_told_once_in_order(
    executor: str, tmp_path: Path
) -> None:
    read = source(tmp_path, *(f"{{name: s{place}, max_events: 300}}" for place in range(8)))
    found = checked(read)
    board = Followed(found, tmp_path, Display(io.StringIO()))
    most, made = 0, 0

    def counted() -> Iterator[Task]:
        nonlocal made, most
        for task in tasks_of(read, found, tmp_path):
            made += 1
            most = max(most, made - len(board.results))
            yield task

    carrier(executor).carry(counted(), board, lambda: False)
    board.close()
    assert most <= 2 * (1 if executor == "inline" else 2)
    assert {status for _, status in board.news} == {"INIT_PROCESS", "RUNNING", "COMPLETED"}
    for place in range(8):
        told = [status for name, status in board.news if name == f"s{place}"]
        assert told == ["INIT_PROCESS", "RUNNING", "COMPLETED"]


@pytest.mark.parametrize("executor", WAYS)
def test_stopped_those_that_run_tell_what_they_have_and_those_that_wait_are_skipped(
    executor: str, tmp_path: Path
) -> None:
    read = source(
        tmp_path, "{name: first, max_events: 400}", "{name: second}", "{name: third}", "{name: last}", duration="1000d"
    )
    found = checked(read)
    board = Followed(found, tmp_path, Display(io.StringIO()))
    running: list[str] = []

    def stopped() -> bool:
        running.extend(name for name, status in board.news if status == "RUNNING")
        return "second" in running and ("first", "COMPLETED") in board.news

    carrier(executor).carry(tasks_of(read, found, tmp_path), board, stopped)
    board.close()
    ends: dict[str, Any] = {result.scenario_name: result for result in board.results}
    assert ends["first"].status is Status.COMPLETED
    assert ends["second"].status is Status.CANCELLED
    assert ends["second"].metrics.events > 0
    assert kept(ends["second"], str(tmp_path))["result"]["about"]["ended"] == "it was interrupted"
    assert (
        ends["second"].end == kept(ends["second"], str(tmp_path))["result"]["about"]["end"] < ends["second"].window_end
    )
    assert ends["last"].status is Status.SKIPPED
    assert (ends["last"].end, ends["last"].window_end) == (None, ends["second"].window_end)
    assert kept(ends["last"], str(tmp_path))["status"] == "SKIPPED"


def test_nothing_of_a_process_stays_in_the_folder_for_temporary_files_whatever_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    path = config(tmp_path, mishap("exit"), mishap("hang", timeout="2s"), mishap("litter"), mishap("kill"))
    ran = run(path, {"TMPDIR": str(temporary), "PATH": os.environ["PATH"]}, executor="process", workers=2)
    assert [str(one.status) for one in ran.scenarios] == ["CRASHED", "TIMEOUT", "COMPLETED", "CRASHED"]
    for one in ran.scenarios:
        assert f"now: {one.scenario_name}" in Path(one.log_path).read_text(), "it was under way, with its tables"
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("memory", ["1KB", "100KB"])
def test_too_little_memory_is_told_as_that_whatever_asks_for_more_first(tmp_path: Path, memory: str) -> None:
    ran = run(config(tmp_path, f"{{name: tight, memory: {memory}}}", duration="100d"), executor="process")
    (one,) = ran.scenarios
    assert (one.status, one.error_type) == (Status.OOM, "MemoryError"), one.error_message
    assert one.error_message is not None
    assert one.error_message.startswith("it needs more memory than it may take")


def test_where_no_temporary_folder_can_be_made_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with pytest.raises(DiskError, match=r"cannot make a folder in .*gone: there is no such file"):
        run(config(tmp_path, "{name: a}"), executor="process")
