"""What befalls the account comes after the fills that it is of, and prices after what they have brought about."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from brokers.simulated.costs import NoCommission, NoSlippage
from brokers.simulated.delay import DelayedMarket
from brokers.simulated.entitlements import AccountTerms, Dividend, HoldingTerms, UnitSplit
from brokers.simulated.latency import Delays
from brokers.simulated.market import SimulatedMarket
from tests.builders import Rig, acting, price, spec, strategy
from tests.market_builders import USD, an_instrument
from trading.account.records import Valued
from trading.instruments import Instrument, InstrumentKind, MarginTerms
from trading.market_data import Bar
from trading.sequencer import Offer
from trading.strategy import Strategy
from trading.timestamps import DAY, HOUR, SECOND

TERMS = MarginTerms(currency=USD, initial=Decimal("0.1"), maintenance=Decimal("0.05"))
SHARE = msgspec.structs.replace(an_instrument(), margin=TERMS)
FUTURE = msgspec.structs.replace(SHARE, kind=InstrumentKind.FUTURE)


def market(instrument: Instrument, terms: HoldingTerms | None, match_on: str = "quotes") -> SimulatedMarket:
    return SimulatedMarket(
        instruments={"AAA": instrument},
        cash={"USD": Decimal(11_000)},
        match_on={"AAA": match_on},
        slippage=NoSlippage(),
        commission=NoCommission(),
        terms=AccountTerms(holdings={"AAA": terms}) if terms else None,
    )


def far_off(instrument: Instrument, terms: HoldingTerms | None, units: int = 10) -> Rig:
    """A strategy that buys at the first price, five seconds away from the market."""
    delayed = DelayedMarket(market(instrument, terms), Delays(reports_ns=5 * SECOND), bar_intervals={})
    buys = acting(lambda trader: trader.buy("AAA", units))
    return Rig(spec(buys), instruments={"AAA": instrument}, market=delayed, currency=USD)


def books(rig: Rig) -> list[tuple[str, Decimal, Decimal]]:
    rig.assert_books_add_up()
    return [(book.owner, book.quantity("AAA"), book.exact_equity("USD")) for book in rig.router.ledger.all_books()]


@pytest.mark.parametrize(
    ("instrument", "terms", "after", "units", "equity"),
    [
        (SHARE, HoldingTerms(dividends=(Dividend(ex_ns=2 * SECOND, per_unit=Decimal(1)),)), 100.0, "10", "10010.00"),
        (
            SHARE,
            HoldingTerms(splits=(UnitSplit(ex_ns=2 * SECOND, new=Decimal(4), old=Decimal(1)),)),
            25.0,
            "40",
            "10000.00",
        ),
        (FUTURE, HoldingTerms(expires_ns=2 * SECOND), 100.0, "0", "10000.00"),
    ],
    ids=["dividend", "split", "expiry"],
)
def test_a_fill_on_its_way_is_heard_before_what_befalls_it(
    instrument: Instrument, terms: HoldingTerms, after: float, units: str, equity: str
) -> None:
    rig = far_off(instrument, terms).feed(price(1, 100.0), price(3, after), price(9, after))
    assert books(rig) == [
        ("a", Decimal(units), Decimal(equity)),
        ("unallocated", Decimal(0), Decimal("1000.00")),
    ]


def test_who_has_not_heard_of_its_fill_yet_is_sealed_by_its_liquidation() -> None:
    rig = far_off(FUTURE, None, units=800).feed(price(1, 100.0), price(2, 50.0), price(8, 88.0))
    assert list(rig.router.tripped) == ["a"]
    assert rig.container().trip is not None
    assert [(owner, units) for owner, units, _ in books(rig)] == [("a", Decimal(800)), ("unallocated", Decimal(-800))]


# Prices.


def day(number: int, open_: float, close: float) -> Bar:
    """A daily bar that closes four hours before midnight."""
    return Bar("AAA", number * DAY - 4 * HOUR, DAY, open_, max(open_, close), min(open_, close), close, 1e6)


def on_bars(terms: HoldingTerms | None = None) -> Rig:
    def buy_once(self: Any, _: Bar) -> None:
        if not self.position("AAA") and not self.open_orders():
            self.buy("AAA", 10)

    buys = strategy(on_bar=buy_once)
    return Rig(
        spec(buys, timeframe="1d"),
        offers={"AAA": Offer(bar_interval_ns=DAY)},
        instruments={"AAA": an_instrument()},
        market=market(an_instrument(), terms, "bars"),
        currency=USD,
    )


def valued(rig: Rig) -> list[tuple[float, Decimal | None]]:
    return [(record.ts_ns / DAY, record.books["a"].equity) for record in rig.records if isinstance(record, Valued)]


def test_a_bar_that_fills_values_at_its_close() -> None:
    rig = on_bars().feed(day(10, 100.0, 100.0), day(11, 100.0, 150.0), day(12, 150.0, 150.0))
    assert valued(rig)[1:] == [(10.0, Decimal("10000.00")), (11.0, Decimal("10500.00"))]
    assert rig.container().portfolio.exact_equity("USD") == rig.book().exact_equity("USD")


def test_a_bar_that_is_split_values_at_its_close_too() -> None:
    split = UnitSplit(ex_ns=12 * DAY - 20 * HOUR, new=Decimal(2), old=Decimal(1))
    rig = on_bars(HoldingTerms(splits=(split,)))
    rig.feed(day(10, 100.0, 100.0), day(11, 100.0, 100.0), day(12, 50.0, 80.0), day(13, 80.0, 80.0))
    assert rig.book().quantity("AAA") == 20
    assert valued(rig)[-1] == (12.0, Decimal("10600.00"))
    assert rig.router.marks == {"AAA": 80.0}


def test_a_bar_that_closes_at_midnight_is_of_the_day_that_ends() -> None:
    def midnight(number: int, close: float) -> Bar:
        return Bar("AAA", number * DAY, DAY, 100.0, max(100.0, close), min(100.0, close), close, 1e6)

    rig = on_bars().feed(midnight(10, 100.0), midnight(11, 100.0), midnight(12, 110.0), midnight(13, 110.0))
    assert valued(rig)[1:] == [(10.0, Decimal("10000.00")), (11.0, Decimal("10000.00")), (12.0, Decimal("10100.00"))]


def test_the_curve_begins_once_everything_has_a_rate() -> None:
    def quiet(_: Strategy) -> None: ...

    pair = msgspec.structs.replace(
        an_instrument("EURUSD"), kind=InstrumentKind.FX, base=msgspec.structs.replace(USD, code="EUR")
    )
    instruments = {"AAA": an_instrument(), "EURUSD": pair}
    cash = {"USD": Decimal(1_000), "EUR": Decimal(500)}
    venue = SimulatedMarket(
        instruments=instruments,
        cash=cash,
        match_on=dict.fromkeys(instruments, "quotes"),
        slippage=NoSlippage(),
        commission=NoCommission(),
    )
    both = msgspec.structs.replace(spec(acting(quiet)), capital=cash)
    rig = Rig(
        both,
        offers=dict.fromkeys(instruments, Offer(quotes=True)),
        instruments=instruments,
        cash=cash,
        market=venue,
        currency=USD,
    )
    rig.feed(price(1, 100.0), price(2, 1.1, symbol="EURUSD"), price(3, 100.0), price(4, 1.2, symbol="EURUSD"))
    assert [
        (record.ts_ns // SECOND, record.books["a"].equity) for record in rig.records if isinstance(record, Valued)
    ] == [(3, Decimal("1550.00"))]
