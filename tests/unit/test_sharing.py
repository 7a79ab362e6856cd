"""How an account event is shared out, against shares worked out by hand."""

from collections.abc import Iterable
from decimal import Decimal

import msgspec
import pytest

from tests.builders import fill, terms
from tests.market_builders import EUR, USD, an_instrument
from trading.account.sharing import share_out
from trading.instruments import Instrument, InstrumentKind, MarginTerms
from trading.orders import Side
from trading.portfolio import VirtualPortfolio
from trading.postings import (
    AccountEvent,
    Accrual,
    CashMoved,
    Conversion,
    Liquidation,
    MarginCall,
    Posting,
    PostingKind,
    Settlement,
    Split,
)

MARGIN = MarginTerms(currency=USD, initial=Decimal("0.1"), maintenance=Decimal("0.05"))
STOCK = an_instrument()
FUTURE = Instrument(
    symbol="FFF",
    kind=InstrumentKind.FUTURE,
    currency=USD,
    tick_size=Decimal("0.25"),
    lot_size=Decimal(1),
    multiplier=Decimal(50),
    margin=MARGIN,
)
PERPETUAL = msgspec.structs.replace(FUTURE, symbol="PPP", kind=InstrumentKind.PERPETUAL, multiplier=Decimal(1))
INSTRUMENTS = {one.symbol: one for one in (STOCK, FUTURE, PERPETUAL, an_instrument("EEE", currency=EUR))}

Share = tuple[str, str, str, str, str]
"""Owner, cash, units, cost, realised."""


def a_book(owner: str, held: str = "0", *, symbol: str = "AAA", at: str = "100", **cash: str) -> VirtualPortfolio:
    """A book with 10,000 USD unless another cash is given, that has bought, or sold, so many units."""
    amounts = {code: Decimal(amount) for code, amount in (cash or {"USD": "10000"}).items()}
    book = VirtualPortfolio(owner, amounts, INSTRUMENTS)
    units = Decimal(held)
    if units:
        order = terms(Side.BUY if units > 0 else Side.SELL, str(abs(units)), strategy=owner, symbol=symbol)
        book.book(fill(order, at=at, instrument=INSTRUMENTS[symbol]))
    return book


def rest(held: str = "0", **more: str) -> VirtualPortfolio:
    return a_book("unallocated", held, **more)


def postings(event: AccountEvent, *books: VirtualPortfolio) -> list[Posting]:
    """Those of the books, of which the last is the rest; each has been booked."""
    shared = share_out(event, books[:-1], books[-1], INSTRUMENTS.get(getattr(event, "symbol", "")))
    by_owner = {book.owner: book for book in books}
    for posting in shared:
        by_owner[posting.strategy].post(posting)
        assert not any(by_owner[posting.strategy].imbalance(code) for code in ("USD", "EUR"))
    return shared


def shares(shared: Iterable[Posting]) -> list[Share]:
    return [
        (one.strategy, str(one.cash.get("USD", 0)), str(one.units), str(one.cost), str(one.realised)) for one in shared
    ]


def cash_shares(shared: Iterable[Posting]) -> dict[str, str]:
    return {owner: cash for owner, cash, *_ in shares(shared)}


def an_accrual(kind: str, per_long: str, per_short: str, amount: str, symbol: str = "AAA") -> Accrual:
    return Accrual(
        event_id="e",
        kind=PostingKind(kind),
        ts_ns=1,
        due_ns=1,
        symbol=symbol,
        currency="USD",
        per_long=Decimal(per_long),
        per_short=Decimal(per_short),
        amount=Decimal(amount),
    )


def a_split(new: int, old: int, price: str, units: str, amount: str) -> Split:
    return Split(
        event_id="e",
        ts_ns=1,
        due_ns=1,
        symbol="AAA",
        currency="USD",
        new=Decimal(new),
        old=Decimal(old),
        price=Decimal(price),
        units=Decimal(units),
        amount=Decimal(amount),
    )


def a_settlement(price: str, *, expires: bool = False, units: str = "0", amount: str = "0") -> Settlement:
    return Settlement(
        event_id="e",
        ts_ns=1,
        due_ns=1,
        symbol="FFF",
        currency="USD",
        price=Decimal(price),
        expires=expires,
        units=Decimal(units),
        amount=Decimal(amount),
    )


@pytest.mark.parametrize(
    ("held", "event", "expected"),
    [
        pytest.param(
            ("10", "5", "0"),
            an_accrual("dividend", "0.25", "-0.25", "3.75"),
            {"a": "2.50", "b": "1.25"},
            id="a dividend goes by units",
        ),
        pytest.param(
            ("10", "-4", "0"),
            an_accrual("dividend", "0.25", "-0.25", "1.50"),
            {"a": "2.50", "b": "-1.00"},
            id="who is short pays it",
        ),
        pytest.param(
            ("10", "-10", "0"),
            an_accrual("funding", "-0.033", "0.033", "0"),
            {"a": "-0.33", "b": "0.33"},
            id="opposite sides pay each other where the account holds nothing",
        ),
        pytest.param(
            ("10", "-10", "4"),
            an_accrual("funding", "-0.033", "0.033", "-0.13"),
            {"a": "-0.33", "b": "0.33", "unallocated": "-0.13"},
            id="the rest has what the account has beside them",
        ),
        pytest.param(
            ("10", "-10", "0"),
            an_accrual("borrow", "0", "-0.02", "0.00"),
            {"b": "-0.20", "unallocated": "0.20"},
            id="a short borrows from the rest what others lend it without knowing",
        ),
        pytest.param(
            ("1", "1", "0"),
            an_accrual("dividend", "0.005", "-0.005", "0.01"),
            {"unallocated": "0.01"},
            id="halves go to the even cent and what they come to is the rest's",
        ),
        pytest.param(
            ("3", "3", "0"),
            an_accrual("dividend", "0.005", "-0.005", "0.03"),
            {"a": "0.02", "b": "0.02", "unallocated": "-0.01"},
            id="the rest pays what rounding gives away",
        ),
        pytest.param(
            ("2", "0", "0"),
            an_accrual("swap", "-0.0712", "0.01", "-0.14"),
            {"a": "-0.14"},
            id="swap need not be the same on both sides",
        ),
        pytest.param(
            ("7", "0", "0"),
            an_accrual("funding", "0." + 80 * "3", "0", "2.33"),
            {"a": "2.33"},
            id="a rate may have more digits than exact sums keep",
        ),
    ],
)
def test_cash_by_what_is_held(held: tuple[str, str, str], event: Accrual, expected: dict[str, str]) -> None:
    books = [a_book(owner, units) for owner, units in zip(("a", "b", "unallocated"), held, strict=True)]
    shared = postings(event, *books)
    assert cash_shares(shared) == expected
    assert all(one.kind is event.kind and one.symbol == "AAA" for one in shared)


def test_interest_goes_by_the_balance_of_which_a_future_has_taken_nothing() -> None:
    long = a_book("a", "1", symbol="FFF", at="200")
    short = a_book("b", "-1", symbol="FFF", at="200")
    debtor = a_book("c", USD="-500")
    assert long.cash["USD"] == 0
    event = an_accrual("interest", "0.001", "-0.002", "27.00", symbol="")
    shared = postings(event, long, short, debtor, rest())
    assert cash_shares(shared) == {"a": "10.00", "b": "10.00", "c": "-1.00", "unallocated": "8.00"}
    assert long.income == {"interest": {"USD": Decimal(10)}}


@pytest.mark.parametrize(
    ("held", "event", "expected"),
    [
        pytest.param(("10", "0"), a_split(2, 1, "50", "10", "0.00"), [("a", "0", "10", "0", "0.00")], id="two for one"),
        pytest.param(
            ("3", "-3"),
            a_split(1, 2, "200", "0", "0"),
            [("a", "100.00", "-2", "-100.00", "0.00"), ("b", "-100.00", "2", "100.00", "0.00")],
            id="opposite sides are split alike where the account holds nothing",
        ),
        pytest.param(
            ("3", "0"),
            a_split(3, 2, "70", "1", "35.00"),
            [("a", "35.00", "1", "-33.33", "1.67")],
            id="three for two: the half of 4.5 is paid out, and a ninth of the cost is gone",
        ),
        pytest.param(
            ("1", "0"),
            a_split(1, 8, "808", "-1", "101.00"),
            [("a", "101.00", "-1", "-100.00", "1.00")],
            id="what is no whole lot at all is paid out",
        ),
        pytest.param(
            ("1", "0"),
            a_split(1, 3, "9.045", "-1", "3.02"),
            [("a", "3.02", "-1", "-100.00", "-96.98")],
            id="a third of 9.045 is a half of a cent exactly, and goes to the even one",
        ),
        pytest.param(
            ("3", "3"),
            a_split(1, 2, "200", "-3", "0.00"),
            [
                ("a", "100.00", "-2", "-100.00", "0.00"),
                ("b", "100.00", "-2", "-100.00", "0.00"),
                ("unallocated", "-200.00", "1", "200.00", "0"),
            ],
            id="two halves are a unit, which the rest buys",
        ),
    ],
)
def test_units_for_units(held: tuple[str, str], event: Split, expected: list[Share]) -> None:
    shared = postings(event, *(a_book(owner, units) for owner, units in zip("ab", held, strict=True)), rest())
    assert [(owner, *map(Decimal, figures)) for owner, *figures in shares(shared)] == [
        (owner, *map(Decimal, figures)) for owner, *figures in expected
    ]
    assert all(one.price == event.price for one in shared)


def split_among(rest_held: str, *held: str, event: Split) -> VirtualPortfolio:
    unallocated = rest(rest_held)
    postings(event, *(a_book(f"s{n}", units) for n, units in enumerate(held)), unallocated)
    return unallocated


def position_of(book: VirtualPortfolio) -> tuple[Decimal | int, ...]:
    position = book.positions["AAA"]
    return position.quantity, position.cost, position.realised


def test_fractions_that_turn_the_rest_s_position_around_close_it_first() -> None:
    """1 unit of its own is a half; four shorts of 1.5 keep 1, and their halves are the rest's: it sells 1.5 at 200."""
    unallocated = split_among("1", "-3", "-3", "-3", "-3", event=a_split(1, 2, "200", "6", "-100.00"))
    assert position_of(unallocated) == (-1, -200, 0)
    assert unallocated.cash["USD"] == 10_000 - 100 + 300


def test_fractions_that_are_taken_from_the_rest_take_their_cost_along() -> None:
    """10 of its own are 5, of which it sells 3 at 200: three fifths of 1,000 leave."""
    unallocated = split_among("10", *6 * ["-3"], event=a_split(1, 2, "200", "4", "0.00"))
    assert position_of(unallocated) == (2, 400, 0)


def test_a_settlement_makes_cost_of_worth_in_every_book_and_moves_no_cash() -> None:
    books = [
        a_book("a", "2", symbol="FFF"),
        a_book("b", "-1", symbol="FFF", at="110"),
        rest("-1", symbol="FFF"),
    ]
    balances = [book.balance("USD") for book in books]
    shared = postings(a_settlement("105"), *books)
    assert shares(shared) == [
        ("a", "0", "0", "500.00", "500.00"),
        ("b", "0", "0", "250.00", "250.00"),
        ("unallocated", "0", "0", "-250.00", "-250.00"),
    ]
    assert [book.balance("USD") - before for book, before in zip(books, balances, strict=True)] == [500, 250, -250]


def test_a_second_settlement_at_the_same_price_brings_nothing() -> None:
    book = a_book("a", "2", symbol="FFF")
    for _ in range(2):
        postings(a_settlement("105"), book, rest())
    assert book.realised("USD") == 500


@pytest.mark.parametrize(("price", "worth"), [("105", "5250.00"), ("-37.25", "-1862.50")], ids=["usual", "below zero"])
def test_an_expiry_ends_opposite_positions_of_which_the_account_knows_nothing(price: str, worth: str) -> None:
    books = [a_book("a", "1", symbol="FFF"), a_book("b", "-1", symbol="FFF"), rest()]
    shared = postings(a_settlement(price, expires=True), *books)
    came_to = Decimal(worth)
    assert [(one.strategy, one.cash, one.units, one.cost, one.realised) for one in shared] == [
        ("a", {"USD": came_to}, Decimal(-1), Decimal(-5_000), came_to - 5_000),
        ("b", {"USD": -came_to}, Decimal(1), Decimal(5_000), 5_000 - came_to),
    ]


def test_the_rest_of_an_expiry_is_what_the_account_had_beside_containers() -> None:
    unallocated = rest("2", symbol="FFF")
    event = a_settlement("105", expires=True, units="-3", amount="15750.00")
    shared = postings(event, a_book("a", "1", symbol="FFF"), unallocated)
    assert shares(shared)[-1] == ("unallocated", "10500.00", "-2", "-10000.00", "500.00")
    assert unallocated.positions["FFF"].cost == 0


def a_conversion(rate: str, amount: str, into_amount: str) -> Conversion:
    return Conversion(
        event_id="e",
        ts_ns=1,
        due_ns=1,
        currency="EUR",
        into="USD",
        rate=Decimal(rate),
        amount=Decimal(amount),
        into_amount=Decimal(into_amount),
    )


def test_a_conversion_takes_every_balance_and_leaves_the_rest_its_cents() -> None:
    """100.05 at 1.1 is 110.055, to the even cent 110.06; a debt of 20.02 is one of 22.02; the account has 88.03."""
    books = [a_book("a", EUR="100.05"), a_book("b", EUR="-20.02"), a_book("c"), rest(EUR="0")]
    shared = postings(a_conversion("1.1", "-80.03", "88.03"), *books)
    assert [(one.strategy, dict(one.cash)) for one in shared] == [
        ("a", {"EUR": Decimal("-100.05"), "USD": Decimal("110.06")}),
        ("b", {"EUR": Decimal("20.02"), "USD": Decimal("-22.02")}),
        ("unallocated", {"EUR": Decimal(0), "USD": Decimal("-0.01")}),
    ]
    assert all(book.balance("EUR") == 0 for book in books)


@pytest.mark.parametrize(("amount", "kind"), [("250.50", "deposit"), ("-99", "withdrawal")])
def test_money_that_comes_and_goes_is_the_rest_s_capital(amount: str, kind: str) -> None:
    unallocated = rest()
    event = CashMoved(event_id="e", ts_ns=1, currency="USD", amount=Decimal(amount))
    [posting] = postings(event, a_book("a"), unallocated)
    assert (posting.strategy, posting.kind) == ("unallocated", kind)
    assert unallocated.capital == unallocated.cash == {"USD": 10_000 + Decimal(amount)}


def test_of_a_liquidation_its_holders_are_told_and_nothing_is_booked_to_them() -> None:
    order = terms(Side.SELL, "10", strategy="")
    event = Liquidation(event_id="e", ts_ns=1, fill=fill(order), reason="no margin")
    books = [a_book("a", "10"), a_book("b"), a_book("c", "-2"), rest("5")]
    before = [book.digest() for book in books]
    shared = postings(event, *books)
    assert [(one.strategy, one.kind, one.reason) for one in shared] == [
        ("a", "liquidation", "no margin"),
        ("c", "liquidation", "no margin"),
    ]
    assert [book.digest() for book in books] == before


@pytest.mark.parametrize(("symbol", "told"), [("AAA", ["a"]), ("", ["a", "b"])])
def test_a_margin_call_is_for_who_holds_the_symbol_or_anything(symbol: str, told: list[str]) -> None:
    event = MarginCall(event_id="e", ts_ns=1, symbol=symbol, reason="little margin")
    books = [a_book("a", "10"), a_book("b", "1", symbol="FFF"), a_book("c"), rest("5")]
    assert [one.strategy for one in postings(event, *books)] == told


def test_events_of_what_nobody_holds_are_nobody_s() -> None:
    events: list[AccountEvent] = [
        an_accrual("dividend", "1", "-1", "0.00"),
        an_accrual("funding", "1", "-1", "0", symbol="PPP"),
        a_split(2, 1, "50", "0", "0.00"),
        a_settlement("105"),
        a_settlement("105", expires=True),
    ]
    assert [postings(event, a_book("a"), rest()) for event in events] == [[]] * len(events)
