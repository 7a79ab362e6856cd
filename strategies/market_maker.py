"""A maker that quotes both sides of the market."""

from decimal import Decimal

from trading.market_data import Quote
from trading.orders import Order
from trading.reports import Fill
from trading.strategy import Strategy


class MarketMaker(Strategy):
    """Rest a bid and an offer around the middle, move them when the middle moves, and skew them against the inventory.

    On a cash account it offers only what it holds, so it starts by bidding and keeps between zero and `max_inventory`.
    """

    symbol: str
    tick_size: Decimal
    quantity: Decimal = Decimal(10)
    half_spread_ticks: int = 2
    requote_ticks: int = 5  # how far the middle moves before the quotes follow
    max_inventory: Decimal = Decimal(50)

    def start(self) -> None:
        """Begin without quotes."""
        self.quoted_middle_ticks: int | None = None
        self.bid_id = ""
        self.offer_id = ""

    def on_quote(self, quote: Quote) -> None:
        """Follow the middle."""
        middle_ticks = round((quote.bid + quote.ask) / 2 / float(self.tick_size))
        moved = self.quoted_middle_ticks is None or abs(middle_ticks - self.quoted_middle_ticks) >= self.requote_ticks
        if moved and not self.open_orders(self.symbol):
            self.quoted_middle_ticks = middle_ticks
            self.quote_both_sides()
        elif moved:
            self.withdraw()

    def on_fill(self, fill: Fill) -> None:
        """After a trade, quote anew around the next middle."""
        self.quoted_middle_ticks = None
        self.withdraw()

    def on_order(self, order: Order) -> None:
        """Forget the quotes that are gone."""
        if not order.is_open and order.order_id == self.bid_id:
            self.bid_id = ""
        elif not order.is_open and order.order_id == self.offer_id:
            self.offer_id = ""

    def quote_both_sides(self) -> None:
        """Rest a bid while there is room, an offer while there is inventory."""
        assert self.quoted_middle_ticks is not None
        held = self.position(self.symbol)
        if held + self.quantity <= self.max_inventory:
            price = (self.quoted_middle_ticks - self.half_spread_ticks) * self.tick_size
            self.bid_id = self.buy(self.symbol, self.quantity, limit_price=price)
        if held >= self.quantity:
            price = (self.quoted_middle_ticks + self.half_spread_ticks) * self.tick_size
            self.offer_id = self.sell(self.symbol, self.quantity, limit_price=price)

    def withdraw(self) -> None:
        """Cancel both quotes."""
        for order_id in (self.bid_id, self.offer_id):
            if order_id:
                self.cancel(order_id)
