"""A maker that quotes both sides of the market."""

from decimal import Decimal

from trading.market_data import Quote
from trading.reports import Fill
from trading.strategy import Strategy


class MarketMaker(Strategy):
    """Rest a bid and an offer around the middle; when it moves, or one of them fills, withdraw and quote anew.

    On a cash account it offers only what it holds: it begins with a bid alone and keeps between zero and
    `max_inventory`. Only when nothing rests any more does the next quote bring the next pair.
    """

    symbol: str
    tick_size: Decimal
    quantity: Decimal = Decimal(10)
    half_spread_ticks: int = 2
    requote_ticks: int = 5  # how far the middle moves before the quotes follow
    max_inventory: Decimal = Decimal(50)

    def start(self) -> None:
        """Begin without quotes."""
        self.quoted_middle: int | None = None  # in ticks; None when a new pair is due

    def on_quote(self, quote: Quote) -> None:
        """Follow the middle of a market that has both sides."""
        if not 0 < quote.bid <= quote.ask:
            return
        middle = round((quote.bid + quote.ask) / 2 / float(self.tick_size))
        if self.quoted_middle is not None and abs(middle - self.quoted_middle) >= self.requote_ticks:
            self.withdraw()
        if self.quoted_middle is None and not self.open_orders(self.symbol):
            self.rest_both_sides(middle)

    def on_fill(self, fill: Fill) -> None:
        """After a trade the other side is withdrawn too."""
        self.withdraw()

    def rest_both_sides(self, middle: int) -> None:
        """A bid while there is room, an offer while there is inventory."""
        self.quoted_middle = middle
        held = self.position(self.symbol)
        room = min(self.quantity, self.max_inventory - held)
        if room > 0:
            self.buy(self.symbol, room, limit_price=(middle - self.half_spread_ticks) * self.tick_size)
        if held > 0:
            offered = min(self.quantity, held)
            self.sell(self.symbol, offered, limit_price=(middle + self.half_spread_ticks) * self.tick_size)

    def withdraw(self) -> None:
        """Cancel what rests; a new pair is due."""
        self.quoted_middle = None
        for order in self.open_orders(self.symbol):
            self.cancel(order.order_id)
