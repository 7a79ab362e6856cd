"""What can be and is hardly meant: told by the check, refused by nobody."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from daemon.config.feed_settings import SyntheticFeedSettings
from daemon.config.holding_files import HoldingFiles
from daemon.config.problems import KeyPath
from daemon.config.settings import Settings
from trading.timestamps import iso

Caution = tuple[KeyPath, str]

_MUCH_FUNDING: Final = Decimal("0.1")


def cautions(settings: Settings, files: HoldingFiles, start_ns: int) -> Iterator[Caution]:
    """Each with the path of the key that it is about."""
    yield from _splits_that_no_price_knows(settings, files, start_ns)
    yield from _much_funding(settings, files)


def _splits_that_no_price_knows(settings: Settings, files: HoldingFiles, start_ns: int) -> Iterator[Caution]:
    if not isinstance(settings.feed, SyntheticFeedSettings):
        return
    for symbol, actions in files.actions.items():
        split = next((one for one in actions.splits if one.ex_ns > start_ns), None)
        if split is not None:
            message = f"a synthetic feed knows no splits: from {iso(split.ex_ns)} on there are {split.new} units for"
            message += f" {split.old}, each at the price of before; leave splits out, or trade on stored prices"
            yield ("instruments", symbol, "actions"), message


def _much_funding(settings: Settings, files: HoldingFiles) -> Iterator[Caution]:
    for symbol, instrument in settings.instruments.items():
        if instrument.funding is None:
            continue
        path: KeyPath = ("instruments", symbol, "funding")
        told = {(*path, "rate"): instrument.funding.rate} if instrument.funding.rate is not None else {}
        rates = [one.rate for one in files.funding.get(symbol, ())]
        if rates:
            told[*path, "file"] = max(rates, key=Decimal.copy_abs)
        for key, rate in told.items():
            if rate.copy_abs() > _MUCH_FUNDING:
                yield key, f"{rate} is more than a tenth of what a position is worth, at each funding; is that meant?"
