"""The session with a venue: what follows from what it says, and from its silence."""

from decimal import Decimal

import msgspec
import pytest

from tests.market_builders import through_msgpack, told_of_account
from tests.venue_builders import EPOCH_MS, IDS, PROFILE, Conversation, an_intent, at_venue, execution
from trading.account.ids import ClientOrderIds
from trading.account.resolutions import Resolution
from trading.commands import WireCancel, WireSubmit
from trading.errors import LedgerError
from trading.market import AccountSnapshot
from trading.orders import Side
from trading.postings import ForeignFill
from trading.reports import Origin
from trading.timestamps import LAST_NS, SECOND
from trading.venue.attempts import AttemptState
from trading.venue.messages import (
    AccountTold,
    BustTold,
    FillTold,
    FindOrder,
    ListFills,
    ListOpenOrders,
    RateLimited,
    ReadAccount,
    ReadTime,
    RequestUnsent,
    StreamDown,
    StreamUp,
    TimeTold,
    Unreadable,
    VenueMessage,
    VenueStatus,
)
from trading.venue.profile import VenueProfile

OPEN, FILLED, CANCELLED = VenueStatus.OPEN, VenueStatus.FILLED, VenueStatus.CANCELLED


@pytest.fixture
def talk() -> Conversation:
    conversation = Conversation()
    conversation.begin_in_agreement()
    return conversation


# An order that meets no trouble.


def test_an_order_is_accepted_and_filled_by_what_the_venue_pushes(talk: Conversation) -> None:
    intent = an_intent(1)
    request = talk.command(intent)

    talk.order(at_venue(intent), request)
    talk.fill(execution(intent, "t1", "4"))
    talk.fill(execution(intent, "t2", "6"))

    assert talk.told() == ["a-1 accepted", "a-1 filled", "a-1 filled"]
    assert talk.session.progress.attempts[intent.cid].state is AttemptState.FILLED


def test_a_fill_may_come_before_the_answer_and_the_answer_is_late_then(talk: Conversation) -> None:
    intent = an_intent(1)
    request = talk.command(intent)

    talk.fill(execution(intent, "t1", "10"))
    talk.order(at_venue(intent), request)

    assert talk.told() == ["a-1 filled"]


def test_a_fill_counts_once_whichever_way_and_however_often_it_is_told(talk: Conversation) -> None:
    intent, fill = (intent := an_intent(1)), execution(intent, "t1", "4")
    talk.command(intent)

    talk.fill(fill)
    talk.fill(fill)
    talk.at(10)
    talk.answer_listings(orders=(at_venue(intent, filled="4"),), fills=(fill, fill))

    assert [report.fill.quantity for report in talk.reports if report.fill] == [Decimal(4)]


def test_an_execution_in_what_is_not_traded_here_is_told_though_it_names_an_order_of_ours(talk: Conversation) -> None:
    intent = an_intent(1)
    talk.order(at_venue(intent), talk.command(intent))
    stray = execution(intent, "t1", "4", symbol="ZZZ")

    talk.fill(stray)
    talk.hear(BustTold(message_id="b1", fill=stray))

    assert talk.told() == ["a-1 accepted"]
    assert talk.session.progress.attempts[intent.cid].filled == 0
    assert talk.breaks() == [f"unreadable_message {intent.cid}", "unknown_asset ZZZ"]


def test_an_execution_of_a_time_that_is_far_ahead_takes_nothing_from_what_is_listed(talk: Conversation) -> None:
    """One stamped in other units, or by a clock that is wrong: what is to come is older than that."""
    intent = an_intent(1)
    talk.order(at_venue(intent), talk.command(intent))
    known, ahead, later = (
        execution(intent, f"t{n}", "3", ts_ns=ts_ns) for n, ts_ns in ((1, SECOND), (2, LAST_NS), (3, 2 * SECOND))
    )
    talk.fill(known)
    talk.fill(ahead)
    talk.at(12)

    talk.answer(talk.request_of(ListOpenOrders()))
    since_ns = max(what.since_ns for what in talk.questions() if isinstance(what, ListFills))
    talk.answer_listings(orders=(at_venue(intent, filled="9"),), fills=(known, ahead, later))

    assert since_ns <= later.ts_ns
    assert talk.session.progress.attempts[intent.cid].filled == 9
    assert [report.fill.execution_id for report in talk.reports if report.fill] == [
        one.execution_id for one in (known, ahead, later)
    ]


@pytest.mark.parametrize("bust_first", [False, True])
def test_what_is_annulled_of_somebody_elses_is_taken_back_or_never_counts(
    talk: Conversation, *, bust_first: bool
) -> None:
    fill = execution(an_intent(1), "t1", "4", cid="")
    heard: list[VenueMessage] = [
        FillTold(message_id="s1", fill=fill),
        BustTold(message_id="s2", fill=fill, venue_ns=SECOND),
    ]
    for message in reversed(heard) if bust_first else heard * 2:
        talk.hear(message)

    units = [(one.fill.side, one.fill.quantity) for one in talk.events if isinstance(one, ForeignFill)]
    assert units == ([] if bust_first else [(Side.BUY, Decimal(4)), (Side.SELL, Decimal(4))])


def test_an_order_is_heard_of_after_a_bust_of_a_time_that_is_far_ahead(talk: Conversation) -> None:
    intent = an_intent(1)
    talk.order(at_venue(intent), talk.command(intent))
    fill = execution(intent, "t1", "3")
    talk.fill(fill)
    talk.hear(BustTold(message_id="b1", fill=fill, venue_ns=LAST_NS))

    talk.at(5)
    talk.order(at_venue(intent, CANCELLED, updated_ns=5 * SECOND))

    assert talk.told() == ["a-1 accepted", "a-1 filled", "a-1 busted", "a-1 cancelled cancelled"]


def test_one_trade_that_is_told_as_two_legs_counts_twice(talk: Conversation) -> None:
    intent = an_intent(1)
    talk.command(intent)

    talk.fill(execution(intent, "t1", "4", leg="close"))
    talk.fill(execution(intent, "t1", "6", leg="open"))

    assert talk.told() == ["a-1 filled", "a-1 filled"]


def test_a_fill_of_nothing_is_nothing(talk: Conversation) -> None:
    intent = an_intent(1)
    talk.command(intent)

    talk.fill(execution(intent, "t1", "0"))

    assert talk.told() == []


def test_a_bust_takes_back_what_was_booked_and_one_that_comes_first_keeps_it_from_being_booked(
    talk: Conversation,
) -> None:
    intent, first, second = (intent := an_intent(1)), execution(intent, "t1", "4"), execution(intent, "t2", "6")
    talk.command(intent)

    talk.fill(first)
    talk.hear(BustTold(message_id="s90", fill=first))
    talk.hear(BustTold(message_id="s91", fill=first))
    talk.hear(BustTold(message_id="s92", fill=second))
    talk.fill(second)

    assert talk.told() == ["a-1 filled", "a-1 busted"]


# What the venue refuses, and what never left.


def test_a_refusal_ends_an_order_and_is_cited(talk: Conversation) -> None:
    request = talk.command(an_intent(1))

    talk.refused(request, "insufficient_funds")

    (report,) = talk.reports
    assert talk.told() == ["a-1 rejected insufficient_funds"]
    assert (report.evidence, report.origin) == (f"r{request}", Origin.VENUE)


def test_a_refusal_that_says_the_id_is_in_use_proves_nothing(talk: Conversation) -> None:
    intent = an_intent(1)
    request = talk.command(intent)

    talk.refused(request, "duplicate_id")
    assert talk.told() == ["a-1 unknown duplicate_id"]

    talk.order(at_venue(intent), talk.request_of(FindOrder(cid=intent.cid, symbol="AAA")))
    assert talk.told() == ["a-1 accepted"]


def test_what_never_left_is_denied_here(talk: Conversation) -> None:
    request = talk.command(an_intent(1))

    talk.unsent(request)

    (report,) = talk.reports
    assert talk.told() == ["a-1 rejected unsent"]
    assert (report.evidence, report.origin) == (f"unsent r{request}", Origin.GATE)


def test_what_is_withheld_here_says_nothing_of_the_line(talk: Conversation) -> None:
    talk.session.agreement.take_signs()

    withheld, unsent = talk.command(an_intent(1)), talk.command(an_intent(2))
    talk.hear(RequestUnsent(message_id="r", request=withheld, reason="trading is halted", withheld=True))
    assert talk.session.agreement.take_signs().failed == []

    talk.unsent(unsent)
    assert talk.session.agreement.take_signs().failed == [True]


# Silence.


def test_an_answer_that_is_lost_leaves_an_order_unknown_until_it_is_found(talk: Conversation) -> None:
    intent = an_intent(1)
    talk.lost(talk.command(intent))
    assert talk.told() == ["a-1 unknown no_answer"]

    talk.order(at_venue(intent, filled="0"), talk.request_of(FindOrder(cid=intent.cid, symbol="AAA")))

    assert talk.told() == ["a-1 accepted"]


def test_of_an_order_that_nobody_answers_it_is_asked_after_two_seconds_and_it_is_unknown_after_ten(
    talk: Conversation,
) -> None:
    intent = an_intent(1)
    talk.command(intent)

    talk.at(1.9)
    assert FindOrder(cid=intent.cid, symbol="AAA") not in talk.questions()
    talk.at(2)
    assert FindOrder(cid=intent.cid, symbol="AAA") in talk.questions()
    talk.at(10)
    assert talk.told() == ["a-1 unknown no_answer"]


def unknown_since(talk: Conversation, seconds: float) -> str:
    intent = an_intent(1)
    talk.at(seconds)
    talk.lost(talk.command(intent))
    talk.told()
    return intent.cid


def test_absence_is_proven_by_two_queries_after_the_bound_the_executions_and_the_account(talk: Conversation) -> None:
    cid = unknown_since(talk, 1)

    talk.at(3)
    talk.missing(cid)  # it could still arrive: until 1 + 5 + 1 s
    talk.at(8)
    talk.missing(cid)
    talk.at(9)
    assert talk.told() == []
    talk.at(10.5)
    talk.missing(cid)
    talk.answer_listings()

    (report,) = talk.reports
    assert talk.told() == ["a-1 rejected never_arrived"]
    assert report.evidence.startswith("absent r")
    assert talk.session.progress.attempts[cid].state is AttemptState.NEVER_ARRIVED


def test_an_account_that_is_not_explained_proves_nothing_and_the_order_is_quarantined(talk: Conversation) -> None:
    cid = unknown_since(talk, 1)

    for seconds in range(2, 200):
        talk.at(seconds)
        if FindOrder(cid=cid, symbol="AAA") in talk.questions():
            talk.missing(cid)
        talk.answer_listings(positions={"AAA": Decimal(10)})

    assert talk.told() == ["a-1 unknown quarantined"]
    assert talk.breaks()[-1] == "unknown_order a-1"


def test_no_time_ends_an_order_in_doubt_and_later_evidence_does(talk: Conversation) -> None:
    intent = an_intent(1)
    talk.lost(talk.command(intent))

    for minutes in range(1, 60):
        talk.at(60 * minutes)
    assert talk.told() == ["a-1 unknown no_answer", "a-1 unknown quarantined"]
    assert talk.session.progress.attempts[intent.cid].remaining == Decimal(10)

    talk.fill(execution(intent, "t1", "10"))
    assert talk.told() == ["a-1 filled"]


def test_a_venue_without_a_bound_can_never_prove_absence() -> None:
    talk = Conversation(msgspec.structs.replace(PROFILE, accepted_within_ns=None))
    talk.begin_in_agreement()
    cid = unknown_since(talk, 1)

    for seconds in range(2, 100):
        talk.at(seconds)
        if FindOrder(cid=cid, symbol="AAA") in talk.questions():
            talk.missing(cid)
        talk.answer_listings()

    assert talk.told() == ["a-1 unknown quarantined"]


def test_a_venue_that_finds_nothing_by_id_is_not_asked_for_ids() -> None:
    talk = Conversation(msgspec.structs.replace(PROFILE, finds_by_id=False))
    talk.begin_in_agreement()
    talk.lost(talk.command(an_intent(1)))

    talk.at(100)

    assert not [one for one in talk.asked if isinstance(one.what, FindOrder)]
    assert talk.told()[-1] == "a-1 unknown quarantined"


# The end of an order.


def test_an_order_that_ended_with_more_filled_than_heard_of_ends_once_its_fills_are_here(talk: Conversation) -> None:
    intent = an_intent(1)
    talk.order(at_venue(intent), talk.command(intent))

    talk.order(at_venue(intent, CANCELLED, filled="4"))
    assert talk.told() == ["a-1 accepted"]

    talk.fill(execution(intent, "t1", "4"))
    assert talk.told() == ["a-1 filled", "a-1 cancelled cancelled"]


def test_what_is_only_told_as_a_sum_is_booked_as_one_and_gives_way_to_its_executions(talk: Conversation) -> None:
    intent = an_intent(1)
    talk.order(at_venue(intent), talk.command(intent))
    talk.order(at_venue(intent, CANCELLED, filled="7", average_price=Decimal("99.5")))

    talk.at(12)
    talk.answer_listings()
    assert talk.told() == ["a-1 accepted", "a-1 filled inferred", "a-1 cancelled cancelled"]

    talk.fill(execution(intent, "t1", "3", "99"))
    talk.fill(execution(intent, "t2", "4", "99.875"))
    booked = [(report.kind.value, str(report.fill.quantity)) for report in talk.reports if report.fill]
    assert booked == [("busted", "7"), ("filled", "3"), ("filled", "4"), ("busted", "4"), ("filled", "4")]
    assert talk.session.progress.attempts[intent.cid].filled == Decimal(7)


def test_a_status_that_says_less_than_is_known_is_stale(talk: Conversation) -> None:
    intent = an_intent(1)
    talk.order(at_venue(intent), talk.command(intent))
    talk.fill(execution(intent, "t1", "4"))

    talk.order(at_venue(intent, quantity=Decimal(12)))
    talk.fill(execution(intent, "t2", "6"))
    talk.order(at_venue(intent, OPEN, filled="4"))

    assert talk.told() == ["a-1 accepted", "a-1 filled", "a-1 filled"]


def test_where_nothing_is_found_by_its_id_a_list_says_what_became_of_cancels_and_amendments() -> None:
    talk = Conversation(msgspec.structs.replace(PROFILE, finds_by_id=False))
    talk.begin_in_agreement()
    intents = [an_intent(number) for number in (1, 2, 3)]
    for intent in intents:
        talk.order(at_venue(intent), talk.command(intent))
    talk.lost(talk.amend(intents[0], quantity=Decimal(5)))
    talk.refused(talk.cancel(intents[1]), "busy")
    talk.order(at_venue(intents[2], CANCELLED))
    assert talk.told() == ["a-1 accepted", "a-2 accepted", "a-3 accepted", "a-3 cancelled cancelled"]

    talk.at(10)
    talk.answer_listings(orders=tuple(at_venue(intent) for intent in intents))

    assert talk.told() == ["a-1 replace_rejected not_confirmed", "a-2 cancel_rejected busy"]
    assert talk.breaks() == ["came_back a-3"]
    assert [one.what.order_id for one in talk.asked if isinstance(one.what, WireCancel)] == ["a-2", "a-3"]


def test_what_has_filled_at_no_known_price_is_named_by_an_operator(talk: Conversation) -> None:
    intent = an_intent(1, limit=None)
    talk.order(at_venue(intent), talk.command(intent))
    talk.order(at_venue(intent, CANCELLED, filled="4"))
    for seconds in range(1, 30):
        talk.at(seconds)
        talk.answer_listings(positions={"AAA": Decimal(4)})
    assert talk.told() == ["a-1 accepted"]
    assert talk.breaks()[-1] == "missing_fill a-1"

    said = Resolution(order_id="a-1", ended="cancelled", filled=Decimal(5), price=Decimal(100))
    with pytest.raises(LedgerError, match="4 of order a-1 has filled, as the venue says; that is not 5"):
        talk.resolve(said)
    talk.resolve(msgspec.structs.replace(said, filled=Decimal(4)))

    assert talk.told() == ["a-1 filled inferred", "a-1 cancelled resolved"]
    assert talk.session.progress.open == {}


def test_a_fill_after_the_cancel_was_reported_is_booked(talk: Conversation) -> None:
    intent = an_intent(1)
    talk.order(at_venue(intent), talk.command(intent))
    talk.order(at_venue(intent, CANCELLED))

    talk.fill(execution(intent, "t1", "4"))

    assert talk.told() == ["a-1 accepted", "a-1 cancelled cancelled", "a-1 filled"]


def test_an_order_that_is_over_and_works_at_the_venue_is_cancelled_there(talk: Conversation) -> None:
    intent = an_intent(1)
    talk.unsent(talk.command(intent))

    talk.at(10)
    talk.answer_listings(orders=(at_venue(intent),))
    talk.order(at_venue(intent), talk.request_of(FindOrder(cid=intent.cid, symbol="AAA")))

    assert isinstance(talk.asked[-1].what, WireCancel)
    assert talk.breaks()[-1] == "came_back a-1"


# Cancels and amendments.


def test_a_cancel_that_is_refused_as_unknown_is_no_word_about_the_order(talk: Conversation) -> None:
    intent = an_intent(1)
    talk.order(at_venue(intent), talk.command(intent))

    talk.refused(talk.cancel(intent), "unknown_order")
    assert talk.told() == ["a-1 accepted"]

    talk.order(at_venue(intent), talk.request_of(FindOrder(cid=intent.cid, symbol="AAA")))
    assert talk.told() == ["a-1 cancel_rejected unknown_order"]


def test_a_cancel_that_is_lost_is_sent_again_but_not_for_ever(talk: Conversation) -> None:
    intent = an_intent(1)
    talk.order(at_venue(intent), talk.command(intent))
    talk.lost(talk.cancel(intent))

    for seconds in range(1, 60):
        talk.at(seconds)
        for one in list(talk.session.requests):
            if isinstance(one.request.what, WireCancel):
                talk.lost(one.request.number)
            elif isinstance(one.request.what, FindOrder):
                talk.order(at_venue(intent), one.request.number)

    cancels = [one for one in talk.asked if isinstance(one.what, WireCancel)]
    assert len(cancels) == 5
    assert talk.told() == ["a-1 accepted", "a-1 cancel_rejected not_confirmed"]


@pytest.mark.parametrize("no_room", [False, True])
def test_a_cancel_that_never_leaves_is_sent_again_until_it_does(talk: Conversation, *, no_room: bool) -> None:
    intent = an_intent(1)
    talk.order(at_venue(intent), talk.command(intent))
    talk.cancel(intent)

    for seconds in range(1, 60):
        talk.at(seconds)
        for one in list(talk.session.requests):
            number = one.request.number
            if isinstance(one.request.what, FindOrder):
                talk.order(at_venue(intent), number)
            elif isinstance(one.request.what, WireCancel) and no_room:
                talk.hear(RateLimited(message_id=f"r{number}", request=number, retry_after_ns=SECOND))
            elif isinstance(one.request.what, WireCancel):
                talk.unsent(number)
    assert talk.told() == ["a-1 accepted"]

    talk.at(62)
    talk.order(at_venue(intent, CANCELLED), talk.asked[-1].number)
    assert isinstance(talk.asked[-1].what, WireCancel)
    assert talk.told() == ["a-1 cancelled cancelled"]


def test_an_amendment_is_answered_by_the_terms_that_the_venue_has(talk: Conversation) -> None:
    intent = an_intent(1)
    talk.order(at_venue(intent), talk.command(intent))

    talk.lost(talk.amend(intent, quantity=Decimal(5)))
    request = talk.request_of(FindOrder(cid=intent.cid, symbol="AAA"))
    talk.order(at_venue(intent, quantity=Decimal(5)), request)

    assert talk.told() == ["a-1 accepted", "a-1 replaced"]


@pytest.mark.parametrize("ahead", [3_600, -3_600])
def test_whether_an_amendment_can_still_come_is_told_by_the_clock_that_it_is_stamped_by(
    talk: Conversation, ahead: int
) -> None:
    intent = an_intent(1)
    talk.at(7_200)
    number = talk.request_of(ReadTime())
    talk.hear(TimeTold(message_id="t", request=number, venue_ns=talk.now_ns + ahead * SECOND))
    talk.order(at_venue(intent), talk.command(intent))
    talk.lost(talk.amend(intent, quantity=Decimal(5)))

    talk.order(at_venue(intent), talk.request_of(FindOrder(cid=intent.cid, symbol="AAA")))
    assert talk.told() == ["a-1 accepted"]
    talk.at(7_207)
    talk.order(at_venue(intent), talk.request_of(FindOrder(cid=intent.cid, symbol="AAA")))

    assert talk.told() == ["a-1 replace_rejected not_confirmed"]


def test_an_amendment_that_did_not_come_is_refused_once_it_cannot_come_any_more(talk: Conversation) -> None:
    intent = an_intent(1)
    talk.order(at_venue(intent), talk.command(intent))
    talk.lost(talk.amend(intent, quantity=Decimal(5)))

    talk.order(at_venue(intent), talk.request_of(FindOrder(cid=intent.cid, symbol="AAA")))
    assert talk.told() == ["a-1 accepted"]
    talk.at(7)
    talk.order(at_venue(intent), talk.request_of(FindOrder(cid=intent.cid, symbol="AAA")))

    assert talk.told() == ["a-1 replace_rejected not_confirmed"]


def test_an_amendment_that_an_order_outran_by_filling_as_it_was_is_refused(talk: Conversation) -> None:
    intent = an_intent(1)
    talk.order(at_venue(intent), talk.command(intent))
    talk.lost(talk.amend(intent, quantity=Decimal(12)))

    talk.fill(execution(intent, "t1", "10"))
    assert talk.told() == ["a-1 accepted", "a-1 filled"]
    talk.order(at_venue(intent, FILLED, "10"), talk.request_of(FindOrder(cid=intent.cid, symbol="AAA")))

    assert talk.told() == ["a-1 replace_rejected filled"]
    assert talk.session.progress.attempts[intent.cid].state is AttemptState.FILLED


@pytest.mark.parametrize(
    ("filled", "shows", "breaks"), [("12", ["a-1 replaced"], []), ("13", [], ["overfilled_order a-1"])]
)
def test_what_an_amendment_under_way_asks_for_is_not_too_much_and_shows_that_it_was_done(
    talk: Conversation, filled: str, shows: list[str], breaks: list[str]
) -> None:
    intent = an_intent(1)
    talk.order(at_venue(intent), talk.command(intent))
    talk.amend(intent, quantity=Decimal(12))

    talk.fill(execution(intent, "t1", filled))

    assert talk.told() == ["a-1 accepted", *shows, "a-1 filled"]
    assert talk.breaks() == breaks


def test_an_amendment_that_was_done_is_told_also_of_an_order_that_has_filled_since(talk: Conversation) -> None:
    intent = an_intent(1)
    talk.order(at_venue(intent), talk.command(intent))
    talk.lost(talk.amend(intent, quantity=Decimal(12)))

    amended = at_venue(intent, FILLED, "12", quantity=Decimal(12))
    talk.order(amended, talk.request_of(FindOrder(cid=intent.cid, symbol="AAA")))
    talk.fill(execution(intent, "t1", "12"))

    assert talk.told() == ["a-1 accepted", "a-1 replaced", "a-1 filled"]


# What is read.


def test_a_life_begins_by_reading_orders_then_executions_then_the_account_and_opens_nothing_before() -> None:
    talk = Conversation()
    talk.begin()
    assert talk.session.holds_back == "the venue's reports do not come: not connected yet"

    talk.hear(StreamUp(message_id="s0"))
    assert talk.session.holds_back == "not read from the venue yet: executions, open orders, the account"
    talk.answer_listings()

    assert talk.session.holds_back == ""
    asked = [type(one.what) for one in talk.asked if isinstance(one.what, ListOpenOrders | ListFills | ReadAccount)]
    assert asked == [ListOpenOrders, ListOpenOrders, ListFills, ReadAccount]  # once more with the stream


def test_what_was_on_its_way_when_a_life_ended_is_unknown_in_the_next(talk: Conversation) -> None:
    intent = an_intent(1)
    talk.command(intent)

    talk.begin(EPOCH_MS + 1)

    assert talk.told() == ["a-1 unknown restart"]
    assert FindOrder(cid=intent.cid, symbol="AAA") in talk.questions()


def test_nothing_is_opened_while_the_stream_is_down_and_all_is_read_when_it_is_up(talk: Conversation) -> None:
    talk.hear(StreamDown(message_id="s9", reason="silent for 5 s"))
    assert talk.session.holds_back == "the venue's reports do not come: silent for 5 s"

    talk.hear(StreamUp(message_id="s10"))
    assert talk.session.holds_back != ""
    talk.answer_listings()
    assert talk.session.holds_back == ""


def test_what_was_asked_before_the_stream_came_is_asked_again_at_once() -> None:
    talk = Conversation()
    talk.begin()
    talk.at(0)
    assert ReadAccount() in talk.questions()

    talk.hear(StreamUp(message_id="s0"))
    talk.answer_listings()

    assert talk.session.holds_back == ""


def test_a_fill_of_which_every_push_was_lost_is_booked_by_the_next_listing(talk: Conversation) -> None:
    intent = an_intent(1)
    talk.order(at_venue(intent), talk.command(intent))
    talk.told()

    talk.at(10)
    talk.answer_listings(orders=(at_venue(intent, filled="4"),), fills=(execution(intent, "t1", "4"),))

    assert talk.told() == ["a-1 filled"]


@pytest.mark.parametrize("complete", [True, False])
def test_an_order_that_is_not_listed_is_asked_for_and_a_part_of_a_list_says_nothing(
    talk: Conversation, complete: bool
) -> None:
    intent = an_intent(1)
    talk.order(at_venue(intent), talk.command(intent))
    talk.told()
    talk.at(10)

    request = talk.request_of(ListOpenOrders())
    talk.answer(request, complete=complete)

    assert (FindOrder(cid=intent.cid, symbol="AAA") in talk.questions()) is complete
    assert talk.told() == []


def test_an_order_that_the_venue_has_lost_is_over_once_that_is_proven(talk: Conversation) -> None:
    intent = an_intent(1)
    talk.order(at_venue(intent), talk.command(intent))
    talk.told()

    for seconds in range(10, 40):
        talk.at(seconds)
        if FindOrder(cid=intent.cid, symbol="AAA") in talk.questions():
            talk.missing(intent.cid)
        talk.answer_listings()

    assert talk.told() == ["a-1 unknown not_found", "a-1 cancelled vanished"]


# Whose it is.


def test_an_order_of_ours_that_is_not_known_here_is_adopted_with_what_it_has_filled() -> None:
    talk = Conversation()
    intent = an_intent(7, strategy="b")
    talk.begin(EPOCH_MS + 5)
    talk.hear(StreamUp(message_id="s0"))

    talk.answer_listings(orders=(at_venue(intent, filled="4"),), fills=(execution(intent, "t1", "4"),))

    order_id = f"b-r{intent.cid[6:]}"
    assert talk.told() == [f"{order_id} adopted", f"{order_id} filled"]
    assert talk.session.progress.attempts[intent.cid].state is AttemptState.ACCEPTED


def test_an_adopted_order_whose_executions_are_too_old_to_be_listed_is_booked_as_a_sum() -> None:
    talk = Conversation()
    intent = an_intent(7, strategy="b")
    talk.begin(EPOCH_MS + 5)
    talk.hear(StreamUp(message_id="s0"))
    there = at_venue(intent, filled="4", average_price=Decimal("99.5"))

    talk.answer_listings(orders=(there,))
    talk.at(10)
    talk.answer_listings(orders=(there,))

    order_id = f"b-r{intent.cid[6:]}"
    assert talk.told() == [f"{order_id} adopted", f"{order_id} filled inferred"]
    assert talk.session.progress.attempts[intent.cid].remaining == Decimal(6)


def test_what_is_no_strategys_goes_to_unallocated_and_is_told(talk: Conversation) -> None:
    foreign = msgspec.structs.replace(an_intent(1, side=Side.SELL), cid="my-own-order")

    talk.fill(execution(foreign, "t1", "3"))
    talk.order(at_venue(foreign))

    assert talk.told() == []
    assert [told_of_account(event) for event in talk.events] == ["AAA foreign sell 3 at 100"]
    assert talk.breaks() == ["foreign_fill AAA", "foreign_order v-my-own-order"]
    assert not [one for one in talk.asked if isinstance(one.what, WireCancel)]


def test_an_order_of_a_later_life_than_this_one_is_another_daemons(talk: Conversation) -> None:
    theirs = msgspec.structs.replace(an_intent(1), cid=ClientOrderIds(EPOCH_MS + 60_000).next("a"))

    talk.order(at_venue(theirs))

    assert talk.breaks() == [f"foreign_epoch {EPOCH_MS + 60_000}", f"recovered_order a-r{theirs.cid[6:]}"]
    assert talk.session.agreement.take_signs().troubles != []


def settled(talk: Conversation) -> Conversation:
    """All that earlier lives have sent would have arrived and be seen, and was listed after that."""
    talk.begin_in_agreement()
    for seconds in (1, 5, 9, 20):
        talk.at(seconds)
        talk.answer_listings()
    talk.told()
    return talk


def of_an_earlier_life() -> WireSubmit:
    return msgspec.structs.replace(an_intent(1), cid=ClientOrderIds(EPOCH_MS - 500).next("a"))


def test_an_order_of_an_earlier_life_that_comes_when_all_was_told_is_a_daemons_that_still_trades() -> None:
    talk, theirs = settled(Conversation(PROFILE)), of_an_earlier_life()

    talk.order(at_venue(theirs))

    assert talk.breaks() == [f"foreign_epoch {EPOCH_MS - 500}", f"recovered_order a-r{theirs.cid[6:]}"]
    assert talk.session.agreement.take_signs().troubles != []


def test_so_is_one_of_which_no_more_than_an_execution_is_seen() -> None:
    talk, theirs = settled(Conversation(PROFILE)), of_an_earlier_life()

    talk.fill(execution(theirs, "t1", "3", ts_ns=21 * SECOND))
    for seconds in (22, 26, 40):
        talk.at(seconds)
        talk.answer_listings()

    assert f"foreign_epoch {EPOCH_MS - 500}" in talk.breaks()


@pytest.mark.parametrize(
    ("profile", "seconds"), [(PROFILE, 7), (msgspec.structs.replace(PROFILE, accepted_within_ns=None), 60)]
)
def test_what_an_earlier_life_may_have_sent_itself_is_no_other_daemons(profile: VenueProfile, seconds: int) -> None:
    talk, theirs = Conversation(profile), of_an_earlier_life()
    talk.begin_in_agreement()
    talk.at(1)
    talk.answer_listings()
    talk.at(seconds)
    talk.answer_listings()

    talk.order(at_venue(theirs))

    assert talk.breaks() == [f"recovered_order a-r{theirs.cid[6:]}"]


# What cannot be read.


def test_a_status_that_is_not_readable_puts_an_order_in_doubt_and_asks(talk: Conversation) -> None:
    intent = an_intent(1)
    talk.order(at_venue(intent), talk.command(intent))

    talk.order(at_venue(intent, VenueStatus.UNREADABLE, reason="EXPIRED_IN_MATCH"))
    talk.hear(Unreadable(message_id="s77", reason="no such field", raw="{}"))

    assert talk.told() == ["a-1 accepted", "a-1 unknown unreadable"]
    assert FindOrder(cid=intent.cid, symbol="AAA") in talk.questions()
    assert talk.breaks() == ["unreadable_message s77"]


def test_a_session_goes_on_from_its_state_as_if_nothing_had_been() -> None:
    def story(talk: Conversation, *, interrupted: bool) -> list[str]:
        IDS.epoch_ms = EPOCH_MS
        one, two = an_intent(1), an_intent(2)
        talk.begin_in_agreement()
        talk.order(at_venue(one), talk.command(one))
        talk.lost(talk.command(two))
        talk.lost(talk.cancel(one))
        if interrupted:
            state = through_msgpack(talk.session.state())
            talk.session = Conversation().session
            talk.session.belong_to(Conversation().session.account, lambda _: None)
            talk.session.restore(state)
        for seconds in range(1, 60):
            talk.at(seconds)
            if FindOrder(cid=two.cid, symbol="AAA") in talk.questions():
                talk.missing(two.cid)
            talk.answer_listings(orders=(at_venue(one),))
        return talk.told()

    assert story(Conversation(), interrupted=True) == story(Conversation(), interrupted=False)


def test_the_clock_of_the_venue_is_followed(talk: Conversation) -> None:
    talk.at(60)
    request = talk.request_of(ReadAccount())
    assert request
    talk.now_ns += SECOND
    number = talk.request_of(ReadTime())
    talk.hear(TimeTold(message_id=f"r{number}", request=number, venue_ns=talk.now_ns + 30 * SECOND))

    talk.command(an_intent(1))
    assert talk.asked[-1].stamp_ns == talk.now_ns + 30 * SECOND


def test_one_reading_of_a_time_that_is_far_ahead_does_not_set_all_later_ones_aside(talk: Conversation) -> None:
    talk.at(61)
    request = talk.request_of(ReadAccount())
    nothing = AccountSnapshot(cash={}, positions={})
    talk.hear(AccountTold(message_id="r", request=request, account=nothing, venue_ns=LAST_NS // 2))
    assert abs(talk.session.offset_ns) < SECOND
    for seconds in range(70, 200, 5):
        talk.at(seconds)
        talk.answer_listings(positions={"AAA": Decimal(3)})
    assert "position_difference AAA" in talk.breaks()
