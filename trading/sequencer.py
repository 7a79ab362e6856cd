"""One order for everything that the market brings: feed events, and the bars derived from them.

Events are ordered by (time, rank, then interval, then place in the config); ranks: bar, timer, quote, trade. A derived
bar comes before the first feed event that is later in this order. Bars are built here, once for all, and of the feed
alone: so events can be laid out ahead of the steps that carry them. Strategies' timers come in as the steps go.
"""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from trading.aggregation import BarBuilder
from trading.errors import TradingError
from trading.market_data import Bar, MarketEvent, Quote, Trade, reference_price
from trading.subscriptions import DataKind, Subscription, event_type

Key = tuple[int, int, int, int]
"""Where something stands in the order: time in nanoseconds, rank, interval, place in the config."""

BAR, TIMER, QUOTE, TRADE, LAST = 1, 2, 3, 4, 5
NEVER: Final = 1 << 63


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
    """Lays one feed's events out, each after the derived bars that are due before it.

    `offers` are by symbol in the order of the config; of the symbols that `may_be_negative` a price at or below zero is
    one. `last_ns` is the time of the last feed event laid out.
    """

    def __init__(
        self,
        *,
        offers: Mapping[str, Offer],
        subscriptions: Iterable[Subscription],
        fill_empty: bool = False,
        may_be_negative: Container[str] = (),
    ) -> None:
        self.last_ns = 0
        self.next_bar_ns = NEVER
        self._may_be_negative = may_be_negative
        self._built_from = {symbol: event_type(offer.bars_from) for symbol, offer in offers.items()}
        self._place = {symbol: place for place, symbol in enumerate(offers)}
        self._builders: dict[tuple[str, int], BarBuilder] = {}
        self._of_symbol: dict[str, list[BarBuilder]] = {symbol: [] for symbol in offers}
        for symbol, interval_ns in derived_bars(offers, subscriptions):
            builder = BarBuilder(symbol, interval_ns, fill_empty=fill_empty)
            self._builders[symbol, interval_ns] = builder
            self._of_symbol[symbol].append(builder)

    @property
    def builds(self) -> bool:
        """Whether any bars are derived."""
        return bool(self._builders)

    def lay_out(self, event: MarketEvent) -> list[MarketEvent]:
        """The bars that are due before a feed event, and last the event itself.

        OutOfOrder when it is earlier than the last; a bar may be, since a live feed hears of it after its close.
        """
        return [one for run, _ in self.runs((event,)) for one in run]

    def runs(self, events: Sequence[MarketEvent]) -> Iterator[tuple[Sequence[MarketEvent], bool]]:
        """Lay feed events out in runs: bars that are due together, and feed events between which none are due; and
        whether a run is the feed's. OutOfOrder after the run that comes before the event."""
        begin = 0
        for place, event in enumerate(events):
            ts_ns = event.ts_ns
            if ts_ns >= self.next_bar_ns and (bars := list(self._close_before(self.key(event)))):
                if place > begin:
                    yield events[begin:place], True
                yield bars, False
                begin = place
            if ts_ns >= self.last_ns:
                self.last_ns = ts_ns
            elif type(event) is not Bar:
                yield events[begin:place], True
                raise OutOfOrder(f"{event.symbol}: an event at {ts_ns} ns came after one at {self.last_ns} ns")
            builders = self._of_symbol[event.symbol]
            if builders and type(event) is self._built_from[event.symbol]:
                self._build(event, builders)
        yield events[begin:], True

    def bars_until(self, ts_ns: int) -> list[Bar]:
        """The bars that are complete by a time."""
        return list(self._close_before((ts_ns, TIMER, 0, 0)))

    def key(self, event: MarketEvent) -> Key:
        """Where an event stands in the order."""
        place = self._place[event.symbol]
        match event:
            case Bar():
                return event.ts_ns, BAR, event.interval_ns, place
            case Quote():
                return event.ts_ns, QUOTE, 0, place
            case Trade():
                return event.ts_ns, TRADE, 0, place

    def state(self) -> dict[str, Any]:
        """Everything that `restore` needs."""
        return {
            "builders": [(symbol, interval, b.state()) for (symbol, interval), b in self._builders.items()],
            "last_ns": self.last_ns,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Become the sequencer that gave this state; bars that it did not build begin anew."""
        for symbol, interval_ns, built in state["builders"]:
            if (symbol, interval_ns) in self._builders:
                self._builders[symbol, interval_ns].restore(built)
        self.last_ns = state["last_ns"]
        self._find_next()

    def _build(self, event: MarketEvent, builders: Iterable[BarBuilder]) -> None:
        price = reference_price(event, self._may_be_negative)
        if price is None:
            return
        ts_ns, size = event.ts_ns, event.size if type(event) is Trade else 0.0
        for builder in builders:
            due_ns = builder.add_bar(event) if type(event) is Bar else builder.add_price(ts_ns, price, size)
            if due_ns is not None and due_ns < self.next_bar_ns:
                self.next_bar_ns = due_ns

    def _close_before(self, limit: Key) -> Iterator[Bar]:
        while (due := self._first_due()) is not None and due[0] < limit:
            yield due[1].close()
            self._find_next()

    def _first_due(self) -> tuple[Key, BarBuilder] | None:
        due = [
            ((builder.due_ns, BAR, interval_ns, self._place[symbol]), builder)
            for (symbol, interval_ns), builder in self._builders.items()
            if builder.due_ns is not None
        ]
        return min(due, key=lambda candidate: candidate[0], default=None)

    def _find_next(self) -> None:
        dues = (builder.due_ns for builder in self._builders.values() if builder.due_ns is not None)
        self.next_bar_ns = min(dues, default=NEVER)


def derived_bars(offers: Mapping[str, Offer], subscriptions: Iterable[Subscription]) -> list[tuple[str, int]]:
    """Symbol and interval of the bars that are subscribed to and that no feed brings, in a fixed order."""
    wanted = {(one.symbol, one.interval_ns) for one in subscriptions if one.kind is DataKind.BARS}
    return sorted((symbol, interval) for symbol, interval in wanted if offers[symbol].bar_interval_ns != interval)
