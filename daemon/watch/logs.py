"""Logs: a line of JSON each, or for people where a terminal reads. `set_up` is the only place that configures logging.

A log that cannot be written is lost, never an error: trading does not wait for it and does not stop because of it.
"""

import json
import logging
import select
from collections.abc import MutableMapping
from typing import Any, Final, Literal, TextIO

from daemon.plain import plain, signed
from trading.account.records import BreakerChanged, Operation
from trading.account.triggers import Policy
from trading.postings import Posting
from trading.reports import Fill
from trading.timestamps import SECOND, iso

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
"""What every record has; anything else was given as `extra` and belongs on the line."""

_PIECE: Final = 400
"""Characters, each of ten bytes at most: so much a pipe that is ready takes without a wait (`man 7 pipe`, PIPE_BUF)."""


class JsonLines(logging.Formatter):
    """One JSON object a line: `ts`, `level`, `logger`, `message`, then what the caller added, such as `strategy`."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line."""
        line: dict[str, Any] = {
            "ts": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {name: value for name, value in vars(record).items() if name not in _STANDARD}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


class ForPeople(logging.Formatter):
    """`14:31:07  sma-aaa  what happened`, in UTC; the level is named from warnings on."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as a line, with its traceback below it."""
        parts = [_time(record)[11:19]]
        if strategy := getattr(record, "strategy", ""):
            parts.append(strategy)
        level = f"{record.levelname.lower()}: " if record.levelno >= logging.WARNING else ""
        line = "  ".join([*parts, level + record.getMessage()])
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


class StrategyLog(logging.LoggerAdapter[logging.Logger]):
    """A logger that puts the strategy's id on every line."""

    def __init__(self, logger: logging.Logger, strategy: str) -> None:
        super().__init__(logger, {"strategy": strategy})

    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        """Add the id to what the caller added."""
        return msg, {**kwargs, "extra": {**(kwargs.get("extra") or {}), **(self.extra or {})}}


class PromptHandler(logging.StreamHandler[TextIO]):
    """Writes what its stream takes at once and leaves out the rest: a pipe that nobody reads holds nobody up. How many
    lines were left out is the first thing that is said once there is room again."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._left_out = 0
        self._torn = ""
        self._ready = select.poll()
        try:
            self._ready.register(stream, select.POLLOUT)
            self._may_block = True
        except (OSError, ValueError):  # it is none of the system's
            self._may_block = False

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record's line, or leave it out."""
        try:
            if self._left_out and self._put(f"{self._torn}{self.format(self._gap(record))}\n"):
                self._left_out, self._torn = 0, ""
            if self._left_out or not self._put(f"{self.format(record)}\n"):
                self._left_out += 1
        except Exception:
            self.handleError(record)

    def _put(self, text: str) -> bool:
        for begin in range(0, len(text), _PIECE):
            if self._may_block and not self._ready.poll(0):
                self._torn = "\n" if begin else self._torn
                return False
            self.stream.write(text[begin : begin + _PIECE])
            self.flush()
        return True

    def _gap(self, record: logging.LogRecord) -> logging.LogRecord:
        told = {"levelno": logging.WARNING, "levelname": "WARNING", "name": __name__, "created": record.created}
        return logging.makeLogRecord({**told, "msg": f"{self._left_out} lines of this log could not be written"})


def set_up(stream: TextIO, *, level: int = logging.INFO, written: Literal["auto", "json", "human"] = "auto") -> None:
    """Send every log to one stream; `auto` is for people where it is a terminal, else JSON lines. Replaces what was set
    up."""
    handler = PromptHandler(stream)
    for_people = stream.isatty() if written == "auto" else written == "human"
    handler.setFormatter(ForPeople() if for_people else JsonLines())
    root = logging.getLogger()
    for old in tuple(root.handlers):
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level)
    logging.raiseExceptions = False
    logging.captureWarnings(capture=True)


def fill_line(fill: Fill) -> str:
    """`buy 100 AAA @ 100.07  fee 1.00  at 2026-01-05 14:31:07`, the fill's market time in UTC."""
    traded = f"{fill.side} {plain(fill.quantity)} {fill.symbol} @ {plain(fill.price)}"
    return f"{traded}  fee {plain(fill.fee)}  at {_to_second(fill.ts_ns)}"


def posting_line(posting: Posting) -> str:
    """`funding AAA  -3.35 USD  at 2026-01-05 16:00:00`, `split AAA  +300 units  at 2026-01-05 14:30:00`."""
    parts = [f"{posting.kind.replace('_', ' ')} {posting.symbol}".rstrip()]
    if posting.units:
        parts.append(f"{signed(posting.units)} units")
    parts += (f"{signed(amount)} {currency}" for currency, amount in posting.cash.items())
    if posting.realised:
        parts.append(f"realised {signed(posting.realised)}")
    if posting.reason:
        parts.append(posting.reason)
    return "  ".join([*parts, f"at {_to_second(posting.ts_ns)}"])


_DONE: Final = {
    Policy.LEAVE: "",
    Policy.CANCEL: "; its orders are cancelled",
    Policy.FLATTEN: "; its orders are cancelled, then its positions closed",
}


def breaker_line(changed: BreakerChanged) -> str:
    """`circuit breaker of maker is open (drawdown): the reason; its orders are cancelled`."""
    state = f"circuit breaker of {changed.scope} is {changed.after.replace('_', '-')} ({changed.trigger})"
    return f"{state}: {changed.reason}{_DONE[changed.policy]}"


def operation_line(operation: Operation) -> str:
    """`halt: the reason`, `deposit of 500.00 USD: the reason`, `transfer of 500.00 USD from a to b: the reason`."""
    words = operation.action.replace("_", " ")
    if operation.scope:
        words += f" of {operation.scope}"
    if operation.action == "move_cash":
        verb = "deposit" if operation.amount > 0 else "withdrawal"
        words = f"{verb} of {plain(operation.amount.copy_abs())} {operation.currency}"
    elif moved := operation.transfer:
        price = f" at {plain(moved.price)}" if moved.symbol else ""
        what = f"{plain(moved.amount)} {moved.symbol or moved.currency}{price}"
        words = f"transfer of {what} from {moved.source} to {moved.target}"
    elif said := operation.resolution:
        price = "" if said.price is None else f" at {plain(said.price)}"
        words = f"order {said.order_id} was resolved as {said.ended}, {plain(said.filled)} filled{price}"
    elif given := operation.adoption:
        price = "" if given.price is None else f" at {plain(given.price)}"
        what = f"order {given.venue_id}" if given.venue_id else f"{plain(given.units)} {given.symbol}{price}"
        words = f"{given.strategy} was given {what}, which was nobody's"
    elif operation.order_id:
        words = f"cancel of order {operation.order_id}"
    return f"{words}: {operation.reason}" if operation.reason else words


def _to_second(ts_ns: int) -> str:
    """With its date, as a feed may be of another day than the line."""
    return iso(ts_ns)[:19].replace("T", " ")


def _time(record: logging.LogRecord) -> str:
    return iso(int(record.created * 1_000) * (SECOND // 1_000))
