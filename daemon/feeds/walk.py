"""The path of one made-up symbol: a random walk over whole ticks, and the market data along it.

It drifts one way for some dozens of steps, then another, and leans a little towards its first price, so that averages
cross often and an endless run stays near where it began. Its arithmetic is addition and multiplication alone, which
every machine rounds alike; prices become floats by one division of integers, so that they print as on the tick grid.
"""

import random
from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

import msgspec

from trading.instruments import Instrument
from trading.market_data import Bar, Quote, Trade

_LEAN: Final = 1 / 8192
"""Share of the distance to the first price that a step makes up."""

_DRIFT_MAX: Final = 0.25
"""The strongest drift of a step, in volatilities."""

_REGIME_STEPS_MIN: Final = 20

Step = tuple[int, int]
"""The bid in ticks, and 29 random bits: 16 for the move to the next step, 1 for the taker's side, 4 for each size."""

OpenBar = tuple[int, int, int, int, int]
"""Open, high, low and close so far, in ticks, and volume, in multiples of the least size."""


class SyntheticSymbol(msgspec.Struct, frozen=True, kw_only=True):
    """How one symbol moves. `volatility_ticks` is the standard deviation of a step; sizes are 1 to 16 times
    `size_lots`.

    ValueError when the first price is not on the tick grid, or too small for the spread or the volatility.
    """

    instrument: Instrument
    price: Decimal
    volatility_ticks: float = 2.0
    spread_ticks: int = 2
    size_lots: int = 100

    def __post_init__(self) -> None:
        name, tick = self.symbol, self.instrument.tick_size
        if not (self.price.is_finite() and self.price > 0 and self.instrument.on_tick(self.price)):
            raise ValueError(
                f"{name}: first price {self.price}; it must be above zero and a whole number of ticks of {tick}"
            )
        if not 1 <= self.spread_ticks < 2 * self.price_ticks:
            raise ValueError(
                f"{name}: spread of {self.spread_ticks} ticks at {self.price}; it must be 1 or more, the bid above 0"
            )
        if not 0 <= self.volatility_ticks <= self.price_ticks:
            raise ValueError(
                f"{name}: volatility of {self.volatility_ticks} ticks; it must be from 0 to the first price"
            )
        if self.size_lots < 1:
            raise ValueError(f"{name}: sizes of {self.size_lots} lots; it must be 1 or more")

    @property
    def symbol(self) -> str:
        """The instrument's symbol."""
        return self.instrument.symbol

    @property
    def price_ticks(self) -> int:
        """The first price in ticks."""
        return int(Fraction(self.price) / Fraction(self.instrument.tick_size))


class Walk(msgspec.Struct):
    """Where a path is: its level in ticks, its drift for the steps left in the regime, and the bar in progress, None
    between two bars and where a bar's beginning was not seen."""

    level: float
    drift: float = 0.0
    left: int = 0
    bar: OpenBar | None = None


class Path:
    """Makes one symbol's steps and its quotes, trades and bars. Times are a range of nanoseconds, one for each step."""

    def __init__(self, symbol: SyntheticSymbol, seed: int) -> None:
        self._of = symbol
        self.symbol = symbol.symbol
        self._seed = seed
        self._first = float(symbol.price_ticks)
        self._spread = symbol.spread_ticks
        self._below = symbol.spread_ticks // 2
        self._noise = symbol.volatility_ticks / 2  # 16 coins have a standard deviation of 2
        self._drift = symbol.volatility_ticks * _DRIFT_MAX / 128
        self._tick = symbol.instrument.tick_size.as_integer_ratio()
        lot, lots = symbol.instrument.lot_size.as_integer_ratio()
        self._least_size = (lot * symbol.size_lots, lots)
        self._sizes = tuple(self._size(count) for count in range(17))

    def reference(self) -> dict[str, Any]:
        """Everything but the steps' times that determines its data, in plain values."""
        symbol = self._of
        return {
            "symbol": symbol.symbol,
            "tick_size": str(Fraction(symbol.instrument.tick_size)),
            "lot_size": str(Fraction(symbol.instrument.lot_size)),
            "price_ticks": symbol.price_ticks,
            "volatility_ticks": symbol.volatility_ticks,
            "spread_ticks": symbol.spread_ticks,
            "size_lots": symbol.size_lots,
        }

    def begin(self) -> Walk:
        """At the first price."""
        return Walk(self._first)

    def advance(self, walk: Walk, stream: str, block: int, count: int) -> list[Step]:
        """The next steps of a walk. Each block of each stream has random numbers of its own."""
        draw = random.Random(f"{self._seed}/{self.symbol}/{stream}/{block}").getrandbits  # noqa: S311  it simulates
        level, drift, left = walk.level, walk.drift, walk.left
        first, noise, below, floor = self._first, self._noise, self._below, self._below + 1.0
        steps = []
        for _ in range(count):
            bits = draw(29)
            steps.append((round(level) - below, bits))
            if not left:
                left = _REGIME_STEPS_MIN + draw(7)
                drift = (draw(8) - 127.5) * self._drift
            left -= 1
            level += drift + (first - level) * _LEAN + ((bits & 0xFFFF).bit_count() - 8) * noise
            level = floor if level < floor else level
        walk.level, walk.drift, walk.left = level, drift, left
        return steps

    def quotes(self, steps: Sequence[Step], times: Iterable[int]) -> list[Quote]:
        """The best bid and ask at each step."""
        symbol, spread, (tick, ticks), sizes = self.symbol, self._spread, self._tick, self._sizes
        return [
            Quote(
                symbol,
                ts_ns,
                bid * tick / ticks,
                (bid + spread) * tick / ticks,
                sizes[(bits >> 17 & 15) + 1],
                sizes[(bits >> 21 & 15) + 1],
            )
            for ts_ns, (bid, bits) in zip(times, steps, strict=True)
        ]

    def trades(self, steps: Sequence[Step], times: Iterable[int]) -> list[Trade]:
        """A trade at each step, at the bid or at the ask."""
        symbol, (tick, ticks), sizes = self.symbol, self._tick, self._sizes
        prices, counts = self._traded(steps)
        return [
            Trade(symbol, ts_ns, price * tick / ticks, sizes[count])
            for ts_ns, price, count in zip(times, prices, counts, strict=True)
        ]

    def _traded(self, steps: Iterable[Step]) -> tuple[list[int], list[int]]:
        """Prices in ticks, and sizes in multiples of the least size."""
        spread = self._spread
        return [bid + spread * (bits >> 16 & 1) for bid, bits in steps], [(bits >> 25) + 1 for _, bits in steps]

    def bars(self, walk: Walk, steps: Sequence[Step], times: range, interval_ns: int) -> list[Bar]:
        """The bars of its trades that the steps complete; the one in progress is carried on in the walk."""
        prices, counts = self._traded(steps)
        per_bar = interval_ns // times.step
        before = times.start % interval_ns // times.step  # steps of the bar in progress, made earlier
        bars = []
        for begin in range(-before, len(steps), per_bar):
            end = begin + per_bar
            if begin >= 0:
                walk.bar = (prices[begin],) * 4 + (0,)
            if walk.bar is not None:
                part = slice(max(0, begin), end)
                walk.bar = _extended(walk.bar, prices[part], counts[part])
            if walk.bar is not None and end <= len(steps):
                bars.append(self._bar(walk.bar, times.start + end * times.step, interval_ns))
                walk.bar = None
        return bars

    def _bar(self, bar: OpenBar, ts_ns: int, interval_ns: int) -> Bar:
        tick, ticks = self._tick
        first, high, low, last = (price * tick / ticks for price in bar[:4])
        return Bar(self.symbol, ts_ns, interval_ns, first, high, low, last, self._size(bar[4]))

    def _size(self, count: int) -> float:
        """Units of so many least sizes."""
        least, sizes = self._least_size
        return count * least / sizes


def _extended(bar: OpenBar, prices: Sequence[int], counts: Sequence[int]) -> OpenBar:
    first, high, low, _, volume = bar
    return first, max(high, *prices), min(low, *prices), prices[-1], volume + sum(counts)
