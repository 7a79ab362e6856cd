from brokers.embedded import EmbeddedBroker, profile_of


class SimulatedBroker(EmbeddedBroker):
    """The simulated market behind the broker port."""

    name = "simulated"
    label = "simulated"
    profile = profile_of("simulated")
