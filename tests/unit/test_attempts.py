"""The wire's attempts: every state, every change, and what neither can do."""

from decimal import Decimal
from itertools import product

import pytest

from scripts.draw_attempt_states import DOCUMENT, page
from tests.venue_builders import an_intent
from trading.errors import IllegalTransition
from trading.venue.attempts import OVER, TRANSITIONS, Attempt, AttemptChange, AttemptState
from trading.venue.evidence import OperatorWord

WORD = OperatorWord(reason="I looked")


def attempt(state: AttemptState = AttemptState.SENDING) -> Attempt:
    intent = an_intent(1)
    return Attempt(cid=intent.cid, terms=intent.terms, stamp_ns=0, sent_ns=0, request=1, state=state)


def test_the_page_has_the_table_as_it_is() -> None:
    assert DOCUMENT.read_text() == page()


@pytest.mark.parametrize(("state", "change"), list(product(AttemptState, AttemptChange)))
def test_a_change_leads_where_the_table_says_or_is_illegal(state: AttemptState, change: AttemptChange) -> None:
    one, after = attempt(state), TRANSITIONS.get((state, change))
    ends = after in OVER

    if after is None:
        with pytest.raises(IllegalTransition, match=f"no row for {change} in state {state}"):
            one.change(change, 5)
        return
    news = one.end(change, WORD, 5) if ends else one.change(change, 5)

    assert (one.state, news) == (after, after is not state)
    assert one.since_ns == (5 if news else 0)


@pytest.mark.parametrize("state", sorted(OVER))
def test_what_is_over_stays_over_and_keeps_what_it_rested_on(state: AttemptState) -> None:
    one = attempt(state)

    for change in AttemptChange:
        if (state, change) in TRANSITIONS:
            assert not one.end(change, WORD, 5)
    assert (one.state, one.evidence, one.remaining) == (state, None, Decimal(0))


def test_nothing_ends_without_evidence() -> None:
    with pytest.raises(AssertionError, match="cite what it rests on"):
        attempt().change(AttemptChange.REJECT, 5)


def test_from_every_state_that_is_not_over_an_end_can_be_reached() -> None:
    def reachable(state: AttemptState, seen: frozenset[AttemptState]) -> bool:
        after = {end for (begin, _), end in TRANSITIONS.items() if begin is state}
        return bool(after & OVER) or any(reachable(one, seen | {one}) for one in after - seen)

    assert all(reachable(state, frozenset({state})) for state in AttemptState if state not in OVER)
