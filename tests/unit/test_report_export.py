"""A run as CSV and Parquet: what is read back is what was written, whole or not at all."""

import csv
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from pyarrow import parquet

from daemon.errors import DaemonError
from daemon.research.report.export import KINDS, Kind, export
from daemon.research.report.tables import AMOUNTS, NAMES, TIMES, tables
from daemon.results.result import Result
from tests.research_builders import a_result
from tests.research_lines import a_fill, an_empty_result, an_order, some_metrics
from trading.timestamps import parse_iso


@pytest.fixture(scope="module")
def result() -> Result:
    return a_result(days=60)


def csv_rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def parquet_columns(path: Path) -> dict[str, list[Any]]:
    """Values by column; times in nanoseconds."""
    table = parquet.read_table(path)
    return {
        name: table[name].cast("int64").to_pylist() if name in TIMES else table[name].to_pylist()
        for name in table.column_names
    }


@pytest.mark.parametrize("kind", KINDS)
def test_there_is_a_file_for_each_table(tmp_path: Path, kind: Kind) -> None:
    folder = tmp_path / "new" / "folder"
    written = export(an_empty_result(), folder, kind)
    assert written == [folder / f"{name}.{kind}" for name in NAMES]
    assert sorted(folder.iterdir()) == sorted(written)


def test_the_kinds_are_those_of_the_type() -> None:
    assert get_args(Kind) == KINDS


def test_csv_holds_every_text_as_it_is(tmp_path: Path, result: Result) -> None:
    export(result, tmp_path, "csv")
    for name in ("fills", "orders", "trades", "signals"):
        lines = [msgspec.structs.asdict(line) for line in getattr(result, name)]
        expected = [{key: _as_text(value) for key, value in line.items()} for line in lines]
        assert csv_rows(tmp_path / f"{name}.csv") == expected
    assert [(row["ts"], row["value"]) for row in csv_rows(tmp_path / "equity.csv")] == list(result.equity)
    curves = [(row["strategy"], row["ts"], row["value"]) for row in csv_rows(tmp_path / "curves.csv")]
    assert curves == [(name, *point) for name, curve in sorted(result.curves.items()) for point in curve]


def test_words_with_quotes_lines_and_commas_come_back(tmp_path: Path) -> None:
    reason = 'a "reason", of\r\ntwo lines; =1+1 \N{SNOWMAN}'
    export(an_empty_result(orders=[an_order(reason=reason)]), tmp_path, "csv")
    assert csv_rows(tmp_path / "orders.csv")[0]["reason"] == reason


def test_text_that_is_no_text_is_written_all_the_same(tmp_path: Path) -> None:
    export(an_empty_result(orders=[an_order(reason="a\ud800b")]), tmp_path, "csv")
    assert csv_rows(tmp_path / "orders.csv")[0]["reason"] == "a\\ud800b"


def test_metrics_have_the_accounts_row_first(tmp_path: Path, result: Result) -> None:
    export(result, tmp_path, "csv")
    rows = csv_rows(tmp_path / "metrics.csv")
    assert [row["strategy"] for row in rows] == ["", *sorted(result.strategies)]
    assert float(rows[0]["total_return"]) == result.metrics.total_return
    assert rows[0]["fees"] == result.metrics.fees


def test_parquet_is_exact(tmp_path: Path, result: Result) -> None:
    export(result, tmp_path, "parquet")
    for name, table in tables(result).items():
        found = parquet_columns(tmp_path / f"{name}.parquet")
        columns = zip(*table.rows, strict=True)
        expected = {key: _values(key, values) for key, values in zip(table.columns, columns, strict=True)}
        assert found == expected


def test_parquet_has_types_for_numbers_and_times(tmp_path: Path) -> None:
    fills = [a_fill(quantity="0.12345678", ts="2024-01-02T21:00:00.000000001Z"), a_fill(quantity="1E+3")]
    export(an_empty_result(fills=fills), tmp_path, "parquet")
    table = parquet.read_table(tmp_path / "fills.parquet")
    types = {field.name: str(field.type) for field in table.schema}
    assert types["ts"] == "timestamp[ns, tz=UTC]"
    assert types["quantity"] == "decimal128(38, 8)"
    assert (types["strategy"], types["close_out"]) == ("string", "bool")
    assert table["quantity"].to_pylist() == [Decimal("0.12345678"), Decimal(1000)]
    assert table["ts"].cast("int64").to_pylist()[0] % 1_000_000_000 == 1


@pytest.mark.parametrize(
    ("quantity", "kind"),
    [
        ("9" * 38, "decimal128(38, 0)"),
        (f"{'9' * 30}.{'1' * 9}", "decimal256(76, 9)"),
        (f"0.{'1' * 76}", "decimal256(76, 76)"),
        (f"1.{'1' * 76}", "string"),
    ],
)
def test_a_number_is_as_wide_as_it_must_be(tmp_path: Path, quantity: str, kind: str) -> None:
    export(an_empty_result(fills=[a_fill(quantity=quantity)]), tmp_path, "parquet")
    column = parquet.read_table(tmp_path / "fills.parquet")["quantity"]
    assert str(column.type) == kind
    assert format(column.to_pylist()[0], "f" if kind != "string" else "") == quantity


def test_every_column_of_text_is_known_as_a_time_a_number_or_words(result: Result) -> None:
    columns = [column for table in tables(result).values() for column in table.columns.items()]
    words = {"strategy", "symbol", "side", "type", "time_in_force", "state", "origin", "code", "reason", "kind", "text"}
    words |= {"fee_currency", "currency", "order_id", "parent_id", "group_id", "trip"}
    assert {name for name, kind in columns if kind is str} == words | TIMES | AMOUNTS


def test_without_pyarrow_nothing_is_written_and_it_says_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(DaemonError, match="Parquet needs pyarrow, which is not installed") as caught:
        export(an_empty_result(), tmp_path / "out", "parquet")
    assert "install it with:" in caught.value.mend
    assert "pyarrow" in caught.value.mend
    assert not (tmp_path / "out").exists()


def test_a_second_export_takes_the_place_of_the_first(tmp_path: Path) -> None:
    export(an_empty_result(fills=[a_fill()]), tmp_path, "csv")
    export(an_empty_result(metrics=some_metrics(fills=7)), tmp_path, "csv")
    assert csv_rows(tmp_path / "fills.csv") == []
    assert csv_rows(tmp_path / "metrics.csv")[0]["fills"] == "7"


@pytest.mark.parametrize("kind", KINDS)
def test_where_one_table_cannot_be_written_none_is(tmp_path: Path, kind: Kind) -> None:
    in_the_way = tmp_path / f"metrics.{kind}"
    in_the_way.symlink_to("/dev/full")
    with pytest.raises(DaemonError, match=rf"metrics.{kind}: cannot be written: No space left on device") as caught:
        export(an_empty_result(fills=[a_fill()]), tmp_path, kind)
    assert caught.value.mend
    assert list(tmp_path.iterdir()) == [in_the_way]


def test_a_file_where_a_folder_should_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    with pytest.raises(DaemonError, match=r"--export .*/out: is no folder and cannot be made one: File exists"):
        export(an_empty_result(), tmp_path / "out", "csv")
    assert (tmp_path / "out").read_text() == "mine"


def _as_text(value: object) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _values(name: str, texts: tuple[Any, ...]) -> list[Any]:
    if name in TIMES:
        return [parse_iso(text) for text in texts]
    if name in AMOUNTS:
        return [None if text is None else Decimal(text) for text in texts]
    return list(texts)
