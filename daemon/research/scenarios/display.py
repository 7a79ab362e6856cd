"""Scenarios that run, a line each on a terminal, drawn anew where they stand. Piped, nothing is drawn."""

from collections.abc import Sequence
from shutil import get_terminal_size
from typing import Final, TextIO

from daemon.research.scenarios.status import Status
from daemon.research.scenarios.telling import ProgressMessage

_BAR: Final = 20
_MOST_LINES: Final = 20
_UP_AND_CLEAR: Final = "\x1b[{lines}F\x1b[J"

Line = tuple[str, Status, ProgressMessage | None]
"""A scenario's name, how far it is, and what it told last."""


class Display:
    """Draws on a stream if that is a terminal."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._shows = stream.isatty()
        self._drawn = 0

    def draw(self, running: Sequence[Line], done: int, of: int) -> None:
        """Draw those that run in the place of what was drawn before."""
        if not self._shows:
            return
        width = get_terminal_size().columns
        lines = [line_of(*one)[: width - 1] for one in running[:_MOST_LINES]]
        lines.append(f"{done} of {of} done, {len(running)} running"[: width - 1])
        self._write("".join(f"{line}\n" for line in lines))
        self._drawn = len(lines)

    def clear(self) -> None:
        """Leave nothing."""
        if self._drawn:
            self._write("")

    def _write(self, text: str) -> None:
        before = _UP_AND_CLEAR.format(lines=self._drawn) if self._drawn else ""
        self._drawn = 0
        self._stream.write(before + text)
        self._stream.flush()


def line_of(name: str, status: Status, told: ProgressMessage | None) -> str:
    """`crash-2020   [########            ]  41.2%  412,000 events  12 fills  100120.50`."""
    if told is None:
        return f"{name:<20} {status.lower().replace('_', ' ')}"
    share = told.progress_percent
    bar = "?" * _BAR if share is None else "#" * int(_BAR * min(share, 100.0) / 100)
    percent = "" if share is None else f"{share:.1f}%"
    told_of = f"{told.ticks_processed:,} events  {told.total_trades} fills  {told.current_balance or '-'}"
    return f"{name:<20} [{bar:<{_BAR}}] {percent:>6}  {told_of}"
