"""Trades a lot, in small orders: some fill at once, some rest near the market or far from it; some are cancelled, some
amended."""

from decimal import Decimal
from typing import Final

from trading.market_data import Quote
from trading.orders import Order, Side
from trading.strategy import Strategy

MOST_OPEN: Final = 8


class Churner(Strategy):
    """On a quote of its symbol it does one thing or another, as chance has it."""

    symbol: str
    most: Decimal = Decimal(50)

    def on_quote(self, quote: Quote) -> None:
        """Order, cancel or amend something."""
        dice, resting = self.random.random(), [order for order in self.open_orders(self.symbol) if _rests(order)]
        if dice < 0.2 and resting:
            self.cancel(self.random.choice(resting).order_id)
        elif dice < 0.3 and resting:
            order = self.random.choice(resting)
            if order.asked is None and not order.filled:
                self.amend(order.order_id, quantity=order.terms.quantity + 1)
        elif len(self.open_orders(self.symbol)) < MOST_OPEN:
            self._open(quote, dice)

    def _open(self, quote: Quote, dice: float) -> None:
        held = self.position(self.symbol)
        side = Side.BUY if held < self.most and (held <= 0 or self.random.random() < 0.5) else Side.SELL
        if side is Side.SELL and held <= 0:
            return
        if dice < 0.55:
            self.order(self.symbol, side, Decimal(1))
            return
        quantity, away = Decimal(self.random.randint(1, 4)), self.random.choice((0.0005, 0.001, 0.02))
        price = quote.bid * (1 - away) if side is Side.BUY else quote.ask * (1 + away)
        quantity = quantity if side is Side.BUY else min(quantity, held)
        self.order(self.symbol, side, quantity, limit_price=Decimal(str(round(price, 2))))


def _rests(order: Order) -> bool:
    return order.terms.limit_price is not None and not order.is_pending
