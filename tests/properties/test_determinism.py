"""The same inputs give the same outputs, to the last digit: again, elsewhere, interrupted, alone or in company."""

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import trading_day
from tests.builders import Rig, canonical, price, spec, strategy
from trading.account.records import Reported
from trading.market_data import MarketEvent
from trading.reports import Fill
from trading.strategy import Strategy

ROOT = Path(__file__).resolve().parent.parent.parent

seeds = st.integers(0, 10_000)


def fills_of(rig: Rig, name: str) -> list[Fill]:
    """A container's fills, without the market's own numbering, which counts everybody's."""
    reports = [record.report for record in rig.records if isinstance(record, Reported)]
    found = [report.fill for report in reports if report.fill is not None and report.strategy == name]
    return [msgspec.structs.replace(fill, execution_id="") for fill in found]


@settings(max_examples=10)
@given(seeds)
def test_a_day_repeated_is_the_same_day(seed: int) -> None:
    one, other = (trading_day.rig().feed(*trading_day.events(seed)) for _ in range(2))
    assert one.records == other.records
    assert msgspec.msgpack.encode(one.driver.state()) == msgspec.msgpack.encode(other.driver.state())


def test_a_day_is_busy_enough_to_prove_something() -> None:
    day = trading_day.rig().feed(*trading_day.events(1))
    traded = {name: len(fills_of(day, name)) for name in day.driver.containers}
    assert sum(traded.values()) >= 100
    assert min(traded.values()) >= 2
    assert day.router.tripped == {"doomed": "RuntimeError: as told"}


@settings(max_examples=25)
@given(seeds, st.integers(0, 600), st.integers(0, 600))
def test_a_day_interrupted_twice_is_the_same_day(seed: int, at: int, later: int) -> None:
    day = trading_day.events(seed)
    whole = trading_day.rig().feed(*day)
    first = trading_day.rig().feed(*day[: min(at, later)])
    second = trading_day.rig(state=first.state(), epoch_ms=2).feed(*day[min(at, later) : max(at, later)])
    third = trading_day.rig(state=second.state(), epoch_ms=3).feed(*day[max(at, later) :])

    assert canonical(first.records + second.records + third.records) == canonical(whole.records)
    assert [book.state() for book in third.router.ledger.all_books()] == [
        book.state() for book in whole.router.ledger.all_books()
    ]


@settings(max_examples=10)
@given(seeds, st.integers(0, 400))
def test_a_snapshot_does_not_change_when_the_day_goes_on(seed: int, at: int) -> None:
    day = trading_day.events(seed)
    rig = trading_day.rig().feed(*day[:at])
    state = rig.driver.state()
    before = msgspec.msgpack.encode(state)
    rig.feed(*day[at:])
    assert msgspec.msgpack.encode(state) == before


def test_the_hashes_of_a_process_change_nothing() -> None:
    """Sets and dicts of text are ordered otherwise under another seed."""
    outputs = {
        subprocess.run(
            [sys.executable, "-m", "tests.trading_day", "7"],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in ("0", "1", "4711")
    }
    assert len(outputs) == 1
    assert outputs.pop().count("\n") > 1_000


@settings(max_examples=10)
@given(seeds)
def test_a_strategy_trades_alike_alone_and_in_company_of_other_symbols(seed: int) -> None:
    specs = {one.strategy: one for one in trading_day.fleet()}
    events = trading_day.events(seed)
    together = trading_day.rig([specs[name] for name in ("sma", "trend", "chaos")]).feed(*events)
    alone = trading_day.rig([specs["sma"]]).feed(*trading_day.events(seed, symbols=["AAA"]))
    assert fills_of(alone, "sma") == fills_of(together, "sma")


@settings(max_examples=10)
@given(seeds)
def test_one_that_fails_is_not_noticed_by_those_that_do_not_share_its_symbol(seed: int) -> None:
    specs = {one.strategy: one for one in trading_day.fleet()}
    days = (
        trading_day.rig([specs["doomed"], msgspec.structs.replace(specs["chaos"], parameters=parameters)])
        for parameters in ({"symbol": "BBB"}, {"symbol": "BBB", "raises_at": 20})
    )
    well, failed = (day.feed(*trading_day.events(seed)) for day in days)
    assert failed.router.tripped.keys() == {"doomed", "chaos"}
    assert fills_of(failed, "doomed") == fills_of(well, "doomed")


ASKED = [("AAA", "1m"), ("BBB", "1m"), ("AAA", "2m"), ("AAA", "quotes"), ("BBB", "quotes"), ("AAA", "trades")]


def heard_by(asked: list[tuple[str, str]], events: list[MarketEvent]) -> list[object]:
    """All that a strategy hears that asked in this order."""
    heard: list[object] = []

    def start(self: Strategy) -> None:
        for symbol, kind in asked:
            if kind.endswith("m"):
                self.subscribe(symbol, bars=kind)
            else:
                self.subscribe(symbol, quotes=kind == "quotes", trades=kind == "trades")

    hear = dict.fromkeys(("on_bar", "on_quote", "on_trade"), lambda _, event: heard.append(event))
    Rig(spec(strategy(start=start, **hear)), offers=trading_day.OFFERS).feed(*events)
    return heard


@given(st.permutations(ASKED))
def test_the_order_of_subscribing_changes_nothing(asked: list[tuple[str, str]]) -> None:
    events = trading_day.events(3, count=120)
    assert heard_by(asked, events) == heard_by(ASKED, events)


@pytest.mark.parametrize("order", [["a", "b"], ["b", "a"]])
def test_strategies_are_heard_in_the_order_of_the_config(order: list[str]) -> None:
    heard: list[str] = []
    cls = strategy(on_quote=lambda self, _: heard.append(self.id))
    Rig(*(spec(cls, name) for name in order)).feed(price(1, 1.0))
    assert heard == order
