"""What the account writes down before it acts. A step's records end with its Commit; without one the step never was.

`round` is where in the step a report came: 0 while resting orders met the event, then the round of commands it answers.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

import msgspec

from trading.account.transfers import Transfer
from trading.commands import RefusedOrder, Trip, WireAmend, WireCancel, WireSubmit
from trading.market import Note
from trading.money import ZERO
from trading.postings import Posting
from trading.reports import ExecutionReport


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
    """All books by their owners: at the end of a day (UTC) in which something happened, before what came after; or
    right after money was moved."""

    ts_ns: int
    books: Mapping[str, Valuation]


class Operation(msgspec.Struct, frozen=True, kw_only=True, tag="operation"):
    """What was done from outside between two events.

    `halt` and `resume` are for the whole account, `cancel_orders` withdraws what works; `trip` seals one strategy;
    `move_cash` pays an amount of a currency in, or out where it is negative; `transfer` moves something between books.
    """

    action: Literal["halt", "resume", "trip", "move_cash", "transfer"]
    ts_ns: int
    reason: str
    strategy: str = ""
    cancel_orders: bool = False
    currency: str = ""
    amount: Decimal = ZERO
    transfer: Transfer | None = None


class CommandsTaken(msgspec.Struct, frozen=True, kw_only=True, tag="commands_taken"):
    """What a container that runs free asked for, up to its command `n`, is taken here: between two events."""

    strategy: str
    n: int


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
    | CommandsTaken
    | Commit
)
