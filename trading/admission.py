"""Whether an order may be. One set of rules, asked twice: by the container's risk manager of its own books, and by the
router's gate of the ledger's, for the container and for the account.

An order that only takes a position nearer to flat is never held back by a limit.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final

from trading.claims import NO_CLAIM
from trading.holdings import ContainerHoldings, Holdings, worst_case
from trading.instruments import Instrument
from trading.limits import RiskLimits
from trading.money import EXACT, ZERO
from trading.order_manager import OrderManager
from trading.order_validator import OrderValidator
from trading.orders import OrderTerms, Side
from trading.portfolio import VirtualPortfolio
from trading.refusals import Refusal

_NO_LIMITS: Final = RiskLimits()
_ONE: Final = Decimal(1)


class Admission:
    """Asks every rule of one container's books: of an order first `misfit`, of an amendment first `amend_misfit`, then
    of both `excess`."""

    def __init__(
        self,
        *,
        validator: OrderValidator,
        orders: OrderManager,
        portfolio: VirtualPortfolio,
        instruments: Mapping[str, Instrument],
        limits: RiskLimits,
        price_of: Callable[[str], Decimal | None],
    ) -> None:
        self.holdings = ContainerHoldings(portfolio, orders, instruments)
        self._validator = validator
        self._orders = orders
        self._instruments = instruments
        self._limits = limits
        self._price_of = price_of

    def misfit(self, terms: OrderTerms) -> Refusal | None:
        """What is wrong with an order whatever is held."""
        return self._validator.refusal(terms) or contingency_refusal(terms, self._orders)

    def amend_misfit(self, terms: OrderTerms) -> Refusal | None:
        """What is wrong with other terms of an order whatever is held."""
        order = self._orders.get(terms.order_id)
        if order is None:
            return Refusal("not_open", f"order {terms.order_id} is not known")
        if order.is_open and order.is_pending:
            return Refusal("pending", f"order {terms.order_id} has a cancel or an amendment under way; wait for it")
        return self._validator.amend_refusal(terms, order) or _larger_than_its_parent(terms, self._orders)

    def excess(self, terms: OrderTerms) -> Refusal | None:
        """What is wrong with an order, or with other terms of one, beside what is held and what works."""
        return (
            more_than_reduces(terms, self.holdings)
            or unaffordable(terms, self._instruments[terms.symbol], self.holdings, self._price_of)
            or over_limit(terms, self._limits, self._instruments, self.holdings, self._price_of)
        )


# Beside other orders.


def contingency_refusal(terms: OrderTerms, orders: OrderManager) -> Refusal | None:
    """Whether the parent and the group that an order names are such that it can hang on them."""
    return _unfit_parent(terms, orders) or _unfit_group(terms, orders)


def _unfit_parent(terms: OrderTerms, orders: OrderManager) -> Refusal | None:
    if terms.parent_id is None:
        return None
    parent = orders.get(terms.parent_id)
    if parent is None:
        return Refusal("unknown_parent", f"order {terms.parent_id}, its parent, is not known")
    if not parent.filled and orders.get_open(terms.parent_id) is None:
        return Refusal("parent_ended", f"order {terms.parent_id}, its parent, is over and has filled nothing")
    symbol, side = parent.terms.symbol, parent.terms.side.opposite
    if (terms.symbol, terms.side) != (symbol, side):
        asked = f"a {terms.side} of {terms.symbol}"
        return _bad_contingency(f"an exit of {terms.parent_id} is a {side} of {symbol}, not {asked}")
    others = orders.exits(terms.parent_id) - {terms.group_id or terms.order_id}
    if others:
        there = ", ".join(sorted(others))
        return _bad_contingency(f"{terms.parent_id} has exits already ({there}); use one group for all")
    return _larger_than_its_parent(terms, orders)


def _larger_than_its_parent(terms: OrderTerms, orders: OrderManager) -> Refusal | None:
    parent = orders.get(terms.parent_id or "")
    if parent is None:
        return None
    most = parent.terms.quantity if parent.is_open else parent.filled
    if terms.quantity > most:
        return _bad_contingency(f"an exit of {terms.parent_id} is of {most} at most, not of {terms.quantity}")
    return None


def _unfit_group(terms: OrderTerms, orders: OrderManager) -> Refusal | None:
    group_id = terms.group_id
    if group_id is None:
        return None
    if not orders.group_number(group_id):
        return _bad_contingency(f"{group_id!r} is no group of {orders.owner}; one_cancels_other() gives a new one")
    group = orders.group(group_id)
    if group is None:
        return _bad_contingency(f"group {group_id} is over") if orders.knows_group(group_id) else None
    if group.symbol != terms.symbol:
        return _bad_contingency(f"group {group_id} is of {group.symbol}, not of {terms.symbol}")
    if group.parent_id != (terms.parent_id or ""):
        return _bad_contingency(f"the parent of group {group_id} is {group.parent_id or 'none'}; it has no other")
    return None


def _bad_contingency(reason: str) -> Refusal:
    return Refusal("bad_contingency", reason)


# Beside what is held.


def only_reduces(terms: OrderTerms, holdings: Holdings) -> bool:
    """Whether the order, with all that works on its side, can only take the position nearer to flat.

    An exit of what has not filled yet adds nothing: it only takes back what its parent will have done.
    """
    position, added = holdings.position(terms.symbol), holdings.addition(terms).units
    buys, sells = holdings.working(terms.symbol)
    if terms.side is Side.BUY:
        return EXACT.add(EXACT.add(buys, added), position) <= 0
    return EXACT.add(sells, added) <= position


def more_than_reduces(terms: OrderTerms, holdings: Holdings) -> Refusal | None:
    """Whether a reduce-only order could do more than reduce its container's own position."""
    if not terms.reduce_only or only_reduces(terms, holdings):
        return None
    held, (buys, sells) = holdings.position(terms.symbol), holdings.working(terms.symbol)
    works = buys if terms.side is Side.BUY else sells
    asked = f"a {terms.side} of {terms.quantity} {terms.symbol}"
    return Refusal("reduce_only", f"{asked} could do more than reduce: {held} held, {works} works already")


def unaffordable(
    terms: OrderTerms, instrument: Instrument, holdings: Holdings, price_of: Callable[[str], Decimal | None]
) -> Refusal | None:
    """The rules of a cash account: buy with the cash that is free, sell what is held."""
    price = terms.worst_price or price_of(terms.symbol)
    if price is None:
        return Refusal("no_price", f"no price of {terms.symbol} has been heard yet; subscribe to it")
    worth = instrument.notional(terms.quantity, price)
    if worth < instrument.min_notional:
        return Refusal("bad_quantity", f"worth {worth} at {price}, below the minimum of {instrument.min_notional}")
    added = holdings.addition(terms)
    if terms.side is Side.SELL:
        held, (_, sells) = holdings.position(terms.symbol), holdings.working(terms.symbol)
        if added.units and EXACT.add(sells, added.units) > held:
            return Refusal(
                "short_not_allowed",
                f"selling {added.units} {terms.symbol} with {held} held and {sells} already offered would be short",
            )
        return None
    cost = worth
    if added.before is not NO_CLAIM or added.after.units != terms.quantity:
        cost = instrument.notional(_ONE, max(ZERO, added.worth(price_of(terms.symbol) or price)))
    free = holdings.free_cash(instrument.currency.code, price_of)
    if cost > max(free, ZERO):
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

    The order is worth what it may cost; the position that it would lead to is worth the current price. What adds no
    units leads to no other position, and an amendment to no more orders.
    """
    if limits == _NO_LIMITS or only_reduces(terms, holdings):
        return None
    instrument = instruments[terms.symbol]
    current = price_of(terms.symbol)
    added = holdings.addition(terms)
    cost = instrument.notional(terms.quantity, terms.worst_price or current or ZERO)
    measures: list[tuple[str, Decimal | int, Decimal | int | None]] = [
        ("max_order_quantity", terms.quantity, limits.max_order_quantity),
        ("max_order_notional", cost, limits.max_order_notional),
    ]
    if added.orders:
        measures.append(("max_open_orders", holdings.open_orders() + added.orders, limits.max_open_orders))
    if added.units:
        position = _position_after(terms, added.units, holdings)
        worth = instrument.notional(position, current or terms.worst_price or ZERO)
        exposure = EXACT.add(worth, _exposure_elsewhere(instrument, instruments, holdings, price_of))
        equity = max(ZERO, holdings.equity(instrument.currency.code))
        measures += [
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


def _position_after(terms: OrderTerms, added: Decimal, holdings: Holdings) -> Decimal:
    """The worst case of a position with so many units more on the order's side."""
    buys, sells = holdings.working(terms.symbol)
    if terms.side is Side.BUY:
        buys = EXACT.add(buys, added)
    else:
        sells = EXACT.add(sells, added)
    return worst_case(holdings.position(terms.symbol), buys, sells)


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
