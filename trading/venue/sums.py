"""What filled of an attempt and was told as a sum only: it is booked as one execution, until those behind it come."""

from decimal import Decimal
from typing import Final

from trading.money import EXACT, ROUNDING, ZERO
from trading.reports import ExecutionReport, Liquidity, ReportKind
from trading.venue.attempts import Attempt
from trading.venue.messages import VenueFill
from trading.venue.ownership import Ownership
from trading.venue.reporter import Reporter

FINEST_PRICE: Final = Decimal("0.000000000001")


class Sums:
    """Books and withdraws the sum of an attempt, of which there is one at a time."""

    def __init__(self, ownership: Ownership, reporter: Reporter) -> None:
        self._ownership = ownership
        self._reporter = reporter

    def book(self, attempt: Attempt, quantity: Decimal) -> list[ExecutionReport]:
        """Book so many units as one execution without a fee: what that took shows in the account's balance."""
        if not quantity:
            return []
        assert attempt.average_price is not None
        terms = attempt.terms
        attempt.sum = VenueFill(
            trade_id=f"sum-{attempt.told}-{quantity}",
            venue_id=attempt.venue_id or attempt.cid,
            cid=attempt.cid,
            symbol=terms.symbol,
            side=terms.side,
            quantity=quantity,
            price=attempt.average_price,
            fee=ZERO,
            fee_currency=self._ownership.currency(terms.symbol),
            liquidity=Liquidity.TAKER,
            ts_ns=attempt.sent_ns,
        )
        attempt.filled = EXACT.add(attempt.filled, quantity)
        reason = "told as a sum only"
        return [self._reporter.report(attempt, ReportKind.FILLED, fill=attempt.sum, code="inferred", reason=reason)]

    def withdraw(self, attempt: Attempt) -> list[ExecutionReport]:
        """What was booked as a sum gives way to executions of it, which would else be counted twice."""
        fill = attempt.sum
        if fill is None:
            return []
        attempt.filled, attempt.sum = EXACT.subtract(attempt.filled, fill.quantity), None
        reason = "more is known of it"
        return [self._reporter.report(attempt, ReportKind.BUSTED, fill=fill, code="inferred", reason=reason)]

    def grow(self, attempt: Attempt, units: Decimal) -> list[ExecutionReport]:
        """So many units more are known as a sum only; all of those have cost the attempt's average price."""
        quantity = units if attempt.sum is None else EXACT.add(attempt.sum.quantity, units)
        return [*self.withdraw(attempt), *self.book(attempt, quantity)]

    def resolve(self, attempt: Attempt, units: Decimal, price: Decimal) -> list[ExecutionReport]:
        """An operator says that so many units more have filled at a price."""
        attempt.told = EXACT.add(attempt.filled, units)
        attempt.average_price = _mean_price(attempt.sum, units, price)
        return self.grow(attempt, units)


def _mean_price(before: VenueFill | None, units: Decimal, price: Decimal) -> Decimal:
    """Of units at a price and what was told as a sum before; rounded where it does not come out even."""
    if before is None:
        return price
    paid = EXACT.add(EXACT.multiply(before.quantity, before.price), EXACT.multiply(units, price))
    mean = ROUNDING.divide(paid, EXACT.add(before.quantity, units))
    return mean.quantize(FINEST_PRICE, context=ROUNDING)
