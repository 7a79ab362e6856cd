"""Amounts as people write them: digits and a point, never an exponent, and a zero without a sign."""

from decimal import Decimal
from typing import Any, Final

import msgspec

from trading.money import ROUNDING

_DIGITS: Final = 100
"""Beyond so many an amount is told with an exponent after all: it is a slip, and could fill the memory."""


def plain(amount: Decimal) -> str:
    """`0.00000001` of 1E-8, `0.00` of -0.00, with the zeros at its end as they are."""
    if not amount.is_finite() or abs(amount.adjusted()) > _DIGITS:
        return str(amount)
    return format(amount if amount else amount.copy_abs(), "f")


def signed(amount: Decimal) -> str:
    """The same, with a plus where it is above zero."""
    return f"+{plain(amount)}" if amount > 0 else plain(amount)


def short(amount: Decimal) -> Decimal:
    """The same number without zeros at its end, and never an exponent above zero: 100 of 1E+2 and of 100.0."""
    fewest = ROUNDING.normalize(amount)
    return Decimal(format(fewest if fewest else fewest.copy_abs(), "f"))


def plain_json(answer: Any) -> bytes:
    """JSON of structs, lists and mappings, each Decimal in it as plain text."""
    return msgspec.json.encode(_told(msgspec.to_builtins(answer, builtin_types=(Decimal,))))


def _told(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _told(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_told(one) for one in value]
    return plain(value) if isinstance(value, Decimal) else value
