"""A market of this process behind the async port: it answers within `perform`, and hears the feed by `on_event`."""

from collections.abc import Callable, Iterable
from itertools import count
from typing import Final

import msgspec

from brokers.errors import NotConnected
from brokers.port import MessageSink
from brokers.simulated.market import SimulatedMarket
from brokers.simulated.working import WorkingOrder
from trading.capabilities import Capabilities
from trading.commands import WireAmend, WireCancel, WireCommand, WireSubmit
from trading.market import Effect
from trading.market_data import MarketEvent
from trading.money import EXACT, ZERO
from trading.orders import OrderTerms
from trading.reports import ExecutionReport, Fill, ReportKind
from trading.timestamps import LAST_NS
from trading.venue.messages import (
    AccountTold,
    BustTold,
    FillsTold,
    FillTold,
    FindOrder,
    HoldOrders,
    ListFills,
    ListOpenOrders,
    OpenOrdersTold,
    OrderMissing,
    OrderTold,
    ReadAccount,
    ReadTime,
    Request,
    RequestRefused,
    StreamUp,
    TimeTold,
    VenueFill,
    VenueMessage,
    VenueOrder,
    VenueStatus,
)
from trading.venue.profile import VenueProfile

_REFUSALS: Final = frozenset({ReportKind.REJECTED, ReportKind.CANCEL_REJECTED, ReportKind.REPLACE_REJECTED})
_ANSWERS: Final = {
    WireSubmit: ReportKind.ACCEPTED,
    WireCancel: ReportKind.CANCELLED,
    WireAmend: ReportKind.REPLACED,
}
Asked = FindOrder | ListOpenOrders | ListFills | ReadAccount | ReadTime
"""What a market can tell."""

_ENDS: Final = {ReportKind.CANCELLED: VenueStatus.CANCELLED, ReportKind.EXPIRED: VenueStatus.EXPIRED}


def profile_of(name: str) -> VenueProfile:
    """A market of this process: it is asked and answers at once, and forgets nothing while the process lives."""
    return VenueProfile(
        name=name,
        unique_ids="open",
        finds_by_id=True,
        visible_after_ns=0,
        clock_margin_ns=0,
        fills_kept_ns=LAST_NS,
        order_stream=True,
        not_final=frozenset({"duplicate_id"}),
    )


class EmbeddedBroker:
    """Everything but the name and label of a broker whose venue is a market here. `now_ns` is the venue's time.

    It keeps every order and fill of its life, since the market keeps what works.
    """

    name: str
    label: str
    account = "the simulated one"
    profile: VenueProfile
    live_allowed: bool = False

    def __init__(self, market: SimulatedMarket, *, sink: MessageSink, now_ns: Callable[[], int]) -> None:
        self.market = market
        self.capabilities: Capabilities = market.capabilities
        self._sink = sink
        self._now_ns = now_ns
        self._connected = False
        self._numbers = count(1)
        self._orders = {order.cid: _working(order) for order in market.working()}
        self._fills: list[VenueFill] = []

    async def connect(self) -> None:
        """Begin to take requests and events."""
        if not self._connected:
            self._connected = True
            self._sink(StreamUp(message_id=self._next_id(), venue_ns=self._now_ns()))

    def on_event(self, event: MarketEvent) -> None:
        """Match the event; it is what moves this broker's venue."""
        self._tell(self._venue().on_event(event), None)

    async def perform(self, request: Request) -> None:
        """Take one request; what comes of it is in the sink when this returns."""
        market, what = self._venue(), request.what
        if isinstance(what, WireSubmit | WireCancel | WireAmend):
            self._tell(market.on_command(what, self._now_ns()), request)
        elif isinstance(what, HoldOrders):
            self._sink(_no_switch(request, self._now_ns()))
        else:
            self._sink(self._answer(what, request.number))

    async def close(self) -> None:
        """Take no more; orders keep resting in the market."""
        self._connected = False

    # What comes of commands and events.

    def _tell(self, effects: Iterable[Effect], request: Request | None) -> None:
        for effect in effects:
            if isinstance(effect, ExecutionReport):
                for message in self._messages(effect, request):
                    self._sink(message)

    def _messages(self, report: ExecutionReport, request: Request | None) -> list[VenueMessage]:
        number = _answers(report, request)
        if report.kind in _REFUSALS:
            return [
                RequestRefused(
                    message_id=self._id_of(number),
                    venue_ns=report.ts_ns,
                    request=number,
                    code=report.code,
                    reason=report.reason,
                )
            ]
        if report.kind is ReportKind.BUSTED:
            assert report.fill is not None, report.order_id
            return [BustTold(message_id=self._next_id(), venue_ns=report.ts_ns, fill=_fill(report.fill, report.cid))]
        told: list[VenueMessage] = []
        if report.fill is not None:
            fill = _fill(report.fill, report.cid)
            self._fills.append(fill)
            told.append(FillTold(message_id=self._next_id(), venue_ns=report.ts_ns, fill=fill))
        order = self._brought_up_to(report, request)
        self._orders[report.cid] = order
        message_id = self._id_of(number)
        return [*told, OrderTold(message_id=message_id, venue_ns=report.ts_ns, order=order, request=number)]

    def _brought_up_to(self, report: ExecutionReport, request: Request | None) -> VenueOrder:
        """The order as it stands after a report."""
        if report.kind is ReportKind.ACCEPTED:
            assert request is not None, report.cid
            assert isinstance(request.what, WireSubmit), report.cid
            # As the market works it; what is over already is as it was sent.
            works = next((one.terms for one in self.market.working() if one.cid == report.cid), None)
            return _order(report.cid, works or request.what.sent_terms, report.ts_ns)
        order = self._orders[report.cid]
        if report.fill is not None:
            filled = EXACT.add(order.filled, report.fill.quantity)
            status = VenueStatus.FILLED if filled >= order.quantity else order.status
            return msgspec.structs.replace(order, filled=filled, status=status, updated_ns=report.ts_ns)
        if report.terms is not None:
            changed = _order(report.cid, report.terms, report.ts_ns)
            return msgspec.structs.replace(changed, filled=order.filled)
        status = _ENDS.get(report.kind, order.status)
        return msgspec.structs.replace(
            order, status=status, updated_ns=report.ts_ns, code=report.code, reason=report.reason
        )

    # Questions.

    def _answer(self, question: Asked, number: int) -> VenueMessage:
        message_id, venue_ns = f"r{number}", self._now_ns()
        match question:
            case FindOrder(cid=cid) if cid in self._orders:
                return OrderTold(message_id=message_id, venue_ns=venue_ns, order=self._orders[cid], request=number)
            case FindOrder(cid=cid):
                return OrderMissing(message_id=message_id, venue_ns=venue_ns, cid=cid, request=number)
            case ListOpenOrders():
                orders = tuple(self._orders[order.cid] for order in self.market.working())
                return OpenOrdersTold(message_id=message_id, venue_ns=venue_ns, orders=orders, request=number)
            case ListFills(since_ns=since_ns):
                fills = tuple(fill for fill in self._fills if fill.ts_ns >= since_ns)
                return FillsTold(
                    message_id=message_id, venue_ns=venue_ns, fills=fills, since_ns=since_ns, request=number
                )
            case ReadAccount():
                account = self.market.account()
                return AccountTold(message_id=message_id, venue_ns=venue_ns, account=account, request=number)
            case ReadTime():
                return TimeTold(message_id=message_id, venue_ns=venue_ns, request=number)

    # Within.

    def _venue(self) -> SimulatedMarket:
        if not self._connected:
            raise NotConnected(f"broker {self.name} ({self.label}) is not connected; await its connect() first")
        return self.market

    def _id_of(self, request: int) -> str:
        return f"r{request}" if request else self._next_id()

    def _next_id(self) -> str:
        return f"s{next(self._numbers)}"


def _answers(report: ExecutionReport, request: Request | None) -> int:
    """The number of the request that a report answers, 0 for one that tells what came besides."""
    command: WireCommand | None = None
    if request is not None and isinstance(request.what, WireSubmit | WireCancel | WireAmend):
        command = request.what
    if request is None or command is None or report.cid != command.cid:
        return 0
    if report.kind is ReportKind.REPLACED and report.code:  # what the venue did of its own accord
        return 0
    return request.number if report.kind is _ANSWERS[type(command)] or report.kind in _REFUSALS else 0


def _no_switch(request: Request, venue_ns: int) -> RequestRefused:
    return RequestRefused(
        message_id=f"r{request.number}",
        venue_ns=venue_ns,
        request=request.number,
        code="not_offered",
        reason="what works here ends with the process; there is no dead-man switch",
    )


def _working(order: WorkingOrder) -> VenueOrder:
    return msgspec.structs.replace(_order(order.cid, order.terms, order.terms.created_ns), filled=order.filled)


def _order(cid: str, terms: OrderTerms, ts_ns: int) -> VenueOrder:
    return VenueOrder(
        cid=cid,
        venue_id=terms.order_id,
        symbol=terms.symbol,
        side=terms.side,
        quantity=terms.quantity,
        filled=ZERO,
        status=VenueStatus.OPEN,
        limit_price=terms.limit_price,
        stop_price=terms.stop_price,
        reduce_only=terms.reduce_only,
        updated_ns=ts_ns,
    )


def _fill(fill: Fill, cid: str) -> VenueFill:
    return VenueFill(
        trade_id=fill.execution_id,
        venue_id=fill.order_id,
        cid=cid,
        symbol=fill.symbol,
        side=fill.side,
        quantity=fill.quantity,
        price=fill.price,
        fee=fill.fee,
        fee_currency=fill.fee_currency,
        liquidity=fill.liquidity,
        ts_ns=fill.ts_ns,
    )
