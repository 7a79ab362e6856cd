"""What the projection's queries give, where it is more than the fact itself."""

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from trading.postings import Posting
from trading.reports import Fill


class FillRow(msgspec.Struct, frozen=True, kw_only=True):
    """A fill and the sequence of the record that told of it."""

    sequence: int
    fill: Fill


class PostingRow(msgspec.Struct, frozen=True, kw_only=True):
    """A posting and the sequence of its record."""

    sequence: int
    posting: Posting


class ValuationRow(msgspec.Struct, frozen=True, kw_only=True):
    """What one owner's book was worth, in the account's currency, and the sequence of the record of it; None where a
    rate was missing."""

    sequence: int
    ts_ns: int
    owner: str
    equity: Decimal | None
    exposure: Decimal | None


Warnings = Mapping[tuple[str, str], int]
"""How often each strategy was told of a margin call, or of a liquidation: by kind and strategy."""
