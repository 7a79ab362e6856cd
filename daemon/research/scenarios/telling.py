"""What is told of a scenario that runs: messages of one shape, of which some may be left out on their way."""

from collections.abc import Callable, Mapping
from typing import Any, Literal

import msgspec

from daemon.research.coordinator import Run
from daemon.research.progress import Progress
from daemon.research.scenarios.profile import Profile
from daemon.research.scenarios.results import Scenario
from daemon.research.scenarios.status import Status
from daemon.research.scenarios.task import Telling


class BookStats(msgspec.Struct, frozen=True, kw_only=True):
    """What a strategy has: cash by currency, units by symbol, and how often it has traded."""

    cash: Mapping[str, str]
    positions: Mapping[str, str]
    fills: int


class ProgressMessage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How far a scenario is.

    `total_ticks` is None where only the data knows; then `progress_percent` goes by time, and is None where that has no
    end either. `current_balance` is the account's equity, `total_trades` its fills. The last three are there where they
    were asked for.
    """

    type: Literal["progress"] = "progress"
    scenario_index: int
    scenario_name: str
    symbol: str
    ticks_processed: int
    total_ticks: int | None
    progress_percent: float | None
    status: Status
    current_balance: str | None
    total_trades: int
    portfolio_stats: Mapping[str, BookStats] | None = None
    performance_stats: Profile | None = None
    current_bars: Mapping[str, Any] | None = None


_DECODER: msgspec.msgpack.Decoder[ProgressMessage] = msgspec.msgpack.Decoder(ProgressMessage)

encoded = msgspec.msgpack.encode


def message_of(data: bytes) -> ProgressMessage | None:
    """A message of progress; None for what is none, which nobody waits for."""
    try:
        return _DECODER.decode(data)
    except (ValueError, RecursionError):
        return None


Send = Callable[[ProgressMessage], None]
"""Takes a message without waiting, or leaves it out."""


class Teller:
    """Makes messages of what a run tells of its progress, and sends them. `sent` counts them."""

    def __init__(
        self, scenario: Scenario, telling: Telling, run: Run, send: Send, performance: Callable[[], Profile]
    ) -> None:
        self.sent = 0
        self._scenario = scenario
        self._telling = telling
        self._run = run
        self._send = send
        self._performance = performance

    def __call__(self, progress: Progress) -> None:
        """Tell how far it is."""
        self.sent += 1
        self._send(self._message(progress))

    def _message(self, progress: Progress) -> ProgressMessage:
        asked, most = self._telling, self._run.data.most
        share = progress.share if most is None else max(progress.share or 0.0, progress.events / most)
        return ProgressMessage(
            scenario_index=self._scenario.index,
            scenario_name=self._scenario.name,
            symbol=",".join(self._scenario.symbols),
            ticks_processed=progress.events,
            total_ticks=most,
            progress_percent=100.0 if progress.is_last else None if share is None else round(100 * share, 1),
            status=Status.RUNNING,
            current_balance=progress.equity,
            total_trades=progress.fills,
            portfolio_stats=self._books() if asked.portfolio else None,
            performance_stats=self._performance() if asked.performance else None,
            current_bars=self._newest() if asked.bars else None,
        )

    def _books(self) -> dict[str, BookStats]:
        books = {strategy: container.portfolio for strategy, container in self._run.driver.containers.items()}
        return {
            strategy: BookStats(
                cash={code: f"{amount:f}" for code, amount in book.cash.items()},
                positions={symbol: f"{one.quantity:f}" for symbol, one in book.positions.items() if one.quantity},
                fills=book.fills,
            )
            for strategy, book in books.items()
        }

    def _newest(self) -> dict[str, Any]:
        return {symbol: msgspec.structs.asdict(event) for symbol, event in self._run.data.last.items()}
