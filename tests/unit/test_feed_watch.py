"""Who watches a live feed: what it passes on, what it leaves out, when it has the feed run anew, and what it says."""

import asyncio
import logging
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any, Final

import anyio
import msgspec
import pytest

from daemon.feeds.port import Publish
from daemon.live import feed_watch
from daemon.live.feed_watch import FIRST_RERUN_NS, LONGEST_NS, FeedWatch
from tests.simulation.clock import SimulatedClock
from trading.feed_health import FeedHealth
from trading.feed_news import (
    AdapterNews,
    Begun,
    Connected,
    Disconnected,
    FeedNews,
    Gapped,
    Quiet,
    Resubscribed,
    SilenceLimit,
    Unfit,
)
from trading.market_data import Bar, MarketEvent, Quote, Trade
from trading.sequencer import Offer
from trading.subscriptions import DataKind
from trading.timestamps import MILLISECOND, MINUTE, SECOND

OFFERS = {"AAA": Offer(quotes=True, trades=True), "BBB": Offer(bar_interval_ns=MINUTE)}
LIMITS = [SilenceLimit("AAA", DataKind.QUOTES, 5 * SECOND), SilenceLimit("BBB", DataKind.BARS, 3 * MINUTE)]

Told = MarketEvent | FeedNews
Script = Callable[[Publish], Awaitable[None]]


async def for_ever(_: Publish) -> None:
    await asyncio.Event().wait()


class ScriptedFeed:
    """Each time that it is run it does what its next script says; the last one again and again."""

    kind: Final = "scripted"

    def __init__(self, *scripts: Script) -> None:
        self.offers: Mapping[str, Offer] = OFFERS
        self.runs = 0
        self._scripts = scripts

    def reference(self) -> dict[str, Any]:
        return {"kind": self.kind}

    async def run(self, publish: Publish) -> None:
        script = self._scripts[min(self.runs, len(self._scripts) - 1)]
        self.runs += 1
        await script(publish)


def a_clock() -> SimulatedClock:
    """One that has run for a while."""
    clock = SimulatedClock()
    clock.hold_up(7 * SECOND)
    return clock


class Desk:
    """A watch that runs, the health that hears what it publishes, and all that it has published."""

    def __init__(self, *scripts: Script, limits: Sequence[SilenceLimit] = LIMITS) -> None:
        self.clock = a_clock()
        self.begin_ns = self.clock.wall_ns()
        self.feed = ScriptedFeed(*scripts)
        self.health = FeedHealth(OFFERS)
        self.watch = FeedWatch(self.feed, health=self.health, limits=limits, clock=self.clock)
        self.told: list[Told] = []
        self.venue_ns: list[int] = []
        self.refuses: type[BaseException] | None = None

    def publish(self, told: Told, venue_ns: int) -> None:
        if self.refuses is not None:
            refuses, self.refuses = self.refuses, None
            raise refuses("no more of it")
        self.told.append(told)
        self.venue_ns.append(venue_ns)
        self.health.hear(told)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self.watch.run, self.publish)
            await self.clock.advance(0)
            yield
            tasks.cancel_scope.cancel()

    @property
    def seconds(self) -> float:
        return (self.clock.wall_ns() - self.begin_ns) / SECOND

    def kinds(self) -> list[str]:
        return [type(one).__name__ for one in self.told]

    def codes(self) -> list[tuple[str, str]]:
        return [(one.code, one.symbol) for one in self.health.troubles()]

    def quote(self, bid: float = 1.0, ask: float = 2.0) -> Quote:
        return Quote("AAA", self.clock.wall_ns(), bid, ask, 1.0, 1.0)


def bringing(*told: Any) -> Script:
    """Publish these, and then nothing."""

    async def script(publish: Publish) -> None:
        for one in told:
            publish(one, 7)
        await asyncio.Event().wait()

    return script


def quoting(desk: list[Desk], every_ns: int = SECOND) -> Script:
    """Publish a quote now and then."""

    async def script(publish: Publish) -> None:
        while True:
            publish(desk[0].quote(), 0)
            await desk[0].clock.sleep(every_ns)

    return script


# What it passes on.

NOW: Final = a_clock().wall_ns()
QUOTE = Quote("AAA", NOW, 1.0, 2.0, 1.0, 1.0)
TRADE = Trade("AAA", NOW, 1.0, 1.0)
BAR = Bar("BBB", NOW - NOW % MINUTE, MINUTE, 1.0, 1.0, 1.0, 1.0, 1.0)


async def test_a_life_begins_with_the_limits_and_events_pass_as_they_are() -> None:
    desk = Desk(bringing(QUOTE, TRADE, BAR))
    async with desk.running():
        assert desk.told == [Begun(LIMITS, NOW), QUOTE, TRADE, BAR]
        assert desk.venue_ns == [0, 7, 7, 7]


async def test_news_of_the_adapter_get_their_time_and_what_is_known_is_not_told_again() -> None:
    news: list[AdapterNews] = [
        Connected(),
        Gapped("AAA", "5 to 7"),
        Gapped("AAA", "8"),
        Resubscribed("AAA"),
        Resubscribed(),
        Disconnected("code 1006"),
        Disconnected("refused"),
    ]
    desk = Desk(bringing(*news))
    async with desk.running():
        assert desk.told[1:] == [
            Connected(NOW),
            Gapped("AAA", "5 to 7", NOW),
            Resubscribed("AAA", NOW),
            Disconnected("code 1006", NOW),
        ]
        assert set(desk.venue_ns) == {0}


async def test_what_a_venue_says_is_made_fit_for_the_journal() -> None:
    desk = Desk(bringing(Disconnected("x" * 1_000), Connected(), Disconnected(OSError("gone \ud800")), QUOTE))  # type: ignore[arg-type]
    async with desk.running():
        _, first, _, second, _ = desk.told
        assert first == Disconnected("x" * 300, NOW)
        assert second == Disconnected("gone ?", NOW)
        msgspec.msgpack.encode(desk.told)


async def test_whole_numbers_are_passed_on_as_floats() -> None:
    desk = Desk(bringing(Quote("AAA", NOW, 1, 2, 1, 1)))
    async with desk.running():
        assert repr(desk.told[1]) == repr(QUOTE)


async def test_the_venues_own_time_is_a_whole_number_or_none() -> None:
    async def script(publish: Publish) -> None:
        for venue_ns in (5, 5.5, None, "5"):
            publish(QUOTE, venue_ns)  # type: ignore[arg-type]
        await asyncio.Event().wait()

    desk = Desk(script)
    async with desk.running():
        assert desk.venue_ns == [0, 5, 0, 0, 0]


# What it leaves out.


@pytest.mark.parametrize("bid", [math.nan, math.inf, -1.0, None, "1.0"])
async def test_what_can_be_no_data_becomes_news_and_no_event(bid: Any, caplog: pytest.LogCaptureFixture) -> None:
    bad = msgspec.structs.replace(QUOTE, bid=bid)
    desk = Desk(bringing(QUOTE, bad, bad, bad))
    with caplog.at_level(logging.WARNING):
        async with desk.running():
            flaw = desk.health.flaw(bad)
            assert desk.told[2:] == [Unfit("AAA", DataKind.QUOTES, flaw, NOW)]
            assert desk.watch.left_out == {("AAA", "quotes"): 3}
            assert desk.codes() == [("unfit", "AAA"), ("waiting", "BBB")]
            assert desk.watch.alarms()[0].endswith(flaw)
            assert desk.watch.reasons() == []
    assert [record.getMessage() for record in caplog.records] == [
        f"the feed brings quotes of AAA that can be no data; it is counted and left out: {flaw}"
    ]


async def test_after_something_that_fits_the_next_that_does_not_is_news_again() -> None:
    bad = msgspec.structs.replace(QUOTE, ask=math.nan)
    desk = Desk(bringing(bad, QUOTE, bad))
    async with desk.running():
        assert desk.kinds() == ["Begun", "Unfit", "Quote", "Unfit"]


@pytest.mark.parametrize(
    "stranger",
    [
        Quote("ZZZ", NOW, 1.0, 2.0, 1.0, 1.0),
        Quote("BBB", NOW, 1.0, 2.0, 1.0, 1.0),
        Quote(None, NOW, 1.0, 2.0, 1.0, 1.0),  # type: ignore[arg-type]
        Quote([], NOW, 1.0, 2.0, 1.0, 1.0),  # type: ignore[arg-type]
        Gapped("ZZZ", "why"),
        Gapped("", "why"),
        Gapped([], "why"),  # type: ignore[arg-type]
        Resubscribed("ZZZ"),
        Begun([], 5),
        None,
        {"bid": 1.0},
    ],
)
async def test_what_was_not_asked_for_is_counted_and_nothing_more(stranger: Any) -> None:
    desk = Desk(bringing(stranger, stranger, QUOTE))
    async with desk.running():
        assert desk.told[1:] == [QUOTE]
        assert desk.watch.left_out == {("", ""): 2}


async def test_a_bar_that_a_new_connection_tells_again_is_left_out_and_no_trouble() -> None:
    later = msgspec.structs.replace(BAR, ts_ns=BAR.ts_ns + MINUTE)
    desk = Desk(bringing(BAR, BAR, later, BAR, later))
    async with desk.running():
        assert desk.told[1:] == [BAR, later]
        assert desk.watch.left_out == {("BBB", "bars"): 3}
        assert ("unfit", "BBB") not in desk.codes()


@pytest.mark.parametrize(("ahead_ns", "passes"), [(MINUTE, True), (MINUTE + 1, False)])
async def test_a_time_may_be_a_little_ahead_of_the_clock(ahead_ns: int, passes: bool) -> None:
    desk = Desk(bringing(msgspec.structs.replace(QUOTE, ts_ns=NOW + ahead_ns)))
    async with desk.running():
        assert desk.kinds()[1:] == ["Quote" if passes else "Unfit"]


async def test_a_time_far_ahead_of_the_clock_is_a_flaw_and_time_goes_on() -> None:
    ahead = msgspec.structs.replace(QUOTE, ts_ns=NOW + 2 * MINUTE)
    desk = Desk(bringing(QUOTE, ahead, msgspec.structs.replace(QUOTE, ts_ns=NOW + MINUTE)))
    async with desk.running():
        assert desk.told[2] == Unfit("AAA", DataKind.QUOTES, "its time is 120 s ahead of the clock", NOW)
        assert desk.kinds()[3:] == ["Quote"]


# What stays out.


async def test_a_silence_is_told_of_at_its_deadline_and_the_feed_asked_anew_within_ten_seconds() -> None:
    desk = Desk(bringing(QUOTE, BAR), bringing(BAR))
    async with desk.running():
        await desk.clock.advance(5 * SECOND - 1)
        assert (desk.kinds(), desk.watch.reasons()) == (["Begun", "Quote", "Bar"], [])
        await desk.clock.advance(1)
        await desk.clock.advance(100 * MILLISECOND)
        assert (desk.kinds()[3:], desk.feed.runs) == (["Quiet"], 1)
        assert desk.watch.reasons() == [
            "feed_stale: no quotes of AAA for 5.1 s, since 2026-01-01T00:00:07Z; more than 5 s is too long"
        ]
        await desk.clock.advance(1_100 * MILLISECOND)
        assert desk.feed.runs == 2
        anew = desk.told[4]
        assert isinstance(anew, Disconnected)
        assert anew.reason == "it is asked for everything anew: no quotes of AAA come"
        assert desk.watch.reasons()[0].startswith("feed_stale: the feed has no connection since 2026-01-01T00:00:13")


async def test_between_one_time_and_the_next_it_takes_longer_and_longer_up_to_a_bound(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(feed_watch, "LOOK_NS", SECOND)
    desk = Desk(bringing(QUOTE), for_ever)
    anew: list[float] = []
    async with desk.running():
        for _ in range(1_300):
            runs = desk.feed.runs
            await desk.clock.advance(SECOND)
            if desk.feed.runs > runs:
                anew.append(desk.seconds)
    assert desk.watch.reruns == len(anew)
    assert 5 <= anew[0] <= 15
    assert [later - one for one, later in pairwise(anew)] == [10, 20, 40, 80, 160, 300, 300, 300]


async def test_after_a_time_without_trouble_it_begins_with_the_shortest_again() -> None:
    desks: list[Desk] = []
    desk = Desk(bringing(QUOTE), for_ever, quoting(desks), for_ever, limits=LIMITS[:1])
    desks.append(desk)
    async with desk.running():
        await desk.clock.advance(20 * SECOND)
        assert desk.feed.runs == 3
        await desk.clock.advance(LONGEST_NS + 10 * SECOND)
        assert (desk.feed.runs, desk.watch.reasons(), desk.watch.stale_ns) == (3, [], 0)
        assert desk.watch._between_reruns.next() == FIRST_RERUN_NS


async def test_where_the_last_life_was_ahead_of_the_clock_silence_is_noticed_all_the_same() -> None:
    desks: list[Desk] = []
    desk = Desk(quoting(desks), limits=LIMITS[:1])
    desks.append(desk)
    desk.health.hear(Quiet(NOW + 3_600 * SECOND))
    desk.watch = FeedWatch(desk.feed, health=desk.health, limits=LIMITS[:1], clock=desk.clock)
    async with desk.running():
        await desk.clock.advance(20 * SECOND)
        assert (desk.feed.runs, desk.watch.reasons()) == (1, [])
        assert 15 <= desk.kinds().count("Quiet") <= 20
    desk = Desk(bringing(QUOTE), limits=LIMITS[:1])
    desk.health.hear(Quiet(NOW + 3_600 * SECOND))
    desk.watch = FeedWatch(desk.feed, health=desk.health, limits=LIMITS[:1], clock=desk.clock)
    async with desk.running():
        await desk.clock.advance(5_100 * MILLISECOND)
        assert len(desk.watch.reasons()) == 1


async def test_a_silence_that_ends_before_anything_is_done_changes_nothing() -> None:
    """As when the loop was held up, and what has come meanwhile waits to be read."""
    desks: list[Desk] = []
    desk = Desk(quoting(desks))
    desks.append(desk)
    async with desk.running():
        await desk.clock.advance(3 * SECOND)
        desk.clock.hold_up(60 * SECOND)
        await desk.clock.advance(30 * SECOND)
        assert (desk.feed.runs, desk.codes()) == (1, [("waiting", "BBB")])


def pausing(desk: list[Desk], *quotes_and_pauses: tuple[int, float]) -> Script:
    """So many quotes, one a second, and then so many seconds without; again and again what is given."""

    async def script(publish: Publish) -> None:
        for quotes, seconds in quotes_and_pauses:
            for _ in range(quotes):
                publish(desk[0].quote(), 0)
                await desk[0].clock.sleep(SECOND)
            await desk[0].clock.sleep(round((seconds - 1) * SECOND))
        await quoting(desk)(publish)

    return script


async def test_each_silence_is_looked_at_for_itself() -> None:
    desks: list[Desk] = []
    desk = Desk(pausing(desks, (1, 5.5), (1, 5.9), (1, 5.9)), limits=LIMITS[:1])
    desks.append(desk)
    async with desk.running():
        await desk.clock.advance(30 * SECOND)
        assert (desk.feed.runs, desk.kinds().count("Quiet")) == (1, 3)


async def test_a_short_silence_ends_the_time_without_trouble() -> None:
    desks: list[Desk] = []
    desk = Desk(bringing(QUOTE), pausing(desks, (290, 5.5)), limits=LIMITS[:1])
    desks.append(desk)
    async with desk.running():
        await desk.clock.advance(330 * SECOND)
        assert (desk.feed.runs, desk.watch.reasons()) == (2, [])
        assert desk.watch._between_reruns.next() == 2 * FIRST_RERUN_NS


async def test_a_new_connection_gets_its_time_to_bring_data() -> None:
    desks: list[Desk] = []

    async def late(publish: Publish) -> None:
        publish(QUOTE, 0)
        publish(Disconnected("code 1006"), 0)
        await desks[0].clock.sleep(round(4.9 * SECOND))
        publish(Connected(), 0)
        await desks[0].clock.sleep(4 * SECOND)
        publish(desks[0].quote(), 0)
        await asyncio.Event().wait()

    desk = Desk(late)
    desks.append(desk)
    async with desk.running():
        await desk.clock.advance(6 * SECOND)
        assert ("silent", "AAA") in desk.codes()
        await desk.clock.advance(3 * SECOND)
        assert (desk.feed.runs, desk.codes()) == (1, [("waiting", "BBB")])


async def test_a_feed_that_never_connects_again_is_run_anew_though_no_stream_is_silent_yet() -> None:
    desk = Desk(bringing(BAR, Disconnected("gone")), limits=LIMITS[1:])
    async with desk.running():
        await desk.clock.advance(30 * SECOND)
        assert desk.feed.runs == 1
        assert desk.watch.reasons() == ["feed_stale: the feed has no connection since 2026-01-01T00:00:07Z: gone"]
        await desk.clock.advance(2 * SECOND)
        assert desk.feed.runs == 2


async def test_an_adapter_that_fails_is_run_again_after_pauses_that_grow() -> None:
    async def failing(_: Publish) -> None:
        raise RuntimeError("no such field")

    desk = Desk(failing)
    async with desk.running():
        runs = [desk.feed.runs]
        for seconds in (1, 2, 4, 8):
            await desk.clock.advance(seconds * SECOND - 1)
            runs.append(desk.feed.runs)
            await desk.clock.advance(1)
            runs.append(desk.feed.runs)
        assert runs == [1, 1, 2, 2, 3, 3, 4, 4, 5]
        (lost,) = (one for one in desk.told if isinstance(one, Disconnected))
        assert lost.reason.startswith("its adapter failed: RuntimeError: no such field")
        assert "feed_stale" in desk.watch.reasons()[0]


async def test_an_adapter_that_ends_though_it_was_only_cancelled_is_run_again() -> None:
    async def polite(publish: Publish) -> None:
        publish(QUOTE, 0)
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return

    desk = Desk(polite, for_ever)
    async with desk.running():
        await desk.clock.advance(8 * SECOND)
        assert desk.feed.runs == 2


# Its ends.


async def test_it_ends_when_the_venue_does_and_what_is_there_is_old() -> None:
    async def ending(publish: Publish) -> None:
        publish(QUOTE, 0)

    desk = Desk(ending)
    await desk.watch.run(desk.publish)
    assert desk.told[-1] == Disconnected("the venue has said that there will be no more", NOW)
    assert desk.health.refusal("AAA") is not None
    assert (desk.watch.reasons(), desk.watch.alarms()) == ([], [])
    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.mark.parametrize("times", [0, 1, 3])
async def test_what_the_publisher_raises_comes_out_of_it_and_nothing_is_run_again(times: int) -> None:
    desks: list[Desk] = []
    desk = Desk(quoting(desks))
    desks.append(desk)
    with pytest.raises(BaseExceptionGroup) as caught:
        await refused_after(desk, times * SECOND)
    assert caught.group_contains(OSError, match="no more of it")
    assert desk.feed.runs == 1
    assert set(desk.kinds()[1:]) == {"Quote"}


async def refused_after(desk: Desk, duration_ns: int) -> None:
    """Publishing fails from some time on."""
    async with desk.running():
        await desk.clock.advance(duration_ns)
        desk.refuses = OSError
        await desk.clock.advance(10 * SECOND)
        raise AssertionError("nothing was raised")


async def test_what_the_publisher_raises_at_a_look_comes_out_of_it_too() -> None:
    desk = Desk(bringing(QUOTE))
    with pytest.raises(BaseExceptionGroup) as caught:
        await refused_after(desk, SECOND)
    assert caught.group_contains(OSError, match="no more of it")


# What it says.


async def test_it_says_how_long_nothing_has_come_of_each_stream() -> None:
    desk = Desk(bringing(QUOTE, BAR))
    async with desk.running():
        await desk.clock.advance(2_500 * MILLISECOND)
        assert desk.watch.silent_seconds() == {("AAA", "quotes"): 2.5, ("AAA", "trades"): 2.5, ("BBB", "bars"): 9.5}
        assert desk.watch.stale_ns == 0
        await desk.clock.advance(3 * SECOND)
        assert desk.watch.stale_ns == 5_500 * MILLISECOND


async def test_it_says_no_more_than_people_read() -> None:
    offers = {f"S{number:03}": Offer(quotes=True) for number in range(300)}
    health, clock = FeedHealth(offers), SimulatedClock()
    limits = [SilenceLimit(symbol, DataKind.QUOTES, 5 * SECOND) for symbol in offers]
    watch = FeedWatch(ScriptedFeed(for_ever), health=health, limits=limits, clock=clock)
    health.hear(Begun(limits, clock.wall_ns()))
    health.hear(Quiet(clock.wall_ns() + 5 * SECOND))
    assert len(watch.reasons()) == len(watch.alarms()) == 6
    assert watch.reasons()[-1] == "feed_stale: and 295 more of the kind"
