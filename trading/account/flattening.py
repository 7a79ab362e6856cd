"""Closing what a scope holds, after its breaker opened: market orders that reduce, once nothing of it works any more.

A container closes its own position. Of the whole account only the net position is closed, in the order of the config:
books that stand against each other are flat together, and an order of one would open the account's position again.
Each symbol is closed once; what is left of it is for people.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from trading.account.ledger import Ledger
from trading.account.triggers import ACCOUNT
from trading.instruments import Instrument
from trading.money import EXACT, ZERO, total
from trading.order_manager import OrderManager
from trading.orders import OrderTerms, Side


class Closing(msgspec.Struct, frozen=True, kw_only=True):
    """A symbol that is to be closed for a scope, and why."""

    scope: str
    symbol: str
    reason: str


class Exit(NamedTuple):
    """An order that closes something for a scope."""

    scope: str
    terms: OrderTerms


class Left(NamedTuple):
    """Something that is not closed for a scope, in words."""

    scope: str
    words: str


class Flattening:
    """Makes the orders `<strategy>-x<n>`; whoever asks sends them, or refuses them."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        orders: Mapping[str, OrderManager],
        instruments: Mapping[str, Instrument],
        price_of: Callable[[str], Decimal | None],
    ) -> None:
        self._ledger = ledger
        self._orders = orders
        self._instruments = instruments
        self._price_of = price_of
        self._closings: list[Closing] = []
        self._numbers: dict[str, int] = {}

    def __bool__(self) -> bool:
        return bool(self._closings)

    def strategies(self, scope: str) -> Sequence[str]:
        """Whose positions are a scope's, in the order of the config."""
        return [scope] if scope in self._orders else list(self._orders)

    def unpriced(self, scope: str) -> list[str]:
        """The symbols held in a scope of which no price is known."""
        return [symbol for symbol in self._held(scope) if self._price_of(symbol) is None]

    def has_position(self, strategy: str) -> bool:
        """Whether a strategy holds anything."""
        return any(position.quantity for position in self._ledger.of(strategy).positions.values())

    def begin(self, scope: str, reason: str) -> None:
        """Close every symbol that a scope holds or has orders in, as soon as may be."""
        working = {order.terms.symbol for one in self.strategies(scope) for order in self._orders[one].open()}
        for symbol in sorted(working.union(self._held(scope))):
            self._closings.append(Closing(scope=scope, symbol=symbol, reason=reason))

    def give_up(self, scope: str) -> None:
        """Close nothing more of a scope."""
        self._closings = [one for one in self._closings if one.scope != scope]

    def is_closing(self, strategy: str, symbol: str) -> bool:
        """Whether a position waits to be closed: another order in it would only hold that up."""
        return any(one.symbol == symbol and one.scope in (strategy, ACCOUNT) for one in self._closings)

    def ready(self, now_ns: int) -> Iterator[Exit | Left]:
        """What may be closed now, since nothing of its scope works in it; each is told once."""
        for closing in list(self._closings):
            if not any(self._orders[one].open(closing.symbol) for one in self.strategies(closing.scope)):
                self._closings.remove(closing)
                yield from self._exits(closing, now_ns)

    def waits(self) -> Iterator[Left]:
        """What keeps closings from being made, since it still works, or nobody knows that it does not."""
        for closing in self._closings:
            orders = (self._orders[strategy].open(closing.symbol) for strategy in self.strategies(closing.scope))
            still = ", ".join(order.order_id for found in orders for order in found)
            yield Left(closing.scope, f"{closing.symbol} is not closed before the end of {still}")

    def state(self) -> dict[str, Any]:
        """Everything that `restore` needs."""
        return {"closings": list(self._closings), "numbers": dict(self._numbers)}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Become the one that gave this state, without scopes that are there no more."""
        closings = msgspec.convert(state["closings"], list[Closing])
        self._closings = [one for one in closings if one.scope == ACCOUNT or one.scope in self._orders]
        self._numbers = dict(state["numbers"])

    def _exits(self, closing: Closing, now_ns: int) -> Iterator[Exit | Left]:
        scope, symbol = closing.scope, closing.symbol
        net = total(book.quantity(symbol) for book in self._ledger.all_books())
        for strategy in self.strategies(scope):
            held = self._ledger.of(strategy).quantity(symbol)
            units = self._instruments[symbol].whole_lots(held if scope == strategy else _common(held, net))
            if units and self._price_of(symbol) is None:
                yield Left(scope, f"{strategy} holds {held} {symbol}, of which no price is known")
                continue
            if units != held:
                why = "is no whole lot" if scope == strategy else "stands against other books"
                yield Left(scope, f"of {strategy} {EXACT.subtract(held, units)} {symbol} {why}")
            if units:
                net = EXACT.subtract(net, units)
                yield Exit(scope, self._terms(strategy, closing, units, now_ns))

    def _terms(self, strategy: str, closing: Closing, units: Decimal, now_ns: int) -> OrderTerms:
        return OrderTerms(
            order_id=self._next_id(strategy),
            strategy=strategy,
            symbol=closing.symbol,
            side=Side.SELL if units > 0 else Side.BUY,
            quantity=units.copy_abs(),
            created_ns=now_ns,
            reduce_only=True,
            reason=closing.reason,
        )

    def _next_id(self, strategy: str) -> str:
        n = self._numbers.get(strategy, 0) + 1
        while self._orders[strategy].get(f"{strategy}-x{n}") is not None:
            n += 1
        self._numbers[strategy] = n
        return f"{strategy}-x{n}"

    def _held(self, scope: str) -> list[str]:
        held = (self._ledger.of(strategy).positions.values() for strategy in self.strategies(scope))
        return sorted({position.symbol for positions in held for position in positions if position.quantity})


def _common(held: Decimal, net: Decimal) -> Decimal:
    """How much of a position is of the account's too, signed."""
    if not held or not net or (held > 0) is not (net > 0):
        return ZERO
    return min(held, net, key=Decimal.copy_abs)
