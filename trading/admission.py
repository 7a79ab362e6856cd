"""Whether an order may be. One set of rules, asked twice: by the container's risk manager of its own books, and by the
router's gate of the ledger's, for the container and for the account.

An order that only takes a position nearer to flat is never held back by a limit.
"""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Final, Protocol

import msgspec

from trading.instruments import Instrument
from trading.limits import RiskLimits
from trading.money import EXACT, ZERO
from trading.order_manager import OrderManager
from trading.orders import OrderTerms, OrderType, Side
from trading.portfolio import VirtualPortfolio

_NO_LIMITS: Final = RiskLimits()
_ONE: Final = Decimal(1)


class Refusal(msgspec.Struct, frozen=True):
    """Why an order may not be: a code for programs, a sentence with the numbers for people."""

    code: str
    reason: str


class Holdings(Protocol):
    """What is held and what works, by symbol."""

    def symbols(self) -> Iterable[str]:
        """Symbols with a position or an open order."""

    def position(self, symbol: str) -> Decimal:
        """Signed units held."""

    def working(self, symbol: str) -> tuple[Decimal, Decimal]:
        """Units still to buy and still to sell."""

    def open_orders(self) -> int:
        """How many orders are open."""

    def equity(self, currency: str) -> Decimal:
        """Cash and marked positions."""

    def free_cash(self, currency: str, price_of: Callable[[str], Decimal | None]) -> Decimal:
        """Cash less what the open buys would take."""


class ContainerHoldings:
    """The holdings of one container: its portfolio and its open orders."""

    def __init__(
        self, portfolio: VirtualPortfolio, orders: OrderManager, instruments: Mapping[str, Instrument]
    ) -> None:
        self._portfolio = portfolio
        self._orders = orders
        self._instruments = instruments

    def symbols(self) -> Iterable[str]:
        """Symbols with a position or an open order, in a fixed order."""
        held = {symbol for symbol, position in self._portfolio.positions.items() if position.quantity}
        return sorted(
            held | {symbol for symbol, working in self._orders.working.items() if working.buys or working.sells}
        )

    def position(self, symbol: str) -> Decimal:
        """Signed units held."""
        return self._portfolio.quantity(symbol)

    def working(self, symbol: str) -> tuple[Decimal, Decimal]:
        """Units still to buy and still to sell."""
        return self._orders.open_quantities(symbol)

    def open_orders(self) -> int:
        """How many orders are open."""
        return self._orders.open_count

    def equity(self, currency: str) -> Decimal:
        """Cash and marked positions."""
        return self._portfolio.exact_equity(currency)

    def free_cash(self, currency: str, price_of: Callable[[str], Decimal | None]) -> Decimal:
        """Cash less what the open buys would take at their limit, or at the current price."""
        free = self._portfolio.cash.get(currency, ZERO)
        for symbol, working in self._orders.working.items():
            instrument = self._instruments[symbol]
            if working.buys and instrument.currency.code == currency:
                at_market = EXACT.multiply(working.unlimited_buys, price_of(symbol) or ZERO)
                free = EXACT.subtract(free, instrument.notional(_ONE, EXACT.add(working.bids, at_market)))
        return free


def worst_case(position: Decimal, buys: Decimal, sells: Decimal) -> Decimal:
    """The furthest from flat that open orders can take a position; buys are never netted against sells."""
    return max(EXACT.add(position, buys).copy_abs(), EXACT.subtract(position, sells).copy_abs())


def only_reduces(terms: OrderTerms, holdings: Holdings) -> bool:
    """Whether the order, with all that works on its side, can only take the position nearer to flat."""
    position = holdings.position(terms.symbol)
    buys, sells = holdings.working(terms.symbol)
    if terms.side is Side.BUY:
        return position < 0 and EXACT.add(buys, terms.quantity) <= position.copy_abs()
    return position > 0 and EXACT.add(sells, terms.quantity) <= position


def malformed(terms: OrderTerms, instrument: Instrument) -> Refusal | None:
    """Whether the order's own numbers fit its instrument and its type."""
    quantity, limit = terms.quantity, terms.limit_price
    if not (quantity.is_finite() and quantity > 0):
        return Refusal("bad_quantity", f"quantity {quantity} is not above zero")
    if not instrument.on_lot(quantity):
        return Refusal("bad_quantity", f"quantity {quantity} is not a whole number of lots of {instrument.lot_size}")
    if quantity < instrument.min_quantity:
        return Refusal("bad_quantity", f"quantity {quantity} is below the minimum of {instrument.min_quantity}")
    if (terms.type is OrderType.LIMIT) != (limit is not None):
        return Refusal("bad_price", f"a {terms.type} order {'needs' if limit is None else 'takes no'} limit price")
    if limit is not None and not (limit.is_finite() and limit > 0 and instrument.on_tick(limit)):
        return Refusal(
            "bad_price", f"limit price {limit} is not a positive whole number of ticks of {instrument.tick_size}"
        )
    return None


def unaffordable(
    terms: OrderTerms, instrument: Instrument, holdings: Holdings, price_of: Callable[[str], Decimal | None]
) -> Refusal | None:
    """The rules of a cash account: buy with the cash that is free, sell what is held."""
    price = terms.limit_price or price_of(terms.symbol)
    if price is None:
        return Refusal("no_price", f"no price of {terms.symbol} has been heard yet; subscribe to it")
    cost = instrument.notional(terms.quantity, price)
    if cost < instrument.min_notional:
        return Refusal("bad_quantity", f"worth {cost} at {price}, below the minimum of {instrument.min_notional}")
    if terms.side is Side.SELL:
        held, (_, sells) = holdings.position(terms.symbol), holdings.working(terms.symbol)
        if EXACT.add(sells, terms.quantity) > held:
            return Refusal(
                "short_not_allowed",
                f"selling {terms.quantity} {terms.symbol} with {held} held and {sells} already offered would be short",
            )
        return None
    free = holdings.free_cash(instrument.currency.code, price_of)
    if cost > free:
        return Refusal("insufficient_cash", f"{cost} {instrument.currency.code} needed at {price}, {free} free")
    return None


def over_limit(
    terms: OrderTerms,
    limits: RiskLimits,
    instruments: Mapping[str, Instrument],
    holdings: Holdings,
    price_of: Callable[[str], Decimal | None],
) -> Refusal | None:
    """The first limit that the order would break in the worst case, None when it breaks none.

    The order is worth what it may cost, its limit; the position that it would lead to is worth the current price.
    """
    if limits == _NO_LIMITS or only_reduces(terms, holdings):
        return None
    instrument = instruments[terms.symbol]
    current = price_of(terms.symbol)
    buys, sells = holdings.working(terms.symbol)
    if terms.side is Side.BUY:
        buys = EXACT.add(buys, terms.quantity)
    else:
        sells = EXACT.add(sells, terms.quantity)
    position = worst_case(holdings.position(terms.symbol), buys, sells)
    cost = instrument.notional(terms.quantity, terms.limit_price or current or ZERO)
    worth = instrument.notional(position, current or terms.limit_price or ZERO)
    exposure = EXACT.add(worth, _exposure_elsewhere(instrument, instruments, holdings, price_of))
    equity = max(ZERO, holdings.equity(instrument.currency.code))
    measures: list[tuple[str, Decimal, Decimal | int | None]] = [
        ("max_order_quantity", terms.quantity, limits.max_order_quantity),
        ("max_order_notional", cost, limits.max_order_notional),
        ("max_open_orders", Decimal(holdings.open_orders() + 1), limits.max_open_orders),
        ("max_position_quantity", position, limits.max_position_quantity),
        ("max_position_notional", worth, limits.max_position_notional),
        ("max_exposure_notional", exposure, limits.max_exposure_notional),
        ("max_position_equity_share", worth, _share(limits.max_position_equity_share, equity)),
        ("max_exposure_equity_share", exposure, _share(limits.max_exposure_equity_share, equity)),
    ]
    for name, measured, limit in measures:
        if limit is not None and measured > limit:
            return Refusal(name, f"{measured} would be above the limit of {limit} ({name})")
    return None


def _exposure_elsewhere(
    instrument: Instrument,
    instruments: Mapping[str, Instrument],
    holdings: Holdings,
    price_of: Callable[[str], Decimal | None],
) -> Decimal:
    """What the other symbols of its currency are worth in their worst case."""
    exposure = ZERO
    for symbol in holdings.symbols():
        other = instruments[symbol]
        if symbol != instrument.symbol and other.currency == instrument.currency:
            worst = worst_case(holdings.position(symbol), *holdings.working(symbol))
            exposure = EXACT.add(exposure, other.notional(worst, price_of(symbol) or ZERO))
    return exposure


def _share(share: Decimal | None, equity: Decimal) -> Decimal | None:
    return None if share is None else EXACT.multiply(share, equity)
