"""What must hold before anything is traded live, and of a live feed before it may run."""

from collections.abc import Iterator, Sequence
from typing import Final

from daemon.clock import SystemClock
from daemon.config.conversion import offers
from daemon.config.feed_settings import LiveFeedSettings
from daemon.config.limit_settings import Limits
from daemon.config.problems import KeyPath
from daemon.config.settings import Settings
from daemon.config.source import Document
from daemon.errors import AdapterNotLoaded, AdapterRefused
from daemon.feeds.adapters import load_adapter, make_adapter
from trading.timestamps import format_interval

OF_THE_ACCOUNT: Final = (
    ("max_order_notional",),
    ("max_exposure_notional", "max_exposure_equity_share"),
    ("max_daily_loss_notional", "max_daily_loss_equity_share"),
    ("self_trade",),
)
OF_A_STRATEGY: Final = (
    ("max_position_quantity", "max_position_notional", "max_position_equity_share"),
    ("max_order_quantity", "max_order_notional"),
)
"""What live is not without: of each row one key at least."""


def live_states_its_limits(settings: Settings, _document: Document) -> Iterator[tuple[KeyPath, str]]:
    """Nothing is traded live without limits, and none of them is guessed."""
    if settings.mode != "live":
        return
    for missing in _missing(settings.risk, OF_THE_ACCOUNT):
        yield ("risk",), missing
    for place, strategy in enumerate(settings.strategies):
        for missing in _missing(strategy.risk, OF_A_STRATEGY):
            yield ("strategies", place, "risk"), missing


def _missing(risk: Limits, rows: Sequence[Sequence[str]]) -> Iterator[str]:
    for keys in rows:
        if all(getattr(risk, key) is None for key in keys):
            *others, last = keys
            named = f"{', '.join(others)} or {last}" if others else last
            yield f"mode: live needs {named}; no limit is guessed"


def live_symbols_bring_data(settings: Settings, _document: Document) -> Iterator[tuple[KeyPath, str]]:
    """Of each symbol something is asked for."""
    feed = settings.feed
    for symbol, asked in feed.symbols.items() if isinstance(feed, LiveFeedSettings) else ():
        if not (asked.quotes or asked.trades or asked.bars_ns):
            message = "asks for no data; write quotes: true, trades: true, or bars with an interval such as 1m"
            yield ("feed", "symbols", symbol), message


def bars_do_not_wait_for_the_next(settings: Settings, _document: Document) -> Iterator[tuple[KeyPath, str]]:
    """A bar reaches the strategies before the next one is complete."""
    feed = settings.feed
    if isinstance(feed, LiveFeedSettings) and feed.bar_grace_ns >= feed.bars_ns:
        grace, bars = format_interval(feed.bar_grace_ns), format_interval(feed.bars_ns)
        yield ("feed", "bar_grace"), f"{grace} is as long as a bar, {bars}; make it a small part of one"


def adapter_takes_its_options(settings: Settings, document: Document) -> Iterator[tuple[KeyPath, str]]:
    """The adapter's class is there, and makes a feed of what the config says."""
    feed = settings.feed
    if not isinstance(feed, LiveFeedSettings):
        return
    try:
        adapter = load_adapter(feed.adapter, document.path.absolute().parent)
        asked = offers(feed, settings.instruments)
        make_adapter(adapter, offers=asked, options=feed.options, clock=SystemClock())
    except AdapterNotLoaded as error:
        yield ("feed", "adapter"), str(error)
    except AdapterRefused as error:
        yield ("feed", "options"), str(error)
