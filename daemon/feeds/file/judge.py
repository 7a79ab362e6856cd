"""Rows to events, each row judged: by itself, and against the row before of its symbol.

A whole block is judged at once; only where it is not flawless, row by row. Both ways hold the same rules. Prices are
above zero, but for the symbols of which they need not be; of a quote of those a side of zero is one that is empty.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice, repeat
from math import inf, isfinite
from operator import eq, le, sub
from typing import Final

import msgspec

from daemon.feeds.file.blocks import Block, Columns, Row
from daemon.feeds.file.faults import BadRow, Fault, Odd
from daemon.feeds.file.layout import FIELDS, SIZES, DataFile
from trading.market_data import Bar, MarketEvent, Quote, Trade
from trading.subscriptions import DataKind
from trading.timestamps import format_interval, iso

OnBadRow = Callable[[BadRow], None]
"""Called with each bad row; it is left out, unless this raises."""

_OF_QUOTES: Final = "remove the row; where a venue sends the same quote twice, write `repeats: true` for the file"


class Before(msgspec.Struct):
    """What the rows so far leave for judging the next: the latest time, the last event of each symbol, and of trades
    with ids those of its time."""

    ts_ns: int = 0
    events: dict[str, MarketEvent] = {}
    ids: dict[str, list[str]] = {}


class Judge:
    """Makes one file's events, block after block."""

    def __init__(self, file: DataFile, before: Before, on_bad_row: OnBadRow) -> None:
        self._file = file
        self.before = before
        self._on_bad_row = on_bad_row
        self._only = file.symbols[0]
        self._known = frozenset(file.symbols)
        self._is_told_once = file.data is DataKind.QUOTES and not file.repeats
        self._flawless = _FLAWLESS[file.data]
        self._floor = _bounded if file.may_be_negative >= self._known else _above_zero
        self._refuse = _REFUSE[file.data]

    def events(self, block: Block) -> list[MarketEvent]:
        """The events of the rows that can be, in the order of the file."""
        columns = block.columns()
        if columns is not None and not columns.times:
            return []
        if columns is not None and self._in_order(columns) and self._flawless(columns.values, self._floor):
            events = self._made(columns)
            if self._follow(events, columns.ids):
                return events
        return self._row_by_row(block)

    def _in_order(self, columns: Columns) -> bool:
        times = columns.times
        known = columns.symbols is None or self._known.issuperset(columns.symbols)
        return (
            known
            and times[0] + self._file.shift_ns >= self.before.ts_ns
            and all(map(le, times, islice(times, 1, None)))
        )

    def _made(self, columns: Columns) -> list[MarketEvent]:
        symbols: Iterable[str] = repeat(self._only) if columns.symbols is None else columns.symbols
        values = [repeat(0.0) if column is None else column for column in columns.values]
        if self._file.data is DataKind.QUOTES:
            return list(map(Quote, symbols, columns.times, *values))
        if self._file.data is DataKind.TRADES:
            return list(map(Trade, symbols, columns.times, *values))
        shift_ns = self._file.shift_ns
        times = [ts_ns + shift_ns for ts_ns in columns.times] if shift_ns else columns.times
        return list(map(Bar, symbols, times, repeat(self._file.interval_ns), *values))

    def _follow(self, events: Sequence[MarketEvent], ids: Sequence[str] | None) -> bool:
        """Whether each event may follow the one before of its symbol; if so, what comes next is judged by them."""
        if ids is None and len(self._known) == 1:
            before = self.before.events.get(self._only)
            if not self._follow_each_other(events if before is None else [before, *events]):
                return False
            self.before = Before(ts_ns=events[-1].ts_ns, events={self._only: events[-1]})
            return True
        after = _copy(self.before)
        try:
            for event, trade_id in zip(events, ids or repeat(None), strict=ids is not None):
                self._step(after, event, trade_id)
        except Odd:
            return False
        self.before = after
        return True

    def _follow_each_other(self, events: Sequence[MarketEvent]) -> bool:
        """The same of one symbol's events in a row."""
        if self._file.data is DataKind.BARS:
            times = [bar.ts_ns for bar in events]
            return min(map(sub, times[1:], times), default=self._file.interval_ns) >= self._file.interval_ns
        return not self._is_told_once or not any(map(eq, events, islice(events, 1, None)))

    def _row_by_row(self, block: Block) -> list[MarketEvent]:
        events, before = [], _copy(self.before)
        for row, line, read in block.rows():
            try:
                if isinstance(read, Odd):
                    raise read
                event = self._event(read)
                self._step(before, event, read.id)
            except Odd as odd:
                self._on_bad_row(
                    BadRow(
                        path=self._file.path,
                        row=row,
                        line=line,
                        fault=odd.fault,
                        message=odd.message,
                        mend=odd.mend,
                        field=odd.field,
                    )
                )
            else:
                events.append(event)
        self.before = before
        return events

    def _event(self, row: Row) -> MarketEvent:
        if row.symbol not in self._known:
            raise Odd(Fault.SYMBOL, f"{row.symbol!r} is no instrument", "symbol")
        self._refuse(row.values, row.symbol in self._file.may_be_negative)
        columns = Columns([row.ts_ns], [row.symbol], [[value] for value in row.values], None)
        return self._made(columns)[0]

    def _step(self, before: Before, event: MarketEvent, trade_id: str | None) -> None:
        """Let an event follow; Odd when it cannot."""
        if event.ts_ns < before.ts_ns:
            raise Odd(
                Fault.BACKWARDS, f"time {self._stamp(event.ts_ns)} is before {self._stamp(before.ts_ns)}, seen above"
            )
        last = before.events.get(event.symbol)
        if isinstance(event, Bar) and last is not None and event.ts_ns - last.ts_ns < event.interval_ns:
            raise self._overlap(event, last)
        if self._is_told_once and event == last:
            raise Odd(Fault.DUPLICATE, f"is the same as the quote of {event.symbol} before it", mend=_OF_QUOTES)
        if trade_id is not None:
            seen = before.ids.setdefault(event.symbol, [])
            if last is None or last.ts_ns != event.ts_ns:
                seen.clear()
            if trade_id in seen:
                raise Odd(Fault.DUPLICATE, f"id {trade_id!r} was there already", "id")
            seen.append(trade_id)
        before.events[event.symbol] = event
        before.ts_ns = event.ts_ns

    def _overlap(self, bar: Bar, last: MarketEvent) -> Odd:
        if bar.ts_ns == last.ts_ns:
            return Odd(Fault.DUPLICATE, f"a bar of {bar.symbol} at {self._stamp(bar.ts_ns)} was there already")
        length = format_interval(bar.interval_ns)
        return Odd(
            Fault.OVERLAP,
            f"bar of {length} at {self._stamp(bar.ts_ns)} begins before the one of {self._stamp(last.ts_ns)} ends",
        )

    def _stamp(self, ts_ns: int) -> str:
        """A time as the file has it, but in UTC."""
        return iso(ts_ns - self._file.shift_ns)


def _copy(before: Before) -> Before:
    ids = {symbol: list(seen) for symbol, seen in before.ids.items()}
    return Before(ts_ns=before.ts_ns, events=dict(before.events), ids=ids)


Values = Sequence[Sequence[float] | None]


def _flawless_sizes(sizes: Sequence[float] | None) -> bool:
    return sizes is None or (min(sizes) >= 0.0 and sum(sizes) < inf)  # what is no number makes no such sum


def _above_zero(prices: Sequence[float]) -> bool:
    return min(prices) > 0.0


def _bounded(prices: Sequence[float]) -> bool:
    return isfinite(sum(prices))


Floor = Callable[[Sequence[float]], bool]
"""Whether the lowest prices are not too low."""


def _flawless_quotes(values: Values, floor: Floor) -> bool:
    bids, asks, *sizes = values
    assert bids is not None
    assert asks is not None
    return floor(bids) and all(map(le, bids, asks)) and sum(asks) < inf and all(map(_flawless_sizes, sizes))


def _flawless_trades(values: Values, floor: Floor) -> bool:
    prices, sizes = values
    assert prices is not None
    return floor(prices) and sum(prices) < inf and _flawless_sizes(sizes)


def _flawless_bars(values: Values, floor: Floor) -> bool:
    opens, highs, lows, closes, volumes = values
    assert opens is not None
    assert highs is not None
    assert lows is not None
    assert closes is not None
    inside = all(all(map(le, lows, prices)) and all(map(le, prices, highs)) for prices in (opens, closes))
    return inside and floor(lows) and sum(highs) < inf and _flawless_sizes(volumes)


def _refuse_values(fields: Sequence[str], values: Sequence[float], signed: bool) -> None:
    for field, value in zip(fields, values, strict=True):
        if field in SIZES and value < 0.0:
            raise Odd(Fault.SIZE, f"{field} {value} is negative", field)
        if field not in SIZES and value <= 0.0 and not signed:
            raise Odd(Fault.PRICE, f"{field} {value} is not above zero", field)


def _refuse_quote(values: Sequence[float], signed: bool) -> None:
    _refuse_values(FIELDS[DataKind.QUOTES], values, signed)
    if values[0] > values[1]:
        raise Odd(Fault.CROSSED, f"bid {values[0]} is above ask {values[1]}", "bid")


def _refuse_trade(values: Sequence[float], signed: bool) -> None:
    _refuse_values(FIELDS[DataKind.TRADES], values, signed)


def _refuse_bar(values: Sequence[float], signed: bool) -> None:
    _refuse_values(FIELDS[DataKind.BARS], values, signed)
    opened, high, low, close, _ = values
    if high < low:
        raise Odd(Fault.RANGE, f"high {high} is below low {low}", "high")
    for field, price in (("open", opened), ("close", close)):
        if not low <= price <= high:
            raise Odd(Fault.RANGE, f"{field} {price} is outside low {low} to high {high}", field)


_FLAWLESS: Final[Mapping[DataKind, Callable[[Values, Floor], bool]]] = {
    DataKind.QUOTES: _flawless_quotes,
    DataKind.TRADES: _flawless_trades,
    DataKind.BARS: _flawless_bars,
}
_REFUSE: Final[Mapping[DataKind, Callable[[Sequence[float], bool], None]]] = {
    DataKind.QUOTES: _refuse_quote,
    DataKind.TRADES: _refuse_trade,
    DataKind.BARS: _refuse_bar,
}
"""What is wrong with the numbers of a row, as Odd; its second argument says whether its prices may be negative."""
