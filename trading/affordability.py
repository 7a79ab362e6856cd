"""What an order takes of the account, and whether that is there.

Without margin: buy with the cash that is free, sell what is held. On margin a position may be short and cost more than
there is cash; the initial margin of the worst case, over all symbols, must fit into equity.
"""

from decimal import Decimal
from typing import Final

from trading.appraiser import Appraiser, known, unpriced
from trading.claims import NO_CLAIM, Addition
from trading.holdings import Holdings, only_reduces
from trading.instruments import Instrument
from trading.money import EXACT, ZERO, Currency
from trading.orders import OrderTerms, Side
from trading.refusals import Refusal

_ONE: Final = Decimal(1)


def unaffordable(terms: OrderTerms, holdings: Holdings, appraiser: Appraiser) -> Refusal | None:
    """Why an order cannot be paid for, or its margin be put up.

    Where some instruments are on margin and some are not, an order of the latter must pass both rules.
    """
    instrument = appraiser.instruments[terms.symbol]
    price = terms.worst_price
    if price is None:
        price = appraiser.price_of(terms.symbol)
    if price is None:
        leaves = instrument.margin is not None and only_reduces(terms, holdings)
        return None if leaves else unpriced(terms.symbol)
    worth = instrument.notional(terms.quantity, price).copy_abs()
    if worth < instrument.min_notional:
        return Refusal("bad_quantity", f"worth {worth} at {price}, below the minimum of {instrument.min_notional}")
    if instrument.margin is None:
        refusal = _beyond_cash(terms, worth, price, holdings, appraiser)
        if refusal is not None or appraiser.margin_currency is None:
            return refusal
    return beyond_margin(terms, holdings, appraiser)


def _beyond_cash(
    terms: OrderTerms, worth: Decimal, price: Decimal, holdings: Holdings, appraiser: Appraiser
) -> Refusal | None:
    """The rules of a cash account."""
    added = holdings.addition(terms)
    if terms.side is Side.SELL:
        held, (_, sells) = holdings.position(terms.symbol), holdings.working(terms.symbol)
        if added.units and EXACT.add(sells, added.units) > held:
            return Refusal(
                "short_not_allowed",
                f"selling {added.units} {terms.symbol} with {held} held and {sells} already offered would be short",
            )
        return None
    cost, price_of, instrument = worth, appraiser.price_of, appraiser.instruments[terms.symbol]
    if added.before is not NO_CLAIM or added.after.units != terms.quantity:
        cost = instrument.notional(_ONE, max(ZERO, added.worth(price_of(terms.symbol) or price)))
    free = holdings.free_cash(instrument.currency.code, price_of)
    if cost > max(free, ZERO):
        return Refusal("insufficient_cash", f"{cost} {instrument.currency.code} needed at {price}, {free} free")
    return None


def beyond_margin(terms: OrderTerms, holdings: Holdings, appraiser: Appraiser) -> Refusal | None:
    """Why the initial margin would not fit into equity: that of the order's symbol and of all others, each in its worst
    case, in the currency of the margin. What only reduces, or claims nothing more, is never held back; neither is
    anything on a cash account."""
    into, instrument = appraiser.margin_currency, appraiser.instruments[terms.symbol]
    if into is None or only_reduces(terms, holdings):
        return None
    current = appraiser.price_of(terms.symbol)
    if current is None:
        current = terms.worst_price
    if current is None:
        return unpriced(terms.symbol)
    added = holdings.addition(terms)
    if not added.units and added.worth(current) <= 0:
        return None
    units, margin = _worst_end(terms, added, current, instrument, holdings)
    amounts = known(
        appraiser.converted(margin, instrument.currency.code, into),
        appraiser.elsewhere(Instrument.initial_margin, holdings, terms.symbol, into),
        appraiser.equity(holdings, into),
    )
    if isinstance(amounts, Refusal):
        return amounts
    own, elsewhere, equity = amounts
    position = f"{units:,f} {terms.symbol}"
    parts = f"{position}: {own:,f}; elsewhere {elsewhere:,f}" if elsewhere else position
    return _above_equity(EXACT.add(own, elsewhere), equity, parts, into)


def spare_refusal(
    owner: str, currency: str, amount: Decimal, holdings: Holdings, appraiser: Appraiser
) -> Refusal | None:
    """Why cash cannot be taken away: without margin open buys need it, on margin what is held and what works does."""
    into = appraiser.margin_currency
    if into is None:
        free = holdings.free_cash(currency, appraiser.price_of)
        if amount <= free:
            return None
        return Refusal("insufficient_cash", f"{owner} can spare {free} {currency} beside its open buys, not {amount}")
    amounts = known(
        appraiser.converted(amount, currency, into),
        appraiser.elsewhere(Instrument.initial_margin, holdings, "", into),
        appraiser.equity(holdings, into),
    )
    if isinstance(amounts, Refusal):
        return amounts
    asked, needed, equity = amounts
    if EXACT.add(asked, needed) <= equity:
        return None
    spare = into.rounded(max(ZERO, EXACT.subtract(equity, needed)))
    return Refusal(
        "insufficient_margin",
        f"{owner} can spare {spare:,f} {into.code}: its equity is {into.rounded(equity):,f}, and its positions and "
        f"open orders need a margin of {needed:,f}",
    )


def offered_refusal(owner: str, symbol: str, units: Decimal, holdings: Holdings) -> Refusal | None:
    """Why signed units cannot be taken away: open orders may close them, and would open a position then."""
    held, (buys, sells) = holdings.position(symbol), holdings.working(symbol)
    offered = sells if units > 0 else buys
    if not offered or EXACT.add(units.copy_abs(), offered) <= held.copy_abs():
        return None
    closes = f"open orders of {owner} may close {offered} of the {held.copy_abs()} {symbol} that it holds"
    return Refusal("offered", f"{closes}; cancel them first")


def _above_equity(needed: Decimal, equity: Decimal, parts: str, currency: Currency) -> Refusal | None:
    if needed <= equity:
        return None
    margin = f"{needed:,f} {currency.code} of initial margin would be needed ({parts})"
    return Refusal("insufficient_margin", f"{margin}, equity is {currency.rounded(equity):,f} {currency.code}")


def _worst_end(
    terms: OrderTerms, added: Addition, current: Decimal, instrument: Instrument, holdings: Holdings
) -> tuple[Decimal, Decimal]:
    """Where everything on one side filling would end, whichever ties up more: the signed units, and their margin in the
    instrument's currency. What the order claims is reckoned at its own price, all else at the current one."""
    position, (buys, sells) = holdings.position(terms.symbol), holdings.working(terms.symbol)
    long, short = EXACT.add(position, buys), EXACT.subtract(position, sells)
    if terms.side is Side.BUY:
        ahead, behind = EXACT.add(long, added.units), short
    else:
        ahead, behind = EXACT.subtract(short, added.units), long
    claim = added.after
    claimed = min(claim.units, ahead.copy_abs())
    opened = EXACT.add(
        instrument.initial_margin(claimed, current if claim.price is None else claim.price),
        instrument.initial_margin(EXACT.subtract(ahead.copy_abs(), claimed), current),
    )
    kept = instrument.initial_margin(behind, current)
    return (ahead, opened) if opened >= kept else (behind, kept)
