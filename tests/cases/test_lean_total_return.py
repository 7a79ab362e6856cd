"""Shares held for twenty-three years, with every dividend and split of LEAN's factor files.

A row of such a file has, for the dates up to its own, what a raw price is multiplied with for dividends and for splits,
and the raw close of its date; what the row after it differs by fell due on the day after. What comes of holding the
shares must be the return of the adjusted prices.
"""

import csv
import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import pytest

from brokers.simulated.entitlements import Dividend, HoldingTerms, UnitSplit
from tests.account_builders import an_account
from tests.cases.bars import daily_bars
from tests.market_builders import an_instrument, buy
from trading.postings import Accrual, Split
from trading.reports import ExecutionReport
from trading.timestamps import from_datetime

FIRST, LAST = "1998-01-02", "2021-03-31"
UNITS = Decimal(10_000)
CASH = Decimal(2_000_000)


class Row(NamedTuple):
    """A row of a factor file; what it and the next differ by falls due at `ex_ns`."""

    ex_ns: int
    for_dividends: Decimal
    for_splits: Decimal
    close: Decimal


def factors(shared: Path, symbol: str) -> list[Row]:
    path = shared / "data" / "lean_equity" / "orig" / "factor_files" / f"{symbol.lower()}.csv"
    if not path.exists():
        pytest.skip(f"no {path}")
    with path.open() as table:
        return [
            Row(
                from_datetime(datetime.strptime(row[0], "%Y%m%d").replace(tzinfo=UTC) + timedelta(days=1)),
                *(Decimal(number) for number in row[1:4]),
            )
            for row in csv.reader(table)
        ]


def dividends(rows: list[Row]) -> Iterator[Dividend]:
    for row, after in itertools.pairwise(rows):
        per_unit = row.close - row.close * row.for_dividends / after.for_dividends
        if row.for_dividends != after.for_dividends:
            yield Dividend(ex_ns=row.ex_ns, per_unit=round(per_unit, 6))


def splits(rows: list[Row]) -> Iterator[UnitSplit]:
    for row, after in itertools.pairwise(rows):
        if row.for_splits != after.for_splits:
            new = round(after.for_splits / row.for_splits, 4).normalize()
            yield UnitSplit(ex_ns=row.ex_ns, new=new, old=Decimal(1))


@pytest.mark.parametrize(("symbol", "paid", "split"), [("SPY", 94, 0), ("IBM", 93, 1), ("AAPL", 35, 4)])
def test_what_comes_of_holding_shares_is_the_return_of_adjusted_prices(
    shared: Path, symbol: str, paid: int, split: int
) -> None:
    rows, bars = factors(shared, symbol), daily_bars(shared, symbol, FIRST, LAST)
    terms = HoldingTerms(dividends=tuple(dividends(rows)), splits=tuple(splits(rows)))
    market = an_account(an_instrument(symbol), match_on="bars", cash=f"{CASH}", held={symbol: terms}, rollovers=None)
    closes = {row.ex_ns: float(row.close) for row in rows}
    market.on_event(bars[0])
    market.on_command(buy("a", f"{UNITS}", symbol=symbol), bars[0].ts_ns)
    (filled,) = market.on_event(bars[1])
    assert isinstance(filled, ExecutionReport)
    assert filled.fill is not None

    units, received, last = UNITS, Decimal(0), bars[1].close
    kept, heard = 1.0, 0
    for bar in bars[2:]:
        for event in market.on_event(bar):
            heard += 1
            if isinstance(event, Split):
                units += event.units
                assert event.amount == 0
                assert closes[event.due_ns] == last
            else:
                assert isinstance(event, Accrual)
                assert closes[event.due_ns] == pytest.approx(last, abs=0.011)
                kept *= 1.0 - float(event.amount / units) / last
                received += event.amount
        last = bar.close

    assert (len(terms.dividends), len(terms.splits), heard) == (paid, split, paid + split)
    cost = filled.fill.notional
    assert market.account().positions == {symbol: units}
    assert market.account().cash == {"USD": CASH - cost + received}
    first = rows[0]
    adjusted = last / (bars[1].close * float(first.for_dividends * first.for_splits))
    assert last / bars[1].close * float(units / UNITS) / kept == pytest.approx(adjusted, rel=1e-4)
