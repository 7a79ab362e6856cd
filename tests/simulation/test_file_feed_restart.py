"""A daemon on files goes on after a restart where it stopped, and not at all on files that have changed."""

from pathlib import Path

import pytest

from daemon.errors import ChangeRefused
from daemon.paper import PaperShell
from tests.config_builders import plan_of
from tests.market_files import write_rows
from tests.simulation.world import PureRun, World
from trading.timestamps import SECOND

NOON = 1_527_854_400 * SECOND
CONFIG = """
account: {currency: USD, cash: "100000"}
feed:
  kind: file
  start: "2018-06-01T12:05:00Z"
  speed: max
  at_end: exit
  files:
    - {path: quotes.csv, data: quotes, symbol: AAA}
    - {path: trades.parquet, data: trades, symbols: [AAA, BBB]}
instruments:
  AAA: {kind: equity, tick_size: "0.01", lot_size: "1"}
  BBB: {kind: equity, tick_size: "0.01", lot_size: "1"}
strategies:
  - id: sma
    class: "strategies.sma_cross:SmaCross"
    params: {symbol: AAA, fast: 2, slow: 4, quantity: "10"}
    capital: "40000"
    warmup: 4
"""


def price(place: int) -> float:
    """A wave of ten minutes."""
    return 100 + abs(place % 120 - 60) / 10


def world(folder: Path) -> World:
    places = range(600)
    quotes = [(NOON + place * 5 * SECOND, price(place), price(place) + 0.05) for place in places]
    trades = [(NOON + place * 5 * SECOND, symbol, price(place)) for place in places for symbol in ("BBB", "AAA")]
    write_rows(folder / "quotes.csv", ("time", "bid", "ask"), quotes)
    write_rows(folder / "trades.parquet", ("time", "symbol", "price"), trades)
    return World(plan_of(folder, CONFIG))


async def stopped_in_the_middle(shell: PaperShell) -> None:
    """A life that ends in good order after 700 events."""
    while shell.floor.upcoming() is not None and shell.floor.rows < 700:
        shell.floor.lay_out()
        await shell.floor.advance()
    await shell.snapshot()


def test_a_run_that_was_stopped_has_the_fills_and_books_of_the_pure_driver(tmp_path: Path) -> None:
    daemon = world(tmp_path)
    whole = PureRun(daemon.plan)
    assert len(whole.fills) > 5
    daemon.live(stopped_in_the_middle)
    assert len(daemon.fills()) < len(whole.fills)
    daemon.live()
    assert (daemon.steps(), daemon.books()) == (whole.steps, whole.books)


def test_a_file_that_has_changed_is_refused_by_its_place_in_the_config(tmp_path: Path) -> None:
    daemon = world(tmp_path)
    daemon.live(stopped_in_the_middle)
    path = tmp_path / "quotes.csv"
    path.write_text(path.read_text().replace("Z,100.0,", "Z,100.1,"))
    with pytest.raises(ChangeRefused, match=r"traded on; different: files\[0\]\.content$"):
        daemon.live()


def test_a_file_may_move(tmp_path: Path) -> None:
    daemon = world(tmp_path)
    daemon.live(stopped_in_the_middle)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "quotes.csv").rename(tmp_path / "elsewhere" / "eur.csv")
    daemon.plan = plan_of(tmp_path, CONFIG.replace("quotes.csv", "elsewhere/eur.csv"))
    daemon.live()
