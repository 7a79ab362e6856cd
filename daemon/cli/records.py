"""`bulkhead journal`: the log itself, whether a daemon runs or not."""

import os
from pathlib import Path

import click

from daemon.cli.client import find_state
from daemon.cli.options import config_option, shows
from daemon.cli.printing import Show
from daemon.cli.tables import facts
from daemon.disk import RealDisk
from daemon.errors import DaemonError
from daemon.state import JOURNAL_NAME


@click.group()
def journal() -> None:
    """Look at the journal."""


@journal.command()
@config_option
@shows
def verify(config: Path | None, show: Show) -> None:
    """Check every record; exit code 1 where the journal is damaged."""
    import msgspec

    from daemon.journal.reader import JournalReader
    from daemon.journal.verify import verify as verify_log

    directory = _directory(config)
    show(
        lambda: msgspec.structs.asdict(verify_log(JournalReader(RealDisk(), directory))),
        lambda found, _: facts([(name.replace("_", " "), value) for name, value in found.items()]),
    )


@journal.command()
@config_option
def export(config: Path | None) -> None:
    """Write every record to stdout, a line of JSON each."""
    from daemon.journal.reader import JournalReader
    from daemon.journal.verify import export as export_log

    for line in export_log(JournalReader(RealDisk(), _directory(config))):
        click.echo(line)


def _directory(config: Path | None) -> Path:
    directory = find_state(config, os.environ) / JOURNAL_NAME
    if not directory.is_dir():
        raise DaemonError(f"there is no journal {directory}", mend="name its state: BULKHEAD_STATE, or -c CONFIG")
    return directory
