"""What all indicators share: the last value, whether there is one, and a state that a snapshot can carry."""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Generic, Self, TypeVar

Value = TypeVar("Value")


class Indicator(ABC, Generic[Value]):
    """Base of every indicator; a subclass adds `update` and names its attributes in `__slots__`.

    Each attribute is a float, an int, None, a list of floats, or an indicator, whose class then stands in `_parts`.
    """

    __slots__ = ()
    _parts: ClassVar[Mapping[str, type["Indicator[Any]"]]] = {}

    @property
    @abstractmethod
    def value(self) -> Value | None:
        """The last result, None until ready."""

    @property
    def ready(self) -> bool:
        """Whether it has heard enough to have a value."""
        return self.value is not None

    def state(self) -> dict[str, Any]:
        """Everything that `restore` needs, of plain values; nothing in it is shared with the indicator."""
        return {name: _plain(getattr(self, name)) for name in self._names()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Become the indicator that gave this state, periods included; what follows is the same to the last bit."""
        for name in self._names():
            kept = state[name]
            if name in self._parts:
                setattr(self, name, self._parts[name].restored(kept))
            else:
                setattr(self, name, list(kept) if isinstance(kept, list) else kept)

    @classmethod
    def restored(cls, state: Mapping[str, Any]) -> Self:
        """A new indicator from a state of its class."""
        indicator = cls.__new__(cls)
        indicator.restore(state)
        return indicator

    @classmethod
    def _names(cls) -> list[str]:
        return [name for base in reversed(cls.__mro__) for name in getattr(base, "__slots__", ())]


def require_period(owner: Indicator[Any], period: int, name: str = "period", *, least: int = 1) -> None:
    """ValueError unless a period is a whole number of values, no fewer than the least."""
    if not (period >= least and period % 1 == 0):
        raise ValueError(f"{type(owner).__name__}: {name} is {period}; it must be a whole number, {least} or more")


def require_shorter(owner: Indicator[Any], fast: int, slow: int) -> None:
    """ValueError unless the fast period is the shorter one."""
    if fast >= slow:
        raise ValueError(f"{type(owner).__name__}: fast is {fast} and slow is {slow}; fast must be the shorter period")


def require_positive(owner: Indicator[Any], number: float, name: str) -> None:
    """ValueError unless a number is finite and above zero."""
    if not 0 < number < math.inf:
        raise ValueError(f"{type(owner).__name__}: {name} is {number}; it must be above 0 and finite")


def _plain(kept: object) -> object:
    if isinstance(kept, Indicator):
        return kept.state()
    return list(kept) if isinstance(kept, list) else kept
