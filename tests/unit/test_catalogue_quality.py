"""What is said of the quality of market data: every kind of flaw, counted and shown by its row."""

import random
import statistics
from collections.abc import Callable
from datetime import date, time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from daemon.calendars.weekly import WeeklyRules, WeeklySessions
from daemon.errors import DaemonError
from daemon.feeds.file import packing
from daemon.feeds.file.layout import DataFile
from daemon.research.catalogue.quality import medians
from daemon.research.catalogue.quality.findings import FLAWS, NOTES, span
from daemon.research.catalogue.quality.inspection import Scale, inspect
from daemon.research.catalogue.quality.medians import Median
from daemon.research.catalogue.quality.splits import split_of
from daemon.research.catalogue.series import Series
from tests.catalogue_builders import files_in, taken
from tests.market_files import bars, quotes, trades, write
from trading.sessions import RoundTheClock, Schedule, Sessions
from trading.timestamps import DAY, HOUR, MINUTE, SECOND

NEW_YORK = WeeklySessions(
    "new-york",
    WeeklyRules(
        zone="America/New_York",
        open=time(9, 30),
        close=time(16, 0),
        days=frozenset(range(5)),
        holidays=frozenset({date(2018, 7, 4)}),
        early_closes={date(2018, 7, 3): time(13, 0)},
    ),
)


def report_of(file: DataFile, *, sessions: Sessions | None = None, **scale: Any) -> dict[str, Any]:
    series = Series(symbol=file.symbols[0], kind=file.data, interval_ns=file.interval_ns)
    return inspect(series, [file], scale=Scale(**scale), sessions=sessions)


def found(report: dict[str, Any]) -> dict[str, list[int]]:
    """The rows of every kind of flaw and note; all of them are among the examples."""
    kinds = {**report["flaws"], **report["notes"]}
    assert all(one["count"] == len(one["examples"]) for one in kinds.values())
    return {key: [example["row"] for example in one["examples"]] for key, one in kinds.items()}


def bar_lines(*lines: str) -> str:
    return "ts_s,open,high,low,close,volume\n" + "".join(f"{line}\n" for line in lines)


STEADY = [f"{60 * place},100,101,99,{100 + place % 2},10" for place in range(1, 21)]
"""Twenty minutes of bars between 99 and 101."""

FLAWED: dict[str, tuple[Callable[[Path], DataFile], dict[str, list[int]]]] = {
    "nothing": (lambda path: bars(write(path, bar_lines(*STEADY))), {}),
    "a gap": (
        lambda path: bars(write(path, bar_lines(*STEADY, "1860,100,101,99,100,10", "2460,100,101,99,101,10"))),
        {"gap": [21]},  # 11 minutes; 10 are not over ten times the usual pause
    ),
    "a cell too few": (lambda path: bars(write(path, bar_lines(*STEADY, "1260,1,1"))), {"cells": [21]}),
    "no number": (lambda path: bars(write(path, bar_lines("60,1,x,1,1,1", *STEADY[1:]))), {"number": [1]}),
    "no time": (lambda path: bars(write(path, bar_lines("x,1,1,1,1,1", *STEADY))), {"time": [1]}),
    "disorder": (
        lambda path: bars(write(path, bar_lines(*STEADY[:5], STEADY[2], STEADY[3], *STEADY[5:]))),
        {"backwards": [6, 7]},
    ),
    "the same bar again": (
        lambda path: bars(write(path, bar_lines(*STEADY[:5], STEADY[4], *STEADY[5:]))),
        {"duplicate": [6]},
    ),
    "another bar of one time": (
        lambda path: bars(write(path, bar_lines(*STEADY[:5], "300,100,101,99,100.5,10", STEADY[4], *STEADY[5:]))),
        {"duplicate": [7], "conflict": [6]},
    ),
    "an overlapping bar": (
        lambda path: bars(write(path, bar_lines(*STEADY[:5], "330,100,101,99,100,10", *STEADY[5:]))),
        {"overlap": [6]},
    ),
    "a high below the low": (
        lambda path: bars(write(path, bar_lines(*STEADY[:5], "360,100,98,99,100,10", *STEADY[6:]))),
        {"range": [6]},
    ),
    "a close outside": (
        lambda path: bars(write(path, bar_lines(*STEADY[:5], "360,100,101,99,102,10", *STEADY[6:]))),
        {"range": [6]},
    ),
    "prices of zero and below": (
        lambda path: bars(
            write(path, bar_lines(*STEADY[:5], "360,0,1,0,0,1", "420,-1,1,-1,1,1", "480,1,1,-1,1,1", *STEADY[8:]))
        ),
        {"price": [6, 7, 8]},
    ),
    "a negative volume": (
        lambda path: bars(write(path, bar_lines(*STEADY[:5], "360,100,101,99,100,-1", *STEADY[6:]))),
        {"size": [6]},
    ),
    "a price far off, and back": (
        lambda path: bars(write(path, bar_lines(*STEADY[:5], "360,130,131,129.5,130,10", *STEADY[6:]))),
        {"outlier": [6, 7]},  # 20 times a usual move of about 1 %
    ),
    "a bar of a wide range": (
        lambda path: bars(write(path, bar_lines(*STEADY[:5], "360,100,150,99,100,10", *STEADY[6:]))),
        {"wide_range": [6]},
    ),
    "runs without volume": (
        lambda path: bars(
            write(
                path,
                bar_lines(
                    *(
                        f"{60 * place},100,101,99,{100 + place % 2},{int(place in {10, 20, 32})}"
                        for place in range(1, 33)
                    )
                ),
            )
        ),
        {"zero_volume": [30]},  # of 9, 9 and 11 bars
    ),
    "no volume at all": (
        lambda path: bars(write(path, "ts_s,open,high,low,close\n60,1,1,1,1\n120,1,1,1,1\n")),
        {},
    ),
    "crossed and locked quotes": (
        lambda path: quotes(write(path, "ts_s,bid,ask\n1,1,2\n2,3,2\n3,2,2\n4,1,2\n")),
        {"crossed": [2], "locked": [3]},
    ),
    "quotes at one time": (
        lambda path: quotes(write(path, "ts_s,bid,ask\n1,1,2\n1,1,2\n1,1,2.5\n2,1,2\n")),
        {"duplicate": [2], "same_time": [3]},
    ),
    "quotes that may repeat": (
        lambda path: quotes(write(path, "ts_s,bid,ask\n1,1,2\n1,1,2\n1,1,2.5\n2,1,2\n"), repeats=True),
        {"repeated": [2], "same_time": [3]},
    ),
    "trades at one time": (
        lambda path: trades(write(path, "ts_s,price,size\n1,1,1\n1,1,1\n1,1,2\n2,1,2\n")),
        {"repeated": [2], "same_time": [3]},
    ),
    "a trade's id again": (
        lambda path: trades(write(path, "ts_s,price,id\n1,1,a\n1,1,b\n1,1,a\n"), columns={"id": "id"}),
        {"duplicate": [3], "repeated": [2]},
    ),
    "a row of another symbol": (
        lambda path: trades(write(path, "ts_s,price,symbol\n1,1,AAA\n2,1,BBB\n"), others_are_bad=True),
        {"symbol": [2]},
    ),
    "rows of other symbols that are not asked for": (
        lambda path: trades(write(path, "ts_s,price,symbol\n1,1,BBB\n2,1,AAA\n3,1,BBB\n4,0,AAA\n5,3,AAA\n")),
        {"price": [4]},
    ),
    "futures below zero": (
        lambda path: trades(write(path, "ts_s,price\n1,1\n2,-1\n3,2\n4,0\n5,1\n"), may_be_negative=frozenset({"AAA"})),
        {},
    ),
}


@pytest.mark.parametrize("flaw", FLAWED)
@pytest.mark.parametrize("block_bytes", [1, 1 << 18], ids=["row by row", "at once"])
def test_every_flaw_is_found_in_its_row_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flaw: str, block_bytes: int
) -> None:
    monkeypatch.setattr(packing, "BLOCK_BYTES", block_bytes)
    make, rows = FLAWED[flaw]
    assert found(report_of(make(tmp_path / "a.csv"))) == rows


def test_every_kind_of_flaw_has_its_case() -> None:
    cases = {key for _, rows in FLAWED.values() for key in rows}
    assert cases == {*FLAWS, *NOTES} - {"split", "outside_hours"}


def test_an_example_tells_file_row_line_and_time_and_what_is_odd(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", bar_lines(*STEADY, "1260,0,1,0,0,1", "86400,121,122,120,122,1", "90000,1,x,1,1,1"))
    report = report_of(bars(path))
    assert report["flaws"]["gap"]["examples"] == [
        {
            "path": str(path),
            "row": 22,
            "line": 23,
            "time": "1970-01-02T00:00:00Z",
            "text": "23h 40m after the row before",
        }
    ]
    text = "open 0.0 is not above zero"
    assert report["flaws"]["price"]["examples"] == [
        {"path": str(path), "row": 21, "line": 22, "time": "1970-01-01T00:21:00Z", "text": text}
    ]
    text = "high 'x' is no number"
    assert report["flaws"]["number"]["examples"] == [
        {"path": str(path), "row": 23, "line": 24, "time": "", "text": text}
    ]
    assert report["flaws"]["outlier"]["examples"][0]["text"] == "100 to 122, +22.00%"
    assert (report["rows"], report["good_rows"]) == (23, 21)
    assert (report["first"], report["last"]) == ("1970-01-01T00:01:00Z", "1970-01-02T00:00:00Z")
    assert (report["usual_pause_seconds"], report["gap_seconds"]) == (60.0, 600.0)


def test_all_are_counted_and_the_first_few_are_shown(tmp_path: Path) -> None:
    text = "ts_s,bid,ask\n" + "".join(f"{second},{1 + second % 2 * 9},2\n" for second in range(100))
    crossed = report_of(quotes(write(tmp_path / "a.csv", text)), examples=3)["flaws"]["crossed"]
    assert (crossed["count"], [example["row"] for example in crossed["examples"]]) == (50, [2, 4, 6])


def test_what_counts_as_odd_can_be_set(tmp_path: Path) -> None:
    lines = [*STEADY, "1380,100,101,99,101,0", "1440,100,101,99,100,0"]
    file = bars(write(tmp_path / "a.csv", bar_lines(*lines)))
    assert found(report_of(file)) == {}
    assert found(report_of(file, pause=2.0, zero_volume=2)) == {"gap": [21], "zero_volume": [22]}
    assert found(report_of(file, move=0.5, examples=99))["outlier"] == list(range(2, 23))


def test_files_of_a_series_are_one_series(tmp_path: Path) -> None:
    """The step from one file to the next counts, and a row is told with its own file."""
    first, second = "".join(f"{s},{1 + s % 2}\n" for s in range(100)), "".join(f"{s},70\n" for s in range(5000, 5003))
    files = [write(tmp_path / f"{name}.csv", f"ts_s,price\n{text}") for name, text in (("a", first), ("b", second))]
    root = tmp_path / "c"
    taken(root, *map(trades, files))
    series = Series(symbol="AAA", kind=trades(files[0]).data)
    report = inspect(series, files_in(root, series))
    assert report["rows"] == 103
    assert found(report) == {"gap": [1], "outlier": [1]}
    assert report["flaws"]["gap"]["examples"][0]["path"] == report["files"][1]


# Hours.


def minutes(first: str, *spans: tuple[int, int]) -> list[int]:
    """Closes of one-minute bars: of each span from so many minutes after a time to so many, the second excluded."""
    begin = (date.fromisoformat(first) - date(1970, 1, 1)).days * 24 * 60
    return [60 * (begin + minute + 1) for span in spans for minute in range(*span)]


def session_bars(path: Path, closes: list[int]) -> DataFile:
    return bars(write(path, bar_lines(*(f"{close},100,101,99,{100 + close // 60 % 2},1" for close in closes))))


OPEN, CLOSE = 13 * 60 + 30, 20 * 60
"""Of New York in summer, in minutes of UTC."""


def test_time_out_of_hours_is_no_gap_and_time_within_is(tmp_path: Path) -> None:
    friday = minutes("2018-06-01", (OPEN, CLOSE))
    monday = minutes("2018-06-04", (OPEN + 30, CLOSE))
    file = session_bars(tmp_path / "a.csv", friday + monday)
    assert found(report_of(file, sessions=NEW_YORK)) == {"gap": [391]}
    (example,) = report_of(file, sessions=NEW_YORK)["flaws"]["gap"]["examples"]
    assert example["text"] == "2d 18h after the row before, 31m of it in trading hours"
    file = session_bars(tmp_path / "b.csv", friday + minutes("2018-06-04", (OPEN, CLOSE)))
    assert found(report_of(file, sessions=NEW_YORK)) == {}
    assert found(report_of(file)) == {"gap": [391]}


def test_coverage_tells_the_share_of_each_session_and_the_worst_of_them(tmp_path: Path) -> None:
    closes = [
        *minutes("2018-07-02", (OPEN - 5, CLOSE)),  # five bars before the open
        *minutes("2018-07-03", (OPEN, OPEN + 100), (OPEN + 110, 17 * 60)),  # an early close, ten bars lacking
        *minutes("2018-07-06", (OPEN, CLOSE)),  # the 4th is a holiday, and the whole 5th is lacking
    ]
    report = report_of(session_bars(tmp_path / "a.csv", closes), sessions=NEW_YORK)
    assert report["coverage"] == {
        "days": 4,
        "whole_days": 2,
        "present": 390 + 200 + 0 + 390,
        "expected": 390 + 210 + 390 + 390,
        "share": 980 / 1380,
        "worst": [
            {"day": "2018-07-05T13:30:00Z", "present": 0, "expected": 390, "share": 0.0},
            {"day": "2018-07-03T13:30:00Z", "present": 200, "expected": 210, "share": 200 / 210},
        ],
    }
    assert report["notes"]["outside_hours"]["count"] == 5


def test_without_hours_a_day_is_held_against_the_usual_one(tmp_path: Path) -> None:
    closes = [
        second
        for day, count in (("2018-06-01", 30), ("2018-06-04", 30), ("2018-06-05", 20), ("2018-06-06", 31))
        for second in minutes(day, (OPEN, OPEN + count))
    ]
    coverage = report_of(session_bars(tmp_path / "a.csv", closes))["coverage"]
    assert (coverage["days"], coverage["present"], coverage["expected"]) == (4, 110, 120)
    assert coverage["worst"] == [{"day": "2018-06-05T00:00:00Z", "present": 20, "expected": 30, "share": 2 / 3}]


@pytest.mark.parametrize(
    ("interval_ns", "sessions", "expected"),
    [
        (HOUR, NEW_YORK, 7),  # half past nine lies within the first
        (30 * MINUTE, NEW_YORK, 13),
        (DAY, NEW_YORK, 1),
        (HOUR, RoundTheClock(), 24),
        (DAY, RoundTheClock(), 1),
        (DAY, None, None),
        (7 * DAY, NEW_YORK, None),
    ],
)
def test_a_session_can_have_the_bars_that_touch_it(
    tmp_path: Path, interval_ns: int, sessions: Sessions | None, expected: int | None
) -> None:
    begin = (date(2018, 6, 1) - date(1970, 1, 1)).days * DAY
    closes = range(begin + interval_ns, begin + max(DAY, interval_ns) + 1, interval_ns)
    path = write(tmp_path / "a.csv", bar_lines(*(f"{close // SECOND},1,1,1,1,1" for close in closes)))
    coverage = report_of(bars(path, interval_ns=interval_ns), sessions=sessions)["coverage"]
    if expected is None:
        assert coverage is None
    else:
        assert (coverage["days"], coverage["present"], coverage["expected"]) == (1, expected, expected)


def test_ticks_out_of_hours_are_noted(tmp_path: Path) -> None:
    begin = (date(2018, 6, 1) - date(1970, 1, 1)).days * 24 * 60
    moments = [OPEN - 1, OPEN, CLOSE - 1, CLOSE]
    text = "ts_s,price\n" + "".join(f"{60 * (begin + moment)},{place + 1}\n" for place, moment in enumerate(moments))
    report = report_of(trades(write(tmp_path / "a.csv", text)), sessions=NEW_YORK)
    assert found(report)["outside_hours"] == [1, 4]
    assert report["notes"]["outside_hours"]["examples"][0]["text"] == "the next session opens 2018-06-01T13:30:00Z"
    assert report["coverage"] is None


def test_hours_that_end_before_the_data_are_told(tmp_path: Path) -> None:
    sessions = Schedule([0], [600 * SECOND], name="short", mend="make it longer")
    with pytest.raises(DaemonError, match="calendar short has no session after") as refused:
        report_of(bars(write(tmp_path / "a.csv", bar_lines(*STEADY))), sessions=sessions)
    assert "another --calendar" in refused.value.mend


# Splits.


@pytest.mark.parametrize(
    ("ratio", "name"),
    [
        (2.0, "2:1"),
        (1.93, "2:1"),
        (6.96, "7:1"),
        (1.5, "3:2"),
        (3.0, "3:1"),
        (0.1, "1:10"),
        (2 / 3, "2:3"),
        (20.5, "20:1"),
        (1.0, ""),
        (1.25, ""),
        (1.75, ""),
        (0.9, ""),
        (70.0, ""),
    ],
)
def test_a_jump_is_named_after_the_split_that_it_looks_like(ratio: float, name: str) -> None:
    assert split_of(ratio) == name


def daily(*rows: tuple[float, float]) -> str:
    """Days of an open and a close."""
    return bar_lines(*(f"{86_400 * day},{o},{max(o, c)},{min(o, c)},{c},1" for day, (o, c) in enumerate(rows, 1)))


def test_a_jump_over_night_is_told_as_a_split_and_one_within_a_day_is_not(tmp_path: Path) -> None:
    calm = [(100.0, 101.0), (101.0, 100.0)] * 10
    text = daily(*calm, (50.2, 51.0), (51.0, 25.5), (510.0, 510.0))
    report = report_of(bars(write(tmp_path / "a.csv", text), interval_ns=DAY))
    assert [(one["row"], one["text"]) for one in report["flaws"]["split"]["examples"]] == [
        (21, "100 to 50.2, 1/1.992: as after a split of 2:1"),
        (23, "25.5 to 510, 1/0.05: as after a split of 1:20"),
    ]


def test_a_minute_that_opens_at_a_stale_price_is_known_by_its_close(tmp_path: Path) -> None:
    evening, morning = "79200,700,701,699,700,1", "118800,700,700,99,100,1"
    assert found(report_of(bars(write(tmp_path / "a.csv", bar_lines(evening, morning)))))["split"] == [2]


def test_ticks_may_show_a_split_too(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "ts_s,price\n1,100\n2,50\n5000,25\n")
    assert found(report_of(trades(path)))["split"] == [3]  # the one before came within the hour


# Medians.


def test_a_median_is_exact_while_there_are_not_too_many_different_values() -> None:
    values = [float(random.Random(place).randrange(1000)) for place in range(2000)]
    median = Median()
    assert median.value is None
    for begin in range(0, 2000, 300):
        median.add(values[begin : begin + 300])
    assert median.value == statistics.median_high(values)


def test_a_median_of_very_many_different_values_is_right_to_a_thousandth(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(medians, "MOST", 100)
    draw = random.Random(1)
    values = [draw.lognormvariate(0.0, 3.0) for _ in range(5000)]
    median = Median()
    for begin in range(0, 5000, 300):
        median.add(values[begin : begin + 300])
    exact = statistics.median_high(values)
    assert median.value is not None
    assert 0.0 <= exact / median.value - 1.0 < 0.002


def test_memory_does_not_grow_with_what_a_median_is_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(medians, "MOST", 100)
    median = Median()
    median.add(float(value) for value in range(1, 100_000))
    assert len(median._counts) <= 512 * 17
    median.add([float("inf"), 0.0])
    assert {medians.cut(value) for value in (0.0, float("inf"), 1.0, 1024.0)} == {0.0, float("inf"), 1.0, 1024.0}


@pytest.mark.parametrize(
    ("length_ns", "text"),
    [(250_000_000, "0.25s"), (90 * SECOND, "1m 30s"), (HOUR, "1h"), (26 * HOUR + MINUTE, "1d 2h"), (DAY, "1d")],
)
def test_a_length_of_time_is_told_by_its_two_largest_units(length_ns: int, text: str) -> None:
    assert span(length_ns) == text


def test_random_walks_have_the_flaws_that_a_plain_count_finds(tmp_path: Path) -> None:
    draw = random.Random(5)
    ts_ns, price, rows = 10**18, 100.0, []
    for _ in range(3000):
        ts_ns += draw.choice([1, 2, 3, 5, 9000]) * SECOND if draw.random() < 0.1 else SECOND
        price *= 1.0 + draw.gauss(0.0, 0.0001) * (60.0 if draw.random() < 0.01 else 1.0)
        rows.append((ts_ns, price))
    path = write(tmp_path / "a.csv", "ts_ns,price\n" + "".join(f"{ts},{price!r}\n" for ts, price in rows))
    report = report_of(trades(path), examples=3000, pause=50.0)
    pauses = [after[0] - before[0] for before, after in pairwise(rows)]
    moves = [abs(after[1] / before[1] - 1.0) for before, after in pairwise(rows)]
    pause, move = statistics.median_high(pauses), statistics.median_high(moves)
    assert (report["usual_pause_seconds"], report["usual_move"]) == (pause / SECOND, move)
    rows_of = {key: [one["row"] for one in finding["examples"]] for key, finding in report["flaws"].items()}
    assert rows_of["gap"] == [place for place, one in enumerate(pauses, 2) if one > 50 * pause]
    assert rows_of["outlier"] == [place for place, one in enumerate(moves, 2) if one > 20 * move]
    assert len(rows_of["gap"]) > 20
    assert len(rows_of["outlier"]) > 20
