"""The holdings of the account: those of all containers, and of nobody's."""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal

from trading.claims import Addition
from trading.holdings import ContainerHoldings, Holding
from trading.money import EXACT, total
from trading.orders import OrderTerms


class AccountHoldings:
    """Positions netted over containers, buys and sells added up apart."""

    def __init__(self, containers: Mapping[str, ContainerHoldings]) -> None:
        self._containers = containers

    def parts(self) -> Iterator[ContainerHoldings]:
        """The holdings of each container, in the order of the config."""
        yield from self._containers.values()

    def by_symbol(self) -> dict[str, Holding]:
        """Every symbol with a position or an open order of anyone's, in a fixed order."""
        added: dict[str, Holding] = {}
        for holdings in self._containers.values():
            for symbol, more in holdings.by_symbol().items():
                so_far = added.get(symbol)
                added[symbol] = more if so_far is None else Holding(*map(EXACT.add, so_far, more))
        return dict(sorted(added.items()))

    def position(self, symbol: str) -> Decimal:
        """Signed units held by all."""
        return total(holdings.position(symbol) for holdings in self._containers.values())

    def working(self, symbol: str) -> tuple[Decimal, Decimal]:
        """Units still to buy and still to sell by all."""
        buys, sells = zip(*(holdings.working(symbol) for holdings in self._containers.values()), strict=True)
        return total(buys), total(sells)

    def addition(self, terms: OrderTerms) -> Addition:
        """What an order, or other terms of an open one, would add; groups are of one container."""
        return self._containers[terms.strategy].addition(terms)

    def open_orders(self) -> int:
        """How many orders are open in all."""
        return sum(holdings.open_orders() for holdings in self._containers.values())

    def currencies(self) -> list[str]:
        """The currencies in which anyone has cash or a position, in a fixed order."""
        return sorted({currency for holdings in self._containers.values() for currency in holdings.currencies()})

    def equity(self, currency: str) -> Decimal:
        """Cash and marked positions of all containers in one currency."""
        return total(holdings.equity(currency) for holdings in self._containers.values())

    def free_cash(self, currency: str, price_of: Callable[[str], Decimal | None]) -> Decimal:
        """Cash of all containers less what their open buys would take."""
        return total(holdings.free_cash(currency, price_of) for holdings in self._containers.values())
