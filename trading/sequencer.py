"""One order for everything that happens: feed events, bars derived from them, and strategies' timers.

Events are ordered by (time, rank, then interval, then place in the config); ranks: bar, timer, quote, trade. A derived
bar or a timer comes before the first feed event that is later in this order. Derived bars are built here, once for all.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final

import msgspec

from trading.aggregation import BarBuilder
from trading.commands import ScheduleTimer
from trading.errors import TradingError
from trading.market_data import Bar, Event, MarketEvent, Quote, Timer, Trade, reference_price
from trading.subscriptions import DataKind, Subscription, event_type

_BAR, _TIMER, _QUOTE, _TRADE = 1, 2, 3, 4
_NEVER: Final = 1 << 63
Key = tuple[int, int, int, int]


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """What a feed brings of one symbol; `bar_interval_ns` is zero where it brings no bars."""

    quotes: bool = False
    trades: bool = False
    bar_interval_ns: int = 0

    @property
    def matched_on(self) -> DataKind:
        """The one kind of data on which the symbol is matched and marked: quotes, else trades, else bars."""
        return DataKind.QUOTES if self.quotes else DataKind.TRADES if self.trades else DataKind.BARS

    @property
    def bars_from(self) -> DataKind:
        """The one kind of data of which longer bars are built: trades, else quotes, else bars."""
        return DataKind.TRADES if self.trades else DataKind.QUOTES if self.quotes else DataKind.BARS


class OutOfOrder(TradingError):
    """A feed brought an event that is earlier than the one before it."""


class Sequencer:
    """Merges one feed's events with derived bars and timers.

    `offers` are by symbol in the order of the config, `strategies` in theirs. For each feed event: take what `due`
    gives until it gives None, then `take` the event itself.
    """

    def __init__(
        self,
        *,
        offers: Mapping[str, Offer],
        strategies: Sequence[str],
        subscriptions: Iterable[Subscription],
        fill_empty: bool = False,
    ) -> None:
        self._built_from = {symbol: event_type(offer.bars_from) for symbol, offer in offers.items()}
        self._symbol_place = {symbol: place for place, symbol in enumerate(offers)}
        self._strategy_place = {strategy: place for place, strategy in enumerate(strategies)}
        self._timers: dict[tuple[str, str], ScheduleTimer] = {}
        self._builders: dict[tuple[str, int], BarBuilder] = {}
        self._of_symbol: dict[str, list[BarBuilder]] = {symbol: [] for symbol in offers}
        self._last_ns = 0
        self._next_ns = _NEVER
        for symbol, interval_ns in derived_bars(offers, subscriptions):
            builder = BarBuilder(symbol, interval_ns, fill_empty=fill_empty)
            self._builders[symbol, interval_ns] = builder
            self._of_symbol[symbol].append(builder)

    def schedule(self, timer: ScheduleTimer) -> None:
        """Set a strategy's timer; one of the same name is replaced, one in the past rings next."""
        at_ns = max(timer.at_ns, self._last_ns)
        self._timers[timer.strategy, timer.name] = msgspec.structs.replace(timer, at_ns=at_ns)
        self._next_ns = min(self._next_ns, at_ns)

    def due(self, upcoming: MarketEvent) -> Event | None:
        """The next bar or timer that comes before a feed event, None when there is no more."""
        if upcoming.ts_ns < self._next_ns:
            return None
        return self._pop_before(self._key(upcoming))

    def take(self, event: MarketEvent) -> MarketEvent:
        """Let a feed event into the bars being built, and give it back; OutOfOrder when it is earlier than the last."""
        if event.ts_ns < self._last_ns:
            raise OutOfOrder(f"{event.symbol}: an event at {event.ts_ns} ns came after one at {self._last_ns} ns")
        self._last_ns = event.ts_ns
        if type(event) is self._built_from[event.symbol]:
            self._build(event)
        return event

    def bars_until(self, ts_ns: int) -> Iterator[Event]:
        """Bars that are complete by a time, before any timer of that time."""
        while (event := self._pop_before((ts_ns, _TIMER, 0, 0))) is not None:
            yield event

    def rest(self) -> Iterator[Event]:
        """What is due up to the time of the last feed event, at a feed's end."""
        while (event := self._pop_before((self._last_ns, _TRADE + 1, 0, 0))) is not None:
            yield event

    def state(self) -> dict[str, Any]:
        """Everything that `restore` needs."""
        return {
            "timers": list(self._timers.values()),
            "builders": [(symbol, interval, b.state()) for (symbol, interval), b in self._builders.items()],
            "last_ns": self._last_ns,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Become the sequencer that gave this state; bars that it did not build begin anew."""
        for timer in msgspec.convert(state["timers"], list[ScheduleTimer]):
            self._timers[timer.strategy, timer.name] = timer
        for symbol, interval_ns, built in state["builders"]:
            if (symbol, interval_ns) in self._builders:
                self._builders[symbol, interval_ns].restore(built)
        self._last_ns = state["last_ns"]
        self._find_next()

    def _build(self, event: MarketEvent) -> None:
        price = reference_price(event)
        if price is None:
            return
        size = event.size if isinstance(event, Trade) else 0.0
        for builder in self._of_symbol[event.symbol]:
            if isinstance(event, Bar):
                builder.add_bar(event)
            else:
                builder.add_price(event.ts_ns, price, size)
            due_ns = builder.due_ns
            if due_ns is not None and due_ns < self._next_ns:
                self._next_ns = due_ns

    def _pop_before(self, limit: Key) -> Event | None:
        candidates: list[tuple[Key, Callable[[], Event]]] = []
        for (symbol, interval_ns), builder in self._builders.items():
            if builder.due_ns is not None:
                key = (builder.due_ns, _BAR, interval_ns, self._symbol_place[symbol])
                candidates.append((key, builder.close))
        for timer in self._timers.values():
            key = (timer.at_ns, _TIMER, 0, self._strategy_place[timer.strategy])
            candidates.append((key, partial(self._ring, timer)))
        first = min(candidates, key=lambda candidate: candidate[0], default=None)
        event = None
        if first is not None and first[0] < limit:
            self._last_ns = first[0][0]
            event = first[1]()
        self._find_next()
        return event

    def _ring(self, timer: ScheduleTimer) -> Timer:
        del self._timers[timer.strategy, timer.name]
        if timer.every_ns:
            self.schedule(msgspec.structs.replace(timer, at_ns=timer.at_ns + timer.every_ns))
        return Timer(timer.strategy, timer.at_ns, timer.name)

    def _find_next(self) -> None:
        dues = [builder.due_ns for builder in self._builders.values() if builder.due_ns is not None]
        dues += [timer.at_ns for timer in self._timers.values()]
        self._next_ns = min(dues, default=_NEVER)

    def _key(self, event: MarketEvent) -> Key:
        place = self._symbol_place[event.symbol]
        match event:
            case Bar():
                return event.ts_ns, _BAR, event.interval_ns, place
            case Quote():
                return event.ts_ns, _QUOTE, 0, place
            case Trade():
                return event.ts_ns, _TRADE, 0, place


def derived_bars(offers: Mapping[str, Offer], subscriptions: Iterable[Subscription]) -> list[tuple[str, int]]:
    """Symbol and interval of the bars that are subscribed to and that no feed brings, in a fixed order."""
    wanted = {(one.symbol, one.interval_ns) for one in subscriptions if one.kind is DataKind.BARS}
    return sorted((symbol, interval) for symbol, interval in wanted if offers[symbol].bar_interval_ns != interval)
