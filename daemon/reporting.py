"""Performance as surfaces ask for it: a standing is taken on the loop, the rest is done in the projector's thread."""

from daemon.api.performance_views import ContainerView, PerformanceView, StrategyPerformanceView
from daemon.clock import Clock
from daemon.condition import Identity
from daemon.errors import BadRequest
from daemon.journal.log import Journal
from daemon.journal.projection import Projection
from daemon.performance import ACCOUNT, Reckoning
from daemon.projector import Projector
from daemon.results.mode import ExecutionMode
from daemon.results.outcome import Count, Course, outcome, this_python
from daemon.results.result import About, Result, of_strategy
from daemon.shells import Shell
from daemon.standing import Standing, standing_of
from daemon.version import VERSION
from trading.timestamps import SECOND, iso


class Reporting:
    """Asks for the performance of one floor. BadRequest from both questions for a time that is yet to come."""

    def __init__(self, shell: Shell, journal: Journal, projector: Projector, identity: Identity, clock: Clock) -> None:
        self._shell = shell
        self._journal = journal
        self._projector = projector
        self._identity = identity
        self._clock = clock

    async def of_all(self, since_ns: int | None) -> PerformanceView:
        """Each strategy and the account."""
        standing = self._standing(since_ns)

        def reckon(projection: Projection) -> PerformanceView:
            found = Reckoning(projection, standing, since_ns)
            return PerformanceView(
                currency=standing.currency.code,
                since=iso(found.since_ns()),
                until=iso(standing.now_ns),
                strategies={strategy: found.row(strategy) for strategy in standing.capital},
                total=found.row(),
            )

        return await self._projector.ask(reckon)

    async def of_one(self, strategy: str, since_ns: int | None) -> StrategyPerformanceView:
        """One strategy, with its container's own counts."""
        standing, router = self._standing(since_ns), self._shell.floor.lockstep.router
        book, ordered = router.ledger.of(strategy), router.orders[strategy].added
        heard = self._shell.floor.lockstep.heard[strategy]
        filled, drawdown = book.fills, book.max_drawdown.get(standing.currency.code, 0.0)

        def reckon(projection: Projection) -> StrategyPerformanceView:
            found = Reckoning(projection, standing, since_ns, only=strategy)
            return StrategyPerformanceView(
                strategy=strategy,
                currency=standing.currency.code,
                since=iso(found.since_ns(strategy)),
                until=iso(standing.now_ns),
                performance=found.row(strategy),
                container=ContainerView(
                    container_id=strategy,
                    start_time=iso(found.start_ns(strategy)),
                    events_processed=heard,
                    orders_generated=ordered,
                    fills_executed=filled,
                    final_portfolio_value=standing.values[strategy].equity,
                    max_drawdown=0.0 - drawdown,
                    sharpe_ratio=found.sharpe_of_all(strategy),
                ),
            )

        return await self._projector.ask(reckon)

    async def result(self, strategy: str | None) -> Result:
        """All lives of the state, or one strategy's part of them. Of a run that goes on there are no prices of the
        market but those of its fills, and no signals."""
        standing, lockstep = self._standing(None), self._shell.floor.lockstep
        tripped = lockstep.router.tripped
        counts = {one: Count(events=heard, trip=tripped.get(one, "")) for one, heard in lockstep.heard.items()}
        course = Course(
            standing=standing,
            counts={ACCOUNT: Count(events=lockstep.events), **counts},
            seconds=(self._clock.wall_ns() - self._identity.started_ns) / SECOND,
            prices={},
            signals=(),
            warnings=self._shell.alarms,
        )
        about = About(
            run_id=f"{self._identity.mode}_{self._identity.started_ns // SECOND}",
            mode=ExecutionMode(self._identity.mode).value,
            version=VERSION,
            python=this_python(),
            config_path=self._identity.config_path,
            config=self._identity.config,
            data=self._identity.tape,
            currency=standing.currency.code,
            start=iso(standing.start_ns),
            end=iso(standing.now_ns),
        )
        whole = await self._projector.ask(lambda projection: outcome(projection, course, about))
        return whole if strategy is None else of_strategy(whole, strategy)

    def _standing(self, since_ns: int | None) -> Standing:
        """Everything at this event."""
        now_ns, floor = self._shell.now_ns, self._shell.floor
        if since_ns is not None and since_ns > now_ns:
            raise BadRequest(
                f"since is {iso(since_ns)}, and the feed stands at {iso(now_ns)}", mend="name a time before"
            )
        return standing_of(
            floor.fleet,
            floor.lockstep.router,
            start_ns=floor.feed.start_ns,
            now_ns=now_ns,
            sequence=self._journal.sequence,
        )
