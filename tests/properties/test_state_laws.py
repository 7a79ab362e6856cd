"""Whatever can be kept comes back equal, and gives the same bytes again; whatever the bytes, one kind of error."""

import contextlib
from collections import deque
from datetime import UTC
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from trading.errors import UnsupportedState
from trading.orders import Side
from trading.state import decode_state, encode_state
from trading.strategy import Strategy


class Owner(Strategy):
    """The strategy whose attributes are kept."""


leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters())
    | st.binary()
    | st.decimals(allow_nan=False)
    | st.datetimes(timezones=st.none() | st.just(UTC) | st.timezones(no_cache=False))
    | st.dates()
    | st.times()
    | st.timedeltas()
    | st.sampled_from(Side)
)
keys = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3).map(tuple) | st.frozensets(inner, max_size=3), max_leaves=5
)


def _containers(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    several = st.lists(inner, max_size=4)
    return (
        several
        | several.map(tuple)
        | st.builds(deque, several, st.none() | st.integers(4, 9))
        | st.dictionaries(keys, inner, max_size=4)
        | st.sets(keys, max_size=4)
    )


values = st.recursive(leaves, _containers, max_leaves=20)


@given(st.dictionaries(st.text(st.characters()), values, max_size=5))
def test_attributes_come_back_equal_and_give_the_same_bytes_again(attributes: dict[str, Any]) -> None:
    data = encode_state(attributes, owner=Owner)
    back = decode_state(data, owner=Owner)
    assert back == attributes
    assert encode_state(back, owner=Owner) == data


@given(st.sets(keys), st.randoms(use_true_random=False))
def test_the_order_in_which_a_set_was_filled_does_not_show(members: set[Any], source: Any) -> None:
    shuffled = list(members)
    source.shuffle(shuffled)
    refilled = set(shuffled)
    assert encode_state({"x": refilled}, owner=Owner) == encode_state({"x": members}, owner=Owner)


@given(st.data())
def test_any_damage_is_noticed_or_harmless(data: st.DataObject) -> None:
    whole = bytearray(encode_state({"sides": {Side.BUY: [1, 2.5]}, "t": (1, {"x"})}, owner=Owner))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(UnsupportedState):
        assert isinstance(decode_state(bytes(whole), owner=Owner), dict)


plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.sampled_from(["ref", "list", "dict", "enum", ":Owner", "tuple"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=1), inner, max_size=2),
)


@given(st.lists(plain, max_size=4))
def test_made_up_nodes_are_read_or_refused(heap: list[Any]) -> None:
    with contextlib.suppress(UnsupportedState):
        decode_state(msgspec.msgpack.encode([1, heap]), owner=Owner)
