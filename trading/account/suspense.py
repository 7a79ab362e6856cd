"""The suspense entries: what is booked to `unallocated` because the venue has it, and what is taken back of that once
it is known what it was."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from trading.account.breaks import BreakKind, break_id
from trading.instruments import Instrument
from trading.money import EXACT, ZERO
from trading.postings import Adjustment, CashMoved
from trading.venue.messages import VenueFill

Entry = Adjustment | CashMoved


def position_key(symbol: str) -> str:
    """The id of the break that a symbol's units would be."""
    return break_id(BreakKind.POSITION_DIFFERENCE, symbol)


def cash_key(currency: str) -> str:
    """The id of the break that a currency's cash would be."""
    return break_id(BreakKind.CASH_DIFFERENCE, currency)


class Suspense:
    """Makes the entries, `reconciliation-<n>`, and knows up to which time of the venue's each symbol and currency was
    made equal to it."""

    def __init__(self) -> None:
        self._entries = 0
        self._equal_until: dict[str, int] = {}

    def units(self, symbol: str, units: Decimal, price: Decimal, reason: str, ts_ns: int) -> Entry:
        """Units that the venue has more, negative for fewer."""
        return Adjustment(event_id=self._next_id(), ts_ns=ts_ns, symbol=symbol, units=units, price=price, reason=reason)

    def cash(self, currency: str, amount: Decimal, ts_ns: int) -> Entry:
        """Cash that the venue has more, negative for less."""
        return CashMoved(event_id=self._next_id(), ts_ns=ts_ns, currency=currency, amount=amount)

    def made_equal(self, key: str, venue_ns: int) -> None:
        """A symbol or currency was made equal to what the venue had at a time of its own, 0 where it told none."""
        self._equal_until[key] = max(venue_ns, self._equal_until.get(key, 0))

    def taken_back(self, fill: VenueFill, instrument: Instrument, ts_ns: int) -> list[Entry]:
        """What is taken back when a fill is booked to its owner that the venue had carried out when it was made equal
        to: the fill was in the difference. Units go at the fill's price; of its cash goes what is not theirs."""
        entries: list[Entry] = []
        units = fill.side.signed(fill.quantity)
        worth = instrument.worth(units, fill.price)
        spent = {instrument.currency.code: worth}
        spent[fill.fee_currency] = EXACT.add(spent.get(fill.fee_currency, ZERO), fill.fee)
        if self._had(fill, position_key(fill.symbol)):
            reason = f"execution {fill.execution_id} was booked as a difference before it was heard of"
            entries.append(self.units(fill.symbol, units.copy_negate(), fill.price, reason, ts_ns))
            spent[instrument.currency.code] = EXACT.subtract(spent[instrument.currency.code], worth)
        for currency, amount in spent.items():
            if amount and self._had(fill, cash_key(currency)):
                entries.append(self.cash(currency, amount, ts_ns))
        return entries

    def state(self) -> dict[str, Any]:
        """Everything that `restore` needs."""
        return {"entries": self._entries, "equal_until": dict(self._equal_until)}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Become the one that gave this state."""
        self._entries, self._equal_until = state["entries"], dict(state["equal_until"])

    def _had(self, fill: VenueFill, key: str) -> bool:
        return 0 < fill.ts_ns <= self._equal_until.get(key, 0)

    def _next_id(self) -> str:
        self._entries += 1
        return f"reconciliation-{self._entries}"
