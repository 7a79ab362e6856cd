"""Scenarios before anything runs: each is checked as a backtest of its own would be, and what is wrong with one is that
one's problem. What is wrong with all of them is the config's, or the command line's."""

import json
import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from daemon.check import Plan, check_document
from daemon.config.feed_settings import LiveFeedSettings, SyntheticFeedSettings
from daemon.config.problems import ConfigProblems, Problem, nearest
from daemon.config.reading import read_settings
from daemon.config.scenario_rules import scenarios_are_distinct
from daemon.config.scenario_settings import ScenarioSettings
from daemon.config.settings import Settings
from daemon.config.source import Document, read_document
from daemon.errors import DaemonError, NoScenario
from daemon.processes import Processes
from daemon.research.scenarios.answers import Answer, Known
from daemon.research.scenarios.results import Scenario
from daemon.research.scenarios.surveys import Looked, Surveys
from daemon.research.scenarios.task import decoded, encoded
from daemon.research.wishes import Wishes
from trading.timestamps import iso

_OPTION: Final = re.compile(r"(?:`start`, of a backtest )?--(from|to|part|set|strategy|separate|max-events)\b")
"""A word of the command line that is a scenario's key too, with what stands before it where a run has another word."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """A scenario that is asked for, with the limits of its process. `options` are what of its wishes the
    command line says, as texts such as `--from` and `--set feed.seed=3`; the others are its own keys."""

    name: str
    wishes: Wishes
    options: tuple[str, ...] = ()
    timeout_ns: int | None = None
    memory_bytes: int | None = None


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """One that was looked at: it can run where it has no problems. `answers` are those of helpers."""

    wanted: Wanted
    scenario: Scenario
    problems: tuple[str, ...] = ()
    answers: list[Answer] = []
    looked: Looked | None = None


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A config as it was read: its values without the scenarios, so that a thousand of them do not come along with
    each; and those."""

    document: Document
    values: bytes
    settings: Settings
    scenarios: tuple[ScenarioSettings, ...]


def read_source(path: Path, environ: Mapping[str, str]) -> Source:
    """The config; ConfigProblems where it cannot be read, or its scenarios cannot."""
    document = read_document(path, environ, Settings.model_fields)
    reading = read_settings(document)
    own = [one for one in reading.problems if one.path[:1] == ("backtest",)]
    if reading.settings is not None:  # here, as whoever checks one of them sees no other
        own += [reading.problem(*breach) for breach in scenarios_are_distinct(reading.settings, document)]
    if reading.settings is None or own:
        raise ConfigProblems(path, own or reading.problems)
    written = document.values.get("backtest")
    if isinstance(written, dict):
        written.pop("scenarios", None)
    for place in [place for place in document.origins if place[:2] == ("backtest", "scenarios")]:
        del document.origins[place]
    return Source(
        document=document,
        values=encoded(document.values),
        settings=reading.settings,
        scenarios=reading.settings.backtest.scenarios,
    )


def named(source: Source, names: Sequence[str], wishes: Wishes) -> list[Wanted]:
    """The scenarios of these names, or all, each with what else is wished for; its own wishes come first. NoScenario
    where there is none, or none of a name."""
    if not source.scenarios:
        raise NoScenario(
            f"{source.document.path} has no scenarios",
            mend="write some under `backtest.scenarios`, such as [{name: spring, from: 2026-03-01, to: 2026-06-01}]",
        )
    _refuse_unknown("scenario", names, [one.name for one in source.scenarios])
    return [_wanted(one, wishes) for one in source.scenarios if not names or one.name in names]


def separate(source: Source, wishes: Wishes) -> list[Wanted]:
    """One scenario for each strategy, with an account of its own."""
    ids = [one.id for one in source.settings.strategies]
    if not ids:
        raise NoScenario(f"{source.document.path} has no strategies", mend="write some under `strategies`")
    _refuse_unknown("strategy", wishes.strategies, ids)
    options = ("--separate", *_options(wishes))
    return [
        Wanted(name=strategy, wishes=msgspec.structs.replace(wishes, strategies=(), alone=strategy), options=options)
        for strategy in ids
        if not wishes.strategies or strategy in wishes.strategies
    ]


def _refuse_unknown(what: str, names: Sequence[str], known: Sequence[str]) -> None:
    for name in names:
        if name not in known:
            told = f"there is no {what} {name!r}; there are {', '.join(known)}{nearest(name, known)}"
            raise NoScenario(told, mend="name one of these")


class Means(NamedTuple):
    """What is needed to check: helpers and their environment, and what knows of files that were looked through."""

    environ: Mapping[str, str]
    processes: Processes
    surveys: Surveys


class _Found(NamedTuple):
    """What looking at one came to. `error` is what its problem was told by, unless there is a list of them."""

    checked: Checked
    problems: list[Problem]
    error: DaemonError | None = None


def check_all(source: Source, wanted: Sequence[Wanted], means: Means, workers: int) -> list[Checked]:
    """All of them, in their order. ConfigProblems, with everything, where something is wrong with every one, or an
    option fits none; where that is all, what a backtest of its own would tell: BadWindow, BadData."""
    known = Known(means.processes)

    def look(index: int, asked: Wanted) -> _Found:
        return _check(source, index, asked, means, known)

    with ThreadPoolExecutor(workers) as threads:
        found = list(threads.map(look, range(len(wanted)), wanted))
    _refuse_common(source.document.path, found)
    return [one.checked for one in found]


def _refuse_common(path: Path, found: Sequence[_Found]) -> None:
    """What is nobody's own problem is told instead of running."""
    first = found[0]
    options = first.checked.wanted.options
    if len(found) > 1:
        common = set.intersection(*(set(one.problems) for one in found))
    else:
        common = {problem for problem in first.problems if _is_of(problem, options)}
    if not common and not all(any(_is_of(one, each.checked.wanted.options) for one in each.problems) for each in found):
        return
    if first.error is not None and all(set(one.problems) == common for one in found):
        raise type(first.error)(_in_keys(str(first.error), options), mend=_in_keys(first.error.mend, options))
    own = [
        Problem(
            path=(),
            variable=f"scenario {one.checked.wanted.name}",
            message=_in_words(problem, path, one.checked.wanted.options),
        )
        for one in found
        for problem in one.problems
        if problem not in common
    ]
    shared = (replace(one, variable=_in_keys(one.variable, options)) for one in first.problems if one in common)
    raise ConfigProblems(path, [*shared, *own])


def _check(source: Source, index: int, wanted: Wanted, means: Means, known: Known) -> _Found:
    read, helpers = source.document, known.listener()
    document = Document(
        path=read.path,
        text=read.text,
        values=decoded(source.values),
        origins=dict(read.origins),
        problems=list(read.problems),
    )
    failure: DaemonError | None = None
    try:
        plan = check_document(document, means.environ, helpers, wanted.wishes)
        looked = means.surveys.of(plan)
    except ConfigProblems as error:
        problems = error.problems
    except DaemonError as error:
        problems = [Problem(path=(), message="; ".join(filter(None, (str(error), error.mend))))]
        failure = error
    else:
        scenario = _scenario(plan, wanted.name, index)
        return _Found(Checked(wanted=wanted, scenario=scenario, answers=helpers.answers, looked=looked), [])
    texts = tuple(_in_words(problem, read.path, wanted.options) for problem in problems)
    scenario = Scenario(name=wanted.name, index=index)
    return _Found(Checked(wanted=wanted, scenario=scenario, problems=texts), problems, failure)


def _scenario(plan: Plan, name: str, index: int) -> Scenario:
    feed = plan.settings.feed
    assert not isinstance(feed, LiveFeedSettings), "a backtest has a past"
    if isinstance(feed, SyntheticFeedSettings):
        end_ns = None if feed.duration_ns is None else feed.start_ns + feed.duration_ns
    else:
        end_ns = feed.end_ns
    return Scenario(
        name=name,
        index=index,
        symbols=tuple(plan.instruments),
        start=iso(plan.start_ns),
        end=None if end_ns is None else iso(end_ns),
    )


def _wanted(one: ScenarioSettings, wishes: Wishes) -> Wanted:
    own = Wishes(
        data=wishes.data,
        start_ns=wishes.start_ns if one.start_ns is None else one.start_ns,
        end_ns=wishes.end_ns if one.end_ns is None else one.end_ns,
        settings=(*wishes.settings, *(f"{key}={json.dumps(value)}" for key, value in one.settings.items())),
        strategies=one.strategies or wishes.strategies,
        part=one.part or wishes.part,
        max_events=one.max_events or wishes.max_events,
    )
    return Wanted(
        name=one.name,
        wishes=own,
        options=_options(wishes, one),
        timeout_ns=one.timeout_ns,
        memory_bytes=one.memory_bytes,
    )


def _options(wishes: Wishes, own: ScenarioSettings | None = None) -> tuple[str, ...]:
    """What was typed, as it stands in messages, without what a scenario says itself. Who names one end of a window by
    an option may name the other one so too."""
    typed = [f"--set {text}" for text in wishes.settings]
    begins, ends = own is None or own.start_ns is None, own is None or own.end_ns is None
    if (begins and wishes.start_ns is not None) or (ends and wishes.end_ns is not None):
        typed += [name for name, is_free in (("--from", begins), ("--to", ends)) if is_free]
    if wishes.part and not (own and own.part):
        typed.append("--part")
    if wishes.strategies and not (own and own.strategies):
        typed.append("--strategy")
    return tuple(typed)


def _is_of(problem: Problem, options: Sequence[str]) -> bool:
    """Whether a problem names one of these options."""
    text = f"{problem.variable}\n{problem.message}"
    return any(re.search(rf"{re.escape(option)}(?![\w-])", text) for option in options)


def _in_words(problem: Problem, path: Path, options: Sequence[str]) -> str:
    """`set strategies.sma.params.fst=5: strategies[0].params.fst: ...`: of options that nobody has typed, the keys."""
    is_placed = problem.variable or problem.line or problem.path
    return _in_keys(problem.text(path) if is_placed else problem.message, options)


def _in_keys(text: str, options: Sequence[str]) -> str:
    def word(found: re.Match[str]) -> str:
        rest = text[found.start(1) - len("--") :]
        return found[0] if any(rest.startswith(option) for option in options) else found[1]

    return _OPTION.sub(word, text)
