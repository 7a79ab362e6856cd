"""The virtual portfolio of one container: its cash, positions, realised result and fees, exact.

The law, per currency, after every booking:  cash + remaining cost = capital + realised - fees.
Cost is kept as a total, signed like the position; what a partial close removes of it is rounded to the currency's
quantum by `_removed_cost`, going flat removes all. Marks and drawdown are floats: statistics, not books.
"""

import hashlib
from collections.abc import Iterator, Mapping
from copy import copy
from decimal import Decimal
from typing import Any

import msgspec

from trading.errors import LedgerError
from trading.instruments import Instrument
from trading.money import EXACT, ROUNDING, ZERO, total
from trading.reports import Fill


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
        self.positions: dict[str, Position] = {}
        self.marks: dict[str, float] = {}
        self.fills = 0
        self.peak_equity = _floats(capital)
        self.max_drawdown = dict.fromkeys(capital, 0.0)
        self._instruments = instruments
        self._float_cash = _floats(self.cash)
        self._points: dict[str, dict[str, float]] = {}

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
        position = self.positions.get(fill.symbol)
        if position is None:
            position = self.positions[fill.symbol] = Position(symbol=fill.symbol, currency=fill.currency)
        _move_position(position, fill, paid, instrument)
        self._note_held(position)
        self.fills += 1
        self.marks[fill.symbol] = float(fill.price)
        self._track_drawdown(fill.currency)

    def endow(self, amounts: Mapping[str, Decimal]) -> None:
        """Add to its capital, or take away from it what is negative."""
        for currency, amount in amounts.items():
            self._move_cash(currency, amount)
            self.capital[currency] = EXACT.add(self.capital.get(currency, ZERO), amount)
            self.peak_equity[currency] = self.peak_equity.get(currency, 0.0) + float(amount)

    def mark(self, symbol: str, price: float) -> None:
        """Value a symbol at a price; where it is held, equity's peak and drawdown follow."""
        if price == self.marks.get(symbol):
            return
        self.marks[symbol] = price
        position = self.positions.get(symbol)
        if position is not None and position.quantity:
            self._track_drawdown(position.currency)

    def equity(self, currency: str) -> float:
        """Cash and marked positions in one currency, for people and statistics."""
        worth = 0.0
        for symbol, points in self._points.get(currency, {}).items():
            worth += points * self.marks[symbol]
        return self._float_cash.get(currency, 0.0) + worth

    def exact_equity(self, currency: str) -> Decimal:
        """Equity at the marks' exact decimal text, for limits."""
        return EXACT.add(self.cash.get(currency, ZERO), self._exact_worth(currency))

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
        return EXACT.subtract(left, EXACT.subtract(right, self.fees.get(currency, ZERO)))

    def digest(self) -> str:
        """Hash of the exact fields; equal books have equal digests on every host."""
        positions = [(p.symbol, p.quantity, p.cost, p.realised) for _, p in sorted(self.positions.items())]
        books = [sorted(self.cash.items()), sorted(self.fees.items()), positions, self.fills]
        return hashlib.blake2b(repr(books).encode(), digest_size=16).hexdigest()

    def state(self) -> dict[str, Any]:
        """Everything that `restore` needs."""
        return {
            "capital": dict(self.capital),
            "cash": dict(self.cash),
            "fees": dict(self.fees),
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
        self.positions = {p.symbol: p for p in msgspec.convert(state["positions"], list[Position])}
        self._points = {}
        for position in self.positions.values():
            self._note_held(position)
        self.marks = dict(state["marks"])
        self.fills = state["fills"]
        self.peak_equity = dict(state["peak_equity"])
        self.max_drawdown = dict(state["max_drawdown"])

    def _move_cash(self, currency: str, amount: Decimal) -> None:
        cash = self.cash[currency] = EXACT.add(self.cash.get(currency, ZERO), amount)
        self._float_cash[currency] = float(cash)

    def _note_held(self, position: Position) -> None:
        """Keep what one point of price is worth, so that a mark costs a multiplication."""
        points = EXACT.multiply(position.quantity, self._instruments[position.symbol].multiplier)
        self._points.setdefault(position.currency, {})[position.symbol] = float(points)

    def _positions_in(self, currency: str) -> Iterator[Position]:
        return (position for position in self.positions.values() if position.currency == currency)

    def _cost(self, currency: str) -> Decimal:
        return total(position.cost for position in self._positions_in(currency))

    def _exact_worth(self, currency: str) -> Decimal:
        return total(
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


def _move_position(position: Position, fill: Fill, paid: Decimal, instrument: Instrument) -> None:
    """Close what the fill closes, open what remains; `paid` is the signed notional, positive for a buy."""
    signed = fill.side.signed(fill.quantity)
    held = position.quantity
    closing = min(held.copy_abs(), fill.quantity) if held and (held > 0) is not (signed > 0) else ZERO
    opened = paid
    if closing:
        removed = _removed_cost(position, closing, instrument)
        settled = paid
        if closing != fill.quantity:
            settled = instrument.notional(closing, fill.price).copy_sign(paid)
        opened = EXACT.subtract(paid, settled)
        position.cost = EXACT.subtract(position.cost, removed)
        position.realised = EXACT.subtract(position.realised, EXACT.add(settled, removed))
    position.cost = EXACT.add(position.cost, opened)
    position.quantity = EXACT.add(held, signed)


def _removed_cost(position: Position, closing: Decimal, instrument: Instrument) -> Decimal:
    """The part of the signed cost that leaves with `closing` units, at the currency's quantum."""
    held = position.quantity.copy_abs()
    if closing == held:
        return position.cost
    share = ROUNDING.divide(ROUNDING.multiply(position.cost, closing), held)
    return instrument.currency.rounded(share)
