"""What orders would take of the account; that of working ones is kept until they have taken it or are over."""

from collections.abc import Iterable, Mapping
from decimal import ROUND_CEILING, Decimal

import msgspec

from brokers.simulated.settlement import fees, outlay
from brokers.simulated.working import WorkingOrder
from trading.instruments import Instrument
from trading.money import EXACT, ROUNDING, ZERO
from trading.orders import OrderTerms, Side
from trading.reports import Fill


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """What an order would take: units of its symbol on its side, cash by currency code where they are paid for, and its
    fees."""

    symbol: str
    side: Side
    units: Decimal
    cash: Mapping[str, Decimal] = {}
    fees: Mapping[str, Decimal] = {}


def claim_of_fill(fill: Fill) -> Claim:
    """What a fill takes."""
    cash = outlay(fill) if fill.side is Side.BUY else {}
    return Claim(symbol=fill.symbol, side=fill.side, units=fill.quantity, cash=cash, fees=fees(fill))


def claim_of_terms(terms: OrderTerms, units: Decimal, expected: Fill | None) -> Claim:
    """What so many units of an order take of which the whole would fill so; without that no cash is known of."""
    if expected is None:
        return Claim(symbol=terms.symbol, side=terms.side, units=units)
    return Claim(
        symbol=terms.symbol,
        side=terms.side,
        units=units,
        cash=part_of(outlay(expected), units, terms.quantity) if terms.side is Side.BUY else {},
        fees=part_of(fees(expected), units, terms.quantity),
    )


def claim_of_order(order: WorkingOrder, units: Decimal, instrument: Instrument) -> Claim:
    """What an order keeps for so many units: on margin those that it could add to a position, else what they take."""
    terms = order.terms
    if instrument.margin is not None:
        return Claim(symbol=terms.symbol, side=terms.side, units=ZERO if terms.reduce_only else units)
    cash = part_of(order.outlay, units, terms.quantity) if order.is_buy else {}
    return Claim(symbol=terms.symbol, side=terms.side, units=units, cash=cash)


def part_of(amounts: Mapping[str, Decimal], units: Decimal, whole: Decimal) -> Mapping[str, Decimal]:
    """What so many units of a whole order would take, each amount at its own quantum, upwards."""
    if units == whole:
        return amounts
    share = ROUNDING.divide(units, whole)
    return {
        currency: ROUNDING.multiply(amount, share).quantize(amount, ROUND_CEILING, ROUNDING)
        for currency, amount in amounts.items()
    }


class Claims:
    """Claims by key. Those of one key are of orders of which only one can be carried out: the largest counts."""

    def __init__(self) -> None:
        self._kept: dict[str, dict[str, Claim]] = {}
        self._cash: dict[str, Decimal] = {}
        self._units: dict[Side, dict[str, Decimal]] = {Side.BUY: {}, Side.SELL: {}}

    def keep(self, key: str, cid: str, claim: Claim | None) -> None:
        """Keep a claim in the place of what was kept for that order; None keeps nothing more."""
        claims = self._kept.setdefault(key, {})
        if claims:
            self._count(claims.values(), -1)
        if claim is None:
            claims.pop(cid, None)
        else:
            claims[cid] = claim
        if claims:
            self._count(claims.values(), 1)
        else:
            del self._kept[key]

    def cash(self, currency: str, besides: str = "") -> Decimal:
        """Cash that is kept, without what is under the key `besides`."""
        kept = self._cash.get(currency, ZERO)
        if besides not in self._kept:
            return kept
        return EXACT.subtract(kept, _most_cash(self._kept[besides].values()).get(currency, ZERO)) or ZERO

    def units(self, symbol: str, side: Side, besides: str = "") -> Decimal:
        """Units of a symbol that orders of one side want, without what is under the key `besides`."""
        kept = self._units[side].get(symbol, ZERO)
        if besides not in self._kept:
            return kept
        return EXACT.subtract(kept, _most_units(self._kept[besides].values(), side).get(symbol, ZERO)) or ZERO

    def symbols(self) -> set[str]:
        """The symbols of which any order wants units."""
        return {*self._units[Side.BUY], *self._units[Side.SELL]}

    def _count(self, claims: Iterable[Claim], sign: int) -> None:
        """Count what the claims of one key take at most, or count it no more."""
        factor = Decimal(sign)
        for currency, amount in _most_cash(claims).items():
            _add(self._cash, currency, EXACT.multiply(factor, amount))
        for side, units in self._units.items():
            for symbol, quantity in _most_units(claims, side).items():
                _add(units, symbol, EXACT.multiply(factor, quantity))


def _most_cash(claims: Iterable[Claim]) -> dict[str, Decimal]:
    cash: dict[str, Decimal] = {}
    for claim in claims:
        for currency, amount in claim.cash.items():
            cash[currency] = max(amount, cash.get(currency, ZERO))
    return cash


def _most_units(claims: Iterable[Claim], side: Side) -> dict[str, Decimal]:
    units: dict[str, Decimal] = {}
    for claim in claims:
        if claim.side is side:
            units[claim.symbol] = max(claim.units, units.get(claim.symbol, ZERO))
    return units


def _add(amounts: dict[str, Decimal], key: str, amount: Decimal) -> None:
    """Add to one of the amounts; what comes to zero is gone, as it would be after a restart."""
    added = EXACT.add(amounts.get(key, ZERO), amount)
    if added:
        amounts[key] = added
    else:
        amounts.pop(key, None)
