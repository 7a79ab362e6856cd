"""Five and thirty minutes of one currency together, begun at two in the afternoon with the bars before it: twenty
thousand quotes, against a plain loop over them, and against a file."""

import os
from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from daemon.assembly import make_feed
from daemon.check import Plan
from tests.backtest_builders import asked, backtested
from trading.market_data import Quote
from trading.timestamps import MINUTE, iso

GOLDEN = Path(__file__).parents[1] / "golden" / "two_timeframes.jsonl"
CONFIG = """
account: {currency: USD, cash: "100000"}
feed:
  kind: synthetic
  seed: 1
  start: "2026-01-05T14:00:00Z"
  duration: 80000s
  every: 4s
  data: [quotes]
  symbols: {GBPUSD: {price: "1.27000", volatility_ticks: 3, spread_ticks: 4}}
broker: {kind: simulated, commission: {kind: percent, percent: "0.002"}}
instruments: {GBPUSD: {kind: fx, tick_size: "0.00001", lot_size: "1", currency: USD}}
strategies:
  - id: rsi
    class: "strategies.rsi_envelope:RsiEnvelope"
    params: {symbol: GBPUSD, quantity: "10000", envelope_deviation: 0.2, oversold: 40, overbought: 60}
    capital: "50000"
"""
SHORT_NS, LONG_NS, START_NS = 5 * MINUTE, 30 * MINUTE, 1_767_621_600_000_000_000


class Trade(NamedTuple):
    ts: str
    side: str
    price: Decimal


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    return asked(tmp_path, CONFIG)


def quotes(plan: Plan, since_ns: int) -> list[Quote]:
    """The past from a time on, and what is traded."""
    feed = make_feed(plan)
    every = [*feed.warmup({"GBPUSD": since_ns}), *feed.events()]
    assert all(type(one) is Quote for one in every)
    return [one for one in every if isinstance(one, Quote) and one.ts_ns >= since_ns]


def closes(events: list[Quote], interval_ns: int) -> dict[int, float]:
    """The last middle of each interval, by when it ends."""
    return {(one.ts_ns // interval_ns + 1) * interval_ns: (one.bid + one.ask) / 2 for one in events}


def strengths(prices: list[float], period: int = 14) -> Iterator[float | None]:
    """Wilder's index after each price, from sums rather than a running mean at first."""
    changes = [b - a for a, b in pairwise(prices)]
    gain = sum(max(one, 0.0) for one in changes[:period]) / period
    loss = sum(max(-one, 0.0) for one in changes[:period]) / period
    yield from [None] * period
    yield 100 - 100 / (1 + gain / loss)
    for change in changes[period:]:
        gain += (max(change, 0.0) - gain) / period
        loss += (max(-change, 0.0) - loss) / period
        yield 100 - 100 / (1 + gain / loss)


def expected(plan: Plan) -> list[Trade]:
    """Fifteen short bars and twenty long ones before two o'clock; each decision meets the quote that
    stands when its bar is complete."""
    short = closes(quotes(plan, START_NS - 15 * SHORT_NS), SHORT_NS)
    long = closes(quotes(plan, START_NS - 20 * LONG_NS), LONG_NS)
    trades, holds = [], False
    standing = {(one.ts_ns // SHORT_NS + 1) * SHORT_NS: one for one in quotes(plan, START_NS)}
    for (end_ns, close), strength in zip(short.items(), strengths(list(short.values())), strict=True):
        known = [price for ts_ns, price in long.items() if ts_ns <= end_ns][-20:]
        if strength is None or len(known) < 20 or end_ns not in standing:
            continue
        middle = sum(known) / 20
        lower, upper = middle * 0.998, middle * 1.002
        if not holds and strength < 40 and lower < close < upper:
            holds = True
            trades.append(Trade(iso(end_ns), "buy", Decimal(str(standing[end_ns].ask))))
        elif holds and (strength > 60 or close > upper):
            holds = False
            trades.append(Trade(iso(end_ns), "sell", Decimal(str(standing[end_ns].bid))))
    return trades


@pytest.mark.parametrize("every_event", [True, False])
def test_it_trades_as_a_plain_loop_and_as_ever(plan: Plan, every_event: bool) -> None:
    found = backtested(plan, every_event=every_event)
    assert found.metrics.events == 20_000 + 266 + 44
    assert [Trade(one.ts, one.side, Decimal(one.price)) for one in found.fills] == expected(plan)
    assert len(found.fills) > 5
    lines = [*found.fills, *found.trades, *found.equity]
    text = "".join(msgspec.json.encode(line, order="sorted").decode() + "\n" for line in lines)
    if os.environ.get("BULKHEAD_GOLDEN") == "write":
        GOLDEN.write_text(text)
    assert GOLDEN.read_text() == text
