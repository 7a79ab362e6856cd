"""Where on a simulated disk a life is ended: a few of the places that a whole run reaches.

`BULKHEAD_HYPOTHESIS=thousands` ends it at a hundred of them.
"""

import os
from collections.abc import Sequence
from random import Random
from typing import Final

FEW: Final = 4
MANY: Final = 100
THOROUGH: Final = os.environ.get("BULKHEAD_HYPOTHESIS") == "thousands"


def changes(trace: Sequence[str]) -> list[str]:
    """The places at which a run changed something on its disk."""
    return [site for site in trace if site.startswith(("write", "sync", "create"))]


def writes(trace: Sequence[str]) -> list[str]:
    """The places at which a run wrote."""
    return [site for site in trace if site.startswith("write")]


def some(ends: Sequence[str], seed: int, few: int = FEW) -> list[str]:
    """The first two and the last two, and so many in between: others for another seed."""
    between = ends[2:-2]
    return [*ends[:2], *Random(seed).sample(between, min(len(between), MANY if THOROUGH else few)), *ends[-2:]]
