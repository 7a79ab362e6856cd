"""A small fleet on a made-up market, in the daemon's own process: what it decides is known, whatever befalls it."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from daemon.check import Plan
from tests.config_builders import plan_of
from tests.simulation.test_restart_with_changes import HEAD, MAKER, SMA
from tests.simulation.world import PureRun

_SMA = SMA.replace('capital: "40000"}', 'capital: "40000", isolation: task}')
_MAKER = MAKER.rstrip() + "\n    isolation: task\n"

SHORT = HEAD.replace("duration: 1h", "duration: 10m") + _SMA + _MAKER
"""Ten minutes as fast as possible, and then the end."""

AWAKE = SHORT.replace("at_end: exit", "at_end: idle")
"""The same, and then idle until it is stopped."""

PACED = SHORT.replace("speed: max", "speed: 1")
"""The same at the feed's own pace."""


def a_plan(folder: Path, text: str = SHORT) -> Plan:
    """The plan of a fleet whose state lies in a folder."""
    return plan_of(folder, text)


@cache
def pure() -> PureRun:
    """What the fleet does where nothing happens."""
    with TemporaryDirectory() as folder:
        return PureRun(a_plan(Path(folder)))
