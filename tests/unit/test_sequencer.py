"""The sequencer and the timers: one order for feed events, the bars built of them, and what strategies scheduled."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pytest

from tests.builders import MINUTE_BARS, QUOTES, TRADES, price
from tests.market_builders import a_bar, a_trade, through_msgpack
from trading.commands import ScheduleTimer
from trading.market_data import Bar, Event, MarketEvent, Quote, Timer, Trade
from trading.sequencer import LAST, NEVER, Key, Offer, OutOfOrder, Sequencer, derived_bars
from trading.subscriptions import DataKind, Subscription
from trading.timers import Timers
from trading.timestamps import HOUR, MINUTE, SECOND, iso

BOTH = Offer(quotes=True, trades=True)


def bars(symbol: str = "AAA", minutes: int = 1) -> Subscription:
    return Subscription(symbol=symbol, kind=DataKind.BARS, interval_ns=minutes * MINUTE)


def timer(name: str, at: int, every: int = 0, strategy: str = "a") -> ScheduleTimer:
    return ScheduleTimer(strategy=strategy, n=1, name=name, at_ns=at * SECOND, every_ns=every * SECOND)


class Line:
    """A sequencer and timers side by side, as a lock-step has them."""

    def __init__(self, sequencer: Sequencer, timers: Timers) -> None:
        self.sequencer = sequencer
        self.timers = timers
        self.now_ns = 0

    def schedule(self, timer: ScheduleTimer) -> None:
        self.timers.schedule(timer, self.now_ns)

    def take(self, event: MarketEvent) -> list[Event]:
        """What happens up to a feed event, and it."""
        happened: list[Event] = []
        for laid in self.sequencer.lay_out(event):
            happened += [*self.rung(self.sequencer.key(laid)), laid]
            self.now_ns = laid.ts_ns
        return happened

    def rung(self, limit: Key) -> Iterator[Event]:
        while (timer := self.timers.ring_before(limit)) is not None:
            self.now_ns = timer.ts_ns
            yield timer

    def until(self, ts_ns: int) -> list[Event]:
        """What is due by a time."""
        happened: list[Event] = []
        for bar in self.sequencer.bars_until(ts_ns):
            happened += [*self.rung(self.sequencer.key(bar)), bar]
        return [*happened, *self.rung((ts_ns, LAST, 0, 0))]

    def rest(self) -> list[Event]:
        """What is due when the feed has ended."""
        return self.until(self.sequencer.last_ns)

    def state(self) -> dict[str, Any]:
        return {"sequencer": self.sequencer.state(), "timers": self.timers.state()}

    def restore(self, state: Mapping[str, Any]) -> None:
        self.sequencer.restore(state["sequencer"])
        self.timers.restore(state["timers"])


def sequencer(
    *subscriptions: Subscription,
    offers: Mapping[str, Offer] | None = None,
    timers: Iterable[ScheduleTimer] = (),
    fill_empty: bool = False,
) -> Line:
    made = Line(
        Sequencer(offers=offers or {"AAA": QUOTES, "BBB": QUOTES}, subscriptions=subscriptions, fill_empty=fill_empty),
        Timers(["b", "a"]),
    )
    for one in timers:
        made.schedule(one)
    return made


def play(made: Line, events: Iterable[MarketEvent]) -> list[Event]:
    """Everything in the order in which it happens."""
    return [happened for event in events for happened in made.take(event)]


def told(events: Iterable[Event]) -> list[str]:
    """Each event in a line: `60 bar AAA 1m`, `61 quote AAA`, `70 timer a.tea`."""
    lines = []
    for event in events:
        at = f"{event.ts_ns / SECOND:g}"
        match event:
            case Bar():
                lines.append(f"{at} bar {event.symbol} {event.interval_ns // MINUTE}m")
            case Timer():
                lines.append(f"{at} timer {event.strategy}.{event.name}")
            case Quote() | Trade():
                lines.append(f"{at} {type(event).__name__.lower()} {event.symbol}")
    return lines


# Order.


def test_at_one_time_bars_come_before_timers_and_timers_before_quotes_and_trades() -> None:
    made = sequencer(
        bars("BBB"), bars(), bars(minutes=2), offers={"BBB": BOTH, "AAA": BOTH}, timers=[timer("tea", 120)]
    )
    events: list[MarketEvent] = [
        a_trade(1.0, at=61, symbol="BBB"),
        a_trade(1.0, at=62),
        price(120, 1.0),
        a_trade(1.0, at=120),
    ]
    assert told(play(made, events)) == [
        "61 trade BBB",
        "62 trade AAA",
        "120 bar BBB 1m",
        "120 bar AAA 1m",
        "120 bar AAA 2m",
        "120 timer a.tea",
        "120 quote AAA",
        "120 trade AAA",
    ]


def test_timers_of_one_time_ring_by_the_strategies_places_in_the_config() -> None:
    made = sequencer(timers=[timer("x", 5), timer("y", 5, strategy="b")])
    assert told(play(made, [price(9, 1.0)])) == ["5 timer b.y", "5 timer a.x", "9 quote AAA"]


def test_bars_that_a_feed_brings_come_before_the_longer_ones_built_of_them() -> None:
    made = sequencer(bars(minutes=2), bars("BBB", 2), offers={"AAA": MINUTE_BARS, "BBB": MINUTE_BARS})
    events = [a_bar(1, 1, 1, 1, at=at, symbol=symbol) for at in (60, 120, 180) for symbol in ("AAA", "BBB")]
    assert told(play(made, events)) == [
        "60 bar AAA 1m",
        "60 bar BBB 1m",
        "120 bar AAA 1m",
        "120 bar BBB 1m",
        "120 bar AAA 2m",
        "120 bar BBB 2m",
        "180 bar AAA 1m",
        "180 bar BBB 1m",
    ]


@pytest.mark.parametrize("at", [120, 121, 500])
def test_a_bar_is_complete_before_the_first_event_at_or_past_its_boundary(at: int) -> None:
    made = sequencer(bars())
    events = [price(61, 10.0), price(70, 12.0), price(80, 9.0), price(90, 11.0), price(at, 50.0)]
    assert play(made, events)[4] == Bar("AAA", 120 * SECOND, MINUTE, 10.0, 12.0, 9.0, 11.0, 0.0)


def test_another_symbol_s_event_completes_a_bar_too() -> None:
    made = sequencer(bars())
    assert told(play(made, [price(61, 1.0), price(121, 1.0, symbol="BBB")])) == [
        "61 quote AAA",
        "120 bar AAA 1m",
        "121 quote BBB",
    ]


def test_several_intervals_are_built_at_once_of_the_same_ticks() -> None:
    made = sequencer(bars(minutes=1), bars(minutes=5), bars(minutes=15))
    happened = play(made, [price(at, at / 100) for at in range(1, 901, 30)] + [price(900, 1.0)])
    built = [event for event in happened if isinstance(event, Bar)]

    assert [event.interval_ns // MINUTE for event in built].count(1) == 15
    assert [event.ts_ns // SECOND for event in built if event.interval_ns == 5 * MINUTE] == [300, 600, 900]
    assert built[-1] == Bar("AAA", 900 * SECOND, 15 * MINUTE, 0.01, 8.71, 0.01, 8.71, 0.0)


def test_an_interval_without_ticks_makes_no_bar_unless_asked_for() -> None:
    events = [price(61, 1.0), price(301, 1.0)]
    assert told(play(sequencer(bars()), events)) == ["61 quote AAA", "120 bar AAA 1m", "301 quote AAA"]
    filled = play(sequencer(bars(), fill_empty=True), events)
    assert told(filled)[1:-1] == ["120 bar AAA 1m", "180 bar AAA 1m", "240 bar AAA 1m", "300 bar AAA 1m"]


def test_bars_are_built_of_trades_where_there_are_any() -> None:
    made = sequencer(bars(), offers={"AAA": BOTH})
    events: list[MarketEvent] = [
        price(61, 50.0),
        a_trade(10.0, at=62),
        price(63, 70.0),
        a_trade(11.0, at=64),
        price(130, 1.0),
    ]
    assert [event for event in play(made, events) if isinstance(event, Bar)] == [
        Bar("AAA", 120 * SECOND, MINUTE, 10.0, 11.0, 10.0, 11.0, 200.0)
    ]


def test_bars_of_a_length_that_the_feed_brings_are_not_built() -> None:
    offers = {"AAA": Offer(trades=True, bar_interval_ns=MINUTE), "BBB": QUOTES}
    wanted = [bars(), bars(minutes=5), bars("BBB"), bars("BBB"), Subscription(symbol="AAA", kind=DataKind.TRADES)]
    assert derived_bars(offers, wanted) == [("AAA", 5 * MINUTE), ("BBB", MINUTE)]


@pytest.mark.parametrize(
    ("offer", "matched", "built"),
    [
        (QUOTES, "quotes", "quotes"),
        (TRADES, "trades", "trades"),
        (MINUTE_BARS, "bars", "bars"),
        (BOTH, "quotes", "trades"),
        (Offer(trades=True, bar_interval_ns=MINUTE), "trades", "trades"),
    ],
)
def test_a_symbol_is_matched_on_one_kind_of_data_and_built_of_one(offer: Offer, matched: str, built: str) -> None:
    assert (offer.matched_on, offer.bars_from) == (matched, built)


# Timers.


def test_a_timer_rings_once_or_at_each_interval() -> None:
    made = sequencer(timers=[timer("once", 3), timer("each", 2, every=4)])
    assert told(play(made, [price(1, 1.0), price(11, 1.0)])) == [
        "1 quote AAA",
        "2 timer a.each",
        "3 timer a.once",
        "6 timer a.each",
        "10 timer a.each",
        "11 quote AAA",
    ]


def test_a_timer_of_the_same_name_is_replaced_but_another_strategy_s_is_not() -> None:
    made = sequencer(timers=[timer("tea", 3), timer("tea", 4, strategy="b"), timer("tea", 6)])
    assert told(play(made, [price(9, 1.0)])) == ["4 timer b.tea", "6 timer a.tea", "9 quote AAA"]


def test_a_timer_in_the_past_rings_next_and_time_never_goes_back() -> None:
    made = sequencer()
    play(made, [price(50, 1.0)])
    made.schedule(timer("late", 7))
    assert told(play(made, [price(60, 1.0)])) == ["50 timer a.late", "60 quote AAA"]


def test_a_timer_set_while_another_rings_is_not_earlier_than_that() -> None:
    made = sequencer(timers=[timer("tea", 50)])
    limit = made.sequencer.key(price(100, 1.0))
    rung = made.rung(limit)
    assert next(rung) == Timer("a", 50 * SECOND, "tea")
    made.schedule(timer("late", 7))
    assert list(rung) == [Timer("a", 50 * SECOND, "late")]


def test_it_is_known_when_a_strategy_s_first_timer_rings() -> None:
    made = sequencer(timers=[timer("tea", 50), timer("late", 70), timer("tea", 60, strategy="b")])
    assert (made.timers.next_ns, made.timers.next_of("a"), made.timers.next_of("b")) == tuple(
        at * SECOND for at in (50, 50, 60)
    )
    assert (sequencer().timers.next_ns, sequencer().timers.next_of("a")) == (NEVER, NEVER)


def test_timers_ring_between_bars_and_events() -> None:
    made = sequencer(bars(), timers=[timer("tea", 90, every=60)])
    assert told(play(made, [price(61, 1.0), price(200, 1.0)])) == [
        "61 quote AAA",
        "90 timer a.tea",
        "120 bar AAA 1m",
        "150 timer a.tea",
        "200 quote AAA",
    ]


# The end, the past, and disorder.


def test_at_the_end_of_a_feed_comes_what_is_due_by_its_last_time() -> None:
    made = sequencer(bars(minutes=2), offers={"AAA": MINUTE_BARS}, timers=[timer("tea", 120), timer("late", 121)])
    play(made, [a_bar(1, 1, 1, 1, at=60), a_bar(1, 1, 1, 1, at=120)])
    assert told(made.rest()) == ["120 bar AAA 2m", "120 timer a.tea"]


def test_bars_of_the_past_come_before_timers_of_that_time() -> None:
    made = sequencer(bars(), timers=[timer("tea", 120, strategy="b")])
    made.take(price(61, 1.0))
    assert told(made.sequencer.bars_until(120 * SECOND)) == ["120 bar AAA 1m"]
    assert told(play(made, [price(121, 1.0)])) == ["120 timer b.tea", "121 quote AAA"]


def test_by_a_time_comes_what_is_due_in_its_order_though_no_event_tells_it() -> None:
    made = sequencer(bars(), bars("BBB", 2), timers=[timer("tea", 60), timer("tea", 121, strategy="b")])
    play(made, [price(59, 1.0), price(59, 1.0, symbol="BBB")])
    assert told(made.until(120 * SECOND)) == ["60 bar AAA 1m", "60 timer a.tea", "120 bar BBB 2m"]


def test_a_bar_may_come_late_and_time_does_not_go_back_with_it() -> None:
    made = sequencer(offers={"AAA": MINUTE_BARS, "BBB": QUOTES})
    assert told(play(made, [price(61, 1.0, symbol="BBB"), a_bar(1, 1, 1, 1, at=60)])) == [
        "61 quote BBB",
        "60 bar AAA 1m",
    ]
    with pytest.raises(OutOfOrder):
        made.take(price(60, 1.0, symbol="BBB"))


def test_an_event_that_goes_back_in_time_is_refused() -> None:
    made = sequencer()
    play(made, [price(50, 1.0), price(50, 1.0, symbol="BBB")])
    with pytest.raises(OutOfOrder, match=f"BBB: an event at {49 * SECOND} ns came after one at {50 * SECOND} ns"):
        made.take(price(49, 1.0, symbol="BBB"))


# Restarts.

STORY = [
    event for at in range(1, 400, 13) for event in (a_trade(1.0 + at % 7, at=at), price(at, 2.0 + at % 5, symbol="BBB"))
]
WANTED = (bars(), bars(minutes=2), bars("BBB", 3))


def storied() -> Line:
    return sequencer(
        *WANTED,
        offers={"AAA": TRADES, "BBB": QUOTES},
        timers=[timer("tea", 5, every=50), timer("once", 200), timer("tea", 30, every=70, strategy="b")],
    )


@pytest.mark.parametrize("at", range(0, len(STORY) + 1, 3))
def test_restored_at_any_place_it_goes_on_identically(at: int) -> None:
    whole, first = storied(), storied()
    expected = play(whole, STORY) + whole.rest()
    before = play(first, STORY[:at])
    again = sequencer(*WANTED, offers={"AAA": TRADES, "BBB": QUOTES})
    again.restore(through_msgpack(first.state()))

    assert before + play(again, STORY[at:]) + again.rest() == expected
    assert again.state() == whole.state()


def test_bars_that_are_new_at_a_restart_begin_then() -> None:
    first = sequencer(bars())
    play(first, [price(61, 1.0)])
    again = sequencer(bars(), bars(minutes=5))
    again.restore(through_msgpack(first.state()))
    built = [event for event in play(again, [price(70, 2.0), price(300, 1.0)]) if isinstance(event, Bar)]
    assert [(event.interval_ns, event.open) for event in built] == [(MINUTE, 1.0), (5 * MINUTE, 2.0)]


def test_the_next_hour_of_a_long_bar_is_a_whole_hour() -> None:
    made = sequencer(Subscription(symbol="AAA", kind=DataKind.BARS, interval_ns=HOUR))
    assert iso(play(made, [price(5, 1.0), price(4000, 1.0)])[1].ts_ns) == "1970-01-01T01:00:00Z"
