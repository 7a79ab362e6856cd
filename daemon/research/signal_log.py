"""What strategies wished during a run, and what their risk managers made of it."""

from collections import deque
from collections.abc import Sequence
from typing import Any, Final, Literal

from daemon.results.result import SignalLine
from trading.bus import EventBus
from trading.container import ScopedContainer
from trading.desk import ContainerDesk
from trading.orders import OrderTerms
from trading.risk import RefusedTerms
from trading.signals import Entry, Exit, OrderRequest, Target
from trading.timestamps import iso

MOST_SIGNALS: Final = 200_000
"""The last of them are kept, so that memory has a bound."""

Kept = Literal["acted", "all"]
"""Those of which an order or a refusal came, or all: a target that is there already asks for nothing."""


class SignalLog:
    """Hears the signals of containers that are done warming up. `left_out` counts the oldest, where there were too
    many."""

    def __init__(self, keep: Kept) -> None:
        self.left_out = 0
        self.keep = keep
        self._lines: deque[SignalLine] = deque(maxlen=MOST_SIGNALS)

    @property
    def lines(self) -> Sequence[SignalLine]:
        """What is kept, oldest first."""
        return list(self._lines)

    def hear(self, container: ScopedContainer) -> None:
        """Listen on the bus of a container, after its risk manager: by then it is known what came of a signal."""
        _Ear(container, self)

    def add(self, lines: Sequence[SignalLine]) -> None:
        """Keep some more."""
        self.left_out += max(0, len(self._lines) + len(lines) - MOST_SIGNALS)
        self._lines.extend(lines)


class _Ear:
    def __init__(self, container: ScopedContainer, log: SignalLog) -> None:
        bus = container.resolve("bus", EventBus)
        self._strategy = container.container_id
        self._log = log
        self._came: list[tuple[str, str]] = []
        self._desk = container.resolve("desk", ContainerDesk)
        for kind in (Target, Entry, Exit, OrderRequest):
            bus.subscribe(kind, self._on_signal)
        bus.subscribe(OrderTerms, self._on_terms)
        bus.subscribe(RefusedTerms, self._on_refused)

    def _on_terms(self, terms: OrderTerms) -> None:
        self._came.append((terms.order_id, terms.reason))

    def _on_refused(self, refused: RefusedTerms) -> None:
        self._came.append((refused.terms.order_id, f"{refused.refusal.code}: {refused.refusal.reason}"))

    def _on_signal(self, signal: Target | Entry | Exit | OrderRequest) -> None:
        came, self._came = self._came, []
        if came or self._log.keep == "all":
            self._log.add([self._line(signal, *one) for one in came or [("", "")]])

    def _line(self, signal: Any, order_id: str, reason: str) -> SignalLine:
        return SignalLine(
            ts=iso(self._desk.now_ns),
            strategy=self._strategy,
            kind=type(signal).__name__.lower(),
            symbol=signal.symbol,
            text=_in_words(signal),
            order_id=order_id,
            reason=reason,
        )


def _in_words(signal: Target | Entry | Exit | OrderRequest) -> str:
    match signal:
        case Target():
            return f"be at {signal.quantity:f} {signal.symbol}"
        case Entry():
            return f"enter, {signal.side} {signal.symbol}, strength {signal.strength:g}"
        case Exit():
            return f"leave {signal.symbol}"
        case OrderRequest():
            price = signal.limit_price if signal.limit_price is not None else signal.stop_price
            at = "" if price is None else f" at {price:f}"
            return f"{signal.side} {signal.quantity:f} {signal.symbol}, {signal.type}{at}"
