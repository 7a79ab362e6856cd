"""Python's decimal context belongs to whoever runs: the core's numbers depend on nobody's, a strategy's on its own."""

from decimal import ROUND_UP, Context, Decimal, Inexact, InvalidOperation, Rounded, getcontext, localcontext

from hypothesis import given, settings
from hypothesis import strategies as st

from tests import trading_day
from tests.builders import Rig, price, spec, strategy
from trading.market_data import Quote
from trading.strategy import Strategy

ROUGH = Context(prec=2, rounding=ROUND_UP, traps=[Inexact, InvalidOperation, Rounded])
"""Raises wherever a sum or product of more than two digits is made in it."""

seeds = st.integers(0, 10_000)


class Meddler(Strategy):
    """Changes the context at every quote and fill; with 28 digits, to what it is anyway."""

    symbol: str
    digits: int = 28

    def start(self) -> None:
        self.meddle()

    def on_quote(self, quote: Quote) -> None:
        self.meddle()

    def on_fill(self, fill: object) -> None:
        self.meddle()

    def meddle(self) -> None:
        getcontext().prec = self.digits
        getcontext().traps[Inexact] = self.digits < 28
        getcontext().traps[InvalidOperation] = self.digits == 28


@settings(max_examples=10)
@given(seeds)
def test_a_day_in_a_rough_context_is_the_same_day(seed: int) -> None:
    events = trading_day.events(seed)
    usual, rough = trading_day.rig().feed(*events), trading_day.rig()
    with localcontext(ROUGH):
        rough.feed(*events)
        rough.assert_books_add_up()
        assert rough.driver.state() == usual.driver.state()
    assert rough.records == usual.records


@settings(max_examples=10)
@given(seeds)
def test_a_strategy_that_meddles_with_its_context_changes_no_digit_of_anybody(seed: int) -> None:
    events = trading_day.events(seed)
    days = (
        trading_day.rig([spec(Meddler, "meddler", symbol="AAA", digits=digits), *trading_day.fleet()])
        for digits in (28, 4)
    )
    usual, meddled = (day.feed(*events) for day in days)
    assert meddled.records == usual.records
    meddled.assert_books_add_up()


def test_a_strategy_counts_in_the_usual_context_whoever_was_there_before() -> None:
    thirds: list[Decimal] = []

    def on_quote(self: Strategy, quote: Quote) -> None:
        thirds.append(Decimal(1) / 3)
        getcontext().prec = 4
        thirds.append(Decimal(1) / 3)

    rig = Rig(*(spec(strategy(on_quote=on_quote), name) for name in "ab"))
    with localcontext(ROUGH):
        rig.feed(price(1, 1.0), price(2, 1.0))
        assert getcontext().prec == ROUGH.prec
    assert thirds == [Decimal("0." + "3" * 28), Decimal("0.3333")] * 4
