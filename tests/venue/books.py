"""The exchange's books: orders, fills, cash and positions, now and as they were some steps ago."""

from bisect import bisect_right
from collections import Counter, defaultdict, deque
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

import msgspec

from tests.venue.records import (
    Deposited,
    Effect,
    Execution,
    FillBusted,
    FillPut,
    IdsRolled,
    Order,
    OrderPut,
    Received,
    RefusedPut,
    Status,
    TimerSet,
)
from tests.venue.store import Store
from trading.money import EXACT, ZERO

_ACCOUNTS_KEPT: Final = 1_000
"""How many versions of cash and positions may be asked for; older ones are as the oldest that is kept."""


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """Cash by currency and signed units by symbol, neither with zeros."""

    cash: dict[str, Decimal]
    positions: dict[str, Decimal]


class Books:
    """Everything that the exchange knows. Nothing but `put` changes it, and `commit` ends a step.

    `step` counts the steps that changed something. Reads take the step as of which they look, None for now.
    `recovered` are the effects of earlier lives.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._pending: list[Effect] = []
        self.step = 0
        self.orders: list[Order] = []
        self.working: dict[int, None] = {}
        self.fills: list[Execution] = []
        self.cash: defaultdict[str, Decimal] = defaultdict(lambda: ZERO)
        self.positions: defaultdict[str, Decimal] = defaultdict(lambda: ZERO)
        self.trades: Counter[str] = Counter()
        self.refusals: list[RefusedPut] = []
        self.next_id = 1
        self.deadline_ns = 0
        self._by_cid: defaultdict[str, list[int]] = defaultdict(list)
        self._versions: list[list[tuple[int, Order]]] = []
        self._fill_steps: list[int] = []
        self._accounts: deque[tuple[int, Account]] = deque([(0, Account(cash={}, positions={}))], _ACCOUNTS_KEPT)
        self.recovered: list[Effect] = []
        for effects in store.steps():
            self.recovered += effects
            for effect in effects:
                self._take(effect)
            self._end_step(effects)

    def put(self, effect: Effect) -> None:
        """Let an effect be, as part of the step that is under way."""
        self._take(effect)
        self._pending.append(effect)

    def commit(self) -> list[Effect]:
        """End the step: it is kept from here on. Gives its effects."""
        effects, self._pending = self._pending, []
        if effects:
            self._store.append(effects)
            self._end_step(effects)
        return effects

    # What was and is.

    def order(self, number: int, step: int | None = None) -> Order | None:
        """An order by its number, None where it had not come by then."""
        if step is None:
            return self.orders[number]
        versions = self._versions[number]
        place = bisect_right(versions, step, key=lambda version: version[0])
        return versions[place - 1][1] if place else None

    def find(self, cid: str, step: int | None = None) -> Order | None:
        """The latest order of a client order id, unless it is forgotten."""
        for number in reversed(self._by_cid.get(cid, [])):
            order = self.order(number, step)
            if order is not None and not order.forgotten:
                return order
        return None

    def has_had(self, cid: str) -> bool:
        """Whether any order ever came under a client order id."""
        return cid in self._by_cid

    def open_orders(self, step: int | None = None) -> list[Order]:
        """What works, by arrival."""
        found = (self.order(number, step) for number in (self.working if step is None else range(len(self.orders))))
        return [order for order in found if order is not None and order.status is Status.OPEN and not order.forgotten]

    def executions(self, since_ns: int = 0, step: int | None = None) -> list[Execution]:
        """What was traded at or after a time, without what was annulled."""
        seen = len(self.fills) if step is None else bisect_right(self._fill_steps, step)
        return [fill for fill in self.fills[:seen] if fill.ts_ns >= since_ns and not fill.busted]

    def account(self, step: int | None = None) -> Account:
        """What the account holds."""
        if step is None:
            return self._snapshot()
        return next((account for at, account in reversed(self._accounts) if at <= step), self._accounts[0][1])

    def dump(self) -> dict[str, Any]:
        """Everything ever, of plain values: what an oracle compares with. Amounts are text."""
        account = self._snapshot()
        plain: dict[str, Any] = msgspec.to_builtins(
            {
                "step": self.step,
                "orders": self.orders,
                "fills": self.fills,
                "cash": account.cash,
                "positions": account.positions,
                "refusals": self.refusals,
                "deadline_ns": self.deadline_ns,
            }
        )
        return plain

    # How it comes to be.

    def _take(self, effect: Effect) -> None:
        match effect:
            case OrderPut(order=order):
                self._take_order(order)
            case FillPut(fill=fill):
                self.fills.append(fill)
                self.trades[fill.symbol] = int(fill.trade_id)
                self._book(fill, Decimal(1))
            case FillBusted(number=number):
                fill = self.fills[number]
                self.fills[number] = msgspec.structs.replace(fill, busted=True)
                self._book(fill, Decimal(-1))
            case Deposited(currency=currency, amount=amount):
                self.cash[currency] = EXACT.add(self.cash[currency], amount)
            case Received(symbol=symbol, quantity=quantity):
                self.positions[symbol] = EXACT.add(self.positions[symbol], quantity)
            case TimerSet(deadline_ns=deadline_ns):
                self.deadline_ns = deadline_ns
            case IdsRolled(next_id=next_id):
                self.next_id = next_id
            case RefusedPut():
                self.refusals.append(effect)

    def _take_order(self, order: Order) -> None:
        is_new = order.number == len(self.orders)
        if is_new or order.venue_id != self.orders[order.number].venue_id:
            self.next_id = int(order.venue_id.removeprefix("v")) + 1
        if is_new:
            self.orders.append(order)
            self._versions.append([])
            self._by_cid[order.ticket.cid].append(order.number)
        else:
            self.orders[order.number] = order
        if order.status is Status.OPEN and not order.forgotten:
            self.working[order.number] = None
        else:
            self.working.pop(order.number, None)

    def _book(self, fill: Execution, times: Decimal) -> None:
        signed = EXACT.multiply(fill.side.signed(fill.quantity), times)
        paid = EXACT.multiply(fill.side.signed(fill.notional), times)
        self.positions[fill.symbol] = EXACT.add(self.positions[fill.symbol], signed)
        self.cash[fill.currency] = EXACT.subtract(self.cash[fill.currency], paid)
        self.cash[fill.fee_currency] = EXACT.subtract(self.cash[fill.fee_currency], EXACT.multiply(fill.fee, times))

    def _end_step(self, effects: Sequence[Effect]) -> None:
        self.step += 1
        for effect in effects:
            if isinstance(effect, OrderPut):
                self._versions[effect.order.number].append((self.step, effect.order))
        self._fill_steps += [self.step] * (len(self.fills) - len(self._fill_steps))
        if any(isinstance(effect, FillPut | FillBusted | Deposited | Received) for effect in effects):
            self._accounts.append((self.step, self._snapshot()))

    def _snapshot(self) -> Account:
        return Account(
            cash={code: amount for code, amount in self.cash.items() if amount},
            positions={symbol: units for symbol, units in self.positions.items() if units},
        )
