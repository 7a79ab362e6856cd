"""A folder of the user's that is named like one of ours is refused, not run."""

import subprocess
import sys
from pathlib import Path

import pytest

from daemon.shadowing import PACKAGES, refuse_shadowed_packages

ROOT = Path(__file__).resolve().parents[2]


def test_the_packages_of_this_tree_are_accepted() -> None:
    refuse_shadowed_packages()


@pytest.mark.parametrize("package", [package for package in PACKAGES if package != "daemon"])
def test_another_package_of_the_same_name_is_refused_with_words(tmp_path: Path, package: str) -> None:
    (tmp_path / package).mkdir()
    (tmp_path / package / "__init__.py").touch()
    program = (
        f"import sys; sys.path[:0] = [{str(tmp_path)!r}, {str(ROOT)!r}]\n"
        "from daemon.shadowing import refuse_shadowed_packages\n"
        "try: refuse_shadowed_packages()\n"
        "except Exception as error: print(error, error.mend, sep='; ')\n"
    )
    said = subprocess.run(
        [sys.executable, "-P", "-c", program], env={}, capture_output=True, text=True, check=True
    ).stdout
    assert said == (
        f"import {package} finds {tmp_path / package} instead of {ROOT / package}; "
        f"start Bulkhead as {ROOT / 'bulkhead'}, or keep that folder out of PYTHONPATH\n"
    )


def test_a_daemon_that_is_not_this_trees_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Exception, match=f"finds {ROOT / 'trading'} instead of {tmp_path / 'trading'}"):
        refuse_shadowed_packages(tmp_path)
