"""What is in a catalogue, found by looking: there is no list beside the files that could tell otherwise.

An import's files come in together, by the rename of one folder to `IMPORTED`, and move to their places from there. So
what lies in it is of the catalogue too, wherever an import was ended.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from daemon.config.extras import absent, install_hint
from daemon.errors import BadData, DaemonError
from daemon.research.catalogue.entry import Entry
from daemon.research.catalogue.series import SUFFIX, Series, series_in

IMPORTED: Final = ".imported"


def entries_of(root: Path, series: Series) -> list[Entry]:
    """The files of one series, in the order of time."""
    return _read(series, _paths(root, series))


def entries(root: Path) -> dict[Series, list[Entry]]:
    """All files, by series in their order, those of a series in the order of time; none where there is no folder."""
    places = sorted({series for base in (root / IMPORTED, root) for series in _series(base)})
    return {series: entries_of(root, series) for series in places}


def require_parquet() -> None:
    """DaemonError with the line that installs it, where the extra `data` is absent."""
    if module := absent("pyarrow", "numpy"):
        raise DaemonError(f"Parquet needs {module}", mend=install_hint(module))


def _paths(root: Path, series: Series) -> list[Path]:
    """What moves between the two looks is seen twice rather than not at all."""
    found: dict[str, Path] = {}
    for base in (root / IMPORTED, root):
        folder = base / series.folder
        found |= {path.name: path for path in folder.glob(f"*{SUFFIX}") if not path.name.startswith(".")}
    return list(found.values())


def _series(base: Path) -> Iterator[Series]:
    for folder in _folders(base):
        for inner in _folders(folder):
            series = series_in(folder.name, inner.name)
            if series is not None and any(inner.glob(f"*{SUFFIX}")):
                yield series


def _folders(path: Path) -> list[Path]:
    if not path.exists():
        return []
    try:
        return [inner for inner in path.iterdir() if inner.is_dir() and not inner.name.startswith(".")]
    except NotADirectoryError:
        raise DaemonError(f"{path} is a file, not a catalogue", mend="name the catalogue's folder by --catalogue")
    except OSError as error:
        raise DaemonError(f"{path} cannot be read: {error.strerror}", mend="name another catalogue by --catalogue")


def _read(series: Series, paths: list[Path]) -> list[Entry]:
    if not paths:
        return []
    require_parquet()
    from daemon.research.catalogue.footer import read_entry  # noqa: PLC0415 - the extra is needed only here

    found = [read_entry(path) for path in paths]
    for entry in found:
        if entry.label.series != series:
            raise BadData(
                f"{entry.path}: holds {entry.label.series.text}, and lies among {series.text}",
                mend=f"move it to {entry.label.series.folder} of the catalogue",
            )
    return sorted(found, key=lambda entry: (entry.label.first_ns, entry.label.last_ns))
