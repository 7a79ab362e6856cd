"""Daemons that trade live, at a venue in another process: its books are the truth that theirs are held against."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from tests.acceptance.daemons import Daemon
from tests.venue.processes import VenueProcess, venue

Document = dict[str, Any]

PATIENT = "10s"
"""What a daemon may give no sign for where a hang is not the subject: whoever shares the machine may hold it up."""


def the_account(at: VenueProcess, *strategies: Document) -> Document:
    """A config for one account at this venue."""
    return {
        "mode": "live",
        "account": {"currency": "USD", "cash": "100000"},
        "feed": {
            "kind": "live",
            "adapter": "tests.live.adapter:WebsocketFeed",
            "options": {"url": at.market},
            "symbols": {"AAA": {"quotes": True}, "BBB": {"quotes": True}},
        },
        "broker": {"kind": "plain", "hangs_after": PATIENT, **at.options},
        "instruments": {symbol: {"kind": "equity", "tick_size": "0.01", "lot_size": "1"} for symbol in ("AAA", "BBB")},
        "risk": {
            "max_order_notional": "50000",
            "max_exposure_equity_share": "1",
            "max_daily_loss_notional": "50000",
            "self_trade": "allow",
        },
        "strategies": list(strategies),
    }


def a_churner(name: str, symbol: str, **more: Any) -> Document:
    """A strategy that trades a lot."""
    return {
        "id": name,
        "class": "tests.torture.churner:Churner",
        "params": {"symbol": symbol},
        "capital": "30000",
        "risk": {"max_position_quantity": "100", "max_order_quantity": "10"},
        **more,
    }


class LiveDaemon(Daemon):
    """A daemon and the venue that it trades at."""

    def __init__(self, folder: Path, at: VenueProcess, document: Document) -> None:
        super().__init__(folder, yaml.safe_dump(document))
        self.venue = at

    def until_ready(self) -> float:
        """Wait until it may trade."""
        return self.until(lambda: self.ask_or_none("/readyz", "ready"))

    def difference(self) -> dict[str, Mapping[str, str]]:
        """What the books have other than the venue, by its own dump."""
        books, there = self.client.get("/v1/account")["ledger"], self.venue.do("dump")
        cash = {code: str(amount) for code, amount in books["cash"].items()}
        return {
            "cash": _differing(cash, there["cash"]),
            "positions": _differing(books["positions"], there["positions"]),
        }


@contextmanager
def trading_at(
    folder: Path, *strategies: Document, walk: str = "20", broker: Mapping[str, Any] | None = None, **settings: Any
) -> Iterator[LiveDaemon]:
    """A live daemon that is about to start, at a venue that runs, with more settings of the broker and others; both
    are ended with the block."""
    with venue(folder, "--symbols", "AAA,BBB", "--walk", walk, "--cash", "100000") as at:
        document = {**the_account(at, *strategies), **settings}
        document["broker"] |= broker or {}
        daemon = LiveDaemon(folder / "daemon", at, document)
        try:
            yield daemon
        finally:
            if daemon.process is not None:
                daemon.process.kill()
                daemon.process.wait()


def _differing(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> dict[str, str]:
    names = sorted({*ours, *theirs})
    pairs = {name: Decimal(str(ours.get(name, 0))) - Decimal(str(theirs.get(name, 0))) for name in names}
    return {name: str(difference) for name, difference in pairs.items() if difference}
