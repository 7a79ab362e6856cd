"""What becomes of a result: a page, JSON, tables in files, and one look at it."""

import sys
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from daemon.research.report.export import export
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

    def require(self) -> None:
        """NotWritten where a file could not be written, before anything is run for it."""
        if self.page_path is not None:
            require_writable(self.page_path, self.page_option)
        if self.json_path is not None and not self.takes_stdout:
            require_writable(self.json_path, "--json")


def read(answer: Any) -> Result:
    """A result out of plain values."""
    return msgspec.convert(answer, Result)


def show_result(result: Result, ways: Ways) -> None:
    """Write it in every way that is asked for, and tell on stdout what it came to, unless JSON goes there."""
    text = msgspec.json.encode(result) + b"\n"
    if ways.page_path is not None:
        write_whole(ways.page_path, render(result).encode())
    if ways.export_folder is not None:
        export(result, ways.export_folder, ways.export_as)
    if ways.takes_stdout:
        sys.stdout.buffer.write(text)
        return
    if ways.json_path is not None:
        write_whole(ways.json_path, text)
    sys.stdout.write(summary(result) + "\n")
