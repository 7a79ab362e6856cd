"""The tape of a live feed: inputs are in the journal before the steps that came of them."""

from collections.abc import Iterator

import pytest

from daemon.journal.log import Journal
from daemon.journal.reader import JournalReader
from daemon.journal.records import Conflated, Reached, Record, Taped, TapedInput
from daemon.live.tape import MOST_GATHERED, LiveTape, TapeRecorder
from tests.market_builders import a_quote, a_trade
from tests.simulation.clock import SimulatedClock
from tests.simulation.disk import SimulatedDisk
from tests.simulation.journal import DIRECTORY, commit, opened, operation
from trading.sequencer import Offer


class Desk:
    """A recorder on a journal of its own."""

    def __init__(self) -> None:
        self.disk = SimulatedDisk()
        reader = JournalReader(self.disk, DIRECTORY)
        self.journal = Journal(reader, opened(), clock=SimulatedClock(), durability="process")
        self.tape = TapeRecorder(self.journal)

    def records(self) -> list[Record]:
        """What is in the journal after its Opened."""
        self.tape.barrier()
        return [entry.record for entry in JournalReader(self.disk, DIRECTORY).entries(after=1)]


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    yield desk
    desk.journal.close()


def test_what_came_stands_before_the_step_that_came_of_it(desk: Desk) -> None:
    desk.tape.tape(a_quote(1, 2), 17)
    desk.tape.tape(Reached(5))
    for record in (operation(), commit()):
        desk.tape.record(record)
    desk.tape.tape(a_trade(1), 18)
    desk.tape.record(commit(2))
    assert desk.records() == [
        Taped(inputs=[a_quote(1, 2), Reached(5)], venue_ns=[17, 0]),
        operation(),
        commit(),
        Taped(inputs=[a_trade(1)], venue_ns=[18]),
        commit(2),
    ]


def test_what_nothing_came_of_gathers_until_somebody_flushes(desk: Desk) -> None:
    desk.tape.tape(a_quote(1, 2))
    assert desk.records() == []
    desk.tape.flush()
    desk.tape.flush()
    assert desk.records() == [Taped(inputs=[a_quote(1, 2)], venue_ns=[0])]


def test_no_more_gathers_than_is_lawful(desk: Desk) -> None:
    quotes: list[TapedInput] = [a_quote(1, 2, at=at) for at in range(MOST_GATHERED + 1)]
    for quote in quotes:
        desk.tape.tape(quote)
    assert desk.records() == [Taped(inputs=quotes[:-1], venue_ns=[0] * MOST_GATHERED)]


def test_what_was_left_out_stands_after_what_came(desk: Desk) -> None:
    desk.tape.tape(a_quote(1, 2))
    desk.tape.left_out("a", [3, 4])
    assert desk.records() == [
        Taped(inputs=[a_quote(1, 2)], venue_ns=[0]),
        Conflated(strategy="a", events=[3, 4]),
    ]


class Quiet:
    """A feed that says only what it is."""

    kind = "quiet"

    def __init__(self) -> None:
        self.offers = {"AAA": Offer(quotes=True)}

    def reference(self) -> dict[str, object]:
        return {"kind": self.kind, "url": "somewhere"}

    async def run(self, publish: object) -> None:
        """Nothing comes."""


def test_to_a_floor_a_live_feed_has_no_past_and_remembers_when_it_began() -> None:
    tape = LiveTape(Quiet(), 17)
    assert (tape.kind, tape.offers, tape.end_ns) == ("quiet", Quiet().offers, None)
    assert tape.reference() == {"kind": "quiet", "url": "somewhere"}
    assert list(tape.events()) == list(tape.warmup({"AAA": 0})) == []
    later = LiveTape(Quiet(), 99)
    later.restore(tape.state())
    assert later.start_ns == 17
