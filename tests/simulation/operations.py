"""A daemon for its surfaces, in memory: the rules of `Operations`, with no feed and no market behind them."""

from decimal import Decimal

import msgspec

from daemon.api.account_views import AccountView, HoldingsView, MarginView, MovedAccountView, MoveView, PostingView
from daemon.api.balance import account_view
from daemon.api.breaker_views import BreakerView
from daemon.api.operations import AccountRefused, OperationRefused, Vitals, unknown_strategy
from daemon.api.order_views import OrderDetailView, ReconciliationView
from daemon.api.performance_views import ContainerView, PerformanceRow, PerformanceView, StrategyPerformanceView
from daemon.api.stream import Booked, EventStream, Filled, Operated, OrderChanged, Subscription
from daemon.api.views import (
    ISOLATION_NOTES,
    FeedView,
    FillView,
    HealthView,
    OrderView,
    PositionView,
    StatusView,
    StrategyDetailView,
    StrategyView,
)
from daemon.errors import VenueNotRead
from daemon.results.result import Result, of_strategy
from tests.research_builders import CENT, Walk, a_result
from tests.simulation.venue_operations import FOREIGN, VenueInMemory, as_adopted
from trading.account.resolutions import Ended
from trading.market import AccountSnapshot
from trading.orders import FINAL_STATES, Order, OrderChange, OrderTerms, Side
from trading.postings import Posting, PostingKind
from trading.reports import Fill, Liquidity
from trading.timestamps import SECOND, iso

STARTED_NS = 1_767_623_400 * SECOND  # 2026-01-05T14:30:00Z
CAPITAL = Decimal(25_000)


class OperationsInMemory:
    """Strategies that buy AAA when told to; the broker's account is kept apart from their books.

    `reason` stands with every order and strategy. `on_margin` makes it a margin account, on which a tenth of the worth
    is tied up; without `rates_are_known` nobody knows what equity is worth."""

    def __init__(self, strategies: tuple[str, ...] = ("sma-aaa", "maker"), queue_limit: int = 1_000) -> None:
        self.ids = strategies
        self.stream = EventStream(queue_limit)
        self.all_orders: list[Order] = []
        self.all_fills: list[Fill] = []
        self.broker_cash = CAPITAL * len(strategies)
        self.broker_units = Decimal(0)
        self.halt_reason: str | None = None
        self.live = True
        self.alarms: list[str] = []
        self.on_margin = False
        self.rates_are_known = True
        self.all_postings: list[Posting] = []
        self.since_ns: int | None = None
        self.moved: tuple[object, ...] = ()
        self.reason = ""
        self.open_scopes: set[str] = set()
        self.venue = VenueInMemory()

    # What happens to it.

    def buy(self, strategy: str, quantity: int, price: str, *, fill: bool = True) -> Order:
        """Place an order for AAA, and fill it in whole with a fee of 1."""
        n, now_ns = len(self.all_orders) + 1, STARTED_NS + (67 + len(self.all_orders)) * SECOND
        terms = OrderTerms(
            order_id=f"{strategy}-{n}",
            strategy=strategy,
            symbol="AAA",
            side=Side.BUY,
            quantity=Decimal(quantity),
            created_ns=now_ns,
        )
        order = Order(terms=terms)
        for change in (OrderChange.VALIDATE, OrderChange.ROUTE, OrderChange.ACCEPT):
            order.change(change, now_ns)
        self.all_orders.append(order)
        self.stream.publish(OrderChanged(order=OrderView.of(order)))
        if fill:
            self._fill(order, Decimal(price), now_ns)
        return order

    def _fill(self, order: Order, price: Decimal, now_ns: int) -> None:
        terms = order.terms
        fill = Fill(
            execution_id=f"x{len(self.all_fills) + 1}",
            order_id=terms.order_id,
            strategy=terms.strategy,
            symbol=terms.symbol,
            side=terms.side,
            quantity=terms.quantity,
            price=price,
            notional=terms.quantity * price,
            currency="USD",
            fee=Decimal("1.00"),
            fee_currency="USD",
            liquidity=Liquidity.TAKER,
            slippage=Decimal(0),
            ts_ns=now_ns,
        )
        order.fill(fill.quantity, fill.price, now_ns)
        self.all_fills.append(fill)
        self.broker_cash -= fill.notional + fill.fee
        self.broker_units += fill.quantity
        self.stream.publish(Filled(fill=FillView.of(fill)))

    def post(self, book: str, kind: PostingKind, amount: str, *, symbol: str = "") -> None:
        """Book cash without an order."""
        posting = Posting(
            strategy=book,
            event_id=f"e{len(self.all_postings) + 1}",
            kind=kind,
            ts_ns=STARTED_NS + 90 * SECOND,
            symbol=symbol,
            cash={"USD": Decimal(amount)},
        )
        self.all_postings.append(posting)
        if kind is not PostingKind.TRANSFER:
            self.broker_cash += Decimal(amount)
        self.stream.publish(Booked(posting=_posting_view(posting)))

    # What it is asked.

    def status(self) -> StatusView:
        return StatusView(
            mode="paper",
            broker="simulated",
            currency="USD",
            equity=self._equity() if self.rates_are_known else None,
            state="/srv/bulkhead/state",
            pid=4711,
            build="0.1.0",
            started_at=iso(STARTED_NS),
            ready=self.health().ready,
            reasons=self.health().reasons,
            halted=self.halt_reason is not None,
            halt_reason=self.halt_reason or "",
            alarms=self.alarms,
            feed=FeedView(
                kind="synthetic",
                time=iso(STARTED_NS + 67 * SECOND),
                events=1234,
                pace=60.0,
                lag_seconds=0.002,
                at_end=False,
            ),
            strategies={"running": len(self.ids), "tripped": 0},
            event=1234,
            journal_sequence=99,
            durability="process",
        )

    def health(self) -> HealthView:
        reasons = [] if self.halt_reason is None else [f"halted: {self.halt_reason}"]
        return HealthView(live=self.live, ready=self.live and not reasons, reasons=reasons, alarms=self.alarms)

    def vitals(self) -> Vitals:
        return Vitals(
            events_total=1234,
            feed_time_seconds=1_767_623_467.0,
            loop_lag_seconds=0.001,
            journal_sequence=99,
            journal_written_bytes_total=4096,
            journal_syncs_total=12,
            journal_sync_seconds_total=0.25,
            started_at_seconds=1_767_623_400.0,
            margin_calls_total=dict.fromkeys(self.ids[:1], 2),
            liquidations_total=dict.fromkeys(self.ids, 0),
            breaks_open={"foreign_order": 1},
            orders_quarantined=len(self.venue.attempts),
        )

    def strategies(self) -> list[StrategyView]:
        return [msgspec.convert(self._strategy(strategy), StrategyView) for strategy in self.ids]

    def strategy(self, strategy_id: str) -> StrategyDetailView:
        self._known(strategy_id)
        detail = {
            "params": {"symbol": "AAA", "fast": 10},
            "subscriptions": ["AAA bars 1m"],
            "positions": self.positions(strategy_id),
            "limits": {"max_position_quantity": "500"},
        }
        return msgspec.convert(self._strategy(strategy_id) | detail, StrategyDetailView)

    def positions(self, strategy_id: str | None = None) -> list[PositionView]:
        wanted = self.ids if strategy_id is None else (self._known_owner(strategy_id),)
        return [self._position(strategy) for strategy in wanted if self._units(strategy)]

    def account(self) -> AccountView:
        held, mark = abs(self.broker_units), self.all_fills[-1].price if self.all_fills else Decimal(0)
        initial = held * mark / 10
        margin = MarginView(initial=initial, maintenance=initial / 2, free=self._equity() - initial)
        return account_view(
            event=1234,
            journal_sequence=99,
            currency="USD",
            equity=self._equity(),
            margin=margin if self.on_margin else None,
            books={strategy: self._book(strategy) for strategy in self.ids},
            unallocated=HoldingsView(
                cash={"USD": self._posted("unallocated")}, positions={}, equity=self._posted("unallocated")
            ),
            broker=AccountSnapshot(
                cash={"USD": self.broker_cash}, positions={"AAA": self.broker_units} if self.broker_units else {}
            ),
        )

    def breakers(self) -> list[BreakerView]:
        return [self._breaker(scope) for scope in ("account", "venue", *self.ids)]

    async def performance(self, *, since_ns: int | None = None) -> PerformanceView:
        self.since_ns = since_ns
        rows = {strategy: self._performance(self._fills(strategy), CAPITAL) for strategy in self.ids}
        total = self._performance(self.all_fills, CAPITAL * len(self.ids))
        return PerformanceView(
            currency="USD",
            since=iso(STARTED_NS if since_ns is None else since_ns),
            until=iso(STARTED_NS + 67 * SECOND),
            strategies=rows,
            total=msgspec.structs.replace(total, alpha=None, beta=None),
        )

    async def report(self, strategy_id: str | None = None) -> Result:
        walks = [Walk(name, "AAA", 100.0 + place, 0.01, CENT, Decimal(1)) for place, name in enumerate(self.ids)]
        whole = a_result(days=30, walks=walks)
        return whole if strategy_id is None else of_strategy(whole, self._known(strategy_id))

    async def strategy_performance(self, strategy_id: str, *, since_ns: int | None = None) -> StrategyPerformanceView:
        view = await self.performance(since_ns=since_ns)
        return StrategyPerformanceView(
            strategy=self._known(strategy_id),
            currency=view.currency,
            since=view.since,
            until=view.until,
            performance=view.strategies[strategy_id],
            container=ContainerView(
                container_id=strategy_id,
                start_time=iso(STARTED_NS),
                events_processed=1_200,
                orders_generated=sum(order.terms.strategy == strategy_id for order in self.all_orders),
                fills_executed=len(self._fills(strategy_id)),
                final_portfolio_value=view.strategies[strategy_id].equity,
                max_drawdown=-0.0125,
                sharpe_ratio=1.5,
            ),
        )

    async def postings(self, *, strategy_id: str | None = None, limit: int = 100) -> list[PostingView]:
        if strategy_id is not None:
            self._known_owner(strategy_id)
        return [_posting_view(one) for one in self.all_postings if strategy_id in (None, one.strategy)][-limit:]

    async def deposit(self, amount: Decimal, *, currency: str, reason: str) -> MovedAccountView:
        assert currency in ("", "USD"), currency
        self.post("unallocated", PostingKind.DEPOSIT, str(amount))
        return self._after(None, "unallocated", amount)

    async def withdraw(self, amount: Decimal, *, currency: str, reason: str) -> MovedAccountView:
        assert currency in ("", "USD"), currency
        self._require("unallocated", amount)
        self.post("unallocated", PostingKind.WITHDRAWAL, str(-amount))
        return self._after("unallocated", None, amount)

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
        for owner in (source, target):
            self._known_owner(owner)
        self.moved = (source, target, amount, currency, symbol, price, reason)
        if not symbol:
            self._require(source, amount)
            self.post(source, PostingKind.TRANSFER, str(-amount))
            self.post(target, PostingKind.TRANSFER, str(amount))
        return self._after(source, target, amount, symbol, price)

    async def orders(
        self, *, strategy_id: str | None = None, open_only: bool = False, limit: int = 100
    ) -> list[OrderView]:
        if strategy_id is not None:
            self._known_owner(strategy_id)
        wanted = [
            msgspec.structs.replace(OrderView.of(order), reason=self.reason)
            for order in self.all_orders
            if strategy_id in (None, order.terms.strategy) and not (open_only and order.state in FINAL_STATES)
        ]
        return wanted[-limit:]

    async def fills(self, *, strategy_id: str | None = None, limit: int = 100) -> list[FillView]:
        if strategy_id is not None:
            self._known_owner(strategy_id)
        return [FillView.of(f) for f in self.all_fills if strategy_id in (None, f.strategy)][-limit:]

    async def order(self, order_id: str) -> OrderDetailView:
        fills = [fill for fill in self.all_fills if fill.order_id == order_id]
        return self.venue.detail(self._order(order_id), fills, order_id)

    def reconciliation(self) -> ReconciliationView:
        return self.venue.reconciliation()

    async def reconcile(self, *, reason: str) -> ReconciliationView:
        if self.venue.is_silent:
            raise VenueNotRead("the venue has not told all that it was asked within 8 s; nothing is decided")
        self.venue.reconciliation()
        if not any(one.kind is PostingKind.ADJUSTMENT for one in self.all_postings):
            self.post("unallocated", PostingKind.ADJUSTMENT, "-300.21", symbol="AAA")
        return self.venue.reconciliation([_posting_view(self.all_postings[-1])])

    async def adopt(
        self, strategy: str, *, symbol: str, units: Decimal | None, price: Decimal | None, reason: str
    ) -> MovedAccountView:
        self._known(strategy)
        return self._after("unallocated", strategy, units or Decimal(3), symbol, price)

    async def adopt_order(self, strategy: str, venue_id: str, *, reason: str) -> OrderDetailView:
        self._known(strategy)
        if venue_id != FOREIGN:
            raise OperationRefused(
                f"no order {venue_id} works that is nobody's; bulkhead reconcile shows those that do"
            )
        return as_adopted(await self.order(self.all_orders[0].order_id), strategy)

    async def cancel_order(self, order_id: str, *, reason: str) -> OrderDetailView:
        await self.order(order_id)
        self.venue.cancel(self._order(order_id))  # type: ignore[arg-type]  # it is there
        return await self.order(order_id)

    async def resolve_order(
        self, order_id: str, *, ended: Ended, filled: Decimal | None, price: Decimal | None, reason: str
    ) -> OrderDetailView:
        await self.order(order_id)
        self.venue.resolve(self._order(order_id), ended, filled, price, reason)  # type: ignore[arg-type]  # it is there
        return await self.order(order_id)

    async def reset_breaker(self, scope: str, *, reason: str) -> BreakerView:
        if scope not in ("account", "venue"):
            self._known(scope)
        self.open_scopes.discard(scope)
        self.stream.publish(Operated(action="reset_breaker", ts=iso(STARTED_NS), reason=reason))
        return self._breaker(scope)

    async def halt(self, reason: str, *, cancel_orders: bool) -> StatusView:
        self.halt_reason = reason
        for order in self.all_orders if cancel_orders else ():
            if order.is_open:
                order.change(OrderChange.CANCEL, STARTED_NS)
        self.stream.publish(Operated(action="halt", ts=iso(STARTED_NS), reason=reason))
        return self.status()

    async def resume(self, reason: str) -> StatusView:
        self.halt_reason = None
        self.stream.publish(Operated(action="resume", ts=iso(STARTED_NS), reason=reason))
        return self.status()

    def subscribe(self) -> Subscription:
        return self.stream.subscribe()

    # How it counts.

    def _order(self, order_id: str) -> Order | None:
        return next((order for order in self.all_orders if order.order_id == order_id), None)

    def _equity(self) -> Decimal:
        return self.broker_cash + (self.broker_units * self.all_fills[-1].price if self.all_fills else 0)

    def _posted(self, book: str) -> Decimal:
        return sum((one.cash["USD"] for one in self.all_postings if one.strategy == book), Decimal(0))

    def _require(self, book: str, amount: Decimal) -> None:
        held = self._posted(book) if book == "unallocated" else self._book(book).cash["USD"]
        if amount > held:
            raise AccountRefused(f"{book} has {held} USD; {amount} of that cannot be moved")

    def _after(
        self, source: str | None, target: str | None, amount: Decimal, symbol: str = "", price: Decimal | None = None
    ) -> MovedAccountView:
        """Units go at the last fill's price where none is named."""
        at = (price or self.all_fills[-1].price) if symbol else None
        told = amount if symbol else amount.quantize(Decimal("0.01"))
        moved = MoveView(source=source, target=target, amount=told, currency="USD", symbol=symbol, price=at)
        return MovedAccountView(**msgspec.structs.asdict(self.account()), moved=moved)

    def _breaker(self, scope: str) -> BreakerView:
        is_open = scope in self.open_scopes
        return BreakerView(
            scope=scope,
            state=("half_open" if scope == "venue" else "open") if is_open else "closed",
            triggers=["transport_errors" if scope == "venue" else "order_rate"] if is_open else [],
            reason=("requests failed in a row: 5" if scope == "venue" else "orders within 1s: 31") if is_open else "",
            since=iso(STARTED_NS) if is_open else None,
            latched=is_open and scope != "venue",
            next_at=iso(STARTED_NS + 5 * SECOND) if is_open and scope == "venue" else None,
            sealed=False,
            policy="leave" if scope == "venue" else "cancel",
            shortfall="",
            limits={"transport_errors_in_a_row": "5"} if scope == "venue" else {},
        )

    def _known_owner(self, owner: str) -> str:
        return owner if owner == "unallocated" else self._known(owner)

    def _known(self, strategy_id: str) -> str:
        if strategy_id not in self.ids:
            raise unknown_strategy(strategy_id, self.ids)
        return strategy_id

    def _fills(self, strategy: str) -> list[Fill]:
        return [fill for fill in self.all_fills if fill.strategy == strategy]

    def _units(self, strategy: str) -> Decimal:
        return sum((fill.quantity for fill in self._fills(strategy)), Decimal(0))

    def _book(self, strategy: str) -> HoldingsView:
        spent = sum((fill.notional + fill.fee for fill in self._fills(strategy)), Decimal(0))
        units = self._units(strategy)
        cash = CAPITAL - spent + self._posted(strategy)
        return HoldingsView(
            cash={"USD": cash},
            positions={"AAA": units} if units else {},
            balance={"USD": cash + spent} if self.on_margin and units else {},
            equity=cash + (units * self.all_fills[-1].price if units else 0) if self.rates_are_known else None,
        )

    def _position(self, strategy: str) -> PositionView:
        fills, units = self._fills(strategy), self._units(strategy)
        average = sum((fill.notional for fill in fills), Decimal(0)) / units
        mark = self.all_fills[-1].price
        return PositionView(
            strategy=strategy,
            symbol="AAA",
            currency="USD",
            quantity=units,
            average_price=average,
            mark=mark,
            unrealised=(mark - average) * units,
            realised=Decimal(0),
            margin=units * mark / 10 if self.on_margin else None,
        )

    def _strategy(self, strategy: str) -> dict[str, object]:
        fees = sum((fill.fee for fill in self._fills(strategy)), Decimal(0))
        unrealised = sum((p.unrealised for p in self.positions(strategy)), Decimal(0))
        own = [order for order in self.all_orders if order.terms.strategy == strategy]
        return {
            "id": strategy,
            "class": "strategies.sma_cross:SmaCross",
            "isolation": "task",
            "isolation_note": ISOLATION_NOTES["task"],
            "state": "running",
            "capital": CAPITAL,
            "equity": CAPITAL + unrealised - fees if self.rates_are_known else None,
            "cash": self._book(strategy).cash["USD"],
            "realised": Decimal(0),
            "unrealised": unrealised,
            "fees": fees,
            "income": {
                one.kind: {"USD": one.cash["USD"]}
                for one in self.all_postings
                if one.strategy == strategy and one.symbol
            },
            "max_drawdown": -0.0125,
            "orders": len(own),
            "fills": len(self._fills(strategy)),
            "open_orders": sum(order.is_open for order in own),
            "reason": self.reason,
            "restarts": 0,
            "conflated": 0,
            "kept_bars": 0,
        }

    def _performance(self, fills: list[Fill], capital: Decimal) -> PerformanceRow:
        fees = sum((fill.fee for fill in fills), Decimal(0))
        return PerformanceRow(
            capital=capital,
            equity=capital - fees,
            net_profit=-fees,
            total_return=float(-fees / capital),
            cagr=-0.0417,
            volatility=0.0732,
            sharpe=-1.234,
            sortino=-1.5,
            calmar=None,
            max_drawdown=float(-fees / capital),
            max_drawdown_days=2.5,
            value_at_risk=-0.003,
            alpha=0.01,
            beta=0.98,
            fills=len(fills),
            trades=3,
            win_rate=2 / 3,
            profit_factor=1.375,
            expectancy=Decimal("12.34"),
            exposure=0.4,
            turnover=0.2,
            fees=fees,
            dividends=Decimal("1.20"),
            funding=Decimal(0),
            swap=Decimal(0),
            borrow=Decimal("-0.35"),
            interest=None,
        )


def _posting_view(posting: Posting) -> PostingView:
    return PostingView.of(posting, "USD" if posting.symbol else "")
