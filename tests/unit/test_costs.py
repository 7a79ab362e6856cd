"""What trading costs, worked out by hand."""

from decimal import Decimal

import pytest

from brokers.simulated.costs import (
    CommissionModel,
    Fee,
    FixedSlippage,
    NoCommission,
    NoSlippage,
    PercentCommission,
    PerShareCommission,
    rounded_fee,
)
from tests.market_builders import EUR, USD, an_instrument
from trading.money import Currency
from trading.orders import Side

YEN = Currency.known("JPY")


@pytest.mark.parametrize(
    ("ticks", "tick", "side", "price", "worse"),
    [
        pytest.param(1, "0.01", Side.BUY, "100.00", "100.01", id="a buy pays a tick more"),
        pytest.param(3, "0.25", Side.SELL, "100.00", "99.25", id="a sell gets three ticks less"),
        pytest.param(1, "0.05", Side.BUY, "100.02", "100.10", id="a buy between two ticks goes up to the next"),
        pytest.param(1, "0.05", Side.SELL, "100.02", "99.95", id="a sell between two ticks goes down to the next"),
        pytest.param(5, "0.01", Side.SELL, "0.03", "0.01", id="a sell keeps one tick"),
        pytest.param(5, "0.01", Side.SELL, "0.004", "0.004", id="a sell below one tick is not bettered"),
        pytest.param(1, "0.00001", Side.BUY, "1E-7", "0.00002", id="a price far below a tick is worsened to ticks"),
    ],
)
def test_fixed_slippage_worsens_by_ticks(ticks: int, tick: str, side: Side, price: str, worse: str) -> None:
    instrument = an_instrument(tick=tick)

    assert FixedSlippage(ticks).worsen(Decimal(price), side, instrument) == Decimal(worse)


def test_no_slippage_leaves_a_price_between_ticks_as_it_is() -> None:
    assert NoSlippage().worsen(Decimal("100.005"), Side.BUY, an_instrument()) == Decimal("100.005")


@pytest.mark.parametrize(
    ("commission", "quantity", "price", "fee"),
    [
        pytest.param(NoCommission(), "100", "10", Fee(Decimal("0.00"), "USD"), id="none"),
        pytest.param(
            PerShareCommission(Decimal("0.005"), USD),
            "300",
            "10",
            Fee(Decimal("1.50"), "USD"),
            id="half a cent a share",
        ),
        pytest.param(
            PerShareCommission(Decimal("0.005"), USD), "101", "10", Fee(Decimal("0.51"), "USD"), id="0.505 goes up"
        ),
        pytest.param(
            PerShareCommission(Decimal("0.005"), USD), "103", "10", Fee(Decimal("0.52"), "USD"), id="0.515 goes up too"
        ),
        pytest.param(
            PerShareCommission(Decimal("0.5"), YEN),
            "3",
            "10",
            Fee(Decimal(2), "JPY"),
            id="1.5 of a currency of whole units",
        ),
        pytest.param(
            PerShareCommission(Decimal("0.01"), EUR), "50", "10", Fee(Decimal("0.50"), "EUR"), id="in another currency"
        ),
        pytest.param(
            PercentCommission(Decimal("0.1")), "250", "40.20", Fee(Decimal("10.05"), "USD"), id="0.1 % of 10,050"
        ),
        pytest.param(
            PercentCommission(Decimal(50)), "1", "0.009", Fee(Decimal("0.00"), "USD"), id="half of 0.009 rounded once"
        ),
    ],
)
def test_commission(commission: CommissionModel, quantity: str, price: str, fee: Fee) -> None:
    assert commission.fee(Decimal(quantity), Decimal(price), an_instrument()) == fee


@pytest.mark.parametrize(
    ("amount", "rounded"),
    [("0.004999", "0.00"), ("0.005", "0.01"), ("0.015", "0.02"), ("0.025", "0.03"), ("1", "1.00")],
)
def test_halves_of_a_fee_go_up(amount: str, rounded: str) -> None:
    assert str(rounded_fee(Decimal(amount), USD).amount) == rounded


def test_costs_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="slippage of 0 ticks; write 1 or more"):
        FixedSlippage(0)
    with pytest.raises(ValueError, match=r"commission rate is -0\.01; write zero or more"):
        PerShareCommission(Decimal("-0.01"), USD)
    with pytest.raises(ValueError, match="commission percent is NaN"):
        PercentCommission(Decimal("NaN"))
