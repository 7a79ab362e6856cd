"""Mistakes that others have made, put into our code one by one: a tape finds each, by the invariant that it breaks."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import pytest

from tests.tapes.world import play
from trading.account.ids import ClientOrderIds
from trading.commands import WireCancel, WireSubmit
from trading.venue import changes
from trading.venue.attempts import AttemptChange
from trading.venue.attribution import Attribution
from trading.venue.budget import Budget
from trading.venue.doubts import Doubts
from trading.venue.evidence import VenueWord
from trading.venue.executions import Executions
from trading.venue.outcomes import Outcomes
from trading.venue.ownership import Ownership
from trading.venue.progress import Progress
from trading.venue.sums import Sums

RESTS: Final = ("0 quote AAA 99 101", "1 a buys 5 AAA at 100")

Patch = Callable[[pytest.MonkeyPatch], None]


class Mistake(NamedTuple):
    """What is done wrong, by the fault that it is of; a tape; and the invariant that must not hold on it."""

    fault: str
    words: str
    make: Patch
    tape: tuple[str, ...]
    breaks: str

    def __str__(self) -> str:
        return f"{self.fault} {self.words}"


def _instead(owner: type, name: str, does: Callable[..., Any]) -> Patch:
    return lambda patch: patch.setattr(owner, name, does)


def _resends(patch: pytest.MonkeyPatch) -> None:
    right = Outcomes.on_lost

    def on_lost(outcomes: Outcomes, message: Any, waiting: Any) -> list[Any]:
        if waiting is not None and isinstance(waiting.request.what, WireSubmit):
            outcomes._line.send(waiting.request.what)
            return []
        return right(outcomes, message, waiting)

    patch.setattr(Outcomes, "on_lost", on_lost)


def _takes_a_refusal_for_an_end(patch: pytest.MonkeyPatch) -> None:
    right = Outcomes.on_refused

    def on_refused(outcomes: Outcomes, message: Any, waiting: Any) -> list[Any]:
        if waiting is not None and isinstance(waiting.request.what, WireCancel):
            progress = outcomes._progress
            attempt = progress.attempts[waiting.request.what.cid]
            return [*progress.end(attempt, AttemptChange.CANCEL, VenueWord.of(message))]
        return right(outcomes, message, waiting)

    patch.setattr(Outcomes, "on_refused", on_refused)


def _cancels_what_it_does_not_know(patch: pytest.MonkeyPatch) -> None:
    right = Attribution.told

    def told(attribution: Attribution, order: Any, message: Any, *, asked: bool) -> list[Any]:
        if order.cid not in attribution._progress.attempts:
            line = attribution._line
            line.send(WireCancel(cid=order.cid, order_id="", strategy="a", ts_ns=line.now_ns))
        return right(attribution, order, message, asked=asked)

    patch.setattr(Attribution, "told", told)


def _rejects(progress: Progress, attempt: Any, code: str, reason: str) -> list[Any]:
    return progress.end(attempt, AttemptChange.REJECT, VenueWord("timeout"), code, reason)


def _believes_the_first(doubts: Doubts, attempt: Any, message: Any, venue_now_ns: int) -> list[Any]:
    progress = doubts._progress
    if attempt.is_in_doubt:
        return progress.end(attempt, AttemptChange.PROVE_ABSENT, VenueWord.of(message), "never_arrived")
    return progress.lose(attempt, "not_found", "")


def _first_owner(patch: pytest.MonkeyPatch) -> None:
    right = Ownership.owner

    def owner(ownership: Ownership, cid: str) -> Any:
        found = right(ownership, cid)
        if found is None:
            return None
        return type(found)(strategy="a", epoch_ms=found.epoch_ms, order_id=found.order_id)

    patch.setattr(Ownership, "owner", owner)


def _counts_from_one(ids: ClientOrderIds, strategy: str) -> str:
    epoch_ms, ids.epoch_ms = ids.epoch_ms, 1
    try:
        return _NEXT(ids, strategy)
    finally:
        ids.epoch_ms = epoch_ms


_NEXT = ClientOrderIds.next

MISTAKES: Final = (
    Mistake("F01", "what had no answer is sent again", _resends, (*RESTS, "place#1.reply=lost"), "I2|I21"),
    Mistake(
        "F05", "no answer is a rejection", _instead(Progress, "lose", _rejects), (*RESTS, "place#1.reply=lost"), "I4"
    ),
    Mistake(
        "F03",
        "not found once is not there",
        _instead(Doubts, "missing", _believes_the_first),
        (*RESTS, "place#1.request=delay:4s", "2.9 freeze 9s"),
        "I5",
    ),
    Mistake(
        "F09",
        "ids are counted from one again",
        _instead(ClientOrderIds, "next", _counts_from_one),
        (*RESTS, "3 stop", "6 a buys 5 AAA at 99"),
        "I7",
    ),
    Mistake(
        "F22",
        "what is told twice counts twice",
        _instead(Executions, "is_news", lambda _, fill: bool(fill.quantity)),
        (*RESTS, "2 quote AAA 98 99", "fill_push#1=twice"),
        "I9|I13",
    ),
    Mistake(
        "F23",
        "a sum stays beside its executions",
        _instead(Sums, "withdraw", lambda *_: []),
        (*RESTS, "2 quote AAA 98 99", "line no_fills", "fills#1-40.view=empty", "faults end at 40"),
        "I9",
    ),
    Mistake(
        "F41",
        "a cancel is sent for ever",
        lambda patch: patch.setattr(changes, "MOST_CANCELS", 10**9),
        (*RESTS, "2 a cancels 1", "cancel#1-99=503", "faults end at 120"),
        "I27",
    ),
    Mistake(
        "F42",
        "a cancel that is refused has ended the order",
        _takes_a_refusal_for_an_end,
        (*RESTS, "1 a cancels 1", "place#1.reply=lost"),
        "I5",
    ),
    Mistake(
        "F44",
        "what is not known is cancelled",
        _cancels_what_it_does_not_know,
        (*RESTS, "2 foreign buy 3 AAA at 90", "3 cut"),
        "I17",
    ),
    Mistake(
        "F49",
        "an order that was lost goes to the first strategy",
        _first_owner,
        ("0 quote AAA 99 101", "1 b buys 5 AAA", "crash@leak#1"),
        "I20",
    ),
    Mistake(
        "F84",
        "who is asked to wait does not",
        _instead(Budget, "pause", lambda *_: None),
        (*RESTS, "open_orders#3=418:20s", "12 cut"),
        "I36",
    ),
    Mistake(
        "F84",
        "the limits are not looked at",
        _instead(Budget, "free_at_ns", lambda _, request, now_ns: now_ns),
        ("0 quote AAA 99 101", *(f"5 a buys {units} AAA at 99" for units in range(1, 13)), "profile budget=12/2s"),
        "I36",
    ),
)


@pytest.mark.parametrize("mistake", MISTAKES, ids=str)
def test_a_tape_finds_it(mistake: Mistake, monkeypatch: pytest.MonkeyPatch) -> None:
    play(mistake.tape)
    mistake.make(monkeypatch)
    with pytest.raises(AssertionError, match=rf"^({mistake.breaks})\b"):
        play(mistake.tape)
