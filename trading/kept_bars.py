"""The last bars of each stream of which a strategy keeps some: rings, so that memory has a bound."""

from collections import deque
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Final, overload

from trading.errors import StrategyMisuse
from trading.market_data import Bar
from trading.subscriptions import Subscription
from trading.timestamps import format_interval

MOST_KEPT: Final = 10_000
"""Bars of one stream."""


class BarView(Sequence[Bar]):
    """What is kept of one stream, oldest first: a view that goes on with it. `[-1]` is the bar that was heard last."""

    __slots__ = ("_ring",)

    def __init__(self, ring: deque[Bar]) -> None:
        self._ring = ring

    def __len__(self) -> int:
        return len(self._ring)

    @overload
    def __getitem__(self, place: int) -> Bar: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[Bar]: ...

    def __getitem__(self, place: int | slice) -> Bar | Sequence[Bar]:
        if isinstance(place, int):
            return self._ring[place]
        begin, end, step = place.indices(len(self._ring))
        if step > 0:
            return tuple(islice(self._ring, begin, end, step))
        return tuple(self._ring)[place]

    def __repr__(self) -> str:
        return f"BarView({list(self._ring)!r})"


class KeptBars:
    """The rings of one strategy, each made with its subscription."""

    def __init__(self) -> None:
        self._rings: dict[tuple[str, int], deque[Bar]] = {}

    def __bool__(self) -> bool:
        return bool(self._rings)

    def keep(self, subscriptions: Iterable[Subscription]) -> None:
        """From now on keep as much as they say; what there is already stays."""
        for one in subscriptions:
            if one.keep:
                key = (one.symbol, one.interval_ns)
                self._rings[key] = deque(self._rings.get(key, ()), maxlen=one.keep)

    def hear(self, bar: Bar) -> None:
        """A bar has come."""
        ring = self._rings.get((bar.symbol, bar.interval_ns))
        if ring is not None:
            ring.append(bar)

    def of(self, symbol: str, interval_ns: int) -> Sequence[Bar]:
        """What is kept of a stream; StrategyMisuse where that is nothing by its subscription."""
        ring = self._rings.get((symbol, interval_ns))
        if ring is None:
            kept = ", ".join(f"{of} {format_interval(ns)}" for of, ns in self._rings) or "none"
            raise StrategyMisuse(
                f"last_bars({symbol!r}, {format_interval(interval_ns)!r}): no bars of it are kept ({kept} are);"
                " say keep= in subscribe()"
            )
        return BarView(ring)

    def state(self) -> list[Bar]:
        """All bars, ring by ring."""
        return [bar for ring in self._rings.values() for bar in ring]

    def restore(self, subscriptions: Iterable[Subscription], bars: Iterable[Bar]) -> None:
        """Become what gave this state."""
        self._rings.clear()
        self.keep(subscriptions)
        for bar in bars:
            self.hear(bar)
