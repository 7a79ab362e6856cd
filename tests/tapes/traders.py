"""Strategies that do what a tape says: they ask for things, and remember what they were told.

They repeat themselves as real ones do: after a restart they have asked for what was taken, and nothing more.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import pairwise

from trading.commands import AmendOrder, CancelOrder, Command, SubmitOrder
from trading.money import EXACT, ZERO
from trading.order_manager import OrderManager
from trading.orders import OrderTerms, OrderType, Side, TimeInForce
from trading.postings import Report
from trading.reports import ExecutionReport, ReportKind
from trading.timestamps import parse_interval

_TYPES = {
    (False, False): OrderType.MARKET,
    (True, False): OrderType.LIMIT,
    (False, True): OrderType.STOP,
    (True, True): OrderType.STOP_LIMIT,
}


class Trader:
    """One strategy. `asked` are its commands so far, `held` the units that it was told of."""

    def __init__(self, strategy: str) -> None:
        self.strategy = strategy
        self.asked: list[Command] = []
        self.held: dict[str, Decimal] = {}

    def rewind(self, taken: int, held: Mapping[str, Decimal]) -> None:
        """So many of its commands were taken, and it knew of so much; what it was told since is told again."""
        del self.asked[taken:]
        self.held = dict(held)

    def hear(self, reports: Iterable[Report]) -> None:
        """Take note of what filled."""
        for report in reports:
            if isinstance(report, ExecutionReport) and report.fill is not None:
                fill = report.fill
                side = fill.side.opposite if report.kind is ReportKind.BUSTED else fill.side
                self.held[fill.symbol] = EXACT.add(self.held.get(fill.symbol, ZERO), side.signed(fill.quantity))

    @property
    def placed(self) -> int:
        """How many orders it has asked for."""
        return sum(isinstance(command, SubmitOrder) for command in self.asked)

    def asks(self, words: Sequence[str], orders: OrderManager, now_ns: int) -> Command | None:
        """The command that words mean, None where there is nothing to be asked for."""
        verb, what = words[0], words[1:]
        command: Command | None
        if verb == "cancels":
            command = self._cancel(self._place(what[0]), now_ns)
        elif verb == "amends":
            command = self._amend(self._place(what[0]), what[1:], orders, now_ns)
        elif verb == "wants":
            command = self._aim(Decimal(what[0]), what[1], orders, now_ns)
        else:
            side = Side.BUY if verb == "buys" else Side.SELL
            command = self._order(side, Decimal(what[0]), what[1], what[2:], now_ns)
        if command is not None:
            self.asked.append(command)
        return command

    def _order(self, side: Side, quantity: Decimal, symbol: str, more: Sequence[str], now_ns: int) -> Command:
        said = " ".join(more)
        told = dict(pairwise(more))
        limit, stop = told.get("at"), told.get("over") or told.get("under")
        expires_ns = now_ns + parse_interval(told["for"]) if "for" in told else None
        lasting = TimeInForce.GTC if expires_ns is None else TimeInForce.GTD
        terms = OrderTerms(
            order_id=f"{self.strategy}-{self.placed + 1}",
            strategy=self.strategy,
            symbol=symbol,
            side=side,
            quantity=quantity,
            created_ns=now_ns,
            type=_TYPES[limit is not None, stop is not None],
            limit_price=None if limit is None else Decimal(limit),
            stop_price=None if stop is None else Decimal(stop),
            time_in_force=TimeInForce.IOC if "now" in more else lasting,
            expires_ns=expires_ns,
            reduce_only="to reduce" in said,
        )
        return SubmitOrder(strategy=self.strategy, n=len(self.asked) + 1, terms=terms)

    def _place(self, word: str) -> int:
        return self.placed if word == "last" else int(word)

    def _cancel(self, place: int, now_ns: int) -> Command | None:
        if self.placed < place:
            return None
        order_id = f"{self.strategy}-{place}"
        return CancelOrder(strategy=self.strategy, n=len(self.asked) + 1, order_id=order_id, ts_ns=now_ns)

    def _amend(self, place: int, more: Sequence[str], orders: OrderManager, now_ns: int) -> Command | None:
        order = orders.get(f"{self.strategy}-{place}")
        if order is None:
            return None
        told = dict(pairwise(more))
        changed = {"quantity": Decimal(told["to"])} | ({"limit_price": Decimal(told["at"])} if "at" in told else {})
        fields = {name: getattr(order.terms, name) for name in order.terms.__struct_fields__}
        terms = OrderTerms(**{**fields, **changed})
        return AmendOrder(strategy=self.strategy, n=len(self.asked) + 1, terms=terms, ts_ns=now_ns)

    def _aim(self, units: Decimal, symbol: str, orders: OrderManager, now_ns: int) -> Command | None:
        missing = EXACT.subtract(units, self.held.get(symbol, ZERO))
        if not missing or orders.open(symbol):
            return None
        return self._order(Side.BUY if missing > 0 else Side.SELL, missing.copy_abs(), symbol, (), now_ns)
