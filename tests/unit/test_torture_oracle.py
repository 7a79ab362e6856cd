"""The judge of the torture can find something wrong: each tampering with the books, the journal or the answers is
caught, and by its name."""

from collections.abc import Callable, Iterable
from copy import deepcopy
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from daemon.journal.records import DaemonRecord, Entry, Opened, Record
from daemon.journal.steps import gather
from tests.torture.journal_view import JournalView, Standing
from tests.torture.oracle import Breach, Oracle, Said, execution_id
from tests.torture.plan import RATES, cycle_of
from tests.torture.venue_books import VenueBooks, VenueStore
from tests.venue.exchange import Exchange
from tests.venue.faults import Faults
from tests.venue.records import Execution, Listing, Order, Rules, Ticket
from tests.venue.store import FileStore
from trading.account.ids import ClientOrderIds
from trading.account.records import Commit, LifeBegan, Reported, VenueHeard
from trading.commands import WireCancel, WireSubmit
from trading.orders import OrderTerms, OrderType, Side
from trading.reports import ExecutionReport, Fill, Liquidity, ReportKind
from trading.timestamps import SECOND
from trading.venue.messages import OrderMissing, RequestLost

CAPITAL = {"a": "30000", "b": "30000"}
IDS = ClientOrderIds(1_000)
A1, A2, B1 = IDS.next("a"), IDS.next("a"), IDS.next("b")

Dump = dict[str, Any]


class Case:
    """An account on which all is as it must be: a's first order has filled, its second works, b's has filled."""

    def __init__(self) -> None:
        exchange = Exchange([Listing(symbol="AAA")], rules=Rules(taker_fee=Decimal("0.0005")))
        exchange.deposit("USD", "100000")
        exchange.quote("AAA", "99.99", "100.01", SECOND)
        self.records: list[Record] = [an_opening()]
        for cid, order_id, limit in ((A1, "a-1", None), (A2, "a-2", "98"), (B1, "b-1", None)):
            self.step(WireSubmit(cid=cid, terms=the_terms(order_id, limit)))
            order = exchange.place(a_ticket(cid, limit), SECOND)
            self.step(Reported(report=a_report(cid, order_id, ReportKind.ACCEPTED), round=0))
            for fill in exchange.books.fills:
                if fill.order == order.number:
                    self.step(a_booking(fill, order_id))
        self.dump: Dump = exchange.dump()
        books = VenueBooks.of_dump(self.dump)
        self.said = Said(
            open_orders=[{"order_id": "a-2"}],
            fills={name: [a_row(fill) for fill in books.fills if fill.cid in cids] for name, cids in OWNED.items()},
            account={
                "ledger": {"cash": {"USD": str(books.cash["USD"])}, "positions": {"AAA": "2"}},
                "books": {
                    name: {"cash": {"USD": str(Decimal(30_000) - worth(books.fills, cids))}, "positions": {"AAA": "1"}}
                    for name, cids in OWNED.items()
                },
            },
        )

    def step(self, *records: Record) -> None:
        self.records += [*records, Commit(event=len(self.records), ts_ns=len(self.records))]

    @property
    def journal(self) -> JournalView:
        return view_of(self.records)

    def found(self) -> set[Breach]:
        oracle, venue = Oracle(CAPITAL), VenueBooks.of_dump(self.dump)
        at_once = oracle.breaches(venue, self.journal, orders_seen=len(venue.orders))
        return {one.breach for one in [*at_once, *oracle.unsettled(venue, self.journal, self.said)]}


OWNED = {"a": {A1, A2}, "b": {B1}}


def an_opening() -> Opened:
    return Opened(epoch=1_000, opened_ns=0, build="", mode="live", tape={}, fleet={})


def the_terms(order_id: str, limit: str | None = None, quantity: str = "1") -> OrderTerms:
    return OrderTerms(
        order_id=order_id,
        strategy=order_id.partition("-")[0],
        symbol="AAA",
        side=Side.BUY,
        quantity=Decimal(quantity),
        created_ns=0,
        type=OrderType.MARKET if limit is None else OrderType.LIMIT,
        limit_price=None if limit is None else Decimal(limit),
    )


def a_ticket(cid: str, limit: str | None) -> Ticket:
    terms = the_terms("a-0", limit)
    return Ticket(
        symbol="AAA", side=Side.BUY, quantity=Decimal(1), cid=cid, type=terms.type, limit_price=terms.limit_price
    )


def a_report(cid: str, order_id: str, kind: ReportKind, **more: Any) -> ExecutionReport:
    return ExecutionReport(order_id=order_id, strategy=order_id[0], kind=kind, ts_ns=0, cid=cid, **more)


def a_booking(fill: Execution, order_id: str, **more: Any) -> Reported:
    booked = Fill(
        execution_id=execution_id(fill),
        order_id=order_id,
        strategy=order_id[0],
        symbol=fill.symbol,
        side=fill.side,
        quantity=fill.quantity,
        price=fill.price,
        notional=fill.notional,
        currency=fill.currency,
        fee=fill.fee,
        fee_currency=fill.fee_currency,
        liquidity=Liquidity.TAKER,
        slippage=Decimal(0),
        ts_ns=fill.ts_ns,
    )
    return Reported(report=a_report(fill.cid, order_id, ReportKind.FILLED, fill=booked, **more), round=0)


def a_row(fill: Execution) -> dict[str, Any]:
    told = {name: str(getattr(fill, name)) for name in ("side", "quantity", "price", "fee")}
    return {"execution_id": execution_id(fill), "reverses": "", **told}


def worth(fills: Iterable[Execution], cids: set[str]) -> Decimal:
    return sum((fill.notional + fill.fee for fill in fills if fill.cid in cids), Decimal(0))


def view_of(records: Iterable[Record]) -> JournalView:
    view = JournalView()
    for group in gather(Entry(sequence, record) for sequence, record in enumerate(records, 1)):
        view.take(group)
    return view


@pytest.fixture
def case() -> Case:
    return Case()


def test_nothing_is_wrong_where_nothing_is(case: Case) -> None:
    assert case.found() == set()
    assert {cid: intent.standing for cid, intent in case.journal.intents.items()} == {
        A1: Standing.OVER,
        A2: Standing.WORKING,
        B1: Standing.OVER,
    }


# The venue's books are tampered with.


def one_more_order(dump: Dump, **ticket: Any) -> None:
    """The order that works, once more."""
    order = deepcopy(dump["orders"][1]) | {"number": len(dump["orders"]), "venue_id": "v99"}
    order["ticket"] |= ticket
    dump["orders"].append(order)


def the_same_order_twice(dump: Dump) -> None:
    one_more_order(dump)


def an_order_of_which_the_journal_knows_nothing(dump: Dump) -> None:
    one_more_order(dump, cid=IDS.next("b"))


def a_fill_that_was_never_booked(dump: Dump) -> None:
    dump["fills"].append(deepcopy(dump["fills"][0]) | {"number": 2, "trade_id": "77"})


def a_fill_that_is_not_there(dump: Dump) -> None:
    del dump["fills"][1]


def a_fill_at_another_price(dump: Dump) -> None:
    dump["fills"][0]["price"] = "100.02"


def a_fill_of_another_strategys_order(dump: Dump) -> None:
    dump["fills"][0]["cid"] = B1


def an_order_that_is_gone(dump: Dump) -> None:
    dump["orders"][1] |= {"status": "cancelled"}


def an_order_that_works_again(dump: Dump) -> None:
    dump["orders"][0] |= {"status": "open"}


def an_order_that_has_filled_more(dump: Dump) -> None:
    dump["orders"][0] |= {"filled": "2"}


def a_cent_more(dump: Dump) -> None:
    dump["cash"]["USD"] = str(Decimal(dump["cash"]["USD"]) + Decimal("0.01"))


def a_unit_less(dump: Dump) -> None:
    dump["positions"]["AAA"] = "1"


@pytest.mark.parametrize(
    ("tamper", "breach"),
    [
        (the_same_order_twice, Breach.DUPLICATED),
        (an_order_of_which_the_journal_knows_nothing, Breach.ORPHANED),
        (a_fill_that_was_never_booked, Breach.LOST),
        (a_fill_that_is_not_there, Breach.DIFFERENCE),
        (a_fill_at_another_price, Breach.DIFFERENCE),
        (a_fill_of_another_strategys_order, Breach.DIFFERENCE),
        (an_order_that_is_gone, Breach.LOST),
        (an_order_that_works_again, Breach.ORPHANED),
        (an_order_that_has_filled_more, Breach.LOST),
        (a_cent_more, Breach.DIFFERENCE),
        (a_unit_less, Breach.DIFFERENCE),
    ],
)
def test_what_the_venue_has_otherwise_is_caught(case: Case, tamper: Callable[[Dump], None], breach: Breach) -> None:
    tamper(case.dump)

    assert breach in case.found()


# The journal is.


def test_a_fill_that_is_booked_twice_is_caught(case: Case) -> None:
    case.step(next(record for record in case.records if isinstance(record, Reported) and record.report.fill))

    assert Breach.DUPLICATED in case.found()


def test_a_fill_that_is_booked_to_another_strategy_is_caught(case: Case) -> None:
    fill = VenueBooks.of_dump(case.dump).fills[0]
    case.records = [
        a_booking(fill, "b-1")
        if isinstance(record, Reported) and record.report.fill and record.report.cid == A1
        else record
        for record in case.records
    ]

    assert Breach.WRONG_OWNER in case.found()


def test_an_intent_of_another_strategy_than_its_id_says_is_caught(case: Case) -> None:
    case.step(WireSubmit(cid=B1, terms=the_terms("a-3")))

    assert {Breach.WRONG_OWNER, Breach.DUPLICATED} <= case.found()


def test_one_order_that_works_under_two_ids_is_caught(case: Case) -> None:
    again = IDS.next("a")
    case.step(WireSubmit(cid=again, terms=the_terms("a-2", "98")))
    one_more_order(case.dump, cid=again)

    assert Breach.DUPLICATED in case.found()


def test_an_order_that_was_sent_by_a_step_that_never_was_is_caught(case: Case) -> None:
    cid = IDS.next("a")
    case.records += [WireSubmit(cid=cid, terms=the_terms("a-3", "98")), an_opening()]
    one_more_order(case.dump, cid=cid)

    assert Breach.ORPHANED in case.found()


def test_an_order_that_the_daemon_had_to_adopt_is_caught(case: Case) -> None:
    case.step(Reported(report=a_report(A2, "a-r0", ReportKind.ADOPTED, terms=the_terms("a-2", "98")), round=0))

    assert Breach.ORPHANED in case.found()


@pytest.mark.parametrize("code", ["restart", "quarantined"])
def test_an_order_of_which_nobody_knows_is_caught(case: Case, code: str) -> None:
    case.step(Reported(report=a_report(A2, "a-2", ReportKind.UNKNOWN, code=code), round=0))

    assert Breach.LOST in case.found()


@pytest.mark.parametrize("kind", [ReportKind.ACCEPTED, ReportKind.CANCELLED])
def test_an_order_that_never_came_to_the_venue_can_only_be_rejected(case: Case, kind: ReportKind) -> None:
    cid = IDS.next("a")
    case.step(WireSubmit(cid=cid, terms=the_terms("a-3")))
    case.step(Reported(report=a_report(cid, "a-3", kind), round=0))
    assert Breach.LOST in case.found()

    case.step(Reported(report=a_report(cid, "a-3", ReportKind.REJECTED, code="never_arrived"), round=0))
    assert case.found() == set()


def test_a_sum_that_still_stands_in_for_executions_is_caught(case: Case) -> None:
    fill = msgspec.structs.replace(VenueBooks.of_dump(case.dump).fills[0], trade_id="sum-1-1", cid=A2)
    case.step(a_booking(fill, "a-2", code="inferred"))

    assert Breach.LOST in case.found()


# What the daemon says is.


def test_an_open_order_that_the_daemon_does_not_list_is_caught(case: Case) -> None:
    case.said.open_orders.clear()

    assert case.found() == {Breach.ORPHANED}


def test_an_order_that_only_the_daemon_lists_is_caught(case: Case) -> None:
    case.said.open_orders.append({"order_id": "b-1"})

    assert case.found() == {Breach.LOST}


def test_fills_that_are_told_otherwise_are_caught(case: Case) -> None:
    (row,) = case.said.fills["b"]
    row["price"] = "1"
    assert case.found() == {Breach.DIFFERENCE}

    case.said.fills["b"].clear()
    assert case.found() == {Breach.DIFFERENCE}


def test_what_was_reversed_does_not_stand(case: Case) -> None:
    (row,) = case.said.fills["b"]
    more = row | {"execution_id": "x", "reverses": ""}
    case.said.fills["b"].extend([more, more | {"execution_id": "x/bust", "reverses": "x"}])

    assert case.found() == set()


def test_two_books_that_are_off_by_as_much_are_caught_though_their_sum_is_right(case: Case) -> None:
    books = case.said.account["books"]
    books["a"], books["b"] = books["a"] | {"positions": {"AAA": "2"}}, books["b"] | {"positions": {}}

    assert case.found() == {Breach.DIFFERENCE}


# What was in flight.


def lived(*steps: tuple[Record, int]) -> JournalView:
    """Steps of one record each, with their times."""
    records: list[Record] = [an_opening()]
    for number, (record, ts_ns) in enumerate(steps):
        records += [record] if isinstance(record, DaemonRecord) else [record, Commit(event=number, ts_ns=ts_ns)]
    return view_of(records)


def test_a_request_is_in_flight_until_its_order_is_heard_of() -> None:
    journal = lived(
        (WireSubmit(cid=A1, terms=the_terms("a-1")), 10),
        (VenueHeard(message=OrderMissing(message_id="r1", cid=A1, request=1), ts_ns=20), 20),
        (WireCancel(cid=A1, order_id="a-1", strategy="a", ts_ns=30), 30),
        (VenueHeard(message=OrderMissing(message_id="r2", cid=B1, request=2), ts_ns=40), 40),
    )

    assert [[one.what for one in journal.in_flight(ns)] for ns in (9, 19, 21, 50)] == [[], ["place"], [], ["cancel"]]


def test_a_report_that_follows_from_a_message_answers_too() -> None:
    message = RequestLost(message_id="r1", request=1, reason="")
    records: list[Record] = [an_opening(), WireSubmit(cid=A1, terms=the_terms("a-1")), Commit(event=1, ts_ns=10)]
    records.append(VenueHeard(message=message, ts_ns=20))
    records.append(Reported(report=a_report(A1, "a-1", ReportKind.UNKNOWN), round=0))
    records.append(Commit(event=1, ts_ns=10))

    assert [len(view_of(records).in_flight(ns)) for ns in (15, 25)] == [1, 0]


def test_nothing_is_in_flight_any_more_once_a_life_has_begun() -> None:
    journal = lived(
        (WireSubmit(cid=A1, terms=the_terms("a-1")), 10),
        (an_opening(), 0),
        (LifeBegan(epoch_ms=1_001, ts_ns=20), 20),
    )

    assert [len(journal.in_flight(ns)) for ns in (15, 25)] == [1, 0]
    assert journal.lives == 2


def test_an_amendment_makes_an_order_that_had_filled_work_again() -> None:
    fill = VenueBooks.of_dump(Case().dump).fills[0]
    journal = lived(
        (WireSubmit(cid=A1, terms=the_terms("a-1")), 10),
        (a_booking(fill, "a-1"), 20),
        (Reported(report=a_report(A1, "a-1", ReportKind.REPLACED, terms=the_terms("a-1", quantity="2")), round=0), 30),
    )

    assert journal.intents[A1].standing is Standing.WORKING


# What the venue keeps, and the plan.


def test_the_store_of_a_venue_is_read_as_it_grows_line_by_line(tmp_path: Path) -> None:
    path = tmp_path / "venue.jsonl"
    store = VenueStore(path)
    assert store.read().orders == []

    kept = FileStore(path)
    exchange = Exchange([Listing(symbol="AAA")], store=kept)
    exchange.deposit("USD", "1000")
    exchange.quote("AAA", "9", "10", SECOND)
    exchange.place(a_ticket(A1, None), SECOND)
    kept.close()
    whole = path.read_bytes()
    path.write_bytes(whole[:-7])
    assert [store.read().orders, store.books.cash] == [[], {"USD": Decimal(1000)}]

    path.write_bytes(whole)
    told = VenueBooks.of_dump(exchange.dump())
    assert store.read().says_the_same_as(told)
    assert [type(order) for order in told.our_orders] == [Order]
    told.cash["USD"] += 1
    assert not store.books.says_the_same_as(told)


def test_a_seed_repeats_the_plan_and_its_faults_are_on_the_menu() -> None:
    plan = [cycle_of(7, number) for number in range(200)]

    assert plan == [cycle_of(7, number) for number in range(200)]
    assert plan != [cycle_of(8, number) for number in range(200)]
    assert {cycle.victim for cycle in plan} == {"daemon", "child", "venue", "daemon and venue"}
    Faults(rates=RATES)
