"""What was asked for, on stdout: a table for people, JSON or YAML for programs, once or again and again."""

import json
import sys
from collections.abc import Callable
from time import sleep
from typing import Any

import click

Table = Callable[[Any, bool], str]
"""Makes the text for people out of an answer; the flag says whether with headers."""


class Show:
    """Prints answers in the form asked for. Watched, JSON comes as one line each."""

    def __init__(self, *, output: str, watch_seconds: float | None, headers: bool) -> None:
        self._output = output
        self._watch_seconds = watch_seconds
        self._headers = headers

    @property
    def is_watched(self) -> bool:
        """Whether it asks again and again."""
        return self._watch_seconds is not None

    def __call__(self, ask: Callable[[], Any], table: Table) -> None:
        """Ask and print; with `--watch` until ^C."""
        click.echo(self._text(ask(), table))
        if self._watch_seconds is None:
            return
        try:
            while True:
                sleep(self._watch_seconds)
                text = self._text(ask(), table)
                if self._output == "table" and sys.stdout.isatty():
                    click.clear()
                click.echo(text)
        except KeyboardInterrupt:
            return

    def done(self, answer: Any, words: str) -> None:
        """Say on stderr what was done; the answer of the daemon is for programs."""
        click.echo(words, err=True)
        if self._output != "table":
            click.echo(self._text(answer, lambda *_: words))

    def _text(self, answer: Any, table: Table) -> str:
        if self._output == "json":
            indent = 2 if self._watch_seconds is None else None
            return json.dumps(answer, indent=indent, ensure_ascii=False)
        if self._output == "yaml":
            import yaml

            return yaml.safe_dump(answer, sort_keys=False, allow_unicode=True, explicit_start=bool(self._watch_seconds))
        return table(answer, self._headers)
