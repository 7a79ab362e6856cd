from brokers.embedded import EmbeddedBroker


class SimulatedBroker(EmbeddedBroker):
    """The simulated market behind the broker port."""

    name = "simulated"
    label = "simulated"
