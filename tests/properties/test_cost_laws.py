"""What holds of every model of costs, whatever is traded."""

from decimal import ROUND_UP, Context, Decimal, Inexact, InvalidOperation, Rounded, localcontext

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from brokers.simulated.costs import (
    BasisPointSlippage,
    CombinedCommission,
    CombinedSlippage,
    CommissionModel,
    FeeRounding,
    FeeUnit,
    FixedSlippage,
    MakerTakerCommission,
    PercentCommission,
    PerContractCommission,
    PerShareCommission,
    PerTradeCommission,
    SlippageModel,
    SpreadShareSlippage,
    SquareRootSlippage,
    Taking,
    Tier,
    TieredCommission,
    VolumeShareSlippage,
)
from tests.cost_builders import a_pair, an_execution, fees
from tests.market_builders import an_instrument
from trading.money import ZERO, total
from trading.orders import Side

ROUGH = Context(prec=2, rounding=ROUND_UP, traps=[Inexact, InvalidOperation, Rounded])
"""Raises wherever a sum or product of more than two digits is made in it."""

PAIR = a_pair()
CENT = Decimal("0.01")


def decimals(least: str, most: str, places: int) -> st.SearchStrategy[Decimal]:
    return st.decimals(Decimal(least), Decimal(most), places=places)


rates, percents = decimals("0", "2", 4), decimals("0", "5", 4)
rebates = decimals("-0.5", "0.5", 4)
amounts = decimals("0", "20", 2)
either = st.sampled_from(FeeUnit)
quantities, prices = decimals("0.0001", "5000", 4), decimals("0.01", "5000", 3)


@st.composite
def tiers(draw: st.DrawFn) -> tuple[Tier, ...]:
    turnovers = draw(st.lists(decimals("1", "9999", 0), max_size=3, unique=True))
    return tuple(
        Tier(turnover=turnover, maker_percent=draw(rebates), taker_percent=draw(percents))
        for turnover in (ZERO, *sorted(turnovers))
    )


@st.composite
def bounded(draw: st.DrawFn, currency: st.SearchStrategy[FeeUnit] = either) -> PerShareCommission | PercentCommission:
    """One that has a minimum and perhaps a maximum."""
    minimum, more = draw(amounts), draw(st.none() | amounts)
    maximum = None if more is None else total((minimum, more))
    unit, rounding = draw(currency), draw(st.sampled_from(FeeRounding))
    if draw(st.booleans()):
        return PercentCommission(draw(percents), minimum, maximum, currency=unit, rounding=rounding)
    cap_percent = draw(st.none() | percents)
    return PerShareCommission(draw(rates), minimum, cap_percent, maximum, currency=unit, rounding=rounding)


def charged_as(currency: st.SearchStrategy[FeeUnit]) -> st.SearchStrategy[CommissionModel]:
    """Any one model, charged in that currency, rounded over the order."""
    terms = {"currency": currency, "rounding": st.sampled_from(FeeRounding)}
    return st.one_of(
        bounded(currency),
        st.builds(PerTradeCommission, amounts, **terms),
        st.builds(PerContractCommission, rates, amounts, amounts, **terms),
        st.builds(MakerTakerCommission, rebates, percents, **terms),
        st.builds(TieredCommission, tiers(), **terms),
    )


models = charged_as(either) | either.flatmap(
    lambda unit: st.builds(CombinedCommission, st.lists(charged_as(st.just(unit)), min_size=1, max_size=3).map(tuple))
)
shifts = st.one_of(
    st.builds(FixedSlippage, st.integers(1, 50)),
    st.builds(BasisPointSlippage, decimals("0.1", "9999", 1)),
    st.builds(VolumeShareSlippage, decimals("0.01", "99", 2)),
    st.builds(SpreadShareSlippage, decimals("0.01", "3", 2)),
    st.builds(SquareRootSlippage, decimals("0.01", "99", 2)),
)
slippages: st.SearchStrategy[SlippageModel] = shifts | st.builds(
    CombinedSlippage, st.lists(shifts, min_size=1, max_size=4).map(tuple)
)


@st.composite
def takings(draw: st.DrawFn) -> Taking:
    return Taking(
        instrument=an_instrument(tick=draw(st.sampled_from(["0.01", "0.05", "0.25", "0.00001"]))),
        side=draw(st.sampled_from(Side)),
        quantity=draw(quantities),
        on_offer=draw(st.none() | decimals("0", "9000", 2)),
        volume=draw(st.none() | decimals("0", "90000", 2)),
        used=draw(decimals("0", "900", 2)),
        spread=draw(st.none() | decimals("-0.1", "2", 3)),
    )


trades = st.lists(st.tuples(quantities, prices), min_size=1, max_size=6)


def paid(commission: CommissionModel, fills: list[str], turnover: str = "0") -> Decimal:
    return total(fee.amount for fee in fees(commission, fills, PAIR, turnover))


@given(models, st.lists(quantities, min_size=1, max_size=6), prices, st.sampled_from(["maker", "taker"]), amounts)
def test_an_order_pays_the_same_however_it_is_split(
    commission: CommissionModel, parts: list[Decimal], price: Decimal, liquidity: str, turnover: Decimal
) -> None:
    split = paid(commission, [f"{part}@{price} {liquidity}" for part in parts], str(turnover))
    assert split == paid(commission, [f"{total(parts)}@{price} {liquidity}"], str(turnover))


@given(bounded(), trades)
def test_an_order_pays_no_less_than_its_minimum_and_no_more_than_its_cap(
    commission: PerShareCommission | PercentCommission, made: list[tuple[Decimal, Decimal]]
) -> None:
    fills = [f"{quantity}@{price}" for quantity, price in made]
    for count in range(1, len(fills) + 1):
        so_far = paid(commission, fills[:count])
        assert so_far >= commission.minimum
        if commission.maximum is not None:
            assert so_far <= commission.maximum


@given(
    rates,
    percents,
    st.sampled_from(FeeRounding),
    trades,
)
def test_an_order_pays_no_more_than_its_share_of_the_worth(
    rate: Decimal, cap_percent: Decimal, rounding: FeeRounding, made: list[tuple[Decimal, Decimal]]
) -> None:
    commission = PerShareCommission(rate, ZERO, cap_percent, rounding=rounding)
    worth = sum((quantity * price for quantity, price in made), ZERO)
    cap = worth * cap_percent / 100
    assert paid(commission, [f"{quantity}@{price}" for quantity, price in made]) < cap + CENT


@given(models, trades)
def test_only_rebates_are_below_zero(commission: CommissionModel, made: list[tuple[Decimal, Decimal]]) -> None:
    fills = [f"{quantity}@{price} taker" for quantity, price in made]
    assert all(fee.amount >= 0 for fee in fees(commission, fills, PAIR))


@given(models, trades)
def test_fees_are_whole_numbers_of_the_quantum(
    commission: CommissionModel, made: list[tuple[Decimal, Decimal]]
) -> None:
    quantum = commission.currency_of(PAIR).quantum
    for fee in fees(commission, [f"{quantity}@{price}" for quantity, price in made], PAIR):
        assert fee.amount.as_tuple().exponent == quantum.as_tuple().exponent


@given(slippages, prices, takings())
def test_slippage_is_never_better_and_on_the_tick_where_it_is_worse(
    slippage: SlippageModel, price: Decimal, taking: Taking
) -> None:
    worse = slippage.worsen(price, taking)
    assert worse >= price if taking.side is Side.BUY else worse <= price
    assert worse > 0
    assert worse == price or taking.instrument.on_tick(worse)


@given(slippages, prices, takings(), quantities)
def test_more_never_trades_better_than_less(
    slippage: SlippageModel, price: Decimal, taking: Taking, more: Decimal
) -> None:
    larger = msgspec.structs.replace(taking, quantity=total((taking.quantity, more)))
    less, further = slippage.worsen(price, taking), slippage.worsen(price, larger)
    assert further >= less if taking.side is Side.BUY else further <= less


@given(st.lists(shifts, min_size=1, max_size=4), prices, takings())
def test_the_order_of_combined_slippages_does_not_matter(
    parts: list[SlippageModel], price: Decimal, taking: Taking
) -> None:
    forth, back = CombinedSlippage(tuple(parts)), CombinedSlippage(tuple(reversed(parts)))
    assert forth.worsen(price, taking) == back.worsen(price, taking)


@given(models, slippages, quantities, prices, takings())
def test_costs_do_not_depend_on_the_decimal_context(
    commission: CommissionModel, slippage: SlippageModel, quantity: Decimal, price: Decimal, taking: Taking
) -> None:
    first = an_execution(f"{quantity}@{price}", PAIR)
    executions = [first, an_execution(f"{quantity}@{price} maker", PAIR, before=first.after)]
    usual = [commission.fee(one) for one in executions], slippage.worsen(price, taking)
    with localcontext(ROUGH):
        assert first.after == executions[1].before
        assert ([commission.fee(one) for one in executions], slippage.worsen(price, taking)) == usual
