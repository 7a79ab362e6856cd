"""A strategy's attributes as bytes and back.

Nothing in the bytes is ever executed: they are plain values with tags, and name only enums, structs, dataclasses and
objects with `state()` and `restore()`, of `trading` or of the strategy's modules.

What can change is written once, as a node of a numbered heap, and referred to by its number: two attributes that name
the same list still do afterwards, and cycles are lawful. What cannot change is written in place, so that equal
values give equal bytes however they came about. Sets are sorted by the bytes of their items.

    [FORMAT, [node, ...]]                 the first node is the dict of the attributes
    node    ["list", [value, ...]]        ["deque", length | nil, [value, ...]]
            ["dict", [[key, value], ...]] ["set", [value, ...]]
            ["random", state]             ["object", class, value]
            ["struct" | "dataclass", class, {field: value}]
    value   nil, bool, float, str, bytes or int of 64 bits
            ["ref", number of a node]     ["int", hexadecimal]        ["str", bytes]
            ["tuple", [value, ...]]       ["frozenset", [value, ...]]
            ["enum", class, value]        ["struct" | "dataclass", class, {field: value}], frozen and compared by value
            ["datetime" | "time", iso, fold, zone]
            ["decimal" | "date" | "timedelta" | "timezone" | "zone", plain]
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from trading.errors import UnsupportedState
from trading.state.forms import KnownClasses
from trading.state.reader import Reader
from trading.state.writer import Writer

FORMAT: Final = 1


def encode_state(attributes: Mapping[str, Any], *, owner: type) -> bytes:
    """The attributes of a strategy of class `owner`; the same state gives the same bytes in any process.

    UnsupportedState names the attribute that holds what cannot be kept. What a `state()` raises comes through.
    """
    return msgspec.msgpack.encode([FORMAT, Writer(KnownClasses(owner)).heap(attributes)])


def decode_state(data: bytes, *, owner: type) -> dict[str, Any]:
    """The attributes that `encode_state` was given; UnsupportedState for bytes that are not such a state."""
    try:
        version, heap = msgspec.msgpack.decode(data, type=tuple[int, list[Any]])
        if version != FORMAT:
            raise ValueError(f"its format is {version}, not {FORMAT}")
        return Reader(KnownClasses(owner), heap).attributes()
    except Exception as error:
        # Whatever damaged bytes do to a constructor or to a `restore`, the caller hears one kind of error.
        raise UnsupportedState(
            f"the kept state of {owner.__qualname__} cannot be restored ({type(error).__name__}: {error});"
            " run it with the code that kept it, or reset it"
        ) from error
