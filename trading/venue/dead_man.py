"""The venue's dead-man switch: a timer of its own, at whose end it cancels every order of the account.

Who asked for it sets it again and again while this process lives, so that nothing works at a venue that nobody looks
after: the machine may be gone, or the line to it. It is set when a life begins, again after each third of its time, and
released by a clean stop alone. While it is not set, or was not set again for two thirds of its time, nothing is opened.
"""

from collections.abc import Mapping
from typing import Any, Final

from trading.account.breaks import BreakKind
from trading.market import Effect
from trading.timestamps import SECOND
from trading.venue.agreement import Agreement
from trading.venue.line import Line
from trading.venue.messages import HoldOrders, OrdersHeld
from trading.venue.requests import UnderWay

SHORTEST_NS: Final = 30 * SECOND
"""In a third of it there has to be room for an answer that never comes, which takes five seconds, and another try."""

PAUSE_NS: Final = 2 * SECOND
"""After it could not be set, until it is tried again."""


class DeadMan:
    """Sets and releases the switch of one venue. `is_set` is whether it may be running there, also from an earlier
    life; that it ends is not known before the venue says so."""

    def __init__(self, line: Line, agreement: Agreement) -> None:
        self.is_set = False
        self._line = line
        self._agreement = agreement
        self._timeout_ns = 0
        self._since_ns = 0
        self._is_held = False
        self._is_told = False
        self._due_ns: int | None = None

    def begin_life(self, timeout_ns: int) -> None:
        """A process begins that wants it to fire after so long, or 0 for never."""
        self._want(timeout_ns)

    def end_life(self) -> None:
        """The process is about to end, and nothing is wrong: what works at the venue is to go on working."""
        self._want(0)

    def on_held(self, _message: OrdersHeld, waiting: UnderWay | None) -> list[Effect]:
        """The venue has set or released it."""
        asked = None if waiting is None else waiting.request.what
        if waiting is None or not isinstance(asked, HoldOrders) or asked.timeout_ns != self._timeout_ns:
            return []
        # From when it was asked for: by then the venue's timer cannot have begun.
        self._since_ns = waiting.asked_ns
        self._is_held = self.is_set = bool(self._timeout_ns)
        self._due_ns = self._since_ns + self._timeout_ns // 3 if self._timeout_ns else None
        if self._is_told and not self._is_late:
            self._is_told = False
            done = "it is set again" if self._timeout_ns else "it is released"
            self._agreement.mend(BreakKind.DEAD_MAN, self._line.profile.name, done)
        return []

    def not_held(self) -> None:
        """What was asked of it was not done, or nobody knows whether it was."""
        self._due_ns = self._line.now_ns + PAUSE_NS

    def on_time(self) -> None:
        """Set it again where that is due, and tell of it where that cannot be done."""
        if self._due_ns is not None and self._line.now_ns >= self._due_ns:
            self._ask()
        if self._is_late and not self._is_told:
            self._is_told = True
            seconds, timeout = self._late_ns // SECOND, self._timeout_ns // SECOND
            words = (
                f"it was not set for {seconds} s; {timeout} s after it was, the venue cancels every order of the"
                " account. Nothing is opened meanwhile"
            )
            self._agreement.say(BreakKind.DEAD_MAN, self._line.profile.name, words)

    @property
    def next_ns(self) -> int | None:
        """When it is to be set again, or to be told of; None where neither is."""
        due = [] if self._due_ns is None else [self._due_ns]
        if self._timeout_ns and not self._is_told:
            due.append(self._since_ns + self._late_ns)
        return min(due, default=None)

    @property
    def holds_back(self) -> str:
        """Why nothing may be opened now; empty when it may."""
        if not self._timeout_ns:
            return "the venue's dead-man switch is not released yet" if self.is_set else ""
        if not self._is_held:
            return "the venue's dead-man switch is not set yet"
        return "the venue's dead-man switch could not be set again" if self._is_late else ""

    def state(self) -> dict[str, Any]:
        """Everything that `restore` needs."""
        return {
            "timeout_ns": self._timeout_ns,
            "since_ns": self._since_ns,
            "due_ns": self._due_ns,
            "is_set": self.is_set,
            "is_held": self._is_held,
            "is_told": self._is_told,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Become the dead man that gave this state."""
        self._timeout_ns, self._since_ns = state["timeout_ns"], state["since_ns"]
        self._due_ns, self.is_set = state["due_ns"], state["is_set"]
        self._is_held, self._is_told = state["is_held"], state["is_told"]

    # Within.

    def _want(self, timeout_ns: int) -> None:
        self._timeout_ns, self._since_ns, self._is_held = timeout_ns, self._line.now_ns, False
        self._due_ns = None
        if timeout_ns or self.is_set:
            self._ask()

    def _ask(self) -> None:
        """It counts as set from here on, as what was asked for may be done whatever is heard of it."""
        self.is_set = self.is_set or bool(self._timeout_ns)
        self._due_ns = self._line.now_ns + PAUSE_NS
        self._line.ask(HoldOrders(timeout_ns=self._timeout_ns))

    @property
    def _late_ns(self) -> int:
        return 2 * self._timeout_ns // 3

    @property
    def _is_late(self) -> bool:
        return bool(self._timeout_ns) and self._line.now_ns >= self._since_ns + self._late_ns
