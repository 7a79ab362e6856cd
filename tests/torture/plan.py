"""What is done in each cycle, drawn from a seed: who is killed, when, and what goes wrong on the line meanwhile.

A seed repeats the plan, not the run: where exactly a kill strikes is up to the machine.
"""

import enum
from random import Random
from typing import Final

import msgspec

STRATEGIES: Final = ("churn-a", "churn-b", "churn-c")

CAPITAL: Final = "30000"

SYMBOLS: Final = {"churn-a": "AAA", "churn-b": "BBB", "churn-c": "AAA"}

RATES: Final = {
    # Orders: how they come late or not at all, are not answered, and are filled in between.
    "place.request=lost": 0.02,
    "place.request=delay:200ms": 0.2,
    "place.request=delay:100ms": 0.5,
    "place.request=delay:30ms": 0.9,
    "place=refused": 0.01,
    "place=503": 0.02,
    "place.reply=lost": 0.04,
    "place.reply=cut": 0.02,
    "place.reply=503": 0.02,
    "place.reply=last": 0.05,
    "place.reply=delay:150ms": 0.25,
    "place.reply=delay:30ms": 0.8,
    "place.race=fill:1": 0.05,
    "cancel.request=lost": 0.02,
    "cancel.request=twice": 0.03,
    "cancel.request=delay:100ms": 0.5,
    "cancel.request=delay:30ms": 0.9,
    "cancel=503": 0.02,
    "cancel.reply=lost": 0.04,
    "cancel.reply=cut": 0.02,
    "cancel.reply=delay:50ms": 0.8,
    "cancel.race=fill": 0.15,
    "amend.request=lost": 0.02,
    "amend.request=delay:100ms": 0.5,
    "amend.request=delay:30ms": 0.9,
    "amend=503": 0.02,
    "amend.reply=lost": 0.04,
    "amend.reply=delay:50ms": 0.8,
    "amend.race=fill:1": 0.1,
    # Questions: not answered, or answered from a view that is behind.
    "find.view=absent": 0.05,
    "find.view=stale:5": 0.05,
    "find=503": 0.03,
    "find.reply=lost": 0.02,
    "open_orders.view=partial:2": 0.1,
    "open_orders.view=stale:5": 0.05,
    "open_orders=503": 0.05,
    "fills.view=partial:2": 0.1,
    "fills.view=stale:5": 0.05,
    "fills=503": 0.05,
    "account.view=partial:1": 0.1,
    "account=503": 0.05,
    "time=503": 0.05,
    # Pushes: lost, twice, late, out of order, not readable, and streams that say nothing more.
    "stream=refused": 0.03,
    "stream=freeze": 0.03,
    "order_push=drop": 0.03,
    "order_push=twice": 0.05,
    "order_push=delay:150ms": 0.05,
    "order_push=swap": 0.02,
    "order_push=garbage": 0.005,
    "order_push=cut": 0.003,
    "fill_push=drop": 0.04,
    "fill_push=twice": 0.05,
    "fill_push=delay:150ms": 0.05,
    "fill_push=swap": 0.02,
    "fill_push=garbage": 0.005,
    "heartbeat=freeze": 0.003,
}
"""What goes wrong while there is load, all of it within what docs/brokers-plain.md promises: nothing is told that is
not so, and what is not seen yet is seen within two seconds. Of two faults of one part the first that is drawn comes."""


class Victim(enum.StrEnum):
    """Who is killed."""

    DAEMON = "daemon"
    CHILD = "child"
    VENUE = "venue"
    BOTH = "daemon and venue"


_SHARES: Final = {Victim.DAEMON: 0.35, Victim.CHILD: 0.3, Victim.VENUE: 0.2, Victim.BOTH: 0.15}


class Cycle(msgspec.Struct, frozen=True, kw_only=True):
    """One kill: after so many orders of this cycle have come to the venue, and so many seconds more.

    `child` is the strategy whose process is killed, where that is the victim. `again` are the seconds after which the
    daemon is killed once more while it starts, each time anew. `down_seconds` is how long a killed venue stays away.
    """

    number: int
    victim: Victim
    child: str
    orders: int
    delay_seconds: float
    again: tuple[float, ...]
    down_seconds: float
    venue_first: bool
    faults_seed: int


def cycle_of(seed: int, number: int, attempt: int = 0) -> Cycle:
    """The cycle of a number; another `attempt` where the one before struck nothing."""
    random = Random(f"{seed}/{number}/{attempt}")
    victim = random.choices(list(_SHARES), list(_SHARES.values()))[0]
    again = [random.uniform(0.05, 1.5) for _ in range(random.choices((0, 1, 2), (0.8, 0.15, 0.05))[0])]
    return Cycle(
        number=number,
        victim=victim,
        child=random.choice(STRATEGIES),
        orders=random.randint(4, 12),
        delay_seconds=random.uniform(0, 0.4),
        again=tuple(again) if victim in (Victim.DAEMON, Victim.BOTH) else (),
        down_seconds=random.choice((0.0, random.uniform(0, 0.8))),
        venue_first=random.random() < 0.5,
        faults_seed=random.getrandbits(32),
    )
