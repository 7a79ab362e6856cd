"""Backtests of small files that a test writes, as the command runs them but with strategies described in process."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from daemon.check import Plan, check
from daemon.clock import SystemClock
from daemon.errors import DaemonError
from daemon.research.coordinator import BacktestCoordinator, Run
from daemon.research.wishes import Wishes
from daemon.results.result import Result
from tests.config_builders import described
from tests.market_files import write_rows
from tests.simulation.processes import SimulatedProcesses
from trading.timestamps import MINUTE, SECOND, parse_interval

BEGIN_NS = 1_767_625_200 * SECOND
"""2026-01-05T15:00:00Z, a Monday."""

HEAD = """\
account: {currency: USD, cash: "100000"}
broker: {kind: simulated, commission: {kind: per_share, rate: "0.01"}, slippage: {kind: fixed, ticks: 1}}
instruments: {AAA: {kind: equity, tick_size: "0.01", lot_size: "1"}}
"""


def closes(folder: Path, *prices: float, name: str = "aaa.csv", volume: float = 1000, interval: str = "1m") -> Path:
    """A file of bars that each open where the one before closed, stamped with their close."""
    step_ns = parse_interval(interval)
    opens = (prices[0], *prices)
    rows = [
        (BEGIN_NS + place * step_ns, o, max(o, c), min(o, c), c, volume)
        for place, (o, c) in enumerate(zip(opens, prices, strict=False), start=1)
    ]
    return write_rows(folder / name, ("time", "open", "high", "low", "close", "volume"), rows)


def quotes(folder: Path, *rows: Sequence[float], name: str = "aaa.csv") -> Path:
    """A file of quotes (bid, ask, bid size, ask size), a second apart."""
    names = ("time", "bid", "ask", "bid_size", "ask_size")
    return write_rows(folder / name, names, [(BEGIN_NS + n * SECOND, *row) for n, row in enumerate(rows)])


def trades(folder: Path, *rows: Sequence[float], name: str = "aaa.csv") -> Path:
    """A file of trades (price, size), a second apart."""
    return write_rows(
        folder / name, ("time", "price", "size"), [(BEGIN_NS + n * SECOND, *r) for n, r in enumerate(rows)]
    )


def fed(*files: str) -> str:
    """The feed section of files, each as its keys: `path: aaa.csv, data: bars`."""
    return "feed:\n  kind: file\n  files:\n" + "".join(f"    - {{{file}}}\n" for file in files)


AAA_BARS = "path: aaa.csv, data: bars, symbol: AAA, interval: 1m, stamp: close"


def strategy(name: str, cls: str, capital: str = "20000", *keys: str, **params: object) -> str:
    """An entry of `strategies`; `cls` is of tests.backtest_strategies."""
    given = ", ".join(f"{key}: {_written(value)}" for key, value in params.items())
    more = "".join(f", {key}" for key in keys)
    where = cls if ":" in cls else f"tests.backtest_strategies:{cls}"
    return f'  - {{id: {name}, class: "{where}", capital: "{capital}", params: {{{given}}}{more}}}\n'


def _written(value: object) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(_written(one) for one in value) + "]"
    return f'"{value}"' if isinstance(value, str | Decimal) else str(value)


def config(*strategies: str, feed: str = fed(AAA_BARS), head: str = HEAD, **backtest: str) -> str:
    """A whole configuration; `backtest` are keys of that section."""
    own = f"backtest: {{{', '.join(f'{key}: {value}' for key, value in backtest.items())}}}\n"
    return head + feed + own + "strategies:\n" + "".join(strategies)


def asked(folder: Path, text: str, environ: Mapping[str, str] | None = None, /, **wishes: Any) -> Plan:
    """The plan of a backtest of a configuration text."""
    path = folder / "config.yaml"
    path.write_text(text)
    return check(path, environ or {}, SimulatedProcesses({"daemon.describe": described}), Wishes(**wishes))


def refused(folder: Path, text: str, environ: Mapping[str, str] | None = None, /, **wishes: Any) -> list[str]:
    """What a backtest is refused with, and how to mend it, line by line, its folder left out."""
    with pytest.raises(DaemonError) as caught:
        backtested(asked(folder, text, environ, **wishes))
    told = f"{caught.value}\n{caught.value.mend}".strip()
    return told.replace(f"{folder}/", "").splitlines()


def backtested(plan: Plan, **how: Any) -> Result:
    """The result of a plan; nothing is left of its run."""
    coordinator = BacktestCoordinator(SystemClock())
    try:
        return coordinator.run(plan, **({"stopped": lambda: False} | how))
    finally:
        assert not coordinator.active


@contextmanager
def carried(plan: Plan) -> Iterator[Run]:
    """A run that is carried to its data's end, and not closed out yet."""
    run = Run("backtest_test", plan, "test", SystemClock())
    try:
        run.initialise()
        run.carry(lambda: False, None)
        yield run
    finally:
        run.teardown()


def assert_books_add_up(run: Run) -> None:
    """All books together are the market's account, and the law of a portfolio holds in each, also as its own
    container has it."""
    router, market = run.driver.lockstep.router, run.driver.lockstep.market
    assert not router.ledger.difference(market.account())
    for book in router.ledger.all_books():
        assert all(book.imbalance(code) == 0 for code in book.currencies()), book.owner
    for strategy, container in run.driver.containers.items():
        assert container.portfolio.digest() == router.ledger.of(strategy).digest()


def holdings(run: Run) -> dict[str, dict[str, Decimal]]:
    """What each strategy holds, where that is anything."""
    ledger = run.driver.lockstep.router.ledger
    held = {
        owner: {symbol: one.quantity for symbol, one in ledger.of(owner).positions.items() if one.quantity}
        for owner in ledger.owners
    }
    return {owner: positions for owner, positions in held.items() if positions}


def fills_of(result: Result) -> list[str]:
    """The fills in a line each: `a sell 10 at 99.99 (fee 0.1), close-out`."""
    return [
        f"{one.strategy} {one.side} {one.quantity} at {one.price} (fee {one.fee})" + ", close-out" * one.close_out
        for one in result.fills
    ]


def minutes(count: int) -> int:
    """So many minutes after the first bar begins, in nanoseconds since the epoch."""
    return BEGIN_NS + count * MINUTE


def total(amounts: Iterable[str]) -> Decimal:
    """The sum of amounts as texts."""
    return sum(map(Decimal, amounts), Decimal(0))
