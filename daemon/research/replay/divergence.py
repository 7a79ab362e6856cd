"""The first thing that came otherwise than it is journaled, field by field."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from daemon.journal.verify import readable
from daemon.journal.words import in_words
from trading.account.records import BreakerChanged, CommandsTaken, Noted, Operation, Posted, Reported, StepRecord
from trading.commands import RefusedOrder, ScheduleTimer, Trip, WireAmend, WireCancel, WireSubmit
from trading.market import ReportDelayed
from trading.subscriptions import Subscription
from trading.timestamps import iso


class Begun(msgspec.Struct, frozen=True, kw_only=True, tag="begun"):
    """What a strategy hears and when its timers ring, as its `start()` has it."""

    strategy: str
    subscriptions: list[Subscription]
    timers: list[ScheduleTimer]


Compared = StepRecord | Begun | ScheduleTimer


class Difference(msgspec.Struct, frozen=True, array_like=True):
    """A field of which two records have not the same; None where one has no such field."""

    field: str
    journaled: Any
    came: Any


class Divergence(msgspec.Struct, frozen=True, kw_only=True):
    """What the journal has and what came in the step of event number `event`, either of them None for nothing.

    `before` are the last things that the same strategy had asked for until then. `note` says more in words.
    """

    event: int
    ts_ns: int
    symbol: str = ""
    journaled: Compared | None
    came: Compared | None
    before: tuple[StepRecord, ...] = ()
    note: str = ""

    @property
    def strategy(self) -> str:
        """Whose it is; empty where it is the account's."""
        return next((owner for one in (self.journaled, self.came) if one and (owner := owner_of(one))), "")

    @property
    def differences(self) -> list[Difference]:
        """Every field that differs."""
        return list(_differing("", _plain(self.journaled), _plain(self.came)))


class Diverged(Exception):
    """Something else came than the journal has; what it was is in `divergence`."""

    def __init__(self, divergence: Divergence) -> None:
        super().__init__(f"event {divergence.event}")
        self.divergence = divergence


def words(record: Compared | None) -> str:
    """A record in a few words."""
    if isinstance(record, Begun):
        return f"what {record.strategy} hears and when its timers ring"
    if isinstance(record, ScheduleTimer):
        return f"the timer {record.name!r}, for {iso(record.at_ns)}"
    return in_words(record) if record else "nothing"


def owner_of(record: Compared) -> str:
    """The strategy that a record is of; empty where it is of none."""
    match record:
        case WireSubmit(terms=terms) | WireAmend(terms=terms):
            return terms.strategy
        case Reported(report=report) | Noted(note=ReportDelayed(report=report)):
            return report.strategy
        case Posted(posting=posting):
            return posting.strategy
        case WireCancel() | RefusedOrder() | Trip() | CommandsTaken() | Operation() | Begun() | ScheduleTimer():
            return record.strategy
        case BreakerChanged(scope=scope):
            return scope
    return ""


def order_of(record: Compared) -> str:
    """The id of the order that a record is of; empty where it is of none."""
    match record:
        case WireSubmit(terms=terms) | WireAmend(terms=terms) | RefusedOrder(terms=terms):
            return terms.order_id
        case WireCancel(order_id=order_id):
            return order_id
        case Reported(report=report) | Noted(note=ReportDelayed(report=report)):
            return report.order_id
    return ""


def subject(record: Compared) -> tuple[str, ...]:
    """What a record is of: its kind, its owner and its order; of a report its kind too."""
    kind = str(record.__struct_config__.tag)
    told = record.report.kind if isinstance(record, Reported) else ""
    return kind, owner_of(record), order_of(record), told


def without_cid(record: StepRecord) -> StepRecord:
    """An order without its wire id, which is not the strategy's doing."""
    return msgspec.structs.replace(record, cid="") if isinstance(record, WireSubmit) else record


def _plain(record: Compared | None) -> dict[str, Any]:
    plain: dict[str, Any] = {} if record is None else msgspec.to_builtins(readable(record))
    plain.pop("traceback", None)
    return plain


def _differing(path: str, journaled: Any, came: Any) -> Iterator[Difference]:
    """The paths at which two plain values differ, as deep as both go."""
    if isinstance(journaled, Mapping) and isinstance(came, Mapping):
        for key in {**journaled, **came}:
            yield from _differing(f"{path}.{key}" if path else key, journaled.get(key), came.get(key))
    elif isinstance(journaled, list) and isinstance(came, list) and len(journaled) == len(came):
        for place, pair in enumerate(zip(journaled, came, strict=True)):
            yield from _differing(f"{path}[{place}]", *pair)
    elif journaled != came:
        yield Difference(path, journaled, came)
