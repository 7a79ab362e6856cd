"""The configuration's shape: every key, its type, its default and what it means.

Keys that hold times are read into nanoseconds, and named so here. Defaults never invent an amount of money.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from daemon.config.account_settings import AccountSettings
from daemon.config.breaker_settings import BreakersSettings, TradingBreakerSettings
from daemon.config.calendar_settings import Calendar
from daemon.config.cost_settings import Commission, NoCommissionSettings, NoSlippageSettings, Slippage
from daemon.config.health_settings import FeedHealthSettings
from daemon.config.instrument_settings import InstrumentSettings
from daemon.config.limit_settings import AccountRisk, StrategyRisk
from daemon.config.market_settings import MarketSettings
from daemon.config.section import Section
from daemon.config.values import (
    Amounts,
    Anything,
    Code,
    Interval,
    Moment,
    Positive,
    Quantum,
    Speed,
    StrategyId,
    Symbol,
    written,
)
from daemon.config.venue_settings import PlainBrokerSettings
from daemon.journal.log import SEGMENT_BYTES
from trading.timestamps import MINUTE


class SyntheticSymbolSettings(Section):
    """How one symbol of the synthetic feed moves."""

    price: Positive = Field(description="first price")
    volatility_ticks: float = Field(
        default=2.0, ge=0, allow_inf_nan=False, description="typical move per `every`, in ticks"
    )
    spread_ticks: int = Field(default=2, ge=1, description="distance of bid and ask, in ticks")


class SyntheticFeedSettings(Section):
    """Market data made from a seed: the same seed gives the same data."""

    kind: Literal["synthetic"] = Field(description="where market data comes from: synthetic")
    seed: int = Field(default=7, ge=0, description="another seed is another market")
    start_ns: Moment = Field(
        default=written("2026-01-05T14:30:00Z"),
        alias="start",
        description="time of the first event, with its time zone",
    )
    duration_ns: Interval | None = Field(
        default=None, alias="duration", description="length of the market; null has no end"
    )
    speed: Speed = Field(default=1.0, description="multiple of real time, or max for as fast as possible")
    data: Annotated[tuple[Literal["quotes", "trades", "bars"], ...], Field(strict=False, min_length=1)] = Field(
        default=("quotes", "trades"), description="kinds of data that the feed brings"
    )
    every_ns: Interval = Field(default=written("1s"), alias="every", description="time between two quotes of a symbol")
    bars_ns: Interval = Field(
        default=written("1m"), alias="bars", description="bar interval; the strategies' default timeframe"
    )
    at_end: Literal["idle", "exit"] = Field(
        default="idle", description="what the daemon does after the feed's last event"
    )
    fill_empty_bars: bool = Field(default=False, description="whether an interval without trades makes a bar")
    symbols: dict[Symbol, SyntheticSymbolSettings] = Field(description="the symbols, each with its first price")


FieldName = Literal[
    "time", "date", "symbol", "bid", "ask", "bid_size", "ask_size", "price", "size", "id",
    "open", "high", "low", "close", "volume",
]  # fmt: skip


class DataFileSettings(Section):
    """One file of market data, and how to read it."""

    path: Annotated[Path, Field(strict=False)] = Field(
        description="the file, counted from this file's folder: .csv or .txt, also as .gz or .zip, or .parquet"
    )
    data: Literal["quotes", "trades", "bars"] = Field(description="what its rows are: quotes, trades or bars")
    symbol: Symbol | None = Field(default=None, description="the symbol of its rows")
    symbols: Annotated[tuple[Symbol, ...], Field(strict=False)] | None = Field(
        default=None, description="of a file with several, the symbols to take; every instrument if not given"
    )
    interval_ns: Interval | None = Field(default=None, alias="interval", description="length of its bars")
    stamp: Literal["open", "close"] | None = Field(
        default=None, description="which end of a bar its time is: open or close"
    )
    columns: dict[FieldName, str | int | None] = Field(
        default={},
        description="the column of each field, by name, or by number from 1; null where there is none;"
        " the usual names are found by themselves",
    )
    header: bool = Field(default=True, description="whether its first line names the columns")
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = Field(
        default=",", description="what stands between two cells"
    )
    time: str | None = Field(
        default=None, description="iso, s, ms, us, ns (since 1970), or a format such as %d.%m.%Y %H:%M:%S"
    )
    zone: str = Field(default="UTC", description="time zone of times that carry none, such as America/New_York")
    repeats: bool = Field(
        default=False, description="whether a quote may be the same as the one before it in everything, time included"
    )


class FileFeedSettings(Section):
    """Market data from files."""

    kind: Literal["file"] = Field(description="where market data comes from: file")
    start_ns: Moment | None = Field(
        default=None,
        alias="start",
        description="where trading begins; earlier rows are the past that warms up; the first row if not given",
    )
    end_ns: Moment | None = Field(
        default=None, alias="end", description="where the feed ends; the last row if not given"
    )
    speed: Speed = Field(default=1.0, description="multiple of real time, or max for as fast as possible")
    timeframe_ns: Interval | None = Field(
        default=None,
        alias="bars",
        description="the strategies' default timeframe; the interval of the files' bars, else 1m, if not given",
    )
    at_end: Literal["idle", "exit"] = Field(
        default="idle", description="what the daemon does after the feed's last event"
    )
    fill_empty_bars: bool = Field(default=False, description="whether an interval without trades makes a bar")
    on_bad_row: Literal["refuse", "skip"] = Field(
        default="refuse", description="refuse a file with a row that cannot be, or skip such rows and count them"
    )
    files: Annotated[tuple[DataFileSettings, ...], Field(strict=False)] = Field(
        description="the files, each with what its rows are"
    )

    @property
    def bars_ns(self) -> int:
        """The strategies' default timeframe."""
        brought = {file.interval_ns for file in self.files if file.interval_ns is not None}
        return self.timeframe_ns or (brought.pop() if len(brought) == 1 else MINUTE)


class LiveSymbolSettings(Section):
    """What is asked for of one symbol."""

    quotes: bool = Field(default=False, description="best bids and asks")
    trades: bool = Field(default=False, description="trades")
    bars_ns: Interval | None = Field(
        default=None, alias="bars", description="interval of the bars that the venue makes; null for none"
    )


class LiveFeedSettings(Section):
    """Market data as it happens, by an adapter: code that you trust, as it runs in the daemon itself."""

    kind: Literal["live"] = Field(description="where market data comes from: live")
    adapter: str = Field(min_length=1, description="package.module:Class or path/to/file.py:Class of the adapter")
    options: Anything = Field(default={}, description="what the adapter wants to know, such as an address")
    bars_ns: Interval = Field(default=written("1m"), alias="bars", description="the strategies' default timeframe")
    bar_grace_ns: Interval = Field(
        default=written("250ms"), alias="bar_grace", description="how long a bar waits for its last ticks"
    )
    at_end: Literal["idle", "exit"] = Field(
        default="idle", description="what the daemon does when the venue says that there is no more"
    )
    fill_empty_bars: bool = Field(default=False, description="whether an interval without trades makes a bar")
    health: FeedHealthSettings = Field(
        default=FeedHealthSettings(), description="how long it may be silent before it is not relied on"
    )
    symbols: dict[Symbol, LiveSymbolSettings] = Field(description="the symbols, each with the data asked for")


Feed = Annotated[SyntheticFeedSettings | FileFeedSettings | LiveFeedSettings, Field(discriminator="kind")]


class SimulatedBrokerSettings(MarketSettings):
    """The simulated market stands in for the venue."""

    kind: Literal["simulated"]
    commission: Commission = Field(
        default=(NoCommissionSettings(kind="none"),), description="what a fill is charged; several are added up"
    )
    slippage: Slippage = Field(
        default=(NoSlippageSettings(kind="none"),),
        description="how much worse than seen orders trade that take liquidity; several are added up",
    )


class PassthroughBrokerSettings(Section):
    """Every order fills at once at the current price: for wiring tests, never for judging a strategy."""

    kind: Literal["passthrough"]


Broker = Annotated[
    SimulatedBrokerSettings | PassthroughBrokerSettings | PlainBrokerSettings, Field(discriminator="kind")
]


class RestartSettings(Section):
    """When a strategy's process is started again, made as it was."""

    policy: Literal["permanent", "transient", "temporary"] = Field(
        default="transient", description="after every ending, after all but an exit with code 0, or after none"
    )
    most: int = Field(default=3, ge=1, description="restarts within `within`; the next ending trips it")
    within_ns: Interval = Field(default=written("1m"), alias="within", description="time in which restarts count")


class StrategySettings(Section):
    """One strategy in its container."""

    id: StrategyId = Field(description="its name: small letters, digits and hyphens")
    reference: str = Field(alias="class", min_length=1, description="package.module:Class or path/to/file.py:Class")
    params: Anything = Field(default={}, description="the parameters that its class declares")
    capital: Amounts = Field(description='its part of the account\'s cash, such as "25000", or by currency as there')
    isolation: Literal["process", "task", "thread"] = Field(
        default="process",
        description="what seals it off from the others: a process of its own, or nothing but its task",
    )
    restart: RestartSettings = Field(
        default=RestartSettings(), description="when the process of a strategy is started again"
    )
    timeframe_ns: Interval | None = Field(
        default=None, alias="timeframe", description="interval of its bars; the feed's if not given"
    )
    warmup: int = Field(default=0, ge=0, description="bars of its timeframe that it hears before the first event")
    on_trip: Literal["cancel", "leave"] = Field(
        default="cancel", description="what becomes of its orders when it fails"
    )
    risk: StrategyRisk = Field(default=StrategyRisk(), description="its limits and sizing")
    breakers: TradingBreakerSettings = Field(
        default=TradingBreakerSettings(), description="when its circuit breaker opens"
    )


class LogSettings(Section):
    """What is logged and how."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="least severity that is logged"
    )
    format: Literal["auto", "json", "human"] = Field(
        default="auto", description="auto is human on a terminal, else json"
    )


class JournalSettings(Section):
    """How the journal is kept."""

    segment_bytes: int = Field(default=SEGMENT_BYTES, ge=2**16, description="size of one file of the journal")
    snapshot_every_events: int = Field(default=50_000, ge=1, description="events between two snapshots")


class WatchdogSettings(Section):
    """When a strategy counts as hanging."""

    stall_seconds: float = Field(default=5.0, gt=0, allow_inf_nan=False, description="longest time for one event")


class Settings(BaseSettings):
    """The whole configuration of a daemon."""

    model_config = SettingsConfigDict(
        title="Bulkhead configuration", extra="forbid", frozen=True, strict=True, validate_default=True
    )

    mode: Literal["paper", "live"] = Field(default="paper", description="paper trades with the simulated market")
    state: Annotated[Path, Field(strict=False)] = Field(
        default=Path("state"), description="folder of journal, tape and socket, counted from this file's folder"
    )
    durability: Literal["power", "process"] | None = Field(
        default=None,
        description="what the journal survives: power loss (default live) or a killed process (default paper)",
    )
    account: AccountSettings = Field(description="currency and cash of the account")
    currencies: dict[Code, Quantum] = Field(
        default={}, description='smallest units of currencies that are not known here: {BNB: "0.00000001"}'
    )
    feed: Feed = Field(description="where market data comes from")
    broker: Broker = Field(default=SimulatedBrokerSettings(kind="simulated"), description="where orders go")
    instruments: dict[Symbol, InstrumentSettings] = Field(description="what may be traded, by symbol")
    calendars: dict[str, Calendar] = Field(default={}, description="trading hours, by the name that instruments use")
    risk: AccountRisk = Field(default=AccountRisk(), description="the account's limits")
    breakers: BreakersSettings = Field(
        default=BreakersSettings(), description="when the circuit breakers of account and venue open"
    )
    strategies: Annotated[tuple[StrategySettings, ...], Field(strict=False)] = Field(
        default=(), description="the strategies, in the order in which they are served"
    )
    log: LogSettings = Field(default=LogSettings(), description="what is logged and how")
    journal: JournalSettings = Field(default=JournalSettings(), description="how the journal is kept")
    watchdog: WatchdogSettings = Field(default=WatchdogSettings(), description="when a strategy counts as hanging")

    @property
    def durable_through(self) -> Literal["power", "process"]:
        """The durability in force."""
        return self.durability or ("power" if self.mode == "live" else "process")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the signature is pydantic's
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what it is given: `source.py` has laid the environment over the file, so that problems have lines."""
        return (init_settings,)
