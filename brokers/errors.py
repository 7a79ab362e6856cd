"""The brokers' errors.

    TradingError
    └── BrokerError
        ├── NotConnected      a broker was used before `connect` or after `close`
        ├── NotAllowedInLive  a broker that reaches no venue was asked to trade live
        ├── BadCredentials    a file of credentials is missing, no file, open to others, or is not one
        └── NotAllCancelled   orders that were to be cancelled may still work

What a market or a venue refuses is not an error but a message.
"""

from trading.errors import TradingError


class BrokerError(TradingError):
    """Any error of a broker."""


class NotConnected(BrokerError):
    """A broker was used before `connect` or after `close`."""


class NotAllowedInLive(BrokerError):
    """A broker that reaches no venue was asked to trade live."""


class BadCredentials(BrokerError):
    """A file of credentials is missing, open to others, or is not one. It never quotes what is in it."""


class NotAllCancelled(BrokerError):
    """Orders that were to be cancelled may still work; `cancelled` are the client order ids of those that were."""

    def __init__(self, cancelled: list[str], reason: str) -> None:
        super().__init__(f"orders may still work at the venue: {reason}; cancelled: {', '.join(cancelled) or 'none'}")
        self.cancelled = cancelled
