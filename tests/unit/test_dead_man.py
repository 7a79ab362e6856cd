"""The dead-man switch of a venue, as the session sets and releases it."""

from tests.market_builders import through_msgpack
from tests.venue_builders import PROFILE, Conversation
from trading.timestamps import SECOND
from trading.venue.messages import HoldOrders, OrdersHeld, StreamUp

TIMEOUT_NS = 60 * SECOND
SET, RELEASED = HoldOrders(timeout_ns=TIMEOUT_NS), HoldOrders(timeout_ns=0)


def asked(talk: Conversation) -> list[int]:
    """The timeouts that were asked for since the last time, in seconds."""
    asked, talk.asked = talk.asked, []
    return [one.what.timeout_ns // SECOND for one in asked if isinstance(one.what, HoldOrders)]


def held(talk: Conversation, what: HoldOrders) -> None:
    """The venue does what was asked."""
    talk.answer(talk.request_of(what))


def begun(timeout_ns: int = TIMEOUT_NS) -> Conversation:
    """A life that has it set, and has read everything."""
    talk = Conversation()
    talk.begin(dead_man_ns=timeout_ns)
    talk.hear(StreamUp(message_id="s0"))
    talk.answer_listings()
    assert talk.session.holds_back == ""
    return talk


def test_nothing_is_opened_before_the_venue_says_that_it_is_set() -> None:
    talk = Conversation()
    talk.begin(dead_man_ns=TIMEOUT_NS)
    number = talk.request_of(SET)
    talk.hear(StreamUp(message_id="s0"))
    for other in [one.request.number for one in talk.session.requests if one.request.number != number]:
        talk.answer(other)
    while others := [one.request.number for one in talk.session.requests if one.request.number != number]:
        talk.answer(others[0])
    assert talk.session.holds_back == "the venue's dead-man switch is not set yet"
    talk.answer(number)
    assert talk.session.holds_back == ""


def test_it_is_set_again_after_a_third_of_its_time_counted_from_when_it_was_asked_for() -> None:
    talk = begun()
    assert asked(talk) == [60]
    talk.at(19.9)
    assert asked(talk) == []
    talk.at(20)
    assert asked(talk) == [60]
    talk.at(25)
    held(talk, SET)
    talk.at(39.9)
    assert asked(talk) == []
    talk.at(40)
    assert asked(talk) == [60]


def test_what_fails_is_tried_again_after_a_pause_and_told_once_two_thirds_are_over() -> None:
    talk = begun()
    talk.at(20)
    asked(talk)
    talk.at(25)
    talk.lost(talk.request_of(SET))
    talk.at(26.9)
    assert asked(talk) == []
    talk.at(27)
    assert asked(talk) == [60]
    talk.refused(talk.request_of(SET), "busy")
    talk.at(29)
    talk.unsent(talk.request_of(SET))
    talk.at(39.9)
    assert (talk.session.holds_back, talk.breaks()) == ("", [])
    talk.at(42)
    assert talk.session.holds_back == "the venue's dead-man switch could not be set again"
    assert talk.breaks() == ["dead_man made-up"]
    held(talk, SET)
    assert talk.session.holds_back == ""
    (found,) = talk.session.agreement.reconciliation.breaks
    assert (found.first_ns, found.state, found.seen) == (40 * SECOND, "resolved", 1)
    assert found.done == "it is set again"
    assert found.text == (
        "it was not set for 40 s; 60 s after it was, the venue cancels every order of the account. Nothing is opened"
        " meanwhile"
    )


def test_the_time_is_wanted_at_the_moment_from_which_nothing_may_be_opened() -> None:
    talk = begun(timeout_ns=69 * SECOND)
    talk.at(50)
    (found,) = talk.session.agreement.reconciliation.breaks
    assert found.first_ns == 46 * SECOND


def test_an_answer_that_comes_too_late_helps_no_more_than_it_is_worth() -> None:
    """It counts from when it was asked for, 41 s before: a new one is wanted."""
    talk = begun()
    talk.at(20)
    number = talk.request_of(SET)
    talk.at(49.9)
    talk.hear(OrdersHeld(message_id="r", request=number, deadline_ns=1))
    assert talk.session.holds_back == ""
    talk.at(60)
    assert talk.session.holds_back == "the venue's dead-man switch could not be set again"


def test_a_clean_end_releases_it_and_an_answer_about_what_was_wanted_before_says_nothing() -> None:
    talk = begun()
    talk.at(20)
    before = talk.request_of(SET)
    asked(talk)
    talk.end()
    assert asked(talk) == [0]
    talk.hear(OrdersHeld(message_id="r1", request=before, deadline_ns=1))
    assert talk.session.dead_man.is_set
    assert talk.session.holds_back == "the venue's dead-man switch is not released yet"
    held(talk, RELEASED)
    assert not talk.session.dead_man.is_set
    talk.at(600)
    assert asked(talk) == []


def test_a_release_that_fails_is_tried_again() -> None:
    talk = begun()
    talk.end()
    asked(talk)
    talk.lost(talk.request_of(RELEASED))
    talk.at(2)
    assert asked(talk) == [0]


def test_a_life_that_does_not_want_it_releases_what_an_earlier_one_may_have_set() -> None:
    talk = begun()
    talk.at(45)
    assert talk.breaks() == ["dead_man made-up"]
    asked(talk)
    talk.begin(epoch_ms=2)
    assert asked(talk) == [0]
    talk.hear(StreamUp(message_id="s1"))
    talk.answer_listings()
    assert talk.session.holds_back == ""
    assert talk.session.agreement.reconciliation.breaks.open() == []


def test_a_life_without_it_asks_for_nothing() -> None:
    talk = begun(timeout_ns=0)
    talk.end()
    talk.at(600)
    assert asked(talk) == []


def test_a_session_that_is_restored_goes_on_as_it_was() -> None:
    talk = begun()
    talk.at(20)
    other = Conversation(PROFILE)
    other.session.restore(through_msgpack(talk.session.state()))
    assert through_msgpack(other.session.state()) == through_msgpack(talk.session.state())
    assert other.session.next_ns == talk.session.next_ns
    assert (other.session.holds_back, other.session.dead_man.is_set) == ("", True)
