"""A calm changes nothing: events that are let pass by in portions of any size leave what steps one by one do."""

import random
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from brokers.simulated.costs import NoCommission, NoSlippage
from brokers.simulated.delay import DelayedMarket
from brokers.simulated.latency import Delays
from brokers.simulated.market import SimulatedMarket
from strategies.sma_cross import SmaCross
from tests.builders import Rig, spec
from tests.market_builders import a_bar, a_quote, a_trade, an_instrument
from trading.container import ContainerSpec
from trading.limits import RiskLimits
from trading.market import Market
from trading.market_data import Bar, Event, MarketEvent, Quote, Timer, Trade
from trading.money import Currency
from trading.orders import Side, TimeInForce
from trading.sequencer import Offer
from trading.strategy import Strategy
from trading.timestamps import MINUTE, SECOND

OFFERS = {"AAA": Offer(quotes=True, trades=True), "BBB": Offer(quotes=True), "CCC": Offer(bar_interval_ns=MINUTE)}

seeds = st.integers(0, 10_000)


class Seldom(Strategy):
    """Takes note of all that it hears and of its position then; asks for something at few of the events."""

    symbol: str

    def start(self) -> None:
        self.heard: list[str] = []
        self.subscribe("CCC", bars="1m")
        self.subscribe("CCC", bars="5m")
        self.subscribe(self.symbol, bars="2m", quotes=True, trades=self.symbol == "AAA")
        self.schedule("once", every="31m")

    def on_bar(self, bar: Bar) -> None:
        self.take_note(bar)

    def on_quote(self, quote: Quote) -> None:
        self.take_note(quote)

    def on_trade(self, trade: Trade) -> None:
        self.take_note(trade)

    def on_timer(self, timer: Timer) -> None:
        self.take_note(timer)
        for order in self.open_orders():
            self.cancel(order.order_id)

    def take_note(self, event: Event) -> None:
        self.heard.append(f"{self.now_ns} {event} {self.position(self.symbol)} {self.portfolio.equity('USD')}")
        soon_ns = self.now_ns + self.random.randrange(1, 300) * SECOND
        match self.random.randrange(120):
            case 0 | 1:
                self.target(self.symbol, self.random.randrange(0, 20))
            case 2:
                self.buy(self.symbol, 3, limit_price=Decimal(99))
            case 3:
                self.schedule("soon", at_ns=soon_ns)
            case 4:
                self.bracket(self.symbol, Side.BUY, 4, stop_loss=Decimal(98), take_profit=Decimal(102))
            case 5:
                self.sell(self.symbol, 2, trail_amount=Decimal("1.5"))
            case 6:
                self.buy(self.symbol, 2, limit_price=Decimal(97), time_in_force=TimeInForce.GTD, expires_ns=soon_ns)
            case 7:
                self.buy(self.symbol, 1, stop_price=Decimal(102))
            case 8:
                for order in self.open_orders(self.symbol)[:1]:
                    self.amend(order.order_id, quantity=order.terms.quantity + 1)
            case 9:
                self.buy(self.symbol, 2, limit_price=Decimal(100), time_in_force=TimeInForce.IOC)


def events(seed: int, count: int = 500) -> list[MarketEvent]:
    """Quotes, trades and bars over two days, some quotes of one side only, and bars that come late."""
    dice, now, happened = random.Random(seed), 80_000, list[MarketEvent]()
    for _ in range(count):
        now += dice.choice((0, 1, 7, 20))
        price = round(100 + dice.gauss(0, 1), 2)
        match dice.randrange(8):
            case 0:
                happened.append(a_trade(price, at=now))
            case 1 | 2:
                at = now // 60 * 60  # up to a minute before what came last
                happened.append(a_bar(price, price + 1, price - 1, price, at=at, symbol="CCC"))
            case _:
                bid = 0.0 if dice.random() < 0.05 else price - 0.01
                happened.append(a_quote(bid, price + 0.01, at=now, symbol=dice.choice(("AAA", "BBB"))))
    return happened


def rig(limits: RiskLimits | None, delays: Delays) -> Rig:
    fleet: list[ContainerSpec] = [
        spec(Seldom, "one", symbol="AAA"),
        spec(SmaCross, "sma", symbol="CCC", fast=8, slow=21, quantity="20"),
        spec(Seldom, "other", symbol="BBB"),
    ]
    near = SimulatedMarket(
        instruments={symbol: an_instrument(symbol) for symbol in OFFERS},
        cash={"USD": Decimal(31_000)},
        match_on={symbol: offer.matched_on for symbol, offer in OFFERS.items()},
        slippage=NoSlippage(),
        commission=NoCommission(),
    )
    market: Market = DelayedMarket(near, delays, bar_intervals={"CCC": MINUTE}) if delays else near
    return Rig(*fleet, offers=OFFERS, currency=Currency.known("USD"), limits=limits, market=market, start=79_000)


def stepped(made: Rig, happened: list[MarketEvent]) -> Rig:
    """Event by event, every one of them a step of its own."""
    made.driver.begin()
    for event in happened:
        for step in made.lockstep.steps(made.lockstep.sequencer.lay_out(event)):
            made.driver._complete(step)
    return made


def carried(made: Rig, happened: list[MarketEvent], seed: int) -> Rig:
    """In portions as the dice fall."""
    dice, place = random.Random(seed), 0
    made.driver.begin()
    while place < len(happened):
        size = dice.choice((1, 2, 10, 150))
        made.driver.carry(happened[place : place + size])
        place += size
    return made


@settings(max_examples=50)
@given(
    seeds,
    seeds,
    st.sampled_from([None, RiskLimits(max_drawdown_share=Decimal("0.01"))]),
    st.sampled_from([Delays(), Delays(orders_ns=3 * SECOND, reports_ns=8 * SECOND, jitter_ns=SECOND)]),
)
def test_what_passes_by_in_portions_is_what_steps_one_by_one_come_to(
    seed: int, cut: int, limits: RiskLimits | None, delays: Delays
) -> None:
    happened = events(seed)
    plain, calm = stepped(rig(limits, delays), happened), carried(rig(limits, delays), happened, cut)
    assert calm.records == plain.records
    assert calm.driver.state() == plain.driver.state()
    calm.assert_books_add_up()
