"""How far off a market is."""

import hashlib

import msgspec

from trading.commands import WireCancel, WireCommand
from trading.reports import ExecutionReport


class Delays(msgspec.Struct, frozen=True, kw_only=True):
    """How long commands and reports are on their way, in nanoseconds: a base, and up to `jitter_ns` more.

    The jitter is uniform and drawn from the seed, the order, what is said of it and when: it needs no memory, and comes
    out the same after a restart, when orders have other ids on the wire.
    """

    orders_ns: int = 0
    reports_ns: int = 0
    jitter_ns: int = 0
    seed: int = 0

    def __bool__(self) -> bool:
        """Whether anything takes time."""
        return bool(self.orders_ns or self.reports_ns or self.jitter_ns)

    def of_command(self, command: WireCommand, ts_ns: int) -> int:
        """How long a command takes that is sent at a time."""
        order_id = command.order_id if isinstance(command, WireCancel) else command.terms.order_id
        return self.orders_ns + self._jitter(order_id, type(command).__name__, ts_ns)

    def of_report(self, report: ExecutionReport) -> int:
        """How long a report takes from the time that it carries."""
        return self.reports_ns + self._jitter(report.order_id, report.kind, report.ts_ns)

    def _jitter(self, order_id: str, said: str, ts_ns: int) -> int:
        if not self.jitter_ns:
            return 0
        drawn = hashlib.blake2b(f"{self.seed}/{order_id}/{said}/{ts_ns}".encode(), digest_size=8).digest()
        return int.from_bytes(drawn) * (self.jitter_ns + 1) >> 64
