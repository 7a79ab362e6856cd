"""Scenarios in threads: they share one interpreter, and so take their turns. Nothing can end one that is stuck."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from queue import Empty, Full, Queue, SimpleQueue
from threading import Lock, Thread
from typing import Final

from daemon.clock import Clock
from daemon.research.coordinator import Stopped
from daemon.research.scenarios.board import Board
from daemon.research.scenarios.conduct import Conducted, Links
from daemon.research.scenarios.results import slim
from daemon.research.scenarios.scenario_log import nothing_but_logs
from daemon.research.scenarios.status import Status
from daemon.research.scenarios.task import Task
from daemon.research.scenarios.telling import ProgressMessage

_WAITING_MESSAGES: Final = 64
_TICK_SECONDS: Final = 0.1

News = Callable[[], None]


class ThreadExecutor:
    """So many at a time. What is said of status and ends waits in a queue without a bound, progress in one that is
    soon full: a thread that tells never waits."""

    def __init__(self, workers: int, clock: Clock) -> None:
        self._workers = workers
        self._clock = clock
        self._turn = Lock()
        self._loading = Lock()
        self._news: SimpleQueue[News | BaseException | None] = SimpleQueue()
        self._progress: Queue[ProgressMessage] = Queue(_WAITING_MESSAGES)

    def carry(self, tasks: Iterator[Task], board: Board, stopped: Stopped) -> None:
        """Run all, until it is stopped; then those that run end at their next chunk of events."""
        with nothing_but_logs():
            for _ in range(self._workers):
                Thread(target=self._work, args=(tasks, board, stopped), daemon=True).start()
            running = self._workers
            while running:
                running -= self._heard(board)

    def _heard(self, board: Board) -> int:
        """Take what was said, waiting a little; how many threads have ended."""
        ended = 0
        try:
            news = self._news.get(timeout=_TICK_SECONDS)
        except Empty:
            pass
        else:
            if isinstance(news, BaseException):
                raise news
            if news is None:
                ended = 1
            else:
                news()
        while not self._progress.empty():
            board.told(self._progress.get_nowait())
        board.draw()
        return ended

    def _work(self, tasks: Iterator[Task], board: Board, stopped: Stopped) -> None:
        try:
            while (task := self._next(tasks, stopped)) is not None:
                self._one(task, board, stopped)
        except BaseException as error:
            self._news.put(error)
        else:
            self._news.put(None)

    def _next(self, tasks: Iterator[Task], stopped: Stopped) -> Task | None:
        with self._turn:
            return None if stopped() else next(tasks, None)

    def _one(self, task: Task, board: Board, stopped: Stopped) -> None:
        def say(status: Status) -> None:
            self._news.put(partial(board.said, task.scenario.index, status))

        say(Status.INIT_PROCESS)
        links = Links(say=say, send=self._send, stopped=stopped, clock=self._clock, prepared=self._loading)
        result = slim(Conducted(task, links).run())
        self._news.put(partial(board.over, result))

    def _send(self, message: ProgressMessage) -> None:
        with suppress(Full):
            self._progress.put_nowait(message)
