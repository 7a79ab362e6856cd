"""Which differences between books and venue stay.

A difference seen once proves nothing: a fill may be on its way to us, an answer may be older than what we know. It
counts when a second reading has the same one, where

    nothing of its symbol or currency was heard from before the first was asked for until the second was answered,
    the second was asked for `settle_ns` or more after the first was answered, and
    between both the venue was asked for its fills, and told all of them.

Keys are the ids of the breaks that differences would be. Times are those of whoever asks.
"""

import enum
from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any, Final

import msgspec

PERSISTENT: Final = 5
"""Readings with the same difference, each with time to settle, after which it is told though it cannot be decided."""

_ASKED_KEPT: Final = 64
"""Questions without an answer that are remembered; what answers an older one is not used."""


class Asked(msgspec.Struct, frozen=True):
    """When something was asked for, and how many changes were heard by then."""

    at_ns: int
    changes: int


class Sighting(msgspec.Struct, frozen=True):
    """A difference as it was seen in an answer that came at `seen_ns` to what was asked at `changes`; it has been there
    since `first_ns`."""

    difference: Decimal
    changes: int
    seen_ns: int
    first_ns: int
    readings: int = 1
    may_settle: bool = True


class Standing(enum.Enum):
    """What one more reading makes of a difference. STUBBORN: it has been there for long, and cannot be decided."""

    UNCLEAR = enum.auto()
    STUBBORN = enum.auto()
    STAYS = enum.auto()


class Sightings:
    """Remembers what was asked, what was heard, and which differences were seen."""

    def __init__(self, settle_ns: int) -> None:
        self._settle_ns = settle_ns
        self._changes = 0
        self._changed: dict[str, int] = {}
        self._asked: dict[int, Asked] = {}
        self._fills_asked_ns = -1
        self._read_ns = 0
        self._sightings: dict[str, Sighting] = {}

    @property
    def wants_fills(self) -> bool:
        """Whether fills are to be asked for before a difference can count."""
        return any(one.seen_ns > self._fills_asked_ns for one in self._settling())

    @property
    def recheck_ns(self) -> int | None:
        """When another reading could decide something; None where nothing is undecided."""
        due = min((one.seen_ns + self._settle_ns for one in self._settling()), default=None)
        return due if due is None or due > self._read_ns else self._read_ns + self._settle_ns

    def begin(self) -> None:
        """A new connection to the venue, or a new life: nothing that was asked before will be answered."""
        self._asked = {}
        self._fills_asked_ns = -1

    def asked(self, request: int, now_ns: int) -> None:
        """A question was put, under this number."""
        self._asked[request] = Asked(now_ns, self._changes)
        if len(self._asked) > _ASKED_KEPT:
            del self._asked[next(iter(self._asked))]

    def answered(self, request: int) -> Asked | None:
        """The question that this is the first answer to; None where it was answered, or never put."""
        return self._asked.pop(request, None)

    def all_fills_told(self, asked: Asked) -> None:
        """The venue has told all fills that it had when it was asked."""
        self._fills_asked_ns = max(self._fills_asked_ns, asked.at_ns)

    def change(self, keys: Collection[str]) -> None:
        """Something was heard, or done, that changes these or may be about to."""
        self._changes += 1
        for key in keys:
            self._changed[key] = self._changes

    def see(self, key: str, difference: Decimal, asked: Asked, now_ns: int) -> Standing:
        """Take up the difference that a reading has, zero too."""
        self._read_ns = now_ns
        known = self._sightings.get(key)
        if known is None or known.difference != difference:
            self._sightings[key] = Sighting(difference, asked.changes, now_ns, now_ns)
            return Standing.UNCLEAR
        quiet = self._changed.get(key, 0) <= known.changes
        if quiet and self._fills_asked_ns >= known.seen_ns and asked.at_ns >= known.seen_ns + self._settle_ns:
            return Standing.STAYS
        readings = known.readings + 1
        if quiet:
            self._sightings[key] = msgspec.structs.replace(known, readings=readings)
        else:
            self._sightings[key] = Sighting(difference, asked.changes, now_ns, known.first_ns, readings)
        long_there = now_ns - known.first_ns >= (PERSISTENT - 1) * self._settle_ns
        return Standing.STUBBORN if readings >= PERSISTENT and long_there else Standing.UNCLEAR

    def forget(self, key: str) -> None:
        """The difference is booked, or another by now."""
        self._sightings.pop(key, None)

    def keep(self, differing: Collection[str]) -> None:
        """Of all others than these a reading has no difference."""
        self._sightings = {key: one for key, one in self._sightings.items() if key in differing}

    def rest(self, key: str) -> None:
        """A difference stays, and nothing can be done about it now: it is for the next regular reading."""
        if (known := self._sightings.get(key)) is not None:
            self._sightings[key] = msgspec.structs.replace(known, may_settle=False)

    def state(self) -> dict[str, Any]:
        """Everything that `restore` needs."""
        return {
            "changes": self._changes,
            "changed": dict(self._changed),
            "asked": list(self._asked.items()),
            "fills_asked_ns": self._fills_asked_ns,
            "read_ns": self._read_ns,
            "sightings": dict(self._sightings),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Become the one that gave this state."""
        self._changes, self._changed = state["changes"], dict(state["changed"])
        self._asked = dict(msgspec.convert(state["asked"], list[tuple[int, Asked]]))
        self._fills_asked_ns, self._read_ns = state["fills_asked_ns"], state["read_ns"]
        self._sightings = msgspec.convert(state["sightings"], dict[str, Sighting])

    def _settling(self) -> list[Sighting]:
        return [one for one in self._sightings.values() if one.difference and one.may_settle]
