"""One scenario from its task to its result, whoever asks for it: the same in line, in a thread and in a process.

Everything is made here and is gone at the end: the log, the plan, the containers, the tables. Whatever happens has a
result, and that is in its file before anybody is told.
"""

import logging
import os
import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, nullcontext
from pathlib import Path
from typing import Any, Final

import msgspec

from daemon.check import Plan, check_document
from daemon.clock import Clock, worked_ns
from daemon.config.source import Document
from daemon.errors import DaemonError
from daemon.processes import SystemProcesses
from daemon.research.coordinator import BacktestCoordinator, Run, Stopped
from daemon.research.progress import UPDATE_EVERY_NS
from daemon.research.scenarios.answers import Repeated
from daemon.research.scenarios.laps import Laps
from daemon.research.scenarios.results import TAIL_LINES, ProcessResult, ended, keep, log_path
from daemon.research.scenarios.sampler import Sampler
from daemon.research.scenarios.scenario_log import ScenarioLog
from daemon.research.scenarios.shortage import is_of_memory
from daemon.research.scenarios.status import Status
from daemon.research.scenarios.surveys import still
from daemon.research.scenarios.task import Task, decoded
from daemon.research.scenarios.telling import Send, Teller
from daemon.results.mode import ExecutionMode
from trading.timestamps import iso

log: Final = logging.getLogger(__name__)

OUT_OF_MEMORY: Final = "it needs more memory than it may take"


class Links(msgspec.Struct, frozen=True, kw_only=True):
    """How a scenario is connected with whoever runs it. Scenarios that share a process are `prepared` one at a time,
    as modules are loaded then; `relieved` is called where one has failed, before anything else is done, as memory may
    have run out."""

    say: Callable[[Status], None]
    send: Send | None
    stopped: Stopped
    clock: Clock
    prepared: AbstractContextManager[Any] = nullcontext()
    relieved: Callable[[], None] = lambda: None


class Conducted:
    """One scenario on its way. What becomes known of it stands in `known`, by the fields of its result."""

    def __init__(self, task: Task, links: Links) -> None:
        self.known: dict[str, Any] = {}
        self._task = task
        self._links = links
        self._laps = Laps(links.clock)
        self._folder = Path(task.folder)

    def run(self) -> ProcessResult:
        """Run it, and keep its result."""
        task, clock = self._task, self._links.clock
        began_ns, started_at = clock.monotonic_ns(), iso(clock.wall_ns())
        path = log_path(self._folder, task.scenario)
        with ScenarioLog(path, run=task.run, scenario=task.scenario.name, lines=TAIL_LINES) as lines:
            status = self._status()
            spent_ms = (clock.monotonic_ns() - began_ns) / 1e6
            log.info("%s after %.0f ms", status, spent_ms)
            result = ended(
                task.scenario,
                status,
                submitted_at=task.submitted_at,
                started_at=started_at,
                ended_at=iso(clock.wall_ns()),
                execution_time_ms=spent_ms,
                preparation=self._laps.steps,
                log_path=str(path),
                log_tail=tuple(lines.tail),
                **self.known,
            )
        keep(self._folder, task.scenario, result)
        return result

    def _status(self) -> Status:
        """How it ended. What ended it otherwise than by its data is in the log, with its traceback."""
        try:
            return self._carried()
        except KeyboardInterrupt:
            return Status.CANCELLED
        except Exception as error:
            self._links.relieved()
            if is_of_memory(error):
                return self._failed(Status.OOM, error, OUT_OF_MEMORY)
            if not isinstance(error, DaemonError):
                return self._failed(Status.FINISHED_WITH_ERROR, error, str(error))
            message = "\n".join(filter(None, (str(error), error.mend)))
            self.known |= {"error_type": type(error).__name__, "error_message": message}
            log.error("%s", message)
            return Status.FINISHED_WITH_ERROR

    def _failed(self, status: Status, error: BaseException, message: str) -> Status:
        stack = "".join(traceback.format_exception(error))
        kind = MemoryError if status is Status.OOM else type(error)
        self.known |= {"error_type": kind.__name__, "error_message": message, "traceback": stack}
        log.error("%s: %s", kind.__name__, message, exc_info=error)
        return status

    def _carried(self) -> Status:
        task, links = self._task, self._links
        every_ns = UPDATE_EVERY_NS if task.telling is None else task.telling.every_ns
        self._laps("log")
        with ExitStack() as made:
            with links.prepared:
                plan = self._plan()
                self._laps("plan")
                coordinator = BacktestCoordinator(links.clock)
                run = made.enter_context(
                    coordinator.made(
                        plan,
                        name=task.scenario.name,
                        keep=task.keep,
                        every_event=task.every_event,
                        every_ns=every_ns,
                        mode=ExecutionMode.BACKTEST_PARALLEL,
                    )
                )
                self._laps("tables")
                run.initialise(self._laps, still(task.looked))
            log.info("prepared: %s", self._laps.text(), extra={"run_id": run.run_id})
            links.say(Status.RUNNING)
            return self._through(run, plan)

    def _plan(self) -> Plan:
        """The plan that was checked."""
        task = self._task
        document = Document(path=Path(task.config), text=task.text, values=decoded(task.values), origins={})
        return check_document(document, os.environ, Repeated(task.answers, SystemProcesses()), task.wishes)

    def _through(self, run: Run, plan: Plan) -> Status:
        task, links = self._task, self._links
        sampler = Sampler(run, plan.instruments, links.clock.monotonic_ns, worked_ns)
        tell: Teller | None = None
        if task.telling is not None and links.send is not None:
            tell = Teller(task.scenario, task.telling, run, links.send, sampler.profile)
        sampler.carry(links.stopped, tell)
        self.known["profile"] = sampler.profile()
        run.close_out()
        status = self._how(run, ends_by_failure=plan.settings.backtest.on_error == "stop")
        result = run.result(tell)
        for warning in result.warnings:
            log.warning("%s", warning)
        self.known |= {"result": result, "metrics": result.metrics, "live_updates": tell.sent if tell else 0}
        return status

    def _how(self, run: Run, *, ends_by_failure: bool) -> Status:
        """How it has ended."""
        if not run.ended:
            return Status.COMPLETED
        trips = [one.trip for one in run.driver.containers.values() if one.trip is not None]
        if (
            not trips
            or not ends_by_failure
            or (trips[0].reason.startswith(KeyboardInterrupt.__name__) and self._links.stopped())
        ):
            return Status.CANCELLED
        trip = trips[0]
        kind = trip.reason.partition(":")[0] if trip.traceback else "Trip"
        message, status = run.ended, Status.FINISHED_WITH_ERROR
        if kind.endswith(MemoryError.__name__):  # numpy and others have kinds of their own
            self._links.relieved()
            message, status = f"{OUT_OF_MEMORY}; {run.ended.removesuffix(': ')}", Status.OOM
        self.known |= {"error_type": kind, "error_message": message, "traceback": trip.traceback or None}
        log.error("%s", message, extra={"strategy": trip.strategy, "exception": trip.traceback})
        return status
