"""What a replay stands on beside the journal: the config, for where the data comes from and how the market decides.

Fleet, capital, parameters and limits are the journal's; a config that differs in what the journal is the truth for is
refused, and what else it has otherwise is told.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn

import msgspec

from daemon.assembly import house_of, make_feed, make_health, make_market, make_session
from daemon.check import Plan, check_for_replay
from daemon.config.conversion import offers
from daemon.config.feed_settings import LiveFeedSettings
from daemon.config.venue_settings import PlainBrokerSettings
from daemon.errors import ChangeRefused, DaemonError
from daemon.feeds.port import HistoricalFeed, Publish
from daemon.fleet import Fleet, change
from daemon.floor import FloorMarket
from daemon.history import refuse_other_tape
from daemon.live.tape import LiveTape
from daemon.processes import Processes
from daemon.research.replay.same_fleet import OF_THE_MARKET, other_fleet
from daemon.research.replay.script import Place, Script
from trading.sequencer import Offer
from trading.timestamps import iso

CONFIG_NAME: Final = "config.yaml"
_AS_IT_WAS: Final = (
    "give the config as it was: -c CONFIG; a replay repeats what was done with it, and tries no other; `backtest` does"
)
_OTHER_DATA: Final = "put the data back as it was, or name the config that the state was traded with: -c CONFIG"


def find_config(named: Path | None, state: Path, folders: list[str]) -> Path:
    """The config that was named, else the one beside the state, else the one in a folder that the journal knows;
    DaemonError where there is none."""
    if named is not None:
        return named
    beside, known = state.parent / CONFIG_NAME, [Path(one) / CONFIG_NAME for one in dict.fromkeys(folders)]
    found = next((path for path in (beside, *known) if path.is_file()), None)
    if found is None:
        raise DaemonError(
            f"there is no config of the state {state}: {_looked_at(beside, known)}",
            mend="the journal does not have its name; give the config that it was traded with: -c CONFIG",
        )
    return found


def _looked_at(beside: Path, known: list[Path]) -> str:
    """Where a config was looked for, beside a state and where the journal has it; that may be the same place."""
    of_journal = "the folder that the journal has of it"
    told = [f"no {beside}, beside the state{f' and in {of_journal}' if beside in known else ''}"]
    told += [f"no {path}, in {of_journal}" for path in known if path != beside]
    return ", and ".join(told)


class JournaledFeed:
    """A live feed of which only the tape is left: what it brought is in the journal."""

    kind: Final = "live"

    def __init__(self, offered: Mapping[str, Offer]) -> None:
        self.offers = offered

    def reference(self) -> dict[str, Any]:
        """Nothing that its tape would be read again by."""
        return {}

    async def run(self, _publish: Publish) -> NoReturn:
        """It brings nothing more."""
        raise AssertionError("the tape of a live feed is in the journal")


@dataclass(frozen=True, kw_only=True)
class Ground:
    """Makes feeds and markets as they were."""

    plan: Plan

    def make_feed(self, start_ns: int) -> HistoricalFeed:
        """The feed at its beginning; of a live one, which began then, what is known of it."""
        settings = self.plan.settings.feed
        if not isinstance(settings, LiveFeedSettings):
            return make_feed(self.plan)
        feed = JournaledFeed(offers(settings, self.plan.instruments))
        return LiveTape(feed, start_ns, health=make_health(self.plan, feed))

    def make_market(self, feed: HistoricalFeed, fleet: Fleet) -> FloorMarket:
        """An empty market, or a session with the venue, of a fleet."""
        broker = self.plan.settings.broker
        if isinstance(broker, PlainBrokerSettings):
            return make_session(self.plan, broker, [entry.id for entry in fleet.strategies])
        return make_market(self.plan, feed)


def ground_of(
    config: Path, script: Script, environ: Mapping[str, str], processes: Processes, strategy: str = ""
) -> Ground:
    """What a config gives for a journal, or for one strategy of it; ChangeRefused where it is not that of one of its
    lives, ConfigProblems where it cannot be used."""
    plan = check_for_replay(config, environ, processes, opened_ns=script.opened_ns)
    refused = change(_bare(script.places[-1].fleet), _bare(house_of(plan))).refused
    refused += other_fleet(plan, script.fleets, strategy)
    if refused:
        told = "; ".join(dict.fromkeys(refused))
        raise ChangeRefused(f"{config} differs from what the journal holds: {told}", mend=_AS_IT_WAS)
    if not isinstance(plan.settings.feed, LiveFeedSettings):
        refuse_other_tape(script.tape, make_feed(plan).reference(), _OTHER_DATA)
    elif not script.has_live_tape:
        refuse_other_tape(script.tape, {"kind": "live"}, _OTHER_DATA)
    return Ground(plan=plan)


def other_markets(ground: Ground, places: Iterable[Place]) -> Iterator[str]:
    """What the config says of the market otherwise than the journal does, and of which of some places on."""
    house, told = house_of(ground.plan), list[str]()
    for place in places:
        altered = change(_bare(place.fleet), _bare(house)).altered
        if altered and altered != told and (place.is_turn or not told):
            since = iso(place.ts_ns) if place.ts_ns else "its beginning"
            yield f"the market is not what it was from {since} on: {'; '.join(altered)}"
        told = altered


def _bare(fleet: Fleet) -> Fleet:
    """A fleet without strategies, and of what may change with that alone which the market goes by."""
    kept = {key: text for key, text in fleet.changeable.items() if key.startswith(OF_THE_MARKET)}
    return msgspec.structs.replace(fleet, strategies=[], changeable=kept)
