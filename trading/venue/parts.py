"""What a session with a venue is made of, put together. The parts know each other and never the session; what a
snapshot has of one is what its parts say.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from trading.instruments import Instrument
from trading.venue.agreement import Agreement
from trading.venue.attribution import Attribution
from trading.venue.changes import Changes
from trading.venue.dead_man import DeadMan
from trading.venue.doubts import Doubts
from trading.venue.fills import Fills
from trading.venue.interventions import Interventions
from trading.venue.line import Line
from trading.venue.listings import Listings
from trading.venue.mirror import Mirror
from trading.venue.outcomes import Outcomes
from trading.venue.ownership import Ownership
from trading.venue.profile import VenueProfile
from trading.venue.progress import Progress
from trading.venue.reporter import Reporter
from trading.venue.rounds import Rounds
from trading.venue.silence import Silence
from trading.venue.sums import Sums
from trading.venue.tiers import Tiers
from trading.venue.transport import Transport


class Parts:
    """The parts of one session."""

    def __init__(
        self,
        *,
        profile: VenueProfile,
        instruments: Mapping[str, Instrument],
        strategies: Iterable[str],
        tiers: Tiers,
        tolerances: Mapping[str, Decimal],
    ) -> None:
        self.line = line = Line(profile)
        self.mirror = Mirror()
        self.ownership = ownership = Ownership(strategies, instruments)
        self.changes = changes = Changes(line)
        self.agreement = agreement = Agreement(line=line, instruments=instruments, tolerances=tolerances)
        reporter = Reporter(line, ownership)
        self.progress = progress = Progress(line=line, changes=changes, agreement=agreement, reporter=reporter)
        self.doubts = doubts = Doubts(line=line, progress=progress, agreement=agreement)
        sums = Sums(ownership, reporter)
        fills = Fills(line=line, progress=progress, changes=changes, agreement=agreement, reporter=reporter, sums=sums)
        self.rounds = rounds = Rounds(tiers=tiers, line=line, agreement=agreement)
        self.silence = Silence(tiers=tiers, line=line, progress=progress)
        self.transport = Transport(line, agreement)
        self.attribution = Attribution(
            line=line,
            ownership=ownership,
            progress=progress,
            fills=fills,
            doubts=doubts,
            agreement=agreement,
            rounds=rounds,
        )
        self.listings = Listings(
            line=line,
            progress=progress,
            fills=fills,
            doubts=doubts,
            agreement=agreement,
            attribution=self.attribution,
            mirror=self.mirror,
            rounds=rounds,
        )
        self.interventions = Interventions(
            line=line,
            ownership=ownership,
            progress=progress,
            sums=sums,
            doubts=doubts,
            foreign=self.attribution.foreign,
            agreement=agreement,
        )
        self.dead_man = DeadMan(line, agreement)
        self.outcomes = Outcomes(line=line, progress=progress, changes=changes, rounds=rounds, dead_man=self.dead_man)

    def state(self) -> dict[str, Any]:
        """Everything that `restore` needs."""
        return {
            "requests": self.line.requests.state(),
            "progress": self.progress.state(),
            "changes": self.changes.state(),
            "doubts": self.doubts.state(),
            "offset_ns": self.line.offset_ns,
            "mirror": self.mirror.state(),
            "agreement": self.agreement.state(),
            "probes": self.transport.state(),
            "dead_man": self.dead_man.state(),
            **self.attribution.state(),
            **self.listings.state(),
            **self.rounds.state(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Become the parts that gave this state."""
        self.line.requests.restore(state["requests"])
        self.progress.restore(state["progress"])
        self.changes.restore(state["changes"])
        self.doubts.restore(state["doubts"])
        self.line.offset_ns = state["offset_ns"]
        self.mirror.restore(state["mirror"])
        self.agreement.restore(state["agreement"])
        self.transport.restore(state["probes"])
        self.dead_man.restore(state["dead_man"])
        self.attribution.restore(state)
        self.listings.restore(state)
        self.rounds.restore(state)
