"""What the command line asks for beside the config: laid over the document before it is checked, so that whatever does
not fit is told like any other mistake in it, in the words of the option that it came from."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, Literal

import msgspec
import yaml

from daemon.config.feed_settings import Feed, FileFeedSettings, LiveFeedSettings, SyntheticFeedSettings
from daemon.config.problems import KeyPath, Origin, Problem, nearest
from daemon.config.settings import Settings
from daemon.config.source import Document, overlay, put
from daemon.errors import BadWindow
from daemon.research.windows import Window, split
from trading.timestamps import DAY, iso

DEFAULT_DURATION_NS: Final = 5 * DAY
"""Of synthetic data, where neither the config nor the command line says when it ends."""

Part = Literal["", "train", "test"]

_OF_BARS: Final = ("bars", "fill_empty_bars")
_COMMA: Final = re.compile(r",(?![^{}]*})")
"""Between two keys of a file, not within a mapping."""
_IS_MAPPING: Final = re.compile(r"{.*}")
_TRUTHS: Final = {"true": True, "false": False}


class Wishes(msgspec.Struct, frozen=True, kw_only=True):
    """One backtest of a config. `data` are files as `--data` names them, `settings` texts such as
    `strategies.sma.params.fast=5`. Of the strategies those named run, or all; one that is `alone` has an account of its
    own, with the capital that it is given."""

    data: tuple[str, ...] = ()
    start_ns: int | None = None
    end_ns: int | None = None
    settings: tuple[str, ...] = ()
    strategies: tuple[str, ...] = ()
    part: Part = ""
    alone: str = ""

    @property
    def start_name(self) -> str:
        """What the window's begin is set by."""
        return "feed.start" if self.start_ns is None and not self.part else "--from"

    def amend(self, document: Document) -> None:
        """Make the document of a run one of this backtest; what cannot be is among its problems afterwards."""
        own = [text for text in self.settings if text.lower().startswith("backtest.")]
        for text in own:
            _set(document, text)
        _take_its_own(document)
        for text in self.settings:
            if text not in own:
                _set(document, text)
        if self.data:
            _take_files(document, self.data)
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


def _take_files(document: Document, given: Iterable[str]) -> None:
    """Files in place of those of a feed, which otherwise stays as it is; or in place of another kind of feed, of which
    only the bars stay."""
    texts = list(given)
    files = [_file(document, text) for text in texts]
    feed = document.values.get("feed")
    if not isinstance(feed, dict) or feed.get("kind") != "file":
        bars = {key: feed[key] for key in _OF_BARS if key in feed} if isinstance(feed, dict) else {}
        put(document, ["feed"], {"kind": "file", **bars}, "--data")
    put(document, ["feed", "files"], files, "--data")
    for place, text in enumerate(texts):
        document.origins["feed", "files", place] = Origin(variable=f"--data {text}")


def _file(document: Document, text: str) -> dict[str, Any]:
    """`prices.csv,data=bars,symbol=SPY,interval=1m` as an entry of `feed.files`; the path counts from here."""
    path, *given = _COMMA.split(text)
    entry: dict[str, Any] = {"path": str(Path(path).expanduser().absolute())}
    for one in given:
        key, equals, value = one.partition("=")
        if equals:
            entry[key] = yaml.safe_load(value) if _IS_MAPPING.fullmatch(value) else _TRUTHS.get(value, value)
        else:
            _note(document, f"--data {text}", f"{one!r} is no key of a file; write key=value, such as symbol=SPY")
    instruments = document.values.get("instruments")
    if isinstance(instruments, dict) and len(instruments) == 1 and not {"symbol", "symbols"} & entry.keys():
        entry["symbol"] = next(iter(instruments))
    return entry


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
