"""The market's account where every position is paid for in full: what it carries, and what it refuses."""

from collections.abc import Iterator
from decimal import Decimal

from brokers.simulated.books import Books
from brokers.simulated.claims import Claim, Claims
from brokers.simulated.stakes import Stakes
from trading.errors import LedgerError
from trading.instruments import Instrument
from trading.market import AccountSnapshot
from trading.money import EXACT, ROUNDING, ZERO
from trading.orders import OrderTerms, Side
from trading.postings import AccountEvent, Accrual, CashMoved, Conversion, MarginCall, Settlement, Split
from trading.refusals import Refusal
from trading.reports import Fill


class CashAccount:
    """Books, what of them is kept for working orders, and the account events that they have taken up.

    With `short_sales` units may be sold that are not held; their proceeds are cash. `called` names what has heard a
    margin call, by symbol, or by no symbol where it was the whole account's.
    """

    def __init__(self, books: Books, stakes: Stakes, *, short_sales: bool = False) -> None:
        self.books = books
        self.stakes = stakes
        self.claims = Claims()
        self.events = 0
        self.called: dict[str, None] = {}
        self._short_sales = short_sales

    def snapshot(self) -> AccountSnapshot:
        """Cash and positions now."""
        return self.books.snapshot()

    def position(self, symbol: str) -> Decimal:
        """Signed units held."""
        return self.books.position(symbol)

    def balance(self, currency: str) -> Decimal:
        """Cash as a venue has it: of positions that are not paid for, nothing was taken."""
        cash = self.books.cash.get(currency, ZERO)
        return EXACT.add(cash, self.stakes.unpaid().get(currency, ZERO)) if self.stakes.costs else cash

    def balances(self) -> Iterator[tuple[str, Decimal]]:
        """The balances by currency code, also those that are zero: the books in them need not be."""
        for code in sorted({*self.books.cash, *self.stakes.unpaid()}):
            yield code, self.balance(code)

    # What is asked.

    def refusal(
        self,
        terms: OrderTerms,
        claim: Claim,
        besides: str = "",
        price: Decimal | None = None,  # noqa: ARG002 - what is paid for in full is in the claim
    ) -> Refusal | None:
        """Why the account cannot carry an order, None when it can: cash must be free, units held and not offered.

        What is kept under the key `besides` is not counted. `price` is where it fills, None for one that waits.
        """
        if terms.side is Side.SELL:
            if self._short_sales:
                return None
            return self._short(terms, claim.units, self.claims.units(terms.symbol, Side.SELL, besides))
        for currency, needed in claim.cash.items():
            cash = self.balance(currency)
            reserved = self.claims.cash(currency, besides)
            free = EXACT.subtract(cash, reserved)
            if needed > free:
                return Refusal(
                    "insufficient_cash",
                    f"buying {_plain(claim.units)} {terms.symbol} takes {needed} {currency} with fees; "
                    f"{free} is free ({cash} less {reserved} kept for open buys)",
                )
        return None

    def require_spare(self, currency: str, amount: Decimal) -> None:
        """LedgerError, with the numbers, unless so much cash can be paid out."""
        cash, reserved = self.balance(currency), self.claims.cash(currency)
        free = EXACT.subtract(cash, reserved)
        if amount > free:
            raise LedgerError(
                f"{amount} {currency} cannot be paid out: {free} is free ({cash} less {reserved} kept for open buys)"
            )

    def worst_price(self, instrument: Instrument, side: Side, quantity: Decimal) -> Decimal | None:  # noqa: ARG002
        """The price than which a fill cannot be worse; None where there is no such bound."""
        return None

    # What changes.

    def book(self, fill: Fill) -> None:
        """Take up a fill."""
        self.stakes.book(fill, self.books.position(fill.symbol))
        self.books.book(fill)

    def take(self, event: AccountEvent, instrument: Instrument | None) -> None:
        """Take up a change that no order made; the fill of a liquidation is booked by `book`. `instrument` is that of
        its symbol."""
        self.events += 1
        books = self.books
        match event:
            case Accrual():
                self.stakes.pay(event.symbol, event.amount)
                books.move_cash(event.currency, event.amount)
            case Split() if instrument is not None:
                held = books.position(event.symbol)
                exact = ROUNDING.divide(ROUNDING.multiply(held, event.new), event.old)
                self.stakes.split(event.symbol, exact, EXACT.add(held, event.units))
                books.move_units(event.symbol, event.units)
                books.move_cash(event.currency, event.amount)
            case Settlement() if instrument is not None:
                self._settle(event, instrument)
            case Conversion():
                books.move_cash(event.currency, event.amount)
                books.move_cash(event.into, event.into_amount)
            case CashMoved():
                books.move_cash(event.currency, event.amount)
            case MarginCall():
                self.called[event.symbol] = None

    def _settle(self, event: Settlement, instrument: Instrument) -> None:
        if event.expires:
            self.stakes.end(event.symbol)
            self.books.move_units(event.symbol, event.units)
            self.books.traded.discard(event.symbol)  # it is no more, and nothing comes of it
        else:
            self.stakes.settle(event.symbol, instrument.worth(self.position(event.symbol), event.price))
        self.books.move_cash(event.currency, event.amount)

    def _short(self, terms: OrderTerms, units: Decimal, offered: Decimal) -> Refusal | None:
        held = self.position(terms.symbol)
        if units <= EXACT.subtract(held, offered):
            return None
        return Refusal(
            "short_not_allowed",
            f"selling {units} {terms.symbol} with {_plain(held)} held and {_plain(offered)} already offered "
            "would be short; this is a cash account",
        )


def _plain(units: Decimal) -> str:
    """Units without the trailing zeros that depend on what was added and taken off before."""
    return f"{units.normalize(EXACT):f}"
