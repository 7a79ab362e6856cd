"""A venue that is right by definition, books that are held against it, and what carries words between them: late,
in part, twice, or not at all. Times are whole seconds; the venue's clock is ours."""

from collections.abc import Collection
from decimal import Decimal
from typing import Any, Final

import msgspec

from tests.market_builders import EUR, an_instrument, through_msgpack
from trading.account.ids import ClientOrderIds
from trading.account.ledger import UNALLOCATED, Ledger
from trading.account.outcome import Outcome
from trading.account.reconciliation import Reconciliation
from trading.market import AccountSnapshot
from trading.money import EXACT
from trading.orders import Side
from trading.reports import Liquidity
from trading.timestamps import SECOND
from trading.venue.messages import AccountTold, FillsTold, VenueFill
from trading.venue.ownership import Ownership

SETTLE: Final = 2
INSTRUMENTS: Final = {"AAA": an_instrument("AAA"), "BBB": an_instrument("BBB", currency=EUR)}
STRATEGIES: Final = ("a", "b")
CASH: Final = {"USD": Decimal(100_000), "EUR": Decimal(50_000)}
CAPITAL: Final = {"a": {"USD": Decimal(40_000)}, "b": {"USD": Decimal(30_000), "EUR": Decimal(20_000)}}


def an_execution(
    number: int, units: str, symbol: str = "AAA", *, cid: str = "", at: str = "100", fee: str = "0", ts: int = 1
) -> VenueFill:
    """An execution of an order; without a client order id it is somebody else's."""
    signed = Decimal(units)
    return VenueFill(
        trade_id=f"t{number}",
        venue_id=f"v{number}",
        cid=cid,
        symbol=symbol,
        side=Side.BUY if signed > 0 else Side.SELL,
        quantity=signed.copy_abs(),
        price=Decimal(at),
        fee=Decimal(fee),
        fee_currency="USD",
        liquidity=Liquidity.TAKER,
        ts_ns=ts * SECOND,
    )


class Venue:
    """Cash and positions as they are, and everything that was executed. Of what it was it remembers every state."""

    def __init__(self) -> None:
        self.cash = dict(CASH)
        self.positions: dict[str, Decimal] = {}
        self.fills: list[VenueFill] = []
        self.past: list[tuple[int, AccountSnapshot]] = [(0, self.account)]
        self._ids = ClientOrderIds(1_000)

    @property
    def account(self) -> AccountSnapshot:
        held = {symbol: units for symbol, units in self.positions.items() if units}
        return AccountSnapshot(cash=dict(self.cash), positions=held)

    def trade(self, owner: str, units: str, symbol: str, at: str, fee: str, now: int) -> VenueFill:
        """Something is executed for a strategy, or for somebody else."""
        cid = self._ids.next(owner) if owner in STRATEGIES else "web-17"
        fill = an_execution(len(self.fills) + 1, units, symbol, cid=cid, at=at, fee=fee, ts=now)
        self.fills.append(fill)
        self.positions[symbol] = EXACT.add(self.positions.get(symbol, Decimal(0)), Decimal(units))
        cost = EXACT.multiply(Decimal(units), fill.price)
        self.pay(INSTRUMENTS[symbol].currency.code, cost.copy_negate())
        self.pay("USD", fill.fee.copy_negate())
        self.past.append((now, self.account))
        return fill

    def move(self, currency: str, amount: str, now: int) -> None:
        """Money comes or goes, and nobody says why."""
        self.pay(currency, Decimal(amount))
        self.past.append((now, self.account))

    def pay(self, currency: str, amount: Decimal) -> None:
        self.cash[currency] = EXACT.add(self.cash.get(currency, Decimal(0)), amount)


class Desk:
    """Books, and their reconciliation. A life ends and begins by `restart`; `booked` are the ids of what was booked."""

    def __init__(self, *, settle: int = SETTLE, tolerances: dict[str, Decimal] | None = None) -> None:
        self.now = 1
        self.prices = {"AAA": Decimal(100), "BBB": Decimal(50)}
        self.ownership = Ownership(STRATEGIES, INSTRUMENTS)
        self.requests = 0
        self.booked: list[str] = []
        self.heard: set[str] = set()
        self.told: list[str] = []
        self.troubles: list[str] = []
        self._settle, self._tolerances = settle, tolerances
        self._make()

    def _make(self) -> None:
        self.ledger = Ledger(cash=CASH, capital=CAPITAL, instruments=INSTRUMENTS)
        self.reconciliation = Reconciliation(
            instruments=INSTRUMENTS,
            price_of=self.prices.get,
            settle_ns=self._settle * SECOND,
            tolerances=self._tolerances,
        )

    def restart(self) -> None:
        state: dict[str, Any] = through_msgpack(
            {"ledger": self.ledger.state(), "reconciliation": self.reconciliation.state()}
        )
        self._make()
        self.ledger.restore(state["ledger"])
        self.reconciliation.restore(state["reconciliation"])
        self.requests = 0
        self.reconciliation.begin()

    def ask(self) -> int:
        """Put a question, and give its number."""
        self.requests += 1
        self.reconciliation.asked(self.requests, self.now * SECOND)
        return self.requests

    def hear_fill(self, fill: VenueFill, *, was_missed: bool = False) -> Outcome | None:
        """Book an execution, unless it was heard before."""
        if fill.execution_id in self.heard:
            return None
        self.heard.add(fill.execution_id)
        owned = self.ownership.owner(fill.cid)
        owner = UNALLOCATED if owned is None else owned.strategy
        self.ledger.book(self.ownership.booked(fill, owner, fill.venue_id))
        return self._follow(self.reconciliation.on_fill(fill, owner, self.now * SECOND, was_missed=was_missed))

    def hear_fills(self, fills: Collection[VenueFill], request: int, *, complete: bool = True) -> None:
        """Take up a list of executions."""
        for fill in fills:
            self.hear_fill(fill)
        told = FillsTold(message_id="r", fills=tuple(fills), since_ns=0, request=request, complete=complete)
        self.reconciliation.on_fills(told)

    def hear_account(
        self,
        account: AccountSnapshot,
        request: int,
        *,
        complete: bool = True,
        venue: int = 0,
        in_doubt: Collection[str] = (),
    ) -> Outcome:
        """Take up a reading, and book what follows."""
        message = AccountTold(
            message_id="r", account=account, request=request, complete=complete, venue_ns=venue * SECOND
        )
        total = self.ledger.total()
        return self._follow(self.reconciliation.on_account(message, total, self.now * SECOND, in_doubt=in_doubt))

    def read(self, account: AccountSnapshot, **how: Any) -> Outcome:
        """Ask for the account, and be answered at once."""
        return self.hear_account(account, self.ask(), **{"venue": self.now, **how})

    def read_twice(self, account: AccountSnapshot, fills: Collection[VenueFill] = (), **how: Any) -> Outcome:
        """Two clean readings, as far apart as it takes, and all executions between them."""
        self.read(account, **how)
        self.hear_fills(fills, self.ask())
        self.now += self._settle
        return self.read(account, **how)

    def figures(self, owner: str) -> dict[str, Decimal]:
        """What a book has, by currency and by symbol, without zeros."""
        book = self.ledger.unallocated if owner == UNALLOCATED else self.ledger.of(owner)
        held = {symbol: position.quantity for symbol, position in book.positions.items()}
        return {name: amount for name, amount in {**book.cash, **held}.items() if amount}

    def _follow(self, outcome: Outcome) -> Outcome:
        for event in outcome.events:
            assert event.event_id not in self.booked, "an entry is booked twice"
            self.booked.append(event.event_id)
            postings = self.ledger.share_out(event)
            assert {posting.strategy for posting in postings} == {UNALLOCATED}
        self.told += [one.break_id for one in outcome.news]
        self.troubles += [one.reason for one in outcome.troubles]
        return outcome


def account(cash: str = "100000", eur: str = "50000", **positions: str) -> AccountSnapshot:
    """What the venue says: dollars, euros, and units by symbol."""
    return AccountSnapshot(
        cash={"USD": Decimal(cash), "EUR": Decimal(eur)},
        positions={symbol: Decimal(units) for symbol, units in positions.items()},
    )


def fields(one: msgspec.Struct, *names: str) -> tuple[Any, ...]:
    """Some fields of a struct."""
    return tuple(getattr(one, name) for name in names)
