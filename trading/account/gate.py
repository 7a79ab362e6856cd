"""The gate: the last look at an order before it becomes an intent. Nothing leaves without passing it.

It asks of the ledger's books what the container's risk manager asked of its own, and then the same of the account as a
whole. While the account is halted only orders pass that reduce both their container's own position and the account's,
netted over all.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final

from trading.account.ledger import UNALLOCATED, Ledger
from trading.account.transfers import Transfer
from trading.admission import Admission, over_limit
from trading.affordability import beyond_margin, offered_refusal, spare_refusal
from trading.appraiser import Appraiser
from trading.capabilities import Capabilities
from trading.claims import Addition
from trading.holdings import ContainerHoldings, Holding, Holdings, only_reduces
from trading.instruments import Instrument
from trading.limits import RiskLimits
from trading.money import EXACT, total
from trading.order_manager import OrderManager
from trading.order_validator import OrderValidator
from trading.orders import OrderTerms, Side
from trading.refusals import Refusal

_NO_LIMITS: Final = RiskLimits()
_OF_ALL: Final = ("no_price", "no_rate")
"""What is missing is missing for all."""


class AccountHoldings:
    """The holdings of the account: positions netted over containers, buys and sells added up apart."""

    def __init__(self, containers: Mapping[str, Holdings]) -> None:
        self._containers = containers

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
        self._account_limits = account_limits
        self._appraiser = Appraiser(instruments, price_of)
        validator = OrderValidator(instruments, capabilities)
        self._admissions = {
            strategy: Admission(
                validator=validator,
                orders=manager,
                portfolio=ledger.of(strategy),
                limits=limits[strategy],
                appraiser=self._appraiser,
            )
            for strategy, manager in orders.items()
        }
        self._unallocated = ContainerHoldings(ledger.unallocated, OrderManager(UNALLOCATED), instruments)
        holdings = {strategy: admission.holdings for strategy, admission in self._admissions.items()}
        self._account = AccountHoldings({**holdings, UNALLOCATED: self._unallocated})

    def refusal(self, terms: OrderTerms) -> Refusal | None:
        """The first reason against an order, None when it may leave."""
        admission = self._admissions[terms.strategy]
        return admission.misfit(terms) or self._excess(terms, admission)

    def amend_refusal(self, terms: OrderTerms) -> Refusal | None:
        """The first reason against other terms of an order, None when they may leave."""
        admission = self._admissions[terms.strategy]
        return admission.amend_misfit(terms) or self._excess(terms, admission)

    def sent_as_reduce_only(self, terms: OrderTerms) -> bool:
        """Whether a reduce-only order may be sent as one: the venue knows the account's position alone, and would cut
        or refuse what reduces a container's but not that."""
        return terms.reduce_only and only_reduces(terms, self._account)

    def transfer_refusal(self, transfer: Transfer) -> Refusal | None:
        """Why a strategy cannot spare what is to be moved from its book, None when it can, or it is no strategy's."""
        admission = self._admissions.get(transfer.source)
        if admission is None:
            return None
        if transfer.symbol:
            return offered_refusal(transfer.source, transfer.symbol, transfer.amount, admission.holdings)
        return spare_refusal(transfer.source, transfer.currency, transfer.amount, admission.holdings, self._appraiser)

    def _excess(self, terms: OrderTerms, admission: Admission) -> Refusal | None:
        if self.halted and (refusal := self._more_than_reduces(terms, admission)):
            return refusal
        return (
            self._against_unallocated(terms, admission)
            or admission.excess(terms)
            or self._beyond_account(terms, admission)
        )

    def _more_than_reduces(self, terms: OrderTerms, admission: Admission) -> Refusal | None:
        """What a halt holds back: whatever could add to its container's position or, netted over all, the account's."""
        halted = f"trading is halted ({self.halted}); only orders that reduce"
        if not only_reduces(terms, admission.holdings):
            return Refusal("halted", f"{halted} a position pass")
        if not admission.holdings.addition(terms).units or only_reduces(terms, self._account):
            return None
        net, (buys, sells) = self._account.position(terms.symbol), self._account.working(terms.symbol)
        works = buys if terms.side is Side.BUY else sells
        return Refusal(
            "halted_net",
            f"{halted} the account's position too pass: a {terms.side} of {terms.quantity} {terms.symbol} could do "
            f"more, with {net} held and {works} working already over all strategies",
        )

    def _against_unallocated(self, terms: OrderTerms, admission: Admission) -> Refusal | None:
        """Whether an order would close what the account has no more: `unallocated` holds the opposite, of a liquidation
        or of trades that were no container's, and to sell it again would leave the account with that."""
        symbol, loose = terms.symbol, self._unallocated.position(terms.symbol)
        if not loose:
            return None
        held, (buys, sells) = admission.holdings.position(symbol), admission.holdings.working(symbol)
        if not held or (held > 0) is (loose > 0) or (held > 0) is (terms.side is Side.BUY):
            return None
        against = self._appraiser.instruments[symbol].whole_lots(loose).copy_abs()
        works, added = sells if terms.side is Side.SELL else buys, admission.holdings.addition(terms).units
        if not (against and added) or EXACT.add(works, added) <= EXACT.subtract(held.copy_abs(), against):
            return None
        move = min(against, held.copy_abs())
        return Refusal(
            "unallocated_against",
            f"{UNALLOCATED} holds {loose} {symbol} against the {held} of {terms.strategy}: move them together first, "
            f"bulkhead account transfer --from {terms.strategy} --to {UNALLOCATED} --symbol {symbol} {move}",
        )

    def _beyond_account(self, terms: OrderTerms, admission: Admission) -> Refusal | None:
        """What the account as a whole has against an order that is more than a reduction for its container."""
        if self._appraiser.margin_currency is None and self._account_limits == _NO_LIMITS:
            return None
        if only_reduces(terms, admission.holdings):
            return None
        refusal = beyond_margin(terms, self._account, self._appraiser) or over_limit(
            terms, self._account_limits, self._account, self._appraiser
        )
        if refusal is None or refusal.code in _OF_ALL:
            return refusal
        return Refusal(f"account_{refusal.code}", f"for the account, {refusal.reason}")
