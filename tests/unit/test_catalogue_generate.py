"""Markets made of a seed in a catalogue: the feed's own events, and the same bytes for the same arguments."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from daemon.disk import RealDisk
from daemon.errors import DaemonError
from daemon.feeds.synthetic import SyntheticFeed
from daemon.research.catalogue.generating import generate, synthetic_feed
from daemon.research.catalogue.index import entries, entries_of
from daemon.research.catalogue.stretches import Taken
from tests.catalogue_builders import BARS, NOON, QUOTES, TRADES, events_in, snapshot
from trading.market_data import Bar
from trading.timestamps import DAY, HOUR, LAST_NS, MINUTE, SECOND


def market(**changes: Any) -> SyntheticFeed:
    """Two hours of AAA, a tick each second."""
    given: dict[str, Any] = {
        "symbols": ["AAA"],
        "kinds": ["quotes", "trades", "bars"],
        "seed": 7,
        "start_ns": NOON,
        "duration_ns": 2 * HOUR,
        "every_ns": SECOND,
        "bar_interval_ns": MINUTE,
        "price": Decimal(100),
        "tick": Decimal("0.01"),
        "lot": Decimal(1),
        "volatility_ticks": 2.0,
        "spread_ticks": 2,
    }
    return synthetic_feed(**{**given, **changes})


def made(root: Path, **changes: Any) -> list[Taken]:
    return list(generate(root, market(**changes), disk=RealDisk()))


def test_what_is_made_is_what_the_synthetic_feed_brings(tmp_path: Path) -> None:
    made(tmp_path, symbols=["AAA", "BBB"])
    assert len(entries(tmp_path)) == 6
    events = list(market(symbols=["AAA", "BBB"]).events())
    for series in entries(tmp_path):
        kind = {QUOTES.kind: "Quote", TRADES.kind: "Trade", BARS.kind: "Bar"}[series.kind]
        wanted = [event for event in events if (event.symbol, type(event).__name__) == (series.symbol, kind)]
        assert events_in(tmp_path, series) == wanted
        assert len(wanted) == (120 if series.kind is BARS.kind else 7200)


def test_the_same_arguments_give_the_same_files_byte_by_byte(tmp_path: Path) -> None:
    made(tmp_path / "one")
    made(tmp_path / "two")
    made(tmp_path / "other", seed=8)
    one, two, other = (snapshot(tmp_path / name) for name in ("one", "two", "other"))
    assert one == two
    assert one.keys() == other.keys()
    assert all(one[name] != other[name] for name in one)


def test_what_is_there_already_is_left_and_a_longer_market_goes_on_from_it(tmp_path: Path) -> None:
    made(tmp_path, kinds=["bars"])
    before = snapshot(tmp_path)
    assert [(one.new, one.known) for one in made(tmp_path, kinds=["bars"])] == [(0, 120)]
    assert snapshot(tmp_path) == before
    assert [(one.new, one.known) for one in made(tmp_path, kinds=["bars"], duration_ns=3 * HOUR)] == [(60, 120)]
    bars = events_in(tmp_path, BARS)
    assert [bar.ts_ns for bar in bars] == [NOON + count * MINUTE for count in range(1, 181)]
    assert all(isinstance(bar, Bar) for bar in bars)


def test_another_market_at_the_same_time_is_refused(tmp_path: Path) -> None:
    made(tmp_path, kinds=["bars"])
    before = snapshot(tmp_path)
    with pytest.raises(DaemonError, match=r"the catalogue has other rows of that time: 2018-06-01T12:00:00Z to") as no:
        made(tmp_path, kinds=["bars"], seed=8)
    assert "remove that file first" in no.value.mend
    assert snapshot(tmp_path) == before


def test_what_was_made_says_of_which_seed(tmp_path: Path) -> None:
    made(tmp_path, kinds=["bars"])
    (entry,) = entries_of(tmp_path, BARS)
    assert entry.label.source.name == "synthetic, seed 7"
    assert len(entry.label.source.content) == 64


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"symbols": ["A B"]}, "a symbol of at most 32 letters"),
        ({"symbols": ["AAA", "AAA"]}, "each once"),
        ({"start_ns": NOON + 1}, "is within a bar of 1m"),
        ({"every_ns": 7 * SECOND}, "no whole number of steps"),
        ({"price": Decimal("0.001")}, "a whole number of ticks"),
        ({"tick": Decimal(0)}, "tick_size is 0"),
        ({"volatility_ticks": float("nan")}, "volatility"),
        ({"spread_ticks": 0}, "spread"),
        ({"bar_interval_ns": DAY, "duration_ns": DAY}, "is within a bar of 1d"),
        ({"start_ns": -MINUTE}, "must be from 1970-01-01 until 2262-04-11"),
        ({"start_ns": LAST_NS + 1}, "must be from 1970-01-01 until 2262-04-11"),
        ({"start_ns": NOON, "duration_ns": LAST_NS}, "must be from 1970-01-01 until 2262-04-11"),
        ({"duration_ns": 59 * SECOND}, "no bar of 1m fits into 59s"),
    ],
)
def test_arguments_that_make_no_market_are_told(wrong: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        market(**wrong)
