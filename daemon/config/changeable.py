"""What a restart may change of account and market and is not refused, as texts by the keys of the config: a journal
keeps them, so that the next start, or who repeats it, can tell what has changed."""

import hashlib
from collections.abc import Iterator
from datetime import time
from typing import Any, Final

from brokers.simulated.entitlements import AccountTerms, HoldingTerms
from daemon.config.broker_settings import SimulatedBrokerSettings
from daemon.config.market_settings import delay_text
from daemon.config.settings import Settings
from trading.timestamps import format_interval

_OF_THE_ACCOUNT: Final = frozenset({"interest", "day_count", "rollover", "sweep"})
_OF_INSTRUMENTS: Final = frozenset({"swap", "borrow", "funding", "settles", "actions", "calendar"})


def changeable(settings: Settings, terms: AccountTerms) -> dict[str, str]:
    """Each key with its value; what a file says counts as the value of `<key>.contents`."""
    account = settings.account.model_dump(include=set(_OF_THE_ACCOUNT), by_alias=True)
    texts = dict(_flat("account", account))
    texts["journal.equity_every"] = format_interval(settings.journal.equity_every_ns)
    for symbol, instrument in settings.instruments.items():
        written = instrument.model_dump(include=set(_OF_INSTRUMENTS), by_alias=True, exclude_none=True)
        texts |= _flat(f"instruments.{symbol}", written)
        texts |= _contents(f"instruments.{symbol}", terms.holdings.get(symbol, HoldingTerms()))
    return texts | dict(_of_market(settings))


def _of_market(settings: Settings) -> Iterator[tuple[str, str]]:
    """What is written of calendars and of the simulated market, and is not the default."""
    for name, calendar in settings.calendars.items():
        yield from _flat(f"calendars.{name}", calendar.model_dump(by_alias=True, exclude_defaults=True))
    if isinstance(settings.broker, SimulatedBrokerSettings):
        written = settings.broker.model_dump(by_alias=True, exclude_defaults=True, exclude={"kind"})
        yield from _flat("broker", written)


def _flat(path: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, one in value.items():
            yield from _flat(f"{path}.{key}", one)
    elif isinstance(value, tuple) and len(value) == 1:
        yield from _flat(path, value[0])
    elif isinstance(value, tuple):
        for place, one in enumerate(value):
            yield from _flat(f"{path}[{place}]", one)
    elif path.startswith("broker.latency.") and path != "broker.latency.seed":
        yield path, delay_text(value)
    elif path.endswith(".funding.interval"):
        yield path, format_interval(value)
    elif isinstance(value, time):
        yield path, f"{value:%H:%M}"
    else:
        yield path, str(value).lower() if isinstance(value, bool) else str(value)


def _contents(path: str, terms: HoldingTerms) -> dict[str, str]:
    contents = {}
    if terms.dividends or terms.splits:
        text = actions_text(terms)
        contents[f"{path}.actions.contents"] = f"{text} ({_digest(terms.dividends, terms.splits)})"
    if terms.funding is not None and terms.funding.history:
        rates = terms.funding.history
        contents[f"{path}.funding.file.contents"] = f"{counted(len(rates), 'rate')} ({_digest(rates)})"
    return contents


def actions_text(terms: HoldingTerms) -> str:
    """`3 dividends, 1 split`."""
    return f"{counted(len(terms.dividends), 'dividend')}, {counted(len(terms.splits), 'split')}"


def counted(number: int, what: str) -> str:
    """`1 rate`, `2 rates`."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _digest(*contents: object) -> str:
    return hashlib.blake2b(repr(contents).encode(), digest_size=4).hexdigest()
