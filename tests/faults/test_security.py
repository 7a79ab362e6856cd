"""Group K: who may ask, and names that lead elsewhere."""

import http.client
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.api.routes import ROUTES
from daemon.config.schema import schema_text
from tests.config_builders import edited, problems_of
from tests.faults.fleet import PACED, a_plan
from tests.simulation.operations import OperationsInMemory
from tests.simulation.serving import served
from tests.simulation.test_supervisor import Machine
from tests.unit.test_cli import Bulkhead, bulkhead, state  # noqa: F401  (fixtures)
from trading.timestamps import SECOND

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("trading", "brokers", "strategies", "daemon", "scripts")


# F107 and F108: there is nothing that a browser could reach, and what it can send does nothing.


def sockets_of_the_internet() -> set[str]:
    """The inodes of this process's sockets that are of TCP, UDP or raw IP, as the kernel lists them."""
    listed = {
        line.split()[9]
        for protocol in ("tcp", "tcp6", "udp", "udp6", "raw", "raw6")
        if (table := Path(f"/proc/self/net/{protocol}")).exists()
        for line in table.read_text().splitlines()[1:]
    }
    ours = {str(target) for target in (_target(entry) for entry in Path("/proc/self/fd").iterdir())}
    return {inode for inode in listed if f"socket:[{inode}]" in ours}


def _target(entry: Path) -> str:
    try:
        return str(entry.readlink())
    except FileNotFoundError:
        return ""


async def test_a_daemon_that_trades_has_not_one_socket_of_the_internet(tmp_path: Path) -> None:
    before = sockets_of_the_internet()
    with socket.socket() as seen:
        seen.bind(("127.0.0.1", 0))
        seen.listen()
        assert len(sockets_of_the_internet() - before) == 1, "one that is opened is seen"
    machine = Machine(a_plan(tmp_path, PACED))
    async with machine.running():
        await machine.clock.advance(30 * SECOND)
        assert (await machine.ask("get", "/v1/status"))["ready"] is True
        assert sockets_of_the_internet() - before == set()


def test_no_setting_opens_one() -> None:
    named = {*keys_of(json.loads(schema_text()))}
    assert {"state", "strategies", "commission"} <= named
    assert named & {"host", "port", "bind", "listen", "tcp", "cors", "origins", "allowed_hosts"} == set()


def keys_of(schema: object) -> Iterator[str]:
    """Every key that the schema of the config knows."""
    if isinstance(schema, dict):
        yield from schema.get("properties", {})
        for inner in schema.values():
            yield from keys_of(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from keys_of(inner)


class OverSocket(http.client.HTTPConnection):
    """A client that sends what it is given, as it is."""

    def __init__(self, path: Path) -> None:
        super().__init__("bulkhead", timeout=5)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(5)
        self.sock.connect(os.fspath(self._path))


def said(
    path: Path, method: str, target: str, headers: dict[str, str], body: bytes | None = None
) -> tuple[int, dict[str, str], bytes]:
    """Status, headers in small letters, and body."""
    connection = OverSocket(path)
    try:
        connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


EVIL = {"Host": "evil.example", "Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
SIMPLE = ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x")
"""What a page may send to another site without asking first."""

WRITES = [route.path for route in ROUTES if route.method == "POST"]
READS = [route.path.replace("{id}", "sma-aaa") for route in ROUTES if route.method == "GET"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "bulkhead.sock"


@pytest.mark.parametrize("target", WRITES)
def test_nothing_that_another_sites_page_can_send_is_done(path: Path, target: str) -> None:
    operations = OperationsInMemory()
    body = b'{"reason": "hello", "amount": "5", "source": "unallocated", "target": "sma-aaa"}'
    with served(operations, path):
        for kind in SIMPLE:
            status, headers, _ = said(path, "POST", target, {**EVIL, "Content-Type": kind}, body)
            assert status == 415, kind
            assert not [name for name in headers if name.startswith("access-control-")]
        status, headers, _ = said(path, "POST", target, EVIL, body)
        assert status == 415
        asked_first = {**EVIL, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-bulkhead"}
        status, headers, _ = said(path, "OPTIONS", target, asked_first)
        assert status == 405
        assert not [name for name in headers if name.startswith("access-control-")]
    assert (operations.halt_reason, operations.all_postings, operations.all_orders) == (None, [], [])


@pytest.mark.parametrize("target", [*READS, "/metrics", "/livez", "/readyz", "/openapi.json"])
def test_nothing_that_is_read_may_be_shown_to_another_sites_page(path: Path, target: str) -> None:
    with served(OperationsInMemory(), path):
        status, headers, _ = said(path, "GET", target, EVIL)
    assert status in (200, 404, 503)
    assert not [name for name in headers if name.startswith("access-control-")]


# F111: names that lead elsewhere.

ELSEWHERE = [
    "../secret", "../../secret", "..%2f..%2fsecret", "%2e%2e%2fsecret", "%2e%2e/secret", "....//secret", "/secret",
    "%2fsecret", "sma-aaa%00.log", "sma-aaa/../../secret", "sma-aaa%0a", "~/secret", "..\\secret", "%5c..%5csecret",
    "file:%2f%2f%2fsecret", "%c0%ae%c0%ae%2fsecret", "a" * 5_000,
]  # fmt: skip


@pytest.mark.parametrize("name", ELSEWHERE)
def test_no_path_of_the_api_leads_out_of_it(path: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "secret").write_text("the secret")
    (tmp_path.parent / "secret").write_text("the secret")
    with served(OperationsInMemory(), path):
        for target in (f"/v1/strategies/{name}", f"/v1/performance/{name}", f"/v1/orders?strategy={name}", f"/{name}"):
            status, _, body = said(path, "GET", target, {"Host": "bulkhead"})
            assert 400 <= status < 500, target
            assert b"the secret" not in body
            assert {"error", "message"} <= json.loads(body).keys() if body.startswith(b"{") else True


@pytest.mark.parametrize("name", [*ELSEWHERE, "linked", "sma-aaa.log", "*", "[s]ma-aaa", "."])
def test_no_name_of_a_log_leads_out_of_the_folder_of_logs(bulkhead: Bulkhead, state: Path, name: str) -> None:  # noqa: F811
    """Names are looked up among those that are there and made into no path."""
    logs = state / "logs"
    logs.mkdir()
    (logs / "sma-aaa.log").write_text("its own\n")
    for outside in (state / "secret", state / "secret.log", state.parent / "secret.log", logs / "linked"):
        outside.write_text("the secret")
    told = bulkhead("strategy", "logs", name)
    assert told.exit_code == 1
    assert "the secret" not in told.stdout + told.stderr


@pytest.mark.parametrize(
    "name",
    ["../sma", "/etc/passwd", "a/b", "a\\b", "..", ".", "", "a\0b", "sma\n", "sma ", "~", "a" * 40, "smä", "Sma"],
)
def test_no_strategy_has_a_name_that_is_a_path(tmp_path: Path, name: str) -> None:
    """It names the strategy's log, its routes and its orders."""
    problems = problems_of(tmp_path, edited("id: sma-aaa", f"id: {json.dumps(name)}"))
    assert any("strategies[0].id" in problem for problem in problems)
