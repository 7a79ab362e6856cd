"""The oracle: what the venue has done, read from its own books and from nothing that we believe."""

from collections import defaultdict
from decimal import Decimal

from tests.venue.exchange import Exchange
from tests.venue.records import Execution, FillBusted, FillPut, Order, OrderPut, Status
from tests.venue.store import MemoryStore
from trading.account.ids import decode
from trading.errors import InvalidClientOrderId
from trading.market import AccountSnapshot
from trading.money import EXACT, ZERO, total


def execution_id(fill: Execution) -> str:
    """By what an execution is booked."""
    return "/".join(filter(None, (fill.symbol, fill.trade_id, fill.venue_id, fill.leg)))


class Truth:
    """What there is at the venue, and what came to be there against the venue's own word: `late` are units that it
    filled of orders that it had told to be over, `annulled` those that it took back. `news` are the executions of ours
    of which it is not known that they were booked, with the time at which they came."""

    def __init__(self, exchange: Exchange, store: MemoryStore, strategies: tuple[str, ...]) -> None:
        self.late: defaultdict[str, Decimal] = defaultdict(lambda: ZERO)
        self.annulled: defaultdict[str, Decimal] = defaultdict(lambda: ZERO)
        self.news: dict[str, tuple[Execution, int]] = {}
        self._exchange = exchange
        self._store = store
        self._strategies = strategies
        self._owners: dict[str, str] = {}
        self._status: dict[int, Status] = {}
        self._step = 0

    @property
    def step(self) -> int:
        """Counts what has happened there."""
        return self._exchange.books.step

    def follow(self, now_ns: int) -> None:
        """Take up what was done since, effect by effect."""
        if self._step == self.step:
            return
        for effects in self._store.steps()[self._step :]:
            for effect in effects:
                match effect:
                    case OrderPut(order=order):
                        self._status[order.number] = order.status
                    case FillPut(fill=fill):
                        if self.owner(fill.cid):
                            self.news[execution_id(fill)] = (fill, now_ns)
                        if self._status.get(fill.order) is not Status.OPEN:
                            self.late[fill.cid] = EXACT.add(self.late[fill.cid], fill.quantity)
                    case FillBusted(number=number):
                        fill = self._exchange.books.fills[number]
                        self.news.pop(execution_id(fill), None)
                        self.annulled[fill.cid] = EXACT.add(self.annulled[fill.cid], fill.quantity)
        self._step = self.step

    def owner(self, cid: str) -> str:
        """The strategy that a client order id names; empty where it is not ours."""
        if cid not in self._owners:
            try:
                self._owners[cid] = decode(cid, self._strategies).strategy
            except InvalidClientOrderId:
                self._owners[cid] = ""
        return self._owners[cid]

    def ours(self) -> list[Order]:
        """The orders that are ours by their ids, and that the venue still knows of; another daemon's too."""
        return [one for one in self._exchange.books.orders if self.owner(one.ticket.cid) and not one.forgotten]

    def fills(self) -> list[Execution]:
        """All executions, those that were annulled too."""
        return self._exchange.books.fills

    def filled(self, cid: str) -> Decimal:
        """Units that were executed of an order, and not annulled."""
        return total(fill.quantity for fill in self.fills() if fill.cid == cid and not fill.busted)

    def execution(self, name: str) -> Execution | None:
        """The execution that is booked by this name."""
        return next((fill for fill in self.fills() if execution_id(fill) == name), None)

    def account(self) -> AccountSnapshot:
        """What the account holds."""
        account = self._exchange.account()
        return AccountSnapshot(cash=account.cash, positions=account.positions)
