"""Orders that hang together: the exits of an order, and groups of which a fill of one is less for the others.

    parent --(what it has filled)--> its exits, one group:  a fill of one takes as much from the others

The keepers of orders and the simulated market size what hangs together by the same rule, from the same fills.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from trading.money import EXACT, ZERO
from trading.orders import OrderTerms


class Group(msgspec.Struct, kw_only=True):
    """Orders that hang together. `filled` is the sum of their fills; `room` is what their parent has filled, None once
    it is over, or where there is none."""

    symbol: str
    members: list[str]
    parent_id: str = ""
    filled: Decimal = ZERO
    room: Decimal | None = None

    def most(self, remaining: Decimal) -> Decimal:
        """How much of what remains of a member may trade now, in units."""
        if self.room is None:
            return remaining
        return max(ZERO, min(remaining, EXACT.subtract(self.room, self.filled)))


class Contingencies:
    """The groups of which a member still works, by key: their `group_id`, or the id of an exit that stands alone."""

    def __init__(self) -> None:
        self._groups: dict[str, Group] = {}
        self._key_of: dict[str, str] = {}
        self._keys_of_parent: dict[str, list[str]] = {}

    def add(self, terms: OrderTerms, parent_filled: Decimal | None) -> None:
        """Take up an order that has a parent or a group; `parent_filled` is None where its parent is over."""
        key = terms.group_id or terms.order_id
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = Group(
                symbol=terms.symbol, members=[], parent_id=terms.parent_id or "", room=parent_filled
            )
            if parent_filled is not None:
                self._keys_of_parent.setdefault(group.parent_id, []).append(key)
        group.members.append(terms.order_id)
        self._key_of[terms.order_id] = key

    def group_of(self, order_id: str) -> Group | None:
        """The group that an order is in."""
        key = self._key_of.get(order_id)
        return None if key is None else self._groups[key]

    def group(self, key: str) -> Group | None:
        """The group of a key."""
        return self._groups.get(key)

    def keys_of_parent(self, order_id: str) -> list[str]:
        """The keys of the exits that are sized by an order."""
        return self._keys_of_parent.get(order_id, [])

    def fill(self, order_id: str, quantity: Decimal) -> None:
        """An order has filled so much more, or less where negative: its group, and the exits that it is a parent of."""
        group = self.group_of(order_id)
        if group is not None:
            group.filled = EXACT.add(group.filled, quantity)
        for key in self.keys_of_parent(order_id):
            exits = self._groups[key]
            exits.room = EXACT.add(exits.room or ZERO, quantity)

    def end(self, order_id: str) -> None:
        """An order works no more: it leaves its group, and its exits are sized by it no longer."""
        for key in self._keys_of_parent.pop(order_id, []):
            self._groups[key].room = None
        key = self._key_of.pop(order_id, "")
        if key:
            group = self._groups[key]
            group.members.remove(order_id)
            if not group.members:
                del self._groups[key]
                self._forget_parent(group.parent_id, key)

    def state(self) -> dict[str, Any]:
        """Everything that `restore` needs."""
        return {key: msgspec.structs.replace(group, members=list(group.members)) for key, group in self._groups.items()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Become the contingencies that gave this state."""
        self._groups = msgspec.convert(state, dict[str, Group])
        self._key_of = {order_id: key for key, group in self._groups.items() for order_id in group.members}
        self._keys_of_parent = {}
        for key, group in self._groups.items():
            if group.room is not None:
                self._keys_of_parent.setdefault(group.parent_id, []).append(key)

    def _forget_parent(self, parent_id: str, key: str) -> None:
        keys = self._keys_of_parent.get(parent_id)
        if keys is not None and key in keys:
            keys.remove(key)
            if not keys:
                del self._keys_of_parent[parent_id]
