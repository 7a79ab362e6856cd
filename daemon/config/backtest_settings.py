"""What a backtest does otherwise than a run of the same file."""

from typing import Annotated, Literal

from pydantic import Field

from daemon.config.broker_settings import Broker
from daemon.config.feed_settings import Feed
from daemon.config.scenario_settings import ProgressSettings, ScenarioSettings
from daemon.config.section import Section
from daemon.config.values import Interval


class SplitSettings(Section):
    """How the window is parted into what a strategy is fitted on and what it is held against."""

    train: Annotated[float, Field(gt=0, lt=1)] = Field(
        description="the part of the window that is train, the rest test"
    )
    embargo_ns: Interval | None = Field(
        default=None,
        alias="embargo",
        description="time between the two that belongs to neither, so that no trade spans both; none if not given",
    )


class BacktestSettings(Section):
    """What a backtest does otherwise than a run of the same file."""

    feed: Feed | None = Field(default=None, description="the data of a backtest, in place of `feed`")
    broker: Broker | None = Field(default=None, description="the market of a backtest, in place of `broker`")
    close_out: Literal["none", "mark_only", "market_at_last"] = Field(
        default="none",
        description="what ends it: nothing, as for a run; what works is cancelled; or what is held is closed too",
    )
    on_error: Literal["stop", "go_on"] = Field(
        default="stop", description="whether a strategy that fails ends the backtest, or is sealed as in a run"
    )
    split: SplitSettings | None = Field(default=None, description="train and test parts of the window")
    max_events: int | None = Field(default=None, ge=1, description="after how many events a backtest ends")
    scenarios: Annotated[tuple[ScenarioSettings, ...], Field(strict=False)] = Field(
        default=(), description="named windows of this config, which `backtest --scenarios` runs"
    )
    progress: ProgressSettings = Field(default=ProgressSettings(), description="what is told of scenarios that run")
