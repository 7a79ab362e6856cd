"""What is said of a step, once it is committed and not before."""

import logging

import msgspec
import pytest

from daemon.announcer import Announcer
from daemon.api.stream import EventStream
from daemon.journal.records import Entry, Record
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
from trading.orders import Order
from trading.reports import ReportKind


def announced(*records: Record, stream: EventStream | None = None) -> Announcer:
    announcer = Announcer(stream or EventStream(), lambda _strategy, _order_id: Order(terms=submit().terms))
    for sequence, record in enumerate(records, 1):
        announcer.hear(Entry(sequence, record))
    return announcer


def said(caplog: pytest.LogCaptureFixture) -> list[tuple[int, str, str]]:
    return [(one.levelno, getattr(one, "strategy", ""), one.getMessage()) for one in caplog.records]


def test_fills_refusals_trips_and_operations_are_lines_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    announced(opened(), submit(), filled(), refused(2), trip("maker"), commit(), operation("halt"), commit(2), closed())
    assert said(caplog) == [
        (logging.INFO, "sma", "buy 100 AAA @ 10.04  fee 0.35  at 12:00:01"),
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
    assert said(caplog)[1:] == [(logging.WARNING, "sma", "annulled: sell 100 AAA @ 10.04  fee -0.35  at 12:00:02")]
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
