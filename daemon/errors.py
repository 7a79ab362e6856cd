"""The daemon's errors.

    DaemonError
    ├── UnknownStrategy   no strategy has that id
    ├── UnknownOrder      no order has that id
    ├── NotRunning        no daemon runs on that state directory
    ├── Unreachable       a daemon is there, but does not answer
    ├── BadRequest        what was asked of the daemon does not fit its interface
    ├── SocketProblem     the daemon's socket cannot be opened where it should be
    ├── DiskError         the disk did not do what it was asked for
    ├── StateInUse        another daemon works on that state directory
    ├── AccountInUse      another daemon on this host trades that account
    ├── VenueNotRead      the venue has not told what it was asked
    ├── JournalFailed     a record could not be made safe; the daemon stops
    ├── JournalDamaged    the journal holds something that no crash explains
    ├── ProjectionFailed  the tables that people's questions are answered from cannot be kept up
    ├── NotRepeatable     a journaled step came out differently when it was repeated
    ├── ChangeRefused     the config asks for a change that a restart cannot make
    ├── StateNotKept      a strategy holds something that no restart could bring back
    ├── EpochNotPassed    the clock is behind the last start
    ├── StrategyNotLoaded a strategy's class cannot be had by its reference
    ├── AdapterNotLoaded  the class of a live feed's adapter cannot be had by its reference
    ├── AdapterRefused    a live feed's adapter will not have its options, or not bring what is asked for
    ├── ContainerLost     a container's process is gone, and there are no more restarts
    ├── TaskLost          a part of the daemon was ended from within, by nobody who may
    ├── ProcessNotStarted a short-lived helper could not be started
    ├── NoExchangeCalendar the calendar of an exchange cannot be had (calendars/exchange.py)
    ├── BadData           a file of market data cannot be used, or a row of it cannot be
    ├── BadWindow         a window of time is empty, open or too short for what is asked of it
    ├── NotWritten        a result cannot be written where it should be
    ├── NoScenario        there is nothing to run by that name
    ├── CannotLimit       a limit is asked for where nothing can enforce it
    ├── ShadowedPackage   an import of one of our packages finds another
    └── ConfigProblems    a configuration that cannot be used, problem by problem (config/problems.py)

What the market or the gate refuses is not an error but a report; the core's own errors are in `trading/errors.py`.
"""


class DaemonError(Exception):
    """An error to show to people: what is wrong and where, and in `mend` what to do about it."""

    exit_code = 1

    def __init__(self, message: str, *, mend: str = "") -> None:
        super().__init__(message)
        self.mend = mend


class UnknownStrategy(DaemonError):
    """No strategy has that id."""

    exit_code = 4


class UnknownOrder(DaemonError):
    """No order has that id."""


class VenueNotRead(DaemonError):
    """The venue has not told what it was asked; nothing is decided."""


class TaskLost(DaemonError):
    """A part of the daemon was ended from within, by nobody who may."""


class NotRunning(DaemonError):
    """No daemon runs on that state directory."""

    exit_code = 3


class Unreachable(DaemonError):
    """A daemon is there, but does not answer."""

    exit_code = 69


class BadRequest(DaemonError):
    """What was asked of the daemon does not fit its interface."""


class SocketProblem(DaemonError):
    """The daemon's socket cannot be opened where it should be."""


class DiskError(DaemonError):
    """The disk did not do what it was asked for; `errno` is the operating system's number for why."""

    def __init__(self, message: str, *, errno: int, mend: str = "") -> None:
        super().__init__(message, mend=mend)
        self.errno = errno


class StateInUse(DaemonError):
    """Another daemon works on that state directory."""


class AccountInUse(DaemonError):
    """Another daemon on this host trades that account at a venue."""


class JournalFailed(DaemonError):
    """A record could not be made safe. What was not acknowledged is not done, and nothing is tried again."""


class JournalDamaged(DaemonError):
    """The journal holds something that no crash explains."""


class ProjectionFailed(DaemonError):
    """The tables that people's questions are answered from cannot be kept up; the journal is whole."""


class NotRepeatable(DaemonError):
    """A journaled step came out differently when it was repeated."""


class ChangeRefused(DaemonError):
    """The config asks for a change that a restart cannot make."""


class StateNotKept(DaemonError):
    """A strategy holds something that no restart could bring back."""


class EpochNotPassed(DaemonError):
    """The clock is behind the last start, so that wire ids could repeat."""


class StrategyNotLoaded(DaemonError):
    """A strategy's class cannot be had by its reference."""


class AdapterNotLoaded(DaemonError):
    """The class of a live feed's adapter cannot be had by its reference."""


class AdapterRefused(DaemonError):
    """A live feed's adapter will not have its options, or not bring what is asked for."""


class ContainerLost(DaemonError):
    """A container's process is gone, and there are no more restarts."""


class ProcessNotStarted(DaemonError):
    """A short-lived helper could not be started."""


class ShadowedPackage(DaemonError):
    """An import of one of our packages finds another of that name."""


class BadWindow(DaemonError):
    """A window of time is empty, open or too short for what is asked of it."""


class NotWritten(DaemonError):
    """A result cannot be written where it should be; what was there is as it was."""


class NoScenario(DaemonError):
    """There is no scenario, or none of that name."""


class CannotLimit(DaemonError):
    """A limit of time or memory is asked for where nothing can enforce it."""


class BadData(DaemonError):
    """A file of market data cannot be used, or a row of it cannot be; `key` is the setting at fault, within the file's
    entry in the config."""

    def __init__(self, message: str, *, mend: str, key: tuple[str, ...] = ()) -> None:
        super().__init__(message, mend=mend)
        self.key = key
