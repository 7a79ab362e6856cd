"""A restart with another config: what it may change is changed, and nobody else notices; what it may not is refused
before anything has happened."""

import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from daemon.check import Plan
from daemon.errors import ChangeRefused, NotRepeatable, StateNotKept
from daemon.paper import PaperShell
from tests.config_builders import plan_of
from tests.simulation.strategies import Listens
from tests.simulation.world import PureRun, World

HEAD = """
mode: paper
account: {currency: USD, cash: "100000"}
feed:
  kind: synthetic
  duration: 1h
  speed: max
  every: 10s
  at_end: exit
  symbols: {AAA: {price: "100.00", volatility_ticks: 6}, BBB: {price: "50.00"}}
instruments:
  AAA: {kind: equity, tick_size: "0.01", lot_size: "1"}
  BBB: {kind: equity, tick_size: "0.01", lot_size: "1"}
strategies:
"""
SMA = """
  - {id: sma, class: "strategies.sma_cross:SmaCross", params: {symbol: AAA, fast: 2, slow: 5}, capital: "40000"}
"""
MAKER = """
  - id: maker
    class: "strategies.market_maker:MarketMaker"
    params: {symbol: BBB, tick_size: "0.01"}
    capital: "30000"
"""
LISTENER = """
  - id: ear
    class: "tests.simulation.strategies:Listens"
    params: {symbol: AAA}
    capital: "1000"
    timeframe: 5m
    warmup: 4
"""

MINE = """
from decimal import Decimal
from trading.strategy import Strategy

class Mine(Strategy):
    symbol: str
    def start(self):
        self.{name} = 0
    def on_bar(self, bar):
        self.{name} += 1
        if self.{name} % 3 == {rest}:
            self.target(self.symbol, 10 if not self.position(self.symbol) else 0)
"""
RINGING = """
from trading.strategy import Strategy

class Mine(Strategy):
    symbol: str
    def start(self):
        self.rung = []
        self.schedule("old", every="7m")
    def on_timer(self, timer):
        {then}
"""
MY_ENTRY = """
  - {id: mine, class: "mine.py:Mine", params: {symbol: AAA}, capital: "10000"}
"""

Making = Callable[..., Plan]


@pytest.fixture
def planned(tmp_path: Path) -> Making:
    def plan(*strategies: str, head: str = HEAD) -> Plan:
        return plan_of(tmp_path, head + "".join(strategies))

    return plan


def for_events(count: int) -> Callable[[PaperShell], Any]:
    """A life that is stopped in good order after so many feed events."""

    async def work(shell: PaperShell) -> None:
        while shell.floor.upcoming() is not None:
            if shell.floor.rows == count:
                break
            shell.floor.lay_out()
            await shell.floor.advance()
        await shell.snapshot()

    return work


def holding(strategy: str) -> Callable[[PaperShell], Any]:
    """A life that is stopped in good order once a strategy holds something."""

    async def work(shell: PaperShell) -> None:
        book = shell.floor.lockstep.router.ledger.of(strategy)
        while shell.floor.upcoming() is not None:
            shell.floor.lay_out()
            await shell.floor.advance()
            if any(position.quantity for position in book.positions.values()):
                break
        await shell.snapshot()

    return work


async def no_work(_shell: PaperShell) -> None:
    """Recover, and no more."""


def ear(world: World) -> Listens:
    host: Any = world.floor.hosts["ear"]
    strategy: Listens = host._container.resolve("strategy", Listens)
    return strategy


def test_an_added_strategy_starts_with_its_past_and_goes_on_as_if_it_had_always_been_there(planned: Making) -> None:
    whole = World(planned(SMA, LISTENER))
    whole.live()
    world = World(planned(SMA))
    world.live(for_events(730))
    sma_alone = world.fills()
    world.plan = planned(SMA, LISTENER)
    world.live()
    late = ear(world)
    assert late.warmed == 4
    assert late.heard == ear(whole).heard[-len(late.heard) :]
    assert world.fills()[: len(sma_alone)] == sma_alone
    assert world.fills() == whole.fills()
    assert world.floor.lockstep.router.ledger.of("ear").cash == whole.floor.lockstep.router.ledger.of("ear").cash
    assert world.adds_up()


def test_the_others_do_not_notice_when_a_flat_strategy_goes(planned: Making) -> None:
    alone = PureRun(planned(MAKER))
    world = World(planned(MAKER, LISTENER))
    world.live(for_events(500))
    world.plan = planned(MAKER)
    world.live()
    assert world.fills() == alone.fills
    assert world.adds_up()
    assert set(world.floor.lockstep.router.ledger.owners) == {"maker"}


@pytest.mark.parametrize("killed", [False, True])
def test_a_strategy_that_holds_something_is_not_removed(planned: Making, killed: bool) -> None:
    """Also where the last snapshot, from before a kill, knows nothing of it yet."""
    world = World(planned(SMA, MAKER), snapshot_every=10**9)
    world.live(holding("sma") if not killed else without_snapshot(holding("sma")))
    before = world.groups()
    world.plan = planned(MAKER)
    with pytest.raises(ChangeRefused, match="sma would be removed and holds AAA") as caught:
        world.live()
    assert caught.value.mend == "put it back, or begin anew with `bulkhead reset --paper`"
    assert world.groups() == before


def without_snapshot(work: Callable[[PaperShell], Any]) -> Callable[[PaperShell], Any]:
    """The same life, killed at its end."""

    async def killed(shell: PaperShell) -> None:
        shell.snapshot = lambda: no_work(shell)  # type: ignore[method-assign]
        await work(shell)

    return killed


def test_a_strategy_that_holds_something_goes_after_another_has_gone_flat_upon_its_books(planned: Making) -> None:
    world = World(planned(SMA, MAKER))
    world.live(holding("sma"))
    leaving = """
  - id: sma
    class: "strategies.go_flat:GoFlat"
    params: {symbol: AAA}
    capital: "40000"
"""
    world.plan = planned(leaving, MAKER)
    world.live(for_events(200))
    assert world.floor.lockstep.router.ledger.of("sma").quantity("AAA") == 0
    world.plan = planned(MAKER)
    world.live()
    assert [entry.id for entry in world.floor.fleet.strategies] == ["maker"]
    assert world.adds_up()


def test_a_strategy_that_has_become_flat_since_the_last_snapshot_may_go(planned: Making) -> None:
    world = World(planned(SMA, MAKER), snapshot_every=10**9)
    world.live(holding("sma"))

    async def until_flat(shell: PaperShell) -> None:
        book = shell.floor.lockstep.router.ledger.of("sma")
        while shell.floor.upcoming() is not None:
            shell.floor.lay_out()
            await shell.floor.advance()
            if not book.quantity("AAA"):
                break

    world.live(until_flat)
    world.plan = planned(MAKER)
    world.live()
    assert world.adds_up()


def test_a_strategy_with_open_orders_is_not_removed(planned: Making) -> None:
    world = World(planned(MAKER, LISTENER))

    async def until_quoting(shell: PaperShell) -> None:
        while shell.floor.upcoming() is not None:
            shell.floor.lay_out()
            await shell.floor.advance()
            orders = shell.floor.lockstep.router.orders["maker"]
            if orders.open_count and not shell.floor.lockstep.router.ledger.of("maker").quantity("BBB"):
                break

    world.live(until_quoting)
    world.plan = planned(LISTENER)
    with pytest.raises(ChangeRefused, match=r"holds: maker would be removed and has open orders$"):
        world.live()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('capital: "40000"', 'capital: "40001"', "sma: capital was 40000 and would be 40001"),
        ('cash: "100000"', 'cash: "100001"', "account.cash was 100000 and would be 100001"),
        ("every: 10s", "every: 5s", "the feed is not the one that this state was traded on; different: every_ns"),
        (
            '"50.00"',
            '"51.00"',
            "the feed is not the one that this state was traded on; different: symbols",
        ),
        (
            'BBB: {kind: equity, tick_size: "0.01", lot_size: "1"}',
            'BBB: {kind: equity, tick_size: "0.01", lot_size: "1", min_notional: "5"}',
            "the config differs from what the journal holds: instruments.BBB.min_notional was 0 and would be 5",
        ),
    ],
)
def test_money_instruments_and_the_feed_stay_as_they_were(planned: Making, old: str, new: str, message: str) -> None:
    world = World(planned(SMA))
    world.live(for_events(100))
    before = world.groups()
    world.plan = planned(SMA.replace(old, new), head=HEAD.replace(old, new))
    with pytest.raises(ChangeRefused) as caught:
        world.live()
    assert message in str(caught.value)
    assert caught.value.mend == "put it back, or begin anew with `bulkhead reset --paper`"
    assert world.groups() == before


def test_capital_that_another_has_lost_is_not_there_to_be_given(planned: Making) -> None:
    costly = HEAD.replace(
        "strategies:", 'broker: {kind: simulated, commission: {kind: percent, percent: "1"}}\nstrategies:'
    )
    world = World(planned(SMA.replace("40000", "90000"), head=costly))

    async def until_poorer(shell: PaperShell) -> None:
        book = shell.floor.lockstep.router.ledger.of("sma")
        while shell.floor.upcoming() is not None:
            shell.floor.lay_out()
            await shell.floor.advance()
            if book.fills and not book.quantity("AAA"):
                break

    world.live(until_poorer)
    world.plan = planned(LISTENER.replace('"1000"', '"100000"'), head=costly)
    with pytest.raises(ChangeRefused, match=r"ear would be added with 100000 USD; 99\d\d\d\.\d\d is not in use"):
        world.live()


def test_a_changed_parameter_starts_the_strategy_anew_upon_its_own_books(planned: Making) -> None:
    world = World(planned(SMA, MAKER))
    world.live(holding("sma"))
    orders = world.floor.lockstep.router.orders["sma"].added
    cash, fills = world.floor.lockstep.router.ledger.of("sma").cash, world.fills()
    world.plan = planned(SMA.replace("slow: 5", "slow: 9"), MAKER)
    world.live(no_work)
    book = world.floor.lockstep.router.ledger.of("sma")
    assert (book.cash, book.quantity("AAA")) == (cash, Decimal(100))
    world.live()
    mine = [fill.order_id for fill in world.fills()[len(fills) :] if fill.strategy == "sma"]
    assert mine[0] == f"sma-{orders + 1}"
    assert world.adds_up()
    alone = PureRun(planned(MAKER))
    assert [fill.price for fill in world.fills() if fill.strategy == "maker"] == [fill.price for fill in alone.fills]


@pytest.mark.parametrize("killed", [False, True])
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("strategies:", 'broker: {kind: simulated, commission: {kind: percent, percent: "0.1"}}\nstrategies:'),
        ("strategies:", "risk: {max_open_orders: 1}\nstrategies:"),
        ('capital: "40000"', 'capital: "40000"\n    risk: {max_order_quantity: "1"}'),
        ('capital: "40000"', 'capital: "40000"\n    on_trip: leave'),
        ("speed: max", "speed: 1000000000"),
    ],
)
def test_costs_limits_and_pace_change_from_the_restart_on(planned: Making, killed: bool, old: str, new: str) -> None:
    sma = """
  - id: sma
    class: "strategies.sma_cross:SmaCross"
    params: {symbol: AAA, fast: 2, slow: 5}
    capital: "40000"
"""
    world = World(planned(sma, MAKER), snapshot_every=10**9)
    world.live(without_snapshot(holding("sma")) if killed else holding("sma"))
    before = world.steps()
    world.plan = planned((sma + MAKER).replace(old, new), head=HEAD.replace(old, new))
    world.live()
    assert world.steps()[: len(before)] == before
    assert len(world.steps()) > len(before)
    assert world.adds_up()


def mine(folder: Path, name: str = "count", rest: int = 0) -> None:
    (folder / "mine.py").write_text(MINE.format(name=name, rest=rest))
    forget_loaded()


def forget_loaded() -> None:
    """A restart is a new process; here, modules of strategies' files are forgotten."""
    for name in [name for name in sys.modules if name.startswith("bulkhead_strategy_")]:
        del sys.modules[name]


def test_changed_code_starts_the_strategy_anew_though_its_old_state_would_not_fit(
    tmp_path: Path, planned: Making
) -> None:
    mine(tmp_path)
    world = World(planned(MY_ENTRY))
    world.live(for_events(600))
    fills = len(world.fills())
    mine(tmp_path, name="another", rest=1)
    world.plan = planned(MY_ENTRY)
    world.live()
    assert len(world.fills()) > fills
    assert world.adds_up()


def test_mended_code_trades_again_after_it_had_tripped_and_nothing_of_the_old_rings(
    tmp_path: Path, planned: Making
) -> None:
    (tmp_path / "mine.py").write_text(RINGING.format(then="raise ValueError(timer.name)"))
    forget_loaded()
    world = World(planned(MY_ENTRY, MAKER))
    world.live(for_events(600))
    assert world.floor.lockstep.router.tripped == {"mine": "ValueError: old"}
    (tmp_path / "mine.py").write_text(RINGING.format(then="self.rung.append(timer.name)").replace('"old"', '"new"'))
    forget_loaded()
    world.plan = planned(MY_ENTRY, MAKER)
    world.live()
    assert world.floor.lockstep.router.tripped == {}
    host: Any = world.floor.hosts["mine"]
    assert set(host._container.resolve("strategy", object).rung) == {"new"}


def test_changed_code_cannot_repeat_what_the_old_code_did_before_a_kill(tmp_path: Path, planned: Making) -> None:
    mine(tmp_path)
    world = World(planned(MY_ENTRY), snapshot_every=10**9)
    world.live(without_snapshot(for_events(600)))
    backup = world.disk.copy()
    mine(tmp_path, rest=1)
    world.plan = planned(MY_ENTRY)
    with pytest.raises(NotRepeatable, match="the journal has nothing; now came order mine-1, buy 10 AAA") as caught:
        world.live()
    assert caught.value.mend.endswith(
        "put its old code back for this start, or begin anew with `bulkhead reset --paper`"
    )
    mine(tmp_path)
    world.disk = backup
    world.plan = planned(MY_ENTRY)
    world.live()
    assert world.fills() == PureRun(world.plan).fills


def test_a_removed_file_matters_only_where_its_steps_are_to_be_repeated(tmp_path: Path, planned: Making) -> None:
    mine(tmp_path)
    world = World(planned(MY_ENTRY, MAKER))
    world.live(for_events(40))
    (tmp_path / "mine.py").unlink()
    forget_loaded()
    world.plan = planned(MAKER)
    world.live()
    assert world.fills() == PureRun(world.plan).fills


@pytest.mark.parametrize("killed", [False, True])
def test_a_config_that_has_moved_finds_its_strategies_beside_it(tmp_path: Path, killed: bool) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    for folder in (old, new):
        folder.mkdir()
        mine(folder)
    world = World(plan_of(old, HEAD + MY_ENTRY), snapshot_every=10**9)
    world.live(without_snapshot(for_events(600)) if killed else for_events(600))
    (old / "mine.py").unlink()
    forget_loaded()
    world.plan = plan_of(new, HEAD + MY_ENTRY)
    world.live()
    assert world.fills() == PureRun(world.plan).fills


def a_hoarder(bars: int, *, brittle: bool) -> str:
    return f"""
  - id: hoards
    class: "tests.simulation.strategies:Hoards"
    params: {{symbol: AAA, bars: {bars}, brittle: {str(brittle).lower()}}}
    capital: "1"
    warmup: 5
"""


HOARDED = pytest.mark.parametrize(
    ("brittle", "told"), [(False, "self.thing: function"), (True, "its state cannot be taken: ValueError: not today")]
)


@HOARDED
def test_what_cannot_be_kept_fails_the_start_by_its_name(planned: Making, brittle: bool, told: str) -> None:
    world = World(planned(a_hoarder(3, brittle=brittle)))
    with pytest.raises(StateNotKept, match=told):
        world.live()
    assert world.steps() == []


@HOARDED
def test_what_cannot_be_kept_later_leaves_the_last_snapshot_and_an_alarm(
    planned: Making, caplog: pytest.LogCaptureFixture, brittle: bool, told: str
) -> None:
    world = World(planned(MAKER, a_hoarder(15, brittle=brittle)), snapshot_every=50, segment_bytes=20_000)
    world.live()
    alarms = [record.getMessage() for record in caplog.records if "no snapshot could be taken" in record.message]
    assert 1 <= len(alarms) <= 5
    assert told in alarms[0]
    for write in (150, 200, 250):
        again = World(world.plan, snapshot_every=50, segment_bytes=20_000)
        again.crash(f"write#{write}")
        again.live()
        assert again.steps() == world.steps()
        assert again.books() == world.books()


@HOARDED
def test_what_cannot_be_kept_keeps_nobody_from_starting_again(
    planned: Making, caplog: pytest.LogCaptureFixture, brittle: bool, told: str
) -> None:
    world = World(planned(MAKER, a_hoarder(15, brittle=brittle)))
    world.live(for_events(300))
    caplog.clear()
    world.live(no_work)
    alarms = [record.getMessage() for record in caplog.records if "no snapshot could be taken" in record.message]
    assert len(alarms) == 1
    assert "hoards: " in alarms[0]
    assert told in alarms[0]
    assert world.adds_up()
