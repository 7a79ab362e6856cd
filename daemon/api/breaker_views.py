"""What people and programs see of circuit breakers."""

import msgspec


class BreakerView(msgspec.Struct, frozen=True, kw_only=True):
    """The breaker of one scope: `account`, `venue`, or a strategy.

    `state` is `closed`, `open` or `half_open`; `triggers` say what opened it, `reason` in words, `since` when the first
    of them did. While it is not closed only orders of its scope that reduce leave. `latched`: it stays so until an
    operator resets it; else `next_at` is when its cool-down is over, or its probe has failed. `sealed`: its strategy
    has failed, and no order of it leaves at all. `policy` is what becomes of orders and positions when it opens,
    `shortfall` what of that was not done. `limits` are those that are given, by their keys in the config.
    """

    scope: str
    state: str
    triggers: list[str]
    reason: str
    since: str | None
    latched: bool
    next_at: str | None
    sealed: bool
    policy: str
    shortfall: str
    limits: dict[str, str]
