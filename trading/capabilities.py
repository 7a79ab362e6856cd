"""What a market or venue offers, as data: who is about to send asks the table by which the market itself refuses."""

from typing import Final

import msgspec

from trading.orders import OrderTerms, OrderType, TimeInForce
from trading.refusals import Refusal

TERMS_OPTIONS: Final = ("post_only", "reduce_only", "all_or_none", "parent_id", "group_id")
"""The fields of `OrderTerms` that a venue need not know."""

_ALL_OF_TERMS: Final = frozenset(TERMS_OPTIONS)

AMEND: Final = "amend"
"""The option that an amendment needs."""

OPTIONS: Final = frozenset({*TERMS_OPTIONS, AMEND})


class Capabilities(msgspec.Struct, frozen=True, kw_only=True):
    """Order types, times in force, and those of OPTIONS that are honoured.

    `emulated` names those of them that are not the venue's own but brought about by us. ValueError for an option that
    is none, and for one emulated that is not offered.
    """

    order_types: frozenset[OrderType]
    times_in_force: frozenset[TimeInForce]
    options: frozenset[str] = frozenset()
    emulated: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if unknown := self.options - OPTIONS:
            raise ValueError(f"no such option: {_listed(unknown)}; there are {_listed(OPTIONS)}")
        if missing := self.emulated - self.order_types - self.times_in_force - self.options:
            raise ValueError(f"emulated, but not offered: {_listed(missing)}")

    @classmethod
    def everything(cls) -> "Capabilities":
        """Every order type, time in force and option, none emulated."""
        return cls(order_types=frozenset(OrderType), times_in_force=frozenset(TimeInForce), options=OPTIONS)

    def refusal(self, terms: OrderTerms) -> Refusal | None:
        """Why an order is not offered, None when it is."""
        if terms.type not in self.order_types:
            return Refusal("unsupported_order_type", _not_offered(terms.type, "order type", self.order_types))
        if terms.time_in_force not in self.times_in_force:
            return Refusal(
                "unsupported_time_in_force", _not_offered(terms.time_in_force, "time in force", self.times_in_force)
            )
        if not self.options >= _ALL_OF_TERMS:
            for option in TERMS_OPTIONS:
                if option not in self.options and _uses(terms, option):
                    return self._lacks(option)
        return None

    def amend_refusal(self) -> Refusal | None:
        """Why no order can be amended, None when orders can."""
        return None if AMEND in self.options else self._lacks(AMEND)

    def _lacks(self, option: str) -> Refusal:
        return Refusal("unsupported_option", _not_offered(option, "option", self.options))


def _uses(terms: OrderTerms, option: str) -> bool:
    return getattr(terms, option) not in (None, False)


def _not_offered(asked: str, what: str, offered: frozenset[str]) -> str:
    return f"{what} {asked} is not offered here; offered: {_listed(offered)}"


def _listed(names: frozenset[str]) -> str:
    return ", ".join(sorted(names)) or "none"
