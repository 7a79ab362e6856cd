"""What a venue offers: every refusal names what there is, and what is emulated is known before an order is sent."""

from typing import Any

import msgspec
import pytest

from tests.builders import terms
from trading.capabilities import OPTIONS, Capabilities
from trading.orders import OrderType, TimeInForce
from trading.refusals import Refusal

PLAIN = Capabilities(
    order_types=frozenset({OrderType.MARKET, OrderType.LIMIT}),
    times_in_force=frozenset({TimeInForce.GTC, TimeInForce.DAY}),
    options=frozenset({"reduce_only"}),
)
BARE = Capabilities(order_types=frozenset(), times_in_force=frozenset())


@pytest.mark.parametrize(
    ("changes", "code", "sentence"),
    [
        (
            {"type": OrderType.STOP},
            "unsupported_order_type",
            "order type stop is not offered here; offered: limit, market",
        ),
        (
            {"time_in_force": TimeInForce.IOC},
            "unsupported_time_in_force",
            "time in force ioc is not offered here; offered: day, gtc",
        ),
        *(
            (
                {option: value},
                "unsupported_option",
                f"option {option} is not offered here; offered: reduce_only",
            )
            for option, value in (("post_only", True), ("all_or_none", True), ("parent_id", "a-0"), ("group_id", "g"))
        ),
    ],
)
def test_what_is_not_offered_is_refused_with_what_is(changes: dict[str, Any], code: str, sentence: str) -> None:
    order = msgspec.structs.replace(terms(), **changes)
    assert PLAIN.refusal(order) == Refusal(code, sentence)
    assert Capabilities.everything().refusal(order) is None


def test_what_is_offered_passes() -> None:
    assert PLAIN.refusal(msgspec.structs.replace(terms(limit="1"), reduce_only=True)) is None
    assert PLAIN.refusal(msgspec.structs.replace(terms(), time_in_force=TimeInForce.DAY)) is None


def test_where_nothing_is_offered_the_sentence_says_so() -> None:
    assert BARE.refusal(terms()) == Refusal(
        "unsupported_order_type", "order type market is not offered here; offered: none"
    )


def test_amending_is_an_option_of_its_own() -> None:
    assert PLAIN.amend_refusal() == Refusal(
        "unsupported_option", "option amend is not offered here; offered: reduce_only"
    )
    assert Capabilities.everything().amend_refusal() is None


def test_a_venue_cannot_offer_what_there_is_not() -> None:
    with pytest.raises(ValueError, match="no such option: hidden; there are all_or_none, amend, group_id, parent_id"):
        Capabilities(order_types=frozenset(), times_in_force=frozenset(), options=frozenset({"hidden"}))


def test_a_venue_cannot_emulate_what_it_does_not_offer() -> None:
    with pytest.raises(ValueError, match="emulated, but not offered: gtd, stop"):
        msgspec.structs.replace(PLAIN, emulated=frozenset({OrderType.STOP, TimeInForce.GTD, OrderType.LIMIT}))


def test_everything_is_everything() -> None:
    everything = Capabilities.everything()
    assert everything.order_types == set(OrderType)
    assert everything.times_in_force == set(TimeInForce)
    assert everything.options == OPTIONS
    assert not everything.emulated
