"""Scenarios one after another, in the process that asks for them: the easiest to look into."""

from collections.abc import Iterator
from functools import partial

from daemon.clock import Clock
from daemon.research.coordinator import Stopped
from daemon.research.scenarios.board import Board
from daemon.research.scenarios.conduct import Conducted, Links
from daemon.research.scenarios.results import slim
from daemon.research.scenarios.scenario_log import nothing_but_logs
from daemon.research.scenarios.status import Status
from daemon.research.scenarios.task import Task
from daemon.research.scenarios.telling import ProgressMessage


class InlineExecutor:
    """Nothing seals one scenario off from the next but its container: what modules keep is kept."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def carry(self, tasks: Iterator[Task], board: Board, stopped: Stopped) -> None:
        """Run all, until it is stopped."""

        def told(message: ProgressMessage) -> None:
            board.told(message)
            board.draw()

        with nothing_but_logs():
            for task in tasks:
                if stopped():
                    return
                say = partial(board.said, task.scenario.index)
                say(Status.INIT_PROCESS)
                links = Links(say=say, send=told, stopped=stopped, clock=self._clock)
                board.over(slim(Conducted(task, links).run()))
