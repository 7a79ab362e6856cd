"""The bytes of a text file, whether it is plain or packed with gzip or zip."""

import gzip
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final, cast

from daemon.errors import BadData
from daemon.feeds.file.faults import GET_ANEW, NO_SUCH_FILE

BREAKS: Final = (EOFError, OSError, zlib.error, zipfile.BadZipFile)
"""What reading raises where a file is cut off or damaged."""

BLOCK_BYTES: Final = 1 << 18
_LONGEST_LINE: Final = 1 << 20


@contextmanager
def unpacked(path: Path) -> Iterator[IO[bytes]]:
    """The file's text as bytes; BadData where it cannot be opened."""
    try:
        stream = _open(path)
    except FileNotFoundError:
        raise BadData(f"{path}: no such file", mend=NO_SUCH_FILE)
    except IsADirectoryError:
        raise BadData(f"{path}: is a folder", mend="name the files in it, each for itself")
    except zipfile.BadZipFile as error:
        raise BadData(f"{path}: is no whole zip file: {error}", mend=GET_ANEW)
    except OSError as error:
        raise BadData(f"{path}: cannot be read: {error.strerror}", mend="let the daemon's user read it")
    with stream:
        yield stream


def _open(path: Path) -> IO[bytes]:
    if path.suffix.lower() == ".zip":
        return _only_member(path)
    return cast("IO[bytes]", gzip.open(path)) if path.suffix.lower() == ".gz" else path.open("rb")


def _only_member(path: Path) -> IO[bytes]:
    with zipfile.ZipFile(path) as archive:
        members = [member for member in archive.infolist() if not member.is_dir()]
        if len(members) != 1:
            names = ", ".join(member.filename for member in members[:5]) or "nothing"
            raise BadData(f"{path}: holds {names}", mend="pack one file into each zip")
        if members[0].flag_bits & 1:
            raise BadData(f"{path}: is encrypted", mend="unpack it")
        return archive.open(members[0])


def blocks_of(path: Path, offset: int) -> Iterator[bytes]:
    """Whole lines, some hundred kilobytes at a time, from the beginning of a line on."""
    with unpacked(path) as stream:
        stream.seek(offset)
        while block := stream.read(BLOCK_BYTES):
            rest = stream.readline(_LONGEST_LINE)
            if len(rest) == _LONGEST_LINE:
                raise BadData(f"{path}: has a line of over {_LONGEST_LINE} bytes", mend="see whether it is text")
            yield block + rest


def lines_before_break(path: Path, offset: int) -> int:
    """How many more lines of a damaged file can be read."""
    lines = 0
    try:
        with unpacked(path) as stream:
            stream.seek(offset)
            while stream.readline(_LONGEST_LINE):
                lines += 1
    except BREAKS:
        pass
    return lines
