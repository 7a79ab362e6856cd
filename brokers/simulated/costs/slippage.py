"""Slippage: by how much a trade's price is worse than the price of the data.

Each model gives a shift, in currency per unit. Shifts of several models add up, each reckoned from the price of the
data, so that their order does not matter; then the price is rounded once, to the tick against the trader. A model that
lacks what it reckons with, such as a spread on a feed of bars, gives no shift. A price that nothing shifts stays as the
data had it, also between two ticks. A sell keeps at least one tick, but of a future, whose price may be below zero; a
share of such a price is one of its size.
"""

from decimal import Decimal
from typing import Protocol

import msgspec

from brokers.simulated.costs.execution import Taking
from trading.money import EXACT, ROUNDING, ZERO
from trading.orders import Side


class SlippageModel(Protocol):
    """Worsens the price at which an order meets the market."""

    def shift(self, price: Decimal, taking: Taking, /) -> Decimal:
        """How much worse a unit trades, in currency per unit, zero or more, unrounded."""

    def worsen(self, price: Decimal, taking: Taking, /) -> Decimal:
        """The price after slippage, never better than the one before."""


class _Shifting(msgspec.Struct, frozen=True):
    """A model whose shift is all that is its own."""

    def shift(self, price: Decimal, taking: Taking, /) -> Decimal:
        """How much worse a unit trades."""
        raise NotImplementedError

    def worsen(self, price: Decimal, taking: Taking, /) -> Decimal:
        """The price moved by the shift, on the tick.

        A division may leave a hair at the shift's last digit; beside the price that is beyond the digits that are kept,
        so that it asks for no further tick.
        """
        shift = self.shift(price, taking)
        if not shift:
            return price
        if taking.side is Side.BUY:
            return taking.instrument.worse_price(ROUNDING.add(price, shift), Side.BUY)
        worse = taking.instrument.worse_price(ROUNDING.subtract(price, shift), Side.SELL)
        return worse if taking.instrument.may_be_negative else max(worse, min(price, taking.instrument.tick_size))


class NoSlippage(_Shifting, frozen=True):
    """Trades at the price of the data."""

    def shift(self, _price: Decimal, _taking: Taking, /) -> Decimal:
        """Nothing."""
        return ZERO


class FixedSlippage(_Shifting, frozen=True):
    """A whole number of ticks, 1 or more. ValueError when fewer."""

    ticks: int

    def __post_init__(self) -> None:
        if self.ticks < 1:
            raise ValueError(f"slippage of {self.ticks} ticks; write 1 or more, or choose no slippage")

    def shift(self, _price: Decimal, taking: Taking, /) -> Decimal:
        """Ticks times their size."""
        return EXACT.multiply(Decimal(self.ticks), taking.instrument.tick_size)


class BasisPointSlippage(_Shifting, frozen=True):
    """Hundredths of a percent of the price. ValueError unless above 0 and below 10,000."""

    basis_points: Decimal

    def __post_init__(self) -> None:
        _refuse_outside(self.basis_points, "basis_points", below=Decimal(10_000))

    def shift(self, price: Decimal, _taking: Taking, /) -> Decimal:
        """Price times basis points, in ten-thousandths."""
        return ROUNDING.multiply(price.copy_abs(), self.basis_points).scaleb(-4, ROUNDING)


class VolumeShareSlippage(_Shifting, frozen=True):
    """An impact that grows with the square of what is taken: all that is on offer moves the price by `impact_percent`.

    The price after the fill counts for the whole fill, and later fills in the same event stand upon earlier ones. This
    is the quadratic model of volume share that backtesters of daily bars have in common. ValueError unless the percent
    is above 0 and below 100.
    """

    impact_percent: Decimal

    def __post_init__(self) -> None:
        _refuse_outside(self.impact_percent, "impact_percent", below=Decimal(100))

    def shift(self, price: Decimal, taking: Taking, /) -> Decimal:
        """Price times impact times ((used + quantity) / on offer) squared; divided last, so that it is exact if it can
        be. Nothing where sizes are not looked at."""
        if not taking.on_offer:
            return ZERO
        taken = ROUNDING.add(taking.used, taking.quantity)
        whole = ROUNDING.multiply(ROUNDING.multiply(_percent(price, self.impact_percent), taken), taken)
        return ROUNDING.divide(whole, ROUNDING.multiply(taking.on_offer, taking.on_offer))


class SpreadShareSlippage(_Shifting, frozen=True):
    """A share of the spread: 0.5 is half of it. ValueError unless above 0 and finite."""

    share: Decimal

    def __post_init__(self) -> None:
        _refuse_outside(self.share, "share")

    def shift(self, _price: Decimal, taking: Taking, /) -> Decimal:
        """Spread times share; nothing without quotes, or where bid and ask have crossed."""
        if taking.spread is None or taking.spread <= ZERO:
            return ZERO
        return ROUNDING.multiply(taking.spread, self.share)


class SquareRootSlippage(_Shifting, frozen=True):
    """The square-root law of market impact: relative impact is proportional to the root of the share of volume.

    `coefficient_percent` is the impact, in percent of the price, of a fill as large as the volume: in the literature a
    factor near 1 times the volatility over the time of that volume. ValueError unless above 0 and below 100.
    """

    coefficient_percent: Decimal

    def __post_init__(self) -> None:
        _refuse_outside(self.coefficient_percent, "coefficient_percent", below=Decimal(100))

    def shift(self, price: Decimal, taking: Taking, /) -> Decimal:
        """Price times coefficient times the root of quantity / volume; nothing without a volume."""
        if not taking.volume:
            return ZERO
        root = ROUNDING.sqrt(ROUNDING.divide(taking.quantity, taking.volume))
        return ROUNDING.multiply(_percent(price, self.coefficient_percent), root)


class CombinedSlippage(_Shifting, frozen=True):
    """Several models together: the sum of their shifts. ValueError when there are none."""

    parts: tuple[SlippageModel, ...]

    def __post_init__(self) -> None:
        if not self.parts:
            raise ValueError("slippage of no models; name one or more")

    def shift(self, price: Decimal, taking: Taking, /) -> Decimal:
        """The sum, each shift reckoned from the same price."""
        shifted = ZERO
        for part in self.parts:
            shifted = ROUNDING.add(shifted, part.shift(price, taking))
        return shifted


def _percent(price: Decimal, percent: Decimal) -> Decimal:
    return ROUNDING.multiply(price.copy_abs(), percent).scaleb(-2, ROUNDING)


def _refuse_outside(value: Decimal, name: str, *, below: Decimal | None = None) -> None:
    if not (value.is_finite() and value > 0 and (below is None or value < below)):
        bound = "" if below is None else f" and below {below}"
        raise ValueError(f"slippage {name} is {value}; write a number above zero{bound}")
