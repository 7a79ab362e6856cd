"""The deepest fall of wealth from a peak."""

from collections.abc import Sequence

import msgspec

from trading.statistics.figures import defined, require_finite
from trading.statistics.returns import Returns, wealth


class Drawdown(msgspec.Struct, frozen=True, kw_only=True):
    """A fall of wealth: `depth` is the trough over the peak, less 1: negative, -0.25 for a quarter lost.

    The peak is the last time at which wealth was at its height before the trough, the recovery the first time after it
    at which wealth is back there, None where it never is. The length is from the peak to the recovery, else to the
    series' end, in nanoseconds and in returns.
    """

    depth: float
    peak_ns: int
    trough_ns: int
    recovery_ns: int | None
    length_ns: int
    periods: int


@defined
def max_drawdown(returns: Sequence[float]) -> float | None:
    """The lowest of wealth over its peak so far, less 1, from 1 before the first return on.

    Zero or negative, below -1 in debt; None without returns. Magdon-Ismail and Atiya (2004).
    """
    require_finite(returns)
    if not returns:
        return None
    peak, deepest = 1.0, 0.0
    for level in wealth(returns):
        peak = max(peak, level)
        deepest = min(deepest, level / peak - 1.0)
    return deepest


def deepest_drawdown(returns: Returns) -> Drawdown | None:
    """The first of the deepest drawdowns; None when wealth never falls, or does not fit in a float."""
    depth = max_drawdown(returns.values)
    if not depth:
        return None
    times_ns = [returns.start_ns, *returns.times_ns]
    levels = wealth(returns.values)
    peak, trough = _fall(levels)
    last = len(levels) - 1
    recovery = next((index for index in range(trough, last + 1) if levels[index] >= levels[peak]), None)
    end = last if recovery is None else recovery
    return Drawdown(
        depth=depth,
        peak_ns=times_ns[peak],
        trough_ns=times_ns[trough],
        recovery_ns=None if recovery is None else times_ns[recovery],
        length_ns=times_ns[end] - times_ns[peak],
        periods=end - peak,
    )


def _fall(levels: Sequence[float]) -> tuple[int, int]:
    """Where the deepest fall begins and ends."""
    high, peak, trough, deepest = 0, 0, 0, 0.0
    for index, level in enumerate(levels):
        if level >= levels[high]:
            high = index
        elif level / levels[high] - 1.0 < deepest:
            peak, trough, deepest = high, index, level / levels[high] - 1.0
    return peak, trough
