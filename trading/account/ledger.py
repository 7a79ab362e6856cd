"""The authoritative books: one portfolio for each container, and `unallocated` for what is no container's.

Law: sum of all books = the account as the venue has it, per currency and symbol, exactly, after every report.
"""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

import msgspec

from trading.account.sharing import share_out
from trading.account.transfers import Transfer, move_cash, move_position
from trading.errors import LedgerError
from trading.instruments import Instrument
from trading.market import AccountSnapshot
from trading.money import EXACT, ZERO
from trading.portfolio import VirtualPortfolio, valued_by
from trading.postings import (
    AccountEvent,
    Accrual,
    Adjustment,
    ForeignFill,
    Liquidation,
    MarginCall,
    Posting,
    Settlement,
    Split,
)
from trading.reports import Fill

UNALLOCATED: Final = "unallocated"


class AccountDifference(msgspec.Struct, frozen=True, kw_only=True):
    """Books less venue, by currency and by symbol; only what is not zero."""

    cash: Mapping[str, Decimal]
    positions: Mapping[str, Decimal]

    def __bool__(self) -> bool:
        return bool(self.cash or self.positions)


class Ledger:
    """Books fills by owner. LedgerError when capital is given that the account does not have. `marked` are the symbols
    of which a price changes what some book is worth."""

    def __init__(
        self,
        *,
        cash: Mapping[str, Decimal],
        capital: Mapping[str, Mapping[str, Decimal]],
        instruments: Mapping[str, Instrument],
    ) -> None:
        self._instruments = instruments
        self.unallocated = VirtualPortfolio(UNALLOCATED, cash, instruments)
        self._books: dict[str, VirtualPortfolio] = {}
        self._holders: dict[str, dict[str, VirtualPortfolio]] = {}
        self._valued_by = valued_by(instruments)
        self.marked = set(self._valued_by)
        for owner, amounts in capital.items():
            self.allocate(owner, amounts)

    def allocate(self, owner: str, amounts: Mapping[str, Decimal]) -> None:
        """Open a container's book with capital from `unallocated`; where that is not enough, nothing is moved."""
        if owner in self._books:
            raise LedgerError(f"{owner} has a book already")
        for currency, amount in amounts.items():
            free = self.unallocated.balance(currency)
            if not ZERO <= amount <= free:
                raise LedgerError(f"{owner} asks for {amount} {currency}; {free} of the account is unallocated")
        self.unallocated.endow({currency: amount.copy_negate() for currency, amount in amounts.items()})
        self._books[owner] = VirtualPortfolio(owner, amounts, self._instruments)

    def release(self, owner: str) -> None:
        """Close a flat book; its cash becomes capital of `unallocated`. LedgerError while it holds anything."""
        book = self.of(owner)
        held = [symbol for symbol, position in book.positions.items() if position.quantity]
        if held:
            raise LedgerError(f"{owner} still holds {', '.join(held)}")
        self.unallocated.endow(book.cash)
        del self._books[owner]

    def book(self, fill: Fill) -> None:
        """Book a fill to its strategy, or to `unallocated` where it is no container's."""
        book = self._books.get(fill.strategy, self.unallocated)
        book.book(fill)
        self._note_holder(book, fill.symbol)

    def share_out(self, event: AccountEvent) -> list[Posting]:
        """Book what happened to the account: to every container by what it holds, the rest to `unallocated`. Gives the
        postings, those of containers first; LedgerError when its symbol is not an instrument here."""
        symbol = ""
        if isinstance(event, Liquidation | ForeignFill):
            self.book(event.fill)
            symbol = event.fill.symbol
        elif isinstance(event, Accrual | Split | Settlement | MarginCall | Adjustment):
            symbol = event.symbol
        if symbol and symbol not in self._instruments:
            raise LedgerError(f"{event.event_id} is of {symbol}, which is no instrument here")
        books = [*self._books.values()]
        postings = share_out(event, books, self.unallocated, self._instruments.get(symbol))
        for posting in postings:
            self.post(posting)
        return postings

    def post(self, posting: Posting) -> None:
        """Book a posting to its container, or to `unallocated` where it is no container's."""
        book = self._books.get(posting.strategy, self.unallocated)
        book.post(posting)
        if posting.symbol:
            self._note_holder(book, posting.symbol)

    def require_unallocated(self, currency: str, amount: Decimal) -> None:
        """LedgerError unless so much of a currency is nobody's, and may be paid out."""
        there = self.unallocated.balance(currency)
        if amount > there:
            raise LedgerError(
                f"{amount} {currency} cannot be withdrawn: {there} is unallocated; transfer it from a strategy first"
            )

    def require_movable(self, transfer: Transfer) -> None:
        """LedgerError unless both books are there, and the first has what is to be moved."""
        source, _ = self._any(transfer.source), self._any(transfer.target)
        _require_movable(transfer, source)
        if transfer.symbol and transfer.symbol not in self._instruments:
            raise LedgerError(f"{transfer.symbol} is no instrument here; known: {', '.join(self._instruments)}")

    def transfer(self, transfer: Transfer, event_id: str, ts_ns: int) -> list[Posting]:
        """Book what is moved between two books, and give the postings; LedgerError when it cannot be, before anything
        is booked."""
        self.require_movable(transfer)
        books = self._any(transfer.source), self._any(transfer.target)
        if transfer.symbol:
            instrument = self._instruments[transfer.symbol]
            postings = move_position(
                event_id, ts_ns, books, instrument=instrument, units=transfer.amount, price=transfer.price
            )
        else:
            postings = move_cash(event_id, ts_ns, books, transfer.currency, transfer.amount)
        for posting in postings:
            self.post(posting)
        return postings

    def mark(self, symbol: str, price: float) -> None:
        """Value a symbol in every book that holds it. One by which others are valued is for every book: their fills
        bring no mark, so that who buys one must know it already."""
        if symbol in self._valued_by:
            for book in self.all_books():
                book.mark(symbol, price)
            return
        for book in self._holders.get(symbol, {}).values():
            book.mark(symbol, price)

    def _any(self, owner: str) -> VirtualPortfolio:
        return self.unallocated if owner == UNALLOCATED else self.of(owner)

    def of(self, owner: str) -> VirtualPortfolio:
        """The book of one container; LedgerError when it has none."""
        try:
            return self._books[owner]
        except KeyError:
            raise LedgerError(f"{owner} has no book") from None

    @property
    def owners(self) -> Iterable[str]:
        """The containers that have a book."""
        return self._books.keys()

    def all_books(self) -> Iterator[VirtualPortfolio]:
        """Every book, `unallocated` last."""
        yield from self._books.values()
        yield self.unallocated

    def total(self) -> AccountSnapshot:
        """The sum of all books."""
        cash: dict[str, Decimal] = {}
        positions: dict[str, Decimal] = {}
        for book in self.all_books():
            for currency, amount in book.cash.items():
                cash[currency] = EXACT.add(cash.get(currency, ZERO), amount)
            for symbol, position in book.positions.items():
                positions[symbol] = EXACT.add(positions.get(symbol, ZERO), position.quantity)
        return AccountSnapshot(cash=cash, positions={s: q for s, q in positions.items() if q})

    def difference(self, venue: AccountSnapshot) -> AccountDifference:
        """What the books have more than the venue; false when they are equal."""
        books = self.total()
        return AccountDifference(
            cash=_difference(books.cash, venue.cash), positions=_difference(books.positions, venue.positions)
        )

    def state(self) -> dict[str, Any]:
        """Everything that `restore` needs."""
        return {
            "unallocated": self.unallocated.state(),
            "books": {owner: book.state() for owner, book in self._books.items()},
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Become the ledger that gave this state."""
        self.unallocated.restore(state["unallocated"])
        self._books = {}
        for owner, book in state["books"].items():
            self._books[owner] = VirtualPortfolio(owner, {}, self._instruments)
            self._books[owner].restore(book)
        self._holders, self.marked = {}, set(self._valued_by)
        for held in self.all_books():
            for symbol in held.positions:
                self._note_holder(held, symbol)

    def _note_holder(self, book: VirtualPortfolio, symbol: str) -> None:
        holders = self._holders.setdefault(symbol, {})
        if book.quantity(symbol):
            holders[book.owner] = book
            self.marked.add(symbol)
        else:
            holders.pop(book.owner, None)
            if not holders and symbol not in self._valued_by:
                self.marked.discard(symbol)


def _require_movable(transfer: Transfer, source: VirtualPortfolio) -> None:
    """A position goes in its own direction and not beyond flat, cash above zero and not beyond what there is."""
    amount = transfer.amount
    if transfer.source == transfer.target:
        raise LedgerError(f"{transfer.source} is named as source and as target; name two books")
    if transfer.symbol:
        held = source.quantity(transfer.symbol)
        if not amount or (held > 0) is not (amount > 0) or amount.copy_abs() > held.copy_abs():
            raise LedgerError(f"{source.owner} holds {held} {transfer.symbol}; {amount} of that cannot be moved")
        return
    there = source.balance(transfer.currency)
    if not ZERO < amount <= there:
        raise LedgerError(f"{source.owner} has {there} {transfer.currency}; {amount} of that cannot be moved")


def _difference(ours: Mapping[str, Decimal], theirs: Mapping[str, Decimal]) -> dict[str, Decimal]:
    pairs = {key: EXACT.subtract(ours.get(key, ZERO), theirs.get(key, ZERO)) for key in sorted({*ours, *theirs})}
    return {key: difference for key, difference in pairs.items() if difference}
