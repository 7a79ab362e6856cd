"""What a container that runs free is yet to be told: all of it, in order, but for older quotes where it lags."""

from collections.abc import Callable, Iterable
from itertools import count

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from daemon.hosts.outbox import MOST_IN_FRAME, Outbox
from daemon.hosts.wire import encoded
from tests.builders import report, terms
from tests.market_builders import a_bar, a_quote, a_trade
from trading.market_data import Event, Quote, Timer
from trading.reports import ReportKind

EVENT = msgspec.msgpack.Decoder(Event)

MAKERS: list[Callable[[int], Event]] = [
    lambda at: a_quote(1, 2, at=at),
    lambda at: a_quote(1, 2, at=at, symbol="BBB"),
    lambda at: a_trade(1, at=at),
    lambda at: a_bar(1, 1, 1, 1, at=at),
    lambda at: Timer("a", at * 1_000_000_000, "t"),
]

puts = st.tuples(st.just("put"), st.sampled_from(MAKERS), st.booleans())
happenings = st.lists(
    st.one_of(
        puts,
        puts,
        puts,
        st.tuples(st.just("reports"), st.integers(1, 3)),
        st.just(("mark",)),
        st.just(("conflate",)),
        st.tuples(st.just("take"), st.integers(0, 80)),
    ),
    max_size=150,
)


class Told:
    """What was put in, and what came out, each as text in its order."""

    def __init__(self) -> None:
        self.outbox = Outbox()
        self.put: list[str] = []
        self.came: list[str] = []
        self.events: dict[int, Event] = {}
        self._numbers = count(1)

    def event(self, make: Callable[[int], Event], *, conflate: bool) -> None:
        number = next(self._numbers)
        event = self.events[number] = make(number)
        self.put.append(f"event {number}")
        self.outbox.put(number, event, encoded(event), conflate=conflate)

    def reports(self, many: int) -> None:
        numbers = [next(self._numbers) for _ in range(many)]
        self.put += [f"report {number}" for number in numbers]
        accepted = report(terms(), ReportKind.ACCEPTED)
        self.outbox.put_reports([msgspec.structs.replace(accepted, number=number) for number in numbers])

    def mark(self) -> None:
        number = next(self._numbers)
        self.put.append(f"mark {number}")
        self.outbox.put_mark(lambda: self.came.append(f"mark {number}"))

    def take(self, most: int) -> int:
        """Take; the most that was taken in one frame."""
        longest = 0
        for reports, events in self.outbox.take(most):
            assert reports or events
            longest = max(longest, len(events))
            self.came += [f"report {one.number}" for one in reports]
            self.came += [f"event {EVENT.decode(one).ts_ns // 1_000_000_000}" for one in events]
        return longest

    def happen(self, story: Iterable[tuple[object, ...]]) -> None:
        for kind, *how in story:
            if kind == "put":
                self.event(how[0], conflate=bool(how[1]))  # type: ignore[arg-type]
            elif kind == "conflate":
                self.outbox.conflate()
            else:
                getattr(self, str(kind))(*how)


@given(happenings)
def test_everything_comes_once_and_in_order_but_for_quotes_that_were_conflated(story: list[tuple[object, ...]]) -> None:
    told = Told()
    told.happen(story)
    assert told.outbox.waiting <= len(told.put) - len(told.came)
    assert told.take(10_000) <= MOST_IN_FRAME
    left_out = {f"event {number}" for number in told.outbox.left_out}
    assert told.came == [one for one in told.put if one not in left_out]
    assert (told.outbox.waiting, told.outbox.is_empty, told.outbox.has_marks) == (0, True, False)


@given(happenings)
def test_only_a_quote_is_left_out_and_only_for_a_newer_one_of_its_symbol(story: list[tuple[object, ...]]) -> None:
    told = Told()
    told.happen(story)
    may = [one for one in story if one[0] == "conflate" or (one[0] == "put" and one[2])]
    for number in told.outbox.left_out:
        older = told.events[number]
        assert isinstance(older, Quote)
        newer = [
            at
            for at, one in told.events.items()
            if at > number and isinstance(one, Quote) and one.symbol == older.symbol
        ]
        assert newer
    assert may or not told.outbox.left_out


def test_who_lags_hears_the_newest_quote_of_each_symbol_at_its_place() -> None:
    told = Told()
    a_of, b_of, trade, *_ = MAKERS
    for make in (a_of, b_of, trade, a_of, a_of, trade, b_of):
        told.event(make, conflate=True)
    assert told.outbox.waiting == 4
    told.take(100)
    assert told.came == ["event 3", "event 5", "event 6", "event 7"]
    assert told.outbox.left_out == [1, 4, 2]


def test_who_begins_to_lag_need_not_hear_what_gathered_until_then() -> None:
    told = Told()
    a_of, b_of, trade, *_ = MAKERS
    for make in (a_of, b_of, trade, a_of, trade, a_of):
        told.event(make, conflate=False)
    told.outbox.conflate()
    assert (told.outbox.waiting, told.outbox.left_out) == (4, [1, 4])
    told.take(100)
    assert told.came == ["event 2", "event 3", "event 5", "event 6"]


def test_one_who_begins_to_lag_hears_no_older_quotes_that_wait_either() -> None:
    told = Told()
    a_of, b_of, trade, *_ = MAKERS
    for make in (a_of, b_of, a_of, trade, a_of):
        told.event(make, conflate=False)
    told.outbox.conflate()
    told.take(100)
    assert told.came == ["event 2", "event 4", "event 5"]
    assert told.outbox.left_out == [1, 3]


def test_a_quote_that_was_sent_is_not_left_out_any_more() -> None:
    told = Told()
    told.event(MAKERS[0], conflate=True)
    told.take(1)
    told.event(MAKERS[0], conflate=True)
    told.take(1)
    assert (told.came, told.outbox.left_out) == (["event 1", "event 2"], [])


def test_no_more_is_taken_than_was_asked_for_but_a_mark_that_is_next_is_called() -> None:
    told = Told()
    told.event(MAKERS[2], conflate=False)
    told.mark()
    told.event(MAKERS[2], conflate=False)
    told.take(0)
    assert told.came == []
    told.take(1)
    assert told.came == ["event 1", "mark 2"]
    assert told.outbox.waiting == 1


def test_nobody_is_told_any_more_once_it_is_cleared() -> None:
    told = Told()
    told.happen([("put", MAKERS[0], False), ("reports", 2), ("mark",)])
    told.outbox.clear()
    told.event(MAKERS[0], conflate=True)
    told.take(10)
    assert (told.came, told.outbox.left_out) == (["event 5"], [])
