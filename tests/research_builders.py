"""Runs to show: an ordinary one, made of a seed so that its books add up; a large one; one that means harm."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import accumulate
from random import Random
from typing import Any, Final, NamedTuple

from daemon.results.result import Curve, FillLine, FlowLine, Metrics, OrderLine, Result, SignalLine, TradeLine
from tests.research_lines import (
    a_fill,
    a_refused_order,
    a_signal,
    a_trade,
    an_about,
    an_empty_result,
    an_order,
    some_metrics,
)
from trading.statistics import Conventions, Flow, Sample, TrackRecord, performance_of
from trading.timestamps import DAY, HOUR, SECOND, iso, parse_iso

CAPITAL: Final = Decimal(50_000)
CENT: Final = Decimal("0.01")
FEE_RATE: Final = Decimal("0.0005")
FIRST_DAY: Final = 19_724  # 2024-01-02, a Tuesday
HOSTILE: Final = '</script><script>hacked=1</script><img src=x onerror="hacked=1">\'"&amp;<!-- \u202e \u2028'


class Walk(NamedTuple):
    """A strategy, what it trades, and how."""

    strategy: str
    symbol: str
    begin: float
    step: float
    tick: Decimal
    lot: Decimal


WALKS: Final = (
    Walk("sma-aaa", "AAA", 180.0, 0.014, Decimal("0.01"), Decimal(1)),
    Walk("rsi-bbb", "BBB", 42.0, 0.019, Decimal("0.01"), Decimal(1)),
    Walk("trend-eurusd", "EURUSD", 1.09, 0.005, Decimal("0.00001"), Decimal(1000)),
)


def a_result(seed: int = 1, days: int = 520, walks: Sequence[Walk] = WALKS) -> Result:
    """A backtest of so many weekdays; the books add up to the cent."""
    random = Random(seed)
    times = [ts_ns for day in range(days * 2) if _is_weekday(ts_ns := (FIRST_DAY + day) * DAY + 21 * HOUR)][:days]
    books = [_traded(walk, times, random) for walk in walks]
    whole = Book("", times)
    for book in books:
        whole.take(book)
    return Result(
        about=an_about(run_id=f"bt-{seed:04d}", start=iso(times[0]), end=iso(times[-1])),
        metrics=whole.metrics(),
        strategies={book.strategy: book.metrics() for book in books},
        fills=sorted(whole.fills, key=lambda fill: fill.ts),
        orders=sorted(whole.orders, key=lambda order: order.created_ts),
        trades=sorted(whole.trades, key=lambda trade: trade.exit_ts),
        equity=whole.curve(),
        curves={book.strategy: book.curve() for book in books},
        exposure=[(iso(ts_ns), str(worth)) for ts_ns, worth in zip(times, whole.exposure, strict=True)],
        prices={walk.symbol: book.prices for walk, book in zip(walks, books, strict=True)},
        signals=sorted(whole.signals, key=lambda signal: signal.ts),
        warnings=["the bars of BBB begin 3 days after those of AAA"],
    )


def a_large_result(fills: int = 100_000, seed: int = 1) -> Result:
    """A second and a point of equity a fill, half as many round trips, an order a fill with every third rejected."""
    random = Random(seed)
    times = [iso(FIRST_DAY * DAY + number * SECOND) for number in range(fills)]
    heights = list(accumulate((random.gauss(0, 50) for _ in times), initial=100_000.0))
    equity = [(ts, f"{height:.2f}") for ts, height in zip(times, heights, strict=False)]
    made = [
        a_fill(ts=ts, strategy="sma-aaa", price=f"{100 + random.random():.2f}", order_id=f"sma-aaa-{number}")
        for number, ts in enumerate(times)
    ]
    trades = [
        a_trade(
            entry_ts=first.ts,
            entry_price=first.price,
            exit_ts=last.ts,
            exit_price=last.price,
            pnl=f"{random.gauss(0, 80):.2f}",
        )
        for first, last in zip(made[::2], made[1::2], strict=False)
    ]
    orders = [
        an_order(order_id=fill.order_id, created_ts=fill.ts, state="rejected", code="max_open_orders", reason="r" * 900)
        if number % 3 == 0
        else an_order(order_id=fill.order_id, created_ts=fill.ts)
        for number, fill in enumerate(made)
    ]
    return an_empty_result(
        metrics=some_metrics(orders=len(orders), fills=len(made), trades=len(trades)),
        fills=made,
        orders=orders,
        trades=trades,
        equity=equity,
        curves={f"strategy-{number:03d}": _sampled(equity, number) for number in range(30)},
        exposure=equity,
        prices={"AAA": [(ts, float(height) / 1000) for ts, height in equity]},
        signals=[a_signal(ts=fill.ts) for fill in made],
        warnings=[f"warning {number}: " + "w" * 3_000 for number in range(1_000)],
    )


def a_hostile_result(words: str = HOSTILE) -> Result:
    """Every text that anybody chose says the same."""
    same: dict[str, Any] = {"strategy": words, "symbol": words}
    return an_empty_result(
        about=an_about(run_id=words, mode=words, config=words, config_path=words, ended=words, data={words: words}),
        metrics=some_metrics(trip=words),
        strategies={words: some_metrics(trip=words)},
        fills=[a_fill(order_id=words, fee_currency=words, **same)],
        orders=[a_refused_order(order_id=words, code=words, reason=words, **same)],
        trades=[a_trade(currency=words, **same)],
        equity=[("2024-01-02T21:00:00Z", "100"), ("2024-01-03T21:00:00Z", "101")],
        curves={words: [("2024-01-02T21:00:00Z", "100")]},
        prices={words: [("2024-01-02T21:00:00Z", 180.0)]},
        signals=[a_signal(kind=words, text=words, reason=words, **same)],
        warnings=[words],
    )


def _sampled(equity: Curve, number: int) -> Curve:
    """Every so many points, each a bit higher than the last strategy's."""
    return [(ts, f"{float(value) + 2_000 * number:.2f}") for ts, value in equity[:: number + 1]]


def figures_of(curve: Curve, flows: Sequence[FlowLine] = (), days_of_a_year: float = 252.0) -> Mapping[str, Any]:
    """What a run says of a curve: the figures of `Metrics` that follow from it alone."""
    record = TrackRecord(
        currency="USD",
        samples=[Sample(ts_ns=parse_iso(ts), equity=float(value)) for ts, value in curve],
        flows=[
            Flow(ts_ns=parse_iso(one.ts), amount=float(one.amount), equity_before=float(one.equity_before))
            for one in flows
        ],
    )
    found = performance_of(record, Conventions(periods_per_year=days_of_a_year))
    names = ("total_return", "cagr", "volatility", "sharpe", "sortino", "calmar", "max_drawdown", "value_at_risk")
    return {name: getattr(found, name) for name in names} | {"max_drawdown_days": found.max_drawdown_length}


class Book:
    """What one strategy did, or all of them."""

    def __init__(self, strategy: str, times: Sequence[int]) -> None:
        self.strategy = strategy
        self.times = times
        self.fills: list[FillLine] = []
        self.orders: list[OrderLine] = []
        self.trades: list[TradeLine] = []
        self.signals: list[SignalLine] = []
        self.prices: list[tuple[str, float]] = []
        self.equity = [Decimal(0) for _ in times]
        self.exposure = [Decimal(0) for _ in times]
        self.swap = Decimal(0)

    def take(self, other: "Book") -> None:
        """Add another's to what is here."""
        for name in ("fills", "orders", "trades", "signals"):
            getattr(self, name).extend(getattr(other, name))
        self.equity = [own + its for own, its in zip(self.equity, other.equity, strict=True)]
        self.exposure = [own + its for own, its in zip(self.exposure, other.exposure, strict=True)]
        self.swap += other.swap

    def curve(self) -> Curve:
        return [(iso(ts_ns), str(worth)) for ts_ns, worth in zip(self.times, self.equity, strict=True)]

    def metrics(self) -> Metrics:
        results = [Decimal(trade.pnl) for trade in self.trades]
        won, lost = (sum(one for one in results if one * sign > 0) for sign in (1, -1))
        return some_metrics(
            **figures_of(self.curve()),
            initial_equity=str(self.equity[0]),
            final_equity=str(self.equity[-1]),
            net_profit=str(self.equity[-1] - self.equity[0]),
            win_rate=sum(one > 0 for one in results) / len(results) if results else None,
            profit_factor=float(won / -lost) if lost else None,
            expectancy=str((sum(results, Decimal(0)) / len(results)).quantize(CENT)) if results else None,
            exposure=float(sum(self.exposure) / sum(self.equity)),
            turnover=12.5,
            fees=str(sum((Decimal(fill.fee) for fill in self.fills), Decimal("0.00"))),
            dividends="0.00",
            funding="0.00",
            swap=str(self.swap),
            borrow="0.00",
            interest="0.00",
            orders=len(self.orders),
            rejected=sum(order.state == "rejected" for order in self.orders),
            fills=len(self.fills),
            trades=len(self.trades),
            bars=len(self.times),
            events=len(self.times) + len(self.orders),
        )


def _traded(walk: Walk, times: Sequence[int], random: Random) -> Book:
    book = Book(walk.strategy, times)
    cash, entry = CAPITAL, None
    for place, (ts_ns, close) in enumerate(zip(times, _closes(walk, len(times), random), strict=True)):
        book.prices.append((iso(ts_ns), float(close)))
        if place and random.random() < (0.07 if entry is None else 0.11):
            fill, order = _met(walk, book, iso(ts_ns), close, entry, random)
            signed = Decimal(fill.quantity) * (1 if fill.side == "buy" else -1)
            cash -= signed * close + Decimal(fill.fee)
            book.fills.append(fill)
            book.orders.append(order)
            if entry is not None:
                book.trades.append(_round_trip(entry, fill))
            entry = fill if entry is None else None
        if place and random.random() < 0.02:
            _refuse(walk, book, iso(ts_ns), close)
        held = Decimal(0) if entry is None else Decimal(entry.quantity) * (1 if entry.side == "buy" else -1)
        if held:
            book.swap -= CENT * 7
            cash -= CENT * 7
        book.equity[place] = (cash + held * close).quantize(CENT)
        book.exposure[place] = (abs(held) * close).quantize(CENT)
    return book


def _closes(walk: Walk, count: int, random: Random) -> Iterator[Decimal]:
    price = walk.begin
    for _ in range(count):
        yield Decimal(price).quantize(walk.tick)
        price *= 1 + random.gauss(0.0004, walk.step)


def _met(
    walk: Walk, book: Book, ts: str, close: Decimal, entry: FillLine | None, random: Random
) -> tuple[FillLine, OrderLine]:
    """The fill that opens or closes, and its order."""
    side = random.choice(("buy", "buy", "sell")) if entry is None else {"buy": "sell", "sell": "buy"}[entry.side]
    quantity = (CAPITAL * Decimal("0.8") / close // walk.lot) * walk.lot if entry is None else Decimal(entry.quantity)
    order_id = f"{walk.strategy}-{len(book.orders) + 1}"
    book.signals.append(
        a_signal(ts=ts, strategy=walk.strategy, symbol=walk.symbol, text=f"{side} {quantity}", order_id=order_id)
    )
    same: dict[str, Any] = {"strategy": walk.strategy, "symbol": walk.symbol, "side": side, "order_id": order_id}
    fee = (quantity * close * FEE_RATE).quantize(CENT)
    fill = a_fill(ts=ts, quantity=str(quantity), price=str(close), fee=str(fee), **same)
    order = an_order(
        quantity=str(quantity), filled=str(quantity), average_price=float(close), created_ts=ts, updated_ts=ts, **same
    )
    return fill, order


def _refuse(walk: Walk, book: Book, ts: str, close: Decimal) -> None:
    quantity = (CAPITAL * 2 / close // walk.lot) * walk.lot
    reason = f"the order is worth {(quantity * close).quantize(CENT)} USD; max_order_notional is 60000"
    same: dict[str, Any] = {"strategy": walk.strategy, "symbol": walk.symbol}
    book.orders.append(
        a_refused_order(
            order_id=f"{walk.strategy}-{len(book.orders) + 1}",
            quantity=str(quantity),
            created_ts=ts,
            updated_ts=ts,
            reason=reason,
            **same,
        )
    )
    book.signals.append(a_signal(ts=ts, text=str(quantity), order_id="", reason=reason, **same))


def _round_trip(entry: FillLine, last: FillLine) -> TradeLine:
    sign = 1 if entry.side == "buy" else -1
    fees = Decimal(entry.fee) + Decimal(last.fee)
    gross = (Decimal(last.price) - Decimal(entry.price)) * Decimal(entry.quantity) * sign
    return a_trade(
        strategy=entry.strategy,
        symbol=entry.symbol,
        side=entry.side,
        quantity=entry.quantity,
        entry_ts=entry.ts,
        entry_price=entry.price,
        exit_ts=last.ts,
        exit_price=last.price,
        pnl=str((gross - fees).quantize(CENT)),
        fees=str(fees),
    )


def _is_weekday(ts_ns: int) -> bool:
    return (ts_ns // DAY + 3) % 7 < 5
