"""Group C: cancels and amendments that cross fills on their way."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from brokers.simulated.costs import NoCommission, NoSlippage
from brokers.simulated.market import SimulatedMarket
from brokers.simulated.rules import MarketRules
from tests.builders import Rig, acting, nothing, spec
from tests.faults.venue import AtVenue, commands_of
from tests.market_builders import a_quote, an_instrument
from trading.orders import OrderState, Side
from trading.reports import Fill, ReportKind
from trading.strategy import Strategy


def aims_at(units: int) -> Callable[[Strategy], None]:
    """The action of wanting so many units."""
    return lambda trader: trader.target("AAA", Decimal(units))


# F14 and F36: the order fills before its cancel comes, and the cancel is refused.


@pytest.mark.parametrize("fill_first", [True, False])
def test_a_cancel_that_comes_too_late_buys_nothing_a_second_time(*, fill_first: bool) -> None:
    """The strategy wants ten, then none, then ten again. Whichever word is heard first, ten were bought once."""
    rig = AtVenue(spec(acting(aims_at(10), nothing, aims_at(0), aims_at(10), nothing, aims_at(10)))).tick()
    rig.hear(rig.told("a-1", ReportKind.ACCEPTED)).tick(2)
    assert commands_of(rig) == ["a-1 buy 10", "a-1 cancel"]
    words = [rig.filled("a-1", "10", "x1"), rig.told("a-1", ReportKind.CANCEL_REJECTED, code="unknown_order")]
    rig.hear_each(words if fill_first else reversed(words)).tick(2)
    assert commands_of(rig) == ["a-1 buy 10", "a-1 cancel"]
    assert rig.stands() == "filled 10, left 0, holds 10"
    rig.assert_agreed()


# F38: cancelled by the venue's word, and then filled.


def test_what_fills_after_it_was_reported_cancelled_is_booked_and_worked_off_from_there() -> None:
    heard: list[tuple[str, Decimal]] = []

    def on_fill(self: Strategy, one: Fill) -> None:
        heard.append((one.order_id, self.position("AAA")))

    rig = AtVenue(spec(acting(aims_at(10), aims_at(0), nothing, nothing, aims_at(0), on_fill=on_fill))).tick(2)
    rig.hear(rig.told("a-1", ReportKind.CANCELLED)).hear(rig.filled("a-1", "7", "x1"))
    assert rig.stands() == "cancelled 7, left 0, holds 7"
    assert heard == [("a-1", Decimal(7))]
    rig.tick()
    assert commands_of(rig) == ["a-1 buy 10", "a-1 cancel", "a-2 sell 7"]
    rig.hear(rig.filled("a-2", "7", "x2"))
    assert rig.stands("a-2") == "filled 7, left 0, holds 0"
    rig.assert_agreed()


# F39: a part of an entry fills, and the rest is cancelled.


def test_exits_of_an_entry_that_filled_in_part_are_of_that_part() -> None:
    """A tenth of a bracket's entry fills, then nothing more; the rest is cancelled. The stop closes what is there."""

    def enter(self: Strategy) -> None:
        self.bracket("AAA", Side.BUY, 100, limit_price=Decimal(100), stop_loss=Decimal(95), take_profit=Decimal(110))

    def cancel_entry(self: Strategy) -> None:
        self.cancel("a-1")

    instruments = {"AAA": an_instrument()}
    market = SimulatedMarket(
        instruments=instruments,
        cash={"USD": Decimal(101_000)},
        match_on={"AAA": "quotes"},
        slippage=NoSlippage(),
        commission=NoCommission(),
        rules=MarketRules(volume_share=Decimal(1)),
    )
    rig = Rig(
        spec(acting(enter, nothing, cancel_entry), capital="100000"),
        market=market,
        instruments=instruments,
        cash={"USD": Decimal(101_000)},
    )
    thin = [a_quote(99.99, 100.0, at=at, bid_size=500.0, ask_size=size) for at, size in ((1, 10.0), (2, 0.0), (3, 0.0))]
    rig.feed(*thin)
    assert (rig.order("a-1").state, rig.book().quantity("AAA")) == (OrderState.CANCELLED, Decimal(10))
    exits = [f"{one.order_id} {one.remaining}" for one in rig.container().orders.open()]
    assert exits == ["a-2 10", "a-3 10"]
    rig.feed(a_quote(94.0, 94.1, at=4))
    assert rig.book().quantity("AAA") == 0
    assert [line for line in rig.reports() if "filled" in line] == ["a-1 filled 10 at 100.0", "a-2 filled 10 at 94.0"]
    assert rig.container().orders.open() == []
    rig.assert_books_add_up()


# F40: an amendment is another order to the venue, and the old one fills meanwhile.


def test_what_fills_before_an_amendment_arrives_is_part_of_what_it_asks_for() -> None:
    def amend(self: Strategy) -> None:
        self.amend("a-1", quantity=Decimal(12))

    rig = AtVenue(spec(acting(aims_at(10), amend))).tick(2)
    rig.hear(rig.filled("a-1", "9", "x1"))
    assert rig.stands() == "pending_replace 9, left 3, holds 9"
    rig.hear(rig.told("a-1", ReportKind.REPLACED)).hear(rig.filled("a-1", "3", "x2"))
    assert rig.stands() == "filled 12, left 0, holds 12"
    rig.assert_agreed()


def test_an_amendment_to_less_than_has_filled_by_then_ends_the_order() -> None:
    def amend(self: Strategy) -> None:
        self.amend("a-1", quantity=Decimal(5))

    rig = AtVenue(spec(acting(aims_at(10), amend))).tick(2)
    rig.hear(rig.filled("a-1", "8", "x1"))
    assert rig.stands() == "pending_replace 8, left 2, holds 8", "the larger of both, until it is answered"
    rig.hear(rig.told("a-1", ReportKind.REPLACED))
    assert rig.stands() == "filled 8, left 0, holds 8"
    rig.assert_agreed()
