"""The end of a backtest: what works is withdrawn, what is held is closed at the last prices, and the books add up."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from daemon.research.close_out import close_out
from daemon.research.coordinator import Run
from daemon.results.result import Result
from tests.backtest_builders import (
    AAA_BARS,
    HEAD,
    asked,
    assert_books_add_up,
    backtested,
    carried,
    closes,
    config,
    fed,
    fills_of,
    holdings,
    quotes,
    strategy,
    total,
    trades,
)
from trading.account.records import Operation
from trading.account.transfers import Transfer

Write = Callable[[Path], object]

QUOTES = fed("path: aaa.csv, data: quotes, symbol: AAA")
TRADES = fed("path: aaa.csv, data: trades, symbol: AAA")
MARGIN = HEAD.replace("{currency", "{kind: margin, leverage: 4, currency")
LATE = HEAD.replace("ticks: 1}}", "ticks: 1}, latency: {orders: 50ms, reports: 20ms, jitter: 3ms}}")
HELD = strategy("a", "Plays", symbol="AAA", holds=("10",))


def in_parts(head: str, share: str) -> str:
    return head.replace("ticks: 1}", f'ticks: 1}}, volume_share: "{share}"')


def five_bars(folder: Path) -> Path:
    return closes(folder, 100, 101, 102, 103, 104)


def four_quotes(folder: Path) -> Path:
    return quotes(folder, *((price, price + 0.02, 500, 500) for price in (100, 101, 102, 103)))


def three_trades(folder: Path) -> Path:
    return trades(folder, (100, 50), (101, 50), (102, 50))


@contextmanager
def closed_out(folder: Path, text: str, write: Write = five_bars) -> Iterator[tuple[Run, Result]]:
    write(folder)
    with carried(asked(folder, text)) as run:
        before = run.driver.lockstep.router.ledger.total()
        run.close_out()
        assert_books_add_up(run)
        result = run.result(None)
        assert_tags_are_right(run, result, before.positions)
        yield run, result


def assert_tags_are_right(run: Run, result: Result, held: Mapping[str, Decimal]) -> None:
    """What the close-out traded is what was held, less what is left; and its orders end what is tagged as a trade."""
    left = run.driver.lockstep.router.ledger.total().positions
    for symbol in held:
        own = [one for one in result.fills if one.close_out and one.symbol == symbol]
        traded = total(one.quantity if one.side == "buy" else f"-{one.quantity}" for one in own)
        assert left.get(symbol, Decimal(0)) - held[symbol] == traded
    orders = {one.order_id for one in result.orders if one.reason == "close-out"}
    closing = [one for one in result.fills if one.order_id in orders]
    assert all(one.close_out for one in closing)
    tagged = [one for one in result.trades if one.close_out]
    assert total(one.quantity for one in tagged) == total(one.quantity for one in closing)
    assert {(one.strategy, one.exit_ts) for one in tagged} == {(one.strategy, one.ts) for one in closing}


# What it closes.


@pytest.mark.parametrize(
    ("feed", "player", "write", "fills"),
    [
        pytest.param(
            fed(AAA_BARS),
            "Plays",
            five_bars,
            ["a buy 10 at 100.01 (fee 0.10)", "a sell 10 at 103.99 (fee 0.10), close-out"],
            id="bars, at the last close",
        ),
        pytest.param(
            QUOTES,
            "PlaysQuotes",
            four_quotes,
            ["a buy 10 at 100.03 (fee 0.10)", "a sell 10 at 102.99 (fee 0.10), close-out"],
            id="quotes, at the last bid",
        ),
        pytest.param(
            TRADES,
            "PlaysTrades",
            three_trades,
            ["a buy 10 at 100.01 (fee 0.10)", "a sell 10 at 101.99 (fee 0.10), close-out"],
            id="trades, at the last price",
        ),
    ],
)
def test_what_is_held_is_sold_at_the_last_price_with_slippage_and_fees(
    feed: str, player: str, write: Write, fills: list[str], tmp_path: Path
) -> None:
    text = config(strategy("a", player, symbol="AAA", holds=("10",)), feed=feed, close_out="market_at_last")
    with closed_out(tmp_path, text, write) as (run, result):
        assert fills_of(result) == fills
        assert not holdings(run)
        assert result.orders[-1].reason == "close-out"
        assert result.metrics.final_equity == result.equity[-1][1]
        assert Decimal(result.equity[-1][1]) == Decimal(100_000) + total(one.pnl for one in result.trades)
        assert (result.warnings, result.about.ended) == ([], "")


def test_nothing_is_done_unless_it_is_asked_for(tmp_path: Path) -> None:
    with closed_out(tmp_path, config(strategy("a", "Brackets", symbol="AAA"))) as (run, result):
        assert holdings(run) == {"a": {"AAA": 10}}
        assert [one.state for one in result.orders] == ["filled", "accepted", "accepted", "accepted"]


@pytest.mark.parametrize("head", [HEAD, LATE], ids=["at once", "late"])
@pytest.mark.parametrize("policy", ["mark_only", "market_at_last"])
def test_what_works_is_withdrawn_brackets_too(head: str, policy: str, tmp_path: Path) -> None:
    text = config(strategy("a", "Brackets", symbol="AAA"), head=head, close_out=policy)
    with closed_out(tmp_path, text) as (run, result):
        assert [one.state for one in result.orders[:4]] == ["filled", "cancelled", "cancelled", "cancelled"]
        assert bool(holdings(run)) is (policy == "mark_only")
        assert not result.warnings


@pytest.mark.parametrize(
    ("own", "feed", "write", "data_ends"),
    [
        pytest.param(HELD, fed(AAA_BARS), five_bars, "2026-01-05T15:05:00", id="bars"),
        pytest.param(HELD.replace("Plays", "PlaysQuotes"), QUOTES, four_quotes, "2026-01-05T15:00:03", id="quotes"),
        pytest.param(
            strategy("a", "Brackets", symbol="AAA"),
            fed(AAA_BARS.replace("1m", "1d")),
            lambda folder: closes(folder, 100, 101, 102, interval="1d"),
            "2026-01-08T15:00:00",
            id="days",
        ),
    ],
)
def test_orders_and_reports_that_take_their_time_arrive(
    own: str, feed: str, write: Write, data_ends: str, tmp_path: Path
) -> None:
    text = config(own, head=LATE, feed=feed, close_out="market_at_last")
    with closed_out(tmp_path, text, write) as (run, result):
        assert not holdings(run)
        last = result.fills[-1]
        assert last.close_out
        assert data_ends < last.ts < result.about.end < data_ends + ".2", "no more than the delays later"


@pytest.mark.parametrize("head", [HEAD, LATE], ids=["at once", "late"])
@pytest.mark.parametrize(("share", "parts"), [("0.1", 4), ("0.02", 20)])
def test_shares_of_the_last_volume_are_taken_as_often_as_it_needs(
    head: str, share: str, parts: int, tmp_path: Path
) -> None:
    """The last quote's bid has room for as much at each meeting."""

    def write(folder: Path) -> object:
        return quotes(folder, *((price, price + 0.02, 500, 10_000) for price in (100, 101, 102, 103)))

    text = config(
        strategy("a", "PlaysQuotes", "50000", symbol="AAA", holds=("200",)),
        head=in_parts(head, share),
        feed=QUOTES,
        close_out="market_at_last",
    )
    with closed_out(tmp_path, text, write) as (run, result):
        assert not holdings(run)
        assert sum(one.close_out for one in result.fills) == parts


def test_what_there_is_no_volume_for_is_left_and_told(tmp_path: Path) -> None:
    def write(folder: Path) -> object:
        path = closes(folder, 100, 101, 102, 103, volume=5_000)
        head, _, _ = path.read_text().rpartition("5000")
        return path.write_text(f"{head}0\n")

    text = config(HELD, head=in_parts(HEAD, "0.1"), close_out="market_at_last")
    with closed_out(tmp_path, text, write) as (run, result):
        assert holdings(run) == {"a": {"AAA": 10}}
        assert result.warnings == ["a-x1 of a still works at the end: accepted", "a still holds 10 AAA at the end"]


@pytest.mark.parametrize("head", [MARGIN, MARGIN.replace("ticks: 1}}", "ticks: 1}, latency: {orders: 50ms}}")])
def test_short_positions_and_strategies_on_opposite_sides_are_closed(head: str, tmp_path: Path) -> None:
    text = config(
        strategy("a", "Plays", symbol="AAA", holds=("-10",)),
        strategy("b", "Plays", symbol="AAA", holds=("25",)),
        strategy("c", "Plays", symbol="AAA", holds=("-15",)),
        head=head,
        close_out="market_at_last",
    )
    with closed_out(tmp_path, text) as (run, result):
        assert not holdings(run)
        assert [line.split(" (")[0] for line in fills_of(result) if line.endswith("close-out")] == [
            "a buy 10 at 104.01",
            "b sell 25 at 103.99",
            "c buy 15 at 104.01",
        ]


@pytest.mark.parametrize("policy", ["leave", "cancel", "flatten"])
def test_books_on_opposite_sides_are_closed_also_while_the_accounts_breaker_is_open(
    policy: str, tmp_path: Path
) -> None:
    """Each closing alone would open the account's position, which an open breaker holds back."""
    text = config(
        strategy("a", "Plays", symbol="AAA", holds=("-10",)),
        strategy("b", "Plays", symbol="AAA", holds=("10",)),
        head=MARGIN + f'breakers: {{account: {{on_trip: {policy}, daily_loss_amount: "0.1"}}}}\n',
        close_out="market_at_last",
    )
    with closed_out(tmp_path, text) as (run, result):
        assert run.driver.lockstep.router.halted
        assert not holdings(run)
        assert [one.close_out for one in result.fills] == [False, False, True, True]


def test_a_breaker_that_opens_by_what_closing_costs_holds_nothing_up(tmp_path: Path) -> None:
    """With latency the second closing is on its way when the first one's fee opens the breaker."""
    text = config(
        strategy("a", "Plays", symbol="AAA", holds=("100",)),
        strategy("b", "Plays", symbol="AAA", holds=("60",)),
        head=LATE.replace('"0.01"}', '"1"}', 1) + 'breakers: {account: {on_trip: flatten, daily_loss_amount: "250"}}\n',
        close_out="market_at_last",
    )
    with closed_out(tmp_path, text, lambda folder: closes(folder, 100, 100, 100, 100)) as (run, result):
        assert run.driver.lockstep.router.halted
        assert not holdings(run)
        assert [one.reason for one in result.orders if one.order_id.startswith(("a-x", "b-x"))] == ["close-out"] * 2


def test_limits_of_rate_size_and_self_trades_hold_no_closing_back(tmp_path: Path) -> None:
    text = config(
        strategy("a", "Plays", "20000", "risk: {max_order_quantity: 12}", symbol="AAA", holds=("10", "20")),
        strategy("b", "Plays", symbol="AAA", holds=("-10",)),
        head=MARGIN + "risk: {max_orders_per_second: 2, self_trade: reject, duplicate_window: 1h}\n",
        close_out="market_at_last",
    )
    with closed_out(tmp_path, text) as (run, _):
        assert not holdings(run)


def test_a_strategy_that_answers_its_fills_orders_nothing_any_more(tmp_path: Path) -> None:
    for policy in ("market_at_last", "mark_only"):
        text = config(strategy("a", "Reopens", symbol="AAA"), close_out=policy)
        with closed_out(tmp_path, text) as (run, result):
            assert bool(holdings(run)) is (policy == "mark_only")
            assert {one.state for one in result.orders} == {"filled", "cancelled"}
            assert not result.warnings


@pytest.mark.parametrize("on_trip", ["leave", "cancel"])
def test_what_a_failed_strategy_holds_is_closed_too(on_trip: str, tmp_path: Path) -> None:
    failed = strategy("a", "Fails", "20000", f"on_trip: {on_trip}", symbol="AAA", at=3)
    text = config(failed, HELD.replace("id: a", "id: b"), on_error="go_on", close_out="market_at_last")
    with closed_out(tmp_path, text) as (run, result):
        assert result.strategies["a"].trip == "ZeroDivisionError: at bar 3"
        assert not holdings(run)


@pytest.mark.parametrize("head", [HEAD, in_parts(LATE, "0.004")], ids=["at once", "late and in parts"])
def test_one_that_fails_as_it_is_closed_out_is_closed_all_the_same_and_told(head: str, tmp_path: Path) -> None:
    text = config(strategy("a", "FailsAtLast", symbol="AAA"), head=head, close_out="market_at_last")
    with closed_out(tmp_path, text) as (run, result):
        assert not holdings(run)
        assert result.about.ended.startswith("a failed: ValueError: it is sold (backtest_strategies.py:")
    text = text.replace("close_out:", "on_error: go_on, close_out:")
    assert backtested(asked(tmp_path, text)).about.ended == ""


def test_what_is_too_little_to_be_ordered_is_left_and_told_why(tmp_path: Path) -> None:
    head = HEAD.replace('lot_size: "1"}', 'lot_size: "1", min_quantity: "10"}')
    text = config(strategy("a", "Plays", symbol="AAA", holds=("15", "5")), head=head, close_out="market_at_last")
    with closed_out(tmp_path, text) as (run, result):
        assert holdings(run) == {"a": {"AAA": 5}}
        assert result.warnings == [
            "a still holds 5 AAA at the end: a-x1, sell 5 AAA: quantity 5 is below the minimum of 10"
        ]


def test_what_is_no_whole_lot_is_left_and_told(tmp_path: Path) -> None:
    five_bars(tmp_path)
    with carried(asked(tmp_path, config(HELD, close_out="market_at_last"))) as run:
        half = Transfer(source="a", target="unallocated", symbol="AAA", amount=Decimal("0.5"), price=Decimal(104))
        run.driver.operate(Operation(action="transfer", ts_ns=run.driver.lockstep.now_ns, reason="", transfer=half))
        run.close_out()
        assert holdings(run) == {"a": {"AAA": Decimal("0.5")}}
        assert run.warnings == ["a still holds 0.5 AAA at the end: of a 0.5 AAA is no whole lot"]
        assert_books_add_up(run)


def test_outside_of_trading_hours_the_last_price_counts_as_it_does_for_other_orders(tmp_path: Path) -> None:
    head = HEAD.replace('lot_size: "1"}', 'lot_size: "1", calendar: short}') + (
        'calendars: {short: {kind: weekly, zone: UTC, open: "15:00", close: "15:03", days: [mon]}}\n'
    )
    with closed_out(tmp_path, config(HELD, head=head, close_out="market_at_last")) as (run, result):
        assert not holdings(run)
        assert result.fills[-1].ts == "2026-01-05T15:05:00Z"


FUTURE = """\
account: {kind: margin, currency: USD, cash: "100000", leverage: 4}
broker: {kind: simulated, commission: {kind: per_contract, rate: "0.85"}, slippage: {kind: fixed, ticks: 1}}
instruments:
  AAA:
    kind: future
    tick_size: "0.25"
    lot_size: "1"
    multiplier: "10"
    margin: {initial_per_unit: "90", maintenance_per_unit: "70"}
    settles: daily
    expires: "2026-01-05T15:04:30Z"
"""
YEN = """\
account: {kind: margin, currency: USD, cash: "100000", leverage: 10}
broker: {kind: simulated, commission: {kind: percent, percent: "0.01"}, slippage: {kind: fixed, ticks: 1}}
instruments: {AAA: {kind: fx, base: USD, currency: JPY, tick_size: "0.01", lot_size: "100"}}
"""


@pytest.mark.parametrize("expires", ["2026-01-05T15:04:30Z", "2026-03-20T14:30:00Z"])
@pytest.mark.parametrize("held", ["3", "-2"])
def test_futures_are_closed_unless_they_have_expired(held: str, expires: str, tmp_path: Path) -> None:
    head = FUTURE.replace("2026-01-05T15:04:30Z", expires)
    text = config(strategy("a", "Plays", symbol="AAA", holds=(held,)), head=head, close_out="market_at_last")
    with closed_out(tmp_path, text) as (run, result):
        assert not holdings(run)
        assert result.fills[-1].close_out is (expires > "2026-02")
        assert not result.warnings


def test_positions_in_another_currency_are_closed_in_it(tmp_path: Path) -> None:
    text = config(strategy("a", "Plays", symbol="AAA", holds=("1000",)), head=YEN, close_out="market_at_last")
    with closed_out(tmp_path, text) as (run, result):
        assert not holdings(run)
        assert result.trades[-1].currency == "JPY"
        assert result.metrics.final_equity is not None


def test_an_exit_of_its_own_at_the_last_moment_is_no_close_out(tmp_path: Path) -> None:
    """Both are of one strategy, symbol and time, and only one of them came of the end."""
    played = strategy("a", "PlaysQuotes", symbol="AAA", holds=("10", "10", "10", "4"))
    with closed_out(tmp_path, config(played, feed=QUOTES, close_out="market_at_last"), four_quotes) as (_, result):
        assert [(one.quantity, one.exit_ts, one.close_out) for one in result.trades] == [
            ("6", "2026-01-05T15:00:03Z", False),
            ("4", "2026-01-05T15:00:03Z", True),
        ]


def test_strategies_hear_of_the_closing_fills_and_of_no_price(tmp_path: Path) -> None:
    five_bars(tmp_path)
    with carried(asked(tmp_path, config(HELD, close_out="market_at_last"))) as run:
        before = run.driver.lockstep.events, dict(run.driver.lockstep.heard)
        run.close_out()
        assert (run.driver.lockstep.events, run.driver.lockstep.heard) == before
        assert run.driver.containers["a"].portfolio.quantity("AAA") == 0


def test_what_has_ended_it_otherwise_closes_nothing(tmp_path: Path) -> None:
    text = config(strategy("a", "Fails", symbol="AAA", at=3), close_out="market_at_last")
    with closed_out(tmp_path, text) as (run, result):
        assert holdings(run) == {"a": {"AAA": 10}}
        assert (result.about.ended.partition(" (")[0], result.about.end) == (
            "a failed: ZeroDivisionError: at bar 3",
            "2026-01-05T15:03:00Z",
        )


def test_a_symbol_without_a_price_at_the_end_is_left_and_told(tmp_path: Path) -> None:
    """No file has a quote of one side, but other sources do."""
    four_quotes(tmp_path)
    text = config(strategy("a", "PlaysQuotes", symbol="AAA", holds=("10",)), feed=QUOTES)
    with carried(asked(tmp_path, text)) as run:
        (last,) = run.data.last.values()
        empty = msgspec.structs.replace(last, bid=0.0, bid_size=0.0)
        run.driver.advance(empty)
        left = close_out(run.driver, {"AAA": empty}, "market_at_last", run._recorder)
        assert left == ["a-x1 of a still works at the end: accepted", "a still holds 10 AAA at the end"]
        assert_books_add_up(run)
