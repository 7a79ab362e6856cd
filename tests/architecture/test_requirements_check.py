"""The table of requirements names only what is there, and the script that says so can say no."""

import re
from pathlib import Path

import pytest

from scripts.check_requirements import TABLE, collected, problems, rows

ROOT = Path(__file__).resolve().parents[2]
HEAD = "# Requirements\n\n| ref | requirement | where | test |\n|---|---|---|---|\n"
TESTS = {"tests/unit/test_gate.py::test_it_refuses"}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "trading").mkdir()
    (tmp_path / "trading/gate.py").touch()
    return tmp_path


@pytest.mark.parametrize(
    "row",
    [
        "| S1:5 | a gate | `trading/gate.py` | `tests/unit/test_gate.py::test_it_refuses` |",
        "| S1:5 | a gate | `trading/gate.py`, `risk.max_open_orders` | `tests/unit/test_gate.py::test_it_refuses[3]` |",
        "| S1:5 | a gate | `trading/` | not yet |",
        "| S1:5 | a gate | nowhere | none: refused, because nobody needs it |",
    ],
)
def test_a_true_row_passes(tree: Path, row: str) -> None:
    assert problems(HEAD + row, tree, TESTS) == []


@pytest.mark.parametrize(
    ("row", "wrong"),
    [
        (
            "| S1:5 | a gate | `trading/gate.py` | `tests/unit/test_gate.py::test_it_opens` |",
            "S1:5: pytest finds no tests/unit/test_gate.py::test_it_opens",
        ),
        ("| S1:5 | a gate | `trading/door.py` | not yet |", "S1:5: there is no trading/door.py"),
        ("| S1:5 | a gate | `trading/gate.py` | |", "S1:5: test is empty"),
        ("| S1:5 | | `trading/gate.py` | not yet |", "S1:5: requirement is empty"),
        (
            "| S1:5 | a gate | `trading/gate.py` | surely |",
            "S1:5: names no test; write its id, or begin with not yet or none:",
        ),
        ("| S1:5 | a gate | not yet |", "3 cells; write 4"),
    ],
)
def test_a_row_that_is_not_true_is_named(tree: Path, row: str, wrong: str) -> None:
    assert problems(HEAD + row, tree, TESTS) == [f"docs/requirements.md:5: {wrong}"]


def test_a_file_without_the_table_is_no_table_without_faults(tree: Path) -> None:
    assert problems("| key | ours |\n|---|---|\n| a | b |", tree, TESTS) == [
        "docs/requirements.md: no table has the header ref | requirement | where | test"
    ]


def test_tests_are_those_that_pytest_finds_one_name_for_all_their_parameters(tmp_path: Path) -> None:
    (tmp_path / "test_gate.py").write_text(
        "import pytest\n@pytest.mark.parametrize('n', [1, 2])\ndef test_it_refuses(n): pass\n"
    )
    assert collected(tmp_path) == {"test_gate.py::test_it_refuses"}


def test_tests_that_cannot_be_collected_stop_the_check(tmp_path: Path) -> None:
    (tmp_path / "test_gate.py").write_text("import no_such_module\n")
    with pytest.raises(SystemExit, match=r"(?s)could not collect.*no_such_module"):
        collected(tmp_path)


def test_our_table_has_the_right_form_and_its_paths_exist() -> None:
    text = (ROOT / TABLE).read_text()
    named = {node.partition("[")[0] for row in rows(text) for node in re.findall(r"`([^`]+::[^`]+)`", row.cells[-1])}
    assert problems(text, ROOT, named) == []
