"""What must hold of a venue before anything is sent there."""

from collections.abc import Iterator
from typing import Final

import msgspec

from brokers.errors import BrokerError
from brokers.plain.profile import PROFILE
from daemon.config.problems import KeyPath
from daemon.config.settings import Settings
from daemon.config.source import Document
from daemon.config.venue_settings import PlainBrokerSettings
from trading.timestamps import MILLISECOND, SECOND, format_interval
from trading.venue.dead_man import SHORTEST_NS

Breach = tuple[KeyPath, str]

SHORTEST_SILENCE_NS: Final = 500 * MILLISECOND
LONGEST_SILENCE_NS: Final = 30 * SECOND


def live_has_a_venue_and_paper_has_none(settings: Settings, document: Document) -> Iterator[Breach]:
    """Two things must say that money is at stake: the mode, and a broker that reaches a venue."""
    if not _is_as_written(settings, document):
        return
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


def venue_has_a_dead_man_switch(settings: Settings, _document: Document) -> Iterator[Breach]:
    """What the venue is to do without us, it must be able to do, and not before we had time to keep it from that."""
    if not isinstance(settings.broker, PlainBrokerSettings) or settings.broker.dead_man_ns is None:
        return
    kind, asked_ns, switch = settings.broker.kind, settings.broker.dead_man_ns, PROFILE.dead_man_ns
    if switch is None:
        yield ("broker", "dead_man"), f"{kind} has no dead-man switch; leave this key out"
        return
    shortest_ns, longest_ns = max(switch[0], SHORTEST_NS), switch[1]
    if not shortest_ns <= asked_ns <= longest_ns:
        bounds = f"from {format_interval(shortest_ns)} to {format_interval(longest_ns)}"
        yield ("broker", "dead_man"), f"{format_interval(asked_ns)} cannot be kept at {kind}; write a time {bounds}"


def a_hang_is_told_from_a_pause(settings: Settings, _document: Document) -> Iterator[Breach]:
    """In the shortest silence the daemon would have beaten some times; a longer one would leave its orders alone."""
    if not isinstance(settings.broker, PlainBrokerSettings):
        return
    asked_ns = settings.broker.hangs_after_ns
    if not SHORTEST_SILENCE_NS <= asked_ns <= LONGEST_SILENCE_NS:
        bounds = f"from {format_interval(SHORTEST_SILENCE_NS)} to {format_interval(LONGEST_SILENCE_NS)}"
        message = f"{format_interval(asked_ns)} tells no hang from a pause"
        yield ("broker", "hangs_after"), f"{message}; write a time {bounds}"


def venue_takes_its_options(settings: Settings, document: Document) -> Iterator[Breach]:
    """The broker takes what the config says, and its credentials are there and hidden from others."""
    if not isinstance(settings.broker, PlainBrokerSettings):
        return
    from brokers.plain.broker import PlainBroker  # noqa: PLC0415 - its client of HTTP is for those who reach a venue

    try:
        PlainBroker(options=settings.broker.options(document.path.absolute().parent), sink=lambda _: None)
    except BrokerError as error:
        yield ("broker", "credentials"), str(error)
    except (ValueError, msgspec.ValidationError) as error:
        yield ("broker", "url"), str(error)


def _is_as_written(settings: Settings, document: Document) -> bool:
    """Whether neither mode nor broker is a default that stands in for one that was wrong; that is told already."""
    if document.values.get("mode", settings.mode) != settings.mode:
        return False
    if "broker" not in document.values:
        return True
    broker = document.values["broker"]
    return isinstance(broker, dict) and broker.get("kind") == settings.broker.kind
