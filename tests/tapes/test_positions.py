"""Group D of the fault catalogue: what the account has, and whose it is. Every invariant is held at every step of each
tape, books and account equal at its end; what a test asserts comes on top of that."""

import pytest

from tests.tapes.reading import at_venue, breaks, holds, kinds_of_breaks, left, session, stands, told
from tests.tapes.world import play
from tests.venue.records import Status
from trading.commands import WireSubmit
from trading.venue.messages import ReadAccount

MARKET = "0 quote AAA 99 101"
BUYS = (MARKET, "1 a buys 5 AAA")
RESTS = (MARKET, "1 a buys 5 AAA at 100")


# F46 to F48: what there is cannot be explained, or cannot be read.


def test_a_position_that_no_execution_explains_is_nobodys_and_not_traded_as_flat() -> None:
    """F46: it came while nothing lived here, and is older than what is told of executions."""
    world = play(*BUYS, "3 stop 20s", "10 manual buy 7 AAA", "fills#1-99.view=empty", "faults end at 60")
    assert [holds(world, "a"), holds(world, "unallocated")] == [5, 7]
    assert kinds_of_breaks(world) & {"position_difference", "foreign_fill"}


def test_a_venue_that_says_flat_for_minutes_brings_the_books_to_that_and_back_and_asks_no_more_often() -> None:
    """F47: no execution explains it; it is told, and nothing is traded because of it."""
    world = play(BUYS, "account#4-99.view=empty", "faults end at 180")
    assert holds(world, "a") == 5
    assert left(world, WireSubmit) == 1
    assert left(world, ReadAccount) < 60


@pytest.mark.parametrize("read", ["open_orders", "fills", "account"])
@pytest.mark.parametrize("trouble", ["=503", ".view=partial:1", ".reply=lost", ".reply=garbage"])
def test_a_reading_that_failed_or_is_a_part_changes_nothing(read: str, trouble: str) -> None:
    """F48: not one of them is taken for `flat`."""
    story = (*RESTS, "1.5 b buys 3 AAA", "2 cut", f"{read}#3-5{trouble}", "faults end at 40")
    world = play(story)
    assert (stands(world, "a-1"), stands(world, "b-1")) == ("accepted 0 of 5", "filled 3 of 3")
    assert [holds(world, "b"), holds(world, "unallocated")] == [3, 0]


# F49, F54, F55, F60: whose it is.


def test_fills_have_the_same_owners_however_often_everything_begins_anew() -> None:
    """F49, F60: two strategies on one symbol, and lives that end in the middle; from snapshots and without."""
    story = (
        *(MARKET, "1 a buys 5 AAA at 100", "1 b buys 4 AAA at 100", "2 quote AAA 98 100 7", "3 c buys 2 AAA"),
        *(f"crash@commit#{number}" for number in range(8, 60, 9)),
    )
    for kept in ((), ("daemon snapshots=1",), ("daemon snapshots=5",)):
        world = play(story, kept)
        assert world.lives > 4
        filled = {one.ticket.cid: one.filled for one in world.exchange.books.orders}
        assert {cid: session(world).progress.attempts[cid].filled for cid in filled} == filled


def test_orders_of_another_bot_on_the_same_account_are_never_taken_up() -> None:
    """F54, F52: neither while they work nor when they fill."""
    world = play(RESTS, "2 foreign buy 3 AAA at 100", "3 stop", "5 quote AAA 98 99")
    assert [holds(world, "a"), holds(world, "unallocated")] == [5, 3]
    assert not [one for one in breaks(world) if one.kind == "recovered_order"]


def test_what_one_strategy_sells_is_its_own_though_others_hold_the_same() -> None:
    """F55: three on one symbol; c has none, and may not sell what is the others'."""
    world = play(MARKET, "1 a buys 5 AAA", "2 b buys 4 AAA", "3 a sells 5 AAA", "4 c sells 4 AAA", "5 b sells 1 AAA")
    assert [holds(world, one) for one in "abc"] == [0, 3, 0]
    assert told(world, "c-1")[0].startswith("rejected")


# F50 is with the fills. F51 to F53: the venue and people trade on the account.


def test_a_position_that_the_venue_closes_by_itself_is_seen() -> None:
    """F51: the order that closed it is nobody's here; the account's sum is right."""
    world = play(BUYS, "3 liquidate AAA", "4 cut")
    assert sum(holds(world, one) for one in (*"abc", "unallocated")) == 0


@pytest.mark.parametrize("pushed", ["", "fill_push#2-9=drop"])
@pytest.mark.parametrize("units", [3, 5, 8])
def test_what_somebody_trades_by_hand_is_nobodys_also_through_zero(units: int, pushed: str) -> None:
    """F52: the strategy's own position stays what it has traded."""
    world = play(BUYS, f"3 manual sell {units} AAA", "line no_numbers", filter(None, [pushed]))
    assert [holds(world, "a"), holds(world, "unallocated")] == [5, -units]


def test_to_close_what_is_closed_already_is_refused_and_not_tried_for_ever() -> None:
    """F53, F58: somebody sold the units by hand just before; the venue has nothing to reduce."""
    world = play(BUYS, "3 manual sell 5 AAA", *(f"{second} a sells 5 AAA to reduce" for second in (3, 4, 5, 6)))
    assert left(world, WireSubmit) <= 5
    assert world.exchange.books.positions["AAA"] == 0


def test_an_order_that_may_only_reduce_does_not_open_a_position_when_there_is_less() -> None:
    """F58: between decision and arrival another has sold a part."""
    world = play(BUYS, "3 a sells 5 AAA to reduce", "2.999 manual sell 3 AAA", "line latency=200ms")
    assert world.exchange.books.positions["AAA"] >= 0


# F56: what works is not listed.


@pytest.mark.parametrize("number", [3, 4])
def test_an_order_that_a_list_leaves_out_after_a_restart_is_asked_for_and_works_on(number: int) -> None:
    """F56."""
    world = play(RESTS, "4 stop", f"open_orders#{number}.view=empty")
    assert stands(world, "a-1") == "accepted 0 of 5"
    assert at_venue(world, "a-1")[0].status is Status.OPEN


def test_an_order_of_which_only_its_intent_was_written_is_taken_up_again() -> None:
    """F07, F56: it has left before its step was over, and that step never was."""
    world = play(RESTS, "crash@leak#1")
    (there,) = world.exchange.books.orders
    assert there.status is Status.OPEN
    assert world.happened["adopted"] == 1
    assert session(world).progress.attempts[there.ticket.cid].terms.strategy == "a"
