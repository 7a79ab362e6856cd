"""One file of a catalogue: what its footer says of it, and how the file feed reads it."""

from pathlib import Path
from typing import Final

import msgspec

from daemon.feeds.file.layout import DataFile
from daemon.research.catalogue.series import Series
from trading.subscriptions import DataKind

FORMAT: Final = 1
"""Changes whenever an older Bulkhead could not read the files, or would read them as something else."""

KEY: Final = b"bulkhead"
"""The key of the label among the metadata in a file's footer."""


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Where rows came from: the name of a file, and the BLAKE2b hash of its bytes; of what was generated, the hash of
    the arguments."""

    name: str
    content: str


class Label(msgspec.Struct, frozen=True, kw_only=True):
    """What a file says of itself. `first_ns` and `last_ns` are the times of its first and last row, of bars their
    closes. `repeats`: a quote may be the same as the one before it. `may_be_negative`: prices may be zero or below."""

    format: int = FORMAT
    symbol: str
    kind: DataKind
    interval_ns: int
    rows: int
    first_ns: int
    last_ns: int
    source: Origin
    repeats: bool = False
    may_be_negative: bool = False

    @property
    def series(self) -> Series:
        """What it is a part of."""
        return Series(symbol=self.symbol, kind=self.kind, interval_ns=self.interval_ns)


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A file and what it says of itself."""

    path: Path
    bytes: int
    label: Label

    def data_file(self) -> DataFile:
        """It as the file feed reads it."""
        label = self.label
        return DataFile(
            path=self.path,
            data=label.kind,
            symbols=(label.symbol,),
            interval_ns=label.interval_ns,
            repeats=label.repeats,
            may_be_negative=frozenset([label.symbol] if label.may_be_negative else []),
        )

    def reaches(self, begin_ns: int | None, end_ns: int | None) -> bool:
        """Whether it has a row in a window as a feed has one: ticks of [begin, end), bars that close in (begin, end].
        None is no bound."""
        after = int(self.label.kind is DataKind.BARS)
        ends_early = begin_ns is not None and self.label.last_ns < begin_ns + after
        begins_late = end_ns is not None and self.label.first_ns >= end_ns + after
        return not (ends_early or begins_late)
