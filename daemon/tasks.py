"""Tasks that live as long as what started them. One that is ended by anybody else takes its owner with it: what trades
is never gone while what answers questions is still there."""

import asyncio
import math
from collections.abc import Awaitable, Callable
from typing import TypeVarTuple

import anyio
from anyio.abc import TaskGroup

from daemon.errors import TaskLost

Arguments = TypeVarTuple("Arguments")


def own(tasks: TaskGroup, run: Callable[[*Arguments], Awaitable[None]], *args: *Arguments) -> None:
    """Start a task in a group. An error of its own ends the group as in any; so does TaskLost, where it is cancelled by
    anybody but the group or whoever is around that."""
    tasks.start_soon(_hold, run, args, name=run.__qualname__)


async def _hold(run: Callable[..., Awaitable[None]], args: tuple[object, ...]) -> None:
    try:
        await run(*args)
    except asyncio.CancelledError:
        if anyio.current_effective_deadline() == -math.inf:
            raise
        raise TaskLost(f"{run.__qualname__} was cancelled, and nobody had asked for an end") from None
