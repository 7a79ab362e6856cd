"""What a trader writes. A strategy hears events and says what it wants; it never learns where it runs.

Public annotations in a subclass's body are its parameters, read-only attributes of the instance. State is assigned in
`start()`, and is kept over restarts: everything in the instance must be a plain value, an indicator or the like.
"""

import inspect
import random
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, ClassVar, Final, Unpack

import msgspec

from trading import parameters
from trading.commands import storable
from trading.desk import Desk
from trading.errors import StrategyMisuse
from trading.history import Decisions, History
from trading.market_data import Bar, Quote, Timer, Trade
from trading.orders import Order, OrderType, Side, TimeInForce
from trading.portfolio import VirtualPortfolio
from trading.postings import Posting
from trading.reports import Fill
from trading.requests import Number, OrderOptions, exact, exact_if_given, member, moment, order_type
from trading.signals import AmendRequest, Bracket, Entry, Exit, OrderRequest, Target

HANDLERS: Final = ("start", "on_bar", "on_quote", "on_trade", "on_fill", "on_order", "on_posting", "on_timer", "stop")
"""What a strategy may override."""


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

    def on_posting(self, posting: Posting) -> None:
        """Its book has changed without a trade, by a dividend, a split, a funding; the portfolio already counts it. A
        margin call changes nothing yet."""

    def on_timer(self, timer: Timer) -> None:
        """A time that it scheduled has come."""

    def signals(self, history: History) -> Decisions | None:  # noqa: ARG002 - for those that override it
        """Its decisions as arrays, where it can give them: then a backtest may pass by bars at which nothing can
        happen. `on_bar` must decide the same by the same `decide`. None: it is to hear every bar."""
        return None

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

    def target(self, symbol: str, quantity: Number) -> None:
        """Be at a signed quantity; free when already there or on the way."""
        self._desk.say(Target(symbol=symbol, quantity=exact(quantity)))

    def enter(self, symbol: str, side: Side, strength: float = 1.0) -> None:
        """Enter a position of the configured size, scaled by a strength above 0 and up to 1."""
        if not 0.0 < strength <= 1.0:
            raise StrategyMisuse(f"strength is {strength}; it must be above 0 and at most 1")
        self._desk.say(Entry(symbol=symbol, side=member(Side, side), strength=float(strength)))

    def exit(self, symbol: str) -> None:
        """Leave the position in a symbol."""
        self._desk.say(Exit(symbol=symbol))

    def order(
        self,
        symbol: str,
        side: Side,
        quantity: Number,
        *,
        type: OrderType | None = None,  # noqa: A002 - the field's word
        limit_price: Number | None = None,
        stop_price: Number | None = None,
        trail_amount: Number | None = None,
        trail_percent: Number | None = None,
        time_in_force: TimeInForce = TimeInForce.GTC,
        expires_ns: int | None = None,
        post_only: bool = False,
        reduce_only: bool = False,
        all_or_none: bool = False,
        parent: str = "",
        group: str = "",
        reason: str = "",
    ) -> str:
        """Request one order. Returns its id, empty while warming.

        Without a `type` the prices say it: a limit order where there is a limit price, a stop where there is a stop
        price, a stop-limit with both, a trailing stop where there is a trail, in units of price or in percent, else a
        market order. `parent` is the id of the order that it is an exit of, `group` one of `one_cancels_other`.
        """
        order_id = self._desk.next_order_id()
        trails = trail_amount is not None or trail_percent is not None
        meant = order_type(limit=limit_price is not None, stop=stop_price is not None, trail=trails)
        self._desk.say(
            OrderRequest(
                order_id=order_id,
                symbol=symbol,
                side=member(Side, side),
                quantity=exact(quantity),
                type=meant if type is None else member(OrderType, type),
                limit_price=exact_if_given(limit_price),
                stop_price=exact_if_given(stop_price),
                trail_amount=exact_if_given(trail_amount),
                trail_percent=exact_if_given(trail_percent),
                time_in_force=member(TimeInForce, time_in_force),
                expires_ns=None if expires_ns is None else moment("expires_ns", expires_ns),
                post_only=bool(post_only),
                reduce_only=bool(reduce_only),
                all_or_none=bool(all_or_none),
                parent_id=storable(parent) if parent else None,
                group_id=storable(group) if group else None,
                reason=storable(reason),
            )
        )
        return order_id

    def buy(self, symbol: str, quantity: Number, **options: Unpack[OrderOptions]) -> str:
        """Request one buy order; see `order`."""
        return self.order(symbol, Side.BUY, quantity, **options)

    def sell(self, symbol: str, quantity: Number, **options: Unpack[OrderOptions]) -> str:
        """Request one sell order; see `order`."""
        return self.order(symbol, Side.SELL, quantity, **options)

    def bracket(
        self,
        symbol: str,
        side: Side,
        quantity: Number,
        *,
        stop_loss: Number | None = None,
        take_profit: Number | None = None,
        limit_price: Number | None = None,
        stop_price: Number | None = None,
        time_in_force: TimeInForce = TimeInForce.GTC,
        expires_ns: int | None = None,
        reason: str = "",
    ) -> Bracket:
        """Request an entry and its exits: a stop at `stop_loss`, a limit at `take_profit`, or both, one cancelling the
        other. They work until they end or are cancelled, trade no more than the entry has filled, and end with it when
        it fills nothing. A refused entry refuses them; refused exits leave it.
        """
        if stop_loss is None and take_profit is None:
            raise StrategyMisuse("bracket() needs stop_loss=, take_profit= or both")
        entry = self.order(
            symbol,
            side,
            quantity,
            limit_price=limit_price,
            stop_price=stop_price,
            time_in_force=time_in_force,
            expires_ns=expires_ns,
            reason=reason,
        )
        way_out = member(Side, side).opposite
        group = "" if stop_loss is None or take_profit is None else self.one_cancels_other()
        stop = profit = ""
        if stop_loss is not None:
            stop = self.order(symbol, way_out, quantity, stop_price=stop_loss, parent=entry, group=group, reason=reason)
        if take_profit is not None:
            profit = self.order(
                symbol, way_out, quantity, limit_price=take_profit, parent=entry, group=group, reason=reason
            )
        return Bracket(entry=entry, stop_loss=stop, take_profit=profit)

    def one_cancels_other(self) -> str:
        """A new id for `group`: a fill of one order of a group takes as much from the others, the end of one ends all.
        Empty while warming."""
        return self._desk.next_group_id()

    def amend(
        self,
        order_id: str,
        *,
        quantity: Number | None = None,
        limit_price: Number | None = None,
        stop_price: Number | None = None,
        trail_amount: Number | None = None,
        trail_percent: Number | None = None,
        expires_ns: int | None = None,
    ) -> None:
        """Give one of its open orders other terms, under the same id; what is not given stays. `quantity` is that of
        the whole order, with what has filled. One that is refused leaves the order as it is."""
        request = AmendRequest(
            order_id=order_id,
            quantity=exact_if_given(quantity),
            limit_price=exact_if_given(limit_price),
            stop_price=exact_if_given(stop_price),
            trail_amount=exact_if_given(trail_amount),
            trail_percent=exact_if_given(trail_percent),
            expires_ns=None if expires_ns is None else moment("expires_ns", expires_ns),
        )
        if request == AmendRequest(order_id=order_id):
            raise StrategyMisuse(f"amend({order_id!r}) changes nothing; give a quantity, price, trail or expires_ns")
        self._desk.amend(request)

    def cancel(self, order_id: str) -> None:
        """Withdraw one of its orders; what has filled by then stays filled."""
        self._desk.cancel(order_id)

    def subscribe(
        self,
        symbol: str,
        *,
        bars: str | None = None,
        quotes: bool = False,
        trades: bool = False,
        warmup: int = 0,
        keep: int = 0,
    ) -> None:
        """Hear a symbol: bars of an interval such as `5m`, quotes, trades. Only in `start()`.

        `warmup` bars of that interval are heard before the first event, with `warming` true; the last `keep` stay at
        hand in `last_bars()`.
        """
        self._desk.subscribe(symbol, bars=bars, quotes=quotes, trades=trades, warmup=warmup, keep=keep)

    def last_bars(self, symbol: str, bars: str) -> Sequence[Bar]:
        """The last bars of an interval such as `5m`, as many as `subscribe(keep=...)` says, oldest first; `[-1]` is the
        one heard last. StrategyMisuse where none are kept."""
        return self._desk.last_bars(symbol, bars)

    def schedule(self, name: str, *, at_ns: int | None = None, every: str | None = None) -> None:
        """Hear `on_timer` at a time in nanoseconds since the epoch, or at each whole interval such as `1h`."""
        self._desk.schedule(name, at_ns=at_ns, every=every)
