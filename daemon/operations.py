"""The running daemon as its surfaces see it: views made from the floor's own books, histories from the projection."""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

import msgspec

from daemon.alarms import account_alarms
from daemon.api.account_views import AccountView, HoldingsView, MovedAccountView, MoveView, PostingView
from daemon.api.balance import account_view
from daemon.api.breaker_views import BreakerView
from daemon.api.operations import Vitals, unknown_strategy
from daemon.api.order_views import BreakView, OrderDetailView, ReconciliationView
from daemon.api.performance_views import PerformanceView, StrategyPerformanceView
from daemon.api.stream import Disagreed, EventStream, Subscription
from daemon.api.views import (
    ISOLATION_NOTES,
    FeedView,
    FillView,
    HealthView,
    OrderView,
    PositionView,
    StatusView,
    StrategyDetailView,
    StrategyState,
    StrategyView,
    subscription_text,
)
from daemon.book_views import AccountValues, holdings_view, position_view
from daemon.breaker_desk import BreakerDesk
from daemon.config.conversion import limit_texts
from daemon.errors import BadRequest, UnknownOrder
from daemon.fleet import StrategyEntry
from daemon.journal.log import Journal
from daemon.projector import Projector
from daemon.reporting import Reporting
from daemon.shells import Shell
from daemon.treasury import Treasury, Units
from daemon.venue_desk import VenueDesk, is_of_reconciliation
from daemon.version import VERSION
from trading.account.ledger import UNALLOCATED
from trading.account.records import Operation
from trading.account.resolutions import Ended
from trading.instruments import currency_of
from trading.portfolio import VirtualPortfolio
from trading.postings import Posting, PostingKind
from trading.timestamps import SECOND, iso
from trading.venue.attempts import AttemptState


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """What does not change while the daemon runs."""

    mode: str
    broker: str
    state: str
    pid: int
    started_ns: int
    speed: float | None
    durability: str


class Pulse(msgspec.Struct):
    """What the supervisor finds out about its own loop."""

    ready: bool = False
    lag_seconds: float = 0.0


class DaemonOperations:
    """Implements `daemon.api.operations.Operations`."""

    def __init__(
        self,
        *,
        identity: Identity,
        pulse: Pulse,
        shell: Shell,
        journal: Journal,
        projector: Projector,
        stream: EventStream,
        watched: Callable[[], list[str]],
    ) -> None:
        self._identity = identity
        self._pulse = pulse
        self._shell = shell
        self._journal = journal
        self._projector = projector
        self._stream = stream
        self._watched = watched
        fleet = shell.floor.fleet
        currency = currency_of(fleet.currency, fleet.instruments.values())
        self._values = AccountValues(shell.floor.lockstep.router, fleet.instruments, currency)
        self._reporting = Reporting(shell, journal, projector, self._values, currency)
        self._treasury = Treasury(shell, is_paper=identity.mode == "paper")
        self._desk = BreakerDesk(shell)
        self._venue = VenueDesk(shell)
        if shell.venue is not None:
            shell.venue.tell = lambda one: stream.publish(Disagreed(found=BreakView.of(one)))

    # What it knows.

    def status(self) -> StatusView:
        """The daemon in one look."""
        states = [view.state for view in self.strategies()]
        identity, router = self._identity, self._shell.floor.lockstep.router
        return StatusView(
            mode=identity.mode,
            broker=identity.broker,
            currency=self._currency,
            equity=self._values.whole_equity(),
            state=identity.state,
            pid=identity.pid,
            build=VERSION,
            started_at=iso(identity.started_ns),
            ready=self.health().ready,
            halted=bool(router.halted),
            halt_reason=router.halted,
            alarms=self._alarms(),
            feed=FeedView(
                kind=self._shell.floor.feed.kind,
                time=iso(self._shell.now_ns),
                events=self._shell.floor.rows,
                pace=identity.speed,
                lag_seconds=self._shell.lag_ns / SECOND,
                at_end=self._shell.at_end,
            ),
            strategies={state: states.count(state) for state in sorted(set(states))},
            event=self._shell.floor.lockstep.events,
            journal_sequence=self._journal.safe_sequence,
            durability=identity.durability,
        )

    def health(self) -> HealthView:
        """Whether it makes progress and may trade."""
        reasons = [*self._shell.unready] if self._pulse.ready else ["starting"]
        if halted := self._shell.floor.lockstep.router.halted:
            reasons.append(f"halted: {halted}")
        reasons += self._desk.unready()
        if self._shell.at_end:
            reasons.append("the feed has come to its end")
        return HealthView(live=True, ready=not reasons, reasons=reasons, alarms=self._alarms())

    def vitals(self) -> Vitals:
        """What only the metrics page shows."""
        watch = self._shell.watch
        return Vitals(
            events_total=self._shell.floor.lockstep.events,
            feed_time_seconds=self._shell.now_ns / SECOND,
            loop_lag_seconds=self._pulse.lag_seconds,
            journal_sequence=self._journal.safe_sequence,
            journal_written_bytes_total=self._journal.meter.bytes,
            journal_syncs_total=self._journal.meter.syncs,
            journal_sync_seconds_total=self._journal.meter.sync_ns / SECOND,
            started_at_seconds=self._identity.started_ns / SECOND,
            margin_calls_total=self._warned(PostingKind.MARGIN_CALL),
            liquidations_total=self._warned(PostingKind.LIQUIDATION),
            feed_silent_seconds={} if watch is None else watch.silent_seconds(),
            feed_left_out_total={} if watch is None else dict(watch.left_out),
            feed_reruns_total=0 if watch is None else watch.reruns,
            breaks_open=self._venue.open_breaks(),
            orders_in_doubt=self._venue.in_state(AttemptState.UNKNOWN),
            orders_quarantined=self._venue.in_state(AttemptState.QUARANTINED),
        )

    def strategies(self) -> list[StrategyView]:
        """Every strategy, in the config's order."""
        return [StrategyView(**self._strategy_fields(entry)) for entry in self._shell.floor.fleet.strategies]

    def strategy(self, strategy_id: str) -> StrategyDetailView:
        """One strategy in full."""
        entry = self._entry(strategy_id)
        return StrategyDetailView(
            **self._strategy_fields(entry),
            params=entry.params,
            subscriptions=[subscription_text(one) for one in self._shell.floor.subscriptions[strategy_id]],
            positions=self.positions(strategy_id),
            limits=limit_texts(entry.limits),
        )

    def positions(self, strategy_id: str | None = None) -> list[PositionView]:
        """What is held, flat positions left out."""
        books: Iterable[VirtualPortfolio] = self._shell.floor.lockstep.router.ledger.all_books()
        if strategy_id is not None:
            books = [self._any_book(strategy_id)]
        return [
            position_view(book, position, self._shell.floor.fleet.instruments[position.symbol])
            for book in books
            for position in book.positions.values()
            if position.quantity
        ]

    def account(self) -> AccountView:
        """All books beside the market's own account, at one event."""
        ledger = self._shell.floor.lockstep.router.ledger
        return account_view(
            event=self._shell.floor.lockstep.events,
            journal_sequence=self._journal.safe_sequence,
            currency=self._currency,
            equity=self._values.whole_equity(),
            margin=self._values.margin(),
            books={owner: self._holdings(ledger.of(owner)) for owner in ledger.owners},
            unallocated=self._holdings(ledger.unallocated),
            broker=self._shell.floor.lockstep.market.account(),
        )

    def breakers(self) -> list[BreakerView]:
        """Every circuit breaker."""
        return self._desk.breakers()

    async def performance(self, *, since_ns: int | None = None) -> PerformanceView:
        """How each strategy and the account did; what no strategy was given counts in the total."""
        return await self._reporting.of_all(since_ns)

    async def strategy_performance(self, strategy_id: str, *, since_ns: int | None = None) -> StrategyPerformanceView:
        """How one strategy did, in full."""
        return await self._reporting.of_one(self._entry(strategy_id).id, since_ns)

    async def orders(
        self, *, strategy_id: str | None = None, open_only: bool = False, limit: int = 100
    ) -> list[OrderView]:
        """The newest orders, oldest first."""
        owner = self._owner(strategy_id)
        found = await self._projector.ask(
            lambda projection: projection.orders(strategy=owner, open_only=open_only, limit=limit)
        )
        return [OrderView.of(order) for order in found]

    async def order(self, order_id: str) -> OrderDetailView:
        """One order in full."""
        found, fills = await self._projector.ask(
            lambda projection: (projection.orders(order_id=order_id), projection.fills(order_id=order_id, limit=10_000))
        )
        if not found:
            raise UnknownOrder(f"no order {order_id!r}", mend="`bulkhead orders` shows the newest")
        cid = self._shell.floor.lockstep.router.cid_of(order_id)
        return OrderDetailView.of_all(found[0], [row.fill for row in fills], self._venue.attempt(order_id), cid)

    def reconciliation(self) -> ReconciliationView:
        """How the books stand beside the venue."""
        return self._venue.reconciliation()

    async def fills(self, *, strategy_id: str | None = None, limit: int = 100) -> list[FillView]:
        """The newest fills, oldest first."""
        owner = self._owner(strategy_id)
        found = await self._projector.ask(lambda projection: projection.fills(strategy=owner, limit=limit))
        return [FillView.of(row.fill) for row in found]

    async def postings(self, *, strategy_id: str | None = None, limit: int = 100) -> list[PostingView]:
        """The newest changes of books without orders, oldest first."""
        owner = self._owner(strategy_id)
        found = await self._projector.ask(lambda projection: projection.postings(strategy=owner, limit=limit))
        return [self._posting_view(posting) for posting in found]

    # What it can be asked to do.

    async def deposit(self, amount: Decimal, *, currency: str, reason: str) -> MovedAccountView:
        """Pay money in, on paper."""
        return self._after(await self._treasury.deposit(amount, currency, reason))

    async def withdraw(self, amount: Decimal, *, currency: str, reason: str) -> MovedAccountView:
        """Pay out what is unallocated, on paper."""
        return self._after(await self._treasury.withdraw(amount, currency, reason))

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
        """Move cash, or units of a position, between two books."""
        if symbol:
            if currency:
                raise BadRequest("a currency and a symbol are named", mend="cash has a currency, a position a symbol")
            units = Units(symbol, amount, price)
            return self._after(await self._treasury.transfer_position(source, target, units, reason))
        if price is not None:
            raise BadRequest("a price is named and no symbol", mend="cash has no price")
        return self._after(await self._treasury.transfer_cash(source, target, amount, currency, reason))

    async def adopt(
        self, strategy: str, *, symbol: str, units: Decimal | None, price: Decimal | None, reason: str
    ) -> MovedAccountView:
        """Give a strategy units that are unallocated."""
        return self._after(await self._treasury.adopt(strategy, symbol, units, price, reason))

    async def adopt_order(self, strategy: str, venue_id: str, *, reason: str) -> OrderDetailView:
        """Give a strategy an order that is nobody's."""
        return await self.order(await self._venue.adopt(self._entry(strategy).id, venue_id, reason))

    async def cancel_order(self, order_id: str, *, reason: str) -> OrderDetailView:
        """Withdraw an order."""
        await self._venue.cancel((await self.order(order_id)).order_id, reason)
        return await self.order(order_id)

    async def resolve_order(
        self, order_id: str, *, ended: Ended, filled: Decimal | None, price: Decimal | None, reason: str
    ) -> OrderDetailView:
        """Say what became of an order that is in doubt."""
        await self._venue.resolve((await self.order(order_id)).order_id, ended, filled, price, reason)
        return await self.order(order_id)

    async def reconcile(self, *, reason: str) -> ReconciliationView:
        """Read the venue now, and tell what came of it."""
        view, since_ns = await self._venue.reconcile(reason)
        found = await self._projector.ask(lambda projection: projection.postings(limit=1_000))
        booked = [one for one in found if one.ts_ns >= since_ns and is_of_reconciliation(one)]
        return msgspec.structs.replace(view, booked=[self._posting_view(one) for one in booked])

    async def reset_breaker(self, scope: str, *, reason: str) -> BreakerView:
        """Close a circuit breaker."""
        return await self._desk.reset(scope, reason)

    async def halt(self, reason: str, *, cancel_orders: bool) -> StatusView:
        """Stop sending orders, durably."""
        await self._shell.operate(
            Operation(action="halt", ts_ns=self._shell.now_ns, reason=reason, cancel_orders=cancel_orders)
        )
        return self.status()

    async def resume(self, reason: str) -> StatusView:
        """Let orders leave again."""
        if self._shell.floor.lockstep.router.halted:
            await self._shell.operate(Operation(action="resume", ts_ns=self._shell.now_ns, reason=reason))
        return self.status()

    def subscribe(self) -> Subscription:
        """Listen to what happens from now on."""
        return self._stream.subscribe()

    # Within.

    @property
    def _currency(self) -> str:
        return self._shell.floor.fleet.currency

    def _warned(self, kind: PostingKind) -> dict[str, int]:
        return {
            entry.id: self._projector.warnings.get((kind.value, entry.id), 0)
            for entry in self._shell.floor.fleet.strategies
        }

    def _entry(self, strategy_id: str) -> StrategyEntry:
        fleet = self._shell.floor.fleet
        entry = fleet.entry(strategy_id)
        if entry is None:
            raise unknown_strategy(strategy_id, [one.id for one in fleet.strategies])
        return entry

    def _owner(self, strategy_id: str | None) -> str | None:
        """Whose is asked for: everybody's, a strategy's, or what is nobody's."""
        return strategy_id if strategy_id in (None, UNALLOCATED) else self._entry(strategy_id).id

    def _any_book(self, owner: str) -> VirtualPortfolio:
        ledger = self._shell.floor.lockstep.router.ledger
        return ledger.unallocated if owner == UNALLOCATED else ledger.of(self._entry(owner).id)

    def _holdings(self, book: VirtualPortfolio) -> HoldingsView:
        return holdings_view(book, self._values.equity(book))

    def _posting_view(self, posting: Posting) -> PostingView:
        instruments = self._shell.floor.fleet.instruments
        return PostingView.of(posting, instruments[posting.symbol].currency.code if posting.symbol else "")

    def _after(self, moved: MoveView) -> MovedAccountView:
        return MovedAccountView(**msgspec.structs.asdict(self.account()), moved=moved)

    def _strategy_fields(self, entry: StrategyEntry) -> dict[str, Any]:
        router, values = self._shell.floor.lockstep.router, self._values
        book, orders, host = router.ledger.of(entry.id), router.orders[entry.id], self._shell.floor.hosts[entry.id]
        return {
            "id": entry.id,
            "class_path": entry.reference,
            "isolation": entry.isolation,
            "isolation_note": ISOLATION_NOTES.get(entry.isolation, ""),
            "state": self._state_of(entry.id),
            "capital": values.of(book.capital),
            "equity": values.equity(book),
            "cash": values.of(book.cash),
            "realised": values.of({code: book.realised(code) for code in book.currencies()}),
            "unrealised": values.of({code: book.unrealised(code) for code in book.currencies()}),
            "fees": values.of(book.fees),
            "income": {kind: dict(amounts) for kind, amounts in book.income.items()},
            "max_drawdown": 0.0 - book.max_drawdown.get(self._currency, 0.0),
            "orders": orders.added,
            "fills": book.fills,
            "open_orders": orders.open_count,
            "reason": router.tripped.get(entry.id, ""),
            "restarts": host.restarts,
            "conflated": host.conflated,
        }

    def _alarms(self) -> list[str]:
        tripped = self._shell.floor.lockstep.router.tripped
        alarms = [f"{strategy} tripped: {reason}" for strategy, reason in tripped.items()]
        alarms += [
            f"{host.strategy} lags: it hears only the newest quotes" for host in self._shell.floor.hosts if host.lags
        ]
        if self._shell.snapshot_problem:
            alarms.append(f"no snapshot can be taken: {self._shell.snapshot_problem}")
        if self._projector.problem:
            alarms.append(f"orders and fills of the past cannot be shown: {self._projector.problem}")
        alarms += self._shell.alarms + self._watched()
        alarms += self._desk.alarms()
        alarms += self._venue.alarms()
        ledger, fleet = self._shell.floor.lockstep.router.ledger, self._shell.floor.fleet
        return alarms + account_alarms(ledger, self._values, fleet.instruments, self._currency)

    def _state_of(self, strategy_id: str) -> StrategyState:
        if strategy_id in self._shell.floor.lockstep.router.tripped:
            return "tripped"
        return "running" if self._pulse.ready else "warming"
