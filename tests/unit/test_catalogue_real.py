"""Real market data in the catalogue, held against counts made with the csv module, json and pyarrow alone."""

import csv
import gzip
import json
import statistics
from collections import Counter
from datetime import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from daemon.calendars.weekly import WeeklyRules, WeeklySessions
from daemon.cli import main
from daemon.feeds.file.layout import DataFile
from daemon.research.catalogue.contents import contents
from daemon.research.catalogue.quality.inspection import inspect
from daemon.research.catalogue.series import Series
from tests.catalogue_builders import events_in, events_of, files_in, taken
from tests.market_files import bars, quotes, trades, write
from trading.market_data import Bar, Quote
from trading.sessions import RoundTheClock, Sessions
from trading.subscriptions import DataKind
from trading.timestamps import DAY, MINUTE, SECOND, iso

CURRENCIES = WeeklySessions(
    "currencies",
    WeeklyRules(
        zone="America/New_York",
        open=time(17),
        close=time(17),
        days=frozenset({6, 0, 1, 2, 3}),
        early_closes={},
    ),
)


def data(shared: Path, name: str) -> Path:
    path = shared / "data" / name
    if not path.exists():
        pytest.skip(f"no {path}")
    return path


def listed(root: Path) -> dict[str, Any]:
    (row,) = contents(root)
    return row


def report(root: Path, series: Series, sessions: Sessions | None = None) -> dict[str, Any]:
    return inspect(series, files_in(root, series), sessions=sessions)


def test_half_a_million_ticks_of_eurusd(shared: Path, tmp_path: Path) -> None:
    path = data(shared, "lean_fx/oanda_eurusd_ticks.parquet")
    table = pq.read_table(path)
    source = quotes(path, symbols=("EURUSD",), repeats=True)
    taken(tmp_path, source)
    row = listed(tmp_path)
    times = table["ts_ns"].to_pylist()
    assert (row["rows"], row["first"], row["last"]) == (len(times), iso(times[0]), iso(times[-1]))
    stored = pq.read_table(row["paths"][0])
    assert stored["time"].cast("int64").to_pylist() == times
    for side in ("bid", "ask"):
        assert stored[side].equals(table[side])
    series = Series(symbol="EURUSD", kind=DataKind.QUOTES)
    assert events_in(tmp_path, series) == events_of([source])

    found = report(tmp_path, series, CURRENCIES)
    prices = [(bid + ask) / 2 for bid, ask in zip(table["bid"].to_pylist(), table["ask"].to_pylist(), strict=True)]
    pauses = [later - earlier for earlier, later in pairwise(times)]
    moves = [abs(later / earlier - 1) for earlier, later in pairwise(prices)]
    usual_pause = statistics.median_high(filter(None, pauses))
    usual_move = statistics.median_high(filter(None, moves))
    assert found["usual_pause_seconds"] * SECOND == usual_pause
    assert found["usual_move"] == pytest.approx(usual_move, rel=0.002)
    limit = found["outlier_move"]
    assert found["flaws"]["outlier"]["count"] == sum(move > limit for move in moves)
    long = [place for place, pause in enumerate(pauses) if pause > 1000 * usual_pause]
    weekends = [place for place in long if pauses[place] > 40 * 3600 * SECOND]
    assert len(weekends) == 2
    assert found["flaws"]["gap"]["count"] == len(long) - len(weekends)
    rows = list(zip(times, table["bid"].to_pylist(), table["ask"].to_pylist(), strict=True))
    repeated = sum(later == earlier for earlier, later in pairwise(rows))
    same_time = sum(later[0] == earlier[0] for earlier, later in pairwise(rows)) - repeated
    assert (found["notes"]["repeated"]["count"], found["notes"]["same_time"]["count"]) == (repeated, same_time)
    assert "outside_hours" not in found["notes"]
    assert found["flaws"].keys() == {"gap", "outlier"}


@pytest.mark.parametrize("pair", ["BTCUSDT", "ETHUSDT", "ETHBTC"])
def test_two_years_of_half_hours_of_coins(shared: Path, tmp_path: Path, pair: str) -> None:
    path = data(shared, f"poloniex_30m/{pair}.csv.gz")
    with gzip.open(path, "rt", newline="") as stream:
        rows = list(csv.DictReader(stream))
    columns = {"time": "date", "volume": "quoteVolume"}
    shape: dict[str, Any] = {"time": "s", "interval_ns": 30 * MINUTE, "stamped_at_open": True, "columns": columns}
    taken(tmp_path, bars(path, symbols=(pair,), **shape))
    row = listed(tmp_path)
    opens = [int(one["date"]) for one in rows]
    assert (row["rows"], row["interval"]) == (len(rows), "30m")
    assert (row["first"], row["last"]) == (iso((opens[0] + 1800) * SECOND), iso((opens[-1] + 1800) * SECOND))
    series = Series(symbol=pair, kind=DataKind.BARS, interval_ns=30 * MINUTE)
    fields = ("open", "high", "low", "close", "quoteVolume")
    assert events_in(tmp_path, series) == [
        Bar(pair, (opened + 1800) * SECOND, 30 * MINUTE, *(float(one[field]) for field in fields))
        for opened, one in zip(opens, rows, strict=True)
    ]

    found = report(tmp_path, series, RoundTheClock())
    closes = [float(one["close"]) for one in rows]
    moves = [abs(later / earlier - 1) for earlier, later in pairwise(closes)]
    usual = statistics.median_high(filter(None, moves))
    assert found["usual_move"] == usual
    assert found["flaws"]["outlier"]["count"] == sum(move > 20 * usual for move in moves)
    ranges = [float(one["high"]) / float(one["low"]) - 1 for one in rows]
    usual = statistics.median_high(filter(None, ranges))
    wide = [place for place, one in enumerate(ranges, 1) if one > 20 * usual]
    assert found["flaws"]["wide_range"]["count"] == len(wide)
    assert [one["row"] for one in found["flaws"]["wide_range"]["examples"]] == wide[:5]
    runs = "".join("01"[float(one["quoteVolume"]) > 0] for one in rows).split("1")
    zero_volume = found["flaws"].get("zero_volume", {"count": 0})
    assert zero_volume["count"] == sum(len(run) >= 10 for run in runs)
    gaps = found["flaws"].get("gap", {"count": 0})
    assert gaps["count"] == sum(later - earlier > 18_000 for earlier, later in pairwise(opens))
    days = Counter(opened // 86_400 for opened in opens)
    expected = range(min(days), max(days) + 1)
    coverage = found["coverage"]
    assert (coverage["days"], coverage["expected"]) == (len(expected), 48 * len(expected))
    assert coverage["present"] == len(opens)
    worst = sorted((days[day] / 48, day) for day in expected if days[day] < 48)[:5]
    assert [(one["share"], one["day"]) for one in coverage["worst"]] == [
        (share, iso(day * DAY)) for share, day in worst
    ]


def test_minutes_of_many_symbols_sorted_by_symbol_first(shared: Path, tmp_path: Path) -> None:
    path = data(shared, "lean_equity/equity_minute_trades.parquet")
    table = pq.read_table(path)
    counts = Counter(table["symbol"].to_pylist())
    shape: dict[str, Any] = {"stamped_at_open": True}
    taken(tmp_path, *(bars(path, symbols=(symbol,), **shape) for symbol in counts))
    assert {row["symbol"]: row["rows"] for row in contents(tmp_path)} == counts
    assert sum(row["files"] for row in contents(tmp_path)) == len(counts)
    for symbol in ("SPY", "AAPL"):
        series = Series(symbol=symbol, kind=DataKind.BARS, interval_ns=MINUTE)
        own = table.filter(pc.equal(table["symbol"], symbol))
        stored = [(bar.ts_ns - MINUTE, bar.close) for bar in events_in(tmp_path, series) if isinstance(bar, Bar)]
        assert stored == list(zip(own["ts_ns"].to_pylist(), own["close"].to_pylist(), strict=True))


def test_quotes_with_empty_cells_are_refused_and_left_out_if_asked_for(shared: Path, tmp_path: Path) -> None:
    path = data(shared, "lean_equity/equity_minute_quotes.parquet")
    table = pq.read_table(path)
    own = table.filter(pc.equal(table["symbol"], "IBM"))
    bids, asks = (own[f"{side}_close"].to_pylist() for side in ("bid", "ask"))
    usable = sum(bid == bid and ask == ask and 0 < bid <= ask for bid, ask in zip(bids, asks, strict=True))
    source = quotes(path, symbols=("IBM",), columns={"bid": "bid_close", "ask": "ask_close"})
    (done,) = taken(tmp_path, source, skip_bad_rows=True)
    assert (done.series[0].new, sum(done.skipped.values())) == (usable, own.num_rows - usable)


def test_the_splits_of_long_daily_series_are_found_where_they_were(shared: Path, tmp_path: Path) -> None:
    path = data(shared, "lean_equity/equity_daily.parquet")
    factors = data(shared, "lean_equity/orig/factor_files/aapl.csv")
    rows = [line.split(",") for line in factors.read_text().split()]
    last_days = {old[0]: float(new[2]) / float(old[2]) for old, new in pairwise(rows) if old[2] != new[2]}
    taken(tmp_path, bars(path, symbols=("AAPL",), interval_ns=DAY, stamped_at_open=True))
    found = report(tmp_path, Series(symbol="AAPL", kind=DataKind.BARS, interval_ns=DAY))
    table = pq.read_table(path)
    days = table.filter(pc.equal(table["symbol"], "AAPL"))["date_ny"].to_pylist()
    splits = found["flaws"]["split"]["examples"]
    told = {days[one["row"] - 2].split()[0]: one["text"].rpartition(" ")[2] for one in splits}
    assert told == {day: f"{round(ratio)}:1" for day, ratio in last_days.items() if day >= days[0]}
    assert set(told.values()) == {"2:1", "7:1", "4:1"}


def test_minutes_are_held_against_the_hours_of_their_exchange(shared: Path, tmp_path: Path) -> None:
    path = data(shared, "lean_equity/equity_minute_trades.parquet")
    words = ("--data", "bars", "--symbol", "AAPL", "--interval", "1m", "--stamp", "open", "--calendar", "XNYS")
    shown = CliRunner().invoke(main, ["data", "inspect", str(path), *words, "-o", "json"])
    assert shown.exit_code == 0, shown.stderr
    (found,) = json.loads(shown.stdout)
    table = pq.read_table(path)
    times = table.filter(pc.equal(table["symbol"], "AAPL"))["ts_ns"].to_pylist()
    within = [ts_ns for ts_ns in times if 13 * 60 + 30 <= ts_ns // MINUTE % (24 * 60) < 20 * 60]  # in summer
    days = {ts_ns // DAY for ts_ns in within}
    coverage = found["coverage"]
    assert (coverage["present"], coverage["expected"], coverage["days"]) == (len(within), 390 * len(days), len(days))
    assert found["notes"]["outside_hours"]["count"] == len(times) - len(within)


def test_ticks_of_a_trading_terminal(shared: Path, tmp_path: Path) -> None:
    (packed,) = data(shared, "finiex_raw_ticks").glob("BTCUSD_*.json.gz")
    ticks = json.loads(gzip.decompress(packed.read_bytes()))["ticks"]
    text = "".join(f"{one['time_msc']},{one['bid']!r},{one['ask']!r}\n" for one in ticks)
    path = write(tmp_path / "ticks.csv", f"time_ms,bid,ask\n{text}")
    taken(tmp_path / "c", quotes(path, symbols=("BTCUSD",), repeats=True))
    series = Series(symbol="BTCUSD", kind=DataKind.QUOTES)
    assert events_in(tmp_path / "c", series) == [
        Quote("BTCUSD", one["time_msc"] * 1_000_000, one["bid"], one["ask"], 0.0, 0.0) for one in ticks
    ]
    again = [(one["time_msc"], one["bid"], one["ask"]) for one in ticks]
    found = report(tmp_path / "c", series)
    assert found["notes"].get("repeated", {"count": 0})["count"] == sum(a == b for a, b in pairwise(again))
    assert found["notes"].get("locked", {"count": 0})["count"] == sum(one["bid"] == one["ask"] for one in ticks)


def test_trades_of_a_day_with_equal_stamps(shared: Path, tmp_path: Path) -> None:
    path = data(shared, "lean_equity/equity_tick_trades.parquet")
    table = pq.read_table(path)
    own = table.filter(pc.equal(table["symbol"], "IBM"))
    rows = list(zip(*(own[name].to_pylist() for name in ("ts_ns", "price", "size")), strict=True))
    source: DataFile = trades(path, symbols=("IBM",))
    taken(tmp_path, source)
    found = report(tmp_path, Series(symbol="IBM", kind=DataKind.TRADES))
    repeated = sum(later == earlier for earlier, later in pairwise(rows))
    assert found["good_rows"] == len(rows)
    assert found["notes"]["repeated"]["count"] == repeated
    assert found["notes"]["same_time"]["count"] == sum(b[0] == a[0] for a, b in pairwise(rows)) - repeated
