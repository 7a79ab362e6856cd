"""A market of this process behind the async port: it answers within `send`, and hears the feed through `on_event`."""

from collections.abc import Callable

from brokers.errors import NotConnected
from brokers.port import OpenOrder, ReportSink
from brokers.simulated.market import SimulatedMarket
from trading.capabilities import Capabilities
from trading.commands import WireCommand
from trading.market import AccountSnapshot, Effect
from trading.market_data import MarketEvent
from trading.reports import ExecutionReport


class EmbeddedBroker:
    """Everything but the name and label of a broker whose venue is a market here. `now_ns` times commands."""

    name: str
    label: str
    live_allowed: bool = False

    def __init__(self, market: SimulatedMarket, *, sink: ReportSink, now_ns: Callable[[], int]) -> None:
        self.market = market
        self.capabilities: Capabilities = market.capabilities
        self._sink = sink
        self._now_ns = now_ns
        self._connected = False

    async def connect(self) -> None:
        """Begin to take commands and events."""
        self._connected = True

    def on_event(self, event: MarketEvent) -> None:
        """Match the event; it is what moves this broker's venue."""
        self._deliver(self._venue().on_event(event))

    async def send(self, command: WireCommand) -> None:
        """Take one command; its reports are in the sink when this returns."""
        self._deliver(self._venue().on_command(command, self._now_ns()))

    async def open_orders(self) -> list[OpenOrder]:
        """Working orders, oldest first."""
        return [
            OpenOrder(
                cid=order.cid,
                symbol=order.terms.symbol,
                side=order.terms.side,
                quantity=order.terms.quantity,
                filled=order.filled,
                limit_price=order.terms.limit_price,
            )
            for order in self._venue().working()
        ]

    async def account(self) -> AccountSnapshot:
        """Cash and positions from the market's own books."""
        return self._venue().account()

    async def close(self) -> None:
        """Take no more; orders keep resting in the market."""
        self._connected = False

    def _venue(self) -> SimulatedMarket:
        if not self._connected:
            raise NotConnected(f"broker {self.name} ({self.label}) is not connected; await its connect() first")
        return self.market

    def _deliver(self, effects: list[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, ExecutionReport):
                self._sink(effect)
