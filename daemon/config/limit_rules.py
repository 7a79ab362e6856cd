"""What must hold of limits, beyond each one's own shape."""

from collections.abc import Iterator

from daemon.config.limit_settings import Limits
from daemon.config.problems import KeyPath, nearest
from daemon.config.settings import Settings
from daemon.config.source import Document, names


def limited_symbols_are_instruments(settings: Settings, document: Document) -> Iterator[tuple[KeyPath, str]]:
    """Who forbids a symbol by a slip of the pen has forbidden nothing."""
    instruments = names(document, "instruments")
    sections: list[tuple[KeyPath, Limits]] = [(("risk",), settings.risk)]
    sections += [(("strategies", place, "risk"), one.risk) for place, one in enumerate(settings.strategies)]
    for path, risk in sections:
        for key in ("symbols", "restricted_symbols"):
            for symbol in getattr(risk, key) or ():
                if symbol not in instruments:
                    yield (*path, key), f"{symbol!r} is no instrument{nearest(symbol, instruments)}"
