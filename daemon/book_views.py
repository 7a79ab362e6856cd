"""The ledger's books as people see them: holdings, positions, and what amounts are worth in the account's currency."""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal

from daemon.api.account_views import HoldingsView, MarginView
from daemon.api.views import PositionView
from trading.account.router import Router
from trading.account.valuation import valuation
from trading.instruments import Instrument
from trading.money import EXACT, ROUNDING, ZERO, Currency, total
from trading.portfolio import Position, VirtualPortfolio

Measure = Callable[[Instrument, Decimal, Decimal], Decimal]
"""What so many units of an instrument come to at a price, in its currency."""


class AccountValues:
    """What things are worth in the account's currency by the router's last prices; None where one of those, or a way to
    that currency, is missing."""

    def __init__(self, router: Router, instruments: Mapping[str, Instrument], currency: Currency) -> None:
        self._router = router
        self._instruments = instruments
        self._currency = currency

    def equity(self, book: VirtualPortfolio) -> Decimal | None:
        """Of one book."""
        return valuation(book, self._router.rates, self._currency).equity

    def whole_equity(self) -> Decimal | None:
        """Of all books together."""
        return added(self.equity(book) for book in self._router.ledger.all_books())

    def of(self, amounts: Mapping[str, Decimal]) -> Decimal | None:
        """Of amounts by currency."""
        return added(self._router.rates.convert(amount, code, self._currency) for code, amount in amounts.items())

    def rates(self, codes: Iterable[str]) -> dict[str, Decimal]:
        """What a unit of each currency is worth, not at the account's quantum; those without a rate left out."""
        fine = Currency(code=self._currency.code, quantum=Decimal("1e-24"))
        found = {code: self._router.rates.convert(Decimal(1), code, fine) for code in codes}
        return {code: rate for code, rate in found.items() if rate is not None}

    def margin(self) -> MarginView | None:
        """What the net positions tie up; None on a cash account."""
        if all(instrument.margin is None for instrument in self._instruments.values()):
            return None
        net = self._router.ledger.total().positions
        initial, maintenance = (
            added(self._tied_up(measure, symbol, units) for symbol, units in net.items())
            for measure in (Instrument.initial_margin, Instrument.maintenance_margin)
        )
        equity = self.whole_equity()
        free = None if initial is None or equity is None else EXACT.subtract(equity, initial)
        return MarginView(initial=initial, maintenance=maintenance, free=free)

    def _tied_up(self, measure: Measure, symbol: str, units: Decimal) -> Decimal | None:
        instrument = self._instruments[symbol]
        price = self._router.price_of(instrument.mark_symbol or symbol)
        if price is None:
            return None
        amount = measure(instrument, units, price)
        return self._router.rates.convert(amount, instrument.currency.code, self._currency)


def added(amounts: Iterable[Decimal | None]) -> Decimal | None:
    """Their sum; None where one of them is."""
    known: list[Decimal] = []
    for amount in amounts:
        if amount is None:
            return None
        known.append(amount)
    return total(known)


def holdings_view(book: VirtualPortfolio, equity: Decimal | None) -> HoldingsView:
    """What one book has, flat positions left out, and what it is worth."""
    balances = {code: book.balance(code) for code in book.currencies()}
    return HoldingsView(
        cash=dict(book.cash),
        positions={position.symbol: position.quantity for position in book.positions.values() if position.quantity},
        balance={code: amount for code, amount in balances.items() if amount != book.cash.get(code, ZERO)},
        equity=equity,
    )


def position_view(book: VirtualPortfolio, position: Position, instrument: Instrument) -> PositionView:
    """What one book has of one symbol."""
    mark = book.marks[position.symbol]
    price = instrument.exact_price(mark)
    return PositionView(
        strategy=book.owner,
        symbol=position.symbol,
        currency=position.currency,
        quantity=position.quantity,
        average_price=average_price(position, instrument).quantize(instrument.tick_size, context=ROUNDING),
        mark=_for_people(price, instrument),
        unrealised=EXACT.subtract(instrument.worth(position.quantity, price), position.cost),
        realised=position.realised,
        margin=None if instrument.margin is None else instrument.initial_margin(position.quantity, price),
    )


def average_price(position: Position, instrument: Instrument) -> Decimal:
    """What a unit of a position that is not flat cost, not rounded."""
    return ROUNDING.divide(position.cost, EXACT.multiply(position.quantity, instrument.multiplier))


def _for_people(mark: Decimal, instrument: Instrument) -> Decimal:
    """A mark without the noise that a float's middle of two prices has far behind the tick."""
    on_tick = mark.quantize(instrument.tick_size, context=ROUNDING)
    between_ticks = mark.quantize(ROUNDING.divide(instrument.tick_size, Decimal(10)), context=ROUNDING)
    return on_tick if on_tick == between_ticks else between_ticks
