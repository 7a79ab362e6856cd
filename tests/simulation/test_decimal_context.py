"""Whatever a strategy's file does to Python's decimal context, the daemon trades and answers in the same digits."""

from decimal import Context, localcontext
from pathlib import Path
from typing import Any

from daemon.check import Plan
from tests.config_builders import plan_of
from tests.simulation.test_restart_with_changes import HEAD, MAKER, SMA
from tests.simulation.test_supervisor import Machine, until_at_end
from tests.simulation.world import PureRun, World

MEDDLER = """
  - {id: first, class: "meddler.py:Meddler", params: {symbol: BBB}, capital: "1000"}
"""
MEDDLES = """
from decimal import Inexact, getcontext
from trading.strategy import Strategy

class Meddler(Strategy):
    symbol: str

    def on_bar(self, bar):
        getcontext().prec = 3
        getcontext().traps[Inexact] = True
"""
RESTS = MEDDLES.partition("        getcontext()")[0] + "        pass\n"

QUESTIONS = ("account", "strategies", "strategies/maker", "positions", "performance", "orders", "fills")


def plan_in(folder: Path, strategies: str, file: str = "") -> Plan:
    folder.mkdir()
    (folder / "meddler.py").write_text(file)
    return plan_of(folder, HEAD.replace("at_end: exit", "at_end: idle") + strategies)


def test_a_strategy_that_meddles_at_every_bar_changes_no_digit_of_the_journal(tmp_path: Path) -> None:
    world = World(plan_in(tmp_path / "meddled", MEDDLER + SMA + MAKER, MEDDLES))
    world.live()
    reference = PureRun(plan_in(tmp_path / "rested", MEDDLER + SMA + MAKER, RESTS))
    assert len(reference.fills) > 50
    assert world.steps() == reference.steps
    assert world.books() == reference.books
    assert world.adds_up()


async def test_people_are_shown_the_same_digits_in_any_context(tmp_path: Path) -> None:
    usual, rough = (Machine(plan_in(tmp_path / name, SMA + MAKER)) for name in ("usual", "rough"))
    shown = await answers(usual)
    assert shown["positions"], "there is something to show"
    with localcontext(Context(prec=3)):
        assert await answers(rough) == shown


async def answers(machine: Machine) -> dict[str, Any]:
    """What it answers at the feed's end."""
    async with machine.running():
        await until_at_end(machine)
        found = {question: await machine.ask("get", f"/v1/{question}") for question in QUESTIONS}
    del found["account"]["journal_sequence"]  # when a snapshot is taken after the end, the load of the machine decides
    return found
