"""The processes port: short-lived helpers, each given its input, a deadline and nothing else."""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Protocol

from daemon.errors import ProcessNotStarted

PIPES_SECONDS: Final = 1.0
"""How long a killed process's pipes are read for."""


@dataclass(frozen=True, kw_only=True)
class Finished:
    """How a process ended. `exit_code` is the negative number of the signal that ended it, if one did."""

    exit_code: int
    output: bytes
    errors: bytes
    timed_out: bool = False

    @property
    def ending(self) -> str:
        """How it ended, in words."""
        if self.timed_out:
            return "its deadline passed"
        return f"exit code {self.exit_code}" if self.exit_code >= 0 else signal.Signals(-self.exit_code).name


class Processes(Protocol):
    """What the daemon needs of processes. Called where waiting is allowed: before the event loop, or in a thread."""

    def run(
        self, arguments: Sequence[str], *, given: bytes, environment: Mapping[str, str], deadline_seconds: float
    ) -> Finished:
        """Run a program to its end, `given` on its standard input; at the deadline it and its children are killed.

        `environment` is all that it gets. ProcessNotStarted when there is no such program or no room for it.
        """


class SystemProcesses:
    """The operating system's processes, each in a group of its own."""

    def run(
        self, arguments: Sequence[str], *, given: bytes, environment: Mapping[str, str], deadline_seconds: float
    ) -> Finished:
        """Run a program to its end."""
        try:
            process = subprocess.Popen(  # noqa: S603  (the daemon's own programs)
                arguments,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=environment,
                start_new_session=True,
            )
        except OSError as error:
            raise ProcessNotStarted(f"cannot start {arguments[0]}: {error.strerror}")
        with process:
            try:
                output, errors = process.communicate(given, timeout=deadline_seconds)
            except subprocess.TimeoutExpired:
                _kill_group(process.pid)
                output, errors = _what_is_left(process)
                return Finished(exit_code=process.wait(), output=output, errors=errors, timed_out=True)
            except BaseException:
                _kill_group(process.pid)
                raise
        return Finished(exit_code=process.returncode, output=output, errors=errors)


def _kill_group(leader: int) -> None:
    with suppress(ProcessLookupError):  # it may have ended by itself just now
        os.killpg(leader, signal.SIGKILL)


def _what_is_left(process: subprocess.Popen[bytes]) -> tuple[bytes, bytes]:
    """What a killed process had written; nothing where a child that left its group still holds the pipes."""
    try:
        return process.communicate(timeout=PIPES_SECONDS)
    except subprocess.TimeoutExpired:
        return b"", b""
