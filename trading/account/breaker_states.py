"""The states of a circuit breaker and the one table of its lawful changes. What has no row is an error of ours."""

import enum
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final


class BreakerState(enum.StrEnum):
    """CLOSED: orders leave. OPEN: only those that reduce. HALF_OPEN: likewise, until a probe has told how it is now."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class BreakerChange(enum.StrEnum):
    """What can happen to a breaker."""

    TRIP = "trip"
    WITHDRAW = "withdraw"
    RESET = "reset"
    COOL_DOWN = "cool_down"
    PROBE_OK = "probe_ok"
    PROBE_FAILED = "probe_failed"


def _table() -> dict[tuple[BreakerState, BreakerChange], BreakerState]:
    s, c = BreakerState, BreakerChange
    table = {
        (s.CLOSED, c.TRIP): s.OPEN,
        (s.OPEN, c.TRIP): s.OPEN,
        (s.HALF_OPEN, c.TRIP): s.OPEN,
        (s.OPEN, c.WITHDRAW): s.OPEN,
        (s.OPEN, c.COOL_DOWN): s.HALF_OPEN,
        (s.HALF_OPEN, c.PROBE_OK): s.CLOSED,
        (s.HALF_OPEN, c.PROBE_FAILED): s.OPEN,
    }
    table |= {(state, c.RESET): s.CLOSED for state in s}
    # The answer of a probe that was given up, or that nobody waits for since an operator came first.
    table |= {(state, late): state for state in (s.CLOSED, s.OPEN) for late in (c.PROBE_OK, c.PROBE_FAILED)}
    return table


TRANSITIONS: Final[Mapping[tuple[BreakerState, BreakerChange], BreakerState]] = MappingProxyType(_table())
"""(state, change) -> state after it.

WITHDRAW takes back one of several causes; with the last one it is a RESET. COOL_DOWN is asked only of a breaker all of
whose causes are of the transport.
"""
