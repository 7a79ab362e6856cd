"""What becomes of a result: a page, JSON, tables in files, and else one look at it."""

import sys
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from daemon.research.report.export import export
from daemon.research.report.files import put
from daemon.research.report.page import render
from daemon.research.report.summary import summary
from daemon.research.result import Result

STDOUT: Final = Path("-")


class Ways(msgspec.Struct, frozen=True, kw_only=True):
    """Where a result is written; None: it is not. With JSON on stdout nothing else is there."""

    page_path: Path | None = None
    json_path: Path | None = None
    export_folder: Path | None = None
    export_as: Literal["csv", "parquet"] = "csv"


def read(answer: Any) -> Result:
    """A result out of plain values."""
    return msgspec.convert(answer, Result)


def show_result(result: Result, ways: Ways) -> None:
    """Write it in every way that is asked for, and tell on the terminal what it came to."""
    text = msgspec.json.encode(result).decode() + "\n"
    if ways.page_path is not None:
        put(ways.page_path, render(result))
    if ways.export_folder is not None:
        export(result, ways.export_folder, ways.export_as)
    if ways.json_path == STDOUT:
        sys.stdout.write(text)
        return
    if ways.json_path is not None:
        put(ways.json_path, text)
    sys.stdout.write(summary(result) + "\n")
