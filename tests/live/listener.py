"""Hears what a live feed publishes, in tests."""

import asyncio

from trading.feed_news import AdapterNews, FeedNews
from trading.market_data import MarketEvent


class Listener:
    """Keeps what was published: events with the venue's own times, and news. `heard` is released once for each."""

    def __init__(self) -> None:
        self.told: list[tuple[MarketEvent | FeedNews, int]] = []
        self.heard = asyncio.Semaphore(0)

    def __call__(self, told: MarketEvent | FeedNews, venue_ns: int) -> None:
        self.told.append((told, venue_ns))
        self.heard.release()

    @property
    def events(self) -> list[MarketEvent]:
        return [one for one, _ in self.told if isinstance(one, MarketEvent)]

    @property
    def news(self) -> list[FeedNews]:
        return [one for one, _ in self.told if isinstance(one, FeedNews)]

    async def until(self, kind: type[MarketEvent | AdapterNews], times: int = 1) -> None:
        """Wait until so many of a kind have been published."""
        while sum(isinstance(one, kind) for one, _ in self.told) < times:
            await self.heard.acquire()
