"""How long each step of a preparation takes."""

from daemon.clock import Clock
from daemon.research.scenarios.results import Step


class Laps:
    """Told that a step is done, it notes how long that took since the one before. `steps` are in their order."""

    def __init__(self, clock: Clock) -> None:
        self.steps: list[Step] = []
        self._clock = clock
        self._since_ns = clock.monotonic_ns()

    def __call__(self, name: str) -> None:
        """A step is done."""
        now_ns = self._clock.monotonic_ns()
        self.steps.append(Step(name=name, ms=(now_ns - self._since_ns) / 1e6))
        self._since_ns = now_ns

    def text(self) -> str:
        """`data 26.6 ms, market 0.4 ms`."""
        return ", ".join(f"{step.name} {step.ms:.1f} ms" for step in self.steps)
