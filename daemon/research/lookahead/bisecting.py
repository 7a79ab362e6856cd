"""Where among many places in order something begins, or ends, to matter, by few trials."""

from collections.abc import Callable


def boundary(begin: int, end: int, holds: Callable[[int], bool]) -> int:
    """A place p with `begin` <= p < `end` where something holds, and does not at p + 1.

    It is known to hold at `begin` and not to at `end`. Where it changes more than once this is one of the changes.
    """
    while end - begin > 1:
        middle = (begin + end) // 2
        if holds(middle):
            begin = middle
        else:
            end = middle
    return begin
