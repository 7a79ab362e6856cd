"""Messages for the tests of children, a line each."""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from daemon.hosts.wire import Hear, Open, encoded, packed
from tests.market_builders import a_quote, an_instrument
from trading.limits import RiskLimits
from trading.market_data import Event, Quote
from trading.reports import ExecutionReport

ROOT = Path(__file__).resolve().parents[1]


def opening(reference: str = "tests.child_strategies:Odd", *, strategy: str = "a", **params: Any) -> Open:
    """A strategy on AAA."""
    return Open(
        strategy=strategy,
        reference=reference,
        folder=str(ROOT),
        params={"symbol": "AAA", **params},
        capital={"USD": Decimal(10_000)},
        timeframe_ns=60_000_000_000,
        warmup=0,
        limits=RiskLimits(),
        sizing=None,
        instruments={"AAA": an_instrument()},
    )


def bids(*prices: int) -> list[Quote]:
    """Quotes, one a second."""
    return [a_quote(bid, bid + 1, at=at) for at, bid in enumerate(prices, 1)]


def hear(events: Sequence[Event], *reports: ExecutionReport, free: bool = False) -> Hear:
    """One frame of events."""
    return Hear(list(reports), packed([encoded(event) for event in events]), free)
