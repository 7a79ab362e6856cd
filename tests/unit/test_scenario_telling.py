"""What is told of scenarios that run: how often, in what shape, and what becomes of it where nobody listens."""

import io
from pathlib import Path
from queue import Queue
from typing import Any

import msgspec
import pytest

from daemon.clock import SystemClock
from daemon.research.progress import Throttle
from daemon.research.scenarios.conduct import Conducted, Links
from daemon.research.scenarios.display import Display, line_of
from daemon.research.scenarios.outlet import Inlet, Outlet
from daemon.research.scenarios.status import Status
from daemon.research.scenarios.task import Telling
from daemon.research.scenarios.telling import ProgressMessage, encoded, message_of
from daemon.research.scenarios.threads import ThreadExecutor
from tests.scenario_builders import Followed, checked, source, tasks_of
from tests.simulation.clock import SimulatedClock
from trading.timestamps import MILLISECOND, SECOND


def message(**known: Any) -> ProgressMessage:
    facts = {
        "scenario_index": 0,
        "scenario_name": "window_07",
        "symbol": "GBPUSD",
        "ticks_processed": 15_000,
        "total_ticks": 20_000,
        "progress_percent": 75.0,
        "status": Status.RUNNING,
        "current_balance": "9950.00",
        "total_trades": 5,
    }
    return ProgressMessage(**{**facts, **known})


# How often.


def test_of_twenty_thousand_ticks_in_one_and_a_half_seconds_five_messages_come_through() -> None:
    clock = SimulatedClock()
    throttle = Throttle(clock)  # every 0.30 s
    passed = []
    for tick in range(20_000):
        clock.hold_up(1_500 * MILLISECOND // 20_000)
        if throttle.is_due():
            passed.append(tick + 1)
    assert passed == [4_000, 8_000, 12_000, 16_000, 20_000]


def test_the_next_one_is_due_so_long_after_the_last_and_none_are_made_up_for() -> None:
    clock = SimulatedClock()
    throttle = Throttle(clock, SECOND)
    assert not throttle.is_due()
    clock.hold_up(5 * SECOND)
    assert [throttle.is_due(), throttle.is_due()] == [True, False]
    clock.hold_up(SECOND - 1)
    assert not throttle.is_due()
    clock.hold_up(1)
    assert throttle.is_due()


class Hurried(SystemClock):
    """Every look at it is a millisecond later."""

    def __init__(self) -> None:
        self._looks = 0

    def monotonic_ns(self) -> int:
        self._looks += 1
        return self._looks * MILLISECOND


def told_by(folder: Path, scenario: str, telling: Telling) -> list[ProgressMessage]:
    read = source(folder, scenario)
    found = checked(read)
    (task,) = tasks_of(read, found, folder, telling=telling)
    told: list[ProgressMessage] = []
    links = Links(say=lambda _: None, send=told.append, stopped=lambda: False, clock=Hurried())
    assert Conducted(task, links).run().live_updates == len(told)
    return told


def test_messages_tell_how_far_a_run_is_and_the_last_one_is_always_sent(tmp_path: Path) -> None:
    told = told_by(tmp_path, "{name: window_07, max_events: 2000}", Telling(every_ns=300 * MILLISECOND))
    assert len(told) > 3
    *_, last = told
    assert last == message(
        symbol="AAA",
        ticks_processed=2_000,
        total_ticks=2_000,
        progress_percent=100.0,
        current_balance=last.current_balance,
        total_trades=10,
    )
    assert [one.ticks_processed for one in told] == sorted({one.ticks_processed for one in told})
    for one in told[:-1]:
        assert one.progress_percent == pytest.approx(one.ticks_processed / 20, abs=0.06)


def test_without_a_number_of_events_a_run_is_as_far_as_its_time(tmp_path: Path) -> None:
    told = told_by(tmp_path, "{name: a}", Telling(every_ns=300 * MILLISECOND))
    assert {one.total_ticks for one in told} == {None}
    assert 0 < (told[0].progress_percent or 0) < 50 < (told[-2].progress_percent or 0) <= 100


def test_what_costs_more_is_told_only_where_it_is_asked_for(tmp_path: Path) -> None:
    plain = told_by(tmp_path, "{name: a}", Telling(every_ns=SECOND))[-1]
    assert (plain.portfolio_stats, plain.performance_stats, plain.current_bars) == (None, None, None)
    full = told_by(
        tmp_path, "{name: a, max_events: 1100}", Telling(every_ns=SECOND, portfolio=True, performance=True, bars=True)
    )[-1]
    assert full.portfolio_stats is not None
    assert full.portfolio_stats["counts"].positions == {"AAA": "10"}
    assert full.portfolio_stats["mishap"].positions == {}
    assert full.portfolio_stats["counts"].fills == full.total_trades == 5
    assert full.performance_stats is not None
    assert full.performance_stats.events == 1_100
    assert full.current_bars is not None
    assert full.current_bars["AAA"]["symbol"] == "AAA"


def test_a_scenario_may_tell_nothing(tmp_path: Path) -> None:
    read = source(tmp_path, "{name: a, max_events: 500}")
    (task,) = tasks_of(read, checked(read), tmp_path)
    told: list[ProgressMessage] = []
    links = Links(say=lambda _: None, send=told.append, stopped=lambda: False, clock=Hurried())
    assert Conducted(task, links).run().live_updates == len(told) == 0


# In what shape.


def test_a_message_survives_the_wire_under_the_names_that_it_is_known_by() -> None:
    assert message_of(encoded(message())) == message()
    assert list(msgspec.to_builtins(message()))[:10] == [
        "type", "scenario_index", "scenario_name", "symbol", "ticks_processed", "total_ticks", "progress_percent",
        "status", "current_balance", "total_trades",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xc1",
        msgspec.msgpack.encode({"type": "progress"}),
        msgspec.msgpack.encode({**msgspec.to_builtins(message()), "more": 1}),
        msgspec.msgpack.encode({**msgspec.to_builtins(message()), "type": "result"}),
        msgspec.msgpack.encode({**msgspec.to_builtins(message()), "status": "running"}),
        msgspec.msgpack.encode({**msgspec.to_builtins(message()), "ticks_processed": "many"}),
    ],
)
def test_what_is_no_message_is_none(data: bytes) -> None:
    assert message_of(data) is None


# Where nobody listens.


def test_progress_comes_through_while_there_is_room_and_is_left_out_where_there_is_none(tmp_path: Path) -> None:
    with Inlet(tmp_path) as inlet:
        outlet = Outlet(inlet.address)
        for number in range(2_000):
            outlet(message(ticks_processed=number))
        assert outlet.left_out > 0
        came = list(inlet.messages())
        assert [one.ticks_processed for one in came] == list(range(2_000 - outlet.left_out))
        assert list(inlet.messages()) == []
        outlet(message(ticks_processed=9))
        assert [one.ticks_processed for one in inlet.messages()] == [9]
        outlet.close()


def test_progress_comes_through_in_a_folder_whose_path_is_longer_than_that_of_a_socket_may_be(tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 30)
    folder.mkdir()
    with Inlet(folder) as inlet:
        outlet = Outlet(inlet.address)
        outlet(message(ticks_processed=9))
        assert [one.ticks_processed for one in inlet.messages()] == [9]
        outlet.close()


def test_who_sends_does_not_mind_that_nobody_ever_listened(tmp_path: Path) -> None:
    outlet = Outlet(str(tmp_path / "nowhere"))
    outlet(message())
    assert outlet.left_out == 1
    outlet.close()


def test_nobody_else_can_send_where_workers_do(tmp_path: Path) -> None:
    folder = tmp_path / "private"
    folder.mkdir(mode=0o700)
    with Inlet(folder) as inlet:
        assert folder.stat().st_mode & 0o077 == 0
        assert list(inlet.messages()) == []


def test_a_queue_that_is_full_leaves_out_what_comes() -> None:
    threads = ThreadExecutor(1, SystemClock())
    threads._progress = Queue(2)
    for number in range(5):
        threads._send(message(ticks_processed=number))
    assert [threads._progress.get_nowait().ticks_processed for _ in range(2)] == [0, 1]
    assert threads._progress.empty()


# On a terminal.


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_line_is_drawn_for_each_that_runs_and_nothing_is_left_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    read = source(tmp_path, "{name: one}", "{name: two}", "{name: three}")
    terminal = Terminal()
    found = checked(read)
    board = Followed(found, tmp_path, Display(terminal))
    board.said(0, Status.INIT_PROCESS)
    board.said(1, Status.RUNNING)
    board.told(message(scenario_index=1))
    board.told(message(scenario_index=2))  # has not begun
    board.draw()
    assert terminal.getvalue().splitlines() == [
        "one                  init process",
        "two                  [###############     ]  75.0%  15,000 events  5 fills  9950.00",
        "0 of 3 done, 2 running",
    ]
    board.close()
    assert terminal.getvalue().endswith("\x1b[3F\x1b[J")
    assert [result.status for result in board.results] == ["CANCELLED", "CANCELLED", "SKIPPED"]


def test_of_a_run_without_an_end_nobody_knows_how_far_it_is() -> None:
    line = line_of("a", Status.RUNNING, message(progress_percent=None, current_balance=None))
    assert line == "a                    [????????????????????]         15,000 events  5 fills  -"


def test_piped_nothing_is_drawn(tmp_path: Path) -> None:
    read = source(tmp_path, "{name: one}")
    pipe = io.StringIO()
    board = Followed(checked(read), tmp_path, Display(pipe))
    board.said(0, Status.RUNNING)
    board.draw()
    board.close()
    assert pipe.getvalue() == ""
