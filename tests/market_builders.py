"""Valid things for the tests of markets and brokers, one line each. Times are whole seconds, data prices floats."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from brokers.simulated.costs import CommissionModel, NoCommission, NoSlippage, SlippageModel
from brokers.simulated.entitlements import AccountTerms, Rollovers
from brokers.simulated.market import SimulatedMarket
from brokers.simulated.rules import MarketRules
from trading.commands import WireAmend, WireCancel, WireCommand, WireSubmit
from trading.instruments import Instrument, InstrumentKind
from trading.market import Effect, Market, ReportDelayed, TriggerMoved
from trading.market_data import Bar, MarketEvent, Quote, Trade
from trading.money import ZERO, Currency
from trading.orders import OrderTerms, OrderType, Side, TimeInForce
from trading.postings import (
    AccountEvent,
    Accrual,
    Adjustment,
    CashMoved,
    Conversion,
    ForeignFill,
    Liquidation,
    MarginCall,
    Settlement,
    Split,
)
from trading.reports import ExecutionReport
from trading.sessions import Sessions
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
    rules: MarketRules | None = None,
    sessions: Sessions | None = None,
    short_sales: bool = False,
    terms: AccountTerms | None = None,
    rollovers: Rollovers | None = None,
) -> SimulatedMarket:
    """A market for AAA, matched on one kind of data; `holding` units are there from the start."""
    instrument = instrument or an_instrument()
    market = SimulatedMarket(
        instruments={instrument.symbol: instrument},
        cash={"USD": Decimal(cash)},
        match_on={instrument.symbol: match_on},
        slippage=slippage or NoSlippage(),
        commission=commission or NoCommission(),
        rules=rules,
        sessions={instrument.symbol: sessions} if sessions else None,
        short_sales=short_sales,
        terms=terms,
        rollovers=rollovers,
    )
    if Decimal(holding):
        market.restore({**market.state(), "positions": {instrument.symbol: Decimal(holding)}})
    return market


def a_bar(
    o: float, h: float, low: float, c: float, *, at: int = 1, symbol: str = "AAA", minutes: int = 1, volume: float = 1e3
) -> Bar:
    return Bar(symbol, at * SECOND, minutes * MINUTE, o, h, low, c, volume)


def a_quote(
    bid: float, ask: float, *, at: int = 1, symbol: str = "AAA", bid_size: float = 500.0, ask_size: float = 500.0
) -> Quote:
    return Quote(symbol, at * SECOND, bid, ask, bid_size, ask_size)


def a_trade(price: float, *, at: int = 1, symbol: str = "AAA", size: float = 100.0) -> Trade:
    return Trade(symbol, at * SECOND, price, size)


def flat(match_on: str, price: float, *, at: int = 1, symbol: str = "AAA") -> MarketEvent:
    """An event of that kind whose every price is the same."""
    if match_on == "quotes":
        return a_quote(price, price, at=at, symbol=symbol)
    if match_on == "trades":
        return a_trade(price, at=at, symbol=symbol)
    return a_bar(price, price, price, price, at=at, symbol=symbol)


def an_order(
    cid: str,
    side: Side,
    quantity: str,
    limit: str | None = None,
    *,
    stop: str | None = None,
    touch: str | None = None,
    trail: str | None = None,
    auction: str | None = None,
    until: int | None = None,
    tif: str | None = None,
    symbol: str = "AAA",
    **terms: Any,
) -> WireSubmit:
    """An order whose prices say its type; without any it is a market order. Its order id is `s-<cid>`.

    `trail` is an amount, or a percentage as in `2%`, and its `stop` where it begins; `auction` is `open` or `close`;
    an order `until` a second is GTD.
    """
    order_type = OrderType.MARKET if limit is None else OrderType.LIMIT
    if auction is not None:
        order_type = OrderType(f"on_{auction}")
    elif trail is not None:
        order_type = OrderType.TRAILING_STOP
    elif touch is not None:
        order_type = OrderType.MARKET_IF_TOUCHED
    elif stop is not None:
        order_type = OrderType.STOP if limit is None else OrderType.STOP_LIMIT
    percent = trail is not None and trail.endswith("%")
    return WireSubmit(
        cid=cid,
        terms=OrderTerms(
            order_id=f"s-{cid}",
            strategy="s",
            symbol=symbol,
            side=side,
            quantity=Decimal(quantity),
            created_ns=SECOND,
            type=order_type,
            limit_price=_price(limit),
            stop_price=_price(stop or touch),
            trail_amount=None if percent else _price(trail),
            trail_percent=_price(trail.rstrip("%")) if trail is not None and percent else None,
            time_in_force=TimeInForce(tif or ("gtc" if until is None else "gtd")),
            expires_ns=None if until is None else until * SECOND,
            **terms,
        ),
    )


def _price(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def buy(cid: str, quantity: str, limit: str | None = None, **terms: Any) -> WireSubmit:
    return an_order(cid, Side.BUY, quantity, limit, **terms)


def sell(cid: str, quantity: str, limit: str | None = None, **terms: Any) -> WireSubmit:
    return an_order(cid, Side.SELL, quantity, limit, **terms)


def exit_of(parent: str, order: WireSubmit, group: str | None = None) -> WireSubmit:
    """The order as an exit of the one with a client order id, alone or in a group."""
    return changed(order, parent_id=f"s-{parent}", group_id=group)


def amend(order: WireSubmit, **terms: Any) -> WireAmend:
    """Other terms for an order; prices and quantities may be text."""
    exact = {field: Decimal(value) if isinstance(value, str) else value for field, value in terms.items()}
    return WireAmend(cid=order.cid, terms=msgspec.structs.replace(order.terms, **exact), ts_ns=SECOND)


def changed(order: WireSubmit, **terms: Any) -> WireSubmit:
    """The order with some of its terms changed."""
    return WireSubmit(cid=order.cid, terms=msgspec.structs.replace(order.terms, **terms))


def cancel(cid: str) -> WireCancel:
    return WireCancel(cid=cid, order_id=f"s-{cid}", strategy="s", ts_ns=SECOND)


class Paid(NamedTuple):
    """Money comes to the account, or leaves it where the amount is negative."""

    amount: str
    currency: str = "USD"


Happening = MarketEvent | WireCommand | Paid


class Row(NamedTuple):
    """A rule of docs/simulation.md by its identifier, a sentence, and a story with what comes of it, as `told` has it.

    `market` are arguments of `a_market` beside the data that it is matched on.
    """

    rule: str
    sentence: str
    match_on: str
    story: Sequence[Happening]
    lines: Sequence[str]
    market: Mapping[str, Any] = {}

    def __str__(self) -> str:
        return f"{self.rule} {self.sentence}"


def comes_of(row: Row) -> list[str]:
    """What comes of a row's story at a market that holds fifty units unless the row says otherwise."""
    market = a_market(row.match_on, **{"holding": "50", **row.market})
    return told(live(market, row.story))


def live(market: Market, story: Iterable[Happening], *, now_ns: int = SECOND) -> list[Effect]:
    """Bring events and commands to a market in turn; a command comes at the time of the event before it."""
    effects: list[Effect] = []
    for happening in story:
        if isinstance(happening, WireSubmit | WireCancel | WireAmend):
            effects += market.on_command(happening, now_ns)
        elif isinstance(happening, Paid):
            effects += market.move_cash(happening.currency, Decimal(happening.amount), now_ns)
        else:
            now_ns = happening.ts_ns
            effects += market.on_event(happening)
    return effects


def play(market: Market, story: Iterable[Happening]) -> list[ExecutionReport]:
    """What is reported of a story."""
    return [effect for effect in live(market, story) if isinstance(effect, ExecutionReport)]


def play_both(
    lives: Market, hears: Market, story: Iterable[Happening], *, notes_last: bool = False
) -> list[ExecutionReport]:
    """Bring a story to the market that lives through it; the other only observes and applies what came of it.

    With `notes_last` it hears what nobody is told of after the reports of the same happening, as from a journal.
    """
    reports: list[ExecutionReport] = []
    now_ns = SECOND
    command: WireCommand | None
    for happening in story:
        if isinstance(happening, WireSubmit | WireCancel | WireAmend):
            command, effects = happening, lives.on_command(happening, now_ns)
            hears.expect(happening, now_ns)
        elif isinstance(happening, Paid):
            command, effects = None, lives.move_cash(happening.currency, Decimal(happening.amount), now_ns)
        else:
            now_ns = happening.ts_ns
            hears.observe(happening)
            command, effects = None, lives.on_event(happening)
        if notes_last:
            effects = sorted(effects, key=lambda effect: not isinstance(effect, ExecutionReport))
        for effect in effects:
            hears.apply(effect, command)
            if isinstance(effect, ExecutionReport):
                reports.append(effect)
    return reports


def through_msgpack(state: dict[str, Any]) -> dict[str, Any]:
    """A state as it comes back from a disk."""
    restored: dict[str, Any] = msgspec.msgpack.decode(msgspec.msgpack.encode(state))
    return restored


def told(effects: Iterable[Effect]) -> list[str]:
    """Effects in a line each: `a accepted`, `a filled 10 at 101.5 taker`, `a replaced 5 oco`, `a follows to 98`."""
    lines = []
    for effect in effects:
        if isinstance(effect, TriggerMoved):
            lines.append(f"{effect.cid} follows to {_plain(effect.stop_price)}")
            continue
        if isinstance(effect, AccountEvent):
            lines.append(told_of_account(effect))
            continue
        report = effect.report if isinstance(effect, ReportDelayed) else effect
        line = f"{report.cid} {report.kind}"
        if report.fill is not None:
            line += f" {_plain(report.fill.quantity)} at {_plain(report.fill.price)} {report.fill.liquidity}"
        if report.terms is not None:
            line += f" {_plain(report.terms.quantity)}"
        lines.append(f"{line} {report.code}".rstrip())
    return lines


def told_of_account(event: AccountEvent) -> str:
    """`AAA dividend 5 USD`, `interest 0.1 USD`, `AAA split 5 for 0.5 USD`, `AAA settled at 9`, `AAA expired -2 for 18
    USD`, `EUR -9 into 10 USD`, `paid 5 USD`, `AAA liquidated sell 2 at 9`, `AAA called`, `account called`,
    `AAA adjusted -2 at 9`, `AAA foreign sell 2 at 9`."""
    match event:
        case Accrual():
            return f"{event.symbol} {event.kind} {_plain(event.amount)} {event.currency}".lstrip()
        case Split():
            return f"{event.symbol} split {_plain(event.units)} for {_plain(event.amount)} {event.currency}"
        case Settlement(expires=False):
            return f"{event.symbol} settled at {_plain(event.price)}"
        case Settlement():
            return f"{event.symbol} expired {_plain(event.units)} for {_plain(event.amount)} {event.currency}"
        case Conversion():
            return f"{event.currency} {_plain(event.amount)} into {_plain(event.into_amount)} {event.into}"
        case CashMoved():
            return f"paid {_plain(event.amount)} {event.currency}"
        case Liquidation(fill=fill):
            return f"{fill.symbol} liquidated {fill.side} {_plain(fill.quantity)} at {_plain(fill.price)}"
        case MarginCall():
            return f"{event.symbol or 'account'} called"
        case Adjustment():
            return f"{event.symbol} adjusted {_plain(event.units)} at {_plain(event.price)}"
        case ForeignFill(fill=fill):
            return f"{fill.symbol} foreign {fill.side} {_plain(fill.quantity)} at {_plain(fill.price)}"


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"


def balances(market: Market) -> tuple[Mapping[str, Decimal], Mapping[str, Decimal]]:
    """Cash and positions, without currencies that have come back to zero."""
    account = market.account()
    return {code: amount for code, amount in account.cash.items() if amount != ZERO}, account.positions
