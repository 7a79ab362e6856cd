"""The label in the footer of a Parquet file."""

from pathlib import Path
from typing import Final

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from daemon.errors import BadData
from daemon.research.catalogue.entry import FORMAT, KEY, Entry, Label

_MEND: Final = "remove it, and import its source again"


class _Version(msgspec.Struct):
    format: int


def read_entry(path: Path) -> Entry:
    """A file of a catalogue; BadData where it is damaged, none of a catalogue's, or of a format that is not known."""
    entry = labelled(path)
    if entry is None:
        raise BadData(f"{path}: is no file of a catalogue", mend="move it away, and `bulkhead data import` it")
    return entry


def labelled(path: Path) -> Entry | None:
    """A Parquet file, if it is a catalogue's; BadData where it is damaged or of a format that is not known."""
    try:
        metadata = pq.read_metadata(path).metadata or {}
        size = path.stat().st_size
    except FileNotFoundError:
        raise BadData(f"{path}: no such file", mend="correct the path")
    except (pa.ArrowException, OSError) as error:
        raise BadData(f"{path}: is no whole Parquet file: {str(error).splitlines()[0]}", mend=_MEND) from error
    if KEY not in metadata:
        return None
    return Entry(path=path, bytes=size, label=_label(path, metadata[KEY]))


def _label(path: Path, text: bytes) -> Label:
    try:
        version = msgspec.json.decode(text, type=_Version).format
        if version == FORMAT:
            return msgspec.json.decode(text, type=Label)
    except msgspec.DecodeError as error:
        raise BadData(f"{path}: its footer cannot be read: {error}", mend=_MEND) from error
    raise BadData(
        f"{path}: is of format {version} of the catalogue, and this Bulkhead reads {FORMAT}",
        mend="take the Bulkhead that wrote it, or remove it and import its source again",
    )
