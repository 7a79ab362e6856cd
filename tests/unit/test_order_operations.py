"""What an operator does about orders and the account at a venue: what comes of it, what is refused, and that it is
repeated as it was."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import pytest

from tests.builders import Rig, acting, buy, price, spec
from tests.market_builders import an_instrument, through_msgpack
from tests.venue_builders import PROFILE, Conversation, an_intent, at_venue, execution
from trading.account.breaks import BreakKind, BreakState
from trading.account.ledger import UNALLOCATED
from trading.account.records import FromOutside, Operation, Posted, StepRecord, Valued, VenueHeard
from trading.account.resolutions import Adoption, Resolution
from trading.capabilities import Capabilities
from trading.commands import WireCancel, WireSubmit
from trading.errors import LedgerError
from trading.market import AccountSnapshot
from trading.money import Currency
from trading.orders import Side
from trading.reports import ReportKind
from trading.timestamps import SECOND
from trading.venue.attempts import AttemptState
from trading.venue.messages import (
    AccountTold,
    FillsTold,
    FillTold,
    ListFills,
    ListOpenOrders,
    Message,
    OpenOrdersTold,
    OrderTold,
    ReadAccount,
    Request,
    StreamUp,
    VenueFill,
    VenueOrder,
    VenueStatus,
)
from trading.venue.session import VenueSession

WORD = "seen at the venue's own page"


def said(ended: Any, filled: str = "0", at: str | None = None, order_id: str = "a-1") -> Resolution:
    return Resolution(order_id=order_id, ended=ended, filled=Decimal(filled), price=None if at is None else Decimal(at))


def in_quarantine(talk: Conversation) -> WireSubmit:
    """An order of ten that was sent, and of which nothing was heard."""
    talk.begin_in_agreement()
    intent = an_intent(1)
    talk.lost(talk.command(intent))
    talk.at(120)
    assert talk.session.progress.attempts[intent.cid].state is AttemptState.QUARANTINED
    talk.told()
    return intent


class Talk(Conversation):
    """With what an operator does."""

    def adopt(self, strategy: str, venue_id: str) -> None:
        self._take(self.session.adopt(Adoption(strategy=strategy, venue_id=venue_id), self.now_ns))

    def read_all(self) -> None:
        self.session.read_all(self.now_ns)
        self._take([])


# What is said of an order in doubt.


@pytest.mark.parametrize(
    ("resolution", "reports", "state"),
    [
        (said("filled", "10", "99.5"), ["a-1 filled inferred"], AttemptState.FILLED),
        (said("cancelled", "4", "99.5"), ["a-1 filled inferred", "a-1 cancelled resolved"], AttemptState.CANCELLED),
        (said("cancelled"), ["a-1 cancelled resolved"], AttemptState.CANCELLED),
        (said("never_arrived"), ["a-1 rejected resolved"], AttemptState.NEVER_ARRIVED),
    ],
    ids=["filled", "filled in part", "cancelled", "never arrived"],
)
def test_an_order_in_doubt_ends_as_an_operator_says(
    resolution: Resolution, reports: list[str], state: AttemptState
) -> None:
    talk = Talk()
    intent = in_quarantine(talk)
    talk.resolve(resolution)
    told = list(talk.reports)
    attempt = talk.session.progress.attempts[intent.cid]

    assert talk.told() == reports
    assert (attempt.state, attempt.evidence and attempt.evidence.citation) == (state, f"operator: {WORD}")
    assert talk.session.doubts.in_doubt == []
    assert all(one.evidence == f"operator: {WORD}" for one in told if one.kind is not ReportKind.FILLED)
    booked: list[object] = [(one.fill.quantity, one.fill.price, one.fill.fee) for one in told if one.fill is not None]
    assert booked == ([(resolution.filled, resolution.price, Decimal(0))] if resolution.filled else [])


def test_what_an_operator_says_ends_the_break_and_has_the_account_read() -> None:
    talk = Talk()
    in_quarantine(talk)
    talk.resolve(said("never_arrived"))
    found = talk.session.agreement.reconciliation.breaks.get("unknown_order-a-1")
    assert found is not None
    assert (found.state, found.done) == (BreakState.RESOLVED, "an operator says never_arrived")
    assert ReadAccount() in talk.questions()


def test_executions_that_come_after_all_take_the_place_of_what_an_operator_said() -> None:
    talk = Talk()
    intent = in_quarantine(talk)
    talk.resolve(said("filled", "10", "99.5"))
    talk.told()
    talk.fill(execution(intent, "t1", "4", "99"))
    talk.fill(execution(intent, "t2", "6", "99.4"))
    assert talk.told() == [
        "a-1 busted inferred",
        "a-1 filled",
        "a-1 filled inferred",
        "a-1 busted inferred",
        "a-1 filled",
    ]
    assert talk.session.progress.attempts[intent.cid].filled == 10


def test_units_that_were_told_as_a_sum_and_those_of_an_operator_are_one_sum_at_their_mean_price() -> None:
    talk = Talk()
    intent = in_quarantine(talk)
    attempt = talk.session.progress.attempts[intent.cid]
    attempt.told = attempt.filled = Decimal(3)
    attempt.sum = execution(intent, "sum-3-3", "3", "99")
    talk.reports.clear()
    talk.resolve(said("cancelled", "9", "100"))
    fills: list[object] = [
        (one.kind.value, one.fill.quantity, one.fill.price) for one in talk.reports if one.fill is not None
    ]
    assert fills == [("busted", 3, 99), ("filled", 9, Decimal("99.666666666667"))]
    assert attempt.filled == 9


@pytest.mark.parametrize(
    ("resolution", "why", "message"),
    [
        (said("cancelled", order_id="a-2"), WORD, "order a-2 is not known; bulkhead orders shows those that are"),
        (said("cancelled"), "", "say how you know what became of order a-1: it is written down"),
        (said("filled", "9", "1"), WORD, "order a-1 is of 10, so with 9 it has not filled: say cancelled"),
    ],
)
def test_a_word_that_cannot_be_changes_nothing(resolution: Resolution, why: str, message: str) -> None:
    talk = Talk()
    in_quarantine(talk)
    before = through_msgpack(talk.session.state())
    with pytest.raises(LedgerError) as refused:
        talk.resolve(resolution, why)
    assert str(refused.value) == message
    assert through_msgpack(talk.session.state()) == before


def test_an_order_that_works_is_not_resolved_by_hand() -> None:
    talk = Talk()
    talk.begin_in_agreement()
    intent = an_intent(1)
    talk.order(at_venue(intent), talk.command(intent))
    with pytest.raises(LedgerError, match="order a-1 is accepted; only one in doubt is resolved by hand"):
        talk.resolve(said("cancelled"))


# Orders of others.


def a_foreign_order(**more: Any) -> VenueOrder:
    fields = {
        "cid": "web-17",
        "venue_id": "12",
        "symbol": "AAA",
        "side": Side.SELL,
        "quantity": Decimal(6),
        "filled": Decimal(0),
        "status": VenueStatus.OPEN,
        "limit_price": Decimal(120),
    }
    return VenueOrder(**{**fields, **more})


def test_an_order_of_somebody_elses_is_given_to_a_strategy_and_followed_from_then_on() -> None:
    talk = Talk()
    talk.begin_in_agreement()
    talk.order(a_foreign_order())
    assert talk.breaks() == ["foreign_order 12"]
    talk.adopt("a", "12")
    talk.order(a_foreign_order(status=VenueStatus.CANCELLED))
    assert talk.told() == ["a-v12 adopted", "a-v12 cancelled cancelled"]
    assert not talk.session.agreement.reconciliation.breaks.is_open(BreakKind.FOREIGN_ORDER, "12")


def test_an_order_that_was_given_away_is_nobodys_no_more_at_the_next_listing() -> None:
    talk = Talk()
    talk.begin_in_agreement()
    talk.order(a_foreign_order())
    talk.adopt("a", "12")
    talk.at(10)
    talk.answer_listings(orders=(a_foreign_order(),))
    assert talk.session.foreign == {}
    assert talk.breaks() == ["foreign_order 12"], "told once, when it was found"
    with pytest.raises(LedgerError, match="no order 12 works that is nobody's"):
        talk.adopt("b", "12")


@pytest.mark.parametrize("way", ["pushed as over", "not listed"])
def test_an_order_that_works_no_more_is_not_given_away(way: str) -> None:
    talk = Talk()
    talk.begin_in_agreement()
    talk.order(a_foreign_order())
    if way == "not listed":
        talk.at(10)
        talk.answer_listings()
    else:
        talk.order(a_foreign_order(status=VenueStatus.CANCELLED))
    with pytest.raises(LedgerError, match="no order 12 works that is nobody's"):
        talk.adopt("a", "12")


def test_a_list_that_was_asked_for_before_an_order_came_does_not_end_it() -> None:
    talk = Talk()
    talk.begin_in_agreement()
    talk.at(10)
    number = talk.request_of(ListOpenOrders())
    talk.order(a_foreign_order())
    talk.answer(number)
    assert list(talk.session.foreign) == ["12"]
    talk.at(20)
    talk.answer_listings()
    assert talk.session.foreign == {}
    assert talk.breaks() == ["foreign_order 12"]


def test_what_has_filled_for_nobody_keeps_an_order_from_being_given_away() -> None:
    talk = Talk()
    talk.begin_in_agreement()
    talk.order(a_foreign_order())
    talk.fill(execution(an_intent(1), "t1", "2", cid="web-17", venue_id="12", side=Side.SELL))
    with pytest.raises(LedgerError, match="2 of order 12 has filled for nobody"):
        talk.adopt("a", "12")


# Reading everything.


def test_everything_is_read_out_of_turn_and_nothing_is_held_back_meanwhile() -> None:
    talk = Talk()
    talk.begin_in_agreement()
    assert talk.session.holds_back == ""
    talk.read_all()
    assert (talk.questions(), talk.session.holds_back) == ([ListOpenOrders()], "")
    kinds = []
    while talk.session.readings == 0:
        number, question = next((one.request.number, one.request.what) for one in talk.session.requests)
        kinds.append(type(question))
        talk.answer(number)
    assert kinds == [ListOpenOrders, ListFills, ReadAccount]


def test_what_is_told_in_part_is_no_reading() -> None:
    talk = Talk()
    talk.begin_in_agreement()
    talk.read_all()
    talk.answer(talk.request_of(ListOpenOrders()), complete=False)
    talk.at(5)
    assert talk.session.readings == 0
    talk.at(20)
    talk.answer_listings()
    assert talk.session.readings == 1


def test_what_an_operator_asked_for_survives_a_snapshot() -> None:
    talk, other = Talk(), Talk()
    talk.begin_in_agreement()
    talk.order(a_foreign_order())
    talk.read_all()
    other.session.restore(through_msgpack(talk.session.state()))
    for one in (talk, other):
        one.now_ns = talk.now_ns
        one.answer_listings(orders=(a_foreign_order(),))
    assert (talk.session.readings, list(talk.session.foreign)) == (1, ["12"])
    assert through_msgpack(other.session.state()) == through_msgpack(talk.session.state())


# In the step that they are, and again in recovery.


class Traded:
    """A strategy at a venue, up to an order that is sent; what comes of outside is kept, to be repeated."""

    def __init__(self) -> None:
        self.session = VenueSession(
            profile=PROFILE,
            capabilities=Capabilities.everything(),
            instruments={"AAA": an_instrument()},
            strategies=("a",),
        )
        usd = Currency.known("USD")
        self.rig = Rig(spec(acting(buy), "a"), market=self.session, currency=usd)
        self.rig.feed(price(1, 100.0), price(2, 101.0))

    def carry(self, *causes: FromOutside) -> "Traded":
        for cause in causes:
            step = self.rig.lockstep.operate(cause) if isinstance(cause, Operation) else self.rig.lockstep.hear(cause)  # type: ignore[arg-type]
            self.rig.driver._complete(step)
        return self

    @property
    def cid(self) -> str:
        return next(one.cid for one in self.rig.records if isinstance(one, WireSubmit))

    def asked(self, kind: type) -> int:
        waiting: Iterable[Request] = (one.request for one in self.session.requests)
        return next(one.number for one in waiting if isinstance(one.what, kind))


def heard(message: Message, at: int = 3) -> VenueHeard:
    return VenueHeard(message=message, ts_ns=at * SECOND)  # type: ignore[arg-type]


def operation(action: Any, **more: Any) -> Operation:
    return Operation(**{"action": action, "ts_ns": 3 * SECOND, "reason": WORD, **more})


def foreign_units(quantity: str = "4") -> VenueFill:
    return execution(an_intent(1), "t9", quantity, cid="web", venue_id="9")


GIVEN = operation("adopt", adoption=Adoption(strategy="a", symbol="AAA", units=Decimal(3), price=Decimal("100.5")))
OPERATIONS = {
    "units": [heard(FillTold(message_id="s1", fill=foreign_units())), GIVEN],
    "an order": [
        heard(OrderTold(message_id="s1", order=a_foreign_order())),
        operation("adopt", adoption=Adoption(strategy="a", venue_id="12")),
        operation("cancel_order", order_id="a-v12"),
    ],
    "a resolution": [
        operation("reconcile"),
        heard(StreamUp(message_id="s1")),
        operation("resolve_order", resolution=said("cancelled", "4", "100.5")),
    ],
}


def carried(name: str) -> Traded:
    traded = Traded()
    if name == "a resolution":
        attempt = traded.session.progress.attempts[traded.cid]
        traded.carry(heard(OrderTold(message_id="r1", order=an_odd_order(traded))))
        assert attempt.is_in_doubt
    return traded.carry(*OPERATIONS[name])  # type: ignore[arg-type]


def an_odd_order(traded: Traded) -> VenueOrder:
    """A status that nobody knows puts an order in doubt."""
    return a_foreign_order(
        cid=traded.cid, venue_id="v1", side=Side.BUY, quantity=Decimal(10), status=VenueStatus.UNREADABLE
    )


@pytest.mark.parametrize("name", OPERATIONS)
def test_what_an_operator_did_comes_out_the_same_when_it_is_repeated(name: str) -> None:
    one, other = carried(name), carried(name)
    assert one.rig.records == other.rig.records
    assert one.rig.state() == other.rig.state()


def test_units_go_from_nobody_to_a_strategy_with_what_the_books_are_worth_after_that() -> None:
    traded = carried("units")
    ledger = traded.rig.router.ledger
    assert [ledger.unallocated.quantity("AAA"), ledger.of("a").quantity("AAA")] == [Decimal(1), Decimal(3)]
    tail: list[StepRecord] = traded.rig.records[traded.rig.records.index(GIVEN) :]
    assert [type(one) for one in tail[:4]] == [Operation, Posted, Posted, Valued]
    assert ledger.of("a").positions["AAA"].cost == 3 * Decimal("100.5")
    assert [one.posting.strategy for one in tail if isinstance(one, Posted)] == [UNALLOCATED, "a"]


def test_a_strategy_hears_of_the_order_that_it_was_given_and_an_operator_withdraws_it() -> None:
    traded = carried("an order")
    assert "a-v12 adopted by 6" in traded.rig.reports()
    assert traded.rig.sent() == ["a-1 buy 10", "a-v12 cancel"]
    cancel = next(one for one in traded.rig.records if isinstance(one, WireCancel))
    assert (cancel.cid, cancel.strategy) == ("web-17", "a")
    assert traded.rig.container("a").orders.get("a-v12") is not None, "it is the container's too"


def test_what_an_operator_says_is_booked_in_the_strategys_books() -> None:
    traded = carried("a resolution")
    assert traded.rig.order("a-1").state == "cancelled"
    assert traded.rig.book().quantity("AAA") == 4
    assert traded.rig.book().balance("USD") == Decimal(10_000) - 4 * Decimal("100.5")
    assert traded.rig.container("a").portfolio.digest() == traded.rig.book().digest()


def test_a_reading_on_request_is_followed_to_its_end() -> None:
    traded = Traded().carry(heard(StreamUp(message_id="s1")), operation("reconcile"))
    told = {"complete": True, "venue_ns": 3 * SECOND}
    orders = traded.asked(ListOpenOrders)
    traded.carry(heard(OpenOrdersTold(message_id="r1", request=orders, orders=(), **told)))  # type: ignore[arg-type]
    fills = traded.asked(ListFills)
    traded.carry(heard(FillsTold(message_id="r2", request=fills, fills=(), since_ns=0, **told)))  # type: ignore[arg-type]
    account = AccountSnapshot(cash={"USD": Decimal(11_000)}, positions={})
    number = traded.asked(ReadAccount)
    traded.carry(heard(AccountTold(message_id="r3", request=number, account=account, **told)))  # type: ignore[arg-type]
    assert (traded.session.readings, traded.session.read_ns) == (1, 3 * SECOND)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (operation("cancel_order", order_id="a-9"), "order a-9 is not known; bulkhead orders shows those that are"),
        (
            operation("adopt", adoption=Adoption(strategy="a", symbol="AAA")),
            "unallocated holds no AAA; bulkhead positions shows what it holds",
        ),
        (operation("adopt", adoption=Adoption(strategy="a", venue_id="7")), "no order 7 works that is nobody's"),
        (operation("resolve_order", resolution=said("cancelled")), "order a-1 is sending; only one in doubt"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_has_happened(asked: Operation, message: str) -> None:
    traded = Traded()
    records, state = list(traded.rig.records), traded.rig.state()
    with pytest.raises(LedgerError, match=message):
        traded.carry(asked)
    assert (traded.rig.records, traded.rig.state()) == (records, state)


# Where the market is simulated.


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (operation("reconcile"), "the market is simulated here; there is nothing to reconcile"),
        (
            operation("resolve_order", resolution=said("cancelled")),
            "the market is simulated here; no order is in doubt",
        ),
        (
            operation("adopt", adoption=Adoption(strategy="a", venue_id="7")),
            "the market is simulated here; there is no order of anybody else",
        ),
    ],
)
def test_without_a_venue_there_is_nothing_to_do_about_one(asked: Operation, message: str) -> None:
    rig = Rig(spec(acting(buy), "a")).feed(price(1, 100.0))
    before = list(rig.records)
    with pytest.raises(LedgerError) as refused:
        rig.driver.operate(asked)
    assert str(refused.value) == message
    assert rig.records == before


def test_an_operator_withdraws_an_order_on_paper_too() -> None:
    rig = Rig(spec(acting(lambda trader: trader.buy("AAA", 10, limit_price=90)), "a")).feed(price(1, 100.0))
    rig.driver.operate(operation("cancel_order", order_id="a-1"))
    assert rig.order("a-1").state == "cancelled"
    with pytest.raises(LedgerError, match="order a-1 is cancelled; only one that may still fill is cancelled"):
        rig.driver.operate(operation("cancel_order", order_id="a-1"))
    rig.assert_books_add_up()
