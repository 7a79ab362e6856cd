"""Draw the order's transition table.

python -m scripts.draw_order_states              print it, as tests/golden/order_transitions.txt holds it
python -m scripts.draw_order_states --write      write docs/order-states.md
"""

import argparse
import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Final

from trading.orders import FINAL_STATES, TRANSITIONS, OrderChange, OrderState

DOCUMENT: Final = Path(__file__).resolve().parent.parent / "docs" / "order-states.md"

_TEXT: Final = """# The states of an order

Drawn from the table in `trading/orders.py` by `python -m scripts.draw_order_states --write`; a test holds them equal.

Reports come late, twice and out of order, so most rows only say that an order stays where it is; the drawing leaves
them out. What has no row is an error of ours. A request that is refused, or a replacement that is done, brings an order
back to where it stood before the request, and whatever has filled in part is then PARTIAL. What has filled wholly is
FILLED, but not while an amendment is under way that could make it larger.

```mermaid
{diagram}```

## Every row

```text
{table}```
"""


def table() -> str:
    """Every row: the state, what happens to it, the state after."""
    lines = []
    for state in OrderState:
        rows = [(change, TRANSITIONS[state, change]) for change in OrderChange if (state, change) in TRANSITIONS]
        lines += [f"{state}\n", *(f"    {change:<16}{_after(state, after)}\n" for change, after in rows)]
    return "".join(lines)


def diagram() -> str:
    """A Mermaid drawing of the rows that lead from one state to another."""
    lines = ["stateDiagram-v2\n", f"    [*] --> {OrderState.RECEIVED}\n"]
    for (state, after), steps in groupby(sorted(_steps(), key=_in_life), key=lambda step: step[:2]):
        lines.append(f"    {state} --> {after}: {', '.join(change for *_, change in steps)}\n")
    return "".join(lines) + "".join(f"    {state} --> [*]\n" for state in OrderState if state in FINAL_STATES)


def document() -> str:
    """The page of the docs."""
    return _TEXT.format(diagram=diagram(), table=table())


def main() -> None:
    """Print the table or write the page."""
    parser = argparse.ArgumentParser(description="Draw the order's transition table.")
    parser.add_argument("--write", action="store_true", help=f"write {DOCUMENT.name} instead of printing the table")
    if parser.parse_args().write:
        DOCUMENT.write_text(document(), encoding="utf-8")
    else:
        sys.stdout.write(table())


def _after(state: OrderState, after: OrderState | None) -> str:
    return "back" if after is None else "-" if after is state else after


def _steps() -> Iterator[tuple[OrderState, OrderState, OrderChange]]:
    for (state, change), after in TRANSITIONS.items():
        if after is not None and after is not state:
            yield state, after, change


def _in_life(step: tuple[OrderState, OrderState, OrderChange]) -> tuple[int, int]:
    states = list(OrderState)
    return states.index(step[0]), states.index(step[1])


if __name__ == "__main__":
    main()
