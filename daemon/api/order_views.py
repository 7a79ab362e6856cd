"""What people and programs see of one order in full, and of the agreement between the books and the venue."""

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from daemon.api.account_views import PostingView
from daemon.api.views import FillView, OrderView
from trading.account.breaks import Break
from trading.account.differences import Planned
from trading.orders import Order
from trading.reports import Fill
from trading.timestamps import iso
from trading.venue.attempts import Attempt

RUNBOOK = "docs/runbook.md"


class AttemptView(msgspec.Struct, frozen=True, kw_only=True):
    """An order as it was sent to the venue: what is known of it there, since when, and what its end rests on.

    `filled` is booked, of which nothing but their sum is known of `summed`; `told` is how much has filled by the
    venue's own sums. Since it is in doubt it was asked for `asked` times, and is asked for next at `next_asked_at`.
    """

    state: str
    since: str
    sent_at: str
    filled: Decimal
    summed: Decimal
    told: Decimal
    evidence: str
    asked: int
    next_asked_at: str | None

    @classmethod
    def of(cls, attempt: Attempt) -> "AttemptView":
        """The view of an attempt as it stands."""
        return cls(
            state=attempt.state,
            since=iso(attempt.since_ns),
            sent_at=iso(attempt.sent_ns),
            filled=attempt.filled,
            summed=Decimal(0) if attempt.sum is None else attempt.sum.quantity,
            told=max(attempt.told, attempt.filled),
            evidence="" if attempt.evidence is None else attempt.evidence.citation,
            asked=attempt.asked if attempt.is_in_doubt else 0,
            next_asked_at=iso(attempt.next_ask_ns) if attempt.is_in_doubt and attempt.next_ask_ns else None,
        )


class OrderDetailView(OrderView, frozen=True, kw_only=True):
    """One order in full. Its `client_order_id` is null where it is not known any more, `venue_id` where the venue has
    told none, `attempt` where the market is simulated or the order was long ago."""

    client_order_id: str | None
    venue_id: str | None
    attempt: AttemptView | None
    fills: list[FillView]

    @classmethod
    def of_all(cls, order: Order, fills: Sequence[Fill], attempt: Attempt | None, cid: str) -> "OrderDetailView":
        """The view of an order, what it filled, and how it stands at the venue."""
        return cls(
            **msgspec.structs.asdict(OrderView.of(order)),
            client_order_id=(cid if attempt is None else attempt.cid) or None,
            venue_id=(None if attempt is None else attempt.venue_id) or None,
            attempt=None if attempt is None else AttemptView.of(attempt),
            fills=[FillView.of(fill) for fill in fills],
        )


class BreakView(msgspec.Struct, frozen=True, kw_only=True):
    """Something on which the books and the venue do not agree, or did not: `open`, `booked` or `resolved`. `ours` and
    `theirs` are units, or amounts of the currency that is its subject, null where it is of no amount. `text` says what
    it is, `done` what was done, `runbook` where it is read what to do."""

    kind: str
    subject: str
    state: str
    text: str
    done: str
    ours: Decimal | None
    theirs: Decimal | None
    seen: int
    first_at: str
    last_at: str
    runbook: str

    @classmethod
    def of(cls, one: Break) -> "BreakView":
        """The view of a break as it stands."""
        return cls(
            kind=one.kind,
            subject=one.subject,
            state=one.state,
            text=one.text,
            done=one.done,
            ours=one.ours,
            theirs=one.theirs,
            seen=one.seen,
            first_at=iso(one.first_ns),
            last_at=iso(one.last_ns),
            runbook=f"{RUNBOOK}#{one.kind}",
        )


class PlannedView(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be booked to `unallocated` once a difference is known to stay: units of a symbol at a price, or cash.
    Of units without a price nothing is booked before one is heard."""

    kind: str
    subject: str
    ours: Decimal
    theirs: Decimal
    amount: Decimal
    price: Decimal | None

    @classmethod
    def of(cls, planned: Planned) -> "PlannedView":
        """The view of what is planned."""
        difference = planned.difference
        return cls(
            kind=difference.kind,
            subject=difference.subject,
            ours=difference.ours,
            theirs=difference.theirs,
            amount=planned.amount,
            price=planned.price,
        )


class ReconciliationView(msgspec.Struct, frozen=True, kw_only=True):
    """How the books stand beside the account, as the venue told it at `read_at`.

    `agrees`: nothing differs. `settled`: nothing is waiting for another reading. `waits_for` says why nothing may be
    opened at the venue, empty where it may. `breaks` are those that stand, and, where it was read anew, those that came
    to an end since; `planned` is what would be booked, `booked` what was since it was read anew. `in_doubt` are the
    orders of which nobody knows what became.
    """

    read_at: str | None
    agrees: bool
    settled: bool
    waits_for: str
    in_doubt: list[str]
    breaks: list[BreakView]
    planned: list[PlannedView]
    booked: list[PostingView]
