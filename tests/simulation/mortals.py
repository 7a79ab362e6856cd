"""Strategies whose process ends or hangs at a place of their choosing.

A licence is a folder with a file for each time that it may still happen. Who has none lives on, so that the same
strategy can run in the tests' own process. Only raising needs none.
"""

import faulthandler
import os
import signal
import socket
import sys
import time
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

from tests.child_strategies import socket_to_the_supervisor
from trading.market_data import Bar, Quote, Timer
from trading.orders import Order, OrderState, Side
from trading.reports import Fill
from trading.strategy import Strategy


class Heart:
    """Kept in every snapshot; it may stop while one is taken, or while it is put back."""

    def __init__(self, ends: "Ends | None" = None) -> None:
        self.ends = ends

    def state(self) -> object:
        if self.ends is not None:
            self.ends.come_to("state")
            return self.ends.state()
        return None

    def restore(self, state: object) -> None:
        self.ends = Ends()
        self.ends.restore(state)
        self.ends.come_to("restore")


class Ends:
    """Counts how often it comes to its place, and at the `count`-th time ends what it lives in."""

    def __init__(self, how: str = "", where: str = "", count: int = 0, licence: str = "") -> None:
        self.how, self.where, self.count, self.licence = how, where, count, licence
        self.came = 0

    def state(self) -> object:
        return [self.how, self.where, self.count, self.licence, self.came]

    def restore(self, state: object) -> None:
        assert isinstance(state, list)
        self.how, self.where, self.count, self.licence, self.came = state

    def come_to(self, where: str) -> None:
        if where != self.where:
            return
        self.came += 1
        if self.came >= self.count and (may_end(self.licence) if self.licence else self.how == "raise"):
            globals()[f"by_{self.how}"]()


def license_ends(licence: Path, times: int = 1) -> None:
    """Let it end so many times."""
    licence.mkdir()
    for number in range(times):
        (licence / str(number)).touch()


def may_end(licence: str) -> bool:
    """Whether there is a licence for one more end, which is then used; an end in between uses it once."""
    with suppress(FileNotFoundError):
        for one in Path(licence).iterdir():
            one.unlink()
            return True
    return False


def by_raise() -> None:
    raise ZeroDivisionError("its time has come")


def by_kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def by_exit() -> None:
    os._exit(3)


def by_clean_exit() -> None:
    os._exit(0)


def by_segfault() -> None:
    faulthandler._sigsegv()  # type: ignore[attr-defined]


def by_garbage() -> None:
    os.write(socket_to_the_supervisor(), b"\x04\0\0\0what")


def by_hanging_up() -> None:
    socket.socket(fileno=socket_to_the_supervisor()).shutdown(socket.SHUT_RDWR)


def by_spinning() -> None:
    while True:
        pass


def by_sleeping() -> None:
    time.sleep(1_000)


def by_stopping() -> None:
    os.kill(os.getpid(), signal.SIGSTOP)


def by_killing_the_forkserver() -> None:
    assert "daemon.hosts.forkserver" not in sys.modules  # it is `__main__` where this is a child
    os.kill(os.getppid(), signal.SIGKILL)
    signal.pause()


class Mortal(Strategy):
    """Rests orders near the market, trades, answers its fills, sets timers; and comes to its end at one of its
    handlers, in the past before its first event, in `start`, or while its state is taken or put back."""

    symbol: str
    how: str = ""
    where: str = ""
    count: int = 1
    licence: str = ""

    def start(self) -> None:
        self.quotes = 0
        self.bid = 0.0
        self.ends = Ends(self.how, self.where, self.count, self.licence)
        self.heart = Heart(self.ends)
        self.subscribe(self.symbol, quotes=True, bars="1m", warmup=3)
        self.schedule("tick", every="7s")
        self.ends.come_to("start")

    def on_bar(self, bar: Bar) -> None:
        self.ends.come_to("warm-up" if self.warming else "on_bar")
        if not self.warming:
            self.target(self.symbol, self.random.randrange(0, 20))

    def on_quote(self, quote: Quote) -> None:
        self.ends.come_to("on_quote")
        self.bid = quote.bid
        self.quotes += 1
        if self.quotes % 25 == 0:
            self.buy(self.symbol, 1)

    def on_timer(self, timer: Timer) -> None:
        self.ends.come_to("on_timer")
        lot = self.random.randrange(5)
        if lot == 0:
            for order in self.open_orders():
                self.cancel(order.order_id)
        elif lot < 4 and self.bid:
            sells = self.position(self.symbol) > 5
            away = Decimal(self.random.randrange(1, 4)) / 100
            price = round(Decimal(str(self.bid)) + (away if sells else -away), 2)
            self.order(self.symbol, Side.SELL if sells else Side.BUY, 3, limit_price=price)

    def on_fill(self, fill: Fill) -> None:
        self.ends.come_to("on_fill")
        if fill.quantity == 3:
            self.buy(self.symbol, 1)

    def on_order(self, order: Order) -> None:
        self.ends.come_to("cancelled" if order.state is OrderState.CANCELLED else "on_order")


class Endless(Strategy):
    """From its `begins`-th quote on it answers each of its fills with another order: no step comes to the end of it."""

    symbol: str
    begins: int = 3

    def start(self) -> None:
        self.quotes = 0

    def on_quote(self, quote: Quote) -> None:
        self.quotes += 1
        if self.quotes == self.begins:
            self.buy(self.symbol, 1)

    def on_fill(self, fill: Fill) -> None:
        self.order(self.symbol, Side.SELL if self.position(self.symbol) > 5 else Side.BUY, 1)


class Ticks(Strategy):
    """Sets timers at every timer: each second, a millisecond on, and one that replaces the last."""

    symbol: str

    def start(self) -> None:
        self.schedule("second", every="1s")
        self.subscribe(self.symbol, quotes=True)

    def on_timer(self, timer: Timer) -> None:
        if timer.name == "second":
            self.schedule("soon", at_ns=timer.ts_ns + 1_000_000)
            self.schedule("later", at_ns=timer.ts_ns + 5_500_000_000)
        elif self.random.random() < 0.1:
            self.target(self.symbol, self.random.randrange(-2, 12))

    def on_quote(self, quote: Quote) -> None:
        if self.random.random() < 0.02:
            self.schedule("now", at_ns=0)


class Storms(Strategy):
    """Places twenty orders within reach and cancels all, again and again, also those that are filled or gone."""

    symbol: str

    def start(self) -> None:
        self.quotes = 0
        self.placed: list[str] = []

    def on_quote(self, quote: Quote) -> None:
        self.quotes += 1
        for order_id in self.placed:
            self.cancel(order_id)
        self.placed = []
        if self.quotes % 10 == 0:
            bid = Decimal(str(quote.bid))
            self.placed = [self.buy(self.symbol, 1, limit_price=bid - Decimal(n) / 100) for n in range(20)]


class Eager(Strategy):
    """Trades and sets timers in the past too, where nothing comes of it."""

    symbol: str

    def start(self) -> None:
        self.ids: list[str] = []
        self.subscribe(self.symbol, bars="1m", warmup=5)

    def on_bar(self, bar: Bar) -> None:
        self.ids.append(self.buy(self.symbol, 2))
        self.cancel(self.ids[-1])
        self.schedule("soon", at_ns=bar.ts_ns + 3_000_000_000)

    def on_timer(self, timer: Timer) -> None:
        self.ids.append(self.buy(self.symbol, 1))
