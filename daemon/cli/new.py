"""`bulkhead new`: files to start from."""

import keyword
import re
from pathlib import Path

import click

from daemon.errors import DaemonError

_STRATEGY = '''\
"""Hold while the fast average of closes is above the slow one."""

from decimal import Decimal

from trading.indicators import Sma
from trading.market_data import Bar
from trading.strategy import Strategy


class {name}(Strategy):
    """Hold while the fast average is above the slow one."""

    symbol: str
    fast: int = 10  # bars
    slow: int = 30  # bars
    quantity: Decimal = Decimal(100)

    def start(self) -> None:
        """Make the averages; runs once, before the first bar."""
        self.fast_average = Sma(self.fast)
        self.slow_average = Sma(self.slow)

    def on_bar(self, bar: Bar) -> None:
        """Say what to hold; the order follows from what is held already."""
        fast, slow = self.fast_average.update(bar.close), self.slow_average.update(bar.close)
        if fast is not None and slow is not None:
            self.target(bar.symbol, self.quantity if fast > slow else Decimal(0))
'''

_ENTRY = """\
wrote {path}; to run it, add under `strategies:` of your config.yaml

  - {{id: {id}, class: "{path}:{name}", params: {{symbol: AAA}}, capital: "10000", warmup: 30}}

then `bulkhead check`, and `bulkhead run`"""


@click.group()
def new() -> None:
    """Write files to start from."""


@new.command("strategy")
@click.argument("name")
@click.option(
    "--path",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    help="The folder for it [default: here].",
)
def new_strategy(name: str, path: Path) -> None:
    """Write a strategy of your own, such as `bulkhead new strategy MyCross`: a moving average cross to change."""
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+", name)
    class_name, module = "".join(word[0].upper() + word[1:] for word in words), "_".join(words).lower()
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", name) or keyword.iskeyword(module) or class_name == "Strategy":
        raise click.BadParameter(f"{name!r} cannot name a class; use letters, digits and _, as in MyCross")
    file = path / f"{module}.py"
    try:
        path.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8") as written:
            written.write(_STRATEGY.format(name=class_name))
    except FileExistsError:
        raise DaemonError(f"{file} exists already", mend="choose another name, or move it away")
    except OSError as error:
        raise DaemonError(f"cannot write {file}: {error.strerror}", mend="choose another folder by --path")
    click.echo(_ENTRY.format(path=file, id="-".join(words).lower(), name=class_name), err=True)
    click.echo(str(file))
