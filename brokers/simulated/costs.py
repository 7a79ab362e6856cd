"""What trading costs: slippage worsens the price of market orders, commission is charged on every fill."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Protocol

import msgspec

from trading.instruments import Instrument
from trading.money import EXACT, ROUNDING, ZERO, Currency
from trading.orders import Side


class SlippageModel(Protocol):
    """Worsens the price at which a market order meets the market."""

    def worsen(self, price: Decimal, side: Side, instrument: Instrument, /) -> Decimal:
        """The price after slippage, never better than the one before."""


class NoSlippage(msgspec.Struct, frozen=True):
    """Fills at the price of the data, also where that is between two ticks."""

    def worsen(self, price: Decimal, _side: Side, _instrument: Instrument, /) -> Decimal:
        """The price as it is."""
        return price


class FixedSlippage(msgspec.Struct, frozen=True):
    """A whole number of ticks, 1 or more. ValueError when fewer."""

    ticks: int

    def __post_init__(self) -> None:
        if self.ticks < 1:
            raise ValueError(f"slippage of {self.ticks} ticks; write 1 or more, or choose no slippage")

    def worsen(self, price: Decimal, side: Side, instrument: Instrument, /) -> Decimal:
        """The price moved against the trader, on the tick; a sell keeps at least one tick."""
        shift = EXACT.multiply(Decimal(self.ticks), instrument.tick_size)
        if side is Side.BUY:
            return instrument.worse_price(EXACT.add(price, shift), side)
        lowest = min(price, instrument.tick_size)
        return max(instrument.worse_price(EXACT.subtract(price, shift), side), lowest)


class Fee(msgspec.Struct, frozen=True):
    """An amount at its currency's quantum, and the code of that currency."""

    amount: Decimal
    currency: str


class CommissionModel(Protocol):
    """Charges a fill."""

    def fee(self, quantity: Decimal, price: Decimal, instrument: Instrument, /) -> Fee:
        """What one fill of that many units at that price costs."""


class NoCommission(msgspec.Struct, frozen=True):
    """Charges nothing."""

    def fee(self, _quantity: Decimal, _price: Decimal, instrument: Instrument, /) -> Fee:
        """Zero, in the instrument's currency."""
        return rounded_fee(ZERO, instrument.currency)


class PerShareCommission(msgspec.Struct, frozen=True):
    """A rate for each unit, in any currency. ValueError when the rate is negative."""

    rate: Decimal
    currency: Currency

    def __post_init__(self) -> None:
        _refuse_negative(self.rate, "rate")

    def fee(self, quantity: Decimal, _price: Decimal, _instrument: Instrument, /) -> Fee:
        """Units times rate."""
        return rounded_fee(EXACT.multiply(quantity, self.rate), self.currency)


class PercentCommission(msgspec.Struct, frozen=True):
    """A percentage of the worth, in the instrument's currency: 0.1 is a tenth of 1 %. ValueError when negative."""

    percent: Decimal

    def __post_init__(self) -> None:
        _refuse_negative(self.percent, "percent")

    def fee(self, quantity: Decimal, price: Decimal, instrument: Instrument, /) -> Fee:
        """Percent of the exact worth, not of the booked notional, so that it is rounded once."""
        worth = EXACT.multiply(EXACT.multiply(quantity, price), instrument.multiplier)
        return rounded_fee(EXACT.multiply(worth, self.percent).scaleb(-2, EXACT), instrument.currency)


def rounded_fee(amount: Decimal, currency: Currency) -> Fee:
    """A fee at its currency's quantum. Halves go up, as on an invoice: a simulation must not flatter its result."""
    return Fee(amount.quantize(currency.quantum, ROUND_HALF_UP, ROUNDING), currency.code)


def _refuse_negative(value: Decimal, name: str) -> None:
    if not (value.is_finite() and value >= 0):
        raise ValueError(f"commission {name} is {value}; write zero or more")
