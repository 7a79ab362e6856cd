"""The configuration's shape: every key, its type, its default and what it means.

Keys that hold times are read into nanoseconds, and named so here. Defaults never invent an amount of money.
"""

from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from daemon.config.values import (
    Code,
    Interval,
    Moment,
    NotNegative,
    Positive,
    Share,
    Speed,
    StrategyId,
    Symbol,
    written,
)
from daemon.journal.log import SEGMENT_BYTES
from trading.money import ZERO


class Section(BaseModel):
    """A mapping of the file: exactly these keys, exactly these types."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, validate_default=True)


class AccountSettings(Section):
    """The account that the strategies share."""

    currency: Code = Field(description="currency of the account, such as USD")
    cash: Positive = Field(description='cash that the account begins with, such as "100000"')


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

    @field_validator("kind", mode="before")
    @classmethod
    def _not_yet(cls, kind: object) -> object:
        if kind == "file":
            raise ValueError("'file' is not available yet; use synthetic")
        return kind


class NoCommissionSettings(Section):
    """Trading is free."""

    kind: Literal["none"]


class PerShareCommissionSettings(Section):
    """An amount for each unit traded, in the account's currency."""

    kind: Literal["per_share"]
    rate: NotNegative = Field(description="charge per unit, in the account's currency")


class PercentCommissionSettings(Section):
    """A share of what was traded."""

    kind: Literal["percent"]
    percent: NotNegative = Field(lt=100, description='charge in percent of the notional: "0.1" is a thousandth')


class NoSlippageSettings(Section):
    """Market orders trade at the price seen."""

    kind: Literal["none"]


class FixedSlippageSettings(Section):
    """Market orders trade this many ticks worse."""

    kind: Literal["fixed"]
    ticks: int = Field(ge=1, description="ticks by which a market order trades worse")


Commission = Annotated[
    NoCommissionSettings | PerShareCommissionSettings | PercentCommissionSettings, Field(discriminator="kind")
]
Slippage = Annotated[NoSlippageSettings | FixedSlippageSettings, Field(discriminator="kind")]


class SimulatedBrokerSettings(Section):
    """The simulated market stands in for the venue."""

    kind: Literal["simulated"]
    commission: Commission = Field(default=NoCommissionSettings(kind="none"), description="what trading costs")
    slippage: Slippage = Field(
        default=NoSlippageSettings(kind="none"), description="how much worse than seen market orders trade"
    )


class PassthroughBrokerSettings(Section):
    """Every order fills at once at the current price: for wiring tests, never for judging a strategy."""

    kind: Literal["passthrough"]


Broker = Annotated[SimulatedBrokerSettings | PassthroughBrokerSettings, Field(discriminator="kind")]


class InstrumentSettings(Section):
    """One tradable symbol."""

    kind: Literal["equity", "fx", "crypto"] = Field(description="equity, fx or crypto")
    tick_size: Positive = Field(description='smallest step of its price, such as "0.01"')
    lot_size: Positive = Field(description='smallest step of its quantity, such as "1"')
    currency: Code | None = Field(default=None, description="currency it is priced in; the account's if not given")
    multiplier: Positive = Field(default=Decimal(1), description="currency per point of price and unit of quantity")
    min_quantity: NotNegative = Field(default=ZERO, description="least quantity of an order")
    min_notional: NotNegative = Field(default=ZERO, description="least worth of an order")


class Limits(Section):
    """What may be held and asked for; a limit that is not given does not bind."""

    max_position_quantity: Positive | None = Field(default=None, description="units of one symbol")
    max_position_notional: Positive | None = Field(default=None, description="worth of one symbol's position")
    max_position_equity_share: Share | None = Field(default=None, description="the same as a share of equity")
    max_exposure_notional: Positive | None = Field(
        default=None, description="worth of all positions, long and short added"
    )
    max_exposure_equity_share: Share | None = Field(default=None, description="the same as a share of equity")
    max_order_quantity: Positive | None = Field(default=None, description="units of one order")
    max_order_notional: Positive | None = Field(default=None, description="worth of one order")
    max_open_orders: int | None = Field(default=None, ge=1, description="orders working at the same time")


class FixedSizing(Section):
    """An entry of full strength is this many units."""

    kind: Literal["fixed"]
    quantity: Positive = Field(description="units of an entry of full strength")


class EquityShareSizing(Section):
    """An entry of full strength is worth this share of the strategy's equity."""

    kind: Literal["equity_share"]
    share: Share = Field(description='share of equity of an entry of full strength: "0.25" is a quarter')


class StrategyRisk(Limits):
    """A strategy's own limits, and how its entries are sized."""

    sizing: Annotated[FixedSizing | EquityShareSizing, Field(discriminator="kind")] | None = Field(
        default=None, description="size of an entry whose strategy names no quantity"
    )


class StrategySettings(Section):
    """One strategy in its container."""

    id: StrategyId = Field(description="its name: small letters, digits and hyphens")
    reference: str = Field(alias="class", min_length=1, description="package.module:Class or path/to/file.py:Class")
    params: dict[str, Any] = Field(default={}, description="the parameters that its class declares")
    capital: Positive = Field(description='its part of the account\'s cash, such as "25000"')
    isolation: Literal["task", "process", "thread"] = Field(
        default="task", description="what seals it off from the others"
    )
    timeframe_ns: Interval | None = Field(
        default=None, alias="timeframe", description="interval of its bars; the feed's if not given"
    )
    warmup: int = Field(default=0, ge=0, description="bars of its timeframe that it hears before the first event")
    on_trip: Literal["cancel", "leave"] = Field(
        default="cancel", description="what becomes of its orders when it fails"
    )
    risk: StrategyRisk = Field(default=StrategyRisk(), description="its limits and sizing")


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
    feed: SyntheticFeedSettings = Field(description="where market data comes from")
    broker: Broker = Field(default=SimulatedBrokerSettings(kind="simulated"), description="where orders go")
    instruments: dict[Symbol, InstrumentSettings] = Field(description="what may be traded, by symbol")
    risk: Limits = Field(default=Limits(), description="the account's limits")
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
