"""The venue's own books, read from its store without asking it: also while it is down."""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from tests.venue.records import (
    US,
    Deposited,
    Effect,
    Execution,
    FillBusted,
    FillPut,
    Order,
    OrderPut,
    Received,
    Status,
)
from trading.orders import Side

_decode = msgspec.json.Decoder(list[Effect]).decode


class VenueBooks:
    """All orders and fills ever, by their numbers, and the account: cash by currency, units by symbol. Ours are those
    that came through the API."""

    def __init__(self) -> None:
        self.orders: list[Order] = []
        self.fills: list[Execution] = []
        self.cash: dict[str, Decimal] = {}
        self.units: dict[str, Decimal] = {}

    @classmethod
    def of_dump(cls, dump: Mapping[str, Any]) -> "VenueBooks":
        """The books as the venue tells them."""
        books = cls()
        books.orders = msgspec.convert(dump["orders"], list[Order])
        books.fills = msgspec.convert(dump["fills"], list[Execution])
        books.cash = msgspec.convert(dump["cash"], dict[str, Decimal])
        books.units = msgspec.convert(dump["positions"], dict[str, Decimal])
        return books

    def take(self, effect: Effect) -> None:
        """One effect, in the order in which they came to be."""
        match effect:
            case OrderPut(order=order) if order.number == len(self.orders):
                self.orders.append(order)
            case OrderPut(order=order):
                self.orders[order.number] = order
            case FillPut(fill=fill):
                self.fills.append(fill)
                self._book(fill, 1)
            case FillBusted(number=number):
                self._book(self.fills[number], -1)
                self.fills[number] = msgspec.structs.replace(self.fills[number], busted=True)
            case Deposited(currency=currency, amount=amount):
                _add(self.cash, currency, amount)
            case Received(symbol=symbol, quantity=quantity):
                _add(self.units, symbol, quantity)

    def _book(self, fill: Execution, times: int) -> None:
        signed = times if fill.side is Side.BUY else -times
        _add(self.units, fill.symbol, signed * fill.quantity)
        _add(self.cash, fill.currency, -signed * fill.notional)
        _add(self.cash, fill.fee_currency, -times * fill.fee)

    @property
    def our_orders(self) -> list[Order]:
        """Those that were placed through the API."""
        return [order for order in self.orders if order.client == US]

    @property
    def our_fills(self) -> list[Execution]:
        """What stands of theirs."""
        return [fill for fill in self.fills if not fill.busted and self.orders[fill.order].client == US]

    @property
    def open_cids(self) -> set[str]:
        """Our orders that work."""
        return {order.ticket.cid for order in self.our_orders if order.status is Status.OPEN and not order.forgotten}

    def says_the_same_as(self, other: "VenueBooks") -> bool:
        """Whether the books of both are equal to the last digit."""
        return (self.orders, self.fills) == (other.orders, other.fills) and (
            (without_zeros(self.cash), without_zeros(self.units))
            == (without_zeros(other.cash), without_zeros(other.units))
        )


class VenueStore:
    """Reads the store of a venue as it grows. A line that is not whole yet is left for the next time."""

    def __init__(self, path: Path) -> None:
        self.books = VenueBooks()
        self._path = path
        self._offset = 0

    def read(self) -> VenueBooks:
        """The books by now."""
        if self._path.exists():
            with self._path.open("rb") as file:
                file.seek(self._offset)
                more = file.read()
            whole = more[: more.rfind(b"\n") + 1]
            self._offset += len(whole)
            for line in whole.splitlines():
                for effect in _decode(line):
                    self.books.take(effect)
        return self.books


def without_zeros(amounts: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """What there is something of."""
    return {name: amount for name, amount in amounts.items() if amount}


def _add(amounts: dict[str, Decimal], name: str, amount: Decimal) -> None:
    amounts[name] = amounts.get(name, Decimal(0)) + amount
