"""Tables of a run as Parquet, by pyarrow: times to the nanosecond, decimals of 38 digits with as many behind the point
as the longest of the column needs, of 76 where 38 are too few."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, BinaryIO, Final

import pyarrow as pa
from pyarrow import parquet

from daemon.research.report.tables import AMOUNTS, TIMES, Table
from trading.timestamps import parse_iso

_PLAIN: Final = {str: pa.string(), float: pa.float64(), int: pa.int64(), bool: pa.bool_()}
_WIDTHS: Final = ((38, pa.decimal128), (76, pa.decimal256))


def write_parquet(table: Table, file: BinaryIO) -> None:
    """One table as one file. A column with a number of more than 76 digits stays one of texts."""
    values = list(zip(*table.rows, strict=True)) if table.rows else [()] * len(table.columns)
    columns = [_array(name, kind, column) for (name, kind), column in zip(table.columns.items(), values, strict=True)]
    parquet.write_table(pa.table(columns, names=list(table.columns)), file)


def _array(name: str, kind: type, values: Sequence[Any]) -> Any:
    if name in TIMES:
        return pa.array([parse_iso(text) if text else None for text in values], pa.timestamp("ns", "UTC"))
    if name in AMOUNTS and kind is str:
        return _amounts(values)
    return pa.array(values, _PLAIN[kind])


def _amounts(texts: Sequence[str | None]) -> Any:
    numbers = [Decimal(text) if text else None for text in texts]
    known = [number for number in numbers if number is not None]
    scale = max((max(-_exponent(number), 0) for number in known), default=0)
    whole = max((number.adjusted() + 1 for number in known), default=0)
    for digits, of_width in _WIDTHS:
        if max(whole, 0) + scale <= digits:
            return pa.array(numbers, of_width(digits, scale))
    return pa.array(texts, pa.string())


def _exponent(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int), "a result holds finite numbers"
    return exponent
