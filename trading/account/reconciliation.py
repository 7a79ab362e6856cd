"""Reconciliation: the books of all together are held against what the venue says of the account.

What differs and stays (`sightings.py` says what that takes) is booked to `unallocated`, so that the books are the venue
again to the last digit, whoever it belongs to; no strategy's book is touched by it. It trips the venue's breaker, but
not before the books of a first life were the venue's for the first time: what the account had before is no trouble. A
fill that is heard of after the difference that it made was booked goes to its owner, and is taken back from there.

It asks nothing and books nothing by itself. Whoever talks to the venue tells it what was asked and heard, books the
`events` of each Outcome at once and in their order, trips by `troubles`, and tells people of `news`.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from decimal import Decimal
from typing import Any, Final

import msgspec

from trading.account.breaks import ACTIONS, WINDOW_NS, BreakKind, Breaks, break_id
from trading.account.differences import Difference, Planned, differences, equal_cash, planned, unknown_assets
from trading.account.ledger import UNALLOCATED
from trading.account.outcome import Outcome
from trading.account.sightings import Asked, Sightings, Standing
from trading.account.suspense import Suspense, cash_key, position_key
from trading.instruments import Instrument
from trading.market import AccountSnapshot
from trading.money import EXACT, ZERO
from trading.venue.messages import AccountTold, FillsTold, VenueFill

UNUSABLE: Final = 3
"""Readings of the account in a row that could not be used, after which it is told."""


class _Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What the venue says of the account in answer to a question, and what follows from it."""

    told: AccountTold
    asked: Asked
    now_ns: int
    in_doubt: Collection[str]
    outcome: Outcome


class Reconciliation:
    """Holds one account. `settle_ns` is how long the venue may take until all that it says agrees, no less than its
    profile's `visible_after_ns`. Up to its tolerance, by currency, a cash difference is booked without trouble.

    `breaks` is the register; who else finds that something does not agree tells `report`. `is_reconciled` is whether
    the last reading of this life left nothing that differs, `is_initial` whether no reading ever did.
    """

    def __init__(
        self,
        *,
        instruments: Mapping[str, Instrument],
        price_of: Callable[[str], Decimal | None],
        settle_ns: int,
        tolerances: Mapping[str, Decimal] | None = None,
    ) -> None:
        self.breaks = Breaks()
        self.is_initial = True
        self.is_reconciled = False
        self._instruments = instruments
        self._price_of = price_of
        self._tolerances = tolerances or {}
        self._sightings = Sightings(settle_ns)
        self._suspense = Suspense()
        self._last: AccountSnapshot | None = None
        self._venue_ns = 0
        self._unusable = 0

    @property
    def wants_fills(self) -> bool:
        """Whether a list of all fills is needed before a difference can count; where none is on its way, ask."""
        return self._sightings.wants_fills

    @property
    def recheck_ns(self) -> int | None:
        """When the account is to be read again out of turn; None where nothing is undecided."""
        return self._sightings.recheck_ns

    def begin(self) -> None:
        """A life begins, or a connection: nothing that was asked before will be answered. It is not reconciled."""
        self.is_reconciled = False
        self._venue_ns = 0
        self._sightings.begin()

    def asked(self, request: int, now_ns: int) -> None:
        """ReadAccount or ListFills is put into the queue as this request."""
        self._sightings.asked(request, now_ns)

    def changed(self, symbol: str = "", currencies: Collection[str] = (), venue_ns: int = 0) -> None:
        """Something was heard of a symbol, or of cash, that changes what is held or may be about to: a posting, or any
        message of an order. Fills come by `on_fill`."""
        self._venue_ns = max(self._venue_ns, venue_ns)
        keys = set(map(cash_key, currencies))
        if (instrument := self._instruments.get(symbol)) is not None:
            keys |= {position_key(symbol), cash_key(instrument.currency.code)}
        self._sightings.change(keys)

    def on_fill(self, fill: VenueFill, owner: str, now_ns: int, *, was_missed: bool = False) -> Outcome:
        """An execution is heard of for the first time, and is booked to its owner, a strategy or `unallocated`: the
        events come after that. One that `was_missed` should have been pushed. One in a symbol that is no instrument
        here is not to be booked."""
        outcome = Outcome()
        instrument = self._instruments.get(fill.symbol)
        if instrument is None:
            text = f"{fill.quantity} {fill.symbol} were traded for {owner}; nothing here trades in that"
            outcome.note(self.breaks, BreakKind.UNKNOWN_ASSET, fill.symbol, now_ns, text)
            return outcome
        self.changed(fill.symbol, (fill.fee_currency,), fill.ts_ns)
        kinds = [BreakKind.MISSING_FILL] * was_missed + [BreakKind.FOREIGN_FILL] * (owner == UNALLOCATED)
        for kind in kinds:
            known = self.breaks.get(break_id(kind, fill.symbol))
            told_lately = known is not None and now_ns - known.last_ns < WINDOW_NS
            text = f"{fill.side} {fill.quantity} {fill.symbol} at {fill.price}, execution {fill.execution_id}"
            done = f"booked to {owner}"
            outcome.note(self.breaks, kind, fill.symbol, now_ns, text, done=done, told=not told_lately)
        outcome.events += self._suspense.taken_back(fill, instrument, now_ns)
        return outcome

    def on_bust(self, fill: VenueFill, venue_ns: int, now_ns: int) -> Outcome:
        """The venue has annulled, at a time of its own, an execution that was booked, and that is taken back from its
        owner: the events come after that."""
        reversal = msgspec.structs.replace(
            fill, side=fill.side.opposite, fee=fill.fee.copy_negate(), ts_ns=venue_ns, leg="bust"
        )
        self.changed(fill.symbol, (fill.fee_currency,), venue_ns)
        events = self._suspense.taken_back(reversal, self._instruments[fill.symbol], now_ns)
        return Outcome(events=events)

    def on_fills(self, told: FillsTold) -> None:
        """A list of fills has been answered, and each fill of it was taken up."""
        asked = self._sightings.answered(told.request)
        if asked is not None and told.complete:
            self._sightings.all_fills_told(asked)

    def on_account(
        self, told: AccountTold, total: AccountSnapshot, now_ns: int, *, in_doubt: Collection[str] = ()
    ) -> Outcome:
        """The venue says what the account holds, cash as though every position were paid for in full; `total` is what
        all books have. What was not asked for, or is answered a second time, changes nothing, as does what is not
        complete or older than what is known.

        `in_doubt` are the symbols of orders of which nobody knows what became: a difference in one of them may be what
        the order has filled, and to book it would take away what speaks against that it never arrived.
        """
        outcome = Outcome()
        asked = self._sightings.answered(told.request)
        if asked is None:
            return outcome
        if not told.complete or 0 < told.venue_ns < self._venue_ns:
            self._set_aside(outcome, told, now_ns)
            return outcome
        self._unusable = 0
        self.breaks.resolve(BreakKind.STALE_SNAPSHOT, "account", now_ns, "a reading could be used")
        self._last, self._venue_ns = told.account, max(self._venue_ns, told.venue_ns)
        reading = _Reading(told=told, asked=asked, now_ns=now_ns, in_doubt=in_doubt, outcome=outcome)
        self._note_unknown(reading, total)
        self.is_reconciled = self._decide(reading, total)
        self.is_initial = self.is_initial and not self.is_reconciled
        return outcome

    def report(
        self,
        kind: BreakKind,
        subject: str,
        now_ns: int,
        text: str,
        *,
        ours: Decimal | None = None,
        theirs: Decimal | None = None,
        done: str = "",
    ) -> Outcome:
        """Take note of a break that another has found, and of what was `done` about it already; it trips where its kind
        does."""
        outcome = Outcome()
        outcome.note(self.breaks, kind, subject, now_ns, text, ours=ours, theirs=theirs, done=done)
        return outcome

    def plan(self, total: AccountSnapshot, account: AccountSnapshot | None = None) -> list[Planned]:
        """What would be booked if all stayed that the last reading has other than the books; or, where something was
        heard since, what the `account` has by now. Nothing is decided by it. LookupError before the first reading."""
        if self._last is None:
            raise LookupError("the venue has not said yet what the account holds")
        found = differences(self._last if account is None else account, total, self._instruments)
        return planned(found, total, self._instruments, self._price_of)

    def state(self) -> dict[str, Any]:
        """Everything that `restore` needs."""
        return {
            "breaks": self.breaks.state(),
            "sightings": self._sightings.state(),
            "suspense": self._suspense.state(),
            "last": self._last,
            "venue_ns": self._venue_ns,
            "unusable": self._unusable,
            "is_initial": self.is_initial,
            "is_reconciled": self.is_reconciled,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Become the one that gave this state."""
        self.breaks.restore(state["breaks"])
        self._sightings.restore(state["sightings"])
        self._suspense.restore(state["suspense"])
        self._last = msgspec.convert(state["last"], AccountSnapshot | None)
        self._venue_ns, self._unusable = state["venue_ns"], state["unusable"]
        self.is_initial, self.is_reconciled = state["is_initial"], state["is_reconciled"]

    # Within.

    def _decide(self, reading: _Reading, total: AccountSnapshot) -> bool:
        """Book what a reading differs in and stays; whether nothing is left of it.

        Cash waits for the positions in its currency: what their units cost is part of its difference, and is booked
        with them.
        """
        found = differences(reading.told.account, total, self._instruments)
        units = [one for one in found if one.kind is BreakKind.POSITION_DIFFERENCE]
        cash = {one.subject: one for one in found if one.kind is BreakKind.CASH_DIFFERENCE}
        for code in {self._instruments[one.subject].currency.code for one in units}:
            cash.setdefault(code, equal_cash(code, total))
        self._note_gone(reading, {one.break_id for one in (*units, *cash.values())})
        paid, waiting = self._book_units(reading, units)
        left = bool(waiting)
        for code, one in sorted(cash.items()):
            if code in waiting:
                if self._see(reading, one) is Standing.STAYS:
                    self._sightings.rest(one.break_id)
            elif self._is_to_book(reading, one):
                self._book_cash(reading, one, EXACT.add(one.amount, paid.get(code, ZERO)))
            else:
                left = True
        return not left

    def _book_units(self, reading: _Reading, units: Iterable[Difference]) -> tuple[dict[str, Decimal], set[str]]:
        """Book the units that stay. Gives what they cost, and the currencies of those that are not booked."""
        paid: dict[str, Decimal] = {}
        waiting = set()
        for one in units:
            instrument, price = self._instruments[one.subject], self._price_of(one.subject)
            code, obstacle = instrument.currency.code, ""
            if one.subject in reading.in_doubt:
                obstacle = f"an order in {one.subject} is in doubt"
            elif price is None:
                obstacle = f"no price of {one.subject} was heard yet"
            if not self._is_to_book(reading, one, obstacle) or price is None:
                waiting.add(code)
                continue
            self._note(reading, one, done=f"{one.amount} booked to {UNALLOCATED} at {price}")
            entry = self._suspense.units(one.subject, one.amount, price, f"{one}", reading.now_ns)
            reading.outcome.events.append(entry)
            paid[code] = EXACT.add(paid.get(code, ZERO), instrument.worth(one.amount, price))
            self._is_booked(reading, one)
        return paid, waiting

    def _book_cash(self, reading: _Reading, one: Difference, amount: Decimal) -> None:
        """`amount` is what the difference is once the units are booked that were found with it."""
        if one.amount and amount:
            told = amount.copy_abs() > self._tolerances.get(one.subject, ZERO)
            self._note(reading, one, done=f"{amount} booked to {UNALLOCATED}", told=told)
        if amount:
            reading.outcome.events.append(self._suspense.cash(one.subject, amount, reading.now_ns))
        self._is_booked(reading, one)

    def _is_booked(self, reading: _Reading, one: Difference) -> None:
        self._suspense.made_equal(one.break_id, reading.told.venue_ns)
        self._sightings.forget(one.break_id)

    def _is_to_book(self, reading: _Reading, one: Difference, obstacle: str = "") -> bool:
        """Whether a difference stays, and may be booked now; where it stays and may not, its break says why."""
        standing = self._see(reading, one)
        if standing is Standing.UNCLEAR or not one.amount:
            return standing is Standing.STAYS
        if standing is Standing.STUBBORN:
            why = "its readings were disturbed, or executions between them not told"
        elif obstacle:
            why = obstacle
        elif not self.breaks.may_act(one.kind, one.subject, reading.now_ns):
            why = f"it was booked {ACTIONS} times lately"
        else:
            return True
        if standing is Standing.STAYS:
            self._sightings.rest(one.break_id)
        self._note(reading, one, why=why)
        return False

    def _see(self, reading: _Reading, one: Difference) -> Standing:
        return self._sightings.see(one.break_id, one.amount, reading.asked, reading.now_ns)

    def _set_aside(self, outcome: Outcome, told: AccountTold, now_ns: int) -> None:
        self._unusable += 1
        if self._unusable >= UNUSABLE:
            why = "is older than what is known" if told.complete else "is not complete"
            text = f"{self._unusable} readings in a row could not be used; the last {why}"
            outcome.note(self.breaks, BreakKind.STALE_SNAPSHOT, "account", now_ns, text)

    def _note_gone(self, reading: _Reading, differing: Collection[str]) -> None:
        self._sightings.keep(differing)
        for kind in (BreakKind.POSITION_DIFFERENCE, BreakKind.CASH_DIFFERENCE):
            for one in self.breaks.open(kind):
                if one.break_id not in differing:
                    self.breaks.resolve(kind, one.subject, reading.now_ns, "the books and the venue are equal")

    def _note_unknown(self, reading: _Reading, total: AccountSnapshot) -> None:
        found = dict(unknown_assets(reading.told.account, total, self._instruments))
        kind, now_ns = BreakKind.UNKNOWN_ASSET, reading.now_ns
        for name, amount in found.items():
            text = f"the account has {amount} {name}; nothing here trades in that"
            reading.outcome.note(self.breaks, kind, name, now_ns, text, ours=ZERO, theirs=amount)
        self.breaks.keep_open(kind, found, now_ns, "the account has none")

    def _note(self, reading: _Reading, one: Difference, *, why: str = "", done: str = "", told: bool = True) -> None:
        reading.outcome.note_difference(
            self.breaks, one, reading.now_ns, why=why, done=done, told=told, trips=not self.is_initial
        )
