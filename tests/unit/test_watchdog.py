"""The watchdog: whose call takes too long, while it does and afterwards."""

import pytest

from daemon.hosts.task import TaskHost
from daemon.hosts.watchdog import Stall, Watchdog
from tests.builders import price, report, started, strategy, terms
from tests.simulation.clock import SimulatedClock
from trading.market_data import Quote
from trading.reports import ReportKind
from trading.strategy import Strategy
from trading.timestamps import SECOND


def watchdog() -> tuple[Watchdog, SimulatedClock]:
    """One that allows five seconds."""
    clock = SimulatedClock()
    return Watchdog(clock, stall_seconds=5), clock


@pytest.mark.parametrize(("seconds", "stalls"), [(5, []), (6, [Stall("a", 6.0)])])
def test_a_call_that_came_back_late_is_known_until_it_is_asked_for(seconds: int, stalls: list[Stall]) -> None:
    dog, clock = watchdog()
    dog.begin("a")
    clock.hold_up(seconds * SECOND)
    dog.end()
    assert [dog.take_stalls(), dog.take_stalls()] == [stalls, []]


def test_a_call_that_is_over_its_time_is_seen_while_it_lasts_and_not_after() -> None:
    dog, clock = watchdog()
    seen = [dog.look()]
    dog.begin("a")
    for seconds in (5, 1):
        clock.hold_up(seconds * SECOND)
        seen.append(dog.look())
    dog.end()
    seen.append(dog.look())
    assert [call and call.strategy for call in seen] == [None, None, "a", None]


def test_each_call_has_its_own_time() -> None:
    dog, clock = watchdog()
    for strategy_id in ("a", "b"):
        dog.begin(strategy_id)
        clock.hold_up(4 * SECOND)
        dog.end()
    assert dog.take_stalls() == []


def test_a_call_is_over_also_where_it_raises() -> None:
    dog, clock = watchdog()

    def fail_late() -> None:
        clock.hold_up(6 * SECOND)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), dog.watching("a"):
        fail_late()
    assert (dog.look(), dog.take_stalls()) == (None, [Stall("a", 6.0)])


def test_a_task_host_hears_under_its_eyes() -> None:
    dog, clock = watchdog()

    def on_quote(_: Strategy, quote: Quote) -> None:
        clock.hold_up(int(quote.bid) * SECOND)

    container, _ = started(strategy(on_quote=on_quote))
    host = TaskHost(container, dog)
    for at, seconds in enumerate((1.0, 7.0, 2.0), 1):
        host.hear([], price(at, seconds))
    assert (dog.look(), dog.take_stalls()) == (None, [Stall("a", 7.0)])


def test_a_defect_of_ours_leaves_no_call_behind() -> None:
    dog, clock = watchdog()
    container, _ = started(strategy())
    unnumbered = report(terms(), ReportKind.ACCEPTED)
    with pytest.raises(AssertionError, match="a: 0 after 0"):
        TaskHost(container, dog).hear([unnumbered], None)
    clock.hold_up(60 * SECOND)
    assert dog.look() is None
