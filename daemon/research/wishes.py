"""What the command line asks for beside the config: laid over the document before it is checked, so that whatever does
not fit is told like any other mistake in it, in the words of the option that it came from."""

from collections.abc import Iterable
from typing import Final, Literal

import msgspec

from daemon.config.feed_settings import Feed, FileFeedSettings, LiveFeedSettings, SyntheticFeedSettings
from daemon.config.problems import KeyPath, Problem, nearest
from daemon.config.settings import Settings
from daemon.config.source import Document, overlay, put
from daemon.errors import BadWindow
from daemon.research.given_data import take_data
from daemon.research.windows import Window, split
from trading.timestamps import DAY, iso

DEFAULT_DURATION_NS: Final = 5 * DAY
"""Of synthetic data, where neither the config nor the command line says when it ends."""

Part = Literal["", "train", "test"]


class Wishes(msgspec.Struct, frozen=True, kw_only=True):
    """One backtest of a config. `data` are files and catalogues as `--data` names them, `settings` texts such as
    `strategies.sma.params.fast=5`. Of the strategies those named run, or all; one that is `alone` has an account of its
    own, with the capital that it is given. It ends after `max_events`, where that is given."""

    data: tuple[str, ...] = ()
    start_ns: int | None = None
    end_ns: int | None = None
    settings: tuple[str, ...] = ()
    strategies: tuple[str, ...] = ()
    part: Part = ""
    alone: str = ""
    max_events: int | None = None

    @property
    def start_name(self) -> str:
        """What the window's begin is set by."""
        return "feed.start" if self.start_ns is None and not self.part else "--from"

    def amend(self, document: Document) -> None:
        """Make the document of a run one of this backtest; what cannot be is among its problems afterwards."""
        own = [text for text in self.settings if text.lower().startswith("backtest.")]
        for text in own:
            _set(document, text)
        if self.max_events is not None:
            put(document, ["backtest", "max_events"], self.max_events, "--max-events")
        _take_its_own(document)
        for text in self.settings:
            if text not in own:
                _set(document, text)
        if self.data:
            take_data(document, self.data, self.end_ns)
        _leave_the_venue(document)
        if self.strategies:
            _take_strategies(document, self.strategies, "--strategy")
        if self.alone:
            _take_strategies(document, (self.alone,), "--separate")
            _give_all_to(document, self.alone)

    def narrow(self, settings: Settings) -> Settings:
        """Settings whose feed has the window that is asked for; BadWindow where that is none."""
        feed = settings.feed
        if isinstance(feed, LiveFeedSettings):  # which is among the problems already
            return settings
        start_ns = feed.start_ns if self.start_ns is None else self.start_ns
        end_ns = _end_of(feed, start_ns) if self.end_ns is None else self.end_ns
        if start_ns is not None and end_ns is not None and end_ns <= start_ns:
            if self.start_ns is None and self.end_ns is None:
                return settings  # a rule tells where in the config it stands
            raise self._empty(feed, start_ns, end_ns)
        if self.part:
            start_ns, end_ns = _part_of(settings, self.part, start_ns, end_ns)
        if not isinstance(feed, SyntheticFeedSettings):
            return _with_feed(settings, start_ns=start_ns, end_ns=end_ns)
        assert start_ns is not None, "made-up data has a begin"
        assert end_ns is not None, "and an end"
        origin_ns = feed.start_ns if feed.origin_ns is None else feed.origin_ns
        return _with_feed(
            settings, start_ns=start_ns, duration_ns=end_ns - start_ns, origin_ns=min(origin_ns, start_ns)
        )

    def _empty(self, feed: Feed, start_ns: int, end_ns: int) -> BadWindow:
        ends = "feed.end" if isinstance(feed, FileFeedSettings) else "feed.start and feed.duration"
        begins, ends = self.start_name, ends if self.end_ns is None else "--to"
        return BadWindow(
            f"the window is empty: it begins {iso(start_ns)}, by {begins}, and ends {iso(end_ns)}, by {ends}",
            mend="set an earlier --from or a later --to",
        )


def _take_its_own(document: Document) -> None:
    """What `backtest` names is used in place of what a run has."""
    own = document.values.get("backtest")
    for key in ("feed", "broker"):
        if isinstance(own, dict) and own.get(key) is not None:
            document.values[key] = own.pop(key)
            _move(document, ("backtest", key), (key,))


def _leave_the_venue(document: Document) -> None:
    """A backtest is on paper, on data that can be read again, and its orders go to a market that is simulated."""
    document.values.pop("mode", None)
    if _kind(document, "feed") == "live":
        message = "has no past; name files with --data, or another feed under `backtest.feed`"
        document.problems.append(document.problem(("feed", "kind"), message))
    if _kind(document, "broker") == "plain":
        message = "is a venue; say under `backtest.broker` what its market charges, such as {kind: simulated}"
        document.problems.append(document.problem(("broker", "kind"), message))
        document.values["broker"] = {"kind": "simulated"}


def _set(document: Document, text: str) -> None:
    name, equals, value = text.partition("=")
    if not equals or not all(name.split(".")):
        _note(document, f"--set {text}", "is no setting; write key=value, such as strategies.sma.params.fast=5")
    elif name.lower() == "mode":
        _note(document, f"--set {text}", "a backtest reaches no venue, whatever the mode; leave it out")
    else:
        overlay(document, f"--set {text}", name.split("."), value)


def _take_strategies(document: Document, wanted: Iterable[str], option: str) -> None:
    entries = document.values.get("strategies")
    entries = entries if isinstance(entries, list) else []
    ids = {entry.get("id"): place for place, entry in enumerate(entries) if isinstance(entry, dict)}
    known = {strategy: place for strategy, place in ids.items() if isinstance(strategy, str)}
    for strategy in wanted:
        if strategy not in known:
            message = f"there is no such strategy; there are {', '.join(known) or 'none'}{nearest(strategy, known)}"
            _note(document, f"{option} {strategy}", message)
    places = [place for strategy, place in known.items() if strategy in wanted]
    document.values["strategies"] = [entries[place] for place in places]
    for new, old in enumerate(places):
        _move(document, ("strategies", old), ("strategies", new))


def _give_all_to(document: Document, strategy: str) -> None:
    """An account of its own has what the strategy is given, and nothing beside."""
    account, entries = document.values.get("account"), document.values["strategies"]
    if isinstance(account, dict) and entries and "capital" in entries[0]:
        put(document, ["account", "cash"], entries[0]["capital"], f"--separate {strategy}")


def _end_of(feed: SyntheticFeedSettings | FileFeedSettings, start_ns: int | None) -> int | None:
    if isinstance(feed, FileFeedSettings):
        return feed.end_ns
    if feed.duration_ns is None:
        return (feed.start_ns if start_ns is None else start_ns) + DEFAULT_DURATION_NS
    return feed.start_ns + feed.duration_ns


def _part_of(settings: Settings, part: Part, start_ns: int | None, end_ns: int | None) -> Window:
    asked = settings.backtest.split
    if asked is None:
        raise BadWindow(
            f"--part {part}: the config has no backtest.split",
            mend="write one under backtest, such as split: {train: 0.7, embargo: 1d}",
        )
    if start_ns is None or end_ns is None:
        lacks = " and no ".join(name for name, ns in (("begin", start_ns), ("end", end_ns)) if ns is None)
        raise BadWindow(
            f"--part {part}: the window is open, as it has no {lacks}",
            mend="name both ends, with --from and --to or with feed.start and feed.end",
        )
    try:
        parts = split(Window(start_ns, end_ns), asked.train, asked.embargo_ns or 0)
    except ValueError as error:
        raise BadWindow(f"--part {part}: {error}", mend="make the window longer, or the embargo shorter") from error
    return parts.train if part == "train" else parts.test


def _with_feed(settings: Settings, **changes: int | None) -> Settings:
    return settings.model_copy(update={"feed": settings.feed.model_copy(update=changes)})


def _move(document: Document, source: KeyPath, target: KeyPath) -> None:
    """Let problems of what was moved be told where it was written."""
    if source == target:
        return
    for path in [path for path in document.origins if path[: len(target)] == target]:
        del document.origins[path]
    moved = {path: origin for path, origin in document.origins.items() if path[: len(source)] == source}
    document.origins.update({(*target, *path[len(source) :]): origin for path, origin in moved.items()})


def _kind(document: Document, section: str) -> object:
    value = document.values.get(section)
    return value.get("kind") if isinstance(value, dict) else None


def _note(document: Document, option: str, message: str) -> None:
    document.problems.append(Problem(path=(), variable=option, message=message))
