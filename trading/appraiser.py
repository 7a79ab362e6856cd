"""What things are worth in one currency at the last prices; where a price or a rate is missing, a refusal says which.

Nothing is guessed: what cannot be valued is never taken for nothing.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal

from trading.holdings import Holdings
from trading.instruments import Instrument
from trading.money import EXACT, ZERO, Currency
from trading.rates import Rates
from trading.refusals import Refusal

Measure = Callable[[Instrument, Decimal, Decimal], Decimal]
"""What so many units of an instrument come to at a price, in its currency: `Instrument.notional`, say."""


class Appraiser:
    """Values holdings of these instruments. `last_price` gives that of a symbol, None before it was heard.

    `price_of` is what a unit is valued at: the last price of its mark, or its own until that is heard.
    `margin_currency` is the account's where instruments are held on margin, None on a cash account.
    """

    def __init__(self, instruments: Mapping[str, Instrument], last_price: Callable[[str], Decimal | None]) -> None:
        self.instruments = instruments
        self.price_of = self._price_of_mark if any(one.mark_symbol for one in instruments.values()) else last_price
        self.margin_currency: Currency | None = next(
            (one.margin.currency for one in instruments.values() if one.margin is not None), None
        )
        self._last_price = last_price
        self._rates = Rates(instruments, last_price)

    def equity(self, holdings: Holdings, into: Currency) -> Decimal | Refusal:
        """Cash and marked positions of all currencies in one; `no_rate` where another cannot be converted."""
        equity = ZERO
        for currency in holdings.currencies():
            converted = self.converted(holdings.equity(currency), currency, into)
            if isinstance(converted, Refusal):
                return converted
            equity = EXACT.add(equity, converted)
        return equity

    def elsewhere(self, measure: Measure, holdings: Holdings, symbol: str, into: Currency) -> Decimal | Refusal:
        """What all symbols but one come to, each in its worst case at its current price and without a sign; `no_price`
        or `no_rate` where one cannot be valued."""
        added = ZERO
        for other, held in holdings.by_symbol().items():
            worst = held.worst
            if other == symbol or not worst:
                continue
            instrument, price = self.instruments[other], self.price_of(other)
            if price is None:
                return unpriced(other)
            amount = measure(instrument, worst, price).copy_abs()
            converted = self.converted(amount, instrument.currency.code, into)
            if isinstance(converted, Refusal):
                return converted
            added = EXACT.add(added, converted)
        return added

    def converted(self, amount: Decimal, of: str, into: Currency) -> Decimal | Refusal:
        """An amount in another currency, at its quantum; `no_rate` where no pair leads there or has a price yet."""
        if of == into.code:
            return amount
        converted = self._rates.convert(amount, of, into)
        return self._no_rate(of, into.code) if converted is None else converted

    def _price_of_mark(self, symbol: str) -> Decimal | None:
        mark = self.instruments[symbol].mark_symbol
        price = self._last_price(mark) if mark else None
        return self._last_price(symbol) if price is None else price

    def _no_rate(self, of: str, into: str) -> Refusal:
        for pair in self._rates.way(of, into) or ():
            price = self._last_price(pair.symbol)
            if price is None:
                return Refusal(
                    "no_rate",
                    f"no rate from {of} to {into}: no price of {pair.symbol} has been heard yet; subscribe to it",
                )
            if price <= 0:
                return Refusal("no_rate", f"no rate from {of} to {into}: {pair.symbol} is at {price}")
        return Refusal("no_rate", f"no rate from {of} to {into}: no pair leads there; add one to instruments")


def known(*amounts: Decimal | Refusal) -> tuple[Decimal, ...] | Refusal:
    """All of the amounts, or the first refusal among them."""
    found: list[Decimal] = []
    for amount in amounts:
        if isinstance(amount, Refusal):
            return amount
        found.append(amount)
    return tuple(found)


def unpriced(symbol: str) -> Refusal:
    """Why nothing can be reckoned of a symbol that was not heard yet."""
    return Refusal("no_price", f"no price of {symbol} has been heard yet; subscribe to it")
