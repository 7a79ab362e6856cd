"""A daemon for its surfaces, in memory: the rules of `Operations`, with no feed and no market behind them."""

from decimal import Decimal

import msgspec

from daemon.api.balance import account_view
from daemon.api.operations import Vitals, unknown_strategy
from daemon.api.stream import EventStream, Filled, Operated, OrderChanged, Subscription
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
    StrategyView,
)
from trading.market import AccountSnapshot
from trading.orders import FINAL_STATES, Order, OrderChange, OrderTerms, Side
from trading.reports import Fill, Liquidity
from trading.timestamps import SECOND, iso

STARTED_NS = 1_767_623_400 * SECOND  # 2026-01-05T14:30:00Z
CAPITAL = Decimal(25_000)


class OperationsInMemory:
    """Strategies that buy AAA when told to; the broker's account is kept apart from their books."""

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

    # What it is asked.

    def status(self) -> StatusView:
        return StatusView(
            mode="paper",
            broker="simulated",
            currency="USD",
            state="/srv/bulkhead/state",
            pid=4711,
            build="0.1.0",
            started_at=iso(STARTED_NS),
            ready=self.health().ready,
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
        wanted = self.ids if strategy_id is None else (self._known(strategy_id),)
        return [self._position(strategy) for strategy in wanted if self._units(strategy)]

    def account(self) -> AccountView:
        return account_view(
            event=1234,
            journal_sequence=99,
            books={strategy: self._book(strategy) for strategy in self.ids},
            unallocated=HoldingsView(cash={"USD": Decimal(0)}, positions={}),
            broker=AccountSnapshot(
                cash={"USD": self.broker_cash}, positions={"AAA": self.broker_units} if self.broker_units else {}
            ),
        )

    def performance(self) -> PerformanceView:
        rows = {strategy: self._performance(self._fills(strategy), CAPITAL) for strategy in self.ids}
        return PerformanceView(
            currency="USD", strategies=rows, total=self._performance(self.all_fills, CAPITAL * len(self.ids))
        )

    async def orders(
        self, *, strategy_id: str | None = None, open_only: bool = False, limit: int = 100
    ) -> list[OrderView]:
        if strategy_id is not None:
            self._known(strategy_id)
        wanted = [
            OrderView.of(order)
            for order in self.all_orders
            if strategy_id in (None, order.terms.strategy) and not (open_only and order.state in FINAL_STATES)
        ]
        return wanted[-limit:]

    async def fills(self, *, strategy_id: str | None = None, limit: int = 100) -> list[FillView]:
        if strategy_id is not None:
            self._known(strategy_id)
        return [FillView.of(f) for f in self.all_fills if strategy_id in (None, f.strategy)][-limit:]

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
        return HoldingsView(cash={"USD": CAPITAL - spent}, positions={"AAA": units} if units else {})

    def _position(self, strategy: str) -> PositionView:
        fills, units = self._fills(strategy), self._units(strategy)
        average = sum((fill.notional for fill in fills), Decimal(0)) / units
        mark = self.all_fills[-1].price
        return PositionView(
            strategy=strategy,
            symbol="AAA",
            quantity=units,
            average_price=average,
            mark=mark,
            unrealised=(mark - average) * units,
            realised=Decimal(0),
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
            "equity": CAPITAL + unrealised - fees,
            "cash": self._book(strategy).cash["USD"],
            "realised": Decimal(0),
            "unrealised": unrealised,
            "fees": fees,
            "orders": len(own),
            "fills": len(self._fills(strategy)),
            "open_orders": sum(order.is_open for order in own),
            "reason": "",
            "restarts": 0,
            "conflated": 0,
        }

    def _performance(self, fills: list[Fill], capital: Decimal) -> PerformanceRow:
        fees = sum((fill.fee for fill in fills), Decimal(0))
        return PerformanceRow(
            capital=capital,
            equity=capital - fees,
            total_return=float(-fees / capital),
            realised=Decimal(0),
            unrealised=Decimal(0),
            fees=fees,
            max_drawdown=float(fees / capital) if capital == CAPITAL else None,
            fills=len(fills),
            trades=None,
        )
