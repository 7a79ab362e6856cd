"""The funding rates that a perpetual had, as a file has them:

time,rate                     the header; after it a row for each funding time, in their order
2024-01-01T08:00:00Z,0.0001   the share of a position's worth that longs paid to shorts, negative the reverse
"""

from datetime import datetime
from typing import Final

from brokers.simulated.entitlements import FundingRate
from daemon.config.plain_rows import Row, rows_of
from trading.timestamps import format_interval, from_datetime, iso

HEADER: Final = "time,rate"


def funding_history(text: str, *, file: str, interval_ns: int) -> tuple[FundingRate, ...]:
    """The rates of a file's text, each of a multiple of the interval since the epoch; BadData with file and line where
    a row cannot be, or is not after the one before."""
    first, *rows = [*rows_of(text, file=file)] or [Row(file=file, line=1, cells=())]
    if ",".join(first.cells) != HEADER:
        first.refuse(f"is not the header {HEADER}", mend="begin the file with it")
    rates: list[FundingRate] = []
    for row in rows:
        if len(row.cells) != 2:
            row.refuse(f"has {len(row.cells)} cells", mend=f"write two: {HEADER}")
        ts_ns = _time(row, row.cells[0])
        if ts_ns % interval_ns:
            row.refuse(
                f"{row.cells[0]} is no multiple of the interval, {format_interval(interval_ns)}",
                mend="write the time at which the rate fell due, or another interval",
            )
        if rates and ts_ns <= rates[-1].ts_ns:
            row.refuse(f"is not after {iso(rates[-1].ts_ns)} of the row before", mend="sort the rows, each time once")
        rates.append(FundingRate(ts_ns=ts_ns, rate=row.number(row.cells[1])))
    return tuple(rates)


def _time(row: Row, text: str) -> int:
    try:
        return from_datetime(datetime.fromisoformat(text))
    except ValueError:
        row.refuse(f"{text!r} is no time with its zone", mend="write times as 2024-01-01T08:00:00Z")
