"""From the settings of a live feed's health to the limits of its streams."""

from collections.abc import Mapping

from daemon.config.feed_settings import LiveFeedSettings
from daemon.config.health_settings import SymbolGaps
from trading.feed_news import SilenceLimit
from trading.feed_streams import kinds_of, limit_of
from trading.sequencer import Offer
from trading.subscriptions import DataKind


def silence_limits(settings: LiveFeedSettings, offers: Mapping[str, Offer]) -> list[SilenceLimit]:
    """How long each stream may be silent; those that may be for ever are not among them."""
    gaps = [
        (symbol, kind, _gap(settings, symbol, kind, offer))
        for symbol, offer in offers.items()
        for kind in kinds_of(offer)
    ]
    return [SilenceLimit(symbol, kind, limit_of(gap)) for symbol, kind, gap in gaps if isinstance(gap, int)]


def _gap(settings: LiveFeedSettings, symbol: str, kind: DataKind, offer: Offer) -> int | str:
    own: int | str | None = getattr(settings.health.symbols.get(symbol, SymbolGaps()), kind)
    if own is not None:
        return own
    of_all: int | str | None = getattr(settings.health, kind)
    return offer.bar_interval_ns + settings.bar_grace_ns if of_all is None else of_all
