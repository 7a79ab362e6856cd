"""The beginning of a file, as far as it takes to see each of its symbols: what `bulkhead check` looks at and tells."""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from daemon.config.problems import nearest
from daemon.feeds.file.blocks import Place
from daemon.feeds.file.columns import Flaw
from daemon.feeds.file.faults import BadRow, counted, key_of
from daemon.feeds.file.lane import Mark, Reader, source_of
from daemon.feeds.file.layout import FIELDS, DataFile
from trading.market_data import Bar, MarketEvent
from trading.timestamps import format_interval, iso


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """What was understood of a file. `first` holds the first event of each symbol, `rows` tells how far it was read."""

    file: DataFile
    fields: Mapping[str, str]
    time_form: str
    rows: int
    first: Mapping[str, MarketEvent]
    faults: Mapping[str, int]
    flaws: Sequence[Flaw]

    @property
    def begin_ns(self) -> int:
        """Where its first event begins."""
        return min(map(began, self.first.values()))

    def facts(self) -> dict[str, str]:
        """What was understood, each thing under its name."""
        file = self.file
        interval = f" of {format_interval(file.interval_ns)}" if file.interval_ns else ""
        stamped = f", of a bar's {'open' if file.stamped_at_open else 'close'}" if file.interval_ns else ""
        columns = [f"{field}={column}" for field, column in self.fields.items()]
        lacking = [f"{field}=0" for field in FIELDS[file.data] if field not in self.fields]
        facts = {
            "file": str(file.path),
            "rows": f"{file.data}{interval} of {', '.join(file.symbols)}",
            "columns": ", ".join([*columns, *lacking]),
            "times": f"{self.time_form}, {file.zone}{stamped}",
            "first": shown(min(self.first.values(), key=began)),
        }
        if self.faults:
            facts["skipped"] = f"{counted(self.faults)} in the first {self.rows} rows"
        return facts


def read_head(file: DataFile, *, skip_bad_rows: bool) -> Head:
    """Read until every symbol was seen, or a bad row unless those are skipped; BadData for what is no such file."""
    source = source_of(file)
    flaws = list(source.mapped.flaws)
    bad_rows: list[BadRow] = []
    first: dict[str, MarketEvent] = {}
    mark = Mark()
    if not flaws:
        reader = Reader(file, mark, lambda bad: None if skip_bad_rows else bad_rows.append(bad))
        for events in reader:
            first = {event.symbol: event for event in reversed(events)} | first
            if bad_rows or len(first) == len(file.symbols):
                break
        mark = reader.mark
        flaws += _bad(bad_rows) if bad_rows else _absent(file, first, mark)
    return Head(
        file=file,
        fields=source.fields,
        time_form=source.time_form,
        rows=mark.place.row,
        first=first,
        faults=mark.skipped,
        flaws=flaws,
    )


def _bad(rows: Sequence[BadRow]) -> Iterator[Flaw]:
    row = rows[0]
    others = f" (and {len(rows) - 1} more rows)" if len(rows) > 1 else ""
    skip = "leave such rows out with `on_bad_row: skip`"
    yield key_of(row), f"{row.place} of {row.path.name}: {row.message}{others}; {row.mend}, or {skip}"


def _absent(file: DataFile, first: Mapping[str, MarketEvent], mark: Mark) -> Iterator[Flaw]:
    absent = [symbol for symbol in file.symbols if symbol not in first]
    if not absent:
        return
    if mark.skipped:
        yield (), f"{file.path.name} has no row that could be used; bad ones: {counted(mark.skipped)}"
    elif not mark.place.row:
        yield ("path",), f"{file.path.name} has no rows"
    else:
        there = symbols_there(file)
        like = nearest(absent[0], there)
        yield (
            ("symbol" if len(file.symbols) == 1 else "symbols",),
            f"{file.path.name} has no row of {', '.join(absent)}{like}; it begins with {', '.join(there)}",
        )


def symbols_there(file: DataFile) -> list[str]:
    """The first few symbols of a file, wanted or not."""
    anything = msgspec.structs.replace(file, others_are_bad=True)
    block = next(iter(source_of(anything).blocks(Place())), None)
    columns = block.columns() if block is not None else None
    return list(dict.fromkeys(columns.symbols or ()))[:5] if columns is not None else []


def began(event: MarketEvent) -> int:
    """A bar's open, a tick's time."""
    return event.ts_ns - event.interval_ns if isinstance(event, Bar) else event.ts_ns


def shown(event: MarketEvent) -> str:
    """`2014-05-01T00:00:00.292Z EURUSD bid=1.38676 ask=1.38686 ...`; a bar with its open and its close time."""
    values = msgspec.structs.asdict(event)
    numbers = " ".join(f"{name}={values[name]}" for name in values if isinstance(values[name], float))
    times = f"{iso(began(event))} to {iso(event.ts_ns)}" if isinstance(event, Bar) else iso(event.ts_ns)
    return f"{times} {event.symbol} {numbers}"
