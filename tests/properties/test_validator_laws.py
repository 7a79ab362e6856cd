"""Whatever an order says, the validator answers; what it lets pass is sound by rules written down a second time."""

from decimal import ROUND_UP, Context, Decimal, Inexact, InvalidOperation, Overflow, Rounded, Subnormal, localcontext
from fractions import Fraction
from typing import Any

import msgspec
from hypothesis import event, given, settings
from hypothesis import strategies as st

from tests.market_builders import USD, an_instrument
from trading.capabilities import Capabilities
from trading.instruments import InstrumentKind, MarginTerms
from trading.money import ZERO
from trading.order_rules import AMENDABLE
from trading.order_validator import OrderValidator
from trading.orders import Order, OrderState, OrderTerms, OrderType, Side, TimeInForce

FINE, COARSE = Fraction(1, 10**8), Fraction(5, 2)
INSTRUMENTS = {
    "FINE": an_instrument("FINE", tick="0.00000001", lot="0.00000001", min_notional="10"),
    "COARSE": msgspec.structs.replace(an_instrument("COARSE", tick="2.5", lot="2.5"), min_quantity=Decimal(5)),
    "FUTURE": msgspec.structs.replace(
        an_instrument("FUTURE", tick="2.5", lot="2.5", min_notional="10"),
        kind=InstrumentKind.FUTURE,
        margin=MarginTerms(currency=USD, initial=Decimal("0.1"), maintenance=Decimal("0.1")),
    ),
}
STEP = {"FINE": FINE, "COARSE": COARSE, "FUTURE": COARSE}
LEAST_QUANTITY = {"FINE": Fraction(0), "COARSE": Fraction(5), "FUTURE": Fraction(0)}
LEAST_WORTH = {"FINE": Fraction(10), "COARSE": Fraction(0), "FUTURE": Fraction(10)}
ROUGH = Context(
    prec=2, Emin=-3, Emax=3, rounding=ROUND_UP, traps=[Inexact, InvalidOperation, Rounded, Overflow, Subnormal]
)

wild = st.one_of(
    st.decimals(),
    st.sampled_from(
        ["NaN", "sNaN", "-sNaN5", "Infinity", "-Infinity", "-0", "0", "1e999999", "1e-5000000", "-1e30"]
    ).map(Decimal),
    st.tuples(st.integers(-(10**70), 10**70), st.integers(-200, 200)).map(lambda pair: Decimal(f"{pair[0]}e{pair[1]}")),
)
tame = st.one_of(
    st.integers(1, 400).map(lambda steps: Decimal(steps * 5).scaleb(-1)),
    st.integers(1, 10**25).map(lambda steps: Decimal(f"{steps}e-8")),
)
numbers = st.one_of(tame, tame, wild)
rarely = st.one_of(st.none(), st.none(), st.none(), numbers)
often = st.one_of(st.none(), numbers, numbers)
ids = st.sampled_from([None, None, None, "", "a-1", "a-2", "g"])
seldom = st.sampled_from([False, False, False, True])
created = 1_000


def orders() -> st.SearchStrategy[OrderTerms]:
    return st.builds(
        OrderTerms,
        order_id=st.just("a-1"),
        strategy=st.just("a"),
        symbol=st.sampled_from(["FINE", "COARSE", "COARSE", "ZZZ"]),
        side=st.sampled_from(Side),
        quantity=numbers,
        created_ns=st.just(created),
        type=st.sampled_from(OrderType),
        limit_price=often,
        stop_price=often,
        trail_amount=rarely,
        trail_percent=rarely,
        time_in_force=st.sampled_from(TimeInForce),
        expires_ns=st.sampled_from([None, None, created + 1, created, -(10**30), 10**30]),
        post_only=seldom,
        reduce_only=st.booleans(),
        all_or_none=seldom,
        parent_id=ids,
        group_id=ids,
        to_target=st.booleans(),
    )


NEEDED = {
    OrderType.MARKET: (),
    OrderType.LIMIT: ("limit_price",),
    OrderType.STOP: ("stop_price",),
    OrderType.STOP_LIMIT: ("limit_price", "stop_price"),
    OrderType.MARKET_IF_TOUCHED: ("stop_price",),
    OrderType.TRAILING_STOP: ("trail_amount",),
    OrderType.ON_OPEN: (),
    OrderType.ON_CLOSE: (),
}
whole = st.integers(2, 10**6).map(lambda steps: Decimal(steps * 25).scaleb(-1))


def plain(symbol: str, order_type: OrderType, quantity: Decimal, price: Decimal, side: Side) -> OrderTerms:
    """A sound order with the prices that its type needs."""
    bare = OrderTerms(
        order_id="a-1",
        strategy="a",
        symbol=symbol,
        side=side,
        quantity=quantity,
        created_ns=created,
        type=order_type,
    )
    return msgspec.structs.replace(bare, **dict.fromkeys(NEEDED[order_type], price))


sane = st.builds(
    plain, st.sampled_from(sorted(INSTRUMENTS)), st.sampled_from(OrderType), whole, whole, st.sampled_from(Side)
)
mostly_whole = st.one_of(whole, whole, whole, numbers)
perhaps_whole = st.one_of(st.none(), mostly_whole)
prices = st.one_of(perhaps_whole, whole.map(Decimal.copy_negate), st.just(ZERO))
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "quantity": mostly_whole,
    "limit_price": prices,
    "stop_price": prices,
    "trail_amount": perhaps_whole,
    "trail_percent": st.one_of(st.none(), st.integers(0, 101).map(Decimal), numbers),
    "time_in_force": st.sampled_from(TimeInForce),
    "expires_ns": st.sampled_from([None, created, created + 2]),
    "side": st.sampled_from(Side),
    "type": st.sampled_from(OrderType),
    "post_only": st.booleans(),
    "all_or_none": st.booleans(),
    "parent_id": ids,
    "group_id": ids,
}


def changes_of(*fields: str) -> st.SearchStrategy[dict[str, Any]]:
    """Other values for one to four of these fields."""
    one = st.sampled_from(fields).flatmap(lambda field: st.tuples(st.just(field), FIELDS[field]))
    return st.lists(one, min_size=1, max_size=4).map(dict)


nearly_sane = st.builds(lambda order, change: msgspec.structs.replace(order, **change), sane, changes_of(*FIELDS))

capabilities = st.one_of(
    st.none(),
    st.just(Capabilities.everything()),
    st.builds(
        Capabilities,
        order_types=st.frozensets(st.sampled_from(OrderType)),
        times_in_force=st.frozensets(st.sampled_from(TimeInForce)),
        options=st.frozensets(st.sampled_from(sorted(Capabilities.everything().options))),
    ),
)


def on_step(value: Decimal, step: Fraction) -> bool:
    """Above zero and a whole number of steps, in exact fractions."""
    return value.is_finite() and value > 0 and Fraction(value) % step == 0


def is_sound(order: OrderTerms) -> bool:
    """The rules, a second time and otherwise: in fractions, type by type."""
    step = STEP.get(order.symbol)
    if step is None or not order.quantity.is_finite() or order.quantity.adjusted() not in range(-9, 18):
        return False
    priced = [price for price in (order.limit_price, order.stop_price) if price is not None]
    if order.symbol == "FUTURE":  # below zero the same holds as above, and zero is a price
        priced = [price.copy_abs() for price in priced if not price.is_zero()]
    if order.trail_amount is not None:
        priced.append(order.trail_amount)
    if any(not price.is_finite() or price.adjusted() not in range(-9, 18) for price in priced):
        return False
    if not all(on_step(price, step) for price in (order.quantity, *priced)):
        return False
    limit, stop, trails = (
        order.limit_price is not None,
        order.stop_price is not None,
        (order.trail_amount is not None) + (order.trail_percent is not None),
    )
    fields_fit = {
        OrderType.MARKET: not limit and not stop and trails == 0,
        OrderType.LIMIT: limit and not stop and trails == 0,
        OrderType.STOP: not limit and stop and trails == 0,
        OrderType.STOP_LIMIT: limit and stop and trails == 0,
        OrderType.MARKET_IF_TOUCHED: not limit and stop and trails == 0,
        OrderType.TRAILING_STOP: not limit and trails == 1,
        OrderType.ON_OPEN: not stop and trails == 0,
        OrderType.ON_CLOSE: not stop and trails == 0,
    }[order.type]
    percent = order.trail_percent
    percent_fits = percent is None or (
        percent.is_finite() and percent.adjusted() in range(-30, 2) and on_step(percent, Fraction(1, 10**30))
    )
    at_once = order.time_in_force in {TimeInForce.IOC, TimeInForce.FOK}
    gtd = order.time_in_force is TimeInForce.GTD
    time_fits = (order.expires_ns is not None) == gtd and (order.expires_ns is None or order.expires_ns > created)
    type_fits_time = not (
        (at_once and order.type not in {OrderType.MARKET, OrderType.LIMIT})
        or (gtd and order.type in {OrderType.ON_OPEN, OrderType.ON_CLOSE})
    )
    flags_fit = not (
        (order.post_only and order.type not in {OrderType.LIMIT, OrderType.STOP_LIMIT})
        or (order.post_only and at_once)
        or (order.all_or_none and (at_once or order.post_only))
    )
    named = {order.parent_id, order.group_id}.isdisjoint({"", order.order_id})
    return all((fields_fit, percent_fits, time_fits, type_fits_time, flags_fit, named)) and is_large_enough(order)


def is_large_enough(order: OrderTerms) -> bool:
    """At least the least quantity, and worth the least at its limit, or where it wakes; to the nearest cent."""
    quantity = Fraction(order.quantity)
    if quantity < LEAST_QUANTITY[order.symbol]:
        return False
    price = order.stop_price if order.limit_price is None else order.limit_price
    return price is None or round(quantity * abs(Fraction(price)), 2) >= LEAST_WORTH[order.symbol]


@settings(max_examples=200)
@given(st.one_of(orders(), nearly_sane), capabilities)
def test_whatever_an_order_says_the_validator_answers(order: OrderTerms, offered: Capabilities | None) -> None:
    said = OrderValidator(INSTRUMENTS, offered).refusal(order)
    assert said is None or (said.code and said.reason)


@settings(max_examples=300)
@given(st.one_of(orders(), nearly_sane, nearly_sane))
def test_what_passes_is_sound_and_what_is_sound_passes(order: OrderTerms) -> None:
    said = OrderValidator(INSTRUMENTS).refusal(order)
    event("passes" if said is None else said.code)
    assert (said is None) is is_sound(order)


@settings(max_examples=200)
@given(st.one_of(orders(), nearly_sane), capabilities)
def test_nobody_s_decimal_context_changes_the_answer(order: OrderTerms, offered: Capabilities | None) -> None:
    validator = OrderValidator(INSTRUMENTS, offered)
    usual = validator.refusal(order)
    with localcontext(ROUGH) as context:
        assert validator.refusal(order) == usual
        assert not any(context.flags.values())


@settings(max_examples=200)
@given(st.one_of(orders(), nearly_sane), capabilities)
def test_what_passes_is_offered(order: OrderTerms, offered: Capabilities | None) -> None:
    usual, asked = OrderValidator(INSTRUMENTS).refusal(order), OrderValidator(INSTRUMENTS, offered).refusal(order)
    if usual is None and offered is not None:
        assert asked == offered.refusal(order)
    else:
        assert asked == usual


states = st.one_of(st.just(OrderState.ACCEPTED), st.just(OrderState.PARTIAL), st.sampled_from(OrderState))


@settings(max_examples=200)
@given(
    sane, st.one_of(changes_of(*AMENDABLE), changes_of(*FIELDS)), states, st.one_of(st.just(ZERO), whole), capabilities
)
def test_whatever_an_amendment_says_the_validator_answers(
    before: OrderTerms, change: dict[str, Any], state: OrderState, filled: Decimal, offered: Capabilities | None
) -> None:
    validator = OrderValidator(INSTRUMENTS, offered)
    order = Order(terms=before, state=state, filled=filled)
    wanted = msgspec.structs.replace(before, **change)

    said = validator.amend_refusal(wanted, order)
    with localcontext(ROUGH):
        assert validator.amend_refusal(wanted, order) == said

    event("passes" if said is None else said.code)
    if said is None:
        assert validator.refusal(wanted) is None
        assert wanted.quantity > filled
        changed = {name for name in change if getattr(wanted, name) != getattr(before, name)}
        assert changed
        assert changed <= {"quantity", "limit_price", "stop_price", "trail_amount", "trail_percent", "expires_ns"}
        order.amend(wanted, created + 1)
        assert order.state is OrderState.PENDING_REPLACE
