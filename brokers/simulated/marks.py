"""At which price each symbol is valued, and what an amount of one currency is worth in another by that."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal

from trading.instruments import Instrument
from trading.market_data import MarketEvent, reference_price
from trading.money import EXACT, ROUNDING, Currency, total
from trading.rates import Rates
from trading.refusals import Refusal


class NotValued(Exception):
    """Something has no price, or no rate; `refusal` says what, and which symbol to subscribe to."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.reason)
        self.refusal = refusal


class Marks:
    """The last price of each symbol: the middle of a quote, the price of a trade, the close of a bar."""

    def __init__(self, instruments: Mapping[str, Instrument], prices: Mapping[str, float]) -> None:
        self._instruments = instruments
        self._signed = frozenset(symbol for symbol, one in instruments.items() if one.may_be_negative)
        self.prices = dict(prices)
        self.rates = Rates(instruments, self.own)

    def hear(self, event: MarketEvent) -> None:
        """Take the price of an event, if it has one."""
        price = reference_price(event, self._signed)
        if price is not None:
            self.prices[event.symbol] = price

    def suggest(self, symbol: str, price: Decimal) -> None:
        """Value at a fill's price what has no price yet, such as on quotes of one side."""
        self.prices.setdefault(symbol, float(price))

    def split(self, symbol: str, new: Decimal, old: Decimal) -> None:
        """From now on there are `new` units for `old`."""
        price = self.own(symbol)
        if price is not None:
            self.prices[symbol] = float(ROUNDING.divide(ROUNDING.multiply(price, old), new))

    @contextmanager
    def supposing(self, symbol: str, price: Decimal | None) -> Iterator[None]:
        """Value a symbol at another price for a while; None at its own."""
        if price is None:
            yield
            return
        kept = self.prices.get(symbol)
        self.prices[symbol] = float(price)
        try:
            yield
        finally:
            if kept is None:
                del self.prices[symbol]
            else:
                self.prices[symbol] = kept

    def own(self, symbol: str) -> Decimal | None:
        """The last price of a symbol itself."""
        price = self.prices.get(symbol)
        return None if price is None else self._instruments[symbol].exact_mark(price)

    def valued_by(self, symbol: str) -> str:
        """The symbol at whose price a position is valued: its own until that of its mark is heard."""
        mark = self._instruments[symbol].mark_symbol
        return mark if mark in self.prices else symbol

    def price(self, symbol: str) -> Decimal:
        """What a unit is valued at; NotValued before any price."""
        price = self.own(self.valued_by(symbol))
        if price is None:
            raise NotValued(Refusal("no_price", f"{symbol} has no price yet; subscribe to it, or wait for its first"))
        return price

    def known(self, symbol: str) -> Decimal | None:
        """What a unit is valued at, None before any price."""
        return self.own(self.valued_by(symbol))

    def converted(self, amounts: Mapping[str, Decimal], into: Currency) -> Decimal:
        """Amounts by currency code in one currency, each rounded to its quantum; NotValued without a rate."""
        return total(self._convert(amount, code, into) for code, amount in amounts.items())

    def rate(self, of: str, into: str) -> Decimal | None:
        """How many of one currency there are for one of another, at the last prices; None where that is not known."""
        way = self.rates.way(of, into)
        if way is None:
            return None
        rate = Decimal(1)
        for pair in way:
            price = self.own(pair.symbol)
            if price is None or price <= 0:
                return None
            rate = (ROUNDING.divide if pair.divides else ROUNDING.multiply)(rate, price)
        return rate

    def _convert(self, amount: Decimal, of: str, into: Currency) -> Decimal:
        converted = self.rates.convert(amount, of, into)
        if converted is None:
            raise NotValued(self._no_rate(of, into.code))
        return EXACT.add(converted, Decimal(0))

    def _no_rate(self, of: str, into: str) -> Refusal:
        unknown = f"what {of} is worth in {into} is not known"
        for pair in self.rates.way(of, into) or ():
            if self.prices.get(pair.symbol, 0.0) <= 0.0:
                return Refusal("no_rate", f"{unknown}: {pair.symbol} has no price yet; subscribe to it")
        return Refusal("no_rate", f"{unknown}: add a pair of both, such as {of}/{into}, and subscribe to it")
