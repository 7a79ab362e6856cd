"""Breaks: where the books and the venue do not say the same, by name, each once however often it is seen.

    open      it stands, and somebody has to know
    booked    the books were made equal to the venue; what is nobody's is in `unallocated`
    resolved  it is over, by itself or by what was done

Whatever is seen again is the same break, and what is done about one is bounded: at most ACTIONS within a window. After
that it stays open, as an alarm, and nothing is done about it any more until the window has passed.
"""

import enum
from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

import msgspec

from trading.money import EXACT
from trading.timestamps import MINUTE

ACTIONS: Final = 3
"""How often something is done about one break within a window: booked, or asked."""

WINDOW_NS: Final = 10 * MINUTE
OVER_KEPT: Final = 200
"""Breaks that are booked or resolved, kept for people to look at."""

MOST_OPEN: Final = 1_000
"""Open breaks that are kept; more are counted."""


class BreakKind(enum.StrEnum):
    """What does not agree."""

    POSITION_DIFFERENCE = "position_difference"
    CASH_DIFFERENCE = "cash_difference"
    FOREIGN_ORDER = "foreign_order"
    FOREIGN_FILL = "foreign_fill"
    MISSING_FILL = "missing_fill"
    VANISHED_ORDER = "vanished_order"
    RECOVERED_ORDER = "recovered_order"
    CAME_BACK = "came_back"
    OVERFILLED_ORDER = "overfilled_order"
    UNKNOWN_ORDER = "unknown_order"
    UNREADABLE_MESSAGE = "unreadable_message"
    STALE_SNAPSHOT = "stale_snapshot"
    FOREIGN_EPOCH = "foreign_epoch"
    UNKNOWN_ASSET = "unknown_asset"
    DEAD_MAN = "dead_man"


class BreakRule(msgspec.Struct, frozen=True):
    """What a kind of break means, what its subject is, what is booked for it, and whether the venue's breaker trips."""

    meaning: str
    subject: str
    booked: str
    trips: bool = False


BREAKS: Final[Mapping[BreakKind, BreakRule]] = MappingProxyType(
    {
        BreakKind.POSITION_DIFFERENCE: BreakRule(
            "the venue has other units of a symbol than all books together, and still had them at the next reading",
            "symbol",
            "the difference to `unallocated`, at the last price",
            trips=True,
        ),
        BreakKind.CASH_DIFFERENCE: BreakRule(
            "the venue has other cash than all books together, and still had it at the next reading",
            "currency",
            "the difference to `unallocated`, as paid in or out",
            trips=True,
        ),
        BreakKind.FOREIGN_ORDER: BreakRule(
            "an order works that is not ours, or whose tag is that of no strategy here",
            "the venue's id of the order",
            "nothing; it is left alone",
        ),
        BreakKind.FOREIGN_FILL: BreakRule(
            "something was executed for an order that is not ours", "symbol", "the fill to `unallocated`"
        ),
        BreakKind.MISSING_FILL: BreakRule(
            "a fill was not pushed and had to be asked for, or cannot be had",
            "symbol, or order where it cannot be had",
            "the fill to its owner, once it is known",
        ),
        BreakKind.VANISHED_ORDER: BreakRule(
            "an order that is open here is not among those that work at the venue, which is asked what became of it",
            "order",
            "nothing before it answers",
        ),
        BreakKind.RECOVERED_ORDER: BreakRule(
            "an order of ours works that the books did not know",
            "order",
            "the order to the strategy that its client order id names",
        ),
        BreakKind.CAME_BACK: BreakRule(
            "an order that is over here works at the venue; it is cancelled there",
            "order",
            "what it fills, to its owner",
        ),
        BreakKind.OVERFILLED_ORDER: BreakRule(
            "more was filled than was ordered", "order", "all of it, as the venue says", trips=True
        ),
        BreakKind.UNKNOWN_ORDER: BreakRule(
            "nobody can say what became of an order",
            "order",
            "nothing; it counts as filled and as open until it is known",
        ),
        BreakKind.UNREADABLE_MESSAGE: BreakRule(
            "the venue said something that cannot be read", "client order id, or the message's", "nothing"
        ),
        BreakKind.STALE_SNAPSHOT: BreakRule(
            "what the venue says of the account is incomplete or older than what is known, several times in a row",
            "`account`",
            "nothing",
        ),
        BreakKind.FOREIGN_EPOCH: BreakRule(
            "an order of ours by its id was placed by a daemon that started after this one, or before and trades still",
            "when that started, in Unix milliseconds",
            "what it fills, to the strategy that its id names",
            trips=True,
        ),
        BreakKind.UNKNOWN_ASSET: BreakRule(
            "the account holds, or traded, what nothing here is traded in",
            "symbol or currency",
            "nothing; the books do not know it",
        ),
        BreakKind.DEAD_MAN: BreakRule(
            "the venue's dead-man switch could not be set again, and may cancel every order of the account soon",
            "the venue",
            "nothing; nothing is opened until it is set",
        ),
    }
)


class BreakState(enum.StrEnum):
    """Whether a break stands."""

    OPEN = "open"
    BOOKED = "booked"
    RESOLVED = "resolved"


class Break(msgspec.Struct, frozen=True, kw_only=True):
    """One disagreement. `ours` and `theirs` are units, or amounts of the currency that is its subject, as seen last;
    None where it is of no amount. `seen` counts how often. `text` is what it is, `done` what was done, for people."""

    kind: BreakKind
    subject: str
    first_ns: int
    last_ns: int
    seen: int = 1
    ours: Decimal | None = None
    theirs: Decimal | None = None
    state: BreakState = BreakState.OPEN
    text: str = ""
    done: str = ""

    @property
    def break_id(self) -> str:
        """`<kind>-<subject>`."""
        return break_id(self.kind, self.subject)

    @property
    def difference(self) -> Decimal | None:
        """What the venue has more than the books."""
        return None if self.ours is None or self.theirs is None else EXACT.subtract(self.theirs, self.ours)


def break_id(kind: BreakKind, subject: str) -> str:
    """The id of the one break of a kind and a subject."""
    return f"{kind}-{subject}"


class Breaks:
    """The register. Its order is that in which breaks last became open, booked or resolved."""

    def __init__(self) -> None:
        self.left_out = 0
        self._breaks: dict[str, Break] = {}
        self._actions: dict[str, list[int]] = {}

    def __iter__(self) -> Iterator[Break]:
        return iter(self._breaks.values())

    def get(self, break_id: str) -> Break | None:
        """The break of that id, open or lately over."""
        return self._breaks.get(break_id)

    def is_open(self, kind: BreakKind, subject: str) -> bool:
        """Whether it stands."""
        found = self._breaks.get(break_id(kind, subject))
        return found is not None and found.state is BreakState.OPEN

    def open(self, kind: BreakKind | None = None) -> list[Break]:
        """Those that stand, of one kind or all, the oldest first."""
        return [one for one in self if one.state is BreakState.OPEN and kind in (None, one.kind)]

    def see(
        self,
        kind: BreakKind,
        subject: str,
        now_ns: int,
        text: str,
        *,
        ours: Decimal | None = None,
        theirs: Decimal | None = None,
    ) -> Break | None:
        """Take note of one; it is open then. Given where that is news: where it was not open already."""
        name = break_id(kind, subject)
        known = self._breaks.get(name)
        if known is None and self._is_full():
            self.left_out += 1
            return None
        known = known or Break(kind=kind, subject=subject, first_ns=now_ns, last_ns=now_ns, seen=0)
        is_news = not known.seen or known.state is not BreakState.OPEN
        seen = msgspec.structs.replace(
            known,
            last_ns=now_ns,
            seen=known.seen + 1,
            ours=ours,
            theirs=theirs,
            state=BreakState.OPEN,
            text=text,
            done="" if is_news else known.done,
        )
        if is_news:
            self._breaks.pop(name, None)
        self._breaks[name] = seen
        return seen if is_news else None

    def may_act(self, kind: BreakKind, subject: str, now_ns: int) -> bool:
        """Whether something may be done about a break now; it counts as done then."""
        name = break_id(kind, subject)
        lately = [ns for ns in self._actions.get(name, ()) if now_ns - ns < WINDOW_NS]
        if len(lately) >= ACTIONS:
            return False
        self._actions[name] = [*lately, now_ns]
        if len(self._actions) > MOST_OPEN + OVER_KEPT:
            del self._actions[next(iter(self._actions))]
        return True

    def book(self, kind: BreakKind, subject: str, now_ns: int, done: str) -> None:
        """The books were made equal to the venue; of what is no break nothing comes."""
        self._end(kind, subject, now_ns, BreakState.BOOKED, done)

    def resolve(self, kind: BreakKind, subject: str, now_ns: int, done: str) -> None:
        """It stands no longer; of what does not stand nothing comes."""
        if self.is_open(kind, subject):
            self._end(kind, subject, now_ns, BreakState.RESOLVED, done)

    def keep_open(self, kind: BreakKind, subjects: Collection[str], now_ns: int, done: str) -> None:
        """Of a kind no others than these stand any more."""
        for one in self.open(kind):
            if one.subject not in subjects:
                self.resolve(kind, one.subject, now_ns, done)

    def state(self) -> dict[str, Any]:
        """Everything that `restore` needs."""
        return {"breaks": list(self), "actions": dict(self._actions), "left_out": self.left_out}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Become the register that gave this state."""
        self._breaks = {one.break_id: one for one in msgspec.convert(state["breaks"], list[Break])}
        self._actions = {name: list(times) for name, times in state["actions"].items()}
        self.left_out = state["left_out"]

    def _is_full(self) -> bool:
        return len(self._breaks) >= MOST_OPEN and len(self.open()) >= MOST_OPEN

    def _end(self, kind: BreakKind, subject: str, now_ns: int, state: BreakState, done: str) -> None:
        name = break_id(kind, subject)
        known = self._breaks.pop(name, None)
        if known is None:
            return
        self._breaks[name] = msgspec.structs.replace(known, last_ns=now_ns, state=state, done=done)
        over = [one.break_id for one in self if one.state is not BreakState.OPEN]
        for forgotten in over[:-OVER_KEPT]:
            del self._breaks[forgotten]
            self._actions.pop(forgotten, None)
