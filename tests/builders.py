"""Valid things for the tests of the core, one line each, and a rig that trades without any loop.

Instruments and market data come from `market_builders`. Times are whole seconds since the epoch; money is text.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from itertools import count
from typing import Any

import msgspec

from brokers.simulated.costs import CommissionModel, NoCommission, NoSlippage, SlippageModel
from brokers.simulated.market import SimulatedMarket
from tests.market_builders import a_quote, an_instrument, through_msgpack
from trading.account.ids import ClientOrderIds
from trading.account.records import Noted, Operation, Reported, StepRecord
from trading.account.triggers import BreakerRules
from trading.commands import Command, SubmitOrder, WireAmend, WireCancel, WireSubmit
from trading.container import ContainerSpec, ScopedContainer
from trading.driver import Driver
from trading.instruments import Instrument
from trading.limits import RiskLimits, Sizing
from trading.market import Market, ReportDelayed, TriggerMoved
from trading.market_data import MarketEvent, Quote
from trading.money import ZERO, Currency, total
from trading.orders import Order, OrderTerms, OrderType, Side
from trading.portfolio import VirtualPortfolio
from trading.recorder import MemoryRecorder, Recorder
from trading.reports import ExecutionReport, Fill, Liquidity, ReportKind
from trading.sequencer import Offer
from trading.strategy import Strategy
from trading.timestamps import SECOND, parse_interval

QUOTES = Offer(quotes=True)
TRADES = Offer(trades=True)
MINUTE_BARS = Offer(bar_interval_ns=parse_interval("1m"))

_executions = count(1)


def price(at: int, value: float, *, symbol: str = "AAA") -> Quote:
    """A quote without a spread."""
    return a_quote(value, value, at=at, symbol=symbol)


def terms(
    side: Side = Side.BUY,
    quantity: str = "10",
    limit: str | None = None,
    *,
    n: int = 1,
    strategy: str = "a",
    symbol: str = "AAA",
) -> OrderTerms:
    """A market order, or a limit order where a limit is given, of id `<strategy>-<n>`."""
    return OrderTerms(
        order_id=f"{strategy}-{n}",
        strategy=strategy,
        symbol=symbol,
        side=side,
        quantity=Decimal(quantity),
        created_ns=SECOND,
        type=OrderType.MARKET if limit is None else OrderType.LIMIT,
        limit_price=None if limit is None else Decimal(limit),
    )


def submit(order: OrderTerms) -> SubmitOrder:
    """The command that places an order, as its strategy's first."""
    return SubmitOrder(strategy=order.strategy, n=int(order.order_id.rpartition("-")[2]), terms=order)


def fill(
    order: OrderTerms,
    quantity: str | None = None,
    at: str = "100",
    *,
    fee: str = "0",
    fee_currency: str | None = None,
    instrument: Instrument | None = None,
    execution_id: str | None = None,
) -> Fill:
    """A fill of all or part of an order, at a price."""
    traded = instrument or an_instrument(order.symbol)
    units = order.quantity if quantity is None else Decimal(quantity)
    return Fill(
        execution_id=execution_id or f"x{next(_executions)}",
        order_id=order.order_id,
        strategy=order.strategy,
        symbol=order.symbol,
        side=order.side,
        quantity=units,
        price=Decimal(at),
        notional=traded.notional(units, Decimal(at)),
        currency=traded.currency.code,
        fee=Decimal(fee),
        fee_currency=fee_currency or traded.currency.code,
        liquidity=Liquidity.TAKER,
        slippage=ZERO,
        ts_ns=2 * SECOND,
    )


def report(order: OrderTerms, kind: ReportKind, *, filled: Fill | None = None) -> ExecutionReport:
    """What a venue says of an order; FILLED brings a fill of all of it unless another is given."""
    if kind is ReportKind.FILLED and filled is None:
        filled = fill(order)
    return ExecutionReport(order_id=order.order_id, strategy=order.strategy, kind=kind, ts_ns=2 * SECOND, fill=filled)


def strategy(**body: Any) -> type[Strategy]:
    """A strategy on AAA with these handlers, and these values as parameters of theirs."""
    plain = {name: value for name, value in body.items() if not callable(value)}
    annotations = {"symbol": str, **{name: type(value) for name, value in plain.items()}}
    return type("Scripted", (Strategy,), {"symbol": "AAA", **body, "__annotations__": annotations})


def acting(*actions: Callable[[Any], object], **handlers: Any) -> type[Strategy]:
    """A strategy that takes one action at each quote, in turn, and then rests."""

    def on_quote(self: Any, _: Quote) -> None:
        self.acted = getattr(self, "acted", 0) + 1
        if self.acted <= len(actions):
            actions[self.acted - 1](self)

    return strategy(on_quote=on_quote, **handlers)


def nothing(_: Strategy) -> None:
    """The action of waiting."""


def buy(trader: Strategy) -> None:
    """The action of buying ten at the market."""
    trader.buy("AAA", 10)


def raising(error: BaseException) -> Callable[..., None]:
    """The action, or the handler, of failing."""

    def fail(*_: object) -> None:
        raise error

    return fail


def spec(
    strategy_class: type[Strategy],
    name: str = "a",
    *,
    capital: str = "10000",
    limits: RiskLimits | None = None,
    sizing: Sizing | None = None,
    timeframe: str = "1m",
    warmup: int = 0,
    **parameters: Any,
) -> ContainerSpec:
    """A container's making."""
    return ContainerSpec(
        strategy=name,
        strategy_class=strategy_class,
        parameters=parameters,
        capital={"USD": Decimal(capital)},
        timeframe_ns=parse_interval(timeframe),
        warmup=warmup,
        limits=limits or RiskLimits(),
        sizing=sizing,
    )


def started(strategy_class: type[Strategy], **making: Any) -> tuple[ScopedContainer, list[Command]]:
    """A container on AAA and BBB that has started and run, and what it asked for by then."""
    instruments = {symbol: an_instrument(symbol) for symbol in ("AAA", "BBB")}
    container = ScopedContainer(spec(strategy_class, **making), instruments)
    commands = container.start(0)
    return container, commands + container.run()


class Rig:
    """Containers, lock-step and a market, driven event by event.

    Each symbol of `offers` is an instrument; the account has the capital of its containers and 1,000 USD over.
    """

    def __init__(
        self,
        *specs: ContainerSpec,
        offers: Mapping[str, Offer] | None = None,
        instruments: Mapping[str, Instrument] | None = None,
        limits: RiskLimits | None = None,
        slippage: SlippageModel | None = None,
        commission: CommissionModel | None = None,
        market: Market | None = None,
        recorder: Recorder | None = None,
        currency: Currency | None = None,
        cash: Mapping[str, Decimal] | None = None,
        breakers: Mapping[str, BreakerRules] | None = None,
        fill_empty: bool = False,
        epoch_ms: int = 1,
        start: int = 0,
        state: Mapping[str, Any] | None = None,
    ) -> None:
        offers = offers or {"AAA": QUOTES}
        instruments = instruments or {symbol: an_instrument(symbol) for symbol in offers}
        cash = cash or {"USD": total((Decimal(1_000), *(one.capital["USD"] for one in specs)))}
        self.memory = MemoryRecorder()
        self.market = market or SimulatedMarket(
            instruments=instruments,
            cash=cash,
            match_on={symbol: offer.matched_on for symbol, offer in offers.items()},
            slippage=slippage or NoSlippage(),
            commission=commission or NoCommission(),
        )
        self.driver = Driver(
            specs=specs,
            instruments=instruments,
            offers=offers,
            cash=cash,
            market=self.market,
            recorder=recorder or self.memory,
            ids=ClientOrderIds(epoch_ms),
            limits=limits or RiskLimits(),
            currency=currency,
            breakers=breakers or {},
            start_ns=start * SECOND,
            fill_empty=fill_empty,
            state=state,
        )
        self.lockstep = self.driver.lockstep
        self.router = self.lockstep.router
        self._begun = state is not None

    def feed(self, *events: MarketEvent) -> "Rig":
        """Bring events, in order."""
        if not self._begun:
            self.driver.begin()
            self._begun = True
        for event in events:
            self.driver.advance(event)
        return self

    def operate(self, action: Any, *, strategy: str = "", cancel_orders: bool = False) -> "Rig":
        """Do something from outside."""
        now_ns = self.lockstep.now_ns
        self.driver.operate(
            Operation(action=action, ts_ns=now_ns, reason="told", strategy=strategy, cancel_orders=cancel_orders)
        )
        return self

    def container(self, name: str = "a") -> ScopedContainer:
        """One of the containers."""
        return self.driver.containers[name]

    def book(self, name: str = "a") -> VirtualPortfolio:
        """The ledger's book of a container."""
        return self.router.ledger.of(name)

    def order(self, order_id: str) -> Order:
        """An order as the router has it."""
        order = self.router.orders[order_id.rpartition("-")[0]].get(order_id)
        assert order is not None, order_id
        return order

    @property
    def records(self) -> list[StepRecord]:
        """All that was recorded."""
        return self.memory.records

    def reports(self) -> list[str]:
        """What was reported, a line each: `a-1 filled 10 at 100.0`, `a-2 rejected halted`."""
        return [told(one.report) for one in self.records if isinstance(one, Reported)]

    def sent(self) -> list[str]:
        """What was sent to the market: `a-1 buy 10`, `a-1 amend to 12`, `a-1 cancel`."""
        lines = []
        for record in self.records:
            if isinstance(record, WireSubmit):
                lines.append(f"{record.terms.order_id} {record.terms.side} {record.terms.quantity}")
            elif isinstance(record, WireAmend):
                lines.append(f"{record.terms.order_id} amend to {record.terms.quantity}")
            elif isinstance(record, WireCancel):
                lines.append(f"{record.order_id} cancel")
        return lines

    def state(self) -> dict[str, Any]:
        """A snapshot, as it comes back from a disk."""
        return through_msgpack(self.driver.state())

    def assert_books_add_up(self) -> None:
        """Every book keeps the law, the containers' copies are the ledger's, and their sum is the market's account."""
        ledger = self.router.ledger
        for book in ledger.all_books():
            assert not any(book.imbalance(currency) for currency in book.cash), book.owner
        for name, container in self.driver.containers.items():
            assert container.portfolio.digest() == ledger.of(name).digest(), name
        assert not ledger.difference(self.market.account())


def told(one: ExecutionReport) -> str:
    """A report in a line: `a-1 filled 10 at 100`, `a-2 replaced by 4 oco`."""
    line = f"{one.order_id} {one.kind}"
    if one.fill is not None:
        line += f" {one.fill.quantity} at {one.fill.price}"
    elif one.terms is not None:
        line += f" by {one.terms.quantity}"
    return f"{line} {one.code}".rstrip()


def canonical(records: list[StepRecord]) -> list[StepRecord]:
    """Records without the wire's ids, which every start gives anew."""
    return [_without_cid(record) for record in records]


def _without_cid(record: StepRecord) -> StepRecord:
    if isinstance(record, WireSubmit | WireCancel | WireAmend):
        return msgspec.structs.replace(record, cid="")
    if isinstance(record, Noted):
        note = record.note
        if isinstance(note, TriggerMoved):
            return msgspec.structs.replace(record, note=msgspec.structs.replace(note, cid=""))
        if not isinstance(note, ReportDelayed):
            return record
        delayed = msgspec.structs.replace(note.report, cid="")
        return msgspec.structs.replace(record, note=msgspec.structs.replace(note, report=delayed))
    if isinstance(record, Reported):
        return msgspec.structs.replace(record, report=msgspec.structs.replace(record.report, cid=""))
    return record
