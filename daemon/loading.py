"""Finding a strategy's class by its reference: `package.module:Class`, or `path/to/file.py:Class`.

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
from collections.abc import Mapping
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from daemon.config.extras import install_hint
from daemon.config.problems import nearest
from daemon.errors import StrategyNotLoaded
from trading.strategy import Strategy

_FRAME: Final = re.compile(r'File "([^"]+)", line (\d+)')


def load_class(reference: str, folder: Path) -> type[Strategy]:
    """The class of a reference, a file's path counting from `folder`; StrategyNotLoaded says what is wrong with it."""
    source, colon, name = reference.rpartition(":")
    if not colon or not source or not name.isidentifier():
        raise StrategyNotLoaded(
            f"{reference!r} is no reference to a class; write package.module:Class or path/to/file.py:Class"
        )
    module = _load_file(folder / Path(source).expanduser()) if source.endswith(".py") else _load_module(source)
    return _class_in(module, name, source)


def module_name(file: Path) -> str:
    """The name under which a strategy's file is a module."""
    return f"bulkhead_strategy_{hashlib.blake2b(str(file.resolve()).encode(), digest_size=8).hexdigest()}"


def line_in(stack: str, file: str) -> str:
    """The clause for the line of a written stack that is innermost in a file, else innermost anywhere."""
    frames = [(path, line) for path, line in _FRAME.findall(stack) if not path.startswith("<")]
    own = [frame for frame in frames if frame[0] == file] or frames
    return f" ({Path(own[-1][0]).name}:{own[-1][1]})" if own else ""


def failure_in_words(error: BaseException, file: str = "") -> str:
    """An exception of a strategy's code, and where in its file it came from."""
    stack = "".join(traceback.format_exception(error))
    hint = f"; {install_hint(error.name)}" if isinstance(error, ModuleNotFoundError) and error.name else ""
    message = error.msg if isinstance(error, SyntaxError) else error
    return f"{type(error).__name__}: {message}{line_in(stack, file)}{hint}"


def _load_module(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise StrategyNotLoaded(f"importing {name} failed: {failure_in_words(error, '')}")
        raise StrategyNotLoaded(
            f"no module {error.name!r}; for a file write path/to/file.py:Class{_nearest_module(error.name)}"
        )
    except (Exception, SystemExit) as error:
        raise StrategyNotLoaded(f"importing {name} failed: {failure_in_words(error, '')}")


def _load_file(file: Path) -> ModuleType:
    file = file.resolve()
    if not file.is_file():
        neighbours = [path.name for path in file.parent.glob("*.py")] if file.parent.is_dir() else []
        raise StrategyNotLoaded(f"no file {file}{nearest(file.name, neighbours)}")
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
        raise StrategyNotLoaded(f"importing {file} failed: {failure_in_words(error, str(file))}")
    return module


class _FromSource(SourceFileLoader):
    """Compiles the file as it is now. Cached bytecode is told apart by size and second, which a quick edit can keep."""

    def path_stats(self, path: str) -> Mapping[str, Any]:
        """Nothing by which a cache could be used."""
        raise OSError(f"{path} is not cached")


def _nearest_module(name: str) -> str:
    parent, _, last = name.rpartition(".")
    if parent:
        return nearest(last, (module.name for module in pkgutil.iter_modules(sys.modules[parent].__path__)))
    return nearest(last, (module.name for module in pkgutil.iter_modules() if not module.name.startswith("_")))


def _class_in(module: ModuleType, name: str, source: str) -> type[Strategy]:
    found = getattr(module, name, None)
    offered = [
        one
        for one, value in vars(module).items()
        if inspect.isclass(value) and issubclass(value, Strategy) and value is not Strategy
    ]
    if found is None:
        raise StrategyNotLoaded(
            f"{source} has no {name!r}; its strategies: {', '.join(offered) or 'none'}{nearest(name, offered)}"
        )
    if not inspect.isclass(found) or not issubclass(found, Strategy) or found is Strategy:
        raise StrategyNotLoaded(
            f"{source}:{name} is no strategy; make it a subclass of trading.strategy.Strategy"
            f" (strategies in it: {', '.join(offered) or 'none'})"
        )
    return found
