"""Files of market data into a catalogue, by the readers and the judge of the file feed."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from daemon.disk import Disk
from daemon.errors import BadData
from daemon.feeds.file.blocks import Place, Row
from daemon.feeds.file.faults import GET_ANEW, BadRow, Fault
from daemon.feeds.file.head import shown
from daemon.feeds.file.lane import Mark, Reader, source_of
from daemon.feeds.file.layout import FIELDS, DataFile
from daemon.feeds.file.survey import SHOWN, FileSurvey, content, refuse_absent_symbols, refuse_bad_rows
from daemon.research.catalogue.description import refuse_wrong_description
from daemon.research.catalogue.entry import Origin
from daemon.research.catalogue.intake import Intake, intake
from daemon.research.catalogue.known import Differs
from daemon.research.catalogue.stretches import Stretches, Taken
from trading.market_data import MarketEvent

_OTHERWISE: Final = "leave such rows out, counted, with --on-bad-row skip"
_BY_SYMBOL: Final = "read a file that is sorted by symbol first once for each, with --by-symbol"
_HOW_TO_CHANGE: Final = "import only what the catalogue does not have, or remove that file first to have the new rows"


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one file: its rows, those of them that were left out by kind, and the rest by series."""

    path: Path
    rows: int
    skipped: dict[str, int]
    series: Sequence[Taken]


def import_files(root: Path, files: Sequence[DataFile], *, skip_bad_rows: bool, disk: Disk) -> list[Imported]:
    """Put the rows of files into a catalogue, those of all files or of none.

    BadData for a file that cannot be read to its end or lacks a column or symbol, for rows that cannot be unless they
    are skipped, and for rows that differ from what the catalogue has of the same time; DaemonError while another import
    writes there; DiskError where the disk will not have it.
    """
    for file in files:
        refuse_wrong_description(file)
    with intake(root, disk) as taking:
        done = [_import_file(file, taking, skip_bad_rows) for file in files]
        taking.commit()
    return done


def _import_file(file: DataFile, taking: Intake, skip_bad_rows: bool) -> Imported:
    stamp = _stamp(file.path)
    source = Origin(name=file.path.name, content=str(content(file.path)["content"]))
    stretches = Stretches(taking, source, repeats=file.repeats, may_be_negative=file.may_be_negative)
    try:
        survey = _read(file, stretches, skip_bad_rows)
        if not skip_bad_rows:
            is_mixed = len(file.symbols) > 1 and Fault.BACKWARDS in survey.faults
            refuse_bad_rows([survey], otherwise=f"{_BY_SYMBOL}; or {_OTHERWISE}" if is_mixed else _OTHERWISE)
        refuse_absent_symbols([file], [survey])
        taken = stretches.end()
    except Differs as differs:
        raise _differing(file, differs)
    finally:
        stretches.abandon()
    if _stamp(file.path) != stamp:
        raise BadData(f"{file.path}: was written to while it was read", mend="import it once it is whole")
    return Imported(path=file.path, rows=survey.rows, skipped=dict(survey.faults), series=taken)


def _read(file: DataFile, stretches: Stretches, skip_bad_rows: bool) -> FileSurvey:
    """Take a file's rows; after the first that cannot be, all others are looked at and none is taken any more."""
    bad_rows: list[BadRow] = []
    first: dict[str, MarketEvent] = {}
    reader = Reader(file, Mark(), lambda bad: bad_rows.append(bad) if len(bad_rows) < SHOWN else None)
    for events in reader:
        if len(first) < len(file.symbols):
            first = {event.symbol: event for event in reversed(events)} | first
        if skip_bad_rows or not bad_rows:
            stretches.take(events)
    mark = reader.mark
    return FileSurvey(
        path=file.path,
        rows=mark.place.row,
        first=first,
        last=mark.before.events,
        faults=mark.skipped,
        bad_rows=bad_rows,
    )


def _stamp(path: Path) -> tuple[int, int, int]:
    try:
        found = path.stat()
    except OSError as error:
        raise BadData(f"{path}: cannot be read: {error.strerror}", mend=GET_ANEW)
    return found.st_ino, found.st_size, found.st_mtime_ns


def _differing(file: DataFile, differs: Differs) -> BadData:
    there = differs.entry.path
    if differs.event is None:
        assert differs.there is not None
        what = f"has no row like one of the catalogue's within its time: {shown(differs.there)}"
        return BadData(f"{file.path}: {what} (of {there})", mend=_HOW_TO_CHANGE)
    other = f"the catalogue has {shown(differs.there)}" if differs.there is not None else "the catalogue has no more"
    place = _place_of(differs.event, file)
    return BadData(f"{file.path}: {place}{shown(differs.event)}, where {other} (of {there})", mend=_HOW_TO_CHANGE)


def _place_of(event: MarketEvent, file: DataFile) -> str:
    """`row 5 (line 6): ` of the first row that says what an event does; empty where there is none."""
    numbers = msgspec.structs.astuple(event)[-len(FIELDS[file.data]) :]
    for row, line, read in _rows(file):
        is_it = read.symbol == event.symbol and read.ts_ns + file.shift_ns == event.ts_ns
        if is_it and tuple(read.values) == numbers:
            return f"row {row} (line {line}): " if line else f"row {row}: "
    return ""


def _rows(file: DataFile) -> Iterator[tuple[int, int, Row]]:
    for block in source_of(file).blocks(Place()):
        for row, line, read in block.rows():
            if isinstance(read, Row):
                yield row, line, read
