"""A machine whose daemon trades at a venue in memory: real session, courier, line and journal, and the tests' exchange;
only its sockets are missing."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from brokers.plain.broker import PlainBroker
from brokers.port import MessageSink
from daemon.check import Plan
from tests.simulation.clock import SimulatedClock
from tests.simulation.live_world import Day, LiveWorld
from tests.venue.exchange import Exchange
from tests.venue.gateway import Gateway
from tests.venue.inprocess import InProcessVenue
from tests.venue.records import Listing
from trading.market_data import Quote
from trading.timestamps import MILLISECOND
from trading.venue.messages import Request

HEAD = """
mode: live
account: {currency: USD, cash: "100000"}
feed:
  kind: live
  adapter: "tests.simulation.live_feed:ScriptedFeed"
  options: {script: today}
  bar_grace: 100ms
  symbols: {AAA: {quotes: true, trades: true}, BBB: {quotes: true, trades: true}}
broker: {kind: plain, url: "http://127.0.0.1:1", credentials: credentials.json}
instruments:
  AAA: {kind: equity, tick_size: "0.01", lot_size: "1"}
  BBB: {kind: equity, tick_size: "0.01", lot_size: "1"}
risk: {max_order_notional: "50000", max_exposure_equity_share: "1", max_daily_loss_notional: "50000", self_trade: allow}
journal: {snapshot_every_events: 150}
strategies:
"""


def write_credentials(folder: Path) -> None:
    """A key that nobody asks for."""
    file = folder / "credentials.json"
    file.write_text('{"key": "k", "secret": "a secret of the tests"}')
    file.chmod(0o600)


class LineInMemory:
    """The plain broker without its sockets, for one life."""

    name = label = account = "memory"
    live_allowed = True
    capabilities = PlainBroker.capabilities
    profile = PlainBroker.profile

    def __init__(self, gateway: Gateway, clock: SimulatedClock, sink: MessageSink) -> None:
        self._venue = InProcessVenue(gateway)
        self._clock = clock
        self._sink = sink

    async def connect(self) -> None:
        self._venue.connect(self._clock.wall_ns())

    async def perform(self, request: Request) -> None:
        self._venue.perform(request, self._clock.wall_ns())
        self.hear()

    async def close(self) -> None:
        self._venue.close()

    def hear(self) -> None:
        """Whatever the venue has said by now."""
        for message in self._venue.advance(self._clock.wall_ns()):
            self._sink(message)


class VenueWorld(LiveWorld):
    """A machine and a venue; whatever befalls the machine, the venue goes on."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        super().__init__(plan, folder)
        self.exchange = Exchange([Listing(symbol="AAA"), Listing(symbol="BBB")])
        self.exchange.deposit("USD", "100000")
        self._gateway = Gateway(self.exchange)
        self._line: LineInMemory
        self._cents = {"AAA": 10_000, "BBB": 5_000}

    @contextmanager
    def at_venue(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        """Let lives reach the venue meanwhile."""

        def make(_plan: Plan, sink: MessageSink) -> LineInMemory:
            self._line = LineInMemory(self._gateway, self.clock, sink)
            return self._line

        with monkeypatch.context() as patched:
            patched.setattr("daemon.shells.make_broker", make)
            yield

    async def trades(self, day: Day, events: int, every_ns: int = 250 * MILLISECOND) -> None:
        """So many quotes of both symbols, at which the venue trades too; all hear everything, the venue as well."""
        for _ in range(events):
            await day.clock.advance(every_ns)
            symbol, now_ns = day.random.choice(list(self._cents)), day.clock.wall_ns()
            cents = self._cents[symbol] = self._cents[symbol] + day.random.randint(-3, 3)
            self.exchange.quote(symbol, f"{cents / 100:.2f}", f"{(cents + 1) / 100:.2f}", now_ns)
            day.bring(Quote(symbol, now_ns, cents / 100, (cents + 1) / 100, 5.0, 5.0))
            self._line.hear()
            await day.all_heard()
            self._line.hear()
