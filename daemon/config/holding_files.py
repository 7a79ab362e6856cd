"""The files that tell what came of holding something: dividends, splits, funding rates."""

from collections.abc import Collection, Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

from brokers.simulated.entitlements import FundingRate
from daemon.config.actions import CorporateActions, corporate_actions
from daemon.config.funding_history import funding_history
from daemon.config.instrument_settings import InstrumentSettings
from daemon.config.plain_rows import BadRows
from daemon.config.problems import KeyPath
from daemon.config.settings import Settings
from daemon.errors import BadData
from daemon.feeds.file.faults import NO_SUCH_FILE

Breach = tuple[KeyPath, str]


class HoldingFiles:
    """What the files of the instruments say, by symbol. `breaches` tells which of them cannot be read; one with a place
    in `unsound` is told of elsewhere."""

    def __init__(self, settings: Settings, folder: Path, unsound: Collection[KeyPath]) -> None:
        self.actions: dict[str, CorporateActions] = {}
        self.funding: dict[str, tuple[FundingRate, ...]] = {}
        self.breaches: list[Breach] = []
        self._folder = folder
        for symbol, instrument in settings.instruments.items():
            if not any(place[:2] == ("instruments", symbol) for place in unsound):
                self.breaches += self._read(symbol, instrument)

    def _read(self, symbol: str, instrument: InstrumentSettings) -> Iterator[Breach]:
        actions, funding = instrument.actions, instrument.funding
        if actions is not None:
            try:
                text, zone = _text(self._folder, actions.path), ZoneInfo(actions.zone)
                self.actions[symbol] = corporate_actions(text, file=str(actions.path), zone=zone)
            except BadData as error:
                yield from ((("instruments", symbol, "actions"), why) for why in _told(error))
        if funding is not None and funding.file is not None:
            try:
                text = _text(self._folder, funding.file)
                self.funding[symbol] = funding_history(text, file=str(funding.file), interval_ns=funding.interval_ns)
            except BadData as error:
                yield from ((("instruments", symbol, "funding", "file"), why) for why in _told(error))


def _told(error: BadData) -> list[str]:
    return error.told if isinstance(error, BadRows) else [f"{error}; {error.mend}"]


def _text(folder: Path, path: Path) -> str:
    try:
        return (folder / path.expanduser()).read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise BadData(f"{path}: no such file", mend=NO_SUCH_FILE)
    except UnicodeDecodeError as error:
        raise BadData(f"{path}: is not UTF-8 text (byte {error.start + 1})", mend="save it as UTF-8")
    except OSError as error:
        raise BadData(f"{path}: cannot be read: {error.strerror}", mend="name a file that the daemon's user can read")
