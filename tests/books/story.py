"""Tells the same events to the ledger, to containers' portfolios and to the oracle, and has them compared."""

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

import msgspec

from tests.books import events as told
from tests.books.amounts import CAPITAL, CASH, SCALES, TERMS, all_in_quanta, an_instrument, at_ticks, in_lots, in_quanta
from tests.books.code import Code, the_code
from tests.books.events import GUEST, PLACES, VENTURES, Event
from tests.books.laws import Laws, Touched
from tests.books.oracle import Oracle
from tests.market_builders import through_msgpack
from trading.orders import Side
from trading.postings import (
    AccountEvent,
    Accrual,
    CashMoved,
    Conversion,
    Liquidation,
    MarginCall,
    PostingKind,
    Settlement,
    Split,
)
from trading.reports import Liquidity


class Tally(NamedTuple):
    """How many events of each kind were booked, postings heard and figures compared."""

    kinds: Mapping[str, int]
    postings: int
    comparisons: int


class Story:
    """An account with three containers, and a guest now and then. AssertionError wherever a law is broken."""

    def __init__(self, code: Code | None = None, every: int = 1, closely: bool = True) -> None:
        """What an event touches is compared after it, all there is after every so many; `closely` takes the digests
        and the whole account's sums each time too."""
        self.code = code or the_code()
        self.every = every
        self.closely = closely
        self.instruments = {symbol: an_instrument(symbol, self.code) for symbol in VENTURES}
        self.oracle = Oracle(TERMS, SCALES, CASH, CAPITAL)
        self.ledger = self.code.ledger(
            cash=all_in_quanta(CASH),
            capital={owner: all_in_quanta(amounts) for owner, amounts in CAPITAL.items()},
            instruments=self.instruments,
        )
        self.containers = {
            owner: self.code.portfolio(owner, all_in_quanta(amounts), self.instruments)
            for owner, amounts in CAPITAL.items()
        }
        self.laws = Laws(self.oracle)
        self.events = self.postings = 0
        self._kinds: Counter[str] = Counter()
        self._fills: deque[tuple[Any, Fraction]] = deque(maxlen=10)

    @property
    def tally(self) -> Tally:
        return Tally(dict(self._kinds), self.postings, self.laws.comparisons)

    def tell(self, event: Event) -> None:
        """Book an event everywhere, and compare; one that cannot be, such as a transfer of nothing, is passed over."""
        touched = getattr(self, f"_{type(event).__name__.lower()}")(event)
        if touched is None:
            return
        self.laws.touched(self.ledger, touched)
        self.events += 1
        self._kinds[type(event).__name__] += 1
        if self.events % self.every == 0:
            self.laws.everything(self.ledger, self.containers)
        elif self.closely:
            self.laws.digests(self.ledger, self.containers, touched.owner)
            self.laws.sums(self.ledger)

    # How each event is told.

    def _trade(self, event: told.Trade) -> Touched | None:
        held = self.oracle.book(event.owner).quantity(event.symbol)
        lot = TERMS[event.symbol].lot
        lots = event.lots + int(held * event.twelfths / 12 / lot)
        if not lots:
            return None
        fill = self._fill(event.owner, event.symbol, lots * lot, event.ticks, event.fee, event.fee_currency)
        self._book(fill)
        self._fills.append((fill, lots * lot))
        return Touched(_known(event.owner, self.oracle), (event.symbol,), (fill.currency, fill.fee_currency))

    def _bust(self, event: told.Bust) -> Touched | None:
        if event.back >= len(self._fills):
            return None
        fill, units = self._fills[-1 - event.back]
        del self._fills[-1 - event.back]
        self.oracle.trade(
            fill.strategy, fill.symbol, -units, Fraction(fill.price), -Fraction(fill.fee), fill.fee_currency
        )
        self._book(fill.reversal(self.events))
        return Touched(_known(fill.strategy, self.oracle), (fill.symbol,), (fill.currency, fill.fee_currency))

    def _accrue(self, event: told.Accrue) -> Touched:
        rates = Fraction(event.per_long), Fraction(event.per_short)
        amount = self.oracle.accrue(event.kind, event.symbol, event.currency, rates)
        self._share_out(
            Accrual(
                event_id=f"e{self.events}",
                kind=PostingKind(event.kind),
                ts_ns=self.events,
                due_ns=self.events,
                symbol=event.symbol,
                currency=event.currency,
                per_long=event.per_long,
                per_short=event.per_short,
                amount=in_quanta(amount, event.currency),
            )
        )
        return Touched(currencies=(event.currency,))

    def _splitunits(self, event: told.SplitUnits) -> Touched:
        currency = TERMS[event.symbol].currency
        price, exact_price = at_ticks(event.symbol, event.ticks)
        units, amount = self.oracle.split(event.symbol, event.new, event.old, price)
        self._share_out(
            Split(
                event_id=f"e{self.events}",
                ts_ns=self.events,
                due_ns=self.events,
                symbol=event.symbol,
                currency=currency,
                new=Decimal(event.new),
                old=Decimal(event.old),
                price=exact_price,
                units=in_lots(units, event.symbol),
                amount=in_quanta(amount, currency),
            )
        )
        return Touched(symbols=(event.symbol,), currencies=(currency,))

    def _settle(self, event: told.Settle) -> Touched:
        currency = TERMS[event.symbol].currency
        price, exact_price = at_ticks(event.symbol, event.ticks)
        came_to = {}
        if event.expires:
            units, amount = self.oracle.expire(event.symbol, price)
            came_to = {"units": in_lots(units, event.symbol), "amount": in_quanta(amount, currency)}
        else:
            self.oracle.settle(event.symbol, price)
        self._share_out(
            Settlement(
                event_id=f"e{self.events}",
                ts_ns=self.events,
                due_ns=self.events,
                symbol=event.symbol,
                currency=currency,
                price=exact_price,
                expires=event.expires,
                **came_to,
            )
        )
        return Touched(symbols=(event.symbol,), currencies=(currency,))

    def _convert(self, event: told.Convert) -> Touched | None:
        if event.currency == event.into:
            return None
        amount, into_amount = self.oracle.convert(event.currency, event.into, Fraction(event.rate))
        self._share_out(
            Conversion(
                event_id=f"e{self.events}",
                ts_ns=self.events,
                due_ns=self.events,
                currency=event.currency,
                into=event.into,
                rate=event.rate,
                amount=in_quanta(amount, event.currency),
                into_amount=in_quanta(into_amount, event.into),
            )
        )
        return Touched(currencies=(event.currency, event.into))

    def _deposit(self, event: told.Deposit) -> Touched:
        amount = Fraction(event.amount, SCALES[event.currency])
        self.oracle.deposit(event.currency, amount)
        self._share_out(
            CashMoved(
                event_id=f"e{self.events}",
                ts_ns=self.events,
                currency=event.currency,
                amount=in_quanta(amount, event.currency),
            )
        )
        return Touched(currencies=(event.currency,))

    def _movecash(self, event: told.MoveCash) -> Touched | None:
        there = self.oracle.balance(self.oracle.book(event.source), event.currency)
        scale = SCALES[event.currency]
        amount = Fraction(int(there * scale * event.twelfths / 12), scale)
        if amount <= 0 or event.source == event.target:
            return None
        self.oracle.move_cash(event.source, event.target, event.currency, amount)
        self._transfer(
            self.code.transfer(
                source=event.source,
                target=event.target,
                currency=event.currency,
                amount=in_quanta(amount, event.currency),
            )
        )
        return Touched(currencies=(event.currency,))

    def _moveunits(self, event: told.MoveUnits) -> Touched | None:
        lot = TERMS[event.symbol].lot
        units = int(self.oracle.book(event.source).quantity(event.symbol) / lot * event.twelfths / 12) * lot
        if not units or event.source == event.target:
            return None
        price, exact_price = at_ticks(event.symbol, event.ticks)
        self.oracle.move_units(event.source, event.target, event.symbol, units, price)
        self._transfer(
            self.code.transfer(
                source=event.source,
                target=event.target,
                symbol=event.symbol,
                amount=in_lots(units, event.symbol),
                price=exact_price,
            )
        )
        return Touched(symbols=(event.symbol,), currencies=(TERMS[event.symbol].currency,))

    def _liquidate(self, event: told.Liquidate) -> Touched | None:
        lot = TERMS[event.symbol].lot
        units = -int(self.oracle.venue.quantity(event.symbol) / lot * event.twelfths / 12) * lot
        if not units:
            return None
        currency = TERMS[event.symbol].currency
        fill = self._fill("", event.symbol, units, event.ticks, event.fee, currency)
        self._share_out(Liquidation(event_id=f"e{self.events}", ts_ns=self.events, fill=fill, reason="no margin"))
        return Touched(symbols=(event.symbol,), currencies=(currency,))

    def _callmargin(self, event: told.CallMargin) -> Touched:
        self._share_out(
            MarginCall(event_id=f"e{self.events}", ts_ns=self.events, symbol=event.symbol, reason="little margin")
        )
        symbols = (event.symbol,) if event.symbol else ()
        return Touched(symbols=symbols, currencies=tuple(TERMS[symbol].currency for symbol in symbols))

    def _allocate(self, event: told.Allocate) -> Touched | None:
        amount = Fraction(event.amount, SCALES[event.currency])
        if GUEST in self.oracle.books or self.oracle.balance(self.oracle.rest, event.currency) < amount:
            return None
        self.oracle.allocate(GUEST, {event.currency: amount})
        self.ledger.allocate(GUEST, all_in_quanta({event.currency: amount}))
        self.containers[GUEST] = self.code.portfolio(GUEST, all_in_quanta({event.currency: amount}), self.instruments)
        return Touched(currencies=(event.currency,))

    def _release(self, _: told.Release) -> Touched | None:
        guest = self.oracle.books.get(GUEST)
        if guest is None or any(holding.quantity for holding in guest.holdings.values()):
            return None
        self.oracle.release(GUEST)
        self.ledger.release(GUEST)
        del self.containers[GUEST]
        return Touched(currencies=tuple(guest.cash))

    def _restart(self, _: told.Restart) -> Touched:
        again = self.code.ledger(cash={}, capital={}, instruments=self.instruments)
        again.restore(through_msgpack(self.ledger.state()))
        self.ledger = again
        for owner, before in self.containers.items():
            self.containers[owner] = self.code.portfolio(owner, {}, self.instruments)
            self.containers[owner].restore(through_msgpack(before.state()))
        return Touched(symbols=tuple(VENTURES), currencies=tuple(PLACES))

    def _mark(self, event: told.Mark) -> Touched:
        _, price = at_ticks(event.symbol, event.ticks)
        for books in (self.ledger, *self.containers.values()):
            books.mark(event.symbol, float(price))
        return Touched(symbols=(event.symbol,))

    # What the venue says, and who hears it.

    def _fill(self, owner: str, symbol: str, units: Fraction, ticks: int, fee: int, fee_currency: str) -> Any:
        """A fill as the venue has it; the oracle has booked it."""
        price, exact_price = at_ticks(symbol, ticks)
        paid_fee = Fraction(fee, SCALES[fee_currency])
        notional = self.oracle.trade(owner, symbol, units, price, paid_fee, fee_currency)
        return self.code.fill(
            execution_id=f"x{self.events}",
            order_id=f"{owner}-{self.events}",
            strategy=owner,
            symbol=symbol,
            side=Side.BUY if units > 0 else Side.SELL,
            quantity=in_lots(abs(units), symbol),
            price=exact_price,
            notional=in_quanta(notional, TERMS[symbol].currency),
            currency=TERMS[symbol].currency,
            fee=in_quanta(paid_fee, fee_currency),
            fee_currency=fee_currency,
            liquidity=Liquidity.TAKER,
            slippage=Decimal(0),
            ts_ns=self.events,
        )

    def _book(self, fill: Any) -> None:
        self.ledger.book(fill)
        if fill.strategy in self.containers:
            self.hear_fill(fill.strategy, over_the_wire(fill))

    def _share_out(self, event: AccountEvent) -> None:
        self._post(self.ledger.share_out(event))

    def _transfer(self, transfer: Any) -> None:
        self._post(self.ledger.transfer(transfer, f"t{self.events}", self.events))

    def _post(self, postings: Iterable[Any]) -> None:
        for posting in postings:
            self.postings += 1
            if posting.strategy in self.containers:
                self.hear_posting(posting.strategy, over_the_wire(posting))

    def hear_fill(self, owner: str, fill: Any) -> None:
        """A container hears of its fill."""
        self.containers[owner].book(fill)

    def hear_posting(self, owner: str, posting: Any) -> None:
        """A container hears of its posting."""
        self.containers[owner].post(posting)


def tell_all(story: Story, events: Iterable[Event]) -> Story:
    """Tell the events in their order, and compare everything at the end."""
    for event in events:
        story.tell(event)
    story.laws.everything(story.ledger, story.containers)
    return story


def over_the_wire(told_of: Any) -> Any:
    """What a container's process gets of it."""
    return msgspec.msgpack.decode(msgspec.msgpack.encode(told_of), type=type(told_of))


def _known(owner: str, oracle: Oracle) -> str:
    return owner if owner in oracle.books else "unallocated"
