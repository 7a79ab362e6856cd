"""The word to systemd (`man sd_notify`): ready, status, watchdog, stopping; silent where nobody asked for it."""

import logging
from collections.abc import Mapping

from daemon.net import Net

log = logging.getLogger(__name__)


class Notifier:
    """Speaks to the service manager named in the environment.

    `watchdog_seconds` is how often to call `watchdog`: half of what the manager allows, None where it watches nothing
    or another process. Call it from the main loop's progress only, so that a hung daemon falls silent.
    """

    def __init__(self, net: Net, environment: Mapping[str, str], pid: int) -> None:
        self._net = net
        self._address = environment.get("NOTIFY_SOCKET", "")
        self.watchdog_seconds = _watchdog_seconds(environment, pid) if self._address else None

    def ready(self, status: str) -> None:
        """The start is complete."""
        self._send(f"READY=1\nSTATUS={_one_line(status)}")

    def status(self, status: str) -> None:
        """What the daemon does, for `systemctl status`."""
        self._send(f"STATUS={_one_line(status)}")

    def watchdog(self) -> None:
        """The daemon makes progress."""
        self._send("WATCHDOG=1")

    def stopping(self) -> None:
        """The daemon is on its way out."""
        self._send("STOPPING=1")

    def _send(self, message: str) -> None:
        if not self._address:
            return
        try:
            self._net.send_datagram(self._address, message.encode())
        except OSError as error:
            log.warning("cannot tell the service manager at %s: %s", self._address, error)


def _watchdog_seconds(environment: Mapping[str, str], pid: int) -> float | None:
    watched, microseconds = environment.get("WATCHDOG_PID", ""), environment.get("WATCHDOG_USEC", "")
    if not microseconds.isdecimal() or int(microseconds) == 0 or (watched and watched != str(pid)):
        return None
    return int(microseconds) / 2_000_000


def _one_line(text: str) -> str:
    return " ".join(text.split())
