"""What a config says of files and of trading hours, without a look at its strategies."""

from collections.abc import Collection, Mapping
from pathlib import Path

from daemon.config.calendar_settings import Calendar
from daemon.config.conversion import data_file
from daemon.config.feed_settings import FileFeedSettings
from daemon.config.problems import ConfigProblems, Problem
from daemon.config.reading import read_settings
from daemon.config.rules import breaches
from daemon.config.settings import Settings
from daemon.config.source import read_document
from daemon.errors import DaemonError
from daemon.feeds.file.layout import DataFile


def configured_files(path: Path, environ: Mapping[str, str]) -> tuple[list[DataFile], bool]:
    """The files of a config's feed, and whether it skips bad rows; ConfigProblems with what is wrong about either,
    DaemonError where its feed is none of files."""
    settings = _settings(path, environ, {"feed", "instruments"})
    feed = settings.feed
    if not isinstance(feed, FileFeedSettings):
        raise DaemonError(
            f"the feed of {path} is {feed.kind}, not file", mend="name the files themselves, or another config"
        )
    folder = path.absolute().parent
    files = [data_file(file, settings.instruments, folder) for file in feed.files]
    return files, feed.on_bad_row == "skip"


def configured_calendars(path: Path, environ: Mapping[str, str]) -> Mapping[str, Calendar]:
    """The calendars of a config by name; ConfigProblems with what is wrong about them."""
    return _settings(path, environ, {"calendars"}).calendars


def _settings(path: Path, environ: Mapping[str, str], sections: Collection[str]) -> Settings:
    reading = read_settings(read_document(path, environ, Settings.model_fields))
    problems = [*reading.problems, *(reading.problem(*breach) for breach in breaches(reading))]
    concerned = [problem for problem in problems if _concerns(problem, sections)]
    if reading.settings is None or concerned:
        raise ConfigProblems(path, concerned or problems)
    return reading.settings


def _concerns(problem: Problem, sections: Collection[str]) -> bool:
    return not problem.path or problem.path[0] in sections
