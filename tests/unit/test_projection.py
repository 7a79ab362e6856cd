import sqlite3
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.journal.projection import Projection
from daemon.journal.reader import JournalReader
from daemon.journal.records import Closed, Entry, Opened, Record, Snapshot
from daemon.journal.rows import FillRow, PostingRow, ValuationRow
from tests.account_records import at, liquidated, margin_called, posted, valued
from tests.simulation.disk import SimulatedDisk
from tests.simulation.journal import (
    DIRECTORY,
    NOON,
    Life,
    amend,
    busted,
    cancel,
    closed,
    commit,
    filled,
    noted,
    opened,
    operation,
    refused,
    reported,
    snapshot,
    step,
    submit,
    terms,
    trip,
)
from trading.account.records import Commit, Reported
from trading.commands import RefusedOrder, WireSubmit
from trading.orders import Order, OrderState, Side
from trading.postings import PostingKind
from trading.reports import Fill, Origin, ReportKind
from trading.timestamps import SECOND

EMPTY = JournalReader(SimulatedDisk(), DIRECTORY)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "projection.sqlite"


def journal(*records: Record) -> JournalReader:
    """A journal of these records, after its Opened."""
    disk = SimulatedDisk()
    Life(disk).write(*records)
    return JournalReader(disk, DIRECTORY)


def shown(path: Path, *records: Record) -> Projection:
    return Projection.open(path, journal(*records))


def states(projection: Projection) -> dict[str, OrderState]:
    return {order.order_id: order.state for order in projection.orders()}


def everything(projection: Projection) -> tuple[list[Order], list[FillRow], list[object], int]:
    facts: list[object] = [*projection.operations(), *projection.trips(), *projection.postings(limit=999)]
    facts += projection.valuations()
    return projection.orders(limit=999), projection.fills(limit=999), facts, projection.applied_sequence


def fill_of(record: Reported) -> Fill:
    assert record.report.fill is not None
    return record.report.fill


def test_an_order_shows_as_the_core_has_it(path: Path) -> None:
    projection = shown(path, submit(1), filled(1, quantity=40), commit())
    assert projection.orders() == [
        Order(
            terms=terms(1),
            state=OrderState.PARTIAL,
            filled=Decimal(40),
            gross=Decimal("401.60"),
            updated_ns=NOON + SECOND,
        )
    ]
    assert projection.fills() == [FillRow(sequence=3, fill=fill_of(filled(1, quantity=40)))]
    projection.close()


@pytest.mark.parametrize(
    ("records", "state"),
    [
        ([submit()], OrderState.ROUTED),
        ([submit(), reported(ReportKind.ACCEPTED)], OrderState.ACCEPTED),
        ([submit(), reported(ReportKind.ACCEPTED), cancel()], OrderState.PENDING_CANCEL),
        ([submit(), cancel(), reported(ReportKind.CANCELLED)], OrderState.CANCELLED),
        ([submit(), cancel(), filled()], OrderState.FILLED),
        ([submit(), reported(ReportKind.EXPIRED)], OrderState.EXPIRED),
        ([submit(), filled(), reported(ReportKind.CANCEL_REJECTED, code="not_open")], OrderState.FILLED),
        ([submit(), amend()], OrderState.PENDING_REPLACE),
        ([submit(), amend(), reported(ReportKind.REPLACED, terms=amend().terms)], OrderState.ROUTED),
        ([submit(), amend(), reported(ReportKind.REPLACE_REJECTED, code="not_open")], OrderState.ROUTED),
        ([submit(), amend(), reported(ReportKind.REPLACE_REJECTED, origin=Origin.GATE)], OrderState.PENDING_REPLACE),
        ([submit(), amend(), cancel()], OrderState.PENDING_CANCEL),
        ([submit(), filled(), busted()], OrderState.ACCEPTED),
        ([submit(), busted(), filled()], OrderState.ROUTED),
        ([submit(), noted()], OrderState.ROUTED),
    ],
)
def test_an_order_ends_in_the_state_that_its_reports_bring(
    path: Path, records: list[Record], state: OrderState
) -> None:
    projection = shown(path, *records, commit())
    assert states(projection) == {"sma-1": state}
    projection.close()


def test_a_refused_order_shows_who_refused_it_and_why(path: Path) -> None:
    rejection = reported(ReportKind.REJECTED, origin=Origin.RISK, code="position", reason="over the limit")
    projection = shown(path, refused(), rejection, commit())
    (order,) = projection.orders()
    assert (order.state, order.origin, order.code, order.reason) == (
        OrderState.REJECTED,
        "risk",
        "position",
        "over the limit",
    )
    projection.close()


def test_a_fill_that_is_heard_twice_counts_once(path: Path) -> None:
    projection = shown(path, submit(), filled(quantity=40), filled(quantity=40), commit(1))
    projection.flush()
    projection.apply(99, filled(quantity=40))
    projection.apply(100, commit(2))
    assert [order.filled for order in projection.orders()] == [Decimal(40)]
    assert len(projection.fills()) == 1
    projection.close()


def test_an_order_shows_the_terms_that_it_has_now(path: Path) -> None:
    replaced = reported(ReportKind.REPLACED, terms=amend().terms)
    projection = shown(path, submit(), reported(ReportKind.ACCEPTED), amend(), replaced, commit())
    (order,) = projection.orders()
    assert (order.terms, order.asked) == (amend().terms, None)
    assert projection.orders(open_only=True) == [order]
    projection.close()


@pytest.mark.parametrize("restart", [False, True])
def test_a_bust_is_a_fill_the_other_way_and_counts_once(path: Path, restart: bool) -> None:
    records: list[Record] = [submit(), filled(quantity=100), commit(1)]
    projection = shown(path, *records)
    if restart:
        projection.close()
        projection = shown(path, *records, busted(), busted(), filled(), commit(2))
    else:
        late: list[Record] = [busted(), busted(), filled(), commit(2)]
        for sequence, record in enumerate(late, start=50):
            projection.apply(sequence, record)
    fills = [row.fill for row in projection.fills()]
    assert [(fill.side, fill.execution_id, fill.reverses) for fill in fills] == [
        (Side.BUY, "e1", ""),
        (Side.SELL, "e1/bust", "e1"),
    ]
    assert [(order.state, order.filled) for order in projection.orders(open_only=True)] == [
        (OrderState.ACCEPTED, Decimal(0))
    ]
    projection.close()


@pytest.mark.parametrize("restart", [False, True])
def test_a_fill_that_was_annulled_before_it_was_heard_of_never_shows(path: Path, restart: bool) -> None:
    records: list[Record] = [submit(), busted(), commit(1)]
    projection = shown(path, *records)
    if restart:
        projection.close()
        projection = shown(path, *records, filled(), commit(2))
    else:
        projection.flush()
        projection.apply(50, filled())
        projection.apply(51, commit(2))
    assert projection.fills() == []
    assert [order.filled for order in projection.orders()] == [Decimal(0)]
    projection.close()


def test_a_late_report_reaches_an_order_that_was_closed_in_an_earlier_life(path: Path) -> None:
    records: list[Record] = [submit(), cancel(), reported(ReportKind.CANCELLED), commit(1)]
    shown(path, *records).close()
    projection = shown(path, *records, filled(quantity=40), commit(2))
    assert [(order.state, order.filled) for order in projection.orders()] == [(OrderState.CANCELLED, Decimal(40))]
    projection.close()


def test_operations_and_trips_show(path: Path) -> None:
    projection = shown(path, operation("halt"), operation("resume"), trip("sma"), trip("rsi"), commit())
    assert projection.operations() == [operation("halt"), operation("resume")]
    assert projection.operations(limit=1) == [operation("resume")]
    assert projection.trips(strategy="rsi") == [trip("rsi")]
    projection.close()


def test_postings_show_by_book_the_newest_last(path: Path) -> None:
    records = [
        posted(PostingKind.DIVIDEND, cash={"USD": "12.50"}, symbol="AAA"),
        posted(PostingKind.FUNDING, "rsi", cash={"USD": "-3.35"}, symbol="AAA"),
        posted(PostingKind.FUNDING, "unallocated", cash={"USD": "0.01"}, symbol="AAA"),
        posted(PostingKind.SPLIT, hours=2, symbol="AAA", units=Decimal(300), price=Decimal("2.51")),
    ]
    projection = shown(path, *records, commit())
    dividend, funding, rest, split = (record.posting for record in records)
    assert projection.postings() == [dividend, funding, rest, split]
    assert projection.postings(limit=2) == [rest, split]
    assert projection.postings(strategy="sma") == [dividend, split]
    assert projection.postings(strategy="unallocated") == [rest]
    assert [row.sequence for row in projection.all_postings(after=3)] == [4, 5]
    assert list(projection.all_postings(strategy="rsi")) == [PostingRow(sequence=3, posting=funding)]
    projection.close()


def test_valuations_show_by_owner_and_time_null_where_a_rate_was_missing(path: Path) -> None:
    projection = shown(path, valued(12, sma="10100.50", rsi=None), commit(1), valued(36, sma="10200"), commit(2))
    sma = [
        ValuationRow(sequence=2, ts_ns=at(12), owner="sma", equity=Decimal("10100.50"), exposure=Decimal("1010.050")),
        ValuationRow(sequence=4, ts_ns=at(36), owner="sma", equity=Decimal(10_200), exposure=Decimal(1_020)),
    ]
    assert projection.valuations(strategy="sma") == sma
    assert projection.valuations(since_ns=at(13)) == sma[1:]
    assert [(row.owner, row.equity) for row in projection.valuations()][:2] == [("rsi", None), ("sma", sma[0].equity)]
    projection.close()


def test_all_fills_are_more_than_the_newest(path: Path) -> None:
    many: list[Record] = [record for event in range(1, 1_103) for record in step(event)]
    projection = Projection.open(path, EMPTY)
    for sequence, record in enumerate(many, 1):
        projection.apply(sequence, record)
    rows = list(projection.all_fills())
    assert [row.fill.order_id for row in rows] == [f"sma-{n}" for n in range(1, 1_103)]
    assert list(projection.all_fills(after=rows[-2].sequence)) == rows[-1:]
    assert list(projection.all_fills(strategy="rsi")) == []
    projection.close()


def test_a_liquidation_is_a_fill_that_is_no_containers(path: Path) -> None:
    projection = shown(path, liquidated(), commit())
    assert [(row.fill.strategy, row.fill.quantity) for row in projection.fills()] == [("unallocated", Decimal(50))]
    projection.close()


def test_margin_calls_and_liquidations_are_counted_over_all_lives(path: Path) -> None:
    call, end = posted(PostingKind.MARGIN_CALL), posted(PostingKind.LIQUIDATION, "rsi")
    records: list[Record] = [margin_called(), call, commit(1), call, end, commit(2)]
    first = shown(path, *records)
    told = {("margin_call", "sma"): 2, ("liquidation", "rsi"): 1}
    assert first.warnings == told
    first.close()
    again = shown(path, *records, call, commit(3))
    assert again.warnings == told | {("margin_call", "sma"): 3}
    again.close()


def test_a_step_shows_once_its_commit_was_heard(path: Path) -> None:
    projection = Projection.open(path, EMPTY)
    records: list[Record] = [opened(), submit(), filled(), operation(), trip()]
    for sequence, record in enumerate(records, 1):
        projection.apply(sequence, record)
    assert everything(projection) == ([], [], [], 1)
    projection.apply(6, commit())
    assert states(projection) == {"sma-1": OrderState.FILLED}
    assert projection.applied_sequence == 6
    projection.close()


def test_a_step_that_never_was_never_shows(path: Path) -> None:
    projection = Projection.open(path, EMPTY)
    records: list[Record] = [opened(1), submit(1), filled(1), opened(2), submit(1), commit(1)]
    for sequence, record in enumerate(records, 1):
        projection.apply(sequence, record)
    assert states(projection) == {"sma-1": OrderState.ROUTED}
    assert projection.fills() == []
    projection.close()


def test_what_was_heard_before_changes_nothing(path: Path) -> None:
    found = journal(*step(1), *step(2))
    projection = Projection.open(path, found)
    before = everything(projection)
    for sequence, record in found.entries():
        projection.apply(sequence, record)
    assert everything(projection) == before
    projection.close()


def test_queries_choose_and_give_the_newest_oldest_first(path: Path) -> None:
    projection = shown(path, *step(1), submit(1, "rsi"), commit(2), *step(3), submit(2, "rsi"), commit(4))
    chosen = {
        "all": projection.orders(),
        "newest": projection.orders(limit=2),
        "open": projection.orders(open_only=True),
        "filled": projection.orders(state=OrderState.FILLED),
        "of one": projection.orders(strategy="rsi", limit=1),
        "none": projection.orders(strategy="rsi", state=OrderState.FILLED),
    }
    assert {name: [order.order_id for order in orders] for name, orders in chosen.items()} == {
        "all": ["sma-1", "rsi-1", "sma-3", "rsi-2"],
        "newest": ["sma-3", "rsi-2"],
        "open": ["rsi-1", "rsi-2"],
        "filled": ["sma-1", "sma-3"],
        "of one": ["rsi-2"],
        "none": [],
    }
    assert [row.sequence for row in projection.fills()] == [3, 8]
    assert [row.sequence for row in projection.fills(after=3)] == [8]
    assert [row.sequence for row in projection.fills(limit=1)] == [8]
    assert projection.fills(strategy="rsi") == []
    projection.close()


def test_money_is_text_in_the_tables(path: Path) -> None:
    shown(path, *step(1), valued(12, sma="10100.50"), commit(2)).close()
    tables = sqlite3.connect(path)
    assert tables.execute("SELECT quantity, limit_price, filled, gross, state FROM orders").fetchall() == [
        ("100", "10.05", "100", "1004.00", "filled")
    ]
    assert tables.execute("SELECT strategy, price, fee FROM fills").fetchall() == [("sma", "10.04", "0.35")]
    assert tables.execute("SELECT owner, equity FROM valuations").fetchall() == [("sma", "10100.50")]
    tables.close()


def test_what_an_order_hangs_on_is_a_column(path: Path) -> None:
    stop = submit(2, stop_price=Decimal("9.50"), limit_price=None, parent_id="sma-1", group_id="sma-g1")
    shown(path, stop, filled(2), busted(2), commit()).close()
    tables = sqlite3.connect(path)
    columns = tables.execute("SELECT stop_price, time_in_force, parent_id, group_id FROM orders").fetchall()
    assert columns == [("9.50", "gtc", "sma-1", "sma-g1")]
    assert tables.execute("SELECT reverses FROM fills ORDER BY sequence").fetchall() == [("",), ("e1",)]
    tables.close()


def _delete(path: Path) -> None:
    path.unlink()


def _scribble(path: Path) -> None:
    path.write_bytes(b"this is no database" * 300)


def _cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:5_000])


def _change_version(path: Path) -> None:
    with sqlite3.connect(path) as tables:
        tables.execute("DELETE FROM orders")
        tables.execute("PRAGMA user_version = 999")
    tables.close()


def _lead(path: Path) -> None:
    with sqlite3.connect(path) as tables:
        tables.execute("UPDATE progress SET applied = 1000")
    tables.close()


@pytest.mark.parametrize("spoil", [_delete, _scribble, _cut_short, _change_version, _lead])
def test_tables_that_cannot_be_right_are_made_anew(path: Path, spoil: Callable[[Path], None]) -> None:
    records: list[Record] = [*step(1), submit(2), commit(2)]
    first = shown(path, *records)
    right = everything(first)
    first.close()
    spoil(path)
    again = shown(path, *records)
    assert everything(again) == right
    again.close()


STEPS: st.SearchStrategy[list[list[Record]]] = st.lists(
    st.sampled_from(
        [
            lambda n: [submit(n), commit(n)],
            lambda n: [submit(n), filled(n, quantity=30, execution=f"a{n}"), commit(n)],
            lambda n: [refused(n), reported(ReportKind.REJECTED, n, origin=Origin.GATE, code="cash"), commit(n)],
            lambda n: [filled(n - 1, quantity=20, execution=f"b{n}"), commit(n)],
            lambda n: [submit(n), amend(n), commit(n)],
            lambda n: [reported(ReportKind.REPLACED, n - 1, terms=amend(n - 1).terms), commit(n)],
            lambda n: [busted(n - 1, quantity=30, execution=f"a{n - 1}"), commit(n)],
            lambda n: [busted(n, quantity=20, execution=f"b{n + 1}"), commit(n)],
            lambda n: [operation(), commit(n)],
            lambda n: [posted(PostingKind.DIVIDEND, event_id=f"dividend-{n}", cash={"USD": "1.25"}), commit(n)],
            lambda n: [valued(12 + n, sma="10000", rsi=None), commit(n)],
            lambda n: [submit(n), filled(n)],
            lambda n: [snapshot(n)],
            lambda n: [closed()],
            lambda n: [opened(n)],
        ]
    ),
    max_size=12,
).map(lambda makers: [maker(number) for number, maker in enumerate(makers, 2)])


@settings(max_examples=60, deadline=None)
@given(steps=STEPS, data=st.data())
def test_tables_that_followed_equal_tables_made_anew(
    steps: list[list[Record]], data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("tables")
    disk = SimulatedDisk()
    life = Life(disk, segment_bytes=1_000)
    following = Projection.open(folder / "followed.sqlite", JournalReader(disk, DIRECTORY))
    told = len(life.known)
    for records in steps:
        life.write(*records)
        if data.draw(st.booleans(), label="restart"):
            following.close()
            following = Projection.open(folder / "followed.sqlite", JournalReader(disk, DIRECTORY))
        else:
            for entry in life.known[told:]:
                following.apply(*entry)
        told = len(life.known)
    anew = Projection.open(folder / "anew.sqlite", JournalReader(disk, DIRECTORY))
    assert everything(following) == everything(anew)
    assert {order.order_id for order in anew.orders(limit=99)} == orders_of_committed_steps(life.known)
    following.close()
    anew.close()


def orders_of_committed_steps(entries: list[Entry]) -> set[str]:
    kept: set[str] = set()
    asked: set[str] = set()
    for _, record in entries:
        match record:
            case WireSubmit() | RefusedOrder():
                asked.add(record.terms.order_id)
            case Commit():
                kept |= asked
                asked = set()
            case Opened() | Snapshot() | Closed():
                asked = set()
    return kept
