"""A run in one look at a terminal."""

from pathlib import Path

from daemon.research.report.summary import summary
from tests.research_builders import a_result
from tests.research_lines import a_refused_order, an_about, an_empty_result, some_metrics


def test_a_run_in_one_look() -> None:
    assert summary(a_result()) == (
        "STRATEGY      RETURN  DRAWDOWN  SHARPE  TRADES     WON     FEES\n"
        "rsi-bbb       46.24%    -7.06%    1.76      22  68.18%   909.68\n"
        "sma-aaa       22.46%    -9.50%    0.89      24  58.33%   954.25\n"
        "trend-eurusd  -0.59%    -7.94%   -0.04      24  62.50%   946.90\n"
        "account       22.70%    -3.95%    1.78      70  62.86%  2810.83\n"
        "\n"
        "backtest  bt-0001\n"
        "period    2024-01-02 21:00:00 to 2025-12-29 21:00:00\n"
        "equity    150000.00 USD to 184051.70 USD\n"
        "orders    173, 32 rejected: max_order_notional 32\n"
        "fills     141\n"
        "\n"
        "warning: the bars of BBB begin 3 days after those of AAA\n"
        "\n"
        "next: --report PATH writes it as a page, --json PATH and --export FOLDER for programs"
    )


def test_where_it_was_written_is_told_in_place_of_how_it_can_be() -> None:
    told = summary(a_result(), [Path("run.html"), Path("tables")])
    assert told.splitlines()[-1] == "written: run.html, tables"


def test_what_ended_and_who_was_sealed_is_told() -> None:
    told = summary(
        an_empty_result(
            about=an_about(ended="stopped by a signal"),
            metrics=some_metrics(trip="the account is liquidated"),
            strategies={"sma-aaa": some_metrics(trip="3 errors in a row\nTraceback"), "rsi-bbb": some_metrics()},
        )
    )
    assert (
        "ended early: stopped by a signal\n"
        "account stopped: the account is liquidated\n"
        "sma-aaa was sealed: 3 errors in a row…\n"
    ) in told
    assert "rsi-bbb was sealed" not in told


def test_most_reasons_of_rejection_are_named() -> None:
    orders = [a_refused_order(code=code) for code in ("a", "b", "b", "c", "d", "")]
    told = summary(an_empty_result(orders=orders, metrics=some_metrics(orders=6, rejected=6)))
    assert "orders    6, 6 rejected: b 2, a 1, c 1, …\n" in told


def test_many_warnings_are_counted() -> None:
    told = summary(an_empty_result(warnings=[f"number {count}" for count in range(8)]))
    assert "warning: number 4\nand 3 more\n" in told
    assert "number 5" not in told


def test_it_fits_a_terminal_and_says_nothing_to_it() -> None:
    words = "\x1b[2J\r\x07 many words " * 40
    told = summary(
        an_empty_result(
            about=an_about(ended=words, run_id="r" * 36),
            metrics=some_metrics(
                **dict.fromkeys(("orders", "rejected", "fills", "trades"), 10**9),
                initial_equity="123456789012.34",
                final_equity="123456789012.34",
                total_return=123.4567,
                max_drawdown=-1.0,
                sharpe=-12.34,
                win_rate=1.0,
                fees="12345678901.23",
            ),
            strategies={words: some_metrics(trip=words)},
            orders=[a_refused_order(code=words)],
            warnings=[words, "w" * 500],
        )
    )
    assert max(map(len, told.splitlines())) <= 100
    assert not any(ord(character) < 32 and character != "\n" for character in told)
