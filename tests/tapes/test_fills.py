"""Group B of the fault catalogue: what is executed is told twice, late, in another order, in part, or not at all. Every
invariant is held at every step of each tape, so that each execution counts once; what a test asserts comes on top."""

from decimal import Decimal

import pytest

from tests.tapes.reading import at_venue, holds, kinds_of_breaks, reports, session, stands, told
from tests.tapes.world import play
from trading.reports import ReportKind
from trading.timestamps import SECOND

MARKET = "0 quote AAA 99 101"
BUYS = (MARKET, "1 a buys 5 AAA")
RESTS = (MARKET, "1 a buys 5 AAA at 100")
IN_PARTS = (*RESTS, "2 quote AAA 98 100 2", "3 quote AAA 98 100 2", "4 quote AAA 98 100 1")


# F16, F17, F26 to F28: words of one order in any order.


@pytest.mark.parametrize(
    "disorder",
    [
        "order_push#1=swap",
        "order_push#1=delay:3s",
        "order_push#1-2=delay:3s",
        "place#1.reply=delay:3s",
        "place#1.reply=last",
        "fill_push#1=swap",
        "fill_push#1=delay:3s",
    ],
)
def test_a_fill_may_come_before_its_order_is_known_to_be_there(disorder: str) -> None:
    """F16, F28."""
    world = play(BUYS, disorder, "line no_numbers")
    assert stands(world, "a-1") == "filled 5 of 5"
    assert [one for one in told(world, "a-1") if one.startswith("filled")] == ["filled 5"]


def test_a_fill_of_a_venues_id_that_is_not_known_is_booked_by_ours() -> None:
    """F17: neither answer nor order came by then."""
    world = play(BUYS, "place#1.reply=lost", "order_push#1-2=drop", "line no_numbers")
    assert told(world, "a-1") == ["filled 5"]


def test_what_is_older_than_the_end_changes_nothing() -> None:
    """F26: that it is open comes after that it has filled."""
    world = play(BUYS, "order_push#1=delay:9s", "line no_numbers")
    assert stands(world, "a-1") == "filled 5 of 5"


def test_trade_ids_that_do_not_grow_over_symbols_skip_no_fill() -> None:
    """F27."""
    world = play(
        *(MARKET, "0 quote BBB 49 51", "1 a buys 1 AAA", "2 a buys 2 AAA", "3 a buys 3 BBB"),
        *("4 a buys 4 AAA", "fill_push#3=drop", "line no_numbers"),
    )
    assert [holds(world, "a", "AAA"), holds(world, "a", "BBB")] == [7, 3]


# F18 to F20: the stream says nothing, and is there or is not.


def test_what_fills_while_the_line_is_down_is_booked_when_it_is_up() -> None:
    """F18: in the middle of a burst of fills."""
    world = play(IN_PARTS, "2.5 restart 2s")
    assert stands(world, "a-1") == "filled 5 of 5"


def test_one_fill_that_is_lost_on_a_healthy_stream_is_booked_within_half_a_minute() -> None:
    """F19: nothing else tells of it, as frames have no numbers here; I10 watches the time."""
    world = play(IN_PARTS, "fill_push#2=drop", "order_push#3=drop", "line no_numbers", "faults end at 60")
    assert stands(world, "a-1") == "filled 5 of 5"


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_stream_that_hangs_with_its_connection_open_delays_a_fill_and_loses_none(number: int) -> None:
    """F20: for a whole minute it says nothing more."""
    world = play(IN_PARTS, f"order_push#{number}=freeze:60s", "faults end at 60")
    assert stands(world, "a-1") == "filled 5 of 5"


# F21, F22, F24, F25: the same fill again.


def test_a_process_that_dies_while_it_books_books_once() -> None:
    """F21: at every record and commit."""
    sites = play(IN_PARTS).sites
    for site in ("record", "commit"):
        for number in range(1, sites[site] + 1):
            world = play(IN_PARTS, f"crash@{site}#{number}", "daemon snapshots=4")
            assert holds(world, "a") == world.exchange.books.positions["AAA"]


def test_a_fill_that_is_pushed_twice_counts_once() -> None:
    """F22."""
    world = play(IN_PARTS, "fill_push#1-3=twice")
    assert stands(world, "a-1") == "filled 5 of 5"


def test_one_trade_id_that_is_two_executions_counts_twice() -> None:
    """F22: somebody has sold short by hand, and our order takes the account through zero."""
    world = play(MARKET, "1 manual sell 3 AAA", "2 a buys 5 AAA", "venue flips_in_two")
    legs = [fill.leg for fill in world.exchange.books.fills if fill.cid]
    assert legs == ["close", "open"]
    assert [one for one in told(world, "a-1") if one.startswith("filled")] == ["filled 3", "filled 2"]


@pytest.mark.parametrize("trouble", ["order_push#4=replay", "order_push#4=cut", "fill_push#3=replay"])
def test_a_whole_day_that_is_told_again_changes_nothing(trouble: str) -> None:
    """F24."""
    world = play(IN_PARTS, trouble, "stream#2=replay")
    assert stands(world, "a-1") == "filled 5 of 5"


def test_a_fill_that_a_listing_tells_first_counts_once_when_it_is_pushed() -> None:
    """F25."""
    world = play(BUYS, "fill_push#1=delay:20s", "line no_numbers", "faults end at 40")
    assert [one for one in told(world, "a-1") if one.startswith("filled")] == ["filled 5"]


# F23, F29, F30: only sums.


def test_what_is_told_as_a_sum_gives_way_to_its_executions() -> None:
    """F23, F30: no list has the executions for a while, and none is pushed."""
    world = play(IN_PARTS, "line no_fills", "fills#1-40.view=empty", "faults end at 40")
    assert world.happened["sum inferred"] >= 1
    assert world.happened["sum given way"] == world.happened["sum inferred"]
    assert stands(world, "a-1") == "filled 5 of 5"


def test_a_sum_and_a_fill_that_is_still_in_flight_are_not_both_counted() -> None:
    """F23."""
    world = play(BUYS, "fill_push#1=delay:20s", "fills#1-9.view=empty", "line no_numbers", "faults end at 40")
    assert world.happened["sum given way"] == 1
    assert holds(world, "a") == 5


def test_a_list_of_orders_that_is_behind_takes_nothing_back() -> None:
    """F29: it says that nothing has filled, when a part has."""
    world = play(*IN_PARTS[:3], "9 cut", "open_orders#3.view=stale:1", "open_orders#4.view=stale:2")
    assert stands(world, "a-1") == "partial 2 of 5"


# F31, F32: what cannot be read, and what is nothing.


@pytest.mark.parametrize("kind", ["unknown_status", "unknown_side", "unknown_type", "unknown_fields", "garbage"])
@pytest.mark.parametrize("push", ["order_push", "fill_push"])
def test_words_that_are_not_known_stop_nothing_and_lose_nothing(push: str, kind: str) -> None:
    """F31."""
    world = play(IN_PARTS, f"{push}#1-2={kind}")
    assert stands(world, "a-1") == "filled 5 of 5"


def test_a_status_that_is_not_known_puts_the_order_in_doubt_until_it_is_asked_for() -> None:
    """F31."""
    world = play(RESTS, "order_push#1=unknown_status")
    assert told(world, "a-1") == ["accepted", "unknown unreadable", "accepted"]


def test_a_fill_of_nothing_is_nothing() -> None:
    """F32: also while a cancel is under way."""
    world = play(*RESTS, "2 quote AAA 98 100 2", "2.5 a cancels 1", "fill_push#1=zero_fill", "order_push#3=zero_fill")
    assert stands(world, "a-1") == "cancelled 2 of 5"


# F33: what the venue takes back.


def test_a_fill_that_is_annulled_is_taken_back_and_its_order_is_over_as_the_venue_says() -> None:
    """F33."""
    world = play(BUYS, "2 b buys 3 AAA", "place#1.then=bust")
    assert stands(world, "a-1") == "cancelled 0 of 5"
    assert [holds(world, "a"), holds(world, "b")] == [0, 3]


def test_a_fill_that_is_annulled_before_it_is_heard_of_never_counts() -> None:
    """F33: void of ten, then of what is there."""
    world = play(IN_PARTS, "fill_push#1=delay:4s", "place#2.then=bust", "2.5 b buys 1 BBB at 50", "line no_numbers")
    assert holds(world, "a") == sum(one.quantity for one in world.exchange.books.fills if not one.busted)


def test_a_bust_that_nobody_was_told_of_shows_in_the_account_and_is_nobodys() -> None:
    """F33: the stream is dead when it happens; the book keeps the fill, and `unallocated` has the opposite."""
    world = play(*BUYS, "place#1.then=bust", "bust_push#1=drop", "order_push#3=drop", "line no_numbers")
    assert holds(world, "a") + holds(world, "unallocated") == 0
    assert world.exchange.books.positions["AAA"] == 0


# F34, F35: what the strategy sees, and what a change may swallow.


def test_a_strategy_that_hears_of_a_fill_has_it_in_its_books() -> None:
    """F34: I13, at every delivery; here that there were some."""
    world = play(IN_PARTS)
    fills = [one.fill.quantity for one in reports(world, "a-1") if one.kind is ReportKind.FILLED and one.fill]
    assert fills == [Decimal(2), Decimal(2), Decimal(1)]
    assert world.traders["a"].held == {"AAA": Decimal(5)}


@pytest.mark.parametrize("trouble", ["amend#1.race=fill:2", "amend#1.race=fill:5", "amend#1.race=fill_after:3"])
@pytest.mark.parametrize("lost", ["order_push#2-3=drop", "fill_push#1=drop", "amend#1.reply=lost"])
def test_a_fill_while_an_amendment_is_under_way_is_not_swallowed_by_it(trouble: str, lost: str) -> None:
    """F35."""
    world = play(RESTS, "2 a amends 1 to 8", trouble, lost, "line no_numbers")
    (order,) = at_venue(world, "a-1")
    assert holds(world, "a") == order.filled
    assert session(world).changes.under_way() == []


# F61 and F50 are of stops, whose children have ids of their own.


@pytest.mark.parametrize("lost", ["", "order_push#4=drop", "fill_push#2=drop", "order_push#4-9=drop"])
def test_a_stop_that_wakes_under_another_id_is_still_the_strategys_own(lost: str) -> None:
    """F50, F61."""
    story = (*BUYS, "2 a sells 5 AAA under 95", "5 quote AAA 90 91")
    world = play(story, "venue renames_triggered", "line no_numbers", filter(None, [lost]))
    assert stands(world, "a-2") == "filled 5 of 5"
    assert holds(world, "a") == 0
    ids = {one.venue_id for one in world.exchange.books.fills if one.side == "sell"}
    assert ids.isdisjoint({"v1", "v2"})
    assert not kinds_of_breaks(world) & {"foreign_fill", "position_difference"}
    assert world.now_ns > SECOND
