"""The daemon trades on paper: real processes, real sockets, real kills."""

import json
import os
import pty
import re
import select
import shutil
import signal
import socket
import sys
import time
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import pytest

from daemon.projector import MOST_WAITING
from tests.acceptance.daemons import ROOT, Daemon, open_orders
from tests.patience import PATIENCE_SECONDS
from tests.simulation.world import PureRun, fills_of, steps_of, wire_ids_of
from trading.account.ids import decode
from trading.commands import WireSubmit

STRATEGIES = ("sma", "maker", "rsi", "hold", "mine")
KILLS = 20
INSIDE = (1, 4, 7, 10, 13, 16, 19)
"""Which of the kills come from within a step."""
STARTING = (3, 9, 15)
"""Which of them come while it starts."""


@pytest.fixture
def daemon(tmp_path: Path) -> Daemon:
    return Daemon(tmp_path / "d")


@pytest.fixture(scope="module")
def pure(tmp_path_factory: pytest.TempPathFactory) -> PureRun:
    """What the pure driver makes of the same config."""
    return PureRun(Daemon(tmp_path_factory.mktemp("pure")).plan())


# It trades, and shows it.


def test_a_question_long_ago_holds_nothing_up(daemon: Daemon) -> None:
    """More records follow it than may wait for the tables that answered it."""
    daemon.start(feed__speed="max", feed__duration="12h", feed__at_end="idle")
    daemon.until_ready()
    assert daemon.client.get("/v1/fills") is not None
    daemon.until(lambda: daemon.client.get("/v1/status")["journal_sequence"] > 2 * MOST_WAITING, seconds=600)
    daemon.until(lambda: daemon.client.get("/v1/status")["feed"]["at_end"], seconds=600)
    assert daemon.client.get("/v1/fills?limit=1")
    assert daemon.end()[0] == 0


def test_the_shipped_config_gets_ready_and_trades(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path)
    daemon.config.write_text((ROOT / "config.yaml").read_text())
    ready = daemon.start().until_ready()
    first = daemon.until(lambda: daemon.client.get("/v1/fills"))
    print(f"ready after {ready:.2f} s, the first fill {first:.2f} s later")
    code, took = daemon.end()
    print(f"SIGTERM: {took:.2f} s")
    assert code == 0


LOOKING = (
    ("status",),
    ("performance",),
    ("strategy", "list"),
    ("strategy", "show", "maker"),
    ("orders",),
    ("orders", "--open", "--strategy", "maker"),
    ("positions",),
    ("fills",),
    ("fills", "--strategy", "maker", "--limit", "5"),
    ("account", "show"),
    ("journal", "verify"),
    ("check",),
)
LISTS = ("orders", "positions", "fills")


def test_every_verb_shows_a_table_and_json_from_another_process(daemon: Daemon) -> None:
    daemon.start(feed__speed="60")
    daemon.until_ready()
    daemon.until(lambda: len(daemon.client.get("/v1/fills")) > 5)
    for verb in LOOKING:
        shown = daemon.cli(*verb)
        assert (shown.returncode, shown.stderr) == (0, ""), shown
        assert shown.stdout.strip(), shown
        assert isinstance(daemon.cli_json(*verb), list if verb[0] in LISTS or verb[-1] == "list" else dict)
    assert daemon.cli_json("strategy", "list")[0]["id"] == "sma"
    assert {fill["strategy"] for fill in daemon.cli_json("fills", "--strategy", "maker")} == {"maker"}
    assert json.loads(daemon.cli("schema").stdout)["title"] == "Bulkhead configuration"
    halted = daemon.cli("halt", "--cancel-orders", "--reason", "lunch", "--timeout", "60")
    assert (halted.returncode, halted.stderr) == (0, "halted: no order leaves until `bulkhead resume`\n")
    assert {order["side"] for order in daemon.cli_json("orders", "--open")} <= {"sell"}, "only what reduces may leave"
    assert daemon.cli_json("status")["halt_reason"] == "lunch"
    assert daemon.cli("resume").returncode == 0
    assert daemon.cli_json("status")["halted"] is False
    assert daemon.cli("strategy", "show", "makr").returncode == 4
    daemon.end()
    assert daemon.cli("status").returncode == 3


def test_live_ready_and_metrics_are_told_over_the_socket(daemon: Daemon) -> None:
    daemon.start(feed__speed="60")
    daemon.until_ready()
    assert daemon.raw("/livez")[0] == 200
    assert daemon.raw("/readyz")[0] == 200
    status, metrics = daemon.raw("/metrics")
    assert status == 200
    assert re.search(r"^bulkhead_events_total [1-9]", metrics, re.MULTILINE), metrics
    daemon.client.post("/v1/halt", reason="lunch")
    status, body = daemon.raw("/readyz")
    assert (status, json.loads(body)["reasons"]) == (503, ["halted: lunch"])
    assert daemon.raw("/livez")[0] == 200


# Its books are the account's.


def test_the_books_are_the_brokers_account_a_thousand_times_during_a_run(daemon: Daemon) -> None:
    daemon.start(feed__speed="2000", feed__at_end="idle")
    daemon.until_ready()
    client, events, accounts = daemon.client, set(), set()
    for _ in range(1_000):
        account = client.get("/v1/account")
        assert differences(account) == {Decimal(0)}, account
        assert summed(account) == as_numbers(account["broker"]), account
        assert account["balanced"] is True
        events.add(account["event"])
        accounts.add(json.dumps(account["broker"]))
    fills = client.get("/v1/performance")["total"]["fills"]
    print(f"1,000 answers at {len(events)} events, {len(accounts)} different accounts, {fills} fills by then")
    assert len(events) > 100
    assert len(accounts) > 100


def differences(account: dict[str, Any]) -> set[Decimal]:
    held = account["difference"]
    return {Decimal(amount) for amounts in (held["cash"], held["positions"]) for amount in amounts.values()}


def as_numbers(holdings: dict[str, Any]) -> dict[str, dict[str, Decimal]]:
    return {
        kind: {name: Decimal(amount) for name, amount in holdings[kind].items() if Decimal(amount)}
        for kind in ("cash", "positions")
    }


def summed(account: dict[str, Any]) -> dict[str, dict[str, Decimal]]:
    """All books and `unallocated`, added up here."""
    total: dict[str, dict[str, Decimal]] = {"cash": {}, "positions": {}}
    for book in (*account["books"].values(), account["unallocated"]):
        for kind, amounts in as_numbers(book).items():
            for name, amount in amounts.items():
                total[kind][name] = total[kind].get(name, Decimal(0)) + amount
    return {kind: {name: amount for name, amount in amounts.items() if amount} for kind, amounts in total.items()}


def test_a_mutant_that_leaves_out_one_booking_shows(daemon: Daemon) -> None:
    mutant = [sys.executable, "-P", str(Path(__file__).with_name("mutant.py")), str(daemon.config)]
    daemon.start_as(mutant, feed__at_end="idle")
    daemon.until_at_end()
    account = daemon.cli_json("account", "show")
    assert account["balanced"] is False
    assert differences(account) != {Decimal(0)}
    shown = daemon.cli("account", "show").stdout
    print(shown)
    assert "NOT BALANCED" in shown
    seconds = daemon.until(
        lambda: any("its own books differ" in alarm for alarm in daemon.cli_json("status")["alarms"])
    )
    print(f"the container whose books differ was tripped after {seconds:.1f} s; it is looked at once a second")


# The same config, the same trades.


def test_two_runs_and_the_pure_driver_agree_to_the_last_digit(
    tmp_path: Path, pure: PureRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    books = []
    for seed in ("1", "2"):
        monkeypatch.setenv("PYTHONHASHSEED", seed)
        daemon = Daemon(tmp_path / seed)
        daemon.start(feed__at_end="idle")
        daemon.until_at_end()
        books.append(daemon.client.get("/v1/account")["books"])
        assert daemon.end()[0] == 0
        assert steps_of(daemon.groups()) == pure.steps
    print(f"{len(pure.fills)} fills of {sorted({fill.strategy for fill in pure.fills})}")
    assert len(pure.fills) >= 100
    assert books[0] == books[1]
    assert {owner: book["cash"]["USD"] for owner, book in books[0].items()} == {
        owner: book["cash"]["USD"] for owner, book in pure.books["books"].items()
    }


# Whatever kills it, it goes on.


class Killed(NamedTuple):
    """A daemon that was killed so many times and has come to its end, and a backup from the middle of it."""

    daemon: Daemon
    backup: Path
    account: dict[str, Any]


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Killed:
    folder = tmp_path_factory.mktemp("killed")
    daemon, random, backup = Daemon(folder / "d"), Random(7), folder / "backup"
    inside = discarded = 0
    for number in range(KILLS):
        daemon.start(feed__speed="450", feed__at_end="idle")
        if number in STARTING:
            time.sleep(random.uniform(0.4, 0.9))
            code, how = daemon.end(signal.SIGKILL)[0], "SIGKILL while it starts"
        elif daemon.until_ready() and number in INSIDE:
            (daemon.folder / "trigger").touch()
            code, how = daemon.wait(), "SIGKILL from within a step"
        else:
            time.sleep(random.uniform(0.05, 0.9))
            sent = random.choice((signal.SIGTERM, signal.SIGKILL))
            code, took = daemon.end(sent)
            how = f"{sent.name}, {took:.2f} s"
            assert code == (0 if sent is signal.SIGTERM else -signal.SIGKILL)
        groups = daemon.groups()
        lost = sum(not group.committed for group in groups) - discarded
        discarded += lost
        inside += lost
        print(
            f"kill {number + 1:2}: {how:28} exit code {code:3}, {len(fills_of(steps_of(groups))):4} fills,"
            f" {len(open_orders(groups))} open orders, {lost} uncommitted steps"
        )
        verified = daemon.cli("journal", "verify")
        assert verified.returncode == 0, verified
        if number == KILLS // 2:
            shutil.copytree(daemon.state, backup, ignore=shutil.ignore_patterns("*.sock"))
    print(f"{inside} of {KILLS} kills landed inside a step that had sent something")
    assert inside >= 5
    daemon.start(feed__at_end="idle")
    daemon.until_at_end()
    account = daemon.client.get("/v1/account")
    fills = daemon.client.get("/v1/fills", limit=10_000)
    assert len(fills) == len(fills_of(steps_of(daemon.groups()))), "what people see includes every fill"
    assert daemon.end()[0] == 0
    return Killed(daemon, backup, account)


def test_a_run_killed_at_twenty_moments_ends_as_the_uninterrupted_one(killed: Killed, pure: PureRun) -> None:
    records = steps_of(killed.daemon.groups())
    assert fills_of(records) == pure.fills
    assert records == pure.steps
    assert killed.account["balanced"] is True
    assert {owner: book["cash"]["USD"] for owner, book in killed.account["books"].items()} == {
        owner: book["cash"]["USD"] for owner, book in pure.books["books"].items()
    }
    verified = killed.daemon.cli_json("journal", "verify")
    assert (verified["torn"], verified["discarded_steps"] >= 5) == ("", True)


def test_no_client_order_id_repeats_over_restarts_and_restored_backups(
    killed: Killed, pure: PureRun, tmp_path: Path
) -> None:
    ids = wire_ids_of(killed.daemon.groups())
    assert len(set(ids)) == len(ids)
    lives = {decode(cid, STRATEGIES).epoch_ms for cid in ids}
    assert len(lives) > KILLS / 2
    owners = {
        entry.record.cid: entry.record.terms.strategy
        for group in killed.daemon.groups()
        for entry in group.entries
        if isinstance(entry.record, WireSubmit)
    }
    assert {cid: decode(cid, STRATEGIES).strategy for cid in ids} == owners
    old, killed.daemon.state = killed.daemon.state, tmp_path / "restored"
    try:
        shutil.copytree(killed.backup, killed.daemon.state)
        before = set(wire_ids_of(killed.daemon.groups()))
        assert killed.daemon.run() == 0
        after = wire_ids_of(killed.daemon.groups())
        assert len(set(after)) == len(after)
        assert not (set(after) - before) & (set(ids) - before)
        assert fills_of(steps_of(killed.daemon.groups())) == pure.fills
    finally:
        killed.daemon.state = old


# How it speaks.


def test_systemd_hears_ready_watchdog_and_stopping(daemon: Daemon, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(PATIENCE_SECONDS)
        os.environ.update(NOTIFY_SOCKET=str(tmp_path / "notify"), WATCHDOG_USEC="400000")
        try:
            daemon.start(feed__speed="60")
        finally:
            del os.environ["NOTIFY_SOCKET"], os.environ["WATCHDOG_USEC"]
        heard: list[str] = []
        while heard.count("WATCHDOG=1") < 5 or "READY=1" not in heard:
            heard.append(manager.recv(4096).decode().partition("\n")[0])
        assert daemon.end()[0] == 0
        while "STOPPING=1" not in heard:
            heard.append(manager.recv(4096).decode().partition("\n")[0])
    assert set(heard) == {"READY=1", "WATCHDOG=1", "STOPPING=1"}


def test_its_log_is_json_where_no_terminal_reads(daemon: Daemon) -> None:
    assert daemon.run(feed__duration="10m") == 0
    lines = [json.loads(line) for line in daemon.log.read_text().splitlines()]
    assert {"ts", "level", "logger", "message"} <= set.intersection(*(set(line) for line in lines))
    fills = [line for line in lines if line.get("strategy") == "maker" and line["logger"] == "daemon.announcer"]
    assert re.fullmatch(r"(buy|sell) 10 BBB @ \S+  fee \S+  at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d", fills[0]["message"])


def test_on_a_terminal_it_says_what_to_try_and_a_line_for_each_fill(daemon: Daemon) -> None:
    command = daemon.command("run", "-c", str(daemon.config))
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(command[0], command, daemon.environ(feed__duration="10m"))
    told = b""
    while select.select([terminal], [], [], 20)[0]:
        try:
            told += os.read(terminal, 65536)
        except OSError:
            break
    os.close(terminal)
    assert os.waitpid(pid, 0)[1] == 0, told.decode()
    text = told.decode().replace("\r\n", "\n")
    where = f" --socket {daemon.state}/bulkhead.sock"
    assert "Try in another shell:\n" in text
    for command_line in ("status", "fills --watch", "account show"):
        assert re.search(rf"^  (\./)?bulkhead {command_line}{where}$", text, re.MULTILINE), text
    assert re.search(
        r"^\d\d:\d\d:\d\d  maker  (buy|sell) 10 BBB @ \S+  fee \S+  at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d$",
        text,
        re.MULTILINE,
    )
    assert "{" not in text
