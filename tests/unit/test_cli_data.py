"""`bulkhead data` as it is typed: what it takes, what it prints, and how it ends."""

import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from daemon.cli import main
from daemon.config import extras
from tests.catalogue_builders import NOON, snapshot, trade_file
from tests.market_files import write
from trading.timestamps import DAY, SECOND

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "golden" / "cli"

Bulkhead = Callable[..., Result]

MINUTES = "date;o;h;l;c;v\n" + "".join(
    f"01.06.2018 {14 + place // 60:02}:{place % 60:02};{100 + place % 3};103;99;{100 + place % 2};{place}\n"
    for place in range(90)
)
AS_MINUTES = (
    *("--data", "bars", "--symbol", "AAA", "--interval", "1m", "--stamp", "open", "--delimiter", ";"),
    *("--time", "%d.%m.%Y %H:%M", "--zone", "Europe/Berlin", "--column", "time=date"),
    *(word for field in ("open", "high", "low", "close", "volume") for word in ("--column", f"{field}={field[0]}")),
)


@pytest.fixture
def bulkhead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bulkhead:
    """The command, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BULKHEAD_CATALOGUE", raising=False)
    return lambda *words: CliRunner().invoke(main, ["data", *(str(word) for word in words)], terminal_width=100)


def told(result: Result) -> Any:
    assert (result.exit_code, result.stderr) == (0, ""), result.stderr
    return json.loads(result.stdout)


def assert_golden(name: str, text: str) -> None:
    file = GOLDEN / name
    if os.environ.get("BULKHEAD_GOLDEN") == "write":
        file.write_text(text)
    assert text == file.read_text()


def filled(bulkhead: Bulkhead) -> None:
    """A catalogue of bars of AAA and trades of BBB, with their flaws."""
    write(Path("minutes.csv"), MINUTES)
    write(
        Path("trades.csv"), "ts_s,price,size\n1527854400,10,1\n1527854401,10.01,1\n1527859999,20,1\n1527859999,20,2\n"
    )
    assert bulkhead("import", "minutes.csv", *AS_MINUTES).exit_code == 0
    assert bulkhead("import", "trades.csv", "--data", "trades", "--symbol", "BBB").exit_code == 0


# Import.


def test_an_import_says_what_came_in_on_stderr_and_to_programs_on_stdout(bulkhead: Bulkhead) -> None:
    write(Path("minutes.csv"), MINUTES)
    done = bulkhead("import", "minutes.csv", *AS_MINUTES, "-o", "json")
    assert done.exit_code == 0
    file = "catalogue/AAA/bars-1m/20180601T120100Z_20180601T133000Z.parquet"
    assert done.stderr == (
        "minutes.csv: 90 rows\n"
        "  bars of 1m of AAA, 2018-06-01 12:01:00 to 2018-06-01 13:30:00: 90 new rows\n"
        f"    {file}\n"
    )
    series = {
        "symbol": "AAA",
        "kind": "bars",
        "interval": "1m",
        "new": 90,
        "there_already": 0,
        "first": "2018-06-01T12:01:00Z",
        "last": "2018-06-01T13:30:00Z",
        "files": [file],
    }
    assert json.loads(done.stdout) == [{"path": "minutes.csv", "rows": 90, "skipped": {}, "series": [series]}]
    again = bulkhead("import", "minutes.csv", *AS_MINUTES)
    assert again.stdout == ""
    assert again.stderr.splitlines()[1].endswith(": all 90 rows are there already")


def test_rows_that_are_left_out_are_told(bulkhead: Bulkhead) -> None:
    write(Path("a.csv"), "time,price\n2018-06-01,1\n2018-06-01,x\n")
    words = ("import", "a.csv", "--data", "trades", "--symbol", "AAA")
    refused = bulkhead(*words)
    assert refused.exit_code == 1
    assert "a.csv: row 2 (line 3): price 'x' is no number" in refused.stderr
    assert "--on-bad-row skip" in refused.stderr
    done = bulkhead(*words, "--on-bad-row", "skip")
    assert done.exit_code == 0
    assert done.stderr.splitlines()[0] == "a.csv: 2 rows, 1 left out (1 with no number)"


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ((), "name FILEs or, with -c, the config whose files are meant"),
        (("a.csv", "-c", "config.yaml"), "name FILEs or, with -c, the config whose files are meant"),
        (("a.csv",), "--data and --symbol must be given: what the rows of a.csv are"),
        (("a.csv", "--data", "bars", "--symbol", "AAA"), "--interval: is missing"),
        (("a.csv", "--data", "bars", "--symbol", "AAA"), "--stamp: is missing"),
        (("a.csv", "--data", "trades", "--symbol", "A A"), "--symbol: must be a symbol of at most 32 letters"),
        (("a.csv", "--data", "trades", "--symbol", "AAA", "--interval", "1m"), "--interval: only bars have it"),
        (("a.csv", "--data", "trades", "--symbol", "AAA", "--interval", "1x"), "'1x' is not an interval"),
        (("a.csv", "--data", "trades", "--symbol", "AAA", "--column", "bid=1"), "--column bid=: trades have none"),
        (("a.csv", "--data", "trades", "--symbol", "AAA", "--column", "bids=1"), "--column bids=: must be one of"),
        (("a.csv", "--data", "trades", "--symbol", "AAA", "--column", "bid"), "'bid' is not written as FIELD=COLUMN"),
        (("a.csv", "--data", "trades", "--symbol", "AAA", "--zone", "Mars"), "--zone: 'Mars' is no time zone"),
        (("a.csv", "--data", "trades", "--symbol", "AAA", "--time", "x"), "--time: must be one of iso, s, ms, us, ns"),
        (("a.csv", "--data", "trades", "--symbol", "AAA", "--repeats"), "--repeats: only quotes may repeat"),
        (("a.csv", "--data", "trades", "--symbol", "AAA", "--delimiter", ";;"), "--delimiter: "),
        (("a.json", "--data", "trades", "--symbol", "AAA"), "FILE: the ending tells what a file is"),
        (
            ("-c", "config.yaml", "--data", "trades", "--by-symbol"),
            "--data, --by-symbol: the config describes",
        ),
        (("none.csv", "--data", "trades", "--symbol", "AAA"), "none.csv' does not exist"),
    ],
)
def test_what_cannot_be_meant_is_wrong_usage(bulkhead: Bulkhead, words: tuple[str, ...], why: str) -> None:
    for name in ("a.csv", "a.json", "config.yaml"):
        write(Path(name), "time,price\n2018-06-01,1\n")
    refused = bulkhead("import", *words)
    assert refused.exit_code == 2
    assert why in refused.stderr
    assert not Path("catalogue").exists()


def test_columns_can_be_named_numbered_and_said_not_to_be_there(bulkhead: Bulkhead) -> None:
    write(Path("a.txt"), "5\t1.5\t1527854400\n6\t2.5\t1527854401\n")
    columns = ("--column", "time=3", "--column", "price=2", "--column", "size=")
    form = ("--no-header", "--delimiter", "\\t", "--time", "s")
    done = bulkhead("import", "a.txt", "--data", "trades", "--symbol", "AAA", *form, *columns)
    assert done.exit_code == 0, done.stderr
    assert [row["first"] for row in told(bulkhead("list", "-o", "json"))] == ["2018-06-01T12:00:00Z"]


def test_files_of_a_config_come_in_by_its_own_words(bulkhead: Bulkhead) -> None:
    write(Path("a.csv"), "time,price\n2018-06-01,1\n2018-06-01,x\n")
    write(
        Path("config.yaml"),
        'account: {currency: USD, cash: "1"}\n'
        "feed: {kind: file, on_bad_row: skip, files: [{path: a.csv, data: trades, symbol: AAA}]}\n"
        'instruments: {AAA: {kind: equity, tick_size: "0.01", lot_size: "1"}}\n',
    )
    refused = bulkhead("import", "-c", "config.yaml", "--on-bad-row", "refuse")
    assert refused.exit_code == 1
    done = bulkhead("import", "-c", "config.yaml")
    assert done.exit_code == 0
    assert "2 rows, 1 left out" in done.stderr
    Path("config.yaml").write_text(Path("config.yaml").read_text().replace("data: trades", "data: ticks"))
    wrong = bulkhead("import", "-c", "config.yaml")
    assert wrong.exit_code == 1
    assert "config.yaml:2: feed.files[0].data: must be one of quotes, trades, bars; got 'ticks'" in wrong.stderr
    write(
        Path("other.yaml"),
        'account: {currency: USD, cash: "1"}\nfeed: {kind: synthetic, symbols: {AAA: {price: "1"}}}\n'
        'instruments: {AAA: {kind: equity, tick_size: "0.01", lot_size: "1"}}\n',
    )
    assert "the feed of other.yaml is synthetic, not file" in bulkhead("import", "-c", "other.yaml").stderr


def test_a_file_that_is_sorted_by_symbol_first_is_read_once_for_each(bulkhead: Bulkhead) -> None:
    write(Path("a.csv"), "time,symbol,price\n2018-06-02,AAA,1\n2018-06-02,AAA,1\n2018-06-01,BBB,2\n2018-06-03,BBB,2\n")
    words = ("import", "a.csv", "--data", "trades", "--symbol", "AAA", "--symbol", "BBB")
    refused = bulkhead(*words)
    assert refused.exit_code == 1
    assert "read a file that is sorted by symbol first once for each, with --by-symbol" in refused.stderr
    assert bulkhead(*words, "--by-symbol").exit_code == 0
    assert [row["rows"] for row in told(bulkhead("list", "-o", "json"))] == [2, 2]


# Where the catalogue is.


def test_the_catalogue_is_where_the_option_says_else_the_environment_else_here(
    bulkhead: Bulkhead, monkeypatch: pytest.MonkeyPatch
) -> None:
    trade_file(Path("a.csv"), 3)
    words = ("import", "a.csv", "--data", "trades", "--symbol", "AAA")
    assert bulkhead(*words).exit_code == 0
    monkeypatch.setenv("BULKHEAD_CATALOGUE", "by-environment")
    assert bulkhead(*words).exit_code == 0
    assert bulkhead(*words, "--catalogue", "by-option").exit_code == 0
    assert snapshot(Path("catalogue")) == snapshot(Path("by-environment")) == snapshot(Path("by-option"))
    monkeypatch.setenv("BULKHEAD_CATALOGUE", "")
    assert [row["paths"][0].split("/")[0] for row in told(bulkhead("list", "-o", "json"))] == ["catalogue"]


# List.


def test_an_empty_catalogue_says_so_and_how_to_fill_it(bulkhead: Bulkhead) -> None:
    shown = bulkhead("list")
    assert (shown.exit_code, shown.stderr) == (0, "")
    assert shown.stdout == (
        "the catalogue catalogue holds nothing yet; fill it by `bulkhead data import` or `bulkhead data generate`\n"
    )
    assert told(bulkhead("list", "-o", "json")) == []


@pytest.mark.parametrize("form", ["table", "json"])
def test_the_list_is_as_in_the_golden_file(bulkhead: Bulkhead, form: str) -> None:
    filled(bulkhead)
    shown = bulkhead("list", "-o", form)
    assert (shown.exit_code, shown.stderr) == (0, "")
    sizes = {str(path.stat().st_size) for path in Path("catalogue").rglob("*.parquet")}  # another pyarrow has others
    assert_golden(f"data-list.{form}", re.sub("|".join(sizes), "SIZE", shown.stdout))


def test_yaml_says_what_json_says(bulkhead: Bulkhead) -> None:
    filled(bulkhead)
    for words in (("list",), ("inspect",)):
        assert yaml.safe_load(bulkhead(*words, "-o", "yaml").stdout) == told(bulkhead(*words, "-o", "json"))


def test_a_list_can_be_of_some_symbols_and_without_headers(bulkhead: Bulkhead) -> None:
    filled(bulkhead)
    assert [row["symbol"] for row in told(bulkhead("list", "BBB", "-o", "json"))] == ["BBB"]
    assert bulkhead("list", "BBB", "--no-headers").stdout.startswith("BBB")
    assert "holds nothing of CCC" in bulkhead("list", "CCC").stdout


# Inspect.


@pytest.mark.parametrize("form", ["table", "json"])
def test_an_inspection_is_as_in_the_golden_file(bulkhead: Bulkhead, form: str) -> None:
    filled(bulkhead)
    shown = bulkhead("inspect", "-o", form)
    assert (shown.exit_code, shown.stderr) == (0, "")
    assert_golden(f"data-inspect.{form}", shown.stdout)


def test_a_strict_inspection_ends_with_one_where_anything_was_found(bulkhead: Bulkhead) -> None:
    filled(bulkhead)
    assert bulkhead("inspect", "AAA", "--strict").exit_code == 0
    assert bulkhead("inspect", "BBB").exit_code == 0
    assert bulkhead("inspect", "BBB", "--strict").exit_code == 1


def test_what_is_inspected_can_be_narrowed(bulkhead: Bulkhead) -> None:
    filled(bulkhead)
    assert [one["symbol"] for one in told(bulkhead("inspect", "-o", "json"))] == ["AAA", "BBB"]
    assert [one["symbol"] for one in told(bulkhead("inspect", "--data", "trades", "-o", "json"))] == ["BBB"]
    assert [one["symbol"] for one in told(bulkhead("inspect", "--interval", "1m", "-o", "json"))] == ["AAA"]
    nothing = bulkhead("inspect", "AAA", "--interval", "5m")
    assert (nothing.exit_code, "there is nothing of that in the catalogue" in nothing.stderr) == (1, True)
    absent = bulkhead("inspect", "AAB")
    assert absent.exit_code == 1
    assert "AAB is neither a file nor a symbol of the catalogue catalogue; did you mean 'AAA'?" in absent.stderr


def test_a_plain_file_is_inspected_as_it_is_described_and_one_of_a_catalogue_as_it_says(bulkhead: Bulkhead) -> None:
    filled(bulkhead)
    (row,) = told(bulkhead("list", "AAA", "-o", "json"))
    (of_catalogue,) = told(bulkhead("inspect", "AAA", "-o", "json"))
    (by_path,) = told(bulkhead("inspect", row["paths"][0], "-o", "json"))
    (by_source,) = told(bulkhead("inspect", "minutes.csv", *AS_MINUTES, "-o", "json"))
    assert by_path == of_catalogue
    assert {**by_source, "files": []} == {**of_catalogue, "files": []}
    undescribed = bulkhead("inspect", "minutes.csv")
    assert (undescribed.exit_code, "--data must be given" in undescribed.stderr) == (2, True)


def test_a_plain_file_needs_no_symbol_to_be_inspected(bulkhead: Bulkhead) -> None:
    write(Path("my_ticks.csv"), "time,price\n2018-06-01,1\n2018-06-01,0\n")
    (report,) = told(bulkhead("inspect", "my_ticks.csv", "--data", "trades", "-o", "json"))
    assert (report["symbol"], report["rows"], report["good_rows"]) == ("my-ticks", 2, 1)
    assert list(report["flaws"]) == ["price"]


def test_a_plain_file_of_nothing_but_bad_rows_is_inspected_all_the_same(bulkhead: Bulkhead) -> None:
    write(Path("a.csv"), "time,price\n2018-06-01,x\n2018-06-01,0\n")
    (report,) = told(bulkhead("inspect", "a.csv", "--data", "trades", "-o", "json"))
    assert (report["rows"], report["good_rows"], report["first"]) == (2, 0, None)
    assert bulkhead("inspect", "a.csv", "--data", "trades").exit_code == 0


def test_hours_are_those_of_a_config_or_written_out(bulkhead: Bulkhead) -> None:
    filled(bulkhead)
    write(
        Path("config.yaml"),
        'account: {currency: USD, cash: "1"}\nfeed: {kind: synthetic, symbols: {AAA: {price: "1"}}}\n'
        'instruments: {AAA: {kind: equity, tick_size: "0.01", lot_size: "1"}}\n'
        'calendars: {desk: {kind: weekly, zone: Europe/Berlin, open: "14:30", close: "16:00", days: [fri]}}\n',
    )
    for words in (("-c", "config.yaml", "--calendar", "desk"), ("--calendar", "Europe/Berlin 14:30-16:00 fri")):
        (report,) = told(bulkhead("inspect", "AAA", *words, "-o", "json"))
        assert report["notes"]["outside_hours"]["count"] == 30
        assert (report["coverage"]["present"], report["coverage"]["expected"]) == (60, 90)
    (report,) = told(bulkhead("inspect", "AAA", "--calendar", "24/7", "-o", "json"))
    assert (report["coverage"]["present"], report["coverage"]["expected"]) == (90, 1440)


@pytest.mark.parametrize(
    ("calendar", "why"),
    [
        ("Mars 09:00-10:00", "'Mars' is no time zone"),
        ("Europe/Berlin 9-10", "must be a time of day"),
        ("Europe/Berlin 09:00-10:00 mon-son", "must be one of"),
        ("Europe/Berlin nine to five", "is no calendar"),
    ],
)
def test_hours_that_cannot_be_are_told(bulkhead: Bulkhead, calendar: str, why: str) -> None:
    refused = bulkhead("inspect", "--calendar", calendar)
    assert refused.exit_code == 1
    assert why in refused.stderr


def test_days_may_go_over_the_end_of_the_week(bulkhead: Bulkhead) -> None:
    """2018-06-03 is a Sunday, on which the week of currencies opens at 17:00 in New York."""
    sunday = NOON + 2 * DAY
    write(Path("a.csv"), "ts_ns,price\n" + "".join(f"{sunday + hour * 3600 * SECOND},1\n" for hour in range(8, 12)))
    words = ("--data", "trades", "--calendar", "America/New_York 17:00-17:00 sun-thu")
    (report,) = told(bulkhead("inspect", "a.csv", *words, "-o", "json"))
    assert [one["row"] for one in report["notes"]["outside_hours"]["examples"]] == [1]


def test_the_hours_of_an_exchange_need_their_extra(bulkhead: Bulkhead, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(bulkhead)
    monkeypatch.setattr(extras, "find_spec", lambda name: None)
    monkeypatch.setattr("daemon.research.catalogue.quality.hours.absent", lambda *_: "exchange_calendars")
    refused = bulkhead("inspect", "minutes.csv", *AS_MINUTES, "--calendar", "XNYS")
    assert refused.exit_code == 1
    assert "the calendar of an exchange needs exchange_calendars" in refused.stderr
    assert f"install it with: uv pip install --python {sys.executable} exchange-calendars" in refused.stderr


# Generate.


def test_a_market_is_made_listed_and_inspected(bulkhead: Bulkhead) -> None:
    words = ("--symbol", "AAA", "--symbol", "B/B", "--kind", "bars", "--kind", "quotes", "--duration", "2h")
    done = bulkhead("generate", *words, "--every", "10s", "-o", "json")
    assert done.exit_code == 0, done.stderr
    assert [(one["symbol"], one["kind"], one["new"]) for one in json.loads(done.stdout)] == [
        ("AAA", "quotes", 720),
        ("B/B", "quotes", 720),
        ("AAA", "bars", 120),
        ("B/B", "bars", 120),
    ]
    assert [row["rows"] for row in told(bulkhead("list", "-o", "json"))] == [120, 720, 120, 720]
    assert bulkhead("inspect", "--strict").exit_code == 0
    before = snapshot(Path("catalogue"))
    again = bulkhead("generate", *words, "--every", "10s")
    assert again.stderr.count("rows are there already") == 4
    assert snapshot(Path("catalogue")) == before


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--start", "2026-01-05T14:30:30Z"), "is within a bar of 1m"),
        (("--start", "yesterday"), "is no day or time such as"),
        (("--start", "1960-01-01T00:00Z"), "'--start': '1960-01-01T00:00Z' must be from 1970-01-01 until 2262-04-11"),
        (("--start", "2270-01-01"), "'--start': '2270-01-01' must be from 1970-01-01 until 2262-04-11"),
        (
            ("--start", "2262-04-11", "--duration", "1d"),
            "a market must be from 1970-01-01 until 2262-04-11, its end too",
        ),
        (("--duration", "10s"), "no bar of 1m fits into 10s"),
        (("--price", "0"), "must be above zero"),
        (("--every", "7s"), "no whole number of steps"),
        (("--symbol", "A A"), "a symbol of at most 32 letters"),
    ],
)
def test_a_market_that_cannot_be_is_wrong_usage(bulkhead: Bulkhead, words: tuple[str, ...], why: str) -> None:
    refused = bulkhead("generate", "--symbol", "AAA", "--kind", "bars", "--duration", "1h", *words)
    assert refused.exit_code == 2
    assert why in refused.stderr
    assert not Path("catalogue").exists()


def test_a_market_may_begin_with_a_day(bulkhead: Bulkhead) -> None:
    done = bulkhead("generate", "--symbol", "AAA", "--kind", "bars", "--duration", "1h", "--start", "2026-01-05")
    assert done.exit_code == 0, done.stderr
    assert told(bulkhead("list", "-o", "json"))[0]["first"].startswith("2026-01-05T00:01:00")


@pytest.mark.parametrize("folder", ["catalogue", "new/inner/catalogue", "there", "there/catalogue"])
def test_a_refused_first_import_leaves_nothing(bulkhead: Bulkhead, folder: str) -> None:
    Path("there").mkdir()
    write(Path("a.csv"), "time,price\n2018-06-01,x\n")
    before = sorted(Path().rglob("*"))
    refused = bulkhead("import", "a.csv", "--data", "trades", "--symbol", "AAA", "--catalogue", folder)
    assert (refused.exit_code, sorted(Path().rglob("*"))) == (1, before)
    trade_file(Path("b.csv"), 3)
    assert bulkhead("import", "b.csv", "--data", "trades", "--symbol", "AAA", "--catalogue", folder).exit_code == 0
    kept = sorted(Path().rglob("*"))
    refused = bulkhead("import", "a.csv", "--data", "trades", "--symbol", "AAA", "--catalogue", folder)
    assert (refused.exit_code, sorted(Path().rglob("*"))) == (1, kept)


# Without the extra.


@pytest.mark.parametrize(
    "words",
    [
        ("import", "a.csv", "--data", "trades", "--symbol", "AAA"),
        ("list",),
        ("inspect",),
        ("inspect", "a.parquet", "--data", "trades"),
        ("generate", "--symbol", "AAA", "--kind", "bars", "--duration", "1h"),
    ],
    ids=" ".join,
)
def test_what_needs_an_absent_extra_says_how_to_install_it(
    bulkhead: Bulkhead, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    trade_file(Path("a.csv"), 3)
    trade_file(Path("a.parquet"), 3)
    bulkhead("import", "a.csv", "--data", "trades", "--symbol", "AAA")
    monkeypatch.setattr("daemon.research.catalogue.index.absent", lambda *_: "pyarrow")
    refused = bulkhead(*words)
    assert refused.exit_code == 1
    assert "Parquet needs pyarrow" in refused.stderr
    assert "install it with: " in refused.stderr
    assert refused.stderr.strip().endswith("numpy pyarrow")
