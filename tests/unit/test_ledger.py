"""The ledger: every unit of the account is in exactly one book."""

from decimal import Decimal

import msgspec
import pytest

from tests.builders import fill, terms
from tests.market_builders import USD, an_instrument, through_msgpack
from trading.account.ledger import AccountDifference, Ledger
from trading.account.transfers import Transfer
from trading.errors import LedgerError
from trading.instruments import Instrument, InstrumentKind, MarginTerms
from trading.market import AccountSnapshot
from trading.orders import Side
from trading.portfolio import VirtualPortfolio
from trading.postings import Accrual, CashMoved, Liquidation, Posting, PostingKind, Settlement, Split
from trading.reports import Fill

INSTRUMENTS = {symbol: an_instrument(symbol) for symbol in ("AAA", "BBB")}


FUTURE = Instrument(
    symbol="FFF",
    kind=InstrumentKind.FUTURE,
    currency=USD,
    tick_size=Decimal("0.25"),
    lot_size=Decimal(1),
    multiplier=Decimal(50),
    margin=MarginTerms(currency=USD, initial=Decimal("0.1"), maintenance=Decimal("0.05")),
)


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


@pytest.mark.parametrize("side", Side)
def test_a_future_that_nobody_paid_for_leaves_the_balance_free(side: Side) -> None:
    books = Ledger(cash={"USD": Decimal(10_000)}, capital={}, instruments={"FFF": FUTURE})
    books.book(fill(terms(side, "1", strategy="who", symbol="FFF"), at="100", instrument=FUTURE))
    with pytest.raises(LedgerError, match=r"a asks for 10001 USD; 10000\.00 of the account is unallocated"):
        books.allocate("a", {"USD": Decimal(10_001)})
    books.allocate("a", {"USD": Decimal(10_000)})
    assert [book.balance("USD") for book in books.all_books()] == [10_000, 0]


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


def opposites(a: str, b: str, symbol: str = "AAA") -> Ledger:
    """a is long and b short, both at 100; the account has the net."""
    books = Ledger(
        cash={"USD": Decimal(10_000)},
        capital={"a": {"USD": Decimal(6_000)}, "b": {"USD": Decimal(3_000)}},
        instruments={**INSTRUMENTS, "FFF": FUTURE},
    )
    for side, owner, quantity in ((Side.BUY, "a", a), (Side.SELL, "b", b)):
        instrument = FUTURE if symbol == "FFF" else an_instrument(symbol)
        books.book(fill(terms(side, quantity, strategy=owner, symbol=symbol), at="100", instrument=instrument))
    return books


def assert_exact(books: Ledger, venue: AccountSnapshot) -> None:
    assert not books.difference(venue)
    assert [book.imbalance("USD") for book in books.all_books()] == [0, 0, 0]


def test_a_dividend_is_received_by_one_side_and_paid_by_the_other() -> None:
    books = opposites("10", "4")
    event = Accrual(
        event_id="d-1",
        kind=PostingKind.DIVIDEND,
        ts_ns=1,
        due_ns=1,
        symbol="AAA",
        currency="USD",
        per_long=Decimal("0.333"),
        per_short=Decimal("-0.333"),
        amount=Decimal("2.00"),
    )
    shared = books.share_out(event)
    assert [(one.strategy, one.cash["USD"]) for one in shared] == [
        ("a", Decimal("3.33")),
        ("b", Decimal("-1.33")),
    ]
    assert_exact(books, account("9402.00", AAA="6"))


def test_a_split_leaves_the_sum_the_account_s_though_fractions_are_each_book_s_own() -> None:
    """Of 5 and -2 at three for two: 7 and a half unit's cash, and -3; the account's 3 are 4 and a half unit's cash."""
    books = opposites("5", "2")
    event = Split(
        event_id="s-1",
        ts_ns=1,
        due_ns=1,
        symbol="AAA",
        currency="USD",
        new=Decimal(3),
        old=Decimal(2),
        price=Decimal(66),
        units=Decimal(1),
        amount=Decimal("33.00"),
    )
    shared = books.share_out(event)
    assert [(one.strategy, one.units, one.cash.get("USD")) for one in shared] == [
        ("a", Decimal(2), Decimal("33.00")),
        ("b", Decimal(-1), None),
    ]
    assert_exact(books, account("9733.00", AAA="4"))
    assert books.of("a").marks == books.of("b").marks == {"AAA": 66.0}


def test_an_expiry_ends_both_sides_of_a_position_that_the_account_does_not_have() -> None:
    books = opposites("1", "1", "FFF")
    expiry = Settlement(
        event_id="x-1", ts_ns=1, due_ns=1, symbol="FFF", currency="USD", price=Decimal(103), expires=True
    )
    books.share_out(expiry)
    assert cash_of(books) == {"a": Decimal(6_150), "b": Decimal(2_850), "unallocated": Decimal(1_000)}
    assert [book.quantity("FFF") for book in books.all_books()] == [0, 0, 0]
    assert_exact(books, account("10000"))


def test_a_settlement_is_realised_on_both_sides_and_moves_nothing_of_the_account() -> None:
    books = opposites("3", "1", "FFF")
    settlement = Settlement(
        event_id="x-1", ts_ns=1, due_ns=1, symbol="FFF", currency="USD", price=Decimal(103), expires=False
    )
    books.share_out(settlement)
    assert [book.realised("USD") for book in books.all_books()] == [450, -150, 0]
    assert [book.balance("USD") for book in books.all_books()] == [6_450, 2_850, 1_000]
    assert_exact(books, account("0", FFF="2"))


def test_a_liquidation_is_unallocated_s_and_its_holders_are_told() -> None:
    books = opposites("10", "4")
    closing = fill(terms(Side.SELL, "6", strategy=""), at="90", fee="1")
    shared = books.share_out(Liquidation(event_id="l-1", ts_ns=1, fill=closing, reason="no margin"))
    assert [(one.strategy, one.kind) for one in shared] == [("a", "liquidation"), ("b", "liquidation")]
    assert [book.quantity("AAA") for book in books.all_books()] == [10, -4, -6]
    assert_exact(books, account("9939"))


def test_an_event_of_an_unknown_symbol_is_refused_and_books_nothing() -> None:
    books = ledger()
    before = books.state()
    event = Settlement(event_id="x-1", ts_ns=1, due_ns=1, symbol="ZZZ", currency="USD", price=Decimal(1), expires=True)
    with pytest.raises(LedgerError, match="x-1 is of ZZZ, which is no instrument here"):
        books.share_out(event)
    assert books.state() == before


def test_what_is_paid_in_can_be_given_to_a_container() -> None:
    books = ledger()
    books.share_out(CashMoved(event_id="c-1", ts_ns=1, currency="USD", amount=Decimal(500)))
    books.transfer(Transfer(source="unallocated", target="a", currency="USD", amount=Decimal(1_500)), "t-1", 2)
    assert cash_of(books) == {"a": Decimal(7_500), "b": Decimal(3_000), "unallocated": Decimal(0)}
    assert_exact(books, account("10500"))


def test_units_go_to_another_book_and_are_marked_there() -> None:
    books = ledger()
    books.book(fill(terms(strategy="a", quantity="10"), at="100"))
    move = Transfer(source="a", target="b", symbol="AAA", amount=Decimal(10), price=Decimal(104))
    shared = books.transfer(move, "t-1", 2)
    assert [(one.strategy, one.event_id, one.units) for one in shared] == [
        ("a", "t-1", Decimal(-10)),
        ("b", "t-1", Decimal(10)),
    ]
    books.mark("AAA", 110.0)
    assert [book.equity("USD") for book in books.all_books()] == [6_040.0, 3_060.0, 1_000.0]
    assert_exact(books, account("9000", AAA="10"))


@pytest.mark.parametrize(
    ("transfer", "why"),
    [
        (Transfer(source="a", target="a", currency="USD", amount=Decimal(1)), "a is named as source and as target"),
        (Transfer(source="a", target="who", currency="USD", amount=Decimal(1)), "who has no book"),
        (Transfer(source="a", target="b", currency="USD", amount=Decimal(5_001)), "a has 5000.00 USD; 5001 of that"),
        (Transfer(source="a", target="b", currency="USD", amount=Decimal(0)), "0 of that cannot be moved"),
        (Transfer(source="a", target="b", currency="EUR", amount=Decimal(1)), "a has 0 EUR"),
        (Transfer(source="a", target="b", symbol="AAA", amount=Decimal(11)), "a holds 10 AAA; 11 of that"),
        (Transfer(source="a", target="b", symbol="AAA", amount=Decimal(-10)), "a holds 10 AAA; -10 of that"),
        (Transfer(source="a", target="b", symbol="AAA", amount=Decimal(0)), "a holds 10 AAA; 0 of that"),
        (Transfer(source="a", target="b", symbol="BBB", amount=Decimal(1)), "a holds 0 BBB"),
    ],
)
def test_a_transfer_that_cannot_be_is_refused_and_books_nothing(transfer: Transfer, why: str) -> None:
    books = ledger()
    books.book(fill(terms(strategy="a", quantity="10"), at="100"))
    before = books.state()
    with pytest.raises(LedgerError, match=why):
        books.transfer(transfer, "t-1", 2)
    assert books.state() == before


PERPETUAL = msgspec.structs.replace(
    FUTURE, symbol="PPP", kind=InstrumentKind.PERPETUAL, multiplier=Decimal(1), mark_symbol="AAA"
)


def trading_perpetuals() -> Ledger:
    return Ledger(
        cash={"USD": Decimal(1_000)},
        capital={"a": {"USD": Decimal(500)}},
        instruments={**INSTRUMENTS, "PPP": PERPETUAL},
    )


def trade_one(books: Ledger, side: Side, at: str) -> None:
    books.book(fill(terms(side, "1", strategy="a", symbol="PPP"), at=at, instrument=PERPETUAL))


def test_a_mark_reaches_what_is_valued_by_another_symbol() -> None:
    books = trading_perpetuals()
    trade_one(books, Side.BUY, "100")
    books.mark("AAA", 107.0)
    books.mark("PPP", 150.0)
    assert [book.equity("USD") for book in books.all_books()] == [507.0, 500.0]


def test_who_was_flat_meanwhile_values_it_at_the_last_mark_too() -> None:
    books = trading_perpetuals()
    books.mark("AAA", 100.0)
    trade_one(books, Side.BUY, "100")
    trade_one(books, Side.SELL, "100")
    books.mark("AAA", 50.0)
    trade_one(books, Side.BUY, "50")
    assert books.of("a").equity("USD") == 500.0
    assert (books.of("a").peak_equity, books.of("a").max_drawdown) == ({"USD": 500.0}, {"USD": 0.0})


def test_a_posting_of_no_container_is_unallocated_s() -> None:
    books = ledger()
    books.post(
        Posting(strategy="who", event_id="i-1", kind=PostingKind.INTEREST, ts_ns=1, cash={"USD": Decimal("0.25")})
    )
    assert books.unallocated.income == {"interest": {"USD": Decimal("0.25")}}
    assert_exact(books, account("10000.25"))
