"""How long a live feed may be silent."""

from typing import Annotated, Any, Final, Literal

from pydantic import Field, PlainValidator, WithJsonSchema

from daemon.config.section import Section
from daemon.config.values import Symbol, written
from trading.timestamps import parse_interval

NEVER: Final = "never"


def _gap(value: Any) -> int | Literal["never"]:
    if value == NEVER:
        return NEVER
    if not isinstance(value, str):
        raise ValueError(  # noqa: TRY004 - pydantic takes a ValueError for a wrong value, a TypeError for a defect
            f"must be an interval such as 10s, a whole number and a unit of ms, s, m, h or d, or {NEVER}"
        )
    try:
        return parse_interval(value)
    except ValueError as error:
        raise ValueError(f"{error}; or {NEVER}")


Gap = Annotated[
    int | Literal["never"],
    PlainValidator(_gap),
    WithJsonSchema({"anyOf": [{"type": "string", "pattern": "^[1-9][0-9]*(ms|s|m|h|d)$"}, {"const": NEVER}]}),
]
"""Nanoseconds, written as `500ms` or `10s`; or `never`, where silence says nothing."""


class SymbolGaps(Section):
    """The longest usual pause of one symbol's data, by kind."""

    quotes: Gap | None = Field(default=None, description="between two quotes; as for all symbols if not given")
    trades: Gap | None = Field(default=None, description="between two trades; as for all symbols if not given")
    bars: Gap | None = Field(default=None, description="between two bars; as for all symbols if not given")


class FeedHealthSettings(Section):
    """The longest usual pause of each kind of data while the market is open. A stream that is silent for three of them,
    and for 5s at least, is not to be relied on."""

    quotes: Gap = Field(default=written("10s"), description="between two quotes of a symbol, or never to judge it")
    trades: Gap = Field(default=written("1m"), description="between two trades of a symbol, or never to judge it")
    bars: Gap | None = Field(
        default=None, description="between two bars of a symbol; their interval and bar_grace if not given"
    )
    symbols: dict[Symbol, SymbolGaps] = Field(default={}, description="where a symbol's pauses are longer or shorter")
