"""What the benchmarks trade with. Children import this file, so it imports nothing heavy."""

import time
from array import array
from decimal import Decimal
from pathlib import Path
from typing import Final

from daemon.clock import SystemClock
from trading.market_data import Bar, Quote
from trading.strategy import Strategy

CLOSING_BID: Final = 0.0
"""A quote with this bid is the last: whoever keeps times writes them down."""

_CLOCK: Final = SystemClock()
_TOOK: Final = array("d")


class NowAndThen(Strategy):
    """Hear every quote; at about one in `every`, drawn at random, turn the position around."""

    symbol: str
    every: int
    quantity: Decimal = Decimal(1_000)

    def start(self) -> None:
        """Draw the first."""
        self.waits = self.random.randrange(2 * self.every)

    def on_quote(self, quote: Quote) -> None:
        """Count down, and trade."""
        if self.waits:
            self.waits -= 1
            return
        self.waits = self.random.randrange(2 * self.every)
        self.target(self.symbol, 0 if self.position(self.symbol) else self.quantity)


class InAndOut(Strategy):
    """One order a quote: buy when flat, else sell."""

    symbol: str

    def on_quote(self, quote: Quote) -> None:
        """Turn the position around."""
        if self.position(self.symbol):
            self.sell(self.symbol, 1)
        else:
            self.buy(self.symbol, 1)


class TakesTurns(Strategy):
    """Hear every quote; buy at each `of`-th, beginning with the one whose number is `turn`."""

    symbol: str
    turn: int
    of: int

    def start(self) -> None:
        """Begin before the first."""
        self.heard = 0

    def on_quote(self, quote: Quote) -> None:
        """Count, and buy when it is its turn."""
        if self.heard % self.of == self.turn:
            self.buy(self.symbol, 1)
        self.heard += 1


class Stopwatch(Strategy):
    """Note how old each quote is when it is heard, in microseconds, and write that down at the last.

    The times are the process's own, so it lives alone in one, and no snapshot holds them. `pause_us` is how long it
    takes over each quote.
    """

    symbol: str
    results: str
    pause_us: int = 0

    def on_quote(self, quote: Quote) -> None:
        """Note the time."""
        if quote.bid == CLOSING_BID:
            self.write_down()
            return
        _TOOK.append((_CLOCK.wall_ns() - quote.ts_ns) / 1_000)
        if self.pause_us:
            time.sleep(self.pause_us / 1_000_000)

    def write_down(self) -> None:
        """All times as one file, which is there only when it is whole."""
        whole = Path(self.results)
        part = whole.with_suffix(".part")
        part.write_bytes(_TOOK.tobytes())
        part.rename(whole)


class Idle(Strategy):
    """Hear every bar, and do nothing."""

    symbol: str

    def on_bar(self, bar: Bar) -> None:
        """Do nothing."""
