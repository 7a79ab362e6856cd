"""Portfolio heat: what all open positions of one book would lose together if each were stopped out now.

    heat = sum over symbols of the worse of
               what is held and every open buy, each unit down to its stop
               what is held and every open sell, each unit up to its stop

A unit without a stop counts with a share of its worth. The term is that of Ed Seykota and Dave Druz: the bets of all
positions added up, a bet being what is lost at the stop ("Determining Optimal Risk", Technical Analysis of Stocks &
Commodities 11:3, 1993, 122-124). Theirs is of positions alone; here open orders count too, in the worst case.

What is held is reckoned from its last price, as equity is, and what is still to be bought or sold from its own price,
or the last where it has none. Stops cover what is held first, then what is nearest to the last price, the nearest stop
before the others. A stop counts once the venue has accepted it and as long as it is not being cancelled: one of which
nobody knows what became protects nothing. A stop-limit order need not fill and is none; of a trailing stop what it
trails by is known, not where it stands.
"""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Final, NamedTuple

from trading.appraiser import Appraiser, unpriced
from trading.claims import Claim, is_unknown
from trading.holdings import ContainerHoldings, Holdings
from trading.instruments import Instrument
from trading.money import EXACT, ZERO, Currency, total
from trading.orders import Order, OrderState, OrderTerms, OrderType, Side
from trading.refusals import Refusal

_ONE: Final = Decimal(1)
_PERCENT: Final = Decimal("0.01")
_PROTECTING: Final = (OrderType.STOP, OrderType.TRAILING_STOP)
_STANDING: Final = (OrderState.ACCEPTED, OrderState.TRIGGERED, OrderState.PARTIAL)


class Lot(NamedTuple):
    """Units, never negative, and the price that they are reckoned from, or would be stopped out at."""

    units: Decimal
    price: Decimal


class Open(NamedTuple):
    """What there is of one symbol: signed units held, the last price, the orders that work, and the units of each that
    may trade now. `adding` is an order that is to be judged, or other terms of one, by what it would add."""

    position: Decimal
    price: Decimal
    orders: list[tuple[Order, Decimal]]
    adding: tuple[Side, Claim] | None


def heat_with(
    terms: OrderTerms, holdings: Holdings, into: Currency, unstopped_share: Decimal, appraiser: Appraiser
) -> Decimal | Refusal:
    """The heat of all books together, each by itself, if an order leaves, or an amendment; `no_price` or `no_rate`
    where that cannot be told."""
    added: list[Decimal] = []
    for part in holdings.parts():
        found = _of_part(part, terms if part.owner == terms.strategy else None, into, unstopped_share, appraiser)
        if isinstance(found, Refusal):
            return found
        added.append(found)
    return total(added)


def _of_part(
    part: ContainerHoldings, terms: OrderTerms | None, into: Currency, unstopped_share: Decimal, appraiser: Appraiser
) -> Decimal | Refusal:
    working: dict[str, list[tuple[Order, Decimal]]] = {}
    for order in part.open():
        working.setdefault(order.terms.symbol, []).append((order, part.tradable(order)))
    added = ZERO
    for symbol in sorted({*part.by_symbol(), *working, *([terms.symbol] if terms is not None else [])}):
        own = terms if terms is not None and terms.symbol == symbol else None
        price = appraiser.price_of(symbol)
        if price is None and own is not None:
            price = own.worst_price
        if price is None:
            return unpriced(symbol)
        there = Open(part.position(symbol), price, working.get(symbol, []), _adding(own, part))
        instrument = appraiser.instruments[symbol]
        amount = appraiser.converted(heat(there, instrument, unstopped_share), instrument.currency.code, into)
        if isinstance(amount, Refusal):
            return amount
        added = EXACT.add(added, amount)
    return added


def _adding(terms: OrderTerms | None, part: ContainerHoldings) -> tuple[Side, Claim] | None:
    if terms is None:
        return None
    addition = part.addition(terms)
    return terms.side, Claim(addition.units, addition.after.price)


def heat(there: Open, instrument: Instrument, unstopped_share: Decimal) -> Decimal:
    """What the position in one symbol would lose in the worst case, in the instrument's currency, never below zero."""
    worst = ZERO
    for side in Side:
        lots = _lots(there, side)
        if lots:
            worst = max(worst, _lost(lots, _stops(there, side), side, unstopped_share))
    return instrument.notional(_ONE, worst)


def _lots(there: Open, side: Side) -> list[Lot]:
    """What would be held on a side if all of its open orders filled: what is held first, then what would come, those
    nearest to the last price first. What is held on the other side takes the first of them away."""
    held = side.signed(there.position)
    coming = [_priced(claim, there.price) for claim in _claims(there, side)]
    coming.sort(key=lambda lot: (EXACT.subtract(lot.price, there.price).copy_abs(), lot.price))
    if held >= 0:
        return [Lot(held, there.price), *coming] if held else coming
    return list(_after(coming, held.copy_abs()))


def _after(lots: Iterable[Lot], units: Decimal) -> Iterator[Lot]:
    """What is left of lots when the first units are taken away."""
    for lot in lots:
        taken = min(lot.units, units)
        units = EXACT.subtract(units, taken)
        if taken < lot.units:
            yield Lot(EXACT.subtract(lot.units, taken), lot.price)


def _claims(there: Open, side: Side) -> Iterator[Claim]:
    """What the orders of a side want, those of a group together the most, as they are counted everywhere else."""
    groups: dict[str, Claim] = {}
    for order, units in there.orders:
        if order.terms.side is side and units:
            claim, key = Claim(units, order.worst_price), order.terms.group_id or order.order_id
            if is_unknown(order):
                key = order.order_id
            groups[key] = groups[key].at_most(claim) if key in groups else claim
    yield from groups.values()
    if there.adding is not None and there.adding[0] is side and there.adding[1].units:
        yield there.adding[1]


def _priced(claim: Claim, last: Decimal) -> Lot:
    return Lot(claim.units, last if claim.price is None else claim.price)


def _stops(there: Open, side: Side) -> list[Lot]:
    """What protects a side: the nearest stop first, of a group one."""
    found: dict[str, Lot] = {}
    for order, _ in there.orders:
        if order.terms.side is side.opposite and _protects(order):
            stop = Lot(_least_remaining(order), _stopped_at(order, there.price))
            key = order.terms.group_id or order.order_id
            if key not in found or side.signed(stop.price) < side.signed(found[key].price):
                found[key] = stop
    return sorted(found.values(), key=lambda lot: side.opposite.signed(lot.price))


def _protects(order: Order) -> bool:
    state = order.before_pending if order.state is OrderState.PENDING_REPLACE else order.state
    return state in _STANDING and order.terms.type in _PROTECTING


def _least_remaining(order: Order) -> Decimal:
    quantity = order.terms.quantity if order.asked is None else min(order.terms.quantity, order.asked.quantity)
    return max(ZERO, EXACT.subtract(quantity, order.filled))


def _stopped_at(order: Order, last: Decimal) -> Decimal:
    """Where a stop would take a position out, the further of its terms and of those asked for."""
    prices = [_stop_price(terms, last) for terms in (order.terms, order.asked) if terms is not None]
    return min(prices) if order.terms.side is Side.SELL else max(prices)


def _stop_price(terms: OrderTerms, last: Decimal) -> Decimal:
    """That of a trailing stop is no further off than what it trails by, and no further than where it began."""
    begun = terms.stop_price
    if terms.type is not OrderType.TRAILING_STOP:
        assert begun is not None, terms.order_id
        return begun
    trail = terms.trail_amount
    if trail is None:
        trail = EXACT.multiply(EXACT.multiply(last.copy_abs(), terms.trail_percent or ZERO), _PERCENT)
    if terms.side is Side.SELL:
        trailed = EXACT.subtract(last, trail)
        return trailed if begun is None else max(begun, trailed)
    trailed = EXACT.add(last, trail)
    return trailed if begun is None else min(begun, trailed)


def _lost(lots: Iterable[Lot], stops: list[Lot], side: Side, unstopped_share: Decimal) -> Decimal:
    """What lots lose down to the stops, and of what has none that share of worth; in points of price times units."""
    losses: list[Decimal] = []
    stops = stops[::-1]
    for lot in lots:
        bare = lot.units
        while bare and stops:
            stop = stops.pop()
            covered = min(bare, stop.units)
            distance = side.signed(EXACT.subtract(lot.price, stop.price))
            losses.append(EXACT.multiply(covered, max(ZERO, distance)))
            bare = EXACT.subtract(bare, covered)
            if covered < stop.units:
                stops.append(Lot(EXACT.subtract(stop.units, covered), stop.price))
        losses.append(EXACT.multiply(EXACT.multiply(bare, lot.price.copy_abs()), unstopped_share))
    return total(losses)
