"""What carries a run's events through: its driver, or what does the same with something beside."""

from collections.abc import Sequence
from typing import Final, Protocol

from trading.market_data import MarketEvent

SIGNALS: Final = "signals of "
"""What the step begins with in which a strategy decides upon all its bars at once."""


class Carrier(Protocol):
    """What a backtest asks of a driver at its events."""

    def carry(self, events: Sequence[MarketEvent], *, past_trips: bool = True) -> int:
        """As `Driver.carry`."""

    def meet(self, event: MarketEvent, *, of_feed: bool) -> None:
        """As `Driver.meet`."""
