"""Cancels and amendments whose outcome is not known yet.

That a venue refuses a cancel says nothing of the order: it is asked about, and what it is then is told. A cancel may be
sent again, which cannot do harm, but not for ever; an amendment is sent once.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

import msgspec

from trading.commands import WireAmend, WireCancel
from trading.orders import OrderTerms
from trading.reports import ReportKind
from trading.timestamps import SECOND
from trading.venue.line import Line

MOST_CANCELS: Final = 5
"""How often the cancel of one order is sent, where nobody says what became of it."""

PAUSE_NS: Final = 2 * SECOND


class CancelUnderWay(msgspec.Struct, kw_only=True):
    """A cancel whose outcome is not known. `refusal` is why the venue did not do it, as (code, reason); `again_ns` when
    it is to be sent again, 0 while there is an answer to come."""

    command: WireCancel
    tries: int = 1
    refusal: tuple[str, str] | None = None
    again_ns: int = 0


class AmendUnderWay(msgspec.Struct, kw_only=True):
    """An amendment whose outcome is not known. `ask_ns`: no answer came, and the order is asked about then, as its
    terms will tell; 0 while there is an answer to come."""

    command: WireAmend
    stamp_ns: int
    ask_ns: int = 0


class Outcome(msgspec.Struct, frozen=True):
    """What has become of a cancel or an amendment, as a report tells it."""

    kind: ReportKind
    code: str
    reason: str


class Changes:
    """What was asked of orders that work, by their client order ids."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._cancels: dict[str, CancelUnderWay] = {}
        self._amends: dict[str, AmendUnderWay] = {}

    def cancel(self, command: WireCancel) -> None:
        """Send a cancel, for the first time or once more."""
        self._line.send(command)
        under_way = self._cancels.setdefault(command.cid, CancelUnderWay(command=command, tries=0))
        under_way.tries += 1
        under_way.again_ns, under_way.refusal = 0, None

    def amend(self, command: WireAmend) -> None:
        """Send an amendment."""
        self._line.send(command)
        self._amends[command.cid] = AmendUnderWay(command=command, stamp_ns=self._line.stamp_ns)

    def cancel_refused(self, cid: str, code: str, reason: str) -> None:
        """The venue has not cancelled."""
        if cid in self._cancels:
            self._cancels[cid].refusal = (code, reason)

    def cancel_lost(self, cid: str) -> None:
        """Nobody knows whether a cancel was taken."""
        if cid in self._cancels:
            self._cancels[cid].again_ns = self._line.now_ns + PAUSE_NS

    def cancel_not_taken(self, cid: str) -> None:
        """A cancel has not left, or not come so far as to be looked at: it does not count among those sent."""
        if cid in self._cancels:
            self._cancels[cid].tries -= 1
            self.cancel_lost(cid)

    def amend_refused(self, cid: str) -> bool:
        """The venue has not amended; whether that is news."""
        return self._amends.pop(cid, None) is not None

    def amend_lost(self, cid: str) -> None:
        """Nobody knows whether an amendment was taken."""
        if cid in self._amends:
            self._amends[cid].ask_ns = self._line.now_ns + PAUSE_NS

    def begin_life(self) -> None:
        """Nobody knows what became of anything that was on its way."""
        for cid in self._cancels:
            self.cancel_lost(cid)
        for cid in self._amends:
            self.amend_lost(cid)

    def under_way(self) -> list[str]:
        """The orders of which something was asked that is not answered."""
        return [*dict.fromkeys([*self._cancels, *self._amends])]

    def is_cancelled(self, cid: str) -> bool:
        """Whether a cancel of it is under way."""
        return cid in self._cancels

    def most(self, cid: str, terms: OrderTerms) -> Decimal:
        """The units that may fill of an order that has these terms, the more of them and of those asked for."""
        under_way = self._amends.get(cid)
        return terms.quantity if under_way is None else max(terms.quantity, under_way.command.terms.quantity)

    def take_larger(self, cid: str, quantity: Decimal) -> OrderTerms | None:
        """The terms of an amendment that allows for so many units; then that is answered. None where none does."""
        under_way = self._amends.get(cid)
        if under_way is None or under_way.command.terms.quantity < quantity:
            return None
        return self._amends.pop(cid).command.terms

    def take_asked_for(self, cid: str, terms: OrderTerms) -> bool:
        """Whether the terms that the venue has now are those that were asked for; then that is answered."""
        under_way = self._amends.get(cid)
        if under_way is None or not same_terms(under_way.command.terms, terms):
            return False
        del self._amends[cid]
        return True

    def settle(self, cid: str, is_past: Callable[[int], bool]) -> list[Outcome]:
        """The order works on as it was: what of cancel or amendment that decides. `is_past` tells of a stamp whether
        what bore it can no longer be carried out."""
        outcomes: list[Outcome] = []
        cancel, amend = self._cancels.get(cid), self._amends.get(cid)
        if cancel is not None and cancel.refusal is not None:
            outcomes.append(Outcome(ReportKind.CANCEL_REJECTED, *cancel.refusal))
            del self._cancels[cid]
        elif cancel is not None and cancel.again_ns and cancel.tries >= MOST_CANCELS:
            reason = f"{cancel.tries} cancels were sent and none was confirmed; it still works"
            outcomes.append(Outcome(ReportKind.CANCEL_REJECTED, "not_confirmed", reason))
            del self._cancels[cid]
        if amend is not None and amend.ask_ns and is_past(amend.stamp_ns):
            outcomes.append(Outcome(ReportKind.REPLACE_REJECTED, "not_confirmed", "it works on as it was"))
            del self._amends[cid]
        return outcomes

    def on_time(self) -> list[str]:
        """Send those cancels again whose time has come; gives the orders that are to be asked about instead."""
        now_ns = self._line.now_ns
        unanswered: list[str] = []
        for cid, cancel in list(self._cancels.items()):
            if not cancel.again_ns or cancel.again_ns > now_ns:
                continue
            if cancel.tries < MOST_CANCELS:
                self.cancel(msgspec.structs.replace(cancel.command, ts_ns=now_ns))
            else:
                cancel.again_ns = now_ns + PAUSE_NS
                unanswered.append(cid)
        for cid, amend in self._amends.items():
            if amend.ask_ns and amend.ask_ns <= now_ns:
                amend.ask_ns = now_ns + PAUSE_NS
                unanswered.append(cid)
        return unanswered

    @property
    def next_ns(self) -> int | None:
        """When a cancel is to be sent again, or an order to be asked about; None where neither is."""
        due = [cancel.again_ns for cancel in self._cancels.values() if cancel.again_ns]
        due += [amend.ask_ns for amend in self._amends.values() if amend.ask_ns]
        return min(due, default=None)

    def forget(self, cid: str) -> None:
        """The order is over."""
        self._cancels.pop(cid, None)
        self._amends.pop(cid, None)

    def state(self) -> dict[str, Any]:
        """Everything that `restore` needs."""
        return {"cancels": list(self._cancels.values()), "amends": list(self._amends.values())}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Become the changes that gave this state."""
        self._cancels = {one.command.cid: one for one in msgspec.convert(state["cancels"], list[CancelUnderWay])}
        self._amends = {one.command.cid: one for one in msgspec.convert(state["amends"], list[AmendUnderWay])}


def same_terms(one: OrderTerms, other: OrderTerms) -> bool:
    """Whether two terms of an order are the same in all that an amendment can change."""
    return (one.quantity, one.limit_price, one.stop_price) == (other.quantity, other.limit_price, other.stop_price)
