"""Transfers between books, against results worked out by hand."""

from decimal import Decimal

import pytest

from tests.builders import fill, terms
from tests.market_builders import USD, an_instrument
from trading.account.transfers import move_cash, move_position
from trading.instruments import Instrument, InstrumentKind, MarginTerms
from trading.orders import Side
from trading.portfolio import VirtualPortfolio
from trading.postings import PostingKind

FUTURE = Instrument(
    symbol="FFF",
    kind=InstrumentKind.FUTURE,
    currency=USD,
    tick_size=Decimal("0.25"),
    lot_size=Decimal(1),
    multiplier=Decimal(50),
    margin=MarginTerms(currency=USD, initial=Decimal("0.1"), maintenance=Decimal("0.05")),
)
INSTRUMENTS = {"AAA": an_instrument(), "FFF": FUTURE}

Held = tuple[str, str]
"""Units, and the price that they were traded at."""


def a_book(owner: str, held: Held, symbol: str = "AAA") -> VirtualPortfolio:
    book = VirtualPortfolio(owner, {"USD": Decimal(10_000)}, INSTRUMENTS)
    units = Decimal(held[0])
    if units:
        side = Side.BUY if units > 0 else Side.SELL
        order = terms(side, str(abs(units)), strategy=owner, symbol=symbol)
        book.book(fill(order, at=held[1], instrument=INSTRUMENTS[symbol]))
    return book


def move(source: VirtualPortfolio, target: VirtualPortfolio, units: str, at: str, symbol: str = "AAA") -> None:
    """Move and book, and see that nothing came to both together, or went."""
    before = source.cash["USD"] + target.cash["USD"]
    books = source, target
    moved = move_position("t", 1, books, instrument=INSTRUMENTS[symbol], units=Decimal(units), price=Decimal(at))
    for book, posting in zip(books, moved, strict=True):
        assert (posting.strategy, posting.kind, posting.price) == (book.owner, PostingKind.TRANSFER, Decimal(at))
        book.post(posting)
        assert book.imbalance("USD") == 0
        assert book.capital == {"USD": 10_000}
    assert source.cash["USD"] + target.cash["USD"] == before


def figures(book: VirtualPortfolio, symbol: str = "AAA") -> tuple[Decimal | int, ...]:
    """Cash, units, cost, realised."""
    position = book.positions[symbol]
    return book.cash["USD"], position.quantity, position.cost, position.realised


@pytest.mark.parametrize(
    ("source", "target", "units", "at", "left", "gained"),
    [
        pytest.param(
            ("10", "100"), ("0", ""), "10", "110", (10_100, 0, 0, 100), (8_900, 10, 1_100, 0), id="all of a long"
        ),
        pytest.param(
            ("10", "100"), ("0", ""), "4", "110", (9_440, 6, 600, 40), (9_560, 4, 440, 0), id="a part of a long"
        ),
        pytest.param(
            ("-10", "100"), ("0", ""), "-10", "110", (9_900, 0, 0, -100), (11_100, -10, -1_100, 0), id="a short"
        ),
        pytest.param(
            ("10", "100"), ("5", "90"), "10", "110", (10_100, 0, 0, 100), (8_450, 15, 1_550, 0), id="to who has some"
        ),
        pytest.param(
            ("10", "100"), ("-4", "120"), "4", "110", (9_440, 6, 600, 40), (10_040, 0, 0, 40), id="to who is short"
        ),
        pytest.param(
            ("10", "100"),
            ("-4", "120"),
            "10",
            "110",
            (10_100, 0, 0, 100),
            (9_380, 6, 660, 40),
            id="to who is turned around by it",
        ),
        pytest.param(
            ("3", "33.335"),
            ("0", ""),
            "1",
            "40",
            (Decimal("9940.00"), 2, Decimal("66.67"), Decimal("6.67")),
            (9_960, 1, 40, 0),
            id="the cost that leaves is rounded",  # 100.00 (halves to even), of which 33.33
        ),
    ],
)
def test_a_position_goes_as_if_the_books_had_traded(
    source: Held, target: Held, units: str, at: str, left: tuple[Decimal, ...], gained: tuple[Decimal, ...]
) -> None:
    giver, taker = a_book("a", source), a_book("b", target)
    move(giver, taker, units, at)
    assert (figures(giver), figures(taker)) == (left, gained)


def test_a_future_takes_no_balance_along_but_what_it_has_gained() -> None:
    giver, taker = a_book("a", ("2", "100"), "FFF"), a_book("b", ("0", ""), "FFF")
    move(giver, taker, "2", "101", "FFF")
    assert [book.balance("USD") for book in (giver, taker)] == [Decimal(10_100), Decimal(10_000)]


def test_one_below_zero_is_paid_for_by_who_gives_it() -> None:
    giver, taker = a_book("a", ("1", "10"), "FFF"), a_book("b", ("0", ""), "FFF")
    move(giver, taker, "1", "-20", "FFF")
    assert figures(giver, "FFF") == (10_000 - 500 - 1_000, 0, 0, -1_500)
    assert figures(taker, "FFF") == (11_000, 1, -1_000, 0)


def test_cash_is_capital_on_both_sides() -> None:
    books = a_book("a", ("0", "")), a_book("b", ("0", ""))
    for book, posting in zip(books, move_cash("t", 1, books, "USD", Decimal("0.01")), strict=True):
        book.post(posting)
        assert book.imbalance("USD") == 0
    assert [book.cash["USD"] for book in books] == [Decimal("9999.99"), Decimal("10000.01")]
    assert [book.capital for book in books] == [book.cash for book in books]
