"""Every rule of docs/simulation.md has a row in a test table, and no row is of a rule that is not there."""

import importlib
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.market_builders import Row

HERE = Path(__file__).parent
DOCUMENT = HERE.parents[1] / "docs" / "simulation.md"
RULE = re.compile(r"[A-Z]\d+")
TABLES = ("test_matching_*.py", "test_simulated_*.py", "test_passthrough_market.py")


def documented() -> list[str]:
    lines = DOCUMENT.read_text().splitlines()
    return [found[1] for line in lines if (found := re.match(rf"\| ({RULE.pattern}) \|", line))]


def names(function: Any) -> Iterator[str]:
    """What the cases of a test function are called."""
    for mark in getattr(function, "pytestmark", ()):
        if mark.name == "parametrize":
            for case in mark.args[1]:
                yield str(case) if isinstance(case, Row) else str(getattr(case, "id", ""))


def covered() -> Counter[str]:
    """How many cases of which rule there are."""
    found: Counter[str] = Counter()
    for pattern in TABLES:
        for path in HERE.glob(pattern):
            module = importlib.import_module(f"tests.unit.{path.stem}")
            for function in vars(module).values():
                found.update(rule[0] for name in names(function) if (rule := RULE.match(name)))
    return found


def test_every_rule_has_a_row_and_every_row_a_rule() -> None:
    assert sorted(covered()) == sorted(documented())


def test_no_rule_is_there_twice_and_none_is_left_out_in_its_count() -> None:
    rules = documented()
    by_letter: dict[str, list[int]] = {}
    for rule in rules:
        by_letter.setdefault(rule[0], []).append(int(rule[1:]))

    assert by_letter == {letter: list(range(1, len(numbers) + 1)) for letter, numbers in by_letter.items()}


def test_the_rows_are_told_apart() -> None:
    for pattern in TABLES:
        for path in HERE.glob(pattern):
            rows = getattr(importlib.import_module(f"tests.unit.{path.stem}"), "ROWS", [])
            twice = [name for name, count in Counter(map(str, rows)).items() if count > 1]
            assert not twice, path.name
