"""Strategies in processes of their own: the same trades as without, on real data, whatever is killed or hangs."""

import json
import os
import signal
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from random import Random

import pytest

from daemon.state import LOGS_NAME
from tests.acceptance.daemons import Daemon, open_orders
from tests.acceptance.processes import (
    Document,
    a_daemon,
    books_of,
    children_of,
    environment_of,
    family_of,
    forkserver_of,
    log_lines,
    log_of,
    named_children_of,
    strike,
    the_fleet,
    the_market,
)
from tests.simulation.world import PureRun, fills_of, steps_of
from trading.account.records import Operation, Reported
from trading.commands import Trip
from trading.reports import ReportKind

WAYS = {"task": ["task"], "process": ["process"], "mixed": ["process", "task"]}
LONG = "8h"
"""The length of a generated market that takes some seconds at full speed."""
SECRETS = {"API_KEY", "VENUE_SECRET", "AWS_SESSION_TOKEN"}

Edit = Callable[[Document], None]


def daemon_of(folder: Path, edit: Edit) -> Daemon:
    """A daemon of the edited fleet."""
    document = the_fleet(folder)
    edit(document)
    return a_daemon(folder, document)


# Isolation changes nothing but safety.


def assert_the_same_in_every_way(folder: Path, document: Document) -> PureRun:
    """A market through the pure driver, and through daemons of tasks, of processes, and of both."""
    began = time.perf_counter()
    pure = PureRun(a_daemon(folder / "pure", document).plan())
    print(f"\npure driver: {time.perf_counter() - began:.1f} s")
    for name, ways in WAYS.items():
        daemon = a_daemon(folder / name, document, ways)
        assert daemon.run() == 0
        groups = daemon.groups()
        assert steps_of(groups) == pure.steps
        assert books_of(groups) == pure.books
        events, seconds = traded(daemon)
        print(f"{name}: {events:,} events in {seconds:.1f} s, {events / seconds:,.0f} a second")
    print(f"{len(pure.fills):,} fills: {dict(fills_by_strategy(pure))}")
    return pure


def fills_by_strategy(pure: PureRun) -> Counter[str]:
    return Counter(fill.strategy for fill in pure.fills)


def traded(daemon: Daemon) -> tuple[int, float]:
    """Events of a run, and seconds between ready and the feed's end."""
    said = {line["message"].partition(":")[0]: datetime.fromisoformat(line["ts"]) for line in log_lines(daemon)}
    events = int(log_lines(daemon)[-1]["message"].removeprefix("stopped after event "))
    return events, (said["the feed has ended"] - said["ready"]).total_seconds()


def with_every_order(document: Document) -> None:
    """One strategy more, with capital of its own, which uses every kind of order."""
    document["account"]["cash"] = "120000"
    document["strategies"].append(
        {
            "id": "resourceful",
            "class": "tests.simulation.strategies:Resourceful",
            "params": {"symbol": "BBB"},
            "capital": "9000",
        }
    )


def test_on_a_generated_market_isolation_changes_nothing(tmp_path: Path) -> None:
    document = the_fleet(tmp_path)
    with_every_order(document)
    pure = assert_the_same_in_every_way(tmp_path, document)
    assert len(fills_by_strategy(pure)) >= 4
    assert fills_by_strategy(pure)["resourceful"] >= 50
    assert len(pure.fills) >= 100


@pytest.mark.parametrize(
    ("config", "data"), {"eurusd.yaml": "lean_fx", "spy.yaml": "lean_equity"}.items(), ids=["quotes", "minutes"]
)
def test_on_real_markets_isolation_changes_nothing(config: str, data: str, shared: Path, tmp_path: Path) -> None:
    pure = assert_the_same_in_every_way(tmp_path, the_market(config, shared / "data" / data))
    assert len([strategy for strategy, fills in fills_by_strategy(pure).items() if fills >= 24]) >= 4


# Whatever is killed, it goes on.


def lasting(document: Document) -> None:
    """A long market, a strategy more that uses every kind of order, and restarts without end."""
    with_every_order(document)
    document["feed"]["duration"] = LONG
    for strategy in document["strategies"]:
        strategy["restart"] = {"most": 10_000}


@pytest.fixture(scope="module")
def lasted(tmp_path_factory: pytest.TempPathFactory) -> PureRun:
    """The long market without a kill."""
    folder = tmp_path_factory.mktemp("lasted")
    document = the_fleet(folder)
    lasting(document)
    return PureRun(a_daemon(folder, document).plan())


@pytest.mark.parametrize(
    ("victims", "most", "seed"), [(children_of, 50, 5), (forkserver_of, 6, 6)], ids=["children", "forkserver"]
)
def test_runs_whose_processes_are_killed_at_random_moments_are_those_without_a_kill(
    victims: Callable[[Daemon], list[int]],
    most: int,
    seed: int,
    lasted: PureRun,
    tmp_path: Path,
) -> None:
    random, kills, restarts, runs = Random(seed), 0, 0, 0
    while kills < most:
        daemon = daemon_of(tmp_path / str(runs), lasting).start()
        daemon.until_ready()
        kills += strike(daemon, victims, random, most - kills)
        assert daemon.wait() == 0
        restarts += sum("it is made again" in line["message"] for line in log_lines(daemon))
        groups = daemon.groups()
        assert steps_of(groups) == lasted.steps
        assert books_of(groups) == lasted.books
        runs += 1
    print(f"\n{kills} kills in {runs} runs, {restarts} restarts, {len(lasted.fills)} fills a run")
    assert restarts >= kills - runs, "each kill but that of a process which had nothing more to do"


def test_a_daemon_killed_at_random_moments_leaves_nobody_behind_and_goes_on(lasted: PureRun, tmp_path: Path) -> None:
    daemon, random, waits = daemon_of(tmp_path / "d", lasting), Random(8), []
    for number in range(12):
        daemon.start(feed__speed="6000", feed__at_end="idle")
        if number % 4 == 0:
            time.sleep(random.uniform(0.5, 0.9))  # while it starts
        else:
            daemon.until_ready()
            time.sleep(random.uniform(0, 0.6))
        family = len(family_of(daemon))
        assert daemon.end(signal.SIGKILL)[0] == -signal.SIGKILL
        waits.append(daemon.until(lambda: not family_of(daemon)))
        print(f"kill {number + 1:2}: {family} processes, gone after {waits[-1]:.3f} s")
    assert daemon.run() == 0
    assert not family_of(daemon)
    groups = daemon.groups()
    assert steps_of(groups) == lasted.steps
    assert books_of(groups) == lasted.books
    lost = sum(not group.committed for group in groups)
    print(f"{lost} steps were begun and never were; all were gone after at most {max(waits):.3f} s")


def with_lookout(document: Document) -> None:
    """A strategy of one's own in the place of the last."""
    document["strategies"][-1] |= {"id": "lookout", "class": "lookout.py:Lookout", "params": {"symbol": "CCC"}}


def test_a_process_killed_more_often_than_it_may_is_tripped_and_stays_so_and_the_others_trade_on(
    tmp_path: Path,
) -> None:
    daemon = daemon_of(tmp_path / "d", with_lookout).start(feed__speed="20")
    daemon.until_ready()
    daemon.until(lambda: any(fill["strategy"] == "lookout" for fill in daemon.client.get("/v1/fills")))
    assert kill_until_tripped(daemon) == 4, "three restarts, and one kill more"
    assert_shown_as_tripped(daemon)
    assert daemon.end()[0] == 0

    daemon.start(feed__speed="20")
    daemon.until_ready()
    assert_shown_as_tripped(daemon)
    assert daemon.end()[0] == 0
    assert daemon.run() == 0

    groups = daemon.groups()
    steps = steps_of(groups)
    assert not {order for order in open_orders(groups) if order.startswith("lookout-")}
    reports = [record.report for record in steps if isinstance(record, Reported)]
    assert [
        report.order_id for report in reports if report.strategy == "lookout" and report.kind is ReportKind.CANCELLED
    ] == ["lookout-2"]

    (tripped,) = (record for record in steps if isinstance(record, Trip | Operation))
    reference = PureRun(daemon_of(tmp_path / "as-if", lambda document: raising(document, tripped.ts_ns)).plan())
    assert fills_of(steps) == reference.fills
    assert books_of(groups) == reference.books
    assert fills_by_strategy(reference)["lookout"] == 1, "else it would have traded again"
    print(f"\ntripped: {tripped.reason}; {len(reference.fills)} fills as if it had raised there")


def kill_until_tripped(daemon: Daemon) -> int:
    """Kill the lookout's process whenever there is one; how often."""
    killed: set[int] = set()
    while daemon.client.get("/v1/strategies/lookout")["state"] != "tripped":
        pid = named_children_of(daemon).get("lookout", 0)
        if pid and pid not in killed:
            os.kill(pid, signal.SIGKILL)
            killed.add(pid)
    return len(killed)


def raising(document: Document, at_ns: int) -> None:
    """The lookout raises at a time."""
    with_lookout(document)
    document["strategies"][-1]["params"]["until_ns"] = at_ns


def assert_shown_as_tripped(daemon: Daemon) -> None:
    shown = daemon.cli("status").stdout
    assert "4 running, 1 tripped" in shown, shown
    assert "lookout tripped: its process ended (killed by SIGKILL), and 3 restarts" in shown, shown
    assert set(named_children_of(daemon)) == {"sma", "maker", "rsi", "hold"}, "who has tripped needs no process"


# What a process may see, and what is seen of it.


def test_the_daemon_imports_no_strategy_and_no_process_of_a_strategy_has_its_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in SECRETS:
        monkeypatch.setenv(name, "hunter2")
    daemon = daemon_of(tmp_path / "d", with_lookout).start(feed__speed="60")
    daemon.until_ready()
    assert daemon.process is not None
    (forkserver,) = forkserver_of(daemon)
    children = named_children_of(daemon)
    assert set(children) == {"sma", "maker", "rsi", "hold", "lookout"}

    imported = [json.loads(line) for line in (daemon.folder / "imports").read_text().splitlines()]
    assert {pid for pid, _ in imported} & {daemon.process.pid, *children.values()} == {children["lookout"]}
    assert environment_of(daemon.process.pid).keys() >= {*SECRETS, "BULKHEAD_STATE"}
    seen = [environ for _, environ in imported] + [environment_of(pid) for pid in (forkserver, *children.values())]
    for environ in seen:
        assert not {name for name in environ if name.startswith("BULKHEAD") or name in SECRETS}
        assert "hunter2" not in environ.values()

    daemon.until(lambda: log_of(daemon, "lookout"))
    assert log_of(daemon, "lookout") == "lookout looks out\n"
    assert {file.name for file in (daemon.state / LOGS_NAME).iterdir()} == {f"{name}.log" for name in children}
    assert daemon.cli("strategy", "logs", "lookout").stdout == "lookout looks out\n"
    assert daemon.end()[0] == 0
    assert not family_of(daemon)


def impatient(document: Document) -> None:
    """A lookout that may take a second for an event."""
    with_lookout(document)
    document["watchdog"] = {"stall_seconds": 1.0}


def test_who_hangs_is_named_with_its_stack_and_made_again(tmp_path: Path) -> None:
    daemon = daemon_of(tmp_path / "d", impatient).start(feed__speed="60")
    daemon.until_ready()
    (daemon.folder / "hang").touch()
    daemon.until(lambda: "lookout hangs" in log_of(daemon, "lookout"))
    hanging = daemon.client.get("/v1/status")["event"]
    seconds = daemon.until(lambda: "no sign of it" in daemon.log.read_text())
    print(f"\nnamed after {seconds:.1f} s; it may take one for an event")
    (daemon.folder / "hang").unlink()
    (told,) = (line for line in log_lines(daemon) if "no sign of it" in line["message"])
    assert (told["strategy"], told["level"]) == ("lookout", "error")
    assert told["message"] == "its process ended (no sign of it for 1 s); it is made again"
    assert "in hang" in log_of(daemon, "lookout")
    daemon.until(lambda: daemon.client.get("/v1/status")["event"] > hanging + 50)
    assert "5 running" in daemon.cli("status").stdout
    assert daemon.end()[0] == 0


def test_sigterm_ends_the_daemon_though_one_of_its_strategies_hangs(tmp_path: Path) -> None:
    daemon = daemon_of(tmp_path / "d", with_lookout).start(feed__speed="60")
    daemon.until_ready()
    (daemon.folder / "hang").touch()
    daemon.until(lambda: "lookout hangs" in log_of(daemon, "lookout"))
    code, seconds = daemon.end()
    print(f"\nSIGTERM with a hanging child: {seconds:.1f} s")
    assert code == 0
    assert not family_of(daemon)
    (daemon.folder / "hang").unlink()
    assert daemon.run() == 0
    assert steps_of(daemon.groups()) == PureRun(daemon.plan()).steps, "what was in hand is carried by the next start"
