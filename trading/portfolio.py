"""The virtual portfolio of one container: its cash, positions, realised result and fees, exact.

The law, per currency, after every booking:

    cash + remaining cost = capital + realised - fees
                            + dividends + funding + swap + borrow + interest + conversions, each signed as cash is

Capital is what the container was given and what was paid in, less what was paid out. Cost is kept as a total, signed
like the position; what a partial close removes of it is rounded to the currency's quantum by `removed_cost`, going flat
removes all.

Cash is reckoned as though every position were paid for, so that it adds up over books whatever each paid on average.
What a venue calls the balance is cash and the cost of those that are not (futures, perpetuals, currencies on margin):
so their remaining cost stands in the law once on each side, and a settlement only moves it to realised.

Marks and drawdown are floats: statistics, not books.
"""

import hashlib
from collections.abc import Iterator, Mapping
from copy import copy
from decimal import Decimal
from typing import Any, Final

import msgspec

from trading.errors import LedgerError
from trading.instruments import Instrument
from trading.money import EXACT, ROUNDING, ZERO, total
from trading.postings import Posting, PostingKind
from trading.reports import Fill

CAPITAL: Final = frozenset({PostingKind.DEPOSIT, PostingKind.WITHDRAWAL, PostingKind.TRANSFER})
"""Cash that is no result: what was paid in or out, or moved between books without a position."""

INCOME: Final = (
    PostingKind.DIVIDEND,
    PostingKind.FUNDING,
    PostingKind.SWAP,
    PostingKind.BORROW,
    PostingKind.INTEREST,
    PostingKind.CONVERSION,
)
"""Terms of the law beside the results of trading, signed as cash is."""


class Position(msgspec.Struct, kw_only=True):
    """A signed quantity in units, its signed remaining cost and what it has realised, in the instrument's currency."""

    symbol: str
    currency: str
    quantity: Decimal = ZERO
    cost: Decimal = ZERO
    realised: Decimal = ZERO


class VirtualPortfolio:
    """Books the fills of one owner. `capital` is what it was given, by currency code."""

    def __init__(self, owner: str, capital: Mapping[str, Decimal], instruments: Mapping[str, Instrument]) -> None:
        self.owner = owner
        self.capital = dict(capital)
        self.cash = dict(capital)
        self.fees: dict[str, Decimal] = {}
        self.income: dict[str, dict[str, Decimal]] = {}
        self.positions: dict[str, Position] = {}
        self.marks: dict[str, float] = {}
        self.fills = 0
        self.peak_equity = _floats(capital)
        self.max_drawdown = dict.fromkeys(capital, 0.0)
        self._instruments = instruments
        self._float_cash = _floats(self.cash)
        self._points: dict[str, dict[str, float]] = {}
        self._held: set[str] = set()
        self._valued_by = valued_by(instruments)

    def quantity(self, symbol: str) -> Decimal:
        """Signed units held of a symbol."""
        position = self.positions.get(symbol)
        return position.quantity if position is not None else ZERO

    def book(self, fill: Fill) -> None:
        """Book one fill; LedgerError when its symbol is not an instrument here."""
        instrument = self._instruments.get(fill.symbol)
        if instrument is None:
            raise LedgerError(
                f"{self.owner}: fill {fill.execution_id} is of {fill.symbol}, which is no instrument here"
            )
        paid = fill.side.signed(fill.notional)
        self._move_cash(fill.currency, paid.copy_negate())
        self._move_cash(fill.fee_currency, fill.fee.copy_negate())
        self.fees[fill.fee_currency] = EXACT.add(self.fees.get(fill.fee_currency, ZERO), fill.fee)
        position = self._position(fill.symbol, fill.currency)
        _move_position(position, fill, paid, instrument)
        self._note_held(position)
        self.fills += 1
        if not instrument.mark_symbol or fill.symbol not in self.marks:
            self.marks[fill.symbol] = float(fill.price)
        self._track_drawdown(fill.currency)

    def post(self, posting: Posting) -> None:
        """Book what was not traded; LedgerError when its symbol is not an instrument here."""
        instrument = self._instruments.get(posting.symbol)
        if instrument is None and posting.symbol:
            raise LedgerError(f"{self.owner}: {posting.event_id} is of {posting.symbol}, which is no instrument here")
        if posting.kind in CAPITAL and instrument is None:
            self.endow(posting.cash)
            return
        for currency, amount in posting.cash.items():
            self._move_cash(currency, amount)
            if posting.kind in INCOME:
                income = self.income.setdefault(posting.kind.value, {})
                income[currency] = EXACT.add(income.get(currency, ZERO), amount)
            if posting.kind is PostingKind.CONVERSION:
                self.peak_equity[currency] = self.peak_equity.get(currency, 0.0) + float(amount)
        if instrument is None:
            for currency in posting.cash:
                self._track_drawdown(currency)
            return
        if posting.units or posting.cost or posting.realised:
            position = self._position(posting.symbol, instrument.currency.code)
            position.quantity = EXACT.add(position.quantity, posting.units)
            position.cost = EXACT.add(position.cost, posting.cost)
            position.realised = EXACT.add(position.realised, posting.realised)
            self._note_held(position)
        told_by_market = posting.kind is not PostingKind.TRANSFER
        if posting.price is not None and (told_by_market or posting.symbol not in self.marks):
            self.marks[posting.symbol] = float(posting.price)
        self._track_drawdown(instrument.currency.code)

    def endow(self, amounts: Mapping[str, Decimal]) -> None:
        """Add to its capital, or take away from it what is negative."""
        for currency, amount in amounts.items():
            self._move_cash(currency, amount)
            self.capital[currency] = EXACT.add(self.capital.get(currency, ZERO), amount)
            self.peak_equity[currency] = self.peak_equity.get(currency, 0.0) + float(amount)

    def mark(self, symbol: str, price: float) -> None:
        """Value a symbol at a price, and what is valued by it; where it is held, equity's peak and drawdown follow.

        What is valued by another has its own price until that of the other is heard.
        """
        if price == self.marks.get(symbol) and symbol not in self._valued_by:
            return
        if self._valued_by:
            for valued in self._valued_by.get(symbol, ()):
                self._mark(valued, price)
            if self._instruments[symbol].mark_symbol in self.marks:
                return
        self.marks[symbol] = price
        if symbol in self._held:
            self._track_drawdown(self.positions[symbol].currency)

    def _mark(self, symbol: str, price: float) -> None:
        self.marks[symbol] = price
        if symbol in self._held:
            self._track_drawdown(self.positions[symbol].currency)

    def balance(self, currency: str) -> Decimal:
        """Cash as the venue has it: of positions that are not paid for, nothing was taken."""
        unpaid = (p.cost for p in self._positions_in(currency) if not self._instruments[p.symbol].is_paid_for)
        return EXACT.add(self.cash.get(currency, ZERO), total(unpaid))

    def currencies(self) -> list[str]:
        """The codes of all currencies in which it has, or has had, anything."""
        return sorted({*self.cash, *(position.currency for position in self.positions.values())})

    def gross_exposure(self, currency: str) -> Decimal:
        """Worth of the positions in one currency, long and short added up, at the marks' exact decimal text."""
        return total(worth.copy_abs() for worth in self._worths(currency))

    def equity(self, currency: str) -> float:
        """Cash and marked positions in one currency, for people and statistics."""
        worth = 0.0
        for symbol, points in self._points.get(currency, {}).items():
            worth += points * self.marks[symbol]
        return self._float_cash.get(currency, 0.0) + worth

    def exact_equity(self, currency: str) -> Decimal:
        """Equity at the marks' exact decimal text, for limits."""
        return EXACT.add(self.cash.get(currency, ZERO), self._exact_worth(currency))

    def equity_and_exposure(self, currency: str) -> tuple[Decimal, Decimal]:
        """`exact_equity` and `gross_exposure` of one look at the positions."""
        equity, exposure = self.cash.get(currency, ZERO), ZERO
        for worth in self._worths(currency):
            equity, exposure = EXACT.add(equity, worth), EXACT.add(exposure, worth.copy_abs())
        return equity, exposure

    def unrealised(self, currency: str) -> Decimal:
        """Worth at the marks' exact decimal text less remaining cost of the positions in one currency."""
        return EXACT.subtract(self._exact_worth(currency), self._cost(currency))

    def realised(self, currency: str) -> Decimal:
        """Proceeds less removed cost of everything closed in one currency, before fees."""
        return total(position.realised for position in self._positions_in(currency))

    def imbalance(self, currency: str) -> Decimal:
        """Left side of the law less its right side; anything but zero is a defect."""
        left = EXACT.add(self.cash.get(currency, ZERO), self._cost(currency))
        right = EXACT.add(self.capital.get(currency, ZERO), self.realised(currency))
        right = EXACT.add(right, total(income.get(currency, ZERO) for income in self.income.values()))
        return EXACT.subtract(left, EXACT.subtract(right, self.fees.get(currency, ZERO)))

    def digest(self) -> str:
        """Hash of the exact fields; equal books have equal digests on every host."""
        positions = [(p.symbol, p.quantity, p.cost, p.realised) for _, p in sorted(self.positions.items())]
        income = sorted((kind, sorted(amounts.items())) for kind, amounts in self.income.items())
        money = [sorted(amounts.items()) for amounts in (self.capital, self.cash, self.fees)]
        books = [money, income, positions, self.fills]
        return hashlib.blake2b(repr(books).encode(), digest_size=16).hexdigest()

    def state(self) -> dict[str, Any]:
        """Everything that `restore` needs."""
        return {
            "capital": dict(self.capital),
            "cash": dict(self.cash),
            "fees": dict(self.fees),
            "income": {kind: dict(amounts) for kind, amounts in self.income.items()},
            "positions": [copy(position) for position in self.positions.values()],
            "marks": dict(self.marks),
            "fills": self.fills,
            "peak_equity": dict(self.peak_equity),
            "max_drawdown": dict(self.max_drawdown),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Become the portfolio that gave this state."""
        self.capital = msgspec.convert(state["capital"], dict[str, Decimal])
        self.cash = msgspec.convert(state["cash"], dict[str, Decimal])
        self._float_cash = _floats(self.cash)
        self.fees = msgspec.convert(state["fees"], dict[str, Decimal])
        self.income = msgspec.convert(state["income"], dict[str, dict[str, Decimal]])
        self.positions = {p.symbol: p for p in msgspec.convert(state["positions"], list[Position])}
        self._points, self._held = {}, set()
        for position in self.positions.values():
            self._note_held(position)
        self.marks = dict(state["marks"])
        self.fills = state["fills"]
        self.peak_equity = dict(state["peak_equity"])
        self.max_drawdown = dict(state["max_drawdown"])

    def _move_cash(self, currency: str, amount: Decimal) -> None:
        cash = self.cash[currency] = EXACT.add(self.cash.get(currency, ZERO), amount)
        self._float_cash[currency] = float(cash)

    def _position(self, symbol: str, currency: str) -> Position:
        position = self.positions.get(symbol)
        if position is None:
            position = self.positions[symbol] = Position(symbol=symbol, currency=currency)
        return position

    def _note_held(self, position: Position) -> None:
        """Keep what one point of price is worth, so that a mark costs a multiplication."""
        points = EXACT.multiply(position.quantity, self._instruments[position.symbol].multiplier)
        self._points.setdefault(position.currency, {})[position.symbol] = float(points)
        if position.quantity:
            self._held.add(position.symbol)
        else:
            self._held.discard(position.symbol)

    def _positions_in(self, currency: str) -> Iterator[Position]:
        return (position for position in self.positions.values() if position.currency == currency)

    def _cost(self, currency: str) -> Decimal:
        return total(position.cost for position in self._positions_in(currency))

    def _exact_worth(self, currency: str) -> Decimal:
        return total(self._worths(currency))

    def _worths(self, currency: str) -> Iterator[Decimal]:
        return (
            self._instruments[position.symbol].signed_worth(position.quantity, self.marks[position.symbol])
            for position in self._positions_in(currency)
            if position.quantity
        )

    def _track_drawdown(self, currency: str) -> None:
        equity = self.equity(currency)
        peak = self.peak_equity.get(currency, 0.0)
        if equity > peak:
            self.peak_equity[currency] = equity
        elif peak > 0.0:
            drawdown = 1.0 - equity / peak
            if drawdown > self.max_drawdown.setdefault(currency, 0.0):
                self.max_drawdown[currency] = drawdown


def _floats(amounts: Mapping[str, Decimal]) -> dict[str, float]:
    return {currency: float(amount) for currency, amount in amounts.items()}


def valued_by(instruments: Mapping[str, Instrument]) -> dict[str, list[str]]:
    """By symbol the others that are valued at its price; empty where each is valued at its own."""
    others: dict[str, list[str]] = {}
    for symbol, instrument in instruments.items():
        if instrument.mark_symbol:
            others.setdefault(instrument.mark_symbol, []).append(symbol)
    return others


def _move_position(position: Position, fill: Fill, paid: Decimal, instrument: Instrument) -> None:
    """Close what the fill closes, open what remains; `paid` is the signed notional, positive for a buy above zero."""
    signed = fill.side.signed(fill.quantity)
    held = position.quantity
    closing = min(held.copy_abs(), fill.quantity) if held and (held > 0) is not (signed > 0) else ZERO
    opened = paid
    if closing:
        removed = removed_cost(position, closing, instrument)
        settled = paid
        if closing != fill.quantity:
            settled = fill.side.signed(instrument.notional(closing, fill.price))
        opened = EXACT.subtract(paid, settled)
        position.cost = EXACT.subtract(position.cost, removed)
        position.realised = EXACT.subtract(position.realised, EXACT.add(settled, removed))
    position.cost = EXACT.add(position.cost, opened)
    position.quantity = EXACT.add(held, signed)


def removed_cost(position: Position, closing: Decimal, instrument: Instrument) -> Decimal:
    """The part of the signed cost that leaves with `closing` units, at the currency's quantum."""
    held = position.quantity.copy_abs()
    if closing == held:
        return position.cost
    share = ROUNDING.divide(ROUNDING.multiply(position.cost, closing), held)
    return instrument.currency.rounded(share)
