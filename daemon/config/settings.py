"""The configuration's shape: every key, its type, its default and what it means.

Keys that hold times are read into nanoseconds, and named so here. Defaults never invent an amount of money.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from daemon.config.account_settings import AccountSettings
from daemon.config.backtest_settings import BacktestSettings
from daemon.config.breaker_settings import BreakersSettings, TradingBreakerSettings
from daemon.config.broker_settings import Broker, SimulatedBrokerSettings
from daemon.config.calendar_settings import Calendar
from daemon.config.feed_settings import Feed
from daemon.config.instrument_settings import InstrumentSettings
from daemon.config.limit_settings import AccountRisk, StrategyRisk
from daemon.config.section import Section
from daemon.config.values import (
    Amounts,
    Anything,
    Code,
    Interval,
    Quantum,
    StrategyId,
    Symbol,
    written,
)
from daemon.journal.log import SEGMENT_BYTES


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
    equity_every_ns: Interval = Field(
        default=written("1h"), alias="equity_every", description="how often what every book is worth is written down"
    )


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
    backtest: BacktestSettings = Field(
        default=BacktestSettings(), description="what a backtest does otherwise than a run of the same file"
    )

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
