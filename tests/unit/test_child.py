"""What a child answers, message by message, without a process around it."""

import socket
from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.hosts import child
from daemon.hosts.child import Answerer
from daemon.hosts.wire import (
    NO_EVENTS,
    PROGRESS,
    Beat,
    Close,
    Done,
    Failed,
    FrameReader,
    FromChild,
    Garbage,
    Hear,
    Heard,
    Open,
    Opened,
    Restore,
    RestoreBooks,
    Run,
    Seal,
    Snapshot,
    Start,
    Started,
    State,
    ToChild,
    Unsupported,
    Vital,
    Warm,
    encoded,
    frame,
    from_child,
    packed,
)
from tests.builders import fill
from tests.child_builders import bids, hear, opening
from tests.market_builders import a_bar
from trading.commands import Command, SubmitOrder, Trip
from trading.container import ContainerState
from trading.market_data import Quote
from trading.reports import ExecutionReport, ReportKind
from trading.subscriptions import DataKind, Subscription
from trading.timestamps import MILLISECOND

AAA_QUOTES = Subscription(symbol="AAA", kind=DataKind.QUOTES)


class InProcess:
    """A child that is called directly, and whose clock goes on by `pace_ns` each time that it is read."""

    def __init__(self, *messages: ToChild) -> None:
        self._said: list[FromChild] = []
        self.pace_ns = self._now_ns = 0
        self.answerer = Answerer(self._said.append, self._read_clock)
        self.tell(*messages)

    def _read_clock(self) -> int:
        self._now_ns += self.pace_ns
        return self._now_ns

    def tell(self, *messages: ToChild) -> list[FromChild]:
        """What it says to that."""
        self._said.clear()
        for message in messages:
            self.answerer.answer(message)
        return list(self._said)


def running(reference: str = "tests.child_strategies:Odd", **params: Any) -> InProcess:
    return InProcess(opening(reference, **params), Start(0), Run())


def simulated(name: str, **params: Any) -> InProcess:
    return running(f"tests.simulation.strategies:{name}", **params)


def asked(*answers: FromChild) -> list[Command]:
    """All commands of some answers."""
    return [command for answer in answers if isinstance(answer, Heard) for command in answer.commands]


def outline(answers: Sequence[FromChild]) -> list[tuple[int, int, bool]]:
    """Of each Heard: events, how many commands, whether it is the last."""
    return [(one.events, len(one.commands), one.done) for one in answers if isinstance(one, Heard)]


def accepted(command: Command, number: int) -> ExecutionReport:
    assert isinstance(command, SubmitOrder)
    return ExecutionReport(
        order_id=command.terms.order_id, strategy="a", kind=ReportKind.ACCEPTED, ts_ns=1, number=number
    )


def filled(command: Command, number: int) -> ExecutionReport:
    assert isinstance(command, SubmitOrder)
    return msgspec.structs.replace(accepted(command, number), kind=ReportKind.FILLED, fill=fill(command.terms))


# Its life.


def test_a_child_opens_its_strategy_starts_it_and_lets_it_run() -> None:
    assert InProcess().tell(opening(), Start(0), Run()) == [Opened(), Started([AAA_QUOTES], []), Heard(0, [])]


@pytest.mark.parametrize(
    ("message", "told"),
    [
        (opening("strategies.sma_cros:SmaCross"), "no module 'strategies.sma_cros'"),
        (opening("strategies/sma_cross.py:SmaCros"), "did you mean 'SmaCross'"),
        (opening(colour="red"), "Odd: colour: no such parameter"),
        (opening("tests.child_strategies:Unmade"), "tests.child_strategies:Unmade cannot be made: OSError: no room"),
        (opening("tests.child_strategies:Leaving"), "Leaving cannot be made: SystemExit: 3"),
    ],
    ids=lambda value: value.reference if isinstance(value, Open) else "",
)
def test_a_strategy_that_cannot_be_made_is_told_in_words(message: Open, told: str) -> None:
    (answer,) = InProcess().tell(message)
    assert isinstance(answer, Failed)
    assert told in answer.reason


def test_what_a_strategy_starts_with_comes_back() -> None:
    _, started = InProcess().tell(opening("tests.simulation.strategies:Restless"), Start(0))
    assert isinstance(started, Started)
    assert [type(command).__name__ for command in started.commands] == ["ScheduleTimer"]


def test_the_past_is_heard_in_silence() -> None:
    bars = [a_bar(1, 1, 1, 1, at=at) for at in (1, 2, 3)]
    listens = InProcess(opening("tests.simulation.strategies:Listens"), Start(0))
    assert listens.tell(Warm(packed([encoded(bar) for bar in bars[:2]])), Warm(packed([encoded(bars[2])]))) == []
    strategy: Any = listens.answerer.container._strategy
    assert (strategy.heard, strategy.warmed) == (bars, 3)


def test_close_lets_go_of_the_container() -> None:
    one = running()
    assert one.tell(Close()) == []
    assert one.answerer.closed
    assert not one.answerer.container.is_built


# Hearing in step.


def test_events_without_a_command_are_heard_to_the_end() -> None:
    assert running().tell(hear(bids(2, 4, 6))) == [Heard(3, [])]


def test_it_stops_after_the_first_event_by_which_there_is_a_command() -> None:
    (answer,) = running().tell(hear(bids(2, 3, 5, 4)))
    assert isinstance(answer, Heard)
    assert (answer.events, answer.done) == (2, True)
    assert [type(command) for command in answer.commands] == [SubmitOrder]


def test_what_it_left_unheard_it_has_not_heard() -> None:
    one = running()
    one.tell(hear(bids(3, 2, 2, 2)))
    strategy: Any = one.answerer.container._strategy
    assert strategy.quotes == 1


@pytest.mark.parametrize(
    ("events", "progress"),
    [(PROGRESS - 1, []), (PROGRESS, []), (PROGRESS + 1, [64]), (2 * PROGRESS, [64]), (2 * PROGRESS + 1, [64, 128])],
)
def test_it_says_now_and_then_that_it_is_there_and_once_that_it_is_done(events: int, progress: list[int]) -> None:
    answers = running().tell(hear(bids(*[2] * events)))
    assert answers == [*(Heard(count, [], done=False) for count in progress), Heard(events, [])]


@pytest.mark.parametrize("free", [False, True])
def test_one_that_takes_its_time_says_at_each_event_that_it_is_there(free: bool) -> None:
    slow = running()
    slow.pace_ns = 250 * MILLISECOND
    answers = slow.tell(hear(bids(2, 2, 2, 2, 2), free=free))
    signs = [Heard(count, [], done=False) for count in range(1, 6 if free else 5)]
    assert answers == [*signs, Heard(5, [])]


def test_commands_of_reports_come_with_those_of_the_first_event() -> None:
    chaser = simulated("Chaser")
    (buy,) = asked(*chaser.tell(hear([a_bar(1, 1, 1, 1)])))
    (answer,) = chaser.tell(hear([a_bar(1, 1, 1, 1, at=2), a_bar(1, 1, 1, 1, at=3)], accepted(buy, 1), filled(buy, 2)))
    assert isinstance(answer, Heard)
    assert (answer.events, [command.n for command in answer.commands], answer.done) == (1, [2, 3], True)


def test_reports_alone_are_answered_once() -> None:
    chaser = simulated("Chaser")
    (buy,) = asked(*chaser.tell(hear([a_bar(1, 1, 1, 1)])))
    assert outline(chaser.tell(Hear([accepted(buy, 1)], NO_EVENTS, free=False))) == [(0, 0, True)]
    assert outline(chaser.tell(Hear([filled(buy, 2)], NO_EVENTS, free=False))) == [(0, 1, True)]


@given(
    prices=st.lists(st.integers(1, 6), max_size=30), cuts=st.lists(st.integers(0, 30), max_size=8), free=st.booleans()
)
def test_however_events_are_split_into_frames_it_asks_for_the_same(
    prices: list[int], cuts: list[int], free: bool
) -> None:
    events = bids(*prices)
    one_by_one = running()
    expected = [asked(*one_by_one.tell(hear([event]))) for event in events]

    borders = [0, *sorted(min(cut, len(events)) for cut in cuts), len(events)]
    one, found = running(), []
    for begin, end in pairwise(borders):
        found += _hear_all(one, events[begin:end], free=free)
    assert found == [commands for commands in expected if commands]
    assert one.tell(Beat(1)) == one_by_one.tell(Beat(1))
    assert _state(one) == _state(one_by_one)


def _hear_all(one: InProcess, events: list[Quote], *, free: bool) -> list[list[Command]]:
    """The batches of commands, in order; what was left unheard is sent again."""
    batches: list[list[Command]] = []
    while True:
        answers = [answer for answer in one.tell(hear(events, free=free)) if isinstance(answer, Heard)]
        assert [answer.done for answer in answers] == [False] * (len(answers) - 1) + [True]
        batches += [answer.commands for answer in answers if answer.commands]
        events = events[answers[-1].events :]
        if not events:
            return batches


def _state(one: InProcess) -> Any:
    (answer,) = one.tell(Snapshot())
    assert isinstance(answer, State)
    return msgspec.msgpack.decode(answer.state)


# Running free.


def test_let_run_free_it_hears_everything_and_says_at_once_what_it_asks_for() -> None:
    assert outline(running().tell(hear(bids(2, 3, 4, 5), free=True))) == [(2, 1, False), (4, 1, False), (4, 0, True)]


def test_let_run_free_it_says_what_its_reports_made_it_ask_for_before_it_hears_an_event() -> None:
    chaser = simulated("Chaser")
    (buy,) = asked(*chaser.tell(hear([a_bar(1, 1, 1, 1)])))
    answers = chaser.tell(hear([a_bar(1, 1, 1, 1, at=2)], accepted(buy, 1), filled(buy, 2), free=True))
    assert outline(answers) == [(0, 1, False), (1, 1, False), (1, 0, True)]


# Trouble.


def test_a_strategy_that_raises_trips_its_container_and_is_heard_no_more() -> None:
    raises = simulated("Raises")
    bars = [a_bar(1, 1, 1, 1, at=at) for at in range(1, 13)]
    bought, tripped = (raises.tell(hear(bars[begin:])) for begin in (0, 5))
    assert outline(bought) == [(5, 1, True)]
    assert outline(tripped) == [(5, 1, True)]
    (trip,) = asked(*tripped)
    assert isinstance(trip, Trip)
    assert trip.reason == "ZeroDivisionError: its tenth bar"
    assert raises.tell(hear(bars[10:]), Beat(1)) == [
        Heard(2, []),
        Vital(1, ContainerState.TRIPPED, 0, raises.answerer.container.portfolio.digest()),
    ]


def test_a_seal_from_outside_is_kept_and_not_answered() -> None:
    one = running()
    assert one.tell(Seal("the daily loss"), hear(bids(3))) == [Heard(1, [])]
    trip = one.answerer.container.trip
    assert trip is not None
    assert trip.reason == "the daily loss"


def test_a_message_out_of_order_is_our_own_mistake() -> None:
    with pytest.raises(AssertionError, match="nothing is open"):
        InProcess().tell(Start(0))


# Heartbeats and snapshots.


def test_a_heartbeat_tells_how_many_reports_are_booked_and_the_digest_of_the_books() -> None:
    one = running()
    (buy,) = asked(*one.tell(hear(bids(3))))
    (before,) = one.tell(Beat(1))
    (after,) = one.tell(Hear([accepted(buy, 1), filled(buy, 2)], NO_EVENTS, free=False), Beat(2))[1:]
    books = one.answerer.container.portfolio
    assert books.positions["AAA"].quantity == Decimal(1)
    assert after == Vital(2, ContainerState.RUNNING, 2, books.digest())
    assert isinstance(before, Vital)
    assert (before.number, before.reports, before.digest == books.digest()) == (1, 0, False)


def test_a_child_goes_on_from_a_snapshot_where_another_stood() -> None:
    one = running()
    one.tell(hear(bids(2, 3)))
    (state,) = one.tell(Snapshot())
    assert isinstance(state, State)
    other = InProcess(opening())
    assert other.tell(Restore(state.state)) == [Started([AAA_QUOTES], [])]
    assert _state(other) == _state(one)
    assert other.tell(hear(bids(2, 5))) == one.tell(hear(bids(2, 5)))


def test_a_child_may_take_over_the_books_alone_and_start_anew() -> None:
    one = running()
    (buy,) = asked(*one.tell(hear(bids(3))))
    (state,) = one.tell(hear([], accepted(buy, 1), filled(buy, 2)), Snapshot())[1:]
    assert isinstance(state, State)
    other = InProcess(opening())
    assert other.tell(RestoreBooks(state.state), Start(0), Run()) == [Done(), Started([AAA_QUOTES], []), Heard(0, [])]
    assert other.tell(Beat(1)) == one.tell(Beat(1))
    strategy: Any = other.answerer.container._strategy
    assert strategy.quotes == 0


def test_what_cannot_be_kept_is_told_by_its_name() -> None:
    hoards = simulated("Hoards", bars=1)
    hoards.tell(hear([a_bar(1, 1, 1, 1)]))
    (answer,) = hoards.tell(Snapshot())
    assert isinstance(answer, Unsupported)
    assert "self.thing" in answer.reason


def test_a_state_that_no_message_can_carry_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "_LONGEST_STATE", 100)
    (answer,) = running().tell(Snapshot())
    assert isinstance(answer, Unsupported)
    assert "bytes; the most is 100" in answer.reason


def test_a_state_of_another_class_is_not_restored() -> None:
    (state,) = simulated("Listens").tell(Snapshot())
    assert isinstance(state, State)
    damaged = msgspec.msgpack.decode(state.state) | {"strategy": b"?"}
    (answer,) = InProcess(opening()).tell(Restore(msgspec.Raw(encoded(damaged))))
    assert isinstance(answer, Unsupported)
    assert "cannot be restored" in answer.reason


# The loop around a socket.


def test_served_over_a_socket_it_answers_the_same_until_it_is_closed() -> None:
    conversation: list[ToChild] = [opening(), Start(0), Run(), hear(bids(2, 3)), Beat(1), Close(), Beat(2)]
    assert _served(b"".join(map(frame, conversation))) == InProcess().tell(*conversation[:5])


def test_the_end_of_the_stream_is_the_end() -> None:
    assert _served(frame(opening()) + frame(Start(0))[:3]) == [Opened()]


def test_garbage_is_not_answered() -> None:
    with pytest.raises(Garbage):
        _served(b"\x01\0\0\0?")


def test_a_supervisor_that_does_not_wait_for_the_answer_is_no_error() -> None:
    ours, theirs = socket.socketpair()
    with ours:
        ours.sendall(frame(opening()))
    with theirs:
        child.serve(theirs)


def test_why_a_strategy_tripped_is_in_its_log(capsys: pytest.CaptureFixture[str]) -> None:
    reference = "tests.child_strategies:Acts"
    _served(b"".join(map(frame, [opening(reference, what="speak"), Start(0), Run(), hear(bids(1))])))
    assert "ZeroDivisionError: not caught" in capsys.readouterr().err


def _served(stream: bytes) -> list[FromChild]:
    """What comes back when all of this is sent at once, and then nothing."""
    ours, theirs = socket.socketpair()
    with ours:
        ours.sendall(stream)
        ours.shutdown(socket.SHUT_WR)
        with theirs:
            child.serve(theirs)
        reader = FrameReader()
        while data := ours.recv(65_536):
            reader.feed(data)
    return list(map(from_child, reader))
