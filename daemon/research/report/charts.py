"""What the charts of a page show, thinned, as `charts.js` reads it."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from daemon.research.report.figures import Rolling, points_of
from daemon.research.report.markup import printable
from daemon.research.report.thinning import Point, extremes, in_milliseconds, thinned
from daemon.results.result import FillLine, Result, TradeLine
from trading.timestamps import MILLISECOND, parse_iso

MOST_POINTS: Final = 1_500
"""Of a line: more than a screen has pixels, with a lowest and a highest for each."""

MOST_STRATEGIES: Final = 16
MOST_SYMBOLS: Final = 40
POINTS_OF_ALL_SYMBOLS: Final = 20_000
MOST_TRADES: Final = 600
TRADES_OF_ALL_SYMBOLS: Final = 3_000
MOST_DECIMALS: Final = 8

_DIGITS: Final = 10
"""Significant ones, of a number in a picture."""

Chart = dict[str, Any]


def account(result: Result, fall: Sequence[Point], rolling: Rolling) -> list[Chart]:
    """One pane above the other, over the same time; one without points is left out."""
    currency = result.about.currency
    panes = (
        ("Equity", currency, "amount", "equity", points_of(result.equity)),
        ("Drawdown", "", "share", "fall", fall),
        ("Exposure", currency, "amount", "exposure", points_of(result.exposure)),
        (f"Sharpe, {rolling.window} days", "", "ratio", "ratio", rolling.points),
    )
    return [
        {"title": title, "unit": unit, "format": form, "look": look, **_line(points)}
        for title, unit, form, look, points in panes
        if points
    ]


def strategies(result: Result) -> list[Chart]:
    """The equity of each strategy, or of those to which most happened; by their ids."""
    moved = {name: abs(float(curve[-1][1]) - float(curve[0][1])) for name, curve in result.curves.items() if curve}
    shown = sorted(sorted(moved, key=lambda name: (-moved[name], name))[:MOST_STRATEGIES])
    return [{"title": printable(name), **_line(points_of(result.curves[name]))} for name in shown]


def symbols(result: Result) -> list[Chart]:
    """Prices and what was traded at them, most traded first; where there are no prices, those of the fills."""
    fills, trades = _by_symbol(result.fills, "ts"), _by_symbol(result.trades, "exit_ts")
    counts = Counter({symbol: len(lines) for symbol, lines in fills.items()})
    shown = sorted(priced(result), key=lambda name: (-counts[name], name))[:MOST_SYMBOLS]
    most_points = min(MOST_POINTS, POINTS_OF_ALL_SYMBOLS // max(len(shown), 1))
    most_trades = min(MOST_TRADES, TRADES_OF_ALL_SYMBOLS // max(len(shown), 1))
    return [
        _symbol(name, result, fills.get(name, ()), trades.get(name, ()), (most_points, most_trades)) for name in shown
    ]


def priced(result: Result) -> set[str]:
    """The symbols of which a price is known, if only that of a fill."""
    return {symbol for symbol, closes in result.prices.items() if closes} | {fill.symbol for fill in result.fills}


def _symbol(
    name: str, result: Result, fills: Sequence[FillLine], trades: Sequence[TradeLine], most: tuple[int, int]
) -> Chart:
    most_points, most_trades = most
    made = [Point(parse_iso(fill.ts), float(fill.price)) for fill in fills]
    prices = [Point(parse_iso(ts), close) for ts, close in result.prices.get(name, ())] or made
    closed = extremes(
        trades, most_trades, at=lambda trade: parse_iso(trade.exit_ts), height=lambda trade: float(trade.pnl)
    )
    sides = {
        side: _line([point for point, fill in zip(made, fills, strict=True) if fill.side == side], most_points // 2)
        for side in ("buy", "sell")
    }
    return {
        "title": printable(name),
        "decimals": _decimals([fill.price for fill in fills] or [repr(_short(point.value)) for point in prices]),
        **_line(prices, most_points),
        **sides,
        "trades": [_trade(trade) for trade in closed],
        "trades_in_all": len(trades),
        "fills_in_all": len(fills),
    }


def _trade(trade: TradeLine) -> list[Any]:
    """Entry, exit, whether it won, and its words."""
    words = f"{trade.strategy}: {trade.side} {trade.quantity}, result {trade.pnl} {trade.currency}"
    return [
        parse_iso(trade.entry_ts) // MILLISECOND,
        _short(float(trade.entry_price)),
        parse_iso(trade.exit_ts) // MILLISECOND,
        _short(float(trade.exit_price)),
        int(Decimal(trade.pnl) > 0),
        printable(words),
    ]


def _line(points: Sequence[Point], most: int = MOST_POINTS) -> Chart:
    times, values = in_milliseconds(thinned(points, most))
    return {"times": times, "values": [_short(value) for value in values]}


def _by_symbol(lines: Iterable[Any], key: str) -> Mapping[str, Sequence[Any]]:
    found: dict[str, list[Any]] = {}
    for line in lines:
        found.setdefault(line.symbol, []).append(line)
    return {symbol: sorted(mine, key=lambda line: parse_iso(getattr(line, key))) for symbol, mine in found.items()}


def _short(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")


def _decimals(prices: Iterable[str]) -> int:
    exponents = (Decimal(price).normalize().as_tuple().exponent for price in prices)
    return min(max((-one for one in exponents if isinstance(one, int) and one < 0), default=0), MOST_DECIMALS)
