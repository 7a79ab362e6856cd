"""A changed config is held against what the books are now, also where that came without a trade since the snapshot."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from daemon.errors import ChangeRefused
from daemon.paper import PaperShell
from tests.config_builders import plan_of
from tests.simulation.test_restart_with_changes import HEAD, LISTENER
from tests.simulation.world import Work, World
from trading.account.records import Operation
from trading.account.transfers import Transfer

HOLDER = """
  - id: holder
    class: "tests.simulation.test_account_operations:Holds"
    params: {symbol: AAA}
    capital: "20000"
"""
FRESH = """
  - id: fresh
    class: "tests.simulation.test_account_operations:Holds"
    params: {symbol: AAA}
    capital: "55000"
"""


def moved(**facts: Any) -> Work:
    """A life that ends right after something was moved, without a snapshot."""

    async def work(shell: PaperShell) -> None:
        while shell.floor.upcoming() is not None and shell.floor.rows < 50:
            shell.floor.lay_out()
            await shell.floor.advance()
        transfer = Transfer(**facts)
        await shell.floor.operate(Operation(action="transfer", ts_ns=shell.now_ns, reason="", transfer=transfer))

    return work


def life(folder: Path, strategies: str, work: Work) -> World:
    world = World(plan_of(folder, HEAD + strategies))
    world.live(work)
    return world


def refused(world: World, folder: Path, strategies: str) -> str:
    world.plan = plan_of(folder, HEAD + strategies)
    with pytest.raises(ChangeRefused) as caught:
        world.live()
    return str(caught.value)


def test_who_was_given_units_holds_them(tmp_path: Path) -> None:
    units = {"symbol": "AAA", "amount": Decimal(4), "price": Decimal(100)}
    world = life(tmp_path, HOLDER + LISTENER, moved(source="holder", target="ear", **units))
    assert "ear would be removed and holds AAA" in refused(world, tmp_path, HOLDER)


def test_who_gave_all_its_units_away_may_go(tmp_path: Path) -> None:
    units = {"symbol": "AAA", "amount": Decimal(10), "price": Decimal(100)}
    world = life(tmp_path, HOLDER + LISTENER, moved(source="holder", target="unallocated", **units))
    world.plan = plan_of(tmp_path, HEAD + LISTENER)
    world.live()
    assert world.adds_up()


def test_cash_that_was_given_away_is_not_there_for_a_new_strategy(tmp_path: Path) -> None:
    cash = {"currency": "USD", "amount": Decimal(50_000)}
    world = life(tmp_path, HOLDER + LISTENER, moved(source="unallocated", target="ear", **cash))
    assert "fresh would be added with 55000 USD; 29000" in refused(world, tmp_path, HOLDER + LISTENER + FRESH)
