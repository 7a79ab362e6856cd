"""The account as the venue last told it, brought forward by the executions that were heard of since."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import msgspec

from trading.market import AccountSnapshot, Effect
from trading.money import EXACT, ZERO
from trading.postings import ForeignFill, Liquidation
from trading.reports import ExecutionReport, Fill, ReportKind


class Mirror:
    """Cash by currency code, signed units by symbol; nothing before the account was told for the first time."""

    def __init__(self) -> None:
        self._cash: dict[str, Decimal] = {}
        self._positions: dict[str, Decimal] = {}
        self._is_told = False

    def tell(self, account: AccountSnapshot) -> None:
        """The account was read."""
        self._cash, self._positions, self._is_told = dict(account.cash), dict(account.positions), True

    def follow(self, effects: Iterable[Effect]) -> None:
        """Take up the executions among these."""
        for effect in effects if self._is_told else ():
            if isinstance(effect, Liquidation | ForeignFill):
                self._take(effect.fill)
            elif isinstance(effect, ExecutionReport) and effect.fill is not None:
                busted = effect.kind is ReportKind.BUSTED
                self._take(effect.fill.reversal(effect.ts_ns) if busted else effect.fill)

    def account(self) -> AccountSnapshot:
        """The account as far as it is known."""
        return AccountSnapshot(
            cash=dict(self._cash), positions={symbol: units for symbol, units in self._positions.items() if units}
        )

    def state(self) -> dict[str, Any]:
        """Everything that `restore` needs."""
        return {"account": self.account(), "is_told": self._is_told}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Become the mirror that gave this state."""
        account = msgspec.convert(state["account"], AccountSnapshot)
        self._cash, self._positions = dict(account.cash), dict(account.positions)
        self._is_told = state["is_told"]

    def _take(self, fill: Fill) -> None:
        paid = fill.side.signed(fill.notional).copy_negate()
        _add(self._cash, fill.currency, paid)
        _add(self._cash, fill.fee_currency, fill.fee.copy_negate())
        _add(self._positions, fill.symbol, fill.side.signed(fill.quantity))


def _add(amounts: dict[str, Decimal], name: str, amount: Decimal) -> None:
    if amount:
        amounts[name] = EXACT.add(amounts.get(name, ZERO), amount)
