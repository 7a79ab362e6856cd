"""Group A of the fault catalogue: an order goes out, and nobody says what became of it. Each invariant is held at every
step of each tape; what a test asserts comes on top of that."""

import pytest

from tests.tapes.reading import at_venue, breaks, holds, kinds_of_breaks, left, session, stands, told
from tests.tapes.world import play
from tests.venue.records import Status
from trading.commands import WireCancel, WireSubmit
from trading.timestamps import SECOND

MARKET = "0 quote AAA 99 101"
BUYS = (MARKET, "1 a buys 5 AAA")
RESTS = (MARKET, "1 a buys 5 AAA at 100")


# F01, F13: the answer takes long, and the strategy goes on wanting.


@pytest.mark.parametrize("trouble", ["place#1.reply=delay:30s", "line latency=2400ms"])
def test_a_strategy_that_ticks_while_its_order_is_not_answered_gets_one_order(trouble: str) -> None:
    """F01, F13."""
    world = play(MARKET, *(f"{second} a wants 5 AAA" for second in range(1, 9)), trouble)
    assert left(world, WireSubmit) == 1
    assert holds(world, "a") == 5


# F02: somewhere below us a request is sent again.


def test_a_request_that_arrives_twice_is_one_order_where_ids_count_once() -> None:
    """F02."""
    world = play(BUYS, "place#1.request=twice", "venue unique_ids=account")
    assert len(at_venue(world, "a-1")) == 1
    assert stands(world, "a-1") == "filled 5 of 5"


def test_a_request_that_arrives_twice_is_two_orders_where_an_id_is_free_again_and_both_are_booked_and_told() -> None:
    """F02: the profile says so, and nothing of ours ever sends twice; what a line doubles is seen all the same."""
    world = play(BUYS, "place#1.request=twice")
    assert len(at_venue(world, "a-1")) == 2
    assert holds(world, "a") == 10
    assert "overfilled_order" in kinds_of_breaks(world)


# F03 to F05: it was taken, or it was not, and nothing was heard.


@pytest.mark.parametrize("way", ["request=delay:4s", "reply=lost", "reply=garbage", "reply=cut", "reply=empty"])
def test_an_order_that_lands_after_its_timeout_is_found_and_counts_once(way: str) -> None:
    """F03: what is pushed does not come either; only the question by its own id tells."""
    world = play(BUYS, f"place#1.{way}", "1 freeze 60s", "faults end at 20")
    assert stands(world, "a-1") == "filled 5 of 5"
    assert told(world, "a-1")[0].startswith("unknown")
    assert len(at_venue(world, "a-1")) == 1


def test_an_order_that_comes_too_late_is_refused_by_its_stamp_and_shown_to_be_absent() -> None:
    """F03."""
    world = play(BUYS, "place#1.request=delay:8s")
    assert told(world, "a-1") == ["unknown not_found", "rejected never_arrived"]
    assert at_venue(world, "a-1") == []


@pytest.mark.parametrize("status", ["500", "503", "504"])
def test_an_error_of_the_server_is_no_answer_whether_it_took_the_order_or_not(status: str) -> None:
    """F04."""
    taken = play(BUYS, f"place#1.reply={status}", "order_push#1-2=drop", "fill_push#1=drop")
    assert stands(taken, "a-1") == "filled 5 of 5"
    not_taken = play(BUYS, f"place#1={status}")
    assert told(not_taken, "a-1") == ["unknown no_answer", "rejected never_arrived"]


def test_an_order_of_which_nobody_answers_for_ten_minutes_is_never_rejected_and_its_fill_is_booked() -> None:
    """F05: silence, then quarantine with an alarm, and then the fill of an order that was there all the time."""
    world = play(
        *(RESTS, "place#1.reply=lost", "order_push#1=drop"),
        *(f"{read}#3-9999=503" for read in ("open_orders", "fills", "account")),
        *("find#1-9999=503", "600 quote AAA 98 99", "faults end at 620"),
    )
    assert told(world, "a-1") == ["unknown no_answer", "unknown quarantined", "filled 5"]
    assert stands(world, "a-1") == "filled 5 of 5"
    assert "unknown_order" in kinds_of_breaks(world)


# F07 to F10: processes die, and ids are given.


def test_wherever_a_process_dies_around_a_send_the_order_is_there_once_or_not_at_all() -> None:
    """F07, F92: at each record, barrier, commit and request of the whole story; `leak` is a send before its step's
    end, of which the journal knows the intent and no more."""
    base = play(BUYS, "daemon snapshots=5")
    for site, count in base.sites.items():
        for number in range(1, count + 1):
            world = play(BUYS, "daemon snapshots=5", f"crash@{site}#{number}")
            assert world.happened[f"crash@{site}"] == 1
            assert sum(one.filled for one in world.exchange.books.orders) == world.exchange.books.positions["AAA"]
            assert len(world.exchange.books.orders) <= 1


def test_no_id_is_given_twice_by_lives_that_die_at_every_order() -> None:
    """F08, F09: nor by those that go on from a snapshot, or from the journal alone."""
    story = (MARKET, *(f"{second} a buys 1 AAA at 99" for second in range(1, 9)))
    for kept in ((), ("daemon snapshots=3",)):
        world = play(story, *(f"crash@place#{number}" for number in range(1, 9)), kept)
        assert world.lives == 9
        cids = [one.ticket.cid for one in world.exchange.books.orders]
        assert len({*cids}) == len(cids) == 8


def test_ids_that_the_venue_gives_again_mislead_nobody() -> None:
    """F10: the gateway restarts, has lost nothing, and counts its ids from where they were three orders ago."""
    world = play(
        *(MARKET, "1 a buys 5 AAA at 100", "2 b buys 4 AAA at 99", "3 c buys 3 AAA at 98"),
        *("place#3.then=roll_back:3", "5 restart 2s", "9 b buys 2 AAA at 100", "10 quote AAA 99 100"),
    )
    assert [one.venue_id for one in world.exchange.books.orders].count("v1") == 2
    assert [stands(world, one) for one in ("a-1", "b-1", "b-2", "c-1")] == [
        *("filled 5 of 5", "accepted 0 of 4", "filled 2 of 2", "accepted 0 of 3")
    ]


# F11, F12: a stop, and a second daemon.


def test_what_waits_to_leave_as_trading_is_halted_does_not_leave() -> None:
    """F11: of twelve orders the venue's limits let nine out at once; the stop comes before the others may go."""
    orders = [f"5 a buys {units} AAA at 100" for units in range(1, 13)]
    world = play(MARKET, *orders, "6 halt", "profile budget=12/2s")
    unsent = [one for one in range(1, 13) if told(world, f"a-{one}") == ["rejected unsent"]]
    assert len(unsent) == 3
    assert len(world.exchange.books.orders) == 9


def test_an_outage_is_healed_after_a_stop_and_no_order_leaves_by_that() -> None:
    """F11."""
    world = play(MARKET, "1 restart 9s", "1.5 a hastily buys 5 AAA", "2 halt", "5 a hastily buys 5 AAA")
    assert world.exchange.books.orders == []
    assert {told(world, "a-1")[-1].split()[0], told(world, "a-2")[-1].split()[0]} == {"rejected"}


def test_an_order_of_a_daemon_that_began_later_is_told_as_another_daemons() -> None:
    """F12."""
    world = play(RESTS, "2 other a buys 3 AAA at 100", "3 b hastily buys 1 AAA")
    assert "foreign_epoch" in kinds_of_breaks(world)
    assert told(world, "b-1") == ["rejected halted"]


# F14, F15: a wish is said again.


@pytest.mark.parametrize("race", ["fill", "fill_after:5"])
def test_an_order_that_fills_as_it_is_cancelled_is_not_bought_again(race: str) -> None:
    """F14."""
    world = play(RESTS, "2 a cancels 1", f"cancel#1.race={race}", *(f"{second} a wants 5 AAA" for second in (4, 6, 9)))
    assert holds(world, "a") == 5
    assert left(world, WireSubmit) == 1


def test_the_same_order_again_is_refused_while_nobody_knows_what_became_of_the_first() -> None:
    """F15."""
    world = play(BUYS, "place#1.request=lost", "7 a buys 5 AAA", "8 a buys 5 AAA", "40 a buys 5 AAA")
    assert told(world, "a-1") == ["unknown not_found", "rejected never_arrived"]
    assert told(world, "a-2") == told(world, "a-3") == ["rejected duplicate"]
    assert stands(world, "a-4") == "filled 5 of 5"


# F43, F45: cancels and changes of which nobody heard.


def test_a_cancel_that_is_lost_is_sent_until_the_order_is_gone() -> None:
    """F43: hours later nothing fills."""
    world = play(RESTS, "2 a cancels 1", "cancel#1.request=lost", "cancel#2=503", "cancel#3.reply=lost")
    assert at_venue(world, "a-1")[0].status is Status.CANCELLED
    assert left(world, WireCancel) <= 5
    assert session(world).changes.under_way() == []


def test_an_order_whose_amendment_timed_out_is_still_known_when_it_fills() -> None:
    """F45."""
    world = play(RESTS, "2 a amends 1 to 8", "amend#1.reply=lost", "order_push#2=drop", "4 quote AAA 98 99")
    assert stands(world, "a-1") == "filled 8 of 8"
    assert world.now_ns < world.exchange.time_ns(world.now_ns) + SECOND
    assert not [one for one in breaks(world) if one.state == "open"]
