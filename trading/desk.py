"""The desk that a container gives its strategy: what it may know and what it may ask for."""

import random
from typing import Any

import msgspec

from trading.bus import EventBus
from trading.errors import StrategyMisuse
from trading.order_manager import OrderManager
from trading.orders import Order
from trading.portfolio import VirtualPortfolio
from trading.signals import CancelRequest, Signal
from trading.subscriptions import DataKind, Subscription
from trading.timestamps import parse_interval


class TimerWish(msgspec.Struct, frozen=True, kw_only=True):
    """A timer that the strategy asked for; `every_ns` zero means once."""

    name: str
    at_ns: int
    every_ns: int


class ContainerDesk:
    """Implements `trading.strategy.Desk` over one container's bus; the container sets `starting` and `warming`."""

    def __init__(self, *, strategy: str, bus: EventBus, orders: OrderManager, portfolio: VirtualPortfolio) -> None:
        self.strategy = strategy
        self.now_ns = 0
        self.starting = False
        self.warming = False
        self.random = random.Random(strategy)  # noqa: S311 - a repeatable generator, no secret
        self.portfolio = portfolio
        self.subscriptions: list[Subscription] = []
        self._bus = bus
        self._orders = orders

    def say(self, signal: Signal) -> None:
        """Hand a signal to the risk manager; discarded while warming."""
        self._refuse_while_starting()
        if not self.warming:
            self._bus.publish(signal)

    def next_order_id(self) -> str:
        """The id of an order about to be requested, empty while warming."""
        self._refuse_while_starting()
        return "" if self.warming else self._orders.next_order_id()

    def cancel(self, order_id: str) -> None:
        """Ask for an order to be withdrawn; StrategyMisuse when it is none of the strategy's."""
        if self.warming:
            return
        order = self._orders.get(order_id)
        if order is None:
            raise StrategyMisuse(f"cancel({order_id!r}): no such order of {self.strategy}")
        if order.is_open:
            self._bus.publish(CancelRequest(order_id=order_id))

    def open_orders(self, symbol: str | None) -> list[Order]:
        """The strategy's own open orders."""
        return self._orders.open(symbol)

    def subscribe(self, symbol: str, *, bars: str | None, quotes: bool, trades: bool, warmup: int) -> None:
        """Ask for data; StrategyMisuse outside `start()` or when it asks for nothing."""
        if not self.starting:
            raise StrategyMisuse("subscribe() is for start(); subscriptions are fixed after it")
        if bars is None and not quotes and not trades:
            raise StrategyMisuse(f"subscribe({symbol!r}) asks for nothing; give bars=, quotes=True or trades=True")
        wanted: list[Subscription] = []
        if bars is not None:
            interval_ns = _interval(bars)
            wanted.append(Subscription(symbol=symbol, kind=DataKind.BARS, interval_ns=interval_ns, warmup=warmup))
        wanted += [Subscription(symbol=symbol, kind=DataKind.QUOTES)] * quotes
        wanted += [Subscription(symbol=symbol, kind=DataKind.TRADES)] * trades
        self.subscriptions += [one for one in wanted if one not in self.subscriptions]

    def schedule(self, name: str, *, at_ns: int | None, every: str | None) -> None:
        """Ask for a timer; StrategyMisuse unless exactly one of a time and an interval is given."""
        if (at_ns is None) == (every is None):
            raise StrategyMisuse(f"schedule({name!r}) takes either at_ns= or every=")
        if self.warming:
            return
        every_ns = 0 if every is None else _interval(every)
        first_ns = at_ns if at_ns is not None else (self.now_ns // every_ns + 1) * every_ns
        self._bus.publish(TimerWish(name=name, at_ns=first_ns, every_ns=every_ns))

    def state(self) -> dict[str, Any]:
        """Everything that `restore` needs but the generator."""
        return {"now_ns": self.now_ns, "subscriptions": self.subscriptions}

    def restore(self, state: dict[str, Any]) -> None:
        """Become the desk that gave this state."""
        self.now_ns = state["now_ns"]
        self.subscriptions = msgspec.convert(state["subscriptions"], list[Subscription])

    def _refuse_while_starting(self) -> None:
        if self.starting:
            raise StrategyMisuse("no orders in start(); wait for the first event")


def _interval(text: str) -> int:
    try:
        return parse_interval(text)
    except ValueError as error:
        raise StrategyMisuse(str(error)) from None
