"""A conversation with a venue, made up line by line: what is asked comes out, what is told goes in, at times given in
seconds."""

from decimal import Decimal
from typing import Any

import msgspec

from tests.market_builders import an_instrument
from trading.account.ids import ClientOrderIds
from trading.account.resolutions import Resolution
from trading.capabilities import Capabilities
from trading.commands import WireAmend, WireCancel, WireCommand, WireSubmit
from trading.market import AccountSnapshot, Effect
from trading.orders import OrderTerms, OrderType, Side
from trading.postings import AccountEvent
from trading.reports import ExecutionReport, Liquidity
from trading.timestamps import SECOND
from trading.venue.messages import (
    AccountTold,
    FillsTold,
    FillTold,
    FindOrder,
    HoldOrders,
    ListFills,
    ListOpenOrders,
    OpenOrdersTold,
    OrderMissing,
    OrdersHeld,
    OrderTold,
    Question,
    ReadTime,
    Request,
    RequestLost,
    RequestRefused,
    RequestUnsent,
    StreamUp,
    TimeTold,
    VenueFill,
    VenueMessage,
    VenueOrder,
    VenueStatus,
)
from trading.venue.profile import VenueProfile
from trading.venue.session import VenueSession

PROFILE = VenueProfile(
    name="made-up",
    visible_after_ns=2 * SECOND,
    accepted_within_ns=5 * SECOND,
    not_final=frozenset({"duplicate_id"}),
)

EPOCH_MS = 1_000
IDS = ClientOrderIds(EPOCH_MS)
"""Wire ids that no test hands out twice, as no daemon does."""


def an_intent(
    number: int, quantity: str = "10", limit: str | None = "100", *, strategy: str = "a", side: Side = Side.BUY
) -> WireSubmit:
    """An order of a strategy, under a wire id of its own."""
    terms = OrderTerms(
        order_id=f"{strategy}-{number}",
        strategy=strategy,
        symbol="AAA",
        side=side,
        quantity=Decimal(quantity),
        created_ns=0,
        type=OrderType.MARKET if limit is None else OrderType.LIMIT,
        limit_price=None if limit is None else Decimal(limit),
    )
    return WireSubmit(cid=IDS.next(strategy), terms=terms)


def at_venue(intent: WireSubmit, status: VenueStatus = VenueStatus.OPEN, filled: str = "0", **more: Any) -> VenueOrder:
    """An order as the venue has it."""
    terms = intent.terms
    fields = {
        "cid": intent.cid,
        "venue_id": f"v-{intent.cid}",
        "symbol": terms.symbol,
        "side": terms.side,
        "quantity": terms.quantity,
        "filled": Decimal(filled),
        "status": status,
        "limit_price": terms.limit_price,
    }
    return VenueOrder(**{**fields, **more})


def execution(intent: WireSubmit, trade_id: str, quantity: str, price: str = "100", **more: Any) -> VenueFill:
    """An execution of an order, in the venue's first second unless it says when."""
    fields = {
        "trade_id": trade_id,
        "venue_id": f"v-{intent.cid}",
        "cid": intent.cid,
        "symbol": intent.terms.symbol,
        "side": intent.terms.side,
        "quantity": Decimal(quantity),
        "price": Decimal(price),
        "fee": Decimal(0),
        "fee_currency": "USD",
        "liquidity": Liquidity.TAKER,
        "ts_ns": SECOND,
    }
    return VenueFill(**{**fields, **more})


class Conversation:
    """One session, and the account and books that it is held against; `reports` are told as `<order> <kind> <code>`."""

    def __init__(self, profile: VenueProfile = PROFILE, *, strategies: tuple[str, ...] = ("a", "b")) -> None:
        self.session = VenueSession(
            profile=profile,
            capabilities=Capabilities.everything(),
            instruments={"AAA": an_instrument()},
            strategies=strategies,
        )
        self.books: dict[str, Decimal] = {}
        self.session.belong_to(lambda: AccountSnapshot(cash={}, positions=self.books), lambda _: Decimal(100))
        self.reports: list[ExecutionReport] = []
        self.events: list[AccountEvent] = []
        self.asked: list[Request] = []
        self.now_ns = 0
        self._messages = 0

    # What is done here.

    def command(self, command: WireCommand) -> int:
        """Give the session a command; gives the number of its request."""
        self._take(self.session.on_command(command, self.now_ns))
        return self.asked[-1].number

    def cancel(self, intent: WireSubmit) -> int:
        """Have an order cancelled."""
        terms = intent.terms
        return self.command(
            WireCancel(cid=intent.cid, order_id=terms.order_id, strategy=terms.strategy, ts_ns=self.now_ns)
        )

    def amend(self, intent: WireSubmit, **terms: Any) -> int:
        """Have an order amended."""
        asked = msgspec.structs.replace(intent.terms, **terms)
        return self.command(WireAmend(cid=intent.cid, terms=asked, ts_ns=self.now_ns))

    def begin(self, epoch_ms: int = EPOCH_MS, *, dead_man_ns: int = 0) -> None:
        """A life begins."""
        self._take(self.session.begin_life(epoch_ms, self.now_ns, dead_man_ns=dead_man_ns))

    def end(self) -> None:
        """It is about to end in good order."""
        self._take(self.session.end_life(self.now_ns))

    def begin_in_agreement(self) -> None:
        """A life begins, and the venue tells that there is nothing."""
        self.begin()
        self.hear(StreamUp(message_id="s0"))
        self.answer_listings()

    def at(self, seconds: float) -> None:
        """So late it is; whatever was due by then is done when it was due."""
        until_ns = int(seconds * SECOND)
        while self.session.next_ns <= until_ns:
            self.now_ns = max(self.now_ns, self.session.next_ns)
            self._take(self.session.on_time(self.now_ns))
        self.now_ns = until_ns
        self._take(self.session.on_time(self.now_ns))

    def resolve(self, resolution: Resolution, why: str = "seen at the venue's own page") -> None:
        """An operator says what became of an order."""
        self._take(self.session.resolve(resolution, why, self.now_ns))

    # What the venue says.

    def hear(self, message: VenueMessage) -> None:
        """The venue says something now."""
        self._take(self.session.on_message(message, self.now_ns))

    def order(self, order: VenueOrder, request: int = 0) -> None:
        """It tells where an order stands."""
        self.hear(OrderTold(message_id=self._next_id(request), order=order, request=request, venue_ns=self.now_ns))

    def fill(self, fill: VenueFill) -> None:
        """It pushes an execution."""
        self.hear(FillTold(message_id=self._next_id(0), fill=fill))

    def missing(self, cid: str) -> None:
        """It answers the question about an order: it knows none."""
        request = self.request_of(FindOrder(cid=cid, symbol="AAA"))
        self.hear(OrderMissing(message_id=f"r{request}", cid=cid, request=request, venue_ns=self.now_ns))

    def lost(self, request: int) -> None:
        """Nothing answers a request."""
        self.hear(RequestLost(message_id=f"r{request}", request=request, reason="no answer within 5 s"))

    def refused(self, request: int, code: str) -> None:
        """It refuses a request."""
        self.hear(RequestRefused(message_id=f"r{request}", request=request, code=code, reason=f"because {code}"))

    def unsent(self, request: int) -> None:
        """A request has not left."""
        self.hear(RequestUnsent(message_id=f"r{request}", request=request, reason="connection refused"))

    def answer_listings(
        self,
        *,
        orders: tuple[VenueOrder, ...] = (),
        fills: tuple[VenueFill, ...] = (),
        positions: dict[str, Decimal] | None = None,
        complete: bool = True,
    ) -> None:
        """It answers all listings that wait, and those that come of that, with the same."""
        account = AccountSnapshot(cash={}, positions=positions or {})
        while pending := [one.request for one in self.session.requests if not isinstance(one.request.what, FindOrder)]:
            for request in pending:
                self.hear(self._listing(request, orders, fills, account, complete=complete))

    def answer(self, number: int, *, complete: bool = True) -> None:
        """It answers one listing with nothing."""
        request = next(one.request for one in self.session.requests if one.request.number == number)
        self.hear(self._listing(request, (), (), AccountSnapshot(cash={}, positions={}), complete=complete))

    def questions(self) -> list[Question]:
        """What waits for an answer."""
        return [one.request.what for one in self.session.requests if isinstance(one.request.what, Question)]

    def request_of(self, what: object) -> int:
        """The number of the request that waits with this."""
        return next(one.request.number for one in self.session.requests if one.request.what == what)

    def breaks(self) -> list[str]:
        """The breaks that people were to hear of, as `<kind> <subject>`."""
        return [f"{one.kind} {one.subject}" for one in self.session.agreement.news]

    def told(self) -> list[str]:
        """The reports since the last time."""
        reports, self.reports = self.reports, []
        return [" ".join(filter(None, (one.order_id, one.kind, one.code))) for one in reports]

    def _listing(
        self,
        request: Request,
        orders: tuple[VenueOrder, ...],
        fills: tuple[VenueFill, ...],
        account: AccountSnapshot,
        *,
        complete: bool,
    ) -> VenueMessage:
        message_id, number, now_ns = f"r{request.number}", request.number, self.now_ns
        match request.what:
            case ListOpenOrders():
                return OpenOrdersTold(
                    message_id=message_id, request=number, orders=orders, complete=complete, venue_ns=now_ns
                )
            case ListFills(since_ns=since_ns):
                return FillsTold(
                    message_id=message_id,
                    request=number,
                    fills=fills,
                    since_ns=since_ns,
                    complete=complete,
                    venue_ns=now_ns,
                )
            case ReadTime():
                return TimeTold(message_id=message_id, request=number, venue_ns=now_ns)
            case HoldOrders(timeout_ns=timeout_ns):
                deadline_ns = now_ns + timeout_ns if timeout_ns else 0
                return OrdersHeld(message_id=message_id, request=number, deadline_ns=deadline_ns, venue_ns=now_ns)
            case _:
                return AccountTold(
                    message_id=message_id, request=number, account=account, complete=complete, venue_ns=now_ns
                )

    def _take(self, effects: list[Effect]) -> None:
        self.reports += [effect for effect in effects if isinstance(effect, ExecutionReport)]
        self.events += [effect for effect in effects if isinstance(effect, AccountEvent)]
        self.asked += self.session.requests.take()

    def _next_id(self, request: int) -> str:
        self._messages += 1
        return f"r{request}" if request else f"s{self._messages}"
