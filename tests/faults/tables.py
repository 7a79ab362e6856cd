"""SQLite as the tables of the projection use it, with errors at the statements that a test names."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from daemon.journal import tables

FULL, LOCKED, BROKEN = "database or disk is full", "database is locked", "disk I/O error"


class Faults:
    """Counts statements over all connections; those for which `fails` holds raise what SQLite says."""

    def __init__(self, words: str) -> None:
        self.statements = 0
        self.fails: Callable[[int], bool] = lambda _: False
        self._words = words

    def count(self) -> None:
        self.statements += 1
        if self.fails(self.statements):
            raise sqlite3.OperationalError(self._words)

    def put_into(self, monkeypatch: pytest.MonkeyPatch) -> "Faults":
        """Have every connection of the projection count here."""
        faults = self

        class Counting(sqlite3.Connection):
            def execute(self, *statement: Any) -> sqlite3.Cursor:
                faults.count()
                return super().execute(*statement)

            def executemany(self, *statement: Any) -> sqlite3.Cursor:
                faults.count()
                return super().executemany(*statement)

        def connect(path: Path) -> sqlite3.Connection:
            connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, factory=Counting)
            connection.execute("PRAGMA synchronous = OFF")
            return connection

        monkeypatch.setattr(tables, "_connect", connect)
        return self
