"""Whether an order may be. One set of rules, asked twice: by the container's risk manager of its own books, and by the
router's gate of the ledger's, for the container and for the account.

An order that only takes a position nearer to flat is never held back by a limit.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from trading.affordability import unaffordable
from trading.appraiser import Appraiser, known, unpriced
from trading.claims import Addition
from trading.holdings import ContainerHoldings, Holdings, only_reduces, worst_case
from trading.instruments import Instrument
from trading.limits import RiskLimits
from trading.money import EXACT, ZERO, Currency, total
from trading.order_manager import OrderManager
from trading.order_validator import OrderValidator
from trading.orders import OrderTerms, Side
from trading.portfolio import VirtualPortfolio
from trading.refusals import Refusal

_NO_LIMITS: Final = RiskLimits()


class Admission:
    """Asks every rule of one container's books: of an order first `misfit`, of an amendment first `amend_misfit`, then
    of both `excess`."""

    def __init__(
        self,
        *,
        validator: OrderValidator,
        orders: OrderManager,
        portfolio: VirtualPortfolio,
        limits: RiskLimits,
        appraiser: Appraiser,
    ) -> None:
        self.holdings = ContainerHoldings(portfolio, orders, appraiser.instruments)
        self._validator = validator
        self._orders = orders
        self._limits = limits
        self._appraiser = appraiser

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
            or unaffordable(terms, self.holdings, self._appraiser)
            or over_limit(terms, self._limits, self.holdings, self._appraiser)
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


def more_than_reduces(terms: OrderTerms, holdings: Holdings) -> Refusal | None:
    """Whether a reduce-only order could do more than reduce its container's own position."""
    if not terms.reduce_only or only_reduces(terms, holdings):
        return None
    held, (buys, sells) = holdings.position(terms.symbol), holdings.working(terms.symbol)
    works = buys if terms.side is Side.BUY else sells
    asked = f"a {terms.side} of {terms.quantity} {terms.symbol}"
    return Refusal("reduce_only", f"{asked} could do more than reduce: {held} held, {works} works already")


Measured = tuple[str, Decimal | int | Refusal, Decimal | int | Refusal]
"""The name of a limit, what is measured against it, and the limit; a refusal where one of them cannot be reckoned."""


def over_limit(terms: OrderTerms, limits: RiskLimits, holdings: Holdings, appraiser: Appraiser) -> Refusal | None:
    """The first limit that the order would break in the worst case, None when it breaks none; `no_price` or `no_rate`
    where that cannot be told.

    The order is worth what it may cost; the position that it would lead to is worth the current price. What adds no
    units leads to no other position, and an amendment to no more orders.
    """
    if limits == _NO_LIMITS or only_reduces(terms, holdings):
        return None
    added = holdings.addition(terms)
    for name, measured, limit in _measures(terms, added, limits, holdings, appraiser):
        if isinstance(measured, Refusal):
            return measured
        if isinstance(limit, Refusal):
            return limit
        if measured > limit:
            return Refusal(name, f"{measured} would be above the limit of {limit} ({name})")
    return None


def _measures(
    terms: OrderTerms, added: Addition, limits: RiskLimits, holdings: Holdings, appraiser: Appraiser
) -> Iterator[Measured]:
    """What is to be held against each limit that there is; one that is not asked for is not reckoned."""
    instrument, current = appraiser.instruments[terms.symbol], appraiser.price_of(terms.symbol)
    if limits.max_order_quantity is not None:
        yield "max_order_quantity", terms.quantity, limits.max_order_quantity
    if limits.max_order_notional is not None:
        worth = _worth(instrument, terms.quantity, terms.worst_price, current)
        yield "max_order_notional", worth, limits.max_order_notional
    if limits.max_open_orders is not None and added.orders:
        yield "max_open_orders", holdings.open_orders() + added.orders, limits.max_open_orders
    if added.units:
        position = _position_after(terms, added.units, holdings)
        if limits.max_position_quantity is not None:
            yield "max_position_quantity", position, limits.max_position_quantity
        worth = _worth(instrument, position, current, terms.worst_price)
        yield from _measures_of_worth(instrument, worth, limits, holdings, appraiser)


def _measures_of_worth(
    instrument: Instrument, worth: Decimal | Refusal, limits: RiskLimits, holdings: Holdings, appraiser: Appraiser
) -> Iterator[Measured]:
    """Of the position that the order would lead to, and of all positions, in the instrument's currency."""
    into = instrument.currency
    if limits.max_position_notional is not None:
        yield "max_position_notional", worth, limits.max_position_notional
    if limits.max_exposure_notional is not None:
        exposure = _exposure(instrument, worth, holdings, appraiser)
        yield "max_exposure_notional", exposure, limits.max_exposure_notional
    if limits.max_position_equity_share is not None:
        share = _share_of_equity(limits.max_position_equity_share, into, holdings, appraiser)
        yield "max_position_equity_share", worth, share
    if limits.max_exposure_equity_share is not None:
        exposure = _exposure(instrument, worth, holdings, appraiser)
        share = _share_of_equity(limits.max_exposure_equity_share, into, holdings, appraiser)
        yield "max_exposure_equity_share", exposure, share


def _worth(instrument: Instrument, units: Decimal, *prices: Decimal | None) -> Decimal | Refusal:
    """What units are worth, without a sign, at the first of the prices that there is."""
    price = next((price for price in prices if price is not None), None)
    return unpriced(instrument.symbol) if price is None else instrument.notional(units, price).copy_abs()


def _position_after(terms: OrderTerms, added: Decimal, holdings: Holdings) -> Decimal:
    """The worst case of a position with so many units more on the order's side."""
    buys, sells = holdings.working(terms.symbol)
    if terms.side is Side.BUY:
        buys = EXACT.add(buys, added)
    else:
        sells = EXACT.add(sells, added)
    return worst_case(holdings.position(terms.symbol), buys, sells)


def _exposure(
    instrument: Instrument, worth: Decimal | Refusal, holdings: Holdings, appraiser: Appraiser
) -> Decimal | Refusal:
    """What one position is worth, and all others in their worst case."""
    elsewhere = appraiser.elsewhere(Instrument.notional, holdings, instrument.symbol, instrument.currency)
    amounts = known(worth, elsewhere)
    return amounts if isinstance(amounts, Refusal) else total(amounts)


def _share_of_equity(share: Decimal, into: Currency, holdings: Holdings, appraiser: Appraiser) -> Decimal | Refusal:
    equity = appraiser.equity(holdings, into)
    return equity if isinstance(equity, Refusal) else EXACT.multiply(share, max(ZERO, equity))
