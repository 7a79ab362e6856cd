"""What is known of all scenarios of a run, in their order: told by executors, shown to people, kept at the end."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from daemon.clock import Clock
from daemon.research.scenarios.display import Display
from daemon.research.scenarios.results import ProcessResult, Scenario, ended, keep, slim
from daemon.research.scenarios.status import UNDER_WAY, Status
from daemon.research.scenarios.telling import ProgressMessage
from trading.timestamps import iso

log: Final = logging.getLogger("bulkhead.scenarios")
"""The log of the run as a whole."""


class Board:
    """Told of each change of status and of each end, without loss; of progress as it comes. `results` are in the order
    of the scenarios once it is closed, without what is only in their files."""

    def __init__(self, scenarios: Sequence[Scenario], folder: Path, clock: Clock, display: Display) -> None:
        self.folder = folder
        self._scenarios = scenarios
        self._clock = clock
        self._display = display
        self._status: dict[int, Status] = {}
        self._results: dict[int, ProcessResult] = {}
        self._progress: dict[int, ProgressMessage] = {}

    @property
    def results(self) -> list[ProcessResult]:
        """Those that have ended."""
        return [self._results[one.index] for one in self._scenarios if one.index in self._results]

    def said(self, index: int, status: Status) -> None:
        """A scenario is so far."""
        self._status[index] = status
        log.info("%s is %s", self._scenarios[index].name, status)

    def told(self, message: ProgressMessage) -> None:
        """A scenario tells of its progress; late news of one that has ended is no news."""
        if self._status.get(message.scenario_index) in UNDER_WAY:
            self._progress[message.scenario_index] = message

    def over(self, result: ProcessResult) -> None:
        """A scenario has ended, and whoever ended it has kept its result."""
        index = result.scenario_index
        self._status[index] = result.status
        self._progress.pop(index, None)
        self._results[index] = slim(result)
        log.log(
            logging.INFO if result.success else logging.WARNING,
            "%s is %s after %.0f ms%s",
            result.scenario_name,
            result.status,
            result.execution_time_ms,
            f": {result.error_message}" if result.error_message else "",
        )

    def end(self, scenario: Scenario, status: Status, **known: object) -> None:
        """A scenario has ended that could not say so; keep what is known of it. DiskError."""
        result = ended(scenario, status, ended_at=iso(self._clock.wall_ns()), **known)
        keep(self.folder, scenario, result)
        self.over(result)

    def draw(self) -> None:
        """Show those that run, where somebody looks."""
        running = [self._scenarios[index] for index, status in self._status.items() if status in UNDER_WAY]
        done = sum(one.status is not Status.SKIPPED for one in self._results.values())
        self._display.draw(
            [(one.name, self._status[one.index], self._progress.get(one.index)) for one in running],
            done,
            len(self._scenarios),
        )

    def close(self) -> None:
        """No more is run: what had begun is cancelled, and what had not is skipped."""
        for scenario in self._scenarios:
            if scenario.index not in self._results:
                has_begun = scenario.index in self._status
                self.end(scenario, Status.CANCELLED if has_begun else Status.SKIPPED)
        self._display.clear()
