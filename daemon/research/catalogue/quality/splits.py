"""Prices that have jumped over night as a split makes them jump."""

from itertools import pairwise
from math import log
from typing import Final

from daemon.research.catalogue.quality.batches import Batch, began, price_of
from daemon.research.catalogue.quality.findings import Findings
from trading.market_data import Bar, MarketEvent
from trading.timestamps import DAY, HOUR

RATIOS: Final = {
    **{f"{count}:1": float(count) for count in (2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 25, 30, 40, 50, 100)},
    "3:2": 1.5,
    "5:2": 2.5,
}
"""New shares for old, and what a price is divided by. Smaller ones, as 5:4, look like ordinary falls."""

NEAR: Final = 0.05
"""How far a jump may be from a ratio, as the difference of logarithms: what a price may move in a night besides."""

_LEAST: Final = log(min(RATIOS.values())) - NEAR
_NIGHT_NS: Final = HOUR


class Splits:
    """Rows after a night whose price is to the one before as after a split. A night is the change of the day in UTC, or
    a pause of more than an hour. Of a bar the open counts and, as that may be stale, the close of a short one."""

    def __init__(self, found: Findings) -> None:
        self._found = found

    def __call__(self, batch: Batch) -> None:
        """Count them."""
        for before, event in pairwise(batch.followed):
            if _is_night(before, event) and price_of(before) > 0.0:
                self._look(batch, event, price_of(before))

    def _look(self, batch: Batch, event: MarketEvent, old: float) -> None:
        for new in _prices(event):
            name = split_of(old / new) if new > 0.0 else ""
            if name:
                self._found.of_event("split", batch, event, _jumped, old, new, name)
                return


def _prices(event: MarketEvent) -> tuple[float, ...]:
    if not isinstance(event, Bar):
        return (price_of(event),)
    return (event.open, event.close) if event.interval_ns < HOUR else (event.open,)


def _jumped(old: float, new: float, name: str) -> str:
    return f"{old:.10g} to {new:.10g}, 1/{old / new:.4g}: as after a split of {name}"


def split_of(ratio: float) -> str:
    """The split that divides a price so, such as `2:1` or, where it makes shares fewer, `1:10`; empty for none."""
    jump = log(ratio)
    if abs(jump) < _LEAST:
        return ""
    name = min(RATIOS, key=lambda one: abs(log(RATIOS[one]) - abs(jump)))
    if abs(log(RATIOS[name]) - abs(jump)) > NEAR:
        return ""
    return name if jump > 0.0 else ":".join(reversed(name.split(":")))


def _is_night(before: MarketEvent, event: MarketEvent) -> bool:
    return event.ts_ns - before.ts_ns > _NIGHT_NS or began(event) // DAY != began(before) // DAY
