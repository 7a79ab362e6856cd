"""The kinds of value that a configuration holds, each read from one plain form and refused in words otherwise."""

# ruff: noqa: TRY004 - pydantic takes a ValueError for a wrong value, a TypeError for a defect

import re
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, PlainValidator, TypeAdapter, WithJsonSchema

from daemon.config.source import WrittenFloat
from trading.timestamps import LAST_NS, from_datetime, parse_interval

MOST_DIGITS: Final = 18
"""Of a number: far more than any amount, price or rate has, and few enough that products of some keep every digit."""


_UNITS_OF_SIZE: Final = {"KB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
_SIZE_TEXT: Final = re.compile(r"([1-9][0-9]*)(KB|MB|GB|KiB|MiB|GiB)")


def written(text: str) -> Any:
    """A default in the form that a file would have it in."""
    return text


def plain(value: Any) -> Any:
    """A value, and what is in it, with usual floats alone."""
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    return float(value) if isinstance(value, WrittenFloat) else value


def _exact(value: Any) -> Decimal:
    if isinstance(value, WrittenFloat):
        value = value.text
    if isinstance(value, float):
        raise ValueError(f'put it in quotes, "{value}": an unquoted number with a point is not exact')
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        raise ValueError("must be a number, in quotes when it has a point")
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise ValueError("must be a number")
    if not number.is_finite():
        raise ValueError("must be a finite number")
    if len(number.as_tuple().digits) > MOST_DIGITS or abs(number.adjusted()) > MOST_DIGITS:
        raise ValueError(f"must be a number of at most {MOST_DIGITS} digits")
    return Decimal(f"{number:f}")


def _quantum(value: Any) -> Decimal:
    number = _exact(value)
    if number.is_signed() or number.as_tuple().digits != (1,):
        raise ValueError('must be 1 with zeros before it at most, such as "0.00000001"')
    return number


def _interval(value: Any) -> int:
    if not isinstance(value, str):
        raise ValueError("must be an interval such as 5m, a whole number and a unit of ms, s, m, h or d")
    return parse_interval(value)


def _moment(value: Any) -> int:
    if not isinstance(value, str):
        raise ValueError("must be a date and time such as 2026-01-05T14:30:00Z")
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise ValueError("must be a date and time such as 2026-01-05T14:30:00Z")
    if moment.tzinfo is None:
        raise ValueError("has no time zone; append Z for UTC")
    return moment_ns(moment)


def moment_ns(moment: datetime) -> int:
    """Nanoseconds of an aware datetime; ValueError for one that the clock cannot have."""
    try:
        ts_ns = from_datetime(moment)
    except OverflowError:  # by its zone it is before the first year
        ts_ns = -1
    if not 0 <= ts_ns <= LAST_NS:
        raise ValueError("must be from 1970-01-01 until 2262-04-11")
    return ts_ns


def _size(value: Any) -> int:
    match = _SIZE_TEXT.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("must be a size such as 512MB, a whole number and a unit of KB, MB, GB, KiB, MiB or GiB")
    return int(match[1]) * _UNITS_OF_SIZE[match[2]]


def _speed(value: Any) -> float | Literal["max"]:
    if value == "max":
        return "max"
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < float("inf"):
        raise ValueError("must be a number above zero, or max")
    return float(value)


_EXACT = BeforeValidator(_exact)
_EXACT_SCHEMA = WithJsonSchema({"type": ["string", "integer"]})

Exact = Annotated[Decimal, _EXACT, _EXACT_SCHEMA]
"""An exact number: an integer, or a text such as "0.01"."""

Positive = Annotated[Decimal, _EXACT, Field(gt=0), _EXACT_SCHEMA]
"""An exact number above zero."""

AtLeastOne = Annotated[Decimal, _EXACT, Field(ge=1), _EXACT_SCHEMA]
"""An exact number of one or more."""

NotNegative = Annotated[Decimal, _EXACT, Field(ge=0), _EXACT_SCHEMA]
"""An exact number of zero or more."""

Quantum = Annotated[Decimal, BeforeValidator(_quantum), _EXACT_SCHEMA]
"""The smallest unit of a currency: 1, or "0.01"."""

Share = Positive
"""A part of equity: "0.25" is a quarter, "2" is twice the equity."""

Interval = Annotated[
    int, BeforeValidator(_interval), WithJsonSchema({"type": "string", "pattern": "^[1-9][0-9]*(ms|s|m|h|d)$"})
]
"""Nanoseconds, written as `500ms`, `5s`, `1m`, `4h` or `1d`."""

Size = Annotated[int, BeforeValidator(_size), WithJsonSchema({"type": "string", "pattern": f"^{_SIZE_TEXT.pattern}$"})]
"""Bytes, written as `512MB` or `1GiB`."""

Moment = Annotated[int, BeforeValidator(_moment), WithJsonSchema({"type": "string", "format": "date-time"})]
"""Nanoseconds since the Unix epoch, written in ISO-8601 with a time zone."""

Speed = Annotated[
    float | Literal["max"],
    PlainValidator(_speed),
    WithJsonSchema({"anyOf": [{"type": "number", "exclusiveMinimum": 0}, {"const": "max"}]}),
]
"""A multiple of real time, or `max` for as fast as possible."""

Anything = Annotated[dict[str, Any], BeforeValidator(plain)]
"""Plain values by name, whose sense others know."""

Code = Annotated[str, Field(pattern=r"^[A-Z0-9]{2,8}$")]
"""A currency's code."""

_ByCurrency = Annotated[dict[Code, Positive], Field(min_length=1)]
_AMOUNT: Final[TypeAdapter[Decimal]] = TypeAdapter(Positive)
_AMOUNTS: Final[TypeAdapter[dict[str, Decimal]]] = TypeAdapter(_ByCurrency)


def _amounts(value: Any) -> Decimal | dict[str, Decimal]:
    return _AMOUNTS.validate_python(value) if isinstance(value, dict) else _AMOUNT.validate_python(value)


Amounts = Annotated[
    Decimal | dict[str, Decimal],
    PlainValidator(_amounts),
    WithJsonSchema({"anyOf": [_AMOUNT.json_schema(), _AMOUNTS.json_schema()]}),
]
"""An amount above zero of the account's currency, or several by the code of theirs."""

FeeCurrency = Annotated[str, Field(pattern=r"^(quote|base|[A-Z0-9]{2,8})$")]
"""A currency's code, or one of an instrument's two currencies by its part in the price."""

Symbol = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,31}$")]
"""An instrument's symbol."""

StrategyId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,38}$")]
"""A strategy's id."""

ScenarioName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,38}$")]
"""A scenario's name, which files of it bear too."""

PATTERNS = {
    "^[A-Z0-9]{2,8}$": "a currency's code such as USD",
    "^(quote|base|[A-Z0-9]{2,8})$": "quote, base or a currency's code such as USD",
    "^[A-Za-z0-9][A-Za-z0-9._/-]{0,31}$": "a symbol of at most 32 letters, digits, dots, slashes and hyphens",
    "^[a-z0-9][a-z0-9_-]{0,38}$": "at most 39 small letters, digits, hyphens and underscores, a letter or digit first",
    "^[a-z0-9][a-z0-9-]{0,38}$": "at most 39 small letters, digits and hyphens, a letter or digit first",
}
"""What each pattern means in words."""
