import dataclasses
import enum
import importlib.util
import io
import os
import random
import struct
import subprocess
import sys
import threading
from collections import OrderedDict, defaultdict, deque
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import msgspec
import pytest

from trading.errors import UnsupportedState
from trading.indicators.averages import Sma
from trading.market_data import Bar, Quote
from trading.orders import Order, OrderTerms, Side
from trading.state import decode_state, encode_state
from trading.strategy import Strategy

ROOT = Path(__file__).resolve().parents[2]


class Owner(Strategy):
    """The strategy whose attributes these tests keep."""


class Mood(enum.Enum):
    CALM = enum.auto()
    WILD = enum.auto()


class Want(enum.Flag):
    BUY = enum.auto()
    SELL = enum.auto()


@dataclasses.dataclass(frozen=True)
class Level:
    price: Decimal
    tags: tuple[str, ...] = ()


@dataclasses.dataclass
class Node:
    name: str
    parent: "Node | None" = None
    children: list["Node"] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(slots=True)
class Slotted:
    left: Any
    right: Any


class Tally(msgspec.Struct):
    count: int
    history: list[int] = msgspec.field(default_factory=list)

    def __post_init__(self) -> None:
        self.history = []


class Link(msgspec.Struct):
    other: Any = None


class Meter:
    """Keeps itself by its own means; made without its constructor."""

    made: ClassVar[int] = 0

    def __init__(self, readings: list[float]) -> None:
        Meter.made += 1
        self.readings = readings

    def state(self) -> dict[str, Any]:
        return {"readings": self.readings}

    def restore(self, state: dict[str, Any]) -> None:
        self.readings = state["readings"]


class Bare:
    """Neither a dataclass nor with a state of its own."""


def restored(**attributes: Any) -> dict[str, Any]:
    return decode_state(encode_state(attributes, owner=Owner), owner=Owner)


QUOTE = Quote("AAA", 1_000, 99.99, 100.01, 300.0, 200.0)
ORDER = Order(
    terms=OrderTerms(
        order_id="a-1", strategy="a", symbol="AAA", side=Side.BUY, quantity=Decimal("10.50"), created_ns=1_000
    )
)


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        0,
        -(2**63),
        2**64 - 1,
        2**64,
        -(2**63) - 1,
        -0.0,
        5e-324,
        float("inf"),
        "",
        "Ω",
        "half a pair \ud83d",
        b"\x00\xff",
        Decimal("1.500"),
        Decimal("-Infinity"),
        Decimal("1E+400"),
        date(2026, 1, 5),
        datetime(2026, 1, 5, 14, 30, 0, 123),  # noqa: DTZ001  naive on purpose
        datetime(2026, 1, 5, 14, 30, tzinfo=UTC),
        datetime(2026, 1, 5, 14, 30, tzinfo=timezone(timedelta(hours=-5, microseconds=1), "desk")),
        datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=ZoneInfo("Europe/Berlin")),
        time(9, 30),
        time(9, 30, tzinfo=UTC),
        timedelta(days=-1, microseconds=7),
        timedelta.min,
        ZoneInfo("America/New_York"),
        timezone(timedelta(hours=2)),
        Mood.WILD,
        Want.BUY | Want.SELL,
        Side.SELL,
        (),
        (1, (2, "three")),
        [1, [2.0, [None]]],
        {"b": 1, "a": {2: [3]}, (1, "x"): Decimal(4), None: False, Mood.CALM: ()},
        {3, "three", (3, frozenset({4}))},
        frozenset({"a", "b"}),
        deque([1, 2, 3], maxlen=3),
        deque(["open"]),
        Level(Decimal("100.10"), ("support",)),
        {Level(Decimal(1)), Level(Decimal(2))},
        Slotted([1], {2: 3}),
        QUOTE,
        Bar("AAA", 60, 60, 1.0, 2.0, 0.5, 1.5, 10.0),
        ORDER,
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_value_comes_back_equal_and_of_the_same_type(value: Any) -> None:
    back = restored(value=value)["value"]
    assert back == value
    assert repr(back) == repr(value) or isinstance(value, set | frozenset)
    assert encode_state({"value": back}, owner=Owner) == encode_state({"value": value}, owner=Owner)


def test_an_integer_too_long_to_print_is_kept() -> None:
    assert restored(counts={10**5_000: -(10**5_000)}) == {"counts": {10**5_000: -(10**5_000)}}


def test_what_is_not_equal_to_itself_comes_back_too() -> None:
    back = restored(ratio=float("nan"), amount=Decimal("sNaN12"))
    assert repr(back) == "{'ratio': nan, 'amount': Decimal('sNaN12')}"


def test_the_length_of_a_deque_and_the_order_of_a_dict_are_kept() -> None:
    back = restored(last=deque([1, 2], maxlen=2), prices={"b": 1, "a": 2})
    back["last"].append(3)
    assert list(back["last"]) == [2, 3]
    assert list(back["prices"]) == ["b", "a"]
    assert list(back) == ["last", "prices"]


def test_two_attributes_that_name_the_same_list_still_do_afterwards() -> None:
    prices = [1.0]
    back = restored(prices=prices, by_symbol={"AAA": prices}, equal=[1.0])
    assert back["by_symbol"]["AAA"] is back["prices"]
    assert back["equal"] is not back["prices"]


def test_a_cycle_comes_back_as_a_cycle() -> None:
    root = Node("root")
    root.children.append(Node("leaf", parent=root))
    loop: list[Any] = []
    loop.append((loop, {"self": loop}))
    back = restored(root=root, loop=loop)
    assert back["root"].children[0].parent is back["root"]
    assert back["loop"][0][0] is back["loop"]
    assert back["loop"][0][1]["self"] is back["loop"]


def test_equal_values_give_equal_bytes_whether_or_not_they_are_one_object() -> None:
    one, other = Level(Decimal(1), ("a",)), Level(Decimal(1), ("a",))
    assert encode_state({"a": one, "b": one}, owner=Owner) == encode_state({"a": one, "b": other}, owner=Owner)


def test_an_indicator_goes_on_where_it_was() -> None:
    average = Sma(3)
    for close in (1.0, 2.0, 4.0):
        average.update(close)
    back = restored(average=average)["average"]
    assert [back.update(9.0), back.update(1.0)] == [average.update(9.0), average.update(1.0)]


def test_a_generator_of_random_numbers_goes_on_where_it_was() -> None:
    source = random.Random(7)
    source.gauss(0.0, 1.0)
    back = restored(source=source)["source"]
    assert [back.gauss(0.0, 1.0), back.random()] == [source.gauss(0.0, 1.0), source.random()]


def test_an_object_with_state_and_restore_is_made_without_its_constructor() -> None:
    readings = [1.0]
    meter = Meter(readings)
    before = Meter.made
    back = restored(meter=meter, readings=readings)
    assert back["meter"].readings is back["readings"]
    assert Meter.made == before


def test_objects_whose_state_is_made_anew_each_time_are_not_taken_for_one_another() -> None:
    back = restored(meters=[Meter([float(i)]) for i in range(200)])
    assert [meter.readings for meter in back["meters"]] == [[float(i)] for i in range(200)]


def test_a_struct_is_restored_as_it_was_whatever_its_post_init_does() -> None:
    tally = Tally(2)
    tally.history.extend([1, 1])
    assert restored(tally=tally)["tally"].history == [1, 1]


def test_what_was_set_on_a_dataclass_besides_its_fields_is_kept() -> None:
    node = Node("a")
    vars(node)["seen"] = 3
    assert vars(restored(node=node)["node"])["seen"] == 3


def local_class() -> type:
    @dataclasses.dataclass
    class Local:
        x: int = 0

    return Local


def looped_struct() -> Link:
    link = Link()
    link.other = [link]
    return link


def nameless_zone() -> ZoneInfo:
    header = b"TZif" + b"\0" * 16 + struct.pack(">6l", 0, 0, 0, 0, 1, 4)
    return ZoneInfo.from_file(io.BytesIO(header + struct.pack(">lbb", 0, 0, 0) + b"UTC\0"))


def half_made() -> Node:
    return Node.__new__(Node)


def nested(levels: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        (
            {"client": threading.Lock()},
            "self.client: _thread.lock cannot be kept over a restart; keep what it is made of",
        ),
        (
            {"a": {"b": [1, lambda: 0]}},
            "self.a['b'][1]: function cannot be kept over a restart; keep data in attributes",
        ),
        ({"rule": Owner.on_bar}, "self.rule: function"),
        ({"rule": "x".upper}, "self.rule: builtin_function_or_method"),
        ({"kind": Level}, "self.kind: type cannot be kept over a restart; keep data"),
        ({"kind": Mood}, "self.kind: enum.EnumType cannot be kept over a restart; keep data"),
        ({"stream": iter([1])}, "self.stream: list_iterator cannot"),
        ({"stream": (x for x in (1,))}, "self.stream: generator cannot"),
        ({"counts": defaultdict(int)}, "self.counts: collections.defaultdict cannot"),
        ({"counts": OrderedDict(a=1)}, "self.counts: collections.OrderedDict cannot"),
        ({"zone": nameless_zone()}, "self.zone: zoneinfo.ZoneInfo cannot be kept over a restart; it has no name"),
        ({"a": {Mood.CALM: Bare()}}, "self.a[Mood]: "),
        ({"bare": Bare()}, "Bare cannot be kept over a restart; make its class a dataclass, or give it state()"),
        ({"local": local_class()()}, "define its class at the top level of its module"),
        ({"mine": {Bare()}}, "an item of self.mine: "),
        ({"mine": {Meter([])}}, "Meter cannot be kept over a restart; in a set it has no order that lasts"),
        ({"mine": {(random.Random(1),)}}, "random.Random cannot be kept over a restart; in a set"),
        ({"mine": {Bare(): 1}}, "a key of self.mine: "),
        ({"meter": Meter([threading.Lock()])}, "self.meter.state()['readings'][0]: _thread.lock"),  # type: ignore[list-item]
        ({"node": Node("a", parent=Bare())}, "self.node.parent: "),  # type: ignore[arg-type]
        ({"node": half_made()}, "self.node.name: "),
        ({"link": looped_struct()}, "leads back to itself; make it a dataclass"),
        ({"deep": nested(200)}, "over 100 levels of values within values"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_kept_is_named_with_its_place_and_a_remedy(attributes: dict[str, Any], message: str) -> None:
    with pytest.raises(UnsupportedState) as caught:
        encode_state(attributes, owner=Owner)
    assert message in str(caught.value)


def test_a_hundred_levels_are_kept() -> None:
    assert restored(deep=nested(99))["deep"] == nested(99)


def load(path: Path, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def test_the_state_of_a_strategy_from_a_file_survives_a_move_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "modules", sys.modules.copy())
    source = "import dataclasses\n@dataclasses.dataclass\nclass Leg:\n    size: int\nclass Mine:\n    pass\n"
    (tmp_path / "mine.py").write_text(source)
    (tmp_path / "moved.py").write_text(source)
    before, after = load(tmp_path / "mine.py", "mine_1"), load(tmp_path / "moved.py", "mine_2")
    data = encode_state({"leg": before.Leg(3)}, owner=before.Mine)
    assert decode_state(data, owner=after.Mine) == {"leg": after.Leg(3)}


def test_a_derived_strategy_may_hold_classes_of_its_base_strategys_module(monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = type("Derived", (Owner,), {"__module__": "elsewhere"})
    monkeypatch.setitem(sys.modules, "elsewhere", ModuleType("elsewhere"))
    data = encode_state({"level": Level(Decimal(1))}, owner=elsewhere)
    assert decode_state(data, owner=elsewhere) == {"level": Level(Decimal(1))}
    stranger = type("Stranger", (), {"__module__": "elsewhere"})
    with pytest.raises(UnsupportedState, match="Level cannot be kept"):
        encode_state({"level": Level(Decimal(1))}, owner=stranger)


PROGRAM = """
import enum
from dataclasses import dataclass
from trading.state import encode_state

@dataclass(frozen=True)
class Level:
    name: str

class Mood(enum.Enum):
    CALM = "calm"
    WILD = "wild"

class Mine:
    pass

names = [f"name-{i}" for i in range(50)]
print(encode_state({
    "names": set(names),
    "nested": frozenset((name, frozenset({name, name * 2})) for name in names),
    "mixed": {None, 1, 2.5, "x", b"y", Mood.WILD, Mood.CALM},
    "levels": {Level(name) for name in names},
}, owner=Mine).hex())
"""


def test_the_bytes_do_not_depend_on_the_seed_of_hashing() -> None:
    def run(seed: str) -> str:
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True
        )
        return done.stdout

    assert run("1") == run("2")


def damaged(*heap: Any, version: int = 1) -> bytes:
    return msgspec.msgpack.encode([version, list(heap)])


def holding(value: Any, *nodes: Any) -> bytes:
    return damaged(["dict", [["x", value]]], *nodes)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xc1",
        msgspec.msgpack.encode({"a": 1}),
        damaged(),
        damaged(["dict", []], version=2),
        damaged(["list", []]),
        damaged(["dict", [[1, 2]]]),
        damaged(["dict", [["x"]]]),
        damaged(None),
        holding({"a": "map"}),
        holding([]),
        holding(["no such tag", 1]),
        holding([["unhashable"], 1]),
        holding(["ref", 7]),
        holding(["ref", "x"]),
        holding(["ref", 1], ["list"]),
        holding(["ref", 1], ["struct", ":Link", {"other": ["ref", 1]}]),
        holding(["ref", 1], ["set", [["ref", 0]]]),
        holding(["ref", 1], ["deque", -1, []]),
        holding(["ref", 1], ["random", [3, [1, 2], None]]),
        holding(["ref", 1], ["object", ":Bare", None]),
        holding(["ref", 1], ["object", ":Meter", {"wrong": 1}]),
        holding(["ref", 1], ["object", ":Meter", 5]),
        holding(["ref", 1], ["dataclass", ":Node", {}]),
        holding(["ref", 1], ["dataclass", ":Slotted", {"left": 1, "right": 2, "more": 3}]),
        holding(["ref", 1], ["dataclass", ":Node", {"name": 1, "parent": 1, "children": 1, "__class__": 1}]),
        holding(["struct", ":Tally", {}]),
        holding(["struct", ":Mood", {}]),
        holding(["enum", ":Mood", "NONE"]),
        holding(["enum", ":Owner.start", "X"]),
        holding(["enum", ":enum.Enum", "X"]),
        holding(["struct", "msgspec:Struct", {}]),
        holding(["dataclass", "subprocess:Popen", {}]),
        holding(["object", "trading.no_such_module:X", {}]),
        holding(["object", "trading..:X", {}]),
        holding(["object", 5, {}]),
        holding(["decimal", "one"]),
        holding(["zone", "../../etc/passwd"]),
        holding(["timezone", [[9, 0, 0], None]]),
        holding(["datetime", "yesterday", 0, None]),
        holding(["int", "0x"]),
        holding(["str", "text"]),
        holding(msgspec.msgpack.Ext(5, b"code")),
    ],
)
def test_damaged_bytes_raise_one_kind_of_error(data: bytes) -> None:
    with pytest.raises(UnsupportedState, match="the kept state of Owner cannot be restored"):
        decode_state(data, owner=Owner)


def test_a_chain_without_end_is_refused_like_any_other_damage() -> None:
    chain = (["set", [["frozenset", [["ref", i]]]]] for i in range(2, 3_000))
    with pytest.raises(UnsupportedState, match="RecursionError"):
        decode_state(holding(["ref", 1], *chain), owner=Owner)
