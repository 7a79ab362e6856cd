"""What an order may say of itself: every refusal by its code and its sentence, and what goes with what."""

from decimal import Decimal
from itertools import product
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from tests.market_builders import USD, an_instrument
from trading.capabilities import Capabilities
from trading.instruments import InstrumentKind, MarginTerms
from trading.money import ZERO
from trading.order_rules import AMENDABLE, FLAGS, TYPES
from trading.order_validator import OrderValidator
from trading.orders import FINAL_STATES, PENDING_STATES, Order, OrderState, OrderTerms, OrderType, Side, TimeInForce
from trading.refusals import Refusal
from trading.timestamps import SECOND

DOCS: Final = Path(__file__).resolve().parents[2] / "docs" / "orders.md"
T, TIF = OrderType, TimeInForce

INSTRUMENTS: Final = {
    "AAA": an_instrument("AAA", min_notional="50"),
    "LOTS": an_instrument("LOTS", tick="0.25", lot="10"),
    "MIN": msgspec.structs.replace(an_instrument("MIN"), min_quantity=Decimal(5)),
    "CL": msgspec.structs.replace(
        an_instrument("CL", tick="0.25", min_notional="50"),
        kind=InstrumentKind.FUTURE,
        margin=MarginTerms(currency=USD, initial=Decimal("0.1"), maintenance=Decimal("0.1")),
    ),
}

SOUND: Final[dict[OrderType, dict[str, str]]] = {
    T.MARKET: {},
    T.LIMIT: {"limit_price": "100"},
    T.STOP: {"stop_price": "100"},
    T.STOP_LIMIT: {"stop_price": "100", "limit_price": "101"},
    T.MARKET_IF_TOUCHED: {"stop_price": "100"},
    T.TRAILING_STOP: {"trail_amount": "2"},
    T.ON_OPEN: {},
    T.ON_CLOSE: {},
}
"""What each type must have."""


def terms(order_type: OrderType = T.MARKET, **changes: Any) -> OrderTerms:
    """A sound order of a type with some of its terms changed; numbers in text become exact ones."""
    exact = {
        field: Decimal(value) if isinstance(value, str) and field in AMENDABLE else value
        for field, value in {**SOUND[order_type], **changes}.items()
    }
    order = OrderTerms(
        order_id="a-1",
        strategy="a",
        symbol="AAA",
        side=Side.BUY,
        quantity=Decimal(10),
        created_ns=10 * SECOND,
        type=order_type,
    )
    return msgspec.structs.replace(order, **exact)


def refusal(order: OrderTerms, capabilities: Capabilities | None = None) -> Refusal | None:
    return OrderValidator(INSTRUMENTS, capabilities).refusal(order)


TOO_MANY = "it must be below 1000000000000000000"
QUANTITIES = [
    (terms(quantity="0"), "quantity 0 is not above zero"),
    (terms(quantity="-1"), "quantity -1 is not above zero"),
    (terms(quantity="NaN"), "quantity NaN is not above zero"),
    (terms(quantity="sNaN"), "quantity sNaN is not above zero"),
    (terms(quantity="Infinity"), "quantity Infinity is not above zero"),
    (terms(quantity="1e18"), f"quantity 1E+18 is too large; {TOO_MANY}"),
    (terms(quantity="1e999999"), f"quantity 1E+999999 is too large; {TOO_MANY}"),
    (terms(quantity="1.5"), "quantity 1.5 is not a whole number of lots of 1"),
    (terms(quantity="1e-5000000"), "quantity 1E-5000000 is not a whole number of lots of 1"),
    (terms(quantity="15", symbol="LOTS"), "quantity 15 is not a whole number of lots of 10"),
    (terms(quantity="4", symbol="MIN"), "quantity 4 is below the minimum of 5"),
    (terms(T.LIMIT, quantity="1", limit_price="49.99"), "worth 49.99 at 49.99, below the minimum of 50"),
    (terms(T.STOP, quantity="2", stop_price="20"), "worth 40.00 at 20, below the minimum of 50"),
    (terms(T.STOP_LIMIT, quantity="1", limit_price="30"), "worth 30.00 at 30, below the minimum of 50"),
    (terms(T.ON_CLOSE, quantity="3", limit_price="10"), "worth 30.00 at 10, below the minimum of 50"),
    (terms(T.LIMIT, symbol="CL", quantity="3", limit_price="-10"), "worth 30.00 at -10, below the minimum of 50"),
]

TOO_LOW = "it must be above -1000000000000000000"
FUTURE = "only a future has such prices"
EITHER = "a trailing_stop order needs either a trail amount or a trail percent; it has"
PRICES = [
    (terms(T.MARKET, limit_price="1"), "a market order takes no limit price"),
    (terms(T.MARKET, stop_price="1"), "a market order takes no stop price"),
    (terms(T.LIMIT, limit_price=None), "a limit order needs a limit price"),
    (terms(T.LIMIT, stop_price="1"), "a limit order takes no stop price"),
    (terms(T.LIMIT, trail_amount="1"), "a limit order takes no trail amount"),
    (terms(T.STOP, stop_price=None), "a stop order needs a stop price"),
    (terms(T.STOP, limit_price="1"), "a stop order takes no limit price"),
    (terms(T.STOP, trail_percent="1"), "a stop order takes no trail percent"),
    (terms(T.STOP_LIMIT, limit_price=None), "a stop_limit order needs a limit price"),
    (terms(T.STOP_LIMIT, stop_price=None), "a stop_limit order needs a stop price"),
    (terms(T.STOP_LIMIT, trail_amount="1"), "a stop_limit order takes no trail amount"),
    (terms(T.MARKET_IF_TOUCHED, stop_price=None), "a market_if_touched order needs a stop price"),
    (terms(T.MARKET_IF_TOUCHED, limit_price="1"), "a market_if_touched order takes no limit price"),
    (terms(T.TRAILING_STOP, limit_price="1"), "a trailing_stop order takes no limit price"),
    (terms(T.TRAILING_STOP, trail_amount=None), f"{EITHER} neither"),
    (terms(T.TRAILING_STOP, trail_percent="1"), f"{EITHER} both"),
    (terms(T.ON_OPEN, stop_price="1"), "an on_open order takes no stop price"),
    (terms(T.ON_CLOSE, trail_percent="1"), "an on_close order takes no trail percent"),
    *(
        (terms(T.LIMIT, limit_price=price), f"limit price {price} is not a positive whole number of ticks of 0.01")
        for price in ("1.005", "NaN", "sNaN", "Infinity", "-Infinity", "1E-5000000")
    ),
    *(
        (terms(T.LIMIT, limit_price=price), f"limit price {price} is not above zero; {FUTURE}")
        for price in ("0", "-0", "-1", "-1.005", "-1E+30", "-1E-5000000")
    ),
    (terms(T.LIMIT, limit_price="1e30"), f"limit price 1E+30 is too large; {TOO_MANY}"),
    (terms(T.STOP, stop_price="0.001"), "stop price 0.001 is not a positive whole number of ticks of 0.01"),
    (
        terms(T.STOP, symbol="LOTS", stop_price="1.1"),
        "stop price 1.1 is not a positive whole number of ticks of 0.25",
    ),
    (terms(T.STOP_LIMIT, stop_price="1e18"), f"stop price 1E+18 is too large; {TOO_MANY}"),
    (terms(T.TRAILING_STOP, stop_price="-1"), f"stop price -1 is not above zero; {FUTURE}"),
    (
        terms(T.TRAILING_STOP, trail_amount="0.005"),
        "trail amount 0.005 is not a positive whole number of ticks of 0.01",
    ),
    (terms(T.ON_OPEN, limit_price="0"), f"limit price 0 is not above zero; {FUTURE}"),
    (
        terms(T.TRAILING_STOP, trail_amount="-1"),
        "trail amount -1 is not a positive whole number of ticks of 0.01",
    ),
    (
        terms(T.TRAILING_STOP, symbol="CL", trail_amount="-0.25"),
        "trail amount -0.25 is not a positive whole number of ticks of 0.25",
    ),
    *(
        (
            terms(T.STOP, symbol="CL", stop_price=price),
            f"stop price {price} is not a whole number of ticks of 0.25",
        )
        for price in ("-0.3", "-1E-5000000")
    ),
    (
        terms(T.STOP, symbol="CL", stop_price="NaN"),
        "stop price NaN is not a positive whole number of ticks of 0.25",
    ),
    (terms(T.LIMIT, symbol="CL", limit_price="-1E+18"), f"limit price -1E+18 is too low; {TOO_LOW}"),
    *(
        (
            terms(T.TRAILING_STOP, trail_amount=None, trail_percent=percent),
            f"trail percent {percent} is not between 0 and 100",
        )
        for percent in ("0", "100", "-1", "NaN", "sNaN", "Infinity")
    ),
    *(
        (
            terms(T.TRAILING_STOP, trail_amount=None, trail_percent=percent),
            f"trail percent {percent} has more than 30 decimal places; round it",
        )
        for percent in (f"1.{'0' * 30}1", "1E-31", "1E-5000000")
    ),
]

TIMES = [
    (terms(time_in_force=TIF.GTD), "a gtd order needs expires_ns, the time at which it ends"),
    (terms(expires_ns=20 * SECOND), "a gtc order takes no expires_ns, here 20000000000; make it gtd"),
    (terms(time_in_force=TIF.IOC, expires_ns=1), "an ioc order takes no expires_ns, here 1; make it gtd"),
    (
        terms(time_in_force=TIF.GTD, expires_ns=10 * SECOND),
        "expires_ns 10000000000 is not after created_ns 10000000000",
    ),
    (terms(time_in_force=TIF.GTD, expires_ns=-1), "expires_ns -1 is not after created_ns 10000000000"),
]

COMBINATIONS = [
    (terms(T.STOP, time_in_force=TIF.IOC), "a stop order cannot be ioc; it may be gtc, day or gtd"),
    (terms(T.TRAILING_STOP, time_in_force=TIF.FOK), "a trailing_stop order cannot be fok; it may be gtc, day or gtd"),
    (terms(T.ON_OPEN, time_in_force=TIF.IOC), "an on_open order cannot be ioc; it may be gtc or day"),
    (
        terms(T.ON_CLOSE, time_in_force=TIF.GTD, expires_ns=20 * SECOND),
        "an on_close order cannot be gtd; it may be gtc or day",
    ),
    (terms(T.MARKET, post_only=True), "a market order cannot be post_only; limit and stop_limit orders can"),
    (
        terms(T.LIMIT, post_only=True, time_in_force=TIF.IOC),
        "an order cannot be both post_only and ioc; leave one of them out",
    ),
    (
        terms(T.LIMIT, all_or_none=True, time_in_force=TIF.FOK),
        "an order cannot be both all_or_none and fok; leave one of them out",
    ),
    (
        terms(T.LIMIT, all_or_none=True, post_only=True),
        "an order cannot be both all_or_none and post_only; leave one of them out",
    ),
]

CONTINGENCIES = [
    (terms(parent_id="a-1"), "parent_id a-1 is the order itself; name another"),
    (terms(group_id="a-1"), "group_id a-1 is the order itself; name another"),
    (terms(parent_id=""), "parent_id is empty; leave it out where there is none"),
    (terms(group_id=""), "group_id is empty; leave it out where there is none"),
]

REFUSED = [
    (terms(symbol="ZZZ"), "unknown_symbol", "'ZZZ' is no instrument here; known: AAA, LOTS, MIN, CL"),
    *((order, "bad_quantity", sentence) for order, sentence in QUANTITIES),
    *((order, "bad_price", sentence) for order, sentence in PRICES),
    *((order, "bad_time", sentence) for order, sentence in TIMES),
    *((order, "bad_combination", sentence) for order, sentence in COMBINATIONS),
    *((order, "bad_contingency", sentence) for order, sentence in CONTINGENCIES),
]


@pytest.mark.parametrize(("order", "code", "sentence"), REFUSED, ids=[sentence for _, _, sentence in REFUSED])
def test_an_order_that_cannot_be_meant_is_refused(order: OrderTerms, code: str, sentence: str) -> None:
    assert refusal(order) == Refusal(code, sentence)


@pytest.mark.parametrize(
    "order",
    [
        *(terms(order_type) for order_type in T),
        terms(quantity="1e3"),
        terms(quantity="999999999999999999"),
        terms(T.LIMIT, limit_price="100.00"),
        terms(T.LIMIT, quantity="1", limit_price="50"),
        terms(T.LIMIT, quantity="5000", limit_price="0.01"),
        terms(T.LIMIT, symbol="LOTS", quantity="20", limit_price="0.75"),
        terms(symbol="MIN", quantity="5"),
        terms(quantity="1"),
        terms(T.LIMIT, symbol="CL", limit_price="-37.75"),
        terms(T.STOP_LIMIT, symbol="CL", stop_price="0", limit_price="-10"),
        terms(T.TRAILING_STOP, symbol="CL", trail_amount="0.25", stop_price="-5.25"),
        terms(T.TRAILING_STOP, stop_price="99"),
        terms(T.TRAILING_STOP, trail_amount=None, trail_percent=f"0.{'3' * 30}"),
        terms(T.TRAILING_STOP, trail_amount=None, trail_percent="99.9", stop_price="99"),
        terms(T.ON_OPEN, limit_price="100"),
        terms(T.ON_CLOSE, limit_price="100"),
        terms(time_in_force=TIF.GTD, expires_ns=10 * SECOND + 1),
        terms(parent_id="a-2"),
        terms(group_id="a-g1"),
        terms(T.STOP, parent_id="a-2", group_id="a-g1"),
    ],
    ids=str,
)
def test_an_order_that_can_be_meant_is_not(order: OrderTerms) -> None:
    assert refusal(order) is None


WORKS: Final = {
    "market": "gtc day gtd ioc fok",
    "limit": "gtc day gtd ioc fok",
    "stop": "gtc day gtd",
    "stop_limit": "gtc day gtd",
    "market_if_touched": "gtc day gtd",
    "trailing_stop": "gtc day gtd",
    "on_open": "gtc day",
    "on_close": "gtc day",
}
FLAGGED: Final = {
    "": "market limit stop stop_limit market_if_touched trailing_stop on_open on_close",
    "reduce_only": "market limit stop stop_limit market_if_touched trailing_stop on_open on_close",
    "post_only": "limit stop_limit",
    "all_or_none": "market limit stop stop_limit market_if_touched trailing_stop on_open on_close",
}
NOT_AT_ONCE: Final = {"post_only", "all_or_none"}


@pytest.mark.parametrize(("order_type", "time_in_force", "flag"), list(product(T, TIF, FLAGGED)))
def test_which_type_goes_with_which_time_in_force_and_flag(
    order_type: OrderType, time_in_force: TimeInForce, flag: str
) -> None:
    sound = (
        time_in_force in WORKS[order_type].split()
        and order_type in FLAGGED[flag].split()
        and not (flag in NOT_AT_ONCE and time_in_force in {TIF.IOC, TIF.FOK})
    )
    expires_ns = 20 * SECOND if time_in_force is TIF.GTD else None
    order = terms(order_type, time_in_force=time_in_force, expires_ns=expires_ns, **({flag: True} if flag else {}))

    said = refusal(order)

    assert (said is None) is sound
    assert said is None or said.code == "bad_combination"


def test_every_type_and_flag_has_its_rule() -> None:
    assert set(TYPES) == set(OrderType)
    assert set(FLAGS) | {"to_target"} == {
        field.name for field in msgspec.structs.fields(OrderTerms) if field.type is bool
    }


def test_the_first_reason_is_said_and_what_is_not_offered_comes_last() -> None:
    modest = Capabilities(order_types=frozenset({T.MARKET}), times_in_force=frozenset({TIF.GTC}))

    assert refusal(terms(T.STOP, stop_price="0"), modest) == refusal(terms(T.STOP, stop_price="0"))
    assert refusal(terms(T.STOP), modest) == Refusal(
        "unsupported_order_type", "order type stop is not offered here; offered: market"
    )
    assert refusal(terms(T.STOP), Capabilities.everything()) is None


# Amendments.


def an_order(
    order_type: OrderType = T.LIMIT, *, state: OrderState = OrderState.ACCEPTED, filled: str = "0", **changes: Any
) -> Order:
    return Order(terms=terms(order_type, **changes), state=state, filled=Decimal(filled))


def amended(order: Order, capabilities: Capabilities | None = None, **changes: Any) -> Refusal | None:
    """What is said to the order with some of its terms changed; numbers are exact already."""
    wanted = msgspec.structs.replace(order.terms, **changes)
    return OrderValidator(INSTRUMENTS, capabilities).amend_refusal(wanted, order)


D = Decimal
ONLY = (
    "only quantity, limit_price, stop_price, trail_amount, trail_percent and expires_ns can; "
    "cancel the order and place another"
)
AMENDMENTS: list[tuple[Order, dict[str, Any], str, str]] = [
    (
        an_order(state=OrderState.FILLED),
        {"quantity": D(20)},
        "not_open",
        "order a-1 is filled; what is over cannot be amended",
    ),
    (
        an_order(state=OrderState.PENDING_CANCEL),
        {"quantity": D(20)},
        "pending",
        "order a-1 is pending_cancel; amend it once that is answered",
    ),
    (
        an_order(state=OrderState.PENDING_REPLACE),
        {"quantity": D(20)},
        "pending",
        "order a-1 is pending_replace; amend it once that is answered",
    ),
    (an_order(), {"side": Side.SELL}, "bad_combination", f"side cannot be amended from buy to sell, {ONLY}"),
    (an_order(), {"symbol": "LOTS"}, "bad_combination", f"symbol cannot be amended from AAA to LOTS, {ONLY}"),
    (an_order(), {"type": T.MARKET}, "bad_combination", f"type cannot be amended from limit to market, {ONLY}"),
    (
        an_order(),
        {"time_in_force": TIF.DAY, "quantity": D("sNaN")},
        "bad_combination",
        f"time_in_force cannot be amended from gtc to day, {ONLY}",
    ),
    (an_order(), {"post_only": True}, "bad_combination", f"post_only cannot be amended from False to True, {ONLY}"),
    (an_order(), {"group_id": "g"}, "bad_combination", f"group_id cannot be amended from None to g, {ONLY}"),
    (
        an_order(),
        {},
        "bad_combination",
        "nothing would change; give another quantity, limit_price, stop_price, trail_amount, trail_percent or "
        "expires_ns",
    ),
    (
        an_order(),
        {"quantity": D("10.0"), "limit_price": D("1e2")},
        "bad_combination",
        "nothing would change; give another quantity, limit_price, stop_price, trail_amount, trail_percent or "
        "expires_ns",
    ),
    (
        an_order(filled="7"),
        {"quantity": D(7)},
        "bad_quantity",
        "quantity 7 is not above the 7 that have filled; it counts those too. Cancel the order to end it there",
    ),
    (
        an_order(filled="7"),
        {"quantity": D(3)},
        "bad_quantity",
        "quantity 3 is not above the 7 that have filled; it counts those too. Cancel the order to end it there",
    ),
    (an_order(), {"quantity": D("sNaN")}, "bad_quantity", "quantity sNaN is not above zero"),
    (an_order(), {"limit_price": None}, "bad_price", "a limit order needs a limit price"),
    (an_order(), {"stop_price": D(1)}, "bad_price", "a limit order takes no stop price"),
    (
        an_order(),
        {"limit_price": D("1.001")},
        "bad_price",
        "limit price 1.001 is not a positive whole number of ticks of 0.01",
    ),
    (
        an_order(),
        {"expires_ns": 20 * SECOND},
        "bad_time",
        "a gtc order takes no expires_ns, here 20000000000; make it gtd",
    ),
    (an_order(), {"limit_price": D("0.01")}, "bad_quantity", "worth 0.10 at 0.01, below the minimum of 50"),
]


@pytest.mark.parametrize(
    ("order", "changes", "code", "sentence"), AMENDMENTS, ids=[sentence for *_, sentence in AMENDMENTS]
)
def test_an_amendment_that_cannot_be_is_refused(
    order: Order, changes: dict[str, Any], code: str, sentence: str
) -> None:
    assert amended(order, **changes) == Refusal(code, sentence)


@pytest.mark.parametrize(
    ("order", "changes"),
    [
        (an_order(), {"quantity": D(11)}),
        (an_order(), {"limit_price": D("99.99"), "quantity": D(1)}),
        (an_order(filled="7"), {"quantity": D(8)}),
        (an_order(T.STOP), {"stop_price": D(90)}),
        (an_order(T.STOP_LIMIT), {"stop_price": D(90), "limit_price": D(91)}),
        (an_order(T.TRAILING_STOP), {"trail_amount": D(3)}),
        (an_order(T.TRAILING_STOP), {"trail_amount": None, "trail_percent": D(3)}),
        (an_order(T.MARKET, time_in_force=TIF.GTD, expires_ns=20 * SECOND), {"expires_ns": 30 * SECOND}),
        (an_order(T.ON_CLOSE), {"limit_price": D(100)}),
    ],
)
def test_an_amendment_that_can_be_is_not(order: Order, changes: dict[str, Any]) -> None:
    assert amended(order, **changes) is None


@pytest.mark.parametrize("state", OrderState)
def test_what_state_an_order_can_be_amended_in(state: OrderState) -> None:
    said = amended(an_order(state=state), quantity=D(20))

    if state in FINAL_STATES:
        assert said is not None
        assert said.code == "not_open"
    elif state in PENDING_STATES | {OrderState.RECEIVED, OrderState.VALIDATED}:
        assert said is not None
        assert said.code == "pending"
    else:
        assert said is None


def test_every_field_but_the_amendable_stays() -> None:
    order = an_order(T.LIMIT)
    for field in msgspec.structs.fields(OrderTerms):
        if field.name in AMENDABLE:
            continue
        said = amended(order, None, **{"quantity": ZERO, field.name: "another"})
        assert said is not None
        assert said.code == "bad_combination"
        assert said.reason.startswith(f"{field.name} cannot be amended from ")


def test_an_amendment_needs_a_venue_that_amends() -> None:
    everything = Capabilities.everything()
    fixed = msgspec.structs.replace(everything, options=frozenset({"reduce_only", "post_only"}))

    assert amended(an_order(), fixed, quantity=D(20)) == Refusal(
        "unsupported_option", "option amend is not offered here; offered: post_only, reduce_only"
    )
    assert amended(an_order(), everything, quantity=D(20)) is None


# The documents print the tables.


def words(names: Any) -> str:
    return ", ".join(f"`{name}`" for name in names)


def test_the_documents_show_the_rules_as_they_are() -> None:
    text = DOCS.read_text()
    for order_type, rule in TYPES.items():
        needed = [words(rule.needs), " or ".join(f"`{field}`" for field in rule.needs_one_of)]
        cells = [f"`{order_type}`", " ".join(filter(None, needed)), words(rule.takes), words(rule.times)]
        assert f"| {' | '.join(cell or 'none' for cell in cells)} |" in text, order_type
    for flag, flag_rule in FLAGS.items():
        types = "every type" if set(flag_rule.types) == set(OrderType) else words(flag_rule.types)
        assert f"| `{flag}` | {types} | {words(flag_rule.not_with) or 'nothing'} |" in text, flag
    assert words(AMENDABLE) in text.replace("\n", " ")
