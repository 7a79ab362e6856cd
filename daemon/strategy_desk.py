"""Strategies for people: how each stands, what it is made of, and what it holds."""

from collections.abc import Callable, Iterable
from typing import Any

from daemon.api.operations import unknown_strategy
from daemon.api.views import (
    ISOLATION_NOTES,
    PositionView,
    StrategyDetailView,
    StrategyState,
    StrategyView,
    subscription_text,
)
from daemon.book_views import AccountValues, position_view
from daemon.config.conversion import limit_texts
from daemon.fleet import StrategyEntry
from daemon.shells import Shell
from trading.account.ledger import UNALLOCATED
from trading.portfolio import VirtualPortfolio


class StrategyDesk:
    """Looks at the strategies of one floor, in the config's order; they run once the floor `is_ready`. UnknownStrategy
    for an id that none has."""

    def __init__(self, shell: Shell, values: AccountValues, is_ready: Callable[[], bool]) -> None:
        self._shell = shell
        self._values = values
        self._is_ready = is_ready

    def all(self) -> list[StrategyView]:
        """Every strategy, in the config's order."""
        return [StrategyView(**self._strategy_fields(entry)) for entry in self._shell.floor.fleet.strategies]

    def one(self, strategy_id: str) -> StrategyDetailView:
        """One strategy in full."""
        entry = self.entry(strategy_id)
        return StrategyDetailView(
            **self._strategy_fields(entry),
            params=entry.params,
            subscriptions=[subscription_text(one) for one in self._shell.floor.subscriptions[strategy_id]],
            positions=self.positions(strategy_id),
            limits=limit_texts(entry.limits),
        )

    def positions(self, strategy_id: str | None = None) -> list[PositionView]:
        """What is held, flat positions left out."""
        books: Iterable[VirtualPortfolio] = self._shell.floor.lockstep.router.ledger.all_books()
        if strategy_id is not None:
            books = [self._any_book(strategy_id)]
        return [
            position_view(book, position, self._shell.floor.fleet.instruments[position.symbol])
            for book in books
            for position in book.positions.values()
            if position.quantity
        ]

    def entry(self, strategy_id: str) -> StrategyEntry:
        """What the config has of one."""
        fleet = self._shell.floor.fleet
        entry = fleet.entry(strategy_id)
        if entry is None:
            raise unknown_strategy(strategy_id, [one.id for one in fleet.strategies])
        return entry

    def owner(self, strategy_id: str | None) -> str | None:
        """Whose is asked for: everybody's, a strategy's, or what is nobody's."""
        return strategy_id if strategy_id in (None, UNALLOCATED) else self.entry(strategy_id).id

    # Within.

    def _any_book(self, owner: str) -> VirtualPortfolio:
        ledger = self._shell.floor.lockstep.router.ledger
        return ledger.unallocated if owner == UNALLOCATED else ledger.of(self.entry(owner).id)

    def _strategy_fields(self, entry: StrategyEntry) -> dict[str, Any]:
        router, values = self._shell.floor.lockstep.router, self._values
        book, orders, host = router.ledger.of(entry.id), router.orders[entry.id], self._shell.floor.hosts[entry.id]
        return {
            "id": entry.id,
            "class_path": entry.reference,
            "isolation": entry.isolation,
            "isolation_note": ISOLATION_NOTES.get(entry.isolation, ""),
            "state": self._state_of(entry.id),
            "capital": values.of(book.capital),
            "equity": values.equity(book),
            "cash": values.of(book.cash),
            "realised": values.of({code: book.realised(code) for code in book.currencies()}),
            "unrealised": values.of({code: book.unrealised(code) for code in book.currencies()}),
            "fees": values.of(book.fees),
            "income": {kind: dict(amounts) for kind, amounts in book.income.items()},
            "max_drawdown": 0.0 - book.max_drawdown.get(self._shell.floor.fleet.currency, 0.0),
            "orders": orders.added,
            "fills": book.fills,
            "open_orders": orders.open_count,
            "reason": router.tripped.get(entry.id, ""),
            "restarts": host.restarts,
            "conflated": host.conflated,
            "kept_bars": sum(one.keep for one in self._shell.floor.subscriptions.get(entry.id, ())),
        }

    def _state_of(self, strategy_id: str) -> StrategyState:
        if strategy_id in self._shell.floor.lockstep.router.tripped:
            return "tripped"
        return "running" if self._is_ready() else "warming"
