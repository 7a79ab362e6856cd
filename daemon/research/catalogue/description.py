"""Whether files are as they are described, before anything is done with them."""

from typing import Final

from daemon.errors import BadData
from daemon.feeds.file.head import read_head
from daemon.feeds.file.layout import DataFile

_MEND: Final = "describe it as it is: in its config, or by --column FIELD=COLUMN and options of these names"


def refuse_wrong_description(file: DataFile) -> None:
    """BadData with all that is wrong about the description of a file, or its symbols, as far as its beginning shows."""
    head = read_head(file, skip_bad_rows=True)
    if head.flaws and not head.faults:  # where rows cannot be, a symbol may only be absent for that
        lines = "\n".join(f"  {'.'.join(key)}: {message}" if key else f"  {message}" for key, message in head.flaws)
        raise BadData(f"{file.path} is not as described:\n{lines}", mend=_MEND, key=head.flaws[0][0])
