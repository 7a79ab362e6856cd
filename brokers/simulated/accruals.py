"""What comes of holding something once it falls due: dividends, splits, funding, swap, borrow, interest, settlement,
expiry and conversion. `schedule` says when, `entitlements` are the terms.

Amounts are quantity times what is due for a unit, rounded once to the currency's quantum, halves to even. Nothing comes
of what was never traded; an account that is flat is told of it, as the books in it may hold both sides. Prices are the
last marks before; a rate or price that is not known brings nothing that day.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final

from brokers.simulated.entitlements import (
    AccountTerms,
    Dividend,
    FundingRate,
    HoldingTerms,
    SwapTerms,
    SwapUnit,
    UnitSplit,
)
from brokers.simulated.marks import Marks
from brokers.simulated.orders import MarketOrders
from brokers.simulated.schedule import DayEnd, Due, Expiry
from trading.instruments import Instrument
from trading.market import Effect
from trading.money import EXACT, ROUNDING, ZERO, Currency
from trading.postings import AccountEvent, Accrual, Conversion, PostingKind, Settlement, Split
from trading.refusals import Refusal
from trading.timestamps import iso

FINEST: Final = Decimal("1e-20")
"""Of a price, a rate or an amount for a unit no finer digits are told, so that products with it are exact sums."""

EndOrders = Callable[[str, Refusal, int], list[Effect]]
"""Cancels the working orders of a symbol, for a reason, at a time."""

_NOTHING: Final = HoldingTerms()


class Accruals:
    """Books what falls due. `currencies` are by code."""

    def __init__(
        self,
        terms: AccountTerms,
        orders: MarketOrders,
        marks: Marks,
        *,
        instruments: Mapping[str, Instrument],
        currencies: Mapping[str, Currency],
        end_orders: EndOrders,
        name: str,
    ) -> None:
        self._terms = terms
        self._orders = orders
        self._account = orders.account
        self._marks = marks
        self._instruments = instruments
        self._currencies = currencies
        self._end_orders = end_orders
        self._name = name

    def bring(self, due: Due, ts_ns: int) -> list[Effect]:
        """What comes of it, booked with the event of a time."""
        effects: list[Effect] = []
        symbol, instrument = due.symbol, self._instruments.get(due.symbol)
        match due.what:
            case UnitSplit() as split if instrument is not None:
                why = Refusal("split", f"{symbol} was split at {iso(due.ts_ns)}: {split.new} new units for {split.old}")
                effects = self._end_orders(symbol, why, ts_ns)
                self._tell(effects, self._split(split, instrument, due, ts_ns))
                self.pass_by(due)
            case Dividend(per_unit=per_unit):
                self._tell(effects, self._of_units(PostingKind.DIVIDEND, due, per_unit, per_unit.copy_negate(), ts_ns))
            case FundingRate(rate=rate):
                paid = self._share(symbol, rate)
                self._tell(effects, self._of_units(PostingKind.FUNDING, due, paid.copy_negate(), paid, ts_ns))
            case Expiry() if instrument is not None:
                why = Refusal("expired_instrument", f"{symbol} expired at {iso(due.ts_ns)}")
                effects = self._end_orders(symbol, why, ts_ns)
                self._tell(effects, self._settlement(instrument, due, ts_ns, expires=True))
            case DayEnd() as day:
                self._end_day(day, due, effects, ts_ns)
        return effects

    def pass_by(self, due: Due) -> None:
        """Know prices in new units after a split. It is time that brings this, also where what came of it is told."""
        if isinstance(due.what, UnitSplit):
            self._orders.books[due.symbol].forget(due.ts_ns)
            self._marks.split(due.symbol, due.what.new, due.what.old)

    # The end of a day.

    def _end_day(self, day: DayEnd, due: Due, effects: list[Effect], ts_ns: int) -> None:
        for symbol in self._instruments:
            terms = self._terms.holdings.get(symbol, _NOTHING)
            of_symbol = due._replace(symbol=symbol)
            if day.nights and terms.swap is not None:
                long, short = self._swap(symbol, terms.swap, day.nights)
                self._tell(effects, self._of_units(PostingKind.SWAP, of_symbol, long, short, ts_ns))
            if day.nights and terms.borrow:
                owed = self._share(symbol, self._of_year(terms.borrow, day.nights))
                self._tell(effects, self._of_units(PostingKind.BORROW, of_symbol, ZERO, owed.copy_negate(), ts_ns))
            if day.nights and terms.settles_daily:
                settled = self._settlement(self._instruments[symbol], of_symbol, ts_ns, expires=False)
                self._tell(effects, settled)
        for code, balance in list(self._account.balances()):
            self._tell(effects, self._interest(code, balance, day.days, due, ts_ns))
        if self._terms.sweep_into is not None:
            for code, balance in list(self._account.balances()):
                self._tell(effects, self._swept(code, balance, self._terms.sweep_into, due, ts_ns))

    def _swap(self, symbol: str, terms: SwapTerms, nights: int) -> tuple[Decimal, Decimal]:
        """What a unit receives that is held long, and short."""
        if terms.unit is SwapUnit.ANNUAL_RATE:
            long, short = (self._share(symbol, self._of_year(rate, nights)) for rate in (terms.long, terms.short))
            return long, short
        points = EXACT.multiply(self._instruments[symbol].multiplier, Decimal(nights))
        return EXACT.multiply(terms.long, points), EXACT.multiply(terms.short, points)

    def _interest(self, code: str, balance: Decimal, days: int, due: Due, ts_ns: int) -> Accrual | None:
        terms = self._terms.interest.get(code)
        if terms is None:
            return None
        credit = _told(self._of_year(terms.credit, days))
        debit = _told(self._of_year(terms.debit, days)).copy_negate()
        return self._accrual(PostingKind.INTEREST, balance, code, due, ts_ns, per_long=credit, per_short=debit)

    def _swept(self, code: str, balance: Decimal, into: Currency, due: Due, ts_ns: int) -> Conversion | None:
        rate = None if code == into.code else self._marks.rate(code, into.code)
        if rate is None:
            return None
        rate = _told(rate)
        return Conversion(
            event_id=self._event_id(),
            ts_ns=ts_ns,
            due_ns=due.ts_ns,
            currency=code,
            into=into.code,
            rate=rate,
            amount=EXACT.subtract(ZERO, balance),
            into_amount=_rounded(ROUNDING.multiply(balance, rate), into),
        )

    # What is held.

    def _of_units(
        self, kind: PostingKind, due: Due, per_long: Decimal, per_short: Decimal, ts_ns: int
    ) -> Accrual | None:
        instrument = self._instruments[due.symbol]
        if due.symbol not in self._account.books.traded:
            return None
        held, code = self._account.position(due.symbol), instrument.currency.code
        return self._accrual(kind, held, code, due, ts_ns, per_long=_told(per_long), per_short=_told(per_short))

    def _accrual(
        self,
        kind: PostingKind,
        held: Decimal,
        code: str,
        due: Due,
        ts_ns: int,
        *,
        per_long: Decimal,
        per_short: Decimal,
    ) -> Accrual | None:
        """What so many units, or a balance, receive; None where that is nothing whatever the amount."""
        if not (per_long or per_short):
            return None
        per_unit = per_long if held > 0 else per_short
        return Accrual(
            event_id=self._event_id(),
            kind=kind,
            ts_ns=ts_ns,
            due_ns=due.ts_ns,
            symbol=due.symbol,
            currency=code,
            per_long=per_long,
            per_short=per_short,
            amount=_rounded(EXACT.multiply(held.copy_abs(), per_unit), self._currencies[code]),
        )

    def _split(self, split: UnitSplit, instrument: Instrument, due: Due, ts_ns: int) -> Split | None:
        symbol = instrument.symbol
        held, price = self._account.position(symbol), self._marks.own(symbol)
        if symbol not in self._account.books.traded:
            return None
        assert price is not None, f"{symbol} was traded, and so has a price"
        exact = ROUNDING.divide(ROUNDING.multiply(held, split.new), split.old)
        whole = instrument.whole_lots(exact)
        price = _told(ROUNDING.divide(ROUNDING.multiply(price, split.old), split.new))
        left = ROUNDING.multiply(ROUNDING.subtract(exact, whole), instrument.multiplier)
        return Split(
            event_id=self._event_id(),
            ts_ns=ts_ns,
            due_ns=due.ts_ns,
            symbol=symbol,
            currency=instrument.currency.code,
            new=split.new,
            old=split.old,
            price=price,
            units=EXACT.subtract(whole, held),
            amount=_rounded(ROUNDING.multiply(left, price), instrument.currency),
        )

    def _settlement(self, instrument: Instrument, due: Due, ts_ns: int, *, expires: bool) -> Settlement | None:
        held, price = self._account.position(instrument.symbol), self._marks.known(instrument.symbol)
        if instrument.symbol not in self._account.books.traded or price is None:
            return None
        return Settlement(
            event_id=self._event_id(),
            ts_ns=ts_ns,
            due_ns=due.ts_ns,
            symbol=instrument.symbol,
            currency=instrument.currency.code,
            price=price,
            expires=expires,
            units=EXACT.subtract(ZERO, held) if expires else ZERO,
            amount=instrument.worth(held, price) if expires else _rounded(ZERO, instrument.currency),
        )

    # Rates and amounts.

    def _share(self, symbol: str, rate: Decimal) -> Decimal:
        """A share of a unit's worth at the last mark; nothing before any."""
        price = self._marks.known(symbol)
        if price is None:
            return ZERO
        return ROUNDING.multiply(ROUNDING.multiply(price, self._instruments[symbol].multiplier), rate)

    def _of_year(self, rate: Decimal, days: int) -> Decimal:
        return ROUNDING.divide(ROUNDING.multiply(rate, Decimal(days)), Decimal(self._terms.day_count))

    def _event_id(self) -> str:
        return f"{self._name}-account-{self._account.events + 1}"

    def _tell(self, effects: list[Effect], event: AccountEvent | None) -> None:
        if event is not None:
            self._orders.take(event)
            effects.append(event)


def _told(number: Decimal) -> Decimal:
    """A number in a report, without digits that nothing depends on."""
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int), number
    if exponent < FINEST.as_tuple().exponent:  # type: ignore[operator]
        number = number.quantize(FINEST, context=ROUNDING)
    return number if number else ZERO


def _rounded(amount: Decimal, currency: Currency) -> Decimal:
    """The amount at the quantum; zero has no sign."""
    return EXACT.add(currency.rounded(amount), ZERO)
