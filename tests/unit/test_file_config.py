"""A config that names files: what `check` understands of them, and everything that can be wrong with it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from daemon.assembly import make_feed
from daemon.config import extras
from daemon.config.feed_settings import FileFeedSettings
from daemon.config.source import PlainLoader
from daemon.feeds.file.feed import FileFeed
from tests.config_builders import plan_of, problems_of
from tests.market_files import write, write_rows
from trading.market_data import Quote
from trading.sequencer import Offer
from trading.timestamps import MINUTE, SECOND

ROOT = Path(__file__).resolve().parents[2]
NOON = 1_527_854_400 * SECOND
HOUR = [(NOON + place * MINUTE, 1 + place / 100, 2 + place / 100) for place in range(60)]
QUOTES = "{path: quotes.csv, data: quotes, symbol: AAA}"
BAR_LINE = "2018-06-01 12:00,1,2,1,2\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with an hour of quotes, one a minute."""
    write_rows(tmp_path / "quotes.csv", ("time", "bid", "ask"), HOUR)
    return tmp_path


def config(*files: str, feed: str = "", instruments: str = "AAA", warmup: int = 0) -> str:
    """A configuration whose files begin on line 5, and whose strategy hears minutes of AAA."""
    lines = ["mode: paper", 'account: {currency: USD, cash: "100000"}', "feed:", f"  kind: file{feed}", "  files:"]
    lines += [f"    - {file}" for file in files]
    lines += ["broker: {kind: simulated}", "instruments:"]
    lines += [f'  {one}: {{kind: equity, tick_size: "0.01", lot_size: "1"}}' for one in instruments.split()]
    lines += ["strategies:", "  - id: sma-aaa", '    class: "strategies.sma_cross:SmaCross"']
    lines += ["    params: {symbol: AAA, fast: 10}", '    capital: "25000"', f"    warmup: {warmup}"]
    return "\n".join(lines) + "\n"


def test_a_config_of_files_makes_their_feed(folder: Path) -> None:
    plan = plan_of(folder, config(QUOTES))
    feed = make_feed(plan)
    assert isinstance(feed, FileFeed)
    assert feed.offers == {"AAA": Offer(quotes=True)}
    assert plan.start_ns == feed.start_ns == NOON
    assert next(feed.events()) == Quote("AAA", NOON, 1.0, 2.0, 0.0, 0.0)


def test_check_tells_what_it_understood_of_each_file(folder: Path) -> None:
    write(folder / "bars.txt", "20180601 080100;1;2;1;2;9\n")
    columns = "{time: 1, open: 2, high: 3, low: 4, close: 5}"
    file = "path: bars.txt, data: bars, symbol: BBB, interval: 1m, stamp: open, header: false, delimiter: ;"
    text = config(QUOTES, f"{{{file}, zone: America/New_York, columns: {columns}}}", instruments="AAA BBB").replace(
        "delimiter: ;", 'delimiter: ";"'
    )
    assert [head.facts() for head in plan_of(folder, text).heads] == [
        {
            "file": str(folder / "quotes.csv"),
            "rows": "quotes of AAA",
            "columns": "time=time, bid=bid, ask=ask, bid_size=0, ask_size=0",
            "times": "iso, UTC",
            "first": "2018-06-01T12:00:00Z AAA bid=1.0 ask=2.0 bid_size=0.0 ask_size=0.0",
        },
        {
            "file": str(folder / "bars.txt"),
            "rows": "bars of 1m of BBB",
            "columns": "time=1, open=2, high=3, low=4, close=5, volume=0",
            "times": "iso, America/New_York, of a bar's open",
            "first": "2018-06-01T12:01:00Z to 2018-06-01T12:02:00Z BBB open=1.0 high=2.0 low=1.0 close=2.0 volume=0.0",
        },
    ]


def test_rows_that_are_skipped_are_told_if_they_are_in_the_head(folder: Path) -> None:
    write(folder / "quotes.csv", "time,bid,ask\n2018-06-01 12:00,3,2\n2018-06-01 12:01,1,2\n")
    (head,) = plan_of(folder, config(QUOTES, feed="\n  on_bad_row: skip")).heads
    assert head.facts()["skipped"] == "1 crossed in the first 2 rows"


def test_the_bars_of_files_give_the_default_timeframe(folder: Path) -> None:
    write(folder / "bars.csv", "time,open,high,low,close\n" + BAR_LINE)
    file = "{path: bars.csv, data: bars, symbol: AAA, interval: 30m, stamp: open}"
    assert plan_of(folder, config(file)).settings.feed.bars_ns == 30 * MINUTE
    assert plan_of(folder, config(file, feed="\n  bars: 1h")).settings.feed.bars_ns == 60 * MINUTE
    assert plan_of(folder, config(QUOTES)).settings.feed.bars_ns == MINUTE


# One thing wrong, one message.


def quotes_file(keys: str) -> str:
    return f"{{path: quotes.csv, data: quotes, symbol: AAA, {keys}}}"


def bars_file(keys: str) -> str:
    return f"{{path: bars.csv, data: bars, symbol: AAA, {keys}}}"


BARS = "time,open,high,low,close\n" + BAR_LINE
NOT_FOUND = "no such file; correct the path; in a config it counts from its folder"
ROWS: list[tuple[str, Mapping[str, str], str]] = [
    # the keys
    ("{path: quotes.csv, symbol: AAA}", {}, "data: is missing (what its rows are: quotes, trades or bars)"),
    ("{path: quotes.csv, data: qoutes, symbol: AAA}", {},
     "data: must be one of quotes, trades, bars; got 'qoutes'"),
    (quotes_file("colums: {}"), {}, "colums: unknown key; did you mean 'columns'?"),
    (quotes_file("columns: {bit: bid}"), {},
     "columns.bit: must be one of time, date, symbol, bid, ask, bid_size, ask_size, price, size, id, open, high, low,"
     " close, volume; got 'bit'"),
    (quotes_file("columns: {price: bid}"), {},
     "columns.price: quotes have none; they have time, date, symbol, bid, ask, bid_size, ask_size"),
    (quotes_file('delimiter: ""'), {}, "delimiter: must not be empty"),
    (quotes_file("interval: 1m"), {}, "interval: only bars have it, and these are quotes"),
    (quotes_file("stamp: open"), {}, "stamp: only bars have it, and these are quotes"),
    ("{path: quotes.csv, data: quotes, symbols: []}", {}, "symbols: must not be empty"),
    (quotes_file("symbols: [AAA]"), {}, "symbols: stands beside symbol; name one symbol, or several here"),
    (bars_file("stamp: open"), {"bars.csv": BARS}, "interval: is missing (length of its bars, such as 1m)"),
    (bars_file("interval: 1m"), {"bars.csv": BARS},
     "stamp: is missing (which end of a bar its time is: open or close)"),
    (bars_file("interval: 1m, stamp: open, repeats: true"), {"bars.csv": BARS},
     "repeats: only quotes may repeat, and these are bars"),
    (quotes_file("time: minutes"), {},
     "time: must be one of iso, s, ms, us, ns, or a format such as %d.%m.%Y %H:%M:%S; got 'minutes'"),
    (quotes_file('time: "%Q"'), {}, "time: '%Q' is no format of times; see the codes of Python's strptime"),
    (quotes_file("zone: America/New_Yrok"), {},
     "zone: 'America/New_Yrok' is no time zone; did you mean 'America/New_York'?"),
    # the file
    ("{path: gone.csv, data: quotes, symbol: AAA}", {}, f"path: gone.csv: {NOT_FOUND}"),
    ("{path: gone.parquet, data: quotes, symbol: AAA}", {}, f"path: gone.parquet: {NOT_FOUND}"),
    ("{path: quotes.json, data: quotes, symbol: AAA}", {},
     "path: the ending tells what a file is, and this one is not known; known: .csv, .txt, .csv.gz, .zip, .parquet"),
    (quotes_file("header: true"), {"quotes.csv": "\n"}, "path: quotes.csv: is empty; name a file with rows"),
    (quotes_file("header: true"), {"quotes.csv": "time,bid,ask\n"}, "path: quotes.csv has no rows"),
    (quotes_file("header: true"), {"quotes.csv": "time;bid;ask\n"},
     "delimiter: quotes.csv: its first line is one cell, 'time;bid;ask'; name what stands between cells,"
     " delimiter: ';'"),
    # its columns
    (quotes_file("columns: {bid: bidd}"), {},
     "columns.bid: there is no column 'bidd'; did you mean 'bid'?; its columns are time, bid, ask"),
    (quotes_file("columns: {bid: 4}"), {}, "columns.bid: there is no column 4; its columns are time, bid, ask"),
    (quotes_file("columns: {bid: null}"), {}, "columns.bid: quotes cannot do without it"),
    (quotes_file("columns: {bid: b}"), {"quotes.csv": "time,b,b,ask\n2018-06-01,1,1,2\n"},
     "columns.bid: 'b' stands twice in the header; give the column's number, from 1"),
    (quotes_file("header: true"), {"quotes.csv": "time,timestamp,bid,ask\n2018-06-01,2018-06-01,1,2\n"},
     "columns.time: may be 'time' or 'timestamp'; name the one to take"),
    (quotes_file("header: true"), {"quotes.csv": "time,b,ask\n2018-06-01,1,2\n"},
     "columns.bid: no column has a usual name of it (bid, bid_price); its columns are time, b, ask"),
    (quotes_file("header: true, columns: {time: 1, ask: 3}"), {"quotes.csv": "1527854400,1,2\n1527854401,1,2\n"},
     "columns.bid: no column has a usual name of it (bid, bid_price); its columns are 1527854400, 1, 2;"
     " if its first line is a row, write `header: false`"),
    (quotes_file("header: false, columns: {time: 1, bid: bid, ask: 3}"), {},
     "columns.bid: 'bid' is a name, and the file has no header; give the column's number, from 1"),
    # its rows
    (quotes_file("columns: {bid: ask, ask: bid}"), {},
     "columns.bid: row 1 (line 2) of quotes.csv: bid 2.0 is above ask 1.0 (and 59 more rows); correct the row, or see"
     " whether the columns of bid and ask are exchanged, or leave such rows out with `on_bad_row: skip`"),
    (quotes_file("time: s"), {"quotes.csv": "time,bid,ask\n2018-06-01,1,2\n"},
     "time: row 1 (line 2) of quotes.csv: time '2018-06-01' is no count since 1970; correct the cell, or write how"
     " times are written: `time` and `zone`, or leave such rows out with `on_bad_row: skip`"),
    (quotes_file("header: true"), {"quotes.csv": "time,symbol,bid,ask\n2018-06-01,AA,1,2\n2018-06-01,BBB,1,2\n"},
     "symbol: quotes.csv has no row of AAA; did you mean 'AA'?; it begins with AA, BBB"),
    ("{path: quotes.csv, data: quotes}", {"quotes.csv": "time,symbol,bid,ask\n2018-06-01,AA,1,2\n"},
     "columns.symbol: row 1 (line 2) of quotes.csv: 'AA' is no instrument; add it to instruments, or name the"
     " `symbols` to take, or leave such rows out with `on_bad_row: skip`"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "written", "message"), ROWS, ids=[row[2] for row in ROWS])
def test_one_thing_wrong_is_one_message_with_its_key(
    file: str, written: Mapping[str, str], message: str, folder: Path
) -> None:
    for name, text in written.items():
        write(folder / name, text)
    assert problems_of(folder, config(file)) == [f"config.yaml:6: feed.files[0].{message}"]


def test_several_symbols_need_a_column_of_them(folder: Path) -> None:
    file = "{path: quotes.csv, data: quotes, symbols: [AAA, BBB]}"
    assert problems_of(folder, config(file, instruments="AAA BBB")) == [
        "config.yaml:6: feed.files[0].columns.symbol: no column has a usual name of it (symbol, ticker); its columns"
        " are time, bid, ask; where all rows are of one symbol, name it: `symbol`"
    ]


def test_every_column_that_is_not_there_is_told(folder: Path) -> None:
    file = quotes_file("columns: {bid: b, ask: a}")
    assert [line.split(":")[2] for line in problems_of(folder, config(file))] == [
        " feed.files[0].columns.bid",
        " feed.files[0].columns.ask",
    ]


def test_a_parquet_of_another_schema_is_refused_by_column(folder: Path) -> None:
    columns: dict[str, Any] = {"ts_ns": [True], "bid": ["1"], "ask": pa.array([[1.0]])}
    pq.write_table(pa.table(columns), folder / "a.parquet")
    assert problems_of(folder, config("{path: a.parquet, data: quotes, symbol: AAA}")) == [
        "config.yaml:6: feed.files[0].columns.time: the column holds bool, not times",
        "config.yaml:6: feed.files[0].columns.ask: the column holds list<element: double>, not numbers",
    ]


def test_parquet_without_its_extra_is_refused_with_the_line_that_installs_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda name: None if name == "pyarrow" else object())
    (problem,) = problems_of(folder, config("{path: a.parquet, data: quotes, symbol: AAA}"))
    assert problem.startswith("config.yaml:6: feed.files[0].path: Parquet needs pyarrow; install it with: ")
    assert problem.endswith(" -m pip install numpy pyarrow")


def test_files_name_instruments_and_instruments_have_files(folder: Path) -> None:
    text = config(QUOTES, QUOTES.replace("symbol: AAA", "symbols: [BBB]"), instruments="AAA CCC")
    assert problems_of(folder, text) == [
        "config.yaml:7: feed.files[1].symbols: 'BBB' is no instrument; add it to instruments",
        "config.yaml:11: instruments.CCC: the feed brings no data of it; add it to feed.files",
    ]


def test_nothing_may_come_twice(folder: Path) -> None:
    write(folder / "bars.csv", BARS)
    write(folder / "more.csv", BARS)
    text = config(
        QUOTES,
        QUOTES,
        bars_file("interval: 1m, stamp: open"),
        bars_file("interval: 5m, stamp: open").replace("bars.csv", "more.csv"),
    )
    assert problems_of(folder, text) == [
        "config.yaml:7: feed.files[1].path: brings quotes of AAA a second time; first in feed.files[0]",
        "config.yaml:9: feed.files[3].interval: another file has bars of 1m of AAA; keep the shorter ones",
    ]


def test_the_end_is_after_the_start(folder: Path) -> None:
    feed = "\n  start: 2018-06-01T12:30:00Z\n  end: 2018-06-01T12:30:00Z"
    assert problems_of(folder, config(QUOTES, feed=feed)) == [
        "config.yaml:6: feed.end: 2018-06-01T12:30:00Z is not after the start, 2018-06-01T12:30:00Z"
    ]


def test_bars_of_a_symbol_are_multiples_of_those_that_its_file_brings(folder: Path) -> None:
    write(folder / "bars.csv", BARS)
    text = config(bars_file("interval: 1h, stamp: open"), feed="\n  bars: 90m")
    assert problems_of(folder, text) == [
        "config.yaml:12: strategies[0].timeframe: 90m is no multiple of the feed's bars, 1h"
    ]


# The past that warms up.


def test_a_strategy_may_not_want_more_past_than_the_files_have(folder: Path) -> None:
    start = "\n  start: 2018-06-01T12:20:00Z"
    plan_of(folder, config(QUOTES, feed=start, warmup=20))
    assert problems_of(folder, config(QUOTES, feed=start, warmup=21)) == [
        "config.yaml:12: strategies[0]: warms up with 21 bars of 1m of AAA before 2018-06-01T12:20:00Z, and the rows"
        " begin at 2018-06-01T12:00:00Z, which gives 20; set feed.start to 2018-06-01T12:21:00Z or later, add a file"
        " with earlier rows, or ask for a shorter warm-up"
    ]


def test_without_a_start_there_is_no_past(folder: Path) -> None:
    assert problems_of(folder, config(QUOTES, warmup=5)) == [
        "config.yaml:11: strategies[0]: warms up with 5 bars of 1m of AAA before 2018-06-01T12:00:00Z, and feed.start"
        " is not given, so that trading begins with the first row; set feed.start to 2018-06-01T12:05:00Z or later, add"
        " a file with earlier rows, or ask for a shorter warm-up"
    ]


def test_a_feed_needs_a_file(folder: Path) -> None:
    text = config(QUOTES).replace(f"  files:\n    - {QUOTES}\n", "  files: []\n")
    assert problems_of(folder, text) == [
        "config.yaml:5: feed.files: must name at least one file",
        "config.yaml:8: instruments.AAA: the feed brings no data of it; add it to feed.files",
    ]


def test_the_examples_of_the_docs_are_configs() -> None:
    blocks = (ROOT / "docs" / "data.md").read_text().split("```yaml\n")[1:]
    feeds = [yaml.load(block.partition("```")[0], PlainLoader) for block in blocks]
    assert len(feeds) == 2
    for feed in feeds:
        FileFeedSettings.model_validate(feed.get("feed", {"kind": "file", **feed}))
