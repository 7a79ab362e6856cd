"""The gate: the last look at an order before it becomes an intent. Nothing leaves without passing it.

It asks of the ledger's books what the container's risk manager asked of its own, and then the same of the account as a
whole. While the account is halted only orders that reduce their container's own position pass.
"""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Final

from trading.account.ledger import UNALLOCATED, Ledger
from trading.admission import Admission, only_reduces, over_limit
from trading.capabilities import Capabilities
from trading.claims import Addition
from trading.holdings import ContainerHoldings, Holdings
from trading.instruments import Instrument
from trading.limits import RiskLimits
from trading.money import total
from trading.order_manager import OrderManager
from trading.order_validator import OrderValidator
from trading.orders import OrderTerms
from trading.refusals import Refusal

_NO_LIMITS: Final = RiskLimits()


class AccountHoldings:
    """The holdings of the account: positions netted over containers, buys and sells added up apart."""

    def __init__(self, containers: Mapping[str, Holdings]) -> None:
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

    def addition(self, terms: OrderTerms) -> Addition:
        """What an order, or other terms of an open one, would add; groups are of one container."""
        return self._containers[terms.strategy].addition(terms)

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
    """Says why an order, or an amendment, may not leave, or nothing. `capabilities` are the market's."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        orders: Mapping[str, OrderManager],
        instruments: Mapping[str, Instrument],
        capabilities: Capabilities,
        account_limits: RiskLimits,
        limits: Mapping[str, RiskLimits],
        price_of: Callable[[str], Decimal | None],
    ) -> None:
        self.halted = ""
        self._instruments = instruments
        self._account_limits = account_limits
        self._price_of = price_of
        validator = OrderValidator(instruments, capabilities)
        self._admissions = {
            strategy: Admission(
                validator=validator,
                orders=manager,
                portfolio=ledger.of(strategy),
                instruments=instruments,
                limits=limits[strategy],
                price_of=price_of,
            )
            for strategy, manager in orders.items()
        }
        unallocated = ContainerHoldings(ledger.unallocated, OrderManager(UNALLOCATED), instruments)
        holdings = {strategy: admission.holdings for strategy, admission in self._admissions.items()}
        self._account = AccountHoldings({**holdings, UNALLOCATED: unallocated})

    def refusal(self, terms: OrderTerms) -> Refusal | None:
        """The first reason against an order, None when it may leave."""
        admission = self._admissions[terms.strategy]
        return admission.misfit(terms) or self._excess(terms, admission)

    def amend_refusal(self, terms: OrderTerms) -> Refusal | None:
        """The first reason against other terms of an order, None when they may leave."""
        admission = self._admissions[terms.strategy]
        return admission.amend_misfit(terms) or self._excess(terms, admission)

    def _excess(self, terms: OrderTerms, admission: Admission) -> Refusal | None:
        if self.halted and not only_reduces(terms, admission.holdings):
            return Refusal("halted", f"trading is halted ({self.halted}); only orders that reduce a position pass")
        return admission.excess(terms) or self._over_account_limit(terms, admission)

    def _over_account_limit(self, terms: OrderTerms, admission: Admission) -> Refusal | None:
        if self._account_limits == _NO_LIMITS or only_reduces(terms, admission.holdings):
            return None
        refusal = over_limit(terms, self._account_limits, self._instruments, self._account, self._price_of)
        return refusal and Refusal(f"account_{refusal.code}", f"for the account, {refusal.reason}")
