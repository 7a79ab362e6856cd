"""Takes the time of a run's work at under one per cent of it, unless that is done in a tenth of a second: of some
events now and then, each one is timed.

Between two samples nothing of this stands in the way of an event. Of what a sample costs beyond the work itself the
sampler keeps account, and waits until that is a small enough part of what was done: a slow strategy is looked at often,
a fast one seldom.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Final

from daemon.research.carrier import SIGNALS
from daemon.research.coordinator import Run, Stopped
from daemon.research.progress import Progress, Tell
from daemon.research.scenarios.components import Now
from daemon.research.scenarios.profile import OPERATIONS, Profile, shared_out
from daemon.research.scenarios.timed_carrier import TimedCarrier, components, least_read
from trading.instruments import Instrument

COST: Final = 0.007
"""The part of a run's time that samples may cost, with what the first one has to make."""

FIRST: Final = 128
"""Before so many events everything is slower than it will be."""

LEAST_EVENTS: Final = 8
"""Of a sample, unless the data ends; beginning one costs too."""

LEAST_APART: Final = 16
"""For each event that is timed so many are not, at least."""

_UNDISTURBED: Final = 0.8
"""A sample in which a processor worked for less of the time was disturbed, and does not count."""
_SHORT_NS: Final = 20_000
"""Of so short a time nothing can be said."""


class Sampler:
    """Of one run, from when it is initialised. `now` and `worked` count nanoseconds, the one of time that passes, the
    other of work alone."""

    def __init__(self, run: Run, instruments: Mapping[str, Instrument], now: Now, worked: Now) -> None:
        self._run = run
        self._instruments = instruments
        self._now = now
        self._worked = worked
        self._plain = run.carrier
        self._timed: TimedCarrier | None = None
        self._laps_ns: Counter[str] = Counter()
        self._sampling = False
        self._sample_from = (0, 0)
        self._next = FIRST
        self._cost_ns = 0
        self._looks_ns = 0
        self._messages = 0
        self._telling_ns = 0
        self._worked_from_ns = self._lap_from_ns = self._paced_from_ns = worked()
        self._worked_until_ns = 0

    def carry(self, stopped: Stopped, tell: Tell | None) -> None:
        """Carry every event of the run through."""
        self._worked_from_ns = self._lap_from_ns = self._paced_from_ns = self._worked()
        try:
            self._run.carry(self._between(stopped), self._telling(tell) if tell is not None else None, self._lap)
        finally:
            if self._sampling:
                self._end_sample()
            self._worked_until_ns = self._worked()

    def profile(self) -> Profile:
        """What was found so far."""
        timed, events, carried = self._timed, self._run.data.events, self._run.carried
        whole_ms = ((self._worked_until_ns or self._worked()) - self._worked_from_ns) / 1e6
        sampled, spent = (timed.events, timed.spent) if timed is not None else (0, Counter())
        scale = carried / sampled if sampled else 0.0
        found_ms = {name: spent["operation", name] * scale / 1e6 for name in OPERATIONS}
        found_ms["live_update"] = self._telling_ns / 1e6
        decided_ms = {name: self._laps_ns[f"{SIGNALS}{name}"] / 1e6 for name in self._run.driver.containers}
        if "steps" in self._laps_ns:
            in_steps_ms = found_ms["worker_decision"] + found_ms["order_execution"]
            found_ms["trade_simulator"] = max(0.0, self._laps_ns["steps"] / 1e6 - in_steps_ms)
        found_ms["bar_rendering"] += self._laps_ns["bars"] / 1e6
        found_ms["worker_decision"] += sum(decided_ms.values())
        operations = shared_out(whole_ms, found_ms, events, self._messages)
        return Profile(
            events=events,
            carried=carried,
            sampled=sampled,
            total_ms=whole_ms,
            cost_share=self._cost_ns / 1e6 / whole_ms if whole_ms else 0.0,
            operations=operations,
            components=components(operations["worker_decision"].total_ms, spent, scale, decided_ms),
        )

    def _lap(self, step: str) -> None:
        """What a run does once for many events is timed each time; the pace of samples is that of the steps after."""
        worked_ns = self._worked()
        self._laps_ns[step] += worked_ns - self._lap_from_ns
        self._lap_from_ns = worked_ns
        if not self._run.carried:
            self._paced_from_ns = worked_ns

    def _between(self, stopped: Stopped) -> Stopped:
        """Asked after each chunk whether to stop, it begins and ends samples."""
        run = self._run

        def asked() -> bool:
            if run.carried >= self._next:  # between samples there is no more to it
                self._turn()
            return stopped()

        return asked

    def _turn(self) -> None:
        if not self._sampling:
            self._begin_sample()
        elif self._timed is None or self._timed.within >= LEAST_EVENTS:
            self._end_sample()

    def _telling(self, tell: Tell) -> Tell:
        def timed(progress: Progress) -> None:
            began_ns = self._now()
            tell(progress)
            self._messages += 1
            self._telling_ns += self._now() - began_ns

        return timed

    def _begin_sample(self) -> None:
        if self._timed is None:
            began_ns = self._worked()
            self._timed = TimedCarrier(self._run.driver, self._instruments, self._now)
            self._looks_ns = 3 * self._timed.read_ns + 2 * least_read(self._worked)
            self._cost_ns = self._worked() - began_ns
        self._sampling = True
        self._sample_from = self._now(), self._worked()
        self._timed.begin()
        self._run.carrier = self._timed

    def _end_sample(self) -> None:
        timed, (began_ns, worked_ns) = self._timed, self._sample_from
        assert timed is not None, "it has begun"
        self._sampling = False
        self._run.carrier = self._plain
        spent_ns, so_far_ns = self._now() - began_ns, self._worked()
        worked_ns = so_far_ns - worked_ns
        timed.end(counts=spent_ns < _SHORT_NS or worked_ns > _UNDISTURBED * spent_ns)
        if not timed.within:  # the data ended before
            return
        self._cost_ns += min(timed.cost_ns, worked_ns) + self._looks_ns
        so_far = self._run.carried
        plain_ns = (so_far_ns - self._paced_from_ns) / so_far
        self._next = so_far + LEAST_APART * timed.within
        if timed.events:  # one that counts there must be
            due = self._cost_ns / COST / plain_ns  # by then there are so many events that the cost is a small part
            self._next = max(self._next, int(due))
