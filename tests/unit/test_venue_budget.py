"""The venue's limits by our own reckoning, and orders out against intents in."""

from decimal import Decimal

import msgspec
import pytest

from tests.venue_builders import PROFILE, Conversation, an_intent, at_venue
from trading.commands import WireCancel, WireSubmit
from trading.timestamps import SECOND
from trading.venue.budget import Budget
from trading.venue.conservation import Conservation
from trading.venue.messages import ListFills, ListOpenOrders, Request
from trading.venue.profile import RateLimit, VenueProfile

TEN_A_SECOND = msgspec.structs.replace(
    PROFILE, limits=(RateLimit(weight=10, per_ns=SECOND),), weights={"list_fills": 5}
)
INTENT = an_intent(1)
SUBMIT = Request(number=1, what=INTENT, stamp_ns=0)
CANCEL = Request(number=2, what=WireCancel(cid=INTENT.cid, order_id="a-1", strategy="a", ts_ns=0), stamp_ns=0)
QUESTION = Request(number=3, what=ListOpenOrders(), stamp_ns=0)
DEAR = Request(number=4, what=ListFills(since_ns=0), stamp_ns=0)


def spent(times: int, request: Request, at_ns: int = 0) -> Budget:
    budget = Budget(TEN_A_SECOND)
    for _ in range(times):
        assert budget.free_at_ns(request, at_ns) == at_ns
        budget.spend(request, at_ns)
    return budget


def test_a_fifth_of_every_limit_is_kept_from_orders() -> None:
    budget = spent(8, SUBMIT)

    assert budget.free_at_ns(SUBMIT, 0) == SECOND
    assert budget.free_at_ns(CANCEL, 0) == 0
    assert budget.free_at_ns(QUESTION, 0) == 0


def test_what_is_kept_is_not_without_end() -> None:
    budget = spent(10, CANCEL)

    assert budget.free_at_ns(CANCEL, 0) == SECOND


def test_a_request_weighs_what_the_profile_says() -> None:
    budget = spent(1, DEAR)

    assert budget.free_at_ns(DEAR, 0) == 0
    budget.spend(DEAR, 0)
    assert budget.free_at_ns(QUESTION, 0) == SECOND


def test_weight_comes_back_as_it_was_spent() -> None:
    budget = spent(5, CANCEL)
    for _ in range(5):
        budget.spend(CANCEL, SECOND // 2)

    assert budget.free_at_ns(CANCEL, SECOND // 2) == SECOND
    assert budget.free_at_ns(CANCEL, SECOND) == SECOND
    assert budget.free_at_ns(DEAR, SECOND + 1) == SECOND + 1


def test_a_venue_that_takes_no_more_is_believed() -> None:
    budget = Budget(TEN_A_SECOND)
    budget.pause(0, 30 * SECOND)
    budget.pause(0, SECOND)

    assert budget.free_at_ns(CANCEL, SECOND) == 30 * SECOND


def test_no_window_ever_holds_more_than_its_limit() -> None:
    budget, now_ns, sent = Budget(TEN_A_SECOND), 0, []
    for number in range(200):
        request = (CANCEL, SUBMIT, QUESTION)[number % 3]
        now_ns = budget.free_at_ns(request, now_ns + number % 7 * SECOND // 50)
        budget.spend(request, now_ns)
        sent.append(now_ns)

    assert max(sum(1 for at_ns in sent if begin <= at_ns < begin + SECOND) for begin in sent) <= 10


def test_ids_that_a_venue_would_not_take_are_refused_with_the_profile() -> None:
    with pytest.raises(ValueError, match="made-up takes ids of 12 characters; ours have 18"):
        VenueProfile(name="made-up", id_length=12)
    with pytest.raises(ValueError, match="made-up takes no abc in ids; ours may have them"):
        VenueProfile(name="made-up", id_alphabet="defghijklmnopqrstuvwxyz0123456789")


# Orders out are intents in.


def intended() -> tuple[Conservation, WireSubmit, Conversation]:
    talk = Conversation()
    talk.begin_in_agreement()
    intent = an_intent(1)
    talk.command(intent)
    return Conservation(talk.session.progress.attempts), intent, talk


def test_an_order_goes_out_once_for_its_intent_and_is_counted() -> None:
    conservation, intent, _ = intended()

    assert conservation.refusal(intent) == ""
    assert conservation.refusal(intent) == f"{intent.cid} was sent already"
    assert (conservation.orders, conservation.units) == (1, {"AAA": Decimal(10)})


def test_an_order_that_nobody_intended_does_not_go_out() -> None:
    conservation, intent, _ = intended()
    larger = msgspec.structs.replace(intent, terms=msgspec.structs.replace(intent.terms, quantity=Decimal(1_000)))

    assert conservation.refusal(an_intent(2)).endswith("has no intent")
    assert conservation.refusal(larger) == f"{intent.cid} is not what was intended"
    assert conservation.orders == 0


def test_an_order_of_which_something_was_heard_already_does_not_go_out_again() -> None:
    conservation, intent, talk = intended()
    talk.order(at_venue(intent))

    assert conservation.refusal(intent) == f"{intent.cid} is accepted"
