"""The running daemon as its surfaces see it: views made from the floor's own books, histories from the projection."""

from decimal import Decimal
from typing import Any

import msgspec

from daemon.api.balance import account_view
from daemon.api.operations import Vitals, unknown_strategy
from daemon.api.stream import EventStream, Subscription
from daemon.api.views import (
    ISOLATION_NOTES,
    AccountView,
    FeedView,
    FillView,
    HealthView,
    HoldingsView,
    OrderView,
    PerformanceRow,
    PerformanceView,
    PositionView,
    StatusView,
    StrategyDetailView,
    StrategyState,
    StrategyView,
    subscription_text,
)
from daemon.fleet import StrategyEntry
from daemon.journal.log import Journal
from daemon.projector import Projector
from daemon.shells import Shell
from daemon.version import VERSION
from trading.account.records import Operation
from trading.instruments import Instrument
from trading.money import EXACT, ROUNDING, ZERO, total
from trading.portfolio import Position, VirtualPortfolio
from trading.timestamps import SECOND, iso


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
    ) -> None:
        self._identity = identity
        self._pulse = pulse
        self._shell = shell
        self._journal = journal
        self._projector = projector
        self._stream = stream

    # What it knows.

    def status(self) -> StatusView:
        """The daemon in one look."""
        states = [view.state for view in self.strategies()]
        identity, router = self._identity, self._shell.floor.lockstep.router
        return StatusView(
            mode=identity.mode,
            broker=identity.broker,
            currency=self._currency,
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
        reasons = [] if self._pulse.ready else ["starting"]
        if halted := self._shell.floor.lockstep.router.halted:
            reasons.append(f"halted: {halted}")
        if self._shell.at_end:
            reasons.append("the feed has come to its end")
        return HealthView(live=True, ready=not reasons, reasons=reasons, alarms=self._alarms())

    def vitals(self) -> Vitals:
        """What only the metrics page shows."""
        return Vitals(
            events_total=self._shell.floor.lockstep.events,
            feed_time_seconds=self._shell.now_ns / SECOND,
            loop_lag_seconds=self._pulse.lag_seconds,
            journal_sequence=self._journal.safe_sequence,
            journal_written_bytes_total=self._journal.meter.bytes,
            journal_syncs_total=self._journal.meter.syncs,
            journal_sync_seconds_total=self._journal.meter.sync_ns / SECOND,
            started_at_seconds=self._identity.started_ns / SECOND,
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
            limits={
                name: str(limit) for name, limit in msgspec.structs.asdict(entry.limits).items() if limit is not None
            },
        )

    def positions(self, strategy_id: str | None = None) -> list[PositionView]:
        """What is held, flat positions left out."""
        ids = [entry.id for entry in self._shell.floor.fleet.strategies]
        if strategy_id is not None:
            ids = [self._entry(strategy_id).id]
        return [
            _position_view(book, position, self._shell.floor.fleet.instruments[position.symbol])
            for book in (self._book(one) for one in ids)
            for position in book.positions.values()
            if position.quantity
        ]

    def account(self) -> AccountView:
        """All books beside the market's own account, at one event."""
        ledger = self._shell.floor.lockstep.router.ledger
        return account_view(
            event=self._shell.floor.lockstep.events,
            journal_sequence=self._journal.safe_sequence,
            books={owner: _holdings(ledger.of(owner)) for owner in ledger.owners},
            unallocated=_holdings(ledger.unallocated),
            broker=self._shell.floor.lockstep.market.account(),
        )

    def performance(self) -> PerformanceView:
        """How each strategy and all together did; what no strategy was given counts in the total."""
        ledger = self._shell.floor.lockstep.router.ledger
        books = {owner: ledger.of(owner) for owner in ledger.owners}
        rows = {owner: self._performance([book]) for owner, book in books.items()}
        total = self._performance([*books.values(), ledger.unallocated])
        return PerformanceView(currency=self._currency, strategies=rows, total=total)

    async def orders(
        self, *, strategy_id: str | None = None, open_only: bool = False, limit: int = 100
    ) -> list[OrderView]:
        """The newest orders, oldest first."""
        strategy = None if strategy_id is None else self._entry(strategy_id).id
        found = await self._projector.ask(
            lambda projection: projection.orders(strategy=strategy, open_only=open_only, limit=limit)
        )
        return [OrderView.of(order) for order in found]

    async def fills(self, *, strategy_id: str | None = None, limit: int = 100) -> list[FillView]:
        """The newest fills, oldest first."""
        strategy = None if strategy_id is None else self._entry(strategy_id).id
        found = await self._projector.ask(lambda projection: projection.fills(strategy=strategy, limit=limit))
        return [FillView.of(row.fill) for row in found]

    # What it can be asked to do.

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

    def _entry(self, strategy_id: str) -> StrategyEntry:
        fleet = self._shell.floor.fleet
        entry = fleet.entry(strategy_id)
        if entry is None:
            raise unknown_strategy(strategy_id, [one.id for one in fleet.strategies])
        return entry

    def _book(self, strategy_id: str) -> VirtualPortfolio:
        return self._shell.floor.lockstep.router.ledger.of(strategy_id)

    def _strategy_fields(self, entry: StrategyEntry) -> dict[str, Any]:
        router, currency = self._shell.floor.lockstep.router, self._currency
        book, orders, host = self._book(entry.id), router.orders[entry.id], self._shell.floor.hosts[entry.id]
        return {
            "id": entry.id,
            "class_path": entry.reference,
            "isolation": entry.isolation,
            "isolation_note": ISOLATION_NOTES.get(entry.isolation, ""),
            "state": self._state_of(entry.id),
            "capital": book.capital.get(currency, ZERO),
            "equity": book.exact_equity(currency),
            "cash": book.cash.get(currency, ZERO),
            "realised": book.realised(currency),
            "unrealised": book.unrealised(currency),
            "fees": book.fees.get(currency, ZERO),
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
        return alarms

    def _state_of(self, strategy_id: str) -> StrategyState:
        if strategy_id in self._shell.floor.lockstep.router.tripped:
            return "tripped"
        return "running" if self._pulse.ready else "warming"

    def _performance(self, books: list[VirtualPortfolio]) -> PerformanceRow:
        currency = self._currency
        capital = total(book.capital.get(currency, ZERO) for book in books)
        equity = total(book.exact_equity(currency) for book in books)
        return PerformanceRow(
            capital=capital,
            equity=equity,
            total_return=float(ROUNDING.divide(equity, capital)) - 1.0 if capital else 0.0,
            realised=total(book.realised(currency) for book in books),
            unrealised=total(book.unrealised(currency) for book in books),
            fees=total(book.fees.get(currency, ZERO) for book in books),
            max_drawdown=books[0].max_drawdown.get(currency, 0.0) if len(books) == 1 else None,
            fills=sum(book.fills for book in books),
            trades=None,
        )


def _position_view(book: VirtualPortfolio, position: Position, instrument: Instrument) -> PositionView:
    mark = book.marks[position.symbol]
    average_price = ROUNDING.divide(position.cost, EXACT.multiply(position.quantity, instrument.multiplier))
    return PositionView(
        strategy=book.owner,
        symbol=position.symbol,
        quantity=position.quantity,
        average_price=average_price.quantize(instrument.tick_size, context=ROUNDING),
        mark=_for_people(instrument.exact_price(mark), instrument),
        unrealised=EXACT.subtract(instrument.signed_worth(position.quantity, mark), position.cost),
        realised=position.realised,
    )


def _for_people(mark: Decimal, instrument: Instrument) -> Decimal:
    """A mark without the noise that a float's middle of two prices has far behind the tick."""
    on_tick = mark.quantize(instrument.tick_size, context=ROUNDING)
    between_ticks = mark.quantize(ROUNDING.divide(instrument.tick_size, Decimal(10)), context=ROUNDING)
    return on_tick if on_tick == between_ticks else between_ticks


def _holdings(book: VirtualPortfolio) -> HoldingsView:
    held = {position.symbol: position.quantity for position in book.positions.values() if position.quantity}
    return HoldingsView(cash=dict(book.cash), positions=held)
