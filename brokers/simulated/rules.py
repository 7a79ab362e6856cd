"""What a market may do in more than one way. Each setting is a rule that some venue or data set has."""

import enum
from decimal import Decimal

import msgspec


class BarPrice(enum.StrEnum):
    """What a new order meets on bars."""

    NEXT_OPEN = "next_open"
    NEXT_TYPICAL = "next_typical"
    THIS_CLOSE = "this_close"


class QuotePrice(enum.StrEnum):
    """What an order that takes liquidity meets on quotes."""

    BID_ASK = "bid_ask"
    MID = "mid"


class Gap(enum.StrEnum):
    """The price of an order that the market has jumped over: the market's or the order's own."""

    MARKET = "market"
    ORDER = "order"


class Reach(enum.StrEnum):
    """How far the market must come for a resting limit."""

    TOUCH = "touch"
    THROUGH = "through"


class Path(enum.StrEnum):
    """How prices went within a bar."""

    NEARER_EXTREME = "nearer_extreme"
    WORST_CASE = "worst_case"


class StopLimitInBar(enum.StrEnum):
    """Where the limit of a stop-limit order is looked for in the bar that woke it."""

    PATH = "path"
    RANGE = "range"
    NEXT_BAR = "next_bar"


class TrailBy(enum.StrEnum):
    """What a trailing stop follows on bars."""

    PATH = "path"
    CLOSE = "close"


class Unaffordable(enum.StrEnum):
    """What becomes of a resting order that the account cannot carry when it would fill."""

    CANCEL = "cancel"
    WAIT = "wait"


class MarketRules(msgspec.Struct, frozen=True, kw_only=True):
    """`volume_share` is how much of an event's volume or size may be taken, above 0; None does not look at sizes.
    `stop_limit_price` is that of a stop-limit order within the bar that woke it, where its limit is no hindrance.

    ValueError when it is not above zero.
    """

    bar_price: BarPrice = BarPrice.NEXT_OPEN
    quote_price: QuotePrice = QuotePrice.BID_ASK
    stop_gap: Gap = Gap.MARKET
    limit_gap: Gap = Gap.MARKET
    limit_reach: Reach = Reach.TOUCH
    path: Path = Path.NEARER_EXTREME
    stop_limit_in_bar: StopLimitInBar = StopLimitInBar.PATH
    stop_limit_price: Gap = Gap.MARKET
    trail_by: TrailBy = TrailBy.PATH
    unaffordable: Unaffordable = Unaffordable.CANCEL
    volume_share: Decimal | None = None

    def __post_init__(self) -> None:
        share = self.volume_share
        if share is not None and not (share.is_finite() and share > 0):
            raise ValueError(f"volume_share is {share}; write a share above 0, such as 0.25, or leave it out")
