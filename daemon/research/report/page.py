"""A run as one page: it needs no network, no server and nothing beside it."""

from typing import Final

from daemon.config.extras import install_hint
from daemon.research.report import assets, charts, lists, sections
from daemon.research.report.figures import account_curve, by_month, drawdown, rolling_sharpe
from daemon.research.report.markup import Markup, element, section
from daemon.results.result import Result

HINT: Final = (
    "Drag over a chart to look closer, drag with Shift to move, double-click to see all; on a touch screen pinch, move "
    "with one finger, tap twice. Times are UTC."
)
NOTICE: Final = "TradingView Lightweight Charts™, Copyright (c) 2025 TradingView, Inc., "
"""What the library's licence asks pages for, beside a link."""


def render(result: Result) -> str:
    """The page, as text: of one result and one chart library always the same."""
    return page(result, assets.chart_library())


def page(result: Result, library: str | None) -> str:
    """The page with the JavaScript of a chart library, or without charts."""
    curve = account_curve(result)
    days = curve.daily().returns()
    drawn: dict[str, list[charts.Chart]] = {}
    if library:
        rolling = rolling_sharpe(days, result.about.days_of_a_year)
        drawn = {
            "account": charts.account(result, drawdown(curve), rolling),
            "strategies": charts.strategies(result),
            "symbols": charts.symbols(result),
        }
    body = (
        sections.heading(result),
        sections.warnings(result),
        sections.headline(result),
        section("equity", "Equity", _how(result, library), _figure("account", "Equity over time", drawn)),
        sections.months(by_month(days)),
        sections.strategies(result, _figure("strategies", "Equity of the strategies", drawn)),
        section("market", "Trades", *_market(result, drawn), lists.fills(result)),
        sections.costs(result),
        lists.orders(result),
        lists.trades(result),
        lists.signals(result),
        sections.run(result),
        *([_attribution()] if library else []),
    )
    return _document(f"{result.about.mode} {result.about.run_id}", body, drawn, library)


def _document(title: str, body: tuple[Markup, ...], drawn: dict[str, list[charts.Chart]], library: str | None) -> str:
    scripts = [
        assets.own("tables.js"),
        *([library, assets.own("trades.js"), assets.own("charts.js")] if library else []),
    ]
    style = assets.own("report.css")
    head = (
        element("meta", charset="utf-8"),
        assets.policy(scripts, [style]),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("link", rel="icon", href="data:,"),
        element("title", title),
        assets.style(style),
    )
    data = [assets.data("chart-data", drawn)] if library else []
    run = [*data, *(assets.script(source) for source in scripts)]
    whole = element("html", element("head", *head), element("body", element("main", *body), *run), lang="en")
    return f"<!DOCTYPE html>\n{whole}\n"


def _how(result: Result, library: str | None) -> Markup:
    if not library:
        words = f"There are no charts: they need the package {assets.PACKAGE}; {install_hint(assets.PACKAGE)}"
    elif not result.equity:
        words = "No equity was recorded."
    else:
        words = HINT
    return element("p", words, class_="note")


def _figure(name: str, label: str, drawn: dict[str, list[charts.Chart]]) -> Markup:
    """Where a chart is drawn; empty where there is nothing to draw."""
    return element("figure", id=f"chart-{name}", aria_label=label) if drawn.get(name) else Markup()


def _market(result: Result, drawn: dict[str, list[charts.Chart]]) -> tuple[Markup, ...]:
    if not result.fills:
        return (element("p", "Nothing was traded.", class_="note"), _figure("symbols", "Prices", drawn))
    shown, count = len(drawn.get("symbols", ())), len(charts.priced(result))
    note = sections.of_all(shown, count, "symbols", ", the most traded ones") if drawn else Markup()
    return (note, _figure("symbols", "Prices and what was traded at them", drawn))


def _attribution() -> Markup:
    link = element("a", "tradingview.com", href="https://www.tradingview.com/", rel="noopener noreferrer")
    return element("footer", element("p", "Charts: ", NOTICE, "Apache License 2.0, ", link))
