"""What a book is worth in one currency, by the last prices heard."""

from decimal import Decimal

from trading.account.records import Valuation
from trading.money import EXACT, ZERO, Currency
from trading.portfolio import VirtualPortfolio
from trading.rates import Rates


def valuation(book: VirtualPortfolio, rates: Rates, currency: Currency) -> Valuation:
    """Equity and gross exposure of a book in a currency, each amount at its quantum."""
    equity: Decimal | None = ZERO
    exposure: Decimal | None = ZERO
    for code in book.currencies():
        worth, gross = book.equity_and_exposure(code)
        equity = _more(equity, rates.convert(worth, code, currency))
        exposure = _more(exposure, rates.convert(gross, code, currency))
    return Valuation(equity=equity, exposure=exposure)


def _more(amount: Decimal | None, more: Decimal | None) -> Decimal | None:
    return None if amount is None or more is None else EXACT.add(amount, more)
