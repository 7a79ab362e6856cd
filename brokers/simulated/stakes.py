"""What is at stake in positions that are not paid for, or that can lose no more than was put up for them.

Of both the remaining cost is known, a total signed like the position: it is what linear cash has paid and a venue has
not. What a partial close removes of it, and of what was put up, is rounded to the currency's quantum; going flat
removes all.
"""

from collections.abc import Mapping
from decimal import Decimal

from trading.instruments import Instrument
from trading.money import EXACT, ROUNDING, ZERO
from trading.reports import Fill


class Stakes:
    """Remaining cost, and what was put up for isolated positions, by symbol and in the instrument's currency."""

    def __init__(
        self, instruments: Mapping[str, Instrument], costs: Mapping[str, Decimal], put_up: Mapping[str, Decimal]
    ) -> None:
        self._instruments = {
            symbol: instrument
            for symbol, instrument in instruments.items()
            if not instrument.is_paid_for or is_isolated(instrument)
        }
        self.costs = dict(costs)
        self.put_up = dict(put_up)

    def unpaid(self) -> dict[str, Decimal]:
        """By currency code what linear cash has paid for positions and the account has not."""
        amounts: dict[str, Decimal] = {}
        for symbol, cost in self.costs.items():
            instrument = self._instruments[symbol]
            if not instrument.is_paid_for:
                code = instrument.currency.code
                amounts[code] = EXACT.add(amounts.get(code, ZERO), cost)
        return amounts

    def when_gone(self, symbol: str) -> Decimal:
        """What a position is worth where what was put up for it is gone."""
        return EXACT.subtract(self.costs.get(symbol, ZERO), self.put_up.get(symbol, ZERO))

    def book(self, fill: Fill, held: Decimal) -> None:
        """Follow a fill of a position of so many signed units before it. What it opens is put up for at its price."""
        instrument = self._instruments.get(fill.symbol)
        if instrument is None:
            return
        signed, paid = fill.side.signed(fill.quantity), fill.side.signed(fill.notional)
        closing = min(held.copy_abs(), fill.quantity) if held and (held > 0) is not (signed > 0) else ZERO
        opening = EXACT.subtract(fill.quantity, closing)
        if closing:
            self._release(instrument, closing, held.copy_abs())
        if opening:
            settled = fill.side.signed(instrument.notional(closing, fill.price)) if closing else ZERO
            self._change(self.costs, fill.symbol, EXACT.subtract(paid, settled))
            if is_isolated(instrument):
                self._change(self.put_up, fill.symbol, instrument.initial_margin(opening, fill.price))

    def settle(self, symbol: str, worth: Decimal) -> None:
        """What a future has gained since the last time is paid: it costs what it is worth now."""
        if symbol in self._instruments:
            self.costs[symbol] = worth

    def split(self, symbol: str, exact: Decimal, whole: Decimal) -> None:
        """Of a position of so many new units, with fractions, only the whole lots stay."""
        instrument = self._instruments.get(symbol)
        if instrument is not None and exact != whole:
            self._release(instrument, ROUNDING.subtract(exact, whole).copy_abs(), exact.copy_abs())

    def pay(self, symbol: str, amount: Decimal) -> None:
        """Take a payment that a position owes from what was put up for it, where that is apart."""
        if symbol in self.put_up and amount < 0:
            self._change(self.put_up, symbol, amount)

    def end(self, symbol: str) -> None:
        """The position is over."""
        self.costs.pop(symbol, None)
        self.put_up.pop(symbol, None)

    def _release(self, instrument: Instrument, closing: Decimal, held: Decimal) -> None:
        symbol = instrument.symbol
        if closing == held:
            self.end(symbol)
            return
        for amounts in (self.costs, self.put_up):
            amount = amounts.get(symbol, ZERO)
            if amount:
                share = ROUNDING.divide(ROUNDING.multiply(amount, closing), held)
                self._change(amounts, symbol, instrument.currency.rounded(share).copy_negate())

    @staticmethod
    def _change(amounts: dict[str, Decimal], symbol: str, amount: Decimal) -> None:
        amounts[symbol] = EXACT.add(amounts.get(symbol, ZERO), amount)


def is_isolated(instrument: Instrument) -> bool:
    """Whether a position can lose what was put up for it, and no more."""
    return instrument.margin is not None and instrument.margin.isolated
