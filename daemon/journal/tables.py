"""The projection's file: SQLite, made by the numbered scripts in `schema/`. It can be deleted at any time.

A crash may lose or damage it, since nothing in it is synced; whatever does not look sound is thrown away.
"""

import sqlite3
from contextlib import closing
from importlib.resources import files
from pathlib import Path


def open_tables(path: Path, journal_sequence: int) -> sqlite3.Connection:
    """The tables in a file if they are sound, of this version and not ahead of the journal; else new, empty ones."""
    if not _fit(path, journal_sequence):
        for suffix in ("", "-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        _create(path)
    return _connect(path)


def _connect(path: Path) -> sqlite3.Connection:
    # The owner may be a pool that uses one thread at a time; SQLite need not insist on which.
    tables = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    tables.execute("PRAGMA synchronous = OFF")
    return tables


def _fit(path: Path, journal_sequence: int) -> bool:
    if not path.exists():
        return False
    try:
        with closing(_connect(path)) as tables:
            version = tables.execute("PRAGMA user_version").fetchone()[0]
            sound = tables.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok"
            if version != len(_scripts()) or not sound:
                return False
            applied: int = tables.execute("SELECT applied FROM progress").fetchone()[0]
            return applied <= journal_sequence
    except sqlite3.DatabaseError:
        return False


def _create(path: Path) -> None:
    with closing(_connect(path)) as tables:
        tables.execute("PRAGMA journal_mode = WAL")
        scripts = _scripts()
        for script in scripts:
            tables.executescript(script)
        # Last, so that tables half made are not taken for whole ones.
        tables.execute(f"PRAGMA user_version = {len(scripts)}")


def _scripts() -> list[str]:
    folder = files("daemon.journal") / "schema"
    return [script.read_text() for script in sorted(folder.iterdir(), key=lambda script: script.name)]
