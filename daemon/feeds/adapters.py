"""Live feeds of the operator's own: an adapter's class is found by its reference, and made. It runs in the daemon."""

import inspect
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, cast

from daemon.clock import Clock
from daemon.errors import AdapterNotLoaded, AdapterRefused
from daemon.feeds.port import LiveFeed, LiveFeedAdapter
from daemon.loading import Sought, failure_in_words, find_class
from trading.sequencer import Offer


def _is_live_feed(cls: type) -> bool:
    return inspect.iscoroutinefunction(getattr(cls, "run", None)) and callable(getattr(cls, "reference", None))


LIVE_FEED: Final = Sought(
    noun="live feed",
    nouns="live feeds",
    mend="give it `async def run(self, publish)` and the rest of daemon.feeds.port.LiveFeed",
    fits=_is_live_feed,
    refusal=AdapterNotLoaded,
)


def load_adapter(reference: str, folder: Path) -> LiveFeedAdapter:
    """The class of a reference, a file's path counting from `folder`; AdapterNotLoaded says what is wrong with it."""
    return cast(LiveFeedAdapter, find_class(reference, folder, LIVE_FEED))


def make_adapter(
    adapter: LiveFeedAdapter, *, offers: Mapping[str, Offer], options: Mapping[str, Any], clock: Clock
) -> LiveFeed:
    """The feed, not running yet; AdapterRefused says what the adapter would not take."""
    try:
        feed = adapter(offers=offers, options=options, clock=clock)
    except ValueError as error:
        raise AdapterRefused(str(error))
    except Exception as error:
        file = getattr(sys.modules.get(adapter.__module__), "__file__", None)
        raise AdapterRefused(f"the feed cannot be made: {failure_in_words(error, file or '')}")
    if dict(feed.offers) != dict(offers):
        raise AdapterRefused(f"the feed would bring {feed.offers}, and not what feed.symbols ask for: {offers}")
    return feed
