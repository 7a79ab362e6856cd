"""What the plain protocol promises."""

import string
from typing import Final

from trading.capabilities import AMEND, Capabilities
from trading.orders import OrderType, TimeInForce
from trading.timestamps import DAY, MINUTE, SECOND
from trading.venue.profile import RateLimit, VenueProfile

ACCEPTED_WITHIN_NS: Final = 5 * SECOND
"""Every request says that it is not to be carried out later than this after its stamp."""

PROFILE: Final = VenueProfile(
    name="plain",
    id_length=36,
    id_alphabet=string.ascii_lowercase + string.digits + "-",
    unique_ids="open",
    finds_by_id=True,
    visible_after_ns=2 * SECOND,
    accepted_within_ns=ACCEPTED_WITHIN_NS,
    clock_margin_ns=SECOND,
    dead_man_ns=(SECOND, DAY),
    fills_kept_ns=7 * DAY,
    order_stream=True,
    not_final=frozenset({"duplicate_id"}),
    limits=(RateLimit(weight=6_000, per_ns=MINUTE),),
    weights={"list_open_orders": 5, "list_fills": 5, "read_account": 5},
)

CAPABILITIES: Final = Capabilities(
    order_types=frozenset({OrderType.MARKET, OrderType.LIMIT, OrderType.STOP, OrderType.STOP_LIMIT}),
    times_in_force=frozenset({TimeInForce.GTC, TimeInForce.GTD, TimeInForce.IOC, TimeInForce.FOK}),
    options=frozenset({"post_only", "reduce_only", AMEND}),
)
