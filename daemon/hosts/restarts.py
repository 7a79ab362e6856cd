"""How often, and after which endings, a container's process is started again."""

from collections import deque
from typing import Literal

import msgspec

from daemon.clock import Clock
from trading.timestamps import SECOND, format_interval

CLEAN_EXIT = "exit code 0"


class RestartRule(msgspec.Struct, frozen=True, kw_only=True):
    """`permanent` restarts after every ending, `transient` after all but an exit with code 0, `temporary` after none;
    at most `most` times within `within_ns`."""

    policy: Literal["permanent", "transient", "temporary"] = "transient"
    most: int = 3
    within_ns: int = 60 * SECOND


class Restarts:
    """Counts one container's restarts. `made` is all of them."""

    def __init__(self, rule: RestartRule, clock: Clock) -> None:
        self.made = 0
        self._rule = rule
        self._clock = clock
        self._lately: deque[int] = deque()

    def refusal(self, ending: str) -> str:
        """Why there is to be no restart after an ending, in words; empty where there is one, which counts."""
        rule, now_ns = self._rule, self._clock.monotonic_ns()
        if rule.policy == "temporary" or (rule.policy == "transient" and ending == CLEAN_EXIT):
            return f"its restart policy is {rule.policy}"
        while self._lately and self._lately[0] <= now_ns - rule.within_ns:
            self._lately.popleft()
        if len(self._lately) >= rule.most:
            return f"{rule.most} restarts within {format_interval(rule.within_ns)} are used up"
        self._lately.append(now_ns)
        self.made += 1
        return ""
