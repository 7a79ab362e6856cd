"""What a trader writes. A strategy hears events and says what it wants; it never learns where it runs.

Public annotations in a subclass's body are its parameters, read-only attributes of the instance. State is assigned in
`start()`, and is kept over restarts: everything in the instance must be a plain value, an indicator or the like.
"""

import enum
import inspect
import random
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar, Final, Protocol, TypeVar

import msgspec

from trading import parameters
from trading.commands import storable
from trading.errors import StrategyMisuse
from trading.market_data import Bar, Quote, Timer, Trade
from trading.orders import Order, OrderType, Side, TimeInForce
from trading.portfolio import VirtualPortfolio
from trading.reports import Fill
from trading.signals import Entry, Exit, OrderRequest, Signal, Target

_BEYOND: Final = Decimal(10**18)
"""No quantity or price of an order comes near; the digits of those below it fit into the core's exact sums."""

Word = TypeVar("Word", bound=enum.StrEnum)

HANDLERS: Final = ("start", "on_bar", "on_quote", "on_trade", "on_fill", "on_order", "on_timer", "stop")
"""What a strategy may override."""


class Desk(Protocol):
    """What a container offers its strategy."""

    strategy: str
    now_ns: int
    warming: bool
    random: random.Random
    portfolio: VirtualPortfolio

    def say(self, signal: Signal) -> None:
        """Hand a signal to the risk manager."""

    def next_order_id(self) -> str:
        """The id of an order about to be requested."""

    def cancel(self, order_id: str) -> None:
        """Ask for an order to be withdrawn."""

    def open_orders(self, symbol: str | None) -> list[Order]:
        """The strategy's own open orders."""

    def subscribe(self, symbol: str, *, bars: str | None, quotes: bool, trades: bool, warmup: int) -> None:
        """Ask for data."""

    def schedule(self, name: str, *, at_ns: int | None, every: str | None) -> None:
        """Ask for a timer."""


class Strategy:
    """Base of every strategy. Override the handlers that matter; call the verbs from within them."""

    _defaults: ClassVar[dict[str, Any]] = {}
    _parameters_type: ClassVar[type[msgspec.Struct]]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls._defaults = dict(cls._defaults)
        for name in HANDLERS:
            if inspect.iscoroutinefunction(getattr(cls, name)):
                raise StrategyMisuse(f"{cls.__name__}.{name} is async; handlers are plain functions, they never wait")
        for name in parameters.names(cls, Strategy):
            if name in cls.__dict__:
                cls._defaults[name] = cls.__dict__[name]
            setattr(cls, name, parameters.read_only(name))

    @classmethod
    def parameters_type(cls) -> type[msgspec.Struct]:
        """The struct of its parameters, made once; InvalidParameters when the class declares them wrongly."""
        if "_parameters_type" not in cls.__dict__:
            cls._parameters_type = parameters.parameters_type(cls, Strategy, cls._defaults)
        return cls._parameters_type

    @classmethod
    def parse_parameters(cls, raw: Mapping[str, Any]) -> msgspec.Struct:
        """Its parameters from plain values; InvalidParameters names every wrong field."""
        return parameters.parse(cls.parameters_type(), raw)

    def __init__(self, values: msgspec.Struct, desk: Desk) -> None:
        self._parameters = values
        self._desk = desk

    # What happens to it.

    def start(self) -> None:
        """Called once, before anything else. Subscribe, schedule, set up state; no orders yet."""

    def on_bar(self, bar: Bar) -> None:
        """A bar is complete."""

    def on_quote(self, quote: Quote) -> None:
        """The best bid or ask has changed."""

    def on_trade(self, trade: Trade) -> None:
        """The market has traded."""

    def on_fill(self, fill: Fill) -> None:
        """One of its orders has traded; portfolio and order already count it."""

    def on_order(self, order: Order) -> None:
        """One of its orders has changed its state; it is shown as it stands now."""

    def on_timer(self, timer: Timer) -> None:
        """A time that it scheduled has come."""

    def stop(self) -> None:
        """An operator stops or removes it; never called by a restart of the daemon."""

    # What it knows.

    @property
    def id(self) -> str:
        """Its id in the config."""
        return self._desk.strategy

    @property
    def now_ns(self) -> int:
        """The time of the event that it is hearing, nanoseconds since the epoch."""
        return self._desk.now_ns

    @property
    def warming(self) -> bool:
        """Whether it hears the past before its first event; what it asks for is then discarded."""
        return self._desk.warming

    @property
    def random(self) -> random.Random:
        """Its own seeded generator; the only randomness that a replay repeats."""
        return self._desk.random

    @property
    def portfolio(self) -> VirtualPortfolio:
        """Its own cash, positions and result; to be read, not changed."""
        return self._desk.portfolio

    def position(self, symbol: str) -> Decimal:
        """Signed units that it holds."""
        return self._desk.portfolio.quantity(symbol)

    def open_orders(self, symbol: str | None = None) -> list[Order]:
        """Its open orders, of one symbol or all, as they stand now."""
        return self._desk.open_orders(symbol)

    # What it can say.

    def target(self, symbol: str, quantity: Decimal | int) -> None:
        """Be at a signed quantity; free when already there or on the way."""
        self._desk.say(Target(symbol=symbol, quantity=_exact(quantity)))

    def enter(self, symbol: str, side: Side, strength: float = 1.0) -> None:
        """Enter a position of the configured size, scaled by a strength above 0 and up to 1."""
        if not 0.0 < strength <= 1.0:
            raise StrategyMisuse(f"strength is {strength}; it must be above 0 and at most 1")
        self._desk.say(Entry(symbol=symbol, side=_member(Side, side), strength=float(strength)))

    def exit(self, symbol: str) -> None:
        """Leave the position in a symbol."""
        self._desk.say(Exit(symbol=symbol))

    def order(
        self,
        symbol: str,
        side: Side,
        quantity: Decimal | int,
        *,
        limit_price: Decimal | None = None,
        time_in_force: TimeInForce = TimeInForce.GTC,
        reason: str = "",
    ) -> str:
        """Request one order, a limit order where a limit price is given. Returns its id, empty while warming."""
        order_id = self._desk.next_order_id()
        self._desk.say(
            OrderRequest(
                order_id=order_id,
                symbol=symbol,
                side=_member(Side, side),
                quantity=_exact(quantity),
                type=OrderType.MARKET if limit_price is None else OrderType.LIMIT,
                limit_price=None if limit_price is None else _exact(limit_price),
                time_in_force=_member(TimeInForce, time_in_force),
                reason=storable(reason),
            )
        )
        return order_id

    def buy(self, symbol: str, quantity: Decimal | int, *, limit_price: Decimal | None = None) -> str:
        """Request one buy order; see `order`."""
        return self.order(symbol, Side.BUY, quantity, limit_price=limit_price)

    def sell(self, symbol: str, quantity: Decimal | int, *, limit_price: Decimal | None = None) -> str:
        """Request one sell order; see `order`."""
        return self.order(symbol, Side.SELL, quantity, limit_price=limit_price)

    def cancel(self, order_id: str) -> None:
        """Withdraw one of its orders; what has filled by then stays filled."""
        self._desk.cancel(order_id)

    def subscribe(
        self, symbol: str, *, bars: str | None = None, quotes: bool = False, trades: bool = False, warmup: int = 0
    ) -> None:
        """Hear a symbol: bars of an interval such as `5m`, quotes, trades. Only in `start()`.

        `warmup` bars of that interval are heard before the first event, with `warming` true.
        """
        self._desk.subscribe(symbol, bars=bars, quotes=quotes, trades=trades, warmup=warmup)

    def schedule(self, name: str, *, at_ns: int | None = None, every: str | None = None) -> None:
        """Hear `on_timer` at a time in nanoseconds since the epoch, or at each whole interval such as `1h`."""
        self._desk.schedule(name, at_ns=at_ns, every=every)


def _exact(number: Decimal | int) -> Decimal:
    if not isinstance(number, Decimal | int):
        raise StrategyMisuse(f"{number!r} is a {type(number).__name__}; quantities and prices of orders are Decimal")
    exact = Decimal(number)
    if not (exact.is_finite() and exact.copy_abs() < _BEYOND):
        raise StrategyMisuse(f"{exact} is no number that an order can have")
    return exact


def _member(kind: type[Word], word: Word | str) -> Word:
    """The enum's own member, also for its bare text, which compares equal but is not it."""
    try:
        return kind(word)
    except ValueError:
        raise StrategyMisuse(f"{word!r} is no {kind.__name__}; write one of {', '.join(kind)}") from None
