"""Draw the page of faults from their catalogue.

python -m scripts.render_reliability              print it
python -m scripts.render_reliability --write      write docs/reliability.md
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Final

from scripts.mutants import mutants
from tests.faults.catalogue import FAULTS, GROUPS, INVARIANTS, OPEN, Fault

DOCUMENT: Final = Path(__file__).resolve().parent.parent / "docs" / "reliability.md"

_TEXT: Final = """# What goes wrong with trading daemons, and what shows that it does not here

Drawn from `tests/faults/catalogue.py` by `python -m scripts.render_reliability --write`; a test holds them equal.

Each row is a way in which daemons of this kind have lost money, state or sleep, what must hold whatever happens, and
the tests that bring the fault about and look. A mutant is the bug itself: a patch that puts it back, and that one of
the row's tests, or another that it names, must notice (`make mutants`). A row is shown in part where a test brings
about some of the fault, and says what is still missing.

{counts}
{groups}## What must hold

{invariants}"""


def page() -> str:
    """The page of the docs."""
    patches = _patches()
    groups = "".join(_group(letter, list(rows), patches) for letter, rows in groupby(FAULTS, lambda one: one.group))
    invariants = "".join(f"- {words[0].upper()}{words[1:]}.\n" for words in INVARIANTS.values())
    return _TEXT.format(counts=counts(), groups=groups, invariants=invariants)


def counts() -> str:
    """How many faults there are, and how they are shown."""
    patches = _patches()
    shown = Counter(map(_standing, FAULTS))
    rows = {
        "faults": len(FAULTS),
        "shown by scenarios": shown["shown"],
        "of these also by mutants": sum(_standing(one) == "shown" and one.id in patches for one in FAULTS),
        "shown in part": shown["in part"],
        "yet to be shown": shown["open"],
        "without a test, and why": shown["without"],
        "mutants": sum(len(names) for names in patches.values()),
    }
    lines = "".join(f"| {words} | {number} |\n" for words, number in rows.items())
    return f"| what | how many |\n|---|---|\n{lines}"


def main() -> None:
    """Print the page or write it."""
    parser = argparse.ArgumentParser(description="Draw the page of faults from their catalogue.")
    parser.add_argument("--write", action="store_true", help=f"write {DOCUMENT.name} instead of printing it")
    if parser.parse_args().write:
        DOCUMENT.write_text(page(), encoding="utf-8")
    else:
        sys.stdout.write(page())


def _patches() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for mutant in mutants():
        found.setdefault(mutant.fault, []).append(mutant.name)
    return found


def _standing(fault: Fault) -> str:
    if fault.id in OPEN:
        return "in part" if fault.tests else "open"
    return "shown" if fault.tests else "without"


def _group(letter: str, faults: list[Fault], patches: dict[str, list[str]]) -> str:
    rows = "".join(f"| {' | '.join(_cells(fault, patches))} |\n" for fault in faults)
    head = "| | fault | what must hold | shown by |\n|---|---|---|---|\n"
    return f"## {letter}. {GROUPS[letter]}\n\n{head}{rows}\n"


def _cells(fault: Fault, patches: dict[str, list[str]]) -> tuple[str, ...]:
    holds = "; ".join(INVARIANTS[number] for number in fault.invariants)
    return fault.id, fault.title, holds, "<br>".join(_shown_by(fault, patches.get(fault.id, [])))


def _shown_by(fault: Fault, patches: list[str]) -> Iterator[str]:
    for file, tests in groupby(fault.tests, lambda test: test.partition("::")[0]):
        names = ", ".join(f"`{test.partition('::')[2]}`" for test in tests)
        yield f"{file}: {names}"
    if patches:
        yield f"mutants: {', '.join(f'`{name}`' for name in patches)}"
    if fault.id in OPEN:
        yield f"{'still' if fault.tests else 'yet'} to be shown: {OPEN[fault.id]}"
    if fault.reason:
        yield f"none: {fault.reason}"


if __name__ == "__main__":
    main()
