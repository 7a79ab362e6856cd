"""A live feed whose events come when a test's script brings them."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from daemon.clock import Clock
from daemon.feeds.port import Publish
from trading.sequencer import Offer

Script = Callable[[Publish], Awaitable[None]]

SCRIPTS: Final[dict[str, Script]] = {}
"""What the feeds of the life to come do, by the name that their options give."""


class ScriptedFeed:
    """Runs its script, and has ended when that has."""

    kind: Final = "scripted"

    def __init__(self, *, offers: Mapping[str, Offer], options: Mapping[str, Any], clock: Clock) -> None:
        self.offers = offers
        self._script = options["script"]

    def reference(self) -> dict[str, Any]:
        """Always the same: whatever comes, it is the same feed."""
        return {"kind": self.kind}

    async def run(self, publish: Publish) -> None:
        """Let the script publish."""
        await SCRIPTS[self._script](publish)
