from brokers.embedded import EmbeddedBroker


class PassthroughBroker(EmbeddedBroker):
    """The passthrough market behind the broker port."""

    name = "passthrough"
    label = "PASSTHROUGH - fills are not realistic"
