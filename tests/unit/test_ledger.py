"""The ledger: every unit of the account is in exactly one book."""

from decimal import Decimal

import pytest

from tests.builders import fill, terms
from tests.market_builders import an_instrument, through_msgpack
from trading.account.ledger import AccountDifference, Ledger
from trading.errors import LedgerError
from trading.market import AccountSnapshot
from trading.orders import Side
from trading.portfolio import VirtualPortfolio
from trading.reports import Fill

INSTRUMENTS = {symbol: an_instrument(symbol) for symbol in ("AAA", "BBB")}


def ledger(cash: str = "10000", **capital: str) -> Ledger:
    shares = capital or {"a": "6000", "b": "3000"}
    return Ledger(
        cash={"USD": Decimal(cash)},
        capital={owner: {"USD": Decimal(amount)} for owner, amount in shares.items()},
        instruments=INSTRUMENTS,
    )


def account(cash: str, **positions: str) -> AccountSnapshot:
    return AccountSnapshot(
        cash={"USD": Decimal(cash)}, positions={symbol: Decimal(units) for symbol, units in positions.items()}
    )


def cash_of(books: Ledger) -> dict[str, Decimal]:
    return {book.owner: book.cash["USD"] for book in books.all_books()}


def test_capital_comes_out_of_the_account_and_the_rest_is_unallocated() -> None:
    books = ledger()
    assert cash_of(books) == {"a": Decimal(6000), "b": Decimal(3000), "unallocated": Decimal(1000)}
    assert books.total() == account("10000")
    assert [book.imbalance("USD") for book in books.all_books()] == [0, 0, 0]


def test_a_fill_is_booked_to_its_strategy_and_a_stranger_s_to_unallocated() -> None:
    books = ledger()
    books.book(fill(terms(strategy="a", quantity="10")))
    books.book(fill(terms(strategy="b", quantity="5", symbol="BBB")))
    books.book(fill(terms(strategy="who", quantity="2")))

    assert books.of("a").quantity("AAA") == 10
    assert books.unallocated.quantity("AAA") == 2
    assert books.total() == account("8300", AAA="12", BBB="5")


def test_opposite_positions_of_two_containers_are_none_of_the_account() -> None:
    books = ledger()
    books.book(fill(terms(strategy="a", quantity="10")))
    books.book(fill(terms(Side.SELL, strategy="b", quantity="10")))
    assert books.total() == account("10000")


def test_no_difference_is_false_and_any_is_named() -> None:
    books = ledger()
    books.book(fill(terms(quantity="10")))
    assert not books.difference(account("9000", AAA="10"))
    assert books.difference(account("8999.99", AAA="12", BBB="1")) == AccountDifference(
        cash={"USD": Decimal("0.01")}, positions={"AAA": Decimal(-2), "BBB": Decimal(-1)}
    )


def test_a_currency_that_only_one_side_knows_is_a_difference() -> None:
    books = ledger()
    venue = AccountSnapshot(cash={"USD": Decimal(10_000), "EUR": Decimal(5)}, positions={})
    assert books.difference(venue).cash == {"EUR": Decimal(-5)}


def test_a_mark_reaches_every_book_that_holds_the_symbol_unallocated_too() -> None:
    books = ledger()
    for owner in ("a", "who"):
        books.book(fill(terms(strategy=owner, quantity="10")))
    books.mark("AAA", 110.0)
    assert [book.equity("USD") for book in books.all_books()] == [6_100.0, 3_000.0, 1_100.0]


def test_a_mark_passes_by_the_books_that_hold_nothing_of_the_symbol() -> None:
    books = ledger()
    books.book(fill(terms(strategy="a", quantity="10"), at="100"))
    books.book(fill(terms(Side.SELL, strategy="a", quantity="10", n=2), at="100"))
    books.book(fill(terms(strategy="b", quantity="10"), at="100"))
    books.mark("AAA", 110.0)
    assert [book.marks for book in books.all_books()] == [{"AAA": 100.0}, {"AAA": 110.0}, {}]


@pytest.mark.parametrize("amount", ["1000.01", "-1"])
def test_capital_that_is_not_there_is_refused(amount: str) -> None:
    books = ledger()
    with pytest.raises(LedgerError, match=f"c asks for {amount} USD; 1000 of the account is unallocated"):
        books.allocate("c", {"USD": Decimal(amount)})


def test_a_refused_allocation_moves_nothing() -> None:
    books = ledger()
    with pytest.raises(LedgerError, match="c asks for 1 EUR; 0 of the account"):
        books.allocate("c", {"USD": Decimal(1), "EUR": Decimal(1)})
    assert cash_of(books) == {"a": Decimal(6000), "b": Decimal(3000), "unallocated": Decimal(1000)}


def test_an_owner_has_one_book() -> None:
    with pytest.raises(LedgerError, match="a has a book already"):
        ledger().allocate("a", {"USD": Decimal(1)})


def test_a_book_that_is_not_there_is_an_error() -> None:
    with pytest.raises(LedgerError, match="who has no book"):
        ledger().of("who")


def test_a_released_book_leaves_its_cash_to_unallocated_and_the_sum_as_it_was() -> None:
    books = ledger()
    books.book(fill(terms(strategy="b", quantity="10"), at="100"))
    books.book(fill(terms(Side.SELL, strategy="b", quantity="10"), at="90", fee="1"))
    before = books.total()
    books.release("b")

    assert cash_of(books) == {"a": Decimal(6000), "unallocated": Decimal(3899)}
    assert books.total() == before
    assert books.unallocated.imbalance("USD") == 0


def test_a_book_that_holds_something_cannot_be_released() -> None:
    books = ledger()
    books.book(fill(terms(strategy="b")))
    with pytest.raises(LedgerError, match="b still holds AAA"):
        books.release("b")


def test_moving_capital_is_no_drawdown() -> None:
    books = ledger()
    books.book(fill(terms(strategy="who", quantity="1")))
    assert books.unallocated.max_drawdown == {"USD": 0.0}


def test_a_restored_ledger_has_the_same_books_and_marks_them() -> None:
    books, again = ledger(), ledger()
    books.book(fill(terms(quantity="10")))
    again.restore(through_msgpack(books.state()))
    for one in (books, again):
        one.mark("AAA", 105.0)
    assert again.state() == books.state()


class Forgetful(VirtualPortfolio):
    """A mutant that skips every third booking."""

    def book(self, fill: Fill) -> None:
        if self.fills % 3 == 2:
            self.fills += 1
        else:
            super().book(fill)


def test_a_book_that_skips_a_booking_shows_against_the_account() -> None:
    books = ledger()
    books._books["a"] = Forgetful("a", {"USD": Decimal(6000)}, INSTRUMENTS)
    differences = []
    for held in ("10", "20", "30"):
        books.book(fill(terms(quantity="10")))
        differences.append(bool(books.difference(account(str(10_000 - int(held) * 100), AAA=held))))
    assert differences == [False, False, True]
