from brokers.embedded import EmbeddedBroker, profile_of


class PassthroughBroker(EmbeddedBroker):
    """The passthrough market behind the broker port."""

    name = "passthrough"
    label = "PASSTHROUGH - fills are not realistic"
    profile = profile_of("passthrough")
