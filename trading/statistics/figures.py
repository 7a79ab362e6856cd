"""What figures are made with. A series that holds what is not a number is refused; a figure is finite or None."""

import math
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from typing import Final, ParamSpec

Asked = ParamSpec("Asked")

NOISE: Final = 1e-15
"""What is no larger is rounding: a return is a growth less 1, and 1 has sixteen digits."""


def defined(figure: Callable[Asked, float | None]) -> Callable[Asked, float | None]:
    """The same figure, with None in place of what no float can hold."""

    @wraps(figure)
    def finite_or_none(*args: Asked.args, **kwargs: Asked.kwargs) -> float | None:
        try:
            value = figure(*args, **kwargs)
        except OverflowError:
            return None
        return value if value is not None and math.isfinite(value) else None

    return finite_or_none


def require_finite(values: Sequence[float], what: str = "return") -> None:
    """ValueError names the first value that is NaN or infinite."""
    for index, value in enumerate(values):
        if not math.isfinite(value):
            raise ValueError(f"{what} {index} is {value}; it must be a finite number")


def require_rate(value: float, name: str) -> None:
    """ValueError when a rate per period is NaN or infinite."""
    if not math.isfinite(value):
        raise ValueError(f"{name} is {value}; it must be a finite number")


def require_positive(value: float, name: str) -> None:
    """ValueError when it is not a finite number above zero."""
    if not 0 < value < math.inf:
        raise ValueError(f"{name} is {value}; it must be a finite number above zero")


def require_share(value: float, name: str) -> None:
    """ValueError when it is not from 0 to 1."""
    if not 0 <= value <= 1:
        raise ValueError(f"{name} is {value}; it must be from 0 to 1")


def added(values: Iterable[float]) -> float:
    """Their sum, whatever their order; OverflowError when no float can hold it."""
    try:
        return math.fsum(values)
    except ValueError:  # infinities of both signs
        raise OverflowError("a sum does not fit in a float") from None


def mean(values: Sequence[float]) -> float:
    """Of at least one value."""
    return added(values) / len(values)


def deviation(values: Sequence[float]) -> float:
    """Sample standard deviation, with n - 1, of at least two values; zero when they are the same but for rounding."""
    if min(values) == max(values):
        return 0.0
    middle = mean(values)
    spread = math.hypot(*(value - middle for value in values)) / math.sqrt(len(values) - 1)
    return spread if spread > NOISE * max(1.0, *map(abs, values)) else 0.0


def percentile(values: Sequence[float], share: float) -> float:
    """Of at least one value, linear between the two nearest ranks: Hyndman and Fan (1996), definition 7."""
    ordered = sorted(values)
    position = share * (len(ordered) - 1)
    rank = min(int(position), len(ordered) - 1)
    lower, upper = ordered[rank], ordered[min(rank + 1, len(ordered) - 1)]
    return lower + (upper - lower) * (position - rank)
