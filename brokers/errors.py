"""The brokers' errors.

    TradingError
    └── BrokerError
        ├── NotConnected      a broker was used before `connect` or after `close`
        └── NotAllowedInLive  a broker that reaches no venue was asked to trade live

What a market or a venue refuses is not an error but a report.
"""

from trading.errors import TradingError


class BrokerError(TradingError):
    """Any error of a broker."""


class NotConnected(BrokerError):
    """A broker was used before `connect` or after `close`."""


class NotAllowedInLive(BrokerError):
    """A broker that reaches no venue was asked to trade live."""
