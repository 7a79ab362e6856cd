"""Imports go one way, and the core does no I/O."""

import ast
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("trading", "brokers", "strategies", "daemon")
CORE_FILES = sorted((ROOT / "trading").rglob("*.py"))

CORE_MAY_IMPORT = {
    "__future__", "abc", "bisect", "collections", "contextlib", "copy", "dataclasses", "datetime", "decimal", "enum",
    "fractions", "functools", "hashlib", "heapq", "inspect", "itertools", "math", "operator", "random", "re",
    "statistics", "string", "struct", "types", "typing", "weakref", "zlib", "msgspec", "trading",
}  # fmt: skip
"""What can be computed with, and nothing that waits, knows the time or reaches outside."""

AND_FOR_ITS_SUBJECT = {
    "trading/container.py": {"traceback", "contextvars"},  # words for a strategy's exception, a context for its calls
    "trading/state/forms.py": {"importlib", "sys", "zoneinfo"},  # a snapshot names classes by their module, and zones
}


def imports(tree: ast.Module) -> Iterator[str]:
    """Every module that a file imports, at its top or anywhere inside."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield node.module or ""


@pytest.mark.parametrize("path", CORE_FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_core_imports_only_what_computes(path: Path) -> None:
    found = {name.partition(".")[0] for name in imports(ast.parse(path.read_text()))}
    assert found - CORE_MAY_IMPORT - AND_FOR_ITS_SUBJECT.get(str(path.relative_to(ROOT)), set()) == set()


@pytest.mark.parametrize("path", CORE_FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_core_draws_only_from_a_generator_that_it_is_handed(path: Path) -> None:
    drawn_from = {
        node.attr
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "random"
    }
    assert drawn_from <= {"Random"}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the packages and their contracts, to do wrong in."""
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def lint_imports(tree: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("lint-imports")
    return subprocess.run([program, "--no-cache"], cwd=tree, env={}, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("importer", "imported", "broken"),
    [
        ("trading", "daemon", "Imports go one way"),
        ("trading", "brokers", "Imports go one way"),
        ("brokers", "strategies", "Imports go one way"),
        ("strategies", "brokers", "Imports go one way"),
        ("strategies", "daemon", "Imports go one way"),
        ("trading", "asyncio", "The core does no I/O"),
        ("trading", "time", "The core does no I/O"),
    ],
)
def test_an_import_against_the_rules_is_caught(tree: Path, importer: str, imported: str, broken: str) -> None:
    (tree / importer / "astray.py").write_text(f"import {imported}\n")
    found = lint_imports(tree)
    assert found.returncode == 1
    assert f"{broken} BROKEN" in found.stdout
    assert f"{importer}.astray -> {imported}" in found.stdout


@pytest.mark.parametrize("module", ["daemon/loading.py", "trading/strategy.py", "daemon/hosts/wire.py"])
def test_a_heavy_import_that_would_reach_every_child_is_caught(tree: Path, module: str) -> None:
    with (tree / module).open("a") as file:
        file.write("import pydantic\n")
    found = lint_imports(tree)
    assert found.returncode == 1
    assert "A child stays light BROKEN" in found.stdout
