"""Our top-level names are common words, so Bulkhead makes sure that it is itself that it imports."""

from importlib.util import find_spec
from pathlib import Path
from typing import Final

from daemon.errors import ShadowedPackage

PACKAGES: Final = ("trading", "brokers", "strategies", "daemon")
TREE: Final = Path(__file__).resolve().parent.parent


def refuse_shadowed_packages(root: Path = TREE) -> None:
    """Make sure that every package of ours is imported from `root`; raises ShadowedPackage."""
    for package in PACKAGES:
        spec = find_spec(package)
        found = Path(spec.origin).resolve().parent if spec and spec.origin else None
        if found != root / package:
            raise ShadowedPackage(
                f"import {package} finds {found or 'nothing'} instead of {root / package}",
                mend=f"start Bulkhead as {root / 'bulkhead'}, or keep that folder out of PYTHONPATH",
            )
