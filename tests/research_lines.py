"""Lines of a result, each valid as it is and changed by name."""

from typing import Any, Final

from msgspec.structs import replace

from daemon.results.result import About, FillLine, Metrics, OrderLine, Result, SignalLine, TradeLine

CONFIG: Final = """mode: backtest
feed: {kind: file, files: [{path: data/daily.csv, data: bars}]}
strategies:
  - {id: sma-aaa, class: "strategies.sma_cross:SmaCross", capital: "50000"}
  - {id: rsi-bbb, class: "strategies.rsi_envelope:RsiEnvelope", capital: "50000"}
  - {id: trend-eurusd, class: "strategies.trend:Trend", capital: "50000"}
"""


def an_empty_result(**changes: Any) -> Result:
    """A run in which nothing happened."""
    nothing = Result(
        about=an_about(),
        metrics=some_metrics(),
        strategies={},
        fills=(),
        orders=(),
        trades=(),
        equity=(),
        curves={},
        exposure=(),
        prices={},
        signals=(),
        warnings=(),
    )
    return replace(nothing, **changes)


def an_about(**changes: Any) -> About:
    about = About(
        run_id="bt-0001",
        mode="backtest",
        version="0.1.0",
        python="3.11.9",
        config_path="config.yaml",
        config=CONFIG,
        data={"files": [{"path": "data/daily.csv", "sha256": "ab" * 32, "rows": 1560}]},
        currency="USD",
        start="2024-01-02T21:00:00Z",
        end="2024-01-02T21:00:00Z",
    )
    return replace(about, **changes)


def some_metrics(**changes: Any) -> Metrics:
    """Of a run in which nothing happened."""
    unknown: dict[str, Any] = dict.fromkeys(Metrics.__struct_fields__)
    counts = dict.fromkeys(("orders", "rejected", "fills", "trades", "bars", "events"), 0)
    return Metrics(**{**unknown, **counts, "seconds": 0.5, "trip": "", "fees": "0", **changes})


def a_fill(**changes: Any) -> FillLine:
    fill = FillLine(
        ts="2024-01-02T21:00:00Z",
        strategy="sma-aaa",
        symbol="AAA",
        side="buy",
        quantity="10",
        price="180.25",
        fee="0.90",
        fee_currency="USD",
        order_id="sma-aaa-1",
    )
    return replace(fill, **changes)


def an_order(**changes: Any) -> OrderLine:
    order = OrderLine(
        order_id="sma-aaa-1",
        strategy="sma-aaa",
        symbol="AAA",
        side="buy",
        type="market",
        quantity="10",
        filled="10",
        average_price=180.25,
        limit_price=None,
        stop_price=None,
        trail_amount=None,
        trail_percent=None,
        time_in_force="gtc",
        created_ts="2024-01-02T21:00:00Z",
        updated_ts="2024-01-02T21:00:00Z",
        state="filled",
        origin="signal",
        code="",
        reason="",
        parent_id=None,
        group_id=None,
    )
    return replace(order, **changes)


def a_refused_order(**changes: Any) -> OrderLine:
    refused = an_order(
        state="rejected",
        filled="0",
        average_price=None,
        code="max_order_notional",
        reason="the order is worth 31000.00 USD; max_order_notional is 30000",
    )
    return replace(refused, **changes)


def a_trade(**changes: Any) -> TradeLine:
    trade = TradeLine(
        strategy="sma-aaa",
        symbol="AAA",
        side="buy",
        quantity="10",
        entry_ts="2024-01-02T21:00:00Z",
        entry_price="180.25",
        exit_ts="2024-01-05T21:00:00Z",
        exit_price="182.00",
        pnl="15.69",
        fees="1.81",
        currency="USD",
    )
    return replace(trade, **changes)


def a_signal(**changes: Any) -> SignalLine:
    signal = SignalLine(
        ts="2024-01-02T21:00:00Z",
        strategy="sma-aaa",
        kind="target",
        symbol="AAA",
        text="10",
        order_id="sma-aaa-1",
        reason="",
    )
    return replace(signal, **changes)
