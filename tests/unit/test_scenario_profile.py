"""Where a run's time goes: what is timed stays what it was, it costs little, and the parts make the whole."""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from daemon.check import Plan
from daemon.clock import SystemClock
from daemon.research.coordinator import BacktestCoordinator, Run
from daemon.research.scenarios.components import Empty
from daemon.research.scenarios.profile import OPERATIONS, Profile
from daemon.research.scenarios.sampler import COST, LEAST_APART, Sampler
from daemon.results.result import Result, canonical
from tests.config_builders import plan_of
from tests.scenario_builders import config, crossing
from trading.indicators import Sma
from trading.indicators.indicator import Indicator
from trading.strategy import Strategy


class Own(Indicator[float]):
    """An indicator of a user's own, without slots."""

    def __init__(self) -> None:
        self.last: float | None = None

    @property
    def value(self) -> float | None:
        return self.last

    def update(self, value: float) -> float:
        self.last = value
        return value


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    return plan_of(tmp_path, config(tmp_path, duration="30m").read_text())


def strategy_of(run: Run, name: str) -> Any:
    return run.driver.containers[name].resolve("strategy", Strategy)


def sampled(
    plan: Plan,
    now: Callable[[], int] | None = None,
    worked: Callable[[], int] | None = None,
    prepare: Callable[[Run], None] = lambda _: None,
) -> tuple[Result, Profile]:
    clock = SystemClock()
    with BacktestCoordinator(clock).made(plan) as run:
        run.initialise()
        prepare(run)
        sampler = Sampler(run, plan.instruments, now or clock.monotonic_ns, worked or clock.monotonic_ns)
        sampler.carry(lambda: False, None)
        return run.result(None), sampler.profile()


def ticking(step: int) -> Callable[[], int]:
    """A clock that is so much later at each look."""
    looks = count(1)
    return lambda: next(looks) * step


def test_a_run_that_is_sampled_comes_to_what_it_would_have_come_to(plan: Plan) -> None:
    plain = BacktestCoordinator(SystemClock()).run(plan, stopped=lambda: False)
    result, profile = sampled(plan)
    assert canonical(result) == canonical(plain)
    assert result.prices == plain.prices
    assert result.metrics.events == plain.metrics.events
    assert 0 < profile.sampled < profile.events == 3_600


@pytest.fixture
def crossings(tmp_path: Path) -> Plan:
    return plan_of(tmp_path, crossing(tmp_path).read_text())


def test_one_that_passes_events_by_comes_to_the_same_too_and_tells_how_many_it_carried(crossings: Plan) -> None:
    plain = BacktestCoordinator(SystemClock()).run(crossings, stopped=lambda: False, every_event=True)
    result, profile = sampled(crossings)
    assert canonical(result) == canonical(plain)
    assert len(plain.fills) > 50
    assert 0 < profile.sampled < profile.carried < profile.events == 3_000


def test_also_of_one_that_passes_events_by_the_parts_make_the_whole(crossings: Plan) -> None:
    _, profile = sampled(crossings)
    operations = profile.operations
    assert sum(one.total_ms for one in operations.values()) == pytest.approx(profile.total_ms)
    assert operations["bar_rendering"].total_ms > 0
    assert sum(one.total_ms for one in profile.components) == pytest.approx(operations["worker_decision"].total_ms)
    decisions = {one.name: one.total_ms for one in profile.components if one.kind == "decision"}
    assert decisions.keys() == {"quick", "slow"}
    assert min(decisions.values()) > 0


class World:
    """Time that passes only where something is done: at each look at its clock, and in an indicator."""

    def __init__(self, look_ns: int) -> None:
        self.ns = 0
        self.look_ns = look_ns

    def now(self) -> int:
        self.ns += self.look_ns
        return self.ns


class Costly(Own):
    """Takes ten microseconds."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world

    def update(self, value: float) -> float:
        self.world.ns += 10_000
        return super().update(value)


def test_however_much_of_it_is_timed(plan: Plan) -> None:
    world = World(0)

    def give(run: Run) -> None:
        strategy_of(run, "counts").average = Costly(world)

    plain = BacktestCoordinator(SystemClock()).run(plan, stopped=lambda: False)
    result, profile = sampled(plan, world.now, world.now, give)
    assert canonical(result) == canonical(plain)
    assert profile.sampled >= 3_600 / (LEAST_APART + 1) - 2 * LEAST_APART


@pytest.mark.parametrize("look_ns", [20, 100, 500])
def test_timing_costs_less_than_one_per_cent_whatever_a_look_at_the_clock_costs(plan: Plan, look_ns: int) -> None:
    world = World(look_ns)

    def give(run: Run) -> None:
        strategy_of(run, "counts").average = Costly(world)

    _, profile = sampled(plan, world.now, world.now, give)
    unsampled_ms = 1_800 * 10_000 / 1e6  # of quotes and trades it hears the quotes
    assert profile.total_ms == pytest.approx(unsampled_ms, rel=0.01)
    assert profile.sampled > 8
    (worker,) = [one for one in profile.components if one.name == "counts.average"]
    assert worker.total_ms == pytest.approx(unsampled_ms, rel=0.5)
    assert profile.cost_share <= COST + 0.002


def test_the_six_operations_add_up_to_the_whole_and_the_parts_of_decisions_to_all_of_them(plan: Plan) -> None:
    _, profile = sampled(plan)
    assert tuple(profile.operations) == OPERATIONS
    assert sum(one.total_ms for one in profile.operations.values()) == pytest.approx(profile.total_ms)
    assert sum(one.share for one in profile.operations.values()) == pytest.approx(1)
    assert sum(one.share for one in profile.components) == pytest.approx(1)
    assert {one.calls for name, one in profile.operations.items() if name != "live_update"} == {3_600}


def test_each_indicator_is_a_component_by_the_name_that_its_strategy_gives_it(plan: Plan) -> None:
    def give(run: Run) -> None:
        strategy = strategy_of(run, "counts")
        strategy.own, strategy.more = Own(), [Sma(3), Sma(4)]
        strategy.again = strategy.average

    _, profile = sampled(plan, prepare=give)
    workers = {one.name for one in profile.components if one.kind == "worker"}
    assert workers == {"counts.average", "counts.averages.long"}, "those that were never updated took no time"
    assert {one.name for one in profile.components if one.kind == "decision"} == {"counts", "mishap"}
    assert [one.name for one in profile.components if one.kind == "coordination"] == ["containers"]


def test_an_indicator_is_what_it_was_between_samples_and_after_them(plan: Plan) -> None:
    seen: list[type] = []

    class Looks(Own):
        def update(self, value: float) -> float:
            seen.append(type(self))
            return super().update(value)

    def give(run: Run) -> None:
        strategy = strategy_of(run, "counts")
        strategy.averages["looks"] = strategy.averages["long"] = Looks()

    clock = SystemClock()
    with BacktestCoordinator(clock).made(plan) as run:
        run.initialise()
        give(run)
        sampler = Sampler(run, plan.instruments, clock.monotonic_ns, clock.monotonic_ns)
        sampler.carry(lambda: False, None)
        assert type(strategy_of(run, "counts").average) is Sma
        assert type(strategy_of(run, "counts").averages["long"]) is Looks
        assert run.carrier is run.driver
    names = {kind.__name__ for kind in seen}
    assert names == {"Looks"}, "also for a sample it is one of its kind"
    assert seen.count(Looks) > len(seen) / 2
    assert all(issubclass(kind, Looks) for kind in seen)


def test_it_is_what_it_was_also_where_a_run_breaks_off_in_a_sample(plan: Plan) -> None:
    clock = SystemClock()
    with BacktestCoordinator(clock).made(plan) as run:
        run.initialise()
        sampler = Sampler(run, plan.instruments, clock.monotonic_ns, clock.monotonic_ns)
        stops = breaking_off(lambda: type(strategy_of(run, "counts").average) is not Sma)
        with pytest.raises(KeyboardInterrupt):
            sampler.carry(lambda: next(stops), None)
        assert type(strategy_of(run, "counts").average) is Sma
        assert run.carrier is run.driver


def breaking_off(when: Callable[[], bool]) -> Iterator[bool]:
    while not when():
        yield False
    raise KeyboardInterrupt


def test_a_sample_in_which_the_processor_was_elsewhere_does_not_count(plan: Plan) -> None:
    _, profile = sampled(plan, now=ticking(10_000), worked=ticking(1))
    assert profile.sampled == 0
    assert profile.operations["bar_history"].share == pytest.approx(1)


def test_the_empty_strategy_that_containers_are_measured_with_is_a_strategy_that_does_nothing() -> None:
    assert [name for name in vars(Empty) if name.startswith("on_")] == []
