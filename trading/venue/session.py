"""The session with one venue: the pure side of everything that is sent there and heard from there.

Commands go into its queue and are not answered; what the venue says, and the time, bring the reports. It asks where
something is silent, compares what the venue lists with what is known here, in tiers, and lets no opening order out
before both agree. It is a `Market` that takes its time: whoever carries events through router and market need not know.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

import msgspec

from trading.account.breaks import BreakKind, break_id
from trading.account.differences import Planned
from trading.account.ledger import UNALLOCATED
from trading.account.resolutions import Adoption, Resolution, adopted_order, verdict
from trading.capabilities import Capabilities
from trading.commands import WireAmend, WireCancel, WireCommand, WireSubmit
from trading.errors import LedgerError
from trading.instruments import Instrument
from trading.market import AccountSnapshot, Effect
from trading.market_data import MarketEvent
from trading.money import EXACT, ZERO
from trading.postings import ForeignFill, Liquidation
from trading.timestamps import MINUTE, SECOND
from trading.venue.agreement import Agreement
from trading.venue.attempts import Attempt, AttemptState
from trading.venue.changes import Changes
from trading.venue.doubts import Doubts
from trading.venue.executions import Strays
from trading.venue.messages import (
    AccountTold,
    BustTold,
    FillsTold,
    FillTold,
    FindOrder,
    ListFills,
    ListOpenOrders,
    Message,
    OpenOrdersTold,
    OrderMissing,
    OrderTold,
    Question,
    RateLimited,
    ReadAccount,
    ReadTime,
    RequestLost,
    RequestRefused,
    RequestUnsent,
    StreamDown,
    StreamUp,
    TimeTold,
    Unreadable,
    VenueFill,
    VenueMessage,
    VenueOrder,
    VenueStatus,
)
from trading.venue.mirror import Mirror
from trading.venue.ownership import Owner, Ownership
from trading.venue.profile import VenueProfile
from trading.venue.progress import Progress
from trading.venue.requests import Requests, UnderWay

NO_ANSWER_NS: Final = 10 * SECOND
"""An order of which nothing was heard for so long is in doubt, whatever its sender waits for."""

_ORDERS, _EXECUTIONS, _ACCOUNT = "open orders", "executions", "the account"


class Tiers(msgspec.Struct, frozen=True, kw_only=True):
    """How often the venue is asked, where nothing calls for it: about what is on its way, about open orders and
    executions, about the account."""

    in_flight_ns: int = 2 * SECOND
    open_orders_ns: int = 10 * SECOND
    account_ns: int = MINUTE


DEFAULT_TIERS: Final = Tiers()
NO_TOLERANCES: Final[Mapping[str, Decimal]] = MappingProxyType({})


class VenueSession:
    """One venue, one account. Strategies are known by their ids alone; a difference in cash up to its tolerance, by
    currency, is no trouble.

    `foreign` are the orders of others that work, by the venue's ids. `readings` counts how often everything was read
    because somebody wanted it; the account was last told in whole at `read_ns`, 0 before that.
    """

    def __init__(
        self,
        *,
        profile: VenueProfile,
        capabilities: Capabilities,
        instruments: Mapping[str, Instrument],
        strategies: Iterable[str],
        tiers: Tiers = DEFAULT_TIERS,
        tolerances: Mapping[str, Decimal] = NO_TOLERANCES,
    ) -> None:
        self.capabilities = capabilities
        self.requests = Requests()
        self.ownership = Ownership(strategies, instruments)
        self.changes = Changes(self._send_cancel)
        self.agreement = Agreement(profile=profile, instruments=instruments, tolerances=tolerances, ask=self._ask)
        self.progress = Progress(
            profile=profile,
            ownership=self.ownership,
            changes=self.changes,
            ask=self._ask,
            say=self._say,
            cancel=self._cancel,
        )
        self.doubts = Doubts(profile=profile, progress=self.progress, ask=self._ask, explains=self._explains)
        self.mirror = Mirror()
        self.strays = Strays()
        self.offset_ns = 0
        self.epoch_ms = 0
        self._profile = profile
        self._probes: dict[int, int] = {}
        self._tiers = tiers
        self.foreign: dict[str, VenueOrder] = {}
        self.readings = 0
        self.read_ns = 0
        self._reading = ""
        self._stream_problem = ""
        self._unread: set[str] = set()
        self._orders_due_ns = 0
        self._account_due_ns = 0
        self._reread_ns = 0
        self._listed_ns = 0
        self._takers: Mapping[type, Callable[[Any, UnderWay | None], list[Effect]]] = {
            OrderTold: self._on_order,
            FillTold: self._on_fill,
            BustTold: self._on_bust,
            OrderMissing: self._on_missing,
            OpenOrdersTold: self._on_open_orders,
            FillsTold: self._on_fills,
            AccountTold: self._on_account,
            TimeTold: self._on_nothing_more,
            RequestRefused: self._on_refused,
            RateLimited: self._on_refused,
            RequestUnsent: self._on_unsent,
            RequestLost: self._on_lost,
            StreamUp: self._on_stream_up,
            StreamDown: self._on_stream_down,
            Unreadable: self._on_unreadable,
        }

    def belong_to(self, books: Callable[[], AccountSnapshot], price_of: Callable[[str], Decimal | None]) -> None:
        """Hold the account against the sum of all books, and value what differs at the last prices."""
        self.agreement.books, self.agreement.price_of = books, price_of

    # What it is to the router: a market.

    def on_event(self, _event: MarketEvent) -> list[Effect]:
        """The venue matches by itself."""
        return []

    def observe(self, event: MarketEvent) -> None:
        """The venue has its own prices."""

    def on_command(self, command: WireCommand, ts_ns: int) -> list[Effect]:
        """Take a command that is durable: it is to be sent, and nothing is known of it yet."""
        self._reach(ts_ns)
        if isinstance(command, WireCancel):
            self._send_cancel(command)
            return []
        number = self.requests.put(command, stamp_ns=self._stamp_ns, now_ns=self._now_ns)
        if isinstance(command, WireSubmit):
            self.progress.submitted(command, number, self._stamp_ns)
        else:
            self.changes.amend_sent(command, self._stamp_ns)
        return []

    def expect(self, command: WireCommand, ts_ns: int) -> None:
        """Take a command again, in recovery."""
        self.on_command(command, ts_ns)

    def apply(self, effect: Effect, command: WireCommand | None) -> None:
        """Its effects come of what was heard, which is heard again in recovery."""

    def move_cash(self, _currency: str, _amount: Decimal, _ts_ns: int) -> list[Effect]:
        """Money is moved at the venue itself; the account's next reading shows it."""
        raise LedgerError("money is paid in and out at the venue; what comes and goes there is seen and booked")

    def in_reach(self, _strategy: str, _events: Sequence[MarketEvent]) -> int:
        """The venue may answer at any time."""
        return 0

    def account(self) -> AccountSnapshot:
        """The account as it was last read, and what was executed since: nothing where it was not read yet."""
        return self.mirror.account()

    # What comes.

    def begin_life(self, epoch_ms: int, ts_ns: int) -> list[Effect]:
        """A process begins: what was on its way is in doubt, and the venue is asked for everything before anything new
        is opened."""
        self._reach(ts_ns)
        self.epoch_ms = epoch_ms
        self.requests.begin_life()
        self.doubts.begin_life()
        self.agreement.reconciliation.begin()
        self._probes = {}
        self.changes.begin_life(self._now_ns)
        self._reading = ""
        self._stream_problem = "not connected yet" if self._profile.order_stream else ""
        effects: list[Effect] = []
        for attempt in list(self.progress.open.values()):
            if attempt.state is AttemptState.SENDING:
                effects += self.progress.lose(attempt, "restart", "it was on its way when the daemon ended")
        for cid in self.changes.under_way():
            self._ask_about(cid)
        self._ask(ReadTime())
        self._read_everything()
        return effects

    def on_message(self, message: VenueMessage, ts_ns: int) -> list[Effect]:
        """Take what the venue said."""
        self._reach(ts_ns)
        effects = self._takers[type(message)](message, self._answered(message)) + self.agreement.take_events()
        self.mirror.follow(effects)
        return effects

    def on_time(self, now_ns: int) -> list[Effect]:
        """It has come to be so late."""
        self._reach(now_ns)
        effects: list[Effect] = []
        for lost in self.requests.forget_questions(now_ns):
            self._put_off(lost)
        for attempt in list(self.progress.open.values()):
            effects += self._look_at(attempt)
        for cid in self.changes.on_time(now_ns):
            self._ask_about(cid)
        effects += self.doubts.on_time(now_ns)
        for fill in self.strays.heard_by(now_ns - NO_ANSWER_NS):
            effects += self._filled_of_unknown(fill, self.ownership.owner(fill.cid), listed_ns=0)
        in_doubt = [one.terms.order_id for one in self.doubts.in_doubt]
        breaks = self.agreement.reconciliation.breaks
        breaks.keep_open(BreakKind.UNKNOWN_ORDER, in_doubt, now_ns, "it is known what became of it")
        if (recheck_ns := self._recheck_ns) is not None and now_ns >= recheck_ns:
            self._ask(ReadAccount())
        if now_ns >= self._orders_due_ns:
            self._orders_due_ns = now_ns + self._tiers.open_orders_ns
            self._ask(ListOpenOrders())
        if now_ns >= self._account_due_ns:
            self._account_due_ns = now_ns + self._tiers.account_ns
            self._ask(ReadTime())
            self._ask(ReadAccount())
        return effects + self.agreement.take_events()

    # What an operator does. LedgerError where it cannot be, and nothing has happened.

    def resolve(self, resolution: Resolution, why: str, ts_ns: int) -> list[Effect]:
        """End an order that is in doubt as an operator says, and look what the account says to that."""
        attempt = self.attempt_of(resolution.order_id)
        said = verdict(resolution, attempt, self.ownership.instruments, why)
        assert attempt is not None, "else there is no verdict"
        self._reach(ts_ns)
        self.doubts.found(attempt.cid)
        reports = self.progress.resolve(attempt, said)
        reconciliation = self.agreement.reconciliation
        reconciliation.changed(attempt.terms.symbol)
        for kind in (BreakKind.UNKNOWN_ORDER, BreakKind.MISSING_FILL, BreakKind.VANISHED_ORDER):
            done = f"an operator says {resolution.ended}"
            reconciliation.breaks.resolve(kind, resolution.order_id, self._now_ns, done)
        self._ask(ReadAccount())
        return [*reports]

    def adopt(self, adoption: Adoption, ts_ns: int) -> list[Effect]:
        """Give an order that is nobody's to a strategy."""
        order = self.foreign.get(adoption.venue_id)
        now_ns = max(self._now_ns, ts_ns)
        terms = adopted_order(adoption, order, self.ownership.strategies, self.ownership, now_ns)
        assert order is not None, "else there are no terms"
        self._reach(ts_ns)
        del self.foreign[adoption.venue_id]
        reconciliation, done = self.agreement.reconciliation, f"given to {adoption.strategy}"
        reconciliation.changed(terms.symbol)
        reconciliation.breaks.resolve(BreakKind.FOREIGN_ORDER, adoption.venue_id, self._now_ns, done)
        return [self.progress.adopted(order.cid, terms, order.venue_id)]

    def read_all(self, ts_ns: int) -> None:
        """Ask for open orders, executions and the account, out of turn; trading goes on meanwhile."""
        self._reach(ts_ns)
        self._reading = _ORDERS
        self._ask(ListOpenOrders())

    def plan(self) -> list[Planned]:
        """What would be booked if all stayed that the account, as it was last read and with what was executed since,
        has other than the books. LookupError before it was read."""
        return self.agreement.reconciliation.plan(self.agreement.books(), self.mirror.account())

    def attempt_of(self, order_id: str) -> Attempt | None:
        """The newest attempt of an order, None where none is known."""
        return next((one for one in reversed(self.progress.attempts.values()) if one.terms.order_id == order_id), None)

    def probe(self, number: int) -> None:
        """The venue's breaker wants to know whether the venue answers."""
        request = self.requests.put(ReadTime(), stamp_ns=self._stamp_ns, now_ns=self._now_ns)
        self._probes[request] = number

    @property
    def next_ns(self) -> int:
        """When the time is to be told at the latest."""
        due = [self._orders_due_ns, self._account_due_ns]
        for attempt in self.progress.open.values():
            if attempt.state is AttemptState.SENDING:
                due.append(attempt.next_ask_ns)
            if attempt.behind_ns is not None:
                due.append(max(attempt.behind_ns + self._tiers.in_flight_ns, attempt.next_ask_ns))
        recheck_ns = None if self.requests.is_asked(ReadAccount()) else self._recheck_ns
        strays_ns = None if self.strays.heard_ns is None else self.strays.heard_ns + NO_ANSWER_NS
        others = (self.changes.next_ns, self.doubts.next_ns, recheck_ns, strays_ns)
        return min([*due, *(next_ns for next_ns in others if next_ns is not None)])

    @property
    def holds_back(self) -> str:
        """Why nothing may be opened now; empty when it may."""
        if self._stream_problem:
            return f"the venue's reports do not come: {self._stream_problem}"
        if self._unread:
            return f"not read from the venue yet: {', '.join(sorted(self._unread))}"
        return ""

    def state(self) -> dict[str, Any]:
        """Everything that `restore` needs."""
        return {
            "requests": self.requests.state(),
            "progress": self.progress.state(),
            "changes": self.changes.state(),
            "doubts": self.doubts.state(),
            "offset_ns": self.offset_ns,
            "epoch_ms": self.epoch_ms,
            "mirror": self.mirror.state(),
            "agreement": self.agreement.state(),
            "probes": dict(self._probes),
            "stream_problem": self._stream_problem,
            "unread": sorted(self._unread),
            "foreign": dict(self.foreign),
            "readings": self.readings,
            "read_ns": self.read_ns,
            "reading": self._reading,
            "orders_due_ns": self._orders_due_ns,
            "account_due_ns": self._account_due_ns,
            "reread_ns": self._reread_ns,
            "listed_ns": self._listed_ns,
            "strays": self.strays.state(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Become the session that gave this state."""
        self.requests.restore(state["requests"])
        self.progress.restore(state["progress"])
        self.changes.restore(state["changes"])
        self.doubts.restore(state["doubts"])
        self.offset_ns, self.epoch_ms = state["offset_ns"], state["epoch_ms"]
        self.mirror.restore(state["mirror"])
        self.agreement.restore(state["agreement"])
        self._probes = msgspec.convert(state["probes"], dict[int, int], strict=False)
        self._stream_problem, self._unread = state["stream_problem"], set(state["unread"])
        self._orders_due_ns, self._account_due_ns = state["orders_due_ns"], state["account_due_ns"]
        self._reread_ns, self._listed_ns = state["reread_ns"], state["listed_ns"]
        self.strays.restore(state["strays"])
        self.foreign = msgspec.convert(state["foreign"], dict[str, VenueOrder])
        self.readings, self.read_ns, self._reading = state["readings"], state["read_ns"], state["reading"]

    # Orders and executions.

    def _on_order(self, message: OrderTold, waiting: UnderWay | None) -> list[Effect]:
        asked = waiting is not None and isinstance(waiting.request.what, FindOrder)
        return self._told(message.order, message, asked=asked)

    def _on_fill(self, message: FillTold, _waiting: UnderWay | None) -> list[Effect]:
        return self._filled(message.fill, message, listed_ns=0)

    def _on_bust(self, message: BustTold, _waiting: UnderWay | None) -> list[Effect]:
        self.strays.drop(message.fill)
        reports = self.progress.busted(message.fill, message) if message.fill.cid in self.progress.attempts else []
        if reports:
            self.agreement.on_bust(message.fill, message.venue_ns, self._now_ns)
        return [*reports]

    def _on_missing(self, message: OrderMissing, _waiting: UnderWay | None) -> list[Effect]:
        attempt = self.progress.attempts.get(message.cid)
        if attempt is None:
            return []
        return [*self.doubts.missing(attempt, message, message.venue_ns or self._stamp_ns)]

    def _told(self, order: VenueOrder, message: Message, *, asked: bool) -> list[Effect]:
        attempt = self.progress.attempts.get(order.cid)
        if attempt is not None:
            self.doubts.found(order.cid)
            reports = self.progress.told(attempt, order, message, asked=asked)
            self.agreement.on_reports(reports, order.symbol, order.updated_ns)
            return [*reports]
        if order.status is not VenueStatus.OPEN:
            if self.foreign.pop(order.venue_id, None) is not None:
                breaks = self.agreement.reconciliation.breaks
                breaks.resolve(BreakKind.FOREIGN_ORDER, order.venue_id, self._now_ns, "it works no more")
            return []
        owner = self.ownership.owner(order.cid)
        words = f"{order.side} {order.quantity} {order.symbol}"
        if owner is None or not self.ownership.is_traded(order.symbol):
            self.foreign[order.venue_id] = order
            self._say(BreakKind.FOREIGN_ORDER, order.venue_id, f"{words} is no strategy's")
            return []
        self._look_at_epoch(owner.epoch_ms)
        terms = self.ownership.terms(owner, order, self._now_ns)
        done = f"taken up by {owner.strategy}"
        self.agreement.say(BreakKind.RECOVERED_ORDER, owner.order_id, self._now_ns, f"{words} works", done=done)
        self.agreement.reconciliation.changed(order.symbol)
        effects: list[Effect] = [self.progress.adopted(order.cid, terms, order.venue_id)]
        for fill in self.strays.of(order.cid):
            effects += self._filled(fill, message, listed_ns=0)
        return [
            *effects,
            *self.progress.told(self.progress.attempts[order.cid], order, message, asked=asked),
        ]

    def _filled(self, fill: VenueFill, message: Message, *, listed_ns: int) -> list[Effect]:
        attempt, now_ns = self.progress.attempts.get(fill.cid), self._now_ns
        if attempt is not None:
            reports = self.progress.filled(fill, message)
            if reports:
                self.doubts.found(fill.cid)
                self.agreement.on_fill(fill, attempt.terms.strategy, now_ns, listed_ns=listed_ns)
            return [*reports]
        owner = self.ownership.owner(fill.cid)
        if owner is not None and fill.ts_ns > self._listed_ns - self._profile.visible_after_ns:
            self.strays.put(fill, now_ns)
            self._ask(ListOpenOrders())
            self._orders_due_ns = min(self._orders_due_ns, now_ns + self._profile.visible_after_ns)
            return []
        return self._filled_of_unknown(fill, owner, listed_ns=listed_ns)

    def _filled_of_unknown(self, fill: VenueFill, owner: Owner | None, *, listed_ns: int) -> list[Effect]:
        """An execution of an order of which nothing but that is known."""
        now_ns = self._now_ns
        if not self.progress.executions.is_news(fill):
            return []
        self.agreement.on_fill(fill, UNALLOCATED if owner is None else owner.strategy, now_ns, listed_ns=listed_ns)
        if not self.ownership.is_traded(fill.symbol):
            return []
        if owner is not None:
            self._look_at_epoch(owner.epoch_ms)
            return [self.ownership.report(fill, owner.strategy, owner.order_id, now_ns)]
        booked = self.ownership.booked(fill, UNALLOCATED, fill.venue_id)
        if (works := self.foreign.get(fill.venue_id)) is not None:
            filled = EXACT.add(works.filled, fill.quantity)
            self.foreign[fill.venue_id] = msgspec.structs.replace(works, filled=filled)
        if not fill.liquidates:
            return [ForeignFill(event_id=f"foreign-{fill.execution_id}", ts_ns=now_ns, fill=booked)]
        reason = f"the venue closed it: {fill.side} {fill.quantity} {fill.symbol} at {fill.price}"
        return [Liquidation(event_id=f"liquidation-{fill.execution_id}", ts_ns=now_ns, fill=booked, reason=reason)]

    def _look_at_epoch(self, epoch_ms: int) -> None:
        """An order of a later life than this one is another daemon's."""
        if epoch_ms > self.epoch_ms:
            words = f"another daemon, begun at {epoch_ms} ms, trades this account"
            self._say(BreakKind.FOREIGN_EPOCH, str(epoch_ms), words)

    def _look_at(self, attempt: Attempt) -> list[Effect]:
        """What a silence about an attempt calls for."""
        if self._now_ns < attempt.next_ask_ns:
            return []
        if attempt.behind_ns is not None and self._now_ns - attempt.behind_ns >= self._tiers.in_flight_ns:
            attempt.next_ask_ns = self._now_ns + self._tiers.open_orders_ns
            self.progress.ask_for_fills(attempt)
        if attempt.state is not AttemptState.SENDING:
            return []
        waited_ns = self._now_ns - attempt.sent_ns
        if waited_ns >= NO_ANSWER_NS:
            seconds = waited_ns / SECOND
            return [*self.progress.lose(attempt, "no_answer", f"nothing was heard of it for {seconds:.0f} s")]
        attempt.next_ask_ns = self._now_ns + self._tiers.in_flight_ns
        self._ask_about(attempt.cid)
        return []

    # Listings.

    def _on_open_orders(self, message: OpenOrdersTold, waiting: UnderWay | None) -> list[Effect]:
        effects: list[Effect] = []
        for order in message.orders:
            effects += self._told(order, message, asked=False)
        if not message.complete or waiting is None:
            return effects
        listed = {order.cid for order in message.orders}
        visible_ns = waiting.asked_ns - self._profile.visible_after_ns
        for cid, attempt in list(self.progress.open.items()):
            works = attempt.state is AttemptState.ACCEPTED and attempt.since_ns <= visible_ns
            if not works or cid in listed:
                continue
            if self._profile.finds_by_id:
                self._ask_about(cid)
            else:
                effects += self.progress.lose(attempt, "not_listed", "it works no more, and cannot be asked for")
        self._forget_foreign({order.venue_id for order in message.orders}, visible_ns)
        self._listed_ns = waiting.request.stamp_ns
        for fill in self.strays.made_by(self._listed_ns - self._profile.visible_after_ns):
            effects += self._filled_of_unknown(fill, self.ownership.owner(fill.cid), listed_ns=0)
        if self._reading == _ORDERS:
            self._reading = _EXECUTIONS
        self._unread.discard(_ORDERS)
        self._orders_due_ns = self._now_ns + self._tiers.open_orders_ns
        self._ask(ListFills(since_ns=self._fills_since_ns))
        return effects

    def _forget_foreign(self, listed: Collection[str], visible_ns: int) -> None:
        """Orders of others that a list does not name work no more, where it could have named them."""
        breaks, kind = self.agreement.reconciliation.breaks, BreakKind.FOREIGN_ORDER
        known = {venue_id: breaks.get(break_id(kind, venue_id)) for venue_id in self.foreign}
        recent = {venue_id for venue_id, one in known.items() if one is not None and one.first_ns > visible_ns}
        self.foreign = {one: order for one, order in self.foreign.items() if one in listed or one in recent}
        breaks.keep_open(kind, self.foreign, self._now_ns, "it works no more")

    def _on_fills(self, message: FillsTold, waiting: UnderWay | None) -> list[Effect]:
        effects: list[Effect] = []
        for fill in sorted(message.fills, key=lambda fill: fill.ts_ns):
            effects += self._filled(fill, message, listed_ns=message.venue_ns or self._stamp_ns)
        self.agreement.on_fills(message)
        if not message.complete or waiting is None:
            return effects
        inferred = self.progress.infer(message, waiting.asked_ns)
        for symbol in {report.fill.symbol for report in inferred if report.fill is not None}:
            self.agreement.reconciliation.changed(symbol)
        effects += inferred
        self.doubts.fills_told(message, waiting.asked_ns)
        if _EXECUTIONS in self._unread and _ORDERS not in self._unread:
            self._unread.discard(_EXECUTIONS)
            self._ask(ReadAccount())
        if self._reading == _EXECUTIONS:
            self._reading = _ACCOUNT
            self._ask(ReadAccount())
        return effects

    def _on_account(self, message: AccountTold, waiting: UnderWay | None) -> list[Effect]:
        if waiting is None:
            return []
        effects: list[Effect] = []
        if message.complete:
            self.mirror.tell(message.account)
            effects += self.doubts.account_told(message, waiting.asked_ns)
        self.agreement.on_account(message, self._now_ns, self._symbols_in_doubt)
        self._account_due_ns = self._now_ns + self._tiers.account_ns
        if message.complete:
            self.read_ns = self._now_ns
            if self._reading == _ACCOUNT:
                self._reading = ""
                self.readings += 1
        if _EXECUTIONS not in self._unread and self.agreement.reconciliation.is_reconciled:
            self._unread.discard(_ACCOUNT)
        return effects

    @property
    def _symbols_in_doubt(self) -> set[str]:
        """Of these something may be at the venue that is not in the books yet."""
        return {
            one.terms.symbol
            for one in self.progress.open.values()
            if one.is_in_doubt or one.ending is not None or one.behind_ns is not None
        }

    def _on_nothing_more(self, _message: TimeTold, _waiting: UnderWay | None) -> list[Effect]:
        return []

    # Requests.

    def _on_refused(self, message: RequestRefused | RateLimited, waiting: UnderWay | None) -> list[Effect]:
        limited = isinstance(message, RateLimited)
        code = "rate_limited" if isinstance(message, RateLimited) else message.code
        reason = "the venue takes no more for now" if isinstance(message, RateLimited) else message.reason
        match waiting and waiting.request.what:
            case WireSubmit(cid=cid):
                return [*self.progress.refused(self.progress.attempts[cid], message, code, reason)]
            case WireCancel(cid=cid) if limited or self._came_too_late(message, waiting):
                self.changes.cancel_lost(cid, self._now_ns)
            case WireCancel(cid=cid):
                self.changes.cancel_refused(cid, code, reason)
                self._ask_about(cid)
            case WireAmend():
                return self._amend_refused(waiting, code, reason)
            case _:
                self._put_off(waiting)
        return []

    def _on_unsent(self, message: RequestUnsent, waiting: UnderWay | None) -> list[Effect]:
        match waiting and waiting.request.what:
            case WireSubmit(cid=cid):
                return [*self.progress.unsent(self.progress.attempts[cid], message)]
            case WireCancel(cid=cid):
                self.changes.cancel_lost(cid, self._now_ns)
            case WireAmend():
                return self._amend_refused(waiting, "unsent", message.reason)
            case _:
                self._put_off(waiting)
        return []

    def _on_lost(self, message: RequestLost, waiting: UnderWay | None) -> list[Effect]:
        match waiting and waiting.request.what:
            case WireSubmit(cid=cid):
                return [*self.progress.lose(self.progress.attempts[cid], "no_answer", message.reason)]
            case WireCancel(cid=cid):
                self.changes.cancel_lost(cid, self._now_ns)
                self._ask_about(cid)
            case WireAmend(cid=cid):
                self.changes.amend_lost(cid, self._now_ns)
                self._ask_about(cid)
            case _:
                self._put_off(waiting)
        return []

    def _came_too_late(self, message: Message, waiting: UnderWay | None) -> bool:
        """Whether a request was refused for no more than that it had waited for too long on its way out."""
        within_ns = self._profile.accepted_within_ns
        if waiting is None or within_ns is None:
            return False
        return message.venue_ns > waiting.request.stamp_ns + within_ns

    def _amend_refused(self, waiting: UnderWay | None, code: str, reason: str) -> list[Effect]:
        assert waiting is not None
        assert isinstance(waiting.request.what, WireAmend)
        cid = waiting.request.what.cid
        attempt = self.progress.attempts.get(cid)
        self._ask_about(cid)
        if attempt is None or not self.changes.amend_refused(cid):
            return []
        return [self.progress.amend_rejected(attempt, code, reason)]

    def _put_off(self, waiting: UnderWay | None) -> None:
        """A question was not answered: it is asked again, but not at once."""
        match waiting and waiting.request.what:
            case ListOpenOrders() | ListFills():
                self._orders_due_ns = self._now_ns + self._tiers.in_flight_ns
            case ReadAccount() | ReadTime():
                self._account_due_ns = self._reread_ns = self._now_ns + self._tiers.in_flight_ns

    # The line.

    def _on_stream_up(self, _message: StreamUp, _waiting: UnderWay | None) -> list[Effect]:
        self._stream_problem = ""
        self.agreement.reconciliation.begin()
        self.requests.forget_listings()
        self._read_everything()
        return []

    def _on_stream_down(self, message: StreamDown, _waiting: UnderWay | None) -> list[Effect]:
        self._stream_problem = message.reason
        return []

    def _on_unreadable(self, message: Unreadable, _waiting: UnderWay | None) -> list[Effect]:
        self._say(BreakKind.UNREADABLE_MESSAGE, message.cid or message.message_id, message.reason)
        attempt = self.progress.attempts.get(message.cid)
        return [] if attempt is None else [*self.progress.lose(attempt, "unreadable", message.reason)]

    # Within.

    def _answered(self, message: Message) -> UnderWay | None:
        number: int = getattr(message, "request", 0)
        if not number:
            return None
        if message.venue_ns:
            self.offset_ns = message.venue_ns - self._now_ns
        waiting = self.requests.answered(number)
        if waiting is not None:
            self._judge_transport(message, number)
        return waiting

    def _judge_transport(self, message: Message, number: int) -> None:
        """Whatever the venue says, it answers; it fails where it does not, and where it takes no more. What was
        withheld here tells nothing of it."""
        if isinstance(message, RequestUnsent) and message.withheld:
            return
        failed = isinstance(message, RequestLost | RequestUnsent | RateLimited)
        self.agreement.signs.failed.append(failed)
        if (probe := self._probes.pop(number, None)) is not None:
            self.agreement.signs.probes.append((probe, not failed))

    def _read_everything(self) -> None:
        """Open orders first: what filled of them belongs to orders that are known by then."""
        self._unread = {_ORDERS, _EXECUTIONS, _ACCOUNT}
        self._ask(ListOpenOrders())

    def _ask(self, question: Question) -> None:
        if not self.requests.is_asked(question):
            number = self.requests.put(question, stamp_ns=self._stamp_ns, now_ns=self._now_ns)
            self.agreement.asked(question, number, self._now_ns)

    @property
    def _recheck_ns(self) -> int | None:
        """When the account is to be read out of turn, not right after that has failed."""
        recheck_ns = self.agreement.recheck_ns
        return None if recheck_ns is None else max(recheck_ns, self._reread_ns)

    def _ask_about(self, cid: str) -> None:
        attempt = self.progress.attempts.get(cid)
        if attempt is not None and self._profile.finds_by_id:
            self._ask(FindOrder(cid=cid, symbol=attempt.terms.symbol))

    def _send_cancel(self, command: WireCancel) -> None:
        self.requests.put(command, stamp_ns=self._stamp_ns, now_ns=self._now_ns)
        self.changes.cancel_sent(command)

    def _cancel(self, attempt: Attempt) -> None:
        terms = attempt.terms
        self._send_cancel(
            WireCancel(cid=attempt.cid, order_id=terms.order_id, strategy=terms.strategy, ts_ns=self._now_ns)
        )

    def _say(self, kind: BreakKind, subject: str, words: str) -> None:
        self.agreement.say(kind, subject, self._now_ns, words)

    @property
    def _now_ns(self) -> int:
        return self.progress.now_ns

    def _reach(self, ts_ns: int) -> None:
        self.progress.now_ns = max(self.progress.now_ns, ts_ns)

    @property
    def _stamp_ns(self) -> int:
        """Now by the venue's clock, as far as it is known."""
        return self._now_ns + self.offset_ns

    @property
    def _fills_since_ns(self) -> int:
        """From where executions are listed: what the newest one known may have overtaken is listed again."""
        newest_ns = self.progress.executions.newest_ns
        if not newest_ns:
            return max(0, self._stamp_ns - self._profile.fills_kept_ns)
        return max(0, newest_ns - self._profile.visible_after_ns - MINUTE)

    def _explains(self, told: AccountTold, symbol: str) -> bool:
        return self.agreement.books().positions.get(symbol, ZERO) == told.account.positions.get(symbol, ZERO)
