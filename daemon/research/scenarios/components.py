"""The time of strategies' parts, taken for as long as a sample lasts and for nothing otherwise.

For a sample each indicator of a strategy becomes one of a class that times its `update`; afterwards it is what it was.
What a container adds is measured beside it: an empty strategy in a container like it hears the same event.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from typing import Any

import msgspec

from trading.commands import Command
from trading.container import ContainerSpec, ScopedContainer
from trading.indicators.indicator import Indicator
from trading.instruments import Instrument
from trading.market_data import Event
from trading.postings import Report
from trading.strategy import Strategy

Now = Callable[[], int]
"""A clock in nanoseconds."""

Spent = MutableMapping[tuple[str, ...], int]
"""Nanoseconds by what they went on: `("operation", name)`, `("heard", strategy)`, `("around", strategy)`,
`("worker", strategy, name)`."""


class Tally:
    """Of what is timed together: how long strategies have heard, and what the taking itself took beside."""

    __slots__ = ("aside_ns", "heard_ns")

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Begin anew."""
        self.aside_ns = self.heard_ns = 0


class Empty(Strategy):
    """Hears, and does nothing."""


class Timed:
    """A container whose time is taken, in the place of one that events are delivered to. Each look at the clock takes
    `read_ns`."""

    def __init__(
        self,
        container: ScopedContainer,
        instruments: Mapping[str, Instrument],
        *,
        now: Now,
        read_ns: int,
        spent: Spent,
        tally: Tally,
    ) -> None:
        strategy = container.container_id
        self._container = container
        self._now = now
        self._read_ns = read_ns
        self._spent = spent
        self._tally = tally
        self._heard, self._around, self._strategy_id = ("heard", strategy), ("around", strategy), strategy
        self._strategy = container.resolve("strategy", Strategy)
        self._attributes = -1
        self._indicators: list[tuple[Any, type, type]] = []
        self._empty = ScopedContainer(_emptied(container.spec), instruments)
        self._empty.start(0)
        self._empty.run()

    def on_event(self, event: Event) -> list[Command]:
        """Let it hear one event, then one that does nothing."""
        now, spent, tally = self._now, self._spent, self._tally
        began_ns = now()
        commands = self._container.on_event(event)
        heard_ns = now()
        self._empty.on_event(event)
        around_ns = now() - heard_ns
        spent[self._heard] += heard_ns - began_ns
        spent[self._around] += around_ns
        tally.heard_ns += heard_ns - began_ns - self._read_ns
        tally.aside_ns += around_ns + 3 * self._read_ns
        return commands

    def on_report(self, report: Report) -> list[Command]:
        """Let it book one report."""
        began_ns = self._now()
        commands = self._container.on_report(report)
        self._spent[self._heard] += self._now() - began_ns
        self._tally.aside_ns += self._read_ns
        return commands

    def seal(self, reason: str) -> None:
        """Close it from outside."""
        self._container.seal(reason)

    def begin(self) -> None:
        """A sample begins: time its indicators."""
        if self._attributes != len(vars(self._strategy)):  # those that it has made since the last one are among them
            self._attributes = len(vars(self._strategy))
            self._indicators = [
                (indicator, type(indicator), self._timing(type(indicator), name))
                for name, indicator in _indicators(self._strategy)
            ]
        for indicator, _, timing in self._indicators:
            indicator.__class__ = timing

    def end(self) -> None:
        """It is over."""
        for indicator, original, _ in self._indicators:
            indicator.__class__ = original

    def _timing(self, original: Any, name: str) -> type:
        """A class as the original, of the same layout, that adds up how long its `update` takes."""
        update, now, spent, key = original.update, self._now, self._spent, ("worker", self._strategy_id, name)
        heard, tally, reads_ns = self._heard, self._tally, 2 * self._read_ns

        def timing(self: Any, *values: Any, **named: Any) -> Any:
            began_ns = now()
            try:
                return update(self, *values, **named)
            finally:
                spent[key] += now() - began_ns
                spent[heard] -= reads_ns
                tally.heard_ns -= reads_ns
                tally.aside_ns += reads_ns

        made: type = type(original)(original.__name__, (original,), {"__slots__": (), "update": timing})
        return made


def _emptied(spec: ContainerSpec) -> ContainerSpec:
    return msgspec.structs.replace(spec, strategy_class=Empty, parameters={}, sizing=None)


def _indicators(strategy: Strategy) -> Iterator[tuple[str, Any]]:
    """Its own, by the names of its attributes; one that has several names goes by the first."""
    seen: set[int] = set()
    for attribute, value in vars(strategy).items():
        for name, one in _within(attribute, value):
            if isinstance(one, Indicator) and id(one) not in seen:
                seen.add(id(one))
                yield name, one


def _within(name: str, value: object) -> Iterable[tuple[str, object]]:
    if isinstance(value, dict):
        return ((f"{name}.{key}", one) for key, one in value.items())
    if isinstance(value, list | tuple):
        return ((f"{name}[{place}]", one) for place, one in enumerate(value))
    return ((name, value),)
