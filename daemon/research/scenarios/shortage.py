"""Whether something failed for want of memory. Few say so plainly: the system has a number for it, and SQLite calls it
an error of the disk where it is a file that cannot be mapped."""

import errno
import sqlite3
from typing import Final

_OF_SQLITE: Final = frozenset({"SQLITE_NOMEM", "SQLITE_IOERR_NOMEM", "SQLITE_IOERR_SHMMAP", "SQLITE_IOERR_MMAP"})
"""Of https://www.sqlite.org/rescode.html."""


def is_of_memory(error: BaseException) -> bool:
    """Whether an error, or one that it came from, says that there was no memory left."""
    seen: set[int] = set()
    one: BaseException | None = error
    while one is not None and id(one) not in seen:
        if _says_so(one):
            return True
        seen.add(id(one))
        one = one.__cause__ or one.__context__
    return False


def _says_so(error: BaseException) -> bool:
    match error:
        case MemoryError():
            return True
        case OSError():
            return error.errno == errno.ENOMEM
        case sqlite3.Error():
            return getattr(error, "sqlite_errorname", "") in _OF_SQLITE  # those of the module itself have no name
    return False
