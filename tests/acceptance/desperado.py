"""A trader's own strategy file. Where a trigger file lies it removes it and kills its daemon, from within a step; where
none lies it only trades."""

import os
import signal
from pathlib import Path

from trading.market_data import Bar
from trading.reports import Fill
from trading.strategy import Strategy


class Desperado(Strategy):
    """In and out of the market with every bar."""

    symbol: str
    trigger: str

    def start(self) -> None:
        self.fills = 0

    def on_bar(self, bar: Bar) -> None:
        self.target(self.symbol, 0 if self.position(self.symbol) else 20)

    def on_fill(self, fill: Fill) -> None:
        self.fills += 1
        trigger = Path(self.trigger)
        if trigger.exists():
            trigger.unlink()
            os.kill(os.getpid(), signal.SIGKILL)
