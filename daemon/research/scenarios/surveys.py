"""Files looked through once for all scenarios that trade on them, and known again by who has to read them.

A scenario's own window is hardly ever the whole of a file, but whether a file can be traded on only the whole of it
tells. A worker that finds it as it was does not look again.
"""

from pathlib import Path
from threading import Lock

import msgspec

from daemon.assembly import make_feed
from daemon.check import Plan
from daemon.errors import BadData
from daemon.feeds.file.feed import FileFeed
from daemon.research.data_handler import Surveyed, nothing_in, survey
from trading.timestamps import LAST_NS


class Seen(msgspec.Struct, frozen=True):
    """A file as it was when it was looked through."""

    path: str
    size: int
    changed_ns: int


class Looked(msgspec.Struct, frozen=True):
    """Files that were looked through, and what was found."""

    files: list[Seen]
    surveyed: Surveyed


class Surveys:
    """Looks through the files of plans, each set of them once; for several threads, one at a time. `texts` say what is
    in them."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._looked: dict[str, Looked] = {}
        self._refused: dict[str, tuple[int, BadData]] = {}
        self._lock = Lock()

    def of(self, plan: Plan) -> Looked | None:
        """The files of a plan, looked through; None of a feed that has none. BadData where they cannot be traded on,
        BadWindow where all that they have is outside of the window."""
        feed = make_feed(plan)
        if not isinstance(feed, FileFeed):
            return None
        key = repr((feed.files, feed.skips_bad_rows))
        with self._lock:
            looked = self._looked.get(key)
            if looked is None or looked.surveyed.latest_ns < feed.start_ns:
                looked = self._survey(feed, key)
        if feed.end_ns is not None and feed.end_ns <= looked.surveyed.earliest_ns:
            raise nothing_in(feed, looked.surveyed)
        return looked

    def _survey(self, feed: FileFeed, key: str) -> Looked:
        """What is refused from one start on is so from every later one."""
        start_ns, error = self._refused.get(key, (LAST_NS, None))
        if error is not None and feed.start_ns >= start_ns:
            raise BadData(str(error), mend=error.mend)
        seen = [_seen(file.path) for file in feed.files]
        try:
            surveyed = survey(feed)
        except BadData as refusal:
            self._refused[key] = feed.start_ns, refusal
            raise
        looked = self._looked[key] = Looked(seen, surveyed)
        self.texts += surveyed.texts
        return looked


def still(looked: Looked | None) -> Surveyed | None:
    """What was found in files, where all of them are as they were then."""
    try:
        are_as_seen = looked is not None and all(_seen(Path(one.path)) == one for one in looked.files)
    except BadData:
        return None
    return looked.surveyed if looked is not None and are_as_seen else None


def _seen(path: Path) -> Seen:
    try:
        found = path.stat()
    except OSError as error:
        raise BadData(f"{path}: cannot be read: {error.strerror}", mend="check the path")
    return Seen(str(path), found.st_size, found.st_mtime_ns)
