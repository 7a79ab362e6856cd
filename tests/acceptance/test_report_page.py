"""A report's page in a real browser, on a phone and on a desktop: it draws, zooms, sorts, and asks nobody."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.research.report.page import page, render
from daemon.results.result import Result
from tests.acceptance.browser import Browser, browsing
from tests.research_builders import a_hostile_result, a_large_result, a_result
from tests.research_lines import a_fill, a_trade, an_empty_result

PHONE = (390, 844)
DESKTOP = (1280, 900)
CHARTS = {"account": "l0", "strategies": "l1", "symbols": "l7"}
PLOT = "#chart-{} .plot"
SHOWN = "#chart-{} output"
ALL_DAYS = "2024-01-02 to 2025-12-29"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browsing(tmp_path_factory.mktemp("profile")) as found:
        yield found


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("page"), a_result())


def written(folder: Path, result: Result) -> Path:
    path = folder / "report.html"
    path.write_text(render(result), encoding="utf-8")
    return path


def is_calm(browser: Browser, path: Path) -> None:
    """No error, no exception, nothing asked of anybody, nothing beyond the screen's edge."""
    assert browser.complaints() == []
    assert {url for url in browser.asked_for(path) if not url.startswith("data:")} == {path.as_uri()}
    width, inner = browser.run("return [document.documentElement.scrollWidth, window.innerWidth]")
    assert width <= inner


def all_are_drawn(browser: Browser) -> None:
    """Each chart's line is there, in its colour."""
    browser.until(lambda: all(browser.pixels(PLOT.format(name), colour) > 200 for name, colour in CHARTS.items()))


def hovered(browser: Browser, plot: str, x: float, y: float, legend: str) -> str:
    """What the legend says with the mouse there."""
    browser.hover(plot, x, y)
    return browser.text(legend)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("screen", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_every_chart_is_drawn_and_nothing_complains(
    browser: Browser, report: Path, screen: tuple[int, int], dark: bool
) -> None:
    browser.open(report, *screen, touch=screen == PHONE, dark=dark)
    all_are_drawn(browser)
    assert {browser.text(SHOWN.format(name)) for name in CHARTS} == {ALL_DAYS}
    for colour in ("gain", "loss"):
        assert browser.pixels(PLOT.format("symbols"), colour) > 50
    is_calm(browser, report)


@pytest.mark.parametrize("name", CHARTS)
def test_dragging_looks_closer_and_a_double_click_shows_all(browser: Browser, report: Path, name: str) -> None:
    browser.open(report, *DESKTOP)
    plot, shown = PLOT.format(name), SHOWN.format(name)
    browser.until(lambda: browser.text(shown) == ALL_DAYS)
    browser.drag(plot, 0.25, 0.5)
    browser.until(lambda: browser.text(shown) != ALL_DAYS)
    begin, end = browser.text(shown).split(" to ")
    assert "2024-05-01" < begin < "2024-08-31"
    assert "2024-12-01" < end < "2025-03-31"
    browser.drag(plot, 0.6, 0.4, shift=True)
    browser.until(lambda: browser.text(shown) != f"{begin} to {end}")
    assert browser.text(shown) > f"{begin} to {end}", "moved to what is later"

    def asked_for_all() -> bool:
        """A busy machine may take two clicks for two."""
        browser.double_click(plot)
        return browser.text(shown) == ALL_DAYS

    browser.until(asked_for_all)
    is_calm(browser, report)


def test_on_a_phone_fingers_do_the_same(browser: Browser, report: Path) -> None:
    browser.open(report, *PHONE, touch=True)
    plot, shown = PLOT.format("account"), SHOWN.format("account")
    browser.until(lambda: browser.text(shown) == ALL_DAYS)
    browser.touch(plot, (0.45, 0.2), (0.5, 0.75))
    browser.until(lambda: browser.text(shown) != ALL_DAYS)
    pinched = browser.text(shown)
    browser.touch(plot, (0.3, 0.6))
    browser.until(lambda: browser.text(shown) != pinched)
    assert browser.text(shown) < pinched, "moved to what is earlier"
    browser.until(lambda: tapped_twice(browser, plot, shown) == ALL_DAYS)
    is_calm(browser, report)


def tapped_twice(browser: Browser, plot: str, shown: str) -> str:
    """What is shown after two taps. Those that a busy machine keeps too far apart are no double tap, and whoever is at
    the phone taps again."""
    browser.double_tap(plot)
    return browser.text(shown)


def test_charts_follow_the_system_into_the_dark(browser: Browser, report: Path) -> None:
    browser.open(report, *DESKTOP)
    all_are_drawn(browser)
    light = browser.run("return getComputedStyle(document.body).backgroundColor")
    browser.darken(dark=True)
    all_are_drawn(browser)
    assert browser.run("return getComputedStyle(document.body).backgroundColor") != light
    assert len(browser.run("return document.querySelectorAll('.plot')")) == len(CHARTS)
    is_calm(browser, report)


def test_a_symbol_is_chosen_and_its_trades_are_told(browser: Browser, tmp_path: Path) -> None:
    trade = a_trade(exit_ts="2024-01-04T21:00:00Z", exit_price="182.00")
    closes = [(f"2024-01-0{day}T21:00:00Z", 180.0 + day) for day in range(2, 7)]
    result = an_empty_result(
        fills=[a_fill(), a_fill(ts=trade.exit_ts, side="sell", price="182.00"), a_fill(symbol="BBB", price="7.5")],
        trades=[trade],
        prices={"AAA": closes},
    )
    path = written(tmp_path, result)
    browser.open(path, *DESKTOP)
    legend = "#chart-symbols .legend"
    browser.until(lambda: "AAA 186.00" in browser.text(legend))
    assert "1 round trips, 2 fills" in browser.text(legend)
    assert browser.pixels(PLOT.format("symbols"), "gain") > 20
    plot = browser.one(PLOT.format("symbols")).size
    heights = range(20, plot["height"] - 40, 12)
    told = [hovered(browser, PLOT.format("symbols"), plot["width"] * 0.47, y, legend) for y in heights]
    assert any("sma-aaa: buy 10, result 15.69 USD" in words for words in told)
    browser.run("const one = document.querySelector('select'); one.value = 1; one.dispatchEvent(new Event('change'))")
    browser.until(lambda: "BBB 7.5" in browser.text(legend))
    is_calm(browser, path)


def test_round_trips_are_sorted_by_a_click(browser: Browser, report: Path) -> None:
    browser.open(report, *DESKTOP)
    head = browser.texts("#trades th")
    place = head.index("Result") + 1
    cells, button = f"#trades td:nth-child({place})", f"#trades th:nth-child({place}) button"
    in_time = [float(text) for text in browser.texts(cells)]
    browser.one(button).click()
    assert [float(text) for text in browser.texts(cells)] == sorted(in_time)
    browser.one(button).click()
    assert [float(text) for text in browser.texts(cells)] == sorted(in_time, reverse=True)
    entered = head.index("Entry") + 1
    browser.one(f"#trades th:nth-child({entered}) button").click()
    moments = browser.texts(f"#trades td:nth-child({entered})")
    assert moments == sorted(moments)
    is_calm(browser, report)


@pytest.mark.parametrize(
    "result",
    [
        an_empty_result(),
        an_empty_result(equity=[("2024-01-02T21:00:00Z", "100")], fills=[a_fill()]),
        an_empty_result(equity=[(f"2024-01-02T21:00:00.{part:03d}Z", f"{100 + part % 7}") for part in range(500)]),
        a_hostile_result(),
    ],
    ids=["nothing", "one point", "half a second", "hostile words"],
)
@pytest.mark.parametrize("screen", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_odd_runs_are_shown_too(browser: Browser, tmp_path: Path, result: Result, screen: tuple[int, int]) -> None:
    path = written(tmp_path, result)
    browser.open(path, *screen, touch=screen == PHONE)
    assert browser.text("h1")
    assert browser.run("return window.hacked") is None
    is_calm(browser, path)


def test_a_hundred_thousand_fills_are_shown_on_a_phone(browser: Browser, tmp_path: Path) -> None:
    path = written(tmp_path, a_large_result())
    browser.open(path, *PHONE, touch=True)
    all_are_drawn(browser)
    is_calm(browser, path)


def test_without_the_charts_package_the_tables_are_there(browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(page(a_result(), None), encoding="utf-8")
    browser.open(path, *PHONE, touch=True)
    assert "install it with:" in browser.text("#equity")
    assert len(browser.texts("#trades tbody tr")) == 70
    is_calm(browser, path)
