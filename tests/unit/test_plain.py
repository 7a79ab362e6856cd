"""Amounts as people write them."""

import json
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.plain import plain, plain_json, short, signed

FINITE = st.decimals(allow_nan=False, allow_infinity=False, min_value=Decimal("-1e40"), max_value=Decimal("1e40"))


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("1E-8", "0.00000001"),
        ("0E-8", "0.00000000"),
        ("-0.00", "0.00"),
        ("-0", "0"),
        ("1E+2", "100"),
        ("-12.50", "-12.50"),
        ("NaN", "NaN"),
        ("1E+999999", "1E+999999"),
    ],
)
def test_an_amount_is_digits_and_a_point(amount: str, text: str) -> None:
    assert plain(Decimal(amount)) == text


@given(FINITE)
def test_it_is_the_same_number_and_a_zero_has_no_sign(amount: Decimal) -> None:
    text = plain(amount)
    assert Decimal(text) == amount
    assert "E" not in text
    assert not text.startswith("-") or amount < 0


@given(FINITE)
def test_the_short_form_has_no_zeros_at_its_end(amount: Decimal) -> None:
    told = short(amount)
    assert told == amount
    assert "E+" not in str(told)
    assert "." not in str(told) or not str(told).endswith("0")
    assert not (told.is_zero() and told.is_signed())


def test_a_sign_is_shown_of_what_is_not_zero() -> None:
    assert [signed(Decimal(text)) for text in ("1E+2", "-3.50", "-0.0")] == ["+100", "-3.50", "0.0"]


class Told(msgspec.Struct, tag="told"):
    amount: Decimal
    by_code: dict[str, Decimal | None]
    names: tuple[str, ...]


def test_json_of_anything_has_every_amount_plain_and_all_else_as_it_was() -> None:
    told = Told(amount=Decimal("1E-8"), by_code={"BTC": Decimal("-0E-8"), "XXX": None}, names=("1E-8",))
    assert json.loads(plain_json([told, 0.5])) == [
        {"type": "told", "amount": "0.00000001", "by_code": {"BTC": "0.00000000", "XXX": None}, "names": ["1E-8"]},
        0.5,
    ]
