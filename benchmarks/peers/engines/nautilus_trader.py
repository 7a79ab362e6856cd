"""nautilus_trader: objects made ahead by its wranglers, logging off; bars of ticks are made by its engine."""

from typing import Any

import pandas as pd
from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.backtest.models import PerContractFeeModel
from nautilus_trader.config import LoggingConfig
from nautilus_trader.indicators import MovingAverageType, RelativeStrengthIndex, SimpleMovingAverage
from nautilus_trader.model.currencies import USD
from nautilus_trader.model.data import BarType
from nautilus_trader.model.enums import AccountType, OmsType, OrderSide
from nautilus_trader.model.identifiers import InstrumentId, Symbol, Venue
from nautilus_trader.model.instruments import Equity
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.persistence.wranglers import BarDataWrangler, QuoteTickDataWrangler
from nautilus_trader.trading.strategy import Strategy

from benchmarks.peers.job import Fill, Job, main

VENUE = Venue("SIM")
AAA = InstrumentId(Symbol("AAA"), VENUE)
MINUTES = BarType.from_str("AAA.SIM-1-MINUTE-LAST-EXTERNAL")
SHORT = BarType.from_str("AAA.SIM-5-MINUTE-MID-INTERNAL")
LONG = BarType.from_str("AAA.SIM-30-MINUTE-MID-INTERNAL")


class Run:
    """A strategy over data of its own kind."""

    def __init__(self, job: Job, strategy: "type[Holds]") -> None:
        self._job = job
        self._strategy = strategy

    def load(self) -> None:
        """An engine with a venue, the data and the strategy."""
        job = self._job
        instrument = Equity(
            instrument_id=AAA,
            raw_symbol=AAA.symbol,
            currency=USD,
            price_precision=2,
            price_increment=Price.from_str("0.25"),
            lot_size=Quantity.from_int(1),
            ts_event=0,
            ts_init=0,
        )
        quiet = LoggingConfig(bypass_logging=True)
        self._engine = BacktestEngine(config=BacktestEngineConfig(logging=quiet, run_analysis=False))
        self._engine.add_venue(
            venue=VENUE,
            oms_type=OmsType.NETTING,
            account_type=AccountType.CASH,
            base_currency=USD,
            starting_balances=[Money(job.cash, USD)],
            fee_model=PerContractFeeModel(Money(job.fee_rate, USD)),
        )
        self._engine.add_instrument(instrument)
        self._engine.add_data(_data(job.columns, instrument))
        self._ran = self._strategy(job)
        self._engine.add_strategy(self._ran)

    def run(self) -> None:
        """From the first event to the last."""
        self._engine.run()

    def fills(self) -> list[Fill]:
        """Those that it was told of."""
        return self._ran.filled


def _data(columns: Any, instrument: Equity) -> Any:
    times = pd.to_datetime(columns["ts_ns"], utc=True)
    if "bid" in columns:
        names = {"bid_price": "bid", "ask_price": "ask", "bid_size": "bid_size", "ask_size": "ask_size"}
        frame = pd.DataFrame({its: columns[name] for its, name in names.items()}, index=times)
        return QuoteTickDataWrangler(instrument).process(frame)
    names = {name: name for name in ("open", "high", "low", "close", "volume")}
    frame = pd.DataFrame({its: columns[name] for its, name in names.items()}, index=times)
    return BarDataWrangler(MINUTES, instrument).process(frame)


class Holds(Strategy):
    """Holds or is flat."""

    def __init__(self, job: Job) -> None:
        super().__init__()
        self.job = job
        self.quantity = Quantity.from_int(job.quantity)
        self.held = False
        self.filled: list[Fill] = []

    def be(self, *, held: bool) -> None:
        """At once."""
        if held != self.held:
            self.held = held
            side = OrderSide.BUY if held else OrderSide.SELL
            self.submit_order(self.order_factory.market(AAA, side, self.quantity))

    def on_order_filled(self, event: Any) -> None:
        """Note it."""
        units = event.last_qty.as_double() * (1 if event.order_side == OrderSide.BUY else -1)
        self.filled.append((event.ts_event, units, event.last_px.as_double()))


class Nothing(Holds):
    """Does nothing."""

    def on_start(self) -> None:
        """Hear bars."""
        self.subscribe_bars(MINUTES)

    def on_bar(self, bar: Any) -> None:
        """Do nothing."""


class Cross(Holds):
    """Holds while the fast average is above the slow one."""

    def on_start(self) -> None:
        """Hear bars, and let two averages hear them first."""
        self.fast, self.slow = SimpleMovingAverage(self.job.fast), SimpleMovingAverage(self.job.slow)
        self.register_indicator_for_bars(MINUTES, self.fast)
        self.register_indicator_for_bars(MINUTES, self.slow)
        self.subscribe_bars(MINUTES)

    def on_bar(self, bar: Any) -> None:
        """Compare them."""
        if self.slow.initialized:
            self.be(held=self.fast.value > self.slow.value)


class Ticks(Holds):
    """Index of bars of 5 minutes, envelope of bars of 30."""

    def on_start(self) -> None:
        """Hear bars of both kinds."""
        self.index = RelativeStrengthIndex(14, MovingAverageType.WILDER)
        self.average = SimpleMovingAverage(20)
        self.register_indicator_for_bars(SHORT, self.index)
        self.register_indicator_for_bars(LONG, self.average)
        self.subscribe_bars(SHORT)
        self.subscribe_bars(LONG)

    def on_bar(self, bar: Any) -> None:
        """Decide at a bar of 5 minutes."""
        if bar.bar_type != SHORT or not (self.index.initialized and self.average.initialized):
            return
        close, average = bar.close.as_double(), self.average.value
        if self.index.value < 0.3 and 0.98 * average < close < 1.02 * average:
            self.be(held=True)
        elif self.index.value > 0.7 or close > 1.02 * average:
            self.be(held=False)


if __name__ == "__main__":
    main(
        "nautilus_trader",
        {
            "nothing": lambda job: Run(job, Nothing),
            "cross": lambda job: Run(job, Cross),
            "ticks": lambda job: Run(job, Ticks),
        },
    )
