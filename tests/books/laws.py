"""The laws of the books, as comparisons with the oracle. AssertionError, with who and what, where one is broken."""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from tests.books.amounts import EXACTLY, added_up, all_in_quanta, in_lots
from tests.books.events import PLACES, VENTURES
from tests.books.oracle import Oracle
from tests.books.rational import NOTHING, Book
from trading.market import AccountSnapshot

NONE = Decimal(0)


class Touched(NamedTuple):
    """What an event may have changed; all books where `owner` is empty."""

    owner: str = ""
    symbols: tuple[str, ...] = ()
    currencies: tuple[str, ...] = ()


class Laws:
    """Compares books with the oracle's, and counts the figures."""

    def __init__(self, oracle: Oracle) -> None:
        self.oracle = oracle
        self.comparisons = 0

    def everything(self, ledger: Any, containers: Mapping[str, Any]) -> None:
        """Every figure of every book, the digests, the sums, and the oracle's own laws."""
        self.touched(ledger, Touched(symbols=tuple(VENTURES), currencies=tuple(PLACES)))
        assert set(ledger.owners) == set(self.oracle.books)
        for book in ledger.all_books():
            assert {*book.positions} <= VENTURES.keys()
            assert {*book.cash, *book.capital, *book.fees} <= PLACES.keys()
        self.digests(ledger, containers)
        self.sums(ledger)
        assert not (faults := self.oracle.faults()), f"the oracle errs: {faults}"

    def digests(self, ledger: Any, containers: Mapping[str, Any], only: str = "") -> None:
        """A container that heard no more than its own fills and postings has the ledger's book of it."""
        for owner, container in containers.items():
            if only in ("", owner):
                assert container.digest() == ledger.of(owner).digest(), f"{owner}'s container has other books"

    def sums(self, ledger: Any) -> None:
        """All books together are the account as the venue has it."""
        venue = self.oracle.venue
        snapshot = AccountSnapshot(
            cash=all_in_quanta(venue.cash),
            positions={s: in_lots(h.quantity, s) for s, h in venue.holdings.items() if h.quantity},
        )
        difference = ledger.difference(snapshot)
        assert not difference, f"the books are not the account: {difference}"

    def touched(self, ledger: Any, touched: Touched) -> None:
        """What an event may have changed is what it should be, and adds up."""
        books = {book.owner: book for book in ledger.all_books()}
        for owner in (touched.owner,) if touched.owner else books:
            mirror = self.oracle.book(owner)
            for symbol in touched.symbols:
                self._same_position(books[owner], mirror, symbol)
            for currency in touched.currencies:
                self._same_money(books[owner], mirror, currency)
            self._same(Decimal(books[owner].fills), Fraction(mirror.fills), owner, "fills")
        for symbol in touched.symbols:
            units = added_up(book.quantity(symbol) for book in books.values())
            self._same(units, self.oracle.venue.quantity(symbol), "all books", symbol)
        for currency in touched.currencies:
            cash = added_up(book.cash.get(currency, NONE) for book in books.values())
            self._same(cash, self.oracle.venue.cash.get(currency, NOTHING), "all books", currency)

    def _same_position(self, book: Any, mirror: Book, symbol: str) -> None:
        position, holding = book.positions.get(symbol), mirror.holdings.get(symbol)
        if position is None:
            assert holding is None or not (holding.quantity or holding.cost or holding.realised), f"{symbol} is missing"
            return
        assert holding is not None, f"{book.owner} has {symbol}"
        self._same(position.quantity, holding.quantity, book.owner, symbol, "units")
        self._same(position.cost, holding.cost, book.owner, symbol, "cost")
        self._same(position.realised, holding.realised, book.owner, symbol, "realised")

    def _same_money(self, book: Any, mirror: Book, currency: str) -> None:
        who = book.owner, currency
        self._same(book.cash.get(currency, NONE), mirror.cash.get(currency, NOTHING), *who, "cash")
        self._same(book.capital.get(currency, NONE), mirror.capital.get(currency, NOTHING), *who, "capital")
        self._same(book.fees.get(currency, NONE), mirror.fees.get(currency, NOTHING), *who, "fees")
        self._same(book.balance(currency), self.oracle.balance(mirror, currency), *who, "balance")
        for kind, amounts in book.income.items():
            self._same(amounts.get(currency, NONE), mirror.income.get((kind, currency), NOTHING), *who, kind)
        for (kind, code), amount in mirror.income.items():
            assert not amount or code != currency or kind in book.income, f"{who} {kind} is missing"
        assert book.imbalance(currency) == 0, f"{who}: out of balance by {book.imbalance(currency)}"
        assert _law(book, currency) == 0, f"{who}: the law is broken"

    def _same(self, ours: Decimal, exact: Fraction, *what: str) -> None:
        self.comparisons += 1
        assert type(ours) is Decimal, f"{what} is a {type(ours).__name__}"
        assert ours.as_integer_ratio() == (exact.numerator, exact.denominator), f"{what}: {ours}, should be {exact}"


def _law(book: Any, currency: str) -> Decimal:
    """Left side less right side of the law, summed up here."""
    left, right = [book.cash.get(currency, NONE)], [book.capital.get(currency, NONE)]
    for position in book.positions.values():
        if position.currency == currency:
            left.append(position.cost)
            right.append(position.realised)
    right += [amounts[currency] for amounts in book.income.values() if currency in amounts]
    left.append(book.fees.get(currency, NONE))
    return EXACTLY.subtract(added_up(left), added_up(right))
