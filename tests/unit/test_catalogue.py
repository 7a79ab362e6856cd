"""Where a catalogue keeps what, what its files say of themselves, and how the file feed finds them."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from daemon.assembly import make_feed
from daemon.errors import BadData, DaemonError
from daemon.feeds.file.layout import DataFile
from daemon.feeds.file.survey import content
from daemon.research.catalogue.contents import contents
from daemon.research.catalogue.entry import KEY
from daemon.research.catalogue.index import entries, entries_of
from daemon.research.catalogue.series import Series, file_name, folder_name, series_in, symbol_of
from tests.catalogue_builders import BARS, NOON, QUOTES, TRADES, bar_file, events_of, files_in, taken, trade_file
from tests.config_builders import plan_of
from tests.market_files import bars, quotes, trades, write
from trading.market_data import Bar, Trade
from trading.subscriptions import DataKind
from trading.timestamps import DAY, MINUTE, SECOND


@pytest.mark.parametrize(
    ("symbol", "name"),
    [
        ("SPY", "SPY"),
        ("BTC/USDT", "BTC%2FUSDT"),
        ("BRK.B", "BRK.B"),
        (".hidden", "%2Ehidden"),
        ("..", "%2E."),
        ("50%", "50%25"),
        ("a b:c", "a%20b%3Ac"),
        ("Ä", "%C3%84"),
    ],
)
def test_a_symbol_is_a_name_of_a_folder_and_comes_back(symbol: str, name: str) -> None:
    assert folder_name(symbol) == name
    assert symbol_of(name) == symbol


def test_a_series_is_found_by_the_names_of_its_folders_and_by_no_others() -> None:
    for series in (QUOTES, TRADES, BARS, Series(symbol="BTC/USDT", kind=DataKind.BARS, interval_ns=4 * 60 * MINUTE)):
        assert series_in(*series.folder.parts) == series
    assert (str(BARS.folder), str(QUOTES.folder)) == ("AAA/bars-1m", "AAA/quotes")
    for folders in (("AAA", "barss"), ("AAA", "bars-1x"), ("AAA", "bars-60s"), ("A/A", "quotes"), ("%41AA", "quotes")):
        assert series_in(*folders) is None


def test_a_file_is_named_by_the_times_of_its_rows() -> None:
    assert file_name(NOON, NOON + DAY + 5) == "20180601T120000Z_20180602T120000.000000005Z.parquet"


def test_a_file_says_where_its_rows_came_from(tmp_path: Path) -> None:
    source = trade_file(tmp_path / "a.csv", 3)
    ((taken_from,),) = [one.series for one in taken(tmp_path / "c", trades(source))]
    (path,) = taken_from.files
    assert path == tmp_path / "c/AAA/trades/20180601T120000Z_20180601T120002Z.parquet"
    label = msgspec.json.decode(pq.read_metadata(path).metadata[KEY])
    assert label == {
        "format": 1,
        "symbol": "AAA",
        "kind": "trades",
        "interval_ns": 0,
        "rows": 3,
        "first_ns": NOON,
        "last_ns": NOON + 2 * SECOND,
        "source": {"name": "a.csv", "content": content(source)["content"]},
        "repeats": False,
        "may_be_negative": False,
    }
    schema = pq.read_schema(path)
    assert schema.names == ["time", "price", "size"]
    assert schema.types == [pa.timestamp("ns", "UTC"), pa.float64(), pa.float64()]
    assert pq.ParquetFile(path).metadata.row_group(0).column(1).compression == "ZSTD"


def test_a_config_that_names_a_file_of_a_catalogue_says_no_more_of_it_than_what_it_is(tmp_path: Path) -> None:
    rows = [(NOON + place * MINUTE, 2, 3, 1, 2, place) for place in range(3)]
    source = bars(bar_file(tmp_path / "a.csv", rows), stamped_at_open=True)
    taken(tmp_path / "c", source)
    (entry,) = entries_of(tmp_path / "c", BARS)
    plain = DataFile(path=entry.path, data=DataKind.BARS, symbols=("AAA",), interval_ns=MINUTE)
    assert events_of([plain]) == events_of([source])
    assert events_of([plain])[0] == Bar("AAA", NOON + MINUTE, MINUTE, 2.0, 3.0, 1.0, 2.0, 0.0)
    config = f"""\
account: {{currency: USD, cash: "1"}}
feed: {{kind: file, files: [{{path: {entry.path}, data: bars, symbol: AAA, interval: 1m, stamp: close}}]}}
instruments: {{AAA: {{kind: equity, tick_size: "0.01", lot_size: "1"}}}}
"""
    assert list(make_feed(plan_of(tmp_path, config)).events()) == events_of([source])


def test_quotes_that_repeat_and_negative_prices_are_read_as_they_were_let_in(tmp_path: Path) -> None:
    text = "time,bid,ask\n2018-06-01,-2,-1\n2018-06-01,-2,-1\n"
    source = quotes(write(tmp_path / "a.csv", text), repeats=True, may_be_negative=frozenset({"AAA"}))
    taken(tmp_path / "c", source)
    files = files_in(tmp_path / "c", QUOTES)
    assert events_of(files) == events_of([source])
    assert len(events_of(files)) == 2


# Which files a window needs.


def test_a_feed_is_given_the_files_that_reach_into_its_window_in_the_order_of_time(tmp_path: Path) -> None:
    root = tmp_path / "c"
    for first in (20, 0, 10):  # seconds after noon
        taken(root, trades(trade_file(tmp_path / f"{first}.csv", 5, first=first)))

    def rows_of(start: int | None, end: int | None) -> list[str]:
        start_ns, end_ns = (None if one is None else NOON + one * SECOND for one in (start, end))
        files = files_in(root, TRADES, start_ns, end_ns)
        return [file.path.name[11:15] for file in files]

    assert rows_of(None, None) == ["0000", "0010", "0020"]
    assert rows_of(4, None) == ["0000", "0010", "0020"]
    assert rows_of(5, None) == ["0010", "0020"]
    assert rows_of(None, 10) == ["0000"]
    assert rows_of(None, 11) == ["0000", "0010"]
    assert rows_of(5, 10) == []


def test_a_bar_belongs_to_a_window_by_its_close(tmp_path: Path) -> None:
    root = tmp_path / "c"
    taken(root, bars(bar_file(tmp_path / "a.csv", [(NOON + MINUTE, 1, 1, 1, 1, 1)])))

    def count(start_ns: int, end_ns: int) -> int:
        return len(files_in(root, BARS, start_ns, end_ns))

    assert count(NOON, NOON + MINUTE) == 1
    assert count(NOON, NOON + MINUTE - 1) == 0
    assert count(NOON + MINUTE, NOON + DAY) == 0


# What is there.


def test_contents_are_added_up_over_files(tmp_path: Path) -> None:
    root = tmp_path / "c"
    taken(root, trades(trade_file(tmp_path / "a.csv", 5)), trades(trade_file(tmp_path / "b.csv", 2, first=10)))
    taken(root, bars(bar_file(tmp_path / "c.csv", [(NOON, 1, 1, 1, 1, 1)]), symbols=("A/B",)))
    first, second = contents(root)
    assert first == {
        "symbol": "A/B",
        "kind": "bars",
        "interval": "1m",
        "rows": 1,
        "first": "2018-06-01T12:00:00Z",
        "last": "2018-06-01T12:00:00Z",
        "files": 1,
        "bytes": (root / "A%2FB/bars-1m/20180601T120000Z_20180601T120000Z.parquet").stat().st_size,
        "sources": ["c.csv"],
        "paths": [str(root / "A%2FB/bars-1m/20180601T120000Z_20180601T120000Z.parquet")],
    }
    assert (second["symbol"], second["rows"], second["files"], second["sources"]) == ("AAA", 7, 2, ["a.csv", "b.csv"])
    assert (second["first"], second["last"]) == ("2018-06-01T12:00:00Z", "2018-06-01T12:00:11Z")
    assert contents(root, ["A/B"]) == [first]


def test_a_folder_that_is_not_there_is_an_empty_catalogue(tmp_path: Path) -> None:
    assert entries(tmp_path / "none") == {}


def test_what_is_none_of_the_catalogues_is_left_alone(tmp_path: Path) -> None:
    root = tmp_path / "c"
    taken(root, trades(trade_file(tmp_path / "a.csv", 3)))
    for name in ("notes.txt", "AAA/notes.txt", "AAA/trades/notes.txt", "AAA/other/a.parquet", ".git/x/a.parquet"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("mine")
    assert [series.text for series in entries(root)] == ["trades of AAA"]


def _moved(path: Path) -> None:
    (path.parent.parent / "quotes").mkdir()
    path.rename(path.parent.parent / "quotes" / path.name)


def _relabelled(path: Path, label: bytes) -> None:
    table = pq.read_table(path)
    pq.write_table(table.replace_schema_metadata({KEY: label} if label else None), path)


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "cut off": (lambda path: path.write_bytes(path.read_bytes()[:-9]), "is no whole Parquet file"),
    "empty": (lambda path: path.write_bytes(b""), "is no whole Parquet file"),
    "without a label": (lambda path: _relabelled(path, b""), "is no file of a catalogue"),
    "of another format": (
        lambda path: _relabelled(path, b'{"format": 2}'),
        "is of format 2 of the catalogue, and this Bulkhead reads 1",
    ),
    "with a damaged label": (lambda path: _relabelled(path, b"{"), "its footer cannot be read"),
    "in another's place": (_moved, "holds trades of AAA, and lies among quotes of AAA"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_file_that_cannot_be_used_is_named(tmp_path: Path, damage: str) -> None:
    taken(tmp_path, trades(trade_file(tmp_path / "a.csv", 3)))
    (entry,) = entries_of(tmp_path, TRADES)
    change, why = DAMAGE[damage]
    change(entry.path)
    with pytest.raises(BadData) as refused:
        entries(tmp_path)
    assert entry.path.name in str(refused.value)
    assert why in str(refused.value)
    assert refused.value.mend


def test_a_file_in_the_catalogues_place_is_told(tmp_path: Path) -> None:
    path = write(tmp_path / "c", "")
    with pytest.raises(DaemonError, match="is a file, not a catalogue"):
        entries(path)


def test_a_trade_is_read_back_to_the_last_bit(tmp_path: Path) -> None:
    text = "ts_ns,price,size\n1,0.1,1e-300\n9223372036854775806,1.7976931348623157e308,0.30000000000000004\n"
    taken(tmp_path / "c", trades(write(tmp_path / "a.csv", text)))
    assert events_of(files_in(tmp_path / "c", TRADES)) == [
        Trade("AAA", 1, 0.1, 1e-300),
        Trade("AAA", 9223372036854775806, 1.7976931348623157e308, 0.30000000000000004),
    ]
