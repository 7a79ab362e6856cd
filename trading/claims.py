"""What the open orders still claim, summed up as they change: to ask costs the same beside one order or ten thousand.

A plain order claims what remains of it. The members of a group claim together and once, the most of each side, and
exits no more than their parent has filled. What a unit is reckoned at is the dearest price among those who claim it:
of a future's, which may be negative, the furthest from zero.

An order of which nobody knows what became is open and may have filled: it claims all that remains of it, in a group
beside what the others claim, as its fill, not heard of, has taken nothing from them yet.
"""

from collections.abc import Iterable, Mapping
from copy import copy
from decimal import Decimal
from typing import Any, Final

import msgspec

from trading.contingency import Contingencies, Group
from trading.money import EXACT, ZERO
from trading.orders import FINAL_STATES, PENDING_STATES, Order, OrderState, OrderTerms, Side


class Claim(msgspec.Struct, frozen=True):
    """Units that are wanted, and what one is reckoned to cost; None at the market."""

    units: Decimal = ZERO
    price: Decimal | None = None

    def worth(self, current: Decimal) -> Decimal:
        """Units times price without its sign, at the current one where it has none."""
        price = current if self.price is None else self.price
        return EXACT.multiply(self.units, price.copy_abs())

    def at_most(self, other: "Claim") -> "Claim":
        """The worst of two of which only one comes true, or a part of each."""
        return Claim(max(self.units, other.units), self._dearest(other))

    def beside(self, other: "Claim") -> "Claim":
        """Two that may both come true."""
        return Claim(EXACT.add(self.units, other.units), self._dearest(other))

    def _dearest(self, other: "Claim") -> Decimal | None:
        if self.price is None or other.price is None:
            return None
        return self.price if self.price.copy_abs() >= other.price.copy_abs() else other.price


_NOT_WORKING: Final = FINAL_STATES | {OrderState.RECEIVED}
_UNKNOWN: Final = OrderState.UNKNOWN
_MAYBE_UNKNOWN: Final = PENDING_STATES | {OrderState.UNKNOWN}
_SELL: Final = Side.SELL

NO_CLAIM: Final = Claim()


class Addition(msgspec.Struct, frozen=True):
    """What an order, or other terms of one, would make of the claim on its side. `orders` is 1 for an order that is
    new; `units` are never negative."""

    orders: int
    before: Claim
    after: Claim

    @property
    def units(self) -> Decimal:
        """Units that would be wanted more."""
        if not self.before.units:
            return self.after.units
        return max(ZERO, EXACT.subtract(self.after.units, self.before.units))

    def worth(self, current: Decimal) -> Decimal:
        """What would be claimed more, units times price; negative where it is less."""
        return EXACT.subtract(self.after.worth(current), self.before.worth(current))


class Working(msgspec.Struct, kw_only=True):
    """What the open orders of one symbol still claim, in units.

    `bids` is the sum of units times price over the buys that have one, `unlimited_buys` the units of the others.
    `unknown` is of how many of the orders nobody knows what became.
    """

    buys: Decimal = ZERO
    sells: Decimal = ZERO
    unlimited_buys: Decimal = ZERO
    bids: Decimal = ZERO
    unknown: int = 0

    def add(self, side: Side, units: Decimal, price: Decimal | None) -> None:
        """Let so many units more be claimed at a price, or fewer where negative."""
        if side is _SELL:
            self.sells = EXACT.add(self.sells, units)
            return
        self.buys = EXACT.add(self.buys, units)
        if price is None:
            self.unlimited_buys = EXACT.add(self.unlimited_buys, units)
        else:
            self.bids = EXACT.add(self.bids, EXACT.multiply(units, price))


class Counted(msgspec.Struct, frozen=True):
    """What was last counted of an open order, and of what it was reckoned; `price` is None at the market."""

    units: Decimal
    price: Decimal | None
    terms: OrderTerms
    asked: OrderTerms | None
    filled: Decimal
    unknown: bool

    @classmethod
    def of(cls, order: Order, *, unknown: bool) -> "Counted":
        """What is to be counted of an order that works."""
        return cls(order.remaining, order.worst_price, order.terms, order.asked, order.filled, unknown)

    def still_holds(self, order: Order) -> bool:
        """Whether nothing has changed that counts, but for what is not known of it."""
        return self.filled is order.filled and self.terms is order.terms and self.asked is order.asked


class Claims:
    """The sums of one keeper's open orders; whatever changes one of them says so with `follow`."""

    def __init__(self) -> None:
        self.by_symbol: dict[str, Working] = {}
        self._open: dict[str, Order] = {}
        self._counted: dict[str, Counted] = {}
        self._contingencies = Contingencies()
        self._of_groups: dict[str, dict[Side, Claim]] = {}
        self._keys_of_exits: dict[str, set[str]] = {}

    @property
    def open_orders(self) -> Mapping[str, Order]:
        """The orders that are counted, oldest first; to be read, not changed."""
        return self._open

    def living_group(self, key: str) -> Group | None:
        """The group of a key while one of its members is open."""
        return self._contingencies.group(key)

    def keys_of_exits(self, parent_id: str) -> frozenset[str]:
        """The keys of the open exits of an order, also of one that is over."""
        return frozenset(self._keys_of_exits.get(parent_id, ()))

    def tradable(self, order: Order) -> Decimal:
        """How much of an order may trade now, in units."""
        group = self._contingencies.group_of(order.order_id)
        return order.remaining if group is None else group.most(order.remaining)

    def addition(self, terms: OrderTerms) -> Addition:
        """What a new order, or other terms of an open one, would add."""
        order = self._open.get(terms.order_id)
        if order is None:
            if not _hangs(terms):
                return Addition(1, NO_CLAIM, Claim(terms.quantity, terms.worst_price))
            asked = Order(terms=terms)
        else:
            asked = copy(order)
            asked.asked = terms
        orders = 1 if order is None else 0
        if order is not None and not _hangs(terms):
            return Addition(orders, _own_claim(order), _own_claim(asked))
        key = _key(terms)
        group = self._contingencies.group(key) or Group(symbol=terms.symbol, members=[], room=self._room(terms))
        others = (self._open[member] for member in group.members if member != terms.order_id)
        before = self._of_groups.get(key, {}).get(terms.side, NO_CLAIM)
        return Addition(orders, before, _claims(group, (*others, asked))[terms.side])

    def follow(self, order: Order) -> None:
        """Count an order as it stands now, no more once it is over."""
        terms, state = order.terms, order.state
        order_id, unknown = terms.order_id, False
        counted = self._counted.get(order_id)
        if state in _NOT_WORKING:
            if counted is None:
                return
            now = None
            del self._open[order_id], self._counted[order_id]
        else:
            unknown = state in _MAYBE_UNKNOWN and is_unknown(order)
            if counted is not None and counted.unknown is unknown and counted.still_holds(order):
                return
            now = self._counted[order_id] = Counted.of(order, unknown=unknown)
            self._open[order_id] = order
        if unknown is not (counted is not None and counted.unknown):
            self._working(terms.symbol).unknown += 1 if unknown else -1
        hangs = terms.parent_id is not None or terms.group_id is not None
        if not hangs:
            self._move(terms, counted, now)
        if hangs or (self._of_groups and self._contingencies.keys_of_parent(order_id)):
            self._follow_groups(order, counted, now)

    def state(self) -> dict[str, Any]:
        """Everything that `restore` needs beside the orders."""
        return {
            "by_symbol": {symbol: copy(working) for symbol, working in self.by_symbol.items()},
            "contingencies": self._contingencies.state(),
        }

    def restore(self, state: Mapping[str, Any], orders: Iterable[Order]) -> None:
        """Become the claims that gave this state, of the same orders."""
        self.by_symbol = msgspec.convert(state["by_symbol"], dict[str, Working])
        self._open = {order.order_id: order for order in orders if works(order)}
        self._counted = {
            order_id: Counted.of(order, unknown=is_unknown(order)) for order_id, order in self._open.items()
        }
        self._contingencies.restore(state["contingencies"])
        self._of_groups, self._keys_of_exits = {}, {}
        for key in state["contingencies"]:
            group = self._contingencies.group(key)
            assert group is not None, key
            self._keep_claims(key, group)

    def _move(self, terms: OrderTerms, before: Counted | None, after: Counted | None) -> None:
        """Let the sums of its symbol say what an order by itself wants now."""
        working = self._working(terms.symbol)
        if before is not None and after is not None and before.price == after.price:
            working.add(terms.side, EXACT.subtract(after.units, before.units), after.price)
            return
        if before is not None:
            working.add(terms.side, before.units.copy_negate(), before.price)
        if after is not None:
            working.add(terms.side, after.units, after.price)

    def _follow_groups(self, order: Order, before: Counted | None, after: Counted | None) -> None:
        """Size its group by its fills, and the exits that it is the parent of."""
        terms, contingencies = order.terms, self._contingencies
        keys = [*contingencies.keys_of_parent(terms.order_id), *([_key(terms)] if _hangs(terms) else [])]
        if before is None:
            contingencies.add(terms, self._room(terms))
        else:
            contingencies.fill(terms.order_id, EXACT.subtract(order.filled, before.filled))
            if after is None:
                contingencies.end(terms.order_id)
        working = self._working(terms.symbol)
        for key in keys:
            for side, claim in self._of_groups.pop(key, {}).items():
                working.add(side, claim.units.copy_negate(), claim.price)
            group = contingencies.group(key)
            if group is not None:
                for side, claim in self._keep_claims(key, group).items():
                    working.add(side, claim.units, claim.price)
            elif terms.parent_id is not None:
                self._forget_exits(terms.parent_id, key)

    def _keep_claims(self, key: str, group: Group) -> Mapping[Side, Claim]:
        """What a group claims now, remembered so that it can be taken back."""
        if group.parent_id:
            self._keys_of_exits.setdefault(group.parent_id, set()).add(key)
        claims = self._of_groups[key] = _claims(group, (self._open[member] for member in group.members))
        return claims

    def _forget_exits(self, parent_id: str, key: str) -> None:
        keys = self._keys_of_exits[parent_id]
        keys.discard(key)
        if not keys:
            del self._keys_of_exits[parent_id]

    def _room(self, terms: OrderTerms) -> Decimal | None:
        parent = self._open.get(terms.parent_id or "")
        return None if parent is None else parent.filled

    def _working(self, symbol: str) -> Working:
        working = self.by_symbol.get(symbol)
        if working is None:
            working = self.by_symbol[symbol] = Working()
        return working


def works(order: Order) -> bool:
    """Whether an order counts as open: it is not over, and was not refused before it was one."""
    return order.state not in _NOT_WORKING


def is_unknown(order: Order) -> bool:
    """Whether nobody knows what became of an order; of one that is to be cancelled or amended meanwhile too."""
    if order.state is _UNKNOWN:
        return True
    return order.before_pending is _UNKNOWN and order.state in PENDING_STATES


def _hangs(terms: OrderTerms) -> bool:
    return terms.parent_id is not None or terms.group_id is not None


def _key(terms: OrderTerms) -> str:
    return terms.group_id or terms.order_id


def _own_claim(order: Order) -> Claim:
    return Claim(order.remaining, order.worst_price)


def _claims(group: Group, members: Iterable[Order]) -> dict[Side, Claim]:
    """What the members claim together, by side."""
    claims: dict[Side, Claim] = {}
    apart: list[tuple[Side, Claim]] = []
    for order in members:
        side, claim = order.terms.side, Claim(group.most(order.remaining), order.worst_price)
        if is_unknown(order):
            apart.append((side, claim))
        else:
            claims[side] = claims[side].at_most(claim) if side in claims else claim
    for side, claim in apart:
        claims[side] = claims[side].beside(claim) if side in claims else claim
    return claims
