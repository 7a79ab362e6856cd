"""A market that is some way off: commands take their time to reach it, and its reports to come back.

A command in flight reaches the market before the first event that begins after its arrival, at the prices before that;
where its symbol is matched on bars and it arrives within one, it reaches it after that bar, and so never meets what was
over. A report is heard with the first event at or after its due time; that it was decided is an effect of its own, so
that a market that is told its effects has the same reports on their way.
"""

from collections import deque
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, Protocol

import msgspec

from brokers.simulated.books import Books
from brokers.simulated.latency import Delays
from brokers.simulated.telling import tell
from brokers.simulated.working import WorkingOrder
from trading.capabilities import Capabilities
from trading.commands import WireAmend, WireCancel, WireCommand, WireSubmit
from trading.market import AccountSnapshot, Effect, Market, ReportDelayed, TriggerMoved
from trading.market_data import Bar, MarketEvent
from trading.postings import AccountEvent, Split
from trading.refusals import Refusal
from trading.reports import ExecutionReport, ReportKind

_ANSWERS: Final[Mapping[ReportKind, type[WireCommand]]] = {
    ReportKind.ACCEPTED: WireSubmit,
    ReportKind.REJECTED: WireSubmit,
    ReportKind.CANCELLED: WireCancel,
    ReportKind.CANCEL_REJECTED: WireCancel,
    ReportKind.REPLACED: WireAmend,
    ReportKind.REPLACE_REJECTED: WireAmend,
}
_ALSO_UNASKED: Final = frozenset({ReportKind.CANCELLED, ReportKind.REPLACED})
"""What a market also does of itself; it then names a code."""


class InFlight(msgspec.Struct, frozen=True, kw_only=True):
    """A command on its way. `symbol` is its order's, empty for a cancel of what is not known."""

    command: WireCommand
    symbol: str
    arrival_ns: int


class Venue(Market, Protocol):
    """A market whose working orders can be looked at."""

    @property
    def capabilities(self) -> Capabilities:
        """What it takes."""

    def working(self) -> list[WorkingOrder]:
        """Working orders, oldest first."""


class DelayedMarket:
    """Any market, heard and spoken to with a delay. `bar_intervals` are those of the symbols matched on bars, in ns.

    Neither commands nor reports overtake each other. What is decided within a call is given in the order in which it
    happened: a report as itself where it is due already, else as ReportDelayed.
    """

    def __init__(self, market: Venue, delays: Delays, *, bar_intervals: Mapping[str, int]) -> None:
        self._market = market
        self._delays = delays
        self._bar_intervals = dict(bar_intervals)
        self._in_flight: list[InFlight] = []
        self._on_the_way: deque[ReportDelayed] = deque()
        self._unseen: MarketEvent | None = None
        self._told_ahead: list[tuple[str, type[WireCommand]]] = []

    @property
    def capabilities(self) -> Capabilities:
        """What the market takes."""
        return self._market.capabilities

    def on_event(self, event: MarketEvent) -> list[Effect]:
        """Let what has arrived before the event meet the market, then the event, then what arrived within a bar."""
        self._see()
        if not self._in_flight:
            decided = self._market.on_event(event)
        else:
            decided = self._reach(self._arrived_before(event), None)
            decided += self._market.on_event(event)
            decided += self._overtaken({one.symbol for one in decided if isinstance(one, Split)}, event.ts_ns)
            decided += self._reach(self._arrived_within(event), event.ts_ns)
        return self._tell(decided, event.ts_ns)

    def on_command(self, command: WireCommand, ts_ns: int) -> list[Effect]:
        """Send a command off; one that takes no time, and follows none of its symbol, is there at once."""
        self._see()
        sent = self._sent(command, ts_ns)
        if sent.arrival_ns > ts_ns or any(one.symbol == sent.symbol for one in self._in_flight):
            self._in_flight.append(sent)
            return []
        return self._tell(self._market.on_command(command, ts_ns), ts_ns)

    def arrive(self) -> tuple[list[Effect], int]:
        """Let all that is on its way arrive, as no event will come that it waits for: commands, and then reports. Gives
        when the last of it does, 0 where nothing was."""
        self._see()
        last_ns = max((one.arrival_ns for one in self._in_flight), default=0)
        told = self._tell(self._reach(lambda _: True, None), 0)
        if self._on_the_way:
            last_ns = max(last_ns, self._on_the_way[-1].due_ns)
        return told + self._tell((), last_ns), last_ns

    def move_cash(self, currency: str, amount: Decimal, ts_ns: int) -> list[Effect]:
        """Pay money in or out at once; LedgerError when the account cannot spare it."""
        self._see()
        return self._tell(self._market.move_cash(currency, amount, ts_ns), ts_ns)

    def in_reach(self, strategy: str, events: Sequence[MarketEvent]) -> int:
        """As the market judges, and no further than something of this strategy arrives, there or here."""
        self._see()
        arrivals = [one.arrival_ns for one in self._in_flight if _strategy_of(one.command) == strategy]
        arrivals += [one.due_ns for one in self._on_the_way if one.report.strategy == strategy]
        if arrivals:
            first_ns = min(arrivals)
            end = next((place for place, event in enumerate(events) if event.ts_ns >= first_ns), len(events))
            events = events[:end]
        return self._market.in_reach(strategy, events)

    def account(self) -> AccountSnapshot:
        """The market's own books without the fills that are still to be heard."""
        there = self._market.account()
        heard = Books(there.cash, there.positions)
        for one in self._on_the_way:
            fill = one.report.fill
            if fill is not None:
                heard.book(fill if one.report.kind is ReportKind.BUSTED else fill.reversal(one.due_ns))
        return heard.snapshot()

    def working(self) -> list[WorkingOrder]:
        """The orders that work at the market, heard of or not, oldest first."""
        return self._market.working()

    # What is restored.

    def observe(self, event: MarketEvent) -> None:
        """Remember the event, for as long as what is told was decided before it."""
        self._see()
        self._unseen = event

    def expect(self, command: WireCommand, ts_ns: int) -> None:
        """Send a command off; what comes of it is told, perhaps was told already with another of its step."""
        answer = (command.cid, type(command))
        if answer in self._told_ahead:
            self._told_ahead.remove(answer)
        else:
            self._in_flight.append(self._sent(command, ts_ns))

    def apply(self, effect: Effect, command: WireCommand | None) -> None:
        """Take over what was decided, or that it was heard; a command in flight is found here, whatever its step."""
        match effect:
            case ReportDelayed():
                self._decided(effect.report, command)
                self._on_the_way.append(effect)
            case TriggerMoved():
                self._market.apply(effect, command)
            case ExecutionReport():
                if not self._heard(effect):
                    self._decided(effect, command)
            case _:
                self._see_before(effect.ts_ns)
                self._market.apply(effect, command)

    def state(self) -> dict[str, Any]:
        """The market's state, and what is on its way there and back."""
        self._see()
        return {
            "market": self._market.state(),
            "in_flight": list(self._in_flight),
            "on_the_way": list(self._on_the_way),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Become the market that gave this state; of one without delays, nothing is on its way."""
        self._market.restore(state.get("market", state))
        self._in_flight = msgspec.convert(state.get("in_flight", []), list[InFlight])
        self._on_the_way = deque(msgspec.convert(state.get("on_the_way", []), list[ReportDelayed]))
        self._unseen = None
        self._told_ahead = []

    # The way there.

    def _sent(self, command: WireCommand, ts_ns: int) -> InFlight:
        arrival_ns = ts_ns + self._delays.of_command(command, ts_ns)
        if self._in_flight:
            arrival_ns = max(arrival_ns, self._in_flight[-1].arrival_ns)
        return InFlight(command=command, symbol=self._symbol_of(command), arrival_ns=arrival_ns)

    def _symbol_of(self, command: WireCommand) -> str:
        if not isinstance(command, WireCancel):
            return command.terms.symbol
        for one in self._in_flight:
            if one.command.cid == command.cid:
                return one.symbol
        return next((order.terms.symbol for order in self._market.working() if order.cid == command.cid), "")

    def _arrived_before(self, event: MarketEvent) -> Callable[[InFlight], bool]:
        """Of a symbol on bars, another's event tells nothing before the bar that the command may be within is over."""
        intervals = self._bar_intervals
        return lambda one: one.arrival_ns < event.ts_ns - intervals.get(one.symbol, 0)

    def _arrived_within(self, event: MarketEvent) -> Callable[[InFlight], bool]:
        if type(event) is not Bar or event.symbol not in self._bar_intervals:
            return lambda _: False
        return lambda one: one.symbol == event.symbol and one.arrival_ns <= event.ts_ns

    def _reach(self, arrived: Callable[[InFlight], bool], ts_ns: int | None) -> list[Effect]:
        """Bring what has arrived to the market at a time, or each at that of its arrival."""
        reaching = [one for one in self._in_flight if arrived(one)]
        if not reaching:
            return []
        self._in_flight = [one for one in self._in_flight if not arrived(one)]
        decided: list[Effect] = []
        for one in reaching:
            decided += self._market.on_command(one.command, one.arrival_ns if ts_ns is None else ts_ns)
        return decided

    def _overtaken(self, split: Container[str], ts_ns: int) -> list[Effect]:
        """Turn away the orders that were on their way to symbols while these were split: they are of old units."""
        old = [one for one in self._in_flight if one.symbol in split and isinstance(one.command, WireSubmit)]
        self._in_flight = [one for one in self._in_flight if one not in old]
        return [_turned_away(one.command, ts_ns) for one in old if isinstance(one.command, WireSubmit)]

    # The way back.

    def _tell(self, decided: Iterable[Effect], now_ns: int) -> list[Effect]:
        """What is heard by now, and what was decided and is not."""
        on_the_way = self._on_the_way
        told: list[Effect] = []
        while on_the_way and on_the_way[0].due_ns <= now_ns:
            told.append(on_the_way.popleft().report)
        for effect in decided:
            if not isinstance(effect, ExecutionReport):
                if isinstance(effect, AccountEvent):  # it is of what the fills on their way have made
                    told += (one.report for one in on_the_way)
                    on_the_way.clear()
                told.append(effect)
                continue
            due_ns = effect.ts_ns + self._delays.of_report(effect)
            if on_the_way:
                due_ns = max(due_ns, on_the_way[-1].due_ns)
            if due_ns <= now_ns:
                told.append(effect)
            else:
                on_the_way.append(ReportDelayed(report=effect, due_ns=due_ns))
                told.append(on_the_way[-1])
        return told

    # What is told.

    def _see(self) -> None:
        """Let the market know the event that it has been told of."""
        if self._unseen is not None:
            self._market.observe(self._unseen)
            self._unseen = None

    def _see_before(self, decided_ns: int) -> None:
        """Let the market know the event where what is told was decided with it."""
        if self._unseen is not None and decided_ns >= self._unseen.ts_ns:
            self._see()

    def _heard(self, report: ExecutionReport) -> bool:
        """Take a report that was on its way, and all before it: who is not here any more had some. Else it is news."""
        unnumbered = msgspec.structs.replace(report, number=0, cause=0)
        for place, one in enumerate(self._on_the_way):
            if one.report == unnumbered:
                self._on_the_way = deque(list(self._on_the_way)[place + 1 :])
                return True
        self._on_the_way.clear()
        return False

    def _decided(self, report: ExecutionReport, command: WireCommand | None) -> None:
        self._see_before(report.ts_ns)
        self._market.apply(report, self._answered(report, command))

    def _answered(self, report: ExecutionReport, command: WireCommand | None) -> WireCommand | None:
        """The command that a report answers: it has reached the market then."""
        kind = _ANSWERS.get(report.kind)
        if kind is None or (report.code and report.kind in _ALSO_UNASKED):
            return None
        for place, one in enumerate(self._in_flight):
            if type(one.command) is kind and one.command.cid == report.cid:
                return self._in_flight.pop(place).command
        self._told_ahead.append((report.cid, kind))
        return command


def _turned_away(command: WireSubmit, ts_ns: int) -> ExecutionReport:
    why = Refusal("split", f"{command.terms.symbol} was split while the order was on its way")
    return tell(command.cid, command.terms, ReportKind.REJECTED, ts_ns, refusal=why)


def _strategy_of(command: WireCommand) -> str:
    return command.strategy if isinstance(command, WireCancel) else command.terms.strategy
