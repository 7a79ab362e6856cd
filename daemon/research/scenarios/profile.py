"""Where a run's time goes, as people read it: six kinds of work, and who of the strategies took how much of it."""

from collections.abc import Mapping, Sequence
from typing import Final, Literal

import msgspec

OPERATIONS: Final = (
    "trade_simulator",
    "bar_rendering",
    "bar_history",
    "worker_decision",
    "order_execution",
    "live_update",
)
"""In the order of an event's way: resting orders meet it, or are looked for where events are passed by, and books are
valued; bars are built of it; the past is read and brought, with what of the whole is nothing else; strategies hear and
decide; what they ask for is judged, sent and met; progress is told."""

Kind = Literal["worker", "decision", "coordination"]
"""A worker is an indicator; a decision is the rest of a strategy's own code; coordination is what its container adds to
that."""


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of work. `share` is of the whole; a call is an event of the feed, or a message of progress."""

    total_ms: float
    average_us: float
    calls: int
    share: float


class Component(msgspec.Struct, frozen=True, kw_only=True):
    """A part of `worker_decision`. `share` is of that."""

    kind: Kind
    name: str
    total_ms: float
    share: float


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """Of `events` in `total_ms` of work `carried` were not passed by, and of those `sampled` were timed, which took
    `cost_share` of the whole. What a run does once for many events is timed each time; all else but `live_update` is
    made of the samples."""

    events: int
    carried: int
    sampled: int
    total_ms: float
    cost_share: float
    operations: Mapping[str, Operation]
    components: Sequence[Component]


def shared_out(whole_ms: float, found_ms: Mapping[str, float], events: int, messages: int) -> dict[str, Operation]:
    """All six operations, adding up to the whole: what is in none of the others is `bar_history`."""
    named = {name: found_ms.get(name, 0.0) for name in OPERATIONS if name != "bar_history"}
    found = sum(named.values())
    squeezed = min(1.0, whole_ms / found) if found > 0 else 1.0  # samples of a short run may come to more than it took
    totals = {name: ms * squeezed for name, ms in named.items()}
    totals["bar_history"] = max(0.0, whole_ms - sum(totals.values()))
    return {
        name: _operation(totals[name], whole_ms, messages if name == "live_update" else events) for name in OPERATIONS
    }


def _operation(total_ms: float, whole_ms: float, calls: int) -> Operation:
    return Operation(
        total_ms=total_ms,
        average_us=1_000 * total_ms / calls if calls else 0.0,
        calls=calls,
        share=total_ms / whole_ms if whole_ms > 0 else 0.0,
    )
