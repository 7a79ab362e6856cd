"""Finding a class by its reference: `package.module:Class`, or `path/to/file.py:Class`.

A file is a module of its own, loaded once, under a name made of its path: so a snapshot that names a class finds it.
"""

import hashlib
import importlib
import importlib.util
import inspect
import pkgutil
import re
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from daemon.config.extras import install_hint
from daemon.config.problems import nearest
from daemon.errors import DaemonError, StrategyNotLoaded
from trading.strategy import Strategy

_FRAME: Final = re.compile(r'File "([^"]+)", line (\d+)')


@dataclass(frozen=True, kw_only=True)
class Sought:
    """What a reference must name, in words for people: `mend` makes one of a class that does not fit."""

    noun: str
    nouns: str
    mend: str
    fits: Callable[[type], bool]
    refusal: type[DaemonError]


STRATEGY: Final = Sought(
    noun="strategy",
    nouns="strategies",
    mend="make it a subclass of trading.strategy.Strategy",
    fits=lambda cls: issubclass(cls, Strategy) and cls is not Strategy,
    refusal=StrategyNotLoaded,
)


def load_class(reference: str, folder: Path) -> type[Strategy]:
    """The strategy of a reference; StrategyNotLoaded says what is wrong with it."""
    return find_class(reference, folder, STRATEGY)


def find_class(reference: str, folder: Path, sought: Sought) -> type:
    """The class of a reference, a file's path counting from `folder`; the refusal says what is wrong with it."""
    source, colon, name = reference.rpartition(":")
    if not colon or not source or not name.isidentifier():
        raise sought.refusal(
            f"{reference!r} is no reference to a class; write package.module:Class or path/to/file.py:Class"
        )
    if source.endswith(".py"):
        module = _load_file(folder / Path(source).expanduser(), sought)
    else:
        module = _load_module(source, sought)
    return _class_in(module, name, source, sought)


def code_of(file: Path) -> str:
    """What tells one content of a source file from another."""
    return hashlib.blake2b(file.read_bytes(), digest_size=16).hexdigest()


def file_of(cls: type) -> str:
    """The file that a class is in; empty where there is none."""
    return getattr(sys.modules[cls.__module__], "__file__", None) or ""


def module_name(file: Path) -> str:
    """The name under which a file is a module."""
    return f"bulkhead_strategy_{hashlib.blake2b(str(file.resolve()).encode(), digest_size=8).hexdigest()}"


def line_in(stack: str, file: str) -> str:
    """The clause for the place of a written stack that `place_in` gives."""
    place = place_in(stack, file)
    return f" ({place})" if place else ""


def place_in(stack: str, file: str) -> str:
    """The line of a written stack that is innermost in a file, else innermost anywhere, such as `mine.py:12`; empty
    where there is none."""
    frames = [(path, line) for path, line in _FRAME.findall(stack) if not path.startswith("<")]
    own = [frame for frame in frames if frame[0] == file] or frames
    return f"{Path(own[-1][0]).name}:{own[-1][1]}" if own else ""


def failure_in_words(error: BaseException, file: str = "") -> str:
    """An exception of the code behind a reference, and where in its file it came from."""
    stack = "".join(traceback.format_exception(error))
    hint = f"; {install_hint(error.name)}" if isinstance(error, ModuleNotFoundError) and error.name else ""
    message = error.msg if isinstance(error, SyntaxError) else error
    return f"{type(error).__name__}: {message}{line_in(stack, file)}{hint}"


def _load_module(name: str, sought: Sought) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise sought.refusal(f"importing {name} failed: {failure_in_words(error, '')}")
        raise sought.refusal(
            f"no module {error.name!r}; for a file write path/to/file.py:Class{_nearest_module(error.name)}"
        )
    except (Exception, SystemExit) as error:
        raise sought.refusal(f"importing {name} failed: {failure_in_words(error, '')}")


def _load_file(file: Path, sought: Sought) -> ModuleType:
    file = file.resolve()
    if not file.is_file():
        neighbours = [path.name for path in file.parent.glob("*.py")] if file.parent.is_dir() else []
        raise sought.refusal(f"no file {file}{nearest(file.name, neighbours)}")
    name = module_name(file)
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, file, loader=_FromSource(name, str(file)))
    assert spec is not None, file
    assert spec.loader is not None, file
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except BaseException as error:
        del sys.modules[name]
        if not isinstance(error, Exception | SystemExit):
            raise
        raise sought.refusal(f"importing {file} failed: {failure_in_words(error, str(file))}")
    return module


class _FromSource(SourceFileLoader):
    """Compiles the file as it is now. Cached bytecode is told apart by size and second, which a quick edit can keep."""

    def path_stats(self, path: str) -> Mapping[str, Any]:
        """Nothing by which a cache could be used."""
        raise OSError(f"{path} is not cached")


def _nearest_module(name: str) -> str:
    parent, _, last = name.rpartition(".")
    if parent:
        inside = getattr(sys.modules[parent], "__path__", ())  # a module that is no package has nothing inside
        return nearest(last, (module.name for module in pkgutil.iter_modules(inside)))
    return nearest(last, (module.name for module in pkgutil.iter_modules() if not module.name.startswith("_")))


def _class_in(module: ModuleType, name: str, source: str, sought: Sought) -> type:
    found = getattr(module, name, None)
    offered = [one for one, value in vars(module).items() if inspect.isclass(value) and sought.fits(value)]
    if found is None:
        raise sought.refusal(
            f"{source} has no {name!r}; its {sought.nouns}: {', '.join(offered) or 'none'}{nearest(name, offered)}"
        )
    if not inspect.isclass(found) or not sought.fits(found):
        raise sought.refusal(
            f"{source}:{name} is no {sought.noun}; {sought.mend} ({sought.nouns} in it: {', '.join(offered) or 'none'})"
        )
    return found
