"""The container: one strategy with its own portfolio, risk manager, orders and bus. Events go in, commands come out.

    Bar/Quote/Trade -> Strategy -> SIGNAL -> RiskManager -> ORDER -> OrderManager -> commands
    ExecutionReport -> OrderManager -> FILL -> VirtualPortfolio -> Strategy.on_fill
    Posting -> VirtualPortfolio -> Strategy.on_posting

An exception of the strategy never leaves it: the container seals itself, says so with a Trip, and from then on only
keeps its books.
"""

import enum
import traceback
from collections.abc import Callable, Mapping
from contextvars import Context
from copy import copy
from decimal import Decimal
from operator import methodcaller
from types import MappingProxyType
from typing import Any, Final

import msgspec

from trading.bus import EventBus
from trading.commands import Command, Trip, storable
from trading.desk import ContainerDesk
from trading.errors import UnsupportedState
from trading.history import Decisions, History
from trading.instruments import Instrument, negative_symbols
from trading.limits import RiskLimits, Sizing
from trading.market_data import Bar, Event, MarketEvent, Quote, Timer, Trade, reference_price
from trading.moment import Moment
from trading.order_manager import OrderManager
from trading.orders import Order
from trading.outgoing import Outgoing
from trading.portfolio import VirtualPortfolio
from trading.postings import Posting, PostingKind, Report
from trading.reports import Fill
from trading.risk import RiskManager
from trading.scope import Scope
from trading.state import decode_state, encode_state
from trading.strategy import Strategy
from trading.subscriptions import DataKind, Subscription

_HANDLERS: Final[Mapping[type, str]] = MappingProxyType(
    {
        Bar: "on_bar",
        Quote: "on_quote",
        Trade: "on_trade",
        Timer: "on_timer",
        Fill: "on_fill",
        Order: "on_order",
        Posting: "on_posting",
    }
)
"""What of a strategy hears which messages."""


class ContainerState(enum.StrEnum):
    """Where a container is in its life."""

    CREATED = "created"
    WARMING = "warming"
    RUNNING = "running"
    TRIPPED = "tripped"
    STOPPED = "stopped"


class ContainerSpec(msgspec.Struct, frozen=True, kw_only=True):
    """What a container is made of. `capital` is by currency code, `timeframe_ns` and `warmup` (bars) are for a strategy
    that does not subscribe by itself; `cancel_on_trip` says what the router does with its orders when it fails."""

    strategy: str
    strategy_class: type[Strategy]
    parameters: Mapping[str, Any]
    capital: Mapping[str, Decimal]
    timeframe_ns: int
    warmup: int = 0
    limits: RiskLimits = RiskLimits()
    sizing: Sizing | None = None
    cancel_on_trip: bool = True


class ScopedContainer(Scope):
    """One strategy, sealed. InvalidParameters from `initialize_scope` when the parameters do not fit the class."""

    def __init__(self, spec: ContainerSpec, instruments: Mapping[str, Instrument]) -> None:
        super().__init__(spec.strategy)
        self.spec = spec
        self.life = ContainerState.CREATED
        self.trip: Trip | None = None
        self.reports = 0
        self._instruments = instruments
        self._may_be_negative = negative_symbols(instruments)
        self._context = Context()
        self._moment = Moment()
        self.register_shared_service("instruments", instruments)
        self.create_component("bus", EventBus, EventBus.close)
        self.create_component("orders", self._build_orders)
        self.create_component("portfolio", self._build_portfolio)
        self.create_component("risk_manager", self._build_risk_manager)
        self.create_component("desk", self._build_desk)
        self.create_component("strategy", self._build_strategy)

    # The component factories, in the order in which each needs the ones before.

    def _build_orders(self) -> OrderManager:
        return OrderManager(self.spec.strategy)

    def _build_portfolio(self) -> VirtualPortfolio:
        return VirtualPortfolio(self.spec.strategy, self.spec.capital, self._instruments)

    def _build_risk_manager(self) -> RiskManager:
        return RiskManager(
            owner=self.spec.strategy,
            bus=self.resolve("bus", EventBus),
            orders=self.resolve("orders", OrderManager),
            portfolio=self.resolve("portfolio", VirtualPortfolio),
            instruments=self._instruments,
            limits=self.spec.limits,
            sizing=self.spec.sizing,
            moment=self._moment,
        )

    def _build_desk(self) -> ContainerDesk:
        return ContainerDesk(
            strategy=self.spec.strategy,
            bus=self.resolve("bus", EventBus),
            orders=self.resolve("orders", OrderManager),
            portfolio=self.resolve("portfolio", VirtualPortfolio),
            moment=self._moment,
        )

    def _build_strategy(self) -> Strategy:
        values = self.spec.strategy_class.parse_parameters(self.spec.parameters)
        return self.spec.strategy_class(values, self.resolve("desk", ContainerDesk))

    def initialize_scope(self) -> None:
        """Build and wire the components."""
        if self.is_built:
            return
        super().initialize_scope()
        self._orders = self.resolve("orders", OrderManager)
        self._portfolio = self.resolve("portfolio", VirtualPortfolio)
        self._risk = self.resolve("risk_manager", RiskManager)
        self._desk = self.resolve("desk", ContainerDesk)
        self._strategy = self.resolve("strategy", Strategy)
        self._outgoing = Outgoing(self.spec.strategy, self._orders, self._moment)
        bus = self.resolve("bus", EventBus)
        self._outgoing.hear(bus)
        for message_type, name in _HANDLERS.items():
            handler = getattr(self._strategy, name)
            if getattr(handler, "__func__", None) is not getattr(Strategy, name):  # which does nothing
                bus.subscribe(message_type, handler)
        self._lines = {message_type: bus.line(message_type) for message_type in _HANDLERS}
        self._shows_orders = self.spec.strategy_class.on_order is not Strategy.on_order

    # What is asked of it.

    @property
    def subscriptions(self) -> list[Subscription]:
        """What it hears, known once started."""
        return self._desk.subscriptions

    @property
    def offers_signals(self) -> bool:
        """Whether its strategy gives its decisions as arrays."""
        return self.spec.strategy_class.signals is not Strategy.signals

    @property
    def commands(self) -> int:
        """How much it has asked for so far."""
        return self._outgoing.n

    @property
    def portfolio(self) -> VirtualPortfolio:
        """Its own books."""
        return self._portfolio

    @property
    def orders(self) -> OrderManager:
        """Its own orders."""
        return self._orders

    @property
    def parameters(self) -> msgspec.Struct:
        """The strategy's parameters as parsed."""
        return self._strategy._parameters

    def start(self, now_ns: int) -> list[Command]:
        """Run the strategy's `start()` and fix its subscriptions; its timers, or a Trip, come back as commands."""
        self.initialize_scope()
        self.life = ContainerState.WARMING
        self._set_now(now_ns)
        self._desk.starting = True
        self._sealed(methodcaller("start"), self._strategy)
        if not self._desk.subscriptions and self.trip is None:
            self._sealed(self._subscribe_to_what_is_handled, self._strategy)
        self._desk.starting = False
        self._desk.kept_bars.keep(self._desk.subscriptions)
        self._keep_bars()
        return self._outgoing.drain()

    def warm(self, event: MarketEvent) -> None:
        """Hear the past; whatever the strategy asks for is discarded."""
        self._desk.warming = True
        self._hear(event)
        self._desk.warming = False
        self._outgoing.discard()

    def run(self) -> list[Command]:
        """The past is over. A Trip of it comes back."""
        if self.life is ContainerState.WARMING:
            self.life = ContainerState.RUNNING
        return self._outgoing.drain()

    def on_event(self, event: Event) -> list[Command]:
        """Hear one event."""
        self._hear(event)
        return self._outgoing.drain() if self._outgoing.commands else []

    def decisions(self, history: History) -> Decisions | None:
        """What its strategy decides upon the bars of a history."""
        return self._strategy.signals(history)

    def decide_by(self, on_bar: Callable[[Bar], None]) -> None:
        """From now on bars go there in place of the strategy's `on_bar`."""
        self._lines[Bar] = on_bar

    def note(self, event: MarketEvent) -> None:
        """Know an event's time and price; the strategy does not hear of it."""
        self._set_now(event.ts_ns)
        if (price := reference_price(event, self._may_be_negative)) is not None:
            self._portfolio.mark(event.symbol, price)

    def on_report(self, report: Report) -> list[Command]:
        """Book one report and tell the strategy; reports come numbered without a gap. A liquidation seals it."""
        assert report.number == self.reports + 1, f"{self.container_id}: {report.number} after {self.reports}"
        self.reports = report.number
        self._set_now(report.ts_ns)
        if isinstance(report, Posting):
            self._portfolio.post(report)
            if report.kind is not PostingKind.LIQUIDATION:
                self._sealed(self._lines[Posting], report)
            elif self.trip is None:
                self._outgoing.forget()
                self._outgoing.put(self._close(report.reason, ""))
            return self._outgoing.drain()
        order, fill = self._orders.apply(report)
        if fill is not None:
            self._portfolio.book(fill)
            self._sealed(self._lines[Fill], fill)
        if order is not None:
            self._sealed(self._lines[Order], copy(order) if self._shows_orders else order)
        return self._outgoing.drain() if self._outgoing.commands else []

    def seal(self, reason: str) -> None:
        """Close it from outside, as a Trip closes it from within."""
        if self.trip is None:
            self._outgoing.forget()
            self._close(reason, "")

    def stop(self) -> list[Command]:
        """Run the strategy's `stop()`; what it still asks for comes back."""
        self._sealed(methodcaller("stop"), self._strategy)
        if self.life is not ContainerState.TRIPPED:
            self.life = ContainerState.STOPPED
        return self._outgoing.drain()

    # Snapshots.

    def state(self) -> dict[str, Any]:
        """Everything that `restore` needs, of plain values; UnsupportedState names what cannot be kept."""
        attributes = {k: v for k, v in vars(self._strategy).items() if k not in ("_parameters", "_desk")}
        for name, value in attributes.items():
            if value is self._portfolio:
                raise UnsupportedState(f"self.{name} is the portfolio itself; ask self.portfolio each time")
        attributes["random"] = self._desk.random  # with the rest, since an attribute may refer to it
        return {
            "life": self.life.value,
            "trip": self.trip,
            "reports": self.reports,
            "n": self._outgoing.n,
            "asked": self._moment.asked,
            "strategy": self._encoded(attributes),
            "orders": self._orders.state(),
            "portfolio": self._portfolio.state(),
            "risk_manager": self._risk.state(),
            "desk": self._desk.state(),
        }

    def _encoded(self, attributes: Mapping[str, Any]) -> bytes:
        try:
            return encode_state(attributes, owner=self.spec.strategy_class)
        except UnsupportedState:
            raise
        except Exception as error:  # of a `state()` that the strategy brought along
            raise UnsupportedState(f"its state cannot be taken: {_in_words(error)}") from error

    def restore(self, state: Mapping[str, Any]) -> None:
        """Become the container that gave this state; the strategy's `start()` is not called."""
        self.restore_books(state)
        self.life = ContainerState(state["life"])
        self._moment.asked = state["asked"]
        self.trip = msgspec.convert(state["trip"], Trip | None)
        attributes = decode_state(state["strategy"], owner=self.spec.strategy_class)
        self._desk.random = attributes.pop("random")
        vars(self._strategy).update(attributes)
        self._risk.restore(state["risk_manager"])
        self._desk.restore(state["desk"])
        self._keep_bars()

    def restore_books(self, state: Mapping[str, Any]) -> None:
        """Take over orders and portfolio only, for a strategy that is to start anew upon them."""
        self.initialize_scope()
        self.reports, self._outgoing.n = state["reports"], state["n"]
        self._orders.restore(state["orders"])
        self._portfolio.restore(state["portfolio"])

    # Within.

    def _keep_bars(self) -> None:
        """Whoever keeps bars keeps each before it hears it; others need not look at each."""
        kept, tell = self._desk.kept_bars, self._lines[Bar]
        if not kept:
            return

        def keep_and_tell(bar: Bar) -> None:
            kept.hear(bar)
            if tell is not None:
                tell(bar)

        self._lines[Bar] = keep_and_tell

    def _set_now(self, now_ns: int) -> None:
        moment = self._moment
        if now_ns != moment.now_ns:
            moment.now_ns, moment.asked = now_ns, 0
        if now_ns > self._risk.day_ends_ns:
            self._risk.begin_day(now_ns)

    def _hear(self, event: Event) -> None:
        self._set_now(event.ts_ns)
        if type(event) is not Timer and (price := reference_price(event, self._may_be_negative)) is not None:
            self._portfolio.mark(event.symbol, price)
        self._sealed(self._lines[type(event)], event)

    def _sealed(self, call: Callable[[Any], None] | None, argument: object) -> None:
        if call is None or self.trip is not None:
            return
        try:
            # Decimal's context is the usual one at each call, and what the strategy makes of it ends with the call.
            self._context.run(call, argument)
        except BaseException as error:  # also one that means to end the process, which is not the strategy's to end
            self._outgoing.forget()
            stack = "".join(traceback.format_exception(error))
            self._outgoing.put(self._close(storable(_in_words(error)), storable(stack)))
        if self._context:  # whoever reckons with Decimal puts a context into it; empty it is as good as new
            self._context = Context()

    def _close(self, reason: str, stack: str) -> Trip:
        self.life = ContainerState.TRIPPED
        self.trip = self._outgoing.trip(reason, stack)
        return self.trip

    def _subscribe_to_what_is_handled(self, strategy: Strategy) -> None:
        """The default of a strategy that subscribes to nothing: what it overrides, for its `symbol` or `symbols`."""
        cls = self.spec.strategy_class
        single = getattr(strategy, "symbol", None)
        for symbol in getattr(strategy, "symbols", None) or ([single] if single else []):
            if cls.on_bar is not Strategy.on_bar:
                self._desk.hear(symbol, DataKind.BARS, self.spec.timeframe_ns, self.spec.warmup)
            if cls.on_quote is not Strategy.on_quote:
                self._desk.hear(symbol, DataKind.QUOTES)
            if cls.on_trade is not Strategy.on_trade:
                self._desk.hear(symbol, DataKind.TRADES)


def _in_words(error: BaseException) -> str:
    try:
        return f"{type(error).__name__}: {error}"
    except Exception:
        return f"{type(error).__name__}, which cannot be shown as text"
