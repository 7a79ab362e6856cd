"""What a file of market data is: what its rows are, which fields they have, and under which names those are known."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from trading.subscriptions import DataKind

FIELDS: Final[Mapping[DataKind, tuple[str, ...]]] = {
    DataKind.QUOTES: ("bid", "ask", "bid_size", "ask_size"),
    DataKind.TRADES: ("price", "size"),
    DataKind.BARS: ("open", "high", "low", "close", "volume"),
}
"""The numbers of a row, in the order of the event's fields."""

SIZES: Final = frozenset({"bid_size", "ask_size", "size", "volume"})
"""Numbers that a file may lack: they are 0 then."""

USUAL_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "time": (
        *("time", "timestamp", "datetime", "date_time", "date", "ts"),
        *(f"{name}_{unit}" for name in ("time", "timestamp", "ts") for unit in ("s", "ms", "us", "ns")),
    ),
    "symbol": ("symbol", "ticker"),
    "bid": ("bid", "bid_price"),
    "ask": ("ask", "ask_price"),
    "bid_size": ("bid_size", "bid_volume", "bid_qty"),
    "ask_size": ("ask_size", "ask_volume", "ask_qty"),
    "price": ("price",),
    "size": ("size", "volume", "amount", "quantity", "qty"),
    "open": ("open",),
    "high": ("high",),
    "low": ("low",),
    "close": ("close",),
    "volume": ("volume",),
}
"""The names by which a column is found where the config names none, in small letters. `id` and `date` are never so."""

Column = str | int
"""A column: its name, or its number from 1."""


class DataFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file as the config describes it. `symbols` are those wanted; with `others_are_bad` no other may be there.

    `columns` holds what the config says of fields: a name, a number from 1, or None for a field that is not there. With
    `repeats` a quote may be the same as the one before it. `may_be_negative` are the symbols, as of futures, that may
    have prices at or below zero.
    """

    path: Path
    data: DataKind
    symbols: tuple[str, ...]
    others_are_bad: bool = False
    may_be_negative: frozenset[str] = frozenset()
    interval_ns: int = 0
    stamped_at_open: bool = False
    columns: Mapping[str, Column | None] = {}
    header: bool = True
    delimiter: str = ","
    time: str | None = None
    zone: str = "UTC"
    repeats: bool = False

    @property
    def is_parquet(self) -> bool:
        """Whether it is columns in binary form rather than text."""
        return self.path.suffix.lower() == ".parquet"

    @property
    def shift_ns(self) -> int:
        """What its times lack to the time of the event: a bar is stamped with its close."""
        return self.interval_ns if self.stamped_at_open else 0

    def described(self) -> dict[str, Any]:
        """What its events are, in plain values; how it is written is its source's to say."""
        return {
            "data": self.data.value,
            "symbols": list(self.symbols),
            "others_are_bad": self.others_are_bad,
            "may_be_negative": sorted(self.may_be_negative.intersection(self.symbols)),
            "interval_ns": self.interval_ns,
            "stamped_at_open": self.stamped_at_open,
            "zone": self.zone,
            "repeats": self.repeats,
        }


def unreadable(path: Path) -> str:
    """Why a file cannot be one of these, by its ending; empty when it can."""
    name = path.name.lower()
    if name.endswith((".csv", ".txt", ".csv.gz", ".txt.gz", ".zip", ".parquet")):
        return ""
    return "the ending tells what a file is, and this one is not known; known: .csv, .txt, .csv.gz, .zip, .parquet"
