"""Figures over round trips, worked out by hand."""

from decimal import Decimal

import msgspec
import pytest

from trading.orders import Side
from trading.statistics import RoundTrip, TradeFigures, trade_figures


def trip(pnl: str, fees: str = "0", side: Side = Side.BUY, **more: object) -> RoundTrip:
    plain = RoundTrip(
        strategy="a",
        symbol="AAA",
        side=side,
        quantity=Decimal(1),
        entry_ts_ns=1,
        entry_price=Decimal(100),
        exit_ts_ns=2,
        exit_price=Decimal(100) + Decimal(pnl),
        currency="USD",
        pnl=Decimal(pnl),
        fees=Decimal(fees),
    )
    return msgspec.structs.replace(plain, **more)


NONE = TradeFigures(
    trades=0,
    won=0,
    lost=0,
    even=0,
    longs=0,
    shorts=0,
    net=0.0,
    win_rate=None,
    profit_factor=None,
    expectancy=None,
    average_win=None,
    average_loss=None,
    payoff_ratio=None,
    largest_win=None,
    largest_loss=None,
)


@pytest.mark.parametrize(
    ("trips", "changed"),
    [
        pytest.param([], {}, id="no trades"),
        pytest.param(
            [trip("11", "1"), trip("21", "1", Side.SELL), trip("-4", "1"), trip("1", "1"), trip("-14", "1")],
            {
                "trades": 5,
                "won": 2,
                "lost": 2,
                "even": 1,
                "longs": 4,
                "shorts": 1,
                "net": 10.0,
                "win_rate": 0.4,
                "profit_factor": 30 / 20,
                "expectancy": 2.0,
                "average_win": 15.0,
                "average_loss": -10.0,
                "payoff_ratio": 1.5,
                "largest_win": 20.0,
                "largest_loss": -15.0,
            },
            id="fees come off each",
        ),
        pytest.param(
            [trip("5"), trip("7")],
            {
                "trades": 2,
                "won": 2,
                "longs": 2,
                "net": 12.0,
                "win_rate": 1.0,
                "expectancy": 6.0,
                "average_win": 6.0,
                "largest_win": 7.0,
            },
            id="nothing lost: no profit factor",
        ),
        pytest.param(
            [trip("-5")],
            {
                "trades": 1,
                "lost": 1,
                "longs": 1,
                "net": -5.0,
                "win_rate": 0.0,
                "profit_factor": 0.0,
                "expectancy": -5.0,
                "average_loss": -5.0,
                "largest_loss": -5.0,
            },
            id="nothing won: no payoff ratio",
        ),
        pytest.param(
            [trip("0.30", "0.30")],
            {"trades": 1, "even": 1, "longs": 1, "win_rate": 0.0, "expectancy": 0.0},
            id="even to the last digit",
        ),
    ],
)
def test_round_trips_have_figures(trips: list[RoundTrip], changed: dict[str, float]) -> None:
    assert trade_figures(trips, "USD") == msgspec.structs.replace(NONE, **changed)


def test_other_currencies_are_taken_at_their_rates() -> None:
    trips = [trip("10", "1", currency="EUR"), trip("5", other_fees={"BNB": Decimal("0.01")})]

    figures = trade_figures(trips, "USD", {"EUR": Decimal("1.1"), "BNB": Decimal(600)})

    assert [figures.largest_win, figures.largest_loss] == [pytest.approx(9.9), pytest.approx(-1.0)]


@pytest.mark.parametrize("one", [trip("10", currency="EUR"), trip("10", other_fees={"EUR": Decimal(1)})])
def test_a_currency_without_a_rate_is_refused(one: RoundTrip) -> None:
    with pytest.raises(ValueError, match="a round trip of AAA is in EUR, which has no rate to USD"):
        trade_figures([one], "USD")
