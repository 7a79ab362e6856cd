"""Strategies for the tests of scenarios: they trade, or do at some event what no strategy should."""

import ctypes
import logging
import os
import signal
import sys
import tempfile
from pathlib import Path

from trading.indicators import Sma
from trading.market_data import Quote
from trading.strategy import Strategy

KEPT: list[str] = []
"""What a module keeps from one run to the next, unless the process is a new one."""


class Counts(Strategy):
    """Buys at every hundredth quote and sells at the next; says how often its module has been used."""

    symbol: str
    label: str = ""

    def start(self) -> None:
        KEPT.append(self.id)
        self.number = len(KEPT)
        self.quotes = 0
        self.average = Sma(5)
        self.averages = {"long": Sma(20)}

    def on_quote(self, quote: Quote) -> None:
        self.quotes += 1
        self.average.update(quote.bid)
        self.averages["long"].update(quote.bid)
        if self.quotes == 1:
            print(f"{self.label or self.id} is number {self.number}")
        if self.quotes % 100 == 0:
            self.target(self.symbol, 10 if self.quotes % 200 else 0)


class Mishap(Strategy):
    """Something befalls it at its five hundredth quote. Of `file` it makes a sign that it has come so far."""

    symbol: str
    what: str = ""
    file: str = ""

    def start(self) -> None:
        self.quotes = 0

    def on_quote(self, quote: Quote) -> None:
        self.quotes += 1
        if self.quotes == 500 and self.what:
            logging.getLogger("mishap").warning("now: %s", self.what)
            if self.file:
                with Path(self.file).open("a") as stream:
                    stream.write(f"{os.getpid()}\n")
            getattr(self, f"do_{self.what}")()

    def do_raise(self) -> None:
        raise LookupError("there is no such thing")

    def do_kill(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def do_segfault(self) -> None:
        ctypes.string_at(0)

    def do_exit(self) -> None:
        os._exit(7)

    def do_hang(self) -> None:
        while True:
            pass

    def do_deafen(self) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        self.do_hang()

    def do_swell(self) -> None:
        self.swollen = [bytearray(8 * 2**20) for _ in range(10_000)]

    def do_litter(self) -> None:
        Path(tempfile.mkdtemp(), "litter").write_text("left behind")

    def do_shout(self) -> None:
        print("shouted", flush=True)
        print("whispered", file=sys.stderr)
