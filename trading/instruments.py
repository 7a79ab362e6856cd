"""What is traded. An instrument alone turns data prices into Decimal and rounds computed ones, never adding risk."""

import enum
from collections.abc import Iterable, Mapping
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
    FUTURE = "future"
    PERPETUAL = "perpetual"


class MarginTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What a position on margin ties up of the account, reckoned in `currency`, the account's.

    `initial` to open it and `maintenance` to keep it are shares of its worth or, `per_unit`, amounts of the
    instrument's currency for each unit. `isolated`: the position can lose what was put up for it, and no more.
    InvalidInstrument unless 0 < maintenance <= initial.
    """

    currency: Currency
    initial: Decimal
    maintenance: Decimal
    per_unit: bool = False
    isolated: bool = False

    def __post_init__(self) -> None:
        if not (self.initial.is_finite() and ZERO < self.maintenance <= self.initial):
            raise InvalidInstrument(
                f"a margin of {self.initial} to open and {self.maintenance} to keep a position cannot be; the second "
                "must be above zero and at most the first"
            )


class Instrument(msgspec.Struct, frozen=True, kw_only=True):
    """One tradable symbol.

    Prices are in `currency` per unit, quantities in units; `multiplier` is units of currency per point of price and
    unit of quantity. `base` is the currency that is traded, where a currency is: EUR of EUR/USD. Without `margin` it
    is paid for in full and cannot be sold short. `mark_symbol` is whose price it is valued at, where not its own.
    InvalidInstrument when a step is not positive, a limit negative, the base that of an equity or the currency it is
    priced in, or a future or perpetual without margin.
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
    margin: MarginTerms | None = None
    mark_symbol: str = ""

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
        if self.margin is None and self.kind in (InstrumentKind.FUTURE, InstrumentKind.PERPETUAL):
            raise InvalidInstrument(f"{self.symbol}: a {self.kind} is held on margin; give it margin terms")

    @property
    def is_paid_for(self) -> bool:
        """Whether a position costs its worth; else only what it gains or loses is ever paid."""
        return self.margin is None or self.kind in (InstrumentKind.EQUITY, InstrumentKind.CRYPTO)

    @property
    def may_be_negative(self) -> bool:
        """Whether a price at or below zero is one: of futures, which have been there."""
        return self.kind is InstrumentKind.FUTURE

    def exact_price(self, price: float) -> Decimal:
        """A price of market data as Decimal: its shortest decimal text, unrounded."""
        return Decimal(repr(price))

    def exact_mark(self, price: float) -> Decimal:
        """What a position is valued at, as Decimal: to 15 significant digits. That leaves a price of market data as it
        is, and takes from a computed one, the middle of a quote, what binary fractions have added."""
        return Decimal(format(price, ".15g"))

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
        return not ROUNDING.remainder(price, self.tick_size)

    def on_lot(self, quantity: Decimal) -> bool:
        """Whether a quantity is a whole number of lots."""
        return not ROUNDING.remainder(quantity, self.lot_size)

    def notional(self, quantity: Decimal, price: Decimal) -> Decimal:
        """Worth of a quantity at a price, at the currency's quantum; its sign is the price's."""
        return self.currency.rounded(EXACT.multiply(EXACT.multiply(quantity.copy_abs(), price), self.multiplier))

    def worth(self, quantity: Decimal, price: Decimal) -> Decimal:
        """What a signed quantity is worth at a price: what a seller would receive, a short would have to pay."""
        worth = self.notional(quantity, price)
        return worth.copy_negate() if quantity < 0 and worth else worth

    def signed_worth(self, quantity: Decimal, price: float) -> Decimal:
        """What a signed quantity is worth at a price of market data."""
        return self.worth(quantity, self.exact_price(price))

    def initial_margin(self, quantity: Decimal, price: Decimal) -> Decimal:
        """What opening so many units at a price ties up, in the instrument's currency, rounded up; its worth where it
        is paid for in full."""
        return self._margin(quantity, price, None if self.margin is None else self.margin.initial)

    def maintenance_margin(self, quantity: Decimal, price: Decimal) -> Decimal:
        """What keeping so many units takes, in the instrument's currency, rounded up; its worth where it is paid for in
        full."""
        return self._margin(quantity, price, None if self.margin is None else self.margin.maintenance)

    def _margin(self, quantity: Decimal, price: Decimal, rate: Decimal | None) -> Decimal:
        worth = EXACT.multiply(EXACT.multiply(quantity.copy_abs(), price.copy_abs()), self.multiplier)
        if rate is None or self.margin is None:
            return self.currency.rounded_up(worth)
        if self.margin.per_unit:
            return self.currency.rounded_up(EXACT.multiply(quantity.copy_abs(), rate))
        return self.currency.rounded_up(ROUNDING.multiply(worth, rate))


def currency_of(code: str, instruments: Iterable[Instrument]) -> Currency:
    """The currency of a code as the instruments have it, else as it is known; InvalidInstrument when it is not."""
    for instrument in instruments:
        for currency in (instrument.currency, instrument.base):
            if currency is not None and currency.code == code:
                return currency
    return Currency.known(code)


def negative_symbols(instruments: Mapping[str, Instrument]) -> frozenset[str]:
    """The symbols of which a price at or below zero is one."""
    return frozenset(symbol for symbol, instrument in instruments.items() if instrument.may_be_negative)
