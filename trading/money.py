"""Exact money. Ledger and market add and multiply through EXACT, which raises when a digit would be lost; only the
functions of `Instrument` and `Currency` round, each to a named quantum. User code keeps Python's usual context, and may
change it: the core therefore writes neither `-x` nor `abs(x)` nor `x + y` nor `sum` of Decimals, which all obey that
one."""

from collections.abc import Iterable
from decimal import (
    ROUND_HALF_EVEN,
    ROUND_UP,
    Context,
    Decimal,
    DivisionByZero,
    FloatOperation,
    Inexact,
    InvalidOperation,
    Overflow,
)
from typing import Final

import msgspec

from trading.errors import InvalidInstrument

ZERO: Final = Decimal(0)

EXACT: Final = Context(
    prec=60, rounding=ROUND_HALF_EVEN, traps=[Inexact, InvalidOperation, DivisionByZero, Overflow, FloatOperation]
)
"""Additions and products that must keep every digit."""

ROUNDING: Final = Context(
    prec=120, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation, DivisionByZero, Overflow, FloatOperation]
)
"""The context of the few functions that round on purpose."""


def total(amounts: Iterable[Decimal]) -> Decimal:
    """Their exact sum."""
    added = ZERO
    for amount in amounts:
        added = EXACT.add(added, amount)
    return added


KNOWN_QUANTA: Final = {
    **dict.fromkeys(
        (
            "USD",
            "EUR",
            "GBP",
            "CHF",
            "AUD",
            "CAD",
            "NZD",
            "HKD",
            "SGD",
            "CNY",
            "INR",
            "SEK",
            "NOK",
            "DKK",
            "PLN",
            "ZAR",
            "MXN",
            "BRL",
        ),
        "0.01",
    ),
    **dict.fromkeys(("JPY", "KRW"), "1"),
    **dict.fromkeys(("USDT", "USDC"), "0.00000001"),
    **dict.fromkeys(("BTC", "ETH"), "0.00000001"),
}
"""The smallest unit of the currencies that need no entry in the config."""


class Currency(msgspec.Struct, frozen=True, kw_only=True):
    """A currency and the smallest amount of it that is booked."""

    code: str
    quantum: Decimal

    @classmethod
    def known(cls, code: str) -> "Currency":
        """The currency of that code; InvalidInstrument when its quantum is not known."""
        if code not in KNOWN_QUANTA:
            raise InvalidInstrument(
                f"the smallest unit of {code!r} is not known; known: {', '.join(sorted(KNOWN_QUANTA))}"
            )
        return cls(code=code, quantum=Decimal(KNOWN_QUANTA[code]))

    def rounded(self, amount: Decimal) -> Decimal:
        """The amount at this currency's quantum, halves to even."""
        return amount.quantize(self.quantum, context=ROUNDING)

    def rounded_up(self, amount: Decimal) -> Decimal:
        """The amount at this currency's quantum, away from zero: of what is put by, never too little."""
        return amount.quantize(self.quantum, ROUND_UP, context=ROUNDING)
