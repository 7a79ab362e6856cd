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
from daemon.research.report.files import put_all
from daemon.research.report.tables import Table, tables
from daemon.results.result import Result

Kind = Literal["csv", "parquet"]
KINDS: Final[tuple[Kind, ...]] = ("csv", "parquet")


def export(result: Result, folder: Path, kind: Kind) -> list[Path]:
    """Write each table into the folder, which is made where it is missing, and give the paths.

    DaemonError, and no file, where Parquet is asked for without pyarrow or one could not be written.
    """
    if kind == "parquet" and (missing := absent("pyarrow")):
        raise DaemonError(f"Parquet needs {missing}, which is not installed", mend=install_hint(missing))
    write = _write_csv
    if kind == "parquet":
        from daemon.research.report.parquet import write_parquet as write  # noqa: PLC0415  # who asks for it has it
    paths = {folder / f"{name}.{kind}": table for name, table in tables(result).items()}
    put_all({path: partial(write, table) for path, table in paths.items()})
    return list(paths)


def _write_csv(table: Table, file: BinaryIO) -> None:
    text = TextIOWrapper(file, encoding="utf-8", errors="backslashreplace", newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table.columns)
    writer.writerows([str(value).lower() if isinstance(value, bool) else value for value in row] for row in table.rows)
    text.flush()
    text.detach()
