"""Scenarios: named windows of one config, and how their progress is told."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from daemon.config.section import Section
from daemon.config.values import Anything, Interval, Moment, ScenarioName, Size, StrategyId, written


def _beginning_of_day(value: Any) -> Any:
    """A day means its midnight in UTC, as on the command line."""
    return f"{value}T00:00:00Z" if isinstance(value, str) and len(value) == len("2026-01-05") else value


DayOrMoment = Annotated[Moment, BeforeValidator(_beginning_of_day), WithJsonSchema({"type": "string"})]
"""Nanoseconds since the Unix epoch, written as a day, or as a time in ISO-8601 with a time zone."""


class ScenarioSettings(Section):
    """One window of the config, under other settings if need be."""

    name: ScenarioName = Field(description="its name: small letters, digits, hyphens and underscores")
    start_ns: DayOrMoment | None = Field(
        default=None, alias="from", description="where trading begins; where the feed begins if not given"
    )
    end_ns: DayOrMoment | None = Field(
        default=None, alias="to", description="where it ends; where the feed ends if not given"
    )
    part: Literal["train", "test"] | None = Field(
        default=None, description="one part of that window, by backtest.split"
    )
    settings: Anything = Field(
        default={}, alias="set", description="other values of settings, such as {strategies.sma.params.fast: 5}"
    )
    strategies: Annotated[tuple[StrategyId, ...], Field(strict=False)] = Field(
        default=(), description="the strategies that trade; all if not given"
    )
    timeout_ns: Interval | None = Field(
        default=None, alias="timeout", description="how long its process may take before it is ended"
    )
    memory_bytes: Size | None = Field(
        default=None, alias="memory", description="how much memory it may take, such as 512MB, beyond its process's own"
    )
    max_events: int | None = Field(default=None, ge=1, description="after how many events it ends")


class ProgressSettings(Section):
    """What is told of scenarios that run."""

    enabled: bool = Field(default=True, description="whether anything is")
    every_ns: Interval = Field(default=written("300ms"), alias="every", description="time between two messages of one")
    portfolio: bool = Field(default=False, description="whether a message has cash and positions of each strategy")
    performance: bool = Field(default=False, description="whether a message has where the time has gone so far")
    bars: bool = Field(default=False, description="whether a message has each symbol's newest event")
