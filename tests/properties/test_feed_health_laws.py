"""Laws of a feed's health, over any story of two symbols: it is what a look at the whole story says, it does not depend
on where the story was cut, and time alone changes nothing before the next deadline."""

from collections.abc import Sequence
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from trading.feed_health import FeedHealth
from trading.feed_news import (
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
from trading.sequencer import NEVER, Offer
from trading.subscriptions import DataKind
from trading.timestamps import SECOND

Told = MarketEvent | FeedNews

Story = list[tuple[int, tuple[Any, ...]]]
"""What comes, each so many seconds after the one before it."""

OFFERS = {"AAA": Offer(quotes=True, trades=True), "BBB": Offer(bar_interval_ns=10 * SECOND)}
STREAMS = [("AAA", DataKind.QUOTES), ("AAA", DataKind.TRADES), ("BBB", DataKind.BARS)]
TYPES = {DataKind.QUOTES: Quote, DataKind.TRADES: Trade, DataKind.BARS: Bar}
PRICED_ON = {"AAA": DataKind.QUOTES, "BBB": DataKind.BARS}

seconds = st.integers(0, 8)
symbols = st.sampled_from(["AAA", "BBB"])
prices = st.sampled_from([0.0, 1.0, 2.0])
begins = st.lists(st.sampled_from([0, 3, 6, 12]), min_size=3, max_size=3).map(
    lambda limits: ("begun", tuple(limit * SECOND for limit in limits))
)
steps = st.one_of(
    begins,
    st.tuples(st.just("quote"), prices, prices),
    st.tuples(st.just("quote"), prices, prices),
    st.just(("trade",)),
    st.just(("bar",)),
    st.sampled_from([("connected",), ("lost",), ("quiet",), ("quiet",)]),
    st.tuples(st.sampled_from(["gapped", "resubscribed"]), symbols),
    st.just(("resubscribed", "")),
    st.tuples(st.just("unfit"), st.sampled_from(STREAMS)),
)
stories = st.lists(st.tuples(seconds, steps), max_size=40)


def told_in(story: Story) -> list[Told]:
    """The inputs of a story."""
    now_ns, told = 1_000 * SECOND, list[Told]()
    for passed, (what, *how) in story:
        now_ns += passed * SECOND
        match what:
            case "begun":
                (limits,) = how
                rows = [SilenceLimit(*stream, limit) for stream, limit in zip(STREAMS, limits, strict=True) if limit]
                told.append(Begun(rows, now_ns))
            case "quote":
                told.append(Quote("AAA", now_ns, how[0], how[1], 1.0, 1.0))
            case "trade":
                told.append(Trade("AAA", now_ns, 1.0, 1.0))
            case "bar":
                told.append(Bar("BBB", now_ns // (10 * SECOND) * 10 * SECOND, 10 * SECOND, 1.0, 1.0, 1.0, 1.0, 1.0))
            case "connected":
                told.append(Connected(now_ns))
            case "lost":
                told.append(Disconnected("why", now_ns))
            case "gapped":
                told.append(Gapped(how[0], "why", now_ns))
            case "resubscribed":
                told.append(Resubscribed(how[0], now_ns))
            case "unfit":
                symbol, kind = how[0]
                told.append(Unfit(symbol, kind, "why", now_ns))
            case _:
                told.append(Quiet(now_ns))
    return told


def health_after(told: Sequence[Told]) -> FeedHealth:
    health = FeedHealth(OFFERS)
    for one in told:
        health.hear(one)
    return health


def found(health: FeedHealth) -> set[tuple[str, str]]:
    return {(trouble.code, trouble.symbol) for trouble in health.troubles()}


# The same, by a look back over everything that was told.


def expected(told: Sequence[Told]) -> set[tuple[str, str]]:
    since_begun = _after_last(told, Begun)
    troubles = {("disconnected", "")} if _is_lost(since_begun) else set()
    for symbol in OFFERS:
        if _is_gapped(symbol, since_begun):
            troubles.add(("gapped", symbol))
    quotes = [one for one in since_begun if isinstance(one, Quote)]
    if quotes and not (quotes[-1].bid and quotes[-1].ask):
        troubles.add(("one_sided", "AAA"))
    elif quotes and quotes[-1].bid > quotes[-1].ask:
        troubles.add(("crossed", "AAA"))
    for symbol, kind in STREAMS:
        troubles |= {(code, symbol) for code in _of_stream(symbol, kind, told)}
    return troubles


def _after_last(told: Sequence[Told], kind: type) -> Sequence[Told]:
    places = [place for place, one in enumerate(told) if isinstance(one, kind)]
    return told[places[-1] + 1 :] if places else told


def _is_lost(told: Sequence[Told]) -> bool:
    of_it = [one for one in told if isinstance(one, MarketEvent | Connected | Disconnected)]
    return bool(of_it) and isinstance(of_it[-1], Disconnected)


def _is_gapped(symbol: str, told: Sequence[Told]) -> bool:
    of_it = [
        one
        for one in told
        if isinstance(one, Connected) or (isinstance(one, Gapped | Resubscribed) and one.symbol in (symbol, ""))
    ]
    return bool(of_it) and isinstance(of_it[-1], Gapped)


def _of_stream(symbol: str, kind: DataKind, told: Sequence[Told]) -> set[str]:
    """By a walk with a plain clock: when it would fall silent is reckoned anew after each input."""
    now_ns, limit_ns, counts_ns = 0, 0, 0
    waits, silent, unfit = True, False, False
    for one in told:
        if not isinstance(one, Bar):
            now_ns = max(now_ns, one.ts_ns)
        silent = silent or bool(limit_ns and now_ns >= counts_ns + limit_ns)
        if isinstance(one, Begun):
            limit_ns = next((row.limit_ns for row in one.limits if (row.symbol, row.kind) == (symbol, kind)), 0)
            silent = unfit = False
            if kind is not DataKind.BARS or waits or (limit_ns and now_ns >= counts_ns + limit_ns):
                waits, counts_ns = True, one.ts_ns
        elif isinstance(one, Connected | Disconnected) and kind is not DataKind.BARS:
            if not silent and not waits:
                waits, counts_ns = True, one.ts_ns
        elif isinstance(one, Unfit) and (one.symbol, one.kind) == (symbol, kind):
            unfit = True
        elif type(one) is TYPES[kind]:
            waits = unfit = False
            counts_ns = one.ts_ns
            silent = bool(limit_ns and now_ns >= counts_ns + limit_ns)
    waiting = waits and not silent and kind is PRICED_ON[symbol]
    return {code for code, holds in (("silent", silent), ("waiting", waiting), ("unfit", unfit)) if holds}


@given(stories)
def test_it_is_what_a_look_at_the_whole_story_says(story: Story) -> None:
    told = told_in(story)
    for end in range(len(told) + 1):
        health = health_after(told[:end])
        assert found(health) == expected(told[:end])
        for symbol in OFFERS:
            of_it = {code for code, about in expected(told[:end]) if about in ("", symbol)}
            refusal = health.refusal(symbol)
            assert (refusal is not None) == bool(of_it)
            assert refusal is None or refusal.code.removeprefix("feed_") in of_it


@given(stories, st.integers(0, 40))
def test_it_goes_on_from_any_cut(story: Story, cut: int) -> None:
    told = told_in(story)
    through, resumed = health_after(told), FeedHealth(OFFERS)
    resumed.restore(msgspec.msgpack.decode(msgspec.msgpack.encode(health_after(told[:cut]).state())))
    for one in told[cut:]:
        resumed.hear(one)
    assert resumed.state() == through.state()
    assert resumed.troubles() == through.troubles()
    assert [resumed.refusal(symbol) for symbol in OFFERS] == [through.refusal(symbol) for symbol in OFFERS]


@given(stories)
def test_time_alone_changes_nothing_before_the_next_deadline_and_something_at_it(
    story: Story,
) -> None:
    health = health_after(told_in(story))
    before, next_ns = found(health), health.next_ns
    if next_ns == NEVER:
        health.hear(Quiet(health.now_ns + 1_000_000 * SECOND))
        assert found(health) == before
        return
    assert next_ns > health.now_ns
    health.hear(Quiet(next_ns - 1))
    assert found(health) == before
    silent = len(health.silent)
    health.hear(Quiet(next_ns))
    assert len(health.silent) > silent


@given(stories)
def test_news_that_are_known_change_nothing(story: Story) -> None:
    health = FeedHealth(OFFERS)
    for one in told_in(story):
        known = isinstance(one, FeedNews) and health.knows(one)
        health.hear(Quiet(one.ts_ns))
        before = found(health)
        health.hear(one)
        assert not known or found(health) == before
