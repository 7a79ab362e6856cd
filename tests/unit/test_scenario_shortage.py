"""What tells a want of memory from other failures."""

import errno
import resource
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from daemon.errors import ProjectionFailed
from daemon.research.scenarios.shortage import is_of_memory


def chained(error: Exception, cause: Exception | None = None, context: Exception | None = None) -> Exception:
    error.__cause__, error.__context__ = cause, context
    return error


@pytest.mark.parametrize(
    ("error", "is_so"),
    [
        (MemoryError(), True),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), True),
        (OSError(errno.ENOSPC, "No space left on device"), False),
        (sqlite3.OperationalError("disk I/O error"), False),
        (chained(ProjectionFailed("not kept"), cause=MemoryError()), True),
        (chained(LookupError("x"), context=chained(ValueError("y"), context=MemoryError())), True),
        (chained(ProjectionFailed("not kept"), cause=sqlite3.OperationalError("database or disk is full")), False),
    ],
)
def test_an_error_is_of_memory_where_it_or_what_it_came_from_says_so(error: Exception, is_so: bool) -> None:
    assert is_of_memory(error) is is_so


def test_errors_that_refer_to_each_other_come_to_an_end() -> None:
    one, other = ValueError("one"), ValueError("other")
    one.__context__, other.__context__ = other, one
    assert not is_of_memory(one)


TIGHT = """\
import resource, sqlite3, sys
from daemon.research.scenarios.shortage import is_of_memory
bytes_ = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (bytes_ + 1_000, resource.RLIM_INFINITY))
try:
    connection = sqlite3.connect(sys.argv[1])
    connection.execute("pragma journal_mode=wal")
    connection.execute("create table rows (number)")
except Exception as error:
    resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    print(is_of_memory(error))
"""


@pytest.mark.skipif(resource.getrlimit(resource.RLIMIT_AS)[1] != resource.RLIM_INFINITY, reason="there is a limit")
def test_what_sqlite_calls_an_error_of_the_disk_where_nothing_more_can_be_mapped_is_one(tmp_path: Path) -> None:
    found = subprocess.run([sys.executable, "-c", TIGHT, str(tmp_path / "a.db")], capture_output=True, check=True)
    assert found.stdout == b"True\n"
