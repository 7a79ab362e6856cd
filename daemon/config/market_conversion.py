"""From the settings of the simulated market to its rules and delays."""

from brokers.simulated.latency import Delays
from brokers.simulated.rules import (
    BarPrice,
    Gap,
    MarketRules,
    Path,
    QuotePrice,
    Reach,
    StopLimitInBar,
    TrailBy,
    Unaffordable,
)
from daemon.config.market_settings import LatencySettings, MarketSettings


def market_rules(settings: MarketSettings) -> MarketRules:
    """How the simulated market matches."""
    return MarketRules(
        bar_price=BarPrice(settings.bar_price),
        quote_price=QuotePrice(settings.quote_price),
        stop_gap=Gap(settings.stop_gap),
        limit_gap=Gap(settings.limit_gap),
        limit_reach=Reach(settings.limit_reach),
        path=Path(settings.path),
        stop_limit_in_bar=StopLimitInBar(settings.stop_limit_in_bar),
        stop_limit_price=Gap(settings.stop_limit_price),
        trail_by=TrailBy(settings.trail_by),
        unaffordable=Unaffordable(settings.unaffordable),
        volume_share=settings.volume_share,
    )


def delays(settings: LatencySettings) -> Delays:
    """How far off it is."""
    return Delays(
        orders_ns=settings.orders_ns,
        reports_ns=settings.reports_ns,
        jitter_ns=settings.jitter_ns,
        seed=settings.seed,
    )
