"""Commissions by name. `charging.py` says how each is charged over the fills of an order.

Amounts are in the fee's currency, rates per unit, percentages written as people say them: 0.1 is a thousandth.
"""

from decimal import Decimal
from itertools import pairwise
from typing import Protocol

import msgspec

from brokers.simulated.costs.charging import Charging
from brokers.simulated.costs.execution import Execution, Fee, Progress
from trading.instruments import Instrument
from trading.money import EXACT, ZERO, Currency, total
from trading.reports import Liquidity


class CommissionModel(Protocol):
    """Charges fills."""

    def currency_of(self, instrument: Instrument, /) -> Currency:
        """The currency in which trades of an instrument are charged; ValueError when there is none."""

    def fee(self, execution: Execution, /) -> Fee:
        """What a fill is charged, at the currency's quantum; negative for a rebate."""


class NoCommission(msgspec.Struct, frozen=True):
    """Charges nothing."""

    def currency_of(self, instrument: Instrument, /) -> Currency:
        """The instrument's."""
        return instrument.currency

    def fee(self, execution: Execution, /) -> Fee:
        """Zero."""
        currency = execution.instrument.currency
        return Fee(currency.rounded(ZERO), currency.code)


class PerShareCommission(Charging, frozen=True):
    """A rate for each unit, at most `cap_percent` of the order's worth and `maximum`, at least `minimum` an order.

    Where the minimum is above the cap, as for a few cheap shares, the minimum counts. ValueError for what is negative,
    or a maximum below the minimum.
    """

    rate: Decimal
    minimum: Decimal = ZERO
    cap_percent: Decimal | None = None
    maximum: Decimal | None = None

    def __post_init__(self) -> None:
        _refuse_negative(rate=self.rate, minimum=self.minimum, cap_percent=self.cap_percent, maximum=self.maximum)
        _refuse_crossed(self.minimum, self.maximum)

    def owed(self, execution: Execution, filled: Progress) -> Decimal:
        """Units times rate, within its bounds."""
        amount = EXACT.multiply(filled.quantity, self.rate)
        if self.cap_percent is not None:
            amount = min(amount, self.percent_of(execution, filled, self.cap_percent))
        return _within(amount, self.minimum, self.maximum)


class PercentCommission(Charging, frozen=True):
    """A percentage of what was traded, at least `minimum` and at most `maximum` an order.

    ValueError for what is negative, or a maximum below the minimum.
    """

    percent: Decimal
    minimum: Decimal = ZERO
    maximum: Decimal | None = None

    def __post_init__(self) -> None:
        _refuse_negative(percent=self.percent, minimum=self.minimum, maximum=self.maximum)
        _refuse_crossed(self.minimum, self.maximum)

    def owed(self, execution: Execution, filled: Progress) -> Decimal:
        """Percent of worth or quantity, within its bounds."""
        return _within(self.percent_of(execution, filled, self.percent), self.minimum, self.maximum)


class PerTradeCommission(Charging, frozen=True):
    """An amount once an order, with its first fill. ValueError when negative."""

    amount: Decimal

    def __post_init__(self) -> None:
        _refuse_negative(amount=self.amount)

    def owed(self, _execution: Execution, _filled: Progress) -> Decimal:
        """The amount, from the first fill on."""
        return self.amount


class PerContractCommission(Charging, frozen=True):
    """A rate for each contract, and an exchange's fee once an order, together at least `minimum` an order.

    ValueError for what is negative.
    """

    rate: Decimal
    exchange_fee: Decimal = ZERO
    minimum: Decimal = ZERO

    def __post_init__(self) -> None:
        _refuse_negative(rate=self.rate, exchange_fee=self.exchange_fee, minimum=self.minimum)

    def owed(self, _execution: Execution, filled: Progress) -> Decimal:
        """Contracts times rate and the exchange's fee, no less than the minimum."""
        return max(self.minimum, EXACT.add(EXACT.multiply(filled.quantity, self.rate), self.exchange_fee))


class MakerTakerCommission(Charging, frozen=True):
    """A percentage for fills that make liquidity, negative where that is rebated, and one for fills that take it.

    ValueError when either is not finite, or that of takers negative.
    """

    maker_percent: Decimal
    taker_percent: Decimal

    def __post_init__(self) -> None:
        _refuse_endless(maker_percent=self.maker_percent)
        _refuse_negative(taker_percent=self.taker_percent)

    def owed(self, execution: Execution, filled: Progress) -> Decimal:
        """The fill's percentage of all that was traded."""
        percent = self.maker_percent if execution.liquidity is Liquidity.MAKER else self.taker_percent
        return self.percent_of(execution, filled, percent)


class Tier(msgspec.Struct, frozen=True, kw_only=True):
    """What is charged from a turnover on, in the instrument's currency. ValueError as for MakerTakerCommission."""

    turnover: Decimal
    maker_percent: Decimal
    taker_percent: Decimal

    def __post_init__(self) -> None:
        _refuse_endless(maker_percent=self.maker_percent)
        _refuse_negative(turnover=self.turnover, taker_percent=self.taker_percent)


class TieredCommission(Charging, frozen=True):
    """Maker and taker percentages by the account's turnover in the calendar month before the fill.

    A fill is charged whole at the tier that the turnover before it has reached. ValueError unless the tiers begin at
    zero and rise.
    """

    tiers: tuple[Tier, ...]

    def __post_init__(self) -> None:
        if not self.tiers or self.tiers[0].turnover:
            raise ValueError("commission tiers begin at a turnover of zero")
        for lower, upper in pairwise(self.tiers):
            if upper.turnover <= lower.turnover:
                raise ValueError(f"a commission tier from {upper.turnover} follows one from {lower.turnover}")

    def owed(self, execution: Execution, filled: Progress) -> Decimal:
        """The fill's percentage, at its tier, of all that was traded."""
        tier = next(tier for tier in reversed(self.tiers) if tier.turnover <= execution.turnover)
        percent = tier.maker_percent if execution.liquidity is Liquidity.MAKER else tier.taker_percent
        return self.percent_of(execution, filled, percent)


class CombinedCommission(msgspec.Struct, frozen=True):
    """Several commissions on the same fill, each rounded by itself. ValueError when there are none."""

    parts: tuple[CommissionModel, ...]

    def __post_init__(self) -> None:
        if not self.parts:
            raise ValueError("commission of no models; name one or more")

    def currency_of(self, instrument: Instrument, /) -> Currency:
        """The one currency of all of them; ValueError when they have several."""
        currency, *others = (part.currency_of(instrument) for part in self.parts)
        for other in others:
            if other != currency:
                codes = f"{currency.code} and in {other.code}"
                raise ValueError(f"{instrument.symbol} would be charged in {codes}; a fill has one fee")
        return currency

    def fee(self, execution: Execution, /) -> Fee:
        """Their sum; ValueError when it would be in several currencies."""
        currency = self.currency_of(execution.instrument)
        return Fee(total(part.fee(execution).amount for part in self.parts), currency.code)


def _within(amount: Decimal, minimum: Decimal, maximum: Decimal | None) -> Decimal:
    return max(minimum, amount if maximum is None else min(amount, maximum))


def _refuse_endless(**values: Decimal) -> None:
    for name, value in values.items():
        if not value.is_finite():
            raise ValueError(f"commission {name} is {value}; write a number")


def _refuse_negative(**values: Decimal | None) -> None:
    for name, value in values.items():
        if value is not None and not (value.is_finite() and value >= 0):
            raise ValueError(f"commission {name} is {value}; write zero or more")


def _refuse_crossed(minimum: Decimal, maximum: Decimal | None) -> None:
    if maximum is not None and maximum < minimum:
        raise ValueError(f"commission maximum {maximum} is below the minimum {minimum}")
