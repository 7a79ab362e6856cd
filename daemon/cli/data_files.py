"""Options that say how files of market data are to be read: each has the name and the meaning of a file's key in a
config (docs/data.md)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from trading.timestamps import parse_interval

if TYPE_CHECKING:
    from daemon.feeds.file.layout import DataFile

Command = Callable[..., None]


class Interval(click.ParamType[int]):
    """A length of time such as 5m, in nanoseconds."""

    name = "interval"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Nanoseconds; wrong usage where it is no interval."""
        if isinstance(value, int):
            return value
        try:
            return parse_interval(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class ColumnOf(click.ParamType[tuple[str, str | int | None]]):
    """Which column holds a field: FIELD=NAME, FIELD=NUMBER, or FIELD= where there is none."""

    name = "field=column"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str | int | None]:
        """The field and its column; wrong usage without an equals sign."""
        if isinstance(value, tuple):
            return value[0], value[1]
        field, equals, column = value.partition("=")
        if not equals:
            self.fail(f"{value!r} is not written as FIELD=COLUMN, such as time=date or volume=6", param, ctx)
        return field, int(column) if column.isdecimal() else column or None


_OPTIONS = (
    click.option(
        "--data", "--kind", "data", type=click.Choice(["quotes", "trades", "bars"]), help="What its rows are."
    ),
    click.option("--symbol", "symbols", multiple=True, help="The symbol of its rows; may be given more than once."),
    click.option("--by-symbol", is_flag=True, help="It is sorted by symbol first: read it once for each."),
    click.option("--interval", type=Interval(), help="Length of its bars, such as 1m."),
    click.option("--stamp", type=click.Choice(["open", "close"]), help="Which end of a bar its time is."),
    click.option(
        "--column",
        "columns",
        type=ColumnOf(),
        multiple=True,
        help="Where a field is: FIELD=NAME, or its number from 1.",
    ),
    click.option("--header/--no-header", default=True, show_default=True, help="Whether its first line names columns."),
    click.option("--delimiter", default=",", show_default=True, help="What stands between two cells; \\t is a tab."),
    click.option("--time", help="iso, s, ms, us, ns (since 1970), or a format such as %d.%m.%Y %H:%M:%S."),
    click.option("--zone", default="UTC", show_default=True, help="Time zone of times that carry none."),
    click.option("--repeats", is_flag=True, help="A quote may be the same as the one before it, time included."),
    click.option("--negative", is_flag=True, help="Prices may be zero or below, as of futures."),
)


def reads_files(command: Command) -> Command:
    """Hand over `described`, which makes the DataFiles of a path out of the options, and `data`, `symbols` and
    `interval`."""

    @wraps(command)
    def with_described(**arguments: Any) -> None:
        given = {name: arguments.pop(name) for name in _NAMES}

        def described(path: Path, **changes: Any) -> "list[DataFile]":
            return data_files(path, **{**given, **changes})

        passed = {name: given[name] for name in ("data", "symbols", "interval")}
        command(described=described, **passed, **arguments)

    for option in reversed(_OPTIONS):
        with_described = option(with_described)
    return with_described


_NAMES = (
    *("data", "symbols", "by_symbol", "interval", "stamp", "columns", "header", "delimiter"),
    *("time", "zone", "repeats", "negative"),
)


def options_given() -> list[str]:
    """Those of the options that stand on the command line."""
    ctx = click.get_current_context()
    given = [name for name in _NAMES if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE]
    return ["--" + _OF_ANOTHER_NAME.get(name, name).replace("_", "-") for name in given]


def data_files(
    path: Path,
    *,
    data: str | None,
    symbols: Sequence[str],
    by_symbol: bool,
    negative: bool,
    interval: int | None,
    columns: Sequence[tuple[str, str | int | None]],
    delimiter: str,
    **keys: Any,
) -> "list[DataFile]":
    """A file as it is to be read, once for each symbol where it is sorted so; wrong usage, with all that is wrong."""
    import msgspec
    from pydantic import ValidationError

    from daemon.config.conversion import data_file
    from daemon.config.feed_settings import DataFileSettings
    from daemon.config.file_rules import flaws
    from daemon.config.messages import words_for
    from trading.timestamps import format_interval

    lacking = [name for name, value in (("--data", data), ("--symbol", symbols)) if not value]
    if lacking:
        raise click.UsageError(f"{' and '.join(lacking)} must be given: what the rows of {path} are")
    written = {
        **keys,
        "path": path,
        "data": data,
        "symbols": symbols,
        "interval": None if interval is None else format_interval(interval),
        "columns": dict(columns),
        "delimiter": "\t" if delimiter == "\\t" else delimiter,
    }
    try:
        settings = DataFileSettings.model_validate(written)
    except ValidationError as error:
        raise _wrong((_key(one["loc"]), words_for(one)) for one in error.errors(include_url=False))
    if found := list(flaws(settings)):
        raise _wrong(found)
    file = data_file(settings, {}, Path())
    if negative:
        file = msgspec.structs.replace(file, may_be_negative=frozenset(symbols))
    return [msgspec.structs.replace(file, symbols=(one,)) for one in symbols] if by_symbol else [file]


def option_of(key: Sequence[str | int]) -> str:
    """The option that a key of the config stands for."""
    if key[0] == "path":
        return "FILE"
    if key[0] == "columns":
        return f"--column {key[1]}=" if len(key) > 1 else "--column"
    name = str(key[0])
    return "--" + _OF_ANOTHER_NAME.get(name, name)


_OF_ANOTHER_NAME: Mapping[str, str] = {"symbols": "symbol", "columns": "column"}


def _wrong(flaws: Iterable[tuple[Sequence[str | int], str]]) -> click.UsageError:
    return click.UsageError("\n".join(f"{option_of(key)}: {message}" for key, message in flaws))


def _key(location: tuple[int | str, ...]) -> tuple[int | str, ...]:
    return location[:2] if location[0] == "columns" else location[:1]
