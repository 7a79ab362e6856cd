"""The health of a live feed: which of its data is to be relied on now, by what came of it and by what did not.

It is told every event and all news, each a journaled input, and judges by their times alone: the same inputs give the
same health. An order that could add to a position is priced by no data that is silent, missed, crossed, empty on a side
or no price at all; and after a new connection by none from before.

    trouble        until
    disconnected   the next event, or news of a connection
    gapped         news that the data was asked for anew, for itself or on a new connection
    silent         the stream's next event
    unfit          the stream's next event
    waiting        the first event of the kind on which the symbol is priced
    crossed        the next quote that is not
    one_sided      the next quote with both sides
"""

from collections.abc import Container, Iterator, KeysView, Mapping
from typing import Any, Final, NamedTuple

from trading.event_flaws import flaw_of
from trading.feed_news import Begun, Connected, Disconnected, FeedNews, Gapped, Quiet, Resubscribed, Unfit
from trading.feed_streams import Stream, kinds_of
from trading.market_data import Bar, MarketEvent, Quote
from trading.refusals import Refusal
from trading.sequencer import NEVER, Offer
from trading.sessions import Sessions
from trading.subscriptions import DataKind, event_type
from trading.timestamps import SECOND, iso

RED: Final = ("disconnected", "silent")
"""The troubles that say that data does not come, and not that what comes is strange."""


class Trouble(NamedTuple):
    """Why data is not to be relied on, since when, and in a sentence. Without a symbol it is that of all."""

    code: str
    reason: str
    since_ns: int
    symbol: str = ""


class _Book(NamedTuple):
    """What the last quote of a symbol said, where that is trouble."""

    code: str
    reason: str
    since_ns: int


class FeedHealth:
    """Holds the streams of the offers. `now_ns` is the latest time that an input has told, and when a tick is heard,
    whatever it is stamped with; a bar tells none, as its time is the venue's."""

    def __init__(
        self,
        offers: Mapping[str, Offer],
        *,
        may_be_negative: Container[str] = (),
        sessions: Mapping[str, Sessions] | None = None,
    ) -> None:
        self.now_ns = 0
        self._streams: dict[tuple[str, type], Stream] = {
            (symbol, event_type(kind)): Stream(symbol, kind, (sessions or {}).get(symbol))
            for symbol, offer in offers.items()
            for kind in kinds_of(offer)
        }
        self._of_symbol = {
            symbol: [stream for stream in self._streams.values() if stream.symbol == symbol] for symbol in offers
        }
        self._priced_on = {symbol: offer.matched_on for symbol, offer in offers.items()}
        self._intervals = {symbol: offer.bar_interval_ns for symbol, offer in offers.items()}
        self._may_be_negative = may_be_negative
        self._lost: tuple[str, int] | None = None
        self._gaps: dict[str, tuple[str, int]] = {}
        self._books: dict[str, _Book] = {}
        self._look_ns = NEVER

    # What it is told.

    def hear(self, told: MarketEvent | FeedNews) -> None:
        """An event without a flaw, or news with their time."""
        if isinstance(told, MarketEvent):
            self._hear_event(told)
        else:
            self._come_to(told.ts_ns)
            self._hear_news(told)
            self._look()

    def _hear_event(self, event: MarketEvent) -> None:
        stream = self._streams.get((event.symbol, type(event)))
        if stream is None:
            return
        if type(event) is not Bar:
            self._come_to(event.ts_ns)
        self._lost = None
        heals = stream.is_waiting or stream.is_silent
        stream.hear(event.ts_ns if type(event) is Bar else self.now_ns, self.now_ns)
        if heals:
            self._look_ns = min(self._look_ns, stream.due_ns)
        if type(event) is Quote and (
            event.bid > event.ask or not event.bid or not event.ask or event.symbol in self._books
        ):
            self._look_into(event)

    def _hear_news(self, news: FeedNews) -> None:
        match news:
            case Begun():
                limits = {(one.symbol, one.kind): one.limit_ns for one in news.limits}
                self._lost, self._gaps, self._books = None, {}, {}
                for stream in self._streams.values():
                    stream.begin(limits.get((stream.symbol, stream.kind), 0), news.ts_ns)
            case Connected():
                self._lost, self._gaps = None, {}
                self._void(news.ts_ns)
            case Disconnected():
                self._void(news.ts_ns)
                self._lost = self._lost or (news.reason, news.ts_ns)
            case Gapped():
                self._gaps.setdefault(news.symbol, (news.reason, news.ts_ns))
            case Resubscribed():
                for symbol in [news.symbol] if news.symbol else list(self._gaps):
                    self._gaps.pop(symbol, None)
            case Unfit():
                unfit = self._streams.get((news.symbol, event_type(news.kind)))
                if unfit is not None and not unfit.unfit:
                    unfit.unfit, unfit.unfit_ns = news.reason, news.ts_ns
            case Quiet():
                pass

    # What it says.

    def flaw(self, event: MarketEvent) -> str:
        """Why something is no event of this feed, before it is heard; empty where it is one."""
        if type(event.symbol) is not str or (event.symbol, type(event)) not in self._streams:
            return "it was not asked for"
        if type(event) is Bar and event.interval_ns != self._intervals[event.symbol]:
            return f"its interval is {event.interval_ns} ns"
        return flaw_of(event, may_be_negative=event.symbol in self._may_be_negative)

    def repeats(self, event: MarketEvent) -> bool:
        """Whether it is a bar that is not later than the last one: a new connection may tell that again."""
        return type(event) is Bar and event.ts_ns <= self._streams[event.symbol, Bar].heard_ns

    def knows(self, news: FeedNews) -> bool:
        """Whether it is so already, and has been since earlier."""
        match news:
            case Disconnected():
                return self._lost is not None
            case Gapped():
                return news.symbol in self._gaps
            case Resubscribed():
                return not self._gaps if not news.symbol else news.symbol not in self._gaps
            case Unfit():
                return bool(self._streams[news.symbol, event_type(news.kind)].unfit)
        return False

    @property
    def symbols(self) -> KeysView[str]:
        """Those of the offers."""
        return self._of_symbol.keys()

    def kinds(self, symbol: str) -> list[DataKind]:
        """Those that are offered of a symbol."""
        return [stream.kind for stream in self._of_symbol[symbol]]

    @property
    def next_ns(self) -> int:
        """When the next stream will have been silent for too long; NEVER where none can be."""
        return min((stream.due_ns for stream in self._streams.values()), default=NEVER)

    @property
    def lost_ns(self) -> int | None:
        """Since when the feed is not connected; None while it is, or has not told otherwise."""
        return None if self._lost is None else self._lost[1]

    @property
    def silent(self) -> list[Stream]:
        """The streams that have been silent for too long."""
        return [stream for stream in self._streams.values() if stream.is_silent]

    @property
    def streams(self) -> list[Stream]:
        """All streams, in the order of the offers; to be looked at only."""
        return list(self._streams.values())

    def refusal(self, symbol: str) -> Refusal | None:
        """Why nothing may be ordered by a symbol's data but what reduces a position; None where it may be."""
        trouble = next(self._troubles_of(symbol, self.now_ns), None)
        if trouble is None:
            return None
        return Refusal(f"feed_{trouble.code}", f"{trouble.reason}; only orders that reduce a position pass")

    def troubles(self, now_ns: int | None = None) -> list[Trouble]:
        """Everything that is wrong now, as by a time in the sentences; what is wrong with all stands first and once."""
        now_ns = self.now_ns if now_ns is None else now_ns
        found = (trouble for symbol in self._of_symbol for trouble in self._troubles_of(symbol, now_ns))
        return sorted(dict.fromkeys(found), key=lambda trouble: bool(trouble.symbol))

    def state(self) -> dict[str, Any]:
        """Everything that `restore` needs, in plain values."""
        return {
            "now_ns": self.now_ns,
            "lost": self._lost,
            "gaps": dict(self._gaps),
            "books": dict(self._books),
            "streams": [stream.state() for stream in self._streams.values()],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Become the health that gave this state; of streams that it did not have nothing was heard."""
        self.now_ns = state["now_ns"]
        self._lost = None if state["lost"] is None else (state["lost"][0], state["lost"][1])
        self._gaps = {symbol: (reason, ts_ns) for symbol, (reason, ts_ns) in state["gaps"].items()}
        self._books = {symbol: _Book(*book) for symbol, book in state["books"].items()}
        for kept in state["streams"]:
            stream = self._streams.get((kept[0], event_type(DataKind(kept[1]))))
            if stream is not None:
                stream.restore(kept)
        self._look()

    # Within.

    def _come_to(self, ts_ns: int) -> None:
        """Time has passed."""
        self.now_ns = max(self.now_ns, ts_ns)
        if self.now_ns >= self._look_ns:
            self._look()

    def _look(self) -> None:
        """Find who is silent, and when to look again."""
        for stream in self._streams.values():
            stream.is_silent = stream.is_silent or stream.due_ns <= self.now_ns
        self._look_ns = self.next_ns

    def _void(self, ts_ns: int) -> None:
        for stream in self._streams.values():
            stream.void(ts_ns)

    def _look_into(self, quote: Quote) -> None:
        """Note what is wrong with the best bid and ask, from the first quote on that has it."""
        code, reason = _book_trouble(quote)
        known = self._books.pop(quote.symbol, None)
        if code:
            since_ns = known.since_ns if known is not None and known.code == code else quote.ts_ns
            self._books[quote.symbol] = _Book(code, reason, since_ns)

    def _troubles_of(self, symbol: str, now_ns: int) -> Iterator[Trouble]:
        if self._lost is not None:
            reason, since_ns = self._lost
            yield Trouble("disconnected", f"the feed has no connection since {iso(since_ns)}: {reason}", since_ns)
        if symbol in self._gaps:
            reason, since_ns = self._gaps[symbol]
            missed = f"data of {symbol} was missed at {iso(since_ns)} and not asked for anew since: {reason}"
            yield Trouble("gapped", missed, since_ns, symbol)
        for stream in self._of_symbol[symbol]:
            yield from self._troubles_of_stream(stream, now_ns)
        if symbol in self._books:
            code, reason, since_ns = self._books[symbol]
            yield Trouble(code, f"{reason}, since {iso(since_ns)}", since_ns, symbol)

    def _troubles_of_stream(self, stream: Stream, now_ns: int) -> Iterator[Trouble]:
        since_ns = stream.quiet_since_ns
        if stream.is_silent:
            yield Trouble("silent", _silence(stream, now_ns), since_ns, stream.symbol)
        if stream.unfit:
            reason = f"what came last as {stream.name} can be none, at {iso(stream.unfit_ns)}: {stream.unfit}"
            yield Trouble("unfit", reason, stream.unfit_ns, stream.symbol)
        is_priced_on = stream.kind is self._priced_on[stream.symbol]
        if is_priced_on and stream.is_waiting and not stream.is_silent and stream.is_open(now_ns):
            reason = f"no {stream.name} came yet on this connection, since {iso(since_ns)}"
            yield Trouble("waiting", reason, since_ns, stream.symbol)


def _book_trouble(quote: Quote) -> tuple[str, str]:
    if not quote.bid or not quote.ask:
        missing = " and no ".join(name for name, side in (("bid", quote.bid), ("ask", quote.ask)) if not side)
        return "one_sided", f"there is no {missing} for {quote.symbol}"
    if quote.bid > quote.ask:
        return "crossed", f"the bid of {quote.bid} for {quote.symbol} is above the ask of {quote.ask}"
    return "", ""


def _silence(stream: Stream, now_ns: int) -> str:
    since_ns = stream.quiet_since_ns
    seconds, limit = max(0, now_ns - since_ns) / SECOND, stream.limit_ns / SECOND
    return f"no {stream.name} for {seconds:.1f} s, since {iso(since_ns)}; more than {limit:g} s is too long"
