"""Equity and flows to returns, worked out by hand. Times are whole days unless they say otherwise."""

import math
from collections.abc import Sequence

import pytest

from trading.statistics import EquityCurve, Flow, Returns, in_common
from trading.timestamps import DAY, HOUR

DAY_ONE = 19_000 * DAY


def curve(*values: float, flows: Sequence[tuple[float, float, float]] = ()) -> EquityCurve:
    """A value at each midnight; a flow is when, in days, how much, and the equity just before."""
    return EquityCurve(
        times_ns=[DAY_ONE + n * DAY for n in range(len(values))],
        values=values,
        flows=[
            Flow(ts_ns=DAY_ONE + round(at * DAY), amount=amount, equity_before=before) for at, amount, before in flows
        ],
    )


def by_day(*values: float, start: int = 0) -> Returns:
    """A return a day; the base is the end of the day `start`."""
    times_ns = [DAY_ONE + (start + n) * DAY for n in range(len(values) + 1)]
    return Returns(start_ns=times_ns[0], times_ns=times_ns[1:], values=values)


@pytest.mark.parametrize(
    ("equity", "returns"),
    [
        pytest.param(curve(), [], id="nothing"),
        pytest.param(curve(100), [], id="a beginning only"),
        pytest.param(curve(100, 110, 99), [0.10, -0.10], id="no flows"),
        pytest.param(curve(100, 210, flows=[(0.5, 100, 105)]), [1.05 * (210 / 205) - 1], id="a deposit is no gain"),
        pytest.param(curve(100, 200, flows=[(0.5, 100, 100)]), [0.0], id="a deposit alone earns nothing"),
        pytest.param(curve(100, 50, flows=[(1, -60, 110)]), [0.10], id="a sample at a flow's time is after it"),
        pytest.param(
            curve(100, 330, flows=[(0.25, 100, 100), (0.5, 100, 210), (0.5, -10, 310)]),
            [1.00 * 1.05 * 1.00 * 1.10 - 1],
            id="flows of one time are taken in turn",
        ),
        pytest.param(curve(100, 120, 120, flows=[(0, 50, 50)]), [0.2, 0.0], id="a first flow is what was there"),
        pytest.param(curve(100, 120, flows=[(1.5, 50, 120)]), [0.2], id="a flow after the last sample is in no period"),
        pytest.param(curve(100, 100 + 2e-14, 100), [0.0, 0.0], id="rounding is no return"),
        pytest.param(curve(100, 0), [-1.0], id="all is lost"),
        pytest.param(curve(100, 0, 0, 0), [-1.0], id="nothing earns nothing, which is no return"),
        pytest.param(curve(100, -50, -40), [-1.5], id="debt earns no return"),
        pytest.param(curve(0, 0, 5), [], id="without capital there is no return"),
        pytest.param(curve(0, 110, flows=[(0.5, 100, 0)]), [0.10], id="capital that comes later earns from then on"),
        pytest.param(curve(100, 55, flows=[(0.5, 100, -50)]), [-1.5], id="what follows a loss of all earns nothing"),
        pytest.param(curve(100, -50, 110, flows=[(1.5, 150, -50)]), [-1.5, 0.10], id="refunded after a loss of all"),
        pytest.param(curve(100, 0, 0, flows=[(0.5, -110, 110)]), [0.10], id="all is withdrawn"),
    ],
)
def test_a_curve_gives_its_returns(equity: EquityCurve, returns: list[float]) -> None:
    assert equity.returns().values == pytest.approx(returns, rel=1e-12, abs=0.0)


def test_returns_carry_the_times_of_their_periods() -> None:
    assert curve(100, 0, 0, 125, 250, flows=[(2.5, 100, 0)]).returns() == Returns(
        start_ns=DAY_ONE,
        times_ns=[DAY_ONE + DAY, DAY_ONE + 3 * DAY, DAY_ONE + 4 * DAY],
        values=[-1.0, 0.25, 1.0],
    )
    assert curve().returns() == Returns(start_ns=0, times_ns=[], values=[])


def test_what_was_deposited_is_what_came_between_first_and_last_sample() -> None:
    assert curve(100, 90, flows=[(0, 7, 93), (0.5, 20, 100), (1, -30, 120), (1.1, 1, 90)]).deposited == -10
    assert curve(flows=[(0, 7, 93)]).deposited == 0


@pytest.mark.parametrize(
    ("hours", "offset_hours", "kept"),
    [
        pytest.param([], 0, [], id="nothing"),
        pytest.param([9], 0, [9], id="one sample"),
        pytest.param([9, 12, 16], 0, [9, 16], id="the first day has a beginning and an end"),
        pytest.param([0, 12, 16], 0, [0, 16], id="what midnight began with"),
        pytest.param([9, 24, 25], 0, [9, 24, 25], id="midnight is of the day that it ends"),
        pytest.param([9, 16, 16, 80, 81], 0, [9, 16, 81], id="days without data are none"),
        pytest.param([9, 18, 20, 40], 5, [9, 18, 40], id="midnight five hours ahead"),
        pytest.param([9, 26, 28, 40], -4, [9, 28, 40], id="midnight four hours behind"),
    ],
)
def test_a_day_is_its_last_value(hours: list[int], offset_hours: int, kept: list[int]) -> None:
    equity = EquityCurve(
        times_ns=[DAY_ONE + hour * HOUR for hour in hours], values=[float(index) for index in range(len(hours))]
    )

    daily = equity.daily(offset_hours * HOUR)

    assert [(ts_ns - DAY_ONE) // HOUR for ts_ns in daily.times_ns] == kept
    last_of = {hour: float(index) for index, hour in enumerate(hours)}
    assert list(daily.values) == [last_of[hour] for hour in kept]


def test_a_day_with_a_flow_is_linked_over_all_of_its_samples() -> None:
    flow = Flow(ts_ns=DAY_ONE + 12 * HOUR, amount=900.0, equity_before=110.0)
    whole = EquityCurve(
        times_ns=[DAY_ONE + hour * HOUR for hour in (9, 11, 12, 16)], values=[100, 104, 1010, 1111], flows=[flow]
    )

    assert whole.daily().returns().values == pytest.approx([1.1 * 1.1 - 1])


@pytest.mark.parametrize(
    ("times_ns", "values", "flows", "problem"),
    [
        ([1, 2], [1.0], [], "2 times for 1 values; there must be as many"),
        ([1, 2], [1.0, math.nan], [], "equity 1 is nan; it must be a finite number"),
        ([1, 2], [math.inf, 1.0], [], "equity 0 is inf; it must be a finite number"),
        ([2, 1], [1.0, 1.0], [], "equity 1 is of 1, before the one at 2; times must not go back"),
        ([1], [1.0], [Flow(ts_ns=1, amount=math.inf, equity_before=0)], "flow 0 is inf; it must be a finite number"),
        ([1], [1.0], [Flow(ts_ns=1, amount=1, equity_before=math.nan)], "equity before flow 0 is nan; it must be"),
        (
            [1],
            [1.0],
            [Flow(ts_ns=2, amount=1, equity_before=1), Flow(ts_ns=1, amount=1, equity_before=1)],
            "flow 1 is of 1, before the one at 2",
        ),
    ],
)
def test_what_cannot_be_is_refused(times_ns: list[int], values: list[float], flows: list[Flow], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        EquityCurve(times_ns=times_ns, values=values, flows=flows)


def test_a_return_that_no_float_can_hold_is_refused() -> None:
    with pytest.raises(ValueError, match="return 0 is inf"):
        curve(1e-300, 1e300).returns()


@pytest.mark.parametrize(
    ("own", "benchmark", "wanted"),
    [
        pytest.param(by_day(0.1, 0.2), by_day(0.3, 0.4), ([0.1, 0.2], [0.3, 0.4]), id="the same days"),
        pytest.param(by_day(), by_day(0.3, 0.4), ([], []), id="one is empty"),
        pytest.param(by_day(0.1), by_day(0.3, start=5), ([], []), id="nothing in common"),
        pytest.param(by_day(0.1, 0.2, 0.3), by_day(0.4, 0.5, start=1), ([0.2, 0.3], [0.4, 0.5]), id="one begins later"),
        pytest.param(
            by_day(0.1, 0.2, 0.5),
            Returns(start_ns=DAY_ONE, times_ns=[DAY_ONE + DAY, DAY_ONE + 3 * DAY], values=[0.3, 0.4]),
            ([0.1, 1.2 * 1.5 - 1], [0.3, 0.4]),
            id="a day that one lacks is linked in the other",
        ),
        pytest.param(
            Returns(start_ns=DAY_ONE + HOUR, times_ns=[DAY_ONE + DAY, DAY_ONE + 2 * DAY], values=[0.1, 0.2]),
            by_day(0.3, 0.4),
            ([0.2], [0.4]),
            id="the day on which one begins counts from its end",
        ),
        pytest.param(
            Returns(start_ns=DAY_ONE, times_ns=[DAY_ONE + h * HOUR for h in (10, 20, 48)], values=[0.1, 0.2, 0.5]),
            by_day(0.3, 0.4),
            ([1.1 * 1.2 - 1, 0.5], [0.3, 0.4]),
            id="parts of a day are linked",
        ),
        pytest.param(
            by_day(-1.0, 0.5, 0.2),
            Returns(start_ns=DAY_ONE, times_ns=[DAY_ONE + 2 * DAY, DAY_ONE + 3 * DAY], values=[0.3, 0.4]),
            ([-1.0, 0.2], [0.3, 0.4]),
            id="within a period what follows a loss of all earns nothing",
        ),
    ],
)
def test_two_series_are_brought_to_the_same_periods(
    own: Returns, benchmark: Returns, wanted: tuple[list[float], list[float]]
) -> None:
    ours, theirs = in_common(own, benchmark)

    assert ours == pytest.approx(wanted[0])
    assert theirs == pytest.approx(wanted[1])
