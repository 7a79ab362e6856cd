"""One suite for every host: wherever a container lives, it is told the same, asks for the same and leaves the same."""

import asyncio
import gc
import os
from collections.abc import AsyncIterator
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from daemon.fleet import Fleet, StrategyEntry
from daemon.hosts.nursery import Nursery
from daemon.hosts.port import Host, Started
from daemon.hosts.restarts import Restarts
from daemon.hosts.stepping import LockStepHost
from daemon.hosts.task import TaskHost
from daemon.hosts.watchdog import Watchdog
from daemon.loading import load_class
from tests.builders import fill, report
from tests.child_builders import ROOT
from tests.market_builders import a_bar, a_quote, an_instrument, through_msgpack
from tests.real_children import all_gone, offspring
from tests.simulation.clock import SimulatedClock
from trading.account.ledger import Ledger
from trading.commands import Command, ScheduleTimer, SubmitOrder, Trip
from trading.container import ContainerSpec, ContainerState, ScopedContainer
from trading.errors import UnsupportedState
from trading.limits import RiskLimits
from trading.market_data import Event, Quote, Timer
from trading.orders import OrderTerms
from trading.postings import Report
from trading.reports import ExecutionReport, ReportKind
from trading.subscriptions import DataKind, Subscription
from trading.timestamps import MINUTE, SECOND

INSTRUMENTS = {"AAA": an_instrument()}
AAA_QUOTES = Subscription(symbol="AAA", kind=DataKind.QUOTES)


class House:
    """Makes hosts of one kind, each with a container on AAA."""

    def __init__(self, isolation: str, nursery: Nursery) -> None:
        self.isolation = isolation
        self._nursery = nursery
        self._clock = SimulatedClock()
        self._watchdog = Watchdog(self._clock, stall_seconds=5)

    def host(self, name: str, **params: Any) -> Host:
        reference = f"tests.host_strategies:{name}"
        params = {"symbol": "AAA", **params}
        if self.isolation == "task":
            spec = ContainerSpec(
                strategy="a",
                strategy_class=load_class(reference, ROOT),
                parameters=params,
                capital={"USD": Decimal(10_000)},
                timeframe_ns=MINUTE,
            )
            return TaskHost(ScopedContainer(spec, INSTRUMENTS), self._watchdog)
        entry = StrategyEntry(
            id="a",
            reference=reference,
            params=params,
            capital={"USD": Decimal(10_000)},
            isolation="process",
            timeframe_ns=MINUTE,
            warmup=0,
            cancel_on_trip=True,
            limits=RiskLimits(),
            sizing=None,
            code="",
        )
        fleet = Fleet(
            currency="USD",
            cash={"USD": Decimal(10_000)},
            instruments=INSTRUMENTS,
            limits=RiskLimits(),
            broker="simulated",
            strategies=[entry],
            folder=str(ROOT),
        )
        return LockStepHost(
            entry, fleet, self._nursery, restarts=Restarts(entry.restart, self._clock), patience_seconds=20
        )

    async def running(self, name: str, **params: Any) -> Host:
        host = self.host(name, **params)
        await host.start(0)
        await host.run()
        return host

    async def restored(self, state: dict[str, Any], name: str, **params: Any) -> Host:
        host = self.host(name, **params)
        await host.restore(through_msgpack(state))
        return host


@pytest_asyncio.fixture
async def nursery(tmp_path: Path) -> AsyncIterator[Nursery]:
    nursery = Nursery(os.environ, tmp_path)
    yield nursery
    await nursery.close()


@pytest.fixture(params=["task", "process"])
def house(request: pytest.FixtureRequest, nursery: Nursery) -> House:
    return House(request.param, nursery)


async def told(host: Host, *happened: Report | Event) -> list[Command]:
    """Let it hear reports, then an event; what it asks for."""
    reports = [one for one in happened if isinstance(one, Report)]
    events = [one for one in happened if not isinstance(one, Report)]
    asked = host.hear(reports, events[0] if events else None)
    if asked is None:
        assert isinstance(host, LockStepHost)
        asked = await host.answer()
    return list(asked)


def terms_of(command: Command) -> OrderTerms:
    assert isinstance(command, SubmitOrder)
    return command.terms


def numbered(number: int, order: OrderTerms, kind: ReportKind) -> ExecutionReport:
    return msgspec.structs.replace(report(order, kind), number=number)


def bid(price: int, at: int = 1) -> Quote:
    return a_quote(float(price), float(price + 1), at=at)


async def diary(host: Host) -> list[str]:
    """What a Diarist has written down."""
    *_, command = await told(host, Timer("a", 1_000 * SECOND, "read"))
    return terms_of(command).reason.split("; ")


# Its life.


async def test_it_starts_hears_its_past_and_runs(house: House) -> None:
    host = house.host("Diarist")
    timer = ScheduleTimer(strategy="a", n=1, name="minute", at_ns=MINUTE, every_ns=MINUTE)
    assert await host.start(0) == Started(subscriptions=[AAA_QUOTES], commands=[timer])
    for at in (1, 2, 3):
        await host.warm(a_bar(1.0, 1.0, 1.0, float(at), at=at))
    assert (await host.beat()).life is ContainerState.WARMING
    assert await host.run() == []
    vital = await host.beat()
    assert (vital.life, vital.reports) == (ContainerState.RUNNING, 0)
    assert (host.strategy, host.isolation, host.keeps_books) == ("a", house.isolation, True)
    assert await diary(host) == ["past bar 1.0", "past bar 2.0", "past bar 3.0", "timer read"]


async def test_it_hears_more_past_than_goes_into_one_message(house: House) -> None:
    host = house.host("Diarist", quiet=True)
    await host.start(0)
    for at in range(1, 601):
        await host.warm(a_bar(1.0, 1.0, 1.0, float(at), at=at))
    await host.run()
    assert (await diary(host))[0] == "600 past bars"


async def test_reports_come_before_the_event_and_commands_in_the_order_of_their_causes(house: House) -> None:
    host = await house.running("Diarist")
    one, two = map(terms_of, await told(host, bid(3)))
    asked = await told(host, numbered(1, one, ReportKind.ACCEPTED), numbered(2, one, ReportKind.FILLED), bid(5, at=2))
    assert [terms_of(command).reason for command in asked] == ["fill of a-1", "bid 5", "bid 5 again"]
    assert [command.n for command in asked] == [4, 5, 6]
    assert await told(host, numbered(3, two, ReportKind.ACCEPTED)) == []
    assert await diary(host) == [
        "bid 3.0", "a-1 accepted", "fill a-1", "a-1 filled", "bid 5.0", "a-2 accepted", "timer read",
    ]  # fmt: skip


async def test_its_books_are_the_ledgers_after_equal_reports(house: House) -> None:
    host = await house.running("Diarist")
    ledger = Ledger(cash={"USD": Decimal(10_000)}, capital={"a": {"USD": Decimal(10_000)}}, instruments=INSTRUMENTS)
    assert (await host.beat()).digest == ledger.of("a").digest()
    order = terms_of((await told(host, bid(3)))[0])
    filled = fill(order, at="3.01", fee="0.07")
    ledger.book(filled)
    accepted = numbered(1, order, ReportKind.ACCEPTED)
    await told(host, accepted, msgspec.structs.replace(accepted, number=2, kind=ReportKind.FILLED, fill=filled))
    vital = await host.beat()
    assert (vital.reports, vital.digest) == (2, ledger.of("a").digest())


# Its trips.


@pytest.mark.parametrize("where", ["start", "past", "quote", "fill", "timer"])
async def test_what_it_raises_becomes_a_trip_there_and_then_it_says_no_more(house: House, where: str) -> None:
    host = house.host("Raising", where=where)
    asked = (await host.start(0)).commands
    await host.warm(a_bar(1.0, 1.0, 1.0, 1.0))
    asked += await host.run()
    assert [type(command) for command in asked] == ([Trip] if where in ("start", "past") else [])
    asked += await told(host, bid(2))
    if where == "fill":
        order = terms_of(asked.pop())
        asked += await told(host, numbered(1, order, ReportKind.FILLED))
    asked += await told(host, Timer("a", 2 * SECOND, "t"))
    trip = next(command for command in asked if isinstance(command, Trip))
    assert (trip.reason, trip.lost) == (f"ZeroDivisionError: {where}", False)
    assert "host_strategies.py" in trip.traceback
    after = asked[asked.index(trip) + 1 :]
    assert after == []
    assert await told(host, bid(3, at=3)) == []
    assert (await host.beat()).life is ContainerState.TRIPPED


async def test_a_trip_in_one_hearing_with_orders_takes_the_unsent_ones_with_it(house: House) -> None:
    host = await house.running("Raising", where="after orders")
    (trip,) = await told(host, bid(2))
    assert isinstance(trip, Trip)
    assert trip.n == 3


async def test_sealed_from_outside_it_says_nothing_more(house: House) -> None:
    host = await house.running("Diarist")
    host.seal("told to")
    assert await told(host, bid(3)) == []
    assert (await host.beat()).life is ContainerState.TRIPPED
    host.seal("again")
    await host.close()


# Its state.


async def lived(host: Host) -> None:
    """A life with an order that rests, one that is filled, and a random number drawn."""
    one, two = map(terms_of, await told(host, bid(3)))
    await told(host, numbered(1, one, ReportKind.ACCEPTED), numbered(2, two, ReportKind.ACCEPTED))
    await told(host, numbered(3, one, ReportKind.FILLED))


@pytest.mark.parametrize("other", ["task", "process"])
async def test_another_goes_on_from_its_state_in_whatever_house(house: House, other: str, nursery: Nursery) -> None:
    host = await house.running("Diarist")
    await lived(host)
    state = await host.state()
    again = await House(other, nursery).restored(state, "Diarist")
    assert through_msgpack(await again.state()) == through_msgpack(state)
    assert await again.beat() == await host.beat()
    assert [await told(again, bid(7, at=9)), await diary(again)] == [await told(host, bid(7, at=9)), await diary(host)]


async def test_what_it_subscribed_to_comes_back_with_its_state(house: House) -> None:
    host = await house.running("Diarist")
    again = house.host("Diarist")
    assert await again.restore(through_msgpack(await host.state())) == Started(subscriptions=[AAA_QUOTES], commands=[])


@pytest.mark.parametrize("other", ["task", "process"])
async def test_who_starts_anew_upon_its_books_goes_on_with_its_numbers(
    house: House, other: str, nursery: Nursery
) -> None:
    host = await house.running("Diarist")
    await lived(host)
    before = await host.beat()
    again = House(other, nursery).host("Diarist")
    await again.restore_books(through_msgpack(await host.state()))
    (timer,) = (await again.start(SECOND)).commands
    assert await again.run() == []
    assert timer.n == 5
    vital = await again.beat()
    assert (vital.reports, vital.digest, vital.life) == (3, before.digest, ContainerState.RUNNING)
    orders = [terms_of(command).order_id for command in await told(again, bid(3, at=9))]
    assert orders == ["a-4", "a-5"]
    assert await diary(again) == ["bid 3.0", "timer read"]


async def test_who_says_nothing_at_its_new_start_goes_on_with_its_numbers_too(house: House) -> None:
    host = await house.running("Diarist")
    await lived(host)
    again = house.host("Quiet")
    await again.restore_books(through_msgpack(await host.state()))
    assert (await again.start(SECOND)).commands == []
    await again.run()
    state = await again.state()
    assert (state["n"], state["reports"]) == (4, 3)
    assert [command.n for command in await told(again, bid(3, at=9))] == [5]


@pytest.mark.parametrize("other", ["task", "process"])
async def test_one_that_has_tripped_stays_so(house: House, other: str, nursery: Nursery) -> None:
    host = await house.running("Raising", where="quote")
    (trip,) = await told(host, bid(2))
    again = await House(other, nursery).restored(await host.state(), "Raising", where="quote")
    assert await told(again, bid(3, at=9)) == []
    assert (await again.beat()).life is ContainerState.TRIPPED
    state = through_msgpack(await again.state())
    assert (msgspec.convert(state["trip"], Trip), state["n"]) == (trip, trip.n)
    again.seal("once more")


async def test_what_cannot_be_kept_is_named(house: House) -> None:
    host = await house.running("Hoarding")
    await told(host, bid(2))
    with pytest.raises(UnsupportedState, match=r"self\.thing"):
        await host.state()
    await told(host, bid(3, at=2))
    assert (await host.state())["life"] == "running"


async def test_what_it_does_not_take_back_is_named(house: House) -> None:
    state = through_msgpack(await (await house.running("Diarist")).state())
    state["strategy"] = msgspec.msgpack.encode(["what?"])
    with pytest.raises(UnsupportedState):
        await house.restored(state, "Diarist")


# Its end.


def descriptors() -> set[tuple[str, Path]]:
    """Each open one's number and what it leads to."""
    gc.collect()
    found = set()
    for number in list(Path("/proc/self/fd").iterdir()):
        # The listing's own is listed too, and closed by now.
        with suppress(FileNotFoundError):
            found.add((number.name, number.readlink()))
    return found


@pytest.mark.parametrize("ends", ["running", "tripped", "sealed", "restored", "never begun"])
async def test_nothing_stays_of_one_that_is_closed(house: House, ends: str, nursery: Nursery) -> None:
    pids = await children_of(nursery)
    before = descriptors()
    if ends == "never begun":
        host = house.host("Diarist")
    elif ends == "tripped":
        host = await house.running("Raising", where="quote")
        await told(host, bid(2))
    else:
        host = await house.running("Diarist")
    if ends == "sealed":
        host.seal("told to")
    if ends == "restored":
        state = await host.state()
        await host.close()
        host = await house.restored(state, "Diarist")
    await host.close()
    await host.close()
    assert await children_of(nursery) == pids
    # What an earlier test left to the collector may close meanwhile: only what came and stayed is a leak.
    assert descriptors() <= before


async def children_of(nursery: Nursery) -> set[int]:
    """Which processes there are; the forkserver is opened for that."""
    nursery.open()
    assert nursery._forkserver is not None
    return {pid for pid in offspring((await nursery._forkserver).pid) if not all_gone([pid])}


async def test_closing_does_not_wait_for_what_it_is_doing(nursery: Nursery) -> None:
    """In its own process only: who hangs in the daemon's hangs the daemon."""
    host = await House("process", nursery).running("Raising", where="never returns")
    assert host.hear([], bid(2)) is None
    await asyncio.sleep(0)
    await host.close()
    assert await children_of(nursery) == set()
