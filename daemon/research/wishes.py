"""What the command line asks for beside the config: laid over the document before it is checked, so that whatever does
not fit is told like any other mistake in it, in the words of the option that it came from."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from daemon.config.feed_settings import LiveFeedSettings, SyntheticFeedSettings
from daemon.config.problems import KeyPath, Problem, nearest
from daemon.config.settings import Settings
from daemon.config.source import Document, overlay, put
from daemon.errors import BadWindow
from daemon.research.windows import Window, split
from trading.timestamps import DAY, iso

DEFAULT_DURATION_NS: Final = 5 * DAY
"""Of synthetic data, where neither the config nor the command line says when it ends."""

Part = Literal["", "train", "test"]


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

    def amend(self, document: Document) -> None:
        """Make the document of a run one of this backtest; what cannot be is among its problems afterwards."""
        _leave_the_venue(document)
        for text in self.settings:
            _set(document, text)
        if self.data:
            files = [_file(document, text) for text in self.data]
            put(document, ["feed"], {"kind": "file", "files": files}, "--data")
        if _kind(document, "feed") == "live":
            message = "has no past; name files with --data, or another feed under `backtest.feed`"
            document.problems.append(document.problem(("feed", "kind"), message))
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
        end_ns = _end_of(feed) if self.end_ns is None else self.end_ns
        if start_ns is not None and end_ns is not None and end_ns <= start_ns:
            what = f"the window begins {iso(start_ns)} and ends {iso(end_ns)}"
            raise BadWindow(what, mend="set an earlier --from or a later --to")
        if self.part:
            start_ns, end_ns = _part_of(settings, self.part, start_ns, end_ns)
        if isinstance(feed, SyntheticFeedSettings) and start_ns is not None and end_ns is not None:
            return _with_feed(settings, start_ns=start_ns, duration_ns=end_ns - start_ns)
        return _with_feed(settings, start_ns=start_ns, end_ns=end_ns)


def _leave_the_venue(document: Document) -> None:
    """A backtest is on paper, on data that can be read again, and its orders go to a market that is simulated."""
    own = document.values.get("backtest")
    for key in ("feed", "broker"):
        if isinstance(own, dict) and own.get(key) is not None:
            document.values[key] = own[key]
            _move(document, ("backtest", key), (key,))
    document.values.pop("mode", None)
    if _kind(document, "broker") == "plain":
        message = "is a venue; say under `backtest.broker` what its market charges, such as {kind: simulated}"
        document.problems.append(document.problem(("broker", "kind"), message))


def _set(document: Document, text: str) -> None:
    name, equals, value = text.partition("=")
    if equals and all(name.split(".")):
        overlay(document, f"--set {text}", name.split("."), value)
    else:
        _note(document, f"--set {text}", "is no setting; write key=value, such as strategies.sma.params.fast=5")


def _file(document: Document, text: str) -> dict[str, Any]:
    """`prices.csv,data=bars,symbol=SPY,interval=1m` as an entry of `feed.files`; the path counts from here."""
    path, *given = text.split(",")
    entry: dict[str, Any] = {"path": str(Path(path).expanduser().absolute())}
    for one in given:
        key, equals, value = one.partition("=")
        if not equals:
            _note(document, f"--data {text}", f"{one!r} is no key of a file; write key=value, such as symbol=SPY")
        entry[key] = {"true": True, "false": False}.get(value, value)
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


def _end_of(feed: Any) -> int | None:
    if isinstance(feed, SyntheticFeedSettings):
        return feed.start_ns + (feed.duration_ns or DEFAULT_DURATION_NS)
    end_ns: int | None = feed.end_ns
    return end_ns


def _part_of(settings: Settings, part: Part, start_ns: int | None, end_ns: int | None) -> Window:
    asked = settings.backtest.split
    if asked is None:
        raise BadWindow(
            f"--part {part}: the config has no backtest.split", mend="write one, such as {train: 0.7, embargo: 1d}"
        )
    if start_ns is None or end_ns is None:
        raise BadWindow(f"--part {part}: the window is open", mend="name both ends, with --from and --to")
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
