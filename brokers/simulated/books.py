"""What the account has: cash and units, whatever it may do with them. Shares no code with the ledger's books, so that
agreement is a proof.

Cash is linear: it is kept as though every position were paid for in full, also of futures, perpetuals and currencies on
margin. `stakes` knows what of that was never paid.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from trading.market import AccountSnapshot
from trading.money import EXACT, ZERO
from trading.orders import Side
from trading.reports import Fill


class Books:
    """Cash by currency code and signed units by symbol; a position that becomes zero is no position. `traded` are the
    symbols of which there ever was one: whose books together are flat may hold both sides. `changes` counts what was
    booked, so that who reckons with them knows when to reckon anew."""

    def __init__(
        self, cash: Mapping[str, Decimal], positions: Mapping[str, Decimal], traded: Iterable[str] = ()
    ) -> None:
        self.cash = dict(cash)
        self.positions = dict(positions)
        self.traded = {*traded, *positions}
        self.changes = 0

    def snapshot(self) -> AccountSnapshot:
        """Cash and positions now."""
        return AccountSnapshot(cash=dict(self.cash), positions=dict(self.positions))

    def position(self, symbol: str) -> Decimal:
        """Signed units held."""
        return self.positions.get(symbol, ZERO)

    def book(self, fill: Fill) -> None:
        """Move cash and units by a fill."""
        bought = fill.side is Side.BUY
        self.move_cash(fill.currency, fill.notional.copy_negate() if bought else fill.notional)
        self.move_cash(fill.fee_currency, fill.fee.copy_negate())
        self.move_units(fill.symbol, fill.quantity if bought else fill.quantity.copy_negate())

    def move_cash(self, currency: str, amount: Decimal) -> None:
        """Add to the cash, or take what is negative from it."""
        self.cash[currency] = EXACT.add(self.cash.get(currency, ZERO), amount)
        self.changes += 1

    def move_units(self, symbol: str, units: Decimal) -> None:
        """Add signed units."""
        self.traded.add(symbol)
        held = EXACT.add(self.positions.get(symbol, ZERO), units)
        if held:
            self.positions[symbol] = held
        else:
            self.positions.pop(symbol, None)
        self.changes += 1
