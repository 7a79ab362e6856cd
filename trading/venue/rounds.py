"""When the venue is asked again for what works there and for what the account holds, and when that was last told.

Each tier of questions has its round; what calls for it brings the next one forward, and a question that was not
answered puts it off a little.
"""

from collections.abc import Mapping
from typing import Any

from trading.venue.agreement import Agreement
from trading.venue.line import Line
from trading.venue.messages import ListFills, ListOpenOrders, ReadAccount, ReadTime
from trading.venue.requests import UnderWay
from trading.venue.tiers import Tiers


class Rounds:
    """Asks in turn. `listed_ns` is the venue's time at which the newest complete list of open orders was asked for."""

    def __init__(self, *, tiers: Tiers, line: Line, agreement: Agreement) -> None:
        self.listed_ns = 0
        self._tiers = tiers
        self._line = line
        self._agreement = agreement
        self._orders_due_ns = 0
        self._account_due_ns = 0
        self._reread_ns = 0

    def orders_listed(self, waiting: UnderWay) -> None:
        """All that works was told."""
        self.listed_ns = waiting.request.stamp_ns
        self._orders_due_ns = self._line.now_ns + self._tiers.open_orders_ns

    def account_told(self) -> None:
        """What the account holds was told."""
        self._account_due_ns = self._line.now_ns + self._tiers.account_ns

    def list_orders_within(self, duration_ns: int) -> None:
        """List what works now, and once more after so long at the latest."""
        self._line.ask(ListOpenOrders())
        self._orders_due_ns = min(self._orders_due_ns, self._line.now_ns + duration_ns)

    def put_off(self, waiting: UnderWay | None) -> None:
        """A question was not answered: it is asked again, but not at once."""
        match waiting and waiting.request.what:
            case ListOpenOrders() | ListFills():
                self._orders_due_ns = self._line.now_ns + self._tiers.in_flight_ns
            case ReadAccount() | ReadTime():
                self._account_due_ns = self._reread_ns = self._line.now_ns + self._tiers.in_flight_ns

    def on_time(self) -> None:
        """Ask what is due."""
        now_ns = self._line.now_ns
        if (recheck_ns := self._recheck_ns) is not None and now_ns >= recheck_ns:
            self._line.ask(ReadAccount())
        if now_ns >= self._orders_due_ns:
            self._orders_due_ns = now_ns + self._tiers.open_orders_ns
            self._line.ask(ListOpenOrders())
        if now_ns >= self._account_due_ns:
            self._account_due_ns = now_ns + self._tiers.account_ns
            self._line.ask(ReadTime())
            self._line.ask(ReadAccount())

    @property
    def next_ns(self) -> int:
        """When something is due."""
        recheck_ns = None if self._line.requests.is_asked(ReadAccount()) else self._recheck_ns
        due = [self._orders_due_ns, self._account_due_ns]
        return min(due if recheck_ns is None else [*due, recheck_ns])

    def state(self) -> dict[str, Any]:
        """Everything that `restore` needs."""
        return {
            "orders_due_ns": self._orders_due_ns,
            "account_due_ns": self._account_due_ns,
            "reread_ns": self._reread_ns,
            "listed_ns": self.listed_ns,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Become the rounds that gave this state."""
        self._orders_due_ns, self._account_due_ns = state["orders_due_ns"], state["account_due_ns"]
        self._reread_ns, self.listed_ns = state["reread_ns"], state["listed_ns"]

    @property
    def _recheck_ns(self) -> int | None:
        """When the account is to be read out of turn, not right after that has failed."""
        recheck_ns = self._agreement.recheck_ns
        return None if recheck_ns is None else max(recheck_ns, self._reread_ns)
