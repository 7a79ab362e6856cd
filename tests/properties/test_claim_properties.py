"""What works is what a naive recount of all open orders finds, whatever hangs on what and whatever happens to it."""

from decimal import Decimal
from typing import Any, NamedTuple

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import terms
from tests.market_builders import through_msgpack
from tests.properties.test_order_properties import QUANTITY, Step, route, steps, take
from trading.admission import contingency_refusal
from trading.claims import Working
from trading.money import ZERO
from trading.order_manager import OrderManager
from trading.orders import Order, OrderState, OrderTerms, Side


class Placed(NamedTuple):
    """An order to be placed: `parent` counts back over the orders before it, `group` is one of a few."""

    side: Side
    quantity: int
    limit: int | None
    parent: int
    group: int


orders = st.builds(
    Placed,
    st.sampled_from(Side),
    st.integers(1, QUANTITY),
    st.none() | st.integers(90, 110),
    st.integers(0, 3),
    st.integers(0, 2),
)
lives = st.lists(orders | st.tuples(st.integers(0, 5), steps), min_size=2, max_size=40)


class Recount:
    """Keeps of each group what it must know of the past: its fills, and its parent while that is open."""

    def __init__(self) -> None:
        self.kept: list[Order] = []
        self.filled: dict[str, Decimal] = {}
        self.parents: dict[str, Order | None] = {}

    def note_new(self, order: Order) -> None:
        self.kept.append(order)
        self._revive(order)

    def _revive(self, order: Order) -> None:
        key = key_of(order.terms)
        if key and not any(one.is_open for one in self.members(key) if one is not order):
            parent = next((one for one in self.kept if one.order_id == order.terms.parent_id and one.is_open), None)
            self.filled[key], self.parents[key] = ZERO, parent

    def members(self, key: str) -> list[Order]:
        return [one for one in self.kept if key_of(one.terms) == key]

    def note(self, order: Order, *, was_open: bool, filled: Decimal) -> None:
        key = key_of(order.terms)
        if key and was_open:
            self.filled[key] += order.filled - filled
        if not was_open and order.is_open:
            self._revive(order)
        for group, parent in self.parents.items():
            if parent is not None and not parent.is_open:
                self.parents[group] = None

    def working(self) -> Working:
        sums = Working(unknown=sum(lost(one) for one in self.kept))
        for one in self.kept:
            if one.is_open and not key_of(one.terms):
                add(sums, one.terms.side, one.remaining, one.worst_price)
        for key in dict.fromkeys(key_of(one.terms) for one in self.kept):
            for side in Side:
                members = [one for one in self.members(key) if one.is_open and one.terms.side is side]
                if key and members:
                    prices = [one.worst_price for one in members]
                    known = [self.most(key, one.remaining) for one in members if not lost(one)]
                    unknown = [self.most(key, one.remaining) for one in members if lost(one)]
                    units = max(known, default=ZERO) + sum(unknown)
                    add(sums, side, units, None if None in prices else max(price for price in prices if price))
        return sums

    def most(self, key: str, remaining: Decimal) -> Decimal:
        parent = self.parents[key]
        return remaining if parent is None else max(ZERO, min(remaining, parent.filled - self.filled[key]))


def lost(order: Order) -> bool:
    """Whether it may or may not be there: nobody has heard since, though it may be asked to go or to change."""
    if order.state in (OrderState.PENDING_CANCEL, OrderState.PENDING_REPLACE):
        return order.before_pending is OrderState.UNKNOWN
    return order.state is OrderState.UNKNOWN


def key_of(placed: OrderTerms) -> str:
    if placed.group_id is None and placed.parent_id is None:
        return ""
    return placed.group_id or placed.order_id


def add(sums: Working, side: Side, units: Decimal, price: Decimal | None) -> None:
    if side is Side.SELL:
        sums.sells += units
        return
    sums.buys += units
    if price is None:
        sums.unlimited_buys += units
    else:
        sums.bids += units * price


def asked(placed: Placed, n: int) -> OrderTerms:
    limit = None if placed.limit is None else str(placed.limit)
    return msgspec.structs.replace(
        terms(placed.side, str(placed.quantity), limit, n=n),
        parent_id=f"a-{n - placed.parent}" if placed.parent else None,
        group_id=f"a-g{placed.group}" if placed.group else None,
    )


def live(manager: OrderManager, life: list[Any], recount: Recount) -> None:
    """Place orders that can hang on what they name, and let things happen to those that are there."""
    for one in life:
        if isinstance(one, Placed):
            wanted = asked(one, manager.added + 1)
            if contingency_refusal(wanted, manager) is None:
                recount.note_new(route(manager, wanted))
        elif recount.kept:
            number, step = one
            happen(manager, recount, recount.kept[number % len(recount.kept)], step)
        assert manager.working.get("AAA", Working()) == recount.working()


def happen(manager: OrderManager, recount: Recount, order: Order, step: Step) -> None:
    was_open, filled = order.is_open, order.filled
    take(manager, order, step)
    recount.note(order, was_open=was_open, filled=filled)


@given(lives)
def test_what_works_is_what_a_naive_recount_finds(life: list[Any]) -> None:
    live(OrderManager("a"), life, Recount())


@given(lives)
def test_no_claim_is_more_than_what_remains_nor_less_than_what_can_trade(life: list[Any]) -> None:
    manager, recount = OrderManager("a"), Recount()
    live(manager, life, recount)
    buys, sells = manager.open_quantities("AAA")
    for side, claimed in ((Side.BUY, buys), (Side.SELL, sells)):
        mine = [order for order in manager.open() if order.terms.side is side]
        assert claimed <= sum(order.remaining for order in mine)
        assert claimed >= max((manager.tradable(order) for order in mine), default=ZERO)


@given(lives, lives)
def test_claims_are_the_same_after_a_restart(before: list[Any], after: list[Any]) -> None:
    manager, recount = OrderManager("a"), Recount()
    live(manager, before, recount)
    again = OrderManager("a")
    again.restore(through_msgpack(manager.state()))
    assert again.working == manager.working
    for one in after:
        if not isinstance(one, Placed) and recount.kept:
            number, step = one
            order = recount.kept[number % len(recount.kept)]
            kept = again.get(order.order_id)
            assert kept is not None
            take(manager, order, step)
            take(again, kept, step)
    assert again.state() == manager.state()


@given(lives, orders)
def test_what_an_order_would_add_is_what_it_adds(life: list[Any], last: Placed) -> None:
    manager, recount = OrderManager("a"), Recount()
    live(manager, life, recount)
    wanted = asked(last, manager.added + 1)
    if contingency_refusal(wanted, manager) is None:
        said = manager.addition(wanted)
        before = sum(manager.open_quantities("AAA"))
        route(manager, wanted)
        assert said.units == sum(manager.open_quantities("AAA")) - before


@given(lives, st.integers(0, 5), st.integers(1, 2 * QUANTITY), st.integers(90, 110))
def test_what_an_amendment_would_add_is_what_it_adds(life: list[Any], number: int, quantity: int, limit: int) -> None:
    manager, recount = OrderManager("a"), Recount()
    live(manager, life, recount)
    able = [order for order in manager.open() if not order.is_pending]
    if able:
        order = able[number % len(able)]
        price = None if order.terms.limit_price is None else Decimal(limit)
        wanted = msgspec.structs.replace(order.terms, quantity=Decimal(quantity), limit_price=price)
        said = manager.addition(wanted)
        before = manager.working["AAA"].buys + manager.working["AAA"].sells
        money = manager.working["AAA"].bids
        manager.amend(order, wanted, 3)
        after = manager.working["AAA"]
        assert said.units == after.buys + after.sells - before
        if order.terms.side is Side.BUY and price is not None and said.after.price is not None:
            assert said.worth(ZERO) == after.bids - money
