"""A backtest keeps no more of a long run than of a short one while it goes on: records go to a file."""

import gc
import tracemalloc
from pathlib import Path

import pytest

from daemon.clock import SystemClock
from daemon.research.coordinator import Run
from daemon.research.signal_log import SignalLog
from daemon.research.tables import TableRecorder
from tests.backtest_builders import asked, config, strategy
from trading.account.records import Commit

KIB = 1024


def test_it_does_not_grow_with_the_length_of_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bounds are lowered, so that they are reached within seconds."""
    monkeypatch.setattr("daemon.research.data_handler.MOST_POINTS", 20)
    monkeypatch.setattr("daemon.research.signal_log.MOST_SIGNALS", 100)
    feed = 'feed: {kind: synthetic, duration: 1000s, data: [quotes], symbols: {AAA: {price: "100"}}}\n'
    plan = asked(tmp_path, config(strategy("a", "Flips", symbol="AAA"), feed=feed))
    run = Run("backtest_test", plan, "test", SystemClock(), keep="acted")
    kept: dict[int, int] = {}

    def stopped() -> bool:
        events = run.data.events // 500
        if events not in kept:
            gc.collect()
            kept[events] = tracemalloc.get_traced_memory()[0]
        return False

    run.initialise()
    tracemalloc.start()
    try:
        run.carry(stopped, None)
    finally:
        tracemalloc.stop()
        orders = len(list(run._recorder.tables().all_orders()))
        run.teardown()
    assert orders == 2_000
    assert max(kept.values()) - kept[1] < 250 * KIB, "of some kilobytes an order, had they been kept"


def test_a_recorder_keeps_its_records_in_a_file() -> None:
    recorder = TableRecorder()
    try:
        tracemalloc.start()
        for event in range(20_000):
            recorder.record(Commit(event=event, ts_ns=event))
        assert recorder.sequence == 20_000
        assert tracemalloc.get_traced_memory()[0] < 1_000 * KIB
    finally:
        tracemalloc.stop()
        recorder.close()


def test_a_log_of_signals_has_a_bound() -> None:
    assert SignalLog("all")._lines.maxlen == 200_000
