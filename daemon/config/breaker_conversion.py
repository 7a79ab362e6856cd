"""From settings to the rules of circuit breakers, by scope."""

from collections.abc import Iterator

from pydantic import BaseModel

from daemon.config.breaker_settings import (
    BreakersSettings,
    ErrorRateSettings,
    OrderRateSettings,
    RejectRateSettings,
    TradingBreakerSettings,
    VenueBreakerSettings,
)
from daemon.config.settings import Settings
from trading.account.triggers import ACCOUNT, VENUE, BreakerRules, Policy, Rate
from trading.timestamps import format_interval


def breaker_rules(settings: Settings) -> dict[str, BreakerRules]:
    """The rules of every scope."""
    own = {strategy.id: _of_trading(strategy.breakers) for strategy in settings.strategies}
    return {ACCOUNT: _of_trading(settings.breakers.account), VENUE: _of_venue(settings.breakers.venue), **own}


def breaker_texts(settings: Settings) -> dict[str, str]:
    """What is given, as texts by the keys of the config: a restart may change it, and tells what it changes."""
    texts = dict(_flat("breakers", settings.breakers))
    for strategy in settings.strategies:
        texts |= _flat(f"strategies.{strategy.id}.breakers", strategy.breakers)
    return texts


def _of_trading(settings: TradingBreakerSettings) -> BreakerRules:
    rejects, orders = settings.reject_rate, settings.order_rate
    return BreakerRules(
        on_trip=Policy(settings.on_trip),
        consecutive_rejects=settings.consecutive_rejects,
        reject_rate=None if rejects is None else _rate(rejects.rejects, rejects.of_orders, rejects.within_ns),
        order_rate=None if orders is None else _rate(orders.orders, None, orders.within_ns),
        daily_loss_amount=settings.daily_loss_amount,
        drawdown_share=settings.drawdown_share,
    )


def _of_venue(settings: VenueBreakerSettings) -> BreakerRules:
    errors = settings.transport_error_rate
    return BreakerRules(
        on_trip=Policy(settings.on_trip),
        transport_errors_in_a_row=settings.transport_errors_in_a_row,
        transport_error_rate=None if errors is None else _rate(errors.errors, errors.of_requests, errors.within_ns),
        slow_sync_ns=settings.slow_sync_after_ns,
        cool_down_ns=settings.cool_down_ns,
        probe_timeout_ns=settings.probe_timeout_ns,
    )


def _rate(count: int, of: int | None, within_ns: int | None) -> Rate:
    return Rate(count=count, of=of, within_ns=within_ns)


_Rates = RejectRateSettings | OrderRateSettings | ErrorRateSettings
_Sections = BreakersSettings | TradingBreakerSettings | VenueBreakerSettings | _Rates


def _flat(path: str, section: _Sections) -> Iterator[tuple[str, str]]:
    for name, field in type(section).model_fields.items():
        value, key = getattr(section, name), f"{path}.{field.alias or name}"
        if isinstance(value, BaseModel):
            assert isinstance(value, _Sections)
            yield from _flat(key, value)
        elif value is not None:
            yield key, format_interval(value) if name.endswith("_ns") else str(value)
