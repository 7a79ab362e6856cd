"""How far into the future a decision depends on it."""

from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from daemon.research.lookahead.bisecting import boundary
from daemon.research.lookahead.futures import Change, Cut, Future
from daemon.research.lookahead.probes import Difference, Probe


class Reach(NamedTuple):
    """The inputs that a decision depends on, from the first to the last; whether they are bars, or rows of files."""

    first: Cut
    last: Cut
    of_bars: bool


def find_reach(probe: Probe, found: Difference, bars: Sequence[Cut], rows: Sequence[Cut]) -> Reach:
    """The reach of the decision that a change altered, upon later `bars` or `rows` of files, in the order of time.

    The last input is one that alters it when it and all later ones are others, and does not when only later ones are;
    the first one that does when all up to it are others too, and not without it.
    """
    change = _of_one_kind(probe, found, has_rows=bool(rows))
    inputs = [found.moment, *(bars if change.of_bars else rows)]
    if len(inputs) == 1:
        return Reach(found.change.after, found.change.after, change.of_bars)

    def differs(after: int, until: int | None = None) -> bool:
        end = None if until is None else inputs[until]
        return probe.differs_at(change._replace(after=inputs[after], until=end), found.moment)

    begin = 0 if differs(0) else bisect_right(inputs, found.change.after.ts_ns, key=lambda one: one.ts_ns) - 1
    last = boundary(begin, len(inputs) - 1, differs) + 1
    if change.future is Future.ENDS or begin or not differs(0, last):
        return Reach(inputs[last], inputs[last], change.of_bars)
    first = boundary(0, last, lambda until: not differs(0, until)) + 1
    return Reach(inputs[first], inputs[last], change.of_bars)


def _of_one_kind(probe: Probe, found: Difference, *, has_rows: bool) -> Change:
    """The change of bars alone or of files alone, if one of them is enough."""
    if not has_rows:
        return found.change._replace(of_files=False)
    alone = (found.change._replace(of_files=False), found.change._replace(of_bars=False))
    return next((change for change in alone if probe.differs_at(change, found.moment)), found.change)
