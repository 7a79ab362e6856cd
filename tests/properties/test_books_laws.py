"""Whatever happens to an account, its books are exact: each keeps the law, together they are the account, containers
have the same, and every figure is that of an oracle in rationals.

`BULKHEAD_HYPOTHESIS=thousands` tells a story of a million events; that takes some minutes.
"""

import os
from collections.abc import Sequence
from typing import Any, TypeVar, get_args

from hypothesis import given
from hypothesis import strategies as st

from tests.books.drawing import Seeded, draw
from tests.books.events import VENTURES, Bust, Event, SplitUnits
from tests.books.story import Story, Tally, tell_all
from trading.statistics.round_trips import RoundTrips

T = TypeVar("T")

LONG = 1_000_000 if os.environ.get("BULKHEAD_HYPOTHESIS") == "thousands" else 16_000


class Drawn:
    """Chance from Hypothesis."""

    def __init__(self, draw_from: st.DrawFn) -> None:
        self._draw = draw_from

    def integer(self, least: int, most: int) -> int:
        return self._draw(st.integers(least, most))

    def choice(self, of: Sequence[T]) -> T:
        return self._draw(st.sampled_from(of))


@st.composite
def events(draw_from: st.DrawFn) -> Event:
    return draw(Drawn(draw_from))


@given(st.lists(events(), max_size=30))
def test_every_book_is_exact_after_every_event_of_a_short_story(history: list[Event]) -> None:
    tell_all(Story(), history)


class StoryOfLots(Story):
    """Keeps the containers' round trips beside their books."""

    def __init__(self) -> None:
        super().__init__(every=100, closely=False)
        self.round_trips = RoundTrips()

    def hear_fill(self, owner: str, fill: Any) -> None:
        super().hear_fill(owner, fill)
        self.round_trips.book(fill, self.instruments[fill.symbol])

    def hear_posting(self, owner: str, posting: Any) -> None:
        super().hear_posting(owner, posting)
        if posting.symbol:
            self.round_trips.post(posting, self.instruments[posting.symbol])

    def compare_lots(self) -> None:
        for owner in ("a", "b", "c"):
            for symbol in VENTURES:
                lots = [lot.side.signed(lot.quantity) for lot in self.round_trips.lots(owner, symbol)]
                holding = self.oracle.books[owner].holdings.get(symbol)
                assert lots == [units for units, _ in holding.lots] if holding else not lots, f"{owner}: {symbol}"


def test_open_lots_are_the_oracle_s_where_nothing_is_split_or_annulled() -> None:
    story, source = StoryOfLots(), Seeded(13)
    while story.events < 3_000:
        event = draw(source)
        if not isinstance(event, SplitUnits | Bust):
            story.tell(event)
            story.compare_lots()


def told(seed: int, count: int, *, closely: bool) -> Tally:
    """A story from a seed, of so many events that could be booked."""
    story, source = Story(every=100, closely=closely), Seeded(seed)
    while story.events < count:
        event = draw(source)
        try:
            story.tell(event)
        except AssertionError as error:
            error.add_note(f"after {story.events} events of seed {seed}: {event}")
            raise
    tell_all(story, [])
    return story.tally


def test_digests_and_sums_agree_after_every_event_of_a_long_one() -> None:
    assert told(11, 4_000, closely=True).postings > 3_000


def test_what_is_touched_is_exact_after_every_event_of_a_very_long_one() -> None:
    tally = told(12, LONG, closely=False)
    print(tally)
    assert tally.comparisons > 30 * LONG
    assert set(tally.kinds) == {kind.__name__ for kind in get_args(Event)}
    assert min(tally.kinds.values()) >= 20, "nothing is left out"
