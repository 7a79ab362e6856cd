"""The performance of an account, or of one strategy's book, as results, reports and pages show it."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import pairwise
from math import fsum

import msgspec

from trading.money import ZERO
from trading.statistics.benchmark import alpha, beta
from trading.statistics.drawdown import deepest_drawdown, max_drawdown
from trading.statistics.figures import defined, require_finite
from trading.statistics.ratios import TRADING_DAYS, annual_volatility, cagr, sharpe, sortino, total_return
from trading.statistics.returns import EquityCurve, Flow, Returns, in_common
from trading.statistics.round_trips import RoundTrip
from trading.statistics.tails import value_at_risk
from trading.statistics.trades import trade_figures
from trading.timestamps import DAY


class Sample(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Equity at a time, and the worth of all positions, longs and shorts alike without a sign."""

    ts_ns: int
    equity: float
    gross_exposure: float = 0.0


class TrackRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What performance is reckoned from, in one currency.

    Samples and flows are by time, the first sample from before the first trade. `fees` is all that was paid, also for
    what is still open; `traded` the notional of all fills. `rates` is what a unit of each other currency is worth in
    this one, for round trips in others.
    """

    currency: str
    samples: Sequence[Sample]
    flows: Sequence[Flow] = ()
    trips: Sequence[RoundTrip] = ()
    fees: Decimal = ZERO
    traded: Decimal = ZERO
    rates: Mapping[str, Decimal] = {}


class Conventions(msgspec.Struct, frozen=True, kw_only=True):
    """How it is reckoned: days of a year, rates per day, the share of the worst days, the zone's offset from UTC."""

    periods_per_year: float = TRADING_DAYS
    risk_free: float = 0.0
    required: float = 0.0
    cutoff: float = 0.05
    utc_offset_ns: int = 0


class Performance(msgspec.Struct, frozen=True, kw_only=True):
    """Each figure's formula, source and degenerate cases are in `docs/statistics.md`. None: not defined.

    Money is in `currency`; shares and rates are plain numbers, 0.01 for one percent. `max_drawdown` is negative, its
    length in days; it looks at every sample, and with it `calmar`. The other figures of risk look at days.
    """

    currency: str
    initial_equity: float | None
    final_equity: float | None
    net_profit: float | None
    total_return: float | None
    cagr: float | None
    volatility: float | None
    sharpe: float | None
    sortino: float | None
    calmar: float | None
    max_drawdown: float | None
    max_drawdown_length: float | None
    alpha: float | None
    beta: float | None
    value_at_risk: float | None
    trades: int
    win_rate: float | None
    profit_factor: float | None
    expectancy: float | None
    exposure: float | None
    turnover: float | None
    fees: Decimal


def performance_of(
    record: TrackRecord, conventions: Conventions | None = None, benchmark: Returns | None = None
) -> Performance:
    """Everything at once. `benchmark` is the returns of another curve, such as an index's; days are compared.

    ValueError when a number is NaN or infinite, times go back, a convention cannot be, or a rate of exchange is
    missing.
    """
    by = conventions or Conventions()
    samples = record.samples
    require_finite([sample.gross_exposure for sample in samples], "gross exposure")
    curve = EquityCurve(
        times_ns=[sample.ts_ns for sample in samples],
        values=[sample.equity for sample in samples],
        flows=record.flows,
    )
    days = curve.daily(by.utc_offset_ns).returns()
    own, other = in_common(days, benchmark, by.utc_offset_ns) if benchmark is not None else ([], [])
    growth = cagr(days.values, by.periods_per_year)
    depth, length = _drawdown(curve.returns())
    trades = trade_figures(record.trips, record.currency, record.rates)
    return Performance(
        currency=record.currency,
        initial_equity=curve.values[0] if samples else None,
        final_equity=curve.values[-1] if samples else None,
        net_profit=_net_profit(curve),
        total_return=total_return(days.values),
        cagr=growth,
        volatility=annual_volatility(days.values, by.periods_per_year),
        sharpe=sharpe(days.values, by.risk_free, by.periods_per_year),
        sortino=sortino(days.values, by.required, by.periods_per_year),
        calmar=_over(growth, None if depth is None else abs(depth)),
        max_drawdown=depth,
        max_drawdown_length=length,
        alpha=alpha(own, other, by.risk_free, by.periods_per_year),
        beta=beta(own, other),
        value_at_risk=value_at_risk(days.values, by.cutoff),
        trades=trades.trades,
        win_rate=trades.win_rate,
        profit_factor=trades.profit_factor,
        expectancy=trades.expectancy,
        exposure=_exposure(samples),
        turnover=_turnover(float(record.traded), samples),
        fees=record.fees,
    )


def _drawdown(returns: Returns) -> tuple[float | None, float | None]:
    """The deepest one and its length in days: both 0 where there are returns and none fell below a peak."""
    deepest = deepest_drawdown(returns)
    if deepest is None:
        none = max_drawdown(returns.values)
        return none, none
    return deepest.depth, deepest.length_ns / DAY


@defined
def _net_profit(curve: EquityCurve) -> float | None:
    """What the account gained that nobody put in."""
    return fsum((curve.values[-1], -curve.values[0], -curve.deposited)) if curve.values else None


@defined
def _over(gain: float | None, risk: float | None) -> float | None:
    return gain / risk if gain is not None and risk else None


@defined
def _exposure(samples: Sequence[Sample]) -> float | None:
    """Gross exposure over equity, each sample's as long as it is the last one; not in debt."""
    times_ns = [sample.ts_ns for sample in samples]
    shares = [sample.gross_exposure / sample.equity if sample.equity > 0 else None for sample in samples]
    return _mean_over_time(times_ns, shares)


@defined
def _turnover(traded: float, samples: Sequence[Sample]) -> float | None:
    """What was traded over the mean equity."""
    equity = _mean_over_time([sample.ts_ns for sample in samples], [sample.equity for sample in samples])
    return traded / equity if equity is not None and equity > 0 else None


def _mean_over_time(times_ns: Sequence[int], values: Sequence[float | None]) -> float | None:
    """Mean of the values that there are, each weighed by the time to the next sample; all alike where none passes."""
    spans = [after - before for before, after in pairwise(times_ns)] + [0]
    held = [(value, span) for value, span in zip(values, spans, strict=False) if value is not None]
    passed = sum(span for _, span in held)
    if not held:
        return None
    if not passed:
        return fsum(value for value, _ in held) / len(held)
    return fsum(value * (span / passed) for value, span in held)
