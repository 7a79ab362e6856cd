"""What can happen to the books. Facts are small whole numbers, so that a story can be read and shrunk; what they come
to (a part of what is held, a price in ticks) is worked out where it is told."""

from decimal import Decimal
from typing import NamedTuple


class Venture(NamedTuple):
    """A symbol as the stories trade it: around a price in ticks, and with what befalls its kind."""

    kind: str
    currency: str
    tick: str
    lot: str
    multiplier: str
    ticks: int
    accruals: tuple[str, ...] = ()
    splits: bool = False
    settles: bool = False
    on_margin: bool = True
    mark_symbol: str = ""


PLACES = {"USD": 2, "EUR": 2, "JPY": 0, "BTC": 8, "USDT": 8}
IN_DOLLARS = {"USD": 1.0, "EUR": 1.1, "JPY": 0.0067, "BTC": 60_000.0, "USDT": 1.0}

VENTURES = {
    "SPY": Venture("equity", "USD", "0.01", "1", "1", 4_003, ("dividend",), splits=True, on_margin=False),
    "SAP": Venture("equity", "EUR", "0.005", "1", "1", 9_001, ("dividend", "borrow"), splits=True),
    "ODD": Venture("equity", "USD", "0.001", "0.1", "1", 777, ("dividend", "borrow"), splits=True),
    "EURUSD": Venture("fx", "USD", "0.00001", "1000", "1", 110_003, ("swap",)),
    "USDJPY": Venture("fx", "JPY", "0.001", "100", "1", 149_777, (), on_margin=False),
    "BTCUSDT": Venture("crypto", "USDT", "0.01", "0.00001", "1", 6_000_011, splits=True, on_margin=False),
    "ETHBTC": Venture("crypto", "BTC", "0.00001", "0.0001", "1", 5_003, ("borrow",)),
    "ES": Venture("future", "USD", "0.25", "1", "50", 17, settles=True),
    "NK": Venture("future", "JPY", "0.5", "1", "12.5", 7_001, settles=True),
    "PERP": Venture("perpetual", "USDT", "0.1", "0.001", "1", 600_001, ("funding",), mark_symbol="BTCUSDT"),
    "COIN": Venture("perpetual", "BTC", "0.5", "1", "0.00001", 120_003, ("funding",)),
}
SPLITS = ((2, 1), (1, 2), (3, 2), (2, 3), (1, 8), (8, 1), (7, 3), (3, 7), (1, 3), (3, 1))
OWNERS = ("a", "b", "c", "by hand")
GUEST = "guest"


class Trade(NamedTuple):
    """So many lots, and twelfths of what is held, cut to lots; negative is sold. The fee is in quanta."""

    owner: str
    symbol: str
    lots: int
    twelfths: int
    ticks: int
    fee: int
    fee_currency: str


class Bust(NamedTuple):
    """The trade so many before the last one is annulled."""

    back: int


class Accrue(NamedTuple):
    """Without a symbol it is interest on a balance."""

    kind: str
    symbol: str
    currency: str
    per_long: Decimal
    per_short: Decimal


class SplitUnits(NamedTuple):
    symbol: str
    new: int
    old: int
    ticks: int


class Settle(NamedTuple):
    symbol: str
    ticks: int
    expires: bool


class Convert(NamedTuple):
    currency: str
    into: str
    rate: Decimal


class Deposit(NamedTuple):
    """In quanta; negative is a withdrawal."""

    currency: str
    amount: int


class MoveCash(NamedTuple):
    source: str
    target: str
    currency: str
    twelfths: int


class MoveUnits(NamedTuple):
    source: str
    target: str
    symbol: str
    twelfths: int
    ticks: int


class Liquidate(NamedTuple):
    """The venue closes so many twelfths of the net position."""

    symbol: str
    twelfths: int
    ticks: int
    fee: int


class CallMargin(NamedTuple):
    symbol: str


class Allocate(NamedTuple):
    """The guest is given so many quanta."""

    currency: str
    amount: int


class Release(NamedTuple):
    """The guest leaves, if it is flat."""


class Restart(NamedTuple):
    """Everything goes to a disk and comes back."""


class Mark(NamedTuple):
    symbol: str
    ticks: int


Event = (
    Trade
    | Bust
    | Accrue
    | SplitUnits
    | Settle
    | Convert
    | Deposit
    | MoveCash
    | MoveUnits
    | Liquidate
    | CallMargin
    | Allocate
    | Release
    | Restart
    | Mark
)
