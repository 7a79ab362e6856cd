"""Prices that are made of a bar's."""

from trading.market_data import Bar


def typical_price(bar: Bar) -> float:
    """(high + low + close) / 3, the one price of a bar that stands for its range; in units of price."""
    return (bar.high + bar.low + bar.close) / 3
