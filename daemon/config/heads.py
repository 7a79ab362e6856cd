"""The beginnings of the files that a config names, and what they show: are they as described, is there enough past."""

from collections.abc import Collection, Iterator
from pathlib import Path

from daemon.config.conversion import data_file
from daemon.config.feed_settings import FileFeedSettings
from daemon.config.problems import KeyPath
from daemon.config.settings import Settings
from daemon.descriptions import Description
from daemon.errors import BadData
from daemon.feeds.file.head import Head, began, read_head
from daemon.feeds.file.layout import DataFile
from daemon.feeds.file.merge import offers_of
from trading.subscriptions import DataKind, Subscription
from trading.timestamps import format_interval, iso

Breach = tuple[KeyPath, str]


class Heads:
    """What the files of a feed begin with. `breaches` tells which of them are not as the config says; `start_name` is
    what people are told to set for another start."""

    def __init__(
        self, settings: Settings, folder: Path, unsound: Collection[KeyPath], start_name: str = "feed.start"
    ) -> None:
        self._start_name = start_name
        self.read: list[Head] = []
        self.breaches: list[Breach] = []
        self._feed = settings.feed if isinstance(settings.feed, FileFeedSettings) else None
        for place, entry in enumerate(self._feed.files if self._feed is not None else ()):
            path: KeyPath = ("feed", "files", place)
            file = data_file(entry, settings.instruments, folder)
            if file.symbols and not any(one[:3] == path for one in unsound):
                self._look_at(file, path)

    @property
    def begin_ns(self) -> int:
        """Where the first row begins."""
        return min((head.begin_ns for head in self.read if head.first), default=0)

    def too_little_past(self, described: Description, start_ns: int) -> Iterator[str]:
        """The bars that a strategy wants before the start, and that the files do not go back to."""
        for one in described.subscriptions:
            if self._feed is not None and one.kind is DataKind.BARS and one.warmup:
                yield from self._lacking(self._feed, one, start_ns)

    def _look_at(self, file: DataFile, path: KeyPath) -> None:
        assert self._feed is not None
        try:
            head = read_head(file, skip_bad_rows=self._feed.on_bad_row == "skip")
        except BadData as error:
            self.breaches.append(((*path, *(error.key or ("path",))), f"{error}; {error.mend}"))
        else:
            self.breaches += [((*path, *key), message) for key, message in head.flaws]
            self.read.append(head)

    def _lacking(self, feed: FileFeedSettings, wanted: Subscription, start_ns: int) -> Iterator[str]:
        """Bars count by whole intervals, so that the first may be cut."""
        begin_ns = self._begin_of(wanted)
        if begin_ns is None:
            return
        first, start = begin_ns // wanted.interval_ns, start_ns // wanted.interval_ns
        available = max(0, start - first)
        if available >= wanted.warmup:
            return
        bars = f"{format_interval(wanted.interval_ns)} of {wanted.symbol}"
        enough = iso((first + wanted.warmup) * wanted.interval_ns)
        if feed.start_ns is None:
            there = "feed.start is not given, so that trading begins with the first row"
        else:
            there = f"the rows begin at {iso(begin_ns)}, which gives {available}"
        mend = (
            f"set {self._start_name} to {enough} or later, add a file with earlier rows, or ask for a shorter warm-up"
        )
        yield f"warms up with {wanted.warmup} bars of {bars} before {iso(start_ns)}, and {there}; {mend}"

    def _begin_of(self, wanted: Subscription) -> int | None:
        """Where the data begins of which the bars of a subscription are made."""
        offer = offers_of([head.file for head in self.read]).get(wanted.symbol)
        if offer is None:
            return None
        brought = offer.bar_interval_ns == wanted.interval_ns
        source = DataKind.BARS if brought else offer.bars_from
        begins = [
            began(head.first[wanted.symbol])
            for head in self.read
            if head.file.data is source and wanted.symbol in head.first
        ]
        return min(begins, default=None)
