"""What is held against each other: what a strategy decides or does up to a moment, on the data and on changed data."""

from collections.abc import Callable, Sequence
from typing import Final, Protocol

import msgspec
import numpy as np

from daemon.research.lookahead.deeds import Deed
from daemon.research.lookahead.futures import Change, Cut
from daemon.research.lookahead.runs import Course, Decided
from daemon.research.lookahead.trials import Trials
from daemon.research.timeline import Floats
from trading.timestamps import iso

_LAST_DIGITS: Final = 1e-9
"""A difference of this share of a value or less comes of another order of sums, of no other price."""


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """The first of what is another: `before` on the data, `after` on that with the change, in words. `count` of so many
    as there are differ. Or the code `raised` on the changed data."""

    change: Change
    moment: Cut
    symbol: str = ""
    before: str = ""
    after: str = ""
    count: int = 0
    of: int = 0
    is_rounding: bool = False
    raised: str = ""


class Probe(Protocol):
    """Looks for differences in one kind of run."""

    where: str

    def difference(self, change: Change, until: Cut) -> Difference | None:
        """The first up to a cut."""

    def worth_a_run(self, changes: Sequence[Change]) -> Sequence[Change]:
        """The changes that may show one, as far as that can be told for less than a process for each of them. Where
        its code keeps what it has once reckoned, they show too much in one process, and hardly too little."""

    def differs_at(self, change: Change, moment: Cut) -> bool:
        """Whether what was decided at a moment is another."""


class ArraysProbe:
    """The arrays that `signals` gives."""

    where = "signals"

    def __init__(self, trials: Trials, decided: Decided, warm: int) -> None:
        self._trials = trials
        self._warm = warm
        self._symbol = decided.symbol
        self._rows = decided.rows()
        self._values = decided.values()

    def difference(self, change: Change, until: Cut) -> Difference | None:
        """The first row up to a cut."""
        return self._found(self._trials.decided(change), change, until)

    def worth_a_run(self, changes: Sequence[Change]) -> Sequence[Change]:
        """All where files are others too, else those that show something in one process."""
        if self._trials.tables:
            return changes
        others = zip(self._trials.each_decided(changes), changes, strict=True)
        return _telling(changes, [self._found(other, change, change.after) for other, change in others])

    def _found(self, other: Decided, change: Change, until: Cut) -> Difference | None:
        if other.raised:
            return Difference(change=change, moment=until, symbol=self._symbol, raised=other.raised)
        return self._against(other, change, until)

    def _against(self, other: Decided, change: Change, until: Cut) -> Difference | None:
        values, count = other.values(), int(self._rows.searchsorted(until.place, side="right"))
        before = self._values[:, :count]
        after = values[:, :count] if values.shape[0] == len(before) else np.empty((0, 0))
        if after.shape != before.shape:
            told = f"{len(values)} columns of {values.shape[-1]} rows"
            return Difference(change=change, moment=until, symbol=self._symbol, before="as before", after=told)
        differing = ~((before == after) | (np.isnan(before) & np.isnan(after)))
        differing[:, : self._warm] = False
        rows = np.flatnonzero(differing.any(axis=0))
        if not len(rows):
            return None
        in_digits = differing & ~_in_last_digits(before, after)
        plain = np.flatnonzero(in_digits.any(axis=0))
        row = int(plain[0] if len(plain) else rows[0])
        place = int(self._rows[row])
        return Difference(
            change=change,
            moment=Cut(place, self._trials.time_of(place)),
            symbol=self._symbol,
            before=_values(before[:, row]),
            after=_values(after[:, row]),
            count=len(rows),
            of=count - self._warm,
            is_rounding=not len(plain),
        )

    def differs_at(self, change: Change, moment: Cut) -> bool:
        """Whether the row of a moment is another."""
        other, row = self._trials.decided(change), int(self._rows.searchsorted(moment.place))
        values = other.values()
        if other.raised or values.shape[0] != len(self._values) or values.shape[1] <= row:
            return True
        return not np.array_equal(values[:, row], self._values[:, row], equal_nan=True)


class DeedsProbe:
    """What comes of a run: orders and all that follows."""

    def __init__(
        self,
        where: str,
        deeds: list[Deed],
        run: Callable[[Change, Cut], Course],
        each: Callable[[Sequence[Change]], list[Course]] | None,
    ) -> None:
        self.where = where
        self._deeds = deeds
        self._run = run
        self._each = each

    def difference(self, change: Change, until: Cut) -> Difference | None:
        """The first deed up to a cut."""
        return self._found(self._run(change, until), change, until)

    def worth_a_run(self, changes: Sequence[Change]) -> Sequence[Change]:
        """All, unless they can be tried in one process; then those that show something there."""
        if self._each is None:
            return changes
        others = zip(self._each(changes), changes, strict=True)
        return _telling(changes, [self._found(other, change, change.after) for other, change in others])

    def _found(self, other: Course, change: Change, until: Cut) -> Difference | None:
        if other.raised:
            return Difference(change=change, moment=until, raised=other.raised)
        before, after = self._until(self._deeds, until), self._until(other.deeds, until)
        found = first_difference(before, after)
        if found is None:
            return None
        one, two = found
        if two is not None and two.is_failure:
            return Difference(change=change, moment=Cut(two.place, two.ts_ns), raised=two.told())
        first = min((deed for deed in found if deed is not None), key=lambda deed: deed.ts_ns)
        return Difference(
            change=change,
            moment=Cut(first.place, first.ts_ns),
            symbol=first.symbol,
            before=_deed(one),
            after=_deed(two),
            count=1,
            of=max(len(before), len(after)),
        )

    def differs_at(self, change: Change, moment: Cut) -> bool:
        """Whether anything up to a moment is another."""
        return self.difference(change, moment) is not None

    def _until(self, deeds: list[Deed], until: Cut) -> list[Deed]:
        if self.where == "decide":
            return [deed for deed in deeds if deed.place <= until.place]
        return [deed for deed in deeds if deed.ts_ns <= until.ts_ns]


def _telling(changes: Sequence[Change], found: Sequence[Difference | None]) -> Sequence[Change]:
    """The changes that show something, or, where that is doubtful each time, the first of them."""
    shown = [(change, one) for change, one in zip(changes, found, strict=True) if one is not None]
    plain = [change for change, one in shown if not one.raised and not one.is_rounding]
    return plain or [change for change, _ in shown[:1]]


def first_difference(before: list[Deed], after: list[Deed]) -> tuple[Deed | None, Deed | None] | None:
    """The first two deeds in the same place of two runs that are not the same; None for one that there is not."""
    for place in range(max(len(before), len(after))):
        one = before[place] if place < len(before) else None
        two = after[place] if place < len(after) else None
        if one is None or two is None or one.key != two.key:
            return one, two
    return None


def _in_last_digits(before: Floats, after: Floats) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    with np.errstate(invalid="ignore"):
        return np.abs(before - after) <= _LAST_DIGITS * np.maximum(np.abs(before), np.abs(after))


def _values(values: Floats) -> str:
    return "nothing" if np.isnan(values).any() else " and ".join(f"{value!r}" for value in values.tolist())


def _deed(deed: Deed | None) -> str:
    return "nothing more" if deed is None else f"{deed.words} at {iso(deed.ts_ns)}"
