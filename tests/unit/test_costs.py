"""What trading costs, worked out by hand."""

from decimal import Decimal
from typing import Any

import pytest

from brokers.simulated.costs import (
    BasisPointSlippage,
    CombinedCommission,
    CombinedSlippage,
    CommissionModel,
    Fee,
    FeeBasis,
    FeeRounding,
    FeeUnit,
    FixedSlippage,
    MakerTakerCommission,
    NoCommission,
    NoSlippage,
    PercentCommission,
    PerContractCommission,
    PerShareCommission,
    PerTradeCommission,
    Progress,
    SlippageModel,
    SpreadShareSlippage,
    SquareRootSlippage,
    Tier,
    TieredCommission,
    VolumeShareSlippage,
)
from tests.cost_builders import a_pair, a_taking, an_execution, fees
from tests.market_builders import EUR, USD, an_instrument
from trading.money import Currency
from trading.orders import Side

D = Decimal
YEN = Currency.known("JPY")
BTC = Currency.known("BTC")
THREE = ("230@100", "170@101", "100@102")
EQUAL = ("100@10", "100@10", "100@10")


# Slippage.


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
    taking = a_taking(side, instrument=an_instrument(tick=tick))

    assert FixedSlippage(ticks).worsen(Decimal(price), taking) == Decimal(worse)


@pytest.mark.parametrize(
    ("slippage", "side", "price", "sizes", "worse"),
    [
        pytest.param(BasisPointSlippage(D(5)), Side.BUY, "100", {}, "100.05", id="5 bp of 100 are 0.05"),
        pytest.param(BasisPointSlippage(D("2.5")), Side.SELL, "100", {}, "99.97", id="0.025 goes down to the tick"),
        pytest.param(BasisPointSlippage(D("0.1")), Side.BUY, "100", {}, "100.01", id="0.001 is a tick"),
        pytest.param(BasisPointSlippage(D(9999)), Side.SELL, "0.05", {}, "0.01", id="a sell keeps one tick"),
        pytest.param(
            VolumeShareSlippage(D(10)), Side.BUY, "5", {"quantity": "25", "on_offer": "25"}, "5.50",
            id="all that is on offer: 10 % of 5",
        ),
        pytest.param(
            VolumeShareSlippage(D(10)), Side.SELL, "5", {"quantity": "25", "on_offer": "25"}, "4.50",
            id="a sell down by as much",
        ),
        pytest.param(
            VolumeShareSlippage(D(10)), Side.BUY, "100", {"quantity": "10", "on_offer": "40"}, "100.63",
            id="a quarter: 10 % / 16 = 0.625 %",
        ),
        pytest.param(
            VolumeShareSlippage(D(10)), Side.BUY, "100", {"quantity": "10", "on_offer": "40", "used": "10"}, "102.50",
            id="the second quarter pays for a half: 10 % / 4",
        ),
        pytest.param(
            VolumeShareSlippage(D(9)), Side.BUY, "100", {"quantity": "2", "on_offer": "3"}, "104",
            id="two thirds squared of 9 % are 4 % and no hair more",
        ),
        pytest.param(VolumeShareSlippage(D(10)), Side.BUY, "100.005", {"volume": "9"}, "100.005", id="no sizes"),
        pytest.param(
            VolumeShareSlippage(D(10)), Side.BUY, "100.005", {"on_offer": "0"}, "100.005", id="nothing on offer"
        ),
        pytest.param(SpreadShareSlippage(D("0.5")), Side.BUY, "100.10", {"spread": "0.10"}, "100.15", id="half of it"),
        pytest.param(SpreadShareSlippage(D("0.25")), Side.SELL, "100", {"spread": "0.10"}, "99.97", id="0.025 down"),
        pytest.param(SpreadShareSlippage(D(1)), Side.BUY, "100.005", {}, "100.005", id="no spread"),
        pytest.param(SpreadShareSlippage(D(1)), Side.BUY, "100", {"spread": "-0.10"}, "100", id="a crossed quote"),
        pytest.param(
            SquareRootSlippage(D(2)), Side.BUY, "50", {"quantity": "100", "volume": "10000"}, "50.10",
            id="a hundredth: a tenth of 2 % of 50",
        ),
        pytest.param(
            SquareRootSlippage(D(3)), Side.SELL, "100", {"quantity": "4", "volume": "9"}, "98",
            id="the root of 4/9 is 2/3, so 2 % and no hair more",
        ),
        pytest.param(SquareRootSlippage(D(2)), Side.SELL, "100.005", {}, "100.005", id="no volume"),
        pytest.param(SquareRootSlippage(D(2)), Side.SELL, "100", {"volume": "0"}, "100", id="a volume of nothing"),
        pytest.param(NoSlippage(), Side.BUY, "100.005", {"volume": "1", "on_offer": "1"}, "100.005", id="none"),
        pytest.param(
            CombinedSlippage((FixedSlippage(1), BasisPointSlippage(D("2.5")))), Side.BUY, "100", {}, "100.04",
            id="0.01 and 0.025 are rounded once",
        ),
        pytest.param(
            CombinedSlippage((BasisPointSlippage(D("2.5")), FixedSlippage(1))), Side.BUY, "100", {}, "100.04",
            id="in any order",
        ),
        pytest.param(
            CombinedSlippage((SpreadShareSlippage(D(1)), SquareRootSlippage(D(1)))), Side.BUY, "100.005", {},
            "100.005", id="two that know nothing",
        ),
    ],
)  # fmt: skip
def test_slippage(slippage: SlippageModel, side: Side, price: str, sizes: dict[str, str], worse: str) -> None:
    assert slippage.worsen(D(price), a_taking(side, sizes)) == D(worse)


def test_no_slippage_leaves_a_price_between_ticks_as_it_is() -> None:
    assert NoSlippage().worsen(Decimal("100.005"), a_taking()) == Decimal("100.005")


# Commission: one fill.


@pytest.mark.parametrize(
    ("commission", "fill", "fee"),
    [
        pytest.param(NoCommission(), "100@10", Fee(D("0.00"), "USD"), id="none"),
        pytest.param(PerShareCommission(D("0.005")), "300@10", Fee(D("1.50"), "USD"), id="half a cent a share"),
        pytest.param(PerShareCommission(D("0.005")), "101@10", Fee(D("0.51"), "USD"), id="0.505 goes up"),
        pytest.param(PerShareCommission(D("0.005")), "103@10", Fee(D("0.52"), "USD"), id="0.515 goes up too"),
        pytest.param(
            PerShareCommission(D("0.5"), currency=YEN), "3@10", Fee(D(2), "JPY"), id="1.5 of a currency of whole units"
        ),
        pytest.param(
            PerShareCommission(D("0.01"), currency=EUR), "50@10", Fee(D("0.50"), "EUR"), id="in a third currency"
        ),
        pytest.param(
            PerTradeCommission(D("2.5"), currency=EUR), "50@10", Fee(D("2.50"), "EUR"), id="a trade in a third currency"
        ),
        pytest.param(
            PerContractCommission(D("0.85"), D("1.2"), currency=EUR), "2@4000", Fee(D("2.90"), "EUR"),
            id="contracts in a third currency",
        ),
        pytest.param(PercentCommission(D("0.1")), "250@40.20", Fee(D("10.05"), "USD"), id="0.1 % of 10,050"),
        pytest.param(PercentCommission(D(50)), "1@0.009", Fee(D("0.00"), "USD"), id="half of 0.009 rounded once"),
        pytest.param(PercentCommission(D("0.1"), D(5)), "10@10", Fee(D("5.00"), "USD"), id="percent, its minimum"),
        pytest.param(
            PercentCommission(D("0.1"), D(5), D(20)), "1000@100", Fee(D("20.00"), "USD"), id="percent, its maximum"
        ),
        pytest.param(
            MakerTakerCommission(D("0.02"), D("0.05")), "2@5000 maker", Fee(D("2.00"), "USD"), id="0.02 % for a maker"
        ),
        pytest.param(
            MakerTakerCommission(D("0.02"), D("0.05")), "2@5000 taker", Fee(D("5.00"), "USD"), id="0.05 % for a taker"
        ),
        pytest.param(
            MakerTakerCommission(D("-0.01"), D("0.05")), "2@5000 maker", Fee(D("-1.00"), "USD"), id="a rebate"
        ),
        pytest.param(
            MakerTakerCommission(D("-0.01"), D("0.05")), "1@1 maker", Fee(D("0.00"), "USD"), id="a rebate of nothing"
        ),
        pytest.param(
            PerShareCommission(D("0.005"), D(1), D("0.5")), "1000@100", Fee(D("5.00"), "USD"),
            id="the rate, between minimum and cap",
        ),
        pytest.param(
            PerShareCommission(D("0.005"), D(1), D("0.5")), "688@144.78", Fee(D("3.44"), "USD"),
            id="688 times 0.005",
        ),
        pytest.param(
            PerShareCommission(D("0.005"), D(1), D("0.5")), "100@144.77", Fee(D("1.00"), "USD"),
            id="0.50 is below the minimum",
        ),
        pytest.param(
            PerShareCommission(D("0.005"), D(1), D("0.5")), "1@386.5", Fee(D("1.00"), "USD"),
            id="0.005, of a cap of 1.93, is below the minimum",
        ),
        pytest.param(
            PerShareCommission(D("0.005"), D(1), D("0.5")), "1000@0.40", Fee(D("2.00"), "USD"),
            id="5.00 is above the cap of 0.5 % of 400",
        ),
        pytest.param(
            PerShareCommission(D("0.005"), D(1), D("0.5")), "100@0.40", Fee(D("1.00"), "USD"),
            id="a cap of 0.20 below the minimum",
        ),
        pytest.param(
            PerShareCommission(D("0.005"), maximum=D(20)), "10000@1", Fee(D("20.00"), "USD"), id="50.00 above the most"
        ),
        pytest.param(PercentCommission(D("0.002"), D(1)), "1@70000", Fee(D("1.40"), "USD"), id="0.002 % of 70,000"),
        pytest.param(PercentCommission(D("0.002"), D(1)), "1@100000", Fee(D("2.00"), "USD"), id="0.002 % of 100,000"),
        pytest.param(PercentCommission(D("0.002"), D(1)), "1@10000", Fee(D("1.00"), "USD"), id="0.20 below 1"),
    ],
)  # fmt: skip
def test_commission(commission: CommissionModel, fill: str, fee: Fee) -> None:
    assert fees(commission, [fill]) == [fee]


@pytest.mark.parametrize(
    ("code", "minimum", "fill", "fee"),
    [
        ("JPY", "40", "1@3000000", "60"),
        ("JPY", "40", "1@1000000", "40"),
        ("HKD", "10", "1@600000", "12.00"),
        ("HKD", "10", "1@200000", "10.00"),
    ],
)
def test_a_minimum_is_in_the_currency_of_the_price(code: str, minimum: str, fill: str, fee: str) -> None:
    instrument = an_instrument(currency=Currency.known(code))

    assert fees(PercentCommission(D("0.002"), D(minimum)), [fill], instrument) == [Fee(D(fee), code)]


# Commission: the fills of an order, and what was charged after each.


@pytest.mark.parametrize(
    ("commission", "fills", "charged"),
    [
        pytest.param(
            PerShareCommission(D("0.0075")), THREE, "1.73 3.00 3.75", id="a rate: 1.725 rounded, made good by the next"
        ),
        pytest.param(PerShareCommission(D("0.0075"), D("2.5")), THREE, "2.50 3.00 3.75", id="a minimum, soon exceeded"),
        pytest.param(PerShareCommission(D("0.0075"), D("3.5")), THREE, "3.50 3.50 3.75", id="a minimum for two fills"),
        pytest.param(PerShareCommission(D("0.0075"), D("5.5")), THREE, "5.50 5.50 5.50", id="a minimum for all"),
        pytest.param(PerShareCommission(D("0.05"), D(8)), EQUAL, "8.00 10.00 15.00", id="5.00 a fill, at least 8"),
        pytest.param(PerShareCommission(D("0.05"), D(12)), EQUAL, "12.00 12.00 15.00", id="5.00 a fill, at least 12"),
        pytest.param(PerShareCommission(D("0.05"), D(18)), EQUAL, "18.00 18.00 18.00", id="5.00 a fill, at least 18"),
        pytest.param(
            PerShareCommission(D("0.05"), maximum=D(8)), EQUAL, "5.00 8.00 8.00", id="a maximum over all fills"
        ),
        pytest.param(
            PerShareCommission(D("0.05"), cap_percent=D("0.1")), ("100@10", "100@100"), "1.00 10.00",
            id="a cap of 0.1 % of 1,000, then of 11,000 where 10.00 is less",
        ),
        pytest.param(PerContractCommission(D("0.01"), D("0.3")), THREE, "2.60 4.30 5.30", id="contracts: 0.30 once"),
        pytest.param(
            PerContractCommission(D("0.0075"), D("0.5")), THREE, "2.23 3.50 4.25", id="contracts: 2.225 goes up"
        ),
        pytest.param(
            PerContractCommission(D("0.01"), D("0.3"), D(3)), THREE, "3.00 4.30 5.30", id="contracts: at least 3"
        ),
        pytest.param(
            PerContractCommission(D("0.01"), D("0.3"), D(5)), THREE, "5.00 5.00 5.30", id="contracts: at least 5"
        ),
        pytest.param(
            PerContractCommission(D("0.01"), D("0.3"), D(7)), THREE, "7.00 7.00 7.00", id="contracts: at least 7"
        ),
        pytest.param(PerTradeCommission(D(10)), THREE, "10.00 10.00 10.00", id="a trade: once"),
        pytest.param(PercentCommission(D("0.15")), THREE, "34.50 60.26 75.56", id="percent: 34.5, 60.255, 75.555"),
        pytest.param(PercentCommission(D(1)), EQUAL, "10.00 20.00 30.00", id="percent: a hundredth of 1,000 thrice"),
        pytest.param(PercentCommission(D("0.1"), D(2)), EQUAL, "2.00 2.00 3.00", id="percent: at least 2"),
        pytest.param(PercentCommission(D("0.1"), D(0), D(2)), EQUAL, "1.00 2.00 2.00", id="percent: at most 2"),
        pytest.param(
            PercentCommission(D("0.25"), rounding=FeeRounding.UP), ("25@5.5", "25@5.5"), "0.35 0.69",
            id="0.34375 twice, up on the total: 0.35 and 0.34",
        ),
        pytest.param(
            PercentCommission(D("0.25"), rounding=FeeRounding.UP, basis=FeeBasis.FILL), ("25@5.5", "25@5.5"),
            "0.35 0.70", id="0.34375 twice, up on each fill",
        ),
        pytest.param(
            PerShareCommission(D("0.0075"), basis=FeeBasis.FILL), THREE, "1.73 3.01 3.76",
            id="1.725 and 1.275, each up: a cent more",
        ),
        pytest.param(
            PerShareCommission(D("0.05"), D("12.5"), basis=FeeBasis.FILL), EQUAL, "12.50 12.50 15.00",
            id="a minimum holds for the order also where fills are rounded",
        ),
        pytest.param(
            MakerTakerCommission(D("-0.01"), D("0.05")), ("1@1000", "1@1000 maker", "1@1000"), "0.50 0.40 0.90",
            id="maker among takers",
        ),
        pytest.param(
            CombinedCommission((PercentCommission(D("0.1")), PerTradeCommission(D(1)))), EQUAL, "2.00 3.00 4.00",
            id="a percentage, and a trade's once",
        ),
        pytest.param(
            CombinedCommission((PerShareCommission(D("0.001")), PerShareCommission(D("0.002")))), ("4@1",), "0.01",
            id="each part is rounded by itself: 0.004 and 0.008",
        ),
    ],
)  # fmt: skip
def test_commission_over_partial_fills(commission: CommissionModel, fills: tuple[str, ...], charged: str) -> None:
    totals, paid = [], D(0)
    for fee in fees(commission, fills):
        paid += fee.amount
        totals.append(str(paid))
    assert totals == charged.split()


TIERS = TieredCommission(
    (
        Tier(turnover=D(0), maker_percent=D("0.10"), taker_percent=D("0.20")),
        Tier(turnover=D(50_000), maker_percent=D("0.05"), taker_percent=D("0.15")),
        Tier(turnover=D(1_000_000), maker_percent=D("-0.01"), taker_percent=D("0.10")),
    )
)


@pytest.mark.parametrize(
    ("turnover", "fill", "fee"),
    [
        ("0", "10@100", "2.00"),
        ("0", "10@100 maker", "1.00"),
        ("49999.99", "10@100", "2.00"),
        ("50000", "10@100", "1.50"),
        ("999999.99", "10@100 maker", "0.50"),
        ("1000000", "10@100 maker", "-0.10"),
        ("49999.99", "1000@100", "200.00"),
    ],
)
def test_a_fill_is_charged_whole_at_the_tier_that_the_turnover_before_it_has_reached(
    turnover: str, fill: str, fee: str
) -> None:
    assert fees(TIERS, [fill], turnover=turnover) == [Fee(D(fee), "USD")]


@pytest.mark.parametrize(
    ("commission", "pair", "fill", "fee"),
    [
        pytest.param(
            PercentCommission(D("0.1"), currency=FeeUnit.BASE), a_pair(), "0.5@60000", Fee(D("0.00050000"), "BTC"),
            id="a thousandth of half a bitcoin",
        ),
        pytest.param(
            MakerTakerCommission(D("-0.01"), D("0.05"), currency=FeeUnit.BASE), a_pair(), "2@60000 maker",
            Fee(D("-0.00020000"), "BTC"), id="a rebate in bitcoin",
        ),
        pytest.param(
            PercentCommission(D("0.01"), currency=FeeUnit.BASE), a_pair("EUR", YEN, "1000"), "3@160",
            Fee(D("0.30"), "EUR"), id="three contracts of 1,000 euros",
        ),
        pytest.param(
            PerShareCommission(D("0.001"), D(0), D("0.01"), currency=FeeUnit.BASE), a_pair(), "2@60000",
            Fee(D("0.00020000"), "BTC"), id="a cap in percent of the quantity",
        ),
        pytest.param(
            PercentCommission(D("0.1"), currency=BTC), a_pair(), "0.5@60000", Fee(D("0.00050000"), "BTC"),
            id="the base by its code",
        ),
        pytest.param(
            PercentCommission(D("0.1"), currency=USD), a_pair(), "0.5@60000", Fee(D("30.00"), "USD"),
            id="the quote by its code",
        ),
    ],
)  # fmt: skip
def test_fees_in_the_base_are_parts_of_the_quantity(
    commission: CommissionModel, pair: Any, fill: str, fee: Fee
) -> None:
    assert fees(commission, [fill], pair) == [fee]
    assert commission.currency_of(pair).code == fee.currency


@pytest.mark.parametrize(
    ("rounding", "amount", "rounded"),
    [
        ("half_up", "0.004999", "0.00"),
        ("half_up", "0.005", "0.01"),
        ("half_up", "0.015", "0.02"),
        ("half_up", "0.025", "0.03"),
        ("half_up", "1", "1.00"),
        ("half_up", "-0.005", "0.00"),
        ("half_up", "-0.0051", "-0.01"),
        ("half_even", "0.025", "0.02"),
        ("half_even", "0.035", "0.04"),
        ("half_even", "-0.025", "-0.02"),
        ("up", "0.0001", "0.01"),
        ("up", "0.01", "0.01"),
        ("up", "-0.0199", "-0.01"),
        ("down", "0.0199", "0.01"),
        ("down", "-0.0001", "-0.01"),
    ],
)
def test_halves_of_a_fee_go_up(rounding: str, amount: str, rounded: str) -> None:
    assert str(FeeRounding(rounding).rounded(Decimal(amount), USD.quantum)) == rounded


def test_a_fill_brings_its_order_on() -> None:
    before = Progress(quantity=D(10), worth=D("1000.5"), fee=D("1.00"))
    execution = an_execution("2@3.005", a_pair(multiplier="100"), before=before)

    assert execution.after == Progress(quantity=D(12), worth=D("1601.5"), fee=D("1.00"))


@pytest.mark.parametrize(
    ("model", "values", "message"),
    [
        (FixedSlippage, [0], "slippage of 0 ticks; write 1 or more"),
        (BasisPointSlippage, [D(0)], "slippage basis_points is 0; write a number above zero and below 10000"),
        (BasisPointSlippage, [D(10_000)], "slippage basis_points is 10000"),
        (VolumeShareSlippage, [D(100)], "slippage impact_percent is 100; write a number above zero and below 100"),
        (SpreadShareSlippage, [D("-0.1")], r"slippage share is -0\.1; write a number above zero$"),
        (SpreadShareSlippage, [D("Infinity")], "slippage share is Infinity"),
        (SquareRootSlippage, [D("NaN")], "slippage coefficient_percent is NaN"),
        (CombinedSlippage, [()], "slippage of no models; name one or more"),
        (PerShareCommission, [D("-0.01")], r"commission rate is -0\.01; write zero or more"),
        (PerShareCommission, [D(1), D(-1)], "commission minimum is -1"),
        (PerShareCommission, [D(1), D(0), D(-1)], "commission cap_percent is -1"),
        (PerShareCommission, [D(1), D(2), None, D(1)], "commission maximum 1 is below the minimum 2"),
        (PercentCommission, [D("NaN")], "commission percent is NaN"),
        (PercentCommission, [D(1), D(2), D(1)], "commission maximum 1 is below the minimum 2"),
        (PerTradeCommission, [D(-1)], "commission amount is -1"),
        (PerContractCommission, [D(1), D(-1)], "commission exchange_fee is -1"),
        (MakerTakerCommission, [D("NaN"), D(1)], "commission maker_percent is NaN; write a number"),
        (MakerTakerCommission, [D(1), D(-1)], "commission taker_percent is -1"),
        (TieredCommission, [()], "commission tiers begin at a turnover of zero"),
        (TieredCommission, [TIERS.tiers[1:]], "commission tiers begin at a turnover of zero"),
        (TieredCommission, [(*TIERS.tiers, TIERS.tiers[1])], "a commission tier from 50000 follows one from 1000000"),
        (TieredCommission, [TIERS.tiers[:1] * 2], "a commission tier from 0 follows one from 0"),
        (CombinedCommission, [()], "commission of no models; name one or more"),
    ],
)
def test_costs_that_cannot_be_are_refused(model: Any, values: list[Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        model(*values)


@pytest.mark.parametrize(
    ("commission", "message"),
    [
        (PercentCommission(D(1), currency=FeeUnit.BASE), "AAA names no base currency to charge in"),
        (PercentCommission(D(1), currency=EUR), "no percentage of a trade of AAA is an amount of EUR"),
        (PerShareCommission(D(1), cap_percent=D(1), currency=EUR), "no percentage of a trade of AAA is an amount of"),
        (
            CombinedCommission((PercentCommission(D(1)), PerTradeCommission(D(1), currency=EUR))),
            "AAA would be charged in USD and in EUR; a fill has one fee",
        ),
    ],
)
def test_no_rate_of_exchange_is_ever_guessed(commission: CommissionModel, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fees(commission, ["1@100"])
