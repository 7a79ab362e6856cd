"""Where the exchange's effects outlive it: one line of JSON for each step, written before anything is answered.

A line reaches the operating system whole before `append` returns, so it survives the end of the process; a line that
the end has torn was never answered, and is dropped when the file is opened again.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from tests.venue.records import Effect

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(list[Effect]).decode


class Store(Protocol):
    """Keeps steps, each a list of effects."""

    def append(self, effects: Sequence[Effect]) -> None:
        """Keep one step."""

    def steps(self) -> list[list[Effect]]:
        """All that was kept, in order."""


class MemoryStore:
    """It outlives an exchange, not the process."""

    def __init__(self) -> None:
        self._steps: list[list[Effect]] = []

    def append(self, effects: Sequence[Effect]) -> None:
        """Keep one step."""
        self._steps.append(list(effects))

    def steps(self) -> list[list[Effect]]:
        """All that was kept, in order."""
        return [list(step) for step in self._steps]


class FileStore:
    """A file of lines. A torn last line is cut off as the file is opened."""

    def __init__(self, path: Path) -> None:
        self._path = path
        whole = path.read_bytes() if path.exists() else b""
        kept = whole[: whole.rfind(b"\n") + 1]
        if len(kept) < len(whole):
            path.write_bytes(kept)
        self._file = path.open("ab", buffering=0)

    def append(self, effects: Sequence[Effect]) -> None:
        """Keep one step."""
        line = _encode(effects) + b"\n"
        written = self._file.write(line)
        assert written == len(line), f"{self._path} took {written} of {len(line)} bytes"

    def steps(self) -> list[list[Effect]]:
        """All that was kept, in order."""
        return [_decode(line) for line in self._path.read_bytes().splitlines()]

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()
