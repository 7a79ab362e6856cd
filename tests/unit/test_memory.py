"""What a container has heard comes again as it came, in whatever pieces."""

from collections.abc import Iterable
from itertools import groupby

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from daemon.hosts.memory import Memory
from daemon.hosts.wire import PROGRESS, Hear, Restore, Run, Start, ToChild, Warm, encoded, packed
from tests.builders import report, terms
from tests.child_builders import bids
from trading.commands import CancelOrder
from trading.market_data import Event
from trading.postings import Report
from trading.reports import ExecutionReport, ReportKind

Told = Report | Event

EVENTS = msgspec.msgpack.Decoder(list[Event])
QUOTES = bids(*range(1, 400))


def a_report(number: int) -> ExecutionReport:
    return msgspec.structs.replace(report(terms(), ReportKind.ACCEPTED), number=number)


def a_command(n: int) -> CancelOrder:
    return CancelOrder(strategy="a", n=n, order_id="a-1", ts_ns=1)


def heard_of(messages: Iterable[ToChild]) -> list[Told]:
    """What a child hears of some messages, one after the other."""
    told: list[Told] = []
    for message in messages:
        assert isinstance(message, Hear)
        assert message.free, "a child that stops at a command would not hear the rest"
        told += message.reports
        told += EVENTS.decode(message.events)
    return told


steps = st.lists(
    st.one_of(
        st.tuples(st.integers(0, 3), st.booleans()),  # so many reports, then perhaps an event
        st.integers(0, 150),  # so many events in silence
    ),
    max_size=30,
)


@given(steps)
def test_what_is_repeated_is_what_was_heard_in_that_order(heard: list[tuple[int, bool] | int]) -> None:
    memory = Memory()
    told: list[Told] = []
    quotes, numbers = iter(QUOTES * 12), iter(range(1, 1_000))
    for one in heard:
        if isinstance(one, int):
            silent = [next(quotes) for _ in range(one)]
            memory.heard_in_silence([encoded(quote) for quote in silent])
            told += silent
        else:
            reports = [a_report(next(numbers)) for _ in range(one[0])]
            event = [next(quotes)] if one[1] else []
            memory.heard(reports, encoded(event[0]) if event else b"", ())
            told += [*reports, *event]
    assert heard_of(memory.messages()) == told
    assert heard_of(memory.messages()) == told, "a second life after the first"


@given(steps)
def test_no_piece_is_longer_than_a_child_is_silent_for(heard: list[tuple[int, bool] | int]) -> None:
    memory = Memory()
    for one in heard:
        if isinstance(one, int):
            memory.heard_in_silence([encoded(QUOTES[0])] * one)
        else:
            memory.heard([a_report(1)] * one[0], encoded(QUOTES[0]) if one[1] else b"", ())
    lengths = [len(EVENTS.decode(message.events)) for message in memory.messages() if isinstance(message, Hear)]
    assert max(lengths, default=0) <= PROGRESS
    runs = [len(list(run)) for full, run in groupby(lengths, lambda length: length == PROGRESS) if not full]
    assert sum(runs) <= 2 * len(heard) + 1, "it is cut only where it must be"


def test_it_begins_with_its_making() -> None:
    memory = Memory()
    making: list[ToChild] = [Start(1), Warm(packed([])), Run()]
    for message, n in zip(making, (2, 2, 3), strict=True):
        memory.made(message, n)
    memory.heard([], encoded(QUOTES[0]), [a_command(4), a_command(5)])
    *made, heard = memory.messages()
    assert made == making
    assert heard_of([heard]) == [QUOTES[0]]
    assert (memory.origin_n, memory.n) == (0, 5)


def test_it_forgets_what_a_snapshot_holds() -> None:
    memory = Memory()
    memory.made(Start(1), 1)
    memory.heard([a_report(1)], encoded(QUOTES[0]), [a_command(2)])
    state = Restore(msgspec.Raw(b"\x80"))
    memory.begin_with(state, 2)
    memory.heard([], encoded(QUOTES[1]), [])
    restored, heard = memory.messages()
    assert restored == state
    assert heard_of([heard]) == [QUOTES[1]]
    assert (memory.origin_n, memory.n) == (2, 2)
