"""What silence about an attempt calls for: questions, and after long enough its being in doubt."""

from typing import Final

from trading.market import Effect
from trading.timestamps import SECOND
from trading.venue.attempts import Attempt, AttemptState
from trading.venue.line import Line
from trading.venue.progress import Progress
from trading.venue.tiers import Tiers

NO_ANSWER_NS: Final = 10 * SECOND
"""An order of which nothing was heard for so long is in doubt, whatever its sender waits for."""


class Silence:
    """Watches attempts that are on their way, and those of which executions are missing."""

    def __init__(self, *, tiers: Tiers, line: Line, progress: Progress) -> None:
        self._tiers = tiers
        self._line = line
        self._progress = progress

    def on_time(self) -> list[Effect]:
        """Ask about what is silent, and give up waiting for what has been so for too long."""
        effects: list[Effect] = []
        for attempt in list(self._progress.open.values()):
            effects += self._look_at(attempt)
        return effects

    @property
    def next_ns(self) -> int | None:
        """When the next question is due; None where all is heard of."""
        due: list[int] = []
        for attempt in self._progress.open.values():
            if attempt.state is AttemptState.SENDING:
                due.append(attempt.next_ask_ns)
            if attempt.behind_ns is not None:
                due.append(max(attempt.behind_ns + self._tiers.in_flight_ns, attempt.next_ask_ns))
        return min(due, default=None)

    def _look_at(self, attempt: Attempt) -> list[Effect]:
        now_ns = self._line.now_ns
        if now_ns < attempt.next_ask_ns:
            return []
        if attempt.behind_ns is not None and now_ns - attempt.behind_ns >= self._tiers.in_flight_ns:
            attempt.next_ask_ns = now_ns + self._tiers.open_orders_ns
            self._progress.ask_for_fills(attempt)
        if attempt.state is not AttemptState.SENDING:
            return []
        waited_ns = now_ns - attempt.sent_ns
        if waited_ns >= NO_ANSWER_NS:
            seconds = waited_ns / SECOND
            return [*self._progress.lose(attempt, "no_answer", f"nothing was heard of it for {seconds:.0f} s")]
        attempt.next_ask_ns = now_ns + self._tiers.in_flight_ns
        self._line.ask_about(attempt)
        return []
