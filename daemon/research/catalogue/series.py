"""What a catalogue keeps together: one symbol's data of one kind, in a folder of its own.

<catalogue>/EURUSD/quotes/20140501T000000.292Z_20140515T235956.324Z.parquet
<catalogue>/BTC%2FUSDT/bars-30m/...
"""

from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote

import msgspec

from daemon.feeds.file.layout import FIELDS
from trading.market_data import Bar, MarketEvent, Quote
from trading.subscriptions import DataKind
from trading.timestamps import format_interval, iso, parse_interval

SUFFIX: Final = ".parquet"
TIME: Final = "time"


class Series(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """One symbol's data of one kind. `interval_ns` is zero but for bars."""

    symbol: str
    kind: DataKind
    interval_ns: int = 0

    @property
    def text(self) -> str:
        """`quotes of EURUSD`, `bars of 1m of SPY`."""
        length = f" of {format_interval(self.interval_ns)}" if self.interval_ns else ""
        return f"{self.kind}{length} of {self.symbol}"

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of its files: names that the file feed finds by itself."""
        return (TIME, *FIELDS[self.kind])

    @property
    def folder(self) -> Path:
        """Where its files are, counted from the catalogue."""
        length = f"-{format_interval(self.interval_ns)}" if self.interval_ns else ""
        return Path(folder_name(self.symbol), f"{self.kind}{length}")


def folder_name(symbol: str) -> str:
    """A symbol as a name of a folder, percent-encoded where it could be none; `symbol_of` gives it back."""
    name = quote(symbol, safe="")
    return f"%2E{name[1:]}" if name.startswith(".") else name  # else it would be hidden, or lead out of the catalogue


def symbol_of(name: str) -> str:
    """The symbol of a folder."""
    return unquote(name)


def series_in(symbol_folder: str, kind_folder: str) -> Series | None:
    """The series of two folders by their names; None where they are not the catalogue's."""
    kind, _, length = kind_folder.partition("-")
    try:
        series = Series(
            symbol=symbol_of(symbol_folder), kind=DataKind(kind), interval_ns=parse_interval(length) if length else 0
        )
    except ValueError:
        return None
    return series if series.folder == Path(symbol_folder, kind_folder) else None


def series_of(event: MarketEvent) -> Series:
    """The series that an event belongs to."""
    if isinstance(event, Bar):
        return Series(symbol=event.symbol, kind=DataKind.BARS, interval_ns=event.interval_ns)
    return Series(symbol=event.symbol, kind=DataKind.QUOTES if isinstance(event, Quote) else DataKind.TRADES)


def file_name(first_ns: int, last_ns: int) -> str:
    """The name of a file by the times of its first and last row."""
    return "_".join(iso(ts_ns).replace("-", "").replace(":", "") for ts_ns in (first_ns, last_ns)) + SUFFIX
