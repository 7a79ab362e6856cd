"""The session with one venue: the pure side of everything that is sent there and heard from there.

Commands go into its queue and are not answered; what the venue says, and the time, bring the reports. It asks where
something is silent, compares what the venue lists with what is known here, in tiers, and lets no opening order out
before both agree. It is a `Market` that takes its time: whoever carries events through router and market need not know.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

from trading.account.breaks import BreakKind
from trading.account.differences import Planned
from trading.account.resolutions import Adoption, Resolution
from trading.capabilities import Capabilities
from trading.commands import WireCancel, WireCommand, WireSubmit
from trading.errors import LedgerError
from trading.instruments import Instrument
from trading.market import AccountSnapshot, Effect
from trading.market_data import MarketEvent
from trading.venue.attempts import Attempt, AttemptState
from trading.venue.messages import (
    AccountTold,
    BustTold,
    FillsTold,
    FillTold,
    OpenOrdersTold,
    OrderMissing,
    OrdersHeld,
    OrderTold,
    RateLimited,
    ReadTime,
    RequestLost,
    RequestRefused,
    RequestUnsent,
    StreamDown,
    StreamUp,
    TimeTold,
    Unreadable,
    VenueMessage,
    VenueOrder,
)
from trading.venue.parts import Parts
from trading.venue.profile import VenueProfile
from trading.venue.requests import UnderWay
from trading.venue.tiers import DEFAULT_TIERS, Tiers

NO_TOLERANCES: Final[Mapping[str, Decimal]] = MappingProxyType({})


class VenueSession:
    """One venue, one account. Strategies are known by their ids alone; a difference in cash up to its tolerance, by
    currency, is no trouble. It tells each of its parts what concerns it."""

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
        self._parts = parts = Parts(
            profile=profile, instruments=instruments, strategies=strategies, tiers=tiers, tolerances=tolerances
        )
        self._line, self.requests = parts.line, parts.line.requests
        self.mirror, self.ownership = parts.mirror, parts.ownership
        self.changes, self.progress, self.doubts = parts.changes, parts.progress, parts.doubts
        self.agreement, self.dead_man = parts.agreement, parts.dead_man
        self._takers: Mapping[type, Callable[[Any, UnderWay | None], list[Effect]]] = {
            OrderTold: parts.attribution.on_order,
            FillTold: parts.attribution.on_fill,
            BustTold: parts.attribution.on_bust,
            OrderMissing: parts.attribution.on_missing,
            Unreadable: parts.attribution.on_unreadable,
            OpenOrdersTold: parts.listings.on_open_orders,
            FillsTold: parts.listings.on_fills,
            AccountTold: parts.listings.on_account,
            StreamUp: parts.listings.on_stream_up,
            StreamDown: parts.listings.on_stream_down,
            OrdersHeld: parts.dead_man.on_held,
            RequestRefused: parts.outcomes.on_refused,
            RateLimited: parts.outcomes.on_refused,
            RequestUnsent: parts.outcomes.on_unsent,
            RequestLost: parts.outcomes.on_lost,
            TimeTold: _nothing_more,
        }

    def belong_to(self, books: Callable[[], AccountSnapshot], price_of: Callable[[str], Decimal | None]) -> None:
        """Hold the account against the sum of all books, and value what differs at the last prices."""
        self.agreement.books, self.agreement.price_of = books, price_of

    # What is known.

    @property
    def offset_ns(self) -> int:
        """By how much the venue's clock is ahead of ours."""
        return self._line.offset_ns

    @property
    def foreign(self) -> Mapping[str, VenueOrder]:
        """The orders of others that work, by the venue's ids."""
        return self._parts.attribution.foreign.works

    @property
    def readings(self) -> int:
        """How often everything was read because somebody wanted it."""
        return self._parts.listings.readings

    @property
    def read_ns(self) -> int:
        """When the account was last told in whole, 0 before that."""
        return self._parts.listings.read_ns

    @property
    def holds_back(self) -> str:
        """Why nothing may be opened now; empty when it may."""
        return self._parts.listings.holds_back or self.dead_man.holds_back

    @property
    def next_ns(self) -> int:
        """When the time is to be told at the latest."""
        parts = (self._parts.silence, self.changes, self.doubts, self._parts.attribution, self.dead_man)
        due = (part.next_ns for part in parts)
        return min([self._parts.rounds.next_ns, *(next_ns for next_ns in due if next_ns is not None)])

    # What it is to the router: a market.

    def on_event(self, _event: MarketEvent) -> list[Effect]:
        """The venue matches by itself."""
        return []

    def observe(self, event: MarketEvent) -> None:
        """The venue has its own prices."""

    def on_command(self, command: WireCommand, ts_ns: int) -> list[Effect]:
        """Take a command that is durable: it is to be sent, and nothing is known of it yet."""
        self._line.reach(ts_ns)
        if isinstance(command, WireSubmit):
            self.progress.submit(command)
        elif isinstance(command, WireCancel):
            self.changes.cancel(command)
        else:
            self.changes.amend(command)
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

    def begin_life(self, epoch_ms: int, ts_ns: int, *, dead_man_ns: int = 0) -> list[Effect]:
        """A process begins: what was on its way is in doubt, and the venue is asked for everything before anything new
        is opened. Where `dead_man_ns` is not 0, the venue's dead-man switch is to fire so long after the process ends
        without a word."""
        self._line.reach(ts_ns)
        self._parts.attribution.begin_life(epoch_ms)
        self.requests.begin_life()
        self.doubts.begin_life()
        self.agreement.reconciliation.begin()
        self._parts.transport.begin_life()
        self.changes.begin_life()
        effects: list[Effect] = []
        for attempt in list(self.progress.open.values()):
            if attempt.state is AttemptState.SENDING:
                effects += self.progress.lose(attempt, "restart", "it was on its way when the daemon ended")
        for cid in self.changes.under_way():
            self.progress.ask_about(cid)
        self._line.ask(ReadTime())
        self.dead_man.begin_life(dead_man_ns)
        self._parts.listings.begin_life()
        return effects

    def end_life(self, ts_ns: int) -> list[Effect]:
        """The process is about to end in good order: what works at the venue stays."""
        self._line.reach(ts_ns)
        self.dead_man.end_life()
        return []

    def on_message(self, message: VenueMessage, ts_ns: int) -> list[Effect]:
        """Take what the venue said."""
        self._line.reach(ts_ns)
        waiting = self._line.answered(message)
        if waiting is not None:
            self._parts.transport.judge(message, waiting.request.number)
        dated = self._line.dated(message)
        effects = self._takers[type(message)](dated, waiting) + self.agreement.take_events()
        self.mirror.follow(effects)
        return effects

    def on_time(self, now_ns: int) -> list[Effect]:
        """It has come to be so late."""
        self._line.reach(now_ns)
        for lost in self.requests.forget_questions(now_ns):
            self._parts.outcomes.put_off(lost)
        effects = self._parts.silence.on_time()
        for cid in self.changes.on_time():
            self.progress.ask_about(cid)
        effects += self.doubts.on_time()
        effects += self._parts.attribution.on_time()
        in_doubt = [one.terms.order_id for one in self.doubts.in_doubt]
        breaks = self.agreement.reconciliation.breaks
        breaks.keep_open(BreakKind.UNKNOWN_ORDER, in_doubt, now_ns, "it is known what became of it")
        self.dead_man.on_time()
        self._parts.rounds.on_time()
        return effects + self.agreement.take_events()

    def probe(self, number: int) -> None:
        """The venue's breaker wants to know whether the venue answers."""
        self._parts.transport.probe(number)

    # What an operator does. LedgerError where it cannot be, and nothing has happened.

    def resolve(self, resolution: Resolution, why: str, ts_ns: int) -> list[Effect]:
        """End an order that is in doubt as an operator says, and look what the account says to that."""
        return self._parts.interventions.resolve(resolution, why, ts_ns)

    def adopt(self, adoption: Adoption, ts_ns: int) -> list[Effect]:
        """Give an order that is nobody's to a strategy."""
        return self._parts.interventions.adopt(adoption, ts_ns)

    def read_all(self, ts_ns: int) -> None:
        """Ask for open orders, executions and the account, out of turn; trading goes on meanwhile."""
        self._line.reach(ts_ns)
        self._parts.listings.read_all()

    def plan(self) -> list[Planned]:
        """What would be booked if all stayed that the account, as it was last read and with what was executed since,
        has other than the books. LookupError before it was read."""
        return self.agreement.reconciliation.plan(self.agreement.books(), self.mirror.account())

    def attempt_of(self, order_id: str) -> Attempt | None:
        """The newest attempt of an order, None where none is known."""
        return self._parts.interventions.attempt_of(order_id)

    # What a snapshot has of it.

    def state(self) -> dict[str, Any]:
        """Everything that `restore` needs."""
        return self._parts.state()

    def restore(self, state: Mapping[str, Any]) -> None:
        """Become the session that gave this state."""
        self._parts.restore(state)


def _nothing_more(_message: TimeTold, _waiting: UnderWay | None) -> list[Effect]:
    """Of the time no more is to be taken than what every answer tells of it."""
    return []
