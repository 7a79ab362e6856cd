"""`--data` takes catalogues, and files that say themselves what they hold."""

from pathlib import Path

import pytest

from daemon.config.feed_settings import FileFeedSettings
from daemon.feeds.file.layout import DataFile
from daemon.research.catalogue.index import entries
from daemon.research.catalogue.series import Series
from daemon.results.result import canonical
from tests.backtest_builders import BEGIN_NS, asked, backtested, closes, config, fed, quotes, refused, strategy
from tests.catalogue_builders import taken
from trading.subscriptions import DataKind
from trading.timestamps import MINUTE

SMA = strategy("sma", "strategies.sma_cross:SmaCross", symbol="AAA", fast=2, slow=4)
WALK = (100, 101, 102, 101, 99, 98, 101, 104, 103, 99, 97, 99)
ELSEWHERE = fed("path: nothere.csv, data: bars, symbol: AAA, interval: 1m, stamp: close")


@pytest.fixture
def catalogue(tmp_path: Path) -> Path:
    """Minutes in two files, quotes, and another symbol's minutes."""
    root = tmp_path / "catalogue"
    whole = closes(tmp_path, *WALK)
    head, *rows = whole.read_text().splitlines()
    (tmp_path / "early.csv").write_text("\n".join([head, *rows[:6]]) + "\n")
    (tmp_path / "late.csv").write_text("\n".join([head, *rows[6:]]) + "\n")
    for name, symbol in (("early.csv", "AAA"), ("late.csv", "AAA"), ("aaa.csv", "BBB")):
        path = tmp_path / name
        taken(root, DataFile(path=path, data=DataKind.BARS, symbols=(symbol,), interval_ns=MINUTE))
    ticks = quotes(tmp_path, *[(100, 101, 1, 1)] * 5, name="ticks.csv")
    taken(root, DataFile(path=ticks, data=DataKind.QUOTES, symbols=("AAA",)))
    return root


def files_of(folder: Path, given: str, **wishes: int) -> list[tuple[str, str]]:
    """The kind and the catalogue's folder of each file that a backtest then reads."""
    feed = asked(folder, config(SMA, feed=ELSEWHERE), data=(given,), **wishes).settings.feed
    assert isinstance(feed, FileFeedSettings)
    return [(file.data, str(file.path.relative_to(folder / "catalogue").parent)) for file in feed.files]


@pytest.mark.parametrize("given", ["{},data=bars", "{},symbol=AAA,interval=1m", "{},interval=1m,data=bars"])
def test_a_catalogue_is_traded_on_as_the_files_it_came_from(tmp_path: Path, catalogue: Path, given: str) -> None:
    plain = backtested(asked(tmp_path, config(SMA)))
    found = backtested(asked(tmp_path, config(SMA, feed=ELSEWHERE), data=(given.format(catalogue),)))
    assert canonical(found) == canonical(plain)
    assert found.fills


def test_it_has_what_lies_before_the_end_and_all_kinds_unless_narrowed(tmp_path: Path, catalogue: Path) -> None:
    assert files_of(tmp_path, f"{catalogue},data=bars") == [("bars", "AAA/bars-1m")] * 2
    assert files_of(tmp_path, f"{catalogue},data=bars", end_ns=BEGIN_NS + 6 * MINUTE) == [("bars", "AAA/bars-1m")]
    assert files_of(tmp_path, f"{catalogue},data=quotes") == [("quotes", "AAA/quotes")]


def test_a_file_of_a_catalogue_says_itself_what_it_holds(tmp_path: Path, catalogue: Path) -> None:
    first, second = (
        entry.path for entry in entries(catalogue)[Series(symbol="AAA", kind=DataKind.BARS, interval_ns=MINUTE)]
    )
    found = backtested(asked(tmp_path, config(SMA, feed=ELSEWHERE), data=(str(first), str(second))))
    assert canonical(found) == canonical(backtested(asked(tmp_path, config(SMA))))
    assert refused(tmp_path, config(SMA, feed=ELSEWHERE), data=(f"{first},interval=5m",))


def test_what_a_catalogue_cannot_give_is_told(tmp_path: Path, catalogue: Path) -> None:
    def told(given: str) -> str:
        return refused(tmp_path, config(SMA, feed=ELSEWHERE), data=(given,))[-1]

    there = "it has bars of 1m of AAA, quotes of AAA, bars of 1m of BBB"
    given = f"{catalogue},interval=5m"
    assert told(given) == f"--data catalogue,interval=5m: has no data of AAA there; {there}"
    assert told(f"{catalogue},symbol=CCC") == f"--data catalogue,symbol=CCC: has no data of CCC there; {there}"
    assert told(f"{catalogue},zone=UTC") == (
        "--data catalogue,zone=UTC: a catalogue is narrowed by symbol, data, interval, not by zone"
    )
    (tmp_path / "empty").mkdir()
    assert told(f"{tmp_path}/empty") == (
        "--data empty: has no data of AAA there; it has nothing; fill it by `bulkhead data import`"
    )
    next(catalogue.rglob("*.parquet")).write_bytes(b"PAR1")
    assert "is no whole Parquet file" in told(f"{catalogue},data=bars") + told(f"{catalogue},data=quotes")
