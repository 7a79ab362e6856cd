"""The books once more, in exact rationals, by rules written down here alone; nothing is shared with the ledger's code.

Amounts are Fractions. An amount of money is a whole number of quanta, rounded half to even where a rule rounds at all:

    trade         cash goes by the notional, the fee by its own currency; what closes removes cost in proportion,
                  rounded, and realises what came in for it less that; what remains opens at what was paid for it
    bust          the same trade backwards, fee included; nobody remembers what it had realised
    accrual       |held| times the rate of its direction
    split         quantity times new / old, cut towards zero to lots; the fraction is paid out at the new unit's price
                  and takes its part of the cost along
    settlement    cost becomes worth, the difference is realised
    expiry        the worth is paid, all cost leaves
    conversion    the whole balance becomes another currency
    transfer      of cash: capital; of units: a trade of two books with each other, without fees

The venue's account is one more book that trades the net and knows of no owners. It decides how much an event brings;
every container receives what it would as the only owner, and `rest` what is left of the whole.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction

from tests.books.rational import NOTHING, Book, Holding, Terms, rounded


class Oracle:
    """All books of an account, and the account. Owners without a book trade for the `rest`."""

    def __init__(
        self,
        symbols: Mapping[str, Terms],
        scales: Mapping[str, int],
        cash: Mapping[str, Fraction],
        capital: Mapping[str, Mapping[str, Fraction]],
    ) -> None:
        self.symbols = symbols
        self.scales = scales
        self.venue = Book(cash)
        self.rest = Book(cash)
        self.books: dict[str, Book] = {}
        for owner, amounts in capital.items():
            self.allocate(owner, amounts)

    def book(self, owner: str) -> Book:
        return self.books.get(owner, self.rest)

    def everyone(self) -> Iterable[Book]:
        return (*self.books.values(), self.rest)

    def worth(self, symbol: str, units: Fraction, price: Fraction) -> Fraction:
        terms = self.symbols[symbol]
        return rounded(units * price * terms.multiplier, terms.scale)

    def balance(self, book: Book, currency: str) -> Fraction:
        """Cash, where nothing was paid for what is not paid for."""
        unpaid = (
            holding.cost
            for symbol, holding in book.holdings.items()
            if self.symbols[symbol].currency == currency and not self.symbols[symbol].paid_for
        )
        return sum(unpaid, book.cash.get(currency, NOTHING))

    # What owners do.

    def trade(
        self, owner: str, symbol: str, units: Fraction, price: Fraction, fee: Fraction, fee_currency: str
    ) -> Fraction:
        """Signed units bought; gives the notional."""
        paid = self.worth(symbol, units, price)
        for book in (self.book(owner), self.venue):
            self._exchange(book, symbol, units, price, paid)
            book.pay(fee_currency, fee)
            book.fees[fee_currency] = book.fees.get(fee_currency, NOTHING) + fee
            book.fills += 1
        return paid if units > 0 else -paid

    def _exchange(self, book: Book, symbol: str, units: Fraction, price: Fraction, paid: Fraction) -> None:
        """First what closes, then what opens."""
        terms = self.symbols[symbol]
        book.pay(terms.currency, paid)
        holding = book.holdings.setdefault(symbol, Holding())
        if holding.quantity * units < 0:
            part = paid
            closing = units
            if abs(units) > abs(holding.quantity):
                closing = -holding.quantity
                part = self.worth(symbol, closing, price)
            holding.close(-closing, -part, terms.scale)
            units, paid = units - closing, paid - part
        if units:
            holding.open(units, paid)

    def move_cash(self, source: str, target: str, currency: str, amount: Fraction) -> None:
        self.book(source).endow(currency, -amount)
        self.book(target).endow(currency, amount)

    def move_units(self, source: str, target: str, symbol: str, units: Fraction, price: Fraction) -> None:
        worth = self.worth(symbol, units, price)
        self._exchange(self.book(source), symbol, -units, price, -worth)
        self._exchange(self.book(target), symbol, units, price, worth)

    def allocate(self, owner: str, amounts: Mapping[str, Fraction]) -> None:
        self.books[owner] = Book(amounts)
        for currency, amount in amounts.items():
            self.rest.endow(currency, -amount)

    def release(self, owner: str) -> None:
        for currency, amount in self.books.pop(owner).cash.items():
            self.rest.endow(currency, amount)

    # What happens to the account. Each gives what the venue tells of it.

    def deposit(self, currency: str, amount: Fraction) -> None:
        self.rest.endow(currency, amount)
        self.venue.endow(currency, amount)

    def accrue(self, kind: str, symbol: str, currency: str, rates: tuple[Fraction, Fraction]) -> Fraction:
        def due(book: Book) -> Fraction:
            held = book.quantity(symbol) if symbol else self.balance(book, currency)
            return rounded(held * rates[0] if held > 0 else -held * rates[1], self.scales[currency])

        amount = due(self.venue)
        self.venue.earn(kind, currency, amount)
        shares = [(book, due(book)) for book in self.books.values()]
        for book, share in (*shares, (self.rest, amount - sum(share for _, share in shares))):
            book.earn(kind, currency, share)
        return amount

    def split(self, symbol: str, new: int, old: int, price: Fraction) -> tuple[Fraction, Fraction]:
        """Units that the account gained, and cash that it was paid."""
        units, cash = self._split(self.venue, symbol, new, old, price)
        units_left, cash_left = units, cash
        for book in self.books.values():
            gained, paid_out = self._split(book, symbol, new, old, price)
            units_left, cash_left = units_left - gained, cash_left - paid_out
        self._split_rest(symbol, Fraction(new, old), units_left, cash_left)
        return units, cash

    def _split(self, book: Book, symbol: str, new: int, old: int, price: Fraction) -> tuple[Fraction, Fraction]:
        before = book.quantity(symbol)
        if not before:
            return NOTHING, NOTHING
        terms, holding = self.symbols[symbol], book.holdings[symbol]
        holding.multiply(new, old)
        whole = int(holding.quantity / terms.lot) * terms.lot
        fraction = holding.quantity - whole
        cash = self.worth(symbol, fraction, price)
        if fraction:
            book.pay(terms.currency, -cash)
            holding.close(fraction, cash, terms.scale)
        return whole - before, cash

    def _split_rest(self, symbol: str, ratio: Fraction, units: Fraction, cash: Fraction) -> None:
        """The rest takes over the fractions of others, or gives its own to them, for the cash that is left."""
        terms, holding = self.symbols[symbol], self.rest.holdings.setdefault(symbol, Holding())
        bought = holding.quantity + units - holding.quantity * ratio
        holding.multiply(ratio.numerator, ratio.denominator)
        self.rest.pay(terms.currency, -cash)
        paid = -cash
        if holding.quantity * bought < 0:
            closing, part = bought, paid
            if abs(bought) > abs(holding.quantity):
                closing = -holding.quantity
                part = rounded(paid * closing / bought, terms.scale)
            holding.close(-closing, -part, terms.scale)
            bought, paid = bought - closing, paid - part
        if bought:
            holding.open(bought, paid)
        else:
            holding.realised -= paid
            holding.fifo -= paid

    def settle(self, symbol: str, price: Fraction) -> None:
        for book in (*self.everyone(), self.venue):
            if book.quantity(symbol):
                holding = book.holdings[symbol]
                holding.settle(self.worth(symbol, holding.quantity, price), self.symbols[symbol].scale)

    def expire(self, symbol: str, price: Fraction) -> tuple[Fraction, Fraction]:
        """Units that the account lost, negative where it was long, and cash that it was paid."""
        units = -self.venue.quantity(symbol)
        amount = self._end(self.venue, symbol, self.worth(symbol, -units, price))
        left = amount
        for book in self.books.values():
            left -= self._end(book, symbol, self.worth(symbol, book.quantity(symbol), price))
        self._end(self.rest, symbol, left)
        return units, amount

    def _end(self, book: Book, symbol: str, cash: Fraction) -> Fraction:
        terms, holding = self.symbols[symbol], book.holdings.setdefault(symbol, Holding())
        book.pay(terms.currency, -cash)
        if holding.quantity:
            holding.close(holding.quantity, cash, terms.scale)
        else:
            holding.realised += cash
            holding.fifo += cash
        return cash

    def convert(self, currency: str, into: str, rate: Fraction) -> tuple[Fraction, Fraction]:
        """What the account gave of one currency, negative as it left, and what it received of the other."""
        amount, received = self._convert(self.venue, currency, into, rate)
        amount_left, received_left = amount, received
        for book in self.books.values():
            gave, got = self._convert(book, currency, into, rate)
            amount_left, received_left = amount_left - gave, received_left - got
        self.rest.earn("conversion", currency, amount_left)
        self.rest.earn("conversion", into, received_left)
        return amount, received

    def _convert(self, book: Book, currency: str, into: str, rate: Fraction) -> tuple[Fraction, Fraction]:
        balance = self.balance(book, currency)
        received = rounded(balance * rate, self.scales[into])
        book.earn("conversion", currency, -balance)
        book.earn("conversion", into, received)
        return -balance, received

    # What must hold of the oracle itself.

    def faults(self) -> list[str]:
        """Where its own books break the laws; nothing, if it is right."""
        books = {**self.books, "the rest": self.rest, "the venue": self.venue}
        found = [f"{owner}: {currency}" for owner, book in books.items() for currency in self._unlawful(book)]
        found += [f"{owner}: lots of {symbol}" for owner, book in books.items() for symbol in book.disorder()]
        for currency in self.scales:
            if sum(book.cash.get(currency, NOTHING) for book in self.everyone()) != self.venue.cash.get(currency, 0):
                found.append(f"sum of {currency}")
        for symbol in self.symbols:
            if sum(book.quantity(symbol) for book in self.everyone()) != self.venue.quantity(symbol):
                found.append(f"sum of {symbol}")
        return found

    def _unlawful(self, book: Book) -> Iterable[str]:
        for currency in self.scales:
            held = [h for symbol, h in book.holdings.items() if self.symbols[symbol].currency == currency]
            left = book.cash.get(currency, NOTHING) + sum(holding.cost for holding in held)
            right = book.capital.get(currency, NOTHING) - book.fees.get(currency, NOTHING)
            right += sum(holding.realised for holding in held)
            right += sum(amount for (_, code), amount in book.income.items() if code == currency)
            if left != right:
                yield currency
