"""What a journal holds for whoever repeats it: places to begin at, how the fleet changed, steps, a live feed's tape.

It is looked through once, and then read again as it is repeated; what is written meanwhile is not seen. No lock is
taken and nothing is written.
"""

from collections.abc import Iterator
from typing import Any, Final

import msgspec
from msgspec import structs

from daemon.fleet import Fleet, change
from daemon.floor import FloorState
from daemon.journal.reader import JournalReader
from daemon.journal.records import Closed, Conflated, DaemonRecord, Opened, Snapshot, Taped, TapedInput
from daemon.journal.steps import Group, committed
from daemon.repetition import JournaledStep
from trading.account.records import Commit
from trading.timestamps import LAST_NS

ALL: Final = 1 << 62
"""A sequence after every other."""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A snapshot, from where one can begin. What follows it comes after the record of sequence `after`.

    `fresh` are the strategies that had just been started there, upon their own books where they had some; `is_turn`
    tells whether the fleet is another than before. `ts_ns` is 0 before the first event.
    """

    sequence: int
    after: int
    event: int
    ts_ns: int
    fleet: Fleet
    fresh: tuple[str, ...] = ()
    is_turn: bool = False


class _Reached(msgspec.Struct):
    now_ns: int


class _Sketch(msgspec.Struct):
    """So much of a FloorState as tells where it stands."""

    fleet: msgspec.Raw
    feed: dict[str, msgspec.Raw]
    lockstep: _Reached


class Script:
    """Reads a journal through; JournalDamaged where it is not as it was written.

    `mode` and `tape` are the last life's, `opened_ns` is when the first one began. It `has_live_tape` where data cannot
    be had again. `folders` are those that strategies' files were counted from, the last life's first. `left_out` are
    the events that strategies were not told, by strategy. `begin_ns` is the first time that it tells of; everything up
    to event number `end_event`, of time `end_ns`, is known to have been carried.
    """

    def __init__(self, reader: JournalReader) -> None:
        self.reader = reader
        self.places: list[Place] = []
        self.left_out: dict[str, frozenset[int]] = {}
        self.mode = ""
        self.tape: dict[str, Any] = {}
        self.has_live_tape = False
        self.opened_ns = 0
        self.first_sequence = 0
        self.begin_ns = 0
        self.end_event = self.end_ns = 0
        self.folders: list[str] = []
        self._written = b""
        self._doubtful = 0
        for group in committed(reader.entries()):
            self._look_at(group)

    @property
    def torn(self) -> str:
        """How the journal ends, where it is torn there; empty where it is whole."""
        return self.reader.tail.torn

    @property
    def strategies(self) -> list[str]:
        """All that ever were."""
        return list(dict.fromkeys(entry.id for place in self.places for entry in place.fleet.strategies))

    @property
    def fleets(self) -> list[Fleet]:
        """Each that there was, in its order."""
        return [one.fleet for number, one in enumerate(self.places) if one.is_turn or not number]

    def move_to(self, folder: str) -> None:
        """Count strategies' files from a folder."""
        places = self.places
        self.places = [structs.replace(one, fleet=structs.replace(one.fleet, folder=folder)) for one in places]

    def place_at(self, ts_ns: int) -> Place:
        """The last place at or before a time, the first of all where there is none."""
        return next((place for place in reversed(self.places) if place.ts_ns <= ts_ns), self.places[0])

    def turns(self, after: Place | None = None) -> list[Place]:
        """Where the fleet changes, or changes after a place."""
        return [one for one in self.places if one.is_turn and (after is None or one.sequence > after.sequence)]

    def state_at(self, place: Place) -> FloorState:
        """The whole snapshot of a place."""
        entry = next(self.reader.entries(after=place.sequence - 1))
        assert isinstance(entry.record, Snapshot), place.sequence
        state = msgspec.msgpack.decode(entry.record.state, type=FloorState)
        return structs.replace(state, fleet=place.fleet)

    def steps(self, after: int, until: int = ALL, until_ns: int = LAST_NS) -> Iterator[JournaledStep]:
        """The committed steps between two sequences, up to a time."""
        for group in committed(self.reader.entries(after)):
            last = group.entries[-1]
            if last.sequence > until:
                return
            if isinstance(last.record, Commit):
                if last.record.ts_ns > until_ns:
                    return
                yield tuple(entry.record for entry in group.entries if not isinstance(entry.record, DaemonRecord))

    def inputs(self, after: int, until: int = ALL, until_ns: int = LAST_NS) -> Iterator[TapedInput]:
        """What a live feed brought between two sequences, up to a time.

        The last of all is left out where nothing tells whether its step was ever complete.
        """
        for sequence, record in self.reader.entries(after):
            if sequence > until:
                return
            if isinstance(record, Taped):
                for one in record.inputs[:-1] if sequence == self._doubtful else record.inputs:
                    if one.ts_ns > until_ns:
                        return
                    yield one

    def _look_at(self, group: Group) -> None:
        sequence, record = group.entries[-1]
        self.first_sequence = self.first_sequence or group.entries[0].sequence
        match record:
            case Opened():
                self.mode, self.tape = record.mode, record.tape
                self.opened_ns = self.opened_ns or record.opened_ns
                return  # it tells nothing of what came before it
            case Taped(inputs=inputs):
                self._reach(inputs[0].ts_ns, inputs[-1].ts_ns)
                self._doubtful = sequence
                return
            case Conflated(strategy=strategy, events=events):
                self.left_out[strategy] = self.left_out.get(strategy, frozenset()).union(events)
            case Snapshot():
                self._add_place(sequence, record)
            case Commit(event=event, ts_ns=ts_ns):
                self.end_event = event
                self._reach(ts_ns, ts_ns)
            case Closed():
                pass
        self._doubtful = 0

    def _add_place(self, sequence: int, snapshot: Snapshot) -> None:
        sketch = msgspec.msgpack.decode(snapshot.state, type=_Sketch)
        self.has_live_tape = "health" in sketch.feed
        before = self.places[-1].fleet if self.places else None
        fleet = before
        if fleet is None or bytes(sketch.fleet) != self._written:
            self._written = bytes(sketch.fleet)
            fleet = msgspec.msgpack.decode(sketch.fleet, type=Fleet)
            self.folders = list(dict.fromkeys([fleet.folder, *self.folders]))
            fleet = structs.replace(fleet, folder="")
        place = Place(
            sequence=sequence,
            after=snapshot.since or sequence,
            event=snapshot.event,
            ts_ns=sketch.lockstep.now_ns,
            fleet=fleet,
            fresh=_fresh(before, fleet, snapshot.event),
            is_turn=before is not None and before != fleet,
        )
        self.places.append(place)
        self.end_event = max(self.end_event, place.event)
        self._reach(place.ts_ns, place.ts_ns)

    def _reach(self, begin_ns: int, end_ns: int) -> None:
        self.begin_ns, self.end_ns = self.begin_ns or begin_ns, max(self.end_ns, end_ns)


def _fresh(before: Fleet | None, fleet: Fleet, event: int) -> tuple[str, ...]:
    """Who had just been started: at the very beginning everybody, later those whom a changed fleet brought."""
    if before is None:
        return () if event else tuple(entry.id for entry in fleet.strategies)
    changed = change(before, fleet)
    return (*changed.added, *changed.renewed)
