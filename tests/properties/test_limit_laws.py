"""Whatever is asked for, filled, lost and heard late, in whatever order: no limit of container or account is passed.

The venue here knows what the books do not: it fills orders without a word, and what it says comes when it likes. The
law is of what it has, not of what was heard.
"""

import random
from collections import deque
from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import fill, report, terms
from tests.market_builders import USD, an_instrument, through_msgpack
from trading.account.gate import Gate
from trading.account.ledger import Ledger
from trading.capabilities import Capabilities
from trading.holdings import ContainerHoldings, worst_case
from trading.instruments import Instrument, MarginTerms
from trading.limits import RiskLimits
from trading.money import ZERO, total
from trading.order_manager import OrderManager
from trading.orders import TRANSITIONS, Order, OrderChange, OrderTerms, OrderType, Side
from trading.reports import ExecutionReport, ReportKind
from trading.timestamps import SECOND

BUY, SELL = Side.BUY, Side.SELL
MOST, MOST_OF_ALL, MOST_ORDERS, MOST_OPEN = 10, 16, 4, 4
STRATEGIES = ("a", "b", "c")
CHEAP = MarginTerms(currency=USD, initial=Decimal("0.001"), maintenance=Decimal("0.001"))
PAID = an_instrument()
ON_MARGIN = msgspec.structs.replace(PAID, margin=CHEAP)
OWN = RiskLimits(max_position_quantity=Decimal(MOST), max_open_orders=MOST_OPEN)
OF_ALL = RiskLimits(max_position_quantity=Decimal(MOST_OF_ALL), max_orders_per_second=MOST_ORDERS)


class Ask(NamedTuple):
    """An order: `parent` counts back over the orders before it, `group` is one of a few."""

    strategy: str
    side: Side
    quantity: int
    limit: int | None
    stop: int | None
    parent: int
    group: int


class Amend(NamedTuple):
    """Another quantity for one of the orders."""

    number: int
    quantity: int


class Happen(NamedTuple):
    """Something at the venue, or heard from there, of one of the orders."""

    what: str
    number: int
    quantity: int


class Pass(NamedTuple):
    """So many milliseconds."""

    ms: int


Deed = Ask | Amend | Happen | Pass
HAPPENINGS = ("fill", "fill", "fill", "hear", "hear", "accept", "lose", "ask_cancel", "cancel", "amended")
seeds = st.integers(0, 100_000)


def story(seed: int, length: int = 150) -> list[Deed]:
    """What happens as dice fall. The orders of which something becomes are mostly the last ones."""
    dice = random.Random(seed)

    def deed() -> Deed:
        match dice.randrange(10):
            case 0 | 1 | 2 | 3:
                return Ask(
                    strategy=dice.choice(STRATEGIES),
                    side=dice.choice(list(Side)),
                    quantity=dice.randint(1, 8),
                    limit=dice.choice([None, 95, 99, 101, 105]),
                    stop=dice.choice([None, None, None, 94, 106]),
                    parent=dice.choice([0, 0, 0, 0, 1, 2]),
                    group=dice.choice([0, 0, 0, 1, 2]),
                )
            case 4:
                return Amend(dice.randrange(8), dice.randint(1, 15))
            case 5:
                return Pass(dice.randint(100, 900))
            case _:
                return Happen(dice.choice(HAPPENINGS), dice.randrange(8), dice.randint(1, 8))

    return [deed() for _ in range(length)]


def key(order: Order) -> str:
    """What orders have in common of which a fill of one is a fill of all."""
    return order.terms.group_id or order.order_id


class Venue:
    """Three containers before a gate, and a venue that answers when it likes. All costs 100."""

    def __init__(self, instrument: Instrument) -> None:
        capital: Mapping[str, Mapping[str, Decimal]] = {s: {"USD": Decimal(100_000)} for s in STRATEGIES}
        self.instruments = instruments = {"AAA": instrument}
        self.ledger = Ledger(cash={"USD": Decimal(300_000)}, capital=capital, instruments=instruments)
        self.orders = {strategy: OrderManager(strategy) for strategy in STRATEGIES}
        self.holdings = {s: ContainerHoldings(self.ledger.of(s), self.orders[s], instruments) for s in STRATEGIES}
        self.gate = self.make_gate()
        self.gate.now_ns = SECOND
        self.placed: list[Order] = []
        self.held = dict.fromkeys(STRATEGIES, ZERO)
        self.traded: dict[str, Decimal] = {}
        self.silent: deque[ExecutionReport] = deque()
        self.entries: list[int] = []

    def make_gate(self) -> Gate:
        return Gate(
            ledger=self.ledger,
            orders=self.orders,
            instruments=self.instruments,
            capabilities=Capabilities.everything(),
            account_limits=OF_ALL,
            limits=dict.fromkeys(STRATEGIES, OWN),
            price_of=lambda _: Decimal(100),
            restriction=lambda _: None,
        )

    def live(self, deeds: list[Deed]) -> None:
        for one in deeds:
            match one:
                case Ask():
                    self.ask(one)
                case Amend():
                    self.amend(one)
                case Happen():
                    self.happen(one)
                case Pass(ms):
                    self.gate.now_ns += ms * 1_000_000

    def ask(self, one: Ask) -> None:
        manager = self.orders[one.strategy]
        n = manager.added + 1
        limit = None if one.limit is None or one.stop is not None else str(one.limit)
        asked = msgspec.structs.replace(
            terms(one.side, str(one.quantity), limit, n=n, strategy=one.strategy),
            parent_id=f"{one.strategy}-{n - one.parent}" if one.parent else None,
            group_id=f"{one.strategy}-g{one.group}" if one.group else None,
        )
        if one.stop is not None:
            asked = msgspec.structs.replace(asked, type=OrderType.STOP, stop_price=Decimal(one.stop))
        if self.gate.refusal(asked) is not None:
            return
        if not self.reduces(asked):
            self.entries.append(self.gate.now_ns)
        self.gate.note(asked)
        order = manager.add(asked)
        manager.change(order, OrderChange.VALIDATE, 1)
        manager.change(order, OrderChange.ROUTE, 1)
        self.placed.append(order)

    def amend(self, one: Amend) -> None:
        order = self.order(one.number)
        if order is None:
            return
        asked = msgspec.structs.replace(order.terms, quantity=Decimal(one.quantity))
        if self.gate.amend_refusal(asked) is None:
            if not self.reduces(asked):
                self.entries.append(self.gate.now_ns)
            self.gate.note(asked)
            self.orders[order.terms.strategy].amend(order, asked, 2)

    def reduces(self, asked: OrderTerms) -> bool:
        """Whether the account, or its container, would only come nearer to flat."""
        signed = asked.side.signed(asked.quantity)
        nets = (self.ledger.of(asked.strategy).quantity("AAA"), sum(b.quantity("AAA") for b in self.ledger.all_books()))
        return asked.parent_id is not None or any(net and (net > 0) is not (signed > 0) for net in nets)

    def order(self, number: int) -> Order | None:
        """One of the last, counted back."""
        return self.placed[-1 - number] if number < len(self.placed) else None

    def happen(self, one: Happen) -> None:
        order = self.order(one.number)
        if one.what == "hear":
            self.hear()
        elif order is None:
            return
        elif one.what == "fill":
            self.fill(order, one.quantity)
        elif one.what == "ask_cancel":
            self.change(order, OrderChange.REQUEST_CANCEL)
        elif one.what == "lose":
            self.change(order, OrderChange.LOSE)
        elif one.what == "amended":
            self.hear_all()
            if order.asked is not None:
                can_be = order.asked.quantity > self.traded.get(order.order_id, 0)
                self.told(report(order.terms, ReportKind.REPLACED if can_be else ReportKind.REPLACE_REJECTED))
        elif one.what == "cancel":
            self.hear_all()
            if order.is_open:
                self.told(report(order.terms, ReportKind.CANCELLED))
        elif order.is_open:
            self.told(report(order.terms, ReportKind.ACCEPTED))

    def fill(self, order: Order, quantity: int) -> None:
        """The venue trades, as far as it may, and says nothing yet: what one of a group has traded the others may not,
        and exits no more than their parent has, whatever became of it."""
        if not order.is_open:
            return
        asked, most = order.terms, order.terms.quantity
        of_group = total(self.traded.get(one.order_id, ZERO) for one in self.placed if key(one) == key(order))
        if asked.parent_id is not None:
            most = min(most, self.traded.get(asked.parent_id, ZERO))
        units = min(Decimal(quantity), most - of_group)
        if units > 0:
            self.traded[order.order_id] = self.traded.get(order.order_id, ZERO) + units
            self.held[asked.strategy] += asked.side.signed(units)
            self.silent.append(report(asked, ReportKind.FILLED, filled=fill(asked, str(units))))

    def hear(self) -> None:
        if self.silent:
            self.told(self.silent.popleft())

    def hear_all(self) -> None:
        """What the venue says of an order it says after what it said before."""
        while self.silent:
            self.hear()

    def told(self, said: ExecutionReport) -> None:
        _, executed = self.orders[said.strategy].apply(said)
        if executed is not None:
            self.ledger.book(executed)

    def change(self, order: Order, change: OrderChange) -> None:
        if (order.state, change) in TRANSITIONS:
            self.orders[order.terms.strategy].change(order, change, 2)


@settings(max_examples=40)
@given(seeds)
def test_no_container_nor_the_account_ever_holds_more_than_its_limit(seed: int) -> None:
    venue = Venue(PAID)
    for deed in story(seed):
        venue.live([deed])
        assert all(abs(held) <= MOST for held in venue.held.values()), venue.held
        assert total(venue.held.values()) <= MOST_OF_ALL


@settings(max_examples=40)
@given(seeds)
def test_none_does_long_or_short(seed: int) -> None:
    venue = Venue(ON_MARGIN)
    for deed in story(seed):
        venue.live([deed])
        assert all(abs(held) <= MOST for held in venue.held.values()), venue.held


@pytest.mark.parametrize("instrument", [PAID, ON_MARGIN], ids=["paid", "on margin"])
@settings(max_examples=30)
@given(seeds)
def test_the_worst_case_is_never_better_than_what_is_true(instrument: Instrument, seed: int) -> None:
    venue = Venue(instrument)
    for deed in story(seed):
        venue.live([deed])
        for strategy, holdings in venue.holdings.items():
            position, (buys, sells) = holdings.position("AAA"), holdings.working("AAA")
            assert position - sells <= venue.held[strategy] <= position + buys
            assert worst_case(position, buys, sells) >= abs(venue.held[strategy])


@settings(max_examples=40)
@given(seeds)
def test_no_second_holds_more_entries_than_the_limit(seed: int) -> None:
    venue = Venue(ON_MARGIN)
    venue.live(story(seed))
    for first, last in zip(venue.entries, venue.entries[MOST_ORDERS:], strict=False):
        assert last - first >= SECOND


@settings(max_examples=30)
@given(seeds, st.integers(1, 149))
def test_a_gate_that_was_restarted_says_the_same(seed: int, at: int) -> None:
    straight, broken = Venue(ON_MARGIN), Venue(ON_MARGIN)
    whole = story(seed)
    straight.live(whole)
    broken.live(whole[:at])
    before, broken.gate = broken.gate, broken.make_gate()
    broken.gate.now_ns = before.now_ns
    broken.gate.restore(through_msgpack(before.state()))
    broken.live(whole[at:])
    assert [order.terms for order in straight.placed] == [order.terms for order in broken.placed]
    assert straight.gate.state() == broken.gate.state()
