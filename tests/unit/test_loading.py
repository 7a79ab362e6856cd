"""Strategy classes by reference: every way to be wrong, and what a file's module is."""

import os
import sys
from pathlib import Path

import pytest

from daemon.config.extras import install_hint
from daemon.errors import StrategyNotLoaded
from daemon.loading import load_class, module_name
from strategies.sma_cross import SmaCross

MINE = '''
from trading.strategy import Strategy

class Mine(Strategy):
    """My own."""

class Order:
    pass
'''


def write(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    file.write_text(text)
    return file


def refusal(reference: str, folder: Path) -> str:
    with pytest.raises(StrategyNotLoaded) as caught:
        load_class(reference, folder)
    return str(caught.value).replace(f"{folder}/", "")


def test_a_module_and_a_class_name_one_of_the_tree(tmp_path: Path) -> None:
    assert load_class("strategies.sma_cross:SmaCross", tmp_path) is SmaCross


def test_a_file_counts_from_the_folder_and_is_loaded_once_under_a_name_that_finds_it_again(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    file = write(tmp_path / "sub", "mine.py", MINE)
    mine = load_class("sub/mine.py:Mine", tmp_path)
    assert (mine.__name__, mine.__module__) == ("Mine", module_name(file))
    assert sys.modules[mine.__module__].__file__ == str(file)
    assert load_class(f"{file}:Mine", Path("/")) is mine
    assert load_class("mine.py:Mine", tmp_path / "sub") is mine


def test_files_of_one_name_in_two_folders_are_two_modules(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        write(tmp_path / folder, "mine.py", MINE)
    assert load_class("a/mine.py:Mine", tmp_path) is not load_class("b/mine.py:Mine", tmp_path)


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("mine", "'mine' is no reference to a class; write package.module:Class or path/to/file.py:Class"),
        ("mine.py:", "'mine.py:' is no reference to a class; write package.module:Class or path/to/file.py:Class"),
        ("mine.py:Mien", "mine.py has no 'Mien'; its strategies: Mine; did you mean 'Mine'?"),
        (
            "mine.py:Order",
            "mine.py:Order is no strategy; make it a subclass of trading.strategy.Strategy (strategies in it: Mine)",
        ),
        (
            "mine.py:Strategy",
            "mine.py:Strategy is no strategy; make it a subclass of trading.strategy.Strategy (strategies in it: Mine)",
        ),
        ("mne.py:Mine", "no file mne.py; did you mean 'mine.py'?"),
        ("nowhere/mine.py:Mine", "no file nowhere/mine.py"),
        ("broken.py:Mine", "importing broken.py failed: SyntaxError: '(' was never closed (broken.py:2)"),
        ("raises.py:Mine", "importing raises.py failed: ZeroDivisionError: division by zero (raises.py:1)"),
        ("exits.py:Mine", "importing exits.py failed: SystemExit: 3 (exits.py:1)"),
        (
            "needs.py:Mine",
            "importing needs.py failed: ModuleNotFoundError: No module named 'ccxt' (needs.py:1);"
            " " + install_hint("ccxt"),
        ),
        (
            "strategies.sma_crss:SmaCross",
            "no module 'strategies.sma_crss'; for a file write path/to/file.py:Class; did you mean 'sma_cross'?",
        ),
        (
            "strategies.sma_cross.deeper:SmaCross",
            "no module 'strategies.sma_cross.deeper'; for a file write path/to/file.py:Class",
        ),
        (
            "strategis.sma_cross:SmaCross",
            "no module 'strategis'; for a file write path/to/file.py:Class; did you mean 'strategies'?",
        ),
    ],
)
def test_a_class_that_cannot_be_had_is_refused_in_words(reference: str, message: str, tmp_path: Path) -> None:
    write(tmp_path, "mine.py", MINE)
    write(tmp_path, "broken.py", "\nx = (\n")
    write(tmp_path, "raises.py", "1 / 0\n")
    write(tmp_path, "exits.py", "raise SystemExit(3)\n")
    write(tmp_path, "needs.py", "raise ModuleNotFoundError(\"No module named 'ccxt'\", name='ccxt')\n")
    assert refusal(reference, tmp_path) == message


def test_a_file_that_failed_is_no_module_and_can_be_mended(tmp_path: Path) -> None:
    file = write(tmp_path, "mine.py", "1 / 0\n")
    refusal("mine.py:Mine", tmp_path)
    assert module_name(file) not in sys.modules
    write(tmp_path, "mine.py", MINE)
    assert load_class("mine.py:Mine", tmp_path).__name__ == "Mine"


def test_the_install_line_names_the_whole_extra_and_this_environment() -> None:
    hint = install_hint("pyarrow.parquet")
    assert sys.executable in hint
    assert hint.endswith(" numpy pyarrow")
    assert install_hint("no_extra_of_ours").endswith(" no_extra_of_ours")


def test_a_file_that_was_edited_within_the_second_is_loaded_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    values = []
    for value in (1, 2):
        file.write_text(
            f"from trading.strategy import Strategy\n\n\nclass Mine(Strategy):\n    value: int = {value}\n",
        )
        os.utime(file, (1_700_000_000, 1_700_000_000))
        sys.modules.pop(module_name(file), None)
        values.append(load_class("mine.py:Mine", tmp_path).parse_parameters({}))
    assert [one.value for one in values] == [1, 2]  # type: ignore[attr-defined]
    assert not (tmp_path / "__pycache__").exists()
