"""The core's errors.

    TradingError
    ├── InvalidInstrument     an instrument whose steps or currency cannot be
    ├── InvalidParameters     a strategy's parameters do not fit its annotations
    ├── IllegalTransition     an order was asked to make a step that its table does not hold
    ├── ScopeError            a container was built, resolved or torn down out of order
    ├── StrategyMisuse        a strategy used its interface where it may not
    ├── UnsupportedState      a strategy holds something that no snapshot can carry
    ├── InvalidClientOrderId  a wire id that is not one of ours
    ├── LedgerError           a booking that contradicts the books
    └── ScheduleEnded         a calendar has no session after a time

What the market or the gate refuses is not an error but a report: see `reports.py`.
"""


class TradingError(Exception):
    """Any error of the core; its message says what, where and how to mend it."""


class InvalidInstrument(TradingError):
    """An instrument whose steps, limits or currency cannot be."""


class InvalidParameters(TradingError):
    """Parameters that do not fit a strategy's annotations; `problems` maps each field to what is wrong with it."""

    def __init__(self, strategy: str, problems: dict[str, str]) -> None:
        self.strategy = strategy
        self.problems = problems
        super().__init__(f"{strategy}: " + "; ".join(f"{field}: {problem}" for field, problem in problems.items()))


class IllegalTransition(TradingError):
    """An order was asked to make a step that its transition table does not hold."""


class ScopeError(TradingError):
    """A container was built, resolved or torn down out of order."""


class StrategyMisuse(TradingError):
    """A strategy used its interface where it may not."""


class UnsupportedState(TradingError):
    """A strategy holds something that no snapshot can carry."""


class InvalidClientOrderId(TradingError):
    """A wire id that is not one of ours, or whose strategy is not known."""


class LedgerError(TradingError):
    """A booking that contradicts the books."""


class ScheduleEnded(TradingError):
    """A calendar has no session after a time, since it was made up to an earlier one."""
