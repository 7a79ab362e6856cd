"""What must hold once the faults have ended and there was time enough: everything is settled, or somebody was told."""

from typing import TYPE_CHECKING

import msgspec

from tests.tapes.history import History
from tests.tapes.truth import Truth, execution_id
from tests.venue.records import Status
from trading.account.breaks import BreakKind
from trading.orders import OrderState
from trading.venue.attempts import AttemptState

if TYPE_CHECKING:
    from tests.tapes.lives import Life


def unsettled(life: "Life") -> str:
    """What is still on its way or in doubt; empty when nothing is."""
    session = life.session
    for attempt in session.progress.open.values():
        if attempt.state in (AttemptState.SENDING, AttemptState.UNKNOWN) or attempt.ending is not None:
            return f"{attempt.cid} is {attempt.state}, {attempt.ending}"
    doubtful = {attempt.cid for attempt in session.progress.open.values() if attempt.is_in_doubt}
    under_way = sorted({*session.changes.under_way()} - doubtful)
    return f"of {', '.join(under_way)} something was asked that is not answered" if under_way else ""


def differences(life: "Life", history: History, truth: Truth) -> str:
    """I9, I12, I18: each fill counts once, no sum is left, and the books are the account; empty when all that is so.

    Of a fill that the venue annuls in silence nobody can know but by the account: it still counts, or a sum of it does
    that no execution will ever take the place of, and `unallocated` has the opposite.
    """
    for fill in truth.fills():
        if truth.owner(fill.cid) and not fill.busted and history.booked[execution_id(fill)] != 1:
            return f"{execution_id(fill)} counts {history.booked[execution_id(fill)]} times"
    sums = [name for name, cid in history.sums.items() if history.booked[name] and not truth.annulled[cid]]
    if sums:
        return f"{sums} did not give way"
    difference = life.router.ledger.difference(truth.account())
    return f"the books differ from the account by {difference}" if difference else ""


def check(life: "Life", truth: Truth) -> None:
    """I1, I11, I21: what works here works there, with the same terms; of what is in doubt somebody was told."""
    progress, breaks = life.session.progress, life.session.agreement.reconciliation.breaks
    for attempt in progress.open.values():
        if attempt.state is AttemptState.QUARANTINED:
            is_told = breaks.is_open(BreakKind.UNKNOWN_ORDER, attempt.terms.order_id)
            assert is_told, f"I1: {attempt.cid} is quarantined, and nobody was told"
    assert not life.courier.alarms, f"I21: {life.courier.alarms}"
    there = {order.ticket.cid: order for order in truth.ours() if order.status is Status.OPEN}
    here = {cid: one for cid, one in progress.open.items() if one.state is AttemptState.ACCEPTED}
    in_doubt = {cid for cid, one in progress.open.items() if one.is_in_doubt}
    assert here.keys() == there.keys() - in_doubt, f"I1: {sorted(here)} work here, {sorted(there)} at the venue"
    for cid, attempt in here.items():
        order = there[cid]
        ours = (attempt.filled, attempt.terms.quantity, attempt.terms.limit_price)
        theirs = (order.filled, order.ticket.quantity, order.ticket.limit_price)
        assert ours == theirs, f"I11: {cid} is {ours} here, {theirs} there"
    for strategy, orders in life.router.orders.items():
        known = {one.terms.order_id: one for one in progress.open.values() if one.terms.strategy == strategy}
        ours_open = {one.order_id for one in orders.open()}
        assert ours_open == known.keys(), f"I1: {sorted(ours_open)} are open of {strategy}, {sorted(known)} at large"
        for mine in orders.open():
            assert mine.asked is None, f"I1: an amendment of {mine.order_id} is not answered"
            is_doubtful = known[mine.order_id].is_in_doubt
            assert is_doubtful or mine.state is not OrderState.PENDING_CANCEL, f"I1: {mine.order_id} is {mine.state}"


def same(one: "Life", other: "Life") -> None:
    """I20, I47: whoever repeats the journal comes to the same books, orders and attempts."""
    ours, theirs = one.lockstep.state(), other.lockstep.state()
    for part in sorted(ours.keys() | theirs.keys()):
        equal = msgspec.to_builtins(ours[part]) == msgspec.to_builtins(theirs[part])
        assert equal, f"I20: {part} did not repeat"
