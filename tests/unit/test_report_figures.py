"""What a report reckons from a result, held against other ways to the same numbers; thinning and its laws."""

from datetime import date, timedelta
from itertools import pairwise
from statistics import mean, stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.research.report.figures import account_curve, by_month, drawdown, rolling_sharpe
from daemon.research.report.thinning import Point, in_milliseconds, thinned
from daemon.results.result import Curve, FlowLine, Result
from tests.research_builders import a_result
from tests.research_lines import an_empty_result
from trading.statistics import Returns
from trading.timestamps import MILLISECOND

points = st.lists(
    st.builds(Point, st.integers(0, 10**12), st.floats(-1e9, 1e9).map(lambda value: round(value, 2))), max_size=300
).map(lambda found: sorted(found, key=lambda point: point.ts_ns))


def days_of(result: Result) -> Returns:
    return account_curve(result).daily().returns()


def a_curve(*values: float, first: date = date(2024, 1, 30)) -> Curve:
    """One value at noon of each day."""
    return [(f"{first + timedelta(days=day)}T12:00:00Z", str(value)) for day, value in enumerate(values)]


def test_months_are_from_month_end_to_month_end() -> None:
    result = a_result()
    ends = {ts[:7]: float(value) for ts, value in result.equity}
    found = {
        f"{year.year}-{month:02d}": value for year in by_month(days_of(result)) for month, value in year.months.items()
    }
    months = [("", float(result.equity[0][1])), *ends.items()]
    assert found == {month: pytest.approx(end / before - 1) for (_, before), (month, end) in pairwise(months)}


def test_years_link_to_the_total_return() -> None:
    result = a_result()
    years = by_month(days_of(result))
    assert [year.year for year in years] == [2024, 2025]
    grown = (1 + (years[0].whole or 0)) * (1 + (years[1].whole or 0)) - 1
    assert grown == pytest.approx(result.metrics.total_return)


def test_midnight_is_of_the_month_that_it_ends() -> None:
    curve = [("2024-01-31T00:00:00Z", "100"), ("2024-02-01T00:00:00Z", "110"), ("2024-02-02T00:00:00Z", "99")]
    (year,) = by_month(days_of(an_empty_result(equity=curve)))
    assert year.months == {1: pytest.approx(0.1), 2: pytest.approx(-0.1)}


def test_a_deposit_is_no_return() -> None:
    deposit = FlowLine(ts="2024-02-01T00:00:00Z", strategy="", amount="1000", equity_before="110")
    given = an_empty_result(equity=a_curve(100, 110, 1110, 999), flows=[deposit])
    (year,) = by_month(days_of(given))
    assert year.months == {1: pytest.approx(0.1), 2: pytest.approx(-0.1)}
    assert [point.value for point in drawdown(account_curve(given))] == pytest.approx([0, 0, 0, -0.1])


def test_what_a_strategy_was_given_is_no_deposit_to_the_account() -> None:
    transfer = FlowLine(ts="2024-01-31T00:00:00Z", strategy="sma-aaa", amount="1000", equity_before="100")
    given = an_empty_result(equity=a_curve(100, 110), flows=[transfer])
    assert [point.value for point in drawdown(account_curve(given))] == [0.0, 0.0]
    assert list(days_of(given).values) == pytest.approx([0.1])


def test_the_drawdown_is_how_far_equity_is_below_its_peak() -> None:
    result = a_result()
    equity = [float(value) for _, value in result.equity]
    expected = [value / max(equity[: place + 1]) - 1 for place, value in enumerate(equity)]
    assert [point.value for point in drawdown(account_curve(result))] == pytest.approx(expected)


@pytest.mark.parametrize("values", [(), (100.0,), (0.0, 0.0)], ids=["none", "one point", "no capital"])
def test_without_a_return_there_is_nothing_to_draw(values: tuple[float, ...]) -> None:
    result = an_empty_result(equity=a_curve(*values))
    assert drawdown(account_curve(result)) == []
    assert by_month(days_of(result)) == []
    assert rolling_sharpe(days_of(result), 252.0).points == ()


def test_a_loss_of_more_than_all_ends_the_curve() -> None:
    fallen = drawdown(account_curve(an_empty_result(equity=a_curve(100, 50, -20, 40))))
    assert [point.value for point in fallen] == pytest.approx([0, -0.5, -1.2])


@pytest.mark.parametrize("days_of_a_year", [252.0, 365.0])
def test_a_rolling_ratio_is_that_of_each_window(days_of_a_year: float) -> None:
    result = a_result(days=200)
    days = days_of(result)
    found = rolling_sharpe(days, days_of_a_year)
    windows = [days.values[end - 63 : end] for end in range(63, len(days.values) + 1)]
    assert found.window == 63
    expected = [mean(window) / stdev(window) * days_of_a_year**0.5 for window in windows]
    assert [point.value for point in found.points] == pytest.approx(expected)
    assert [point.ts_ns for point in found.points] == days.times_ns[62:]


@pytest.mark.parametrize(("days", "window"), [(42, 0), (43, 21), (126, 21), (127, 63)])
def test_the_window_is_the_longest_that_fits_twice(days: int, window: int) -> None:
    assert rolling_sharpe(days_of(a_result(days=days)), 252.0).window == window


@given(points, st.integers(4, 40))
def test_thinned_points_are_few_and_keep_beginning_end_and_extremes(given: list[Point], most: int) -> None:
    kept = thinned(given, most)
    assert len(kept) <= most or len(kept) == len(given) <= most
    places = iter(given)
    assert all(point in places for point in kept), "not in order"
    if given:
        assert (kept[0], kept[-1]) == (given[0], given[-1])
        values = [point.value for point in kept]
        assert (min(values), max(values)) == (min(p.value for p in given), max(p.value for p in given))


@given(points)
def test_charts_get_times_that_rise(given: list[Point]) -> None:
    times, values = in_milliseconds(given)
    assert values == [point.value for point in given]
    assert all(one < other for one, other in pairwise(times))
    assert all(time >= point.ts_ns // MILLISECOND for time, point in zip(times, given, strict=True))
