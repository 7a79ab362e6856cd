"""The kill switch in the daemon: the flag and the journal are brought to say the same, whichever says it first.

A flag that somebody else has set becomes a journaled halt, so that all breakers stand open durably; a journaled halt
sets the flag, so that whatever looks at it alone holds still; a journaled resume clears it, unless somebody has set it
anew meanwhile. Trouble with the flag never undoes a halt.
"""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import anyio
from anyio.abc import TaskGroup

from daemon.clock import Clock
from daemon.errors import DiskError
from daemon.journal.log import Journal
from daemon.journal.records import Entry
from daemon.killswitch.flag import Halt, HaltFlag
from daemon.killswitch.guard import Guard
from daemon.killswitch.wire import Beat, Watch, Watching
from daemon.shells import Shell
from daemon.state import HALT_NAME, WATCHMAN_LOG_NAME, WATCHMAN_SOCKET_NAME
from daemon.tasks import own
from trading.account.records import Operation
from trading.account.triggers import ACCOUNT, Trigger
from trading.timestamps import MILLISECOND

log = logging.getLogger(__name__)

LOOK_NS: Final = 50 * MILLISECOND
"""How often the whole flag is looked at. What is set from outside is taken up at the second look: who sets it also asks
the daemon, and then the halt is journaled as it was asked for, once."""

CarryOut = Callable[[Operation], Awaitable[None]]


class KillSwitch:
    """`flag` is looked at before every send. `watch` is called once the floor stands, `run` is a task of the daemon's
    while it trades, and `hear` is told what is safe in the journal."""

    def __init__(self, flag: HaltFlag, guard: Guard | None, clock: Clock, tasks: TaskGroup) -> None:
        self.flag = flag
        self._guard = guard
        self._clock = clock
        self._tasks = tasks
        self._shell: Shell | None = None
        self._known: Halt | None = None
        self._seen: Halt | None = None
        self._trouble = ""

    @property
    def alarms(self) -> list[str]:
        """What somebody should look at."""
        return [*filter(None, (self._trouble, self._guard.alarm if self._guard else ""))]

    @property
    def watchman(self) -> int:
        """The watching process's id, 0 where there is none."""
        return self._guard.pid if self._guard else 0

    async def watch(self, shell: Shell, journal: Journal, carry_out: CarryOut) -> None:
        """Before the first event: halt if the flag says so, set it if the journal does, and have the daemon watched;
        ProcessNotStarted where that cannot be."""
        self._shell = shell
        halt, halted = self.flag.look(), self._halted()
        if halt is not None and (halt.cancel_orders or not halted):
            await carry_out(_operation(halt, shell))
        elif halted:
            self._set(halted, is_seen_to=True)
        if self._guard is not None:
            await self._guard.start(
                lambda: Beat(shell.floor.lockstep.events, journal.safe_sequence, halted=bool(self._halted()))
            )
            own(self._tasks, self._guard.run)

    async def run(self, shell: Shell) -> None:
        """Take up what is set from outside, for ever."""
        while True:
            await self._clock.sleep(LOOK_NS)
            halt = self.flag.look()
            if halt is None or halt == self._known:
                self._seen = None
            elif halt != self._seen:
                self._seen = halt
            else:
                log.warning("the halt flag was set from outside")
                await shell.operate(_operation(halt, shell))

    def hear(self, entry: Entry) -> None:
        """Follow the journal; never raises, as a halt is in force by now and must stay so."""
        if not isinstance(entry.record, Operation) or self._shell is None:
            return
        if halted := self._halted():
            self._set(halted, is_seen_to=entry.record.cancel_orders and not self._is_too_late)
        elif self._known is not None:
            self._clear()
        if self._guard is not None:
            self._guard.beat()

    async def say_goodbye(self) -> None:
        """A clean stop. Where a halt asks for something to be cancelled that was not seen to, it is none: who watches
        then sees to that, as after a crash."""
        if self._guard is None:
            return
        halt = self.flag.look()
        if halt is not None and halt.cancel_orders:
            log.warning("orders are still to be cancelled for a halt: the watching process is left to do that")
            self._guard.abandon()
        else:
            await self._guard.say_goodbye()

    def abandon(self) -> None:
        """The daemon fails."""
        if self._guard is not None:
            self._guard.abandon()

    def _halted(self) -> str:
        """Why an operator has halted the account; empty where none has, also where its breaker is open otherwise."""
        assert self._shell is not None, "there is nothing to halt yet"
        cause = self._shell.floor.lockstep.router.breakers.by_scope[ACCOUNT].causes.get(Trigger.OPERATOR)
        return "" if cause is None else cause.reason

    @property
    def _is_too_late(self) -> bool:
        """Whether what is to be cancelled from now on will not leave any more."""
        assert self._shell is not None, "there is nothing to halt yet"
        return self._shell.venue is not None and self._shell.venue.ends

    def _set(self, reason: str, *, is_seen_to: bool) -> None:
        """Set the flag for a halt that is in the journal; what it still asks for is taken up from it by `run`."""
        try:
            if is_seen_to:
                self.flag.set_seen_to(reason)
            else:
                self.flag.set(reason)
        except DiskError as error:
            self._tell_of(f"{error}; the halt itself is in the journal")
        else:
            self._trouble = ""
        halt = self.flag.look()
        asks_for_more = halt is not None and halt.cancel_orders and not (is_seen_to or self._is_too_late)
        self._known = None if asks_for_more else halt

    def _clear(self) -> None:
        known, self._known = self._known, None
        try:
            self.flag.clear(known)
        except DiskError as error:
            self._tell_of(f"{error}; no order leaves until it is")
        else:
            self._trouble = ""

    def _tell_of(self, trouble: str) -> None:
        self._trouble = trouble
        log.error("%s", trouble)


@asynccontextmanager
async def kill_switch(
    state: Path, watching: Watching | None, *, pid: int, clock: Clock, environ: Mapping[str, str]
) -> AsyncIterator[KillSwitch]:
    """The kill switch of a daemon that has locked its state; the flag's file is made, where there is none. DiskError.

    Left by an error, the watching process is not told goodbye.
    """
    flag = HaltFlag(state / HALT_NAME)
    flag.prepare()
    guard = None
    if watching is not None:
        watch = Watch(pid, str(flag.path), str(state / WATCHMAN_SOCKET_NAME), watching)
        guard = Guard(watch, log_path=state / WATCHMAN_LOG_NAME, environ=environ, clock=clock)
    try:
        async with anyio.create_task_group() as tasks:
            switch = KillSwitch(flag, guard, clock, tasks)
            try:
                yield switch
            except BaseException:
                switch.abandon()
                raise
            tasks.cancel_scope.cancel()
            with anyio.CancelScope(shield=True):
                await switch.say_goodbye()
    finally:
        flag.close()


def _operation(halt: Halt, shell: Shell) -> Operation:
    return Operation(action="halt", ts_ns=shell.now_ns, reason=halt.reason, cancel_orders=halt.cancel_orders)
