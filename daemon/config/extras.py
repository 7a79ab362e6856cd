"""The optional parts of Bulkhead: which module belongs to which, and how to install it into this environment."""

import sys
from importlib.util import find_spec
from typing import Final

EXTRAS: Final = {
    "data": {"numpy": "numpy", "pyarrow": "pyarrow"},
    "research": {"optuna": "optuna", "pebble": "pebble", "numpy": "numpy"},
    "distributed": {"distributed": "distributed"},
    "calendars": {"exchange_calendars": "exchange-calendars"},
    "charts": {"litecharts": "litecharts"},
    "tui": {"rich": "rich"},
    "notify": {"apprise": "apprise"},
    "ccxt": {"ccxt": "ccxt"},
    "fix": {"simplefix": "simplefix"},
}
"""The modules that each extra of pyproject.toml brings, and the distributions that hold them."""


def absent(*modules: str) -> str:
    """The first of some modules that is not installed; empty when all are there."""
    return next((module for module in modules if find_spec(module) is None), "")


def install_hint(module: str) -> str:
    """The clause that says how to install an absent module: its whole extra, or for one of no extra itself."""
    name = module.partition(".")[0]
    extra = next((modules for modules in EXTRAS.values() if name in modules), {name: name})
    installer = "-m pip install" if find_spec("pip") else ""
    command = f"{sys.executable} {installer}" if installer else f"uv pip install --python {sys.executable}"
    return f"install it with: {command} {' '.join(extra.values())}"
