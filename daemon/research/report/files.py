"""Files that are there whole or not at all."""

import errno
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import BinaryIO

from daemon.errors import DaemonError

Write = Callable[[BinaryIO], object]


def put(path: Path, text: str) -> None:
    """Write a text beside its place, then put it there, in the place of one that was; DaemonError where that fails."""
    put_all({path: lambda file: file.write(text.encode())})


def put_all(writes: Mapping[Path, Write]) -> None:
    """Write files beside their places, then put all of them there: none where one could not be written.

    Folders that are missing are made. DaemonError says what could not be written.
    """
    beside = {path: path.with_name(f".{path.name}.part") for path in writes}
    with ExitStack() as unfinished:
        for path, write in writes.items():
            try:
                if path.is_dir():
                    raise IsADirectoryError(errno.EISDIR, "it is a folder")
                path.parent.mkdir(parents=True, exist_ok=True)
                unfinished.callback(_remove, beside[path])
                with beside[path].open("wb") as file:
                    write(file)
            except OSError as error:
                raise _not_written(path, error) from error
        for path, part in beside.items():
            try:
                part.replace(path)
            except OSError as error:
                raise _not_written(path, error) from error


def _not_written(path: Path, error: OSError) -> DaemonError:
    return DaemonError(f"cannot write {path}: {error.strerror or error}", mend="name a place that can be written")


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink(missing_ok=True)
