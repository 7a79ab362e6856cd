"""What becomes of a result: a page, JSON, tables in files, and one look at it."""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from daemon.errors import DaemonError, NotWritten
from daemon.research.report.export import export, paths_of, require_export
from daemon.research.report.page import render
from daemon.research.report.summary import summary
from daemon.research.writing import require_writable, write_whole
from daemon.results.result import Result

STDOUT: Final = Path("-")


class Ways(msgspec.Struct, frozen=True, kw_only=True):
    """Where a result is written; None: it is not. `page_option` is what the command calls the page."""

    page_path: Path | None = None
    page_option: str = "--report"
    json_path: Path | None = None
    export_folder: Path | None = None
    export_as: Literal["csv", "parquet"] = "csv"

    @property
    def takes_stdout(self) -> bool:
        """Whether nothing but JSON may come on stdout."""
        return self.json_path == STDOUT

    @property
    def _targets(self) -> list[tuple[str, Path]]:
        """All that is written, each with the option that asks for it."""
        asked = [(self.page_option, self.page_path), ("--json", None if self.takes_stdout else self.json_path)]
        targets = [(option, path) for option, path in asked if path is not None]
        if (folder := self.export_folder) is not None:
            targets += [("--export", path) for path in (folder, *paths_of(folder, self.export_as))]
        return targets

    def require(self) -> None:
        """DaemonError where a file could not be written, or two would be one, before anything is run for it."""
        seen: dict[Path, str] = {}
        for option, path in self._targets:
            if path == STDOUT:
                raise NotWritten(f"{option} -: only --json goes to stdout", mend="name a file or folder")
            target = path.resolve()
            if target in seen and (target.is_file() or not target.exists()):
                raise NotWritten(f"{option} {path}: is where {seen[target]} is written too", mend="name another file")
            seen[target] = option
        if self.page_path is not None:
            require_writable(self.page_path, self.page_option)
        if self.json_path is not None and not self.takes_stdout:
            require_writable(self.json_path, "--json")
        if self.export_folder is not None:
            require_export(self.export_folder, self.export_as)


def read(answer: Any) -> Result:
    """A result out of plain values."""
    return msgspec.convert(answer, Result)


def show_result(result: Result, ways: Ways) -> None:
    """Write it in every way that is asked for, and tell on stdout what it came to, unless JSON goes there.

    DaemonError with all that could not be written, once the rest is and it has been told.
    """
    written, failed = [], []
    text = msgspec.json.encode(result) + b"\n"
    for path, write in _writes(result, ways, text):
        try:
            write()
            written.append(path)
        except DaemonError as error:
            failed.append(error)
    if ways.takes_stdout:
        sys.stdout.buffer.write(text)
    else:
        sys.stdout.write(summary(result, written) + "\n")
    if failed:
        raise _together(failed)


def _writes(result: Result, ways: Ways, text: bytes) -> list[tuple[Path, Callable[[], object]]]:
    """How each file and folder that is asked for is written."""
    writes: list[tuple[Path, Callable[[], object]]] = []
    if ways.json_path is not None and not ways.takes_stdout:
        writes.append((ways.json_path, partial(write_whole, ways.json_path, text)))
    if (page := ways.page_path) is not None:
        writes.append((page, lambda: write_whole(page, render(result).encode())))
    if ways.export_folder is not None:
        writes.append((ways.export_folder, partial(export, result, ways.export_folder, ways.export_as)))
    return writes


def _together(failed: list[DaemonError]) -> DaemonError:
    if len(failed) == 1:
        return failed[0]
    return NotWritten("\n".join(f"{error}; {error.mend}" for error in failed))
