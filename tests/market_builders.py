"""Valid things for the tests of markets and brokers, one line each. Times are whole seconds, data prices floats."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import msgspec

from brokers.simulated.costs import CommissionModel, NoCommission, NoSlippage, SlippageModel
from brokers.simulated.market import SimulatedMarket
from trading.commands import WireCancel, WireCommand, WireSubmit
from trading.instruments import Instrument, InstrumentKind
from trading.market import Market
from trading.market_data import Bar, MarketEvent, Quote, Trade
from trading.money import ZERO, Currency
from trading.orders import OrderTerms, OrderType, Side
from trading.reports import ExecutionReport
from trading.timestamps import MINUTE, SECOND

USD = Currency.known("USD")
EUR = Currency.known("EUR")


def an_instrument(
    symbol: str = "AAA", *, currency: Currency = USD, tick: str = "0.01", lot: str = "1", min_notional: str = "0"
) -> Instrument:
    return Instrument(
        symbol=symbol,
        kind=InstrumentKind.EQUITY,
        currency=currency,
        tick_size=Decimal(tick),
        lot_size=Decimal(lot),
        min_notional=Decimal(min_notional),
    )


def a_market(
    match_on: str,
    *,
    cash: str = "100000",
    holding: str = "0",
    instrument: Instrument | None = None,
    slippage: SlippageModel | None = None,
    commission: CommissionModel | None = None,
) -> SimulatedMarket:
    """A market for AAA, matched on one kind of data; `holding` units are there from the start."""
    instrument = instrument or an_instrument()
    market = SimulatedMarket(
        instruments={instrument.symbol: instrument},
        cash={"USD": Decimal(cash)},
        match_on={instrument.symbol: match_on},
        slippage=slippage or NoSlippage(),
        commission=commission or NoCommission(),
    )
    if Decimal(holding):
        market.restore({**market.state(), "positions": {instrument.symbol: Decimal(holding)}})
    return market


def a_bar(o: float, h: float, low: float, c: float, *, at: int = 1, symbol: str = "AAA", minutes: int = 1) -> Bar:
    return Bar(symbol, at * SECOND, minutes * MINUTE, o, h, low, c, 1_000.0)


def a_quote(bid: float, ask: float, *, at: int = 1, symbol: str = "AAA") -> Quote:
    return Quote(symbol, at * SECOND, bid, ask, 500.0, 500.0)


def a_trade(price: float, *, at: int = 1, symbol: str = "AAA") -> Trade:
    return Trade(symbol, at * SECOND, price, 100.0)


def flat(match_on: str, price: float, *, at: int = 1, symbol: str = "AAA") -> MarketEvent:
    """An event of that kind whose every price is the same."""
    if match_on == "quotes":
        return a_quote(price, price, at=at, symbol=symbol)
    if match_on == "trades":
        return a_trade(price, at=at, symbol=symbol)
    return a_bar(price, price, price, price, at=at, symbol=symbol)


def an_order(cid: str, side: Side, quantity: str, limit: str | None = None, *, symbol: str = "AAA") -> WireSubmit:
    """A market order, or a limit order where a limit is given; its order id is `s-<cid>`."""
    return WireSubmit(
        cid=cid,
        terms=OrderTerms(
            order_id=f"s-{cid}",
            strategy="s",
            symbol=symbol,
            side=side,
            quantity=Decimal(quantity),
            created_ns=SECOND,
            type=OrderType.MARKET if limit is None else OrderType.LIMIT,
            limit_price=None if limit is None else Decimal(limit),
        ),
    )


def buy(cid: str, quantity: str, limit: str | None = None, *, symbol: str = "AAA") -> WireSubmit:
    return an_order(cid, Side.BUY, quantity, limit, symbol=symbol)


def sell(cid: str, quantity: str, limit: str | None = None, *, symbol: str = "AAA") -> WireSubmit:
    return an_order(cid, Side.SELL, quantity, limit, symbol=symbol)


def changed(order: WireSubmit, **terms: Any) -> WireSubmit:
    """The order with some of its terms changed."""
    return WireSubmit(cid=order.cid, terms=msgspec.structs.replace(order.terms, **terms))


def cancel(cid: str) -> WireCancel:
    return WireCancel(cid=cid, order_id=f"s-{cid}", strategy="s", ts_ns=SECOND)


Happening = MarketEvent | WireCommand


def play(market: Market, story: Iterable[Happening]) -> list[ExecutionReport]:
    """Bring events and commands to a market in turn; a command comes at the time of the event before it."""
    reports: list[ExecutionReport] = []
    now_ns = SECOND
    for happening in story:
        if isinstance(happening, WireSubmit | WireCancel):
            reports += market.on_command(happening, now_ns)
        else:
            now_ns = happening.ts_ns
            reports += market.on_event(happening)
    return reports


def play_both(lives: Market, hears: Market, story: Iterable[Happening]) -> list[ExecutionReport]:
    """Bring a story to the market that lives through it; the other only observes and applies what came of it."""
    reports: list[ExecutionReport] = []
    now_ns = SECOND
    for happening in story:
        if isinstance(happening, WireSubmit | WireCancel):
            command, effects = happening, lives.on_command(happening, now_ns)
        else:
            now_ns = happening.ts_ns
            hears.observe(happening)
            command, effects = None, lives.on_event(happening)
        for effect in effects:
            hears.apply(effect, command)
        reports += effects
    return reports


def through_msgpack(state: dict[str, Any]) -> dict[str, Any]:
    """A state as it comes back from a disk."""
    restored: dict[str, Any] = msgspec.msgpack.decode(msgspec.msgpack.encode(state))
    return restored


def told(reports: list[ExecutionReport]) -> list[str]:
    """Reports in a line each: `a accepted`, `a filled 10 at 101.50 taker`, `a rejected insufficient_cash`."""
    lines = []
    for report in reports:
        line = f"{report.cid} {report.kind}"
        if report.fill is not None:
            line += f" {report.fill.quantity} at {report.fill.price} {report.fill.liquidity}"
        lines.append(f"{line} {report.code}".rstrip())
    return lines


def balances(market: Market) -> tuple[Mapping[str, Decimal], Mapping[str, Decimal]]:
    """Cash and positions, without currencies that have come back to zero."""
    account = market.account()
    return {code: amount for code, amount in account.cash.items() if amount != ZERO}, account.positions
