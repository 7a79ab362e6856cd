"""The currencies of a configuration: those that are known, and those that it makes known."""

from collections.abc import Mapping
from decimal import Decimal

from daemon.config.problems import nearest
from daemon.config.settings import Settings
from trading.errors import InvalidInstrument
from trading.money import KNOWN_QUANTA, Currency


def quanta_of(settings: Settings) -> Mapping[str, Decimal]:
    """The smallest unit of each currency that may be used."""
    return {**settings.currencies, **{code: Decimal(quantum) for code, quantum in KNOWN_QUANTA.items()}}


def currency_of(code: str, settings: Settings) -> Currency:
    """The currency of that code; InvalidInstrument when its smallest unit is not known."""
    quanta = quanta_of(settings)
    if code not in quanta:
        raise InvalidInstrument(unknown_currency(code, settings))
    return Currency(code=code, quantum=quanta[code])


def unknown_currency(code: str, settings: Settings) -> str:
    """That the smallest unit of a currency is not known, and of which it is."""
    known = [*KNOWN_QUANTA, *settings.currencies]
    told = f"the smallest unit of {code} is not known{nearest(code, known)}; known: {', '.join(known)}"
    return f"{told}; write that of another under currencies"
