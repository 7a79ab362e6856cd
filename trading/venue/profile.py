"""What a venue's interface promises, as data. Where it promises nothing, the most cautious answer stands."""

import string
from typing import Final, Literal

import msgspec

from trading.timestamps import SECOND

CLIENT_ID_LENGTH: Final = 18
"""Characters of a client order id, of `a` to `z` and digits."""


class RateLimit(msgspec.Struct, frozen=True, kw_only=True):
    """So many units of weight in each `per_ns`; a request weighs what `weights` of the profile say, else one."""

    weight: int
    per_ns: int


class VenueProfile(msgspec.Struct, frozen=True, kw_only=True):
    """How one venue treats client order ids, queries, time and streams. ValueError where our ids do not fit.

    `unique_ids`: among which orders a client order id may stand once: those `open`, all of the `account` for ever, or
    `none` is promised. `finds_by_id`: whether an order can be asked for by its client order id, also once it is over.
    `visible_after_ns`: how long a query may not yet see what was accepted. `accepted_within_ns`: how long after it was
    stamped a request can still be accepted, by the venue's clock; None where there is no such bound. `dead_man_ns`: the
    shortest and the longest time after which its dead-man switch can be made to cancel everything, None where it has
    none. `fills_kept_ns`: how far back it
    tells of fills. `order_stream`: whether it pushes what becomes of orders. `not_final`: codes of refusals after which
    an order may be there all the same, such as that its id is in use.
    """

    name: str
    id_length: int = CLIENT_ID_LENGTH
    id_alphabet: str = string.ascii_lowercase + string.digits
    unique_ids: Literal["open", "account", "none"] = "open"
    finds_by_id: bool = True
    visible_after_ns: int = 60 * SECOND
    accepted_within_ns: int | None = None
    clock_margin_ns: int = SECOND
    dead_man_ns: tuple[int, int] | None = None
    fills_kept_ns: int = 86_400 * SECOND
    order_stream: bool = True
    not_final: frozenset[str] = frozenset()
    limits: tuple[RateLimit, ...] = ()
    weights: dict[str, int] = {}

    def __post_init__(self) -> None:
        if self.id_length < CLIENT_ID_LENGTH:
            raise ValueError(f"{self.name} takes ids of {self.id_length} characters; ours have {CLIENT_ID_LENGTH}")
        if missing := sorted(set(string.ascii_lowercase + string.digits) - set(self.id_alphabet)):
            raise ValueError(f"{self.name} takes no {''.join(missing)} in ids; ours may have them")
