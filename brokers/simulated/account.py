"""The market's own books of a cash account. They share no code with the ledger's, so that agreement is a proof."""

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from trading.market import AccountSnapshot
from trading.money import EXACT, ZERO
from trading.orders import OrderTerms, Side
from trading.refusals import Refusal
from trading.reports import Fill


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """What an order would take: cash by currency code to buy, units of its symbol to sell."""

    symbol: str
    cash: Mapping[str, Decimal]
    units: Decimal = ZERO


class CashAccount:
    """Cash by currency, units by symbol, and how much of both is kept for working orders.

    Claims of one key are of orders of which only one can be carried out: the largest counts. With `short_sales` units
    may be sold that are not held; their proceeds are cash.
    """

    def __init__(
        self, cash: Mapping[str, Decimal], positions: Mapping[str, Decimal], *, short_sales: bool = False
    ) -> None:
        self._cash = dict(cash)
        self._positions = dict(positions)
        self._short_sales = short_sales
        self._claims: dict[str, dict[str, Claim]] = {}
        self._reserved: dict[str, Decimal] = {}
        self._offered: dict[str, Decimal] = {}

    def snapshot(self) -> AccountSnapshot:
        """Cash and positions now."""
        return AccountSnapshot(cash=dict(self._cash), positions=dict(self._positions))

    def position(self, symbol: str) -> Decimal:
        """Signed units held."""
        return self._positions.get(symbol, ZERO)

    def refusal(self, terms: OrderTerms, claim: Claim, besides: str = "") -> Refusal | None:
        """Why the account cannot carry an order, None when it can: cash must be free, units held and not offered.

        What is kept under the key `besides` is not counted.
        """
        own_cash, own_units = _most(self._claims.get(besides, {}))
        if terms.side is Side.SELL:
            if self._short_sales:
                return None
            offered = EXACT.subtract(self._offered.get(terms.symbol, ZERO), own_units.get(terms.symbol, ZERO))
            return self._short(terms, claim.units, offered)
        for currency, needed in claim.cash.items():
            cash = self._cash.get(currency, ZERO)
            reserved = EXACT.subtract(self._reserved.get(currency, ZERO), own_cash.get(currency, ZERO)) or ZERO
            free = EXACT.subtract(cash, reserved)
            if needed > free:
                return Refusal(
                    "insufficient_cash",
                    f"buying {_plain(claim.units)} {terms.symbol} takes {needed} {currency} with fees; "
                    f"{free} is free ({cash} less {reserved} kept for open buys)",
                )
        return None

    def claim(self, key: str, cid: str, claim: Claim | None) -> None:
        """Keep what a working order would take, in the place of what was kept for it; None keeps nothing more."""
        claims = self._claims.setdefault(key, {})
        self._keep(claims, -1)
        if claim is None:
            claims.pop(cid, None)
        else:
            claims[cid] = claim
        self._keep(claims, 1)
        if not claims:
            del self._claims[key]

    def book(self, fill: Fill) -> None:
        """Move cash and units; a position that becomes zero is no position."""
        bought = fill.side is Side.BUY
        self._move_cash(fill.currency, fill.notional.copy_negate() if bought else fill.notional)
        self._move_cash(fill.fee_currency, fill.fee.copy_negate())
        _add(self._positions, fill.symbol, fill.quantity if bought else fill.quantity.copy_negate())

    def _keep(self, claims: Mapping[str, Claim], sign: int) -> None:
        """Count what the claims of one key take at most, or count it no more."""
        factor = Decimal(sign)
        cash, units = _most(claims)
        for currency, amount in cash.items():
            _add(self._reserved, currency, EXACT.multiply(factor, amount))
        for symbol, quantity in units.items():
            _add(self._offered, symbol, EXACT.multiply(factor, quantity))

    def _move_cash(self, currency: str, amount: Decimal) -> None:
        self._cash[currency] = EXACT.add(self._cash.get(currency, ZERO), amount)

    def _short(self, terms: OrderTerms, units: Decimal, offered: Decimal) -> Refusal | None:
        held = self._positions.get(terms.symbol, ZERO)
        if units <= EXACT.subtract(held, offered):
            return None
        return Refusal(
            "short_not_allowed",
            f"selling {units} {terms.symbol} with {_plain(held)} held and {_plain(offered)} already offered "
            "would be short; this is a cash account",
        )


def _most(claims: Mapping[str, Claim]) -> tuple[dict[str, Decimal], dict[str, Decimal]]:
    """What claims of which only one can be carried out take at most: cash by currency, units by symbol."""
    cash: dict[str, Decimal] = {}
    units: dict[str, Decimal] = {}
    for claim in claims.values():
        for currency, amount in claim.cash.items():
            cash[currency] = max(amount, cash.get(currency, ZERO))
        units[claim.symbol] = max(claim.units, units.get(claim.symbol, ZERO))
    return cash, units


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
