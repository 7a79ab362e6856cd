"""Where the files of a run lie: a folder named after its beginning, with a log of its own beside those of its
scenarios."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import chain, count
from pathlib import Path
from typing import Final

from daemon.disk import disk_error
from daemon.research.scenarios.scenario_log import ScenarioLines
from trading.timestamps import SECOND

FOLDER_NAME: Final = "backtests"
RUN_LOG: Final = "run.log"


def base_folder(environ: Mapping[str, str]) -> Path:
    """Where runs lie if nobody says: in the state folder that the environment names, else in this one."""
    state = environ.get("BULKHEAD_STATE", "")
    return (Path(state).expanduser() if state else Path()).absolute() / FOLDER_NAME


def make_folder(base: Path, began_ns: int) -> Path:
    """A new folder named after a time, such as `20260105T143000Z`, or `20260105T143000Z-2` where there was one already;
    DiskError."""
    name = datetime.fromtimestamp(began_ns // SECOND, UTC).strftime("%Y%m%dT%H%M%SZ")
    for suffix in chain([""], (f"-{number}" for number in count(2))):
        folder = base / f"{name}{suffix}"
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        except OSError as error:
            raise disk_error("make", folder, error)
        return folder
    raise AssertionError("there is always another number")


@contextmanager
def logged(log: logging.Logger, path: Path, run: str) -> Iterator[None]:
    """Let a logger write to a file of its own, and nowhere else, for as long as a run lasts; DiskError."""
    try:
        handler = logging.FileHandler(path, encoding="utf-8")
    except OSError as error:
        raise disk_error("write", path, error)
    handler.setFormatter(ScenarioLines(run, ""))
    level, propagate = log.level, log.propagate
    log.setLevel(logging.INFO)
    log.propagate = False
    log.addHandler(handler)
    try:
        yield
    finally:
        log.removeHandler(handler)
        handler.close()
        log.propagate = propagate
        log.setLevel(level)
