"""What must hold of how long a live feed may be silent."""

from collections.abc import Iterator

from daemon.config.feed_settings import LiveFeedSettings
from daemon.config.problems import KeyPath, nearest
from daemon.config.settings import Settings
from daemon.config.source import Document, names


def pauses_are_of_what_is_asked_for(settings: Settings, document: Document) -> Iterator[tuple[KeyPath, str]]:
    """Pauses are given of symbols, and of kinds of data, that the feed brings."""
    feed = settings.feed
    if not isinstance(feed, LiveFeedSettings):
        return
    asked_for = names(document, "feed", "symbols")
    for symbol, gaps in feed.health.symbols.items():
        path: KeyPath = ("feed", "health", "symbols", symbol)
        if symbol not in asked_for:
            yield path, f"feed.symbols asks for nothing of it{nearest(symbol, asked_for)}"
            continue
        asked = feed.symbols.get(symbol)
        if asked is None:
            continue
        brought = {"quotes": asked.quotes, "trades": asked.trades, "bars": asked.bars_ns is not None}
        for kind, is_brought in brought.items():
            if getattr(gaps, kind) is not None and not is_brought:
                yield (*path, kind), f"feed.symbols.{symbol} does not ask for {kind}"
