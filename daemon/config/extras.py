"""The optional parts of Bulkhead: which module belongs to which, and how to install it."""

from typing import Final

DISTRIBUTION: Final = "bulkhead-trading"
INSTALLER: Final = "python -m pip install"

EXTRAS: Final = {
    "data": ("numpy", "pyarrow"),
    "research": ("optuna", "pebble"),
    "distributed": ("dask", "distributed"),
    "calendars": ("exchange_calendars",),
    "charts": ("lightweight_charts",),
    "tui": ("rich",),
    "notify": ("apprise",),
    "ccxt": ("ccxt",),
    "fix": ("simplefix",),
}
"""The modules that each extra brings."""


def install_hint(module: str) -> str:
    """The clause that says how to install an absent module; for one of no extra, as itself."""
    name = module.partition(".")[0]
    extra = next((extra for extra, modules in EXTRAS.items() if name in modules), None)
    wanted = f"'{DISTRIBUTION}[{extra}]'" if extra else name
    return f"install it with: {INSTALLER} {wanted}"
