"""What a container asks of the router, and what the router sends to a market.

`n` counts one container's commands; a batch is taken in the order (container's place in the config, n)."""

from typing import Final

import msgspec

from trading.orders import OrderTerms
from trading.reports import Origin

LONGEST: Final = 10_000
"""Characters that the journal keeps of a strategy's own words."""


def storable(text: object) -> str:
    """A strategy's own words as the journal can hold them: no unlawful UTF-8, and the middle of long ones left out."""
    words = str(text).encode(errors="backslashreplace").decode()
    if len(words) <= LONGEST:
        return words
    return f"{words[: LONGEST // 2]} ... {words[-LONGEST // 2 :]}"


class SubmitOrder(msgspec.Struct, frozen=True, kw_only=True, tag="submit"):
    """An order that the container's risk manager has approved."""

    strategy: str
    n: int
    terms: OrderTerms


class CancelOrder(msgspec.Struct, frozen=True, kw_only=True, tag="cancel"):
    """A wish to cancel one of the container's own orders."""

    strategy: str
    n: int
    order_id: str
    ts_ns: int


class AmendOrder(msgspec.Struct, frozen=True, kw_only=True, tag="amend"):
    """A wish for other terms of one of the container's own orders, approved by its risk manager."""

    strategy: str
    n: int
    terms: OrderTerms
    ts_ns: int


class RefusedAmend(msgspec.Struct, frozen=True, kw_only=True, tag="refused_amend"):
    """An amendment that was refused before it went out; the order works on as it is."""

    strategy: str
    n: int
    order_id: str
    ts_ns: int
    code: str
    reason: str


class RefusedOrder(msgspec.Struct, frozen=True, kw_only=True, tag="refused"):
    """An order that was refused before it was an intent, by its container's risk manager or by the gate."""

    strategy: str
    n: int
    terms: OrderTerms
    origin: Origin
    code: str
    reason: str


class ScheduleTimer(msgspec.Struct, frozen=True, kw_only=True, tag="schedule"):
    """A wish for a Timer at `at_ns` and, where `every_ns` is not zero, again at each interval after it."""

    strategy: str
    n: int
    name: str
    at_ns: int
    every_ns: int = 0


class Trip(msgspec.Struct, frozen=True, kw_only=True, tag="trip"):
    """Told, not asked: the strategy raised; its container has sealed itself and sends nothing more.

    Where it was `lost`, its host says so in its place: it did not hear what it was told last.
    """

    strategy: str
    n: int
    ts_ns: int
    reason: str
    traceback: str
    lost: bool = False


Command = SubmitOrder | CancelOrder | AmendOrder | RefusedOrder | RefusedAmend | ScheduleTimer | Trip


class WireSubmit(msgspec.Struct, frozen=True, kw_only=True, tag="wire_submit"):
    """One attempt to place an order, under its client order id.

    `as_plain`: it is to reduce its container's position, not the account's, which is all that the venue knows; so it
    goes out without that flag.
    """

    cid: str
    terms: OrderTerms
    as_plain: bool = False

    @property
    def sent_terms(self) -> OrderTerms:
        """The terms as the venue sees them."""
        return msgspec.structs.replace(self.terms, reduce_only=False) if self.as_plain else self.terms


class WireCancel(msgspec.Struct, frozen=True, kw_only=True, tag="wire_cancel"):
    """One attempt to cancel the order that was placed under a client order id."""

    cid: str
    order_id: str
    strategy: str
    ts_ns: int


class WireAmend(msgspec.Struct, frozen=True, kw_only=True, tag="wire_amend"):
    """One attempt to give the order that was placed under a client order id other terms."""

    cid: str
    terms: OrderTerms
    ts_ns: int


WireCommand = WireSubmit | WireCancel | WireAmend
