"""The judge: the venue's own books and the daemon's journal, and what the daemon itself says, held against each other.

`breaches` holds at every moment, whoever has just been killed. `unsettled` holds once faults are healed, the load has
stopped and everything was asked for. Amounts are added up anew from the venue's fills, with no code of the daemon's.
"""

import enum
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

import msgspec

from tests.torture.journal_view import Booking, JournalView, Standing
from tests.torture.venue_books import VenueBooks, without_zeros
from tests.venue.records import Execution, Order, Status
from trading.account.ids import PREFIX, decode
from trading.errors import InvalidClientOrderId

LARGEST_ANSWER: Final = 10_000
"""Fills that `bulkhead fills` tells at most."""


class Breach(enum.StrEnum):
    """What must never be."""

    LOST = "lost"
    DUPLICATED = "duplicated"
    ORPHANED = "orphaned"
    WRONG_OWNER = "wrong owner"
    DIFFERENCE = "difference"


class Violation(msgspec.Struct, frozen=True):
    """One breach, in words."""

    breach: Breach
    words: str


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What the daemon answers: its orders that are open, its fills by strategy, its account, as its commands print
    them."""

    open_orders: list[dict[str, Any]]
    fills: Mapping[str, list[dict[str, Any]]]
    account: dict[str, Any]


class Oracle:
    """Knows the strategies and what each was given; all in one currency."""

    def __init__(self, capital: Mapping[str, str], currency: str = "USD") -> None:
        self._capital = capital
        self._currency = currency

    # What holds at every moment.

    def breaches(self, venue: VenueBooks, journal: JournalView, *, orders_seen: int) -> Iterator[Violation]:
        """What is wrong whatever comes yet. The journal was read after the first `orders_seen` orders of the venue,
        and before all the rest of its books."""
        yield from self._duplicated(venue, journal)
        yield from self._orphaned(venue.orders[:orders_seen], journal)
        yield from self._ill_booked(venue, journal)

    def _duplicated(self, venue: VenueBooks, journal: JournalView) -> Iterator[Violation]:
        cids = Counter(order.ticket.cid for order in venue.our_orders)
        for cid, count in cids.items():
            if count > 1:
                yield Violation(Breach.DUPLICATED, f"{count} orders at the venue have the client id {cid}")
        for cid in journal.twice_intended:
            yield Violation(Breach.DUPLICATED, f"client id {cid} was given to two intents")
        real: defaultdict[str, list[str]] = defaultdict(list)
        for order in venue.our_orders:
            intent = journal.intents.get(order.ticket.cid)
            if intent is not None and (order.status is Status.OPEN or order.filled):
                real[intent.terms.order_id].append(order.ticket.cid)
        for order_id, found in real.items():
            if len(found) > 1:
                yield Violation(Breach.DUPLICATED, f"order {order_id} works or has filled as {', '.join(found)}")
        for execution, times in journal.times_booked.items():
            if times > 1:
                yield Violation(Breach.DUPLICATED, f"execution {execution} is booked {times} times")

    def _orphaned(self, orders: list[Order], journal: JournalView) -> Iterator[Violation]:
        for cid in journal.adopted:
            yield Violation(Breach.ORPHANED, f"{cid} was adopted: the daemon did not know it by its journal")
        for order in orders:
            cid = order.ticket.cid
            if not cid.startswith(PREFIX):
                continue
            intent = journal.intents.get(cid)
            if intent is None:
                yield Violation(Breach.ORPHANED, f"{cid} is at the venue, and no intent of it in the journal")
            elif intent.terms.strategy != self._owner(cid):
                words = f"{cid} is {self._owner(cid)}'s by its id, and {intent.terms.strategy}'s by its intent"
                yield Violation(Breach.WRONG_OWNER, words)

    def _ill_booked(self, venue: VenueBooks, journal: JournalView) -> Iterator[Violation]:
        fills = {execution_id(fill): fill for fill in venue.our_fills}
        for execution, booking in journal.bookings.items():
            if not journal.times_booked[execution] or booking.inferred:
                continue
            yield from self._ill_owned(booking)
            if execution not in fills:
                yield Violation(Breach.DIFFERENCE, f"execution {execution} is booked, and the venue has none such")
            elif differs := _differing(fills[execution], booking):
                yield Violation(Breach.DIFFERENCE, f"execution {execution} is booked with another {differs}")

    def _ill_owned(self, booking: Booking) -> Iterator[Violation]:
        owner = self._owner(booking.cid)
        if booking.fill.strategy != owner:
            words = f"{booking.fill.execution_id} of {booking.cid} is {owner}'s, booked to {booking.fill.strategy}"
            yield Violation(Breach.WRONG_OWNER, words)

    # What holds once all has settled.

    def unsettled(self, venue: VenueBooks, journal: JournalView, said: Said) -> Iterator[Violation]:
        """What is wrong where nothing is under way any more."""
        yield from self._lost_orders(venue, journal)
        yield from self._lost_fills(venue, journal)
        yield from self._open_differently(venue, journal, said)
        yield from self._told_differently(venue, said)
        yield from self._different_books(venue, said)

    def _lost_orders(self, venue: VenueBooks, journal: JournalView) -> Iterator[Violation]:
        """Every intent has come to a known end or works, and so it is at the venue."""
        at_venue = {order.ticket.cid: order for order in venue.our_orders}
        for cid, intent in journal.intents.items():
            order = at_venue.get(cid)
            stands = "not there" if order is None else order.status
            here = f"order {intent.terms.order_id} ({cid}) is {intent.standing} {intent.why}".rstrip()
            if intent.standing not in (Standing.OVER, Standing.WORKING):
                yield Violation(Breach.LOST, f"{here} here, and {stands} at the venue")
            elif order is None and (intent.standing is Standing.WORKING or not intent.why.startswith("rejected")):
                yield Violation(Breach.LOST, f"{here} here, and the venue has no such order")
            elif order is not None and (order.status is Status.OPEN) != (intent.standing is Standing.WORKING):
                yield Violation(Breach.LOST, f"{here} here, and {stands} at the venue")
            elif order is not None and order.filled != intent.filled:
                words = f"{here}: {intent.filled} of it have filled here, and {order.filled} at the venue"
                yield Violation(Breach.LOST, words)

    def _lost_fills(self, venue: VenueBooks, journal: JournalView) -> Iterator[Violation]:
        for fill in venue.our_fills:
            if journal.times_booked[execution_id(fill)] != 1:
                words = f"{fill.side} {fill.quantity} {fill.symbol} at {fill.price}, {execution_id(fill)} of {fill.cid}"
                yield Violation(Breach.LOST, f"{words}, is booked {journal.times_booked[execution_id(fill)]} times")
        for execution, booking in journal.bookings.items():
            if booking.inferred and journal.times_booked[execution]:
                yield Violation(Breach.LOST, f"{execution} of {booking.cid} still stands in for its executions")

    def _open_differently(self, venue: VenueBooks, journal: JournalView, said: Said) -> Iterator[Violation]:
        cids = {intent.terms.order_id: cid for cid, intent in journal.intents.items()}
        told = {cids.get(order["order_id"], order["order_id"]) for order in said.open_orders}
        for cid in sorted(venue.open_cids - told):
            yield Violation(Breach.ORPHANED, f"{cid} works at the venue, and the daemon does not list it as open")
        for cid in sorted(told - venue.open_cids):
            yield Violation(Breach.LOST, f"{cid} is open by what the daemon says, and does not work at the venue")

    def _told_differently(self, venue: VenueBooks, said: Said) -> Iterator[Violation]:
        """What `bulkhead fills` prints is what the venue has, as far as it goes back."""
        for strategy, rows in said.fills.items():
            theirs = [fill for fill in venue.our_fills if self._owner(fill.cid) == strategy]
            standing = {row["execution_id"]: row for row in rows}
            for row in rows:
                if row["reverses"]:
                    standing.pop(row["reverses"], None)
                    standing.pop(row["execution_id"], None)
            if len(rows) < LARGEST_ANSWER and len(standing) != len(theirs):
                words = f"{strategy} has {len(standing)} fills by what the daemon says, {len(theirs)} at the venue"
                yield Violation(Breach.DIFFERENCE, words)
            fills = {execution_id(fill): fill for fill in theirs}
            for execution, row in standing.items():
                fill = fills.get(execution)
                told = (row["side"], Decimal(row["quantity"]), Decimal(row["price"]), Decimal(row["fee"]))
                if fill is None or told != (fill.side, fill.quantity, fill.price, fill.fee):
                    yield Violation(Breach.DIFFERENCE, f"the daemon says of {execution} {row}, the venue {fill}")

    def _different_books(self, venue: VenueBooks, said: Said) -> Iterator[Violation]:
        """Books are compared to the last digit: the account's, and each strategy's with its own fills."""
        ledger = said.account["ledger"]
        yield from _compared("the account", ledger, venue.cash, venue.units)
        for strategy, capital in self._capital.items():
            cash, units = Decimal(capital), dict[str, Decimal]()
            for fill in venue.our_fills:
                if self._owner(fill.cid) != strategy:
                    continue
                signed = fill.side.signed(fill.quantity)
                units[fill.symbol] = units.get(fill.symbol, Decimal(0)) + signed
                cash = cash - signed * fill.price - fill.fee
            book = said.account["books"][strategy]
            yield from _compared(strategy, book, {self._currency: cash}, units)

    def _owner(self, cid: str) -> str:
        try:
            return decode(cid, self._capital).strategy
        except InvalidClientOrderId:
            return "nobody"


def execution_id(fill: Execution) -> str:
    """By what an execution is known: docs/brokers-plain.md."""
    return "/".join(filter(None, (fill.symbol, fill.trade_id, fill.venue_id, fill.leg)))


def _differing(fill: Execution, booking: Booking) -> str:
    """Which of its facts was booked otherwise; empty where none was."""
    booked = booking.fill
    pairs = {
        "client id": (fill.cid, booking.cid),
        "symbol": (fill.symbol, booked.symbol),
        "side": (fill.side, booked.side),
        "quantity": (fill.quantity, booked.quantity),
        "price": (fill.price, booked.price),
        "fee": (fill.fee, booked.fee),
    }
    return ", ".join(f"{name}: {there} there, {here} here" for name, (there, here) in pairs.items() if there != here)


def _compared(
    whose: str, book: Mapping[str, Any], cash: Mapping[str, Decimal], units: Mapping[str, Decimal]
) -> Iterator[Violation]:
    for what, told, right in (("cash", book["cash"], cash), ("positions", book["positions"], units)):
        mine = without_zeros({name: Decimal(amount) for name, amount in told.items()})
        if mine != without_zeros(right):
            words = f"{what} of {whose}: {_text(mine)} by the daemon's ledger, {_text(right)} by the venue's fills"
            yield Violation(Breach.DIFFERENCE, words)


def _text(amounts: Mapping[str, Decimal]) -> str:
    return ", ".join(f"{amount} {name}" for name, amount in sorted(amounts.items())) or "nothing"
