"""The log of one scenario: its own file of JSON lines, and the last of them in memory.

Scenarios may share a process, one after another or in threads. So a log takes the lines of its own thread, and at its
end lets go of what it opened and of nothing else: the next one logs as the first did.
"""

import io
import logging
import os
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from threading import get_ident, local
from typing import Final, Self

from daemon.watch.logs import JsonLines

_LARGEST_TAIL_BYTES: Final = 64 * 1024


class ScenarioLines(JsonLines):
    """A line with the run and the scenario on it."""

    def __init__(self, run: str, scenario: str) -> None:
        super().__init__()
        self._of = {"run": run, "scenario": scenario}

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line; the record itself, which others may format too, stays as it is."""
        return super().format(logging.makeLogRecord({**vars(record), **self._of}))


class ScenarioLog(logging.Handler):
    """Writes what its thread logs from `open` to `close`, which both may be called again. A file that cannot be written
    is a log lost, never an error. `tail` are the last lines."""

    def __init__(self, path: Path, *, run: str, scenario: str, lines: int) -> None:
        super().__init__()
        self.tail: deque[str] = deque(maxlen=lines)
        self.setFormatter(ScenarioLines(run, scenario))
        self._path = path
        self._stream: io.TextIOWrapper | None = None
        self._thread = 0

    def __enter__(self) -> Self:
        self._stream = open(
            self._path, "a", encoding="utf-8", buffering=1, opener=lambda path, flags: os.open(path, flags, 0o600)
        )
        self._thread = get_ident()
        logging.getLogger().addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger().removeHandler(self)
        self.close()
        if self._stream is not None:
            self._stream.close()

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether it was logged here: in the thread that opened it."""
        return record.thread == self._thread

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one line."""
        try:
            line = self.format(record)
            self.tail.append(line)
            assert self._stream is not None
            self._stream.write(f"{line}\n")
        except Exception:
            self.handleError(record)


class Printed(io.TextIOBase):
    """In the place of a standard stream: what is printed becomes lines of the log of the thread that prints it."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._logger = logging.getLogger(f"printed.{name}")
        self._begun = local()

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, text: str) -> int:
        """Log the lines that are whole; the last one waits for its end."""
        *lines, self._begun.text = (getattr(self._begun, "text", "") + text).split("\n")
        for line in lines:
            self._logger.info("%s", line)
        return len(text)


@contextmanager
def nothing_but_logs() -> Iterator[None]:
    """Let all that is logged and printed meanwhile go to scenarios' logs and nowhere else; afterwards everything is as
    before."""
    root = logging.getLogger()
    handlers, level = tuple(root.handlers), root.level
    for handler in handlers:
        root.removeHandler(handler)
    root.setLevel(logging.INFO)
    try:
        with redirect_stdout(Printed("stdout")), redirect_stderr(Printed("stderr")):
            yield
    finally:
        root.setLevel(level)
        for handler in handlers:
            root.addHandler(handler)


def tail_of(path: Path, lines: int) -> list[str]:
    """The last lines of a log that nobody writes any more; none where there is no log."""
    try:
        with path.open("rb") as stream:
            stream.seek(max(0, stream.seek(0, os.SEEK_END) - _LARGEST_TAIL_BYTES))
            return stream.read().decode("utf-8", "replace").splitlines()[-lines:]
    except OSError:
        return []
