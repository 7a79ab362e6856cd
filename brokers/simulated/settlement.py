"""From a match to the fill that is booked: slippage, notional, fee."""

from decimal import Decimal

from brokers.simulated.costs import CommissionModel, SlippageModel
from brokers.simulated.matching import Match
from trading.admission import Refusal
from trading.instruments import Instrument
from trading.money import EXACT, ZERO
from trading.orders import OrderTerms, OrderType
from trading.reports import Fill


class Settlement:
    """Prices whole orders. Slippage is for market orders only: a limit order gets its limit or better."""

    def __init__(self, slippage: SlippageModel, commission: CommissionModel) -> None:
        self._slippage = slippage
        self._commission = commission

    def fill(self, execution_id: str, terms: OrderTerms, match: Match, instrument: Instrument, *, ts_ns: int) -> Fill:
        """The fill of an order at a match."""
        price = match.price
        if terms.type is OrderType.MARKET:
            price = self._slippage.worsen(price, terms.side, instrument)
        fee = self._commission.fee(terms.quantity, price, instrument)
        return Fill(
            execution_id=execution_id,
            order_id=terms.order_id,
            strategy=terms.strategy,
            symbol=terms.symbol,
            side=terms.side,
            quantity=terms.quantity,
            price=price,
            notional=instrument.notional(terms.quantity, price),
            currency=instrument.currency.code,
            fee=fee.amount,
            fee_currency=fee.currency,
            liquidity=match.liquidity,
            slippage=EXACT.abs(EXACT.subtract(price, match.price)),
            ts_ns=ts_ns,
        )


def outlay(fill: Fill) -> dict[str, Decimal]:
    """What a buy takes from the account, by currency code."""
    amounts = {fill.currency: fill.notional}
    amounts[fill.fee_currency] = EXACT.add(amounts.get(fill.fee_currency, ZERO), fill.fee)
    return amounts


def too_small(fill: Fill, instrument: Instrument) -> Refusal | None:
    """Whether an order that would fill so is worth less than the instrument allows."""
    if fill.notional >= instrument.min_notional:
        return None
    return Refusal(
        "bad_quantity",
        f"{fill.quantity} {fill.symbol} at {fill.price} is worth {fill.notional} {fill.currency}, "
        f"below the minimum of {instrument.min_notional}",
    )
