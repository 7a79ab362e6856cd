"""Group C of the fault catalogue: cancels and amendments that cross fills on their way. Each invariant is held at every
step of each tape; what a test asserts comes on top of that."""

from decimal import Decimal

import pytest

from tests.tapes.reading import at_venue, holds, kinds_of_breaks, left, order, session, stands, told
from tests.tapes.world import play
from tests.venue.records import Status
from trading.commands import WireCancel, WireSubmit
from trading.venue.messages import FindOrder

MARKET = "0 quote AAA 99 101"
RESTS = (MARKET, "1 a buys 5 AAA at 100")
CANCELLED = (*RESTS, "2 a cancels 1")


# F36 to F38: it filled, or it did not, and the answer says otherwise.


def test_a_cancel_that_fails_as_the_order_has_filled_leaves_the_position_there_is() -> None:
    """F36: the question lags behind and still shows it open; the strategy wants to be flat, and sells once."""
    world = play(
        *(CANCELLED, "cancel#1.race=fill", "fill_push#1=delay:6s", "order_push#2=drop", "find#1.view=stale:2"),
        *("4 a wants 0 AAA", "9 a wants 0 AAA", "15 a wants 0 AAA", "line no_numbers"),
    )
    assert stands(world, "a-1") == "filled 5 of 5"
    assert stands(world, "a-2") == "filled 5 of 5"
    assert left(world, WireSubmit) == 2
    assert holds(world, "a") == 0


@pytest.mark.parametrize("view", ["open_orders#3.view=stale:1", "open_orders#4.view=stale:1"])
def test_a_list_that_still_shows_what_was_cancelled_brings_nothing_back(view: str) -> None:
    """F37."""
    world = play(CANCELLED, view, "2.2 cut")
    assert stands(world, "a-1") == "cancelled 0 of 5"
    assert [one for one in told(world, "a-1") if one.startswith("cancelled")] == ["cancelled client"]
    assert holds(world, "a") == 0


@pytest.mark.parametrize("lost", ["", "fill_push#1=drop"])
def test_what_fills_after_it_was_told_to_be_cancelled_is_booked(lost: str) -> None:
    """F38."""
    world = play(CANCELLED, "cancel#1.race=fill_after:2", "line no_numbers", filter(None, [lost]))
    assert stands(world, "a-1") == "cancelled 2 of 5"
    assert holds(world, "a") == 2
    assert world.happened["late fill"] == 1


def test_what_is_left_of_a_part_is_cancelled_and_the_part_stays() -> None:
    """F39: a tenth fills, then nothing more; the rest is cancelled, and the exit is of what is there."""
    world = play(
        *(MARKET, "1 a buys 50 AAA at 100", "2 quote AAA 98 100 5", "4 a cancels 1", "5 a sells 5 AAA to reduce"),
        "cancel#1.reply=lost",
    )
    assert stands(world, "a-1") == "cancelled 5 of 50"
    assert stands(world, "a-2") == "filled 5 of 5"
    assert holds(world, "a") == 0


# F40, F35: an amendment and a fill.


@pytest.mark.parametrize("units", [3, 6, 8])
@pytest.mark.parametrize("race", ["fill:2", "fill:5", "fill_after:2"])
def test_an_order_that_fills_as_it_is_amended_is_never_larger_than_was_asked_for(race: str, units: int) -> None:
    """F40: I3 watches what the venue was asked for, I5 what we reckon with meanwhile."""
    world = play(RESTS, f"2 a amends 1 to {units}", f"amend#1.race={race}", "5 quote AAA 98 99")
    (there,) = at_venue(world, "a-1")
    assert there.filled == holds(world, "a")
    assert there.filled <= max(5, units)
    assert order(world, "a-1").asked is None


@pytest.mark.parametrize("way", ["request=lost", "request=delay:4s", "reply=lost", "reply=503", "request=delay:8s"])
def test_an_amendment_of_which_nobody_heard_is_settled_by_the_terms_that_the_venue_has(way: str) -> None:
    """F40, F45."""
    world = play(RESTS, "2 a amends 1 to 8", f"amend#1.{way}", "order_push#2=drop", "line no_numbers")
    (there,) = at_venue(world, "a-1")
    done = there.ticket.quantity == 8
    assert told(world, "a-1")[-1] == ("replaced" if done else "replace_rejected not_confirmed")
    assert order(world, "a-1").terms.quantity == there.ticket.quantity


def test_old_terms_that_are_pushed_after_new_ones_are_not_taken_for_newer() -> None:
    """F26, F40: the answer overtakes the stream, which tells of a fill from before the amendment."""
    world = play(RESTS, "2 a amends 1 to 8", "amend#1.race=fill:2")
    assert "replaced venue" not in told(world, "a-1")
    assert order(world, "a-1").terms.quantity == Decimal(8)


def test_an_amendment_that_an_order_outran_by_filling_is_over_with_it() -> None:
    """F35: it filled as it was; nobody waits for the answer any more."""
    world = play(RESTS, "2 a amends 1 to 8", "amend#1.request=delay:500ms", "2.2 quote AAA 98 99")
    assert told(world, "a-1")[-1].startswith("replace_rejected")
    assert stands(world, "a-1") == "filled 5 of 5"


# F41 to F44: unknown orders, phantoms, and what is not ours.


def test_an_order_that_the_venue_has_forgotten_is_gone_once_that_is_shown_and_not_asked_for_for_ever() -> None:
    """F41."""
    world = play(CANCELLED, "cancel#1.race=forget", "line no_numbers")
    assert told(world, "a-1")[-1] == "cancelled vanished"
    assert left(world, FindOrder) < 20
    assert left(world, WireCancel) == 1


def test_an_order_that_filled_in_part_and_was_forgotten_keeps_its_part() -> None:
    """F41, F39."""
    world = play(*RESTS, "2 quote AAA 98 100 2", "3 a cancels 1", "cancel#1.race=forget")
    assert told(world, "a-1")[-1] == "cancelled vanished"
    assert holds(world, "a") == 2


def test_a_cancel_that_is_never_answered_is_sent_five_times_and_then_told() -> None:
    """F41: the venue takes no cancel, for minutes; the order works on, and the strategy knows it."""
    world = play(CANCELLED, "cancel#1-99=503", "faults end at 120")
    assert left(world, WireCancel) == 5
    assert told(world, "a-1")[-1] == "cancel_rejected not_confirmed"
    assert at_venue(world, "a-1")[0].status is Status.OPEN
    assert stands(world, "a-1") == "accepted 0 of 5"


@pytest.mark.parametrize(
    ("race", "ends"),
    [
        ("fill", "filled 5 of 5"),
        ("forget", "cancelled 0 of 5"),
        ("end", "cancelled 0 of 5"),
        ("reject", "rejected 0 of 5"),
    ],
)
def test_a_cancel_that_is_refused_says_nothing_of_the_order_but_that_it_is_to_be_asked_for(
    race: str, ends: str
) -> None:
    """F42: too late, unknown, or over: whatever is the reason, no phantom works on."""
    world = play(CANCELLED, f"cancel#1.race={race}", "order_push#2-3=drop", "line no_numbers")
    assert stands(world, "a-1") == ends
    assert session(world).changes.under_way() == []


def test_orders_of_others_are_left_alone_whatever_of_ours_is_cancelled() -> None:
    """F44: halted, cancelled, and begun anew."""
    world = play(CANCELLED, "1 foreign buy 3 AAA at 90", "3 halt", "4 stop", "cancel#1.reply=lost")
    (foreign,) = [one for one in world.exchange.books.orders if one.client == "web"]
    assert foreign.status is Status.OPEN
    assert "foreign_order" in kinds_of_breaks(world)
