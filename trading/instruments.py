"""What is traded. An instrument alone turns data prices into Decimal and rounds computed ones, never adding risk."""

import enum
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, Decimal

import msgspec

from trading.errors import InvalidInstrument
from trading.money import EXACT, ROUNDING, ZERO, Currency
from trading.orders import Side


class InstrumentKind(enum.StrEnum):
    """What sort of thing an instrument is."""

    EQUITY = "equity"
    FX = "fx"
    CRYPTO = "crypto"


class Instrument(msgspec.Struct, frozen=True, kw_only=True):
    """One tradable symbol.

    Prices are in `currency` per unit, quantities in units; `multiplier` is units of currency per point of price and
    unit of quantity. `base` is the currency that is traded, where a currency is: EUR of EUR/USD. InvalidInstrument when
    a step is not positive, a limit negative, or the base that of an equity or the currency it is priced in.
    """

    symbol: str
    kind: InstrumentKind
    currency: Currency
    tick_size: Decimal
    lot_size: Decimal
    multiplier: Decimal = Decimal(1)
    min_quantity: Decimal = ZERO
    min_notional: Decimal = ZERO
    base: Currency | None = None

    def __post_init__(self) -> None:
        for name in ("tick_size", "lot_size", "multiplier"):
            value = getattr(self, name)
            if not (value.is_finite() and value > 0):
                raise InvalidInstrument(f"{self.symbol}: {name} is {value}; it must be above zero")
        for name in ("min_quantity", "min_notional"):
            value = getattr(self, name)
            if not (value.is_finite() and value >= 0):
                raise InvalidInstrument(f"{self.symbol}: {name} is {value}; it must be zero or more")
        if self.base is not None and (self.kind is InstrumentKind.EQUITY or self.base.code == self.currency.code):
            raise InvalidInstrument(
                f"{self.symbol}: base is {self.base.code}; it must be the currency that is traded, of fx or crypto"
            )

    def exact_price(self, price: float) -> Decimal:
        """A price of market data as Decimal: its shortest decimal text, unrounded."""
        return Decimal(repr(price))

    def worse_price(self, price: Decimal, side: Side) -> Decimal:
        """A computed price on the tick at or beyond it against a trader of that side: up for buys, down for sells."""
        rounding = ROUND_CEILING if side is Side.BUY else ROUND_FLOOR
        ticks = ROUNDING.divide(price, self.tick_size).to_integral_value(rounding, ROUNDING)
        return EXACT.multiply(ticks, self.tick_size)

    def whole_lots(self, quantity: Decimal) -> Decimal:
        """The signed quantity cut towards zero to whole lots."""
        lots = ROUNDING.divide(quantity, self.lot_size).to_integral_value(ROUND_DOWN, ROUNDING)
        return EXACT.multiply(lots, self.lot_size)

    def on_tick(self, price: Decimal) -> bool:
        """Whether a price is a whole number of ticks."""
        return ROUNDING.remainder(price, self.tick_size) == 0

    def on_lot(self, quantity: Decimal) -> bool:
        """Whether a quantity is a whole number of lots."""
        return ROUNDING.remainder(quantity, self.lot_size) == 0

    def notional(self, quantity: Decimal, price: Decimal) -> Decimal:
        """Unsigned worth of a quantity at a price, at the currency's quantum."""
        return self.currency.rounded(EXACT.multiply(EXACT.multiply(quantity.copy_abs(), price), self.multiplier))

    def signed_worth(self, quantity: Decimal, price: float) -> Decimal:
        """What a signed quantity is worth at a price of market data, negative when short."""
        return self.notional(quantity, self.exact_price(price)).copy_sign(quantity)
