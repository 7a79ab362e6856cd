"""What can be found in market data, and what was: counted whole, shown by the first few."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from daemon.feeds.file.faults import BadRow, Fault
from daemon.research.catalogue.quality.batches import Batch, Where
from trading.market_data import MarketEvent
from trading.timestamps import DAY, HOUR, MINUTE, SECOND, iso

FLAWS: Final[Mapping[str, str]] = {
    **{fault.name.lower(): fault.value for fault in Fault},
    "conflict": "two bars of one time that differ",
    "gap": "after a long pause",
    "outlier": "far from the price before",
    "wide_range": "bar of a wide range",
    "split": "as after a split",
    "zero_volume": "run of bars without volume",
}
"""What should not be, by key, in words. Rows of the file feed's faults an import refuses."""

NOTES: Final[Mapping[str, str]] = {
    "same_time": "at the time of the one before",
    "repeated": "the same as the one before",
    "locked": "bid and ask are the same",
    "outside_hours": "outside trading hours",
}
"""What is lawful and may be good to know."""


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """One row of a kind. Rows count from 1 without the header; `line` is 0 where the file is no text, `time` empty
    where it cannot be read."""

    path: str
    row: int
    line: int
    time: str
    text: str


class Finding(msgspec.Struct, kw_only=True):
    """All rows of a kind."""

    words: str
    count: int = 0
    examples: list[Example] = []


class Findings:
    """Collects what is found."""

    def __init__(self, examples: int) -> None:
        """So many examples are kept of each kind."""
        self._examples = examples
        self._found: dict[str, Finding] = {}

    @property
    def flaws(self) -> dict[str, Any]:
        """What should not be, in the order of its kinds, in plain values."""
        return {key: msgspec.to_builtins(self._found[key]) for key in FLAWS if key in self._found}

    @property
    def notes(self) -> dict[str, Any]:
        """What is lawful, likewise."""
        return {key: msgspec.to_builtins(self._found[key]) for key in NOTES if key in self._found}

    def of_event(self, key: str, batch: Batch, event: MarketEvent, text: Callable[..., str], *of: Any) -> None:
        """Count an event of a batch; where it is kept as an example, `text` says of some values what is odd."""
        if not self._counts_only(key):
            self._keep(key, batch.where(event), iso(event.ts_ns), text(*of))

    def of_row(self, key: str, batch: Batch, bad: BadRow) -> None:
        """Count a row that is no event."""
        if not self._counts_only(key):
            ts_ns = batch.time_of(bad)
            self._keep(key, Where(bad.path, bad.row, bad.line), "" if ts_ns is None else iso(ts_ns), bad.message)

    def _counts_only(self, key: str) -> bool:
        finding = self._found.get(key)
        if finding is None:
            words = FLAWS[key] if key in FLAWS else NOTES[key]
            finding = self._found[key] = Finding(words=words)
        finding.count += 1
        return finding.count > self._examples

    def _keep(self, key: str, where: Where, time: str, text: str) -> None:
        path, row, line = where
        self._found[key].examples.append(Example(path=str(path), row=row, line=line, time=time, text=text))


def span(length_ns: float) -> str:
    """`3d 2h`, `13h 30m`, `45s`, `0.25s`: a length of time by its two largest units."""
    if length_ns < MINUTE:
        return f"{length_ns / SECOND:.3g}s"
    units = (("d", DAY), ("h", HOUR), ("m", MINUTE), ("s", SECOND))
    first = next(place for place, (_, unit_ns) in enumerate(units) if length_ns >= unit_ns)
    shown, rest_ns = [], int(length_ns)
    for name, unit_ns in units[first : first + 2]:
        count, rest_ns = divmod(rest_ns, unit_ns)
        shown.append(f"{count}{name}" if count else "")
    return " ".join(filter(None, shown))
