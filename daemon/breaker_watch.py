"""Looks at what the router cannot see by itself, and opens the venue's circuit breaker for it: the time that the
journal's syncs take. Where there is no venue it answers its probes too."""

from typing import Final

from daemon.clock import Clock
from daemon.journal.log import Meter
from daemon.shells import Shell
from trading.account.breaker_states import BreakerState
from trading.account.records import Operation
from trading.account.triggers import VENUE, Trigger
from trading.timestamps import MILLISECOND, SECOND

LOOK_NS: Final = SECOND


class BreakerWatch:
    """Over one floor. `is_paper`: the market is simulated, and always answers."""

    def __init__(self, shell: Shell, meter: Meter, *, is_paper: bool) -> None:
        self._shell = shell
        self._meter = meter
        self._is_paper = is_paper

    async def run(self, clock: Clock) -> None:
        """Look once a second, for ever."""
        while True:
            await clock.sleep(LOOK_NS)
            await self.look()

    async def look(self) -> None:
        """Have the breaker opened, or its probe answered, if that is due."""
        breakers, now_ns = self._shell.floor.lockstep.router.breakers, self._shell.now_ns
        limit_ns, took_ns = breakers.rules[VENUE].slow_sync_ns, self._meter.take_slowest_ns()
        if limit_ns is not None and took_ns > limit_ns:
            reason = f"a sync of the journal took {took_ns // MILLISECOND} ms; the limit is {limit_ns // MILLISECOND}"
            await self._shell.operate(
                Operation(action="trip", ts_ns=now_ns, reason=reason, scope=VENUE, trigger=Trigger.SLOW_JOURNAL)
            )
        venue = breakers.by_scope[VENUE]
        if self._is_paper and venue.state is BreakerState.HALF_OPEN:
            await self._shell.operate(
                Operation(
                    action="probe",
                    ts_ns=now_ns,
                    reason="the simulated market answers",
                    scope=VENUE,
                    number=venue.probes,
                    passed=True,
                )
            )
