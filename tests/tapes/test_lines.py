"""Streams, clocks, nightly restarts and limits: what the line between the daemon and a venue does to orders. Every
invariant is held at every step of each tape; what a test asserts comes on top of that."""

import pytest

from tests.tapes.reading import holds, left, order, session, stands, told
from tests.tapes.world import BEGINNING_NS, play
from trading.commands import WireSubmit
from trading.timestamps import SECOND
from trading.venue.attempts import AttemptState
from trading.venue.messages import Question

MARKET = "0 quote AAA 99 101"
BUYS = (MARKET, "1 a buys 5 AAA")
RESTS = (MARKET, "1 a buys 5 AAA at 100")


# F75, F76, F104: the private stream.


def test_a_stream_that_is_refused_for_minutes_lets_nothing_open_and_loses_no_fill() -> None:
    """F75, F104: its key is void; what fills is asked for, and what a strategy wants is refused."""
    world = play(
        *(RESTS, "2 cut", "stream#2-9999=refused", "5 quote AAA 98 99", "20 a hastily buys 1 AAA"),
        *("60 a hastily sells 2 AAA", "faults end at 70"),
    )
    assert stands(world, "a-1") == "filled 5 of 5"
    assert told(world, "a-2") == ["rejected not_ready"]
    assert stands(world, "a-3") == "filled 2 of 2"


def test_a_second_client_that_takes_the_stream_as_an_order_is_placed_costs_nothing() -> None:
    """F76."""
    world = play(BUYS, "place#1.then=cut", "stream#2=cut", "stream#3=cut")
    assert stands(world, "a-1") == "filled 5 of 5"


# F78: clocks that are not the same.


@pytest.mark.parametrize("skew", ["500ms", "-500ms", "5s", "-5s", "60s", "-60s"])
def test_a_clock_that_is_off_is_followed_so_that_requests_are_taken(skew: str) -> None:
    """F78: stamps are of the venue's clock, from the second request on."""
    world = play(*RESTS, "2 a amends 1 to 8", "3 quote AAA 98 99 8", f"venue skew={skew}")
    assert stands(world, "a-1") == "filled 8 of 8"


@pytest.mark.parametrize("skew", ["-60s", "60s"])
def test_a_clock_that_is_off_neither_proves_too_early_nor_for_ever_that_an_order_is_absent(skew: str) -> None:
    """F78: it comes after four seconds, when it was asked for already and was not there."""
    world = play(BUYS, f"venue skew={skew}", "place#1.request=delay:4s", "2 freeze 20s")
    assert stands(world, "a-1") == "filled 5 of 5"
    gone = play(BUYS, f"venue skew={skew}", "place#1.request=lost")
    assert told(gone, "a-1")[-1] == "rejected never_arrived"


@pytest.mark.parametrize("skew", ["-60s", "60s"])
def test_an_amendment_may_still_come_as_long_as_the_venues_clock_says_so(skew: str) -> None:
    """F78: I5 watches that its units are reckoned with until then."""
    world = play(RESTS, "2 a amends 1 to 8", "amend#1.request=delay:4s", f"venue skew={skew}", "line no_numbers")
    assert order(world, "a-1").terms.quantity == 8


def test_a_clock_that_jumps_ahead_costs_an_order_and_not_more() -> None:
    """F78: what is stamped too old is refused, and the next is stamped anew."""
    world = play(RESTS, "place#1.then=skew:30s", "2 b buys 1 AAA", "3 c buys 1 AAA")
    assert (stands(world, "a-1"), stands(world, "c-1")) == ("accepted 0 of 5", "filled 1 of 1")


# F83: the broker's night.


@pytest.mark.parametrize("site", ["place#1", "cancel#1", "amend#1"])
@pytest.mark.parametrize("down", ["1s", "8s", "40s"])
def test_a_restart_of_the_venue_with_requests_in_flight_leaves_nothing_undecided(site: str, down: str) -> None:
    """F83."""
    world = play(*RESTS, "2 a amends 1 to 8", "3 a cancels 1", f"{site}.then=restart:{down}", "faults end at 60")
    assert session(world).changes.under_way() == []
    assert not [one for one in session(world).progress.open.values() if one.state is not AttemptState.ACCEPTED]


def test_what_the_venue_drops_in_its_night_is_shown_to_be_gone() -> None:
    """F83: it comes back without the order, and says of it what it says of any that it never had."""
    world = play(RESTS, "2 a amends 1 to 8", "amend#1.race=forget", "2.5 restart 8s", "faults end at 30")
    assert told(world, "a-1")[-1] == "cancelled vanished"


# F84, F86: limits.


def test_a_cancel_waits_for_its_order_that_waits_for_the_limits() -> None:
    world = play(
        MARKET,
        "0.5 restart 3s",
        "11 b buys 2 AAA at 101 now",
        "11.1 b cancels last",
        "profile budget=40/10s",
        "account#2=cut",
    )
    assert told(world, "b-1")


def test_a_venue_that_asks_to_wait_is_asked_nothing_until_then() -> None:
    """F84: I36 watches every request. An order that would wait for long does not leave."""
    world = play(RESTS, "open_orders#3=418:60s", "12 b hastily buys 1 AAA", "faults end at 100")
    assert told(world, "b-1") == ["rejected unsent"]
    banned = [at_ns for at_ns, _ in world.requests if 11 * SECOND < at_ns - BEGINNING_NS < 70 * SECOND]
    assert banned == []


def test_questions_that_are_too_many_are_asked_again_later_and_nothing_is_lost() -> None:
    """F84: the pushes of the fill are lost, and the lists that would tell of it are refused for a while."""
    lost = ("fill_push#1=drop", "order_push#2=drop", "line no_numbers")
    world = play(RESTS, "2 quote AAA 98 99", lost, "open_orders#3-6=429:3s", "fills#2-4=429:3s", "faults end at 60")
    assert stands(world, "a-1") == "filled 5 of 5"


def test_an_order_that_is_one_too_many_is_refused_by_that_and_not_sent_again() -> None:
    """F84."""
    world = play(MARKET, "1 a buys 5 AAA", "2 b buys 1 AAA", "place#2=429:5s")
    assert told(world, "b-1") == ["rejected rate_limited"]
    assert left(world, WireSubmit) == 2


def test_a_small_budget_of_our_own_is_kept_to() -> None:
    """F84: a fifth of it is not for orders."""
    world = play(MARKET, *(f"{5 + n / 10} a buys 1 AAA at 9{n}" for n in range(9)), "profile budget=10/5s")
    assert left(world, WireSubmit) <= 9


def test_a_line_that_is_cut_every_second_does_not_become_a_storm() -> None:
    """F86."""
    world = play(RESTS, *(f"{second} cut" for second in range(2, 62)), "30 quote AAA 98 99")
    assert stands(world, "a-1") == "filled 5 of 5"
    questions = [at_ns for at_ns, request in world.requests if isinstance(request.what, Question)]
    assert len(questions) < 6 * 62


# F87: the breaker's probe.


def test_a_probe_that_is_never_answered_is_given_up_and_another_is_sent() -> None:
    """F87: the venue's breaker opens by errors, half-opens, and its first probes hang."""
    world = play(
        *(RESTS, "daemon breaker=3", "open_orders#3-7=503", "time#2-5.reply=lost", "20 a hastily buys 1 AAA"),
        *("200 a hastily buys 1 AAA", "faults end at 190"),
    )
    assert told(world, "a-2") == ["rejected halted"]
    assert stands(world, "a-3") == "filled 1 of 1"
    assert holds(world, "a") == 1
