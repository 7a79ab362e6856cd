"""The catalogue of faults is whole, names tests that are there, and is what its page says; its mutants still apply."""

import ast
import re
import subprocess
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from scripts import render_reliability
from scripts.mutants import Mutant, Outcome, drift, mutants, report, run
from tests.faults.catalogue import FAULTS, GROUPS, INVARIANTS, OPEN, Fault

ROOT = Path(__file__).resolve().parents[2]
MUTANTS = mutants()


@cache
def names_in(file: str) -> frozenset[str]:
    """The names of the tests that a file holds; none where there is no such file."""
    path = ROOT / file
    body = ast.parse(path.read_text()).body if path.is_file() else []
    functions = (node for node in body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return frozenset(node.name for node in functions if node.name.startswith("test_"))


def is_there(test: str) -> bool:
    file, _, name = test.partition("::")
    return bool(re.fullmatch(r"tests/\w+/test_\w+\.py", file)) and name in names_in(file)


def test_every_fault_has_its_row_in_its_place() -> None:
    assert [fault.id for fault in FAULTS] == [f"F{number:02}" for number in range(1, 113)]
    sizes = Counter(fault.group for fault in FAULTS)
    assert list(sizes) == list(GROUPS)
    assert [*sizes.values()] == [15, 20, 10, 16, 6, 10, 6, 4, 11, 7, 7]
    assert len({fault.title for fault in FAULTS}) == len(FAULTS)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.id)
def test_a_row_names_tests_that_are_there_or_says_why_it_has_none(fault: Fault) -> None:
    assert [test for test in fault.tests if not is_there(test)] == []
    assert len({*fault.tests}) == len(fault.tests)
    assert {*fault.invariants} <= INVARIANTS.keys()
    assert fault.invariants
    assert "|" not in fault.title + fault.reason + OPEN.get(fault.id, "")
    if fault.reason:
        assert not fault.tests
        assert fault.id not in OPEN
    elif not fault.tests:
        assert fault.id in OPEN, "name a test, say why there is none, or what is yet to be shown"


def test_what_is_open_is_a_fault_and_stands_in_its_order() -> None:
    assert list(OPEN) == [fault.id for fault in FAULTS if fault.id in OPEN]
    assert all(OPEN.values())


def test_every_invariant_is_that_of_a_fault() -> None:
    """Two are of the repository itself, and of every run: that equal runs are equal."""
    assert list(INVARIANTS) == sorted({number for fault in FAULTS for number in fault.invariants} | {21})
    assert len({*INVARIANTS.values()}) == len(INVARIANTS)


def test_the_page_is_what_the_catalogue_says() -> None:
    assert render_reliability.DOCUMENT.read_text(encoding="utf-8") == render_reliability.page()


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_is_of_a_fault_names_a_test_and_still_applies(mutant: Mutant) -> None:
    """Where the code has moved on the patch is made anew: the bug is put back by hand, and `git diff` written here."""
    assert mutant.fault in {fault.id for fault in FAULTS}
    assert is_there(mutant.test)
    assert drift(mutant, ROOT) == ""


def test_there_are_mutants_of_what_is_shown() -> None:
    assert len(MUTANTS) >= 60
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)


def test_a_patch_that_no_longer_fits_is_seen(tmp_path: Path) -> None:
    (tmp_path / "trading").mkdir()
    path = tmp_path / "F01-a-word.patch"
    path.write_text(
        "fault: F01\ntest: tests/x/test_y.py::test_z\nWhy.\n\n--- a/trading/a.py\n+++ b/trading/a.py\n"
        "@@ -1,2 +1,2 @@\n one\n-two\n+three\n"
    )
    mutant = mutants(tmp_path)[0]
    assert (mutant.fault, mutant.test, mutant.why) == ("F01", "tests/x/test_y.py::test_z", "Why.")
    (tmp_path / "trading" / "a.py").write_text("one\ntwo\n")
    assert drift(mutant, tmp_path) == ""
    (tmp_path / "trading" / "a.py").write_text("one\n2\n")
    assert "patch does not apply" in drift(mutant, tmp_path)


@pytest.mark.parametrize(
    ("name", "head"),
    [
        ("F01-a-word", "test: tests/x/test_y.py::test_z\nWhy.\n\n--- a/x\n"),
        ("F01-a-word", "fault: F01\nWhy.\n\n--- a/x\n"),
        ("F01-a-word", "fault: F01\ntest: tests/x/test_y.py::test_z\n\n--- a/x\n"),
        ("F02-a-word", "fault: F01\ntest: tests/x/test_y.py::test_z\nWhy.\n\n--- a/x\n"),
        ("F01", "fault: F01\ntest: tests/x/test_y.py::test_z\nWhy.\n\n--- a/x\n"),
    ],
)
def test_a_patch_without_its_head_is_refused(tmp_path: Path, name: str, head: str) -> None:
    (tmp_path / f"{name}.patch").write_text(head)
    with pytest.raises(ValueError, match=rf"{name}.patch: "):
        mutants(tmp_path)


PATCH = """\
fault: F01
test: tests/test_sum.py::{test}
Why.

--- a/sums.py
+++ b/sums.py
@@ -1,2 +1,2 @@
 {kept}
-{old}
+{new}
"""
SUM = ("def add(a, b):", "    return a + b")


def a_tree(root: Path, patches: dict[str, tuple[str, str]]) -> list[Mutant]:
    """A repository of one module and its tests, one of which is red, and patches by name: of which test, and what."""
    (root / "tests").mkdir(parents=True)
    (root / "sums.py").write_text("\n".join(SUM) + "\n")
    (root / "tests" / "test_sum.py").write_text(
        "import pytest\n\nfrom sums import add\n\n\n"
        "@pytest.fixture\ndef two():\n    return add(1, 1)\n\n\n"
        "def test_sum():\n    assert add(2, 3) == 5\n\n\n"
        "@pytest.mark.parametrize('b', [0, 3])\ndef test_each(b):\n    assert add(2, b) == 2 + b\n\n\n"
        "def test_set_up(two):\n    pass\n\n\ndef test_red():\n    assert add(1, 1) == 3\n"
    )
    subprocess.run(["git", "init", "--quiet"], cwd=root, check=True)
    for name, (test, new) in patches.items():
        (root / f"F01-{name}.patch").write_text(PATCH.format(test=test, kept=SUM[0], old=SUM[1], new=new))
    return mutants(root)


def test_a_mutant_is_caught_only_where_its_own_green_test_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # that tree needs none of ours
    chosen = a_tree(
        tmp_path / "tree",
        {
            "caught-by-one-of-several": ("test_each", "    return a - b"),
            "does-no-harm": ("test_sum", "    return b + a"),
            "not-collected": ("test_sum", "    return a +"),
            "not-set-up": ("test_set_up", "    raise ValueError"),
            "red-already": ("test_red", "    return a - b"),
        },
    )
    before = {path: path.read_bytes() for path in (tmp_path / "tree").rglob("*.py")}
    outcomes = run(chosen, root=tmp_path / "tree")
    verdicts = {one.mutant.name.removeprefix("F01-"): one.verdict.partition("): ")[0] for one in outcomes}
    assert verdicts == {
        "caught-by-one-of-several": "caught",
        "does-no-harm": "NOT NOTICED",
        "not-collected": "pytest could not run it (exit code 4",
        "not-set-up": "it cannot be set up or taken down",
        "red-already": "the test is not green without it: failed",
    }
    assert {path: path.read_bytes() for path in (tmp_path / "tree").rglob("*.py")} == before


def test_one_that_is_not_caught_is_told_with_its_test_and_fails_the_whole(capsys: pytest.CaptureFixture[str]) -> None:
    mutant = Mutant(Path("F01-a-word.patch"), "F01", "tests/x/test_y.py::test_z", "Why.")
    assert report([Outcome(mutant, "caught", 1.0)])
    assert not report([Outcome(mutant, "caught", 1.0), Outcome(mutant, "NOT NOTICED", 2.0)])
    told = capsys.readouterr().out
    assert "NOT NOTICED\n    Why.\n    tests/x/test_y.py::test_z\n" in told
    assert "2 mutants, 1 caught, 1 not" in told
