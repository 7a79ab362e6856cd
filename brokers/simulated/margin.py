"""The market's account where something is traded on margin: cash may be negative, positions short, and what holds is
that equity covers the margin.

    equity    cash in all currencies and the worth of all positions at their marks, in the account's currency, without
              what was put up for isolated positions and what those have gained or lost
    needed    the initial margin of the worst case: of each symbol the larger of what is held with all open buys and
              with all open sells, at its mark; what is not on margin counts with its whole worth
"""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import NamedTuple

from brokers.simulated.account import CashAccount
from brokers.simulated.books import Books
from brokers.simulated.claims import Claim
from brokers.simulated.marks import Marks, NotValued
from brokers.simulated.stakes import Stakes, is_isolated
from trading.errors import LedgerError
from trading.instruments import Instrument
from trading.money import EXACT, ROUNDING, ZERO, Currency
from trading.orders import OrderTerms, Side
from trading.refusals import Refusal


class Reckoning(NamedTuple):
    """Equity, the margin to keep what is held, and below what equity is called for more, in one currency."""

    equity: Decimal
    call: Decimal
    maintenance: Decimal


class MarginAccount(CashAccount):
    """A cash account for the symbols without margin terms, and for the others one of margin in `currency`."""

    def __init__(
        self,
        books: Books,
        stakes: Stakes,
        *,
        instruments: Mapping[str, Instrument],
        marks: Marks,
        currency: Currency,
        short_sales: bool = False,
    ) -> None:
        super().__init__(books, stakes, short_sales=short_sales)
        self.instruments = instruments
        self.marks = marks
        self.currency = currency

    # What is asked.

    def refusal(
        self, terms: OrderTerms, claim: Claim, besides: str = "", price: Decimal | None = None
    ) -> Refusal | None:
        """Why the account cannot carry an order, None when it can: its margin in the worst case and its fees must fit
        into equity, and what is not on margin must be paid for. What only reduces needs no margin."""
        symbol = terms.symbol
        if self.instruments[symbol].margin is None:
            refusal = super().refusal(terms, claim, besides)
            if refusal is not None:
                return refusal
        if self._only_reduces(terms, claim, besides, fills=price is not None):
            return None
        if price is None and self.marks.known(symbol) is None:
            price = terms.worst_price
        if price is not None and self._is_gone(symbol, terms.side, price):
            return Refusal(
                "insufficient_margin",
                f"at {price} what was put up for {symbol} is gone; a {terms.side} of {claim.units} would turn the "
                "position, and only what closes it is filled at the price where that was so",
            )
        try:
            with self.marks.supposing(symbol, price):
                needed = self._needed(claim, besides)
                fees = self.marks.converted(claim.fees, self.currency)
                equity = self._equity()
        except NotValued as missing:
            return missing.refusal
        if EXACT.add(needed, fees) <= equity:
            return None
        return Refusal(
            "insufficient_margin",
            f"with a {terms.side} of {claim.units} {symbol} the positions and open orders need a margin of {needed} "
            f"{self.currency.code} in the worst case, and {fees} for its fees; the equity for it is {equity}",
        )

    def require_spare(self, currency: str, amount: Decimal) -> None:
        """LedgerError unless equity covers, without that amount, the margin of positions and open orders."""
        try:
            equity, needed = self._equity(), self._needed()
            asked = self.marks.converted({currency: amount}, self.currency)
        except NotValued as missing:
            raise LedgerError(f"{amount} {currency} cannot be paid out: {missing}") from None
        spare = max(ZERO, EXACT.subtract(equity, needed))
        if asked > spare:
            raise LedgerError(
                f"{amount} {currency} cannot be paid out, {spare} {self.currency.code} can: equity is {equity}, and "
                f"positions and open orders need a margin of {needed}"
            )

    def worst_price(self, instrument: Instrument, side: Side, quantity: Decimal) -> Decimal | None:
        """Of a fill that only closes an isolated position the price at which what was put up is gone, on the tick at or
        before it."""
        held = self.position(instrument.symbol)
        if not is_isolated(instrument) or side is not _closing(held) or quantity > held.copy_abs():
            return None
        gone = self.stakes.when_gone(instrument.symbol)
        price = ROUNDING.divide(gone, ROUNDING.multiply(held, instrument.multiplier))
        return instrument.worse_price(price, side.opposite)

    def traded_on_margin(self) -> list[str]:
        """The symbols that are traded on the margin of the whole account."""
        return [symbol for symbol in self.instruments if self._is_cross(symbol)]

    def margined(self) -> list[str]:
        """Those of them of which there is a position."""
        return [symbol for symbol in self._held() if self._is_cross(symbol)]

    def isolated(self) -> list[str]:
        """The symbols of the isolated positions."""
        return [symbol for symbol in self._held() if is_isolated(self.instruments[symbol])]

    def reckon(self, symbol: str = "") -> Reckoning:
        """How the whole account stands, or an isolated position, that in its instrument's currency. NotValued where a
        price or a rate is missing.

        The account is called below its initial margin. An isolated position has no more than that from the start, and
        is called half way down to the margin that keeps it.
        """
        if not symbol:
            return Reckoning(
                self._equity(),
                self._margin_of_held(lambda one: one.initial_margin),
                self._margin_of_held(lambda one: one.maintenance_margin),
            )
        instrument, held, price = self.instruments[symbol], self.position(symbol), self.marks.price(symbol)
        maintenance = instrument.maintenance_margin(held, price)
        halfway = EXACT.divide(EXACT.add(instrument.initial_margin(held, price), maintenance), Decimal(2))
        return Reckoning(self.left_of(symbol, price), halfway, maintenance)

    def left_of(self, symbol: str, price: Decimal) -> Decimal:
        """What is left at a price of what was put up for a position, in its instrument's currency."""
        worth = self.instruments[symbol].worth(self.position(symbol), price)
        return EXACT.subtract(worth, self.stakes.when_gone(symbol))

    def maintenance(self, symbol: str) -> Decimal:
        """What keeping a position takes, in the account's currency; NotValued where a price or a rate is missing."""
        instrument = self.instruments[symbol]
        margin = instrument.maintenance_margin(self.position(symbol), self.marks.price(symbol))
        return self.marks.converted({instrument.currency.code: margin}, self.currency)

    # Within.

    def _is_cross(self, symbol: str) -> bool:
        margin = self.instruments[symbol].margin
        return margin is not None and not margin.isolated

    def _held(self) -> Iterable[str]:
        return [symbol for symbol in self.instruments if symbol in self.books.positions]

    def _only_reduces(self, terms: OrderTerms, claim: Claim, besides: str, *, fills: bool) -> bool:
        """Whether an order, after all others of its side or, as it fills, as the first, leaves no more than is held."""
        held = self.position(terms.symbol)
        if terms.reduce_only:
            return True
        if not held or terms.side is not _closing(held):
            return False
        before = ZERO if fills else self.claims.units(terms.symbol, terms.side, besides)
        return EXACT.add(before, claim.units) <= held.copy_abs()

    def _is_gone(self, symbol: str, side: Side, price: Decimal) -> bool:
        """Whether a fill that turns an isolated position would take more than was put up for it."""
        held = self.position(symbol)
        isolated = is_isolated(self.instruments[symbol])
        return isolated and bool(held) and side is _closing(held) and self.left_of(symbol, price) < 0

    def _equity(self) -> Decimal:
        amounts = dict(self.books.cash)
        for symbol, held in self.books.positions.items():
            instrument = self.instruments[symbol]
            if is_isolated(instrument):
                worth = self.stakes.when_gone(symbol)
            else:
                worth = instrument.worth(held, self.marks.price(symbol))
            _add(amounts, instrument, worth)
        return self.marks.converted(amounts, self.currency)

    def _margin_of_held(self, kind: Callable[[Instrument], Callable[[Decimal, Decimal], Decimal]]) -> Decimal:
        amounts: dict[str, Decimal] = {}
        for symbol, held in self.books.positions.items():
            instrument = self.instruments[symbol]
            if not is_isolated(instrument):
                _add(amounts, instrument, kind(instrument)(held, self.marks.price(symbol)))
        return self.marks.converted(amounts, self.currency)

    def _needed(self, claim: Claim | None = None, besides: str = "") -> Decimal:
        """The margin in the worst case, with what a new claim takes."""
        amounts: dict[str, Decimal] = {}
        wanted = {*self.books.positions, *self.claims.symbols()}
        if claim is not None:
            wanted.add(claim.symbol)
        for symbol in sorted(wanted):
            instrument, held = self.instruments[symbol], self.position(symbol)
            buys = self._wanted(symbol, Side.BUY, claim, besides)
            sells = self._wanted(symbol, Side.SELL, claim, besides)
            reached = EXACT.add(held, buys), EXACT.subtract(held, sells)
            if is_isolated(instrument):
                needed = max(self._more_to_put_up(instrument, held, one) for one in reached)
            else:
                most = max(one.copy_abs() for one in reached)
                needed = instrument.initial_margin(most, self.marks.price(symbol)) if most else ZERO
            _add(amounts, instrument, needed)
        return self.marks.converted(amounts, self.currency)

    def _wanted(self, symbol: str, side: Side, claim: Claim | None, besides: str) -> Decimal:
        units = self.claims.units(symbol, side, besides)
        if claim is not None and claim.symbol == symbol and claim.side is side:
            return EXACT.add(units, claim.units)
        return units

    def _more_to_put_up(self, instrument: Instrument, held: Decimal, reached: Decimal) -> Decimal:
        """What an isolated position takes beside what was put up, on its way to another; what is left of it is free
        where it turns."""
        if reached.copy_abs() <= held.copy_abs() and (not reached or (reached > 0) is (held > 0)):
            return ZERO
        price = self.marks.price(instrument.symbol)
        if held and (reached > 0) is not (held > 0):
            anew = instrument.initial_margin(reached, price)
            return max(ZERO, EXACT.subtract(anew, self.left_of(instrument.symbol, price)))
        return instrument.initial_margin(EXACT.subtract(reached, held), price)


def _closing(held: Decimal) -> Side:
    """The side of an order that reduces a position."""
    return Side.SELL if held > 0 else Side.BUY


def _add(amounts: dict[str, Decimal], instrument: Instrument, amount: Decimal) -> None:
    code = instrument.currency.code
    amounts[code] = EXACT.add(amounts.get(code, ZERO), amount)
