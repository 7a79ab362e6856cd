"""The law of the books: per currency, after every booking, cash + remaining cost = capital + realised - fees; and the
books of all together are the account."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.builders import fill, terms
from tests.market_builders import EUR, USD, an_instrument, through_msgpack
from trading.account.ledger import Ledger
from trading.market import AccountSnapshot
from trading.money import EXACT, Currency
from trading.orders import Side
from trading.portfolio import VirtualPortfolio
from trading.reports import Fill

YEN = Currency.known("JPY")
COIN = Currency.known("BTC")
CURRENCIES = (USD, EUR, YEN, COIN)
INSTRUMENTS = {
    "AAA": an_instrument("AAA"),
    "EEE": an_instrument("EEE", currency=EUR, tick="0.005", lot="0.1"),
    "YYY": an_instrument("YYY", currency=YEN, tick="0.1", lot="100"),
    "CCC": an_instrument("CCC", currency=COIN, tick="0.00000001", lot="0.001"),
    "MMM": msgspec.structs.replace(an_instrument("MMM", tick="0.25"), multiplier=Decimal("12.5")),
}
CAPITAL = {currency.code: Decimal(1_000) for currency in CURRENCIES}
OWNERS = ("a", "b", "a stranger")


@st.composite
def fills(draw: st.DrawFn, symbols: Sequence[str] = tuple(INSTRUMENTS)) -> Fill:
    """A fill of whole lots at whole ticks, small enough to close and flip often, with a fee in any currency."""
    instrument = INSTRUMENTS[draw(st.sampled_from(symbols))]
    owner = draw(st.sampled_from(OWNERS))
    side = draw(st.sampled_from(Side))
    quantity = EXACT.multiply(Decimal(draw(st.integers(1, 12))), instrument.lot_size)
    at = EXACT.multiply(Decimal(draw(st.integers(1, 5_000))), instrument.tick_size)
    fee_currency = draw(st.sampled_from(CURRENCIES))
    fee = EXACT.multiply(Decimal(draw(st.integers(-3, 300))), fee_currency.quantum)
    return fill(
        terms(side, str(quantity), strategy=owner, symbol=instrument.symbol),
        at=str(at),
        fee=str(fee),
        fee_currency=fee_currency.code,
        instrument=instrument,
    )


def book(history: Sequence[Fill]) -> VirtualPortfolio:
    books = VirtualPortfolio("a", CAPITAL, INSTRUMENTS)
    for one in history:
        books.book(one)
    return books


def assert_lawful(books: VirtualPortfolio) -> None:
    for currency in CURRENCIES:
        assert books.imbalance(currency.code) == 0
        amounts = (books.cash.get(currency.code, Decimal(0)), books.realised(currency.code))
        assert all(amount == currency.rounded(amount) for amount in amounts), "money is whole quanta"
    for position in books.positions.values():
        assert INSTRUMENTS[position.symbol].on_lot(position.quantity)
        if position.quantity == 0:
            assert position.cost == 0, "going flat removes all cost"
        else:
            assert position.cost == 0 or (position.cost > 0) == (position.quantity > 0)


histories = st.lists(fills(), max_size=30)
busy = st.lists(fills(symbols=["AAA"]), max_size=40)


@given(histories | busy)
def test_the_law_holds_after_every_booking(history: list[Fill]) -> None:
    books = VirtualPortfolio("a", CAPITAL, INSTRUMENTS)
    for one in history:
        books.book(one)
        assert_lawful(books)


@given(busy)
def test_a_position_that_is_closed_has_realised_all_that_it_was_paid(history: list[Fill]) -> None:
    books = book(history)
    held = books.quantity("AAA")
    if held:
        side = Side.SELL if held > 0 else Side.BUY
        last = fill(terms(side, str(held.copy_abs())), at="7.77", instrument=INSTRUMENTS["AAA"])
        books.book(last)
        history = [*history, last]
    paid = sum((one.side.signed(one.notional) for one in history), Decimal(0))
    assert books.realised("USD") == -paid
    assert all(position.cost == 0 for position in books.positions.values())


@given(histories, st.integers(0, 30))
def test_equal_histories_give_equal_books_also_over_a_restart(history: list[Fill], at: int) -> None:
    whole, again = book(history), VirtualPortfolio("a", {}, INSTRUMENTS)
    again.restore(through_msgpack(book(history[:at]).state()))
    for one in history[at:]:
        again.book(one)
    assert again.digest() == whole.digest()
    assert again.state() == whole.state()


@given(st.lists(fills(), min_size=1, max_size=15), st.data())
def test_a_ledger_that_skips_one_booking_differs_from_the_account(history: list[Fill], data: Any) -> None:
    skipped = data.draw(st.sampled_from(history))
    whole, mutant = (a_ledger() for _ in range(2))
    for one in history:
        whole.book(one)
        if one is not skipped:
            mutant.book(one)
    assert mutant.difference(whole.total())
    assert not whole.difference(whole.total())


@given(st.lists(fills(), min_size=1, max_size=15), st.data())
def test_a_digest_notices_one_changed_fill(history: list[Fill], data: Any) -> None:
    place = data.draw(st.integers(0, len(history) - 1))
    dearer = EXACT.add(history[place].fee, INSTRUMENTS["AAA"].tick_size)
    changed = [*history[:place], msgspec.structs.replace(history[place], fee=dearer), *history[place + 1 :]]
    assert book(changed).digest() != book(history).digest()


def a_ledger() -> Ledger:
    account = {currency.code: Decimal(10_000) for currency in CURRENCIES}
    return Ledger(cash=account, capital={"a": CAPITAL, "b": CAPITAL}, instruments=INSTRUMENTS)


class Account(RuleBasedStateMachine):
    """A ledger and, beside it, an account kept by the plainest arithmetic."""

    def __init__(self) -> None:
        super().__init__()
        self.ledger = a_ledger()
        self.cash = {currency.code: Decimal(10_000) for currency in CURRENCIES}
        self.positions: dict[str, Decimal] = {}

    @rule(one=fills())
    def trade(self, one: Fill) -> None:
        self.ledger.book(one)
        sign = 1 if one.side is Side.BUY else -1
        self.cash[one.currency] -= sign * one.notional
        self.cash[one.fee_currency] -= one.fee
        self.positions[one.symbol] = self.positions.get(one.symbol, Decimal(0)) + sign * one.quantity

    @rule(symbol=st.sampled_from(tuple(INSTRUMENTS)), price=st.floats(0.01, 1e6))
    def mark(self, symbol: str, price: float) -> None:
        digests = [book.digest() for book in self.ledger.all_books()]
        self.ledger.mark(symbol, price)
        assert [book.digest() for book in self.ledger.all_books()] == digests

    @rule(amount=st.integers(0, 500))
    @precondition(lambda self: "c" not in self.ledger.owners and self.ledger.unallocated.cash["USD"] >= 500)
    def allocate(self, amount: int) -> None:
        self.ledger.allocate("c", {"USD": Decimal(amount)})

    @rule()
    @precondition(lambda self: "c" in self.ledger.owners)
    def release(self) -> None:
        self.ledger.release("c")

    @rule()
    def restart(self) -> None:
        again = a_ledger()
        again.restore(through_msgpack(self.ledger.state()))
        assert again.state() == self.ledger.state()
        self.ledger = again

    @invariant()
    def every_book_is_lawful(self) -> None:
        for book in self.ledger.all_books():
            assert_lawful(book)

    @invariant()
    def equity_for_people_is_the_exact_one_unrounded(self) -> None:
        for book in self.ledger.all_books():
            for currency in CURRENCIES:
                exact, rounding = book.exact_equity(currency.code), len(book.positions) * currency.quantum
                assert book.equity(currency.code) == pytest.approx(float(exact), rel=1e-9, abs=float(rounding))

    @invariant()
    def the_books_are_the_account(self) -> None:
        venue = AccountSnapshot(
            cash=self.cash, positions={symbol: units for symbol, units in self.positions.items() if units}
        )
        assert not self.ledger.difference(venue)


TestAccount = Account.TestCase
