"""A backtest from being made to being taken down, whatever happens between."""

import dataclasses
import gc
import re
import tempfile
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from daemon.check import Plan
from daemon.clock import SystemClock
from daemon.errors import BadData, ProjectionFailed
from daemon.research.coordinator import BacktestCoordinator, Run
from daemon.research.progress import Progress, Throttle
from daemon.research.signal_log import SignalLog
from daemon.research.tables import TableRecorder
from daemon.results.result import Result, canonical
from tests.backtest_builders import AAA_BARS, asked, backtested, closes, config, fed, strategy
from tests.simulation.clock import SimulatedClock
from tests.simulation.test_account_recovery import ACTIONS, MARGIN
from trading.container import ScopedContainer
from trading.errors import InvalidParameters
from trading.timestamps import MILLISECOND

HELD = strategy("a", "Plays", symbol="AAA", holds=("10", "0", "20"))
FIVE = (100.0, 101.0, 102.0, 103.0, 104.0)


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own for what a run keeps while it is under way."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def plan(folder: Path, *strategies: str, **backtest: str) -> Plan:
    closes(folder, *FIVE)
    return asked(folder, config(*(strategies or (HELD,)), **backtest))


def without_line(ended: str) -> str:
    """Why a run ended, with the file and without the line of it."""
    return re.sub(r"\.py:\d+\)", ".py)", ended)


class Watched:
    """A coordinator whose run is looked at while it is under way."""

    def __init__(self, plan: Plan) -> None:
        self.coordinator = BacktestCoordinator(SystemClock())
        self.plan = plan
        self.run: Run | None = None
        self.active: list[str] = []

    def go(self, at_chunk: Callable[[Run], object] = lambda _: False, **how: object) -> Result:
        def stopped() -> bool:
            self.active = list(self.coordinator.active)
            (self.run,) = self.coordinator.active.values()
            return bool(at_chunk(self.run))

        return self.coordinator.run(self.plan, stopped=stopped, **how)  # type: ignore[arg-type]

    def assert_nothing_is_left(self, temporary: Path) -> None:
        assert not self.coordinator.active
        assert not list(temporary.iterdir())
        if self.run is not None:
            assert not any(container.is_built for container in self.run.driver.containers.values())


# Its steps.


def test_a_run_is_active_while_it_goes_on_and_nothing_of_it_is_left(tmp_path: Path, temporary: Path) -> None:
    watched = Watched(plan(tmp_path))
    result = watched.go()
    assert watched.active == [result.about.run_id]
    prefix, _, digits = result.about.run_id.partition("_")
    assert (prefix, len(digits), int(digits, 16) >= 0) == ("backtest", 8, True)
    watched.assert_nothing_is_left(temporary)
    assert watched.go().about.run_id != result.about.run_id


def raising(error: BaseException) -> Callable[[object], bool]:
    def fail(_: object) -> bool:
        raise error

    return fail


def without_tables(run: Run) -> bool:
    run._recorder.close()
    return False


@pytest.mark.parametrize("rows", ["cut off\n", "2026-01-05T15:01:00Z,1,2,0.5,1,1\n2026-01-05T15:00:00Z,1,2,0.5,1,1\n"])
def test_nothing_is_left_of_one_whose_data_cannot_be_traded_on(rows: str, tmp_path: Path, temporary: Path) -> None:
    watched = Watched(plan(tmp_path))
    data = tmp_path / "aaa.csv"
    data.write_text(data.read_text() + rows)
    with pytest.raises(BadData):
        watched.go()
    assert watched.run is None, "nothing was traded"
    watched.assert_nothing_is_left(temporary)


def test_nothing_is_left_of_one_whose_second_strategy_cannot_be_made(tmp_path: Path, temporary: Path) -> None:
    made = plan(tmp_path, HELD, HELD.replace("id: a", "id: b"))
    first, second = made.settings.strategies
    without = second.model_copy(update={"params": {}})
    settings = made.settings.model_copy(update={"strategies": (first, without)})
    watched = Watched(dataclasses.replace(made, settings=settings))
    before = containers()
    with pytest.raises(InvalidParameters):
        watched.go()
    watched.assert_nothing_is_left(temporary)
    assert not any(container.is_built for container in containers() - before)


def containers() -> set[ScopedContainer]:
    return {one for one in gc.get_objects() if type(one) is ScopedContainer}


@pytest.mark.parametrize(
    "fail",
    [
        pytest.param(raising(KeyboardInterrupt()), id="interrupted for good"),
        pytest.param(raising(MemoryError()), id="no memory"),
        pytest.param(without_tables, id="no tables"),
    ],
)
@pytest.mark.parametrize("close_out", ["none", "market_at_last"])
def test_nothing_is_left_of_one_that_fails_on_its_way(
    fail: Callable[[object], bool], close_out: str, tmp_path: Path, temporary: Path
) -> None:
    watched = Watched(plan(tmp_path, close_out=close_out))
    with pytest.raises((KeyboardInterrupt, MemoryError, ProjectionFailed)):
        watched.go(fail)
    watched.assert_nothing_is_left(temporary)


def test_nothing_is_left_of_one_whose_result_nobody_takes(tmp_path: Path, temporary: Path) -> None:
    watched = Watched(plan(tmp_path))
    with pytest.raises(BrokenPipeError):
        watched.go(tell=raising(BrokenPipeError()))
    watched.assert_nothing_is_left(temporary)


def test_where_the_tables_cannot_be_kept_people_are_told_where_and_what_to_do(tmp_path: Path, temporary: Path) -> None:
    made = plan(tmp_path)
    temporary.rmdir()
    with pytest.raises(ProjectionFailed, match=r"cannot be kept in .*/temporary") as caught:
        Watched(made).go()
    assert "TMPDIR" in caught.value.mend
    temporary.mkdir()
    recorder = TableRecorder()
    recorder.close()
    with pytest.raises(ProjectionFailed, match="closed database"):
        recorder.tables()


def test_two_runs_share_nothing_and_come_to_the_same_whoever_else_runs(tmp_path: Path) -> None:
    one, other = plan(tmp_path), strategy("b", "Brackets", symbol="AAA")
    alone = backtested(one)
    together = backtested(asked(tmp_path, config(HELD, other)))
    assert canonical(alone) == canonical(backtested(one))
    assert [fill for fill in together.fills if fill.strategy == "a"] == list(alone.fills)
    assert together.curves["a"] == alone.curves["a"]


# What ends it.


def test_a_strategy_that_fails_ends_it_at_that_very_event(tmp_path: Path) -> None:
    failing = strategy("b", "Fails", symbol="AAA", at=3)
    result = backtested(plan(tmp_path, HELD, failing))
    assert without_line(result.about.ended) == "b failed: ZeroDivisionError: at bar 3 (backtest_strategies.py)"
    assert (result.metrics.bars, result.metrics.events, result.about.end) == (3, 3, "2026-01-05T15:03:00Z")
    assert [one.events for one in result.strategies.values()] == [3, 3]
    whole = backtested(asked(tmp_path, config(HELD, failing, on_error="go_on")))
    assert (whole.about.ended, whole.metrics.bars) == ("", 5)
    assert whole.strategies["b"].trip == "ZeroDivisionError: at bar 3"
    assert list(result.fills) == [one for one in whole.fills if one.ts <= result.about.end]


def test_one_that_fails_within_a_chunk_has_counted_only_what_was_carried_through(tmp_path: Path) -> None:
    """Chunks grow after some thousand events."""
    closes(tmp_path, *(100.0 + place % 7 for place in range(9_000)))
    result = backtested(asked(tmp_path, config(strategy("a", "Fails", symbol="AAA", at=8_502))))
    assert (result.metrics.bars, result.metrics.events) == (8_502, 8_502)
    assert len(result.prices["AAA"]) < 4_000


def test_one_that_fails_in_its_warm_up_ends_it_at_the_first_event(tmp_path: Path) -> None:
    closes(tmp_path, *FIVE)
    text = config(strategy("a", "Fails", "20000", "warmup: 2", symbol="AAA", at=2))
    result = backtested(asked(tmp_path, text, start_ns=1_767_625_200_000_000_000 + 120_000_000_000))
    assert without_line(result.about.ended) == "a failed: ZeroDivisionError: at bar 2 (backtest_strategies.py)"
    assert result.metrics.bars == 1


@pytest.mark.parametrize("every_event", [True, False])
def test_without_a_strategy_the_data_passes_by(tmp_path: Path, every_event: bool) -> None:
    closes(tmp_path, *FIVE)
    result = backtested(asked(tmp_path, config().replace("strategies:\n", "strategies: []\n")), every_event=every_event)
    assert (result.metrics.bars, result.about.ended, list(result.fills)) == (5, "", [])
    assert result.metrics.final_equity == result.metrics.initial_equity == "100000.00"


def after(chunks: int) -> Callable[[Run], bool]:
    """What says so at the nth question."""
    asked = count(1)
    return lambda _: next(asked) == chunks


def test_one_that_is_interrupted_gives_what_was_done_by_then(tmp_path: Path) -> None:
    made = plan(tmp_path, close_out="market_at_last")
    whole = backtested(made)
    result = Watched(made).go(after(2))
    assert result.about.ended == "it was interrupted"
    assert (result.metrics.bars, result.about.end) == (2, "2026-01-05T15:02:00Z")
    assert list(result.fills) == list(whole.fills[:1])
    assert not any(one.close_out for one in result.fills)


def test_one_that_is_interrupted_where_a_strategy_hangs_tells_of_both(tmp_path: Path) -> None:
    """Pressed a second time, it breaks into the strategy."""
    made = plan(tmp_path, HELD, strategy("b", "Fails", symbol="AAA", at=2))
    result = Watched(made).go(after(2))
    assert without_line(result.about.ended) == (
        "it was interrupted; b failed: ZeroDivisionError: at bar 2 (backtest_strategies.py)"
    )


def test_the_config_that_a_result_tells_is_the_one_that_was_run(tmp_path: Path) -> None:
    made = plan(tmp_path)
    text = made.config.read_text()
    result = Watched(made).go(lambda _: made.config.unlink(missing_ok=True))
    assert result.about.config == text


# What it warns of.


def test_rows_that_were_left_out_are_told(tmp_path: Path) -> None:
    closes(tmp_path, *FIVE)
    data = tmp_path / "aaa.csv"
    data.write_text(data.read_text() + "2026-01-05T15:09:00Z,100,90,95,99,5\n")
    text = config(HELD, feed=fed(AAA_BARS).replace("kind: file", "kind: file\n  on_bad_row: skip"))
    (warning,) = backtested(asked(tmp_path, text)).warnings
    assert warning.startswith("aaa.csv: 6 rows, 1 skipped (")


def test_what_the_check_cautions_of_is_told(tmp_path: Path) -> None:
    (tmp_path / "actions.csv").write_text(ACTIONS)
    text = MARGIN.replace("duration: 60h", "duration: 1h")
    (warning,) = backtested(asked(tmp_path, text)).warnings
    assert "instruments.SHR.actions: a synthetic feed knows no splits" in warning


# How far it has come.


def test_progress_is_told_at_each_third_of_a_second_and_at_the_end(tmp_path: Path) -> None:
    clock, told = SimulatedClock(), list[Progress]()
    made = plan(tmp_path, close_out="market_at_last")

    def slow() -> bool:
        clock.hold_up(130 * MILLISECOND)
        return False

    result = BacktestCoordinator(clock).run(made, name="mine", tell=told.append, stopped=slow)
    assert [(one.events, one.is_last) for one in told] == [(3, False), (5, True)]
    assert [one.seconds for one in told] == pytest.approx([0.39, 0.65])
    assert [one.share for one in told] == [0.6, 1.0]
    first, last = told
    assert (first.name, first.fills, first.currency) == ("mine", 2, "USD")
    assert last.equity == result.metrics.final_equity
    assert result.metrics.seconds == pytest.approx(0.65)


def test_a_throttle_counts_from_the_last_that_it_let_pass() -> None:
    """Of 20,000 ticks in a second and a half, five."""
    clock, passed = SimulatedClock(), []
    throttle = Throttle(clock)
    for tick in range(1, 20_001):
        clock.hold_up(75_000)
        if throttle.is_due():
            passed.append(tick)
    assert passed == [4_000, 8_000, 12_000, 16_000, 20_000]


# What it keeps.


def test_signals_that_led_to_something_are_kept_or_all(tmp_path: Path) -> None:
    made = plan(tmp_path, strategy("a", "strategies.buy_and_hold:BuyAndHold", symbol="AAA", quantity="5"))
    for keep in ("acted", "all"):
        result = backtested(made, keep=keep)
        assert [one.order_id for one in result.signals if one.order_id] == ["a-1"]
    refusing = strategy("a", "Plays", "20000", "risk: {max_position_quantity: 4}", symbol="AAA", holds=("5",))
    (signal,) = backtested(asked(tmp_path, config(refusing))).signals
    assert (signal.kind, signal.text, signal.order_id) == ("target", "be at 5 AAA", "a-1")
    assert signal.reason.startswith("max_position_quantity: ")


def test_what_is_too_much_of_them_is_left_out_and_counted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    made = plan(tmp_path)
    line = backtested(made).signals[0]
    log = SignalLog("all")
    log._lines = type(log._lines)(maxlen=3)
    monkeypatch.setattr("daemon.research.signal_log.MOST_SIGNALS", 3)
    for _ in range(5):
        log.add([line])
    assert (len(log.lines), log.left_out) == (3, 2)
