"""How many orders leave within a second, by the time of events: a window that slides, so that no second holds more."""

from collections import deque
from collections.abc import Iterable

from trading.refusals import Refusal
from trading.timestamps import SECOND


class OrderRate:
    """Remembers when the last orders and amendments left. Cancels are not counted; nothing must keep one back."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._left: deque[int] = deque(maxlen=most)

    def refusal(self, now_ns: int) -> Refusal | None:
        """Why no order may leave now."""
        if len(self._left) < self._most or now_ns - self._left[0] >= SECOND:
            return None
        return Refusal(
            "max_orders_per_second",
            f"{self._most + 1} orders within a second would be above the limit of {self._most} (max_orders_per_second)",
        )

    def note(self, now_ns: int) -> None:
        """One leaves now."""
        self._left.append(now_ns)

    def state(self) -> list[int]:
        """Everything that `restore` needs."""
        return list(self._left)

    def restore(self, state: Iterable[int]) -> None:
        """Remember what another did; of a limit that is lower by now, the last."""
        self._left = deque(state, maxlen=self._most)
