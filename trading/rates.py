"""What an amount of one currency is worth in another, by the prices of the pairs that are traded here."""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Final

import msgspec

from trading.instruments import Instrument, InstrumentKind
from trading.money import ROUNDING, Currency

SPOT: Final = (InstrumentKind.FX, InstrumentKind.CRYPTO)


class Pair(msgspec.Struct, frozen=True):
    """One step from a currency to another: times the price of a symbol, or divided by it."""

    symbol: str
    divides: bool


class Rates:
    """Converts at the last prices. A pair is an instrument of fx or crypto with a `base`: the price of a future or a
    perpetual is another. `price_of` gives its price, None before it was heard.

    From one currency to another leads the pair of both, either way round; else two pairs over a third currency. Of
    several ways the one counts that stands first among the instruments.
    """

    def __init__(self, instruments: Mapping[str, Instrument], price_of: Callable[[str], Decimal | None]) -> None:
        self._price_of = price_of
        self._pairs: dict[str, dict[str, Pair]] = {}
        for symbol, instrument in instruments.items():
            if instrument.base is not None and instrument.kind in SPOT:
                base, quote = instrument.base.code, instrument.currency.code
                self._pairs.setdefault(base, {}).setdefault(quote, Pair(symbol, divides=False))
                self._pairs.setdefault(quote, {}).setdefault(base, Pair(symbol, divides=True))
        self._ways: dict[tuple[str, str], tuple[Pair, ...] | None] = {}

    def convert(self, amount: Decimal, of: str, into: Currency) -> Decimal | None:
        """The amount in another currency at its quantum, halves to even; None where no way leads there, or a price on
        it was not heard yet or is not above zero."""
        if of == into.code or not amount:
            return into.rounded(amount)
        way = self.way(of, into.code)
        if way is None:
            return None
        for pair in way:
            price = self._price_of(pair.symbol)
            if price is None or price <= 0:
                return None
            amount = (ROUNDING.divide if pair.divides else ROUNDING.multiply)(amount, price)
        return into.rounded(amount)

    def way(self, of: str, into: str) -> tuple[Pair, ...] | None:
        """The pairs that lead from one currency to another, None where none do."""
        if (of, into) not in self._ways:
            self._ways[of, into] = next(self._find(of, into), None)
        return self._ways[of, into]

    def _find(self, of: str, into: str) -> Iterator[tuple[Pair, ...]]:
        first = self._pairs.get(of, {})
        if into in first:
            yield (first[into],)
        for between, pair in first.items():
            second = self._pairs.get(between, {}).get(into)
            if second is not None:
                yield pair, second
