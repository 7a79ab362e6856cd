"""A run as files for other programs: one a table, CSV or Parquet.

CSV holds the texts of the result as they are: money to the last digit, times in ISO-8601.
"""

import csv
from functools import partial
from io import TextIOWrapper
from pathlib import Path
from typing import BinaryIO, Final, Literal

from daemon.config.extras import absent, install_hint
from daemon.errors import DaemonError
from daemon.research.report.tables import NAMES, Table, tables
from daemon.research.writing import require_folder, require_writable, write_all
from daemon.results.result import Result

Kind = Literal["csv", "parquet"]
KINDS: Final[tuple[Kind, ...]] = ("csv", "parquet")


def paths_of(folder: Path, kind: Kind) -> list[Path]:
    """The files that an export writes."""
    return [folder / f"{name}.{kind}" for name in NAMES]


def require_export(folder: Path, kind: Kind) -> None:
    """Make the folder where it is missing; DaemonError where Parquet is asked for without pyarrow, or a table could not
    be written there now."""
    if kind == "parquet" and (missing := absent("pyarrow")):
        raise DaemonError(f"Parquet needs {missing}, which is not installed", mend=install_hint(missing))
    require_folder(folder, "--export")
    for path in paths_of(folder, kind):
        require_writable(path, "--export")


def export(result: Result, folder: Path, kind: Kind) -> list[Path]:
    """Write each table into the folder, which is made where it is missing, and give the paths.

    DaemonError, and no file, where Parquet is asked for without pyarrow or one could not be written.
    """
    require_export(folder, kind)
    write = _write_csv
    if kind == "parquet":
        from daemon.research.report.parquet import write_parquet as write  # noqa: PLC0415  # who asks for it has it
    paths = paths_of(folder, kind)
    write_all({path: partial(write, table) for path, table in zip(paths, tables(result).values(), strict=True)})
    return paths


def _write_csv(table: Table, file: BinaryIO) -> None:
    text = TextIOWrapper(file, encoding="utf-8", errors="backslashreplace", newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table.columns)
    writer.writerows([str(value).lower() if isinstance(value, bool) else value for value in row] for row in table.rows)
    text.flush()
    text.detach()
