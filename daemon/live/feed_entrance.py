"""The entrance of a live feed: what an adapter brings is looked at here before anybody hears of it.

An adapter is trusted code that repeats what a venue says. So nothing that comes is taken for granted: what can be no
data of this feed is left out and counted, and what is handed on can be kept in the journal.
"""

import logging
from collections import Counter
from typing import Final

import msgspec

from daemon.clock import Clock
from daemon.feeds.port import PublishAll
from trading.event_flaws import in_floats
from trading.feed_health import FeedHealth
from trading.feed_news import AdapterNews, Connected, Disconnected, FeedNews, Gapped, Resubscribed, Unfit
from trading.feed_streams import KIND_OF
from trading.market_data import MarketEvent
from trading.subscriptions import DataKind
from trading.timestamps import MINUTE, SECOND

log = logging.getLogger(__name__)

AHEAD_NS: Final = MINUTE
"""How far ahead of the clock a time may lie; everything after it would be held for as late."""

_LONGEST_REASON: Final = 300


class FeedEntrance:
    """Where one feed comes in, for one life. `left_out` counts what could be no data by symbol and kind, strangers
    under two empty ones. `brought` is whether an event has come since somebody said otherwise, `connected_ns` when the
    last connection was made, by the monotonic clock; `failed` whether it was the publisher that raised."""

    def __init__(self, health: FeedHealth, clock: Clock) -> None:
        self.left_out: Counter[tuple[str, str]] = Counter()
        self.brought = False
        self.failed = False
        self.connected_ns = 0
        self._health = health
        self._clock = clock
        self._ahead_ns = max(clock.wall_ns(), health.now_ns) - clock.monotonic_ns()
        self._latest_ns = 0
        self._publish: PublishAll

    @property
    def now_ns(self) -> int:
        """The time at the beginning and what has passed since, or that of what came last where that is later: also
        where the last life was ahead of this one's clock, silence is noticed in time."""
        return max(self._clock.monotonic_ns() + self._ahead_ns, self._health.now_ns)

    def open(self, publish: PublishAll) -> None:
        """Hand on to this one what comes."""
        self._publish = publish

    def take(self, told: MarketEvent | AdapterNews, venue_ns: int) -> None:
        """What the adapter publishes."""
        if isinstance(told, MarketEvent):
            flaw = self._health.flaw(told) or self._flaw_of_time(told)
            if flaw:
                self._leave_out(told, flaw)
            elif self._health.repeats(told):
                self._count(told.symbol, DataKind.BARS, "it is no later than the one before")
            else:
                self.brought = True
                self._pass_on(in_floats(told), venue_ns if type(venue_ns) is int else 0)
        elif isinstance(told, AdapterNews):
            self._take_news(told)
        else:
            self._count("", "", f"{_shown(told)} is neither an event nor news")

    def tell(self, news: FeedNews) -> None:
        """Hand on news, unless they tell what stands already."""
        if not self._health.knows(news):
            self._pass_on(news, 0)

    def _take_news(self, news: AdapterNews) -> None:
        of_all = isinstance(news, Resubscribed) and not news.symbol
        if isinstance(news, Gapped | Resubscribed) and not of_all and not self._is_of_it(news.symbol):
            self._count("", "", f"news of {_shown(news.symbol)}, which was not asked for")
            return
        if isinstance(news, Connected):
            self.connected_ns = self._clock.monotonic_ns()
        if isinstance(news, Disconnected | Gapped):
            news = msgspec.structs.replace(news, reason=plain(news.reason))
        self.tell(msgspec.structs.replace(news, ts_ns=self.now_ns))

    def _is_of_it(self, symbol: object) -> bool:
        return type(symbol) is str and symbol in self._health.symbols

    def _flaw_of_time(self, event: MarketEvent) -> str:
        if event.ts_ns <= self._latest_ns:
            return ""
        self._latest_ns = self._clock.wall_ns() + AHEAD_NS
        ahead_ns = event.ts_ns - self._latest_ns + AHEAD_NS
        return f"its time is {ahead_ns / SECOND:.0f} s ahead of the clock" if ahead_ns > AHEAD_NS else ""

    def _leave_out(self, event: MarketEvent, flaw: str) -> None:
        kind, symbol = KIND_OF[type(event)], event.symbol
        if not self._is_of_it(symbol) or kind not in self._health.kinds(symbol):
            self._count("", "", f"{kind} of {_shown(symbol)}: {flaw}")
            return
        self._count(symbol, kind, flaw)
        self.tell(Unfit(symbol, kind, plain(flaw), self.now_ns))

    def _count(self, symbol: str, kind: str, flaw: str) -> None:
        self.left_out[symbol, kind] += 1
        if self.left_out[symbol, kind] == 1:
            what = f"{kind} of {symbol}" if symbol else "what"
            log.warning("the feed brings %s that can be no data; it is counted and left out: %s", what, flaw)

    def _pass_on(self, told: MarketEvent | FeedNews, venue_ns: int) -> None:
        try:
            self._publish(told, venue_ns)
        except BaseException:
            self.failed = True
            raise


def plain(text: object) -> str:
    """What somebody else said as the journal can keep it: not too long, and of whole characters."""
    return str(text)[:_LONGEST_REASON].encode(errors="replace").decode()


def _shown(value: object) -> str:
    return ascii(value)[:_LONGEST_REASON]
