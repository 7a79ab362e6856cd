"""What is done for a daemon that hangs, from its plan."""

from daemon.check import Plan
from daemon.config.venue_settings import PlainBrokerSettings
from daemon.killswitch.wire import Watching
from trading.timestamps import SECOND


def watching_of(plan: Plan) -> Watching | None:
    """What its watching process is to do; None for a plan that reaches no venue."""
    broker = plan.settings.broker
    if plan.settings.mode != "live":
        return None
    assert isinstance(broker, PlainBrokerSettings), f"nobody could cancel at {broker.kind} for a daemon that hangs"
    return Watching(
        canceller="brokers.plain.canceller:cancel_everything",
        options=broker.options(plan.folder),
        on_crash=broker.on_crash,
        silence_seconds=broker.hangs_after_ns / SECOND,
    )
