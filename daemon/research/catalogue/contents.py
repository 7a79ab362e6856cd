"""What a catalogue holds, a line for each series, in plain values."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from daemon.research.catalogue.entry import Entry
from daemon.research.catalogue.index import entries
from daemon.research.catalogue.series import Series
from trading.timestamps import format_interval, iso


def contents(root: Path, symbols: Collection[str] = ()) -> list[dict[str, Any]]:
    """Each series, of all symbols where none are named; BadData where a file is damaged. Times are those of the first
    and last row, of bars their closes."""
    return [_line(series, files) for series, files in entries(root).items() if not symbols or series.symbol in symbols]


def _line(series: Series, files: Sequence[Entry]) -> dict[str, Any]:
    labels = [entry.label for entry in files]
    return {
        "symbol": series.symbol,
        "kind": series.kind.value,
        "interval": format_interval(series.interval_ns) if series.interval_ns else None,
        "rows": sum(label.rows for label in labels),
        "first": iso(min(label.first_ns for label in labels)),
        "last": iso(max(label.last_ns for label in labels)),
        "files": len(files),
        "bytes": sum(entry.bytes for entry in files),
        "sources": list(dict.fromkeys(label.source.name for label in labels)),
        "paths": [str(entry.path) for entry in files],
    }
