"""The venue's dead-man switch: what works at a venue that nobody looks after any more, and what does not fire it."""

from itertools import pairwise

import pytest

from tests.tapes.reading import session, stands, told
from tests.tapes.stories import CANONICAL
from tests.tapes.world import World, play
from tests.venue.records import Status
from trading.account.breaks import BreakKind
from trading.commands import WireSubmit
from trading.venue.messages import HoldOrders

RESTS = ("0 quote AAA 99 101", "1 a buys 5 AAA at 98", "daemon dead_man=30s")


def ended_by_it(world: World) -> int:
    """How many orders the switch has cancelled."""
    return sum(order.code == "dead_man" for order in world.exchange.books.orders)


def kinds_of_breaks(world: World) -> list[BreakKind]:
    return [one.kind for one in session(world).agreement.reconciliation.breaks]


def test_while_the_daemon_lives_it_never_fires_and_is_set_three_times_in_its_time() -> None:
    world = play(RESTS, "faults end at 90")
    assert stands(world, "a-1") == "accepted 0 of 5"
    held = [at_ns for at_ns, request in world.requests if isinstance(request.what, HoldOrders)]
    pauses = {(later - sooner) // 1_000_000 for sooner, later in pairwise(held)}
    assert len(held) >= 9
    assert max(pauses) <= 10_001


def test_nothing_is_asked_of_it_where_nobody_wants_it() -> None:
    world = play(RESTS[:2], "5 stop 60s", "faults end at 60")
    assert not [request for _, request in world.requests if isinstance(request.what, HoldOrders)]
    assert stands(world, "a-1") == "accepted 0 of 5"


def test_a_process_that_is_gone_for_long_has_nothing_at_the_venue_and_the_next_one_knows() -> None:
    world = play(RESTS, "5 stop 60s")
    (order,) = world.exchange.books.orders
    assert (order.status, order.code) == (Status.CANCELLED, "dead_man")
    assert told(world, "a-1")[-1] == "cancelled dead_man"


def test_a_process_that_is_back_in_time_finds_its_orders() -> None:
    world = play(RESTS, "5 stop 20s", "faults end at 60")
    assert stands(world, "a-1") == "accepted 0 of 5"
    assert ended_by_it(world) == 0


def test_it_cancels_the_orders_of_others_too() -> None:
    world = play(RESTS, "2 foreign buy 3 AAA at 90", "5 stop 60s")
    assert ended_by_it(world) == 2


@pytest.mark.parametrize("fails", ["hold#2-20=503", "hold#2-6.request=lost", "hold#2-15=429:1s"])
def test_where_it_cannot_be_set_again_nothing_is_opened_and_it_is_said(fails: str) -> None:
    """It fires in the end; once it can be set again, trading goes on."""
    world = play(RESTS, fails, "25 a hastily buys 1 AAA", "80 a buys 2 AAA", "faults end at 90")
    assert ended_by_it(world) == 1
    assert told(world, "a-2") == ["rejected not_ready"]
    assert stands(world, "a-3") == "filled 2 of 2"
    (found,) = session(world).agreement.reconciliation.breaks
    assert (found.kind, found.subject, found.state, found.done) == ("dead_man", "plain", "resolved", "it is set again")


@pytest.mark.parametrize("fault", ["hold#2.reply=lost", "hold#2.request=lost", "hold#2=503", "hold#2=refused"])
def test_one_failure_costs_nothing(fault: str) -> None:
    world = play(RESTS, fault, "20 a buys 2 AAA", "faults end at 60")
    assert (stands(world, "a-1"), stands(world, "a-2")) == ("accepted 0 of 5", "filled 2 of 2")
    assert (ended_by_it(world), kinds_of_breaks(world)) == (0, [])


def test_nothing_is_opened_before_it_is_set_for_the_first_time() -> None:
    """I48 holds at every send; here the first three settings come to nothing."""
    world = play(RESTS, "hold#1-3=503")
    opened = next(at_ns for at_ns, request in world.requests if isinstance(request.what, WireSubmit))
    held = [at_ns for at_ns, request in world.requests if isinstance(request.what, HoldOrders)]
    assert held[3] < opened


def test_limits_that_orders_have_used_up_leave_room_for_it() -> None:
    orders = tuple(f"{4 + number} a buys 1 AAA at 98" for number in range(40))
    world = play(RESTS, orders, "profile budget=20/10s", "faults end at 90")
    assert ended_by_it(world) == 0


@pytest.mark.parametrize("number", range(1, 13))
def test_a_process_that_dies_anywhere_sets_it_again_when_it_is_back(number: int) -> None:
    world = play(CANONICAL, "daemon dead_man=30s", f"crash@send#{number}:3s")
    assert ended_by_it(world) == 0
    assert world.exchange.books.deadline_ns
