"""What must hold between the scenarios of a configuration. What is wrong with one alone keeps no other back."""

from collections.abc import Iterator

from daemon.config.problems import KeyPath
from daemon.config.settings import Settings
from daemon.config.source import Document


def scenarios_are_distinct(settings: Settings, _document: Document) -> Iterator[tuple[KeyPath, str]]:
    """Whoever names a scenario means one."""
    first: dict[str, int] = {}
    for place, scenario in enumerate(settings.backtest.scenarios):
        if first.setdefault(scenario.name, place) != place:
            message = f"{scenario.name!r} is the name of backtest.scenarios[{first[scenario.name]}] already"
            yield ("backtest", "scenarios", place, "name"), message
