"""Cancelling at the venue without the daemon: by a function named in the config, again and again until it is done.

Each attempt is an errand with a deadline of its own. When one has succeeded there is another a second later: what was
on its way to the venue as the daemon ended may have come after the first.
"""

import importlib
import time
from collections.abc import Callable, Mapping
from typing import Final

from daemon.killswitch.errands import Done, Errand
from daemon.killswitch.notes import Notes

Canceller = Callable[[Mapping[str, object]], list[str]]

ATTEMPT_SECONDS: Final = 10.0
SETTLE_SECONDS: Final = 1.0
PAUSES_SECONDS: Final = (0.1, 0.2, 0.5, 1.0, 2.0, 2.0, 2.0)
"""After each failure; after the failure that follows the last pause it is given up."""


def load_canceller(reference: str) -> Canceller:
    """The function of `module:function`; LookupError in words."""
    module, _, name = reference.partition(":")
    try:
        found = getattr(importlib.import_module(module), name)
    except Exception as error:
        raise LookupError(f"{reference} cannot be had: {type(error).__name__}: {error}") from error
    if callable(found):
        canceller: Canceller = found
        return canceller
    raise LookupError(f"{reference} is no function")


class Cancelling:
    """One go at it, begun when it is made."""

    def __init__(self, canceller: Canceller, options: Mapping[str, object], notes: Notes) -> None:
        self._canceller = canceller
        self._options = options
        self._notes = notes
        self._errand = self._attempt()
        self._done: Done | None = None

    def wait_for_first(self, seconds: float) -> None:
        """Give the first attempt so long."""
        self._done = self._errand.wait(seconds)

    def finish(self) -> bool:
        """Go on until it is done or given up; whether it is done."""
        succeeded, pauses = 0, list(PAUSES_SECONDS)
        while True:
            done = self._done or self._errand.wait(ATTEMPT_SECONDS + 1.0) or Done([], "it cannot be ended")
            self._tell(done)
            succeeded += not done.problem
            if succeeded == 2 or (done.problem and not pauses):
                return succeeded > 0
            time.sleep(pauses.pop(0) if done.problem else SETTLE_SECONDS)
            self._errand, self._done = self._attempt(), None

    def _attempt(self) -> Errand:
        return Errand(lambda: self._canceller(self._options), ATTEMPT_SECONDS)

    def _tell(self, done: Done) -> None:
        if done.problem:
            self._notes.say("error", f"cancelling at the venue failed: {done.problem}")
        else:
            self._notes.say("warning", f"cancelled at the venue: {', '.join(done.lines) or 'nothing works there'}")
