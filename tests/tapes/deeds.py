"""What is done in a world, and when; and what others do: people, and the venue itself."""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Final

from tests.tapes.lives import EPOCH_MS
from tests.tapes.tape import Deed
from tests.venue.exchange import Exchange
from tests.venue.gateway import Gateway
from tests.venue.records import Refused, Ticket
from trading.account.ids import ClientOrderIds
from trading.orders import OrderType, Side
from trading.timestamps import parse_interval

LATER_EPOCH_MS: Final = EPOCH_MS + 9_000_000
"""When the other daemon began."""


class Agenda:
    """The deeds of a tape, each of somebody after the one before. `is_ready` says whether one can be done now."""

    def __init__(self, deeds: Iterable[Deed], begins_ns: int, is_ready: Callable[[Deed], bool]) -> None:
        self._deeds = [Deed(begins_ns + one.at_ns, one.words) for one in deeds]
        self._is_ready = is_ready
        self.last_ns = self._deeds[-1].at_ns if self._deeds else begins_ns

    @property
    def next_ns(self) -> int | None:
        """When the next one is to be done that can be."""
        deed = self._next()
        return None if deed is None else deed.at_ns

    def take(self, now_ns: int) -> Deed | None:
        """One that is to be done now."""
        deed = self._next()
        if deed is None or deed.at_ns > now_ns:
            return None
        self._deeds.remove(deed)
        return deed

    def _next(self) -> Deed | None:
        waiting: set[str] = set()
        for deed in self._deeds:
            who = deed.words[0]
            if who not in waiting and self._is_ready(deed):
                return deed
            waiting.add(who)
        return None


class Others:
    """Does what a deed says at the venue. What cannot be done there does not happen."""

    def __init__(self, exchange: Exchange, gateway: Gateway) -> None:
        self._exchange = exchange
        self._gateway = gateway
        self._ids = ClientOrderIds(LATER_EPOCH_MS)
        self._does: dict[str, Callable[..., None]] = {
            "manual": self._manual,
            "foreign": self._foreign,
            "other": self._other,
            "liquidate": self._liquidate,
            "restart": self._restart,
            "freeze": self._freeze,
            "cut": self._cut,
        }

    def do(self, words: tuple[str, ...], now_ns: int) -> None:
        """Do it now."""
        self._does[words[0]](now_ns, *words[1:])

    def _manual(self, now_ns: int, side: str, quantity: str, symbol: str) -> None:
        _quietly(lambda: self._exchange.trade_manually(symbol, Side(side), quantity, now_ns))

    def _foreign(self, now_ns: int, side: str, quantity: str, symbol: str, _at: str, price: str) -> None:
        self._place("", "web", Side(side), quantity, symbol, price, now_ns)

    def _other(self, now_ns: int, strategy: str, verb: str, quantity: str, symbol: str, _at: str, price: str) -> None:
        side = Side.BUY if verb == "buys" else Side.SELL
        self._place(self._ids.next(strategy), "other", side, quantity, symbol, price, now_ns)

    def _liquidate(self, now_ns: int, symbol: str) -> None:
        _quietly(lambda: self._exchange.liquidate(symbol, now_ns))

    def _restart(self, now_ns: int, down: str = "1ms") -> None:
        self._gateway.restart(now_ns, parse_interval(down))

    def _freeze(self, now_ns: int, length: str = "") -> None:
        self._gateway.freeze(now_ns, parse_interval(length) if length else 0)

    def _cut(self, now_ns: int) -> None:
        self._gateway.cut(now_ns)

    def _place(self, cid: str, client: str, side: Side, quantity: str, symbol: str, price: str, now_ns: int) -> None:
        ticket = Ticket(
            symbol=symbol,
            side=side,
            quantity=Decimal(quantity),
            cid=cid,
            type=OrderType.LIMIT,
            limit_price=Decimal(price),
        )
        _quietly(lambda: self._exchange.place(ticket, now_ns, client=client))


def _quietly(does: Callable[[], object]) -> None:
    try:
        does()
    except Refused:
        return
