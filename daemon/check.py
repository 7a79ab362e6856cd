"""Looking at a configuration before anything happens: a plan that can be run, or every problem at once."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from daemon.config.conversion import instrument
from daemon.config.problems import ConfigProblems, KeyPath, nearest
from daemon.config.reading import Reading, read_settings
from daemon.config.rules import Breach, bars_that_cannot_be, breaches, names
from daemon.config.settings import Settings
from daemon.config.source import read_document, resolve_state
from daemon.descriptions import Answer, Description, Entry, Request, Undescribed, describe, start_request
from daemon.processes import Processes
from trading.errors import InvalidInstrument
from trading.instruments import Instrument
from trading.subscriptions import DataKind


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything that a run needs to know. Paths are absolute; descriptions stand in the order of the strategies."""

    config: Path
    folder: Path
    state: Path
    settings: Settings
    instruments: Mapping[str, Instrument]
    descriptions: tuple[Description, ...]


def check(path: Path, environ: Mapping[str, str], processes: Processes) -> Plan:
    """The plan of a configuration file; ConfigProblems with everything that is wrong in it.

    Waits for the process that imports the strategies, so it is called before the event loop runs, or in a thread.
    """
    document = read_document(path, environ, Settings.model_fields)
    reading = read_settings(document)
    problems = [*reading.problems, *(reading.problem(*breach) for breach in breaches(reading))]
    settings, folder = reading.settings, path.absolute().parent
    if settings is None:
        raise ConfigProblems(path, problems)
    instruments = _instruments(settings)
    answers = describe(_request(settings, folder, instruments), processes, environ)
    problems += [reading.problem(*breach) for breach in _told(answers, settings, reading)]
    if problems:
        raise ConfigProblems(path, problems)
    return Plan(
        config=path.absolute(),
        folder=folder,
        state=resolve_state(document, settings.state),
        settings=settings,
        instruments=instruments,
        descriptions=tuple(answer for answer in answers if isinstance(answer, Description)),
    )


def _instruments(settings: Settings) -> dict[str, Instrument]:
    """Those that can be made; a rule has told why others cannot."""
    made: dict[str, Instrument] = {}
    for symbol, entry in settings.instruments.items():
        try:
            made[symbol] = instrument(symbol, entry, settings.account)
        except InvalidInstrument:
            continue
    return made


def _request(settings: Settings, folder: Path, instruments: Mapping[str, Instrument]) -> Request:
    return start_request(
        folder,
        settings.feed.start_ns,
        instruments,
        [
            Entry(
                id=strategy.id,
                reference=strategy.reference,
                params=strategy.params,
                capital={settings.account.currency: strategy.capital},
                timeframe_ns=strategy.timeframe_ns or settings.feed.bars_ns,
                warmup=strategy.warmup,
            )
            for strategy in settings.strategies
        ],
    )


def _told(answers: list[Answer], settings: Settings, reading: Reading) -> Iterator[Breach]:
    """What the strategies' descriptions show to be wrong."""
    instruments = names(reading.document, "instruments")
    for place, answer in enumerate(answers):
        path: KeyPath = ("strategies", place)
        if isinstance(answer, Undescribed):
            yield from (((*path, *flaw.path), flaw.message) for flaw in answer.flaws)
            continue
        for symbol in dict.fromkeys(one.symbol for one in answer.subscriptions):
            if symbol not in instruments:
                message = f"{symbol!r} is no instrument; add it to instruments{nearest(symbol, instruments)}"
                yield (*path, *_named_by(symbol, answer)), message
        for interval_ns in dict.fromkeys(one.interval_ns for one in answer.subscriptions):
            message = bars_that_cannot_be(settings, interval_ns)
            if message and interval_ns != settings.strategies[place].timeframe_ns:
                yield (*path, "class"), f"start() subscribes to bars that cannot be: {message}"
        if deaf := _deaf(answer, settings):
            yield (*path, "class"), deaf


def _named_by(symbol: str, described: Description) -> KeyPath:
    """The key of the entry that names a symbol: the parameter that holds it, else the class."""
    for parameter in described.parameters:
        if parameter.value == symbol or (isinstance(parameter.value, list) and symbol in parameter.value):
            return ("params", parameter.name)
    return ("class",)


def _deaf(described: Description, settings: Settings) -> str:
    """Why a strategy would never hear anything; empty when it does."""
    wanted = {one.kind for one in described.subscriptions}
    if not wanted and not described.timers:
        return "subscribes to nothing and schedules nothing; give it a parameter `symbol`, or call subscribe()"
    if wanted and wanted.isdisjoint({DataKind.BARS, *settings.feed.data}):
        return f"hears only {', '.join(sorted(wanted))}, which the feed does not bring; add them to feed.data"
    return ""
