"""What must hold of circuit breakers, beyond each setting's own shape."""

from collections.abc import Iterator
from typing import Final

from daemon.config.breaker_settings import ErrorRateSettings, RejectRateSettings
from daemon.config.problems import KeyPath
from daemon.config.settings import Settings
from daemon.config.source import Document
from trading.account.triggers import ACCOUNT, VENUE

Breach = tuple[KeyPath, str]

_SCOPES: Final = (ACCOUNT, VENUE)


def scopes_are_distinct(settings: Settings, _document: Document) -> Iterator[Breach]:
    """No strategy has the name of another breaker's scope."""
    for place, strategy in enumerate(settings.strategies):
        if strategy.id in _SCOPES:
            yield ("strategies", place, "id"), f"{strategy.id!r} is the scope of another circuit breaker; take another"


def rates_can_be(settings: Settings, _document: Document) -> Iterator[Breach]:
    """A rate counts among so many, or within a time, and among enough to be reached."""
    yield from _of_rate(("breakers", "account", "reject_rate"), settings.breakers.account.reject_rate)
    yield from _of_rate(("breakers", "venue", "transport_error_rate"), settings.breakers.venue.transport_error_rate)
    for place, strategy in enumerate(settings.strategies):
        yield from _of_rate(("strategies", place, "breakers", "reject_rate"), strategy.breakers.reject_rate)


def _of_rate(path: KeyPath, rate: RejectRateSettings | ErrorRateSettings | None) -> Iterator[Breach]:
    if rate is None:
        return
    if isinstance(rate, RejectRateSettings):
        count, of, what, among = rate.rejects, rate.of_orders, "rejects", "of_orders"
    else:
        count, of, what, among = rate.errors, rate.of_requests, "errors", "of_requests"
    if of is None and rate.within_ns is None:
        yield path, f"counts {what} of no number and of no time; give {among} or within, or both"
    elif of is not None and of < count:
        yield (*path, among), f"among {of} there are never {count}; {among} must be at least {what}"
