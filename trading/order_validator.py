"""Whether an order makes sense by itself: its numbers fit its instrument, its fields its type, its flags each other.

What goes with what stands in `trading/order_rules.py`. Nothing here looks at holdings, at prices of the market or at
other orders; risk manager, gate and market do, after asking this.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from operator import attrgetter
from typing import Final

from trading.capabilities import Capabilities
from trading.instruments import Instrument
from trading.money import ROUNDING
from trading.order_rules import AMENDABLE, FLAGS, TYPES
from trading.orders import TRANSITIONS, Order, OrderChange, OrderTerms, TimeInForce
from trading.refusals import Refusal

BEYOND: Final = Decimal(10**18)
"""Quantities and prices stay below it, so that the digits of their products fit into the core's exact sums."""

FINEST_PERCENT: Final = Decimal("1e-30")
"""A trail in percent is a whole number of these, for the same reason."""

_SIGNED: Final = ("limit_price", "stop_price")
"""Prices; those of a future may be zero or negative, which no distance may."""

_PRICES: Final = (*_SIGNED, "trail_amount", "trail_percent")
_prices_of: Final = attrgetter(*_PRICES)
_NO_PRICES: Final = (None,) * len(_PRICES)
_flags_of: Final = attrgetter(*FLAGS)
_GTD: Final = TimeInForce.GTD
_FIXED: Final = tuple(field for field in OrderTerms.__struct_fields__ if field not in AMENDABLE)


class OrderValidator:
    """Says why an order, or an amendment, cannot be meant; where `capabilities` are given, also why it is not offered.

    It keeps nothing, and gives the same answer to the same question.
    """

    def __init__(self, instruments: Mapping[str, Instrument], capabilities: Capabilities | None = None) -> None:
        self._instruments = instruments
        self._capabilities = capabilities

    def refusal(self, terms: OrderTerms) -> Refusal | None:
        """The first reason against an order, None when there is none."""
        instrument = self._instruments.get(terms.symbol)
        if instrument is None:
            known = ", ".join(self._instruments) or "none"
            return Refusal("unknown_symbol", f"{terms.symbol!r} is no instrument here; known: {known}")
        hangs = terms.parent_id is not None or terms.group_id is not None
        return (
            (None if _is_sound(terms.quantity, instrument) else _bad_quantity(terms.quantity, instrument))
            or _bad_price(terms, instrument)
            or (_worth_too_little(terms, instrument) if instrument.min_notional else None)
            or _bad_time(terms)
            or _bad_combination(terms)
            or (_bad_contingency(terms) if hangs else None)
            or (None if self._capabilities is None else self._capabilities.refusal(terms))
        )

    def amend_refusal(self, terms: OrderTerms, order: Order) -> Refusal | None:
        """The first reason against giving an order other terms, None when there is none."""
        return (
            _not_amendable(order)
            or _fixed_field_changed(terms, order.terms)
            or self.refusal(terms)
            or _bad_amendment(terms, order)
            or (None if self._capabilities is None else self._capabilities.amend_refusal())
        )


def _is_sound(quantity: Decimal, instrument: Instrument) -> bool:
    return (
        quantity.is_finite()
        and instrument.lot_size <= quantity < BEYOND
        and quantity >= instrument.min_quantity
        and instrument.on_lot(quantity)
    )


def _bad_quantity(quantity: Decimal, instrument: Instrument) -> Refusal | None:
    if not (quantity.is_finite() and quantity > 0):
        return Refusal("bad_quantity", f"quantity {quantity} is not above zero")
    if quantity >= BEYOND:
        return Refusal("bad_quantity", f"quantity {quantity} is too large; it must be below {BEYOND}")
    if quantity < instrument.lot_size or not instrument.on_lot(quantity):
        return Refusal("bad_quantity", f"quantity {quantity} is not a whole number of lots of {instrument.lot_size}")
    if quantity < instrument.min_quantity:
        return Refusal("bad_quantity", f"quantity {quantity} is below the minimum of {instrument.min_quantity}")
    return None


def _bad_price(terms: OrderTerms, instrument: Instrument) -> Refusal | None:
    """The fields of its type are there, no others, and each is a price, a distance or a percentage."""
    rule = TYPES[terms.type]
    if not rule.needs and not rule.needs_one_of and _prices_of(terms) == _NO_PRICES:
        return None
    for field in _PRICES:
        price = getattr(terms, field)
        if price is None:
            if field in rule.needs:
                return Refusal("bad_price", f"{_an(terms.type)} order needs a {_words(field)}")
        elif not rule.has(field):
            return Refusal("bad_price", f"{_an(terms.type)} order takes no {_words(field)}")
        elif refusal := _bad_percent(price) if field == "trail_percent" else _off_tick(field, price, instrument):
            return refusal
    return _bad_choice(terms, rule.needs_one_of) if rule.needs_one_of else None


def _bad_choice(terms: OrderTerms, fields: Sequence[str]) -> Refusal | None:
    named = [field for field in fields if getattr(terms, field) is not None]
    if len(named) == 1:
        return None
    choice = " or ".join(f"a {_words(field)}" for field in fields)
    has = "both" if named else "neither"
    return Refusal("bad_price", f"{_an(terms.type)} order needs either {choice}; it has {has}")


def _bad_percent(percent: Decimal) -> Refusal | None:
    if not (percent.is_finite() and 0 < percent < 100):
        return Refusal("bad_price", f"trail percent {percent} is not between 0 and 100")
    if percent < FINEST_PERCENT or ROUNDING.remainder(percent, FINEST_PERCENT):
        return Refusal("bad_price", f"trail percent {percent} has more than 30 decimal places; round it")
    return None


def _off_tick(field: str, price: Decimal, instrument: Instrument) -> Refusal | None:
    tick, words = instrument.tick_size, _words(field)
    if price.is_finite() and price >= BEYOND:
        return Refusal("bad_price", f"{words} {price} is too large; it must be below {BEYOND}")
    if field in _SIGNED and price.is_finite() and price <= 0:
        return _not_positive(words, price, instrument)
    if not (price.is_finite() and price >= tick and instrument.on_tick(price)):
        return Refusal("bad_price", f"{words} {price} is not a positive whole number of ticks of {tick}")
    return None


def _not_positive(words: str, price: Decimal, instrument: Instrument) -> Refusal | None:
    """A price at or below zero is one of a future only."""
    if not instrument.may_be_negative:
        return Refusal("bad_price", f"{words} {price} is not above zero; only a future has such prices")
    if price <= BEYOND.copy_negate():
        return Refusal("bad_price", f"{words} {price} is too low; it must be above -{BEYOND}")
    tick = instrument.tick_size
    if price and not (price.copy_abs() >= tick and instrument.on_tick(price)):
        return Refusal("bad_price", f"{words} {price} is not a whole number of ticks of {tick}")
    return None


def _worth_too_little(terms: OrderTerms, instrument: Instrument) -> Refusal | None:
    price, least = terms.worst_price, instrument.min_notional
    if price is None:
        return None
    worth = instrument.notional(terms.quantity, price).copy_abs()
    if worth >= least:
        return None
    return Refusal("bad_quantity", f"worth {worth} at {price}, below the minimum of {least}")


def _bad_time(terms: OrderTerms) -> Refusal | None:
    expires_ns, time_in_force = terms.expires_ns, terms.time_in_force
    if time_in_force is not _GTD:
        if expires_ns is None:
            return None
        return Refusal("bad_time", f"{_an(time_in_force)} order takes no expires_ns, here {expires_ns}; make it gtd")
    if expires_ns is None:
        return Refusal("bad_time", "a gtd order needs expires_ns, the time at which it ends")
    if expires_ns <= terms.created_ns:
        return Refusal("bad_time", f"expires_ns {expires_ns} is not after created_ns {terms.created_ns}")
    return None


def _bad_combination(terms: OrderTerms) -> Refusal | None:
    times = TYPES[terms.type].times
    if terms.time_in_force not in times:
        return Refusal(
            "bad_combination",
            f"{_an(terms.type)} order cannot be {terms.time_in_force}; it may be {_listed(times, 'or')}",
        )
    if True not in _flags_of(terms):
        return None
    for flag, rule in FLAGS.items():
        if not getattr(terms, flag):
            continue
        if terms.type not in rule.types:
            able = _listed(rule.types, "and")
            return Refusal("bad_combination", f"{_an(terms.type)} order cannot be {flag}; {able} orders can")
        for other in rule.not_with:
            if other == terms.time_in_force or getattr(terms, other, False):
                return Refusal("bad_combination", f"an order cannot be both {flag} and {other}; leave one of them out")
    return None


def _bad_contingency(terms: OrderTerms) -> Refusal | None:
    """An order names others; how it stands to them is not judged here."""
    for field, named in (("parent_id", terms.parent_id), ("group_id", terms.group_id)):
        if named == "":
            return Refusal("bad_contingency", f"{field} is empty; leave it out where there is none")
        if named == terms.order_id:
            return Refusal("bad_contingency", f"{field} {named} is the order itself; name another")
    return None


def _not_amendable(order: Order) -> Refusal | None:
    if (order.state, OrderChange.REQUEST_REPLACE) in TRANSITIONS:
        return None
    if not order.is_open:
        return Refusal("not_open", f"order {order.order_id} is {order.state}; what is over cannot be amended")
    return Refusal("pending", f"order {order.order_id} is {order.state}; amend it once that is answered")


def _fixed_field_changed(terms: OrderTerms, before: OrderTerms) -> Refusal | None:
    for field in _FIXED:
        old, new = getattr(before, field), getattr(terms, field)
        if old != new:
            return Refusal(
                "bad_combination",
                f"{field} cannot be amended from {old} to {new}, only {_listed(AMENDABLE, 'and')} can; "
                "cancel the order and place another",
            )
    return None


def _bad_amendment(terms: OrderTerms, order: Order) -> Refusal | None:
    if terms == order.terms:
        return Refusal("bad_combination", f"nothing would change; give another {_listed(AMENDABLE, 'or')}")
    if terms.quantity <= order.filled:
        return Refusal(
            "bad_quantity",
            f"quantity {terms.quantity} is not above the {order.filled} that have filled; "
            "it counts those too. Cancel the order to end it there",
        )
    return None


def _an(word: str) -> str:
    return f"an {word}" if word[0] in "aeiou" else f"a {word}"


def _words(field: str) -> str:
    return field.replace("_", " ")


def _listed(names: Iterable[str], last: str) -> str:
    *others, final = names
    return f"{', '.join(others)} {last} {final}" if others else final
