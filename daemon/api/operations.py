"""What the surfaces ask of the running daemon. Plain methods answer from memory; what must wait is async."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from difflib import get_close_matches
from typing import Protocol

import msgspec

from daemon.api.account_views import AccountView, MovedAccountView, PostingView
from daemon.api.breaker_views import BreakerView
from daemon.api.order_views import OrderDetailView, ReconciliationView
from daemon.api.performance_views import PerformanceView, StrategyPerformanceView
from daemon.api.stream import Subscription
from daemon.api.views import (
    FillView,
    HealthView,
    OrderView,
    PositionView,
    StatusView,
    StrategyDetailView,
    StrategyView,
)
from daemon.errors import DaemonError, UnknownStrategy
from daemon.results.result import Result
from trading.account.resolutions import Ended


class AccountRefused(DaemonError):
    """The account has not what was to be moved, or it is moved elsewhere; nothing has happened."""


class OperationRefused(DaemonError):
    """What was asked for cannot be, as things stand at the venue or without one; nothing has happened."""


class Vitals(msgspec.Struct, frozen=True, kw_only=True):
    """Numbers for the metrics page, in base units; times are Unix seconds.

    Events, sequence, margin calls and liquidations, the last two by strategy, start with the journal; what was written
    and synced with this process. Of a live feed, by symbol and kind of data: how long nothing has come, and how much
    came that could be no data; and how often it was asked for everything anew. The last two start with this process.
    Of a venue: breaks that stand, by kind, and orders of which nobody knows what became, quarantined ones apart too.
    """

    events_total: int
    feed_time_seconds: float | None
    loop_lag_seconds: float
    journal_sequence: int
    journal_written_bytes_total: int
    journal_syncs_total: int
    journal_sync_seconds_total: float
    started_at_seconds: float
    margin_calls_total: Mapping[str, int]
    liquidations_total: Mapping[str, int]
    feed_silent_seconds: Mapping[tuple[str, str], float] = {}
    feed_left_out_total: Mapping[tuple[str, str], int] = {}
    feed_reruns_total: int = 0
    breaks_open: Mapping[str, int] = {}
    orders_in_doubt: int = 0
    orders_quarantined: int = 0


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
        """What is held, flat positions left out. Here as for orders, fills and postings the id may be `unallocated`."""

    def account(self) -> AccountView:
        """All books beside the broker's own account, at one event."""

    def breakers(self) -> list[BreakerView]:
        """Every circuit breaker: the account's, the venue's, and the strategies'."""

    async def performance(self, *, since_ns: int | None = None) -> PerformanceView:
        """How each strategy and the account did, in all or from a time on; BadRequest for one that is yet to come."""

    async def strategy_performance(self, strategy_id: str, *, since_ns: int | None = None) -> StrategyPerformanceView:
        """How one strategy did, in full."""

    async def report(self, strategy_id: str | None = None) -> Result:
        """The whole run so far, or one strategy's part of it, in the shape of a backtest's."""

    async def orders(
        self, *, strategy_id: str | None = None, open_only: bool = False, limit: int = 100
    ) -> list[OrderView]:
        """The newest `limit` orders, oldest first."""

    async def order(self, order_id: str) -> OrderDetailView:
        """One order in full; UnknownOrder for an id that none has."""

    def reconciliation(self) -> ReconciliationView:
        """How the books stand beside the venue, by its last word; OperationRefused without a venue."""

    async def fills(self, *, strategy_id: str | None = None, limit: int = 100) -> list[FillView]:
        """The newest `limit` fills, oldest first."""

    async def postings(self, *, strategy_id: str | None = None, limit: int = 100) -> list[PostingView]:
        """The newest `limit` changes of books without orders, oldest first."""

    async def deposit(self, amount: Decimal, *, currency: str, reason: str) -> MovedAccountView:
        """Pay money in, on paper; no code is the account's currency. Of this and the next two: BadRequest for what
        cannot be meant, AccountRefused for what cannot be; then nothing has happened."""

    async def withdraw(self, amount: Decimal, *, currency: str, reason: str) -> MovedAccountView:
        """Pay out what is unallocated, on paper."""

    async def transfer(
        self,
        *,
        source: str,
        target: str,
        amount: Decimal,
        currency: str,
        symbol: str,
        price: Decimal | None,
        reason: str,
    ) -> MovedAccountView:
        """Move something between two books, of which `unallocated` may be one: cash, or where there is a symbol, so
        many units of a position, long or short; without a price at the last one heard."""

    async def adopt(
        self, strategy: str, *, symbol: str, units: Decimal | None, price: Decimal | None, reason: str
    ) -> MovedAccountView:
        """Give a strategy units that are `unallocated`: so many, else all, at a price, else the last one heard."""

    async def adopt_order(self, strategy: str, venue_id: str, *, reason: str) -> OrderDetailView:
        """Give a strategy an order that works at the venue and is nobody's, by the venue's id. Of this and the next
        three: OperationRefused where it cannot be; then nothing has happened."""

    async def cancel_order(self, order_id: str, *, reason: str) -> OrderDetailView:
        """Withdraw an order; returns once that is in the journal, and on its way."""

    async def resolve_order(
        self, order_id: str, *, ended: Ended, filled: Decimal | None, price: Decimal | None, reason: str
    ) -> OrderDetailView:
        """Say what became of an order that is in doubt: how it ended, how much of it filled in all, and at which price
        what was not known of that. BadRequest for numbers that cannot be."""

    async def reconcile(self, *, reason: str) -> ReconciliationView:
        """Read everything at the venue now, and wait until what differs is decided, for a while. VenueNotRead where it
        does not tell."""

    async def reset_breaker(self, scope: str, *, reason: str) -> BreakerView:
        """Close a circuit breaker, durably. UnknownStrategy for a scope that there is not, BadRequest where there is
        nothing to close but a strategy has failed."""

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
