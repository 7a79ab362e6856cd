"""The gate: the last look at an order before it becomes an intent. Nothing leaves without passing it.

It asks of the ledger's books what the container's risk manager asked of its own, and then the same of the account as a
whole. While the account is halted only orders that reduce their container's own position pass.
"""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal

from trading.account.ledger import UNALLOCATED, Ledger
from trading.admission import ContainerHoldings, Refusal, malformed, only_reduces, over_limit, unaffordable
from trading.instruments import Instrument
from trading.limits import RiskLimits
from trading.money import total
from trading.order_manager import OrderManager
from trading.orders import OrderTerms


class AccountHoldings:
    """The holdings of the account: positions netted over containers, buys and sells added up apart."""

    def __init__(self, containers: Mapping[str, ContainerHoldings]) -> None:
        self._containers = containers

    def symbols(self) -> Iterable[str]:
        """Symbols with a position or an open order, in a fixed order."""
        return sorted({symbol for holdings in self._containers.values() for symbol in holdings.symbols()})

    def position(self, symbol: str) -> Decimal:
        """Signed units held by all."""
        return total(holdings.position(symbol) for holdings in self._containers.values())

    def working(self, symbol: str) -> tuple[Decimal, Decimal]:
        """Units still to buy and still to sell by all."""
        buys, sells = zip(*(holdings.working(symbol) for holdings in self._containers.values()), strict=True)
        return total(buys), total(sells)

    def open_orders(self) -> int:
        """How many orders are open in all."""
        return sum(holdings.open_orders() for holdings in self._containers.values())

    def equity(self, currency: str) -> Decimal:
        """Cash and marked positions of all containers."""
        return total(holdings.equity(currency) for holdings in self._containers.values())

    def free_cash(self, currency: str, price_of: Callable[[str], Decimal | None]) -> Decimal:
        """Cash of all containers less what their open buys would take."""
        return total(holdings.free_cash(currency, price_of) for holdings in self._containers.values())


class Gate:
    """Says why an order may not leave, or nothing."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        orders: Mapping[str, OrderManager],
        instruments: Mapping[str, Instrument],
        account_limits: RiskLimits,
        limits: Mapping[str, RiskLimits],
        price_of: Callable[[str], Decimal | None],
    ) -> None:
        self.halted = ""
        self._instruments = instruments
        self._account_limits = account_limits
        self._limits = limits
        self._price_of = price_of
        self._holdings = {
            strategy: ContainerHoldings(ledger.of(strategy), manager, instruments)
            for strategy, manager in orders.items()
        }
        unallocated = ContainerHoldings(ledger.unallocated, OrderManager(UNALLOCATED), instruments)
        self._account = AccountHoldings({**self._holdings, UNALLOCATED: unallocated})

    def refusal(self, terms: OrderTerms) -> Refusal | None:
        """The first reason against an order, None when it may leave."""
        instrument = self._instruments.get(terms.symbol)
        if instrument is None:
            return Refusal("unknown_symbol", f"{terms.symbol!r} is no instrument here")
        holdings = self._holdings[terms.strategy]
        if self.halted and not only_reduces(terms, holdings):
            return Refusal("halted", f"trading is halted ({self.halted}); only orders that reduce a position pass")
        return (
            malformed(terms, instrument)
            or unaffordable(terms, instrument, holdings, self._price_of)
            or over_limit(terms, self._limits[terms.strategy], self._instruments, holdings, self._price_of)
            or self._over_account_limit(terms)
        )

    def _over_account_limit(self, terms: OrderTerms) -> Refusal | None:
        if only_reduces(terms, self._holdings[terms.strategy]):
            return None
        refusal = over_limit(terms, self._account_limits, self._instruments, self._account, self._price_of)
        return refusal and Refusal(f"account_{refusal.code}", f"for the account, {refusal.reason}")
