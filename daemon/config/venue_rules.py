"""What must hold of a venue before anything is sent there."""

from collections.abc import Iterator

import msgspec

from brokers.errors import BrokerError
from brokers.plain.broker import PlainBroker
from daemon.config.problems import KeyPath
from daemon.config.settings import Settings
from daemon.config.source import Document
from daemon.config.venue_settings import PlainBrokerSettings

Breach = tuple[KeyPath, str]


def live_has_a_venue_and_paper_has_none(settings: Settings, _document: Document) -> Iterator[Breach]:
    """Two things must say that money is at stake: the mode, and a broker that reaches a venue."""
    reaches_venue = isinstance(settings.broker, PlainBrokerSettings)
    if settings.mode == "live" and not reaches_venue:
        message = f"broker {settings.broker.kind} reaches no venue and is refused in mode: live; set mode: paper"
        yield ("mode",), f"{message}, or name a venue under broker"
    if settings.mode == "paper" and reaches_venue:
        message = f"broker {settings.broker.kind} reaches a venue, which mode: paper never does"
        yield ("broker", "kind"), f"{message}; use kind: simulated, or set mode: live"


def live_hears_the_market(settings: Settings, _document: Document) -> Iterator[Breach]:
    """A venue trades now, so it takes a feed of now."""
    if settings.mode == "live" and settings.feed.kind != "live":
        yield ("feed", "kind"), f"a {settings.feed.kind} feed is not of now; mode: live needs kind: live"


def venue_takes_its_options(settings: Settings, document: Document) -> Iterator[Breach]:
    """The broker takes what the config says, and its credentials are there and hidden from others."""
    if not isinstance(settings.broker, PlainBrokerSettings):
        return
    try:
        PlainBroker(options=settings.broker.options(document.path.absolute().parent), sink=lambda _: None)
    except BrokerError as error:
        yield ("broker", "credentials"), str(error)
    except (ValueError, msgspec.ValidationError) as error:
        yield ("broker", "url"), str(error)
