"""Dividends and splits of an equity, as a file has them. Two forms are read:

    date,kind,value             the header; after it a row for each action, in the order of the dates
    2020-08-07,dividend,0.82    so much a unit, to who held before that day; of units after a split of that day
    2020-08-31,split,4:1        four for one from that day on

and, without a header, the factor file of Lean, whose rows are `date, price factor, split factor, close of that date`,
where the factors hold up to their date. Between a row and the next, on the day after its date, there is a dividend of
close - close x price factor / next price factor, to the cent, where the price factors differ, and a split of next split
factor / split factor where these do. (QuantConnect/Lean: Common/Data/Auxiliary/CorporateFactorRow.cs)
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from brokers.simulated.entitlements import Dividend, UnitSplit
from daemon.calendars.local_time import reached
from daemon.config.plain_rows import Faults, Row, rows_of
from daemon.errors import BadData
from trading.money import ROUNDING

HEADER: Final = "date,kind,value"
FACTORS: Final = "date,price_factor,split_factor,reference_price"

_CENT: Final = Decimal("0.01")
_BILLIONTH: Final = Decimal("0.000000001")
_DASHED: Final = "%Y-%m-%d"
_PACKED: Final = "%Y%m%d"
_MIDNIGHT: Final = time(0)
_ONE_DAY: Final = timedelta(days=1)
_NEAR_WHOLE: Final = Fraction(2, 1000)
_NEAR: Final = Fraction(1, 100_000)
"""How far off the true ratio a factor file's may be, as a share of it: its factors are cut to four digits and more, so
that a split of 35 old for one new stands there as 34.97."""


class CorporateActions(msgspec.Struct, frozen=True, kw_only=True):
    """The dividends and splits of one equity, each in the order of their days."""

    dividends: tuple[Dividend, ...] = ()
    splits: tuple[UnitSplit, ...] = ()


def corporate_actions(text: str, *, file: str, zone: ZoneInfo) -> CorporateActions:
    """The actions of a file's text, each from midnight of its day in the zone; BadData for what is no such file,
    BadRows where rows cannot be or are not each after the one before."""
    first, *rows = [*rows_of(text, file=file)] or [Row(file=file, line=1, cells=())]
    faults = Faults()
    if ",".join(first.cells) == HEADER:
        if not rows:
            raise BadData(f"{file}: has no rows", mend="leave `actions` out")
        found = _plain(rows, faults)
    elif len(first.cells) == len(FACTORS.split(",")) and first.cells[0].isdecimal():
        found = _of_factors([first, *rows], faults)
    else:
        first.refuse(f"is neither the header {HEADER} nor a row {FACTORS}", mend="begin the file with one of them")
    faults.refuse()
    return CorporateActions(
        dividends=tuple(
            Dividend(ex_ns=reached(zone, day, _MIDNIGHT), per_unit=value)
            for day, value in found
            if isinstance(value, Decimal)
        ),
        splits=tuple(
            UnitSplit(ex_ns=reached(zone, day, _MIDNIGHT), new=Decimal(value.numerator), old=Decimal(value.denominator))
            for day, value in found
            if isinstance(value, Fraction)
        ),
    )


Action = tuple[date, Decimal | Fraction]
"""A dividend, or the ratio of a split, with its day."""


def _plain(rows: Sequence[Row], faults: Faults) -> list[Action]:
    found: list[Action] = []
    before: date | None = None
    kinds: set[str] = set()
    for row in rows:
        with faults.gathered():
            if len(row.cells) != 3:
                row.refuse(f"has {len(row.cells)} cells", mend=f"write three: {HEADER}")
            day, kind = _day(row, _DASHED), row.cells[1]
            last, before = before, day
            kinds = kinds if day == last else set()
            if last is not None and day < last:
                row.refuse(f"is before {last} of the row before", mend="sort the rows by date")
            if kind in kinds:
                row.refuse(f"is a second {kind} of {day}", mend="write one row for both")
            kinds.add(kind)
            found.append((day, _value(row, kind)))
    return found


def _value(row: Row, kind: str) -> Decimal | Fraction:
    if kind == "dividend":
        return row.above_zero(row.cells[2])
    if kind != "split":
        row.refuse(f"{kind!r} is no kind of action", mend="write dividend or split")
    return _ratio(row)


def _ratio(row: Row) -> Fraction:
    new, separator, old = row.cells[2].partition(":")
    if not separator:
        row.refuse(f"{row.cells[2]!r} is no split", mend="write new units and old ones, such as 4:1")
    ratio = Fraction(row.above_zero(new)) / Fraction(row.above_zero(old))
    if ratio == 1:
        row.refuse(f"{row.cells[2]} splits nothing", mend="correct it, or leave the line out")
    return ratio


class _Factors(NamedTuple):
    """What a row of a factor file has for every day up to its own."""

    row: Row
    day: date
    price: Decimal
    split: Decimal


def _of_factors(rows: Sequence[Row], faults: Faults) -> list[Action]:
    found: list[Action] = []
    read: list[_Factors | None] = []
    for row in rows:
        read.append(None)
        with faults.gathered():
            read[-1] = _factors(row)
    for factors, following in pairwise(read):
        if factors is not None and following is not None:
            with faults.gathered():
                found += _between_rows(factors, following)
    return found


def _factors(row: Row) -> _Factors:
    if len(row.cells) != len(FACTORS.split(",")):
        row.refuse(f"has {len(row.cells)} cells", mend=f"write four: {FACTORS}")
    return _Factors(row, _day(row, _PACKED), row.above_zero(row.cells[1]), row.above_zero(row.cells[2]))


def _between_rows(last: _Factors, following: _Factors) -> Iterator[Action]:
    """The dividend and the split between two rows."""
    row, ex_day = last.row, last.day + _ONE_DAY
    if following.day <= last.day:
        following.row.refuse(
            f"{following.day} is not after {last.day} of the row before", mend="sort the rows, each date once"
        )
    ratio = Fraction(1)
    if last.split != following.split:
        ratio = _simplest(Fraction(following.split) / Fraction(last.split))
    if last.price != following.price:
        dividend = _dividend(row.above_zero(row.cells[3]), last.price, following.price)
        if dividend <= 0:
            row.refuse(f"the price factor falls, from {last.price} to {following.price}", mend="get the file anew")
        yield ex_day, dividend if ratio == 1 else _of_new_units(dividend, ratio)
    if ratio != 1:
        yield ex_day, ratio


def _dividend(close: Decimal, factor: Decimal, next_factor: Decimal) -> Decimal:
    kept = ROUNDING.divide(ROUNDING.multiply(close, factor), next_factor)
    return ROUNDING.subtract(close, kept).quantize(_CENT, ROUND_HALF_EVEN, ROUNDING)


def _of_new_units(dividend: Decimal, ratio: Fraction) -> Decimal:
    """A dividend of units before a split, for one after it."""
    old_units = ROUNDING.divide(Decimal(ratio.denominator), Decimal(ratio.numerator))
    return ROUNDING.multiply(dividend, old_units).quantize(_BILLIONTH, ROUND_HALF_EVEN, ROUNDING)


def _simplest(ratio: Fraction) -> Fraction:
    """The split that factors of so few digits mean: so many for one or one for so many where that is near, else the
    simplest ratio that is very near."""
    inverted = ratio < 1
    ratio = 1 / ratio if inverted else ratio
    whole = Fraction(round(ratio))
    if whole < 2 or abs(ratio / whole - 1) > _NEAR_WHOLE:
        whole = _between(ratio * (1 - _NEAR), ratio * (1 + _NEAR))
    return 1 / whole if inverted else whole


def _between(low: Fraction, high: Fraction) -> Fraction:
    """The fraction of the least denominator from one to another, by their continued fractions."""
    whole = -(-low.numerator // low.denominator)
    if whole <= high:
        return Fraction(whole)
    floor = whole - 1
    return floor + 1 / _between(1 / (high - floor), 1 / (low - floor))


def _day(row: Row, form: str) -> date:
    text = row.cells[0]
    try:
        day = datetime.strptime(text, form).date()  # noqa: DTZ007 - a day has no zone
    except ValueError:
        day = None
    if day is None or f"{day:{form}}" != text:
        row.refuse(f"{text!r} is no date", mend=f"write dates as {date(2020, 8, 31):{form}}")
    return day
