"""The state directory: the names in it that others need, and putting it aside."""

from pathlib import Path

from daemon.disk import Disk
from trading.timestamps import SECOND, iso

SOCKET_NAME = "bulkhead.sock"
LOCK_NAME = "lock"
JOURNAL_NAME = "journal"
PROJECTION_NAME = "projection.sqlite"
LOGS_NAME = "logs"
HALT_NAME = "halt"
WATCHMAN_SOCKET_NAME = "watchman.sock"
WATCHMAN_LOG_NAME = "watchman.log"


def or_begin_anew(mend: str, *, is_live: bool) -> str:
    """How to mend what keeps a start; on paper a new beginning does too, which a live account cannot have."""
    return mend if is_live else f"{mend}, or begin anew with `bulkhead reset --paper`"


def archive_path(state: Path, now_ns: int) -> Path:
    """Where a state goes that is put aside now: `state.archived-20260105T143107Z`."""
    stamp = iso(now_ns // SECOND * SECOND).replace("-", "").replace(":", "")
    return state.with_name(f"{state.name}.archived-{stamp}")


def archive(state: Path, target: Path, disk: Disk, pid: int) -> None:
    """Put a state aside; StateInUse while a daemon works on it, DiskError when it cannot be moved."""
    lock = disk.lock(state / LOCK_NAME, pid)
    try:
        disk.rename(state, target)
        disk.sync_directory(state.parent)
    finally:
        lock.release()
