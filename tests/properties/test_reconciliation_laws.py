"""Whatever happens at a venue, and however its words come: once it is quiet, two clean readings make the books the
venue's account to the last digit, and no strategy's book has ever been changed by anything but its own executions."""

from collections import Counter
from collections.abc import Callable, Sequence
from decimal import Decimal
from random import Random
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.reconciliation_builders import CAPITAL, INSTRUMENTS, SETTLE, STRATEGIES, Desk, Venue
from trading.account.breaks import WINDOW_NS, BreakState
from trading.account.ids import ClientOrderIds
from trading.account.ledger import UNALLOCATED
from trading.market import AccountSnapshot
from trading.money import EXACT
from trading.timestamps import SECOND
from trading.venue.messages import VenueFill
from trading.venue.ownership import Ownership

OWNERS = (*STRATEGIES, "somebody")


class Trades(NamedTuple):
    """Something is executed; it is pushed now, or when `Pushes` comes to it, or not at all."""

    owner: str
    units: int
    symbol: str
    cents: int
    fee: int
    pushed: str


class Moves(NamedTuple):
    """Money comes or goes."""

    currency: str
    cents: int


class Asks(NamedTuple):
    """The account is asked for: the answer is as it is now, or as it was some changes ago."""

    ago: int


class Answers(NamedTuple):
    """One of the answers comes: as it is, in part, or twice."""

    which: int
    how: str


class Lists(NamedTuple):
    """Executions are listed, but for the last seconds' of which the list may not know yet; or only a part of them."""

    lag: int
    complete: bool


class Pushes(NamedTuple):
    """An execution is pushed that was late."""

    which: int


class Passes(NamedTuple):
    """Time passes."""

    seconds: int


class Restarts(NamedTuple):
    """The daemon ends and begins again, with all that it knew."""


class Costs(NamedTuple):
    """A price is heard."""

    symbol: str
    cents: int


Action = Trades | Moves | Asks | Answers | Lists | Pushes | Passes | Restarts | Costs


class Story:
    """A venue, books, and an oracle that adds up what each strategy's executions come to."""

    def __init__(self, *, tells_time: bool) -> None:
        self.venue, self.desk = Venue(), Desk()
        self.tells_time = tells_time
        self.late: list[VenueFill] = []
        self.answers: list[tuple[int, AccountSnapshot, int, bool]] = []
        self.newest = 0
        self.owns = {owner: dict(CAPITAL[owner]) for owner in STRATEGIES}
        self.seen: Counter[str] = Counter()

    def tell(self, action: Action) -> None:
        """Let it happen, and look at the strategies' books."""
        acts: dict[type, Callable[..., None]] = {
            Trades: self._trade,
            Moves: self._move,
            Asks: self._ask,
            Answers: self._answer,
            Lists: self._list,
            Pushes: self._push,
            Passes: self._pass,
            Restarts: self._restart,
            Costs: self._cost,
        }
        acts[type(action)](*action)
        for owner in STRATEGIES:
            own = {name: amount for name, amount in self.owns[owner].items() if amount}
            assert self.desk.figures(owner) == own

    def end(self) -> None:
        """It is quiet: everything comes that was late, and then two clean readings."""
        for fill in self.late:
            self._hear(fill)
        self.desk.now += WINDOW_NS // SECOND
        self.desk.read_twice(self.venue.account, self._all_news())
        assert self.desk.ledger.total() == _with_zeros(self.venue.account, self.desk.ledger.total())
        assert self.desk.reconciliation.is_reconciled
        assert not self.desk.reconciliation.is_initial
        assert self.desk.read_twice(self.venue.account, self.venue.fills).events == []
        assert not [one for one in self.desk.reconciliation.breaks if one.state is BreakState.OPEN]
        for book in self.desk.ledger.all_books():
            assert not any(book.imbalance(currency) for currency in book.cash)

    def _trade(self, owner: str, units: int, symbol: str, cents: int, fee: int, pushed: str) -> None:
        if not units:
            return
        price, cost = f"{Decimal(cents).scaleb(-2)}", f"{Decimal(fee).scaleb(-2)}"
        fill = self.venue.trade(owner, f"{units}", symbol, price, cost, self.desk.now)
        if pushed == "now":
            self._hear(fill)
        elif pushed == "late":
            self.late.append(fill)

    def _move(self, currency: str, cents: int) -> None:
        self.venue.move(currency, f"{Decimal(cents).scaleb(-2)}", self.desk.now)

    def _ask(self, ago: int) -> None:
        request = self.desk.ask()
        when, state = self.venue.past[-1 - min(ago, len(self.venue.past) - 1)]
        self.answers.append((request, state, self.desk.now if not ago else when, ago > 0))

    def _answer(self, which: int, how: str) -> None:
        if not self.answers:
            return
        request, state, venue, _ = self.answers.pop(which % len(self.answers))
        complete = how != "in part"
        if not complete:
            state = AccountSnapshot(cash=state.cash, positions={})
        is_stale = self.tells_time and 0 < venue < self.newest
        told_at = venue if self.tells_time else 0
        outcome = self.desk.hear_account(state, request, complete=complete, venue=told_at)
        if not complete or is_stale:
            assert outcome.events == []
            self.seen["partial" if not complete else "stale"] += 1
        else:
            self.newest = max(self.newest, told_at)
            self.seen["booked"] += len(outcome.events)
        if how == "twice":
            assert self.desk.hear_account(state, request, venue=told_at).events == []

    def _list(self, lag: int, complete: bool) -> None:
        request = self.desk.ask()
        known = [fill for fill in self.venue.fills if fill.ts_ns <= (self.desk.now - lag) * SECOND]
        listed = known if complete else known[:1]
        for fill in listed:
            self._hear(fill)
        self.desk.hear_fills(listed, request, complete=complete)

    def _push(self, which: int) -> None:
        if self.late:
            self._hear(self.late.pop(which % len(self.late)))

    def _pass(self, seconds: int) -> None:
        self.desk.now += seconds

    def _restart(self) -> None:
        self.desk.restart()
        self.answers, self.newest = [], 0

    def _cost(self, symbol: str, cents: int) -> None:
        self.desk.prices[symbol] = Decimal(cents).scaleb(-2)

    def _hear(self, fill: VenueFill) -> None:
        outcome = self.desk.hear_fill(fill)
        if outcome is None:
            return
        self.newest = max(self.newest, fill.ts_ns // SECOND)
        self.seen["taken back"] += len(outcome.events)
        owner = self.desk.ownership.owner(fill.cid)
        if owner is None:
            return
        own, units = self.owns[owner.strategy], fill.side.signed(fill.quantity)
        currency = INSTRUMENTS[fill.symbol].currency.code
        cost = EXACT.multiply(units, fill.price)
        for name, more in ((fill.symbol, units), (currency, cost.copy_negate()), ("USD", fill.fee.copy_negate())):
            own[name] = EXACT.add(own.get(name, Decimal(0)), more)

    def _all_news(self) -> list[VenueFill]:
        news = [fill for fill in self.venue.fills if fill.execution_id not in self.desk.heard]
        for fill in news:
            self._hear(fill)
        return self.venue.fills


def _with_zeros(account: AccountSnapshot, like: AccountSnapshot) -> AccountSnapshot:
    """The account with the currencies that the books have, though they have nothing in them."""
    return AccountSnapshot(cash={**dict.fromkeys(like.cash, Decimal(0)), **account.cash}, positions=account.positions)


@given(
    st.lists(st.tuples(st.sampled_from(OWNERS), st.integers(1, 2**40)), max_size=20),
    st.permutations([*STRATEGIES, "c", "d"]),
)
def test_whose_an_order_is_follows_from_its_id_alone(orders: list[tuple[str, int]], strategies: list[str]) -> None:
    """Whatever life placed it, and whoever else is there, in whatever order."""
    for owner, epoch_ms in orders:
        cid = ClientOrderIds(epoch_ms).next(owner)
        first, again = Ownership(STRATEGIES, INSTRUMENTS).owner(cid), Ownership(strategies, INSTRUMENTS).owner(cid)
        assert first == again
        assert (first.strategy if first else "somebody") == owner


cents = st.integers(9_000, 11_000)
actions = st.one_of(
    st.builds(
        Trades,
        st.sampled_from(OWNERS),
        st.integers(-20, 20),
        st.sampled_from(sorted(INSTRUMENTS)),
        cents,
        st.integers(-50, 300),
        st.sampled_from(("now", "late", "never")),
    ),
    st.builds(Moves, st.sampled_from(("USD", "EUR")), st.integers(-50_000, 50_000)),
    st.builds(Asks, st.sampled_from((0, 0, 0, 1, 2))),
    st.builds(Answers, st.integers(0, 3), st.sampled_from(("whole", "whole", "in part", "twice"))),
    st.builds(Lists, st.sampled_from((0, 0, 3)), st.booleans()),
    st.builds(Pushes, st.integers(0, 3)),
    st.builds(Passes, st.sampled_from((1, SETTLE, 60))),
    st.just(Restarts()),
    st.builds(Costs, st.sampled_from(sorted(INSTRUMENTS)), cents),
)


@pytest.mark.parametrize("tells_time", [True, False], ids=["with times", "without times"])
@given(st.data())
def test_once_it_is_quiet_two_readings_make_the_books_the_venue_s(tells_time: bool, data: st.DataObject) -> None:
    tell_all(data.draw(st.lists(actions, max_size=40)), tells_time=tells_time)


def tell_all(history: Sequence[Action], *, tells_time: bool) -> Story:
    story = Story(tells_time=tells_time)
    for action in history:
        story.tell(action)
    story.end()
    return story


def drawn(chance: Random) -> list[Action]:
    """Some of everything, and then two readings with a list between them, which may not know of the last seconds."""
    happening: list[Action] = []
    for _ in range(chance.randint(0, 6)):
        symbol, price = chance.choice(sorted(INSTRUMENTS)), chance.randint(9_000, 11_000)
        pushed = chance.choice(("now", "late", "never"))
        happening.append(
            chance.choice(
                (
                    Trades(
                        chance.choice(OWNERS), chance.randint(-9, 9), symbol, price, chance.randint(-50, 300), pushed
                    ),
                    Moves(chance.choice(("USD", "EUR")), chance.randint(-500, 500)),
                    Asks(chance.choice((0, 1, 2))),
                    Answers(chance.randint(0, 3), chance.choice(("whole", "in part", "twice"))),
                    Lists(chance.choice((0, 3)), complete=chance.random() < 0.5),
                    Pushes(chance.randint(0, 9)),
                    Passes(1),
                    Restarts(),
                    Costs(symbol, price),
                )
            )
        )
    readings: list[Action] = [
        Asks(0),
        Answers(0, "whole"),
        Lists(3, complete=True),
        Passes(SETTLE),
        Asks(0),
        Answers(0, "whole"),
    ]
    return [*happening, *readings, Passes(chance.choice((1, 300)))]


@pytest.mark.parametrize("seed", range(3))
def test_a_long_story_has_all_that_can_happen_and_ends_so_too(seed: int) -> None:
    chance = Random(seed)
    story = tell_all([action for _ in range(400) for action in drawn(chance)], tells_time=True)
    assert min(story.seen[what] for what in ("booked", "taken back", "stale", "partial")) >= 10
    assert story.desk.figures(UNALLOCATED), "somebody else has traded"
