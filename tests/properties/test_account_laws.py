"""Laws of the account that hold in any story: two independent sums of it agree after everything that happens."""

from collections.abc import Callable
from decimal import Decimal

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from brokers.simulated.market import SimulatedMarket
from tests.account_stories import account_stories, accounts
from tests.market_builders import Happening, live
from tests.market_stories import KINDS
from trading.account.ledger import Ledger
from trading.commands import WireAmend, WireSubmit
from trading.postings import AccountEvent
from trading.reports import ExecutionReport

CAPITAL = {"s": {"USD": Decimal(1000)}, "t": {"EUR": Decimal(100)}}


@st.composite
def lives(draw: st.DrawFn) -> tuple[Callable[[], SimulatedMarket], list[Happening]]:
    """A maker of accounts, and a story for one."""
    kind = draw(KINDS)
    return draw(accounts(kind)), draw(account_stories(kind))


def of_two(happening: Happening) -> Happening:
    """The orders of odd numbers are another strategy's, where nothing hangs together."""
    if not isinstance(happening, WireSubmit | WireAmend):
        return happening
    terms = happening.terms
    alone = terms.parent_id is None and terms.group_id is None
    strategy = "t" if alone and happening.cid[-1] in "13579" else "s"
    return msgspec.structs.replace(happening, terms=msgspec.structs.replace(terms, strategy=strategy))


@given(life=lives())
def test_the_ledgers_books_together_are_the_account_and_each_keeps_its_law(
    life: tuple[Callable[[], SimulatedMarket], list[Happening]],
) -> None:
    make, story = life
    market = make()
    ledger = Ledger(cash=market.account().cash, capital=CAPITAL, instruments=market._instruments)
    for happening in story:
        for effect in live(market, [of_two(happening)]):
            if isinstance(effect, AccountEvent):
                ledger.share_out(effect)
            elif isinstance(effect, ExecutionReport) and effect.fill is not None:
                ledger.book(effect.fill)
        assert not ledger.difference(market.account())
        for book in ledger.all_books():
            assert not any(book.imbalance(currency) for currency in book.currencies())


@given(life=lives())
def test_every_event_of_the_account_has_an_id_of_its_own_in_the_order_of_their_coming(
    life: tuple[Callable[[], SimulatedMarket], list[Happening]],
) -> None:
    make, story = life

    found = [one.event_id for one in live(make(), story) if isinstance(one, AccountEvent)]

    assert found == [f"simulated-account-{n + 1}" for n in range(len(found))]
    assert live(make(), story) == live(make(), story)
