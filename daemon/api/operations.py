"""What the surfaces ask of the running daemon. Plain methods answer from memory; what must wait is async."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Protocol

import msgspec

from daemon.api.stream import Subscription
from daemon.api.views import (
    AccountView,
    FillView,
    HealthView,
    OrderView,
    PerformanceView,
    PositionView,
    StatusView,
    StrategyDetailView,
    StrategyView,
)
from daemon.errors import UnknownStrategy


class Vitals(msgspec.Struct, frozen=True, kw_only=True):
    """Numbers for the metrics page, in base units; times are Unix seconds.

    Events and sequence start with the journal, what was written and synced with this process.
    """

    events_total: int
    feed_time_seconds: float | None
    loop_lag_seconds: float
    journal_sequence: int
    journal_written_bytes_total: int
    journal_syncs_total: int
    journal_sync_seconds_total: float
    started_at_seconds: float


class Operations(Protocol):
    """The daemon as its surfaces see it. Whatever takes a strategy's id raises UnknownStrategy for one it has not."""

    def status(self) -> StatusView:
        """The daemon in one look."""

    def health(self) -> HealthView:
        """Whether it makes progress and may trade."""

    def vitals(self) -> Vitals:
        """What only the metrics page shows."""

    def strategies(self) -> list[StrategyView]:
        """Every strategy, in the config's order."""

    def strategy(self, strategy_id: str) -> StrategyDetailView:
        """One strategy in full."""

    def positions(self, strategy_id: str | None = None) -> list[PositionView]:
        """What is held, flat positions left out."""

    def account(self) -> AccountView:
        """All books beside the broker's own account, at one event."""

    def performance(self) -> PerformanceView:
        """How each strategy and all together did."""

    async def orders(
        self, *, strategy_id: str | None = None, open_only: bool = False, limit: int = 100
    ) -> list[OrderView]:
        """The newest `limit` orders, oldest first."""

    async def fills(self, *, strategy_id: str | None = None, limit: int = 100) -> list[FillView]:
        """The newest `limit` fills, oldest first."""

    async def halt(self, reason: str, *, cancel_orders: bool) -> StatusView:
        """Stop sending orders, durably; asked again it stays halted. Returns once the halt is in the journal."""

    async def resume(self, reason: str) -> StatusView:
        """Let orders leave again; asked again nothing changes."""

    def subscribe(self) -> Subscription:
        """Listen to what happens from now on."""


def unknown_strategy(strategy_id: str, known: Iterable[str]) -> UnknownStrategy:
    """The error for an id that no strategy has, with the nearest one that exists."""
    ids = sorted(known)
    nearest = get_close_matches(strategy_id, ids, n=1)
    mend = f"did you mean {nearest[0]!r}?" if nearest else f"there are: {', '.join(ids) or 'none'}"
    return UnknownStrategy(f"no strategy {strategy_id!r}", mend=mend)
