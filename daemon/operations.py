"""The running daemon as its surfaces see it: views made from the floor's own books, histories from the projection."""

from collections.abc import Callable
from decimal import Decimal

import msgspec

from daemon.api.account_views import AccountView, HoldingsView, MovedAccountView, MoveView, PostingView
from daemon.api.balance import account_view
from daemon.api.breaker_views import BreakerView
from daemon.api.operations import Vitals
from daemon.api.order_views import BreakView, OrderDetailView, ReconciliationView
from daemon.api.performance_views import PerformanceView, StrategyPerformanceView
from daemon.api.stream import Disagreed, EventStream, Subscription
from daemon.api.views import (
    FillView,
    HealthView,
    OrderView,
    PositionView,
    StatusView,
    StrategyDetailView,
    StrategyView,
)
from daemon.book_views import AccountValues, holdings_view
from daemon.breaker_desk import BreakerDesk
from daemon.clock import Clock
from daemon.condition import Condition, Identity, Pulse
from daemon.errors import BadRequest, UnknownOrder
from daemon.journal.log import Journal
from daemon.projector import Projector
from daemon.reporting import Reporting
from daemon.results.result import Result
from daemon.shells import Shell
from daemon.strategy_desk import StrategyDesk
from daemon.treasury import Treasury, Units
from daemon.venue_desk import VenueDesk, is_of_reconciliation
from trading.account.records import Operation
from trading.account.resolutions import Ended
from trading.instruments import currency_of
from trading.portfolio import VirtualPortfolio
from trading.postings import Posting


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
        clock: Clock,
    ) -> None:
        self._shell = shell
        self._journal = journal
        self._projector = projector
        self._stream = stream
        fleet = shell.floor.fleet
        currency = currency_of(fleet.currency, fleet.instruments.values())
        self._values = AccountValues(shell.floor.lockstep.router, fleet.instruments, currency)
        self._reporting = Reporting(shell, journal, projector, identity, clock)
        self._treasury = Treasury(shell, is_paper=identity.mode == "paper")
        self._breakers = BreakerDesk(shell)
        self._venue = VenueDesk(shell)
        self._strategies = StrategyDesk(shell, self._values, lambda: pulse.ready)
        self._condition = Condition(
            identity=identity,
            pulse=pulse,
            shell=shell,
            journal=journal,
            projector=projector,
            values=self._values,
            strategies=self._strategies,
            breakers=self._breakers,
            venue=self._venue,
            watched=watched,
        )
        if shell.venue is not None:
            shell.venue.tell = lambda one: stream.publish(Disagreed(found=BreakView.of(one)))

    # What it knows.

    def status(self) -> StatusView:
        """The daemon in one look."""
        return self._condition.status()

    def health(self) -> HealthView:
        """Whether it makes progress and may trade."""
        return self._condition.health()

    def vitals(self) -> Vitals:
        """What only the metrics page shows."""
        return self._condition.vitals()

    def strategies(self) -> list[StrategyView]:
        """Every strategy, in the config's order."""
        return self._strategies.all()

    def strategy(self, strategy_id: str) -> StrategyDetailView:
        """One strategy in full."""
        return self._strategies.one(strategy_id)

    def positions(self, strategy_id: str | None = None) -> list[PositionView]:
        """What is held, flat positions left out."""
        return self._strategies.positions(strategy_id)

    def account(self) -> AccountView:
        """All books beside the market's own account, at one event."""
        floor = self._shell.floor
        ledger = floor.lockstep.router.ledger
        return account_view(
            event=floor.lockstep.events,
            journal_sequence=self._journal.safe_sequence,
            currency=floor.fleet.currency,
            equity=self._values.whole_equity(),
            margin=self._values.margin(),
            books={owner: self._holdings(ledger.of(owner)) for owner in ledger.owners},
            unallocated=self._holdings(ledger.unallocated),
            broker=floor.lockstep.market.account(),
        )

    def breakers(self) -> list[BreakerView]:
        """Every circuit breaker."""
        return self._breakers.breakers()

    async def performance(self, *, since_ns: int | None = None) -> PerformanceView:
        """How each strategy and the account did; what no strategy was given counts in the total."""
        return await self._reporting.of_all(since_ns)

    async def strategy_performance(self, strategy_id: str, *, since_ns: int | None = None) -> StrategyPerformanceView:
        """How one strategy did, in full."""
        return await self._reporting.of_one(self._strategies.entry(strategy_id).id, since_ns)

    async def report(self, strategy_id: str | None = None) -> Result:
        """The whole run so far, or one strategy's part of it."""
        return await self._reporting.result(None if strategy_id is None else self._strategies.entry(strategy_id).id)

    async def orders(
        self, *, strategy_id: str | None = None, open_only: bool = False, limit: int = 100
    ) -> list[OrderView]:
        """The newest orders, oldest first."""
        owner = self._strategies.owner(strategy_id)
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
        owner = self._strategies.owner(strategy_id)
        found = await self._projector.ask(lambda projection: projection.fills(strategy=owner, limit=limit))
        return [FillView.of(row.fill) for row in found]

    async def postings(self, *, strategy_id: str | None = None, limit: int = 100) -> list[PostingView]:
        """The newest changes of books without orders, oldest first."""
        owner = self._strategies.owner(strategy_id)
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
        return await self.order(await self._venue.adopt(self._strategies.entry(strategy).id, venue_id, reason))

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
        return await self._breakers.reset(scope, reason)

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

    def _holdings(self, book: VirtualPortfolio) -> HoldingsView:
        return holdings_view(book, self._values.equity(book))

    def _posting_view(self, posting: Posting) -> PostingView:
        instruments = self._shell.floor.fleet.instruments
        return PostingView.of(posting, instruments[posting.symbol].currency.code if posting.symbol else "")

    def _after(self, moved: MoveView) -> MovedAccountView:
        return MovedAccountView(**msgspec.structs.asdict(self.account()), moved=moved)
