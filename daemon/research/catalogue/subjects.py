"""What is meant by a word on the command line: a series of a catalogue, or a file."""

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from daemon.config.problems import nearest
from daemon.errors import BadData
from daemon.feeds.file.layout import DataFile
from daemon.research.catalogue.description import refuse_wrong_description
from daemon.research.catalogue.index import entries, require_parquet
from daemon.research.catalogue.series import SUFFIX, Series
from trading.subscriptions import DataKind

Described = Callable[..., Sequence[DataFile]]
"""Makes the DataFiles of a path, with changes to what was asked for."""

_NOT_OF_SYMBOLS: Final = re.compile(r"[^A-Za-z0-9.-]+")


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """A series, and its files in the order of time."""

    series: Series
    files: Sequence[DataFile]


def of_catalogue(root: Path, symbols: Sequence[str], kind: DataKind | None, interval_ns: int | None) -> list[Subject]:
    """The series of symbols, or of all where none are named, narrowed to a kind and a length of bars; BadData where
    there are none of one of them, or a file is damaged."""
    there = entries(root)
    for symbol in symbols:
        if not any(series.symbol == symbol for series in there):
            like = nearest(symbol, {series.symbol for series in there})
            raise BadData(
                f"{symbol} is neither a file nor a symbol of the catalogue {root}{like}",
                mend="see `bulkhead data list`, or correct the path",
            )
    return [
        Subject(series=series, files=[entry.data_file() for entry in files])
        for series, files in there.items()
        if (not symbols or series.symbol in symbols)
        and kind in {None, series.kind}
        and interval_ns in {None, series.interval_ns}
    ]


def of_file(path: Path, symbols: Sequence[str], described: Described) -> Iterator[Subject]:
    """A file, once for each of its symbols: one of a catalogue as it says itself, any other as it is described. BadData
    where it is not so."""
    if path.name.lower().endswith(SUFFIX):
        require_parquet()
        from daemon.research.catalogue.footer import labelled  # noqa: PLC0415 - the extra is needed only here

        entry = labelled(path)
        if entry is not None:
            yield Subject(series=entry.label.series, files=[entry.data_file()])
            return
    for file in described(path, symbols=symbols or (_named_after(path),), by_symbol=True):
        refuse_wrong_description(file)
        yield Subject(series=Series(symbol=file.symbols[0], kind=file.data, interval_ns=file.interval_ns), files=[file])


def _named_after(path: Path) -> str:
    """A symbol for the rows of a file of which it does not matter."""
    stem = path.name.partition(".")[0]
    return _NOT_OF_SYMBOLS.sub("-", stem).strip("-.")[:32] or "file"
