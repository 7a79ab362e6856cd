"""The parts of a page that show figures: what it came to, by month, by strategy, what it cost, and of what run."""

import json
from collections.abc import Sequence
from math import ceil
from typing import Final, NamedTuple

import msgspec

from daemon.cli.tables import amount_of, cell, in_percent, in_two_digits, to_second
from daemon.research.report.figures import Year
from daemon.research.report.markup import Column, Markup, cut, element, listing, section
from daemon.results.result import Metrics, Result

MOST_WARNINGS: Final = 50
WARNING_LENGTH: Final = 1_000
MOST_STRATEGIES: Final = 200
CONFIG_LENGTH: Final = 200_000
WHERE_ALL_IS: Final = "the JSON of the run has all (--json)"

_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SHADES: Final = 4
_SHARES: Final = (
    "total_return",
    "cagr",
    "volatility",
    "max_drawdown",
    "value_at_risk",
    "alpha",
    "win_rate",
    "exposure",
)
_SIGNED: Final = ("net_profit", "total_return", "cagr", "expectancy")
_HEADLINE: Final = (
    "final_equity",
    "net_profit",
    "total_return",
    "cagr",
    "sharpe",
    "sortino",
    "max_drawdown",
    "volatility",
    "trades",
    "win_rate",
    "profit_factor",
    "fees",
)
_OF_A_STRATEGY: Final = ("final_equity", *_HEADLINE[1:6], "max_drawdown", "trades", "win_rate", "profit_factor", "fees")
_COSTS: Final = ("fees", "swap", "funding", "borrow", "interest", "dividends")
_FIGURES: Final = tuple(name for name in Metrics.__struct_fields__ if name != "trip")


class Book(NamedTuple):
    """The figures of a strategy, or of the account."""

    name: str
    metrics: Metrics


def heading(result: Result) -> Markup:
    """Which run this was, and whether anything ended it or a part of it early."""
    about = result.about
    sealed = [Book(name, one) for name, one in sorted(result.strategies.items()) if one.trip]
    notices = [f"Ended early: {about.ended}"] * bool(about.ended)
    notices += [f"The account was stopped: {result.metrics.trip}"] * bool(result.metrics.trip)
    notices += [f"Strategy {one.name} was sealed: {one.metrics.trip}" for one in sealed[:MOST_WARNINGS]]
    return element(
        "header",
        element("p", about.mode, class_="mode"),
        element("h1", about.run_id),
        element("p", f"{to_second(about.start)} to {to_second(about.end)} UTC, in {about.currency}"),
        *(element("p", cut(notice, WARNING_LENGTH), class_="notice") for notice in notices),
    )


def warnings(result: Result) -> Markup:
    """What the run warned of; empty where it did not."""
    if not result.warnings:
        return Markup()
    shown = [element("li", cut(warning, WARNING_LENGTH)) for warning in result.warnings[:MOST_WARNINGS]]
    return section(
        "warnings",
        "Warnings",
        of_all(len(shown), len(result.warnings), "warnings"),
        element("ul", *shown),
    )


def headline(result: Result) -> Markup:
    """The figures that are asked for first."""
    figures = [
        element(
            "div",
            element("dt", _title(name)),
            element("dd", _in_words(name, result.metrics, result.about.currency), class_=_sign(name, result.metrics)),
        )
        for name in _HEADLINE
    ]
    return section("figures", "Figures", element("dl", *figures, class_="figures"))


def months(years: Sequence[Year]) -> Markup:
    """Returns by year and month, each shaded by its size; empty where no day has a return."""
    if not years:
        return Markup()
    sizes = [abs(value) for year in years for value in year.months.values() if value is not None]
    largest = max(sizes, default=0.0)
    head = element("tr", *(element("th", name, scope="col") for name in ("Year", *_MONTHS, "Total")))
    rows = (
        element(
            "tr",
            element("th", str(year.year), scope="row"),
            *(_month(year.months.get(month), largest) for month in range(1, 13)),
            element("td", in_percent(year.whole), class_="number total"),
        )
        for year in years
    )
    table = element("table", element("thead", head), element("tbody", *rows), class_="months")
    scrolled = element("div", table, class_="scroll", tabindex="0", role="region", aria_label="Monthly returns")
    return section("months", "Monthly returns", scrolled)


def strategies(result: Result, chart: Markup) -> Markup:
    """A row for each strategy, and the account's; then all figures."""
    shown = _books(result)
    note = of_all(len(shown) - 1, len(result.strategies), "strategies")
    columns = [_NAME, *(_column(name) for name in _OF_A_STRATEGY)]
    whole = [
        _NAME,
        *(_column(name) for name in _FIGURES),
        Column("Sealed", lambda book: cell(book.metrics.trip), "long"),
    ]
    return section(
        "strategies",
        "Strategies",
        element("p", f"Money is in {result.about.currency}.", class_="note"),
        note,
        listing(shown, columns, name="Strategies"),
        chart,
        element("details", element("summary", "All figures"), listing(shown, whole, name="All figures")),
    )


def costs(result: Result) -> Markup:
    """What was paid and received beside prices."""
    return section(
        "costs",
        "Costs",
        element(
            "p",
            f"In {result.about.currency}. Fees are what was paid; all else is signed as cash is: negative was paid.",
            class_="note",
        ),
        listing(_books(result), [_NAME, *(_column(name) for name in _COSTS)], name="Costs"),
    )


def run(result: Result) -> Markup:
    """What it takes to run it again: config, data, versions."""
    about = result.about
    facts = (
        ("run", about.run_id),
        ("bulkhead", about.version),
        ("python", about.python),
        ("config", about.config_path),
        ("bars", str(result.metrics.bars)),
        ("events", str(result.metrics.events)),
        ("seconds", in_two_digits(result.metrics.seconds)),
    )
    data = json.dumps(msgspec.to_builtins(about.data), indent=2, ensure_ascii=False)
    return section(
        "run",
        "Run",
        element("dl", *(part for name, text in facts for part in _fact(name, text)), class_="facts"),
        element("details", element("summary", "Config"), element("pre", cut(about.config, CONFIG_LENGTH))),
        element("details", element("summary", "Data"), element("pre", cut(data, CONFIG_LENGTH))),
    )


def of_all(shown: int, count: int, what: str, which: str = "") -> Markup:
    """A note that a list is shortened, and where the rest is; empty where it is whole."""
    if shown >= count:
        return Markup()
    return element("p", f"{shown} of {count} {what}{which}; {WHERE_ALL_IS}.", class_="note")


def _books(result: Result) -> list[Book]:
    found = [Book(name, metrics) for name, metrics in sorted(result.strategies.items())]
    return [Book("account", result.metrics), *found[:MOST_STRATEGIES]]


def _column(name: str) -> Column:
    kind = "result" if name in _SIGNED else "number"
    return Column(_title(name), lambda book: _in_words(name, book.metrics), kind)


_NAME: Final = Column("Strategy", lambda book: book.name)


def _in_words(name: str, metrics: Metrics, currency: str = "") -> str:
    value = getattr(metrics, name)
    if name in _SHARES:
        return in_percent(value)
    if isinstance(value, float):
        return in_two_digits(value)
    return amount_of(value, currency) if currency and isinstance(value, str) else cell(value)


def _sign(name: str, metrics: Metrics) -> str:
    value = getattr(metrics, name)
    if name not in _SIGNED or value is None or not float(value):
        return "plain"
    return "loss" if float(value) < 0 else "gain"


def _month(value: float | None, largest: float) -> Markup:
    if value is None:
        return element("td", "")
    shade = ceil(_SHADES * abs(value) / largest) if largest else 0
    kind = "" if not shade else f" {'up' if value > 0 else 'down'}{shade}"
    return element("td", in_percent(value), class_=f"number{kind}")


def _fact(name: str, text: str) -> tuple[Markup, Markup]:
    return element("dt", name), element("dd", cell(text))


def _title(name: str) -> str:
    return {"cagr": "CAGR"}.get(name, name.replace("_", " ").capitalize())
