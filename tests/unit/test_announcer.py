"""What is said of a step, once it is committed and not before."""

import logging
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from daemon.announcer import Announcer
from daemon.api.stream import EventStream
from daemon.journal.records import Entry, Record
from tests.account_records import liquidated, margin_called, moved, paid, posted
from tests.simulation.journal import (
    busted,
    closed,
    commit,
    filled,
    opened,
    operation,
    refused,
    reported,
    submit,
    trip,
)
from trading.account.records import Operation
from trading.account.resolutions import Adoption, Resolution
from trading.orders import Order
from trading.postings import PostingKind
from trading.reports import ReportKind


def announced(*records: Record, stream: EventStream | None = None) -> Announcer:
    announcer = Announcer(
        stream or EventStream(), lambda _strategy, _order_id: Order(terms=submit().terms), {"AAA": "USD"}.__getitem__
    )
    for sequence, record in enumerate(records, 1):
        announcer.hear(Entry(sequence, record))
    return announcer


def said(caplog: pytest.LogCaptureFixture) -> list[tuple[int, str, str]]:
    return [(one.levelno, getattr(one, "strategy", ""), one.getMessage()) for one in caplog.records]


def test_fills_refusals_trips_and_operations_are_lines_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    announced(opened(), submit(), filled(), refused(2), trip("maker"), commit(), operation("halt"), commit(2), closed())
    assert said(caplog) == [
        (logging.INFO, "sma", "buy 100 AAA @ 10.04  fee 0.35  at 2026-01-01 12:00:01"),
        (logging.INFO, "sma", "order refused: 200 AAA is over the limit of 150 (position)"),
        (logging.ERROR, "maker", "tripped: ZeroDivisionError\nline 1"),
        (logging.WARNING, "", "halt: lunch"),
    ]


async def test_a_bust_is_told_as_the_fill_that_takes_it_back(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    stream = EventStream()
    with stream.subscribe() as listener:
        announced(submit(), filled(), busted(), commit(), stream=stream)
        lines = [msgspec.json.decode(line) for line in (await listener.lines()).splitlines()]
    assert said(caplog)[1:] == [
        (logging.WARNING, "sma", "annulled: sell 100 AAA @ 10.04  fee -0.35  at 2026-01-01 12:00:02")
    ]
    fills = [line["fill"] for line in lines if line["kind"] == "fill"]
    assert [(fill["side"], fill["reverses"]) for fill in fills] == [("buy", ""), ("sell", "e1")]


@pytest.mark.parametrize("last", [closed(), opened()])
def test_a_step_that_is_not_committed_is_not_spoken_of(caplog: pytest.LogCaptureFixture, last: Record) -> None:
    caplog.set_level(logging.INFO)
    announced(submit(), filled(), last)
    assert said(caplog) == []


async def test_listeners_hear_of_fills_orders_and_operations() -> None:
    stream = EventStream()
    with stream.subscribe() as listener:
        announced(submit(), reported(ReportKind.ACCEPTED), filled(), operation("resume"), commit(), stream=stream)
        lines = [msgspec.json.decode(line) for line in (await listener.lines()).splitlines()]
    assert [line["kind"] for line in lines] == ["order", "fill", "order", "operation"]
    assert (lines[1]["fill"]["price"], lines[3]["action"]) == ("10.04", "resume")


def test_who_is_refused_for_the_same_again_and_again_is_spoken_of_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    announced(refused(1), commit(), refused(2), commit(2), refused(3), commit(3))
    assert len(said(caplog)) == 1


def test_what_befalls_a_book_is_a_line_of_its_strategys(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    announced(
        posted(PostingKind.FUNDING, symbol="AAA", cash={"USD": "-3.35"}),
        posted(PostingKind.FUNDING, "unallocated", symbol="AAA", cash={"USD": "0.01"}),
        posted(PostingKind.SPLIT, symbol="AAA", units=Decimal(300), cash={"USD": "1.20"}, realised=Decimal("-0.05")),
        margin_called(),
        posted(PostingKind.MARGIN_CALL, reason="equity is below 500"),
        liquidated(),
        posted(PostingKind.LIQUIDATION, symbol="AAA", reason="no margin left"),
        commit(),
    )
    assert said(caplog) == [
        (logging.INFO, "sma", "funding AAA  -3.35 USD  at 2026-01-01 13:00:00"),
        (logging.INFO, "sma", "split AAA  +300 units  +1.20 USD  realised -0.05  at 2026-01-01 13:00:00"),
        (logging.WARNING, "", "margin call: equity is below 500"),
        (logging.WARNING, "sma", "margin call  equity is below 500  at 2026-01-01 13:00:00"),
        (logging.ERROR, "", "liquidated: sell 50 AAA @ 9.00  fee 1.00  at 2026-01-01 13:00:00  (no margin left)"),
        (logging.ERROR, "sma", "liquidation AAA  no margin left  at 2026-01-01 13:00:00"),
    ]


def test_what_an_operator_moves_is_a_line_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    units = moved(symbol="AAA", amount=Decimal(-5), price=Decimal("10.04"))
    announced(paid("500.00"), paid("-20.00"), moved(currency="USD", amount=Decimal(75)), units, commit())
    assert said(caplog) == [
        (logging.INFO, "", "deposit of 500.00 USD: payday"),
        (logging.INFO, "", "withdrawal of 20.00 USD: payday"),
        (logging.INFO, "", "transfer of 75 USD from sma to rsi: more for rsi"),
        (logging.INFO, "", "transfer of -5 AAA at 10.04 from sma to rsi: more for rsi"),
    ]


def test_amounts_are_plain_and_a_zero_has_no_sign(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    tiny = {"BTC": "-1E-8", "USD": "-0.00"}
    announced(posted(PostingKind.FUNDING, symbol="AAA", cash=tiny, units=Decimal("1E+2")), commit())
    assert said(caplog)[0][2] == "funding AAA  +100 units  -0.00000001 BTC  0.00 USD  at 2026-01-01 13:00:00"


async def test_listeners_hear_of_postings_and_of_what_was_liquidated() -> None:
    stream = EventStream()
    with stream.subscribe() as listener:
        dividend = posted(PostingKind.DIVIDEND, "unallocated", symbol="AAA", cash={"USD": "12.50"})
        announced(dividend, liquidated(), paid("500.00"), commit(), stream=stream)
        lines = [msgspec.json.decode(line) for line in (await listener.lines()).splitlines()]
    assert [line["kind"] for line in lines] == ["posting", "fill", "operation"]
    assert lines[0]["posting"] == {
        "ts": "2026-01-01T13:00:00Z",
        "strategy": "unallocated",
        "kind": "dividend",
        "symbol": "AAA",
        "cash": {"USD": "12.50"},
        "units": "0",
        "cost": "0",
        "realised": "0",
        "price": None,
        "currency": "USD",
        "reason": "",
        "event_id": "event-1",
    }
    assert lines[2]["action"] == "move_cash"


@pytest.mark.parametrize(
    ("done", "line"),
    [
        ({"action": "reconcile"}, "reconcile: told"),
        ({"action": "cancel_order", "order_id": "a-1"}, "cancel of order a-1: told"),
        (
            {
                "action": "resolve_order",
                "order_id": "a-1",
                "resolution": Resolution(order_id="a-1", ended="cancelled", filled=Decimal("4"), price=Decimal("9.50")),
            },
            "order a-1 was resolved as cancelled, 4 filled at 9.50: told",
        ),
        (
            {"action": "adopt", "adoption": Adoption(strategy="a", symbol="AAA", units=Decimal(-3), price=Decimal(9))},
            "a was given -3 AAA at 9, which was nobody's: told",
        ),
        (
            {"action": "adopt", "adoption": Adoption(strategy="a", venue_id="17")},
            "a was given order 17, which was nobody's: told",
        ),
    ],
)
def test_what_an_operator_does_about_orders_is_a_line_of_the_log(
    caplog: pytest.LogCaptureFixture, done: dict[str, Any], line: str
) -> None:
    caplog.set_level(logging.INFO)
    announced(Operation(ts_ns=1, reason="told", **done), commit())
    assert caplog.messages == [line]
