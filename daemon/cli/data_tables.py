"""What `bulkhead data` did and found, in words."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from daemon.cli.tables import brief, moment, number, rest, table, text, to_second

if TYPE_CHECKING:
    from daemon.research.catalogue.importing import Imported
    from daemon.research.catalogue.stretches import Taken

Told = dict[str, Any]

_CONTENTS = (
    text("SYMBOL", "symbol"),
    text("KIND", "kind"),
    text("INTERVAL", "interval"),
    number("ROWS", "rows"),
    moment("FIRST", "first"),
    moment("LAST", "last"),
    number("FILES", "files"),
    number("BYTES", "bytes"),
    brief("SOURCES", "shown"),
)


def imported_told(done: "Sequence[Imported]") -> list[Told]:
    """What became of each file, in plain values."""
    return [
        {
            "path": str(one.path),
            "rows": one.rows,
            "skipped": {str(fault): count for fault, count in one.skipped.items()},
            "series": [taken_told(taken) for taken in one.series],
        }
        for one in done
    ]


def imported_lines(told: Sequence[Told]) -> Iterator[str]:
    """The same for people."""
    for one in told:
        skipped = ", ".join(f"{count} {fault}" for fault, count in one["skipped"].items())
        left_out = f", {sum(one['skipped'].values())} left out ({skipped})" if skipped else ""
        yield f"{one['path']}: {one['rows']} rows{left_out}"
        yield from (f"  {line}" for taken in one["series"] for line in taken_lines(taken))


def taken_told(taken: "Taken") -> Told:
    """What became of the rows of one series, in plain values."""
    from trading.timestamps import format_interval, iso

    series = taken.series
    return {
        "symbol": series.symbol,
        "kind": series.kind.value,
        "interval": format_interval(series.interval_ns) if series.interval_ns else None,
        "new": taken.new,
        "there_already": taken.known,
        "first": iso(taken.first_ns),
        "last": iso(taken.last_ns),
        "files": [str(path) for path in taken.files],
    }


def taken_lines(told: Told) -> Iterator[str]:
    """The same for people."""
    length = f" of {told['interval']}" if told["interval"] else ""
    head = f"{told['kind']}{length} of {told['symbol']}, {to_second(told['first'])} to {to_second(told['last'])}"
    if not told["new"]:
        yield f"{head}: all {told['there_already']} rows are there already"
        return
    there = f", {told['there_already']} are there already" if told["there_already"] else ""
    yield f"{head}: {told['new']} new rows{there}"
    yield from (f"  {path}" for path in told["files"])


def contents_table(rows: Sequence[Told], root: Path, symbols: Sequence[str], *, headers: bool) -> str:
    """The series of a catalogue, or that there are none and how to have some."""
    if not rows:
        what = f"nothing of {', '.join(symbols)}" if symbols else "nothing yet"
        return f"the catalogue {root} holds {what}; fill it by `bulkhead data import` or `bulkhead data generate`"
    shown = [{**row, "shown": _sources(row["sources"])} for row in rows]
    return table(shown, _CONTENTS, headers=headers) + rest(shown, "shown", "-o json")


def _sources(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
