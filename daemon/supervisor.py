"""The supervisor: it puts the daemon together, owns every task of it, and takes it down in order.

Start: lock the state, read the journal, refuse what cannot be, open the journal for this life, bring the floor up to
it, serve, be ready. Stop: no further event, commit, snapshot, close; a strategy that holds that up is not waited for.
What fails here fails the daemon: nothing is restarted behind anybody's back.
"""

import gc
import logging
import os
import signal
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final

import anyio
import msgspec
from anyio.abc import TaskGroup

from daemon.announcer import Announcer
from daemon.api.server import serving
from daemon.api.stream import EventStream
from daemon.assembly import Quarters, fleet_of
from daemon.breaker_watch import BreakerWatch
from daemon.brokerage import BROKERS
from daemon.check import Plan
from daemon.clock import Clock
from daemon.condition import Identity, Pulse
from daemon.disk import Disk
from daemon.epoch import next_epoch
from daemon.errors import ContainerLost, JournalDamaged
from daemon.floor import Floor
from daemon.history import History, read_history
from daemon.hosts.nursery import Nursery
from daemon.hosts.port import Host
from daemon.hosts.watchdog import Watchdog
from daemon.journal.log import Journal
from daemon.journal.reader import JournalReader
from daemon.journal.records import Closed, Entry, Opened
from daemon.killswitch.switch import CarryOut, KillSwitch, kill_switch
from daemon.killswitch.watching import watching_of
from daemon.killswitch.wire import Watching
from daemon.net import Net, check_socket_path
from daemon.operations import DaemonOperations
from daemon.paper import PaperShell
from daemon.projector import Projector
from daemon.shells import Shell, trading_of
from daemon.state import JOURNAL_NAME, LOCK_NAME, LOGS_NAME, PROJECTION_NAME, SOCKET_NAME, or_begin_anew
from daemon.tasks import own
from daemon.version import VERSION
from daemon.watch.notify import Notifier
from trading.account.ids import ClientOrderIds
from trading.account.records import Operation
from trading.timestamps import SECOND

log = logging.getLogger(__name__)

HEARTBEAT_NS: Final = SECOND

STOP_SECONDS: Final = 5.0
"""How long a stop waits for the event in hand and a snapshot; what is not done by then, the next start does again."""


class Supervisor:
    """Runs one daemon on one state directory. `on_ready` is called once it trades; `watching` says what is done when it
    hangs, if that is not what the plan asks for."""

    def __init__(
        self,
        plan: Plan,
        *,
        clock: Clock,
        disk: Disk,
        net: Net,
        environ: Mapping[str, str],
        on_ready: Callable[[], None] = lambda: None,
        watching: Watching | None = None,
    ) -> None:
        self._plan = plan
        self._clock = clock
        self._disk = disk
        self._net = net
        self._on_ready = on_ready
        self._watching = watching or watching_of(plan)
        self._environ = environ
        self._notifier = Notifier(net, environ, os.getpid())
        self._pulse = Pulse()
        self._stream = EventStream()
        self._fleet = fleet_of(plan)
        self._trading = trading_of(plan, clock)

    async def run(self) -> None:
        """Run until SIGTERM, SIGINT or the feed's end; DaemonError for whatever keeps it from starting or going on."""
        state = self._plan.state
        check_socket_path(state / SOCKET_NAME)
        self._disk.make_directory(state)
        lock = self._disk.lock(state / LOCK_NAME, os.getpid())
        try:
            reader = JournalReader(self._disk, state / JOURNAL_NAME)
            if not reader.segments and self._disk.exists(state / PROJECTION_NAME):
                raise JournalDamaged(
                    f"the journal {state / JOURNAL_NAME} is gone, and this state has traded: what it held is not known",
                    mend=or_begin_anew("put it back from a backup", is_live=self._fleet.is_live),
                )
            history = read_history(reader, self._trading.reference, self._fleet)
            self._trading.prepare(history)
            epoch_ms = await next_epoch(history.epoch_ms, self._clock)
            patience_seconds = self._plan.settings.watchdog.stall_seconds
            nursery = Nursery(self._environ, state / LOGS_NAME)
            async with self._kill_switch() as switch:
                with Watchdog(self._clock, patience_seconds) as watchdog:
                    quarters = Quarters(watchdog, nursery, self._clock, patience_seconds)
                    try:
                        await self._live(reader, history, epoch_ms, quarters, switch)
                    finally:
                        await nursery.close()
        finally:
            lock.release()

    def _kill_switch(self) -> AbstractAsyncContextManager[KillSwitch]:
        return kill_switch(self._plan.state, self._watching, pid=os.getpid(), clock=self._clock, environ=self._environ)

    async def _live(
        self, reader: JournalReader, history: History, epoch_ms: int, quarters: Quarters, switch: KillSwitch
    ) -> None:
        projector = Projector(self._plan.state / PROJECTION_NAME)
        announcer = Announcer(
            self._stream,
            lambda strategy, order_id: floor.lockstep.router.orders[strategy].get(order_id),
            lambda symbol: floor.fleet.instruments[symbol].currency.code,
        )

        def on_safe(entry: Entry) -> None:
            switch.hear(entry)
            projector.hear(entry)
            announcer.hear(entry)

        settings = self._plan.settings
        journal = Journal(
            reader,
            self._opened(epoch_ms),
            clock=self._clock,
            durability=settings.durable_through,
            segment_bytes=settings.journal.segment_bytes,
            on_safe=on_safe,
        )
        await projector.open(reader)
        ids, is_halted = ClientOrderIds(epoch_ms), lambda: switch.flag.is_set
        shell = await self._trading.shell(
            history, journal, ids, quarters, keep_up=projector.congested, is_halted=is_halted
        )
        floor = shell.floor
        self._tell_of(history, floor)
        operations = DaemonOperations(
            identity=self._identity(),
            pulse=self._pulse,
            shell=shell,
            journal=journal,
            projector=projector,
            stream=self._stream,
            watched=lambda: switch.alarms,
            clock=self._clock,
        )
        patience, socket = anyio.CancelScope(), self._plan.state / SOCKET_NAME
        async with self._owned_tasks(shell, projector, patience) as tasks, serving(operations, self._net, socket):
            with patience:
                await shell.begin(history.snapshot)
                gc.collect()
                gc.freeze()  # what is there by now stays; the collector need not look at it again
                await switch.watch(shell, journal, _before_the_first_event(shell))
                own(tasks, switch.run, shell)
                watch = BreakerWatch(shell, journal.meter, is_paper=self._plan.settings.mode == "paper")
                own(tasks, watch.run, self._clock)
                await self._trade(shell)
            if patience.cancelled_caught:
                log.warning(
                    "a strategy holds up the event in hand: it is left to the next start, which carries it again"
                )
            self._notifier.stopping()
        await floor.hosts.close()  # first: from then on none of them asks for anything
        journal.append(Closed(reason="the feed has ended" if shell.at_end else "stopped"))
        journal.close()
        await projector.close()
        log.info("stopped after event %d", floor.lockstep.events)

    async def _trade(self, shell: Shell) -> None:
        """From the first event to a stop or the feed's end."""
        self._announce_ready(shell.floor)
        await shell.run()
        if shell.at_end:
            log.info("%s", ": ".join(filter(None, ("the feed has ended", shell.floor.feed.tally()))))
        if shell.at_end and self._plan.settings.feed.at_end == "idle":
            log.info("idle until stopped")
            await shell.idle()

    def _tell_of(self, history: History, floor: Floor) -> None:
        if history.snapshot is not None:
            log.info(
                "recovered at event %d, %d steps after the last snapshot", floor.lockstep.events, len(history.steps)
            )
        for what, strategies in (
            ("added", history.change.added),
            ("removed", history.change.removed),
            ("renewed", history.change.renewed),
        ):
            if strategies:
                log.info("%s: %s", what, ", ".join(strategies))
        for line in history.change.altered:
            log.info("%s", line)
        for caution in self._plan.cautions:
            log.warning("%s", caution.text(self._plan.config))

    @asynccontextmanager
    async def _owned_tasks(
        self, shell: Shell, projector: Projector, patience: anyio.CancelScope
    ) -> AsyncIterator[TaskGroup]:
        async with anyio.create_task_group() as tasks:
            own(tasks, projector.run)
            own(tasks, self._stop_on_signal, shell, patience)
            own(tasks, self._feel_the_loop)
            own(tasks, self._tend_service_manager)
            for host in shell.floor.hosts:
                own(tasks, self._heartbeat, host, shell)
            yield tasks
            tasks.cancel_scope.cancel()

    async def _stop_on_signal(self, shell: Shell, patience: anyio.CancelScope) -> None:
        with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT, signal.SIGHUP) as signals:
            async for number in signals:
                log.info("%s: stopping", signal.Signals(number).name)
                shell.stop()
                patience.deadline = min(patience.deadline, anyio.current_time() + STOP_SECONDS)

    async def _heartbeat(self, host: Host, shell: Shell) -> None:
        """Hold the container's own books against the ledger's; what differs at equal numbers is tripped."""
        router = shell.floor.lockstep.router
        while True:
            await self._clock.sleep(HEARTBEAT_NS)
            try:
                vital = await host.beat()
            except ContainerLost as lost:
                if host.strategy not in router.tripped:
                    operation = Operation(action="trip", ts_ns=shell.now_ns, reason=str(lost), strategy=host.strategy)
                    await shell.operate(operation)
                continue
            book = router.ledger.of(host.strategy)
            same_number = vital.reports == router.numbers[host.strategy]
            if same_number and vital.digest != book.digest() and host.strategy not in router.tripped:
                reason = f"its own books differ from the ledger's after report {vital.reports}"
                await shell.operate(Operation(action="trip", ts_ns=shell.now_ns, reason=reason, strategy=host.strategy))

    async def _feel_the_loop(self) -> None:
        """Measure how late the loop wakes."""
        while True:
            due_ns = self._clock.monotonic_ns() + HEARTBEAT_NS
            await self._clock.sleep_until(due_ns)
            self._pulse.lag_seconds = max(0, self._clock.monotonic_ns() - due_ns) / SECOND

    async def _tend_service_manager(self) -> None:
        seconds = self._notifier.watchdog_seconds
        while seconds is not None:
            self._notifier.watchdog()
            await self._clock.sleep(int(seconds * SECOND))

    def _announce_ready(self, floor: Floor) -> None:
        self._pulse.ready = True
        symbols, strategies = ", ".join(floor.fleet.instruments), len(floor.fleet.strategies)
        halted = f"; trading is halted: {reason}" if (reason := floor.lockstep.router.halted) else ""
        log.info("ready: %s, %d strategies on %s%s", self._plan.settings.mode, strategies, symbols, halted)
        self._notifier.ready(f"{strategies} strategies on {symbols}")
        self._on_ready()

    def _opened(self, epoch_ms: int) -> Opened:
        return Opened(
            epoch=epoch_ms,
            opened_ns=self._clock.wall_ns(),
            build=VERSION,
            mode=self._plan.settings.mode,
            tape=self._trading.reference,
            fleet=msgspec.to_builtins(self._fleet),
        )

    def _identity(self) -> Identity:
        settings = self._plan.settings
        return Identity(
            mode=settings.mode,
            broker=BROKERS[settings.broker.kind].label,
            state=str(self._plan.state),
            pid=os.getpid(),
            started_ns=self._clock.wall_ns(),
            speed=self._trading.speed,
            durability=settings.durable_through,
            config_path=str(self._plan.config),
            config=self._plan.text,
            tape=self._trading.reference,
        )


def _before_the_first_event(shell: Shell) -> CarryOut:
    """How something is done before anything is traded. The paper shell takes what it is asked between two events."""
    return shell.floor.operate if isinstance(shell, PaperShell) else shell.operate
