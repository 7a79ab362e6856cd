"""The simulated market, and the way from a signal to a fill in the books: pure, with no journal, process or loop.

A tick beside many orders is held against the same tick beside one. The floor of the way is a loop that books the same
fills to two books, each cash and units, exactly.
"""

import gc
import sys
import time
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Final

from benchmarks.figures import Figure, table
from benchmarks.floors import AAA, CAPITAL
from benchmarks.subscribers import InAndOut
from brokers.simulated.costs import NoCommission, NoSlippage
from brokers.simulated.market import SimulatedMarket
from trading.account.ids import ClientOrderIds
from trading.account.records import StepRecord
from trading.commands import WireSubmit
from trading.container import ContainerSpec
from trading.driver import Driver
from trading.limits import RiskLimits
from trading.market_data import Quote
from trading.money import EXACT, ZERO
from trading.orders import OrderTerms, OrderType, Side
from trading.sequencer import Offer
from trading.strategy import Strategy
from trading.timestamps import MINUTE, SECOND

MANY: Final = 10_000
COUNTS: Final = (1, 100, MANY)
WORSE_THAN_ONE: Final = 1.5
TICKS: Final = 20_000
FILLED: Final = 2_000
TRADED: Final = 4_000
REPEATS: Final = 7
TARGET_US: Final = 10.0
START_NS: Final = 1_767_623_400 * SECOND

TICK: Final = Decimal("0.01")


def figures() -> list[Figure]:
    """Microseconds a tick, and microseconds from a signal to its booked fill."""
    one, several, many = (_beside(_resting(count)) for count in COUNTS)
    one_trail, many_trails = (_beside(_trailing(count)) for count in (1, MANY))
    return [
        Figure(name="a tick beside 1 order out of reach", unit="us", value=one),
        Figure(name="a tick beside 100 orders out of reach", unit="us", value=several, floor=one),
        Figure(
            name="a tick beside 10,000 orders out of reach",
            unit="us",
            value=many,
            floor=one,
            target=WORSE_THAN_ONE * one,
        ),
        Figure(
            name="a tick beside 10,000 trailing stops out of reach",
            unit="us",
            value=many_trails,
            floor=one_trail,
            target=WORSE_THAN_ONE * one_trail,
        ),
        Figure(name="a tick that fills one of 10,000 orders", unit="us", value=_filling(MANY), floor=_filling(FILLED)),
        Figure(
            name="signal to booked fill, task, no journal",
            unit="us",
            value=(_driven(InAndOut) - _driven(LooksOn)) / TRADED,
            floor=_booked_by_hand() / TRADED,
            target=TARGET_US,
        ),
    ]


def _fastest(prepared: Callable[[], Callable[[], None]]) -> float:
    """Seconds of the fastest of a few runs, each prepared anew, microseconds of which nothing else took its share."""
    took = []
    for _ in range(REPEATS):
        run = prepared()
        gc.collect()
        gc.freeze()
        began = time.perf_counter()
        run()
        took.append(time.perf_counter() - began)
        gc.unfreeze()
    return min(took)


# The market by itself.


def _beside(orders: Sequence[OrderTerms]) -> float:
    market = _market_with(orders)
    quotes = [_quote(number, 200 + number % 2 / 100) for number in range(TICKS)]

    def run() -> None:
        on_event = market.on_event
        for quote in quotes:
            on_event(quote)

    took = _fastest(lambda: run)
    assert len(market.working()) == len(orders)
    return took * 1e6 / TICKS


def _filling(count: int) -> float:
    """Each ask is a tick lower than the one before, and comes to one more buy."""
    levels = [199 - n * TICK for n in range(count)]
    orders = [_order(n, Side.BUY, OrderType.LIMIT, limit_price=level) for n, level in enumerate(levels)]
    quotes = [_quote(n, float(level)) for n, level in enumerate(levels[:FILLED])]

    def prepared() -> Callable[[], None]:
        market = _market_with(orders)

        def run() -> None:
            for quote in quotes:
                assert len(market.on_event(quote)) == 1

        return run

    return _fastest(prepared) * 1e6 / FILLED


def _resting(count: int) -> list[OrderTerms]:
    """Limits and stops of both sides, as many of each, at prices of their own from one away on."""
    made = []
    for n in range(count):
        away = 1 + n // 4 * TICK
        side, kind, price = (
            (Side.BUY, OrderType.LIMIT, 200 - away),
            (Side.SELL, OrderType.LIMIT, 200 + away),
            (Side.BUY, OrderType.STOP, 200 + away),
            (Side.SELL, OrderType.STOP, 200 - away),
        )[n % 4]
        made.append(_order(n, side, kind, **{"limit_price" if kind is OrderType.LIMIT else "stop_price": price}))
    return made


def _trailing(count: int) -> list[OrderTerms]:
    """Of both sides, each at a distance of its own; the best price so far of each was better than any to come."""
    made = []
    for n in range(count):
        side, amount = (Side.BUY, Side.SELL)[n % 2], 3 + n // 2 * TICK
        stop = 199 + amount if side is Side.BUY else 201 - amount
        made.append(_order(n, side, OrderType.TRAILING_STOP, trail_amount=amount, stop_price=stop))
    return made


def _order(n: int, side: Side, kind: OrderType, **prices: Decimal) -> OrderTerms:
    return OrderTerms(
        order_id=f"s-{n}",
        strategy="s",
        symbol=AAA.symbol,
        side=side,
        quantity=Decimal(1),
        created_ns=START_NS,
        type=kind,
        **prices,  # type: ignore[arg-type]
    )


def _market_with(orders: Sequence[OrderTerms]) -> SimulatedMarket:
    market = _market(cash=200 * len(orders) * CAPITAL)
    for n, terms in enumerate(orders):
        effects = market.on_command(WireSubmit(cid=f"c{n}", terms=terms), START_NS)
        assert len(effects) == 1, effects
    return market


def _market(cash: Decimal) -> SimulatedMarket:
    return SimulatedMarket(
        instruments={AAA.symbol: AAA},
        cash={"USD": cash},
        match_on={AAA.symbol: "quotes"},
        slippage=NoSlippage(),
        commission=NoCommission(),
        short_sales=True,
    )


def _quote(n: int, ask: float) -> Quote:
    return Quote(AAA.symbol, START_NS + n * SECOND, ask - 0.01, ask, 100.0, 100.0)


# From a signal to the books.


class LooksOn(Strategy):
    """Hear every quote, and see how much it holds."""

    symbol: str

    def on_quote(self, quote: Quote) -> None:
        """Look."""
        self.position(self.symbol)


class Forgetful:
    """A recorder that keeps nothing."""

    def record(self, record: StepRecord) -> None:
        """Let it go."""

    def barrier(self) -> None:
        """Nothing is on its way."""


def driver_of(strategy: type[Strategy]) -> Driver:
    """The pure driver with one container, without limits."""
    capital = {"USD": CAPITAL}
    return Driver(
        specs=[
            ContainerSpec(
                strategy="s",
                strategy_class=strategy,
                parameters={"symbol": AAA.symbol},
                capital=capital,
                timeframe_ns=MINUTE,
            )
        ],
        instruments={AAA.symbol: AAA},
        offers={AAA.symbol: Offer(quotes=True)},
        cash=capital,
        market=_market(cash=CAPITAL),
        recorder=Forgetful(),
        ids=ClientOrderIds(1),
        limits=RiskLimits(),
        start_ns=START_NS,
    )


def walking_quotes() -> list[Quote]:
    """Quotes of which each is another than the one before."""
    return [_quote(n, 100 + n % 7 / 100) for n in range(1, TRADED + 1)]


def _driven(strategy: type[Strategy]) -> float:
    """Microseconds of all quotes."""
    quotes = walking_quotes()

    def prepared() -> Callable[[], None]:
        driver = driver_of(strategy)

        def run() -> None:
            driver.run(quotes)
            assert driver.containers["s"].portfolio.fills == (TRADED if strategy is InAndOut else 0)

        return run

    return _fastest(prepared) * 1e6


def _booked_by_hand() -> float:
    """Microseconds of all quotes, each of which fills at once."""
    quotes = walking_quotes()

    def run() -> None:
        held, one = ZERO, Decimal(1)
        books = [{"USD": CAPITAL, "AAA": ZERO}, {"USD": CAPITAL, "AAA": ZERO}]
        for quote in quotes:
            buys = not held
            price = Decimal(repr(quote.ask if buys else quote.bid))
            units, paid = (one, price) if buys else (one.copy_negate(), price.copy_negate())
            for book in books:
                book["USD"] = EXACT.subtract(book["USD"], paid)
                book["AAA"] = EXACT.add(book["AAA"], units)
            held = books[0]["AAA"]
        assert books[0] == books[1]

    return _fastest(lambda: run) * 1e6


if __name__ == "__main__":
    sys.stdout.write(table(figures()) + "\n")
