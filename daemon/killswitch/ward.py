"""The daemon as its watching process has hold of it: by a descriptor that means this one process for ever, so that none
that was given its number later is ever struck."""

import os
import select
import signal
from contextlib import suppress
from pathlib import Path


class Ward:
    """A process by its id and a pidfd (`man pidfd_open`), which the process opened of itself.

    Without one (-1, on a kernel that has none) it is known by being our parent: who has lost it has another.
    """

    def __init__(self, pid: int, descriptor: int) -> None:
        self.pid = pid
        self.descriptor = descriptor
        self._end = select.poll()
        if descriptor >= 0:
            self._end.register(descriptor, select.POLLIN)

    def is_gone(self, wait_seconds: float = 0.0) -> bool:
        """Whether it has ended, also where nobody has reaped it; at the latest after waiting so long."""
        if self.descriptor >= 0:
            return bool(self._end.poll(wait_seconds * 1_000))
        if os.getppid() == self.pid and wait_seconds:
            self._end.poll(wait_seconds * 1_000)
        return os.getppid() != self.pid

    def starved_ns(self) -> int:
        """For how long it has waited for a processor since it began; 0 where the kernel does not tell."""
        try:
            return int(Path(f"/proc/{self.pid}/schedstat").read_text().split()[1])
        except (OSError, ValueError, IndexError):
            return 0

    def freeze(self) -> None:
        """Stop it in its tracks, without ending it."""
        self._signal(signal.SIGSTOP)

    def kill(self) -> None:
        """End it."""
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        with suppress(OSError):  # one that is gone, and one that nobody may end, are seen by `is_gone`
            if self.descriptor >= 0:
                signal.pidfd_send_signal(self.descriptor, number)
            elif os.getppid() == self.pid:
                os.kill(self.pid, number)
