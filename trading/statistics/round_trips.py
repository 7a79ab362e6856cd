"""Round trips: what was bought and sold again, or sold and bought back, first in, first out.

Each strategy's lots of a symbol stand in a row, the oldest first. A fill of the other side closes them from the front,
one round trip a lot; what is left of it opens a lot. Only the rows are remembered: a round trip is told once.

A bust is a fill of the other side that gives the fee back. What is still open of the very execution that it reverses is
taken back, and no round trip is told of it: a reversed entry leaves no trace. What was closed before stays told; for
that part the bust is booked as any other fill, at the old price, so that the sums of pnl and fees are right again. The
bust of an exit therefore opens a lot at the exit's price and the bust's time.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from copy import copy
from decimal import Decimal
from typing import Any

import msgspec

from trading.instruments import Instrument
from trading.money import EXACT, ZERO
from trading.orders import Side
from trading.postings import Posting, PostingKind
from trading.reports import Fill
from trading.statistics.lots import Lot, moved_by, opened_by, paid_out, split, take


class RoundTrip(msgspec.Struct, frozen=True, kw_only=True):
    """So many units of one lot, from entry to exit. `side` is the entry's: BUY of a long.

    `pnl` is before fees, in `currency`, exact: it is rounded only where a split left a lot's cost without an even
    share. `fees` is what entry and exit cost in that currency, `other_fees` what they cost in others, by code. Prices
    are per unit; that of the entry is adjusted for splits. `exit_id` is the execution that closed it, empty where the
    units left without an order.
    """

    strategy: str
    symbol: str
    side: Side
    quantity: Decimal
    entry_ts_ns: int
    entry_price: Decimal
    exit_ts_ns: int
    exit_price: Decimal
    currency: str
    pnl: Decimal
    fees: Decimal
    other_fees: dict[str, Decimal] = {}
    exit_id: str = ""


class RoundTrips:
    """The open lots of any number of strategies, and the round trips that their fills complete."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str], deque[Lot]] = {}

    def book(self, fill: Fill, instrument: Instrument) -> list[RoundTrip]:
        """Take up a fill and tell what it closes, the oldest lot first."""
        assert fill.symbol == instrument.symbol, f"{fill.execution_id} is of {fill.symbol}, not {instrument.symbol}"
        coming = opened_by(fill, instrument)
        if fill.reverses:
            _take_back(self._row(fill.strategy, fill.symbol), fill.reverses, coming)
        return self._meet(fill.strategy, coming, instrument)

    def post(self, posting: Posting, instrument: Instrument) -> list[RoundTrip]:
        """Take up units that came or went without an order, and tell what that closes.

        A split scales the lots, and closes the fraction that is paid out, from the oldest on. An expiry or a transfer
        is a fill at its price, without a fee. Nothing else changes a lot: what a settlement realises is part of the pnl
        that is told in the end.
        """
        key = posting.strategy, posting.symbol
        if posting.kind is PostingKind.SPLIT:
            if key not in self._rows:
                return []
            self._rows[key], coming = paid_out(self._rows[key], posting, instrument)
        elif posting.units:
            coming = moved_by(posting, instrument)
        else:
            return []
        return self._meet(posting.strategy, coming, instrument)

    def split(self, symbol: str, ratio_numerator: Decimal, ratio_denominator: Decimal) -> None:
        """Every `ratio_denominator` units of a symbol have become `ratio_numerator`: 4 and 1 when one has become four.

        For all strategies; where fractions are paid out, their postings are to be posted instead.
        """
        for key, row in self._rows.items():
            if key[1] == symbol:
                self._rows[key] = split(row, ratio_numerator, ratio_denominator)

    def lots(self, strategy: str, symbol: str) -> Sequence[Lot]:
        """Copies of what is open, the oldest first."""
        return [copy(lot) for lot in self._rows.get((strategy, symbol), ())]

    def state(self) -> dict[str, Any]:
        """Everything that `restore` needs."""
        return {"rows": [(strategy, symbol, self.lots(strategy, symbol)) for strategy, symbol in self._rows]}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Become the one that gave this state."""
        rows = msgspec.convert(state["rows"], list[tuple[str, str, list[Lot]]])
        self._rows = {(strategy, symbol): deque(copy(lot) for lot in lots) for strategy, symbol, lots in rows}

    def _row(self, strategy: str, symbol: str) -> deque[Lot]:
        return self._rows.setdefault((strategy, symbol), deque())

    def _meet(self, strategy: str, coming: Lot, instrument: Instrument) -> list[RoundTrip]:
        """Set what comes against the oldest lots, and keep what is left of it."""
        row = self._row(strategy, instrument.symbol)
        told = []
        while coming.quantity and row and row[0].side is not coming.side:
            told.append(_close(strategy, row, coming, instrument))
        if coming.quantity:
            row.append(coming)
        if not row:
            del self._rows[strategy, instrument.symbol]
        return told


def _take_back(row: deque[Lot], execution_id: str, bust: Lot) -> None:
    """Take what is open of the reversed execution out of its row and out of the bust."""
    lot = next((one for one in row if one.execution_id == execution_id), None)
    if lot is None or lot.quantity > bust.quantity:
        return
    fee = EXACT.add(bust.fee, lot.fee)
    if fee and lot.quantity == bust.quantity:
        return  # the venue kept some of the fee, and only a round trip can tell it
    row.remove(lot)
    bust.quantity = EXACT.subtract(bust.quantity, lot.quantity)
    bust.cost = EXACT.subtract(bust.cost, lot.cost)
    bust.fee = fee


def _close(strategy: str, row: deque[Lot], coming: Lot, instrument: Instrument) -> RoundTrip:
    """Set the oldest lot against what comes, as far as both go."""
    lot = row[0]
    quantity = min(lot.quantity, coming.quantity)
    entry_cost, entry_fee = take(lot, quantity, instrument)
    exit_cost, exit_fee = take(coming, quantity, instrument)
    if not lot.quantity:
        row.popleft()
    paid = _by_currency((lot.fee_currency, entry_fee), (coming.fee_currency, exit_fee))
    own = instrument.currency.code
    return RoundTrip(
        strategy=strategy,
        symbol=instrument.symbol,
        side=lot.side,
        quantity=quantity,
        entry_ts_ns=lot.ts_ns,
        entry_price=lot.price,
        exit_ts_ns=coming.ts_ns,
        exit_price=coming.price,
        currency=own,
        pnl=lot.side.signed(EXACT.subtract(exit_cost, entry_cost)),
        fees=paid.get(own, ZERO),
        other_fees={currency: fee for currency, fee in paid.items() if currency != own and fee},
        exit_id=coming.execution_id,
    )


def _by_currency(*fees: tuple[str, Decimal]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for currency, fee in fees:
        sums[currency] = EXACT.add(sums.get(currency, ZERO), fee)
    return sums
