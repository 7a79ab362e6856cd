"""How a commission is charged over the fills of an order: in which currency, how rounded, and on what."""

import enum
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import Final

import msgspec

from brokers.simulated.costs.execution import Execution, Fee, Progress
from trading.instruments import Instrument
from trading.money import EXACT, ROUNDING, ZERO, Currency


class FeeUnit(enum.StrEnum):
    """One of the two currencies of a pair: the one it is priced in, or the one that is traded."""

    QUOTE = "quote"
    BASE = "base"


class FeeRounding(enum.StrEnum):
    """To which multiple of the quantum an amount goes. Up is more for the trader to pay, which is less of a rebate."""

    HALF_UP = "half_up"
    HALF_EVEN = "half_even"
    UP = "up"
    DOWN = "down"

    def rounded(self, amount: Decimal, quantum: Decimal) -> Decimal:
        """The amount at the quantum; zero has no sign."""
        rounding = _OF_REBATES[self] if amount < ZERO else _OF_CHARGES[self]
        return EXACT.add(amount.quantize(quantum, rounding, ROUNDING), ZERO)


class FeeBasis(enum.StrEnum):
    """What is rounded: what the order owes in all, or what each fill adds to that."""

    ORDER = "order"
    FILL = "fill"


class Charging(msgspec.Struct, frozen=True, kw_only=True):
    """A commission knows what an order owes once so much of it is filled; a fill is charged what that grows by.

    So a minimum is charged with the first fill and later ones pay what exceeds it, and a cap holds over all of them.
    What was owed before is reckoned anew for each fill, as if the whole order had traded under the fill's conditions:
    nothing need be remembered, and a rate that changed while the order worked changes no earlier fill.

    `currency` is one of the instrument's or, for a flat amount, any; halves go up unless said otherwise, as on an
    invoice: a simulation must not flatter its result.
    """

    currency: Currency | FeeUnit = FeeUnit.QUOTE
    rounding: FeeRounding = FeeRounding.HALF_UP
    basis: FeeBasis = FeeBasis.ORDER

    def currency_of(self, instrument: Instrument) -> Currency:
        """The currency in which trades of an instrument are charged; ValueError for a base that it has not."""
        if isinstance(self.currency, Currency):
            return self.currency
        if self.currency is FeeUnit.QUOTE:
            return instrument.currency
        if instrument.base is None:
            raise ValueError(f"{instrument.symbol} names no base currency to charge in")
        return instrument.base

    def owed(self, execution: Execution, filled: Progress) -> Decimal:
        """What the order owes in all with so much filled, unrounded, under the conditions of one of its fills."""
        raise NotImplementedError

    def fee(self, execution: Execution) -> Fee:
        """What a fill is charged; ValueError where a percentage would need a rate of exchange."""
        currency = self.currency_of(execution.instrument)
        after = self.owed(execution, execution.after)
        before = self.owed(execution, execution.before) if execution.before.quantity else ZERO
        if self.basis is FeeBasis.FILL:
            amount = self.rounding.rounded(EXACT.subtract(after, before), currency.quantum)
        else:
            amount = EXACT.subtract(
                self.rounding.rounded(after, currency.quantum), self.rounding.rounded(before, currency.quantum)
            )
        return Fee(amount, currency.code)

    def percent_of(self, execution: Execution, filled: Progress, percent: Decimal) -> Decimal:
        """A percentage of what was traded, in the fee's currency: of the exact worth, so that it is rounded once, or of
        the units of the base currency (quantity times multiplier)."""
        instrument, currency = execution.instrument, self.currency_of(execution.instrument)
        if currency == instrument.currency:
            traded = filled.worth
        elif currency == instrument.base:
            traded = EXACT.multiply(filled.quantity, instrument.multiplier)
        else:
            raise ValueError(f"no percentage of a trade of {instrument.symbol} is an amount of {currency.code}")
        return EXACT.multiply(traded, percent).scaleb(-2, EXACT)


_OF_CHARGES: Final = {
    FeeRounding.HALF_UP: ROUND_HALF_UP,
    FeeRounding.HALF_EVEN: ROUND_HALF_EVEN,
    FeeRounding.UP: ROUND_CEILING,
    FeeRounding.DOWN: ROUND_FLOOR,
}
_OF_REBATES: Final = {**_OF_CHARGES, FeeRounding.HALF_UP: ROUND_HALF_DOWN}
