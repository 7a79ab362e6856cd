"""`bulkhead data`: stored market data, brought in, listed, looked through and made."""

import os
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from daemon.cli.account import Price
from daemon.cli.data_files import Interval, options_given, reads_files
from daemon.cli.options import PastMoment, shows, tells
from daemon.cli.printing import Show
from daemon.errors import DaemonError

if TYPE_CHECKING:
    from daemon.feeds.file.layout import DataFile
    from trading.sessions import Sessions

Described = Callable[..., "list[DataFile]"]

catalogue_option = click.option(
    "--catalogue",
    "root",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="BULKHEAD_CATALOGUE",
    default=Path("catalogue"),
    show_default=True,
    show_envvar=True,
    help="The folder of the catalogue.",
)
_MULTIPLE = click.FloatRange(min=0, min_open=True)


@click.group()
def data() -> None:
    """Keep market data in a catalogue, and look through it."""


@data.command("import")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path, exists=True, dir_okay=False), metavar="[FILE]...")
@click.option(
    "-c",
    "--config",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Import the files of this config's feed, as it describes them, in place of FILEs.",
)
@reads_files
@click.option(
    "--on-bad-row",
    type=click.Choice(["refuse", "skip"]),
    help="Refuse a file with a row that cannot be, or leave such rows out and count them  [default: as the config"
    " says, else refuse].",
)
@catalogue_option
@tells
def import_(
    *,
    files: tuple[Path, ...],
    config: Path | None,
    described: Described,
    on_bad_row: str | None,
    root: Path,
    show: Show,
    **_: Any,
) -> None:
    """Import files into the catalogue: CSV (plain, gzip, zip) and Parquet, read as `feed.kind: file` reads them.

    All FILEs come in, or none. Rows that the catalogue has already are left as they are; others of the same time are
    refused.
    """
    from daemon.cli.data_tables import imported_lines, imported_told
    from daemon.disk import RealDisk
    from daemon.research.catalogue.importing import import_files
    from daemon.research.catalogue.index import require_parquet

    if bool(files) == bool(config):
        raise click.UsageError("name FILEs or, with -c, the config whose files are meant")
    if config and (given := options_given()):
        raise click.UsageError(f"{', '.join(given)}: the config describes its files; leave this out, or name FILEs")
    require_parquet()
    if config is not None:
        wanted, from_config = _of_config(config)
    else:
        wanted, from_config = [one for path in files for one in described(path)], "refuse"
    done = import_files(root, wanted, skip_bad_rows=(on_bad_row or from_config) == "skip", disk=RealDisk())
    told = imported_told(done)
    show.done(told, "\n".join(imported_lines(told)))


@data.command("list")
@click.argument("symbols", nargs=-1, metavar="[SYMBOL]...")
@catalogue_option
@shows
def list_(symbols: tuple[str, ...], root: Path, show: Show) -> None:
    """List what the catalogue holds, or has of some symbols."""
    from daemon.cli.data_tables import contents_table
    from daemon.research.catalogue.contents import contents

    show(lambda: contents(root, symbols), lambda rows, headers: contents_table(rows, root, symbols, headers=headers))


@data.command()
@click.option("--symbol", "symbols", multiple=True, required=True, help="A symbol; may be given more than once.")
@click.option(
    "--kind",
    "--data",
    "kinds",
    type=click.Choice(["quotes", "trades", "bars"]),
    multiple=True,
    required=True,
    help="What is made; may be given more than once, and is then of one market.",
)
@click.option(
    "--start",
    "start_ns",
    type=PastMoment(),
    default="2026-01-05T14:30:00Z",
    show_default=True,
    help="Where it begins.",
)
@click.option("--duration", "duration_ns", type=Interval(), required=True, help="How long it goes on, such as 30d.")
@click.option(
    "--every", "every_ns", type=Interval(), default="1s", show_default=True, help="Time between two ticks of a symbol."
)
@click.option(
    "--interval", "bar_interval_ns", type=Interval(), default="1m", show_default=True, help="Length of its bars."
)
@click.option("--seed", type=click.IntRange(min=0), default=7, show_default=True, help="Another is another market.")
@click.option("--price", type=Price(), default="100", show_default=True, help="First price.")
@click.option("--tick", type=Price(), default="0.01", show_default=True, help="Smallest step of prices.")
@click.option("--lot", type=Price(), default="1", show_default=True, help="Smallest step of sizes.")
@click.option(
    "--volatility",
    "volatility_ticks",
    type=float,
    default=2.0,
    show_default=True,
    help="Typical move of a step, in ticks.",
)
@click.option(
    "--spread", "spread_ticks", type=int, default=2, show_default=True, help="Distance of bid and ask, in ticks."
)
@catalogue_option
@tells
def generate(root: Path, show: Show, *, price: str, tick: str, lot: str, **market: Any) -> None:
    """Make a market of a seed, as `feed.kind: synthetic` does, and put it into the catalogue.

    The same arguments give the same files, byte by byte.
    """
    from daemon.cli.data_tables import taken_lines, taken_told
    from daemon.disk import RealDisk
    from daemon.research.catalogue.generating import generate as generate_into
    from daemon.research.catalogue.generating import synthetic_feed
    from daemon.research.catalogue.index import require_parquet

    require_parquet()
    try:
        feed = synthetic_feed(price=Decimal(price), tick=Decimal(tick), lot=Decimal(lot), **market)
    except ValueError as error:
        raise click.UsageError(str(error))
    told = [taken_told(one) for one in generate_into(root, feed, disk=RealDisk())]
    show.done(told, "\n".join(line for one in told for line in taken_lines(one)))


def _of_config(path: Path) -> "tuple[list[DataFile], str]":
    from daemon.research.catalogue.configured import configured_files

    files, skips = configured_files(path, os.environ)
    return files, "skip" if skips else "refuse"


@data.command()
@click.argument("subjects", nargs=-1, metavar="[SYMBOL|FILE]...")
@reads_files
@click.option(
    "--calendar",
    help='Trading hours: the code of an exchange, a calendar of -c, 24/7, or "ZONE 09:30-16:00 mon-fri".',
)
@click.option(
    "-c",
    "--config",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="The config whose calendars are meant.",
)
@click.option(
    "--gap", type=_MULTIPLE, help="How many usual pauses are a gap.  [default: 10 between bars, 1000 between ticks]"
)
@click.option("--move", type=_MULTIPLE, default=20.0, show_default=True, help="How many usual moves are an outlier.")
@click.option(
    "--zero-volume", type=click.IntRange(min=1), default=10, show_default=True, help="How many bars without are a run."
)
@click.option(
    "--examples", type=click.IntRange(min=0), default=5, show_default=True, help="How many rows of a kind are shown."
)
@click.option("--strict", is_flag=True, help="Exit with 1 where anything is not as it should be.")
@catalogue_option
@shows
@click.pass_context
def inspect(
    ctx: click.Context,
    *,
    subjects: tuple[str, ...],
    described: Described,
    data: str | None,
    symbols: tuple[str, ...],
    interval: int | None,
    calendar: str | None,
    config: Path | None,
    gap: float | None,
    move: float,
    zero_volume: int,
    examples: int,
    strict: bool,
    root: Path,
    show: Show,
) -> None:
    """Look through the catalogue's SYMBOLs, all where none is named, or through plain FILEs.

    Counts rows that cannot be, gaps, duplicates, outliers, what looks like splits, and the bars that each session
    lacks. Plain files are described as for `data import`.
    """
    from daemon.cli.data_quality import flaws_in, quality_table
    from daemon.research.catalogue.quality.inspection import Scale
    from daemon.research.catalogue.quality.inspection import inspect as inspect_series
    from daemon.research.catalogue.subjects import of_catalogue, of_file
    from trading.subscriptions import DataKind

    hours = None if calendar is None else _hours(calendar, config)
    scale = Scale(pause=gap, move=move, zero_volume=zero_volume, examples=examples)
    paths = [Path(subject) for subject in subjects if Path(subject).is_file()]
    names = [subject for subject in subjects if not Path(subject).is_file()]
    found = [one for path in paths for one in of_file(path, symbols, described)]
    if names or not paths:
        found += of_catalogue(root, names, DataKind(data) if data else None, interval)
    if not found:
        raise DaemonError(f"there is nothing of that in the catalogue {root}", mend="see `bulkhead data list`")
    reports = [inspect_series(one.series, one.files, scale=scale, sessions=hours) for one in found]
    show(lambda: reports, quality_table)
    if strict and flaws_in(reports):
        ctx.exit(1)


def _hours(calendar: str, config: Path | None) -> "Sessions":
    from daemon.processes import SystemProcesses
    from daemon.research.catalogue.configured import configured_calendars
    from daemon.research.catalogue.quality.hours import sessions_of

    calendars = {} if config is None else configured_calendars(config, os.environ)
    return sessions_of(calendar, calendars, SystemProcesses(), os.environ)
