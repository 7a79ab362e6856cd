"""The backtests that are measured, each written by hand as one plain loop: the floor of any engine that makes the same
fills. Money is float, there is one book, and nothing is checked, limited or kept but fills, worth and drawdown.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import chain, repeat
from typing import Final, NamedTuple

from benchmarks.terms import CASH, FEE_RATE, QUANTITY

_CASH: Final = float(CASH)
_FEE: Final = QUANTITY * float(FEE_RATE)
_SHORT_NS: Final = 5 * 60_000_000_000
_LONG_NS: Final = 6 * _SHORT_NS
_RSI: Final = 14
_WARMUP_NS: Final = (_RSI + 1) * _SHORT_NS
_ENVELOPE: Final = 20
_DEVIATION: Final = 0.02
_OVERSOLD: Final = 30.0
_OVERBOUGHT: Final = 70.0


class PlainFill(NamedTuple):
    """Signed units, a price and a fee. An exact number equals a float that is the same to the last digit, and no
    other."""

    ts_ns: int
    units: int | Decimal
    price: float | Decimal
    fee: float | Decimal


class Idle:
    """Hears bars."""

    def on_bar(self, bar: object) -> None:
        """Do nothing."""


def hear(bars: Iterable[object]) -> list[PlainFill]:
    """One call a bar, and nothing traded."""
    on_bar = Idle().on_bar
    for bar in bars:
        on_bar(bar)
    return []


def sma_cross(
    times: Sequence[int], opens: Sequence[float], closes: Sequence[float], fast: int, slow: int
) -> list[PlainFill]:
    """Hold while the fast average is above the slow one; what is decided at a close is filled at the next open."""
    fills: list[PlainFill] = []
    fast_sum = slow_sum = drawdown = 0.0
    cash = peak = _CASH
    held = wanted = 0
    lagged = (chain(repeat(0.0, period), closes) for period in (fast, slow))
    rows = zip(times, opens, closes, *lagged, strict=False)
    for heard, (ts_ns, open_, close, out_of_fast, out_of_slow) in enumerate(rows, start=1):
        if wanted != held:
            units = wanted - held
            cash -= units * open_ + _FEE
            held = wanted
            fills.append(PlainFill(ts_ns, units, open_, _FEE))
        fast_sum += close - out_of_fast
        slow_sum += close - out_of_slow
        if heard >= slow:
            wanted = QUANTITY if fast_sum * slow > slow_sum * fast else 0
        worth = cash + held * close
        if worth > peak:
            peak = worth
        elif peak - worth > drawdown:
            drawdown = peak - worth
    return fills


def rsi_envelope(
    times: Sequence[int], bids: Sequence[float], asks: Sequence[float], start_ns: int = 0
) -> list[PlainFill]:
    """Bars of 5 and of 30 minutes, made of the middles; what is decided at a bar after the start is filled at the
    quote before. Of the short bars before the start as many are heard as the strategy's warm-up asks for."""
    fills: list[PlainFill] = []
    mind = _Mind()
    bid = ask = drawdown = 0.0
    cash = peak = _CASH
    held = short_due = long_due = 0
    heard_from = max(0, start_ns - _WARMUP_NS)
    middle = 0.0
    for ts_ns, next_bid, next_ask in zip(times, bids, asks, strict=True):
        if ts_ns >= short_due:
            if short_due > heard_from:
                units = mind.decide(middle, held)
                if units and short_due > start_ns:
                    price = ask if units > 0 else bid
                    cash -= units * price + _FEE
                    held += units
                    fills.append(PlainFill(short_due, units, price, _FEE))
            if ts_ns >= long_due:
                if long_due:
                    mind.closes.append(middle)
                long_due = ts_ns - ts_ns % _LONG_NS + _LONG_NS
            short_due = ts_ns - ts_ns % _SHORT_NS + _SHORT_NS
        bid, ask = next_bid, next_ask
        middle = (bid + ask) / 2
        worth = cash + held * middle
        if worth > peak:
            peak = worth
        elif peak - worth > drawdown:
            drawdown = peak - worth
    return fills


class _Mind:
    """What the strategy knows: Wilder's index of the short bars, and the last closes of the long ones."""

    def __init__(self) -> None:
        self.closes: deque[float] = deque(maxlen=_ENVELOPE)
        self._last = self._gain = self._loss = 0.0
        self._heard = 0

    def decide(self, close: float, held: int) -> int:
        """Take a short bar's close, and give the units to trade."""
        change, self._last = close - self._last, close
        self._heard += 1
        up, down = max(change, 0.0), max(-change, 0.0)
        if 1 < self._heard <= _RSI + 1:
            self._gain += up / _RSI
            self._loss += down / _RSI
        elif self._heard > _RSI + 1:
            self._gain += (up - self._gain) / _RSI
            self._loss += (down - self._loss) / _RSI
        if self._heard <= _RSI or len(self.closes) < _ENVELOPE:
            return 0
        moved = self._gain + self._loss
        index = 100.0 * self._gain / moved if moved else 50.0
        average = sum(self.closes) / _ENVELOPE
        width = _DEVIATION * average
        if index < _OVERSOLD and average - width < close < average + width:
            return QUANTITY - held
        if index > _OVERBOUGHT or close > average + width:
            return -held
        return 0
