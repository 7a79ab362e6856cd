"""An operator's word: what it makes of orders and of what is nobody's, and what is not believed."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from tests.builders import fill, terms
from tests.market_builders import an_instrument
from trading.account.ids import ClientOrderIds
from trading.account.ledger import UNALLOCATED, Ledger
from trading.account.resolutions import Adoption, Resolution, Verdict, adopted_order, adopted_units, verdict
from trading.account.transfers import Transfer
from trading.errors import LedgerError
from trading.instruments import Instrument
from trading.orders import OrderTerms, OrderType, Side
from trading.venue.attempts import Attempt, AttemptChange, AttemptState
from trading.venue.evidence import OperatorWord
from trading.venue.messages import VenueOrder, VenueStatus
from trading.venue.ownership import Ownership

INSTRUMENTS = {"AAA": an_instrument("AAA", lot="2")}
WORD = "seen at the venue's own page"


def an_attempt(filled: str = "4", state: AttemptState = AttemptState.QUARANTINED, **more: Any) -> Attempt:
    """Of ten units, four of them filled."""
    return Attempt(
        cid="c", terms=terms(), stamp_ns=1, sent_ns=1, request=1, state=state, filled=Decimal(filled), **more
    )


def said(ended: Any, filled: str = "0", price: str | None = None) -> Resolution:
    return Resolution(
        order_id="a-1", ended=ended, filled=Decimal(filled), price=None if price is None else Decimal(price)
    )


@pytest.mark.parametrize("state", [AttemptState.UNKNOWN, AttemptState.QUARANTINED])
@pytest.mark.parametrize(
    ("resolution", "filled", "change", "units"),
    [
        (said("filled", "10", "99.5"), "4", AttemptChange.FILL, "6"),
        (said("filled", "10"), "10", AttemptChange.FILL, "0"),
        (said("cancelled", "4"), "4", AttemptChange.CANCEL, "0"),
        (said("cancelled", "6", "99.5"), "4", AttemptChange.CANCEL, "2"),
        (said("cancelled"), "0", AttemptChange.CANCEL, "0"),
        (said("never_arrived"), "0", AttemptChange.PROVE_ABSENT, "0"),
    ],
)
def test_an_order_in_doubt_ends_as_an_operator_says(
    resolution: Resolution, filled: str, change: AttemptChange, units: str, state: AttemptState
) -> None:
    assert verdict(resolution, an_attempt(filled, state), INSTRUMENTS, WORD) == Verdict(
        change=change, word=OperatorWord(reason=WORD), units=Decimal(units), price=resolution.price
    )


@pytest.mark.parametrize(
    ("resolution", "attempt", "why", "message"),
    [
        (said("filled", "10", "1"), None, WORD, "order a-1 is not known; bulkhead orders shows those that are"),
        (said("filled", "10", "1"), {}, "", "say how you know what became of order a-1: it is written down"),
        (
            said("filled", "10", "1"),
            {"state": AttemptState.ACCEPTED},
            WORD,
            "order a-1 is accepted; only one in doubt is resolved by hand",
        ),
        (
            said("cancelled", "4"),
            {"state": AttemptState.CANCELLED},
            WORD,
            "order a-1 is cancelled; only one in doubt is resolved by hand",
        ),
        (said("cancelled", "2"), {}, WORD, "4 of order a-1 has filled, as the venue says; 2 is less"),
        (said("cancelled", "12", "1"), {}, WORD, "order a-1 is of 10; 12 is more"),
        (said("cancelled", "5", "1"), {}, WORD, "5 AAA is no whole number of lots of 2"),
        (said("never_arrived", "4"), {}, WORD, "4 of order a-1 has filled, so it did arrive: say cancelled"),
        (
            said("never_arrived"),
            {"filled": "0", "venue_id": "v7"},
            WORD,
            "order a-1 is v7 at the venue, so it did arrive: say cancelled",
        ),
        (said("filled", "8", "1"), {}, WORD, "order a-1 is of 10, so with 8 it has not filled: say cancelled"),
        (said("cancelled", "10", "1"), {}, WORD, "order a-1 is of 10, so with 10 it has filled: say filled"),
        (said("cancelled", "4", "1"), {}, WORD, "nothing more of order a-1 has filled by that; leave the price out"),
        (said("filled", "10"), {}, WORD, "6 more of order a-1 has filled by that; name the price"),
        (said("filled", "10", "0"), {}, WORD, "a price of 0 cannot be: AAA costs more than zero"),
    ],
    ids=lambda value: value[:60] if isinstance(value, str) and len(value) > 30 else "",
)
def test_what_is_known_to_be_otherwise_is_refused(
    resolution: Resolution, attempt: dict[str, Any] | None, why: str, message: str
) -> None:
    with pytest.raises(LedgerError) as refused:
        verdict(resolution, None if attempt is None else an_attempt(**attempt), INSTRUMENTS, why)
    assert str(refused.value) == message


# Units that are nobody's.


def ledger() -> Ledger:
    """A strategy, and eight units at 100 that nobody owns."""
    books = Ledger(cash={"USD": Decimal(20_000)}, capital={"a": {"USD": Decimal(10_000)}}, instruments=INSTRUMENTS)
    books.book(fill(terms(quantity="8", strategy="who")))
    return books


PRICES: dict[str, Decimal] = {"AAA": Decimal(110)}


@pytest.mark.parametrize(
    ("adoption", "amount", "price"),
    [
        (Adoption(strategy="a", symbol="AAA"), 8, 110),
        (Adoption(strategy="a", symbol="AAA", units=Decimal(2)), 2, 110),
        (Adoption(strategy="a", symbol="AAA", price=Decimal(100)), 8, 100),
    ],
    ids=["all, at the last price", "a part", "at a price"],
)
def test_a_strategy_gets_units_that_are_nobody_s(adoption: Adoption, amount: int, price: int) -> None:
    books = ledger()
    transfer = adopted_units(adoption, books, PRICES.get)
    assert transfer == Transfer(
        source=UNALLOCATED, target="a", amount=Decimal(amount), symbol="AAA", price=Decimal(price)
    )
    total = books.total()
    books.transfer(transfer, "t", 1)
    assert books.of("a").quantity("AAA") == amount
    assert books.total() == total


@pytest.mark.parametrize(
    ("adoption", "prices", "message"),
    [
        (
            Adoption(strategy="a", symbol="BBB"),
            PRICES,
            "unallocated holds no BBB; bulkhead positions shows what it holds",
        ),
        (Adoption(strategy="a", symbol="AAA"), {}, "no price of AAA was heard yet; name one"),
        (Adoption(strategy="who", symbol="AAA"), PRICES, "who has no book"),
        (
            Adoption(strategy="a", symbol="AAA", units=Decimal(9)),
            PRICES,
            "unallocated holds 8 AAA; 9 of that cannot be moved",
        ),
        (
            Adoption(strategy="a", symbol="AAA", units=Decimal(-2)),
            PRICES,
            "unallocated holds 8 AAA; -2 of that cannot be moved",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_units_that_are_not_there_are_not_given(adoption: Adoption, prices: dict[str, Decimal], message: str) -> None:
    with pytest.raises(LedgerError) as refused:
        adopted_units(adoption, ledger(), prices.get)
    assert str(refused.value) == message


# Orders that are nobody's.

FOREIGN = VenueOrder(
    cid="web-17",
    venue_id="12-34",
    symbol="AAA",
    side=Side.SELL,
    quantity=Decimal(6),
    filled=Decimal(0),
    status=VenueStatus.OPEN,
    limit_price=Decimal(120),
)


def adopted(
    order: VenueOrder | None, strategy: str = "a", instruments: dict[str, Instrument] | None = None
) -> OrderTerms:
    ownership = Ownership(["a", "b"], INSTRUMENTS if instruments is None else instruments)
    return adopted_order(Adoption(strategy=strategy, venue_id="12-34"), order, ["a", "b"], ownership, 5)


def test_a_strategy_gets_an_order_that_is_nobody_s() -> None:
    assert adopted(FOREIGN) == OrderTerms(
        order_id="a-v12_34",
        strategy="a",
        symbol="AAA",
        side=Side.SELL,
        quantity=Decimal(6),
        created_ns=5,
        type=OrderType.LIMIT,
        limit_price=Decimal(120),
        reason="adopted by an operator",
    )


@pytest.mark.parametrize(
    ("order", "more", "message"),
    [
        (FOREIGN, {"strategy": "who"}, "who is no strategy here; known: a, b"),
        (None, {}, "no order 12-34 works that is nobody's; bulkhead reconcile shows those that do"),
        (FOREIGN, {"instruments": {}}, "order 12-34 is in AAA, which is no instrument here"),
        (
            msgspec.structs.replace(FOREIGN, cid=""),
            {},
            "order 12-34 has no client order id, so it could not be cancelled: do so at the venue",
        ),
        (
            msgspec.structs.replace(FOREIGN, filled=Decimal(2)),
            {},
            "2 of order 12-34 has filled for nobody: cancel it at the venue, and adopt the units",
        ),
    ],
    ids=["no strategy", "no order", "no instrument", "no id", "partly filled"],
)
def test_an_order_that_could_not_be_handled_is_not_given(
    order: VenueOrder | None, more: dict[str, Any], message: str
) -> None:
    with pytest.raises(LedgerError) as refused:
        adopted(order, **more)
    assert str(refused.value) == message


def test_nor_is_one_that_is_another_strategy_s() -> None:
    order = msgspec.structs.replace(FOREIGN, cid=ClientOrderIds(1).next("b"))
    with pytest.raises(LedgerError, match="order 12-34 is b-r000000010000 of b"):
        adopted(order)
