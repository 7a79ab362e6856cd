"""What was found, in words: what depends on what, how far ahead that is, and how to mend it."""

from collections.abc import Mapping
from typing import Final

from daemon.research.lookahead.findings import Finding, Kind, Level
from daemon.research.lookahead.futures import Cut, Future
from daemon.research.lookahead.probes import Difference
from daemon.research.lookahead.reach import Reach
from daemon.research.lookahead.stage import Stage
from daemon.research.lookahead.tables import Table
from trading.market_data import Bar, MarketEvent
from trading.timestamps import HOUR, MINUTE, SECOND, format_interval, iso

MENDS: Final[Mapping[Kind, str]] = {
    Kind.NEXT_BAR: "decide by the bar's own values and those of bars before it: shift columns forwards, never back "
    "(`lagged` of strategies.arrays.decisions); a fill comes at the next bar by itself",
    Kind.LATER_BAR: "use windows that end at the bar itself: no centred averages, no filling backwards, no shift by a "
    "negative number",
    Kind.LONGER_BAR: "take of a longer bar the last one that was heard: `at_rows(column, short.rows_before(long))`; it "
    "is known at its close, not at its open",
    Kind.WHOLE_HISTORY: "reckon over a window that ends at the bar itself, or over all bars up to it; no mean, "
    "extreme, rank or fit of the whole history",
    Kind.END_OF_DATA: "do not ask how many bars there will be; backtest.close_out says what becomes of what is open at "
    "the end",
    Kind.ROW_OF_FILE: "look a row up by its time, at or before that of the bar; a row is to be stamped with when it "
    "became known, also one of a calendar",
    Kind.WHOLE_FILE: "reckon over what is heard in the handlers; what must come of a file is to be made of data before "
    "the window",
    Kind.BESIDE_THE_VALUES: "let `decide` look at nothing but its values, the bar, the position and the open orders",
    Kind.NOT_HEARD: "decide by what the handlers bring; whatever else there is in the process is no input",
    Kind.DISAGREES: "let `on_bar` and `signals` decide by the same `decide`, upon equal values; the arrays of "
    "strategies.arrays are those of the indicators to the last bit",
    Kind.ACTS_LATER: "where `decide` has done nothing upon some values, let it do nothing upon the same ones, until it "
    "hears of a fill or of an order",
    Kind.UNREPEATABLE: "decide by what is heard alone: no clock, `self.random` for what is drawn, no order of a set of "
    "objects",
    Kind.ROUNDING: "reckon each row by itself, as strategies.arrays does; sums by transforms or over all rows at once "
    "end on other digits as the data grows",
    Kind.READS_THE_FEED: "take market data as it is heard; ask for a warm-up, or for another subscription",
    Kind.READS_UNCHANGED: "give each row a time, and read the file by Python's own `open`, or name it by a parameter",
    Kind.ASKS_OUTSIDE: "decide by what is heard alone",
    Kind.FAILS: "see the reason: what a run fails by, or what it takes for granted of data that is still to come",
}


class Words:
    """Tells findings of one strategy."""

    def __init__(self, stage: Stage, tables: list[Table]) -> None:
        self._stage = stage
        self._tables = tables

    def ahead(self, where: str, found: Difference, reach: Reach, *, is_whole: bool) -> Finding:
        """A decision that depends on the future; where it `is_whole`, any decision on all of it."""
        kind = Kind.BESIDE_THE_VALUES if where == "decide" else self._kind(where, found, reach, is_whole=is_whole)
        first, last = self._input(reach.first, reach), self._input(reach.last, reach)
        how_far = self._how_far(found.moment, reach.last, reach)
        upon = f"{first}, {self._how_far(found.moment, reach.first, reach)}"
        those = "that is another"
        if reach.first != reach.last:
            upon += f", and with others at least as far as {last}, {how_far}"
            those = "those are others"
        if found.change.future is Future.ENDS:
            upon, those = f"where the data ends, before or after {last}, {how_far}", "it ends before"
        return Finding(
            level=Level.PROOF,
            kind=kind,
            where=where,
            ts=iso(found.moment.ts_ns),
            symbol=found.symbol,
            what=f"{_subject(where, found)} changes with {upon}: {found.before}, but {found.after} where {those}"
            f"{_how_often(found)}",
            first_input=first,
            last_input=last,
            ahead=how_far,
            mend=MENDS[kind],
        )

    def _kind(self, where: str, found: Difference, reach: Reach, *, is_whole: bool) -> Kind:
        if not reach.of_bars:
            return Kind.WHOLE_FILE if is_whole else Kind.ROW_OF_FILE
        if where == "on_bar":
            return Kind.NOT_HEARD
        if found.change.future is Future.ENDS:
            return Kind.END_OF_DATA
        if is_whole:
            return Kind.WHOLE_HISTORY
        own, event = self._own(found.moment), self._event(reach.last)
        if type(event) is Bar and event.interval_ns > own[1]:
            return Kind.LONGER_BAR
        is_next = reach.first == reach.last and self._steps(found.moment, reach.last) == 1
        return Kind.NEXT_BAR if is_next else Kind.LATER_BAR

    def _input(self, cut: Cut, reach: Reach) -> str:
        if not reach.of_bars:
            names = [table.path.name for table in self._tables if (table.times == cut.ts_ns).any()]
            return f"the row of {' and '.join(names) or 'a file'} that is known at {iso(cut.ts_ns)}"
        event = self._event(cut)
        if type(event) is Bar:
            return f"the {format_interval(event.interval_ns)} bar of {event.symbol} that closes at {iso(cut.ts_ns)}"
        return f"the {type(event).__name__.lower()} of {event.symbol} of {iso(cut.ts_ns)}"

    def _how_far(self, moment: Cut, cut: Cut, reach: Reach) -> str:
        ahead_ns = cut.ts_ns - moment.ts_ns
        later = f"{_duration(ahead_ns)} later"
        if not reach.of_bars:
            return later
        if not ahead_ns:
            return "at the same time, but heard after it"
        end = ", the last that there is" if cut.place >= self._stage.heard[-1].place else ""
        steps = self._steps(moment, cut)
        bars = f"{steps} bar{'s' if steps != 1 else ''}"
        if steps and steps * self._own(moment)[1] == ahead_ns:
            return f"{bars} later{end}"
        return f"{later} ({bars}){end}" if steps else f"{later}{end}"

    def _own(self, moment: Cut) -> tuple[str, int]:
        """Symbol and interval of the bar upon which something was decided; 0 where that was none."""
        event = self._event(moment)
        return event.symbol, event.interval_ns if type(event) is Bar else 0

    def _steps(self, moment: Cut, cut: Cut) -> int:
        """How many bars of its own there are after a moment, to another."""
        own = self._own(moment)
        between = (self._event(one) for one in self._stage.heard if moment.place < one.place <= cut.place)
        return sum(type(event) is Bar and (event.symbol, event.interval_ns) == own for event in between)

    def _event(self, cut: Cut) -> MarketEvent:
        return self._stage.laid[cut.place][0]


def plainly(level: Level, kind: Kind, where: str, what: str, *, ts_ns: int = 0, symbol: str = "") -> Finding:
    """A finding for which no input of the future can be named."""
    ts = iso(ts_ns) if ts_ns else ""
    return Finding(level=level, kind=kind, where=where, what=what, ts=ts, symbol=symbol, mend=MENDS[kind])


def last_digits(where: str, found: Difference) -> Finding:
    """Decisions whose last digits alone are others."""
    what = (
        f"the last digits of {_subject(where, found)} depend on later data: {found.before}, but {found.after} "
        f"on other data after {iso(found.change.after.ts_ns)}"
    )
    ts_ns = found.moment.ts_ns
    return plainly(Level.SUSPICION, Kind.ROUNDING, where, what, ts_ns=ts_ns, symbol=found.symbol)


def raised_words(found: Difference) -> str:
    """What the code raised on changed data."""
    on = {
        Future.ENDS: "on data that ends at",
        Future.HIGHER: "on higher prices after",
        Future.LOWER: "on lower prices after",
    }
    what = found.raised.removeprefix("raise ")
    return f"{on[found.change.future]} {iso(found.change.after.ts_ns)} it raised {what}"


def _subject(where: str, found: Difference) -> str:
    of = f" for {found.symbol}" if found.symbol else ""
    if where == "signals":
        return f"the decision of {iso(found.moment.ts_ns)}{of}"
    return f"what it does at {iso(found.moment.ts_ns)}{of}"


def _how_often(found: Difference) -> str:
    """How many rows show it; of one that was found by its order, nothing is counted."""
    if found.count < 2:
        return ""
    return f" (so at {found.count} of {found.of} bars up to {iso(found.change.after.ts_ns)})"


def _duration(ns: int) -> str:
    """`25m`, `1h30m`, `0.25s`: the two largest units that say it."""
    if ns < SECOND or ns % SECOND:
        return f"{ns / SECOND:g}s"
    if ns < MINUTE or ns % MINUTE:
        return f"{ns // MINUTE}m{ns % MINUTE // SECOND}s" if ns >= MINUTE else f"{ns // SECOND}s"
    if ns < HOUR or ns % HOUR == 0 or ns // HOUR >= 48:
        return format_interval(ns) if ns < HOUR or ns % HOUR == 0 else f"{ns // (24 * HOUR)}d"
    return f"{ns // HOUR}h{ns % HOUR // MINUTE}m"
