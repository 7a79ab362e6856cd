"""Files that a strategy's parameters name, and copies in their place."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from daemon.check import Plan


def named_files(plan: Plan) -> list[Path]:
    """The files that the parameters of a plan's one strategy name, by their real paths."""
    (entry,) = plan.settings.strategies
    meant = [path for text in _texts(entry.params) for path in _meant(text, plan.folder)]
    return [path for path in dict.fromkeys(meant) if os.path.isfile(path)]  # noqa: PTH113 - no file name is too long


def with_copies(plan: Plan, copies: Mapping[str, str]) -> Plan:
    """A plan whose strategy's parameters name copies where they name files; both by their real paths."""
    if not copies:
        return plan
    (entry,) = plan.settings.strategies
    params = {name: _renamed(value, plan.folder, copies) for name, value in entry.params.items()}
    strategies = [entry.model_copy(update={"params": params})]
    return replace(plan, settings=plan.settings.model_copy(update={"strategies": strategies}))


def _renamed(value: Any, folder: Path, copies: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {name: _renamed(one, folder, copies) for name, one in value.items()}
    if isinstance(value, list):
        return [_renamed(one, folder, copies) for one in value]
    if not isinstance(value, str):
        return value
    return next((copies[str(path)] for path in _meant(value, folder) if str(path) in copies), value)


def _texts(value: Any) -> Sequence[str]:
    if isinstance(value, str):
        return [value]
    within = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for one in within for text in _texts(one)]


def _meant(text: str, folder: Path) -> list[Path]:
    """The real paths that a text may mean: counted from where we are, or from the config."""
    if not text or "\0" in text:
        return []
    return [Path(os.path.realpath(text)), Path(os.path.realpath(folder / text))]
