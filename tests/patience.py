"""How long tests wait: guards against a hang, and measures of nothing. What must be quick is timed by `make bench`."""

import time
from collections.abc import Callable
from typing import Final

PATIENCE_SECONDS: Final = 120.0
"""For one thing to come about, on a machine that has far too much to do."""

HANG_SECONDS: Final = 3_600
"""For a whole acceptance test."""

LOOK_SECONDS: Final = 0.005
"""At least, between two looks at whether something has come about."""


def until(true: Callable[[], object], seconds: float = PATIENCE_SECONDS) -> float:
    """Block until something holds; how long that took, in seconds. What takes long is looked at seldom, as each look
    may hold it up. TimeoutError where it does not come about."""
    began = time.perf_counter()
    while not true():
        waited = time.perf_counter() - began
        if waited > seconds:
            raise TimeoutError(f"not within {seconds:g} s")
        time.sleep(max(LOOK_SECONDS, waited / 50))
    return time.perf_counter() - began
