"""The desk that a container gives its strategy: what it may know and what it may ask for."""

import random
from collections.abc import Sequence
from copy import copy
from typing import Any, Protocol

import msgspec

from trading.bus import EventBus
from trading.commands import storable
from trading.errors import StrategyMisuse
from trading.kept_bars import MOST_KEPT, KeptBars
from trading.market_data import Bar
from trading.moment import Moment
from trading.order_manager import OrderManager
from trading.orders import Order, OrderState
from trading.portfolio import VirtualPortfolio
from trading.requests import moment
from trading.signals import AmendRequest, CancelRequest, Signal
from trading.subscriptions import DataKind, Subscription
from trading.timestamps import MILLISECOND, parse_interval


class Desk(Protocol):
    """What a container offers its strategy."""

    strategy: str
    warming: bool
    random: random.Random
    portfolio: VirtualPortfolio

    @property
    def now_ns(self) -> int:
        """The time of what is being heard."""

    def say(self, signal: Signal) -> None:
        """Hand a signal to the risk manager."""

    def next_order_id(self) -> str:
        """The id of an order about to be requested."""

    def next_group_id(self) -> str:
        """The id of a group of orders about to be requested."""

    def amend(self, request: AmendRequest) -> None:
        """Ask for other terms of an order."""

    def cancel(self, order_id: str) -> None:
        """Ask for an order to be withdrawn."""

    def open_orders(self, symbol: str | None) -> list[Order]:
        """The strategy's own open orders."""

    def subscribe(self, symbol: str, *, bars: str | None, quotes: bool, trades: bool, warmup: int, keep: int) -> None:
        """Ask for data."""

    def last_bars(self, symbol: str, bars: str) -> Sequence[Bar]:
        """The last bars of a stream."""

    def schedule(self, name: str, *, at_ns: int | None, every: str | None) -> None:
        """Ask for a timer."""


class TimerWish(msgspec.Struct, frozen=True, kw_only=True):
    """A timer that the strategy asked for; `every_ns` zero means once."""

    name: str
    at_ns: int
    every_ns: int


class ContainerDesk:
    """A desk over one container's bus; the container sets `starting` and `warming`."""

    def __init__(
        self, *, strategy: str, bus: EventBus, orders: OrderManager, portfolio: VirtualPortfolio, moment: Moment
    ) -> None:
        self.strategy = strategy
        self.starting = False
        self.warming = False
        self.random = random.Random(strategy)  # noqa: S311 - a repeatable generator, no secret
        self.portfolio = portfolio
        self.subscriptions: list[Subscription] = []
        self.kept_bars = KeptBars()
        self._bus = bus
        self._orders = orders
        self._moment = moment

    @property
    def now_ns(self) -> int:
        """The time of what is being heard."""
        return self._moment.now_ns

    def say(self, signal: Signal) -> None:
        """Hand a signal to the risk manager; discarded while warming."""
        self._refuse_while_starting()
        if not self.warming:
            self._bus.publish(signal)

    def next_order_id(self) -> str:
        """The id of an order about to be requested, empty while warming."""
        self._refuse_while_starting()
        return "" if self.warming else self._orders.next_order_id()

    def next_group_id(self) -> str:
        """The id of a group of orders about to be requested, empty while warming."""
        self._refuse_while_starting()
        return "" if self.warming else self._orders.next_group_id()

    def amend(self, request: AmendRequest) -> None:
        """Ask for other terms of an order; StrategyMisuse when it is none of the strategy's."""
        if self.warming or not request.order_id:
            return
        if self._orders.get(request.order_id) is None:
            raise StrategyMisuse(f"amend({request.order_id!r}): no such order of {self.strategy}")
        self._bus.publish(request)

    def cancel(self, order_id: str) -> None:
        """Ask once for an order to be withdrawn; StrategyMisuse when it is none of the strategy's."""
        if self.warming or not order_id:  # an order that was asked for while warming has no id
            return
        if self._orders.get(order_id) is None:
            raise StrategyMisuse(f"cancel({order_id!r}): no such order of {self.strategy}")
        order = self._orders.get_open(order_id)
        if order is not None and order.state is not OrderState.PENDING_CANCEL:
            self._bus.publish(CancelRequest(order_id=order_id))

    def open_orders(self, symbol: str | None) -> list[Order]:
        """The strategy's own open orders, as they stand now."""
        return [copy(order) for order in self._orders.open(symbol)]

    def subscribe(self, symbol: str, *, bars: str | None, quotes: bool, trades: bool, warmup: int, keep: int) -> None:
        """Ask for data; StrategyMisuse outside `start()` or when it asks for nothing."""
        if not self.starting:
            raise StrategyMisuse("subscribe() is for start(); subscriptions are fixed after it")
        if bars is None and not quotes and not trades:
            raise StrategyMisuse(f"subscribe({symbol!r}) asks for nothing; give bars=, quotes=True or trades=True")
        if warmup < 0:
            raise StrategyMisuse(f"subscribe({symbol!r}): warmup is {warmup} bars; it must be zero or more")
        if not 0 <= keep <= MOST_KEPT:
            raise StrategyMisuse(f"subscribe({symbol!r}): keep is {keep} bars; it must be from zero to {MOST_KEPT:,}")
        if keep and bars is None:
            raise StrategyMisuse(f"subscribe({symbol!r}): only bars are kept; give bars=")
        if bars is not None:
            self.hear(symbol, DataKind.BARS, _interval(bars), warmup, keep)
        if quotes:
            self.hear(symbol, DataKind.QUOTES)
        if trades:
            self.hear(symbol, DataKind.TRADES)

    def last_bars(self, symbol: str, bars: str) -> Sequence[Bar]:
        """The last bars of a stream, the one being heard among them, oldest first; StrategyMisuse where none are
        kept."""
        return self.kept_bars.of(symbol, _interval(bars))

    def hear(self, symbol: str, kind: DataKind, interval_ns: int = 0, warmup: int = 0, keep: int = 0) -> None:
        """Add to the subscriptions; what is asked for twice is heard once, with the longer warm-up and past."""
        asked = Subscription(symbol=symbol, kind=kind, interval_ns=interval_ns, warmup=warmup, keep=keep)
        for place, one in enumerate(self.subscriptions):
            if (one.symbol, one.kind, one.interval_ns) == (symbol, kind, interval_ns):
                self.subscriptions[place] = msgspec.structs.replace(
                    one, warmup=max(one.warmup, warmup), keep=max(one.keep, keep)
                )
                return
        self.subscriptions.append(asked)

    def schedule(self, name: str, *, at_ns: int | None, every: str | None) -> None:
        """Ask for a timer; StrategyMisuse unless exactly one of a time and an interval is given.

        It rings a millisecond from now at the earliest, so that no strategy can hold time still.
        """
        if (at_ns is None) == (every is None):
            raise StrategyMisuse(f"schedule({name!r}) takes either at_ns= or every=")
        if self.warming:
            return
        every_ns = 0 if every is None else _interval(every)
        first_ns = moment("at_ns", at_ns) if at_ns is not None else (self._moment.now_ns // every_ns + 1) * every_ns
        first_ns = max(first_ns, self._moment.now_ns + MILLISECOND)
        self._bus.publish(TimerWish(name=storable(name), at_ns=first_ns, every_ns=every_ns))

    def state(self) -> dict[str, Any]:
        """Everything that `restore` needs but the generator."""
        return {
            "now_ns": self._moment.now_ns,
            "subscriptions": list(self.subscriptions),
            "bars": self.kept_bars.state(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Become the desk that gave this state."""
        self._moment.now_ns = state["now_ns"]
        self.subscriptions = msgspec.convert(state["subscriptions"], list[Subscription])
        self.kept_bars.restore(self.subscriptions, msgspec.convert(state["bars"], list[Bar]))

    def _refuse_while_starting(self) -> None:
        if self.starting:
            raise StrategyMisuse("no orders in start(); wait for the first event")


def _interval(text: str) -> int:
    try:
        return parse_interval(text)
    except ValueError as error:
        raise StrategyMisuse(str(error)) from None
