"""The wire's attempts and the one table of their lawful changes.

An attempt is one order sent once, under a client order id of its own. Its state says what is known of it at the venue;
what its order shows to strategies follows from the reports. What is over stays over whatever is heard again, and no
change that ends an attempt can be made without evidence.
"""

import enum
from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Final

import msgspec

from trading.errors import IllegalTransition
from trading.money import EXACT, ZERO
from trading.orders import OrderTerms
from trading.venue.evidence import Evidence
from trading.venue.messages import VenueFill, VenueStatus


class AttemptState(enum.StrEnum):
    """What is known of an attempt. Its intent is durable before it is SENDING."""

    SENDING = "sending"
    ACCEPTED = "accepted"
    UNKNOWN = "unknown"
    QUARANTINED = "quarantined"
    FILLED = "filled"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    REJECTED = "rejected"
    NEVER_ARRIVED = "never_arrived"
    UNSENT = "unsent"


class AttemptChange(enum.StrEnum):
    """What can become known of an attempt."""

    ACCEPT = "accept"
    LOSE = "lose"
    QUARANTINE = "quarantine"
    FILL = "fill"
    CANCEL = "cancel"
    EXPIRE = "expire"
    REJECT = "reject"
    PROVE_ABSENT = "prove_absent"
    DENY = "deny"
    BUST = "bust"


OVER: Final = frozenset(
    {
        AttemptState.FILLED,
        AttemptState.CANCELLED,
        AttemptState.EXPIRED,
        AttemptState.REJECTED,
        AttemptState.NEVER_ARRIVED,
        AttemptState.UNSENT,
    }
)

IN_DOUBT: Final = frozenset({AttemptState.UNKNOWN, AttemptState.QUARANTINED})


def _table() -> dict[tuple[AttemptState, AttemptChange], AttemptState]:
    s, c = AttemptState, AttemptChange
    endings = {c.FILL: s.FILLED, c.CANCEL: s.CANCELLED, c.EXPIRE: s.EXPIRED, c.REJECT: s.REJECTED}
    table: dict[tuple[AttemptState, AttemptChange], AttemptState] = {
        (s.SENDING, c.DENY): s.UNSENT,
        (s.UNKNOWN, c.DENY): s.UNSENT,
        (s.UNKNOWN, c.PROVE_ABSENT): s.NEVER_ARRIVED,
        (s.QUARANTINED, c.PROVE_ABSENT): s.NEVER_ARRIVED,
        (s.UNKNOWN, c.QUARANTINE): s.QUARANTINED,
    }
    for state in (s.SENDING, s.ACCEPTED, s.UNKNOWN, s.QUARANTINED):
        table |= {(state, change): after for change, after in endings.items()}
        table[state, c.ACCEPT] = s.ACCEPTED
        table[state, c.BUST] = state
    table |= {(s.SENDING, c.LOSE): s.UNKNOWN, (s.ACCEPTED, c.LOSE): s.UNKNOWN, (s.UNKNOWN, c.LOSE): s.UNKNOWN}
    for state in OVER:
        table |= {(state, change): state for change in c if change is not c.DENY}
    # What was taken back of what had filled may work again: until the venue says otherwise, it counts.
    table[s.FILLED, c.BUST] = s.ACCEPTED
    return table


TRANSITIONS: Final[Mapping[tuple[AttemptState, AttemptChange], AttemptState]] = MappingProxyType(_table())
"""(state, change) -> state after it. What has no row is illegal: a defect of ours."""

_ENDINGS: Final = {
    VenueStatus.FILLED: AttemptChange.FILL,
    VenueStatus.CANCELLED: AttemptChange.CANCEL,
    VenueStatus.EXPIRED: AttemptChange.EXPIRE,
    VenueStatus.REJECTED: AttemptChange.REJECT,
}


def ending_of(status: VenueStatus) -> AttemptChange | None:
    """The change that a status of the venue ends an attempt with, None for one that ends nothing."""
    return _ENDINGS.get(status)


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """The venue has said how an order ended, and that so much of it had filled; its fills are not all here yet."""

    change: AttemptChange
    filled: Decimal
    evidence: Evidence
    code: str
    reason: str
    heard_ns: int


class Attempt(msgspec.Struct, kw_only=True):
    """One order at the venue. `terms` are as they were sent, or as the venue has amended them since.

    `stamp_ns` is on its request, by the venue's clock; `sent_ns` and all other times are our own. `filled` counts units
    that were booked, of which those of `sum` were told as a sum only; `average_price` is the venue's last word of what
    all that has filled cost. `since_ns` is when its state began.
    `asked` counts the questions about it since it is in doubt, of which the next is due at `next_ask_ns`. `told` is how
    much of it has filled by the venue's own sums; `behind_ns` since when that is more than is booked, None where not.
    By the venue's clock its terms are of `terms_ns`, heard of at `terms_heard_ns`, and something of it was annulled
    last at `annulled_ns`.
    """

    cid: str
    terms: OrderTerms
    stamp_ns: int
    sent_ns: int
    request: int
    state: AttemptState = AttemptState.SENDING
    venue_id: str = ""
    filled: Decimal = ZERO
    sum: VenueFill | None = None
    average_price: Decimal | None = None
    since_ns: int = 0
    ending: Ending | None = None
    evidence: Evidence | None = None
    asked: int = 0
    next_ask_ns: int = 0
    told: Decimal = ZERO
    behind_ns: int | None = None
    terms_ns: int = 0
    terms_heard_ns: int = 0
    annulled_ns: int = 0

    @property
    def is_over(self) -> bool:
        """Whether nothing more is to come of it but fills that were late."""
        return self.state in OVER

    @property
    def is_in_doubt(self) -> bool:
        """Whether nobody knows what the venue did with it."""
        return self.state in IN_DOUBT

    @property
    def remaining(self) -> Decimal:
        """Units that may still fill."""
        return ZERO if self.is_over else max(ZERO, EXACT.subtract(self.terms.quantity, self.filled))

    def change(self, change: AttemptChange, now_ns: int) -> bool:
        """Make one step of the table that ends nothing; whether it changed anything. IllegalTransition when it has no
        such row."""
        after = self._after(change)
        assert self.is_over or after not in OVER, f"{change} of {self.cid} ends it: cite what it rests on"
        if after is self.state:
            return False
        self.state, self.since_ns = after, now_ns
        return True

    def end(self, change: AttemptChange, evidence: Evidence, now_ns: int) -> bool:
        """Make the step that ends it; whether it was not over. IllegalTransition when the table has no such row."""
        after = self._after(change)
        if self.is_over:
            return False
        assert after in OVER, f"{change} does not end {self.cid}"
        self.state, self.since_ns, self.evidence, self.ending = after, now_ns, evidence, None
        return True

    def reopen(self, now_ns: int) -> bool:
        """Some of what had filled was annulled; whether it was over and now is not."""
        was_over, self.state = self.is_over, self._after(AttemptChange.BUST)
        if was_over is self.is_over:
            return False
        self.since_ns, self.evidence = now_ns, None
        return True

    def _after(self, change: AttemptChange) -> AttemptState:
        try:
            return TRANSITIONS[self.state, change]
        except KeyError:
            raise IllegalTransition(f"attempt {self.cid}: no row for {change} in state {self.state}") from None
