"""What the models are handed of a fill, and what a commission answers. Quantities are in units and positive."""

from decimal import Decimal

import msgspec

from trading.instruments import Instrument
from trading.money import EXACT, ZERO
from trading.orders import Side
from trading.reports import Liquidity


class Taking(msgspec.Struct, frozen=True, kw_only=True):
    """A fill before its price is settled, and what the event offers to it.

    `on_offer` is what the event offers in all, such as the size of a quote or the share of a bar's volume that may be
    taken; None where sizes are not looked at. `used` is what earlier fills took of it. `volume` is the event's whole
    volume, `spread` its ask less its bid, in currency per unit; None where it has none.
    """

    instrument: Instrument
    side: Side
    quantity: Decimal
    on_offer: Decimal | None = None
    volume: Decimal | None = None
    used: Decimal = ZERO
    spread: Decimal | None = None


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """What an order has come to.

    `worth` is the exact sum of price times quantity times multiplier, in the instrument's currency, a price below zero
    counted as one above; `fee` what was charged, in the fee's currency.
    """

    quantity: Decimal = ZERO
    worth: Decimal = ZERO
    fee: Decimal = ZERO


class Execution(msgspec.Struct, frozen=True, kw_only=True):
    """A fill whose price is settled.

    `before` is what its order had come to, `turnover` the worth of all that the account has traded in this calendar
    month (UTC) before this fill, in the instrument's currency.
    """

    instrument: Instrument
    side: Side
    quantity: Decimal
    price: Decimal
    liquidity: Liquidity
    before: Progress = Progress()
    turnover: Decimal = ZERO

    @property
    def after(self) -> Progress:
        """What its order comes to with it; its fee is still to be found."""
        worth = EXACT.multiply(EXACT.multiply(self.quantity, self.price.copy_abs()), self.instrument.multiplier)
        return Progress(
            quantity=EXACT.add(self.before.quantity, self.quantity),
            worth=EXACT.add(self.before.worth, worth),
            fee=self.before.fee,
        )


class Fee(msgspec.Struct, frozen=True):
    """An amount at its currency's quantum, negative for a rebate, and the code of that currency."""

    amount: Decimal
    currency: str
