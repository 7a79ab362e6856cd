"""What happens to the account within a step: shared out, recorded, told, and what an operator moves."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from brokers.simulated.costs import NoCommission, NoSlippage
from brokers.simulated.market import SimulatedMarket
from tests.builders import Rig, acting, buy, canonical, price, spec, strategy
from tests.market_builders import USD, an_instrument
from trading.account.records import Commit, Noted, Operation, Posted, Valuation, Valued
from trading.account.transfers import Transfer
from trading.commands import Trip, WireSubmit
from trading.errors import LedgerError
from trading.instruments import InstrumentKind, MarginTerms
from trading.market import Effect
from trading.market_data import MarketEvent
from trading.orders import Side
from trading.postings import Accrual, Liquidation, Posting, PostingKind
from trading.reports import Fill, Liquidity
from trading.strategy import Strategy
from trading.timestamps import DAY, SECOND

FUTURE = msgspec.structs.replace(
    an_instrument(),
    kind=InstrumentKind.FUTURE,
    margin=MarginTerms(currency=USD, initial=Decimal("0.1"), maintenance=Decimal("0.05")),
)


class Fateful(SimulatedMarket):
    """A market at which something befalls the account, after it has met its n-th event."""

    def __init__(self, *befalls: tuple[int, Effect]) -> None:
        super().__init__(
            instruments={"AAA": FUTURE},
            cash={"USD": Decimal(21_000)},
            match_on={"AAA": "quotes"},
            slippage=NoSlippage(),
            commission=NoCommission(),
        )
        self._befalls = befalls
        self._heard = 0

    def on_event(self, event: MarketEvent) -> list[Effect]:
        effects = super().on_event(event)
        self._heard += 1
        for place, effect in self._befalls:
            if place == self._heard:
                self.apply(effect, None)
                effects.append(effect)
        return effects


def rig(*specs: Any, befalls: Sequence[tuple[int, Effect]] = (), **making: Any) -> Rig:
    return Rig(*specs, instruments={"AAA": FUTURE}, market=Fateful(*befalls), currency=USD, **making)


def funding(per_long: str, amount: str) -> Accrual:
    return Accrual(
        event_id="funding-1",
        kind=PostingKind.FUNDING,
        ts_ns=2 * SECOND,
        due_ns=2 * SECOND,
        symbol="AAA",
        currency="USD",
        per_long=Decimal(per_long),
        per_short=Decimal(per_long).copy_negate(),
        amount=Decimal(amount),
    )


def liquidation(quantity: str) -> Liquidation:
    fill = Fill(
        execution_id="simulated-liquidation-1",
        order_id="liquidation-1",
        strategy="unallocated",
        symbol="AAA",
        side=Side.SELL,
        quantity=Decimal(quantity),
        price=Decimal(90),
        notional=Decimal(quantity) * 90,
        currency="USD",
        fee=Decimal(0),
        fee_currency="USD",
        liquidity=Liquidity.TAKER,
        slippage=Decimal(0),
        ts_ns=2 * SECOND,
    )
    return Liquidation(event_id="liquidation-1", ts_ns=2 * SECOND, fill=fill, reason="equity is below the margin")


def sell(trader: Strategy) -> None:
    trader.sell("AAA", 4)


def postings(rig: Rig) -> list[Posting]:
    return [record.posting for record in rig.records if isinstance(record, Posted)]


def test_containers_on_both_sides_get_what_each_would_get_alone_and_the_rest_is_nobodys() -> None:
    heard: list[str] = []

    def on_posting(self: Strategy, posting: Posting) -> None:
        heard.append(f"{self.id} {posting.kind} {posting.cash['USD']} at {self.now_ns // SECOND}")

    event = funding("-0.335", "-2.01")
    both = rig(
        spec(acting(buy, on_posting=on_posting), "a"),
        spec(acting(sell, on_posting=on_posting), "b"),
        befalls=[(2, event)],
    ).feed(price(1, 100.0), price(2, 100.0))

    assert [(one.strategy, one.cash["USD"], one.number, one.cause) for one in postings(both)] == [
        ("a", Decimal("-3.35"), 3, 2),
        ("b", Decimal("1.34"), 3, 2),
    ]
    assert both.records[-4:-1] == [
        Noted(note=event, round=0),
        *(Posted(posting=posting) for posting in postings(both)),
    ]
    assert heard == ["a funding -3.35 at 2", "b funding 1.34 at 2"]
    assert both.container("a").portfolio.income == {"funding": {"USD": Decimal("-3.35")}}
    both.assert_books_add_up()


def test_cents_that_no_book_has_are_unallocated() -> None:
    odd = rig(spec(acting(buy), "a"), spec(acting(buy), "b"), befalls=[(2, funding("0.3335", "6.67"))])
    odd.feed(price(1, 100.0), price(2, 100.0))
    assert [(one.strategy, one.cash["USD"]) for one in postings(odd)] == [
        ("a", Decimal("3.34")),  # 3.335, halves to even
        ("b", Decimal("3.34")),
        ("unallocated", Decimal("-0.01")),
    ]
    odd.assert_books_add_up()


def test_who_holds_what_is_liquidated_is_sealed_and_its_orders_withdrawn() -> None:
    def rest(trader: Strategy) -> None:
        buy(trader)
        trader.buy("AAA", 1, limit_price=Decimal(80))

    idle = strategy(on_quote=lambda self, _: None)
    broken = rig(spec(acting(rest, buy), "a"), spec(idle, "b"), befalls=[(2, liquidation("10"))])
    broken.feed(price(1, 100.0), price(2, 90.0), price(3, 90.0))

    assert broken.router.tripped == {"a": "equity is below the margin"}
    assert [one.reason for one in broken.records if isinstance(one, Trip)] == ["equity is below the margin"]
    assert broken.container("a").trip is not None
    assert broken.container("b").trip is None
    assert broken.router.orders["a"].open_count == 0
    assert broken.sent() == ["a-1 buy 10", "a-2 buy 1", "a-2 cancel"], "and what it still asked for is not sent"
    assert broken.router.ledger.of("a").quantity("AAA") == 10
    assert broken.router.ledger.unallocated.quantity("AAA") == -10
    broken.assert_books_add_up()


def test_a_run_cut_after_an_event_of_the_account_goes_on_identically() -> None:
    specs = spec(acting(buy, sell, buy), "a"), spec(acting(sell), "b")
    befalls = [(2, funding("-0.335", "-2.01"))]
    whole = rig(*specs, befalls=befalls).feed(price(1, 100.0), price(2, 101.0), price(3, 102.0))
    first = rig(*specs, befalls=befalls).feed(price(1, 100.0), price(2, 101.0))
    again = rig(*specs, state=first.state()).feed(price(3, 102.0))
    assert canonical(first.records + again.records) == canonical(whole.records)
    assert again.router.ledger.of("a").digest() == whole.router.ledger.of("a").digest()


def test_what_reduces_a_container_alone_goes_out_as_a_plain_order_and_stays_its_own() -> None:
    def leave(trader: Strategy) -> None:
        trader.sell("AAA", 10, limit_price=Decimal(101), reduce_only=True)

    def further(trader: Strategy) -> None:
        trader.amend("a-2", limit_price=Decimal(102))

    def short(trader: Strategy) -> None:
        trader.sell("AAA", 14)

    sides = rig(spec(acting(buy, leave, further), "a"), spec(acting(short), "b"))
    sides.feed(price(1, 100.0), price(2, 100.0), price(3, 100.0))
    sent = [record for record in sides.records if isinstance(record, WireSubmit)]
    assert [(one.terms.order_id, one.terms.reduce_only, one.as_plain) for one in sent] == [
        ("a-1", False, False),
        ("b-1", False, False),
        ("a-2", True, True),
    ]
    views = [sides.order("a-2"), *sides.container("a").orders.open()]
    assert [order.terms.reduce_only for order in views] == [True, True]
    restored = rig(spec(acting(buy, leave, further), "a"), spec(acting(short), "b"), state=sides.state())
    restored.feed(price(4, 103.0))
    assert restored.reports() == ["a-2 filled 10 at 102"], "the account is short, and could not be reduced by it"
    restored.assert_books_add_up()


def test_what_reduces_the_account_too_is_sent_as_that() -> None:
    def leave(trader: Strategy) -> None:
        trader.sell("AAA", 10, limit_price=Decimal(101), reduce_only=True)

    alone = rig(spec(acting(buy, leave), "a"), spec(acting(sell), "b")).feed(price(1, 100.0), price(2, 100.0))
    sent = [record for record in alone.records if isinstance(record, WireSubmit)]
    assert [(one.terms.order_id, one.as_plain) for one in sent] == [("a-1", False), ("b-1", False), ("a-2", True)]
    longer = rig(spec(acting(buy, leave), "a"), spec(acting(buy), "b")).feed(price(1, 100.0), price(2, 100.0))
    assert [one.as_plain for one in longer.records if isinstance(one, WireSubmit)] == [False, False, False]


# The end of a day.


def test_a_day_ends_with_what_every_book_is_worth_before_what_comes_after() -> None:
    days = rig(spec(acting(buy), "a"))
    days.feed(price(1, 100.0), price(2, 103.0), price(DAY // SECOND + 5, 50.0), price(3 * DAY // SECOND, 60.0))
    valued = [record for record in days.records if isinstance(record, Valued)]
    begin = Valued(
        ts_ns=SECOND,
        books={
            "a": Valuation(equity=Decimal("10000.00"), exposure=Decimal("0.00")),
            "unallocated": Valuation(equity=Decimal("1000.00"), exposure=Decimal("0.00")),
        },
    )
    assert valued == [
        begin,
        Valued(
            ts_ns=DAY,
            books={
                "a": Valuation(equity=Decimal("10030.00"), exposure=Decimal("1030.00")),
                "unallocated": Valuation(equity=Decimal("1000.00"), exposure=Decimal("0.00")),
            },
        ),
        Valued(
            ts_ns=2 * DAY,
            books={
                "a": Valuation(equity=Decimal("9500.00"), exposure=Decimal("500.00")),
                "unallocated": Valuation(equity=Decimal("1000.00"), exposure=Decimal("0.00")),
            },
        ),
    ]
    places = [days.records.index(one) for one in valued[1:]]
    assert all(isinstance(days.records[place + 1], Commit) for place in places), "nothing else happened then"


# What an operator moves.


def moving(amount: str) -> Operation:
    return Operation(action="move_cash", ts_ns=SECOND, reason="", currency="USD", amount=Decimal(amount))


def transferring(**facts: Any) -> Operation:
    return Operation(action="transfer", ts_ns=SECOND, reason="", transfer=Transfer(**facts))


def test_money_that_comes_is_unallocated_until_it_is_given_to_a_strategy() -> None:
    account = rig(spec(acting(buy), "a"), spec(acting(buy), "b")).feed(price(1, 100.0))
    account.driver.operate(moving("500"))
    account.driver.operate(transferring(source="unallocated", target="a", currency="USD", amount=Decimal(1200)))

    ledger = account.router.ledger
    assert (ledger.of("a").capital, ledger.unallocated.capital) == (
        {"USD": Decimal(11_200)},
        {"USD": Decimal(300)},
    )
    assert account.container("a").portfolio.digest() == ledger.of("a").digest()
    assert ledger.of("a").imbalance("USD") == ledger.unallocated.imbalance("USD") == 0
    account.assert_books_add_up()


def test_a_position_goes_over_at_a_price_as_if_both_had_traded() -> None:
    account = rig(spec(acting(buy), "a"), spec(acting(sell), "b")).feed(price(1, 100.0))
    account.driver.operate(transferring(source="a", target="b", symbol="AAA", amount=Decimal(6), price=Decimal(110)))
    a, b = account.container("a").portfolio, account.container("b").portfolio
    assert (a.quantity("AAA"), a.realised("USD"), a.cash["USD"]) == (Decimal(4), Decimal(60), Decimal(9660))
    assert (b.quantity("AAA"), b.realised("USD"), b.cash["USD"]) == (Decimal(2), Decimal(-40), Decimal(9740))
    assert b.positions["AAA"].cost == 220
    assert a.imbalance("USD") == b.imbalance("USD") == 0
    account.assert_books_add_up()


def test_the_price_of_a_transfer_is_no_price_of_the_market() -> None:
    account = rig(spec(acting(buy), "a"), spec(acting(sell), "b")).feed(price(1, 100.0))
    worth = [record for record in account.records if isinstance(record, Valued)]
    account.driver.operate(transferring(source="a", target="b", symbol="AAA", amount=Decimal(6), price=Decimal(1_000)))
    books = account.router.ledger.all_books()
    assert {book.owner: book.marks.get("AAA") for book in books} == {"a": 100.0, "b": 100.0, "unallocated": None}
    assert account.container("b").portfolio.marks == {"AAA": 100.0}
    (after,) = [record for record in account.records if isinstance(record, Valued)][len(worth) :]
    assert sum(book.equity or 0 for book in after.books.values()) == 21_000


def test_units_that_open_orders_may_close_are_not_moved() -> None:
    def offer(trader: Strategy) -> None:
        trader.sell("AAA", 6, limit_price=Decimal(120))

    account = rig(spec(acting(buy, offer), "a"), spec(acting(sell), "b")).feed(price(1, 100.0), price(2, 100.0))
    moves = {"source": "a", "target": "b", "symbol": "AAA", "price": Decimal(100)}
    with pytest.raises(LedgerError, match="open orders of a may close 6 of the 10 AAA that it holds; cancel them"):
        account.driver.operate(transferring(amount=Decimal(5), **moves))
    account.driver.operate(transferring(amount=Decimal(4), **moves))
    assert account.book("a").quantity("AAA") == 6


def test_cash_that_margin_needs_is_not_moved() -> None:
    account = rig(spec(acting(lambda trader: trader.sell("AAA", 900)), "a"), spec(acting(buy), "b"))
    account.feed(price(1, 100.0))
    gives = {"source": "a", "target": "b", "currency": "USD"}
    with pytest.raises(LedgerError) as raised:
        account.driver.operate(transferring(amount=Decimal("1000.01"), **gives))
    assert str(raised.value) == (
        "a can spare 1,000.00 USD: its equity is 10,000.00, and its positions and open orders need a margin of 9,000.00"
    )
    account.driver.operate(transferring(amount=Decimal(1_000), **gives))


@pytest.mark.parametrize(
    ("operation", "sentence"),
    [
        pytest.param(
            moving("-1000.01"),
            "1000.01 USD cannot be withdrawn: 1000 is unallocated; transfer it from a strategy first",
            id="more than is unallocated",
        ),
        pytest.param(
            transferring(source="a", target="b", symbol="AAA", amount=Decimal(11), price=Decimal(100)),
            "a holds 10 AAA; 11 of that cannot be moved",
            id="more than is held",
        ),
        pytest.param(
            transferring(source="a", target="b", symbol="AAA", amount=Decimal(-1), price=Decimal(100)),
            "a holds 10 AAA; -1 of that cannot be moved",
            id="short of a long",
        ),
        pytest.param(
            transferring(source="a", target="a", currency="USD", amount=Decimal(1)),
            "a is named as source and as target; name two books",
            id="to itself",
        ),
        pytest.param(
            transferring(source="a", target="c", currency="USD", amount=Decimal(1)), "c has no book", id="to nobody"
        ),
        pytest.param(
            transferring(source="a", target="b", symbol="ZZZ", amount=Decimal(1), price=Decimal(1)),
            "a holds 0 ZZZ; 1 of that cannot be moved",
            id="of what is unknown",
        ),
        pytest.param(
            transferring(source="a", target="b", currency="EUR", amount=Decimal(1)),
            "a has 0 EUR; 1 of that cannot be moved",
            id="of a currency that is not there",
        ),
    ],
)
def test_what_cannot_be_moved_is_refused_and_nothing_has_happened(operation: Operation, sentence: str) -> None:
    account = rig(spec(acting(buy), "a"), spec(acting(buy), "b")).feed(price(1, 100.0))
    before, records = account.state(), len(account.records)
    with pytest.raises(LedgerError) as raised:
        account.driver.operate(operation)
    assert str(raised.value) == sentence
    assert account.state() == before
    assert len(account.records) == records
