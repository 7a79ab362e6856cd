"""What the watching process writes down: lines of JSON, like those of the daemon's log, on its standard error.

A line that cannot be written is lost, never an error.
"""

import json
import os
from collections.abc import Callable
from contextlib import suppress
from typing import Final

_ERRORS: Final = 2
_LOGGER: Final = "daemon.killswitch.watchman"
_MOST_HELD: Final = 1_000


class Notes:
    """Notes what is said and writes it when told to: while there is something better to do, nobody waits for a disk.

    `timestamp` gives the time as text. `said` is all of it.
    """

    def __init__(self, timestamp: Callable[[], str]) -> None:
        self.said: list[str] = []
        self._timestamp = timestamp
        self._held: list[bytes] = []

    def say(self, level: str, message: str) -> None:
        """Note a line."""
        self.said.append(message)
        fields = {"ts": self._timestamp(), "level": level, "logger": _LOGGER, "message": message}
        self._held.append(json.dumps(fields).encode() + b"\n")
        del self.said[:-_MOST_HELD], self._held[:-_MOST_HELD]

    def write(self) -> None:
        """Write what was noted since."""
        self.handed_over()()

    def handed_over(self) -> Callable[[], None]:
        """What was noted since, to be written by somebody else."""
        held, self._held = self._held, []

        def write() -> None:
            for noted in held:
                with suppress(OSError):
                    os.write(_ERRORS, noted)

        return write
