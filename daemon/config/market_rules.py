"""What must hold of the simulated market's rules, as far as the beginnings of files tell."""

from collections.abc import Iterable, Iterator

from daemon.config.broker_settings import SimulatedBrokerSettings
from daemon.config.conversion import offers
from daemon.config.problems import KeyPath
from daemon.config.settings import Settings
from daemon.feeds.file.head import Head
from daemon.feeds.file.layout import FIELDS, SIZES

Breach = tuple[KeyPath, str]


def sizes_are_brought(settings: Settings, heads: Iterable[Head]) -> Iterator[Breach]:
    """Who takes a share of sizes has some: without them nothing would ever fill."""
    broker = settings.broker
    if not isinstance(broker, SimulatedBrokerSettings) or broker.volume_share is None:
        return
    brought = offers(settings.feed, settings.instruments)
    for head in heads:
        file = head.file
        starved = [symbol for symbol in file.symbols if brought[symbol].matched_on is file.data]
        lacking = [field for field in FIELDS[file.data] if field in SIZES and field not in head.fields]
        if starved and lacking:
            message = f"{file.path.name} has no {' and no '.join(lacking)}, so that no order of {', '.join(starved)}"
            yield (
                ("broker", "volume_share"),
                f"{message} would ever fill; name the column in feed.files, or leave volume_share out",
            )
