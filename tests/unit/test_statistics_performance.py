"""Everything in one object, worked out by hand, and where each of its figures is explained."""

import math
import re
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from tests.builders import fill, terms
from tests.market_builders import an_instrument
from trading.orders import Side
from trading.statistics import (
    Conventions,
    EquityCurve,
    Flow,
    Performance,
    RoundTrip,
    RoundTrips,
    Sample,
    TrackRecord,
    performance_of,
)
from trading.timestamps import DAY, HOUR

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "statistics.md"
DAY_ONE = 19_000 * DAY

NOTHING = Performance(
    currency="USD",
    initial_equity=None,
    final_equity=None,
    net_profit=None,
    total_return=None,
    cagr=None,
    volatility=None,
    sharpe=None,
    sortino=None,
    calmar=None,
    max_drawdown=None,
    max_drawdown_length=None,
    alpha=None,
    beta=None,
    value_at_risk=None,
    trades=0,
    win_rate=None,
    profit_factor=None,
    expectancy=None,
    exposure=None,
    turnover=None,
    fees=Decimal(0),
)


def sample(hours: float, equity: float, gross_exposure: float = 0.0) -> Sample:
    return Sample(ts_ns=DAY_ONE + round(hours * HOUR), equity=equity, gross_exposure=gross_exposure)


def a_win_and_a_loss() -> list[RoundTrip]:
    """Ten units gain 4 each, three lose 2 each; each trade costs 0.50."""
    books = RoundTrips()
    trades = [(Side.BUY, "10", "100"), (Side.SELL, "10", "104"), (Side.BUY, "3", "100"), (Side.SELL, "3", "98")]
    fills = [fill(terms(side, quantity), at=price, fee="0.50") for side, quantity, price in trades]
    return [trip for one in fills for trip in books.book(one, an_instrument())]


def test_a_record_has_every_figure() -> None:
    """Days end at 110, 88 and 132 of 100; within the third it was 66. A benchmark moves half as much."""
    record = TrackRecord(
        currency="USD",
        samples=[
            sample(0, 100),
            sample(24, 110, 55),
            sample(48, 88, 88),
            sample(60, 66, 33),
            sample(72, 132),
        ],
        trips=a_win_and_a_loss(),
        fees=Decimal("2.50"),
        traded=Decimal(912),
    )
    benchmark = EquityCurve(times_ns=[DAY_ONE + n * DAY for n in range(4)], values=[100, 105, 94.5, 118.125]).returns()
    variance = (0.1**2 + 0.2**2 + 0.5**2 - 3 * (0.4 / 3) ** 2) / 2

    found = performance_of(record, Conventions(periods_per_year=3), benchmark)

    assert {name: getattr(found, name) for name in Performance.__struct_fields__} == {
        "currency": "USD",
        "initial_equity": 100,
        "final_equity": 132,
        "net_profit": 32,
        "total_return": pytest.approx(0.32),
        "cagr": pytest.approx(0.32),
        "volatility": pytest.approx(math.sqrt(variance * 3)),
        "sharpe": pytest.approx(0.4 / math.sqrt(variance * 3)),
        "sortino": pytest.approx(0.4 / 0.2),
        "calmar": pytest.approx(0.32 / 0.4),
        "max_drawdown": pytest.approx(-0.4),
        "max_drawdown_length": 2.0,
        "alpha": pytest.approx(0.0, abs=1e-12),
        "beta": pytest.approx(2.0),
        "value_at_risk": pytest.approx(-0.2 + 0.1 * 0.3),
        "trades": 2,
        "win_rate": 0.5,
        "profit_factor": pytest.approx(39 / 7),
        "expectancy": 16.0,
        "exposure": pytest.approx((0 * 24 + 0.5 * 24 + 1.0 * 12 + 0.5 * 12) / 72),
        "turnover": pytest.approx(912 / ((100 * 24 + 110 * 24 + 88 * 12 + 66 * 12) / 72)),
        "fees": Decimal("2.50"),
    }


def test_of_nothing_nothing_is_told() -> None:
    assert performance_of(TrackRecord(currency="USD", samples=[])) == NOTHING
    flow = Flow(ts_ns=DAY_ONE, amount=100, equity_before=0)
    assert performance_of(TrackRecord(currency="USD", samples=[], flows=[flow])) == NOTHING


def test_of_a_beginning_only_there_is_equity_and_exposure() -> None:
    record = TrackRecord(currency="USD", samples=[sample(0, 100, 25)], traded=Decimal(25))

    assert performance_of(record) == msgspec.structs.replace(
        NOTHING, initial_equity=100, final_equity=100, net_profit=0, exposure=0.25, turnover=0.25
    )


def test_a_deposit_is_no_profit_and_no_return() -> None:
    record = TrackRecord(
        currency="USD",
        samples=[sample(0, 100), sample(24, 110), sample(48, 1210)],
        flows=[Flow(ts_ns=DAY_ONE + 30 * HOUR, amount=1100, equity_before=110)],
    )

    found = performance_of(record)

    assert found.net_profit == 10
    assert found.total_return == pytest.approx(0.1)
    assert (found.max_drawdown, found.max_drawdown_length, found.calmar) == (0.0, 0.0, None)


def test_a_strategy_that_never_traded_is_flat_and_has_no_ratios() -> None:
    record = TrackRecord(currency="USD", samples=[sample(24 * n, 100) for n in range(4)])

    assert performance_of(record) == msgspec.structs.replace(
        NOTHING,
        initial_equity=100,
        final_equity=100,
        net_profit=0,
        total_return=0,
        cagr=0,
        volatility=0,
        max_drawdown=0,
        max_drawdown_length=0,
        value_at_risk=0,
        exposure=0,
        turnover=0,
    )


def test_an_account_in_debt_lost_more_than_all() -> None:
    record = TrackRecord(
        currency="USD", samples=[sample(0, 100, 300), sample(24, -50, 30), sample(48, -60)], traded=Decimal(300)
    )

    found = performance_of(record)

    assert (found.total_return, found.max_drawdown, found.max_drawdown_length) == (-1.5, -1.5, 1.0)
    assert (found.cagr, found.calmar, found.sharpe) == (None, None, None)
    assert found.exposure == 3.0
    assert found.turnover == pytest.approx(300 / 25)


def test_a_mean_equity_of_nothing_has_no_turnover() -> None:
    record = TrackRecord(currency="USD", samples=[sample(0, 0), sample(24, 0)], traded=Decimal(5))

    found = performance_of(record)

    assert (found.turnover, found.exposure, found.total_return) == (None, None, None)


def test_days_are_those_of_the_zone() -> None:
    """At 20:00 UTC it is midnight four hours ahead, so that the rise after it is of the next day."""
    samples = [sample(0, 100), sample(20, 200), sample(23, 400), sample(44, 400)]
    record = TrackRecord(currency="USD", samples=samples)

    assert performance_of(record).volatility == pytest.approx(math.sqrt(252) * math.sqrt(3**2 / 2))
    ahead = Conventions(utc_offset_ns=4 * HOUR)
    assert performance_of(record, ahead).volatility == 0.0


@pytest.mark.parametrize(
    ("samples", "problem"),
    [
        ([sample(0, math.nan)], "equity 0 is nan"),
        ([sample(0, 1, math.inf)], "gross exposure 0 is inf"),
        ([sample(1, 1), sample(0, 1)], "times must not go back"),
    ],
)
def test_what_cannot_be_is_refused(samples: list[Sample], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        performance_of(TrackRecord(currency="USD", samples=samples))


def test_a_performance_is_data() -> None:
    record = TrackRecord(currency="USD", samples=[sample(0, 100), sample(24, 90)], fees=Decimal("0.10"))
    found = performance_of(record)

    assert msgspec.json.decode(msgspec.json.encode(found), type=Performance) == found
    assert b'"fees":"0.10"' in msgspec.json.encode(found)


def test_every_figure_of_a_performance_is_documented() -> None:
    explained = re.findall(r"^\| `(\w+)` \|", DOCUMENT.read_text(), re.M)

    assert set(Performance.__struct_fields__) - set(explained) == set()
