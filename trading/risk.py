"""The risk manager of one container: it alone turns a signal into an order, sizing it, limiting it or refusing it.

A target counts what works. Where that would miss it, the target's own order is cancelled first, and a new one is sent
only after the cancel's report, so that two never fill together. While any order is being cancelled, a target waits.

Exits are no way to a target: those of an order, orders that only reduce, and those of a group that would reduce what
is held. A target that is reached leaves them alone. One that must trade on their side cancels those that could trade
now, as it does its own, or both together would go past flat; what it leaves of the position then has no exits.
"""

from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal
from functools import partial
from typing import Any

import msgspec

from trading.admission import Admission
from trading.appraiser import Appraiser, unpriced
from trading.bus import EventBus
from trading.errors import StrategyMisuse
from trading.instruments import Instrument
from trading.limits import EquityShare, FixedSize, RiskLimits, Sizing
from trading.moment import Moment
from trading.money import EXACT, ROUNDING, ZERO
from trading.order_manager import OrderManager
from trading.order_validator import OrderValidator
from trading.orders import Order, OrderState, OrderTerms, Side
from trading.portfolio import VirtualPortfolio
from trading.refusals import Refusal
from trading.signals import AmendRequest, CancelRequest, Entry, Exit, OrderRequest, Target


class RefusedTerms(msgspec.Struct, frozen=True):
    """An order that the risk manager made and refused."""

    terms: OrderTerms
    refusal: Refusal


class AmendedTerms(msgspec.Struct, frozen=True):
    """Other terms of an order that the risk manager lets through."""

    terms: OrderTerms


class RefusedAmendment(msgspec.Struct, frozen=True):
    """Other terms of an order that the risk manager refused."""

    order_id: str
    refusal: Refusal


class RiskManager:
    """Hears signals, publishes `OrderTerms` and `AmendedTerms` that may go out, `RefusedTerms` and `RefusedAmendment`
    of what may not."""

    def __init__(
        self,
        *,
        owner: str,
        bus: EventBus,
        orders: OrderManager,
        portfolio: VirtualPortfolio,
        instruments: Mapping[str, Instrument],
        limits: RiskLimits,
        sizing: Sizing | None,
        moment: Moment,
    ) -> None:
        self.owner = owner
        self._moment = moment
        self._bus = bus
        self._orders = orders
        self._portfolio = portfolio
        self._instruments = instruments
        self._price_of = partial(_price, portfolio, instruments)
        self._sizing = sizing
        self._appraiser = Appraiser(instruments, self._price_of)
        self._admission = Admission(
            validator=OrderValidator(instruments),
            orders=orders,
            portfolio=portfolio,
            limits=limits,
            appraiser=self._appraiser,
        )
        self._limiter = self._admission.limiter
        self.day_ends_ns = self._limiter.day_ends_ns
        self._awaiting_cancel: dict[str, Decimal] = {}
        bus.subscribe(Target, self.on_target)
        bus.subscribe(Entry, self.on_entry)
        bus.subscribe(Exit, self.on_exit)
        bus.subscribe(OrderRequest, self.on_request)
        bus.subscribe(AmendRequest, self.on_amend)
        bus.subscribe(Order, self.on_order)

    def begin_day(self, now_ns: int) -> None:
        """Another day has begun: due before anything is booked or priced that is later than `day_ends_ns`, which is
        never where no limit asks for it."""
        self._limiter.begin_day(now_ns)
        self.day_ends_ns = self._limiter.day_ends_ns

    def price_of(self, symbol: str) -> Decimal | None:
        """The last price that this container heard of a symbol."""
        return self._price_of(symbol)

    def on_target(self, target: Target) -> None:
        """Work towards a signed quantity."""
        symbol = target.symbol
        instrument = self._instrument(symbol)
        working = self._orders.open(symbol)
        if working and any(order.state is OrderState.PENDING_CANCEL for order in working):
            self._awaiting_cancel[symbol] = target.quantity
            return
        if self._awaiting_cancel:
            self._awaiting_cancel.pop(symbol, None)
        held = self._portfolio.quantity(symbol)
        if not working and target.quantity == held:
            return
        exits = [order for order in working if _is_exit(order.terms, held)]
        missing = EXACT.subtract(instrument.whole_lots(target.quantity), held)
        if working:
            missing = EXACT.subtract(missing, _on_the_way(working, exits))
        if missing:  # what a venue fills in pieces finer than lots cannot be traded away
            missing = instrument.whole_lots(missing)
        in_the_way = [order for order in working if order.terms.to_target]
        in_the_way += [order for order in exits if self._could_undo(order, missing)]
        if missing and in_the_way:
            self._awaiting_cancel[symbol] = target.quantity
            for order in in_the_way:
                self._bus.publish(CancelRequest(order_id=order.order_id))
        elif missing:
            side = Side.BUY if missing > 0 else Side.SELL
            reason = f"target {target.quantity}"
            self._decide(self._terms(symbol, side, missing.copy_abs(), reason=reason, to_target=True))

    def _could_undo(self, exit_: Order, missing: Decimal) -> bool:
        """Whether an exit could now trade on the side of what is missing, and together with it go past flat."""
        side = Side.BUY if missing > 0 else Side.SELL
        return exit_.terms.side is side and self._orders.tradable(exit_) > 0

    def on_entry(self, entry: Entry) -> None:
        """Enter at the configured size; where that cannot be told, the order is one of nothing and refused."""
        size = self._size(entry, self._instrument(entry.symbol))
        quantity, refusal = (ZERO, size) if isinstance(size, Refusal) else (size, None)
        terms = self._terms(entry.symbol, entry.side, quantity, reason=f"entry {entry.strength:g}", to_target=False)
        self._decide(terms, refusal)

    def on_exit(self, exit_: Exit) -> None:
        """Go flat."""
        self.on_target(Target(symbol=exit_.symbol, quantity=ZERO))

    def on_request(self, request: OrderRequest) -> None:
        """Pass on one explicit order."""
        self._instrument(request.symbol)
        self._decide(OrderTerms(strategy=self.owner, created_ns=self._moment.now_ns, **msgspec.structs.asdict(request)))

    def on_amend(self, request: AmendRequest) -> None:
        """Pass on other terms of one order; whoever asks has seen that there is such an order."""
        order = self._orders.get(request.order_id)
        assert order is not None, request.order_id
        given = {name: value for name, value in msgspec.structs.asdict(request).items() if value is not None}
        terms = msgspec.structs.replace(order.terms, **given)
        refusal = self._admission.amend_misfit(terms) or self._admission.excess(terms, self._moment.now_ns)
        if refusal is not None:
            self._bus.publish(RefusedAmendment(request.order_id, refusal))
            return
        if self._limiter.remembers:
            self._limiter.note(terms, self._moment.now_ns)
        self._bus.publish(AmendedTerms(terms))

    def on_order(self, order: Order) -> None:
        """Take up a target that waited for this order's end."""
        symbol = order.terms.symbol
        if not order.is_open and symbol in self._awaiting_cancel:
            self.on_target(Target(symbol=symbol, quantity=self._awaiting_cancel[symbol]))

    def state(self) -> dict[str, Any]:
        """Everything that `restore` needs."""
        return {"awaiting_cancel": dict(self._awaiting_cancel), "limiter": self._limiter.state()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Become the risk manager that gave this state, upon the same books."""
        self._limiter.restore(state["limiter"])
        self.day_ends_ns = self._limiter.day_ends_ns
        self._awaiting_cancel = msgspec.convert(state["awaiting_cancel"], dict[str, Decimal])

    def _instrument(self, symbol: str) -> Instrument:
        try:
            return self._instruments[symbol]
        except KeyError:
            raise StrategyMisuse(f"{symbol!r} is no instrument here; known: {', '.join(self._instruments)}") from None

    def _size(self, entry: Entry, instrument: Instrument) -> Decimal | Refusal:
        strength = Decimal(repr(entry.strength))
        match self._sizing:
            case FixedSize(quantity=quantity):
                return instrument.whole_lots(ROUNDING.multiply(quantity, strength))
            case EquityShare(share=share):
                return self._size_of_share(ROUNDING.multiply(share, strength), instrument)
            case None:
                raise StrategyMisuse("enter() needs a size; give the strategy's risk section a `sizing`")

    def _size_of_share(self, share: Decimal, instrument: Instrument) -> Decimal | Refusal:
        """The whole lots that a share of equity, in the instrument's currency, is worth."""
        symbol, price = instrument.symbol, self.price_of(instrument.symbol)
        if price is None:
            return unpriced(symbol)
        if price <= 0:
            reason = (
                f"{symbol} is at {price}: no number of units at or below zero is a share of equity; name a quantity"
            )
            return Refusal("bad_quantity", reason)
        equity = self._appraiser.equity(self._admission.holdings, instrument.currency)
        if isinstance(equity, Refusal):
            return equity
        money = ROUNDING.multiply(max(ZERO, equity), share)
        return instrument.whole_lots(ROUNDING.divide(money, ROUNDING.multiply(price, instrument.multiplier)))

    def _terms(self, symbol: str, side: Side, quantity: Decimal, *, reason: str, to_target: bool) -> OrderTerms:
        return OrderTerms(
            order_id=self._orders.next_order_id(),
            strategy=self.owner,
            symbol=symbol,
            side=side,
            quantity=quantity,
            created_ns=self._moment.now_ns,
            to_target=to_target,
            reason=reason,
        )

    def _decide(self, terms: OrderTerms, refusal: Refusal | None = None) -> None:
        """Publish an order, or why it may not be: for a reason that is known already, else by the rules."""
        refusal = refusal or self._admission.misfit(terms) or self._admission.excess(terms, self._moment.now_ns)
        if refusal is not None:
            self._bus.publish(RefusedTerms(terms, refusal))
            return
        if self._limiter.remembers:
            self._limiter.note(terms, self._moment.now_ns)
        self._bus.publish(terms)


def _price(portfolio: VirtualPortfolio, instruments: Mapping[str, Instrument], symbol: str) -> Decimal | None:
    mark = portfolio.marks.get(symbol)
    return None if mark is None else instruments[symbol].exact_price(mark)


def _is_exit(terms: OrderTerms, held: Decimal) -> bool:
    """Whether an order is there to leave a position and not to come to one."""
    if terms.parent_id is not None or terms.reduce_only:
        return True
    return terms.group_id is not None and (held > 0 if terms.side is Side.SELL else held < 0)


def _on_the_way(working: Iterable[Order], exits: Collection[Order]) -> Decimal:
    """Signed units that working orders will bring, exits left out; of a group the most of each side."""
    coming = ZERO
    of_groups: dict[tuple[str, Side], Decimal] = {}
    for order in working:
        if order in exits:
            continue
        key = order.terms.group_id
        if key is None:
            coming = EXACT.add(coming, order.signed_remaining)
        else:
            side = order.terms.side
            of_groups[key, side] = max(of_groups.get((key, side), ZERO), order.remaining)
    for (_, side), units in of_groups.items():
        coming = EXACT.add(coming, side.signed(units))
    return coming
