"""What a venue does where the margin no longer holds: it calls for more, and closes what cannot be kept.

Looked at once after each event, at the marks that it leaves; what lies within a bar nobody has seen.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Final

import msgspec

from brokers.simulated.glance import Glance, Standing
from brokers.simulated.margin import MarginAccount, Reckoning
from brokers.simulated.marks import NotValued
from brokers.simulated.orders import MarketOrders
from brokers.simulated.settlement import NOTHING
from trading.account.ledger import UNALLOCATED
from trading.market import Effect
from trading.money import EXACT, ZERO
from trading.orders import OrderTerms, Side
from trading.postings import AccountEvent, Liquidation, MarginCall
from trading.refusals import Refusal
from trading.reports import Fill, Liquidity

RECOVERED: Final = Decimal("1.05")
"""So many times what it was called below equity must be before it is called again: else it would be at every tick."""

_LEVEL: Final = {
    False: "the initial margin of what is held",
    True: "half way from its initial margin to that which keeps it",
}

EndOrders = Callable[[str, Refusal, int], list[Effect]]
"""Cancels the working orders of a symbol, for a reason, at a time."""


class MarginWatch:
    """Watches the account as a whole, and each isolated position by itself."""

    def __init__(self, orders: MarketOrders, account: MarginAccount, *, end_orders: EndOrders, name: str) -> None:
        self._orders = orders
        self._account = account
        self._end_orders = end_orders
        self._name = name
        self._glance = Glance(account)

    @property
    def is_at_stake(self) -> bool:
        """Whether anything was traded on margin, or an order works that may come to that."""
        instruments = self._account.instruments
        return any(instruments[symbol].margin is not None for symbol in self._account.books.traded) or any(
            instruments[order.terms.symbol].margin is not None for order in self._orders.working.values()
        )

    def begin(self) -> None:
        """Before an event: whose equity is high enough again may be called once more.

        That nobody is told of; a market that only hears what came of events comes to the same at the same place.
        """
        called = self._account.called
        if not called:
            return
        standings = {standing.scope: standing for standing in self._glance.standings()}
        held = {*self._account.isolated(), *([""] if self._account.margined() else [])}
        for scope in list(called):
            standing = standings.get(scope)
            if scope not in held or (standing is not None and self._has_recovered(standing)):
                del called[scope]

    def look(self, ts_ns: int) -> list[Effect]:
        """What the venue does after an event."""
        if not self._account.books.positions:
            return []
        effects: list[Effect] = []
        for standing in list(self._glance.standings()):
            scope, equity, call, maintenance, band = standing
            if equity - call > band or (scope in self._account.called and equity - maintenance > band):
                continue
            exact = self._reckon(scope)
            if exact is not None and exact.equity < exact.maintenance:
                self._liquidate(scope, exact, effects, ts_ns)
                exact = self._reckon(scope) if self._holds(scope) else None
            if exact is not None and exact.equity < exact.call and scope not in self._account.called:
                self._tell(effects, self._call(scope, exact, ts_ns))
        return effects

    # Judged.

    def _has_recovered(self, standing: Standing) -> bool:
        enough = standing.call * float(RECOVERED)
        if abs(standing.equity - enough) > standing.band:
            return standing.equity > enough
        exact = self._reckon(standing.scope)
        return exact is not None and exact.equity >= EXACT.multiply(exact.call, RECOVERED)

    def _reckon(self, scope: str) -> Reckoning | None:
        try:
            return self._account.reckon(scope)
        except NotValued:
            return None

    def _holds(self, scope: str) -> bool:
        return bool(self._account.position(scope) if scope else self._account.margined())

    # Done.

    def _call(self, scope: str, found: Reckoning, ts_ns: int) -> MarginCall:
        return MarginCall(
            event_id=self._event_id(),
            ts_ns=ts_ns,
            symbol=scope,
            reason=f"{self._whose(scope, found)} is below {found.call}, {_LEVEL[bool(scope)]}",
        )

    def _liquidate(self, scope: str, found: Reckoning, effects: list[Effect], ts_ns: int) -> None:
        account = self._account
        reason = f"{self._whose(scope, found)} was below the maintenance margin of {found.maintenance}"
        symbols = [scope] if scope else account.traded_on_margin()
        for symbol in symbols:
            effects += self._end_orders(symbol, Refusal("liquidation", reason), ts_ns)
        held = [scope] if scope else sorted(account.margined(), key=account.maintenance, reverse=True)
        for symbol in held:
            now = self._reckon(scope)
            if now is None or now.equity >= now.maintenance:
                return
            fill = self._close(symbol, ts_ns)
            if fill is not None:
                closed = f"{fill.side} of {fill.quantity} {symbol} at {fill.price}"
                event = Liquidation(event_id=self._event_id(), ts_ns=ts_ns, fill=fill, reason=f"{reason}: {closed}")
                self._tell(effects, event)

    def _close(self, symbol: str, ts_ns: int) -> Fill | None:
        """The fill that closes a position at the market; None where that has no price now."""
        held, book = self._account.position(symbol), self._orders.books[symbol]
        side = Side.SELL if held > 0 else Side.BUY
        price, quantity = book.reference(side), held.copy_abs()
        if price is None:
            return None
        terms = OrderTerms(
            order_id=f"liquidation-{self._orders.liquidations + 1}",
            strategy=UNALLOCATED,
            symbol=symbol,
            side=side,
            quantity=quantity,
            created_ns=ts_ns,
        )
        fill = self._orders.settle(
            f"{self._name}-{self._orders.fills + 1}",
            terms,
            NOTHING,
            book.taking(side, quantity),
            price=price,
            liquidity=Liquidity.TAKER,
            ts_ns=ts_ns,
        )
        if symbol not in self._account.isolated() or fill.fee_currency != fill.currency:
            return fill
        left = max(ZERO, self._account.left_of(symbol, fill.price))
        return fill if fill.fee <= left else msgspec.structs.replace(fill, fee=EXACT.add(left, ZERO))

    # In words.

    def _whose(self, scope: str, found: Reckoning) -> str:
        if not scope:
            return f"equity of {found.equity} {self._account.currency.code}"
        return f"what is left for {scope}, {found.equity} {self._account.instruments[scope].currency.code},"

    def _event_id(self) -> str:
        return f"{self._name}-account-{self._account.events + 1}"

    def _tell(self, effects: list[Effect], event: AccountEvent) -> None:
        self._orders.take(event)
        effects.append(event)
