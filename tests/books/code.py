"""The modules that keep the books: as they are, or one of them changed and all loaded anew beside the real ones."""

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
MODULES = (
    "trading.instruments",
    "trading.reports",
    "trading.portfolio",
    "trading.account.sharing",
    "trading.account.transfers",
    "trading.account.ledger",
)
"""In the order in which they import each other."""


class Code(NamedTuple):
    """The classes under test."""

    instrument: Any
    kind: Any
    fill: Any
    portfolio: Any
    transfer: Any
    ledger: Any


def the_code() -> Code:
    """The code as it is."""
    return _code({name: importlib.import_module(name) for name in MODULES})


def changed(module: str, old: str, new: str) -> Code:
    """The code with one snippet of one module changed; ValueError unless the snippet is there exactly once."""
    source = (ROOT / (module.replace(".", "/") + ".py")).read_text()
    if (found := source.count(old)) != 1:
        raise ValueError(f"{module} has {found} times, not once:\n{old}")
    fresh: dict[str, ModuleType] = {}
    with _put_back(MODULES):
        for name in MODULES:
            path = ROOT / (name.replace(".", "/") + ".py")
            text = source.replace(old, new) if name == module else path.read_text()
            fresh[name] = sys.modules[name] = ModuleType(name)
            fresh[name].__file__ = str(path)
            exec(compile(text, str(path), "exec"), vars(fresh[name]))
    return _code(fresh)


@contextmanager
def _put_back(names: tuple[str, ...]) -> Iterator[None]:
    kept = {name: importlib.import_module(name) for name in names}
    try:
        yield
    finally:
        sys.modules.update(kept)


def _code(modules: dict[str, ModuleType]) -> Code:
    return Code(
        instrument=modules["trading.instruments"].Instrument,
        kind=modules["trading.instruments"].InstrumentKind,
        fill=modules["trading.reports"].Fill,
        portfolio=modules["trading.portfolio"].VirtualPortfolio,
        transfer=modules["trading.account.transfers"].Transfer,
        ledger=modules["trading.account.ledger"].Ledger,
    )
