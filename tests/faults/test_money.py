"""Group E: fees, dust, steps, sizes and prices that do not come out even."""

import math
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from random import Random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brokers.simulated.costs import CommissionModel, FeeUnit, PercentCommission, PerTradeCommission
from daemon.errors import ChangeRefused
from tests.builders import MINUTE_BARS, QUOTES, TRADES, Rig, acting, nothing, price, spec, strategy
from tests.config_builders import plan_of
from tests.faults.venue import AtVenue, commands_of
from tests.market_builders import EUR, USD, a_bar, a_quote, a_trade, an_instrument
from tests.simulation.test_restart_with_changes import HEAD, SMA
from tests.simulation.world import World
from trading.commands import WireSubmit
from trading.instruments import Instrument, InstrumentKind
from trading.limits import EquityShare, RiskLimits
from trading.market_data import MarketEvent
from trading.money import Currency
from trading.orders import Order, Side
from trading.reports import ReportKind
from trading.sequencer import Offer
from trading.strategy import Strategy


def aims_at(units: str) -> Callable[[Strategy], None]:
    """The action of wanting so many units."""
    return lambda trader: trader.target("AAA", Decimal(units))


# F62: a fee that is taken of what was bought.


def a_coin(lot: str = "0.001") -> Instrument:
    made = an_instrument(lot=lot)
    return msgspec.structs.replace(made, kind=InstrumentKind.CRYPTO, base=Currency.known("BTC"))


@pytest.mark.parametrize("seed", range(12))
def test_an_exit_finds_what_it_sells_whatever_currency_fees_are_taken_in(seed: int) -> None:
    """In and out, over and over, with fees in the base, the quote or a third currency: every exit goes through whole,
    and what the books owe in each currency is what the account owes, to the last digit."""
    random = Random(seed)
    kinds: list[CommissionModel] = [
        PercentCommission(Decimal("0.1"), currency=FeeUnit.BASE),
        PercentCommission(Decimal("0.1"), currency=FeeUnit.QUOTE),
        PerTradeCommission(Decimal("0.35"), currency=EUR),
    ]
    commission = kinds[seed % 3]
    wanted = [f"0.{random.randrange(1, 999):03}" if at % 2 else "0" for at in range(20)]
    rig = Rig(
        spec(acting(*map(aims_at, wanted))),
        instruments={"AAA": a_coin()},
        commission=commission,
        cash={"USD": Decimal(11_000), "EUR": Decimal(100), "BTC": Decimal(1)},
    )
    for at, units in enumerate(wanted, 1):
        rig.feed(price(at, float(random.randrange(100, 200))))
        assert rig.book().quantity("AAA") == Decimal(units)
        rig.assert_books_add_up()
    assert not [line for line in rig.reports() if "rejected" in line]
    assert {code for code, fees in rig.book().fees.items() if fees} == {("BTC", "USD", "EUR")[seed % 3]}


# F63: what is less than a lot.


def test_what_is_less_than_a_lot_stays_and_is_not_tried_again_and_again() -> None:
    """A venue that fills in finer pieces than it takes orders in leaves 9.9996: what can be sold is sold, once."""
    leave = [aims_at("0"), nothing] * 6
    rig = AtVenue(spec(acting(aims_at("10"), nothing, nothing, *leave)), instrument=an_instrument(lot="0.001")).tick()
    rig.hear(rig.filled("a-1", "9.9996", "x1"), rig.told("a-1", ReportKind.CANCELLED)).tick(2)
    assert commands_of(rig) == ["a-1 buy 10", "a-2 sell 9.999"]
    rig.hear(rig.filled("a-2", "9.999", "x2")).tick(10)
    assert commands_of(rig) == ["a-1 buy 10", "a-2 sell 9.999"]
    assert (rig.book().quantity("AAA"), rig.reports()[4:]) == (Decimal("0.0006"), [])
    rig.assert_agreed()


def test_what_is_worth_less_than_an_order_may_be_is_refused_here_each_time_and_never_sent() -> None:
    least = an_instrument(min_notional="500")
    rig = AtVenue(spec(acting(aims_at("10"), nothing, *[aims_at("0")] * 5)), instrument=least).tick()
    rig.hear(rig.filled("a-1", "3", "x1"), rig.told("a-1", ReportKind.CANCELLED)).tick(6)
    assert commands_of(rig) == ["a-1 buy 10"]
    assert {line.partition(" ")[2] for line in rig.reports() if "rejected" in line} == {"rejected bad_quantity"}


# F64: a venue's steps and minimums.


@pytest.mark.parametrize(
    ("quantity", "limit", "code"),
    [
        ("10", "100.005", "bad_price"),
        ("10.5", "100", "bad_quantity"),
        ("0", "100", "bad_quantity"),
        ("4", "100", "bad_quantity"),
    ],
)
def test_what_does_not_fit_a_venues_steps_never_leaves(quantity: str, limit: str, code: str) -> None:
    def ask(self: Strategy) -> None:
        self.buy("AAA", Decimal(quantity), limit_price=Decimal(limit))

    rig = AtVenue(spec(acting(ask)), instrument=an_instrument(min_notional="500")).tick()
    assert (rig.venue.commands, rig.reports()) == ([], [f"a-1 rejected {code}"])


@pytest.mark.parametrize("changed", ['tick_size: "0.05"', 'lot_size: "10"', 'min_notional: "500"'])
def test_steps_that_change_under_open_books_are_refused_at_the_start_and_nothing_is_written(
    tmp_path: Path, changed: str
) -> None:
    text = HEAD.replace("duration: 1h", "duration: 10m") + SMA
    world = World(plan_of(tmp_path, text))
    world.live()
    before = world.groups()
    key, value = changed.split(": ")
    old = {"tick_size": 'tick_size: "0.01"', "lot_size": 'lot_size: "1"'}.get(key, 'tick_size: "0.01"')
    new = f"{key}: {value}" if key in old else f"{old}, {changed}"
    world.plan = plan_of(tmp_path, text.replace(old, new, 1))
    with pytest.raises(ChangeRefused, match=f"AAA.*{key}|{key}"):
        world.live()
    assert world.groups() == before


def test_an_order_that_the_venue_refuses_by_a_step_that_it_has_changed_is_told_and_not_sent_again() -> None:
    heard: list[str] = []

    def on_order(self: Strategy, order: Order) -> None:
        heard.append(f"{order.order_id} {order.state} {order.code}")

    rig = AtVenue(spec(acting(aims_at("10"), on_order=on_order))).tick()
    rig.hear(rig.told("a-1", ReportKind.REJECTED, code="lot_size", reason="step is 100")).tick(5)
    assert (commands_of(rig), heard) == (["a-1 buy 10"], ["a-1 rejected lot_size"])
    rig.assert_agreed()


# F65: sizes and prices of every magnitude.

STEPS = st.integers(-8, 3).map(lambda power: Decimal(1).scaleb(power))
PRICES = st.floats(1e-8, 1e6)
CAPITAL = Decimal(10_000)


@settings(max_examples=60)
@given(
    lot=STEPS,
    tick=st.integers(-8, 0).map(lambda power: Decimal(1).scaleb(power)),
    at=PRICES,
    share=st.integers(1, 100).map(lambda percent: Decimal(percent) / 100),
    most=st.integers(1, 10**6).map(Decimal),
)
def test_a_size_is_cut_down_and_never_up_and_past_no_limit(
    lot: Decimal, tick: Decimal, at: float, share: Decimal, most: Decimal
) -> None:
    """A share of equity in whole lots is worth no more than that share, and an order no more than its limit; where it
    comes to nothing, nothing is sent."""
    instrument = Instrument(symbol="AAA", kind=InstrumentKind.EQUITY, currency=USD, tick_size=tick, lot_size=lot)
    rig = Rig(
        spec(
            acting(lambda trader: trader.enter("AAA", Side.BUY)),
            sizing=EquityShare(share=share),
            limits=RiskLimits(max_order_quantity=most),
        ),
        instruments={"AAA": instrument},
    )
    rig.feed(price(1, at))
    for sent in (one.terms for one in rig.records if isinstance(one, WireSubmit)):
        assert 0 < sent.quantity <= most
        assert sent.quantity % lot == 0
        assert sent.quantity * Decimal(repr(at)) <= share * CAPITAL
    assert rig.router.tripped == {}
    rig.assert_books_add_up()


@given(tick=STEPS, lot=STEPS, at=PRICES, side=st.sampled_from(Side))
def test_a_price_is_never_rounded_in_a_traders_favour_nor_to_cents(
    tick: Decimal, lot: Decimal, at: float, side: Side
) -> None:
    instrument = Instrument(symbol="AAA", kind=InstrumentKind.EQUITY, currency=USD, tick_size=tick, lot_size=lot)
    exact = instrument.exact_price(at)
    assert float(exact) == at
    worse = instrument.worse_price(exact, side)
    assert worse % tick == 0
    assert abs(worse - exact) < tick
    assert worse >= exact if side is Side.BUY else worse <= exact


@pytest.mark.parametrize("limit", ["0.00000123", "0.01", "99.99999999", "999999.12345678"])
def test_a_limit_price_goes_out_to_its_last_digit(limit: str) -> None:
    def ask(self: Strategy) -> None:
        self.buy("AAA", Decimal("0.001"), limit_price=Decimal(limit))

    coin = an_instrument(tick="0.00000001", lot="0.001")
    rig = AtVenue(spec(acting(ask), capital="10000"), instrument=coin).tick()
    assert [str(one.terms.limit_price) for one in rig.venue.commands if isinstance(one, WireSubmit)] == [limit]


# F66: a protective stop that the venue will not have.


def test_a_stop_that_is_refused_is_told_and_makes_nobody_sell() -> None:
    """Whether to leave is the strategy's to say: what it holds stays, and it knows that nothing protects it."""
    heard: list[str] = []

    def protect(self: Strategy) -> None:
        self.sell("AAA", 10, stop_price=Decimal(60), reduce_only=True)

    def on_order(self: Strategy, order: Order) -> None:
        if order.order_id == "a-2":
            heard.append(f"{order.state} {order.code} {order.reason}")

    rig = AtVenue(spec(acting(aims_at("10"), nothing, protect, on_order=on_order))).tick()
    rig.hear(rig.filled("a-1", "10", "x1")).tick()
    rig.hear(rig.told("a-2", ReportKind.REJECTED, code="price_band", reason="60 is outside 80 to 120")).tick(5)
    assert heard == ["rejected price_band 60 is outside 80 to 120"]
    assert commands_of(rig) == ["a-1 buy 10", "a-2 sell 10"]
    assert rig.stands("a-2") == "rejected 0, left 0, holds 10"
    rig.assert_agreed()


# F67: prices that are none.

NOTHING = (0.0, -0.0, math.nan, math.inf, -math.inf, -5.0)


def events_of(kind: str, value: float, at: int) -> list[MarketEvent]:
    if kind == "quotes":
        return [a_quote(value, 101.0, at=at), a_quote(99.0, value, at=at), a_quote(value, value, at=at)]
    if kind == "trades":
        return [a_trade(value, at=at)]
    return [a_bar(value, value, value, value, at=60 * at)]


@pytest.mark.parametrize(("kind", "offer"), [("quotes", QUOTES), ("trades", TRADES), ("bars", MINUTE_BARS)])
@pytest.mark.parametrize("value", NOTHING)
def test_a_price_that_is_none_marks_nothing_and_fills_nothing_at_it(kind: str, offer: Offer, value: float) -> None:
    """A position and a resting order on each side of the market; after what is no price comes the price again."""

    def trade(self: Strategy) -> None:
        self.buy("AAA", 10)

    def rest(self: Strategy) -> None:
        self.buy("AAA", 1, limit_price=Decimal(50))
        self.sell("AAA", 1, limit_price=Decimal(150))
        self.sell("AAA", 1, stop_price=Decimal(60))

    handler = {"quotes": "on_quote", "trades": "on_trade", "bars": "on_bar"}[kind]
    acts = iter([trade, nothing, rest])

    def on_event(self: Strategy, _: object) -> None:
        next(acts, nothing)(self)

    rig = Rig(spec(strategy(**{handler: on_event})), offers={"AAA": offer})
    rig.feed(*(event for at in (1, 2, 3) for event in flat(kind, at)))
    equity, before = rig.book().equity("USD"), [line for line in rig.reports() if "filled" in line]
    rig.feed(*events_of(kind, value, 4))
    assert rig.router.marks == {"AAA": 100.0}
    assert rig.book().equity("USD") == equity
    rig.feed(*flat(kind, 5))
    assert [line for line in rig.reports() if "filled" in line] == before
    assert len(rig.container().orders.open()) == 3
    assert rig.router.tripped == {}
    rig.assert_books_add_up()


def flat(kind: str, at: int) -> list[MarketEvent]:
    if kind == "quotes":
        return [a_quote(100.0, 100.0, at=at)]
    return [a_trade(100.0, at=at)] if kind == "trades" else [a_bar(100.0, 100.0, 100.0, 100.0, at=60 * at)]
