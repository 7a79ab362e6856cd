"""The short stories through which everything goes wrong once, at every place."""

from typing import Final

CANONICAL: Final = (
    "0 quote AAA 99 101",
    "0.5 a buys 5 AAA at 100",
    "1 a amends 1 to 8",
    "1.5 quote AAA 98 100 3",
    "2 a cancels 1",
    "2.3 quote AAA 99 101",
    "2.5 b buys 4 AAA",
    "3 cut",
    "4 stop",
    "faults end at 7",
)
"""An order rests, is amended, fills in part and is cancelled; another takes; the stream breaks; a process restarts."""

SHORTEST: Final = ("0 quote AAA 99 101", "0.5 a buys 5 AAA", "faults end at 3")
"""One order, filled at once."""
