"""The risk manager of one container: it alone turns a signal into an order, sizing it, limiting it or refusing it.

A target counts what works. Where that would miss it, the target's own order is cancelled first, and a new one is sent
only after the cancel's report, so that two never fill together. While any order is being cancelled, a target waits.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from trading.admission import ContainerHoldings, Refusal, malformed, over_limit, unaffordable
from trading.bus import EventBus
from trading.errors import StrategyMisuse
from trading.instruments import Instrument
from trading.limits import EquityShare, FixedSize, RiskLimits, Sizing
from trading.money import EXACT, ROUNDING, ZERO
from trading.order_manager import OrderManager
from trading.orders import Order, OrderState, OrderTerms, OrderType, Side
from trading.portfolio import VirtualPortfolio
from trading.signals import CancelRequest, Entry, Exit, OrderRequest, Target


class RefusedTerms(msgspec.Struct, frozen=True):
    """An order that the risk manager made and refused."""

    terms: OrderTerms
    refusal: Refusal


class RiskManager:
    """Hears signals, publishes `OrderTerms` that may go out and `RefusedTerms` that may not."""

    def __init__(
        self,
        *,
        owner: str,
        bus: EventBus,
        orders: OrderManager,
        portfolio: VirtualPortfolio,
        instruments: Mapping[str, Instrument],
        limits: RiskLimits,
        sizing: Sizing | None,
    ) -> None:
        self.owner = owner
        self.now_ns = 0
        self._bus = bus
        self._orders = orders
        self._portfolio = portfolio
        self._instruments = instruments
        self._limits = limits
        self._sizing = sizing
        self._holdings = ContainerHoldings(portfolio, orders, instruments)
        self._awaiting_cancel: dict[str, Decimal] = {}
        bus.subscribe(Target, self.on_target)
        bus.subscribe(Entry, self.on_entry)
        bus.subscribe(Exit, self.on_exit)
        bus.subscribe(OrderRequest, self.on_request)
        bus.subscribe(Order, self.on_order)

    def price_of(self, symbol: str) -> Decimal | None:
        """The last price that this container heard of a symbol."""
        mark = self._portfolio.marks.get(symbol)
        return None if mark is None else self._instruments[symbol].exact_price(mark)

    def on_target(self, target: Target) -> None:
        """Work towards a signed quantity."""
        symbol = target.symbol
        instrument = self._instrument(symbol)
        working = self._orders.open(symbol)
        if any(order.state is OrderState.PENDING_CANCEL for order in working):
            self._awaiting_cancel[symbol] = target.quantity
            return
        self._awaiting_cancel.pop(symbol, None)
        missing = EXACT.subtract(instrument.whole_lots(target.quantity), self._portfolio.quantity(symbol))
        for order in working:
            missing = EXACT.subtract(missing, order.signed_remaining)
        own = [order for order in working if order.terms.to_target]
        if missing and own:
            self._awaiting_cancel[symbol] = target.quantity
            for order in own:
                self._bus.publish(CancelRequest(order_id=order.order_id))
        elif missing:
            self._submit(symbol, missing, reason=f"target {target.quantity}", to_target=True)

    def on_entry(self, entry: Entry) -> None:
        """Enter at the configured size."""
        instrument = self._instrument(entry.symbol)
        quantity = instrument.whole_lots(self._size(entry, instrument))
        self._submit(entry.symbol, entry.side.signed(quantity), reason=f"entry {entry.strength:g}", to_target=False)

    def on_exit(self, exit_: Exit) -> None:
        """Go flat."""
        self.on_target(Target(symbol=exit_.symbol, quantity=ZERO))

    def on_request(self, request: OrderRequest) -> None:
        """Pass on one explicit order."""
        self._instrument(request.symbol)
        self._decide(
            OrderTerms(
                order_id=request.order_id,
                strategy=self.owner,
                symbol=request.symbol,
                side=request.side,
                quantity=request.quantity,
                created_ns=self.now_ns,
                type=request.type,
                limit_price=request.limit_price,
                time_in_force=request.time_in_force,
                reason=request.reason,
            )
        )

    def on_order(self, order: Order) -> None:
        """Take up a target that waited for this order's end."""
        symbol = order.terms.symbol
        if not order.is_open and symbol in self._awaiting_cancel:
            self.on_target(Target(symbol=symbol, quantity=self._awaiting_cancel[symbol]))

    def state(self) -> dict[str, Any]:
        """Everything that `restore` needs."""
        return {"awaiting_cancel": dict(self._awaiting_cancel)}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Become the risk manager that gave this state."""
        self._awaiting_cancel = msgspec.convert(state["awaiting_cancel"], dict[str, Decimal])

    def _instrument(self, symbol: str) -> Instrument:
        try:
            return self._instruments[symbol]
        except KeyError:
            raise StrategyMisuse(f"{symbol!r} is no instrument here; known: {', '.join(self._instruments)}") from None

    def _size(self, entry: Entry, instrument: Instrument) -> Decimal:
        strength = Decimal(repr(entry.strength))
        match self._sizing:
            case FixedSize(quantity=quantity):
                return ROUNDING.multiply(quantity, strength)
            case EquityShare(share=share):
                price = self.price_of(entry.symbol)
                if price is None:
                    return ZERO
                equity = self._holdings.equity(instrument.currency.code)
                money = ROUNDING.multiply(ROUNDING.multiply(equity, share), strength)
                return ROUNDING.divide(money, ROUNDING.multiply(price, instrument.multiplier))
            case None:
                raise StrategyMisuse("enter() needs a size; give the strategy's risk section a `sizing`")

    def _submit(self, symbol: str, signed: Decimal, *, reason: str, to_target: bool) -> None:
        self._decide(
            OrderTerms(
                order_id=self._orders.next_order_id(),
                strategy=self.owner,
                symbol=symbol,
                side=Side.BUY if signed >= 0 else Side.SELL,
                quantity=signed.copy_abs(),
                created_ns=self.now_ns,
                type=OrderType.MARKET,
                to_target=to_target,
                reason=reason,
            )
        )

    def _decide(self, terms: OrderTerms) -> None:
        instrument = self._instruments[terms.symbol]
        refusal = (
            malformed(terms, instrument)
            or unaffordable(terms, instrument, self._holdings, self.price_of)
            or over_limit(terms, self._limits, self._instruments, self._holdings, self.price_of)
        )
        self._bus.publish(terms if refusal is None else RefusedTerms(terms, refusal))
