"""Whether an order may be. One set of rules, asked twice: by the container's risk manager of its own books, and by the
router's gate of the ledger's, for the container and for the account.

An order that only takes a position nearer to flat is never held back by a limit.
"""

from trading.affordability import unaffordable
from trading.appraiser import Appraiser
from trading.duplicates import reissue_refusal
from trading.holdings import ContainerHoldings, Holdings, only_reduces
from trading.limiter import Limiter
from trading.limits import RiskLimits
from trading.order_manager import OrderManager
from trading.order_validator import OrderValidator
from trading.orders import OrderTerms, Side
from trading.portfolio import VirtualPortfolio
from trading.refusals import Refusal


class Admission:
    """Asks every rule of one container's books: of an order first `misfit`, of an amendment first `amend_misfit`, then
    of both `excess`. Of what leaves, its `limiter` is told."""

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
        self.limiter = Limiter(
            limits,
            holdings=self.holdings,
            appraiser=appraiser,
            books=lambda: (portfolio,),
            peaks=lambda: portfolio.peak_equity,
        )
        self._validator = validator
        self._orders = orders
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

    def excess(self, terms: OrderTerms, now_ns: int) -> Refusal | None:
        """What is wrong with an order, or with other terms of one, beside what is held, what works and what was."""
        return (
            more_than_reduces(terms, self.holdings)
            or self._reissued(terms)
            or unaffordable(terms, self.holdings, self._appraiser)
            or self.limiter.refusal(terms, now_ns)
        )

    def _reissued(self, terms: OrderTerms) -> Refusal | None:
        """Whether an order that is new is one again of which nobody knows what became. An exit may be: the first one
        counts, so that both together only reduce."""
        working = self._orders.working.get(terms.symbol)
        if working is None or not working.unknown or self._orders.get_open(terms.order_id) is not None:
            return None
        refusal = reissue_refusal(terms, self._orders)
        return None if refusal is None or only_reduces(terms, self.holdings) else refusal


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
