"""Results on disk: beside the place where they belong, and renamed when they are whole."""

import os
from pathlib import Path
from uuid import uuid4

from daemon.errors import NotWritten


def require_writable(path: Path, option: str) -> None:
    """NotWritten, naming the option that asked for it, where no file of that path could be written now."""
    target = path.resolve()
    try:
        if _is_special(target):
            target.open("wb").close()
            return
        beside = _beside(target)
        beside.open("xb").close()
        beside.unlink()
    except OSError as error:
        raise _not_written(f"{option} {path}", target, error) from error


def write_whole(path: Path, data: bytes) -> None:
    """Write a file in the place of one that is there, or leave that as it is: NotWritten."""
    target = path.resolve()
    try:
        if _is_special(target):
            target.write_bytes(data)
            return
        beside = _beside(target)
        try:
            beside.write_bytes(data)
            beside.replace(target)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise _not_written(str(path), target, error) from error


def _is_special(path: Path) -> bool:
    """Whether it is a device or a pipe, which is written to and never replaced."""
    return path.exists() and not path.is_file()


def _beside(path: Path) -> Path:
    return path.parent / f".bulkhead-{os.getpid()}-{uuid4().hex[:8]}"


def _not_written(what: str, target: Path, error: OSError) -> NotWritten:
    folder = target.parent
    if not folder.is_dir():
        return NotWritten(f"{what}: there is no folder {folder}", mend="make it, or name another file")
    return NotWritten(f"{what}: cannot be written: {error.strerror}", mend=f"see to {folder}, or name another file")
