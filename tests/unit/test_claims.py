"""What orders that hang together claim: a group once, exits no more than their parent has filled."""

from decimal import Decimal

import msgspec
import pytest

from tests.builders import fill, report, terms
from tests.market_builders import through_msgpack
from trading.order_manager import OrderManager
from trading.orders import Order, OrderChange, OrderTerms, OrderType, Side
from trading.reports import ExecutionReport, ReportKind

BUY, SELL = Side.BUY, Side.SELL


class Book:
    """The orders of one container, each on its way as soon as it is placed."""

    def __init__(self) -> None:
        self.orders = OrderManager("a")

    def place(
        self, side: Side, quantity: str, limit: str | None = None, *, parent: str | None = None, group: int = 0
    ) -> Order:
        n = self.orders.added + 1
        group_id = f"a-g{group}" if group else None
        asked = msgspec.structs.replace(terms(side, quantity, limit, n=n), parent_id=parent, group_id=group_id)
        order = self.orders.add(asked)
        self.orders.change(order, OrderChange.VALIDATE, 1)
        self.orders.change(order, OrderChange.ROUTE, 1)
        return order

    def fill(self, order: Order, quantity: str, execution_id: str | None = None) -> None:
        filled = fill(order.terms, quantity, execution_id=execution_id)
        self.hear(report(order.terms, ReportKind.FILLED, filled=filled))

    def bust(self, order: Order, quantity: str, execution_id: str) -> None:
        filled = fill(order.terms, quantity, execution_id=execution_id)
        self.hear(report(order.terms, ReportKind.BUSTED, filled=filled))

    def end(self, order: Order, kind: ReportKind = ReportKind.CANCELLED) -> None:
        self.hear(report(order.terms, kind))

    def shrink(self, order: Order, quantity: str) -> None:
        smaller = msgspec.structs.replace(order.terms, quantity=Decimal(quantity))
        self.hear(msgspec.structs.replace(report(order.terms, ReportKind.REPLACED), terms=smaller, code="oco"))

    def hear(self, one: ExecutionReport) -> None:
        self.orders.apply(one)

    @property
    def wants(self) -> tuple[str, str]:
        """Units to buy and to sell; the same after a restart."""
        again = OrderManager("a")
        again.restore(through_msgpack(self.orders.state()))
        assert again.working == self.orders.working
        buys, sells = self.orders.open_quantities("AAA")
        return str(buys), str(sells)


def bracketed() -> tuple[Book, Order, Order, Order]:
    """A buy of ten on its way, with a stop and a limit to leave it."""
    book = Book()
    entry = book.place(BUY, "10", "100")
    stop = book.place(SELL, "10", "90", parent="a-1", group=1)
    profit = book.place(SELL, "10", "110", parent="a-1", group=1)
    return book, entry, stop, profit


def test_a_group_counts_once_and_the_most_of_each_side() -> None:
    book = Book()
    for side, quantity in ((BUY, "10"), (BUY, "7"), (SELL, "3"), (SELL, "4")):
        book.place(side, quantity, "100", group=1)
    book.place(BUY, "1", "100")
    assert book.wants == ("11", "4")


def test_a_group_is_reckoned_at_its_dearest_price() -> None:
    book = Book()
    book.place(BUY, "10", "90", group=1)
    book.place(BUY, "5", "110", group=1)
    assert book.orders.working["AAA"].bids == 10 * 110
    book.place(BUY, "5", group=1)
    working = book.orders.working["AAA"]
    assert (working.bids, working.unlimited_buys) == (Decimal(0), Decimal(10))


def test_a_group_s_end_is_the_end_of_its_claim() -> None:
    book = Book()
    members = [book.place(BUY, quantity, "90", group=1) for quantity in ("10", "7")]
    book.end(members[0])
    assert book.wants == ("7", "0")
    book.end(members[1])
    assert book.wants == ("0", "0")
    assert book.orders.group("a-g1") is None
    assert book.orders.knows_group("a-g1")


def test_exits_want_nothing_before_their_parent_has_filled() -> None:
    book, entry, stop, profit = bracketed()
    assert book.wants == ("10", "0")
    assert book.orders.tradable(stop) == 0
    book.fill(entry, "4")
    assert book.wants == ("6", "4")
    assert (book.orders.tradable(stop), book.orders.tradable(profit)) == (Decimal(4), Decimal(4))


def test_what_an_exit_has_traded_is_gone_for_the_other() -> None:
    book, entry, _, profit = bracketed()
    book.fill(entry, "4")
    book.fill(profit, "3")
    assert book.wants == ("6", "1")


def test_exits_of_what_has_filled_wholly_want_what_remains_of_them() -> None:
    book, entry, stop, profit = bracketed()
    book.fill(entry, "10")
    assert book.wants == ("0", "10")
    book.fill(profit, "4")
    assert book.wants == ("0", "10"), "until the venue has taken as much from the other"
    book.shrink(stop, "6")
    assert book.wants == ("0", "6")
    book.end(stop)
    book.end(profit)
    assert book.wants == ("0", "0")


def test_exits_of_what_ended_in_part_count_in_full_until_they_are_cut() -> None:
    book, entry, stop, profit = bracketed()
    book.fill(entry, "4")
    book.end(entry)
    assert book.wants == ("0", "10")
    book.shrink(stop, "4")
    book.shrink(profit, "4")
    assert book.wants == ("0", "4")


def test_a_bust_of_the_parent_s_fill_takes_the_room_of_its_exits_back() -> None:
    book, entry, *_ = bracketed()
    book.fill(entry, "4", "x-1")
    book.fill(entry, "2", "x-2")
    book.bust(entry, "4", "x-1")
    assert book.wants == ("8", "2")


def test_an_exit_that_works_again_after_a_bust_counts_again() -> None:
    book, entry, stop, profit = bracketed()
    book.fill(entry, "10")
    book.end(stop)
    book.fill(profit, "10", "x-1")
    assert book.wants == ("0", "0")
    book.bust(profit, "10", "x-1")
    assert book.wants == ("0", "10")


def test_an_exit_alone_hangs_on_its_parent_too() -> None:
    book = Book()
    entry = book.place(BUY, "10", "100")
    book.place(SELL, "6", "110", parent="a-1")
    book.fill(entry, "4")
    assert book.wants == ("6", "4")
    assert book.orders.exits("a-1") == {"a-2"}


def test_the_exits_of_an_order_are_known_until_they_are_over() -> None:
    book, entry, stop, profit = bracketed()
    assert book.orders.exits("a-1") == {"a-g1"}
    book.fill(entry, "10")
    book.end(stop)
    assert book.orders.exits("a-1") == {"a-g1"}, "also when their parent is over"
    book.end(profit)
    assert book.orders.exits("a-1") == frozenset()


# What would be added.


def asked(
    side: Side,
    quantity: str,
    limit: str | None = None,
    *,
    n: int = 9,
    parent: str | None = None,
    group: int = 0,
    stop: str | None = None,
) -> OrderTerms:
    order = msgspec.structs.replace(
        terms(side, quantity, limit, n=n), parent_id=parent, group_id=f"a-g{group}" if group else None
    )
    if stop is None:
        return order
    return msgspec.structs.replace(order, type=OrderType.STOP, stop_price=Decimal(stop))


@pytest.mark.parametrize(
    ("order", "units", "worth"),
    [
        (asked(BUY, "10", "90"), "10", "900"),
        (asked(BUY, "10"), "10", "1000"),
        (asked(BUY, "10", stop="120"), "10", "1200"),
        (asked(BUY, "10", "90", group=7), "10", "900"),
        (asked(SELL, "10", "110", parent="a-1"), "0", "0"),
        (asked(SELL, "4", "110", parent="a-2"), "3", "330"),
        (asked(SELL, "10", "110", parent="a-3"), "10", "1100"),
        (asked(BUY, "6", "80", group=1), "0", "0"),
        (asked(BUY, "6", "100", group=1), "0", "80"),
        (asked(BUY, "9", "80", group=1), "1", "90"),
        (asked(BUY, "9", group=1), "1", "180"),
        (asked(SELL, "9", "80", group=1), "9", "720"),
    ],
)
def test_an_order_adds_what_it_can_trade_beyond_what_works(order: OrderTerms, units: str, worth: str) -> None:
    book = Book()
    book.place(BUY, "10", "100")
    book.fill(book.place(BUY, "10", "100"), "3")
    book.fill(book.place(BUY, "10", "100"), "10")
    book.place(BUY, "8", "90", group=1)
    added = book.orders.addition(order)
    assert (added.orders, added.units, added.worth(Decimal(100))) == (1, Decimal(units), Decimal(worth))


@pytest.mark.parametrize(
    ("quantity", "limit", "units", "worth"),
    [
        ("15", "90", "5", "450"),
        ("10", "95", "0", "30"),
        ("15", "100", "5", "560"),
        ("6", "90", "0", "0"),
        ("10", "80", "0", "0"),
    ],
)
def test_an_amendment_adds_what_it_wants_beyond_its_own_order(
    quantity: str, limit: str, units: str, worth: str
) -> None:
    book = Book()
    order = book.place(BUY, "10", "90")
    book.fill(order, "4")
    added = book.orders.addition(
        msgspec.structs.replace(order.terms, quantity=Decimal(quantity), limit_price=Decimal(limit))
    )
    assert (added.orders, added.units, added.worth(Decimal(100))) == (0, Decimal(units), Decimal(worth))


def test_an_amendment_of_an_exit_adds_no_more_than_its_parent_has_filled() -> None:
    book, entry, stop, _ = bracketed()
    book.fill(entry, "4")
    book.shrink(stop, "3")
    larger = msgspec.structs.replace(stop.terms, quantity=Decimal(10))
    assert book.orders.addition(larger).units == 0


# Ids of groups.


def test_groups_are_numbered_also_over_restarts() -> None:
    book = Book()
    book.place(BUY, "1", "90", group=7)
    assert book.orders.next_group_id() == "a-g8"
    again = OrderManager("a")
    again.restore(book.orders.state())
    assert again.next_group_id() == "a-g9"


@pytest.mark.parametrize(
    ("group_id", "n"),
    [
        ("a-g1", 1),
        ("a-g10", 10),
        ("a-g0", 0),
        ("a-g01", 0),
        ("b-g1", 0),
        ("a-g", 0),
        ("a-1", 0),
        ("a-g-1", 0),
        ("a-g1x", 0),
        ("a-g\N{ARABIC-INDIC DIGIT ONE}", 0),
        ("a-g" + "9" * 5_000, 0),
        ("", 0),
    ],
)
def test_a_group_id_is_its_owner_s_and_a_number(group_id: str, n: int) -> None:
    assert OrderManager("a").group_number(group_id) == n


def test_a_group_is_forgotten_with_its_last_order() -> None:
    book = Book()
    book.end(book.place(BUY, "1", "90", group=1))
    for _ in range(250):
        book.end(book.place(BUY, "1", "90"))
    assert not book.orders.knows_group("a-g1")
