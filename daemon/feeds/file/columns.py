"""Which column of a file holds which field: what the config says, and else the usual names, if there is one only."""

from collections.abc import Sequence
from typing import Final

import msgspec

from daemon.config.problems import nearest
from daemon.errors import BadData
from daemon.feeds.file.layout import FIELDS, SIZES, USUAL_NAMES, Column, DataFile
from daemon.feeds.file.times import ISO, UNITS

Flaw = tuple[tuple[str, ...], str]
"""The setting of the file that is wrong, and why."""


class Mapped(msgspec.Struct, frozen=True):
    """The position of each field's column, from 0; what cannot be found is a flaw."""

    places: dict[str, int]
    flaws: tuple[Flaw, ...] = ()

    def or_refuse(self, file: DataFile) -> dict[str, int]:
        """The positions; BadData with the first flaw if there is any."""
        for key, message in self.flaws:
            raise BadData(f"{file.path}: {'.'.join(key)}: {message}", mend="name the file's columns", key=key)
        return self.places


def map_columns(file: DataFile, names: Sequence[str] | int) -> Mapped:
    """Find the columns among names, or among so many nameless ones."""
    mapping = _Mapping(file, names)
    for field in _fields(file):
        mapping.find(field)
    return Mapped(mapping.places, tuple(mapping.flaws))


def time_form(file: DataFile, name: str) -> str:
    """How the times of a column are written: as the config says, else in the unit that its name ends in, else iso."""
    if file.time is not None:
        return file.time
    unit = name.lower().rpartition("_")[2]
    return unit if unit in UNITS else ISO


def _fields(file: DataFile) -> list[str]:
    asked = [field for field in ("date", "id") if field in file.columns]
    return ["symbol", "time", *asked, *FIELDS[file.data]]


_MAY_LACK: Final = SIZES | {"symbol", "date", "id"}


class _Mapping:
    """One file's columns on their way to being found."""

    def __init__(self, file: DataFile, names: Sequence[str] | int) -> None:
        self._file = file
        self._names = [name.strip() for name in names] if not isinstance(names, int) else []
        self._width = names if isinstance(names, int) else len(names)
        self.places: dict[str, int] = {}
        self.flaws: list[Flaw] = []

    def find(self, field: str) -> None:
        given = self._file.columns.get(field)
        if given is not None:
            self._named(field, given)
        elif field not in self._file.columns:
            self._usual(field)
        else:
            self._lacking(field, f"{self._file.data} cannot do without it")

    def _named(self, field: str, given: Column) -> None:
        if isinstance(given, int):
            if 1 <= given <= self._width:
                self.places[field] = given - 1
            else:
                self._flaw(field, f"there is no column {given}; {self._there()}")
        elif not self._names:
            self._flaw(field, f"{given!r} is a name, and the file has no header; give the column's number, from 1")
        elif self._names.count(given) == 1:
            self.places[field] = self._names.index(given)
        elif given in self._names:
            self._flaw(field, f"{given!r} stands twice in the header; give the column's number, from 1")
        else:
            self._flaw(field, f"there is no column {given!r}{nearest(given, self._names)}; {self._there()}")

    def _usual(self, field: str) -> None:
        found = [place for place, name in enumerate(self._names) if _plain(name) in USUAL_NAMES[field]]
        if len(found) == 1:
            self.places[field] = found[0]
        elif found:
            names = " or ".join(repr(self._names[place]) for place in found)
            self._flaw(field, f"may be {names}; name the one to take")
        else:
            usual = ", ".join(USUAL_NAMES[field])
            self._lacking(field, f"no column has a usual name of it ({usual}); {self._there()}")

    def _lacking(self, field: str, message: str) -> None:
        if field == "symbol" and len(self._file.symbols) > 1:
            self._flaw(field, f"{message}; where all rows are of one symbol, name it: `symbol`")
        elif field not in _MAY_LACK:
            self._flaw(field, message)

    def _flaw(self, field: str, message: str) -> None:
        self.flaws.append((("columns", field), message))

    def _there(self) -> str:
        if not self._names:
            return f"its columns are 1 to {self._width}, without names"
        numeric = all(name.replace(".", "").isdecimal() for name in self._names)
        hint = "; if its first line is a row, write `header: false`" if numeric else ""
        return f"its columns are {', '.join(self._names)}{hint}"


def _plain(name: str) -> str:
    return name.lower().replace(" ", "_").replace("-", "_")
