"""Results on disk: beside the place where they belong, and renamed when they are whole."""

import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from daemon.errors import NotWritten

Write = Callable[[BinaryIO], object]


def require_writable(path: Path, option: str) -> None:
    """NotWritten, naming the option that asked for it, where no file of that path could be written now."""
    target = path.resolve()
    if target.is_dir():
        raise NotWritten(f"{option} {path}: is a folder", mend="name a file, or remove the folder")
    try:
        if _is_special(target):
            target.open("wb").close()
            return
        beside = _beside(target)
        beside.open("xb").close()
        beside.unlink()
    except OSError as error:
        raise _not_written(f"{option} {path}", target, error) from error


def require_folder(path: Path, option: str) -> None:
    """A folder, made where it is missing; NotWritten, naming the option that asked for it, where that takes no file."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise NotWritten(
            f"{option} {path}: is no folder and cannot be made one: {error.strerror}", mend="name another folder"
        ) from error
    require_writable(path / "any", option)


def write_whole(path: Path, data: bytes) -> None:
    """Write a file in the place of one that is there, or leave that as it is: NotWritten."""
    write_all({path: lambda file: file.write(data)})


def write_all(writes: Mapping[Path, Write]) -> None:
    """Write files in the place of those that are there, or leave them as they are where one cannot be written:
    NotWritten."""
    with ExitStack() as unfinished:
        whole: dict[Path, Path] = {}
        for path, write in writes.items():
            target = path.resolve()
            place = target if _is_special(target) else _beside(target)
            try:
                if place != target:
                    unfinished.callback(_remove, place)
                    whole[path] = place
                with place.open("wb") as file:
                    write(file)
            except OSError as error:
                raise _not_written(str(path), target, error) from error
        for path, place in whole.items():
            try:
                place.replace(path.resolve())
            except OSError as error:
                raise _not_written(str(path), path.resolve(), error) from error


def _is_special(path: Path) -> bool:
    """Whether it is a device or a pipe, which is written to and never replaced."""
    return path.exists() and not path.is_file()


def _beside(path: Path) -> Path:
    return path.parent / f".bulkhead-{os.getpid()}-{uuid4().hex[:8]}"


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink(missing_ok=True)


def _not_written(what: str, target: Path, error: OSError) -> NotWritten:
    folder = target.parent
    if not folder.is_dir():
        return NotWritten(f"{what}: there is no folder {folder}", mend="make it, or name another file")
    return NotWritten(f"{what}: cannot be written: {error.strerror}", mend=f"see to {folder}, or name another file")
