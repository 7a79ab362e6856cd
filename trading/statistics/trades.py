"""What round trips came to, after fees."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Final

import msgspec

from trading.money import ROUNDING, ZERO
from trading.orders import Side
from trading.statistics.figures import added, defined
from trading.statistics.round_trips import RoundTrip

_ONE: Final = Decimal(1)


class TradeFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Figures over round trips. A trip's result is its pnl less its fees, in one currency; losses are negative.

    A trip that came out even is a trade, but neither won nor lost. None: there is nothing to take it from.
    """

    trades: int
    won: int
    lost: int
    even: int
    longs: int
    shorts: int
    net: float
    win_rate: float | None
    profit_factor: float | None
    expectancy: float | None
    average_win: float | None
    average_loss: float | None
    payoff_ratio: float | None
    largest_win: float | None
    largest_loss: float | None


def trade_figures(
    trips: Iterable[RoundTrip], currency: str, rates: Mapping[str, Decimal] | None = None
) -> TradeFigures:
    """The figures in one currency. `rates` is what a unit of each other currency is worth in it.

    ValueError names a currency that is needed and has no rate: nothing is guessed, and nothing left out.
    """
    known = {**(rates or {}), currency: _ONE}
    told = list(trips)
    results = [_result(trip, currency, known) for trip in told]
    wins = [result for result in results if result > 0]
    losses = [result for result in results if result < 0]
    longs = sum(trip.side is Side.BUY for trip in told)
    average_win, average_loss = _mean(wins), _mean(losses)
    return TradeFigures(
        trades=len(results),
        won=len(wins),
        lost=len(losses),
        even=len(results) - len(wins) - len(losses),
        longs=longs,
        shorts=len(results) - longs,
        net=added(results),
        win_rate=len(wins) / len(results) if results else None,
        profit_factor=_ratio(added(wins), added(losses)),
        expectancy=_mean(results),
        average_win=average_win,
        average_loss=average_loss,
        payoff_ratio=_ratio(average_win, average_loss),
        largest_win=max(wins, default=None),
        largest_loss=min(losses, default=None),
    )


def _result(trip: RoundTrip, currency: str, rates: Mapping[str, Decimal]) -> float:
    """Summed before it is a float, so that a trip that came out even is even."""
    amounts = [(trip.currency, trip.pnl), (trip.currency, trip.fees.copy_negate())]
    amounts += [(code, fee.copy_negate()) for code, fee in trip.other_fees.items()]
    result = ZERO
    for code, amount in amounts:
        if code not in rates:
            raise ValueError(f"a round trip of {trip.symbol} is in {code}, which has no rate to {currency}")
        result = ROUNDING.add(result, ROUNDING.multiply(amount, rates[code]))
    return float(result)


def _mean(results: Sequence[float]) -> float | None:
    return added(results) / len(results) if results else None


@defined
def _ratio(gained: float | None, lost: float | None) -> float | None:
    """A gain over the size of a loss."""
    return gained / abs(lost) if gained is not None and lost else None
