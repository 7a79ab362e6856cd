"""How things are in a world, by what its tape says of them."""

from typing import Any

import msgspec

from brokers.plain.profile import PROFILE
from tests.tapes.tape import Tape
from tests.venue.exchange import Exchange
from tests.venue.faults import Faults
from tests.venue.gateway import Gateway
from tests.venue.limits import RateLimiter
from tests.venue.records import Rules
from trading.account.triggers import VENUE, BreakerRules
from trading.timestamps import parse_interval
from trading.venue.profile import RateLimit, VenueProfile


def rules_of(tape: Tape) -> Rules:
    """How the exchange does what exchanges do differently."""
    said = {name: value for name, value in tape.conditions.get("venue", {}).items() if name != "skew"}
    return msgspec.convert({name: _plain(value) for name, value in said.items()}, Rules, strict=False)


def gateway_of(tape: Tape, exchange: Exchange, faults: Faults) -> Gateway:
    """The line to it."""
    latency_ns = duration(tape.condition("line", "latency", "1ms"))
    most, _, per = tape.condition("line", "limit").partition("/")
    return Gateway(
        exchange,
        faults,
        latency_ns=lambda: latency_ns,
        heartbeat_ns=duration(tape.condition("line", "heartbeat", "2s")),
        page=int(tape.condition("line", "page", "100")),
        limiter=RateLimiter(int(most), parse_interval(per)) if most else None,
        tells_fills=not tape.condition("line", "no_fills"),
        numbers=not tape.condition("line", "no_numbers"),
    )


def profile_of(tape: Tape) -> VenueProfile:
    """What it promises."""
    said = tape.conditions.get("profile", {})
    changes: dict[str, Any] = {}
    if "blind" in said:
        changes["finds_by_id"] = False
    if "unbounded" in said:
        changes["accepted_within_ns"] = None
    if "budget" in said:
        weight, _, per = said["budget"].partition("/")
        changes["limits"] = (RateLimit(weight=int(weight), per_ns=parse_interval(per)),)
    return msgspec.structs.replace(PROFILE, **changes)


def breakers_of(tape: Tape) -> dict[str, BreakerRules]:
    """When the venue's circuit breaker opens by itself."""
    in_a_row = tape.condition("daemon", "breaker")
    return {VENUE: BreakerRules(transport_errors_in_a_row=int(in_a_row))} if in_a_row else {}


def duration(written: str) -> int:
    """Nanoseconds of what a tape says, which may be zero or below."""
    if written == "0":
        return 0
    sign = -1 if written.startswith("-") else 1
    return sign * parse_interval(written.removeprefix("-"))


def _plain(value: str) -> Any:
    """A rule's value: a duration where it is one."""
    if value == "yes":
        return True
    try:
        return parse_interval(value)
    except ValueError:
        return value
