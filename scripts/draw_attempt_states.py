"""Draw the transition table of the wire's attempts.

python -m scripts.draw_attempt_states              print it, as docs/order-path.md holds it
python -m scripts.draw_attempt_states --write      write it into docs/order-path.md
"""

import argparse
import re
import sys
from pathlib import Path
from typing import Final

from trading.venue.attempts import OVER, TRANSITIONS, AttemptChange, AttemptState

DOCUMENT: Final = Path(__file__).resolve().parent.parent / "docs" / "order-path.md"

_BLOCK: Final = re.compile(r"```mermaid\n.*?```\n\n```text\n.*?```\n", re.DOTALL)


def diagram() -> str:
    """A Mermaid drawing of the rows that lead from one state to another."""
    lines = ["stateDiagram-v2\n", f"    [*] --> {AttemptState.SENDING}\n"]
    for (state, change), after in TRANSITIONS.items():
        if state is not after and state not in OVER:
            lines.append(f"    {state} --> {after}: {change}\n")
    return "".join(lines) + "".join(f"    {state} --> [*]\n" for state in AttemptState if state in OVER)


def table() -> str:
    """Every row: the state, what becomes known, the state after."""
    lines = []
    for state in AttemptState:
        rows = [(change, TRANSITIONS[state, change]) for change in AttemptChange if (state, change) in TRANSITIONS]
        lines += [f"{state}\n", *(f"    {change:<16}{after}\n" for change, after in rows)]
    return "".join(lines)


def block() -> str:
    """Drawing and table as the page has them."""
    return f"```mermaid\n{diagram()}```\n\n```text\n{table()}```\n"


def page() -> str:
    """The page of the docs with both up to date."""
    return _BLOCK.sub(lambda _: block(), DOCUMENT.read_text(), count=1)


def main() -> None:
    """Print the table or write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write docs/order-path.md")
    if parser.parse_args().write:
        DOCUMENT.write_text(page())
    else:
        sys.stdout.write(table())


if __name__ == "__main__":
    main()
