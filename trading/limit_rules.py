"""What an order would break of limits, as things stand: of symbols, collar, order, position, exposure and heat."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from trading.appraiser import Appraiser, known, unpriced
from trading.claims import Addition
from trading.collar import collar_refusal
from trading.heat import heat_with
from trading.holdings import Holdings, worst_case
from trading.instruments import Instrument
from trading.limits import RiskLimits
from trading.money import EXACT, ZERO, Currency, total
from trading.orders import OrderTerms, Side
from trading.refusals import Refusal

_ALL: Final = Decimal(1)

Measured = tuple[str, Decimal | int | Refusal, Decimal | int | Refusal]
"""The name of a limit, what is measured against it, and the limit; a refusal where one of them cannot be reckoned."""


def broken_limit(terms: OrderTerms, limits: RiskLimits, holdings: Holdings, appraiser: Appraiser) -> Refusal | None:
    """The first limit that an order, which does more than reduce, would break in the worst case, None when it breaks
    none; `no_price` or `no_rate` where that cannot be told.

    The order is worth what it may cost; the position that it would lead to is worth the current price. What adds no
    units leads to no other position, and an amendment to no more orders.
    """
    refusal = _symbol_refusal(terms.symbol, limits)
    if refusal is None and limits.price_collar_percent is not None:
        refusal = collar_refusal(terms, limits.price_collar_percent, appraiser.price_of(terms.symbol))
    if refusal is not None:
        return refusal
    added = holdings.addition(terms)
    for name, measured, limit in _measures(terms, added, limits, holdings, appraiser):
        if isinstance(measured, Refusal):
            return measured
        if isinstance(limit, Refusal):
            return limit
        if measured > limit:
            return Refusal(name, f"{measured} would be above the limit of {limit} ({name})")
    return None


def _symbol_refusal(symbol: str, limits: RiskLimits) -> Refusal | None:
    """Why a symbol may not be traded."""
    if limits.restricted_symbols is not None and symbol in limits.restricted_symbols:
        return Refusal("restricted_symbols", f"{symbol} is restricted (restricted_symbols)")
    if limits.symbols is not None and symbol not in limits.symbols:
        return Refusal("symbols", f"{symbol} is none of {', '.join(limits.symbols) or 'no symbols'} (symbols)")
    return None


def _share_of_equity(share: Decimal, into: Currency, holdings: Holdings, appraiser: Appraiser) -> Decimal | Refusal:
    """That share of equity, none of one below zero; `no_rate` where a part cannot be converted."""
    equity = appraiser.equity(holdings, into)
    return equity if isinstance(equity, Refusal) else EXACT.multiply(share, max(ZERO, equity))


def _measures(
    terms: OrderTerms, added: Addition, limits: RiskLimits, holdings: Holdings, appraiser: Appraiser
) -> Iterator[Measured]:
    """What is to be held against each limit that there is; one that is not asked for is not reckoned."""
    instrument, current = appraiser.instruments[terms.symbol], appraiser.price_of(terms.symbol)
    if limits.max_order_quantity is not None:
        yield "max_order_quantity", terms.quantity, limits.max_order_quantity
    if limits.max_order_notional is not None:
        worth = _worth(instrument, terms.quantity, terms.worst_price, current)
        yield "max_order_notional", worth, limits.max_order_notional
    if limits.max_open_orders is not None and added.orders:
        yield "max_open_orders", holdings.open_orders() + added.orders, limits.max_open_orders
    if added.units:
        position = _position_after(terms, added.units, holdings)
        if limits.max_position_quantity is not None:
            yield "max_position_quantity", position, limits.max_position_quantity
        worth = _worth(instrument, position, current, terms.worst_price)
        yield from _measures_of_worth(instrument, worth, limits, holdings, appraiser)
        yield from _measures_of_heat(terms, instrument.currency, limits, holdings, appraiser)


def _measures_of_worth(
    instrument: Instrument, worth: Decimal | Refusal, limits: RiskLimits, holdings: Holdings, appraiser: Appraiser
) -> Iterator[Measured]:
    """Of the position that the order would lead to, and of all positions, in the instrument's currency."""
    into = instrument.currency
    if limits.max_position_notional is not None:
        yield "max_position_notional", worth, limits.max_position_notional
    if limits.max_exposure_notional is not None:
        exposure = _exposure(instrument, worth, holdings, appraiser)
        yield "max_exposure_notional", exposure, limits.max_exposure_notional
    if limits.max_position_equity_share is not None:
        share = _share_of_equity(limits.max_position_equity_share, into, holdings, appraiser)
        yield "max_position_equity_share", worth, share
    if limits.max_exposure_equity_share is not None:
        exposure = _exposure(instrument, worth, holdings, appraiser)
        share = _share_of_equity(limits.max_exposure_equity_share, into, holdings, appraiser)
        yield "max_exposure_equity_share", exposure, share


def _measures_of_heat(
    terms: OrderTerms, into: Currency, limits: RiskLimits, holdings: Holdings, appraiser: Appraiser
) -> Iterator[Measured]:
    """Of what would be lost at the stops with the order."""
    if limits.max_heat_notional is None and limits.max_heat_equity_share is None:
        return
    without = _ALL if limits.heat_without_stop_share is None else limits.heat_without_stop_share
    heat = heat_with(terms, holdings, into, without, appraiser)
    if limits.max_heat_notional is not None:
        yield "max_heat_notional", heat, limits.max_heat_notional
    if limits.max_heat_equity_share is not None:
        share = _share_of_equity(limits.max_heat_equity_share, into, holdings, appraiser)
        yield "max_heat_equity_share", heat, share


def _worth(instrument: Instrument, units: Decimal, *prices: Decimal | None) -> Decimal | Refusal:
    """What units are worth, without a sign, at the first of the prices that there is."""
    price = next((price for price in prices if price is not None), None)
    return unpriced(instrument.symbol) if price is None else instrument.notional(units, price).copy_abs()


def _position_after(terms: OrderTerms, added: Decimal, holdings: Holdings) -> Decimal:
    """The worst case of a position with so many units more on the order's side."""
    buys, sells = holdings.working(terms.symbol)
    if terms.side is Side.BUY:
        buys = EXACT.add(buys, added)
    else:
        sells = EXACT.add(sells, added)
    return worst_case(holdings.position(terms.symbol), buys, sells)


def _exposure(
    instrument: Instrument, worth: Decimal | Refusal, holdings: Holdings, appraiser: Appraiser
) -> Decimal | Refusal:
    """What one position is worth, and all others in their worst case."""
    elsewhere = appraiser.elsewhere(Instrument.notional, holdings, instrument.symbol, instrument.currency)
    amounts = known(worth, elsewhere)
    return amounts if isinstance(amounts, Refusal) else total(amounts)
