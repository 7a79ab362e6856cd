"""How far a scenario is, and how it ended."""

import enum
from typing import Final


class Status(enum.StrEnum):
    """INIT_PROCESS and RUNNING come in that order; every other one is an end, of which only COMPLETED is a success."""

    INIT_PROCESS = "INIT_PROCESS"
    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    FINISHED_WITH_ERROR = "FINISHED_WITH_ERROR"
    TIMEOUT = "TIMEOUT"
    OOM = "OOM"
    CRASHED = "CRASHED"
    CANCELLED = "CANCELLED"
    SKIPPED = "SKIPPED"


UNDER_WAY: Final = frozenset({Status.INIT_PROCESS, Status.RUNNING})
