"""What a child is given and what not, where its words go, and what is told when there is no process to be had."""

import json
import os
import signal
import stat
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from daemon.errors import ProcessNotStarted
from daemon.hosts.children import Forkserver
from daemon.hosts.launch import LARGEST_LOG_BYTES
from daemon.hosts.wire import Opened
from tests.child_builders import bids, hear, opening
from tests.real_children import Listener, Nursery, all_gone, offspring, until

pytestmark = pytest.mark.asyncio(loop_factories=["uvloop"])


@asynccontextmanager
async def customised(system: str, folder: Path) -> AsyncIterator[Nursery]:
    """Children on a system that is otherwise than ours: what is otherwise is done to the forkserver as it starts."""
    (folder / "sitecustomize.py").write_text(system)
    forkserver = await Forkserver.open({"PYTHONPATH": str(folder)})
    yield Nursery(forkserver, folder)
    await forkserver.close()


# What a child has, and has not.


async def test_a_child_has_nothing_that_is_not_its_own(nursery: Nursery) -> None:
    await nursery.ward(name="b", reference="Odd")
    ward = await nursery.ward("look_around")
    await nursery.ward(name="c", reference="Odd")
    await ward.tell(hear(bids(1)))
    seen = await ward.noted()

    assert "secret" not in seen["environ"].values()
    assert seen["environ"].keys() <= {
        "PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "VIRTUAL_ENV", "PYTHONPATH", "PYTHONHASHSEED", "LC_CTYPE",
    }  # fmt: skip
    assert seen["environ"]["LC_ALL"] == "C.UTF-8"
    loaded = {name.partition(".")[0] for name in seen["modules"]}
    assert {"trading", "daemon", "msgspec", "tests"} <= loaded
    assert not loaded & {"aiohttp", "asyncio", "anyio", "numpy", "pydantic", "strategies", "uvloop", "yaml"}
    assert len(seen["descriptors"]) == 4
    assert seen["descriptors"][:3] == [0, 1, 2]
    assert (seen["session"], seen["stdin"], seen["name"]) == (True, "/dev/null", "a")
    assert (seen["wakeup"], seen["on_its_childs_end"]) == (-1, signal.SIG_DFL)


async def test_what_a_strategy_says_is_in_its_log(nursery: Nursery) -> None:
    ward = await nursery.ward("speak")
    await ward.tell(hear(bids(1)))
    printed, told, logged, *raised = ward.log.read_text().splitlines()
    assert (printed, told) == ("printed \N{SNOWMAN}", "told")
    line = json.loads(logged)
    assert (line["level"], line["logger"], line["message"]) == ("error", "mine", "logged")
    assert line["exception"].endswith("LookupError: caught")
    assert raised[0] == "Traceback (most recent call last):"
    assert raised[-1] == "ZeroDivisionError: not caught"


async def test_a_child_that_hangs_shows_its_stack(nursery: Nursery) -> None:
    ward = await nursery.ward("spin")
    ward.child.send(hear(bids(1)))
    await ward.noted()
    ward.child.show_stack()
    await until(lambda: "in _spin" in ward.log.read_text())


async def test_a_child_may_be_asked_for_its_stack_before_it_can_show_it(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    async with customised(
        f"""
import os
setsid = os.setsid

def wait_at_the_gate():
    setsid()
    open({str(gate)!r}).close()

os.setsid = wait_at_the_gate
""",
        tmp_path,
    ) as nursery:
        ward = await nursery.unopened()
        ward.child.show_stack()
        await nursery.unopened("b")  # asked for after the signal, so that has been sent
        opened_gate = os.open(gate, os.O_RDWR)
        assert await ward.tell(opening()) == [Opened()]
        os.close(opened_gate)


# Logs.


async def test_a_log_is_its_owners_alone_and_goes_on(nursery: Nursery) -> None:
    log = nursery.folder / "a.log"
    log.write_text("before\n")
    log.unlink()
    for _ in range(2):
        ward = await nursery.ward("speak")
        await ward.tell(hear(bids(1)))
        await ward.child.end()
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    assert log.read_text().count("printed") == 2


async def test_a_log_that_has_grown_large_is_put_aside(nursery: Nursery) -> None:
    log = nursery.folder / "a.log"
    with log.open("wb") as large:
        large.truncate(LARGEST_LOG_BYTES + 1)
    await nursery.unopened()
    assert log.stat().st_size == 0
    assert log.with_name("a.log.1").stat().st_size == LARGEST_LOG_BYTES + 1


async def test_a_log_that_cannot_be_written_is_told_with_its_place(nursery: Nursery) -> None:
    with pytest.raises(ProcessNotStarted, match=r"no process for a: .*No such file or directory.*/absent/a.log"):
        await nursery.forkserver.spawn("a", nursery.folder / "absent" / "a.log", Listener())
    assert offspring(nursery.forkserver.pid) == set()


# Where there is no process to be had.


async def test_a_forkserver_that_cannot_begin_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(ProcessNotStarted, match="has ended"):
        await Forkserver.open({})
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    with pytest.raises(ProcessNotStarted, match="cannot start /no/such/python: No such file or directory"):
        await Forkserver.open({})


async def test_a_child_that_cannot_be_forked_is_told_and_the_next_one_can(tmp_path: Path) -> None:
    async with customised(
        """
import errno, os
fork = os.fork

def no_room():
    os.fork = fork
    raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))

os.fork = no_room
""",
        tmp_path,
    ) as nursery:
        with pytest.raises(ProcessNotStarted, match="no process for a: no process can be forked: Resource temporarily"):
            await nursery.unopened()
        await nursery.ward(reference="Odd")


async def test_where_the_kernel_tells_of_no_offspring_a_childs_group_ends_with_it(tmp_path: Path) -> None:
    async with customised(
        """
import pathlib
read_text = pathlib.Path.read_text

def told_nothing(path, *arguments):
    if path.name == "children":
        raise FileNotFoundError(path)
    return read_text(path, *arguments)

pathlib.Path.read_text = told_nothing
""",
        tmp_path,
    ) as nursery:
        ward = await nursery.ward("breed_group")
        ward.child.send(hear(bids(1)))
        group = await ward.noted()
        await ward.child.end()
        await until(lambda: all_gone(group))


async def test_a_closed_forkserver_forks_no_more(nursery: Nursery) -> None:
    await nursery.forkserver.close()
    with pytest.raises(ProcessNotStarted, match="has ended"):
        await nursery.unopened()
