"""Market data made from a seed: the same arguments give the same events; one more symbol changes no other's path.

Steps are made in blocks, each with random numbers of its own. So a position is no more than the walks at the beginning
of a block and the events taken of it; and the past before the start, walked backwards, is made anew block by block from
its far end.
"""

import heapq
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain, count, islice, takewhile
from typing import Any, Final

import msgspec

from daemon.feeds.walk import Path, Step, SyntheticSymbol, Walk
from trading.market_data import Bar, MarketEvent
from trading.sequencer import Offer
from trading.subscriptions import DataKind
from trading.timestamps import format_interval, iso

BLOCK_STEPS: Final = 256
_GENERATION: Final = 1
"""Changes whenever the same arguments would give other events."""


class SyntheticFeed:
    """A seeded market: at each step every symbol has a quote, a trade, or both, and whole bars of those trades.

    Steps are `every_ns` apart from `origin_ns` on, where prices are the first, until `duration_ns` after `start_ns` or,
    where that is None, without end. What is before the start is the past. ValueError for arguments that make no market.
    """

    kind: Final = "synthetic"

    def __init__(
        self,
        *,
        seed: int,
        start_ns: int,
        duration_ns: int | None,
        symbols: Sequence[SyntheticSymbol],
        data: Collection[DataKind],
        every_ns: int,
        bar_interval_ns: int,
        origin_ns: int | None = None,
    ) -> None:
        self._seed = seed
        self.start_ns = start_ns
        self._origin_ns = start_ns if origin_ns is None else origin_ns
        self.end_ns = None if duration_ns is None else start_ns + duration_ns
        self._symbols = symbols
        self._data = frozenset(data)
        self._every_ns = every_ns
        self._bar_interval_ns = bar_interval_ns if DataKind.BARS in self._data else 0
        self._check()
        offer = Offer(
            quotes=DataKind.QUOTES in self._data,
            trades=DataKind.TRADES in self._data,
            bar_interval_ns=self._bar_interval_ns,
        )
        self.offers = {symbol.symbol: offer for symbol in symbols}
        self._paths = [Path(symbol, seed) for symbol in symbols]
        self._walks = [path.begin() for path in self._paths]
        self._block = 0
        self._taken = 0

    def _check(self) -> None:
        names = [symbol.symbol for symbol in self._symbols]
        if not names or len(set(names)) < len(names):
            raise ValueError(f"symbols are {', '.join(names) or 'none'}; name at least one, and each once")
        if not self._data:
            raise ValueError("no kind of data; name at least one of quotes, trades and bars")
        if self._every_ns < 1 or (self.end_ns is not None and self.end_ns <= self.start_ns):
            raise ValueError("a step and a duration must be above zero")
        if self._origin_ns > self.start_ns:
            raise ValueError(f"the origin {iso(self._origin_ns)} is after the start {iso(self.start_ns)}")
        interval_ns = self._bar_interval_ns
        if interval_ns % self._every_ns:
            every = format_interval(self._every_ns)
            raise ValueError(f"bars of {format_interval(interval_ns)} are no whole number of steps of {every}")
        if interval_ns and self._origin_ns % interval_ns:
            earlier = iso(self._origin_ns - self._origin_ns % interval_ns)
            raise ValueError(
                f"the start {iso(self._origin_ns)} is within a bar of {format_interval(interval_ns)}; {earlier} is not"
            )

    def reference(self) -> dict[str, Any]:
        """Everything that determines the events."""
        since = {} if self._origin_ns == self.start_ns else {"origin_ns": self._origin_ns}
        return {
            **since,
            "kind": self.kind,
            "generation": _GENERATION,
            "seed": self._seed,
            "start_ns": self.start_ns,
            "end_ns": self.end_ns,
            "every_ns": self._every_ns,
            "bar_interval_ns": self._bar_interval_ns,
            "data": sorted(kind.value for kind in self._data),
            "symbols": [path.reference() for path in self._paths],
        }

    def tally(self) -> str:
        """Nothing that is not known."""
        return ""

    def warmup(self, since_ns: Mapping[str, int]) -> Iterator[MarketEvent]:
        """The market before its start: what lies between its origin and that, and before its origin walked backwards
        from the first prices, whole blocks at a time."""
        paths = [path for path in self._paths if path.symbol in since_ns]
        earliest_ns = min(since_ns.values(), default=self.start_ns)
        for event in chain(self._before_origin(paths, since_ns), self._since_origin(paths, earliest_ns)):
            if _began(event) >= since_ns[event.symbol]:
                yield event

    def _before_origin(self, paths: Sequence[Path], since_ns: Mapping[str, int]) -> Iterator[MarketEvent]:
        begins = [self._begins_before(path, since_ns[path.symbol]) for path in paths]
        forward = [path.begin() for path in paths]
        for block in reversed(range(max(map(len, begins), default=0))):
            reaching = [place for place, blocks in enumerate(begins) if block < len(blocks)]
            chosen = [paths[place] for place in reaching]
            made = self._advance(chosen, [begins[place][block] for place in reaching], "before", block, BLOCK_STEPS)
            walks = [forward[place] for place in reaching]
            yield from self._events(chosen, walks, [steps[::-1] for steps in made], -(block + 1) * BLOCK_STEPS)

    def _since_origin(self, paths: Sequence[Path], earliest_ns: int) -> Iterator[MarketEvent]:
        """The past of the walk itself, from the block on in which a time lies."""
        walks = [path.begin() for path in paths]
        for block in count() if paths and self._origin_ns < self.start_ns else ():
            if self._end_of(block, BLOCK_STEPS) <= earliest_ns:
                self._skip(paths, walks, block)
                continue
            steps = self._advance(paths, walks, "from", block, BLOCK_STEPS)
            for event in self._events(paths, walks, steps, block * BLOCK_STEPS):
                if not self._is_past(event):
                    return
                yield event

    def _begins_before(self, path: Path, since_ns: int) -> list[Walk]:
        """Where the backward walk is at the beginning of each block that reaches back to a time."""
        steps = -(-max(0, self._origin_ns - since_ns) // self._every_ns)
        walk = path.begin()
        begins = []
        for block in range(-(-steps // BLOCK_STEPS)):
            begins.append(msgspec.structs.replace(walk))
            path.advance(walk, "before", block, BLOCK_STEPS)
        return begins

    def events(self) -> Iterator[MarketEvent]:
        """The events from the position on; each one taken moves the position past it."""
        self._pass_the_past()
        while (steps := self._steps_in(self._block)) > 0:
            walks, events = self._of_block(steps)
            for event in islice(events, self._taken, None):
                self._taken += 1
                yield event
            self._walks, self._block, self._taken = walks, self._block + 1, 0

    def _pass_the_past(self) -> None:
        """Move a position that is before the start to it."""
        if self._origin_ns == self.start_ns or self._steps_in(self._block) <= 0:
            return
        while self._end_of(self._block, self._steps_in(self._block)) <= self.start_ns:
            walks = [msgspec.structs.replace(walk) for walk in self._walks]
            self._skip(self._paths, walks, self._block)
            self._walks, self._block, self._taken = walks, self._block + 1, 0
        _, events = self._of_block(self._steps_in(self._block))
        self._taken = max(self._taken, sum(map(self._is_past, events)))

    def _skip(self, paths: Sequence[Path], walks: Sequence[Walk], block: int) -> None:
        """Move walks over a whole block."""
        made = self._advance(paths, walks, "from", block, BLOCK_STEPS)
        self._bars(paths, walks, made, self._times(block * BLOCK_STEPS, BLOCK_STEPS))

    def _end_of(self, block: int, steps: int) -> int:
        return self._origin_ns + (block * BLOCK_STEPS + steps) * self._every_ns

    def _of_block(self, steps: int) -> tuple[list[Walk], Iterator[MarketEvent]]:
        """Where the walks are after the block of the position, and its events."""
        walks = [msgspec.structs.replace(walk) for walk in self._walks]
        made = self._advance(self._paths, walks, "from", self._block, steps)
        return walks, self._events(self._paths, walks, made, self._block * BLOCK_STEPS)

    def _is_past(self, event: MarketEvent) -> bool:
        """Whether it is before the start; a bar that closes with it is."""
        return event.ts_ns <= self.start_ns if isinstance(event, Bar) else event.ts_ns < self.start_ns

    def state(self) -> dict[str, Any]:
        """The position."""
        walks = msgspec.msgpack.decode(msgspec.msgpack.encode(self._walks))  # without tuples, which come back as lists
        return {"block": self._block, "taken": self._taken, "walks": walks}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take the position of a feed of equal reference."""
        self._block, self._taken = state["block"], state["taken"]
        self._walks = msgspec.convert(state["walks"], list[Walk])

    def _steps_in(self, block: int) -> int:
        if self.end_ns is None:
            return BLOCK_STEPS
        steps = -(-(self.end_ns - self._origin_ns) // self._every_ns)
        return min(BLOCK_STEPS, steps - block * BLOCK_STEPS)

    def _times(self, first: int, steps: int) -> range:
        begin_ns = self._origin_ns + first * self._every_ns
        return range(begin_ns, begin_ns + steps * self._every_ns, self._every_ns)

    @staticmethod
    def _advance(paths: Iterable[Path], walks: Iterable[Walk], stream: str, block: int, count: int) -> list[list[Step]]:
        return [path.advance(walk, stream, block, count) for path, walk in zip(paths, walks, strict=True)]

    def _events(
        self, paths: Sequence[Path], walks: Sequence[Walk], made: Sequence[Sequence[Step]], first: int
    ) -> Iterator[MarketEvent]:
        """The events of every symbol's steps, in order; `first` counts from the origin, backwards where negative."""
        times = self._times(first, len(made[0]))
        ticks: list[Sequence[MarketEvent]] = []
        if DataKind.QUOTES in self._data:
            ticks += [path.quotes(steps, times) for path, steps in zip(paths, made, strict=True)]
        if DataKind.TRADES in self._data:
            ticks += [path.trades(steps, times) for path, steps in zip(paths, made, strict=True)]
        rows = heapq.merge(self._bars(paths, walks, made, times), zip(*ticks, strict=True), key=_time)
        return chain.from_iterable(rows)

    def _bars(
        self, paths: Sequence[Path], walks: Sequence[Walk], made: Sequence[Sequence[Step]], times: range
    ) -> Iterator[tuple[Bar, ...]]:
        """The bars that the steps complete; one that the end cuts off is left out."""
        if not self._bar_interval_ns:
            return iter(())
        made_bars = chain.from_iterable(
            path.bars(walk, steps, times, self._bar_interval_ns)
            for path, walk, steps in zip(paths, walks, made, strict=True)
        )
        bars = ((bar,) for bar in sorted(made_bars, key=lambda bar: bar.ts_ns))
        return takewhile(lambda row: self.end_ns is None or row[0].ts_ns <= self.end_ns, bars)


def _time(row: tuple[MarketEvent, ...]) -> int:
    return row[0].ts_ns


def _began(event: MarketEvent) -> int:
    return event.ts_ns - event.interval_ns if isinstance(event, Bar) else event.ts_ns
