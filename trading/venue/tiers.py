"""How often the venue is asked, where nothing else calls for it."""

from typing import Final

import msgspec

from trading.timestamps import MINUTE, SECOND


class Tiers(msgspec.Struct, frozen=True, kw_only=True):
    """How often the venue is asked, where nothing calls for it: about what is on its way, about open orders and
    executions, about the account."""

    in_flight_ns: int = 2 * SECOND
    open_orders_ns: int = 10 * SECOND
    account_ns: int = MINUTE


DEFAULT_TIERS: Final = Tiers()
