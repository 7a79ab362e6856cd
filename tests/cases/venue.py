"""A market set to the rules of a case, the orders that were sent to it and the books of what it filled."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import msgspec

from brokers.simulated.costs import CommissionModel, NoCommission, NoSlippage, SlippageModel
from brokers.simulated.market import SimulatedMarket
from brokers.simulated.rules import MarketRules
from trading.commands import WireAmend, WireCancel, WireSubmit
from trading.instruments import Instrument, InstrumentKind
from trading.market import Effect
from trading.market_data import MarketEvent
from trading.money import Currency
from trading.order_manager import OrderManager
from trading.orders import Order, OrderChange, OrderTerms, OrderType, Side
from trading.portfolio import VirtualPortfolio
from trading.reports import ExecutionReport, Fill
from trading.sessions import Sessions


def instrument(symbol: str, *, currency: str = "USD", quantum: str = "0.01", tick: str = "0.00001") -> Instrument:
    """One whose prices need no rounding, in a currency that is booked to a quantum of the case."""
    return Instrument(
        symbol=symbol,
        kind=InstrumentKind.EQUITY,
        currency=Currency(code=currency, quantum=Decimal(quantum)),
        tick_size=Decimal(tick),
        lot_size=Decimal(1),
    )


class Venue:
    """Sends orders under short names, hears events, keeps the reports. Short sales are credited, as most peers do."""

    def __init__(
        self,
        instruments: Iterable[Instrument],
        *,
        cash: str,
        match_on: str,
        rules: MarketRules | None = None,
        commission: CommissionModel | None = None,
        slippage: SlippageModel | None = None,
        sessions: Mapping[str, Sessions] | None = None,
        short_sales: bool = True,
    ) -> None:
        known = {one.symbol: one for one in instruments}
        self.currency = next(iter(known.values())).currency.code
        self.market = SimulatedMarket(
            instruments=known,
            cash={self.currency: Decimal(cash)},
            match_on=dict.fromkeys(known, match_on),
            slippage=slippage or NoSlippage(),
            commission=commission or NoCommission(),
            rules=rules,
            sessions=sessions,
            short_sales=short_sales,
        )
        self.books = VirtualPortfolio("case", {self.currency: Decimal(cash)}, known)
        self.orders = OrderManager("case")
        self.fills: list[Fill] = []
        self.reports: list[ExecutionReport] = []
        self.now_ns = 0

    def hear(self, event: MarketEvent) -> list[Fill]:
        """Bring an event to the market; what it filled."""
        self.now_ns = event.ts_ns
        return self._take(self.market.on_event(event))

    def order(self, name: str, symbol: str, side: Side, quantity: str, kind: OrderType, **more: Any) -> list[Fill]:
        """Send an order under a name; what it filled at once. Prices of `more` are text."""
        asked: dict[str, Any] = {key: Decimal(value) if _is_price(key) else value for key, value in more.items()}
        terms = OrderTerms(
            order_id=name,
            strategy="case",
            symbol=symbol,
            side=side,
            quantity=Decimal(quantity),
            created_ns=self.now_ns,
            type=kind,
            **asked,
        )
        order = self.orders.add(terms)
        self.orders.change(order, OrderChange.VALIDATE, self.now_ns)
        self.orders.change(order, OrderChange.ROUTE, self.now_ns)
        return self._take(self.market.on_command(WireSubmit(cid=name, terms=terms), self.now_ns))

    def cancel(self, name: str) -> None:
        """Withdraw an order."""
        command = WireCancel(cid=name, order_id=name, strategy="case", ts_ns=self.now_ns)
        self._take(self.market.on_command(command, self.now_ns))

    def amend(self, name: str, **terms: Any) -> None:
        """Ask for other terms."""
        changed = msgspec.structs.replace(self.known(name).terms, **terms)
        command = WireAmend(cid=name, terms=changed, ts_ns=self.now_ns)
        self._take(self.market.on_command(command, self.now_ns))

    def known(self, name: str) -> Order:
        """The order of a name as its keeper sees it."""
        order = self.orders.get(name)
        assert order is not None, name
        return order

    @property
    def cash(self) -> Decimal:
        """What the books hold; the market's own account must agree."""
        cash = self.books.cash[self.currency]
        assert self.market.account().cash[self.currency] == cash
        return cash

    def held(self, symbol: str) -> Decimal:
        """Signed units that the books hold; the market's own account must agree."""
        units = self.books.quantity(symbol)
        assert self.market.account().positions.get(symbol, Decimal(0)) == units
        return units

    def _take(self, effects: Iterable[Effect]) -> list[Fill]:
        fills = []
        for effect in effects:
            if not isinstance(effect, ExecutionReport):
                continue
            self.reports.append(effect)
            _, fill = self.orders.apply(effect)
            if fill is not None:
                self.books.book(fill)
                fills.append(fill)
        self.fills += fills
        return fills


def _is_price(key: str) -> bool:
    return key.endswith(("_price", "_amount", "_percent"))
