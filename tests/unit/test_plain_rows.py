"""Amounts on the wire of the plain protocol: what is taken is reckoned with exactly, whatever it is."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokers.plain.rows import FillRow, OrderRow
from trading.money import EXACT, total
from trading.orders import Side

WIDE = st.builds(
    lambda digits, exponent: Decimal(digits).scaleb(exponent), st.integers(0, 10**26), st.integers(-30, 20)
)


def a_fill(quantity: Decimal, price: Decimal, fee: Decimal = Decimal(0)) -> FillRow:
    return FillRow(
        trade_id="t1",
        venue_id="v1",
        symbol="AAA",
        side=Side.BUY,
        quantity=quantity,
        price=price,
        fee=fee,
        fee_currency="USD",
        ts_ns=1,
    )


@pytest.mark.parametrize(
    ("quantity", "price"),
    [("0.00000001", "0.0000000001"), ("1000000000000000", "0.000000000001"), ("12345678", "98765432.123456789")],
)
def test_what_venues_trade_in_is_taken(quantity: str, price: str) -> None:
    assert a_fill(Decimal(quantity), Decimal(price)).told().price == Decimal(price)


@pytest.mark.parametrize(
    ("quantity", "price", "why"),
    [
        ("NaN", "1", "NaN is no amount"),
        ("1", "Infinity", "Infinity is no amount"),
        ("-1", "1", "-1 is below zero"),
        ("1E+25", "1", r"1E\+25 is no amount"),
        ("1E-25", "1", "1E-25 is no amount"),
        ("1E+13", "1E+13", r"1E\+13 times 1E\+13 has more digits than are reckoned with"),
        ("1E-13", "1E-13", "1E-13 times 1E-13 has more digits than are reckoned with"),
    ],
)
def test_what_is_no_amount_is_refused_with_what_is_wrong(quantity: str, price: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        a_fill(Decimal(quantity), Decimal(price))


def test_so_it_is_with_an_order() -> None:
    with pytest.raises(ValueError, match=r"1E\+25 is no amount"):
        OrderRow(venue_id="v", symbol="AAA", side=Side.BUY, quantity=Decimal("1E+25"), filled=Decimal(0), status="open")


@given(st.lists(st.tuples(WIDE, WIDE, WIDE), min_size=1, max_size=20))
def test_whatever_is_taken_has_an_exact_worth_and_an_exact_sum(amounts: list[tuple[Decimal, Decimal, Decimal]]) -> None:
    worth, exactly = [Decimal(0)], Fraction()
    for quantity, price, fee in amounts:
        try:
            row = a_fill(quantity, price, fee)
        except ValueError:
            continue
        worth += [EXACT.multiply(row.quantity, row.price), row.fee]
        exactly += Fraction(quantity) * Fraction(price) + Fraction(fee)
    assert Fraction(total(worth)) == exactly
