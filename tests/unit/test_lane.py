"""Free containers that hear alike: whatever is told to one of them in between, each hears all that is its own, in its
order."""

import asyncio
from collections.abc import Sequence
from typing import cast

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from daemon.hosts.free import FreeHost
from daemon.hosts.lane import EVENTS_TO_A_SIGN, Lane
from daemon.hosts.wire import Hear, encoded, to_child
from tests.market_builders import a_trade
from trading.market_data import Event
from trading.timestamps import SECOND

EVENTS = msgspec.msgpack.Decoder(list[Event])


class Patient:
    """A host that keeps what it is told by itself until it is flushed, and is level when it keeps nothing."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.signs: list[bool] = []
        self.waiting: list[str] = []

    def hear(self, reports: Sequence[str], event: Event | None, *, number: int = 0, encoded: bytes = b"") -> None:
        self.waiting += [*reports, *([f"event {number}"] if event is not None else [])]

    def is_level(self, count: int) -> bool:
        return not self.waiting

    def tell(self, frame: bytes, events: Sequence[bytes], now_ns: int, *, sign: bool) -> None:
        hear = to_child(frame[4:])
        assert isinstance(hear, Hear)
        assert (hear.free, hear.sign, hear.reports) == (True, sign, [])
        heard = EVENTS.decode(hear.events)
        assert [encoded(event) for event in heard] == list(events)
        assert heard[-1].ts_ns == now_ns
        self.told += [f"event {event.ts_ns // SECOND}" for event in heard]
        self.signs.append(sign)

    def flush(self) -> None:
        self.told += self.waiting
        self.waiting = []


happenings = st.lists(
    st.one_of(
        st.just(("event", 0)),
        st.just(("event", 0)),
        st.just(("lane", 0)),
        st.tuples(st.just("own"), st.integers(0, 2)),
        st.tuples(st.just("flush"), st.integers(0, 2)),
    ),
    max_size=120,
)


def put(lane: Lane, number: int) -> None:
    event = a_trade(1.0, at=number)
    lane.put(event, number, encoded(event))


@given(happenings)
def test_each_hears_everything_once_and_its_own_things_at_their_place(story: list[tuple[str, int]]) -> None:
    async def tell() -> None:
        hosts = [Patient() for _ in range(3)]
        lane = Lane(cast("list[FreeHost]", hosts))
        expected: list[list[str]] = [[], [], []]
        for number, (what, place) in enumerate(story, 1):
            if what == "event":
                put(lane, number)
                for hears in expected:
                    hears.append(f"event {number}")
            elif what == "lane":
                lane.flush()
            elif what == "own":
                lane.part_with(cast("FreeHost", hosts[place]))
                hosts[place].hear([f"report {number}"], None)
                expected[place].append(f"report {number}")
            else:
                hosts[place].flush()
        lane.flush()
        for host in hosts:
            host.flush()
        assert [host.told for host in hosts] == expected

    asyncio.run(tell())


async def test_what_gathers_is_sent_by_itself_when_the_loop_comes_round() -> None:
    lane = Lane(cast("list[FreeHost]", [host := Patient()]))
    put(lane, 1)
    put(lane, 2)
    assert host.told == []
    await asyncio.sleep(0.01)
    assert host.told == ["event 1", "event 2"]


async def test_a_sign_is_asked_for_now_and_then() -> None:
    lane = Lane(cast("list[FreeHost]", [host := Patient()]))
    for number in range(1, 3 * EVENTS_TO_A_SIGN + 1):
        put(lane, number)
        lane.flush()
    assert 3 <= sum(host.signs) <= 5
