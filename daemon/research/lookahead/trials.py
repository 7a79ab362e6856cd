"""Runs of one strategy, each in a process of its own, with copies of files where those are to be others."""

import faulthandler
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec
import numpy as np

from daemon.check import Plan
from daemon.research.lookahead import runs
from daemon.research.lookahead.forks import in_fork
from daemon.research.lookahead.futures import Change, Cut
from daemon.research.lookahead.opening import Opening, kept_opens, may_be_data
from daemon.research.lookahead.parameters import with_copies
from daemon.research.lookahead.runs import Course, Decided, Found
from daemon.research.lookahead.sentinel import Sentinel
from daemon.research.lookahead.stage import Stage
from daemon.research.lookahead.tables import Table


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """What Python opened in a run: `files` to be read, `missed` among them that have a copy, `written` to be written.
    `asks` are other ways to learn something."""

    files: list[str]
    missed: list[str]
    written: list[str]
    asks: list[str]


class Trials:
    """Runs the strategy of a stage, and counts how often.

    `tables` are the files that are another too, where a change is one of files; their copies lie in `folder`. What was
    read, written and asked in all runs is in `files`, `missed`, `written` and `asks`. Where a run hangs, the place is
    written to stderr before so many seconds are over.
    """

    def __init__(self, stage: Stage, folder: Path, seconds_left: Callable[[], float]) -> None:
        self.count = 0
        self.tables: list[Table] = []
        self.files: set[str] = set()
        self.missed: set[str] = set()
        self.written: set[str] = set()
        self.asks: set[str] = set()
        self._natively: Counter[tuple[str, bool]] = Counter()
        self._runs: Counter[bool] = Counter()
        self._stage = stage
        self._folder = folder
        self._seconds_left = seconds_left
        self._feed_files = {str(head.file.path.resolve()) for head in stage.plan.heads}
        self._sentinel = Sentinel(sorted(self._feed_files | _folders(stage.plan)))
        self._keepers = kept_opens()

    def natively(self, *, beside_copies: bool) -> set[str]:
        """The files of the feed that were opened, and not by Python, where there were copies of files or not."""
        return {path for path, had in self._often_natively() if had is beside_copies and path in self._feed_files}

    def natively_beside_the_feed(self) -> set[str]:
        """Other files of which the same is to be said."""
        return {path for path, _ in self._often_natively()} - self._feed_files

    def _often_natively(self) -> set[tuple[str, bool]]:
        """What was opened so in a third of the runs: whoever else works on these files does not go by our runs."""
        return {seen for seen, times in self._natively.items() if times > 1 and 3 * times > self._runs[seen[1]]}

    def time_of(self, place: int) -> int:
        """The time of the event at a place."""
        return self._stage.laid[place][0].ts_ns

    def by_bars(self, change: Change | None = None, until: Cut | None = None) -> Course:
        """Event by event. What came by the time of a cut counts."""
        return self._try(change, Course, lambda plan: runs.by_bars(self._stage, plan, change, until))

    def by_arrays(self, change: Change | None = None, until: Cut | None = None) -> Course:
        """Event by event, by its arrays at bars; to a cut."""
        return self._try(change, Course, lambda plan: runs.by_arrays(self._stage, plan, change, until))

    def each_by_arrays(self, changes: Sequence[Change]) -> list[Course]:
        """The same after one change after another, all in one process."""
        stage, plan = self._stage, self._stage.plan
        work = lambda: [runs.by_arrays(stage, plan, change, change.after) for change in changes]  # noqa: E731
        return self._in_fork({}, Course, work)

    def passing_by(self) -> Course:
        """By its arrays, and passing by what brings nothing, if that can be."""
        return self._try(None, Course, lambda plan: runs.passing_by(self._stage, plan))

    def decided(self, change: Change | None = None) -> Decided:
        """Its arrays alone."""
        return self._try(change, Decided, lambda plan: runs.decided(self._stage, plan, change))

    def each_decided(self, changes: Sequence[Change]) -> list[Decided]:
        """The same after one change after another, all in one process."""
        stage, plan = self._stage, self._stage.plan
        return self._in_fork({}, Decided, lambda: [runs.decided(stage, plan, change) for change in changes])

    def _try(self, change: Change | None, kind: type[Found], work: Callable[[Plan], Found]) -> Found:
        copies = self._copies(change)
        plan = with_copies(self._stage.plan, copies)
        return self._in_fork(copies, kind, lambda: [work(plan)])[0]

    def _in_fork(self, copies: Mapping[str, str], kind: type[Found], work: Callable[[], list[Found]]) -> list[Found]:
        self.count += 1
        self._runs[bool(copies)] += 1

        def run() -> bytes:
            faulthandler.dump_traceback_later(self._seconds_left())
            opening = Opening(copies, self._keepers)
            opening.begin()
            with _quiet():
                found = work()
            opening.end()
            opened = Opened(
                files=sorted(opening.files),
                missed=sorted(opening.missed),
                written=sorted(opening.written),
                asks=sorted(opening.asks),
            )
            return msgspec.msgpack.encode((found, opened))

        self._sentinel.opened()  # what was opened before is no run's
        found, opened = msgspec.msgpack.decode(in_fork(run), type=tuple[list[kind], Opened])  # type: ignore[valid-type]
        self.files.update(opened.files)
        self.missed.update(opened.missed)
        self.written.update(opened.written)
        self.asks.update(opened.asks)
        by_python = (set(opened.files) - copies.keys()) | set(opened.missed)
        natively = [path for path in self._sentinel.opened() if path not in by_python and may_be_data(path)]
        self._natively.update((path, bool(copies)) for path in natively)
        return found

    def _copies(self, change: Change | None) -> dict[str, str]:
        """The real paths of files, and where a copy of each is now."""
        if change is None or not change.of_files:
            return {}
        copies = {}
        for number, table in enumerate(self.tables):
            target = self._folder / str(number) / table.path.name
            target.parent.mkdir(exist_ok=True)
            table.write(target, change)
            copies[str(table.path)] = str(target)
        return copies


def _folders(plan: Plan) -> set[str]:
    """Where a strategy's own files are likely to lie: here, beside the config, its code and the feed's files."""
    files = [plan.config, *(Path(one.file) for one in plan.descriptions), *(head.file.path for head in plan.heads)]
    return {str(folder.resolve()) for folder in (Path.cwd(), *(file.parent for file in files))}


@contextmanager
def _quiet() -> Iterator[None]:
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
