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
        equity = _more(equity, rates.convert(book.exact_equity(code), code, currency))
        exposure = _more(exposure, rates.convert(book.gross_exposure(code), code, currency))
    return Valuation(equity=equity, exposure=exposure)


def _more(amount: Decimal | None, more: Decimal | None) -> Decimal | None:
    return None if amount is None or more is None else EXACT.add(amount, more)
