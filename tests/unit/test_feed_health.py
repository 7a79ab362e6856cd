"""The health of a live feed: a story of inputs, and what of its data is to be relied on afterwards."""

import msgspec
import pytest

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
from trading.feed_streams import limit_of
from trading.market_data import Bar, MarketEvent, Quote, Trade
from trading.refusals import Refusal
from trading.sequencer import NEVER, Offer
from trading.sessions import RoundTheClock, Schedule, Sessions
from trading.subscriptions import DataKind
from trading.timestamps import MILLISECOND, MINUTE, SECOND, iso, parse_interval

BEGIN = 1_767_623_400 * SECOND
"""2026-01-05T14:30:00Z."""

QUOTES, TRADES, BARS = DataKind.QUOTES, DataKind.TRADES, DataKind.BARS
OFFERS = {
    "AAA": Offer(quotes=True, trades=True),
    "BBB": Offer(trades=True),
    "CCC": Offer(bar_interval_ns=MINUTE),
    "DDD": Offer(quotes=True),
}
LIMITS = [
    SilenceLimit("AAA", QUOTES, 10 * SECOND),
    SilenceLimit("AAA", TRADES, 60 * SECOND),
    SilenceLimit("BBB", TRADES, 20 * SECOND),
    SilenceLimit("CCC", BARS, 180 * SECOND),
]


def at(seconds: float) -> int:
    return BEGIN + round(seconds * 1_000) * MILLISECOND


def quote(seconds: float, bid: float = 99.0, ask: float = 101.0, symbol: str = "AAA") -> Quote:
    return Quote(symbol, at(seconds), bid, ask, 1.0, 1.0)


def trade(seconds: float, symbol: str = "BBB") -> Trade:
    return Trade(symbol, at(seconds), 100.0, 1.0)


def bar(seconds: float) -> Bar:
    return Bar("CCC", at(seconds), MINUTE, 1.0, 1.0, 1.0, 1.0, 1.0)


def begun(seconds: float = 0) -> Begun:
    return Begun(LIMITS, at(seconds))


def quiet(seconds: float) -> Quiet:
    return Quiet(at(seconds))


def lost(seconds: float, reason: str = "code 1006") -> Disconnected:
    return Disconnected(reason, at(seconds))


def connected(seconds: float) -> Connected:
    return Connected(at(seconds))


def health(*told: MarketEvent | FeedNews, sessions: dict[str, Sessions] | None = None) -> FeedHealth:
    one = FeedHealth(OFFERS, may_be_negative=("DDD",), sessions=sessions)
    for input_ in told:
        one.hear(input_)
    return one


def troubles(one: FeedHealth, symbol: str = "AAA") -> list[str]:
    return [trouble.code for trouble in one.troubles() if trouble.symbol in ("", symbol)]


ALL_HEARD = (begun(), quote(1), trade(1, "AAA"), trade(1), bar(0), quote(1, symbol="DDD"))


@pytest.mark.parametrize(
    ("told", "symbol", "expected"),
    [
        # nothing yet
        ([], "AAA", ["waiting"]),
        ([begun()], "AAA", ["waiting"]),
        ([begun(), trade(1, "AAA")], "AAA", ["waiting"]),
        ([begun(), quote(1)], "AAA", []),
        ([begun(), quote(1)], "BBB", ["waiting"]),
        # silence, each stream by itself
        ([*ALL_HEARD, quiet(10.999)], "AAA", []),
        ([*ALL_HEARD, quiet(11)], "AAA", ["silent"]),
        ([*ALL_HEARD, quiet(11)], "BBB", []),
        ([*ALL_HEARD, quiet(21)], "BBB", ["silent"]),
        ([*ALL_HEARD, trade(20.9), trade(30, "AAA")], "BBB", []),
        ([*ALL_HEARD, trade(11)], "AAA", ["silent"]),
        ([*ALL_HEARD, quiet(61)], "AAA", ["silent", "silent"]),
        ([begun(), quiet(9.9)], "AAA", ["waiting"]),
        ([begun(), quiet(10)], "AAA", ["silent"]),
        ([*ALL_HEARD, quiet(11), quote(12)], "AAA", []),
        ([*ALL_HEARD, quote(11)], "AAA", []),
        ([*ALL_HEARD, quiet(3_600)], "DDD", []),
        ([*ALL_HEARD, quiet(5), quote(2), quiet(14.9)], "AAA", []),
        ([*ALL_HEARD, quiet(5), quote(2), quiet(15)], "AAA", ["silent"]),
        # of bars by their own close
        ([*ALL_HEARD, quiet(179.9)], "CCC", []),
        ([*ALL_HEARD, quiet(180)], "CCC", ["silent"]),
        ([*ALL_HEARD, quiet(200), bar(60)], "CCC", []),
        ([*ALL_HEARD, quiet(300), bar(60)], "CCC", ["silent"]),
        ([*ALL_HEARD, quiet(239.9), bar(60)], "CCC", []),
        ([*ALL_HEARD, quiet(240), bar(60)], "CCC", ["silent"]),
        # also of a stream that was silent before, where no news say how late it is
        ([Begun(LIMITS[:1], at(0)), quiet(10), quote(12), trade(21.9)], "AAA", []),
        ([Begun(LIMITS[:1], at(0)), quiet(10), quote(12), trade(22)], "AAA", ["silent"]),
        # the connection
        ([*ALL_HEARD, lost(2)], "AAA", ["disconnected", "waiting"]),
        ([*ALL_HEARD, lost(2)], "CCC", ["disconnected"]),
        ([*ALL_HEARD, lost(2), connected(3)], "AAA", ["waiting"]),
        ([*ALL_HEARD, lost(2), connected(3)], "CCC", []),
        ([*ALL_HEARD, lost(2), connected(3), trade(4, "AAA")], "AAA", ["waiting"]),
        ([*ALL_HEARD, lost(2), connected(3), quote(4)], "AAA", []),
        ([*ALL_HEARD, lost(2), trade(3)], "BBB", []),
        ([*ALL_HEARD, lost(2), trade(3)], "AAA", ["waiting"]),
        ([*ALL_HEARD, connected(3)], "AAA", ["waiting"]),
        ([*ALL_HEARD, lost(2), connected(11), quiet(11.9)], "AAA", ["waiting"]),
        ([*ALL_HEARD, lost(2), connected(11), quiet(12)], "AAA", ["silent"]),
        ([*ALL_HEARD, lost(2), lost(9), connected(9.5), lost(11), connected(11.5), quiet(12)], "AAA", ["silent"]),
        ([*ALL_HEARD, quiet(11), lost(12), connected(13), trade(14)], "AAA", ["silent"]),
        # a new life
        ([*ALL_HEARD, quiet(11), begun(3_600)], "AAA", ["waiting"]),
        ([*ALL_HEARD, begun(100)], "CCC", []),
        ([*ALL_HEARD, begun(179.9)], "CCC", []),
        ([*ALL_HEARD, begun(180)], "CCC", ["waiting"]),
        ([*ALL_HEARD, lost(2), Gapped("AAA", "x", at(2)), begun(3), quote(4)], "AAA", []),
        # gaps
        ([*ALL_HEARD, Gapped("AAA", "5 to 7", at(2)), quote(3)], "AAA", ["gapped"]),
        ([*ALL_HEARD, Gapped("AAA", "5 to 7", at(2))], "BBB", []),
        ([*ALL_HEARD, Gapped("AAA", "5 to 7", at(2)), Resubscribed("AAA", at(3))], "AAA", []),
        ([*ALL_HEARD, Gapped("AAA", "5 to 7", at(2)), Resubscribed("BBB", at(3))], "AAA", ["gapped"]),
        ([*ALL_HEARD, Gapped("AAA", "5 to 7", at(2)), Resubscribed(ts_ns=at(3))], "AAA", []),
        ([*ALL_HEARD, Gapped("AAA", "5 to 7", at(2)), lost(3), quote(4)], "AAA", ["gapped"]),
        ([*ALL_HEARD, Gapped("AAA", "5 to 7", at(2)), lost(3), connected(4)], "AAA", ["waiting"]),
        # the book
        ([*ALL_HEARD, quote(2, 101, 100)], "AAA", ["crossed"]),
        ([*ALL_HEARD, quote(2, 100, 100)], "AAA", []),
        ([*ALL_HEARD, quote(2, 101, 100), quote(3, 102, 100), trade(4, "AAA")], "AAA", ["crossed"]),
        ([*ALL_HEARD, quote(2, 101, 100), quote(3, 100, 100)], "AAA", []),
        ([*ALL_HEARD, quote(2, 0, 100)], "AAA", ["one_sided"]),
        ([*ALL_HEARD, quote(2, 100, 0)], "AAA", ["one_sided"]),
        ([*ALL_HEARD, quote(2, 0, 0), quote(3, 2, 1)], "AAA", ["crossed"]),
        ([*ALL_HEARD, quote(2, 0, 0), quote(3, 1, 2)], "AAA", []),
        ([*ALL_HEARD, quote(2, -5.0, -4.0, "DDD")], "DDD", []),
        ([*ALL_HEARD, quote(2, -4.0, -5.0, "DDD")], "DDD", ["crossed"]),
        ([*ALL_HEARD, quote(2, -4.0, 0.0, "DDD")], "DDD", ["one_sided"]),
        # what can be no data
        ([*ALL_HEARD, Unfit("AAA", QUOTES, "its bid is nan", at(2))], "AAA", ["unfit"]),
        ([*ALL_HEARD, Unfit("AAA", QUOTES, "its bid is nan", at(2)), trade(3, "AAA")], "AAA", ["unfit"]),
        ([*ALL_HEARD, Unfit("AAA", QUOTES, "its bid is nan", at(2)), quote(3)], "AAA", []),
        ([*ALL_HEARD, Unfit("AAA", QUOTES, "its bid is nan", at(2)), quiet(11)], "AAA", ["silent", "unfit"]),
        ([*ALL_HEARD, Unfit("CCC", BARS, "its low is 0.0", at(2)), bar(60)], "CCC", []),
        ([*ALL_HEARD, Unfit("DDD", BARS, "its low is 0.0", at(2))], "DDD", []),
    ],
)
def test_what_came_and_what_did_not_is_what_is_wrong(
    told: list[MarketEvent | FeedNews], symbol: str, expected: list[str]
) -> None:
    one = health(*told)
    assert troubles(one, symbol) == expected
    refusal = one.refusal(symbol)
    assert (refusal and refusal.code) == (f"feed_{expected[0]}" if expected else None)


ONLY = "; only orders that reduce a position pass"


@pytest.mark.parametrize(
    ("told", "refusal"),
    [
        (
            [quiet(13.25)],
            Refusal(
                "feed_silent",
                f"no quotes of AAA for 12.2 s, since 2026-01-05T14:30:01Z; more than 10 s is too long{ONLY}",
            ),
        ),
        (
            [lost(2.5)],
            Refusal("feed_disconnected", f"the feed has no connection since 2026-01-05T14:30:02.5Z: code 1006{ONLY}"),
        ),
        (
            [lost(2), connected(3)],
            Refusal("feed_waiting", f"no quotes of AAA came yet on this connection, since 2026-01-05T14:30:02Z{ONLY}"),
        ),
        (
            [Gapped("AAA", "trades 5 to 7", at(2))],
            Refusal(
                "feed_gapped",
                "data of AAA was missed at 2026-01-05T14:30:02Z and not asked for anew since: trades 5 to 7" + ONLY,
            ),
        ),
        (
            [quote(2, 101.5, 100.0), quote(4, 101.0, 100.5)],
            Refusal(
                "feed_crossed",
                f"the bid of 101.0 for AAA is above the ask of 100.5, since 2026-01-05T14:30:02Z{ONLY}",
            ),
        ),
        (
            [quote(2, 101.5, 0.0)],
            Refusal("feed_one_sided", f"there is no ask for AAA, since 2026-01-05T14:30:02Z{ONLY}"),
        ),
        (
            [Unfit("AAA", TRADES, "its price is 0.0", at(2)), Unfit("AAA", TRADES, "its price is nan", at(3))],
            Refusal(
                "feed_unfit",
                f"what came last as trades of AAA can be none, at 2026-01-05T14:30:02Z: its price is 0.0{ONLY}",
            ),
        ),
    ],
)
def test_a_refusal_says_which_stream_how_long_and_since_when(told: list[MarketEvent], refusal: Refusal) -> None:
    assert health(*ALL_HEARD, *told).refusal("AAA") == refusal


def test_the_next_deadline_is_the_earliest_of_all_streams_that_are_not_silent_yet() -> None:
    one = health()
    assert one.next_ns == NEVER
    for told, next_ns in (
        (begun(), at(10)),
        (quote(4), at(14)),
        (quote(19), at(20)),  # BBB has not come yet
        (trade(19), at(29)),
        (quiet(29), at(39)),
        (quiet(39), at(60)),
        (quiet(60), at(180)),
        (quote(61), at(71)),
        (bar(60), at(71)),
        (quiet(1_000), NEVER),
    ):
        one.hear(told)
        assert one.next_ns == next_ns


def test_what_is_wrong_with_all_is_told_once_and_first() -> None:
    found = health(*ALL_HEARD, quiet(30), lost(31)).troubles()
    assert [(one.code, one.symbol) for one in found] == [
        ("disconnected", ""),
        ("silent", "AAA"),
        ("silent", "BBB"),
        ("waiting", "DDD"),
    ]
    assert found[1].reason.startswith("no quotes of AAA for 30.0 s")
    assert health(*ALL_HEARD, quiet(30)).troubles(at(41))[0].reason.startswith("no quotes of AAA for 40.0 s")


# Trading hours.

HOURS = Schedule([at(-60), at(3_600)], [at(60), at(7_200)], name="short", mend="")


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ([quote(52), quiet(61.9)], []),
        ([quote(52), quiet(62), trade(3_000, "AAA")], []),
        ([quote(52), quiet(3_604.9)], []),  # two of ten seconds were left, and there are five at least
        ([quote(52), quiet(3_605)], ["silent"]),
        ([quote(51), lost(100), connected(200)], []),
        ([quote(51), lost(100), connected(200), quiet(3_600)], ["waiting"]),
        ([quote(51), lost(100), connected(200), quiet(3_610)], ["silent"]),
        ([quote(7_195), quiet(1e6)], []),
    ],
)
def test_silence_counts_while_the_market_is_open(told: list[MarketEvent | FeedNews], expected: list[str]) -> None:
    one = health(begun(), *told, sessions={"AAA": HOURS})
    found = [trouble.code for trouble in one.troubles() if "quotes of AAA" in trouble.reason]
    assert found == expected


@pytest.mark.parametrize(
    ("since", "limit", "due"),
    [
        ("23:59:48", 10, "23:59:58"),
        ("23:59:52", 10, "00:00:02"),
        ("23:59:58", 3 * 86_400, "23:59:58"),
    ],
)
def test_a_market_that_never_closes_has_no_pause_at_midnight(since: str, limit: int, due: str) -> None:
    limits = [SilenceLimit("AAA", QUOTES, limit * SECOND)]
    one = health(sessions={"AAA": RoundTheClock()})
    hours, minutes, seconds = map(int, since.split(":"))
    begin = at(((hours - 14) * 60 + minutes - 30) * 60 + seconds)
    one.hear(Begun(limits, begin))
    assert iso(one.next_ns)[11:19] == due
    assert one.next_ns - begin == limit * SECOND


def test_what_is_left_of_a_limit_at_the_close_is_left_at_the_next_open() -> None:
    one = health(Begun([LIMITS[1]], at(0)), trade(50, "AAA"), sessions={"AAA": HOURS})
    assert one.next_ns == at(3_650)


# What is told again, and what is kept.


def test_what_stands_already_is_known() -> None:
    one = health(*ALL_HEARD)
    gap, all_anew, anew = Gapped("AAA", "5", at(2)), Resubscribed(), Resubscribed("AAA")
    unfit = Unfit("AAA", QUOTES, "its bid is nan", at(2))
    assert [one.knows(news) for news in (lost(2), gap, unfit, all_anew, anew)] == [False, False, False, True, True]
    for news in (gap, unfit, lost(2)):
        one.hear(news)
    assert [one.knows(news) for news in (lost(3), gap, unfit, all_anew, anew)] == [True, True, True, False, False]
    assert not any(one.knows(news) for news in (connected(4), quiet(4), begun(4)))


def test_a_bar_that_is_told_again_is_known() -> None:
    one = health(*ALL_HEARD)
    assert one.repeats(bar(0))
    assert one.repeats(bar(-60))
    assert not one.repeats(bar(60))
    assert not one.repeats(quote(0))


def test_it_goes_on_from_a_snapshot_also_with_other_streams() -> None:
    one = health(*ALL_HEARD, Gapped("AAA", "5", at(2)), quote(2, 5.0, 4.0), quiet(21), lost(22))
    kept = msgspec.msgpack.decode(msgspec.msgpack.encode(one.state()))
    same = health()
    same.restore(kept)
    assert same.state() == one.state()
    assert (same.troubles(), same.next_ns, same.now_ns) == (one.troubles(), one.next_ns, one.now_ns)
    other = FeedHealth({"BBB": OFFERS["BBB"], "EEE": Offer(quotes=True)})
    other.restore(kept)
    assert [(trouble.code, trouble.symbol) for trouble in other.troubles()] == [
        ("disconnected", ""),
        ("silent", "BBB"),
        ("waiting", "EEE"),
    ]


def test_after_a_snapshot_a_silence_is_noticed_by_the_time_of_others() -> None:
    one = health()
    one.restore(health(Begun(LIMITS[:1], at(0)), quote(1)).state())
    one.hear(trade(10.9))
    assert troubles(one) == []
    one.hear(trade(11))
    assert troubles(one) == ["silent"]


def test_events_of_other_feeds_and_of_other_intervals_are_no_events_of_it() -> None:
    one = health(*ALL_HEARD)
    before = one.state()
    for event in (quote(5, symbol="EEE"), quote(5, symbol="BBB")):
        one.hear(event)
        assert one.flaw(event) == "it was not asked for"
    assert one.state() == before
    assert one.flaw(Bar("CCC", at(60), SECOND, 1.0, 1.0, 1.0, 1.0, 1.0)) == "its interval is 1000000000 ns"
    assert one.flaw(Quote(["AAA"], at(1), 1.0, 2.0, 1.0, 1.0)) == "it was not asked for"  # type: ignore[arg-type]
    assert one.flaw(bar(60)) == ""


def test_prices_below_zero_are_of_those_of_which_they_may_be() -> None:
    assert health().flaw(quote(1, -5.0, -4.0, "DDD")) == ""
    assert health().flaw(quote(1, -5.0, -4.0, "AAA")) == "its bid is -5.0"


@pytest.mark.parametrize(
    ("gap", "limit"), [("100ms", 5 * SECOND), ("1s", 5 * SECOND), ("2s", 6 * SECOND), ("1m", 180 * SECOND)]
)
def test_a_limit_is_three_usual_gaps_and_five_seconds_at_least(gap: str, limit: int) -> None:
    assert limit_of(parse_interval(gap)) == limit
