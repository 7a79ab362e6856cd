"""A trader's own strategy file. It writes down which processes import it and what they see of the environment, prints,
rests orders, trades now and then, and hangs for as long as a file named `hang` lies beside it."""

import json
import os
from decimal import Decimal
from pathlib import Path

from trading.market_data import Quote
from trading.strategy import Strategy

HERE = Path(__file__).parent
HANG = HERE / "hang"

with (HERE / "imports").open("a") as imports:
    imports.write(json.dumps([os.getpid(), dict(os.environ)]) + "\n")


class Lookout(Strategy):
    """Buys at every six hundredth quote, with bids far below; raises at the first that is not before `until_ns`."""

    symbol: str
    until_ns: int = 0

    def start(self) -> None:
        self.quotes = 0
        print(f"{self.id} looks out")

    def on_quote(self, quote: Quote) -> None:
        if 0 < self.until_ns <= quote.ts_ns:
            raise TimeoutError("its time has come")
        if HANG.exists():
            self.hang()
        if self.quotes % 600 == 0:
            self.buy(self.symbol, 10)
            self.buy(self.symbol, 1, limit_price=Decimal(1))
        self.quotes += 1

    def hang(self) -> None:
        print(f"{self.id} hangs")
        while HANG.exists():
            pass
