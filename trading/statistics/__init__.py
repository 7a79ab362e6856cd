"""Performance: what an account earned, at what risk, and by which trades.

    returns        equity and flows to time-weighted returns, by day
    ratios         total return, growth, volatility, Sharpe, Sortino, Calmar, omega, stability
    drawdown       the deepest fall, with its times
    tails          tail ratio, value at risk
    benchmark      alpha, beta, capture, excess Sharpe
    lots           open lots, their costs and fees
    round_trips    fills to round trips, first in, first out, exact
    trades         win rate, profit factor, expectancy
    performance    all of it in one object
    containers     metrics of containers, and of many together

Floats, but for round trips, which are money. `docs/statistics.md` has every formula.
"""

from trading.statistics.benchmark import alpha, beta, down_capture, excess_sharpe, up_capture
from trading.statistics.containers import ContainerMetrics, Distribution, OptimizationAnalysis, OptimizationAnalyzer
from trading.statistics.drawdown import Drawdown, deepest_drawdown, max_drawdown
from trading.statistics.performance import Conventions, Performance, Sample, TrackRecord, performance_of
from trading.statistics.ratios import (
    annual_volatility,
    cagr,
    calmar,
    downside_risk,
    omega,
    sharpe,
    sortino,
    stability,
    total_return,
)
from trading.statistics.returns import EquityCurve, Flow, Returns, in_common
from trading.statistics.round_trips import RoundTrip, RoundTrips
from trading.statistics.tails import conditional_value_at_risk, tail_ratio, value_at_risk
from trading.statistics.trades import TradeFigures, trade_figures

__all__ = [
    "ContainerMetrics",
    "Conventions",
    "Distribution",
    "Drawdown",
    "EquityCurve",
    "Flow",
    "OptimizationAnalysis",
    "OptimizationAnalyzer",
    "Performance",
    "Returns",
    "RoundTrip",
    "RoundTrips",
    "Sample",
    "TrackRecord",
    "TradeFigures",
    "alpha",
    "annual_volatility",
    "beta",
    "cagr",
    "calmar",
    "conditional_value_at_risk",
    "deepest_drawdown",
    "down_capture",
    "downside_risk",
    "excess_sharpe",
    "in_common",
    "max_drawdown",
    "omega",
    "performance_of",
    "sharpe",
    "sortino",
    "stability",
    "tail_ratio",
    "total_return",
    "trade_figures",
    "up_capture",
    "value_at_risk",
]
