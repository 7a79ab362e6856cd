"""An account on margin with real processes: what befalls it is the same in every way, whatever is killed."""

import signal
import time
from collections import Counter
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest
import yaml

from tests.acceptance.daemons import Daemon
from tests.acceptance.processes import Document, a_daemon, books_of, children_of, family_of, log_lines, strike
from tests.simulation.test_account_recovery import ACTIONS, MARGIN, falling
from tests.simulation.world import PureRun, steps_of
from trading.account.records import Posted

WAYS = {"task": ["task"], "process": ["process"], "mixed": ["process", "task"]}
KILLS = 20
MOMENTS = 10


def margin_daemon(folder: Path, text: str = MARGIN, *, ways: tuple[str, ...] = ("process",)) -> Daemon:
    document: Document = yaml.safe_load(text)
    for strategy in document["strategies"]:
        strategy["restart"] = {"most": 10_000}
    daemon = a_daemon(folder, document, ways)
    (daemon.folder / "actions.csv").write_text(ACTIONS)
    return daemon


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> PureRun:
    """The account through the pure driver."""
    return PureRun(margin_daemon(tmp_path_factory.mktemp("whole")).plan())


@pytest.fixture
def daemon(tmp_path: Path) -> Daemon:
    return margin_daemon(tmp_path / "d")


@pytest.mark.parametrize("text", [MARGIN, falling()], ids=["quiet", "with liquidations"])
def test_what_befalls_an_account_is_the_same_in_every_way(text: str, tmp_path: Path) -> None:
    pure = PureRun(margin_daemon(tmp_path / "pure", text).plan())
    for name, ways in WAYS.items():
        run = margin_daemon(tmp_path / name, text, ways=tuple(ways))
        assert run.run() == 0
        assert steps_of(run.groups()) == pure.steps
        assert books_of(run.groups()) == pure.books
    befell = Counter(step.posting.kind.value for step in pure.steps if isinstance(step, Posted))
    print(f"\n{len(pure.fills)} fills, {dict(befell)}")
    assert len(befell) >= 9


def test_runs_whose_processes_are_killed_are_those_without_a_kill(daemon: Daemon, whole: PureRun) -> None:
    daemon.start(feed__speed="20000")
    daemon.until_ready()
    kills = strike(daemon, children_of, Random(3), KILLS)
    assert daemon.wait() == 0
    restarts = sum("it is made again" in line["message"] for line in log_lines(daemon))
    assert steps_of(daemon.groups()) == whole.steps
    assert books_of(daemon.groups()) == whole.books
    print(f"\n{kills} kills, {restarts} restarts, {len(whole.fills)} fills")
    assert restarts >= kills - 1 > 5


def test_a_daemon_killed_at_random_moments_goes_on_with_the_same_account(daemon: Daemon, whole: PureRun) -> None:
    random = Random(9)
    for _ in range(MOMENTS):
        daemon.start(feed__speed="20000", feed__at_end="idle")
        daemon.until_ready()
        time.sleep(random.uniform(0, 1.2))
        shown = daemon.client.get("/v1/account")
        assert shown["balanced"], shown
        assert daemon.end(signal.SIGKILL)[0] == -signal.SIGKILL
        daemon.until(lambda: not family_of(daemon))
    assert daemon.run() == 0
    assert steps_of(daemon.groups()) == whole.steps
    assert books_of(daemon.groups()) == whole.books


def test_money_is_moved_by_the_command_line_and_survives_a_kill(daemon: Daemon) -> None:
    daemon.start(feed__at_end="idle")
    daemon.until_at_end()
    before = daemon.cli_json("account", "show")

    refused = daemon.cli("account", "withdraw", "1000000")
    assert refused.returncode == 1
    assert "cannot be withdrawn" in refused.stderr + refused.stdout
    assert daemon.cli_json("account", "show") == before

    assert daemon.cli("account", "deposit", "2500.50").returncode == 0
    moved = daemon.cli("account", "transfer", "--from", "unallocated", "--to", "yen", "1000.25")
    assert moved.returncode == 0, moved.stderr
    assert daemon.cli("account", "transfer", "--from", "unallocated", "--to", "yes", "1").returncode == 4
    after = daemon.cli_json("account", "show")
    assert Decimal(after["equity"]) - Decimal(before["equity"]) == Decimal("2500.50")

    assert daemon.end(signal.SIGKILL)[0] == -signal.SIGKILL
    daemon.start(feed__at_end="idle")
    daemon.until_at_end()
    again = daemon.cli_json("account", "show")
    assert (again["equity"], again["balanced"]) == (after["equity"], True)
    yen = daemon.cli_json("performance", "yen")["performance"]
    assert Decimal(yen["capital"]) == Decimal("16000.25")
    assert daemon.end()[0] == 0
