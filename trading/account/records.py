"""What the account writes down before it acts. A step's records end with its Commit; without one the step never was.

`round` is where in the step a report came: 0 while resting orders met the event, then the round of commands it answers.
"""

from typing import Literal

import msgspec

from trading.commands import RefusedOrder, Trip, WireAmend, WireCancel, WireSubmit
from trading.market import Note
from trading.reports import ExecutionReport


class Reported(msgspec.Struct, frozen=True, kw_only=True, tag="reported"):
    """A numbered report, of the gate or the market."""

    report: ExecutionReport
    round: int


class Noted(msgspec.Struct, frozen=True, kw_only=True, tag="noted"):
    """A change of the market that nobody is told of."""

    note: Note
    round: int


class Operation(msgspec.Struct, frozen=True, kw_only=True, tag="operation"):
    """What was done from outside between two events.

    `halt` and `resume` are for the whole account, `cancel_orders` withdraws what works; `trip` seals one strategy.
    """

    action: Literal["halt", "resume", "trip"]
    ts_ns: int
    reason: str
    strategy: str = ""
    cancel_orders: bool = False


class CommandsTaken(msgspec.Struct, frozen=True, kw_only=True, tag="commands_taken"):
    """What a container that runs free asked for, up to its command `n`, is taken here: between two events."""

    strategy: str
    n: int


class Commit(msgspec.Struct, frozen=True, kw_only=True, tag="commit"):
    """The end of the step of event number `event`; events are numbered from 1 in the order of the sequencer."""

    event: int
    ts_ns: int


StepRecord = (
    WireSubmit | WireCancel | WireAmend | RefusedOrder | Trip | Reported | Noted | Operation | CommandsTaken | Commit
)
