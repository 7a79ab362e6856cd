"""Where market data comes from: a seed, files, or a venue."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from daemon.config.health_settings import FeedHealthSettings
from daemon.config.section import Section
from daemon.config.values import (
    Anything,
    Interval,
    Moment,
    Positive,
    Speed,
    Symbol,
    written,
)
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
        description="where trading begins, with its time zone",
    )
    origin_ns: Moment | None = Field(
        default=None,
        alias="origin",
        description="where its walk begins; what is before `start` is the past; the start if not given",
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
