"""What a replay came to, for programs and for people."""

from collections.abc import Sequence
from typing import Any

import msgspec

from daemon.journal.verify import readable
from daemon.research.replay.divergence import Difference, Divergence, words
from trading.timestamps import iso


class DivergenceView(msgspec.Struct, frozen=True, kw_only=True):
    """A divergence in plain values: `journaled` and `came` are records as `journal export` writes them, None for
    nothing; `fields` are the names and both values of what differs; `text` says both in words, `before` the last
    commands of the strategy."""

    event: int
    ts: str
    symbol: str
    strategy: str
    journaled: dict[str, Any] | None
    came: dict[str, Any] | None
    fields: Sequence[Difference]
    text: tuple[str, str]
    before: Sequence[str]
    note: str

    @classmethod
    def of(cls, found: Divergence) -> "DivergenceView":
        """The view of a divergence."""
        journaled, came = (None if one is None else readable(one) for one in (found.journaled, found.came))
        return cls(
            event=found.event,
            ts=iso(found.ts_ns),
            symbol=found.symbol,
            strategy=found.strategy,
            journaled=journaled,
            came=came,
            fields=found.differences,
            text=(words(found.journaled), words(found.came)),
            before=[words(one) for one in found.before],
            note=found.note,
        )


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What was compared, from the snapshot that it began with to the last event that was carried. `steps` and what is
    counted of them came as they are journaled; `commands` are all that strategies asked for, `orders` those of them
    that were sent as such."""

    identical: bool
    events: int
    steps: int
    commands: int
    orders: int
    fills: int
    seconds: float
    first: str
    last: str
    divergence: DivergenceView | None
    warnings: Sequence[str]
