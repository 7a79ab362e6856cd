"""Event loops for tests that name theirs, `@pytest.mark.asyncio(loop_factories=["asyncio", "uvloop"])`, and a
forkserver."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

import pytest
import pytest_asyncio
import uvloop

from daemon.hosts.children import Forkserver
from tests.real_children import Nursery, is_gone

LoopFactory = Callable[[], asyncio.AbstractEventLoop]


def pytest_asyncio_loop_factories(item: pytest.Item) -> Mapping[str, LoopFactory]:
    """Every loop where a test names some, else the one that everybody has."""
    factories: dict[str, LoopFactory] = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
    marker = item.get_closest_marker("asyncio")
    if marker is not None and "loop_factories" in marker.kwargs:
        return factories
    return {"asyncio": factories["asyncio"]}


@pytest_asyncio.fixture
async def nursery(tmp_path: Path) -> AsyncIterator[Nursery]:
    """A forkserver that was given secrets, and whose children keep their files in the test's folder."""
    secrets = {"BULKHEAD_X": "secret", "API_KEY": "secret", "LC_ALL": "C.UTF-8"}
    forkserver = await Forkserver.open({**os.environ, **secrets})
    yield Nursery(forkserver, tmp_path)
    await forkserver.close()
    assert is_gone(forkserver.pid)
