"""What is said to children and by them: messages, the frames around them, and what is neither."""

from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.hosts import wire
from daemon.hosts.wire import LONGEST_FRAME, Beat, FrameReader, Garbage, Hear, Heard, Seal, encoded, frame, packed
from tests.builders import submit, terms
from tests.child_builders import bids, hear, opening
from trading.container import ContainerState
from trading.market_data import Event
from trading.reports import ExecutionReport, ReportKind
from trading.subscriptions import DataKind, Subscription

ACCEPTED = ExecutionReport(order_id="a-1", strategy="a", kind=ReportKind.ACCEPTED, ts_ns=1, number=1)


def bodies(stream: bytes) -> list[bytes]:
    reader = FrameReader()
    reader.feed(stream)
    return list(reader)


@pytest.mark.parametrize(
    "message",
    [opening(), wire.Start(1), wire.Run(), wire.Seal("told"), Beat(7), wire.Snapshot(), wire.Close()],
    ids=lambda message: type(message).__name__,
)
def test_what_is_said_to_a_child_arrives_as_it_was(message: wire.ToChild) -> None:
    assert [wire.to_child(body) for body in bodies(frame(message))] == [message]


@pytest.mark.parametrize(
    "message",
    [
        wire.Opened(),
        wire.Failed("no such file"),
        wire.Started([Subscription(symbol="AAA", kind=DataKind.QUOTES)], [submit(terms())]),
        Heard(3, [submit(terms(limit="9.5"))], done=False),
        wire.Vital(7, ContainerState.RUNNING, 2, "abc"),
        wire.Unsupported("self.thing"),
        wire.Done(),
    ],
    ids=lambda message: type(message).__name__,
)
def test_what_a_child_says_arrives_as_it_was(message: wire.FromChild) -> None:
    assert [wire.from_child(body) for body in bodies(frame(message))] == [message]


def test_events_go_through_a_frame_as_they_were_encoded() -> None:
    (body,) = bodies(frame(hear(bids(1, 2, 3), ACCEPTED)))
    heard = wire.to_child(body)
    assert isinstance(heard, Hear)
    assert heard.reports == [ACCEPTED]
    assert msgspec.msgpack.decode(heard.events, type=list[Event]) == bids(1, 2, 3)


@pytest.mark.parametrize("count", [0, 1, 15, 16, 2**16 - 1, 2**16])
def test_packed_values_are_one_array(count: int) -> None:
    assert msgspec.msgpack.decode(packed([encoded("x")] * count)) == ["x"] * count


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "truncated"),
        (b"\x92", "truncated"),
        (encoded(["beat", 1]) + b"\0", "trailing"),
        (encoded({"beat": 1}), "Expected `array`"),
        (encoded(["dance"]), "Invalid value 'dance'"),
        (encoded(["heard", 0, [], True]), "Invalid value 'heard'"),
        (encoded(["beat"]), "at least length 2"),
        (encoded(["beat", 1, 2]), "at most length 1"),
        (encoded(["beat", "1"]), "Expected `int`"),
        (b"\x92\xa4seal\xa1\xff", "utf-8"),
        (b"\x92\xa7restore" + b"\x91" * 100_000 + b"\0", "recursion"),
        (b"\x92\xa7restore\xdd\xff\xff\xff\xff", "truncated"),
    ],
)
def test_what_is_no_message_is_garbage(body: bytes, told: str) -> None:
    with pytest.raises(Garbage, match=told):
        wire.to_child(body)


def test_a_frame_longer_than_any_is_garbage_once_those_before_it_are_read() -> None:
    reader = FrameReader()
    reader.feed(frame(Beat(1)) + (LONGEST_FRAME + 1).to_bytes(4, "little"))
    taken = iter(reader)
    assert next(taken) == encoded(Beat(1))
    with pytest.raises(Garbage, match="a frame of 67,108,865 bytes; the longest is 67,108,864"):
        next(taken)


def test_reading_may_be_broken_off_and_begun_again() -> None:
    reader = FrameReader()
    reader.feed(b"".join(map(frame, map(Beat, range(3)))))
    for first in reader:
        assert first == encoded(Beat(0))
        break
    assert list(reader) == [encoded(Beat(1)), encoded(Beat(2))]


@given(messages=st.lists(st.text(max_size=50).map(Seal)), cuts=st.lists(st.integers(0, 2_000)))
def test_a_stream_means_the_same_however_it_arrives(messages: list[Any], cuts: list[int]) -> None:
    stream = b"".join(map(frame, messages))
    borders = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    reader, read = FrameReader(), list[Any]()
    for begin, end in pairwise(borders):
        reader.feed(stream[begin:end])
        read += map(wire.to_child, reader)
    assert read == messages
