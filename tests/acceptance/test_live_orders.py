"""A live account at a venue in another process: whose everything is, what is sent, and what never leaves."""

import json
import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from daemon.state import WATCHMAN_SOCKET_NAME
from tests.acceptance.daemons import Daemon
from tests.acceptance.venues import LiveDaemon, a_churner, trading_at
from tests.acceptance.watched import family, name_of
from tests.real_children import offspring
from trading.account.ids import decode
from trading.timestamps import SECOND

CHURNERS = (a_churner("one", "AAA"), a_churner("two", "BBB"), a_churner("three", "AAA"))
RESTERS = tuple(
    a_churner(name, symbol, **{"class": "tests.torture.rester:Rester", "params": {"symbol": symbol, "orders": 5}})
    for name, symbol in (("one", "AAA"), ("two", "BBB"), ("three", "AAA"))
)
NAMES = ("one", "two", "three")


def works_at_venue(daemon: LiveDaemon) -> list[dict[str, Any]]:
    return [order for order in daemon.venue.do("dump")["orders"] if order["status"] == "open"]


def fills_of(daemon: LiveDaemon) -> list[dict[str, Any]]:
    fills: list[dict[str, Any]] = daemon.venue.do("dump")["fills"]
    return fills


def settled(daemon: LiveDaemon) -> bool:
    """Whether the books are the venue's after trading was halted, and nothing is on its way."""
    return daemon.difference() == {"cash": {}, "positions": {}}


def is_told_by_strategy(daemon: LiveDaemon) -> bool:
    """Whether each strategy has as many fills as the venue has of orders with its id."""
    told = {one["id"]: one["fills"] for one in daemon.cli_json("strategy", "list")}
    names = [decode(fill["cid"], NAMES).strategy for fill in fills_of(daemon)]
    return told == {name: names.count(name) for name in NAMES}


def test_what_a_live_account_trades_is_in_its_books_to_the_cent(tmp_path: Path) -> None:
    with trading_at(tmp_path, *CHURNERS) as daemon:
        daemon.start().until_ready()
        daemon.until(lambda: len(fills_of(daemon)) >= 30)
        assert daemon.cli("halt", "enough", "--cancel-orders", "--timeout", "60").returncode == 0

        # What reduces a position still leaves, so there may be another fill between two looks.
        daemon.until(lambda: not works_at_venue(daemon) and settled(daemon) and is_told_by_strategy(daemon))
        assert daemon.end()[0] == 0


def test_with_the_state_gone_every_open_order_is_attributed_to_its_strategy(tmp_path: Path) -> None:
    with trading_at(tmp_path, *RESTERS) as daemon:
        daemon.start().until_ready()
        daemon.until(lambda: len(works_at_venue(daemon)) == 15)
        daemon.end(signal.SIGKILL)
        there = works_at_venue(daemon)
        daemon.until(lambda: not (daemon.state / WATCHMAN_SOCKET_NAME).exists())
        shutil.rmtree(daemon.state)

        daemon.start().until_ready()
        recovered = [order for order in daemon.cli_json("orders", "--open") if "-r" in order["order_id"]]

        owners = {order["ticket"]["cid"]: decode(order["ticket"]["cid"], NAMES).strategy for order in there}
        assert {order["order_id"]: order["strategy"] for order in recovered} == {
            f"{owner}-r{cid[6:]}": owner for cid, owner in owners.items()
        }
        assert settled(daemon)


def test_a_second_daemon_for_the_same_account_cannot_start_on_this_host(tmp_path: Path) -> None:
    with trading_at(tmp_path, *CHURNERS) as daemon:
        daemon.start().until_ready()
        other = tmp_path / "other"
        other.mkdir()
        shutil.copy(daemon.config, other / "config.yaml")

        refused = daemon.cli("run", "-c", str(other / "config.yaml"), state=str(other / "state"))

        assert refused.returncode == 1
        assert "another daemon on this host trades this account" in refused.stderr
        assert daemon.process is not None
        assert daemon.process.poll() is None


def test_what_rests_is_cancelled_by_the_venue_once_daemon_and_watching_process_are_gone(tmp_path: Path) -> None:
    with trading_at(tmp_path, *RESTERS, broker={"dead_man": "30s"}) as daemon:
        daemon.start().until_ready()
        daemon.until(lambda: len(works_at_venue(daemon)) == 15)
        assert daemon.process is not None
        (watchman,) = (pid for pid in family(daemon.process.pid) if name_of(pid) == "bulkhead-watch")

        os.kill(watchman, signal.SIGKILL)
        daemon.end(signal.SIGKILL)
        took = daemon.until(lambda: not works_at_venue(daemon))

        print(f"killed, to nothing at the venue: {took:.1f} s")
        assert took > 15
        assert {order["code"] for order in daemon.venue.do("dump")["orders"]} == {"dead_man"}
        daemon.start().until_ready()
        daemon.until(lambda: len(works_at_venue(daemon)) == 15 and settled(daemon))
        assert daemon.end()[0] == 0


def test_a_clean_stop_releases_the_dead_man_switch_and_leaves_what_rests(tmp_path: Path) -> None:
    with trading_at(tmp_path, *RESTERS, broker={"dead_man": "30s"}) as daemon:
        daemon.start().until_ready()
        daemon.until(lambda: len(works_at_venue(daemon)) == 15)

        assert daemon.end()[0] == 0

        daemon.venue.do("skew", skew_ns=60 * SECOND)
        assert len(works_at_venue(daemon)) == 15


def test_paper_opens_no_connection_to_anywhere(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path / "paper").start(feed__speed="60", feed__at_end="idle")
    daemon.until_ready()
    assert daemon.process is not None
    try:
        for pid in (daemon.process.pid, *offspring(daemon.process.pid)):
            assert tcp_sockets_of(pid) == []
    finally:
        daemon.end()


def test_a_secret_is_in_its_file_alone(tmp_path: Path) -> None:
    with trading_at(tmp_path, *CHURNERS, log={"level": "debug", "format": "json"}) as daemon:
        secret = json.loads(daemon.venue.credentials.read_text())["secret"]
        daemon.start().until_ready()
        daemon.until(lambda: len(fills_of(daemon)) >= 5)
        assert daemon.process is not None
        pids = (daemon.process.pid, *offspring(daemon.process.pid))
        paths = ("/v1/status", "/v1/account", "/metrics", "/v1/openapi.json", "/v1/orders")
        asked = [daemon.raw(path)[1] for path in paths]
        daemon.venue.kill()
        daemon.until(lambda: not daemon.ask_or_none("/readyz", "ready"))
        seen = {
            **{str(path): read(path) for pid in pids for path in of_process(pid)},
            **{str(path): read(path) for path in files_of(tmp_path) if path != daemon.venue.credentials},
            "answers": "\n".join(asked).encode(),
            "status": daemon.cli("status", "-o", "json").stdout.encode(),
        }
        daemon.end()

    assert len(secret) >= 16
    assert [where for where, content in seen.items() if secret.encode() in content] == []
    assert any(name.endswith(".log") or "journal" in name for name in seen)


def tcp_sockets_of(pid: int) -> list[str]:
    inodes = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):
            inodes.add(str(link.readlink()).removeprefix("socket:[").removesuffix("]"))
    tables = [Path(f"/proc/{pid}/net/{name}").read_text().splitlines()[1:] for name in ("tcp", "tcp6")]
    lines = [line.split() for table in tables for line in table]
    return [line[2] for line in lines if line[9] in inodes]


def of_process(pid: int) -> list[Path]:
    return [Path(f"/proc/{pid}/{name}") for name in ("cmdline", "environ")]


def read(path: Path) -> bytes:
    with suppress(OSError):
        return path.read_bytes()
    return b""


def files_of(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())
