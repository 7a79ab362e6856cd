"""A strategy's parameters: the public annotations of its class, typed, validated and read-only."""

from collections import deque
from decimal import Decimal
from typing import Annotated, Any, ClassVar

import msgspec
import pytest

from strategies.market_maker import MarketMaker
from strategies.sma_cross import SmaCross
from tests.builders import started
from trading.errors import InvalidParameters
from trading.orders import Side
from trading.strategy import Strategy


class Cross(Strategy):
    """A strategy with a parameter of each sort."""

    symbol: str
    fast: int = 10
    share: float = 0.5
    quantity: Decimal = Decimal(100)
    side: Side = Side.BUY
    symbols: tuple[str, ...] = ()
    stop_ns: int | None = None
    _private: int = 7
    plain = "a constant"


def parsed(cls: type[Strategy], **raw: Any) -> dict[str, Any]:
    return msgspec.structs.asdict(cls.parse_parameters(raw))


def problems(cls: type[Strategy], **raw: Any) -> dict[str, str]:
    with pytest.raises(InvalidParameters) as caught:
        cls.parse_parameters(raw)
    return caught.value.problems


def test_public_annotations_are_parameters_with_their_defaults() -> None:
    assert parsed(Cross, symbol="AAA") == {
        "symbol": "AAA",
        "fast": 10,
        "share": 0.5,
        "quantity": Decimal(100),
        "side": Side.BUY,
        "symbols": (),
        "stop_ns": None,
    }


@pytest.mark.parametrize(
    ("name", "raw", "value"),
    [
        ("quantity", "0.10", Decimal("0.10")),
        ("quantity", 5, Decimal(5)),
        ("share", 1, 1.0),
        ("side", "sell", Side.SELL),
        ("symbols", ["AAA", "BBB"], ("AAA", "BBB")),
        ("stop_ns", 7, 7),
    ],
)
def test_plain_values_become_what_the_annotation_says(name: str, raw: object, value: object) -> None:
    parameters = parsed(Cross, symbol="AAA", **{name: raw})
    assert (parameters[name], type(parameters[name])) == (value, type(value))


def test_all_that_is_wrong_is_told_at_once() -> None:
    assert problems(Cross, fast="ten", slow=3, side="both", quantity="much") == {
        "slow": "no such parameter; it has symbol, fast, share, quantity, side, symbols, stop_ns",
        "symbol": "is missing",
        "fast": "Expected int, got str",
        "quantity": "Invalid decimal string",
        "side": "Invalid enum value 'both'",
    }


def test_a_strategy_without_parameters_says_so() -> None:
    assert problems(Strategy, fast=1) == {"fast": "no such parameter; it has none"}


def test_parameters_are_read_as_attributes_and_never_written() -> None:
    container, _ = started(Cross, symbol="AAA", fast=3)
    made: Any = container.resolve("strategy", Cross)
    assert (made.symbol, made.fast, made.plain, made._private) == ("AAA", 3, "a constant", 7)
    with pytest.raises(AttributeError):
        made.fast = 4


def test_two_instances_have_their_own_parameters() -> None:
    one, other = (started(Cross, symbol="AAA", fast=fast)[0].resolve("strategy", Cross) for fast in (3, 4))
    assert (one.fast, other.fast) == (3, 4)


def test_a_child_adds_and_overrides_parameters() -> None:
    class Child(Cross):
        fast: int = 20
        slow: int = 30

    assert parsed(Child, symbol="AAA")["fast"] == 20
    assert list(parsed(Child, symbol="AAA"))[-1] == "slow"
    assert parsed(Cross, symbol="AAA")["fast"] == 10


def test_a_child_may_change_a_default_without_an_annotation() -> None:
    class Child(Cross):
        fast = 20

    assert started(Child, symbol="AAA")[0].resolve("strategy", Child).fast == 20
    assert started(Child, symbol="AAA", fast=5)[0].resolve("strategy", Child).fast == 5


def test_a_default_is_of_its_parameter_s_type() -> None:
    class Loose(Strategy):
        quantity: Decimal = 100  # type: ignore[assignment]

    assert type(parsed(Loose)["quantity"]) is Decimal


def test_bounds_of_an_annotation_hold() -> None:
    class Bounded(Strategy):
        fast: Annotated[int, msgspec.Meta(ge=1)] = 10

    assert problems(Bounded, fast=0) == {"fast": "Expected int >= 1"}


def test_what_a_class_cannot_have_as_a_parameter_is_refused() -> None:
    class Wrong(Strategy):
        levels: list[int] = [1, 2]  # noqa: RUF012
        window: deque[int] = deque()  # noqa: RUF012
        fast: int = "ten"  # type: ignore[assignment]
        target: float = 0.5  # type: ignore[assignment]
        tick: ClassVar[Decimal] = Decimal("0.01")

    assert problems(Wrong) == {
        "levels": "a mutable default is shared by all; use a tuple or start()",
        "window": "a mutable default is shared by all; use a tuple or start()",
        "fast": "its default does not fit: Expected int, got str",
        "target": "every strategy has a target of its own; choose another name",
        "tick": "a constant of the class is no parameter; leave its annotation out",
    }


def test_shipped_strategies_have_the_documented_defaults() -> None:
    assert parsed(SmaCross, symbol="AAA") == {"symbol": "AAA", "fast": 10, "slow": 30, "quantity": Decimal(100)}
    assert problems(MarketMaker, symbol="AAA") == {"tick_size": "is missing"}


def test_a_plain_number_with_a_point_is_no_exact_amount() -> None:
    class Sized(Strategy):
        quantity: Decimal = Decimal(1)
        share: Decimal | None = None
        factor: float = 1.0

    with pytest.raises(InvalidParameters) as refused:
        Sized.parse_parameters({"quantity": 50.5, "share": 0.1, "factor": 0.5})
    assert refused.value.problems == {
        "quantity": 'is not exact as a plain number; write it in quotes: "50.5"',
        "share": 'is not exact as a plain number; write it in quotes: "0.1"',
    }
