"""What was read of the venue since it could last be heard: open orders, then executions, then the account, in that
order, so that what filled belongs to orders that are known by then. Before all three were read, nothing is opened.
"""

from collections.abc import Mapping
from typing import Any

from trading.market import Effect
from trading.timestamps import MINUTE
from trading.venue.agreement import Agreement
from trading.venue.attempts import AttemptState
from trading.venue.attribution import Attribution
from trading.venue.doubts import Doubts
from trading.venue.fills import Fills
from trading.venue.line import Line
from trading.venue.messages import (
    AccountTold,
    FillsTold,
    ListFills,
    ListOpenOrders,
    OpenOrdersTold,
    ReadAccount,
    StreamDown,
    StreamUp,
)
from trading.venue.mirror import Mirror
from trading.venue.progress import Progress
from trading.venue.requests import UnderWay
from trading.venue.rounds import Rounds

_ORDERS, _EXECUTIONS, _ACCOUNT = "open orders", "executions", "the account"


class Listings:
    """Takes up lists and the account. `readings` counts how often everything was read because somebody wanted it; the
    account was last told in whole at `read_ns`, 0 before that."""

    def __init__(
        self,
        *,
        line: Line,
        progress: Progress,
        fills: Fills,
        doubts: Doubts,
        agreement: Agreement,
        attribution: Attribution,
        mirror: Mirror,
        rounds: Rounds,
    ) -> None:
        self.readings = 0
        self.read_ns = 0
        self._line = line
        self._progress = progress
        self._fills = fills
        self._doubts = doubts
        self._agreement = agreement
        self._attribution = attribution
        self._mirror = mirror
        self._rounds = rounds
        self._reading = ""
        self._stream_problem = ""
        self._unread: set[str] = set()

    @property
    def holds_back(self) -> str:
        """Why nothing may be opened now; empty when it may."""
        if self._stream_problem:
            return f"the venue's reports do not come: {self._stream_problem}"
        if self._unread:
            return f"not read from the venue yet: {', '.join(sorted(self._unread))}"
        return ""

    def begin_life(self) -> None:
        """Read everything, and wait until the venue's reports come."""
        self._reading = ""
        self._stream_problem = "not connected yet" if self._line.profile.order_stream else ""
        self._read_everything()

    def read_all(self) -> None:
        """Somebody wants everything to be read; trading goes on meanwhile."""
        self._reading = _ORDERS
        self._line.ask(ListOpenOrders())

    # What the venue says.

    def on_stream_up(self, _message: StreamUp, _waiting: UnderWay | None) -> list[Effect]:
        """Its reports come, or come again: there may be more than was heard."""
        self._stream_problem = ""
        self._agreement.reconciliation.begin()
        self._line.requests.forget_listings()
        self._read_everything()
        return []

    def on_stream_down(self, message: StreamDown, _waiting: UnderWay | None) -> list[Effect]:
        """Its reports come no more."""
        self._stream_problem = message.reason
        return []

    def on_open_orders(self, message: OpenOrdersTold, waiting: UnderWay | None) -> list[Effect]:
        """Orders that work; all of them, where the list is complete and answers what was asked."""
        effects: list[Effect] = []
        # Where no order can be asked for by its id, a list that is new is the only answer there is.
        profile, asked_ns = self._line.profile, None if waiting is None else waiting.asked_ns
        is_new = asked_ns is not None and self._line.now_ns - asked_ns <= profile.visible_after_ns
        for order in message.orders:
            effects += self._attribution.told(order, message, asked=is_new and not profile.finds_by_id)
        if not message.complete or waiting is None:
            return effects
        visible_ns = waiting.asked_ns - profile.visible_after_ns
        effects += self._not_listed({order.cid for order in message.orders}, visible_ns)
        self._attribution.foreign.listed({order.venue_id for order in message.orders}, visible_ns)
        self._rounds.orders_listed(waiting)
        effects += self._attribution.all_told(waiting.asked_ns)
        if self._reading == _ORDERS:
            self._reading = _EXECUTIONS
        self._unread.discard(_ORDERS)
        self._line.ask(ListFills(since_ns=self._fills_since_ns))
        return effects

    def on_fills(self, message: FillsTold, waiting: UnderWay | None) -> list[Effect]:
        """Executions; all of them since a time, where the list is complete and answers what was asked."""
        effects: list[Effect] = []
        listed_ns = message.venue_ns or self._line.stamp_ns
        for fill in sorted(message.fills, key=lambda fill: fill.ts_ns):
            effects += self._attribution.filled(fill, message, listed_ns=listed_ns)
        self._agreement.on_fills(message)
        if not message.complete or waiting is None:
            return effects
        inferred = self._fills.infer(message, waiting.asked_ns)
        for symbol in {report.fill.symbol for report in inferred if report.fill is not None}:
            self._agreement.reconciliation.changed(symbol)
        effects += inferred
        self._doubts.fills_told(message, waiting.asked_ns)
        if _EXECUTIONS in self._unread and _ORDERS not in self._unread:
            self._unread.discard(_EXECUTIONS)
            self._line.ask(ReadAccount())
        if self._reading == _EXECUTIONS:
            self._reading = _ACCOUNT
            self._line.ask(ReadAccount())
        return effects

    def on_account(self, message: AccountTold, waiting: UnderWay | None) -> list[Effect]:
        """What the account holds; all of it, where that is complete."""
        if waiting is None:
            return []
        effects: list[Effect] = []
        if message.complete:
            self._mirror.tell(message.account)
            effects += self._doubts.account_told(message, waiting.asked_ns)
        self._agreement.on_account(message, self._symbols_in_doubt)
        self._rounds.account_told()
        if message.complete:
            self.read_ns = self._line.now_ns
            if self._reading == _ACCOUNT:
                self._reading = ""
                self.readings += 1
        if _EXECUTIONS not in self._unread and self._agreement.reconciliation.is_reconciled:
            self._unread.discard(_ACCOUNT)
        return effects

    def state(self) -> dict[str, Any]:
        """Everything that `restore` needs."""
        return {
            "stream_problem": self._stream_problem,
            "unread": sorted(self._unread),
            "readings": self.readings,
            "read_ns": self.read_ns,
            "reading": self._reading,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Become the listings that gave this state."""
        self._stream_problem, self._unread = state["stream_problem"], set(state["unread"])
        self.readings, self.read_ns, self._reading = state["readings"], state["read_ns"], state["reading"]

    # Within.

    def _read_everything(self) -> None:
        self._unread = {_ORDERS, _EXECUTIONS, _ACCOUNT}
        self._line.ask(ListOpenOrders())

    def _not_listed(self, listed: set[str], visible_ns: int) -> list[Effect]:
        """Orders that worked by `visible_ns` and are not in the list are over, in one way or another."""
        effects: list[Effect] = []
        for cid, attempt in list(self._progress.open.items()):
            works = attempt.state is AttemptState.ACCEPTED and attempt.since_ns <= visible_ns
            if not works or cid in listed:
                continue
            if self._line.profile.finds_by_id:
                self._line.ask_about(attempt)
            else:
                effects += self._progress.lose(attempt, "not_listed", "it works no more, and cannot be asked for")
        return effects

    @property
    def _fills_since_ns(self) -> int:
        """From where executions are listed: what the newest one known may have overtaken is listed again."""
        newest_ns = self._progress.executions.newest_ns
        if not newest_ns:
            return max(0, self._line.stamp_ns - self._line.profile.fills_kept_ns)
        return max(0, newest_ns - self._line.profile.visible_after_ns - MINUTE)

    @property
    def _symbols_in_doubt(self) -> set[str]:
        """Of these something may be at the venue that is not in the books yet."""
        return {
            one.terms.symbol
            for one in self._progress.open.values()
            if one.is_in_doubt or one.ending is not None or one.behind_ns is not None
        }
