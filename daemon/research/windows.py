"""Windows of time, half open, and their parts for fitting and for judging."""

from fractions import Fraction
from typing import NamedTuple

from trading.timestamps import iso


class Window(NamedTuple):
    """Times from `start_ns` on and before `end_ns`, nanoseconds since the epoch."""

    start_ns: int
    end_ns: int

    def __str__(self) -> str:
        return f"{iso(self.start_ns)} to {iso(self.end_ns)}"


class Split(NamedTuple):
    """Two windows, the later one for judging. What lies between them belongs to neither: a trade that was opened at the
    end of `train` cannot still be open when `test` begins, if the embargo is as long as trades last."""

    train: Window
    test: Window


def split(window: Window, train: float, embargo_ns: int = 0) -> Split:
    """Part a window after a share of its time; ValueError where the embargo leaves nothing to judge on."""
    ends_ns = window.start_ns + int((window.end_ns - window.start_ns) * Fraction(repr(train)))
    begins_ns = ends_ns + embargo_ns
    if ends_ns <= window.start_ns:
        raise ValueError(f"{train:g} of {window} is nothing to train on")
    if begins_ns >= window.end_ns:
        raise ValueError(f"the embargo ends {iso(begins_ns)}, and the window {iso(window.end_ns)}: no test is left")
    return Split(Window(window.start_ns, ends_ns), Window(begins_ns, window.end_ns))
