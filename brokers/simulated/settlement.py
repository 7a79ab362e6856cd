"""From a price that is met to the fill that is booked: slippage, notional, fee."""

from decimal import Decimal

from brokers.simulated.costs import CommissionModel, Execution, Progress, SlippageModel, Taking
from trading.instruments import Instrument
from trading.money import EXACT, ZERO
from trading.orders import OrderTerms, Side
from trading.refusals import Refusal
from trading.reports import Fill, Liquidity
from trading.timestamps import month_of

NOTHING = Progress(quantity=ZERO, worth=ZERO, fee=ZERO)


class Settlement:
    """Prices fills. Slippage is for those who take liquidity, and never leads beyond an order's limit.

    `turnover` is what was traded in the month of `month` (year times 12 plus month, UTC), by currency code.
    """

    def __init__(self, slippage: SlippageModel, commission: CommissionModel) -> None:
        self._slippage = slippage
        self._commission = commission
        self.month = 0
        self.turnover: dict[str, Decimal] = {}

    def fill(
        self,
        execution_id: str,
        terms: OrderTerms,
        before: Progress,
        taking: Taking,
        *,
        price: Decimal,
        liquidity: Liquidity,
        ts_ns: int,
    ) -> Fill:
        """The fill of so many units of an order at a price before slippage."""
        instrument = taking.instrument
        paid = self.slipped(terms, taking, price) if liquidity is Liquidity.TAKER else price
        fee = self._commission.fee(
            Execution(
                instrument=instrument,
                side=terms.side,
                quantity=taking.quantity,
                price=paid,
                liquidity=liquidity,
                before=before,
                turnover=self._turnover(instrument, ts_ns),
            )
        )
        return Fill(
            execution_id=execution_id,
            order_id=terms.order_id,
            strategy=terms.strategy,
            symbol=terms.symbol,
            side=terms.side,
            quantity=taking.quantity,
            price=paid,
            notional=instrument.notional(taking.quantity, paid),
            currency=instrument.currency.code,
            fee=fee.amount,
            fee_currency=fee.currency,
            liquidity=liquidity,
            slippage=EXACT.abs(EXACT.subtract(paid, price)),
            ts_ns=ts_ns,
        )

    def book(self, fill: Fill, instrument: Instrument) -> None:
        """Count a fill to the month's turnover."""
        month = month_of(fill.ts_ns)
        if month != self.month:
            self.month, self.turnover = month, {}
        code = instrument.currency.code
        self.turnover[code] = EXACT.add(self.turnover.get(code, ZERO), fill.notional.copy_abs())

    def slipped(self, terms: OrderTerms, taking: Taking, price: Decimal) -> Decimal:
        """A price after slippage, within the order's limit."""
        worse = self._slippage.worsen(price, taking)
        if terms.limit_price is None:
            return worse
        if terms.side is Side.BUY:
            return min(worse, max(terms.limit_price, price))
        return max(worse, min(terms.limit_price, price))

    def _turnover(self, instrument: Instrument, ts_ns: int) -> Decimal:
        return self.turnover.get(instrument.currency.code, ZERO) if month_of(ts_ns) == self.month else ZERO


def outlay(fill: Fill) -> dict[str, Decimal]:
    """What a buy takes from the account, by currency code."""
    amounts = {fill.currency: fill.notional}
    amounts[fill.fee_currency] = EXACT.add(amounts.get(fill.fee_currency, ZERO), fill.fee)
    return amounts


def fees(fill: Fill) -> dict[str, Decimal]:
    """What a fill is charged, by currency code."""
    return {fill.fee_currency: fill.fee}


def too_small(fill: Fill, instrument: Instrument) -> Refusal | None:
    """Whether an order that would fill so is worth less than the instrument allows."""
    if fill.notional.copy_abs() >= instrument.min_notional:
        return None
    return Refusal(
        "bad_quantity",
        f"{fill.quantity} {fill.symbol} at {fill.price} is worth {fill.notional} {fill.currency}, "
        f"below the minimum of {instrument.min_notional}",
    )
