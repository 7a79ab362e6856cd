"""What is wrong with a configuration: each problem with its place, all of them told at once."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from daemon.errors import DaemonError

KeyPath = tuple[str | int, ...]


def dotted(path: KeyPath) -> str:
    """A path as people write it: `strategies[0].params.fast`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def nearest(wrong: str, known: Iterable[str]) -> str:
    """The clause that offers the known word most like a wrong one; empty when none is like it."""
    words = {word.lower(): word for word in known}
    close = difflib.get_close_matches(wrong.lower(), words, n=1)
    return f"; did you mean {words[close[0]]!r}?" if close else ""


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where a value was written: a line of the file, or an environment variable."""

    line: int | None = None
    variable: str = ""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One thing that must be mended. `path` is empty when it concerns the whole file; lines count from 1."""

    path: KeyPath
    message: str
    line: int | None = None
    variable: str = ""

    def text(self, file: Path) -> str:
        """`config.yaml:12: strategies[0].isolaton: unknown key; did you mean 'isolation'?`."""
        place = self.variable or (f"{file}:{self.line}" if self.line else str(file))
        return ": ".join(part for part in (place, dotted(self.path), self.message) if part)


class ConfigProblems(DaemonError):
    """A configuration that cannot be used; `problems` are in the order of the file, and nothing was started."""

    def __init__(self, file: Path, problems: Iterable[Problem]) -> None:
        self.file = file
        self.problems = sorted(problems, key=lambda problem: (problem.variable, problem.line or 0))
        super().__init__("\n".join(problem.text(file) for problem in self.problems))
