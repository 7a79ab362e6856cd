"""Brokers by their kind in the config, and the one that reaches a venue."""

from collections.abc import Mapping
from typing import Final

from brokers.passthrough.broker import PassthroughBroker
from brokers.plain.broker import PlainBroker
from brokers.port import Broker, MessageSink, require_live_allowed
from brokers.simulated.broker import SimulatedBroker
from daemon.check import Plan
from daemon.config.venue_settings import PlainBrokerSettings

BROKERS: Final[Mapping[str, type[Broker]]] = {
    "simulated": SimulatedBroker,
    "passthrough": PassthroughBroker,
    "plain": PlainBroker,
}


def make_broker(plan: Plan, sink: MessageSink) -> Broker:
    """The broker of a venue, not connected yet."""
    settings = plan.settings.broker
    assert plan.settings.mode == "live", "nothing but mode: live makes a broker that reaches a venue"
    assert isinstance(settings, PlainBrokerSettings), f"broker {settings.kind} reaches no venue"
    broker = PlainBroker(options=settings.options(plan.folder), sink=sink)
    require_live_allowed(broker)
    return broker
