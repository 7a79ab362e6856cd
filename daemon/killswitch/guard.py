"""The daemon's side of being watched: it beats, and sees to it that somebody listens.

The beat comes from the event loop itself, never from a thread: a loop that hangs must fall silent. A watching process
that ends or gives no sign is replaced, so often within a minute; after that there is an alarm, and another try each
minute.
"""

import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from daemon.clock import Clock
from daemon.errors import ProcessNotStarted
from daemon.hosts.restarts import RestartRule, Restarts
from daemon.killswitch.life import Busy, Life
from daemon.killswitch.wire import Beat, Watch, beat_packet
from trading.timestamps import MILLISECOND, SECOND

log = logging.getLogger(__name__)

BEAT_NS: Final = 200 * MILLISECOND

BUSY_SECONDS: Final = 120
"""How long a start waits for the watching process of the daemon before, which may still be cancelling."""

_RULE: Final = RestartRule(policy="permanent", most=3, within_ns=60 * SECOND)
_RETRY_NS: Final = SECOND // 2
_ALARMED_RETRY_NS: Final = 60 * SECOND


class Guard:
    """Beats for `beat`, which tells how far the daemon is. `alarm` says why nobody watches, empty while somebody
    does."""

    def __init__(self, watch: Watch, *, log_path: Path, environ: Mapping[str, str], clock: Clock) -> None:
        self.alarm = ""
        self._watch = watch
        self._log_path = log_path
        self._environ = environ
        self._clock = clock
        self._restarts = Restarts(_RULE, clock)
        self._beat: Callable[[], Beat] = lambda: Beat(0, 0, halted=False)
        self._life: Life | None = None

    @property
    def pid(self) -> int:
        """The watching process's id, 0 where there is none."""
        return 0 if self._life is None else self._life.pid

    async def start(self, beat: Callable[[], Beat]) -> None:
        """Have the first watching process; ProcessNotStarted or Busy where there can be none: then nothing may be
        traded."""
        self._beat = beat
        if os.getpid() == 1:
            log.warning("nothing inside a container can end its first process: run the daemon under an init")
        for tries_left in reversed(range(BUSY_SECONDS * SECOND // _RETRY_NS)):
            try:
                self._life = await self._begun()
            except Busy:
                if not tries_left:
                    raise
                if tries_left + 1 == BUSY_SECONDS * SECOND // _RETRY_NS:
                    log.warning("the watching process of the daemon before is still at work; waiting for it")
                await self._clock.sleep(_RETRY_NS)
            else:
                break
        self.beat()

    async def run(self) -> None:
        """Beat, and replace who listens, for ever."""
        while True:
            await self._clock.sleep(BEAT_NS)
            self.beat()
            if self._life is not None and (how := self._life.look()):
                await self._replace(self._life, how)

    def beat(self) -> None:
        """Beat now."""
        if self._life is not None:
            self._life.send(beat_packet(self._beat()))

    async def say_goodbye(self) -> None:
        """A clean stop."""
        if self._life is not None:
            await self._life.say_goodbye()

    def abandon(self) -> None:
        """The daemon fails: what becomes of its orders is the watching process's affair."""
        if self._life is not None:
            self._life.abandon()

    async def _begun(self) -> Life:
        return await Life.begin(self._watch, self._log_path, self._environ, self._clock)

    async def _replace(self, lost: Life, how: str) -> None:
        self._life = None
        lost.bury()
        while self._life is None:
            refusal = self._restarts.refusal(how)
            if refusal:
                self._raise_alarm(f"{how}, and {refusal}")
                await self._clock.sleep(_ALARMED_RETRY_NS)
            else:
                log.error("the watching process is lost (%s); another is started", how)
            try:
                self._life = await self._begun()
            except (ProcessNotStarted, Busy) as error:
                how = str(error)
        self.alarm = ""
        self.beat()

    def _raise_alarm(self, why: str) -> None:
        self.alarm = f"nobody watches this daemon ({why}): if it hangs, cancel its orders at the venue by hand"
        log.critical("%s", self.alarm)
