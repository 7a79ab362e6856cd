"""All questions to one strategy, in their order.

1. Does it do the same when nothing is another?   2. Does it open files, or ask elsewhere?
3. Are its arrays the same before a cut when what comes after is another?   4. Do its bars and its arrays agree?
5. Does `decide` do the same upon the same values?   6. Does it do the same bar by bar when what comes later is another,
in the files that it reads too?
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Final

import numpy as np

from daemon.config.feed_settings import FileFeedSettings
from daemon.errors import BadWindow
from daemon.research.lookahead.cuts import choose
from daemon.research.lookahead.deeds import Deed
from daemon.research.lookahead.failing import failure_of, failure_words, heard_until
from daemon.research.lookahead.findings import Finding, Kind, Level, Looked, Verdict
from daemon.research.lookahead.futures import Change, Cut, Future
from daemon.research.lookahead.knowing import Prices
from daemon.research.lookahead.parameters import named_files
from daemon.research.lookahead.probes import ArraysProbe, DeedsProbe, Difference, Probe, first_difference
from daemon.research.lookahead.reach import find_reach
from daemon.research.lookahead.resemblance import holds_prices
from daemon.research.lookahead.runs import Course, Decided
from daemon.research.lookahead.stage import Stage
from daemon.research.lookahead.tables import read_table
from daemon.research.lookahead.trials import Trials
from daemon.research.lookahead.words import Words, last_digits, plainly, raised_words
from daemon.research.strategy_history import changes as changes_in
from trading.market_data import Bar
from trading.timestamps import iso

_FEW_CUTS: Final = 2
"""Where nothing says that the future is to be had, only so many are tried."""
_FEWEST_EVENTS: Final = 8


class Inquiry:
    """Looks at the strategy of a stage, by trials of it."""

    def __init__(self, stage: Stage, trials: Trials) -> None:
        self._stage = stage
        self._trials = trials
        self._files = {head.file.path.resolve(): head.file for head in stage.plan.heads}
        self._findings: list[Finding] = []
        self._notes: list[str] = []
        self._cuts: list[Cut] = []
        self._bar_cuts: list[Cut] = []
        self._course = Course()
        self._decided = Decided()
        self._random = Random(f"{stage.seed} {stage.strategy}")  # noqa: S311

    @property
    def window(self) -> tuple[int, int]:
        """The first and the last time of the data."""
        return self._stage.laid[0][0].ts_ns, self._stage.laid[-1][0].ts_ns

    @property
    def zone(self) -> str:
        """The zone of the feed's files, if that is one."""
        zones = {file.zone for file in self._files.values()}
        return zones.pop() if len(zones) == 1 else "UTC"

    @property
    def prices(self) -> Mapping[str, Prices]:
        """The feed's, by symbol."""
        return self._stage.prices

    @property
    def seed(self) -> int:
        """Of all that is drawn."""
        return self._stage.seed

    def verdict(self) -> Verdict:
        """What is found; BadWindow where there is too little to look at."""
        if len(self._stage.heard) < _FEWEST_EVENTS:
            heard = len(self._stage.heard)
            raise BadWindow(f"it hears {heard} events in this window: too few", mend="name more, with --to or --events")
        self._course = self._trials.by_bars()
        self._decided = self._trials.decided()
        self._fail("signals", self._decided.raised)
        self._fail("on_bar", self._course.raised)
        bars_are_steady, arrays_are_steady = self._repeats()
        self._read_files()
        self._choose_cuts()
        if self._decided.offered and arrays_are_steady:
            self._look_at_arrays()
        if self._decided.offered and arrays_are_steady and bars_are_steady:
            self._compare()
        if bars_are_steady:
            self._look_at_bars()
        self._look_at_files()
        self._note_what_there_was()
        return self._told()

    # 1.

    def _repeats(self) -> tuple[bool, bool]:
        """Whether it does the same again when nothing is another, bar by bar and in its arrays."""
        again, decided = self._trials.by_bars(), self._trials.decided()
        told = "nothing was another, and "
        found = first_difference(self._course.deeds, again.deeds)
        if found is not None:
            what = f"{told}bar by bar it did first: {_told(found[0])}; then: {_told(found[1])}"
            self._add(plainly(Level.PROOF, Kind.UNREPEATABLE, "on_bar", what))
        are_same = (decided.columns, decided.raised) == (self._decided.columns, self._decided.raised)
        if not are_same:
            self._add(plainly(Level.PROOF, Kind.UNREPEATABLE, "signals", f"{told}signals() gave other arrays"))
        return found is None, are_same

    # 2.

    def _read_files(self) -> None:
        """Make ready what files it opens, or is told of by its parameters, to be others after a cut."""
        opened = map(Path, sorted(self._trials.files))
        for path in dict.fromkeys([*opened, *named_files(self._stage.plan)]):
            table = read_table(path, self._files.get(path), self)
            if table is not None:
                self._trials.tables.append(table)

    def _look_at_files(self) -> None:
        """Suspect what it reads and what could not be made another for it."""
        trials, tables = self._trials, {str(table.path) for table in self._trials.tables}
        missed = trials.missed | trials.natively(beside_copies=True)
        for path in sorted(trials.files | trials.natively(beside_copies=False)):
            if path in tables and path not in missed:
                if not self._depends_on_files:
                    self._notes.append(f"it reads {path}; nothing before a cut changed with what stands there after it")
            elif Path(path) in self._files:
                self._suspect(Kind.READS_THE_FEED, f"it reads {path}, a file of the feed, itself")
            elif path in trials.written:
                self._suspect(Kind.ASKS_OUTSIDE, f"it reads {path}, which it has written: that outlives its run")
            elif holds_prices(Path(path), self.prices):
                self._suspect(Kind.READS_UNCHANGED, f"it reads {path}, which holds prices of the feed, but no times")
            else:
                self._notes.append(f"it reads {path}, which was not made another: no times were found in it")
        for path in sorted(trials.natively_beside_the_feed()):
            if read_table(Path(path), None, self) or holds_prices(Path(path), self.prices):
                self._suspect(Kind.READS_UNCHANGED, f"it reads {path} by a library of its own")
        for asked in sorted(trials.asks):
            self._suspect(Kind.ASKS_OUTSIDE, f"it {asked}")

    @property
    def _depends_on_files(self) -> bool:
        return any(finding.kind in (Kind.ROW_OF_FILE, Kind.WHOLE_FILE) for finding in self._findings)

    def _suspect(self, kind: Kind, what: str) -> None:
        words = f"{what}; what it learns so may be of the future, and was not made another"
        self._add(plainly(Level.SUSPICION, kind, "code", words))

    # 3. and 5.

    def _look_at_arrays(self) -> None:
        warm = int(np.count_nonzero(self._decided.rows() < 0))
        probe = ArraysProbe(self._trials, self._decided, warm)
        if self._look(probe, self._cuts, self._bars()):
            return
        by_arrays = self._trials.by_arrays()
        if by_arrays.raised:
            return  # which passing by shows too
        each = None if self._trials.tables else self._trials.each_by_arrays
        beside = DeedsProbe("decide", by_arrays.deeds, self._trials.by_arrays, each)
        moments = [Cut(place, self._trials.time_of(place)) for place in self._decided.rows()[warm:].tolist()]
        cuts = choose(self._random, moments, _places(by_arrays.deeds, moments))
        self._look(beside, cuts if each else _few(cuts), self._bars())

    # 4. and 6.

    def _look_at_bars(self) -> None:
        probe = DeedsProbe("on_bar", self._course.deeds, self._trials.by_bars, each=None)
        self._look(probe, self._bar_cuts if self._trials.tables else _few(self._bar_cuts), self._stage.heard)

    def _compare(self) -> None:
        """Hold what comes of its arrays, at every bar and where most are passed by, against what comes bar by bar."""
        by_arrays, passing_by = self._trials.by_arrays(), self._trials.passing_by()
        raised = by_arrays.raised or passing_by.raised
        self._fail("signals", raised)
        if raised:
            return
        if not self._agree(Kind.DISAGREES, "on_bar", ("bar by bar", self._course), ("by its arrays", by_arrays)):
            return
        if not passing_by.obstacle:
            self._agree(Kind.ACTS_LATER, "decide", ("at each bar", by_arrays), ("when its values change", passing_by))

    def _agree(self, kind: Kind, where: str, one: tuple[str, Course], other: tuple[str, Course]) -> bool:
        found = first_difference(one[1].deeds, other[1].deeds)
        if found is None:
            return True
        first = min((deed for deed in found if deed is not None), key=lambda deed: deed.ts_ns)
        what = f"{one[0]}: {_told(found[0])}; {other[0]}: {_told(found[1])}"
        self._add(plainly(Level.PROOF, kind, where, what, ts_ns=first.ts_ns, symbol=first.symbol))
        return False

    # All of them.

    def _look(self, probe: Probe, cuts: Sequence[Cut], bars: Sequence[Cut]) -> bool:
        """Whether anything is found at one of the cuts; the first is told."""
        doubtful: Difference | None = None
        for found in self._differences(probe, cuts):
            if not found.raised and not found.is_rounding:
                later = [cut for cut in bars if cut.place > found.moment.place]
                reach = find_reach(probe, found, later, self._rows_after(found.moment))
                words = Words(self._stage, self._trials.tables)
                is_far = reach.last != (later or [reach.last])[0]
                is_whole = is_far and self._is_everywhere(probe, found, cuts[len(cuts) // 2])
                self._add(words.ahead(probe.where, found, reach, is_whole=is_whole))
                return True
            doubtful = doubtful or found
        if doubtful is not None and doubtful.is_rounding:
            self._add(last_digits(probe.where, doubtful))
        elif doubtful is not None and probe.where == "on_bar":
            self._add(plainly(Level.SUSPICION, Kind.FAILS, probe.where, raised_words(doubtful)))
        elif doubtful is not None:
            self._notes.append(f"{raised_words(doubtful)}; where there are too few bars, decide nothing")
        return doubtful is not None

    def _is_everywhere(self, probe: Probe, found: Difference, cut: Cut) -> bool:
        """Whether what is early, and not near a cut alone, changes with what comes after it."""
        if found.count > _FEWEST_EVENTS and 2 * found.count > found.of:
            return True
        begin_ns = self._stage.heard[0].ts_ns
        others = (probe.difference(Change(future, cut), cut) for future in (Future.HIGHER, Future.LOWER))
        return any(one is not None and 2 * (one.moment.ts_ns - begin_ns) < cut.ts_ns - begin_ns for one in others)

    def _differences(self, probe: Probe, cuts: Sequence[Cut]) -> Iterator[Difference]:
        """Where the data ends comes last: other prices tell more."""
        changes = [Change(future, cut) for cut in cuts for future in (Future.HIGHER, Future.LOWER)]
        changes += [Change(Future.ENDS, cut) for cut in cuts]
        for change in probe.worth_a_run(changes):
            found = probe.difference(change, change.after)
            if found is not None:
                yield found

    def _choose_cuts(self) -> None:
        random, heard = self._random, heard_until(self._stage, failure_of(self._course))
        self._bar_cuts = choose(random, heard, _places(self._course.deeds, heard))
        if self._decided.offered:
            rows, columns = self._decided.rows(), list(self._decided.values())
            warm = int(np.count_nonzero(rows < 0))
            moments = [Cut(place, self._trials.time_of(place)) for place in rows[warm:].tolist()]
            self._cuts = choose(random, moments, (changes_in(columns, warm) - warm).tolist() if columns else [])

    def _bars(self) -> list[Cut]:
        laid = self._stage.laid
        return [cut for cut in self._stage.heard if type(laid[cut.place][0]) is Bar]

    def _rows_after(self, moment: Cut) -> list[Cut]:
        times = {time for table in self._trials.tables for time in table.times.tolist() if time > moment.ts_ns}
        return [Cut(moment.place, time) for time in sorted(times)]

    def _fail(self, where: str, raised: str) -> None:
        if raised:
            self._add(plainly(Level.PROOF, Kind.FAILS, where, f"it raised {raised}"))

    def _add(self, finding: Finding) -> None:
        self._findings.append(finding)

    def _note_what_there_was(self) -> None:
        if not self._decided.offered and not self._decided.raised:
            self._notes.append("it offers no signals: looked at bar by bar alone")
        if not self._course.deeds:
            self._notes.append("bar by bar it ordered nothing in this window")

    def _told(self) -> Verdict:
        stage, failure = self._stage, failure_of(self._course)
        laid = stage.laid if failure is None else stage.laid[: failure.place + 1]
        settings = stage.plan.settings.feed
        if not stage.is_whole:
            which = "its files" if isinstance(settings, FileFeedSettings) else "the feed"
            self._notes.append(f"{which} had more; another part is looked at with --from and --to, more with --events")
        return Verdict(
            id=stage.strategy,
            findings=self._findings,
            notes=self._notes,
            looked=Looked(
                seed=stage.seed,
                start=iso(laid[0][0].ts_ns) if laid else "",
                end=iso(laid[-1][0].ts_ns) if laid else "",
                events=sum(of_feed for _, of_feed in laid),
                heard=len(heard_until(stage, failure)),
                decisions=int(np.count_nonzero(self._decided.rows() >= 0)),
                deeds=len(self._course.deeds),
                cuts=[iso(ts_ns) for ts_ns in sorted({cut.ts_ns for cut in (*self._cuts, *self._bar_cuts)})],
                runs=self._trials.count,
            ),
            failed="" if failure is None else failure_words(failure, stage),
        )


def _few(cuts: Sequence[Cut]) -> Sequence[Cut]:
    return cuts[:: max(1, len(cuts) // _FEW_CUTS)]


def _places(deeds: Sequence[Deed], moments: Sequence[Cut]) -> list[int]:
    """Which moments something was decided at. A fill is what became of that."""
    times = [cut.ts_ns for cut in moments]
    at = np.searchsorted(times, [deed.ts_ns for deed in deeds if not deed.is_fill])
    return sorted(set(at.tolist()))


def _told(deed: Deed | None) -> str:
    return "nothing more" if deed is None else deed.told()
