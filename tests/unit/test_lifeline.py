"""A container's process through its lives: lost anywhere in its making, it is made again as it was, or given up."""

import asyncio
from collections.abc import Callable

import msgspec
import pytest

from daemon.errors import ContainerLost, StrategyNotLoaded
from daemon.hosts.lifeline import Lifeline
from daemon.hosts.restarts import RestartRule, Restarts
from daemon.hosts.wire import (
    Beat,
    Hear,
    Open,
    Restore,
    RestoreBooks,
    Run,
    Snapshot,
    Start,
    State,
    ToChild,
    Vital,
    Warm,
    encoded,
    packed,
)
from tests.child_builders import bids, hear, opening
from tests.inner_children import InnerNursery, Mishap, dies_of
from tests.market_builders import a_bar
from tests.simulation.clock import SimulatedClock
from trading.commands import Command, SubmitOrder
from trading.market_data import Quote

RESTLESS = opening("tests.simulation.strategies:Restless")
LISTENS = opening("tests.simulation.strategies:Listens")
PAST = Warm(packed([encoded(a_bar(1, 1, 1, 1))]))


def lifeline(
    nursery: InnerNursery,
    message: Open | None = None,
    *,
    rule: RestartRule | None = None,
    in_flight: Callable[[], Hear | None] = lambda: None,
) -> Lifeline:
    return Lifeline(
        message or opening(),
        nursery=nursery,
        restarts=Restarts(rule or RestartRule(), SimulatedClock()),
        patience_seconds=60,
        in_flight=in_flight,
    )


async def made(line: Lifeline, *messages: ToChild) -> Lifeline:
    await line.open()
    for message in messages:
        await line.make(message)
    return line


async def heard(line: Lifeline, *quotes: Quote) -> list[int]:
    """Let it hear each quote by itself; the numbers of what it asked for."""
    numbers: list[int] = []
    for quote in quotes:
        line.life.hear(hear([quote]))
        while not line.life.done:
            await line.news()
        commands = line.life.take_commands()
        line.memory.heard((), encoded(quote), commands)
        numbers += [command.n for command in commands]
    return numbers


async def vital(line: Lifeline) -> Vital:
    return await line.ask(Beat(1), Vital)


async def state_of(line: Lifeline) -> msgspec.Raw:
    return (await line.ask(Snapshot(), State)).state


# Made again.


@pytest.mark.parametrize(
    "mishap", [dies_of(kind) for kind in (Open, Start, Warm, Run)], ids=["Open", "Start", "Warm", "Run"]
)
async def test_lost_in_its_making_it_is_made_from_the_beginning(mishap: Mishap) -> None:
    nursery = InnerNursery(mishap)
    line = await made(lifeline(nursery, LISTENS), Start(0), PAST, Run())
    assert await state_of(line) == await state_of(await made(lifeline(InnerNursery(), LISTENS), Start(0), PAST, Run()))
    assert (line.restarts.made, len(nursery.children), nursery.children[0].ended) == (1, 2, True)


async def test_lost_at_any_time_later_it_hears_again_what_it_had_heard() -> None:
    line = await made(lifeline(nursery := InnerNursery()), Start(0), Run())
    whole = await made(lifeline(InnerNursery()), Start(0), Run())
    for place, quote in enumerate(bids(1, 2, 3, 4, 5)):
        asked = await heard(line, quote)
        assert asked == await heard(whole, quote)
        if place % 2:
            nursery.children[-1].lose()
            await asyncio.sleep(0)
        assert await state_of(line) == await state_of(whole)
    assert line.restarts.made == 2


async def test_what_a_snapshot_holds_is_not_heard_again() -> None:
    line = await made(lifeline(nursery := InnerNursery()), Start(0), Run())
    await heard(line, *bids(1, 2, 3))
    state = await state_of(line)
    line.memory.begin_with(Restore(state), line.memory.n)
    await heard(line, *bids(5))
    before = await state_of(line)
    nursery.children[-1].lose()
    assert await state_of(line) == before
    assert [type(message) for message in nursery.children[-1].told] == [Open, Restore, Hear, Snapshot]


@pytest.mark.parametrize("mishap", [dies_of(Restore), dies_of(Hear)], ids=["Restore", "Hear"])
async def test_lost_again_while_it_is_made_again(mishap: Mishap) -> None:
    line = await made(lifeline(nursery := InnerNursery(None, mishap, dies_of(Open))), Start(0), Run())
    await heard(line, *bids(1))
    line.memory.begin_with(Restore(await state_of(line)), line.memory.n)
    await heard(line, *bids(3))
    before = await state_of(line)
    nursery.children[-1].lose()
    assert await state_of(line) == before
    assert line.restarts.made == 3


async def test_what_is_in_flight_is_sent_to_the_next_life() -> None:
    quotes = bids(2, 3)
    line = await made(lifeline(nursery := InnerNursery(), in_flight=lambda: hear(quotes)), Start(0), Run())
    line.life.hear(hear(quotes))
    nursery.children[-1].lose()
    while not line.life.done:
        await line.news()
    assert (line.life.heard, [command.n for command in line.life.take_commands()]) == (2, [1])
    assert line.restarts.made == 1


async def test_the_next_life_is_news_also_to_who_comes_second_to_it() -> None:
    """The one who comes first sends what is in flight; it may be answered before the second looks."""
    quotes = bids(2, 3)
    line = await made(lifeline(nursery := InnerNursery(), in_flight=lambda: hear(quotes)), Start(0), Run())
    nursery.children[-1].deaf = True
    first = asyncio.create_task(vital(line))
    await asyncio.sleep(0)
    line.life.hear(hear(quotes))
    nursery.children[-1].lose()
    async with asyncio.timeout(5):
        while not line.life.done:
            await line.news()
    assert line.life.heard == 2
    assert (await first).reports == 0
    assert line.restarts.made == 1


async def test_whoever_waits_at_the_same_time_waits_for_one_and_the_same_new_life() -> None:
    line = await made(lifeline(nursery := InnerNursery()), Start(0), Run())
    nursery.children[-1].deaf = True
    beats = [asyncio.create_task(vital(line)) for _ in range(3)]
    await asyncio.sleep(0)
    nursery.children[-1].lose()
    assert [beat.reports for beat in await asyncio.gather(*beats)] == [0, 0, 0]
    assert line.restarts.made == 1


async def test_books_that_were_taken_over_are_so_again_and_n_goes_on_from_theirs() -> None:
    whole = await made(lifeline(InnerNursery()), Start(0), Run())
    await heard(whole, *bids(1, 3))
    books = await state_of(whole)
    line = await made(lifeline(nursery := InnerNursery()))
    await line.take_over(RestoreBooks(books), 2)
    await line.make(Start(0))
    await line.make(Run())
    assert line.memory.n == 2
    nursery.children[-1].lose()
    await asyncio.sleep(0)
    assert (await vital(line)).reports == 0
    assert await heard(line, *bids(5)) == [3]
    assert line.restarts.made == 1


# Given up.


async def test_after_the_last_restart_it_is_lost_with_every_ending_told() -> None:
    rule = RestartRule(most=2)
    line = await made(lifeline(nursery := InnerNursery(), rule=rule), Start(0), Run())
    for _ in range(2):
        nursery.children[-1].lose()
        await vital(line)
    nursery.children[-1].lose("exit code 3")
    told = "its process ended (exit code 3), and 2 restarts within 1m are used up"
    for _ in range(2):
        with pytest.raises(ContainerLost) as lost:
            await vital(line)
        assert str(lost.value) == told
    assert all(child.ended for child in nursery.children)
    assert len(nursery.children) == 3


async def test_no_room_for_a_process_counts_as_an_ending() -> None:
    nursery = InnerNursery()
    nursery.refusals = 2
    line = await made(lifeline(nursery), Start(0), Run())
    assert line.restarts.made == 2
    nursery.refusals = 9
    nursery.children[-1].lose()
    with pytest.raises(ContainerLost, match=r"its process ended \(no process for a: no room\), and 3 restarts"):
        await vital(line)


def one_more(commands: list[Command]) -> list[Command]:
    return [*commands, msgspec.structs.replace(commands[-1], n=commands[-1].n + 1)]


def another(commands: list[Command]) -> list[Command]:
    last = commands[-1]
    assert isinstance(last, SubmitOrder)
    return [*commands[:-1], msgspec.structs.replace(last, terms=msgspec.structs.replace(last.terms, reason="other"))]


@pytest.mark.parametrize("before", [one_more, another])
async def test_who_does_not_repeat_itself_is_not_let_go_on(before: Callable[[list[Command]], list[Command]]) -> None:
    line = await made(lifeline(nursery := InnerNursery()), Start(0), Run())
    await heard(line, *bids(1, 3))
    line.memory.commands = before(line.memory.commands)
    nursery.children[-1].lose()
    with pytest.raises(ContainerLost, match="it did not repeat itself"):
        await vital(line)
    assert all(child.ended for child in nursery.children)


async def test_a_strategy_that_cannot_be_had_at_first_is_told_in_words() -> None:
    with pytest.raises(StrategyNotLoaded, match=r"no module 'strategies\.nope'"):
        await lifeline(InnerNursery(), opening("strategies.nope:Nope")).open()


async def test_who_does_not_take_its_state_back_is_lost() -> None:
    line = await made(lifeline(nursery := InnerNursery()), Start(0), Run())
    state = msgspec.msgpack.decode(await state_of(line))
    state["strategy"] = msgspec.msgpack.encode(["what?"])
    line.memory.begin_with(Restore(msgspec.Raw(msgspec.msgpack.encode(state))), 0)
    nursery.children[-1].lose()
    with pytest.raises(ContainerLost, match="it cannot be made again"):
        await vital(line)
    assert all(child.ended for child in nursery.children)


# Ended.


async def test_who_waits_when_it_is_ended_waits_no_longer_and_nothing_is_made_again() -> None:
    line = await made(lifeline(nursery := InnerNursery()), Start(0), Run())
    nursery.children[-1].deaf = True
    beat = asyncio.create_task(vital(line))
    await asyncio.sleep(0)
    await line.end()
    with pytest.raises(ContainerLost, match="it is ended"):
        await beat
    assert [child.ended for child in nursery.children] == [True]


@pytest.mark.parametrize("passes", range(1, 9))
async def test_ended_while_it_is_made_again_it_stays_so(passes: int) -> None:
    line = await made(lifeline(nursery := InnerNursery()), Start(0), Run())
    await heard(line, *bids(1, 2))
    nursery.children[-1].lose()
    beat = asyncio.create_task(vital(line))
    for _ in range(passes):
        await asyncio.sleep(0)
    await line.end()
    await asyncio.wait([beat])
    assert all(child.ended for child in nursery.children)


async def test_it_may_be_ended_before_it_began() -> None:
    await lifeline(InnerNursery()).end()
