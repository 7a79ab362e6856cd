"""What can open a circuit breaker, and the limits at which it does."""

import enum
from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Final

import msgspec

from trading.timestamps import SECOND, format_interval

ACCOUNT: Final = "account"
"""The scope of all trading. Every strategy's id is the scope of its container."""

VENUE: Final = "venue"
"""The scope of everything between here and the venue."""


class Trigger(enum.StrEnum):
    """Why a breaker opens."""

    OPERATOR = "operator"
    ERROR = "error"
    CONSECUTIVE_REJECTS = "consecutive_rejects"
    REJECT_RATE = "reject_rate"
    ORDER_RATE = "order_rate"
    DAILY_LOSS = "daily_loss"
    DRAWDOWN = "drawdown"
    STALL = "stall"
    MISSED_HEARTBEATS = "missed_heartbeats"
    RECONCILIATION = "reconciliation"
    TRANSPORT_ERRORS = "transport_errors"
    TRANSPORT_ERROR_RATE = "transport_error_rate"
    SLOW_JOURNAL = "slow_journal"


class Kind(enum.StrEnum):
    """How a breaker that a trigger has opened closes: TRADING when an operator resets it, TRANSPORT when a probe has
    passed after a cool-down, or when an operator resets it."""

    TRADING = "trading"
    TRANSPORT = "transport"


class Reach(enum.StrEnum):
    """Of what sort a scope is."""

    ACCOUNT = "account"
    VENUE = "venue"
    CONTAINER = "container"


class TriggerRule(msgspec.Struct, frozen=True):
    """The kind of a trigger, the scopes that it may open, and the setting that is its limit, empty where it has
    none."""

    kind: Kind
    reaches: tuple[Reach, ...]
    limit: str = ""


_OF_TRADING: Final = (Reach.CONTAINER, Reach.ACCOUNT)

TRIGGERS: Final[Mapping[Trigger, TriggerRule]] = MappingProxyType(
    {
        Trigger.OPERATOR: TriggerRule(Kind.TRADING, tuple(Reach)),
        Trigger.ERROR: TriggerRule(Kind.TRADING, (Reach.CONTAINER,)),
        Trigger.CONSECUTIVE_REJECTS: TriggerRule(Kind.TRADING, _OF_TRADING, "consecutive_rejects"),
        Trigger.REJECT_RATE: TriggerRule(Kind.TRADING, _OF_TRADING, "reject_rate"),
        Trigger.ORDER_RATE: TriggerRule(Kind.TRADING, _OF_TRADING, "order_rate"),
        Trigger.DAILY_LOSS: TriggerRule(Kind.TRADING, _OF_TRADING, "daily_loss_amount"),
        Trigger.DRAWDOWN: TriggerRule(Kind.TRADING, _OF_TRADING, "drawdown_share"),
        Trigger.STALL: TriggerRule(Kind.TRADING, (Reach.CONTAINER,), "watchdog.stall_seconds"),
        Trigger.MISSED_HEARTBEATS: TriggerRule(Kind.TRADING, (Reach.CONTAINER,), "watchdog.stall_seconds"),
        Trigger.RECONCILIATION: TriggerRule(Kind.TRADING, (Reach.VENUE,)),
        Trigger.TRANSPORT_ERRORS: TriggerRule(Kind.TRANSPORT, (Reach.VENUE,), "transport_errors_in_a_row"),
        Trigger.TRANSPORT_ERROR_RATE: TriggerRule(Kind.TRANSPORT, (Reach.VENUE,), "transport_error_rate"),
        Trigger.SLOW_JOURNAL: TriggerRule(Kind.TRANSPORT, (Reach.VENUE,), "slow_sync_after"),
    }
)
"""ERROR is a strategy that failed: its container is sealed, which is more than a breaker does."""


class Policy(enum.StrEnum):
    """What becomes of a scope's orders and positions when its breaker opens: nothing; its orders are cancelled; or
    these are, and then its own positions closed."""

    LEAVE = "leave"
    CANCEL = "cancel"
    FLATTEN = "flatten"


class Rate(msgspec.Struct, frozen=True, kw_only=True):
    """So many among the last `of`, or within so many nanoseconds, or both; one of the two is given."""

    count: int
    of: int | None = None
    within_ns: int | None = None

    @property
    def words(self) -> str:
        """` of the last 20 within 5m`."""
        among = "" if self.of is None else f" of the last {self.of}"
        return among if self.within_ns is None else f"{among} within {format_interval(self.within_ns)}"


class BreakerRules(msgspec.Struct, frozen=True, kw_only=True):
    """When the breaker of one scope opens, and what comes of it; a limit that is None is none.

    `consecutive_rejects` and `reject_rate` count orders that the venue rejected, `order_rate` is how many orders may be
    asked for in its time. `daily_loss_amount` is in the account's currency, against what the scope was worth when the
    day (UTC) began; `drawdown_share` is of its highest worth. The others are of the venue's scope.
    """

    on_trip: Policy = Policy.LEAVE
    consecutive_rejects: int | None = None
    reject_rate: Rate | None = None
    order_rate: Rate | None = None
    daily_loss_amount: Decimal | None = None
    drawdown_share: Decimal | None = None
    transport_errors_in_a_row: int | None = None
    transport_error_rate: Rate | None = None
    slow_sync_ns: int | None = None
    cool_down_ns: int = 30 * SECOND
    probe_timeout_ns: int = 5 * SECOND

    @property
    def open_by_events(self) -> bool:
        """Whether anything that the router itself hears of may open it."""
        counted = (self.consecutive_rejects, self.reject_rate, self.order_rate, self.daily_loss_amount)
        return any(limit is not None for limit in (*counted, self.drawdown_share))


def reach_of(scope: str) -> Reach:
    """Of what sort a scope is."""
    return {ACCOUNT: Reach.ACCOUNT, VENUE: Reach.VENUE}.get(scope, Reach.CONTAINER)
