"""The command line. A command's module is imported when it is called for, and what is heavy only when it runs."""

from importlib import import_module

import click

from daemon.errors import DaemonError

COMMANDS = {
    "run": "start",
    "check": "start",
    "backtest": "backtest",
    "status": "look",
    "performance": "performance",
    "report": "report",
    "strategy": "look",
    "orders": "look",
    "order": "orders",
    "positions": "look",
    "fills": "look",
    "account": "account",
    "reconcile": "reconcile",
    "breaker": "breakers",
    "halt": "act",
    "resume": "act",
    "reset": "act",
    "data": "data",
    "journal": "records",
    "replay": "replay",
    "new": "new",
    "schema": "start",
}
"""Each command and the module of this package that has it under that name, in the order of `--help`."""


class Failure(click.ClickException):
    """A DaemonError on its way out: told on stderr with how to mend it, and the exit code it stands for."""

    def __init__(self, error: DaemonError) -> None:
        super().__init__(f"{error}\n{error.mend}" if error.mend else str(error))
        self.error = error

    @property
    def exit_code(self) -> int:  # type: ignore[override]  # click has it as a class variable
        """The error's own."""
        return self.error.exit_code


class Commands(click.Group):
    """The group of all commands, each imported by its name."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  (click's signature)
        """All names, daily ones first."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  (click's signature)
        """The command, imported now."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"daemon.cli.{COMMANDS[cmd_name]}"), cmd_name)
        return command

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; what it cannot do ends in words and an exit code."""
        try:
            return super().invoke(ctx)
        except DaemonError as error:
            raise Failure(error)


def _show_version(ctx: click.Context, _: click.Parameter, asked: bool) -> None:
    if asked and not ctx.resilient_parsing:
        from daemon.version import VERSION

        click.echo(f"bulkhead {VERSION}")
        ctx.exit()


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_show_version, help="Show it.")
def main() -> None:
    """Bulkhead runs many trading strategies on one account, each sealed in its own container.

    \b
    Exit codes: 0 done, 1 failed, 2 wrong usage, 3 no daemon runs, 4 no such strategy, 69 the daemon does not answer.
    """
