"""The market's own books of a cash account. They share no code with the ledger's, so that agreement is a proof."""

from collections.abc import Mapping
from decimal import Decimal

from brokers.simulated.book import WorkingOrder
from trading.admission import Refusal
from trading.market import AccountSnapshot
from trading.money import EXACT, ZERO
from trading.orders import OrderTerms, Side
from trading.reports import Fill


class CashAccount:
    """Cash by currency, units by symbol, and how much of both is kept for working orders."""

    def __init__(self, cash: Mapping[str, Decimal], positions: Mapping[str, Decimal]) -> None:
        self._cash = dict(cash)
        self._positions = dict(positions)
        self._reserved: dict[str, Decimal] = {}
        self._offered: dict[str, Decimal] = {}

    def snapshot(self) -> AccountSnapshot:
        """Cash and positions now."""
        return AccountSnapshot(cash=dict(self._cash), positions=dict(self._positions))

    def refusal(self, terms: OrderTerms, outlay: Mapping[str, Decimal]) -> Refusal | None:
        """Why the account cannot carry an order, None when it can: cash must be free, units held and not offered."""
        if terms.side is Side.SELL:
            return self._short(terms)
        for currency, needed in outlay.items():
            cash, reserved = self._cash.get(currency, ZERO), self._reserved.get(currency, ZERO)
            free = EXACT.subtract(cash, reserved)
            if needed > free:
                return Refusal(
                    "insufficient_cash",
                    f"buying {terms.quantity} {terms.symbol} takes {needed} {currency} with fees; "
                    f"{free} is free ({cash} less {reserved} kept for open buys)",
                )
        return None

    def hold(self, order: WorkingOrder) -> None:
        """Keep cash or units for a working order."""
        for currency, amount in order.outlay.items():
            _add(self._reserved, currency, amount)
        if order.terms.side is Side.SELL:
            _add(self._offered, order.terms.symbol, order.terms.quantity)

    def release(self, order: WorkingOrder) -> None:
        """Free what was kept for an order that works no more."""
        for currency, amount in order.outlay.items():
            _add(self._reserved, currency, amount.copy_negate())
        if order.terms.side is Side.SELL:
            _add(self._offered, order.terms.symbol, order.terms.quantity.copy_negate())

    def book(self, fill: Fill) -> None:
        """Move cash and units; a position that becomes zero is no position."""
        bought = fill.side is Side.BUY
        self._move_cash(fill.currency, fill.notional.copy_negate() if bought else fill.notional)
        self._move_cash(fill.fee_currency, fill.fee.copy_negate())
        _add(self._positions, fill.symbol, fill.quantity if bought else fill.quantity.copy_negate())

    def _move_cash(self, currency: str, amount: Decimal) -> None:
        self._cash[currency] = EXACT.add(self._cash.get(currency, ZERO), amount)

    def _short(self, terms: OrderTerms) -> Refusal | None:
        held, offered = self._positions.get(terms.symbol, ZERO), self._offered.get(terms.symbol, ZERO)
        if terms.quantity <= EXACT.subtract(held, offered):
            return None
        return Refusal(
            "short_not_allowed",
            f"selling {terms.quantity} {terms.symbol} with {_plain(held)} held and {_plain(offered)} already offered "
            "would be short; this is a cash account",
        )


def _add(amounts: dict[str, Decimal], key: str, amount: Decimal) -> None:
    """Add to one of the amounts; what comes to zero is gone, as it would be after a restart."""
    total = EXACT.add(amounts.get(key, ZERO), amount)
    if total:
        amounts[key] = total
    else:
        amounts.pop(key, None)


def _plain(units: Decimal) -> str:
    """Units without the trailing zeros that depend on what was added and taken off before."""
    return f"{units.normalize(EXACT):f}"
