"""`--data`: files, and catalogues of them, in place of those of a feed; as entries of `feed.files`."""

import re
import shlex
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from daemon.config.extras import absent
from daemon.config.problems import ConfigProblems, Origin, Problem
from daemon.config.source import Document, plain_value, put
from daemon.errors import DaemonError
from daemon.feeds.file.layout import unreadable
from daemon.research.catalogue.entry import Entry
from daemon.research.catalogue.index import entries
from trading.timestamps import format_interval

_OF_BARS: Final = ("bars", "fill_empty_bars")
_OF_A_CATALOGUE: Final = ("symbol", "data", "interval")
"""What narrows a catalogue; all else its files say themselves."""
_PARTS: Final = re.compile(r"(?:^|,)((?:{[^{}]*}|\[[^\[\]]*\]|[^,])*)")
"""The path and each key of a file: no comma within a mapping or a list comes between two."""
_IS_YAML: Final = re.compile(r"{.*}|\[.*\]")
_TRUTHS: Final = {"true": True, "false": False}

Keys = Mapping[str, Any]


def take_data(document: Document, given: Iterable[str], end_ns: int | None) -> None:
    """Files in place of those of a feed, which otherwise stays as it is; or in place of another kind of feed, of which
    only the bars stay. Of a catalogue, what lies before the end. What cannot be is among the document's problems;
    ConfigProblems with those so far where something is not there, as all else would only follow from that."""
    entries_of = {text: _entries(document, text, end_ns) for text in given}
    if not all(entries_of.values()):
        raise ConfigProblems(document.path, document.problems)
    texts = [(text, entry) for text in given for entry in entries_of[text]]
    feed = document.values.get("feed")
    if not isinstance(feed, dict) or feed.get("kind") != "file":
        bars = {key: feed[key] for key in _OF_BARS if key in feed} if isinstance(feed, dict) else {}
        put(document, ["feed"], {"kind": "file", **bars}, "--data")
    put(document, ["feed", "files"], [dict(entry) for _, entry in texts], "--data")
    for place, (text, _) in enumerate(texts):
        document.origins["feed", "files", place] = Origin(variable=f"--data {text}")


def _entries(document: Document, text: str, end_ns: int | None) -> list[Keys]:
    """`prices.csv,data=bars,symbol=SPY,interval=1m` as an entry of `feed.files`, `catalogue` as all that it has of the
    config's instruments; paths count from here."""
    name, *given = _PARTS.findall(text)
    path, keys = Path(name).expanduser().absolute(), {}
    for one in given:
        key, equals, value = one.partition("=")
        if not equals:
            _note(document, text, f"{one!r} is no key of a file; write key=value, such as symbol=SPY")
            continue
        try:
            keys[key] = plain_value(value) if _IS_YAML.fullmatch(value) else _TRUTHS.get(value, value)
        except ValueError as error:
            _note(document, text, f"{key}: {error}")
    if why := _missing(path, name):
        _note(document, text, why)
        return []
    if path.is_dir():
        return _of_catalogue(document, text, keys, path, end_ns)
    of_itself = _said_of_itself(path)
    only = {} if {"symbol", "symbols"} & (keys.keys() | of_itself.keys()) else _only_symbol(document)
    return [{"path": str(path), **only, **of_itself, **keys}]


def _missing(path: Path, name: str) -> str:
    """Why there is nothing of that path; empty where there is something."""
    with suppress(OSError):  # a name that no file can have
        if path.exists():
            return ""
    correct = "correct the path, which counts from here"
    if not unreadable(path):
        return f"there is no such file; {correct}"
    importing = f"bulkhead data import FILE... --catalogue {shlex.quote(name)}"
    return f"there is no such file or folder; {correct}, or fill a catalogue of that name first: {importing}"


def _instruments(document: Document) -> list[str]:
    instruments = document.values.get("instruments")
    return list(instruments) if isinstance(instruments, dict) else []


def _only_symbol(document: Document) -> Keys:
    """Where there is one instrument, it is the symbol."""
    known = _instruments(document)
    return {"symbol": known[0]} if len(known) == 1 else {}


def _said_of_itself(path: Path) -> Keys:
    """What a catalogue's file says in its footer, nothing of another; whether it can be read is the feed's to tell."""
    if path.suffix != ".parquet" or absent("pyarrow"):
        return {}
    from daemon.research.catalogue.footer import labelled  # noqa: PLC0415 - the extra is needed only here

    try:
        entry = labelled(path)
    except DaemonError:
        return {}
    return {} if entry is None else _of_entry(entry)


def _of_entry(entry: Entry) -> Keys:
    label = entry.label
    keys: dict[str, Any] = {"data": str(label.kind), "symbol": label.symbol}
    if label.interval_ns:
        keys |= {"interval": format_interval(label.interval_ns), "stamp": "close"}
    return {**keys, "repeats": True} if label.repeats else keys


def _of_catalogue(document: Document, text: str, keys: Keys, root: Path, end_ns: int | None) -> list[Keys]:
    if others := keys.keys() - set(_OF_A_CATALOGUE):
        _note(document, text, f"a catalogue is narrowed by {', '.join(_OF_A_CATALOGUE)}, not by {min(others)}")
        return []
    try:
        there = entries(root)
    except DaemonError as error:
        _note(document, text, f"{error}; {error.mend}")
        return []
    wanted = [keys["symbol"]] if "symbol" in keys else _instruments(document)
    found = [
        (entry, read)
        for series, files in there.items()
        if series.symbol in wanted
        for entry in files
        if entry.reaches(None, end_ns)
        for read in (_of_entry(entry),)
        if all(read.get(key) == value for key, value in keys.items())
    ]
    if not found:
        has = ", ".join(series.text for series in there) or "nothing; fill it by `bulkhead data import`"
        _note(document, text, f"has no data of {', '.join(map(str, wanted)) or 'any instrument'} there; it has {has}")
    return [{"path": str(entry.path), **read} for entry, read in found]


def _note(document: Document, text: str, message: str) -> None:
    document.problems.append(Problem(path=(), variable=f"--data {text}", message=message))
