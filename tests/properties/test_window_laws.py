"""Parts of a window: they lie in it, in order, with the embargo between, and nothing of one is in the other."""

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from daemon.assembly import make_feed
from daemon.research.windows import Window, split
from daemon.results.result import Result, canonical
from tests.backtest_builders import asked, backtested, closes, config, minutes, strategy
from trading.market_data import MarketEvent

TIMES = st.integers(0, 2**62)
PLAYED = strategy(
    "a", "strategies.sma_cross:SmaCross", "20000", "warmup: 4", symbol="AAA", fast=2, slow=4, quantity="9"
)


@given(begin=TIMES, length=st.integers(1, 2**61), train=st.floats(0.001, 0.999), embargo=st.integers(0, 2**61))
def test_parts_are_apart_by_the_embargo(begin: int, length: int, train: float, embargo: int) -> None:
    window = Window(begin, begin + length)
    try:
        parts = split(window, train, embargo)
    except ValueError:
        ends_ns = begin + length * train
        assert ends_ns < begin + 2 or ends_ns + embargo >= begin + length - length * 1e-9 - 1
        return
    assert window.start_ns == parts.train.start_ns < parts.train.end_ns
    assert parts.train.end_ns + embargo == parts.test.start_ns < parts.test.end_ns == window.end_ns
    assert abs((parts.train.end_ns - begin) - length * train) <= 1 + length * 1e-9


def test_a_share_of_whole_days_ends_at_a_whole_hour() -> None:
    """0.7 of five days is three and a half, whatever floats make of it."""
    day = 86_400 * 10**9
    assert split(Window(0, 5 * day), 0.7).train.end_ns == 3.5 * day
    assert split(Window(0, 3 * day), 0.1).train.end_ns * 10 == 3 * day


prices = st.lists(st.integers(50, 150), min_size=24, max_size=40)


@settings(max_examples=20)
@given(prices=prices, train=st.sampled_from([0.3, 0.5, 0.7]), embargo=st.integers(0, 3))
def test_no_event_is_in_both_parts(prices: list[int], train: float, embargo: int) -> None:
    with TemporaryDirectory() as folder:
        closes(Path(folder), *prices)
        whole = {"start_ns": minutes(0), "end_ns": minutes(len(prices))}
        text = config(PLAYED.replace(", warmup: 4", ""), split=f"{{train: {train}, embargo: {embargo}m}}")
        if not embargo:
            text = text.replace(", embargo: 0m", "")
        first, second, all_of_it = (
            [*make_feed(asked(Path(folder), text, part=part, **whole)).events()] for part in ("train", "test", "")
        )
    assert _times(first) == sorted(_times(first))
    assert first == all_of_it[: len(first)]
    assert second == all_of_it[len(all_of_it) - len(second) :]
    assert len(first) + len(second) <= len(all_of_it) <= len(first) + len(second) + embargo + 1
    assert first[-1].ts_ns + embargo * 60 * 10**9 < second[0].ts_ns


@settings(max_examples=10)
@given(prices=prices, other=prices)
def test_what_comes_later_changes_nothing_before_it(prices: list[int], other: list[int]) -> None:
    """The train part comes to the same whatever the rows after it are."""
    assume(prices[12:] != other[12:])
    half = minutes(12)

    def part(later: list[int]) -> Result:
        with TemporaryDirectory() as folder:
            closes(Path(folder), *prices[:12], *later[12:24])
            text = config(PLAYED, split="{train: 0.5}")
            wishes = {"start_ns": minutes(4), "end_ns": 2 * half - minutes(4)}
            return backtested(asked(Path(folder), text, part="train", **wishes))

    assert canonical(part(prices)) == canonical(part(other))


def _times(events: list[MarketEvent]) -> list[int]:
    return [event.ts_ns for event in events]
