"""Whatever is decided and ordered, passing by what brings nothing leaves the same records as carrying every event."""

import math
import sys
from collections.abc import Mapping, Sequence
from decimal import Decimal
from random import Random
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokers.simulated.costs import NoCommission, NoSlippage
from brokers.simulated.market import SimulatedMarket
from brokers.simulated.rules import MarketRules
from daemon.research.obstacle import obstacle
from daemon.research.skip_ahead import SkipAhead
from daemon.research.timeline import TimelineWriter
from tests.account_builders import paid_in_full
from tests.market_builders import a_bar, a_quote, an_instrument
from trading.account.ids import ClientOrderIds
from trading.account.records import BreakerChanged, StepRecord, Valued
from trading.account.triggers import BreakerRules, Policy
from trading.container import ContainerSpec
from trading.driver import Driver
from trading.history import Decisions, History
from trading.limits import RiskLimits
from trading.market_data import Bar, MarketEvent
from trading.money import Currency
from trading.orders import Side
from trading.recorder import MemoryRecorder
from trading.sequencer import Offer
from trading.strategy import Strategy
from trading.timestamps import HOUR, MINUTE

BARS = 240


class Scripted(Strategy):
    """Does at each bar what its script says, unless it waits for something: hold, leave, or order in one of many
    ways. What is not a number lets things be."""

    symbol: str
    script: tuple[float, ...]
    every: str = "1m"

    def start(self) -> None:
        """Begin with the first line."""
        self.subscribe(self.symbol, bars=self.every)
        self.line = 0

    def on_bar(self, bar: Bar) -> None:
        """Do the next line."""
        value = self.script[self.line % len(self.script)]
        self.line += 1
        if not math.isnan(value):
            self.decide(bar, value)

    def decide(self, bar: Bar, value: float) -> None:
        """Act, where nothing waits."""
        if value == 6:
            for order in self.open_orders():
                self.cancel(order.order_id)
        if self.open_orders():
            return
        price = Decimal(str(round(bar.close, 2)))
        match value:
            case 0 | 1:
                self.target(self.symbol, 10 * int(value))
            case 2:
                self.buy(self.symbol, 10, limit_price=price - Decimal("0.20"))
            case 3 if not self.position(self.symbol):
                self.bracket(
                    self.symbol,
                    Side.BUY,
                    10,
                    stop_loss=price - Decimal("0.30"),
                    take_profit=price + Decimal("0.30"),
                )
            case 4:
                self.buy(self.symbol, 10, stop_price=price + Decimal("0.25"), expires_ns=bar.ts_ns + 7 * MINUTE)
            case 5 if self.position(self.symbol) > 0:
                self.sell(self.symbol, 10, trail_amount=Decimal("0.15"))

    def signals(self, history: History) -> Decisions:
        """The script, as often as it takes."""
        bars = history.bars(self.symbol)
        return Decisions(bars, self.decide, [np.resize(np.array(self.script), len(bars))])


def walk(seed: int, symbol: str, count: int = BARS) -> list[Bar]:
    rng, cents, bars = Random(seed), 10_000, []
    for number in range(1, count + 1):
        if rng.random() < 0.1:
            continue  # a minute without a trade
        begin = cents
        path = [begin := begin + rng.randint(-6, 6) for _ in range(4)]
        low, high, cents = min(cents, *path), max(cents, *path), path[-1]
        values = (path[0] / 100, high / 100, low / 100, cents / 100)
        bars.append(Bar(symbol, number * MINUTE, MINUTE, *values, float(rng.randint(0, 200))))
    return bars


def a_driver(
    scripts: dict[str, tuple[str, tuple[float, ...], str]],
    limits: RiskLimits,
    share: Decimal | None,
    spoilt: Mapping[str, str] = MappingProxyType({}),
) -> Driver:
    """Those that are `spoilt` cannot decide at once, each in a way of its own."""
    instruments = {symbol: an_instrument(symbol=symbol) for symbol in ("AAA", "BBB")}
    specs = [
        ContainerSpec(
            strategy=name,
            strategy_class=Spoilt if name in spoilt else Scripted,
            parameters={"symbol": symbol, "script": list(script), "every": every}
            | ({"how": spoilt[name]} if name in spoilt else {}),
            capital={"USD": Decimal(100_000)},
            timeframe_ns=MINUTE,
            limits=limits,
        )
        for name, (symbol, script, every) in scripts.items()
    ]
    cash = {"USD": Decimal(1_000_000)}
    market = SimulatedMarket(
        instruments=instruments,
        cash=cash,
        match_on=dict.fromkeys(instruments, "bars"),
        slippage=NoSlippage(),
        commission=NoCommission(),
        rules=MarketRules(volume_share=share),
    )
    return Driver(
        specs=specs,
        instruments=instruments,
        offers=dict.fromkeys(instruments, Offer(bar_interval_ns=MINUTE)),
        cash=cash,
        market=market,
        recorder=MemoryRecorder(),
        ids=ClientOrderIds(1),
        limits=RiskLimits(),
        start_ns=0,
        valued_every_ns=HOUR,
    )


def records(driver: Driver) -> list[StepRecord]:
    recorder = driver.lockstep.recorder
    assert isinstance(recorder, MemoryRecorder)
    return recorder.records


def held(driver: Driver) -> list[object]:
    """What is in the books; how deep they were down between two prices is known only to who hears them all."""
    return [(book.owner, book.cash, book.positions, book.fills) for book in driver.lockstep.router.ledger.all_books()]


def every_event(driver: Driver, bars: Sequence[MarketEvent]) -> list[StepRecord]:
    driver.run(bars)
    return records(driver)


def skipping(driver: Driver, bars: Sequence[MarketEvent]) -> list[StepRecord]:
    skipped(driver, bars)
    return records(driver)


def skipped(driver: Driver, bars: Sequence[MarketEvent]) -> SkipAhead:
    assert not obstacle(driver)
    driver.begin()
    writer, sequencer = TimelineWriter(), driver.lockstep.sequencer
    for first in range(0, len(bars), 7):
        writer.add(sequencer.runs(bars[first : first + 7]))
    writer.add_last(sequencer.bars_until(sequencer.last_ns))
    run = SkipAhead(driver, writer.finished(), {})
    while not run.is_over:
        run.advance()
    driver.finish()
    return run


codes = st.sampled_from([math.nan] * 4 + [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
scripts = st.lists(codes, min_size=1, max_size=40).map(tuple)
limits = st.sampled_from(
    [RiskLimits(), RiskLimits(max_drawdown_share=Decimal("0.00005")), RiskLimits(max_daily_loss_notional=Decimal(3))]
)


shares = st.sampled_from([None, Decimal("0.05")])


@given(st.integers(0, 10_000), scripts, scripts, st.sampled_from(["1m", "5m"]), limits, shares)
def test_the_records_are_the_same(
    seed: int,
    one: tuple[float, ...],
    other: tuple[float, ...],
    every: str,
    limit: RiskLimits,
    share: Decimal | None,
) -> None:
    bars = sorted([*walk(seed, "AAA"), *walk(seed + 1, "BBB")], key=lambda bar: (bar.ts_ns, bar.symbol))
    fleet = {"a": ("AAA", one, "1m"), "b": ("BBB", other, every), "c": ("AAA", other, every)}
    whole, short = a_driver(fleet, limit, share), a_driver(fleet, limit, share)
    assert every_event(whole, bars) == skipping(short, bars)
    assert held(whole) == held(short)
    assert (whole.lockstep.events, whole.lockstep.heard) == (short.lockstep.events, short.lockstep.heard)


SPOILT = {
    "raises": "ValueError: in signals (test_skip_ahead.py:",
    "ends the process": "SystemExit: 3 (test_skip_ahead.py:",
    "gives a list": "signals() gave a list; it gives Decisions, or None",
    "gives bars of its own": "signals() gave a list as its bars; give those of history.bars()",
    "gives no column": "signals() gave no column; give one at least, or None",
    "gives too few values": f"signals() gave 3 values for {BARS} bars; there must be one for each",
    "gives words": "could not convert string to float",
}


class Spoilt(Scripted):
    """Decides like any other bar by bar, and cannot say so at once."""

    how: str = ""

    def signals(self, history: History) -> Any:
        """What is of no use."""
        bars = history.bars(self.symbol)
        match self.how:
            case "raises":
                raise ValueError("in signals")
            case "ends the process":
                sys.exit(3)
            case "gives a list":
                return []
            case "gives bars of its own":
                return Decisions([], self.decide, [bars.close])  # type: ignore[arg-type]
            case "gives no column":
                return Decisions(bars, self.decide, [])
            case "gives too few values":
                return Decisions(bars, self.decide, [np.zeros(3)])
            case _:
                return Decisions(bars, self.decide, [np.array(["up"] * len(bars))])


@pytest.mark.parametrize("how", SPOILT)
def test_who_cannot_decide_at_once_hears_every_event_beside_one_who_can(how: str) -> None:
    bars = [bar for minute, bar in enumerate(walk(3, "AAA", 2 * BARS), 1) if minute <= BARS]
    fleet = {"a": ("AAA", (0.0, 2.0, 1.0, 4.0, 0.0), "1m"), "b": ("AAA", (3.0, 6.0, 1.0, 0.0), "1m")}
    whole, short = (a_driver(fleet, RiskLimits(), None, spoilt={"b": how}) for _ in range(2))
    run = skipped(short, bars)
    assert every_event(whole, bars) == records(short)
    assert held(whole) == held(short)
    assert (list(run.unusable), short.lockstep.heard) == (["b"], whole.lockstep.heard)
    assert run.unusable["b"].startswith(SPOILT[how])


class Once(Strategy):
    """Holds so many units from the second bar on."""

    units: int

    def start(self) -> None:
        """Hear minutes."""
        self.subscribe("AAA", bars="1m")

    def on_bar(self, bar: Bar) -> None:
        """Hold, or not yet."""
        self.decide(bar, float(self.units) if bar.ts_ns >= 2 * MINUTE else 0.0)

    def decide(self, bar: Bar, units: float) -> None:
        """Hold so many."""
        self.target(bar.symbol, int(units))

    def signals(self, history: History) -> Decisions:
        """The same."""
        bars = history.bars("AAA")
        return Decisions(bars, self.decide, [np.where(np.arange(len(bars)) < 1, 0.0, float(self.units))])


def one_that_holds(
    units: int,
    offers: dict[str, Offer],
    *,
    capital: dict[str, Decimal],
    breakers: Mapping[str, BreakerRules] = MappingProxyType({}),
) -> Driver:
    instruments = {symbol: an_instrument(symbol) for symbol in offers}
    if "EURUSD" in offers:
        instruments["EURUSD"] = paid_in_full("EURUSD", base=Currency.known("EUR"))
    return Driver(
        specs=[
            ContainerSpec(
                strategy="a",
                strategy_class=Once,
                parameters={"units": units},
                capital=capital,
                timeframe_ns=MINUTE,
            )
        ],
        instruments=instruments,
        offers=offers,
        cash=capital,
        market=SimulatedMarket(
            instruments=instruments,
            cash=capital,
            match_on={symbol: offer.matched_on for symbol, offer in offers.items()},
            slippage=NoSlippage(),
            commission=NoCommission(),
        ),
        recorder=MemoryRecorder(),
        ids=ClientOrderIds(1),
        limits=RiskLimits(),
        currency=Currency.known("USD"),
        breakers=breakers,
        start_ns=0,
        valued_every_ns=5 * MINUTE,
    )


def test_a_book_that_heard_no_price_since_its_fill_is_valued_at_that_of_the_fill() -> None:
    events: list[MarketEvent] = [
        a_quote(100, 100.2, at=10),
        a_quote(100, 100.2, at=70),
        a_quote(50, 50.2, at=130, symbol="BBB"),  # the second bar of AAA closes before it, and is bought upon
        a_quote(50, 50.2, at=310, symbol="BBB"),  # books are valued before it
        a_quote(101, 101.2, at=320),
    ]
    offers = {"AAA": Offer(quotes=True), "BBB": Offer(quotes=True)}
    whole, short = (one_that_holds(3, offers, capital={"USD": Decimal(10_000)}) for _ in range(2))
    assert every_event(whole, events) == skipping(short, events)
    valued = [record.books["a"].equity for record in records(short) if isinstance(record, Valued)]
    assert valued == [Decimal(10_000), Decimal(10_000)]


def test_what_cash_of_another_currency_is_worth_opens_a_breaker_where_nothing_is_held() -> None:
    rates = [1.1, 1.1, 1.1, 1.0, 1.1, 1.1]
    events: list[MarketEvent] = [
        bar
        for minute, rate in enumerate(rates, 1)
        for bar in (
            a_bar(100, 100, 100, 100, at=60 * minute),
            a_bar(rate, rate, rate, rate, at=60 * minute, symbol="EURUSD"),
        )
    ]
    offers = dict.fromkeys(("AAA", "EURUSD"), Offer(bar_interval_ns=MINUTE))
    capital = {"USD": Decimal(1_000), "EUR": Decimal(1_000)}
    rules = {"a": BreakerRules(on_trip=Policy.CANCEL, drawdown_share=Decimal("0.01"))}
    whole, short = (one_that_holds(0, offers, capital=capital, breakers=rules) for _ in range(2))
    assert every_event(whole, events) == skipping(short, events)
    assert [record.ts_ns for record in records(short) if isinstance(record, BreakerChanged)] == [4 * MINUTE]


def test_most_events_are_passed_by(monkeypatch: pytest.MonkeyPatch) -> None:
    bars = walk(3, "AAA", 2_000)
    fleet = {"a": ("AAA", (*[math.nan] * 499, 1.0, *[math.nan] * 499, 0.0), "1m")}
    driver = a_driver(fleet, RiskLimits(), None)
    carried: list[MarketEvent] = []
    meet = driver.meet

    def meet_and_count(event: MarketEvent, *, of_feed: bool) -> None:
        carried.append(event)
        meet(event, of_feed=of_feed)

    monkeypatch.setattr(driver, "meet", meet_and_count)
    assert skipping(driver, bars) == every_event(a_driver(fleet, RiskLimits(), None), bars)
    assert len(carried) < 60
