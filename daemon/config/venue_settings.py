"""The venue's part of the configuration: how to reach it, and how often it is asked."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from daemon.config.section import Section
from daemon.config.values import Code, Interval, NotNegative, written


class ReconciliationSettings(Section):
    """How often the venue is asked, where nothing calls for it, and what may differ."""

    in_flight_ns: Interval = Field(
        default=written("2s"), alias="in_flight", description="about an order that it has not answered"
    )
    open_orders_ns: Interval = Field(
        default=written("10s"), alias="open_orders", description="about open orders and executions"
    )
    account_ns: Interval = Field(default=written("60s"), alias="account", description="about positions and balances")
    cash_tolerance: dict[Code, NotNegative] = Field(
        default={}, description='cash that may differ without trouble and is booked in silence, such as {USD: "0.50"}'
    )


class PlainBrokerSettings(Section):
    """A venue that speaks the plain protocol: the tests' own, and whatever is built like it."""

    kind: Literal["plain"]
    url: str = Field(min_length=1, description="address of its REST interface, https:// (http:// on this machine only)")
    stream_url: str = Field(default="", description="address of its stream; `/stream` of the other if not given")
    credentials: str = Field(
        min_length=1, description="file with key and secret, readable by you alone; from this file's folder"
    )
    timeout_seconds: float = Field(
        default=4.0, gt=0, lt=5, allow_inf_nan=False, description="how long an answer may take"
    )
    dead_man_ns: Interval | None = Field(
        default=None,
        alias="dead_man",
        description="how long after the daemon's last word the venue cancels every order of the account, whoever placed"
        " it; null for never",
    )
    on_crash: Literal["leave", "cancel"] = Field(
        default="leave",
        description="what becomes of our orders where the daemon ends without a goodbye: left to the next start, or"
        " cancelled by the process that watches it",
    )
    hangs_after_ns: Interval = Field(
        default=written("1s"),
        alias="hangs_after",
        description="after how long without a sign of it the daemon is ended by the process that watches it, and its"
        " orders cancelled; 500ms to 30s",
    )
    reconciliation: ReconciliationSettings = Field(
        default=ReconciliationSettings(), description="how often the venue is asked, and what may differ"
    )

    def options(self, folder: Path) -> dict[str, object]:
        """What its broker, and whoever cancels in its place, wants to know; paths count from a folder."""
        return {
            "url": self.url,
            "stream_url": self.stream_url,
            "credentials": str(folder / self.credentials),
            "timeout_seconds": self.timeout_seconds,
        }
