"""The word to systemd, heard on a real datagram socket."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.net import SystemNet
from daemon.watch.notify import Notifier

PID = 4711


@pytest.fixture(params=["file", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[socket.socket, str]]:
    name = str(tmp_path / "notify") if request.param == "file" else f"@bulkhead-test-{tmp_path}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(name.replace("@", "\0", 1))
        heard.settimeout(5)
        yield heard, name


def test_every_word_arrives_as_systemd_reads_it(manager: tuple[socket.socket, str]) -> None:
    heard, name = manager
    notifier = Notifier(SystemNet(), {"NOTIFY_SOCKET": name}, PID)
    notifier.ready("4 strategies\non paper")
    notifier.status("event 12")
    notifier.watchdog()
    notifier.stopping()
    assert [heard.recv(1024) for _ in range(4)] == [
        b"READY=1\nSTATUS=4 strategies on paper",
        b"STATUS=event 12",
        b"WATCHDOG=1",
        b"STOPPING=1",
    ]


@pytest.mark.parametrize(
    ("environment", "seconds"),
    [
        ({"WATCHDOG_USEC": "30000000"}, 15.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(PID)}, 15.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({}, None),
    ],
)
def test_the_watchdog_is_fed_at_half_the_interval_it_allows_this_process(
    environment: dict[str, str], seconds: float | None
) -> None:
    assert Notifier(SystemNet(), {"NOTIFY_SOCKET": "@x", **environment}, PID).watchdog_seconds == seconds


def test_nothing_is_said_where_nobody_asked() -> None:
    notifier = Notifier(SystemNet(), {"WATCHDOG_USEC": "30000000"}, PID)
    notifier.ready("on paper")
    assert notifier.watchdog_seconds is None


def test_a_manager_that_is_gone_costs_a_warning_and_no_more(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    Notifier(SystemNet(), {"NOTIFY_SOCKET": str(tmp_path / "gone")}, PID).watchdog()
    assert "cannot tell the service manager" in caplog.text
