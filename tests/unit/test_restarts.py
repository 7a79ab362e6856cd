"""How often a container's process is started again."""

import pytest

from daemon.hosts.restarts import RestartRule, Restarts
from tests.simulation.clock import SimulatedClock
from trading.timestamps import SECOND

CRASH, CLEAN = "killed by SIGKILL", "exit code 0"


@pytest.mark.parametrize(
    ("policy", "ending", "refusal"),
    [
        ("permanent", CRASH, ""),
        ("permanent", CLEAN, ""),
        ("transient", CRASH, ""),
        ("transient", "exit code 1", ""),
        ("transient", CLEAN, "its restart policy is transient"),
        ("temporary", CRASH, "its restart policy is temporary"),
        ("temporary", CLEAN, "its restart policy is temporary"),
    ],
)
def test_the_policy_says_after_which_endings(policy: str, ending: str, refusal: str) -> None:
    restarts = Restarts(RestartRule(policy=policy), SimulatedClock())  # type: ignore[arg-type]
    assert restarts.refusal(ending) == refusal
    assert restarts.made == (0 if refusal else 1)


def test_no_more_than_so_many_within_the_time_and_one_again_when_the_first_is_that_long_ago() -> None:
    clock = SimulatedClock()
    restarts = Restarts(RestartRule(most=2, within_ns=10 * SECOND), clock)
    assert restarts.refusal(CRASH) == ""
    clock.hold_up(4 * SECOND)
    assert restarts.refusal(CRASH) == ""
    clock.hold_up(6 * SECOND - 1)
    assert restarts.refusal(CRASH) == "2 restarts within 10s are used up"
    clock.hold_up(1)
    assert restarts.refusal(CRASH) == ""
    assert restarts.refusal(CRASH) == "2 restarts within 10s are used up"
    assert restarts.made == 3


def test_a_refused_restart_does_not_count() -> None:
    clock = SimulatedClock()
    restarts = Restarts(RestartRule(most=1, within_ns=SECOND), clock)
    restarts.refusal(CRASH)
    for _ in range(5):
        clock.hold_up(SECOND // 5)
        restarts.refusal(CRASH)
    assert restarts.made == 2
