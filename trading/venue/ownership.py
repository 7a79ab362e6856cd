"""Whose an order or an execution at the venue is, by its client order id alone, and what it is called here."""

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from trading.account.ids import PREFIX, DecodedId, decode
from trading.errors import InvalidClientOrderId
from trading.instruments import Instrument
from trading.money import ZERO
from trading.orders import OrderTerms, OrderType
from trading.reports import ExecutionReport, Fill, ReportKind
from trading.venue.messages import VenueFill, VenueOrder

_TYPES: Final = {
    (False, False): OrderType.MARKET,
    (True, False): OrderType.LIMIT,
    (False, True): OrderType.STOP,
    (True, True): OrderType.STOP_LIMIT,
}
"""By whether it has a limit and a stop price: an order that is found at the venue tells no more of its type."""


class Owner(msgspec.Struct, frozen=True, kw_only=True):
    """The strategy, the life that sent the order, in Unix milliseconds, and what the order is called.

    Its own number is not known any more where nothing but its id is; `<strategy>-r<epoch and sequence>` follows from
    that, so that every start calls it the same.
    """

    strategy: str
    epoch_ms: int
    order_id: str


class Ownership:
    """Reads client order ids with no more than the strategies' ids."""

    def __init__(self, strategies: Iterable[str], instruments: Mapping[str, Instrument]) -> None:
        self.strategies = list(strategies)
        self.instruments = instruments

    def owner(self, cid: str) -> Owner | None:
        """Whose an order of this id is, None where it is no strategy's."""
        decoded = self._decoded(cid)
        if decoded is None:
            return None
        order_id = f"{decoded.strategy}-r{cid.removeprefix(PREFIX)[4:]}"
        return Owner(strategy=decoded.strategy, epoch_ms=decoded.epoch_ms, order_id=order_id)

    def is_traded(self, symbol: str) -> bool:
        """Whether a symbol is one of the instruments."""
        return symbol in self.instruments

    def currency(self, symbol: str) -> str:
        """The code of the currency that an instrument is priced in."""
        return self.instruments[symbol].currency.code

    def terms(self, owner: Owner, order: VenueOrder, now_ns: int) -> OrderTerms:
        """The terms of an order that was found at the venue."""
        return OrderTerms(
            order_id=owner.order_id,
            strategy=owner.strategy,
            symbol=order.symbol,
            side=order.side,
            quantity=order.quantity,
            created_ns=now_ns,
            type=_TYPES[order.limit_price is not None, order.stop_price is not None],
            limit_price=order.limit_price,
            stop_price=order.stop_price,
            reduce_only=order.reduce_only,
            reason="found at the venue",
        )

    def booked(self, fill: VenueFill, strategy: str, order_id: str) -> Fill:
        """An execution as books take it."""
        instrument = self.instruments[fill.symbol]
        return Fill(
            execution_id=fill.execution_id,
            order_id=order_id,
            strategy=strategy,
            symbol=fill.symbol,
            side=fill.side,
            quantity=fill.quantity,
            price=fill.price,
            notional=instrument.notional(fill.quantity, fill.price),
            currency=instrument.currency.code,
            fee=fill.fee,
            fee_currency=fill.fee_currency,
            liquidity=fill.liquidity,
            slippage=ZERO,
            ts_ns=fill.ts_ns,
        )

    def report(self, fill: VenueFill, strategy: str, order_id: str, now_ns: int) -> ExecutionReport:
        """The report of an execution whose order is not known here."""
        return ExecutionReport(
            order_id=order_id,
            strategy=strategy,
            kind=ReportKind.FILLED,
            ts_ns=now_ns,
            cid=fill.cid,
            fill=self.booked(fill, strategy, order_id),
        )

    def _decoded(self, cid: str) -> DecodedId | None:
        try:
            return decode(cid, self.strategies)
        except InvalidClientOrderId:
            return None
