"""The processes of the tests: a program is a function from what it is given to what it writes, unless it ends early."""

from collections.abc import Callable, Mapping, Sequence

from daemon.errors import ProcessNotStarted
from daemon.processes import Finished

Program = Callable[[bytes], bytes]


class Ended(BaseException):
    """A program raises it to end before its time, having written something."""

    def __init__(self, exit_code: int, output: bytes = b"", errors: bytes = b"") -> None:
        self.finished = Finished(exit_code=exit_code, output=output, errors=errors)


class Hung(BaseException):
    """A program raises it to hang until it is killed, having written something."""

    def __init__(self, output: bytes = b"", errors: bytes = b"") -> None:
        self.finished = Finished(exit_code=-9, output=output, errors=errors, timed_out=True)


class SimulatedProcesses:
    """Runs programs by the last of their arguments, as `python -m name` names them; keeps what each was given."""

    def __init__(self, programs: Mapping[str, Program]) -> None:
        self._programs = programs
        self.given: list[bytes] = []

    def run(
        self, arguments: Sequence[str], *, given: bytes, environment: Mapping[str, str], deadline_seconds: float
    ) -> Finished:
        """Run a program to its end, at once."""
        if arguments[-1] not in self._programs:
            raise ProcessNotStarted(f"cannot start {arguments[-1]}: No such file or directory")
        self.given.append(given)
        try:
            return Finished(exit_code=0, output=self._programs[arguments[-1]](given), errors=b"")
        except (Ended, Hung) as end:
            return end.finished
