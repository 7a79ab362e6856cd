"""What each operation of the protocol does at the exchange, and the faults that befall it there: races and views."""

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from tests.venue.books import Account
from tests.venue.exchange import Exchange
from tests.venue.faults import Fault
from tests.venue.records import Execution, Order, Refused, Status
from tests.venue.wire import Asked, account_told, changes, fill_told, order_told, ticket
from trading.orders import Side
from trading.timestamps import DAY, SECOND

_STATUSES: Final = {"unknown_order": 404, "not_open": 409, "duplicate_id": 409}

Row = TypeVar("Row", Order, Execution)


def status_of(refused: Refused) -> int:
    """The status of HTTP that goes with a refusal."""
    return _STATUSES.get(refused.code, 400)


class Operations:
    """Carries out what is asked; lists come in pages of so many."""

    def __init__(self, exchange: Exchange, *, page: int) -> None:
        self._exchange = exchange
        self._page = page
        self._do: dict[str, Callable[[Asked, dict[str, Fault], int], dict[str, Any]]] = {
            "time": lambda *_: {},
            "place": self._place,
            "cancel": self._cancel,
            "amend": self._amend,
            "hold": self._hold,
            "find": self._find,
            "open_orders": self._open_orders,
            "fills": self._fills,
            "account": self._account,
        }

    def carry_out(self, what: Asked, faults: dict[str, Fault], now_ns: int) -> dict[str, Any]:
        """What is answered; Refused where it is not done."""
        return self._do[what.operation](what, faults, now_ns)

    def bust_last(self, cid: str, now_ns: int) -> None:
        """Annul the last fill of the orders with a client order id, if there is any."""
        mine = [fill for fill in self._exchange.books.fills if fill.cid == cid and not fill.busted]
        if mine:
            self._exchange.bust(mine[-1].number, now_ns)

    def trade_manually(self, fault: Fault, what: Asked, now_ns: int) -> None:
        """Somebody trades the symbol of an order by hand: `<side>:<quantity>`."""
        order = self._exchange.books.find(what.cid)
        symbol = str(what.body.get("symbol", "")) if order is None else order.ticket.symbol
        side, _, quantity = fault.argument.partition(":")
        if symbol in self._exchange.listings:
            self._exchange.trade_manually(symbol, Side(side), quantity, now_ns, price=None)

    # Commands.

    def _place(self, what: Asked, faults: dict[str, Fault], now_ns: int) -> dict[str, Any]:
        order = self._exchange.place(ticket(what.body), now_ns)
        self._race(what, faults.get("race"), now_ns, before=True)
        self._race(what, faults.get("race"), now_ns, before=False)
        return {"order": order_told(order)}

    def _cancel(self, what: Asked, faults: dict[str, Fault], now_ns: int) -> dict[str, Any]:
        self._race(what, faults.get("race"), now_ns, before=True)
        order = self._exchange.cancel(what.cid, now_ns)
        self._race(what, faults.get("race"), now_ns, before=False)
        return {"order": order_told(order)}

    def _amend(self, what: Asked, faults: dict[str, Fault], now_ns: int) -> dict[str, Any]:
        self._race(what, faults.get("race"), now_ns, before=True)
        order = self._exchange.amend(what.cid, now_ns, **changes(what.body))
        self._race(what, faults.get("race"), now_ns, before=False)
        return {"order": order_told(order)}

    def _hold(self, what: Asked, faults: dict[str, Fault], now_ns: int) -> dict[str, Any]:
        timeout_ns = what.body.get("timeout_ns")
        if not isinstance(timeout_ns, int) or (timeout_ns and not SECOND <= timeout_ns <= DAY):
            raise Refused("bad_request", "timeout_ns is nanoseconds, from a second to a day, or zero")
        return {"deadline_ns": self._exchange.hold(timeout_ns, now_ns)}

    def _race(self, what: Asked, fault: Fault | None, now_ns: int, *, before: bool) -> None:
        if fault is None or before is (fault.kind == "fill_after"):
            return
        match fault.kind:
            case "fill" | "fill_after":
                self._exchange.fill(what.cid, now_ns, fault.argument or None)
            case "end":
                self._exchange.end(what.cid, Status.CANCELLED, now_ns)
            case "reject":
                self._exchange.end(what.cid, Status.REJECTED, now_ns, "risk", "the venue has thought again")
            case "forget":
                self._exchange.forget(what.cid, now_ns)
            case "manual":
                self.trade_manually(fault, what, now_ns)

    # Questions.

    def _find(self, what: Asked, faults: dict[str, Fault], now_ns: int) -> dict[str, Any]:
        view = faults.get("view")
        order = self._exchange.books.find(what.cid, self._step(view, now_ns))
        if order is None or (view is not None and view.kind == "absent"):
            raise Refused("unknown_order", f"no order has client id {what.cid}")
        return {"order": order_told(order)}

    def _open_orders(self, what: Asked, faults: dict[str, Fault], now_ns: int) -> dict[str, Any]:
        view = faults.get("view")
        orders = self._exchange.books.open_orders(self._step(view, now_ns))
        shown, told = self._paged(orders, what, view)
        return {"orders": [order_told(order) for order in shown], **told}

    def _fills(self, what: Asked, faults: dict[str, Fault], now_ns: int) -> dict[str, Any]:
        view = faults.get("view")
        since_ns = int(what.query.get("since", "0"))
        fills = self._exchange.books.executions(since_ns, self._step(view, now_ns))
        shown, told = self._paged(fills, what, view)
        return {"fills": [fill_told(fill) for fill in shown], **told}

    def _account(self, what: Asked, faults: dict[str, Fault], now_ns: int) -> dict[str, Any]:
        view = faults.get("view")
        account, kind = self._exchange.books.account(self._step(view, now_ns)), None if view is None else view.kind
        if kind == "empty":
            account = Account(cash={}, positions={})
        elif view is not None and kind in ("missing", "partial"):
            kept = list(account.positions.items())[: -view.count()]
            account = Account(cash=account.cash, positions=dict(kept))
        return {**account_told(account), "complete": kind != "partial"}

    def _paged(self, rows: Sequence[Row], what: Asked, view: Fault | None) -> tuple[Sequence[Row], dict[str, Any]]:
        """One page after the row with the number of `after`, where the next one begins, and whether all is there."""
        kind = None if view is None else view.kind
        if kind == "empty":
            rows = []
        elif view is not None and kind in ("missing", "partial"):
            rows = rows[: -view.count()]
        after = int(what.query.get("after", "-1"))
        left = [row for row in rows if row.number > after]
        shown = left[: self._page]
        more = len(left) > len(shown)
        return shown, {"next": str(shown[-1].number) if more else None, "complete": kind != "partial"}

    def _step(self, view: Fault | None, now_ns: int) -> int | None:
        seen = self._exchange.seen_step(now_ns)
        if view is None or view.kind != "stale":
            return seen
        latest = self._exchange.books.step if seen is None else seen
        return max(0, latest - view.count())
