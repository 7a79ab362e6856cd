"""`bulkhead run`: check, then supervise."""

import logging
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import anyio

from daemon.check import Plan, check
from daemon.cli.client import DEFAULT_CONFIG
from daemon.clock import SystemClock
from daemon.config.source import state_folder
from daemon.disk import RealDisk
from daemon.errors import DaemonError
from daemon.net import SystemNet
from daemon.processes import SystemProcesses
from daemon.shadowing import refuse_shadowed_packages
from daemon.state import SOCKET_NAME
from daemon.supervisor import Supervisor
from daemon.watch.logs import set_up

_TO_TRY: Final = ("status", "fills --watch", "account show")


def main(config: Path, *, state: Path | None = None) -> int:
    """Run a daemon to its end and give its exit code; DaemonError for what ended it otherwise."""
    refuse_shadowed_packages()
    environ = {**os.environ, **({} if state is None else {"BULKHEAD_STATE": str(state)})}
    plan = check(config, environ, SystemProcesses())
    log = plan.settings.log
    set_up(sys.stderr, level=logging.getLevelNamesMapping()[log.level.upper()], written=log.format)
    try:
        # By anyio, so that also what a protocol is told of knows its event loop, whatever other library is installed.
        anyio.run(_supervise, plan, environ, backend="asyncio", backend_options={"use_uvloop": True})
    except BaseExceptionGroup as group:
        for error in _leaves(group):
            if isinstance(error, DaemonError):
                raise error from group
        raise
    return 0


async def _supervise(plan: Plan, environ: Mapping[str, str]) -> None:
    def greet() -> None:
        if sys.stderr.isatty():
            sys.stderr.write(what_to_try(plan.state))

    supervisor = Supervisor(
        plan, clock=SystemClock(), disk=RealDisk(), net=SystemNet(), environ=environ, on_ready=greet
    )
    await supervisor.run()


def what_to_try(state: Path) -> str:
    """The next three commands, as they are typed in this folder."""
    program = "./bulkhead" if Path("bulkhead").is_file() else "bulkhead"
    found = DEFAULT_CONFIG.is_file() and state_folder(DEFAULT_CONFIG, {}) == state
    where = "" if found else f" --socket {state / SOCKET_NAME}"
    lines = [f"  {program} {command}{where}" for command in _TO_TRY]
    return "\n".join(["", "Try in another shell:", *lines, "", ""])


def _leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error
