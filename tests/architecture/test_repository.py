"""What is written twice agrees, and what is written down names no address."""

import re
import tomllib
from pathlib import Path

import pytest

from daemon.config.extras import EXTRAS
from daemon.version import VERSION

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
REGISTRIES = re.compile(r"(pypi|python[h]osted|debian|npm[j]s|docker)\.(org|io|com)")
GENERATED = {".git", ".environment", "__pycache__", "state", "dist"}
REQUIREMENTS = ["core", "dev"]
PINNED = [*(ROOT / "requirements").glob("*.txt"), *(ROOT / "benchmarks" / "peers").glob("requirements-*.txt")]


def texts() -> dict[Path, str]:
    """Every file that people wrote."""
    paths = (path for path in ROOT.rglob("*") if path.is_file() and not GENERATED.intersection(path.parts))
    kept = (path for path in paths if not any(part.endswith("_cache") for part in path.parts))
    return {path.relative_to(ROOT): path.read_text(errors="replace") for path in kept}


def test_no_file_names_the_host_of_a_package_registry() -> None:
    assert {str(path) for path, text in texts().items() if REGISTRIES.search(text)} == set()


@pytest.mark.parametrize("file", PINNED, ids=lambda file: file.stem)
def test_every_requirement_is_one_version_with_its_hashes(file: Path) -> None:
    entries = re.sub(r"\\\n", "", file.read_text()).splitlines()
    pinned = re.compile(r"[a-z0-9-]+==[\w.]+( ; [^-]+)?( +--hash=sha256:[0-9a-f]{64})+")
    assert [entry for entry in entries if not entry.lstrip().startswith("#") and not pinned.fullmatch(entry)] == []


def test_the_development_environment_holds_the_cores_versions() -> None:
    core, dev = (
        set(re.findall(r"^(\S+==\S+)", (ROOT / f"requirements/{group}.txt").read_text(), re.M))
        for group in REQUIREMENTS
    )
    assert core
    assert core <= dev


def test_every_dependency_is_a_lower_bound_and_locked() -> None:
    locked = (ROOT / "requirements/core.txt").read_text()
    for dependency in PROJECT["dependencies"]:
        name, _, bound = dependency.partition(">=")
        assert re.fullmatch(r"[\d.]+", bound)
        assert f"{name}==" in locked


def test_the_tree_and_its_package_have_one_version() -> None:
    assert PROJECT["version"] == VERSION


def test_the_extras_that_messages_name_can_be_installed() -> None:
    offered = PROJECT["optional-dependencies"]
    assert {extra: set(modules.values()) for extra, modules in EXTRAS.items()} == {
        extra: {re.split(r"[<>=!~ \[]", requirement)[0] for requirement in requirements}
        for extra, requirements in offered.items()
    }
