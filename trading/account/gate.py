"""The gate: the last look at an order before it becomes an intent. Nothing leaves without passing it.

It asks of the ledger's books what the container's risk manager asked of its own, and then the same of the account as a
whole; what would trade with the account's own orders meets self-trade prevention last. Under a restriction only orders
pass that reduce: their container's own position, and where it is of the account, that of all containers netted too.
"""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any, Final

from trading.account.breakers import Restriction
from trading.account.holdings import AccountHoldings
from trading.account.ledger import UNALLOCATED, Ledger
from trading.account.self_trade import SelfTradePrevention, Wait
from trading.account.transfers import Transfer
from trading.admission import Admission
from trading.affordability import beyond_margin, offered_refusal, spare_refusal
from trading.appraiser import Appraiser
from trading.capabilities import Capabilities
from trading.duplicates import unknown_orders
from trading.holdings import ContainerHoldings, only_reduces
from trading.instruments import Instrument
from trading.limiter import Limiter
from trading.limits import NO_LIMITS, RiskLimits
from trading.losses import PeakWatch
from trading.money import EXACT
from trading.order_manager import OrderManager
from trading.order_validator import OrderValidator
from trading.orders import Order, OrderTerms, Side
from trading.refusals import Refusal

QUARANTINED: Final = "quarantined"
"""The code of an unknown order of which only a person can say what became, and of what is refused for it."""

_FLAG_SET: Final = Restriction("the halt flag is set", of_account=True)

_OF_ALL: Final = ("no_price", "no_rate")
"""What is missing is missing for all."""


class Gate:
    """Says why an order, or an amendment, may not leave, or nothing. `capabilities` are the market's, `restriction` is
    asked for each strategy, `data_refusal`, of a symbol, why its data cannot be trusted.

    It is told the time of events: `now_ns` is that of what is asked. Before anything is booked or priced that is later
    than `day_ends_ns`, `begin_day` is due; after each price or fill `note_worth`, where it `follows_worth`; and of what
    leaves, `note`, where it `remembers` anything. Where it `may_hold` what leaves, `wait` is asked before.
    """

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
        restriction: Callable[[str], Restriction | None],
        data_refusal: Callable[[str], Refusal | None] | None = None,
    ) -> None:
        self.now_ns = 0
        self._orders = orders
        self._restriction = restriction
        self._data_refusal = data_refusal
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
        self._peak = PeakWatch(ledger.all_books)
        self.follows_worth = account_limits.max_drawdown_share is not None
        self._limiter = Limiter(
            account_limits,
            holdings=self._account,
            appraiser=self._appraiser,
            books=ledger.all_books,
            peaks=self._peak.peaks,
        )
        self._is_limited = self._appraiser.margin_currency is not None or account_limits != NO_LIMITS
        self._self_trade = SelfTradePrevention(account_limits, orders=orders, last_price=price_of)
        self.may_hold = self._self_trade.may_hold
        self._limiters = {strategy: admission.limiter for strategy, admission in self._admissions.items()}
        self.remembers = any(one.remembers for one in (self._limiter, *self._limiters.values()))
        self.day_ends_ns = self._earliest_end()

    # What it is told.

    def begin_day(self, now_ns: int) -> None:
        """Another day has begun."""
        for limiter in (self._limiter, *self._limiters.values()):
            limiter.begin_day(now_ns)
        self.day_ends_ns = self._earliest_end()

    def note_worth(self) -> None:
        """The books are worth something else now."""
        self._peak.note()

    def note(self, terms: OrderTerms) -> None:
        """An order, or an amendment, leaves now; it is not counted among those that work yet."""
        self._limiters[terms.strategy].note(terms, self.now_ns)
        self._limiter.note(terms, self.now_ns)

    # What it is asked.

    def refusal(self, terms: OrderTerms) -> Refusal | None:
        """The first reason against an order, None when it may leave."""
        admission, crosses = self._admissions[terms.strategy], self._self_trade
        refusal = admission.misfit(terms) or self._excess(terms, admission)
        if refusal is not None or not crosses.is_on or only_reduces(terms, admission.holdings):
            return refusal
        return crosses.refusal(terms, self.now_ns)

    def recall(self, terms: OrderTerms, *, halted: bool) -> Refusal | None:
        """Why an order, or an amendment, that was let pass is not to leave after all, as it has not left yet; `halted`
        where the halt flag is set, which the breakers may not have heard of yet."""
        restriction = self._restriction(terms.strategy)
        if halted and not (restriction is not None and restriction.of_account):
            restriction = _FLAG_SET
        return self._held_back(terms, self._admissions[terms.strategy], restriction, waits=True)

    def wait(self, terms: OrderTerms) -> Wait | None:
        """Whether an order that nothing is against is to wait for others of the account, with which it would trade, to
        go; None when it may leave."""
        return self._self_trade.wait(terms, self.now_ns)

    def amend_refusal(self, terms: OrderTerms) -> Refusal | None:
        """The first reason against other terms of an order, None when they may leave."""
        admission, crosses = self._admissions[terms.strategy], self._self_trade
        refusal = admission.amend_misfit(terms) or self._excess(terms, admission)
        if refusal is not None or not crosses.is_on or only_reduces(terms, admission.holdings):
            return refusal
        return crosses.amend_refusal(terms)

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

    # What is kept.

    def state(self) -> dict[str, Any]:
        """Everything that `restore` needs: what the limits remember, of those that remember anything."""
        limiters = {strategy: limiter.state() for strategy, limiter in self._limiters.items()}
        return {
            "account": self._limiter.state(),
            "strategies": {strategy: state for strategy, state in limiters.items() if state},
            "peak": self._peak.state() if self.follows_worth else None,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Remember what another gate did, upon the same books; of strategies and limits that are new, nothing."""
        self._limiter.restore(state["account"])
        for strategy, limiter in self._limiters.items():
            limiter.restore(state["strategies"].get(strategy, {}))
        if state["peak"] is not None:
            self._peak.restore(state["peak"])
        self.day_ends_ns = self._earliest_end()

    # Within.

    def _earliest_end(self) -> int:
        return min(limiter.day_ends_ns for limiter in (self._limiter, *self._limiters.values()))

    def _excess(self, terms: OrderTerms, admission: Admission) -> Refusal | None:
        return (
            self._held_back(terms, admission, self._restriction(terms.strategy))
            or self._against_unallocated(terms, admission)
            or admission.excess(terms, self.now_ns)
            or self._beyond_account(terms, admission)
        )

    def _has_added(self, terms: OrderTerms) -> bool:
        """Whether an order, or an amendment, that is counted already has made what works more."""
        manager = self._orders[terms.strategy]
        order = manager.get_open(terms.order_id)
        if order is None:
            return True
        if order.asked == terms:
            return terms.quantity > order.terms.quantity
        return bool(manager.tradable(order))

    def _held_back(
        self, terms: OrderTerms, admission: Admission, restriction: Restriction | None, *, waits: bool = False
    ) -> Refusal | None:
        """Why only orders pass that reduce, where this is none; what `waits` to leave counts among what works."""
        if restriction is not None and (refusal := self._more_than_reduces(terms, admission, restriction, waits=waits)):
            return refusal
        unknown, judge = unknown_orders(self._orders[terms.strategy]), self._data_refusal
        if not unknown and judge is None:
            return None
        refusal = _quarantined(terms.strategy, unknown) or (None if judge is None else judge(terms.symbol))
        return None if refusal is None or only_reduces(terms, admission.holdings) else refusal

    def _more_than_reduces(
        self, terms: OrderTerms, admission: Admission, restriction: Restriction, *, waits: bool
    ) -> Refusal | None:
        """What a restriction holds back: whatever could add to its container's position or, where it is of the account,
        netted over all, to the account's."""
        held = f"{restriction.what} ({restriction.reason}); only orders that reduce"
        if not only_reduces(terms, admission.holdings):
            return Refusal(restriction.code, f"{held} a position pass")
        if not restriction.of_account:
            return None
        adds = self._has_added(terms) if waits else bool(admission.holdings.addition(terms).units)
        if not adds or only_reduces(terms, self._account):
            return None
        net, (buys, sells) = self._account.position(terms.symbol), self._account.working(terms.symbol)
        works = buys if terms.side is Side.BUY else sells
        return Refusal(
            "halted_net",
            f"{held} the account's position too pass: a {terms.side} of {terms.quantity} {terms.symbol} could do "
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
        if not self._is_limited or only_reduces(terms, admission.holdings):
            return None
        refusal = beyond_margin(terms, self._account, self._appraiser) or self._limiter.refusal(terms, self.now_ns)
        if refusal is None or refusal.code in _OF_ALL:
            return refusal
        return Refusal(f"account_{refusal.code}", f"for the account, {refusal.reason}")


def _quarantined(strategy: str, unknown: Iterable[Order]) -> Refusal | None:
    """Why a strategy may only reduce: what became of one of its orders only a person can say."""
    order_id = next((order.order_id for order in unknown if order.code == QUARANTINED), None)
    if order_id is None:
        return None
    why = f"{order_id} is quarantined, as nobody knows what became of it"
    return Refusal(QUARANTINED, f"{why}; only orders of {strategy} that reduce a position pass")
