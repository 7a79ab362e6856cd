"""The market as the pure core sees it: events and commands in, reports out. Who implements it never waits."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Protocol

import msgspec

from trading.commands import WireCommand
from trading.market_data import MarketEvent
from trading.postings import AccountEvent
from trading.reports import ExecutionReport


class AccountSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """The account as the venue has it: cash by currency code, signed units by symbol; no zero positions."""

    cash: Mapping[str, Decimal]
    positions: Mapping[str, Decimal]


class TriggerMoved(msgspec.Struct, frozen=True, kw_only=True, tag="trigger_moved"):
    """A trailing stop follows the market: its order wakes at another price now."""

    cid: str
    stop_price: Decimal


class ReportDelayed(msgspec.Struct, frozen=True, kw_only=True, tag="report_delayed"):
    """The market has decided what is not heard before `due_ns`."""

    report: ExecutionReport
    due_ns: int


Note = TriggerMoved | ReportDelayed | AccountEvent
"""A change at the market that is no report of an order, but must be known to be there again after a restart."""

Effect = ExecutionReport | Note


class Market(Protocol):
    """A market that answers at once. Effects come in the order in which things happened, reports unnumbered."""

    def on_event(self, event: MarketEvent) -> list[Effect]:
        """Match resting orders against the event and remember it as the current price."""

    def on_command(self, command: WireCommand, ts_ns: int, /) -> list[Effect]:
        """Take one command at the current price; what cannot be done is a report, such as rejected."""

    def move_cash(self, currency: str, amount: Decimal, ts_ns: int, /) -> list[Effect]:
        """Pay money in, or out where the amount is negative; LedgerError when the account cannot spare it."""

    def in_reach(self, strategy: str, events: Sequence[MarketEvent]) -> int:
        """How many of the coming events, counted from the first, bring this strategy's working orders nothing.

        It may be fewer than could be, never more; all of them when none of its orders works. It holds whatever the
        orders of others do meanwhile, as long as no command of this strategy comes.
        """

    def account(self) -> AccountSnapshot:
        """Cash and positions from the market's own books."""

    def observe(self, event: MarketEvent) -> None:
        """Remember the event as the current price, unmatched: recovery replays effects, it never computes them."""

    def expect(self, command: WireCommand, ts_ns: int, /) -> None:
        """Remember a command that was taken, undecided: what came of it is told by `apply`, now or later."""

    def apply(self, effect: Effect, command: WireCommand | None) -> None:
        """Take over an effect from the journal; `command` is what it answers, None for one that an event caused."""

    def state(self) -> dict[str, Any]:
        """Everything that `restore` needs, of plain values, Decimal and the core's structs."""

    def restore(self, state: dict[str, Any]) -> None:
        """Become the market that gave this state."""
