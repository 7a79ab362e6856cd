"""The funding rates that a perpetual had, as a file has them:

time,rate                     the header; after it a row for each funding time, in their order
2024-01-01T08:00:00Z,0.0001   the share of a position's worth that longs paid to shorts, negative the reverse
"""

from datetime import datetime
from decimal import Decimal
from typing import Final

from brokers.simulated.entitlements import FundingRate
from daemon.config.plain_rows import Faults, Row, rows_of
from daemon.errors import BadData
from trading.timestamps import format_interval, from_datetime, iso

HEADER: Final = "time,rate"
A_SHARE: Final = 'write a share: "0.0001" is 0.01 %'


def funding_history(text: str, *, file: str, interval_ns: int) -> tuple[FundingRate, ...]:
    """The rates of a file's text, each of a multiple of the interval since the epoch; BadData for what is no such file,
    BadRows where rows cannot be or are not each after the one before."""
    first, *rows = [*rows_of(text, file=file)] or [Row(file=file, line=1, cells=())]
    if ",".join(first.cells) != HEADER:
        first.refuse(f"is not the header {HEADER}", mend="begin the file with it")
    if not rows:
        raise BadData(f"{file}: has no rows", mend="leave `file` out, and write a rate")
    faults = Faults()
    rates: list[FundingRate] = []
    before_ns: int | None = None
    for row in rows:
        with faults.gathered():
            if len(row.cells) != 2:
                row.refuse(f"has {len(row.cells)} cells", mend=f"write two: {HEADER}")
            ts_ns = _time(row, row.cells[0])
            last_ns, before_ns = before_ns, ts_ns
            if ts_ns % interval_ns:
                row.refuse(
                    f"{row.cells[0]} is no multiple of the interval, {format_interval(interval_ns)}",
                    mend="write the time at which the rate fell due, or another interval",
                )
            if last_ns is not None and ts_ns <= last_ns:
                row.refuse(f"is not after {iso(last_ns)} of the row before", mend="sort the rows, each time once")
            rates.append(FundingRate(ts_ns=ts_ns, rate=_rate(row)))
    faults.refuse()
    return tuple(rates)


def absurd_funding(rate: Decimal) -> str:
    """Why nothing is funded at a rate; empty when it may be."""
    return "" if rate.copy_abs() < 1 else f"{rate} is all that a position is worth, or more, at each funding"


def _rate(row: Row) -> Decimal:
    rate = row.number(row.cells[1])
    if why := absurd_funding(rate):
        row.refuse(why, mend=A_SHARE)
    return rate


def _time(row: Row, text: str) -> int:
    try:
        return from_datetime(datetime.fromisoformat(text))
    except ValueError:
        row.refuse(f"{text!r} is no time with its zone", mend="write times as 2024-01-01T08:00:00Z")
