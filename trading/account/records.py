"""What the account writes down before it acts. A step's records end with its Commit; without one the step never was.

`round` is where in the step a report came: 0 while resting orders met the event, then the round of commands it answers.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

import msgspec

from trading.account.breaker_states import BreakerState
from trading.account.resolutions import Adoption, Resolution
from trading.account.transfers import Transfer
from trading.account.triggers import Policy, Trigger
from trading.commands import RefusedOrder, Trip, WireAmend, WireCancel, WireSubmit
from trading.feed_news import FeedNews
from trading.market import Note
from trading.money import ZERO
from trading.postings import Posting
from trading.reports import ExecutionReport
from trading.venue.messages import VenueMessage


class Reported(msgspec.Struct, frozen=True, kw_only=True, tag="reported"):
    """A numbered report, of the gate or the market."""

    report: ExecutionReport
    round: int


class Noted(msgspec.Struct, frozen=True, kw_only=True, tag="noted"):
    """A change at the market that is no report of an order."""

    note: Note
    round: int


class Posted(msgspec.Struct, frozen=True, kw_only=True, tag="posted"):
    """A change of one book that no order made; it comes of what is noted before it, or of an operation."""

    posting: Posting


class Valuation(msgspec.Struct, frozen=True, kw_only=True):
    """What a book was worth, and the gross worth of its positions, in the account's currency. None where something in
    it had no rate to that."""

    equity: Decimal | None
    exposure: Decimal | None


class Valued(msgspec.Struct, frozen=True, kw_only=True, tag="valued"):
    """All books by their owners: at the end of an interval (by UTC) in which something happened, before what came
    after; or right after money was moved."""

    ts_ns: int
    books: Mapping[str, Valuation]


class Operation(msgspec.Struct, frozen=True, kw_only=True, tag="operation"):
    """What was done from outside between two events.

    `halt` and `resume` are for the whole account, `cancel_orders` withdraws what works; `trip` seals one strategy, or,
    where it names a `scope`, opens the breaker of that by a `trigger`; `reset_breaker` closes it, `probe` answers its
    probe of a `number`; `move_cash` pays an amount of a currency in, or out where it is negative; `transfer` moves
    something between books; `adopt` gives a strategy what is nobody's. `cancel_order` withdraws one order by its
    `order_id`, `resolve_order` says what became of one that is in doubt; `reconcile` has the venue read at once.
    `close_out` ends a run: what works is cancelled and then, unless it is to `cancel_orders` alone, what each strategy
    holds is closed.
    """

    action: Literal[
        "halt",
        "resume",
        "trip",
        "reset_breaker",
        "probe",
        "move_cash",
        "transfer",
        "adopt",
        "cancel_order",
        "resolve_order",
        "reconcile",
        "close_out",
    ]
    ts_ns: int
    reason: str
    strategy: str = ""
    cancel_orders: bool = False
    currency: str = ""
    amount: Decimal = ZERO
    transfer: Transfer | None = None
    scope: str = ""
    trigger: Trigger = Trigger.OPERATOR
    number: int = 0
    passed: bool = False
    order_id: str = ""
    resolution: Resolution | None = None
    adoption: Adoption | None = None

    @property
    def is_flow(self) -> bool:
        """Whether money or units come to a book or leave it."""
        adopts_units = self.adoption is not None and not self.adoption.venue_id
        return self.action in ("move_cash", "transfer") or adopts_units


class BreakerChanged(msgspec.Struct, frozen=True, kw_only=True, tag="breaker_changed"):
    """A circuit breaker opened, half-opened or closed, or stays open for another reason.

    `trigger` is what it is about; `policy` what becomes of the orders and positions of its scope now.
    """

    scope: str
    trigger: Trigger
    before: BreakerState
    after: BreakerState
    reason: str
    ts_ns: int
    policy: Policy = Policy.LEAVE


class CommandsTaken(msgspec.Struct, frozen=True, kw_only=True, tag="commands_taken"):
    """What a container that runs free asked for, up to its command `n`, is taken here: between two events."""

    strategy: str
    n: int


class FeedTold(msgspec.Struct, frozen=True, kw_only=True, tag="feed_told"):
    """What befell a live feed beside its events: what may be ordered depends on it."""

    news: FeedNews


class LifeBegan(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="life_began"):
    """A process that trades with a venue begins, under a fencing epoch in Unix milliseconds: what was on its way when
    the last one ended is in doubt. It wants the venue's dead-man switch to fire after `dead_man_ns`, 0 for never."""

    epoch_ms: int
    ts_ns: int
    dead_man_ns: int = 0


class LifeEnds(msgspec.Struct, frozen=True, kw_only=True, tag="life_ends"):
    """A process that trades with a venue is about to end in good order: the dead-man switch is released."""

    ts_ns: int


class VenueHeard(msgspec.Struct, frozen=True, kw_only=True, tag="venue_heard"):
    """What the venue said, written down before it is acted on."""

    message: VenueMessage
    ts_ns: int


class TimePassed(msgspec.Struct, frozen=True, kw_only=True, tag="time_passed"):
    """So late it was at the session with the venue: what a silence called for by then was done."""

    ts_ns: int


class Commit(msgspec.Struct, frozen=True, kw_only=True, tag="commit"):
    """The end of the step of event number `event`; events are numbered from 1 in the order of the sequencer."""

    event: int
    ts_ns: int


StepRecord = (
    WireSubmit
    | WireCancel
    | WireAmend
    | RefusedOrder
    | Trip
    | Reported
    | Noted
    | Posted
    | Valued
    | Operation
    | BreakerChanged
    | CommandsTaken
    | FeedTold
    | LifeBegan
    | LifeEnds
    | VenueHeard
    | TimePassed
    | Commit
)

FromVenue = LifeBegan | LifeEnds | VenueHeard | TimePassed
"""What brings the session with a venue forward, between two events."""

FromOutside = Operation | CommandsTaken | FeedTold | FromVenue
"""What begins a step that no event does."""
