"""What is held and what works, as the rules for orders ask about it."""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Final, NamedTuple, Protocol

from trading.claims import Addition
from trading.instruments import Instrument
from trading.money import EXACT, ZERO
from trading.order_manager import OrderManager
from trading.orders import Order, OrderTerms, Side
from trading.portfolio import VirtualPortfolio

_ONE: Final = Decimal(1)


class Holding(NamedTuple):
    """What there is of one symbol: signed units held, and units still to buy and still to sell."""

    position: Decimal
    buys: Decimal
    sells: Decimal

    @property
    def worst(self) -> Decimal:
        """The furthest from flat that the open orders can take the position."""
        return worst_case(self.position, self.buys, self.sells)


class Holdings(Protocol):
    """What is held and what works."""

    def by_symbol(self) -> Mapping[str, Holding]:
        """Every symbol with a position or an open order, in a fixed order."""

    def position(self, symbol: str) -> Decimal:
        """Signed units held."""

    def working(self, symbol: str) -> tuple[Decimal, Decimal]:
        """Units still to buy and still to sell."""

    def addition(self, terms: OrderTerms) -> Addition:
        """What an order, or other terms of an open one, would add to what works on its side."""

    def open_orders(self) -> int:
        """How many orders are open."""

    def currencies(self) -> Iterable[str]:
        """The currencies in which there is cash or a position, in a fixed order."""

    def equity(self, currency: str) -> Decimal:
        """Cash and marked positions in one currency."""

    def free_cash(self, currency: str, price_of: Callable[[str], Decimal | None]) -> Decimal:
        """Cash less what the open buys would take."""

    def parts(self) -> Iterable["ContainerHoldings"]:
        """The holdings of the containers that these are made of."""


class ContainerHoldings:
    """The holdings of one container: its portfolio and its open orders."""

    def __init__(
        self, portfolio: VirtualPortfolio, orders: OrderManager, instruments: Mapping[str, Instrument]
    ) -> None:
        self.owner = portfolio.owner
        self._portfolio = portfolio
        self._orders = orders
        self._instruments = instruments

    def parts(self) -> tuple["ContainerHoldings", ...]:
        """Themselves."""
        return (self,)

    def open(self) -> list[Order]:
        """The open orders, oldest first."""
        return self._orders.open()

    def tradable(self, order: Order) -> Decimal:
        """How much of an order may trade now, in units."""
        return self._orders.tradable(order)

    def by_symbol(self) -> dict[str, Holding]:
        """Every symbol with a position or an open order, in a fixed order."""
        held = {symbol for symbol, position in self._portfolio.positions.items() if position.quantity}
        held |= {symbol for symbol, working in self._orders.working.items() if working.buys or working.sells}
        return {symbol: Holding(self.position(symbol), *self.working(symbol)) for symbol in sorted(held)}

    def position(self, symbol: str) -> Decimal:
        """Signed units held."""
        return self._portfolio.quantity(symbol)

    def working(self, symbol: str) -> tuple[Decimal, Decimal]:
        """Units still to buy and still to sell."""
        return self._orders.open_quantities(symbol)

    def addition(self, terms: OrderTerms) -> Addition:
        """What an order, or other terms of an open one, would add to what works on its side."""
        return self._orders.addition(terms)

    def open_orders(self) -> int:
        """How many orders are open."""
        return self._orders.open_count

    def currencies(self) -> list[str]:
        """The currencies in which there is cash or a position, in a fixed order."""
        return self._portfolio.currencies()

    def equity(self, currency: str) -> Decimal:
        """Cash and marked positions in one currency."""
        return self._portfolio.exact_equity(currency)

    def free_cash(self, currency: str, price_of: Callable[[str], Decimal | None]) -> Decimal:
        """Cash less what the open buys would take at the price that they are reckoned at, or at the current one; those
        on margin take none."""
        free = self._portfolio.cash.get(currency, ZERO)
        for symbol, working in self._orders.working.items():
            instrument = self._instruments[symbol]
            if working.buys and instrument.currency.code == currency and instrument.margin is None:
                at_market = EXACT.multiply(working.unlimited_buys, price_of(symbol) or ZERO)
                free = EXACT.subtract(free, instrument.notional(_ONE, EXACT.add(working.bids, at_market)))
        return free


def worst_case(position: Decimal, buys: Decimal, sells: Decimal) -> Decimal:
    """The furthest from flat that open orders can take a position; buys are never netted against sells."""
    return max(EXACT.add(position, buys).copy_abs(), EXACT.subtract(position, sells).copy_abs())


def only_reduces(terms: OrderTerms, holdings: Holdings) -> bool:
    """Whether the order, with all that works on its side, can only take the position nearer to flat.

    An exit of what has not filled yet adds nothing: it only takes back what its parent will have done.
    """
    position, added = holdings.position(terms.symbol), holdings.addition(terms).units
    buys, sells = holdings.working(terms.symbol)
    if terms.side is Side.BUY:
        return EXACT.add(EXACT.add(buys, added), position) <= 0
    return EXACT.add(sells, added) <= position
