"""An order that works at the simulated market, and what it waits for."""

import math
from decimal import Decimal
from typing import Final

import msgspec

from brokers.simulated.costs import Progress
from trading.instruments import Instrument
from trading.money import EXACT, ZERO
from trading.orders import OrderTerms, OrderType, Side, TimeInForce

STOPS: Final = frozenset({OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP})
WAKING: Final = STOPS | {OrderType.MARKET_IF_TOUCHED}
AUCTIONS: Final = frozenset({OrderType.ON_OPEN, OrderType.ON_CLOSE})
AT_ONCE: Final = frozenset({TimeInForce.IOC, TimeInForce.FOK})


class WorkingOrder(msgspec.Struct, kw_only=True):
    """Its terms as they are now and how far it has come. `sequence` counts orders by arrival; `stop_price` is where it
    wakes now; `session_ns` is the open or close that an auction order waits for, else 0; `expires_ns` is the end of its
    time, 0 where it has none. `worth` is the exact sum of price (its size), quantity and multiplier over its fills,
    `outlay` what its whole quantity was reckoned to take from the account, by currency code; empty for a sell."""

    cid: str
    terms: OrderTerms
    sequence: int
    outlay: dict[str, Decimal]
    stop_price: Decimal | None = None
    awake: bool = False
    filled: Decimal = ZERO
    worth: Decimal = ZERO
    fee: Decimal = ZERO
    session_ns: int = 0
    expires_ns: int = 0

    def as_sent(self, terms: OrderTerms) -> OrderTerms:
        """Other terms of it, reduce-only if it came as that."""
        if terms.reduce_only == self.terms.reduce_only:
            return terms
        return msgspec.structs.replace(terms, reduce_only=self.terms.reduce_only)

    @property
    def remaining(self) -> Decimal:
        """Units that it still wants."""
        return EXACT.subtract(self.terms.quantity, self.filled)

    @property
    def is_buy(self) -> bool:
        """Whether it buys."""
        return self.terms.side is Side.BUY

    @property
    def sleeps(self) -> bool:
        """Whether it waits for its stop price."""
        return not self.awake and self.terms.type in WAKING

    @property
    def level(self) -> Decimal | None:
        """The price that it waits for; None where any will do."""
        return self.stop_price if self.sleeps else self.terms.limit_price

    @property
    def waits_for_fall(self) -> bool:
        """Whether the price must come down to its level."""
        return self.is_buy is not (self.sleeps and self.terms.type in STOPS)

    @property
    def needs_all(self) -> bool:
        """Whether it fills whole or not at all."""
        return self.terms.all_or_none or self.terms.time_in_force is TimeInForce.FOK

    @property
    def progress(self) -> Progress:
        """What it has come to, as costs are reckoned."""
        return Progress(quantity=self.filled, worth=self.worth, fee=self.fee)

    @property
    def follows_from(self) -> float:
        """The price beyond which its trailing stop moves, a trifle before it; the stop's own price is a float away."""
        if self.stop_price is None:
            return math.inf if self.is_buy else -math.inf
        stop, terms = float(self.stop_price), self.terms
        sign = -1.0 if self.is_buy else 1.0
        if terms.trail_amount is not None:
            price = stop + sign * float(terms.trail_amount)
        else:
            assert terms.trail_percent is not None, terms.order_id
            price = stop / (1.0 - sign * float(terms.trail_percent) / 100.0)
        return price * (1.0 - sign * 1e-9)

    def trail_to(self, price: Decimal, instrument: Instrument) -> Decimal:
        """Where its trailing stop is after a price that is the best so far, on the tick against the trader."""
        terms = self.terms
        if terms.trail_amount is not None:
            offset = terms.trail_amount
        else:
            assert terms.trail_percent is not None, terms.order_id
            offset = EXACT.multiply(price, terms.trail_percent).scaleb(-2, EXACT)
        stop = EXACT.add(price, offset) if self.is_buy else EXACT.subtract(price, offset)
        return instrument.worse_price(stop, terms.side)
