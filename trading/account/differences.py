"""What the books and the venue say differently of the account, and what is booked so that they say the same."""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal

import msgspec

from trading.account.breaks import BreakKind, break_id
from trading.instruments import Instrument
from trading.market import AccountSnapshot
from trading.money import EXACT, ZERO


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """What the books and the venue have of one symbol (units) or currency (cash)."""

    kind: BreakKind
    subject: str
    ours: Decimal
    theirs: Decimal

    @property
    def break_id(self) -> str:
        """The id of the break that it is once it stays."""
        return break_id(self.kind, self.subject)

    @property
    def amount(self) -> Decimal:
        """What the venue has more."""
        return EXACT.subtract(self.theirs, self.ours)

    def __str__(self) -> str:
        return f"the books have {self.ours} {self.subject}, the venue {self.theirs}"


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """What would be booked for a difference: so many units at a price, or so much cash. Of units without a price
    nothing is booked before one is heard."""

    difference: Difference
    amount: Decimal
    price: Decimal | None = None


def differences(
    account: AccountSnapshot, total: AccountSnapshot, instruments: Mapping[str, Instrument]
) -> list[Difference]:
    """Everything of which the venue's account and the total of all books are not equal, positions first. What is not in
    one of them is zero there; what nothing here is traded in is left out."""
    kinds = (
        (BreakKind.POSITION_DIFFERENCE, instruments.keys(), total.positions, account.positions),
        (BreakKind.CASH_DIFFERENCE, known_currencies(total, instruments), total.cash, account.cash),
    )
    found = [
        Difference(kind=kind, subject=subject, ours=ours.get(subject, ZERO), theirs=theirs.get(subject, ZERO))
        for kind, subjects, ours, theirs in kinds
        for subject in sorted(subjects)
    ]
    return [one for one in found if one.amount]


def unknown_assets(
    account: AccountSnapshot, total: AccountSnapshot, instruments: Mapping[str, Instrument]
) -> Iterator[tuple[str, Decimal]]:
    """What the account holds that nothing here is traded in: symbols, then currencies, with how much."""
    currencies = known_currencies(total, instruments)
    for held, known in ((account.positions, instruments.keys()), (account.cash, currencies)):
        yield from ((name, amount) for name, amount in sorted(held.items()) if amount and name not in known)


def known_currencies(total: AccountSnapshot, instruments: Mapping[str, Instrument]) -> set[str]:
    """The currencies that books have, or that something here is traded in."""
    codes = set(total.cash)
    for instrument in instruments.values():
        codes |= {currency.code for currency in (instrument.currency, instrument.base) if currency is not None}
    return codes


def equal_cash(currency: str, total: AccountSnapshot) -> Difference:
    """No difference, of a currency in which the books and the venue have the same."""
    has = total.cash.get(currency, ZERO)
    return Difference(kind=BreakKind.CASH_DIFFERENCE, subject=currency, ours=has, theirs=has)


def planned(
    found: list[Difference],
    total: AccountSnapshot,
    instruments: Mapping[str, Instrument],
    price_of: Callable[[str], Decimal | None],
) -> list[Planned]:
    """What would be booked for differences if all of them stayed. Units are booked as if traded, so that what they cost
    is no part of the cash that is missing then."""
    plan = []
    missing = {one.subject: one for one in found if one.kind is BreakKind.CASH_DIFFERENCE}
    amounts = {currency: one.amount for currency, one in missing.items()}
    for one in found:
        if one.kind is BreakKind.CASH_DIFFERENCE:
            continue
        instrument, price = instruments[one.subject], price_of(one.subject)
        plan.append(Planned(difference=one, amount=one.amount, price=price))
        if price is not None:
            currency = instrument.currency.code
            amounts[currency] = EXACT.add(amounts.get(currency, ZERO), instrument.worth(one.amount, price))
    for currency, amount in sorted(amounts.items()):
        if amount:
            plan.append(Planned(difference=missing.get(currency, equal_cash(currency, total)), amount=amount))
    return plan
