"""Files whose rows are of a time, so that what is later can be another: those of the feed, and others alike."""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Protocol

import numpy as np

from daemon.errors import BadData
from daemon.feeds.file.layout import DataFile
from daemon.feeds.file.packing import BREAKS
from daemon.research.lookahead.futures import Change, Future
from daemon.research.lookahead.knowing import Prices
from daemon.research.timeline import Integers

LARGEST_BYTES: Final = 1 << 27
"""A file that is larger is not copied."""
NO_TIME: Final = -1


class Table(Protocol):
    """One such file, in memory."""

    @property
    def path(self) -> Path:
        """Where it lies."""

    @property
    def times(self) -> Integers:
        """When each row is known, in nanoseconds; -1 of one that has no time."""

    def write(self, target: Path, change: Change) -> None:
        """A copy after a change, written as the original is: its first lines, its columns, its packing."""


class About(Protocol):
    """What is known of a run when a file is read of which the config says nothing."""

    @property
    def window(self) -> tuple[int, int]:
        """The first and the last time of the run's data."""

    @property
    def zone(self) -> str:
        """The zone of times that name none."""

    @property
    def prices(self) -> Mapping[str, Prices]:
        """The feed's, by symbol."""

    @property
    def seed(self) -> int:
        """Of what is drawn."""


def read_table(path: Path, file: DataFile | None, about: About) -> Table | None:
    """The table in a file, of which the config may say what it is; None where no times can be found in it."""
    try:
        if path.stat().st_size > LARGEST_BYTES:
            return None
        if path.suffix.lower() == ".parquet":
            from daemon.research.lookahead.parquet_table import read_parquet  # noqa: PLC0415 - pyarrow

            return read_parquet(path, file, about)
        from daemon.research.lookahead.text_table import read_text  # noqa: PLC0415 - which is made of what is here

        return read_text(path, file, about)
    except (*BREAKS, BadData, ValueError, csv.Error):
        return None


def rows_after(times: Integers, change: Change) -> Integers:
    """The rows of a copy: those of the original by their numbers, and those of the other future by theirs, counted on
    from there."""
    count = len(times)
    later = times > change.after.ts_ns
    if change.until is not None:
        later &= times <= change.until.ts_ns
    if change.future is Future.ENDS:
        return np.flatnonzero(~later)
    return np.arange(count) + np.where(later, count, 0)
