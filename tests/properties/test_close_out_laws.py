"""Wherever a run on margin ends, however far off and however thin the market is, its books add up when it is closed out
and nothing is held that is not told."""

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.backtest_builders import asked, assert_books_add_up, carried, holdings
from tests.simulation.test_account_recovery import ACTIONS, MARGIN

MARKETS = {
    "near": "",
    "far": "  latency: {orders: 12s, reports: 7s, jitter: 9s, seed: 3}\n",
    "very far": "  latency: {orders: 2400s, reports: 1200s}\n",
    "thin": '  volume_share: "0.02"\n',
    "far and thin": '  volume_share: "0.05"\n  latency: {orders: 2s, reports: 3s}\n',
}
BREAKERS = {
    "none": "",
    "of the account": 'breakers: {account: {on_trip: leave, daily_loss_amount: "150"}}\n',
    "that flatten": 'breakers: {account: {on_trip: flatten, drawdown_share: "0.01"}}\n',
}


@settings(max_examples=12)
@given(
    steps=st.integers(30, 700),
    seed=st.integers(0, 50),
    market=st.sampled_from(sorted(MARKETS)),
    breakers=st.sampled_from(sorted(BREAKERS)),
)
def test_the_books_of_a_run_that_is_closed_out_add_up(steps: int, seed: int, market: str, breakers: str) -> None:
    text = MARGIN.replace("duration: 60h", f"duration: {2 * steps}m\n  seed: {seed}")
    text = text.replace("  kind: simulated\n", f"  kind: simulated\n{MARKETS[market]}")
    text += BREAKERS[breakers] + "backtest: {close_out: market_at_last, on_error: go_on}\n"
    with TemporaryDirectory() as folder:
        (Path(folder) / "actions.csv").write_text(ACTIONS)
        with carried(asked(Path(folder), text)) as run:
            cautions = len(run.warnings)
            run.close_out()
            assert_books_add_up(run)
            result = run.result(None)
    told = result.warnings[cautions:]
    for owner, positions in holdings(run).items():
        for symbol, quantity in positions.items():
            assert any(one.startswith(f"{owner} still holds {quantity} {symbol}") for one in told)
    assert bool(told) is bool(holdings(run))
    assert {one.state for one in result.orders} <= {"filled", "cancelled", "rejected", "expired"}
