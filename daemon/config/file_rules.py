"""What must hold of the files that a config names, as far as the config alone tells."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

from daemon.config.conversion import data_file
from daemon.config.extras import absent, install_hint
from daemon.config.feed_settings import DataFileSettings, FileFeedSettings
from daemon.config.problems import KeyPath, nearest
from daemon.config.settings import Settings
from daemon.config.source import Document
from daemon.config.zones import no_zone
from daemon.feeds.file.layout import FIELDS, unreadable
from daemon.feeds.file.times import ISO, UNITS
from trading.subscriptions import DataKind
from trading.timestamps import format_interval, iso

Breach = tuple[KeyPath, str]
_OF_EVERY_ROW: Final = ("time", "date", "symbol")


def files_are_described(settings: Settings, _document: Document) -> Iterator[Breach]:
    """Each file's keys fit what it holds, and each other."""
    for place, file in enumerate(_files(settings)):
        for key, message in flaws(file):
            yield ("feed", "files", place, *key), message


def flaws(file: DataFileSettings) -> Iterator[Breach]:
    """What cannot be of one file's keys, by the key."""
    for flawed in (_symbols, _unreadable, _of_bars, _columns, _times):
        yield from flawed(file)


def files_are_distinct(settings: Settings, _document: Document) -> Iterator[Breach]:
    """Nothing comes twice: no file, and of each symbol bars of one interval."""
    seen: dict[tuple[Path, str, str], int] = {}
    intervals: dict[str, int] = {}
    for place, file in enumerate(_files(settings)):
        path: KeyPath = ("feed", "files", place)
        for symbol in data_file(file, settings.instruments, Path()).symbols:
            first = seen.setdefault((file.path, file.data, symbol), place)
            if first != place:
                yield (*path, "path"), f"brings {file.data} of {symbol} a second time; first in feed.files[{first}]"
            if file.data == "bars" and file.interval_ns:
                interval_ns = intervals.setdefault(symbol, file.interval_ns)
                if interval_ns != file.interval_ns:
                    length = format_interval(interval_ns)
                    yield (*path, "interval"), f"another file has bars of {length} of {symbol}; keep the shorter ones"


def files_are_within_start_and_end(settings: Settings, _document: Document) -> Iterator[Breach]:
    """A feed ends after it has begun."""
    feed = settings.feed
    if not isinstance(feed, FileFeedSettings) or feed.start_ns is None or feed.end_ns is None:
        return
    if feed.end_ns <= feed.start_ns:
        yield ("feed", "end"), f"{iso(feed.end_ns)} is not after the start, {iso(feed.start_ns)}"


def _files(settings: Settings) -> tuple[DataFileSettings, ...]:
    return settings.feed.files if isinstance(settings.feed, FileFeedSettings) else ()


def _symbols(file: DataFileSettings) -> Iterator[Breach]:
    if file.symbol is not None and file.symbols is not None:
        yield ("symbols",), "stands beside symbol; name one symbol, or several here"
    elif file.symbols == ():
        yield ("symbols",), "must not be empty"


def _unreadable(file: DataFileSettings) -> Iterator[Breach]:
    if why := unreadable(file.path):
        yield ("path",), why
    elif file.path.suffix.lower() == ".parquet" and (module := absent("pyarrow", "numpy")):
        yield ("path",), f"Parquet needs {module}; {install_hint(module)}"


def _of_bars(file: DataFileSettings) -> Iterator[Breach]:
    if file.data == "bars":
        if file.interval_ns is None:
            yield ("interval",), "is missing (length of its bars, such as 1m)"
        if file.stamp is None:
            yield ("stamp",), "is missing (which end of a bar its time is: open or close)"
    else:
        for key, value in (("interval", file.interval_ns), ("stamp", file.stamp)):
            if value is not None:
                yield (key,), f"only bars have it, and these are {file.data}"
    if file.repeats and file.data != "quotes":
        yield ("repeats",), f"only quotes may repeat, and these are {file.data}"


def _columns(file: DataFileSettings) -> Iterator[Breach]:
    known = [*_OF_EVERY_ROW, *FIELDS[DataKind(file.data)], *(["id"] if file.data == "trades" else [])]
    for field in file.columns:
        if field not in known:
            yield ("columns", field), f"{file.data} have none; they have {', '.join(known)}{nearest(field, known)}"


def _times(file: DataFileSettings) -> Iterator[Breach]:
    if file.time is not None and file.time not in {ISO, *UNITS}:
        if "%" not in file.time:
            forms = ", ".join([ISO, *UNITS])
            yield ("time",), f"must be one of {forms}, or a format such as %d.%m.%Y %H:%M:%S; got {file.time!r}"
        elif not _is_format(file.time):
            yield ("time",), f"{file.time!r} is no format of times; see the codes of Python's strptime"
    if why := no_zone(file.zone):
        yield ("zone",), why


def _is_format(form: str) -> bool:
    """Whether a text has only codes that a time can be read by."""
    moment = datetime(2014, 5, 1, 13, 30)  # noqa: DTZ001 - any time will do
    try:
        datetime.strptime(moment.strftime(form), form)  # noqa: DTZ007
    except ValueError:
        return False
    return True
