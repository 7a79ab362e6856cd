"""A series looked through: once for what is usual in it, once for what is not."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from daemon.errors import DaemonError
from daemon.feeds.file.layout import DataFile
from daemon.research.catalogue.quality.batches import batches
from daemon.research.catalogue.quality.checks import (
    BadRows,
    Check,
    Gaps,
    Locked,
    Outliers,
    OutsideHours,
    Repeated,
    WideRanges,
    ZeroVolume,
)
from daemon.research.catalogue.quality.coverage import Coverage
from daemon.research.catalogue.quality.findings import Findings
from daemon.research.catalogue.quality.splits import Splits
from daemon.research.catalogue.quality.usual import Usual, measure
from daemon.research.catalogue.series import Series
from trading.errors import ScheduleEnded
from trading.sessions import Sessions
from trading.subscriptions import DataKind
from trading.timestamps import SECOND, format_interval, iso

PAUSES: Final[Mapping[DataKind, float]] = {DataKind.BARS: 10.0, DataKind.QUOTES: 1000.0, DataKind.TRADES: 1000.0}
"""How many times the usual pause is a gap where nothing else is said. Ticks come in bursts."""


class Scale(msgspec.Struct, frozen=True, kw_only=True):
    """What counts as odd: a pause of so many times the usual one, by kind where it is None; a move and a bar's range of
    so many times the usual ones; so many bars without volume in a row. Of each kind so many examples are kept."""

    pause: float | None = None
    move: float = 20.0
    zero_volume: int = 10
    examples: int = 5


_SCALE: Final = Scale()


def inspect(
    series: Series, files: Sequence[DataFile], *, scale: Scale = _SCALE, sessions: Sessions | None = None
) -> dict[str, Any]:
    """The quality of a series in plain values, read twice from its files in the order of time.

    BadData where a file cannot be read to its end; DaemonError where `sessions` end before the series does.
    """
    try:
        return _inspected(series, files, scale, sessions)
    except ScheduleEnded as error:
        raise DaemonError(str(error), mend="inspect an earlier part, or by another --calendar")


def _inspected(series: Series, files: Sequence[DataFile], scale: Scale, sessions: Sessions | None) -> dict[str, Any]:
    usual = measure(batches(files))
    pause = PAUSES[series.kind] if scale.pause is None else scale.pause
    gap_ns = None if usual.pause_ns is None else usual.pause_ns * pause
    outlier = None if usual.move is None else usual.move * scale.move
    found = Findings(scale.examples)
    checks: list[Check] = [BadRows(found), Splits(found)]
    if gap_ns is not None:
        checks.append(Gaps(gap_ns, sessions, found))
    if outlier is not None:
        checks.append(Outliers(outlier, found))
    if sessions is not None:
        checks.append(OutsideHours(sessions, found))
    coverage = Coverage(series.interval_ns, sessions) if series.kind is DataKind.BARS else None
    checks += [*_of_kind(series.kind, usual, scale, found), *([coverage] if coverage is not None else [])]
    bad = 0
    for batch in batches(files):
        bad += len(batch.bad)
        for check in checks:
            check(batch)
    return {
        "symbol": series.symbol,
        "kind": series.kind.value,
        "interval": format_interval(series.interval_ns) if series.interval_ns else None,
        "files": [str(file.path) for file in files],
        "rows": usual.rows + bad,
        "good_rows": usual.rows,
        "first": None if usual.first_ns is None else iso(usual.first_ns),
        "last": None if usual.last_ns is None else iso(usual.last_ns),
        "usual_pause_seconds": None if usual.pause_ns is None else usual.pause_ns / SECOND,
        "gap_seconds": None if gap_ns is None else gap_ns / SECOND,
        "usual_move": usual.move,
        "outlier_move": outlier,
        "usual_range": usual.range,
        "has_volume": usual.has_volume,
        "flaws": found.flaws,
        "notes": found.notes,
        "coverage": None if coverage is None else coverage.result(),
    }


def _of_kind(kind: DataKind, usual: Usual, scale: Scale, found: Findings) -> Iterator[Check]:
    """The checks that only rows of one kind can be put to."""
    if kind is not DataKind.BARS:
        yield Repeated(found)
    if kind is DataKind.QUOTES:
        yield Locked(found)
    if kind is DataKind.BARS and usual.range is not None:
        yield WideRanges(usual.range * scale.move, found)
    if kind is DataKind.BARS and usual.has_volume:
        yield ZeroVolume(scale.zero_volume, found)
