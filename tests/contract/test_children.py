"""Real children of a real forkserver: they talk, they end in every way there is, and nothing of them stays.

Whoever waits for another process polls for what it waits for; there is no other way to learn of a stranger's end.
"""

import asyncio
import json
import os
import signal
import socket
from pathlib import Path

import pytest

from daemon.errors import ProcessNotStarted
from daemon.hosts import children
from daemon.hosts.children import Child
from daemon.hosts.wire import Beat, Close, Heard, Opened, Snapshot, State, Vital, frame
from tests.child_builders import bids, hear
from tests.real_children import (
    Listener,
    Nursery,
    all_gone,
    block_until_gone,
    is_gone,
    offspring,
    start_keeping_children,
    until,
)
from trading.container import ContainerState

pytestmark = pytest.mark.asyncio(loop_factories=["asyncio", "uvloop"])

# Talking.


async def test_a_child_opens_starts_hears_beats_and_closes(nursery: Nursery) -> None:
    ward = await nursery.ward(reference="Odd")
    assert ward.child.strategy == "a"
    assert offspring(nursery.forkserver.pid) == {ward.child.pid}
    answers = await ward.tell(hear(bids(2, 3, 4)), Beat(1), Snapshot(), answers=3)
    heard, vital, state = answers
    assert isinstance(heard, Heard)
    assert (heard.events, [command.n for command in heard.commands], heard.done) == (2, [1], True)
    assert isinstance(vital, Vital)
    assert (vital.number, vital.life) == (1, ContainerState.RUNNING)
    assert isinstance(state, State)
    assert await ward.tell(Close()) == ["exit code 0"]


async def test_frames_of_any_size_go_through(nursery: Nursery) -> None:
    ward = await nursery.ward(reference="Odd")
    *progress, last = await ward.tell(hear(bids(*[2] * 50_000)), answers=50_000 // 64 + 1)
    assert progress == [Heard(64 * count, [], done=False) for count in range(1, 782)]
    assert last == Heard(50_000, [])


async def test_many_children_live_beside_each_other(nursery: Nursery) -> None:
    names = [f"s{number}" for number in range(20)]
    wards = await asyncio.gather(*(nursery.ward(name=name, reference="Odd") for name in names))
    assert len({ward.child.pid for ward in wards}) == 20
    for number, ward in enumerate(wards):
        ward.child.send(Beat(number))
    vitals = [await ward.next() for ward in wards]
    assert [vital.number for vital in vitals if isinstance(vital, Vital)] == list(range(20))
    await asyncio.gather(*(ward.child.end() for ward in wards))
    assert all_gone(ward.child.pid for ward in wards)


async def test_a_child_that_does_not_listen_makes_nobody_wait(nursery: Nursery) -> None:
    ward = await nursery.ward(reference="Odd")
    os.kill(ward.child.pid, signal.SIGSTOP)
    sent = 0
    while ward.child.writable:
        assert sent < 100, "there is no end to what is buffered"
        ward.child.send(hear(bids(*[2] * 500)))
        sent += 1
        await asyncio.sleep(0)
    assert not ward.listener.takes_more.is_set()
    os.kill(ward.child.pid, signal.SIGCONT)
    await ward.listener.takes_more.wait()
    assert ward.child.writable
    answers = [await ward.next() for _ in range(sent * 8)]
    assert answers[7::8] == [Heard(500, [])] * sent


# Endings.


@pytest.mark.parametrize(
    ("what", "how"),
    [
        ("exit", "exit code 3"),
        ("kill", "killed by SIGKILL"),
        ("crash", "killed by SIGSEGV"),
        ("real_time_signal", f"killed by signal {signal.SIGRTMIN + 1}"),
        ("write_garbage", "sent garbage: a message that is none: Expected `array`, got `int`"),
        ("announce_too_much", "sent garbage: a frame of 67,108,865 bytes; the longest is 67,108,864"),
    ],
)
async def test_how_a_child_is_lost_is_told_once_and_the_next_one_is_as_good_as_new(
    nursery: Nursery, what: str, how: str
) -> None:
    ward, other = await nursery.ward(what), await nursery.ward(name="b", reference="Odd")
    assert await ward.tell(hear(bids(1))) == [how]
    assert is_gone(ward.child.pid)
    ward.child.send(Beat(1))
    ward.child.show_stack()
    await ward.child.end()
    again = await nursery.ward("exit")
    assert await again.tell(hear(bids(1))) == ["exit code 3"]
    assert ward.listener.told.empty()
    assert [type(answer) for answer in await other.tell(Beat(1))] == [Vital]


async def test_a_child_that_closes_its_socket_and_lives_on_is_killed(
    nursery: Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(children, "_GRACE_SECONDS", 0.05)
    ward = await nursery.ward("hang_up")
    more_than_a_socket_takes = hear(bids(*[1] * 100_000))
    assert await ward.tell(hear(bids(1)), more_than_a_socket_takes) == ["closed its socket"]
    assert is_gone(ward.child.pid)


async def test_what_a_child_said_is_told_before_its_end(nursery: Nursery) -> None:
    ward = await nursery.ward("buy_or_exit")
    ward.child.send(hear(bids(1, 1, 1, 1), free=True))
    await asyncio.sleep(0)  # enough to send it, too little to hear of it
    block_until_gone(ward.child.pid)
    ward.child.send(Beat(1))  # this fails before anything that it said is read
    *heard, how = [await ward.next() for _ in range(4)]
    assert [(one.events, len(one.commands)) for one in heard if isinstance(one, Heard)] == [(1, 1), (2, 1), (3, 1)]
    assert how == "exit code 3"


async def test_what_a_child_said_is_told_before_its_end_also_if_the_end_is_known_first(nursery: Nursery) -> None:
    ours, theirs = socket.socketpair()
    listener = Listener()
    child = Child("a", listener, ours, nursery.forkserver)
    await asyncio.get_running_loop().create_unix_connection(lambda: child, sock=ours)
    with theirs:
        theirs.sendall(frame(Opened()))
        child.has_ended("exit code 3")
    assert [await listener.told.get() for _ in range(2)] == [Opened(), "exit code 3"]


async def test_a_defect_of_the_child_itself_is_in_its_log(nursery: Nursery) -> None:
    ward = await nursery.unopened()
    ward.child.write(b"\x01\0\0\0?")
    assert await ward.next() == "exit code 1"
    assert "Garbage: a message that is none" in ward.log.read_text()


async def test_a_child_can_be_ended_whatever_it_does_and_nothing_more_is_told_of_it(nursery: Nursery) -> None:
    ward = await nursery.ward("spin")
    ward.child.send(hear(bids(1)))
    await ward.noted()
    await asyncio.gather(ward.child.end(), ward.child.end())
    assert is_gone(ward.child.pid)
    await ward.child.end()
    assert ward.listener.told.empty()


@pytest.mark.parametrize("what", ["breed", "breed_and_exit"])
async def test_what_a_child_has_started_ends_with_it(nursery: Nursery, what: str) -> None:
    ward, other = await nursery.ward(what), await nursery.ward("breed", "b")
    for one in (ward, other):
        one.child.send(hear(bids(1)))
    tree, others_tree = await ward.noted(), await other.noted()
    assert len(tree) == 5
    if what == "breed":
        assert not any(map(is_gone, tree))
        await ward.child.end()
    else:
        assert await ward.next() == "exit code 0"
    await until(lambda: all_gone(tree))
    assert not any(map(is_gone, others_tree))
    await nursery.forkserver.close()
    assert all_gone(others_tree)


async def test_signals_to_the_daemons_group_are_not_for_its_children(nursery: Nursery) -> None:
    ward = await nursery.ward(reference="Odd")
    for pid in (ward.child.pid, nursery.forkserver.pid):
        for number in (signal.SIGINT, signal.SIGTERM):
            os.kill(pid, number)
    assert [type(answer) for answer in await ward.tell(Beat(1))] == [Vital]
    await nursery.ward(name="b")


# What outlives what.


async def test_nothing_outlives_a_killed_daemon(tmp_path: Path) -> None:
    with start_keeping_children(tmp_path) as daemon:
        assert daemon.stdout is not None
        pids = json.loads(daemon.stdout.readline())
        assert len(pids) == 11
        assert not any(map(is_gone, pids))
        daemon.kill()
    await until(lambda: all_gone(pids))


async def test_children_do_not_outlive_a_killed_forkserver_and_it_is_told(nursery: Nursery) -> None:
    ward = await nursery.ward("spin")
    ward.child.send(hear(bids(1)))
    await ward.noted()
    os.kill(nursery.forkserver.pid, signal.SIGKILL)
    assert await ward.next() == "the process that it was forked from has ended"
    await until(lambda: is_gone(ward.child.pid))
    with pytest.raises(ProcessNotStarted, match="has ended"):
        await nursery.unopened("b")


async def test_a_forkserver_that_does_not_end_is_killed(nursery: Nursery, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(children, "_CLOSING_SECONDS", 0.05)
    ward = await nursery.ward(reference="Odd")
    os.kill(nursery.forkserver.pid, signal.SIGSTOP)
    await nursery.forkserver.close()
    await until(lambda: is_gone(ward.child.pid))


async def test_children_are_asked_for_one_after_the_other_also_if_one_is_not_waited_for(
    nursery: Nursery, caplog: pytest.LogCaptureFixture
) -> None:
    os.kill(nursery.forkserver.pid, signal.SIGSTOP)
    unwanted = asyncio.create_task(nursery.unopened("b"))
    wanted = asyncio.create_task(nursery.ward(reference="Odd"))
    await asyncio.sleep(0)
    unwanted.cancel()
    os.kill(nursery.forkserver.pid, signal.SIGCONT)
    ward = await wanted
    await until(lambda: offspring(nursery.forkserver.pid) == {ward.child.pid})
    assert unwanted.cancelled()
    assert not caplog.records


async def test_a_forkserver_that_is_slow_gets_every_signal_in_the_end(nursery: Nursery) -> None:
    ward = await nursery.ward("spin")
    ward.child.send(hear(bids(1)))
    await ward.noted()
    os.kill(nursery.forkserver.pid, signal.SIGSTOP)
    for _ in range(2_000):  # more than a socket takes
        ward.child.show_stack()
    os.kill(nursery.forkserver.pid, signal.SIGCONT)
    await ward.child.end()
    assert is_gone(ward.child.pid)
