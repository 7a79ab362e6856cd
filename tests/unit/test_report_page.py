"""The page of a run: its numbers are the result's, its texts mean nothing to a browser, its size has a bound."""

import hashlib
import os
import re
import subprocess
import sys
from base64 import b64encode
from decimal import Decimal
from pathlib import Path

import pytest
from msgspec.structs import replace

from daemon.research.report import assets
from daemon.research.report.lists import largest
from daemon.research.report.page import page, render
from daemon.results.result import Result
from tests.page_reader import Element, chart_data, read
from tests.research_builders import HOSTILE, a_hostile_result, a_large_result, a_result
from tests.research_lines import a_fill, a_trade, an_about, an_empty_result, an_order, some_metrics

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import hashlib, sys
from daemon.research.report.page import render
from tests.research_builders import a_result
print(hashlib.sha256(render(a_result(days=60)).encode()).hexdigest())
assert "litecharts" not in sys.modules
"""


@pytest.fixture(scope="module")
def result() -> Result:
    return a_result()


@pytest.fixture(scope="module")
def shown(result: Result) -> Element:
    return read(render(result))


@pytest.fixture(scope="module")
def large() -> Result:
    return a_large_result()


@pytest.fixture(scope="module")
def shown_large(large: Result) -> Element:
    text = render(large)
    assert len(text.encode()) < 3_000_000
    return read(text)


def test_the_first_figures_are_the_results(shown: Element, result: Result) -> None:
    metrics = result.metrics
    assert shown.named("figures").facts() == {
        "Final equity": f"{metrics.final_equity} USD",
        "Net profit": f"{metrics.net_profit} USD",
        "Total return": f"{metrics.total_return:.2%}",
        "CAGR": f"{metrics.cagr:.2%}",
        "Sharpe": f"{metrics.sharpe:.2f}",
        "Sortino": f"{metrics.sortino:.2f}",
        "Max drawdown": f"{metrics.max_drawdown:.2%}",
        "Volatility": f"{metrics.volatility:.2%}",
        "Trades": str(metrics.trades),
        "Win rate": f"{metrics.win_rate:.2%}",
        "Profit factor": f"{metrics.profit_factor:.2f}",
        "Fees": f"{metrics.fees} USD",
    }


def test_every_strategy_has_a_row_after_the_accounts(shown: Element, result: Result) -> None:
    head, *rows = shown.named("strategies").rows()
    assert [row[0] for row in rows] == ["account", *sorted(result.strategies)]
    for row in rows:
        metrics = result.strategies.get(row[0], result.metrics)
        found = dict(zip(head, row, strict=True))
        assert found["Final equity"] == metrics.final_equity
        assert found["Total return"] == f"{metrics.total_return:z.2%}"
        assert (found["Trades"], found["Fees"]) == (str(metrics.trades), metrics.fees)


def test_all_figures_are_there_folded(shown: Element, result: Result) -> None:
    head, account, *_ = shown.named("strategies").rows(1)
    assert dict(zip(head, account, strict=True))["Bars"] == str(result.metrics.bars)
    assert len(head) == 1 + len(result.metrics.__struct_fields__)


def test_costs_are_the_results(shown: Element, result: Result) -> None:
    head, *rows = shown.named("costs").rows()
    assert head == ["Strategy", "Fees", "Swap", "Funding", "Borrow", "Interest", "Dividends"]
    of_all = [("account", result.metrics), *sorted(result.strategies.items())]
    assert rows == [
        [name, one.fees, one.swap, one.funding, one.borrow, one.interest, one.dividends] for name, one in of_all
    ]


def test_months_stand_by_year_with_totals(shown: Element) -> None:
    head, *rows = shown.named("months").rows()
    assert (head[0], head[1], head[12], head[13]) == ("Year", "Jan", "Dec", "Total")
    assert [row[0] for row in rows] == ["2024", "2025"]
    for row in rows:
        grown = Decimal(1)
        for month in row[1:13]:
            grown *= 1 + Decimal(month.rstrip("%")) / 100
        assert float(grown - 1) == pytest.approx(float(row[13].rstrip("%")) / 100, abs=0.001)


def test_rejected_orders_come_first_with_code_and_reason(shown: Element, result: Result) -> None:
    orders = shown.named("orders")
    refused = [order for order in result.orders if order.state == "rejected"]
    assert f"{len(result.orders)} orders, {len(refused)} rejected." in orders.text
    assert orders.rows(0)[1] == ["max_order_notional", str(len(refused)), refused[0].reason]
    head, *rows = orders.rows(1)
    listed = [dict(zip(head, row, strict=True)) for row in rows]
    assert len(listed) == len(result.orders)
    assert [(row["State"], row["Reason"]) for row in listed[: len(refused)]] == [
        ("rejected", order.reason) for order in refused
    ]
    assert {row["State"] for row in listed[len(refused) :]} == {"filled"}


def test_round_trips_are_the_results(shown: Element, result: Result) -> None:
    head, *rows = shown.named("trades").rows()
    place = head.index("Result")
    assert [row[place] for row in rows] == [trade.pnl for trade in result.trades]
    assert all(header.all("button") for header in shown.named("trades").all("th"))


def test_signals_are_counted(shown: Element, result: Result) -> None:
    _, *rows = shown.named("signals").rows()
    assert sum(int(row[2]) for row in rows) == len(result.signals)
    assert sum(int(row[4]) for row in rows) == result.metrics.rejected
    assert all(int(row[2]) == int(row[3]) + int(row[4]) for row in rows)


def test_config_data_and_versions_are_there(shown: Element, result: Result) -> None:
    run = shown.named("run")
    assert run.all("pre")[0].text == result.about.config
    assert '"rows": 1560' in run.all("pre")[1].text
    facts = run.facts()
    assert (facts["bulkhead"], facts["python"], facts["config"]) == ("0.1.0", "3.11.9", "config.yaml")


def test_warnings_and_what_ended_stand_at_the_top() -> None:
    stopped = an_empty_result(
        about=an_about(ended="stopped by a signal"),
        strategies={"sma-aaa": some_metrics(trip="3 errors in a row"), "rsi-bbb": some_metrics()},
        warnings=["no bar of BBB"],
    )
    shown = read(render(stopped))
    (header,) = shown.all("header")
    assert "Ended early: stopped by a signal" in header.text
    assert "Strategy sma-aaa was sealed: 3 errors in a row" in header.text
    assert "rsi-bbb" not in header.text
    assert shown.named("warnings").all("li")[0].text == "no bar of BBB"


def test_the_chart_shows_equity_drawdown_exposure_and_the_rolling_ratio(shown: Element, result: Result) -> None:
    panes = {pane["title"]: pane for pane in chart_data(shown)["account"]}
    assert list(panes) == ["Equity", "Drawdown", "Exposure", "Sharpe, 63 days"]
    assert panes["Equity"]["values"] == [float(value) for _, value in result.equity]
    assert min(panes["Drawdown"]["values"]) == pytest.approx(result.metrics.max_drawdown)
    assert panes["Equity"]["times"][0] == 1_704_229_200_000
    assert [line["title"] for line in chart_data(shown)["strategies"]] == sorted(result.strategies)


def test_trades_stand_at_their_symbols_prices(shown: Element, result: Result) -> None:
    symbols = {one["title"]: one for one in chart_data(shown)["symbols"]}
    assert symbols.keys() == {"AAA", "BBB", "EURUSD"}
    for name, one in symbols.items():
        trades = [trade for trade in result.trades if trade.symbol == name]
        assert one["values"] == [close for _, close in result.prices[name]]
        assert [trade[4] for trade in one["trades"]] == [int(Decimal(trade.pnl) > 0) for trade in trades]
        fills = [float(fill.price) for fill in result.fills if (fill.symbol, fill.side) == (name, "buy")]
        assert one["buy"]["values"] == fills
    assert (symbols["AAA"]["decimals"], symbols["EURUSD"]["decimals"]) == (2, 5)


def test_where_there_are_no_prices_the_fills_own_are_shown() -> None:
    fills = [a_fill(), a_fill(ts="2024-01-05T21:00:00Z", side="sell", price="182.00")]
    (symbol,) = chart_data(read(render(an_empty_result(fills=fills, trades=[a_trade()]))))["symbols"]
    assert (symbol["values"], symbol["decimals"]) == ([180.25, 182.0], 2)


@pytest.mark.parametrize(
    ("prices", "decimals"), [(("100", "1E+2"), 0), (("100.50", "99"), 1), (("0.00001234567", "1"), 8)]
)
def test_prices_have_the_decimals_that_they_need(prices: tuple[str, ...], decimals: int) -> None:
    fills = [a_fill(price=price) for price in prices]
    (of_fills,) = chart_data(read(render(an_empty_result(fills=fills))))["symbols"]
    closes = {"AAA": [(fill.ts, float(fill.price) + 1e-13) for fill in fills]}
    (of_closes,) = chart_data(read(render(an_empty_result(prices=closes))))["symbols"]
    assert (of_fills["decimals"], of_closes["decimals"]) == (decimals, decimals)


@pytest.mark.parametrize(
    ("result", "figures"),
    [
        (an_empty_result(), set()),
        (an_empty_result(equity=[("2024-01-02T21:00:00Z", "100")]), {"chart-account"}),
        (an_empty_result(fills=[a_fill()], orders=[an_order()]), {"chart-symbols"}),
        (an_empty_result(prices={"AAA": [("2024-01-02T21:00:00Z", 1.0)]}), {"chart-symbols"}),
        (an_empty_result(prices={"AAA": []}, trades=[a_trade()]), set()),
        (an_empty_result(curves={"sma-aaa": [], "rsi-bbb": [("2024-01-02T21:00:00Z", "1")]}), {"chart-strategies"}),
    ],
    ids=["nothing", "one point", "an open position", "prices only", "no price at all", "a curve without points"],
)
def test_what_is_not_there_is_left_out(result: Result, figures: set[str]) -> None:
    shown = read(render(result))
    assert {figure.attributes["id"] for figure in shown.all("figure")} == figures
    assert shown.has("run")


def test_the_words_for_nothing() -> None:
    text = read(render(an_empty_result())).text
    for words in ("No equity", "Nothing was traded", "No order was made", "No position was closed", "No signal was"):
        assert words in text


def test_hostile_words_are_only_words() -> None:
    text = render(a_hostile_result())
    shown = read(text)
    scripts = shown.all("script")
    assert [script.attributes for script in scripts] == [
        {"type": "application/json", "id": "chart-data"},
        {},
        {},
        {},
        {},
    ]
    assert text.count("</script") == len(scripts)
    assert shown.all("img") == []
    assert not any(name.startswith("on") for element in shown.within() for name in element.attributes)
    assert shown.named("warnings").all("li")[0].text == HOSTILE
    assert shown.named("run").all("pre")[0].text == HOSTILE
    assert shown.named("orders").rows(1)[1][9:11] == [HOSTILE, HOSTILE]
    drawn = chart_data(shown)
    assert (drawn["symbols"][0]["title"], drawn["strategies"][0]["title"]) == (HOSTILE, HOSTILE)


def test_what_no_page_can_hold_is_marked() -> None:
    shown = read(render(a_hostile_result("a\x00b\x1b[31m\ud800c")))
    assert shown.named("warnings").all("li")[0].text == "a\ufffdb\ufffd[31m\ufffdc"
    assert chart_data(shown)["strategies"][0]["title"] == "a\ufffdb\ufffd[31m\ufffdc"


def test_the_page_asks_nobody_and_runs_only_its_own_scripts(shown: Element) -> None:
    assert {name for element in shown.within() for name in element.attributes} & {"src", "srcset", "action"} == set()
    links = [element.attributes["href"] for element in shown.within() if "href" in element.attributes]
    assert links == ["data:,", "https://www.tradingview.com/"]
    (style,) = shown.all("style")
    assert not re.search(r"url\(|@import", style.text)
    run = [script.text for script in shown.all("script") if "type" not in script.attributes]
    policy = shown.all("meta")[1].attributes["content"].split("; ")
    hashed = [f"'sha256-{b64encode(hashlib.sha256(source.encode()).digest()).decode()}'" for source in run]
    assert policy[:3] == ["default-src 'none'", "img-src data:", f"script-src {' '.join(hashed)}"]
    assert "unsafe" not in "".join(policy)


def test_without_the_charts_package_there_are_tables_and_how_to_install_it(result: Result) -> None:
    shown = read(page(result, None))
    assert "install it with:" in shown.named("equity").text
    assert "litecharts" in shown.named("equity").text
    assert shown.all("figure") == []
    assert not shown.has("chart-data")
    assert len(shown.all("script")) == 1
    assert len(shown.named("trades").rows()) == len(result.trades) + 1


def test_long_lists_are_shortened_and_say_so(shown_large: Element) -> None:
    said = shown_large.text
    for words in (
        "500 of 100000 orders, rejected ones first",
        "500 of 50000 round trips, those with the largest results, won or lost",
        "500 of 100000 fills, the first ones",
        "50 of 1000 warnings",
        "the JSON of the run has all (--json)",
    ):
        assert words in said
    assert "100000 orders, 33334 rejected." in said
    assert max(len(table.all("tr")) for table in shown_large.all("table")) == 501
    assert max(len(cell.text) for cell in shown_large.all("td")) == 301


def test_the_round_trips_that_are_listed_are_the_largest(shown_large: Element, large: Result) -> None:
    head, *rows = shown_large.named("trades").rows()
    listed = [abs(Decimal(row[head.index("Result")])) for row in rows]
    sizes = sorted((abs(Decimal(trade.pnl)) for trade in large.trades), reverse=True)
    assert sorted(listed, reverse=True) == sizes[:500]
    exits = [row[head.index("Exit")] for row in rows]
    assert exits == sorted(exits)


def test_thinned_charts_keep_their_extremes(shown_large: Element, large: Result) -> None:
    equity = [float(value) for _, value in large.equity]
    drawn = chart_data(shown_large)
    values = drawn["account"][0]["values"]
    assert len(values) <= 1_500
    assert (min(values), max(values), values[0], values[-1]) == (min(equity), max(equity), equity[0], equity[-1])
    assert len(drawn["strategies"]) == 16
    (symbol,) = drawn["symbols"]
    assert (symbol["fills_in_all"], symbol["trades_in_all"]) == (100_000, 50_000)
    assert len(symbol["trades"]) <= 600
    (best,) = largest([trade for trade in large.trades if Decimal(trade.pnl) > 0], 1)
    assert any(best.pnl in trade[5] for trade in symbol["trades"])


def test_of_many_symbols_the_most_traded_are_shown() -> None:
    fills = [a_fill(symbol=f"S{number:02d}") for number in range(50) for _ in range(number + 1)]
    shown = read(render(an_empty_result(fills=fills)))
    assert [one["title"] for one in chart_data(shown)["symbols"]] == [f"S{number:02d}" for number in range(49, 9, -1)]
    assert "40 of 50 symbols, the most traded ones" in shown.named("market").text


def test_the_same_result_makes_the_same_page_whatever_the_hash_seed() -> None:
    digests = set()
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": seed}
        command = [sys.executable, "-P", "-c", PROGRAM]
        digests.add(subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout)
    assert digests == {hashlib.sha256(render(a_result(days=60)).encode()).hexdigest() + "\n"}


def test_the_library_is_read_from_the_installed_package() -> None:
    library = assets.chart_library()
    assert library is not None
    assert "TradingView Lightweight Charts" in library[:200]


def test_without_the_package_there_is_no_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assets, "PACKAGE", "a-package-that-nobody-installed")
    assert assets.chart_library() is None


def test_a_script_in_the_library_cannot_end_the_pages(result: Result) -> None:
    shown = read(page(replace(result, fills=()), 'say("</script><!-- <script>")'))
    assert len(shown.all("script")) == 5
