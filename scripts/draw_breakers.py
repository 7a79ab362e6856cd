"""Draw the circuit breakers' transition table, and the table of what opens them.

python -m scripts.draw_breakers              print the transitions, as tests/golden/breaker_transitions.txt holds them
python -m scripts.draw_breakers --write      write them into docs/breakers.md, between its marks
"""

import argparse
import sys
from itertools import groupby
from pathlib import Path
from typing import Final

from trading.account.breaker_states import TRANSITIONS, BreakerChange, BreakerState
from trading.account.triggers import TRIGGERS

DOCUMENT: Final = Path(__file__).resolve().parent.parent / "docs" / "breakers.md"


def table() -> str:
    """Every row: the state, what happens to it, the state after."""
    lines = []
    for state in BreakerState:
        rows = [(change, TRANSITIONS[state, change]) for change in BreakerChange if (state, change) in TRANSITIONS]
        lines += [f"{state}\n", *(f"    {change:<16}{'-' if after is state else after}\n" for change, after in rows)]
    return "".join(lines)


def diagram() -> str:
    """A Mermaid drawing of the rows that lead from one state to another."""
    places = list(BreakerState)
    steps = [(state, after, change) for (state, change), after in TRANSITIONS.items() if after is not state]
    steps.sort(key=lambda step: (places.index(step[0]), places.index(step[1])))
    lines = ["stateDiagram-v2\n", f"    [*] --> {BreakerState.CLOSED}\n"]
    for (state, after), group in groupby(steps, key=lambda step: step[:2]):
        lines.append(f"    {state} --> {after}: {', '.join(change for *_, change in group)}\n")
    return "".join(lines)


def triggers() -> str:
    """What opens a breaker: kind, scopes and limit of each trigger."""
    lines = ["| trigger | scopes | kind | its limit |\n", "|---|---|---|---|\n"]
    for trigger, rule in TRIGGERS.items():
        limit = f"`{rule.limit}`" if rule.limit else ""
        anchor = f"[`{trigger}`](runbook.md#{trigger})"
        lines.append(f"| {anchor} | {', '.join(rule.reaches)} | {rule.kind} | {limit} |\n")
    return "".join(lines)


def document() -> str:
    """The page of the docs with what is drawn as it is now."""
    drawn = {
        "diagram": f"```mermaid\n{diagram()}```\n",
        "transitions": f"```text\n{table()}```\n",
        "triggers": triggers(),
    }
    text = DOCUMENT.read_text(encoding="utf-8")
    for name, part in drawn.items():
        before, begin, rest = text.partition(f"<!-- {name} -->\n")
        _, end, after = rest.partition(f"<!-- end of {name} -->\n")
        assert begin, f"{DOCUMENT.name} has no place for {name}"
        assert end, f"{DOCUMENT.name} has no end of {name}"
        text = f"{before}{begin}\n{part}\n{end}{after}"
    return text


def main() -> None:
    """Print the table or write the page."""
    parser = argparse.ArgumentParser(description="Draw the circuit breakers.")
    parser.add_argument("--write", action="store_true", help=f"write {DOCUMENT.name} instead of printing the table")
    if parser.parse_args().write:
        DOCUMENT.write_text(document(), encoding="utf-8")
    else:
        sys.stdout.write(table())


if __name__ == "__main__":
    main()
