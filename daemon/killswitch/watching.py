"""What is done for a daemon that hangs, from its plan."""

from daemon.check import Plan
from daemon.config.venue_settings import PlainBrokerSettings
from daemon.killswitch.wire import Watching


def watching_of(plan: Plan) -> Watching | None:
    """What its watching process is to do; None for a plan that reaches no venue."""
    broker = plan.settings.broker
    if plan.settings.mode != "live":
        return None
    assert isinstance(broker, PlainBrokerSettings), f"nobody could cancel at {broker.kind} for a daemon that hangs"
    return Watching("brokers.plain.canceller:cancel_everything", broker.options(plan.folder), broker.on_crash)
