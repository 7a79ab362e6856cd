"""Which executions are booked. Each counts once, whatever brings it, however often and in whatever order; one that was
annulled before it was heard of never counts."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from trading.venue.messages import VenueFill


class Executions:
    """Remembers executions by their ids for as long as the venue tells of them: `kept_ns` of its own time."""

    def __init__(self, kept_ns: int) -> None:
        self.newest_ns = 0
        self._kept_ns = kept_ns
        self._seen: dict[str, int] = {}
        self._busted: dict[str, int] = {}

    def is_news(self, fill: VenueFill) -> bool:
        """Whether an execution is to be booked; from now on it is not."""
        self._reach(fill.ts_ns)
        if fill.execution_id in self._seen:
            return False
        self._seen[fill.execution_id] = fill.ts_ns
        return bool(fill.quantity)

    def is_news_of_bust(self, fill: VenueFill) -> bool:
        """Whether what was booked is to be taken back; from now on neither is."""
        was_booked = fill.execution_id in self._seen
        self._seen.setdefault(fill.execution_id, fill.ts_ns)
        was_busted = fill.execution_id in self._busted
        self._busted[fill.execution_id] = fill.ts_ns
        return was_booked and not was_busted

    def state(self) -> dict[str, Any]:
        """Everything that `restore` needs."""
        return {"newest_ns": self.newest_ns, "seen": dict(self._seen), "busted": dict(self._busted)}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Become the executions that gave this state."""
        self.newest_ns = state["newest_ns"]
        self._seen, self._busted = dict(state["seen"]), dict(state["busted"])

    def _reach(self, ts_ns: int) -> None:
        """What is older than the venue tells of need not be known any more; looked at once in a while."""
        if ts_ns <= self.newest_ns:
            return
        before, self.newest_ns = self.newest_ns, ts_ns
        if before // self._kept_ns != ts_ns // self._kept_ns:
            oldest_ns = ts_ns - 2 * self._kept_ns
            self._seen = {one: at_ns for one, at_ns in self._seen.items() if at_ns >= oldest_ns}
            self._busted = {one: at_ns for one, at_ns in self._busted.items() if at_ns >= oldest_ns}


class Stray(msgspec.Struct, frozen=True):
    """An execution that waits, and since when."""

    fill: VenueFill
    heard_ns: int


class Strays:
    """Executions of orders that are ours by their ids and are not known here. They wait for the list of what works, so
    that an order is taken up before what it has filled: else that would be counted with the order once more."""

    def __init__(self) -> None:
        self._waiting: dict[str, Stray] = {}

    def put(self, fill: VenueFill, now_ns: int) -> bool:
        """One more waits; False where it does already."""
        is_new = fill.execution_id not in self._waiting
        if is_new:
            self._waiting[fill.execution_id] = Stray(fill, now_ns)
        return is_new

    def drop(self, fill: VenueFill) -> None:
        """It was annulled."""
        self._waiting.pop(fill.execution_id, None)

    def of(self, cid: str) -> list[VenueFill]:
        """Those of an order that is known now; they wait no more."""
        return self._take(lambda stray: stray.fill.cid == cid)

    def made_by(self, venue_ns: int) -> list[VenueFill]:
        """Those executed by a time of the venue's; they wait no more."""
        return self._take(lambda stray: stray.fill.ts_ns <= venue_ns)

    def heard_by(self, now_ns: int) -> list[VenueFill]:
        """Those that have waited since then or longer; they wait no more."""
        return self._take(lambda stray: stray.heard_ns <= now_ns)

    @property
    def heard_ns(self) -> int | None:
        """Since when the first of them waits."""
        return min((stray.heard_ns for stray in self._waiting.values()), default=None)

    def state(self) -> list[Stray]:
        """Everything that `restore` needs."""
        return list(self._waiting.values())

    def restore(self, state: Any) -> None:
        """Become the strays that gave this state."""
        self._waiting = {one.fill.execution_id: one for one in msgspec.convert(state, list[Stray])}

    def _take(self, wanted: Callable[[Stray], bool]) -> list[VenueFill]:
        taken = {name: stray.fill for name, stray in self._waiting.items() if wanted(stray)}
        self._waiting = {name: stray for name, stray in self._waiting.items() if name not in taken}
        return [*taken.values()]
