"""Kills without end: whoever it is and whenever it is, nothing of what was ordered is lost, doubled or left behind."""

import argparse
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import fmean
from typing import Final

import msgspec

from tests.torture.field import Field, Stuck
from tests.torture.journal_view import JournalView
from tests.torture.oracle import Oracle, Said, Violation
from tests.torture.plan import CAPITAL, STRATEGIES, cycle_of
from tests.torture.venue_books import VenueBooks

CYCLES_OF_AN_ACCOUNT: Final = 100
"""After so many the account is looked through, and a new one begun: books that grow without end slow every start."""

MOST_ATTEMPTS: Final = 20
SETTLING_SECONDS: Final = 120.0

Say = Callable[[str], None]


class Figures(msgspec.Struct, kw_only=True):
    """What has happened. `in_flight`, `in_doubt` and `working` are by cycle: requests on the wire at the kill, orders
    that were in doubt then, and orders that were not over."""

    cycles: Counter[str] = msgspec.field(default_factory=Counter)
    repeated: int = 0
    in_flight: list[int] = []
    in_doubt: list[int] = []
    working: list[int] = []
    orders: int = 0
    fills: int = 0
    accounts: int = 0
    by_watchman: int = 0
    restarts: Counter[str] = msgspec.field(default_factory=Counter)
    faults: Counter[str] = msgspec.field(default_factory=Counter)
    seconds: float = 0.0


class Wrong(Exception):
    """What the oracle has found."""

    def __init__(self, violations: Sequence[Violation]) -> None:
        super().__init__("\n".join(f"  {one.breach}: {one.words}" for one in violations))


class Torture:
    """Tortures one account after the other, with a plan drawn from a seed."""

    def __init__(self, *, seed: int, folder: Path, say: Say = print) -> None:
        self.figures = Figures()
        self.number = 0
        self._seed = seed
        self._folder = folder
        self._say = say
        self._oracle = Oracle(dict.fromkeys(STRATEGIES, CAPITAL))

    def run(self, cycles: int) -> None:
        """So many cycles; Wrong and Stuck with what is not as it must be."""
        begun = time.perf_counter()
        while self.number < cycles:
            self._torture_account(min(cycles, self.number + CYCLES_OF_AN_ACCOUNT))
        self.figures.seconds = time.perf_counter() - begun

    def _torture_account(self, until: int) -> None:
        figures = self.figures
        field = Field(self._folder / f"account-{figures.accounts + 1}")
        try:
            field.open()
            field.spoil(self._seed)
            while self.number < until:
                self.number += 1
                self._cycle(field)
            self._look_through(field)
        finally:
            field.close()
        figures.accounts += 1
        figures.orders += len(field.store.books.our_orders)
        figures.fills += len(field.store.books.our_fills)
        figures.restarts += field.restarts
        figures.by_watchman += field.by_watchman
        figures.faults += field.faults

    def _cycle(self, field: Field) -> None:
        """One kill that struck something; what struck nothing is done again, and does not count."""
        for attempt in range(MOST_ATTEMPTS):
            cycle = cycle_of(self._seed, self.number, attempt)
            field.until_orders_flow(cycle.orders)
            time.sleep(cycle.delay_seconds)
            at_ns = field.strike(cycle)
            journal = self._look(field)
            sent, doubtful, working = len(journal.in_flight(at_ns)), len(journal.in_doubt()), len(journal.working())
            begun = time.perf_counter()
            field.mend(cycle)
            again = f", {len(cycle.again)} more while it started" if cycle.again else ""
            self._say(
                f"cycle {cycle.number:4}  {cycle.victim:16} {sent:2} in flight, {doubtful:2} in doubt, "
                f"{working:2} open; trades again after {time.perf_counter() - begun:.1f} s{again}"
            )
            if sent:
                self.figures.cycles[cycle.victim] += 1
                self.figures.in_flight.append(sent)
                self.figures.in_doubt.append(doubtful)
                self.figures.working.append(working)
                return
            self.figures.repeated += 1
        raise Stuck(f"nothing was in flight in {MOST_ATTEMPTS} attempts: there is too little load")

    def _look(self, field: Field) -> JournalView:
        """What must hold at every moment."""
        orders_seen = len(field.store.read().orders)
        journal = field.journal.read()
        if wrong := list(self._oracle.breaches(field.store.read(), journal, orders_seen=orders_seen)):
            raise Wrong(wrong)
        return journal

    def _look_through(self, field: Field) -> None:
        """What must hold once all has settled, and still after a stop and a start in good order."""
        field.calm()
        self._settle(field, field.said)
        field.restart()
        self._settle(field, field.said)
        self._settle(field, field.printed)
        verified = field.daemon.cli("journal", "verify")
        if verified.returncode != 0:
            raise Stuck(f"the journal is not whole: {verified.stdout}{verified.stderr}")

    def _settle(self, field: Field, ask: Callable[[], Said]) -> None:
        """Wait until nothing is under way any more; Wrong with what is not so in the end."""
        begun = time.perf_counter()
        while wrong := self._unsettled(field, ask):
            if time.perf_counter() - begun > SETTLING_SECONDS:
                raise Wrong(wrong)
            time.sleep(0.2)
        self._say(f"settled after {time.perf_counter() - begun:.1f} s")

    def _unsettled(self, field: Field, ask: Callable[[], Said]) -> list[Violation]:
        field.until(lambda: field.daemon.ask_or_none("/v1/status", "halted"), "it does not answer")
        self._look(field)
        said, books = ask(), _told_books(field)
        return list(self._oracle.unsettled(books, field.journal.read(), said))


def _told_books(field: Field) -> VenueBooks:
    """The venue's books as it tells them, which is what its store has. While all is halted what only reduces still
    trades, perhaps between two looks."""
    for _ in range(MOST_ATTEMPTS):
        books = VenueBooks.of_dump(field.venue.do("dump"))
        if books.says_the_same_as(field.store.read()):
            return books
    raise Stuck("what the venue says is not what its store has: it is no judge")


# The command line.


def main(arguments: Sequence[str] | None = None) -> int:
    """Torture, and say what came of it; 0 where nothing is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    parser.add_argument("--cycles", type=int, default=50, help="kills that strike something; 50 if not given")
    parser.add_argument("--seed", type=int, default=1, help="of the plan; 1 if not given")
    parser.add_argument("--keep", action="store_true", help="keep the folder also where nothing is wrong")
    options = parser.parse_args(arguments)
    folder = Path(tempfile.mkdtemp(prefix="torture-"))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(f"ended by SIGTERM; all of it is in {folder}"))
    torture = Torture(seed=options.seed, folder=folder, say=lambda words: print(words, flush=True))
    try:
        torture.run(options.cycles)
    except (Wrong, AssertionError) as error:
        print(f"FAILED with seed {options.seed} in cycle {torture.number}; all of it is in {folder}\n{error}")
        return 1
    print(told(torture.figures))
    if options.keep:
        print(f"all of it is in {folder}")
    else:
        shutil.rmtree(folder)
    return 0


def told(figures: Figures) -> str:
    """The figures, a line each."""
    count = sum(figures.cycles.values())
    lines = {
        "cycles": f"{count} ({_counted(figures.cycles)}); {figures.repeated} more struck nothing and were repeated",
        "in flight": f"{_spread(figures.in_flight)} at each kill; {sum(figures.in_flight)} requests in all",
        "in doubt": f"{_spread(figures.in_doubt)} orders at each kill",
        "open": f"{_spread(figures.working)} orders at each kill; {sum(figures.working)} in all",
        "orders": f"{figures.orders} at the venue",
        "fills": f"{figures.fills} at the venue",
        "restarts": f"{_counted(figures.restarts)}; {figures.by_watchman} of them after the watchman ended the daemon",
        "faults": f"{sum(figures.faults.values())} on the line: {_counted(figures.faults)}",
        "wrong": "0 lost, 0 duplicated, 0 orphaned, 0 wrong owners, difference 0",
        "time": f"{figures.seconds:.0f} s",
    }
    return "\n".join(f"{name:10} {words}" for name, words in lines.items())


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.most_common())


def _spread(counts: Sequence[int]) -> str:
    return f"{min(counts)} to {max(counts)}, {fmean(counts):.1f} on average,"
