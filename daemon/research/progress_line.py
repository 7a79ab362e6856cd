"""How far a run has come, as one line of a terminal that is drawn over itself."""

import os
from collections.abc import Callable
from typing import Final, TextIO

from daemon.research.progress import Progress
from trading.timestamps import iso

_USUAL_COLUMNS: Final = 80


class ProgressLine:
    """Draws on a terminal; `columns` tells how wide it is now. The last message ends the line."""

    def __init__(self, stream: TextIO, columns: Callable[[], int] | None = None) -> None:
        self._stream = stream
        self._columns = columns or self._columns_there
        self._drawn = 0

    def tell(self, progress: Progress) -> None:
        """Draw it, over what was drawn before."""
        text = in_words(progress)[: max(1, self._columns() - 1)]
        self._stream.write(f"\r{text:<{self._drawn}}" + "\n" * progress.is_last)
        self._stream.flush()
        self._drawn = 0 if progress.is_last else len(text)

    def _columns_there(self) -> int:
        try:
            return os.get_terminal_size(self._stream.fileno()).columns or _USUAL_COLUMNS
        except OSError:
            return _USUAL_COLUMNS


def in_words(progress: Progress) -> str:
    """` 63 %  2026-01-07T12:00Z  1,234,567 events  57,000/s  2,641 fills  87449.94 USD`."""
    words = [
        f"{iso(progress.ts_ns)[:16]}Z",
        f"{progress.events:,} events",
        f"{progress.events / progress.seconds if progress.seconds else 0:,.0f}/s",
        f"{progress.fills:,} fills",
    ]
    if progress.share is not None:
        words.insert(0, f"{progress.share:4.0%}".replace("%", " %"))
    if progress.equity is not None:
        words.append(f"{progress.equity} {progress.currency}")
    return "  ".join(words)
