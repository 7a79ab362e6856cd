"""Cancels what works under our prefix, for a process that watches over the daemon and finds it hung.

Standard library only: nothing that could have hung the daemon is needed here, and nothing has to be set up. Stamps are
by the venue's own clock, since this machine's may be what is wrong.
"""

import http.client
import json
import time
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

from brokers.errors import NotAllCancelled
from brokers.plain.signing import Credentials

OURS: Final = "bk"
"""How client order ids of Bulkhead begin; orders of others are left alone."""

ROUNDS: Final = 5
"""How often the open orders are looked through; a round that finds none of ours is the last."""

TIMEOUT_SECONDS: Final = 2.0
PAUSE_SECONDS: Final = 0.2
LONGEST_PAUSE_SECONDS: Final = 5.0
WITHIN_NS: Final = 60_000_000_000
_MOST_PAGES: Final = 100


class _NotDone(Exception):
    """A call that did not come to what was asked; `pause_seconds` is how long to wait."""

    def __init__(self, reason: str, pause_seconds: float | None = None) -> None:
        super().__init__(reason)
        self.pause_seconds = PAUSE_SECONDS if pause_seconds is None else min(pause_seconds, LONGEST_PAUSE_SECONDS)


def cancel_everything(options: Mapping[str, object]) -> list[str]:
    """Cancel every open order of ours; the client order ids of those that were cancelled.

    Takes the options of the broker, BadCredentials as there. NotAllCancelled when after some rounds an order of ours
    may still work, with what was cancelled until then.
    """
    caller = _Caller(str(options["url"]), Credentials.load(str(options["credentials"])))
    cancelled: list[str] = []
    trouble = ""
    for _ in range(ROUNDS):
        pause_seconds = PAUSE_SECONDS
        try:
            ours = caller.ours()
            if not ours:
                return cancelled
            trouble = f"{', '.join(ours)} still worked in the last round"
        except _NotDone as error:
            ours, trouble, pause_seconds = [], str(error), error.pause_seconds
        for cid in ours:
            try:
                if caller.cancel(cid):
                    cancelled.append(cid)
            except _NotDone as error:
                trouble, pause_seconds = str(error), error.pause_seconds
                break
        time.sleep(pause_seconds)
    raise NotAllCancelled(cancelled, trouble)


class _Caller:
    """Makes signed calls, each over a connection of its own."""

    def __init__(self, url: str, credentials: Credentials) -> None:
        self._parts = urlsplit(url)
        self._credentials = credentials
        self._venue_ns = 0

    def ours(self) -> list[str]:
        """The client order ids of our open orders."""
        self._venue_ns = 0
        self._call("GET", "/time")
        found: list[str] = []
        after = ""
        for _ in range(_MOST_PAGES):
            status, told = self._call("GET", f"/orders?{urlencode({'after': after})}" if after else "/orders")
            if status != 200 or not isinstance(told.get("orders"), list):
                raise _NotDone(f"the open orders were answered with status {status}")
            ids = [order.get("cid") for order in told["orders"] if isinstance(order, dict)]
            found += [cid for cid in ids if isinstance(cid, str) and cid.startswith(OURS)]
            after = str(told.get("next") or "")
            if not after:
                break
        return found

    def cancel(self, cid: str) -> bool:
        """Whether the order was cancelled by this; not where it was over already."""
        status, told = self._call("DELETE", f"/orders/{quote(cid, safe='')}")
        if status == 200:
            return True
        if 400 <= status < 500 and told.get("code"):
            return False
        raise _NotDone(f"the cancel of {cid} was answered with status {status}")

    def _call(self, method: str, target: str) -> tuple[int, dict[str, Any]]:
        plain = self._parts.scheme == "http"
        make = http.client.HTTPConnection if plain else http.client.HTTPSConnection
        connection = make(self._parts.hostname or "", self._parts.port, timeout=TIMEOUT_SECONDS)
        target = self._parts.path.rstrip("/") + target
        headers = self._credentials.headers(
            method=method,
            target=target.removeprefix(self._parts.path.rstrip("/")),
            body=b"",
            stamp_ns=self._venue_ns,
            within_ns=WITHIN_NS,
        )
        try:
            connection.request(method, target, headers=headers)
            answer = connection.getresponse()
            told = json.loads(answer.read() or b"{}")
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise _NotDone(f"{method} {target.partition('?')[0]}: {str(error) or type(error).__name__}") from None
        finally:
            connection.close()
        if answer.status in (418, 429):
            seconds = answer.headers.get("Retry-After", "")
            pause_seconds = float(seconds) if seconds.isdecimal() else None
            raise _NotDone(f"the venue takes no calls (status {answer.status})", pause_seconds)
        if not isinstance(told, dict):
            raise _NotDone(f"{method} {target.partition('?')[0]} was answered with no object")
        if isinstance(told.get("time"), int):
            self._venue_ns = told["time"]
        return answer.status, told
