"""Looking at a configuration before anything happens: a plan that can be run, or every problem at once."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from brokers.simulated.entitlements import AccountTerms, Rollovers
from daemon.clock import SystemClock
from daemon.config.account_conversion import account_terms, rollovers
from daemon.config.account_settings import by_currency
from daemon.config.calendar_conversion import sessions_of
from daemon.config.cautions import cautions
from daemon.config.conversion import instruments, offers
from daemon.config.heads import Heads
from daemon.config.holding_files import HoldingFiles
from daemon.config.holding_rules import expiries_are_to_come, is_in_place
from daemon.config.market_rules import sizes_are_brought
from daemon.config.problems import ConfigProblems, KeyPath, Problem, nearest
from daemon.config.reading import Reading, read_settings
from daemon.config.rules import Breach, bars_that_cannot_be, breaches
from daemon.config.settings import Settings
from daemon.config.source import Document, names, read_document, resolve_state
from daemon.descriptions import Answer, Description, Entry, Request, Undescribed, describe, start_request
from daemon.feeds.file.head import Head
from daemon.processes import Processes
from trading.instruments import Instrument
from trading.sequencer import Offer
from trading.sessions import Sessions
from trading.subscriptions import DataKind


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything that a run needs to know. Paths are absolute; descriptions stand in the order of the strategies.

    A live feed's `start_ns` is 0. `sessions` are by symbol. `heads` are what the files of a feed begin with. `cautions`
    say what can be and is hardly meant. `text` is the file as it was read.
    """

    config: Path
    folder: Path
    state: Path
    settings: Settings
    instruments: Mapping[str, Instrument]
    sessions: Mapping[str, Sessions]
    terms: AccountTerms
    rollovers: Rollovers
    descriptions: tuple[Description, ...]
    start_ns: int
    heads: tuple[Head, ...]
    text: str
    cautions: tuple[Problem, ...] = ()


class Amendment(Protocol):
    """What is asked for beside a configuration, and laid over it before anything is looked at."""

    @property
    def start_name(self) -> str:
        """What the begin of the feed's time is set by."""

    def amend(self, document: Document) -> None:
        """Change what is written; what cannot be is among the document's problems afterwards."""

    def narrow(self, settings: Settings) -> Settings:
        """The settings with a window of the feed's time; DaemonError where there is none."""


def check(path: Path, environ: Mapping[str, str], processes: Processes, amendment: Amendment | None = None) -> Plan:
    """The plan of a configuration file; ConfigProblems with everything that is wrong in it.

    Waits for the process that imports the strategies, so it is called before the event loop runs, or in a thread.
    """
    return check_document(read_document(path, environ, Settings.model_fields), environ, processes, amendment)


def check_document(
    document: Document, environ: Mapping[str, str], processes: Processes, amendment: Amendment | None = None
) -> Plan:
    """The same of what is read already; the document is amended in its place."""
    return _plan(document, environ, processes, amendment=amendment)


def check_for_replay(path: Path, environ: Mapping[str, str], processes: Processes, *, opened_ns: int) -> Plan:
    """The plan of what was opened at a time, so far as data and market go; ConfigProblems as from `check`.

    No code of strategies or of an adapter is imported, no credentials are looked at, and there are no descriptions.
    """
    return _plan(read_document(path, environ, Settings.model_fields), environ, processes, opened_ns=opened_ns)


def _plan(
    document: Document,
    environ: Mapping[str, str],
    processes: Processes,
    *,
    amendment: Amendment | None = None,
    opened_ns: int | None = None,
) -> Plan:
    path = document.path
    if amendment is not None:
        amendment.amend(document)
    reading = read_settings(document)
    if amendment is not None and reading.settings is not None and not reading.problems:
        reading = replace(reading, settings=amendment.narrow(reading.settings))
    is_to_run = opened_ns is None
    breached = list(breaches(reading, of_a_run=is_to_run))
    problems = [problem for problem in reading.problems if is_in_place(problem.path, document)]
    problems += [reading.problem(*breach) for breach in breached]
    settings, folder = reading.settings, path.absolute().parent
    if settings is None:
        raise ConfigProblems(path, problems)
    made = instruments(settings)
    unsound = [place for place, _ in breached]
    start_name = "feed.start" if amendment is None else amendment.start_name
    heads, files = Heads(settings, folder, unsound, start_name), HoldingFiles(settings, folder, unsound)
    start_ns = _start_of(settings, heads)
    sessions, without_sessions = sessions_of(
        settings,
        begin_ns=start_ns or opened_ns or SystemClock().wall_ns(),
        unsound=unsound,
        processes=processes,
        environ=environ,
    )
    answers = describe(_request(settings, folder, made, start_ns), processes, environ) if is_to_run else []
    told = [
        *heads.breaches,
        *sizes_are_brought(settings, heads.read),
        *without_sessions,
        *files.breaches,
        *expiries_are_to_come(settings, start_ns),
        *_told(answers, settings, reading),
        *_too_little_past(answers, heads, start_ns),
    ]
    problems += [reading.problem(*breach) for breach in told]
    if problems:
        raise ConfigProblems(path, problems)
    return Plan(
        config=path.absolute(),
        folder=folder,
        state=resolve_state(document, settings.state),
        settings=settings,
        instruments=made,
        sessions=sessions,
        terms=account_terms(settings, files),
        rollovers=rollovers(settings.account.rollover),
        descriptions=tuple(answer for answer in answers if isinstance(answer, Description)),
        start_ns=start_ns,
        heads=tuple(heads.read),
        text=document.text,
        cautions=tuple(reading.problem(*caution) for caution in cautions(settings, files, start_ns)),
    )


def _start_of(settings: Settings, heads: Heads) -> int:
    """The time of a feed's beginning: as the config says, else of the first row of its files."""
    if settings.feed.kind == "live":
        return 0
    return heads.begin_ns if settings.feed.start_ns is None else settings.feed.start_ns


def _request(settings: Settings, folder: Path, made: Mapping[str, Instrument], start_ns: int) -> Request:
    return start_request(
        folder,
        start_ns,
        made,
        [
            Entry(
                id=strategy.id,
                reference=strategy.reference,
                params=strategy.params,
                capital=by_currency(strategy.capital, settings.account.currency),
                timeframe_ns=strategy.timeframe_ns or settings.feed.bars_ns,
                warmup=strategy.warmup,
            )
            for strategy in settings.strategies
        ],
    )


def _told(answers: list[Answer], settings: Settings, reading: Reading) -> Iterator[Breach]:
    """What the strategies' descriptions show to be wrong."""
    known = names(reading.document, "instruments")
    for place, answer in enumerate(answers):
        path: KeyPath = ("strategies", place)
        if isinstance(answer, Undescribed):
            yield from (((*path, *flaw.path), flaw.message) for flaw in answer.flaws)
            continue
        for symbol in dict.fromkeys(one.symbol for one in answer.subscriptions):
            if symbol not in known:
                message = f"{symbol!r} is no instrument; add it to instruments{nearest(symbol, known)}"
                yield (*path, *_named_by(symbol, answer)), message
        yield from (((*path, "class"), message) for message in _bars_that_cannot_be(answer, settings, place))
        if deaf := _deaf(answer, settings):
            yield (*path, "class"), deaf


def _too_little_past(answers: list[Answer], heads: Heads, start_ns: int) -> Iterator[Breach]:
    """What strategies want to warm up with and is not there."""
    for place, answer in enumerate(answers):
        if isinstance(answer, Description):
            yield from ((("strategies", place), message) for message in heads.too_little_past(answer, start_ns))


def _named_by(symbol: str, described: Description) -> KeyPath:
    """The key of the entry that names a symbol: the parameter that holds it, else the class."""
    for parameter in described.parameters:
        if parameter.value == symbol or (isinstance(parameter.value, list) and symbol in parameter.value):
            return ("params", parameter.name)
    return ("class",)


def _bars_that_cannot_be(described: Description, settings: Settings, place: int) -> list[str]:
    """Why bars that a strategy subscribes to cannot be built, but for what a rule has told of its timeframe."""
    timeframe_ns = settings.strategies[place].timeframe_ns or settings.feed.bars_ns
    told = {timeframe_ns} if bars_that_cannot_be(settings, timeframe_ns) else set()
    messages = (
        bars_that_cannot_be(settings, one.interval_ns, one.symbol)
        for one in described.subscriptions
        if one.kind is DataKind.BARS and one.interval_ns not in told
    )
    return [f"start() subscribes to bars that cannot be: {message}" for message in dict.fromkeys(messages) if message]


def _deaf(described: Description, settings: Settings) -> str:
    """Why a strategy would never hear anything; empty when it does."""
    if not described.subscriptions and not described.timers:
        return "subscribes to nothing and schedules nothing; give it a parameter `symbol`, or call subscribe()"
    brought = offers(settings.feed, settings.instruments)
    wanted = [one for one in described.subscriptions if one.symbol in brought]
    if not wanted or any(one.kind in _heard(brought[one.symbol]) for one in wanted):
        return ""
    kinds = ", ".join(sorted({one.kind for one in wanted}))
    mends = {"file": "add a file of them", "live": "ask for them in feed.symbols"}
    mend = mends.get(settings.feed.kind, "add them to feed.data")
    return f"hears only {kinds}, which the feed does not bring; {mend}"


def _heard(offer: Offer) -> set[DataKind]:
    """What a strategy can hear of a symbol: bars can be built of anything."""
    ticks = {DataKind.QUOTES: offer.quotes, DataKind.TRADES: offer.trades}
    return {DataKind.BARS, *(kind for kind, brought in ticks.items() if brought)}
