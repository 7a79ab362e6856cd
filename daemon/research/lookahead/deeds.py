"""What a strategy does in a run: each order, amendment, cancel, refusal and fill, and how it fails."""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from trading.account.records import Reported, StepRecord
from trading.commands import RefusedOrder, Trip, WireAmend, WireCancel, WireSubmit
from trading.orders import OrderTerms
from trading.reports import Fill
from trading.timestamps import iso

_FAILED: Final = b"failed"
_FILL: Final = "fill of "


class Deed(msgspec.Struct, frozen=True, array_like=True):
    """One of them. `place` is that of the event upon which it came; `exact` tells it from every other of its time.
    Of a failure `stack` is the traceback."""

    place: int
    ts_ns: int
    symbol: str
    words: str
    exact: bytes
    stack: str = ""

    @property
    def is_failure(self) -> bool:
        """Whether it raised there, and was sealed."""
        return self.exact == _FAILED

    @property
    def is_fill(self) -> bool:
        """Whether it came of the market, and not of the strategy."""
        return self.words.startswith(_FILL)

    @property
    def key(self) -> tuple[int, bytes]:
        """What is the same of the same deed in another run."""
        return self.ts_ns, self.exact

    def told(self) -> str:
        """In words, with its time."""
        return f"{self.words} at {iso(self.ts_ns)}"


class DeedRecorder:
    """Keeps the deeds of the one strategy that runs. `place` is set by who carries the events."""

    def __init__(self) -> None:
        self.deeds: list[Deed] = []
        self.place = 0

    def record(self, record: StepRecord) -> None:
        """Keep it, if it is a deed."""
        understand = _DEEDS.get(type(record))
        if understand is not None and (understood := understand(record)) is not None:
            ts_ns, symbol, words = understood
            # Why it failed may name another folder than before; that it did, and when, is the deed.
            exact = _FAILED if type(record) is Trip else msgspec.msgpack.encode(record)
            stack = record.traceback if type(record) is Trip else ""
            self.deeds.append(Deed(self.place, ts_ns, symbol, words, exact, stack))

    def barrier(self) -> None:
        """Nothing leaves."""


def _submitted(record: WireSubmit) -> tuple[int, str, str]:
    return record.terms.created_ns, record.terms.symbol, _order(record.terms)


def _refused(record: RefusedOrder) -> tuple[int, str, str]:
    return record.terms.created_ns, record.terms.symbol, f"{_order(record.terms)}, refused ({record.code})"


def _amended(record: WireAmend) -> tuple[int, str, str]:
    return record.ts_ns, record.terms.symbol, f"amend {record.terms.order_id} to {_order(record.terms)}"


def _cancelled(record: WireCancel) -> tuple[int, str, str]:
    return record.ts_ns, "", f"cancel {record.order_id}"


def _failed(record: Trip) -> tuple[int, str, str]:
    return record.ts_ns, "", f"raise {record.reason}"


def _reported(record: Reported) -> tuple[int, str, str] | None:
    fill: Fill | None = record.report.fill
    if fill is None:
        return None
    words = f"{_FILL}{fill.order_id}: {fill.side.value} {fill.quantity:f} {fill.symbol} at {fill.price:f}"
    return fill.ts_ns, fill.symbol, words


_DEEDS: Final[dict[type, Callable[[Any], tuple[int, str, str] | None]]] = {
    WireSubmit: _submitted,
    RefusedOrder: _refused,
    WireAmend: _amended,
    WireCancel: _cancelled,
    Trip: _failed,
    Reported: _reported,
}


def _order(terms: OrderTerms) -> str:
    prices = {
        "limit": terms.limit_price,
        "stop": terms.stop_price,
        "trail": terms.trail_amount,
        "trail percent": terms.trail_percent,
    }
    given = [f"{name} {price:f}" for name, price in prices.items() if price is not None]
    return ", ".join([f"{terms.side.value} {terms.quantity:f} {terms.symbol}", *given])
