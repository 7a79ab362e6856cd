"""What a restart may change of the account and is not refused, as texts by the keys of the config: a journal keeps
them, so that the next start can tell what has changed."""

import hashlib
from collections.abc import Iterator
from datetime import time
from typing import Any, Final

from brokers.simulated.entitlements import AccountTerms, HoldingTerms
from daemon.config.settings import Settings
from trading.timestamps import format_interval

_OF_THE_ACCOUNT: Final = frozenset({"interest", "day_count", "rollover", "sweep"})
_OF_INSTRUMENTS: Final = frozenset({"swap", "borrow", "funding", "settles", "actions"})


def changeable(settings: Settings, terms: AccountTerms) -> dict[str, str]:
    """Each key with its value; what a file says counts as the value of `<key>.contents`."""
    account = settings.account.model_dump(include=set(_OF_THE_ACCOUNT), by_alias=True)
    texts = dict(_flat("account", account))
    texts["journal.equity_every"] = format_interval(settings.journal.equity_every_ns)
    for symbol, instrument in settings.instruments.items():
        written = instrument.model_dump(include=set(_OF_INSTRUMENTS), by_alias=True, exclude_none=True)
        texts |= _flat(f"instruments.{symbol}", written)
        texts |= _contents(f"instruments.{symbol}", terms.holdings.get(symbol, HoldingTerms()))
    return texts


def _flat(path: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, one in value.items():
            yield from _flat(f"{path}.{key}", one)
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
