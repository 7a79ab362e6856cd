"""What holding something brings or costs with time: the terms, as data. `accruals` says when each falls due.

Times are ns since the epoch, UTC; rates are shares ("0.05" is 5 %), yearly ones by days over `day_count`.
"""

import enum
from collections.abc import Mapping
from decimal import Decimal
from typing import Protocol

import msgspec

from trading.money import ZERO, Currency


class Dividend(msgspec.Struct, frozen=True, kw_only=True):
    """Who holds at `ex_ns` receives so much a unit, in the instrument's currency; who is short pays it."""

    ex_ns: int
    per_unit: Decimal


class UnitSplit(msgspec.Struct, frozen=True, kw_only=True):
    """From `ex_ns` on there are `new` units for `old`."""

    ex_ns: int
    new: Decimal
    old: Decimal


class FundingRate(msgspec.Struct, frozen=True, kw_only=True):
    """The rate of one funding time: the share of a position's worth that longs pay to shorts, negative the reverse."""

    ts_ns: int
    rate: Decimal


class FundingTerms(msgspec.Struct, frozen=True, kw_only=True):
    """Funding falls due at each multiple of `interval_ns` since the epoch, at the rate of that time in `history`, or at
    `rate` where it has none."""

    interval_ns: int
    rate: Decimal = ZERO
    history: tuple[FundingRate, ...] = ()


class SwapUnit(enum.StrEnum):
    """What a swap is quoted in."""

    POINTS = "points"
    ANNUAL_RATE = "annual_rate"


class SwapTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What a position held over a rollover receives for each night, negative where it pays: in points of price for a
    unit, or as a yearly share of its worth."""

    long: Decimal
    short: Decimal
    unit: SwapUnit = SwapUnit.POINTS


class HoldingTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What comes of holding one symbol. `borrow` is the yearly share of its worth that a short pays; a future that
    `settles_daily` does so at each rollover, and ends at `expires_ns` at the last price before."""

    dividends: tuple[Dividend, ...] = ()
    splits: tuple[UnitSplit, ...] = ()
    funding: FundingTerms | None = None
    swap: SwapTerms | None = None
    borrow: Decimal = ZERO
    settles_daily: bool = False
    expires_ns: int | None = None


class InterestTerms(msgspec.Struct, frozen=True, kw_only=True):
    """Yearly interest on a balance: what it earns above zero, what it costs below."""

    credit: Decimal = ZERO
    debit: Decimal = ZERO


class Rollover(msgspec.Struct, frozen=True):
    """The end of a trading day, and for how many nights it counts: three on the day that carries the weekend, none on
    a day that is no trading day."""

    ts_ns: int
    nights: int


class Rollovers(Protocol):
    """When days end."""

    def next_after(self, ts_ns: int) -> Rollover:
        """The first rollover after a time."""


class AccountTerms(msgspec.Struct, frozen=True, kw_only=True):
    """The terms of an account. At each rollover interest is paid for the calendar day, and, where `sweep_into` is
    given, balances in other currencies become that one."""

    holdings: Mapping[str, HoldingTerms] = {}
    interest: Mapping[str, InterestTerms] = {}
    day_count: int = 365
    sweep_into: Currency | None = None
