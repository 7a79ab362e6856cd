#!/usr/bin/env python3
"""Holds docs/requirements.md against the tree: every cell filled, every path there, every test one that pytest finds.

A row counts if its table has the header `ref | requirement | where | test`. In `where` a quoted text with a slash is a
path. `test` names tests, or begins with `not yet` or `none:`.
"""

import re
import subprocess
import sys
from collections.abc import Iterator, Set
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).resolve().parent.parent
TABLE: Final = Path("docs/requirements.md")
HEADER: Final = ("ref", "requirement", "where", "test")
UNTESTED: Final = ("not yet", "none:")
_QUOTED: Final = re.compile(r"`([^`]+)`")


class Row(NamedTuple):
    """One requirement, and the line that it stands on."""

    line: int
    cells: tuple[str, ...]


def rows(text: str) -> Iterator[Row]:
    """The rows of every table of requirements in a text."""
    in_table = False
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.startswith("|"):
            in_table = False
            continue
        cells = tuple(cell.strip() for cell in line.strip().strip("|").split("|"))
        if cells == HEADER:
            in_table = True
        elif in_table and set("".join(cells)) != {"-"}:
            yield Row(number, cells)


def problems(text: str, root: Path, tests: Set[str]) -> list[str]:
    """What is wrong with a table, a line for each thing; `tests` are node ids without brackets."""
    found = [f"{TABLE}:{row.line}: {wrong}" for row in rows(text) for wrong in _wrong(row, root, tests)]
    return found or ([] if any(rows(text)) else [f"{TABLE}: no table has the header {' | '.join(HEADER)}"])


def _wrong(row: Row, root: Path, tests: Set[str]) -> Iterator[str]:
    if len(row.cells) != len(HEADER):
        yield f"{len(row.cells)} cells; write {len(HEADER)}"
        return
    ref, _, where, test = row.cells
    for name, cell in zip(HEADER, row.cells, strict=True):
        if not cell:
            yield f"{ref}: {name} is empty"
    for path in _QUOTED.findall(where):
        if "/" in path and not (root / path).exists():
            yield f"{ref}: there is no {path}"
    named = [quoted for quoted in _QUOTED.findall(test) if "::" in quoted]
    for node in named:
        if node.partition("[")[0] not in tests:
            yield f"{ref}: pytest finds no {node}"
    if test and not named and not test.startswith(UNTESTED):
        yield f"{ref}: names no test; write its id, or begin with {' or '.join(UNTESTED)}"


def collected(root: Path) -> set[str]:
    """The node ids that pytest finds, without brackets; SystemExit with its words where it cannot look."""
    found = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q"], cwd=root, capture_output=True, text=True, check=False
    )
    if found.returncode:
        sys.exit(f"pytest could not collect the tests:\n{found.stdout}{found.stderr}")
    return {line.partition("[")[0] for line in found.stdout.splitlines() if "::" in line}


def main() -> None:
    """Exit with 1 and every problem, or with 0."""
    wrong = problems((ROOT / TABLE).read_text(), ROOT, collected(ROOT))
    sys.exit("\n".join(wrong) or 0)


if __name__ == "__main__":
    main()
