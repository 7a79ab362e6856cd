"""The market data of a backtest: its window, its chunks, and what is kept of its prices."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from daemon.assembly import make_feed
from daemon.errors import BadWindow
from daemon.feeds.port import HistoricalFeed
from daemon.research.data_handler import LARGEST_CHUNK, MOST_POINTS, HistoricalDataHandler
from tests.backtest_builders import BEGIN_NS, asked, closes, config, fed, minutes, quotes, refused, strategy
from tests.config_builders import CONFIG, edited
from trading.market_data import Bar, MarketEvent, Quote
from trading.sequencer import Offer
from trading.timestamps import DAY, MINUTE

HELD = strategy("a", "Plays", symbol="AAA", holds=("10",))


class Ticks:
    """A feed of so many quotes of one symbol, and at every tenth a bar that is built beside them."""

    kind = "ticks"
    offers: Mapping[str, Offer] = {"AAA": Offer(quotes=True, bar_interval_ns=MINUTE)}
    start_ns = 0

    def __init__(self, count: int) -> None:
        self.count = count
        self.end_ns: int | None = count

    def reference(self) -> dict[str, Any]:
        return {"count": self.count}

    def tally(self) -> str:
        return ""

    def warmup(self, since_ns: Mapping[str, int]) -> Iterator[MarketEvent]:
        return iter(())

    def events(self) -> Iterator[MarketEvent]:
        for ts_ns in range(self.count):
            if ts_ns % 10 == 9:
                yield Bar("AAA", ts_ns, MINUTE, 1.0, 1.0, 1.0, 1.0, 1.0)
            yield Quote("AAA", ts_ns, 1.0 + ts_ns % 7, 2.0 + ts_ns % 7, 1.0, 1.0)

    def state(self) -> dict[str, Any]:
        return {}

    def restore(self, state: Mapping[str, Any]) -> None:
        raise NotImplementedError


def carried(feed: HistoricalFeed) -> tuple[HistoricalDataHandler, list[MarketEvent], list[int]]:
    """A handler whose data is carried through, the events, and the sizes of its chunks."""
    handler = HistoricalDataHandler(feed)
    handler.survey()
    events: list[MarketEvent] = []
    sizes: list[int] = []
    for chunk in handler.chunks():
        events += chunk
        sizes.append(len(chunk))
        handler.note(chunk, lambda _: Decimal(1), chunk[-1].ts_ns)
    return handler, events, sizes


# Chunks.


@pytest.mark.parametrize("count", [1, 2, 3_999, 4_000, 4_001, 50_000])
def test_chunks_bring_exactly_the_feeds_events(count: int) -> None:
    handler, events, sizes = carried(Ticks(count))
    assert events == list(Ticks(count).events())
    assert (handler.events, handler.bars) == (len(events), count // 10)
    assert sizes[: 2 * MOST_POINTS] == [1] * min(len(events), 2 * MOST_POINTS)
    assert sizes[:-1] == sorted(sizes[:-1])
    assert all(size <= LARGEST_CHUNK for size in sizes)


def test_the_last_event_of_each_symbol_is_of_the_kind_that_it_is_matched_on() -> None:
    handler, events, _ = carried(Ticks(4_010))
    assert isinstance(events[-1], Quote)
    assert handler.last == {"AAA": events[-1]}


def test_prices_are_as_many_of_a_long_run_as_of_a_short_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also once chunks grow no more."""
    monkeypatch.setattr("daemon.research.data_handler.LARGEST_CHUNK", 8)
    monkeypatch.setattr("daemon.research.data_handler.MOST_POINTS", 10)
    for count in (5, 19, 20, 21, 500, 20_000):
        handler, _, sizes = carried(Ticks(count))
        points = handler.prices["AAA"]
        assert max(sizes) <= 8
        assert min(count, 10) <= len(points) < 20
        times = [ts_ns for ts_ns, _ in points]
        assert times == sorted(set(times))
        gaps = {later - earlier for earlier, later in pairwise(times)}
        assert max(gaps, default=1) <= 4 * min(gaps, default=1), "they are spread evenly"
        assert carried(Ticks(count))[0].prices == handler.prices


def test_a_symbol_without_a_price_has_no_points() -> None:
    handler = HistoricalDataHandler(Ticks(3))
    handler.survey()
    for chunk in handler.chunks():
        handler.note(chunk, lambda _: None, 1)
    assert handler.prices == {"AAA": []}


# Windows.


def window_of(folder: Path, text: str, **wishes: Any) -> tuple[int, int | None, int]:
    """Begin and end of the feed, and how many events it brings."""
    feed = make_feed(asked(folder, text, **wishes))
    return feed.start_ns, feed.end_ns, len(list(feed.events()))


def test_a_window_of_files_is_half_open_for_ticks_and_has_the_bars_that_close_in_it(tmp_path: Path) -> None:
    closes(tmp_path, *range(100, 110))
    text = config(HELD)
    assert window_of(tmp_path, text) == (BEGIN_NS, None, 10)
    assert window_of(tmp_path, text, start_ns=minutes(3), end_ns=minutes(7)) == (minutes(3), minutes(7), 4)
    quotes(tmp_path, *[(100, 101, 1, 1)] * 10)
    text = config(HELD, feed=fed("path: aaa.csv, data: quotes, symbol: AAA"))
    second = 1_000_000_000
    assert window_of(tmp_path, text, start_ns=BEGIN_NS + 3 * second, end_ns=BEGIN_NS + 7 * second)[2] == 4


def test_made_up_data_lasts_five_days_unless_something_else_is_said(tmp_path: Path) -> None:
    text = CONFIG.replace("kind: synthetic", 'kind: synthetic\n  every: 5m\n  start: "2026-01-05T15:00:00Z"')
    assert window_of(tmp_path, text) == (BEGIN_NS, BEGIN_NS + 5 * DAY, 2 * 5 * 288)
    assert window_of(tmp_path, text, start_ns=BEGIN_NS + 2 * DAY)[:2] == (BEGIN_NS + 2 * DAY, BEGIN_NS + 7 * DAY)
    assert window_of(tmp_path, text, end_ns=BEGIN_NS + DAY)[:2] == (BEGIN_NS, BEGIN_NS + DAY)
    limited = text.replace("every: 5m", "every: 5m\n  duration: 3d")
    assert window_of(tmp_path, limited)[:2] == (BEGIN_NS, BEGIN_NS + 3 * DAY)
    assert window_of(tmp_path, limited, start_ns=BEGIN_NS + DAY)[:2] == (BEGIN_NS + DAY, BEGIN_NS + 3 * DAY)


def test_a_later_window_of_made_up_data_is_of_the_same_market(tmp_path: Path) -> None:
    text = CONFIG.replace("kind: synthetic", 'kind: synthetic\n  every: 5m\n  start: "2026-01-05T15:00:00Z"')
    whole = list(make_feed(asked(tmp_path, text)).events())
    later = make_feed(asked(tmp_path, text, start_ns=BEGIN_NS + DAY, end_ns=BEGIN_NS + 2 * DAY))
    assert list(later.events()) == [event for event in whole if BEGIN_NS + DAY <= event.ts_ns < BEGIN_NS + 2 * DAY]
    past = list(later.warmup({"AAA": BEGIN_NS}))
    assert past == [event for event in whole if event.ts_ns < BEGIN_NS + DAY]


def test_the_end_of_the_data_is_known_before_it_is_reached(tmp_path: Path) -> None:
    closes(tmp_path, *range(100, 110))
    for wishes, end_ns in (
        ({}, minutes(10)),
        ({"end_ns": minutes(4)}, minutes(4)),
        ({"end_ns": minutes(99)}, minutes(10)),
    ):
        handler = HistoricalDataHandler(make_feed(asked(tmp_path, config(HELD), **wishes)))
        handler.survey()
        assert handler.end_ns == end_ns


@pytest.mark.parametrize(
    ("wishes", "told"),
    [
        (
            {"end_ns": BEGIN_NS - DAY},
            "the window from 2026-01-05T15:00:00Z to 2026-01-04T15:00:00Z has no event; "
            "the files have some from 2026-01-05T15:01:00Z to 2026-01-05T15:10:00Z",
        ),
        (
            {"start_ns": BEGIN_NS - 2 * DAY, "end_ns": BEGIN_NS - DAY},
            "the window from 2026-01-03T15:00:00Z to 2026-01-04T15:00:00Z has no event; "
            "the files have some from 2026-01-05T15:01:00Z to 2026-01-05T15:10:00Z",
        ),
        (
            {"start_ns": minutes(4) + 1, "end_ns": minutes(5) - 1},
            "the window from 2026-01-05T15:04:00.000000001Z to 2026-01-05T15:04:59.999999999Z has no event; "
            "the files have some from 2026-01-05T15:01:00Z to 2026-01-05T15:10:00Z",
        ),
    ],
)
def test_a_window_without_an_event_is_refused_before_anything_starts(
    wishes: dict[str, int], told: str, tmp_path: Path
) -> None:
    closes(tmp_path, *range(100, 110))
    mend = "set --from and --to, or feed.start and feed.end, within what there is"
    assert refused(tmp_path, config(HELD), **wishes) == [told, mend]


def test_a_start_after_the_last_row_is_refused_with_that(tmp_path: Path) -> None:
    closes(tmp_path, *range(100, 110))
    assert refused(tmp_path, config(HELD), start_ns=minutes(11)) == [
        "no file has a row after the start, 2026-01-05T15:11:00Z; the last is of 2026-01-05T15:10:00Z",
        "set an earlier `start`, of a backtest --from, or add files",
    ]


def test_made_up_data_too_may_be_too_short_for_an_event(tmp_path: Path) -> None:
    text = edited("kind: synthetic", 'kind: synthetic\n  data: [bars]\n  start: "2026-01-05T15:00:00Z"')
    handler = HistoricalDataHandler(make_feed(asked(tmp_path, text, end_ns=BEGIN_NS + MINUTE - 1)))
    with pytest.raises(BadWindow, match="has no event"):
        handler.survey()
