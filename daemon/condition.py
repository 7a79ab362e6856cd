"""How the daemon is: what it does in one look, whether it may trade, and what people are to look at."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from daemon.alarms import account_alarms
from daemon.api.operations import Vitals
from daemon.api.views import FeedView, HealthView, StatusView
from daemon.book_views import AccountValues
from daemon.breaker_desk import BreakerDesk
from daemon.journal.log import Journal
from daemon.projector import Projector
from daemon.shells import Shell
from daemon.strategy_desk import StrategyDesk
from daemon.venue_desk import VenueDesk
from daemon.version import VERSION
from trading.postings import PostingKind
from trading.timestamps import SECOND, iso
from trading.venue.attempts import AttemptState


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """What does not change while the daemon runs."""

    mode: str
    broker: str
    state: str
    pid: int
    started_ns: int
    speed: float | None
    durability: str
    config_path: str
    config: str
    tape: Mapping[str, Any]


class Pulse(msgspec.Struct):
    """What the supervisor finds out about its own loop."""

    ready: bool = False
    lag_seconds: float = 0.0


class Condition:
    """Looks at everything that runs. `watched` are the alarms of what watches the process from outside."""

    def __init__(
        self,
        *,
        identity: Identity,
        pulse: Pulse,
        shell: Shell,
        journal: Journal,
        projector: Projector,
        values: AccountValues,
        strategies: StrategyDesk,
        breakers: BreakerDesk,
        venue: VenueDesk,
        watched: Callable[[], list[str]],
    ) -> None:
        self._identity = identity
        self._pulse = pulse
        self._shell = shell
        self._journal = journal
        self._projector = projector
        self._values = values
        self._strategies = strategies
        self._breakers = breakers
        self._venue = venue
        self._watched = watched

    def status(self) -> StatusView:
        """The daemon in one look."""
        states = [view.state for view in self._strategies.all()]
        identity, router = self._identity, self._shell.floor.lockstep.router
        health = self.health()
        return StatusView(
            mode=identity.mode,
            broker=identity.broker,
            currency=self._shell.floor.fleet.currency,
            equity=self._values.whole_equity(),
            state=identity.state,
            pid=identity.pid,
            build=VERSION,
            started_at=iso(identity.started_ns),
            ready=health.ready,
            reasons=health.reasons,
            halted=bool(router.halted),
            halt_reason=router.halted,
            alarms=health.alarms,
            feed=FeedView(
                kind=self._shell.floor.feed.kind,
                time=iso(self._shell.now_ns),
                events=self._shell.floor.rows,
                pace=identity.speed,
                lag_seconds=self._shell.lag_ns / SECOND,
                at_end=self._shell.at_end,
            ),
            strategies={state: states.count(state) for state in sorted(set(states))},
            event=self._shell.floor.lockstep.events,
            journal_sequence=self._journal.safe_sequence,
            durability=identity.durability,
        )

    def health(self) -> HealthView:
        """Whether it makes progress and may trade."""
        reasons = [*self._shell.unready] if self._pulse.ready else ["starting"]
        if halted := self._shell.floor.lockstep.router.halted:
            reasons.append(f"halted: {halted}")
        reasons += self._breakers.unready()
        if self._shell.at_end:
            reasons.append("the feed has come to its end")
        return HealthView(live=True, ready=not reasons, reasons=reasons, alarms=self._alarms())

    def vitals(self) -> Vitals:
        """What only the metrics page shows."""
        watch = self._shell.watch
        return Vitals(
            events_total=self._shell.floor.lockstep.events,
            feed_time_seconds=self._shell.now_ns / SECOND,
            loop_lag_seconds=self._pulse.lag_seconds,
            journal_sequence=self._journal.safe_sequence,
            journal_written_bytes_total=self._journal.meter.bytes,
            journal_syncs_total=self._journal.meter.syncs,
            journal_sync_seconds_total=self._journal.meter.sync_ns / SECOND,
            started_at_seconds=self._identity.started_ns / SECOND,
            margin_calls_total=self._warned(PostingKind.MARGIN_CALL),
            liquidations_total=self._warned(PostingKind.LIQUIDATION),
            feed_silent_seconds={} if watch is None else watch.silent_seconds(),
            feed_left_out_total={} if watch is None else dict(watch.left_out),
            feed_reruns_total=0 if watch is None else watch.reruns,
            breaks_open=self._venue.open_breaks(),
            orders_in_doubt=self._venue.in_state(AttemptState.UNKNOWN),
            orders_quarantined=self._venue.in_state(AttemptState.QUARANTINED),
        )

    # Within.

    def _warned(self, kind: PostingKind) -> dict[str, int]:
        return {
            entry.id: self._projector.warnings.get((kind.value, entry.id), 0)
            for entry in self._shell.floor.fleet.strategies
        }

    def _alarms(self) -> list[str]:
        tripped = self._shell.floor.lockstep.router.tripped
        alarms = [f"{strategy} tripped: {reason}" for strategy, reason in tripped.items()]
        alarms += [
            f"{host.strategy} lags: it hears only the newest quotes" for host in self._shell.floor.hosts if host.lags
        ]
        if self._shell.snapshot_problem:
            alarms.append(f"no snapshot can be taken: {self._shell.snapshot_problem}")
        if self._projector.problem:
            alarms.append(f"orders and fills of the past cannot be shown: {self._projector.problem}")
        alarms += self._shell.alarms + self._watched()
        alarms += self._breakers.alarms()
        alarms += self._venue.alarms()
        ledger, fleet = self._shell.floor.lockstep.router.ledger, self._shell.floor.fleet
        return alarms + account_alarms(ledger, self._values, fleet.instruments, fleet.currency)
