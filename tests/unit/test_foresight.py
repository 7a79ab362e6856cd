"""How far ahead a container may hear: as far as nothing can happen to it but what is laid out."""

from collections.abc import Sequence

import msgspec
import pytest

from daemon.hosts.foresight import BEYOND, Foresight, audiences
from daemon.hosts.wire import encoded
from tests.builders import terms
from tests.market_builders import a_bar, a_market, a_quote
from trading.commands import ScheduleTimer, WireSubmit
from trading.market import Market
from trading.market_data import Bar, Event, MarketEvent
from trading.sequencer import NEVER
from trading.subscriptions import DataKind, Subscription
from trading.timers import Timers
from trading.timestamps import MINUTE, SECOND

EVENTS = msgspec.msgpack.Decoder(list[Event])
HEARS = {"quotes": ("a", "b"), "bars": ("b", "c")}

# Ten quotes, a second apart and a unit lower each; before the fifth and the ninth a bar is due.
QUOTES = [a_quote(100.0 - at, 101.0 - at, at=at) for at in range(1, 11)]
BARS = {4: a_bar(1.0, 1.0, 1.0, 1.0, at=4), 8: a_bar(1.0, 1.0, 1.0, 2.0, at=8)}
WINDOW: list[list[MarketEvent]] = [[BARS[n], quote] if n in BARS else [quote] for n, quote in enumerate(QUOTES)]
LAID: list[MarketEvent] = [event for laid in WINDOW for event in laid]


def hearing(event: MarketEvent) -> Sequence[str]:
    return HEARS["bars" if isinstance(event, Bar) else "quotes"]


def foresight(market: Market | None = None, *timers: ScheduleTimer) -> Foresight:
    clock = Timers(["a", "b", "c"])
    for timer in timers:
        clock.schedule(timer, 0)
    return Foresight(
        WINDOW,
        audiences={"a": "a", "b": "b", "c": "c"},
        hearing=hearing,
        market=market or a_market("quotes"),
        timers=clock,
        waiting=lambda strategy: strategy == "waits",
    )


def resting(limit: str, strategy: str = "a") -> Market:
    market = a_market("quotes")
    market.on_event(a_quote(100.0, 101.0, at=0))
    market.on_command(WireSubmit(cid="c", terms=terms(limit=limit, strategy=strategy)), 0)
    return market


def carry(seen: Foresight, places: int) -> None:
    """Let the steps of so many events be done."""
    for event in LAID[:places]:
        seen.pass_on(of_feed=event in QUOTES)


@pytest.mark.parametrize(
    ("strategy", "places"), [("a", [0, 1, 2, 3, 5, 6, 7, 8, 10, 11]), ("b", list(range(12))), ("c", [4, 9])]
)
def test_each_learns_what_it_will_hear_and_when(strategy: str, places: list[int]) -> None:
    coming = foresight().of(strategy)
    assert coming.places == places
    assert coming.events == [LAID[place] for place in places]
    assert coming.encoded == [encoded(event) for event in coming.events]
    assert EVENTS.decode(coming.run(1, 2)) == coming.events[1:2]


def test_a_run_is_packed_once_for_all_who_hear_it() -> None:
    coming = foresight().of("b")
    assert coming.run(2, 9) is coming.run(2, 9)
    assert EVENTS.decode(coming.run(2, 9)) == LAID[2:9]


def test_without_orders_and_timers_it_is_quiet_as_far_as_is_looked_and_to_the_end() -> None:
    seen = foresight()
    assert seen.quiet_until("a", 3) == (3, NEVER)
    assert seen.quiet_until("a", 4) == (5, NEVER), "with the bar that is due before the fifth"
    assert seen.quiet_until("a", 10) == (BEYOND, NEVER)
    carry(seen, 6)
    assert (seen.place, seen.quiet_until("a", 3)) == (6, (10, NEVER))
    assert seen.quiet_until("a", 5) == (BEYOND, NEVER)


def test_it_is_quiet_before_the_first_event_that_reaches_an_order_of_its_own() -> None:
    """An order to buy at 95 meets the ask of 95, the sixth quote, at place 6; others' orders are no matter."""
    seen = foresight(resting("95"))
    assert seen.quiet_until("a", 10)[0] == 6
    assert seen.quiet_until("a", 4)[0] == 5
    assert seen.quiet_until("b", 10)[0] == BEYOND
    carry(seen, 6)
    assert seen.quiet_until("a", 10)[0] == 6, "the next step brings it"


def test_a_bar_due_before_the_event_that_reaches_is_heard_ahead() -> None:
    assert foresight(resting("96")).quiet_until("a", 10)[0] == 5


def test_its_own_next_timer_is_the_time_before_which_it_is_quiet() -> None:
    def timer(strategy: str, at: int) -> ScheduleTimer:
        return ScheduleTimer(strategy=strategy, n=1, name=f"{at}", at_ns=at * SECOND)

    seen = foresight(None, timer("a", 7), timer("a", 5), timer("b", 2))
    assert [seen.quiet_until(strategy, 10)[1] for strategy in "abc"] == [5 * SECOND, 2 * SECOND, NEVER]


def test_those_who_hear_the_same_are_one_audience() -> None:
    quotes = Subscription(symbol="AAA", kind=DataKind.QUOTES)
    bars = Subscription(symbol="AAA", kind=DataKind.BARS, interval_ns=MINUTE, warmup=5)
    warmer = msgspec.structs.replace(bars, warmup=9)
    wanted = {"a": [quotes, bars], "b": [warmer, quotes], "c": [quotes], "d": [], "e": [quotes, bars]}
    assert audiences(wanted, "abcd") == {"a": "a", "b": "a", "c": "c", "d": "d"}
