"""What may be traded: steps and currencies of an instrument, its margin, and what comes of holding it."""

from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, GetJsonSchemaHandler
from pydantic_core import CoreSchema

from daemon.config.calendar_settings import ROUND_THE_CLOCK
from daemon.config.section import Section
from daemon.config.values import Code, Exact, Interval, Moment, NotNegative, Positive, Symbol, written
from trading.money import ZERO

File = Annotated[Path, Field(strict=False)]


class MarginSettings(Section):
    """What a position ties up, as shares of its worth or as amounts of the instrument's currency for each unit."""

    initial: Positive | None = Field(
        default=None, description='share of its worth that opens it: "0.05"; 1 / leverage if not given'
    )
    maintenance: Positive | None = Field(
        default=None, description="share of its worth that keeps it; half of what opens it if not given"
    )
    initial_per_unit: Positive | None = Field(default=None, description="amount for each unit that opens it")
    maintenance_per_unit: Positive | None = Field(
        default=None, description="amount for each unit that keeps it; half of what opens it if not given"
    )
    isolated: bool = Field(
        default=False, description="whether a perpetual can lose what was put up for it, and no more"
    )

    @property
    def is_own(self) -> bool:
        """Whether it says itself what opens a position."""
        return self.initial is not None or self.initial_per_unit is not None

    @property
    def text(self) -> str:
        """What it says, as the config has it."""
        written = (f"{key}: {value}" for key, value in self.model_dump(exclude_defaults=True).items())
        return f"{{{', '.join(written)}}}".replace("True", "true")


class SwapSettings(Section):
    """What a position held over a rollover receives for each night, negative where it pays."""

    long: Exact = Field(description="of a position that is long")
    short: Exact = Field(description="of a position that is short")
    unit: Literal["points", "annual_rate"] = Field(
        default="points", description="points of price for a unit, or a yearly share of its worth"
    )


class FundingSettings(Section):
    """What longs of a perpetual pay to shorts, negative the reverse, at each multiple of the interval in UTC."""

    interval_ns: Interval = Field(default=written("8h"), alias="interval", description="time from one to the next")
    rate: Exact | None = Field(
        default=None, description='share of the worth at the times that the file has not: "0.0001"; 0 if not given'
    )
    file: File | None = Field(
        default=None, description="rates that were, from this file's folder: a CSV with the header time,rate"
    )


class ActionsSettings(Section):
    """The dividends and splits of an equity."""

    path: File = Field(
        description="the file, counted from this file's folder: a CSV with the header date,kind,value, or a factor file"
    )
    zone: str = Field(default="America/New_York", description="time zone at whose midnight the day of an action begins")


def _with_path(value: Any) -> Any:
    return {"path": value} if isinstance(value, str) else value


class _OrPath:
    """Tells editors that the path alone may stand for the mapping."""

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"anyOf": [{"type": "string"}, handler(schema)]}


Actions = Annotated[ActionsSettings, BeforeValidator(_with_path), _OrPath()]


Kind = Literal["equity", "fx", "crypto", "future", "perpetual"]


class InstrumentSettings(Section):
    """One tradable symbol."""

    kind: Kind = Field(description="equity, fx, crypto, future or perpetual")
    tick_size: Positive = Field(description='smallest step of its price, such as "0.01"')
    lot_size: Positive = Field(description='smallest step of its quantity, such as "1"')
    currency: Code | None = Field(default=None, description="currency it is priced in; the account's if not given")
    base: Code | None = Field(default=None, description="currency that is traded, of fx and crypto: EUR of EUR/USD")
    multiplier: Positive = Field(default=Decimal(1), description="currency per point of price and unit of quantity")
    min_quantity: NotNegative = Field(default=ZERO, description="least quantity of an order")
    min_notional: NotNegative = Field(default=ZERO, description="least worth of an order")
    calendar: str = Field(default=ROUND_THE_CLOCK, description="its trading hours: 24/7, or a name under `calendars`")
    margin: MarginSettings | None = Field(
        default=None, description="what its positions tie up of an account on margin; by the leverage if not given"
    )
    mark: Symbol | None = Field(default=None, description="the instrument at whose price it is valued; its own if none")
    swap: SwapSettings | None = Field(default=None, description="what fx brings or costs over a rollover")
    borrow: NotNegative | None = Field(
        default=None, description='share of its worth that a short equity or coin costs a year: "0.03"'
    )
    funding: FundingSettings | None = Field(default=None, description="funding of a perpetual")
    settles: Literal["daily"] | None = Field(
        default=None, description="daily: the gain of a future is paid at each rollover"
    )
    expires_ns: Moment | None = Field(
        default=None, alias="expires", description="when a future ends, at its last price, with the time zone"
    )
    actions: Actions | None = Field(default=None, description="dividends and splits of an equity, from a file")
