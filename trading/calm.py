"""A calm: events of which nothing comes but that they are heard. Containers in this process hear them one after the
other, and market, router and lock-step then take up at once what `LockStep.meet` would have told them of each.

An event is calm where it passes beside every order that works, nothing waits, no timer, day or account event falls due,
and neither a circuit breaker nor a limit of the account follows what the books are worth. A calm ends with the first
event at which a container asks for something; what comes of that is the lock-step's.
"""

from collections.abc import Callable, Collection, Container, Iterable, Mapping, Sequence
from itertools import islice
from operator import attrgetter
from typing import Final

from trading.commands import Command
from trading.lockstep import LockStep
from trading.market_data import Bar, Event, MarketEvent, reference_price

Hear = Callable[[Event], list[Command]]
"""How a container is told of an event; what it asks for comes back."""

AHEAD: Final = 64
"""So far is looked ahead for what meets an order. A container may ask for something before, and then it is to be looked
again: whoever asks often would look far for nothing."""

_NOTHING: Final[Collection[str]] = frozenset()
_time_of: Final = attrgetter("ts_ns")


class Stream:
    """The events of one kind and symbol: who hears them, whether books are marked by them, and of those that a calm has
    let pass their number and the last two."""

    __slots__ = ("before", "count", "ears", "last", "marks", "strategies")

    before: MarketEvent | None
    last: MarketEvent

    def __init__(self, strategies: Sequence[str], ears: Sequence[Hear], *, marks: bool) -> None:
        self.strategies = strategies
        self.ears = ears
        self.marks = marks
        self.count = 0


class Calm:
    """Lets events pass by. `ears` are the containers', by strategy; of the symbols that `may_be_negative` a price at or
    below zero is one."""

    def __init__(self, lockstep: LockStep, ears: Mapping[str, Hear], may_be_negative: Container[str]) -> None:
        self._lockstep = lockstep
        self._ears = ears
        self._may_be_negative = may_be_negative
        self._streams: dict[type | int, dict[str, Stream]] = {}

    def pass_by(self, events: Sequence[MarketEvent], begin: int, *, of_feed: bool) -> tuple[int, list[Command]]:
        """Let containers hear events from a place on. Gives the place where the calm ends, and what was asked for at
        the event before that."""
        end = self._end(events, begin, of_feed=of_feed)
        if end == begin:
            return begin, []
        lockstep, streams = self._lockstep, self._streams
        held, mark = lockstep.router.ledger.marked if of_feed else _NOTHING, lockstep.router.on_market
        asked: list[Command] = []
        touched: list[Stream] = []
        for place, event in enumerate(islice(events, begin, end), begin + 1):
            try:
                stream = streams[event.interval_ns if type(event) is Bar else type(event)][event.symbol]
            except KeyError:
                stream = self._open(event)
            if stream.count:
                stream.before = stream.last
            else:
                stream.before = None
                touched.append(stream)
            stream.last = event
            stream.count += 1
            if held and stream.marks and event.symbol in held:
                mark(event)
            for hear in stream.ears:
                asked += hear(event)
            if asked:
                end = place
                break
        self._take_up(touched, events[begin:end], of_feed=of_feed)
        return end, asked

    def _end(self, events: Sequence[MarketEvent], begin: int, *, of_feed: bool) -> int:
        """The place of the first event that may bring something."""
        lockstep = self._lockstep
        until_ns, market, end = lockstep.calm_until_ns(), lockstep.market, len(events)
        if events[begin].ts_ns > until_ns:
            return begin
        if of_feed:
            ahead = events[begin : begin + AHEAD]
            end = begin + min((market.in_reach(strategy, ahead) for strategy in self._ears), default=0)
        if max(events[-1].ts_ns, lockstep.sequencer.last_ns) <= until_ns:  # a bar may come late, after a later event
            return end
        return next((place for place in range(begin, end) if events[place].ts_ns > until_ns), end)

    def _take_up(self, touched: Iterable[Stream], passed: Sequence[MarketEvent], *, of_feed: bool) -> None:
        """Let all others know what has passed."""
        self._lockstep.pass_by(len(passed), max(map(_time_of, passed)))
        for stream in touched:
            if of_feed:
                self._tell(stream, passed)
            for strategy in stream.strategies:
                self._lockstep.heard[strategy] += stream.count
            stream.count = 0

    def _tell(self, stream: Stream, passed: Sequence[MarketEvent]) -> None:
        """Tell market and router of a stream: of its last two events, which say all unless the last has no price."""
        last, market, router = stream.last, self._lockstep.market, self._lockstep.router
        told = [last] if stream.before is None else [stream.before, last]
        if reference_price(last, self._may_be_negative) is None:
            told = [event for event in passed if type(event) is type(last) and event.symbol == last.symbol]
        is_marked = last.symbol in router.ledger.marked
        for event in told:
            market.observe(event)
            if stream.marks and not is_marked:
                router.on_market(event)

    def _open(self, event: MarketEvent) -> Stream:
        """The stream of an event of which none was heard before."""
        strategies = self._lockstep.hearing(event)
        ears = [self._ears[strategy] for strategy in strategies]
        stream = Stream(strategies, ears, marks=self._lockstep.is_matched_on(event))
        kind = event.interval_ns if type(event) is Bar else type(event)
        self._streams.setdefault(kind, {})[event.symbol] = stream
        return stream
