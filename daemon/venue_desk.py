"""The venue for people: what does not agree with it, what is in doubt there, and what they can do about both."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

import anyio
from msgspec import structs

from daemon.alarms import capital_alarms
from daemon.api.operations import OperationRefused
from daemon.api.order_views import RUNBOOK, BreakView, PlannedView, ReconciliationView
from daemon.errors import BadRequest, VenueNotRead
from daemon.plain import plain, short
from daemon.shells import Shell
from daemon.treasury import MOST, PRICE_DIGITS
from trading.account.breaks import Break, BreakKind, Breaks, BreakState
from trading.account.records import Operation
from trading.account.resolutions import Adoption, Ended, Resolution
from trading.errors import LedgerError
from trading.lockstep import no_venue
from trading.money import ZERO
from trading.postings import Posting
from trading.timestamps import iso
from trading.venue.attempts import Attempt, AttemptState
from trading.venue.session import VenueSession

READ_SECONDS: Final = 8.0
"""How long reading the venue may take, until what differs is known to stay or to have passed."""


class VenueDesk:
    """Looks at the session of one floor, and acts on it; where the market is simulated there is none. OperationRefused
    for what cannot be; nothing has happened then."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell

    # What it knows.

    @property
    def session(self) -> VenueSession | None:
        """The session with the venue."""
        market = self._shell.floor.lockstep.market
        return market if isinstance(market, VenueSession) else None

    def attempt(self, order_id: str) -> Attempt | None:
        """How an order stands at the venue."""
        return None if self.session is None else self.session.attempt_of(order_id)

    def reconciliation(self) -> ReconciliationView:
        """What differs by the last reading, and what would be booked for it."""
        return self._view(self._there("reconcile"), since_ns=None)

    def alarms(self) -> list[str]:
        """Each break that stands, in a sentence with the page that says what to do, and capital that is not there."""
        if self.session is None:
            return []
        capital = capital_alarms(self._shell.floor.lockstep.router.ledger)
        return [*(_alarm(one) for one in self._breaks.open()), *capital]

    def open_breaks(self) -> dict[str, int]:
        """How many breaks of each kind stand; nothing without a venue."""
        if self.session is None:
            return {}
        return {kind.value: len(self._breaks.open(kind)) for kind in BreakKind}

    def in_state(self, state: AttemptState) -> int:
        """How many orders are known like this at the venue."""
        return 0 if self.session is None else sum(one.state is state for one in self.session.progress.open.values())

    # What it can be asked to do.

    async def reconcile(self, reason: str) -> tuple[ReconciliationView, int]:
        """Read everything at the venue, and wait until what differs is decided. Gives since when, in Unix nanoseconds,
        too. VenueNotRead where it has not answered."""
        session, line = self._there("reconcile"), self._shell.venue
        assert line is not None, "who has a session has a line"
        before, began_ns = session.readings, self._shell.now_ns
        await self._operate(Operation(action="reconcile", ts_ns=began_ns, reason=reason))
        with anyio.move_on_after(READ_SECONDS):
            while session.readings == before or session.agreement.recheck_ns is not None:
                await line.heard()
        if session.readings == before:
            raise VenueNotRead(
                f"the venue has not told all that it was asked within {READ_SECONDS:g} s; nothing is decided",
                mend="`bulkhead status` says whether it answers at all; it is read again by itself",
            )
        return self._view(session, since_ns=began_ns), began_ns

    async def cancel(self, order_id: str, reason: str) -> None:
        """Withdraw an order, of whichever strategy."""
        await self._operate(Operation(action="cancel_order", ts_ns=0, reason=reason, order_id=order_id))

    async def resolve(
        self, order_id: str, ended: Ended, filled: Decimal | None, price: Decimal | None, reason: str
    ) -> None:
        """Say what became of an order in doubt. Without a number it filled in whole, or else as far as is known."""
        attempt = self.attempt(order_id)
        if filled is None:
            filled = ZERO if attempt is None else attempt.terms.quantity if ended == "filled" else attempt.filled
        _require(filled, "filled", least=ZERO)
        if price is not None:
            _require(price, "price", least=None)
        said = Resolution(order_id=order_id, ended=ended, filled=short(filled), price=price)
        await self._operate(
            Operation(action="resolve_order", ts_ns=0, reason=reason, order_id=order_id, resolution=said)
        )

    async def adopt(self, strategy: str, venue_id: str, reason: str) -> str:
        """Give a strategy an order that is nobody's, and gives what it is called from then on."""
        adoption = Adoption(strategy=strategy, venue_id=venue_id)
        await self._operate(Operation(action="adopt", ts_ns=0, reason=reason, adoption=adoption))
        found = (one.terms.order_id for one in self._attempts() if one.venue_id == venue_id)
        return next(found)

    # Within.

    @property
    def _breaks(self) -> Breaks:
        return Breaks() if self.session is None else self.session.agreement.reconciliation.breaks

    def _attempts(self) -> Iterator[Attempt]:
        assert self.session is not None
        return reversed(self.session.progress.attempts.values())

    def _there(self, action: str) -> VenueSession:
        if self.session is None:
            raise OperationRefused(no_venue(action), mend="`bulkhead status` says where it trades")
        return self.session

    async def _operate(self, operation: Operation) -> None:
        try:
            await self._shell.operate(structs.replace(operation, ts_ns=self._shell.now_ns))
        except LedgerError as error:
            raise OperationRefused(str(error), mend="nothing has happened") from error

    def _view(self, session: VenueSession, since_ns: int | None) -> ReconciliationView:
        try:
            planned = session.plan()
        except LookupError as error:
            raise OperationRefused(str(error), mend="`bulkhead status` says whether it answers") from error
        return ReconciliationView(
            read_at=iso(session.read_ns) if session.read_ns else None,
            agrees=not planned,
            settled=session.agreement.recheck_ns is None,
            waits_for=session.holds_back,
            in_doubt=[one.terms.order_id for one in session.doubts.in_doubt],
            breaks=[BreakView.of(one) for one in self._breaks if _is_shown(one, since_ns)],
            planned=[PlannedView.of(one) for one in planned],
            booked=[],
        )


def is_of_reconciliation(posting: Posting) -> bool:
    """Whether a change of a book was made so that it is the venue's."""
    return posting.event_id.startswith("reconciliation-")


def _is_shown(one: Break, since_ns: int | None) -> bool:
    return one.state is BreakState.OPEN or (since_ns is not None and one.last_ns >= since_ns)


def _alarm(one: Break) -> str:
    return f"{one.kind} {one.subject}: {one.text}; see {RUNBOOK}#{one.kind}"


def _require(number: Decimal, name: str, *, least: Decimal | None) -> None:
    if not number.is_finite() or number.copy_abs() > MOST or (least is not None and number < least):
        bounds = f"at most {MOST}" if least is None else f"from {least} to {MOST}"
        raise BadRequest(f"{name} is {plain(number) if number.is_finite() else number}; it must be {bounds}")
    if len(number.as_tuple().digits) > PRICE_DIGITS:
        raise BadRequest(f"{name} is {plain(number)}; it may have {PRICE_DIGITS} digits")
