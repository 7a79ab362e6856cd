"""What is written down for those who write strategies: no field is missing, and the example trades."""

import re
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from tests.config_builders import plan_of
from tests.simulation.world import PureRun
from trading.account.records import Posted
from trading.market_data import Bar, Quote, Timer, Trade
from trading.orders import Order, OrderTerms, Side
from trading.portfolio import Position, VirtualPortfolio
from trading.postings import Posting, PostingKind
from trading.reports import Fill

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "strategies.md").read_text(encoding="utf-8")
TOLD = PAGE.partition("## What it is told\n")[2].partition("\n## ")[0]
SHORT = PAGE.partition("## Selling short\n")[2].partition("```python\n")[2].partition("```")[0]


def section(name: str) -> str:
    """What the page has between the bold name and the next."""
    return TOLD.partition(f"**`{name}`**")[2].partition("\n**`")[0]


def fields(struct: type[msgspec.Struct]) -> set[str]:
    """Its fields and properties."""
    return {*struct.__struct_fields__, *(name for name, one in vars(struct).items() if isinstance(one, property))}


def in_code(text: str) -> set[str]:
    return set(re.findall(r"`(\w+)`", text))


@pytest.mark.parametrize("struct", [Fill, Order, Posting, Position])
def test_each_field_of_what_a_strategy_is_told_is_on_the_page(struct: type[msgspec.Struct]) -> None:
    rows = section(struct.__name__).split("|---|---|\n")[1]
    named = in_code(" ".join(row.split("|")[1] for row in rows.splitlines() if row.startswith("|")))
    assert named == fields(struct)


def test_the_terms_of_an_order_and_the_kinds_of_postings_are_all_there() -> None:
    (terms,) = (row for row in section("Order").splitlines() if row.startswith("| `terms`"))
    assert in_code(terms) - {"terms"} == set(OrderTerms.__struct_fields__)
    (kinds,) = (row for row in section("Posting").splitlines() if row.startswith("| `kind`"))
    assert in_code(kinds) - {"kind", "PostingKind"} == set(PostingKind.__members__)


@pytest.mark.parametrize("struct", [Bar, Quote, Trade, Timer])
def test_each_field_of_an_event_is_on_the_page(struct: type[msgspec.Struct]) -> None:
    (row,) = (row for row in TOLD.splitlines() if row.startswith("| `on_") and f": `{struct.__name__}`" in row)
    assert in_code(row.split("|")[2]) == set(struct.__struct_fields__)


def test_what_the_page_says_of_the_portfolio_is_there() -> None:
    book = VirtualPortfolio("a", {"USD": Decimal(1)}, {})
    rows = [row.split("|")[1] for row in section("self.portfolio").splitlines() if row.startswith("| `")]
    named = re.findall(r"`(\w+)(\([^`]*\))?`", " ".join(rows))
    assert len(named) == 16
    for name, called in named:
        assert callable(getattr(book, name)) is bool(called), name


CONFIG = """
account: {kind: margin, currency: USD, cash: "100000", leverage: 2}
feed:
  kind: synthetic
  duration: 5d
  every: 5m
  bars: 15m
  symbols: {SHR: {price: "100", volatility_ticks: 20}}
instruments: {SHR: {kind: equity, tick_size: "0.01", lot_size: "1", borrow: "0.9", actions: actions.csv}}
strategies:
  - {id: short, class: "short.py:ShortTheRise", params: {symbol: SHR}, capital: "25000", isolation: task}
"""


def test_the_example_sells_short_and_leaves_when_that_has_cost_too_much(tmp_path: Path) -> None:
    (tmp_path / "short.py").write_text(SHORT)
    (tmp_path / "actions.csv").write_text("date,kind,value\n2026-01-08,split,2:1\n")
    run = PureRun(plan_of(tmp_path, CONFIG))
    postings = [step.posting for step in run.steps if isinstance(step, Posted)]
    assert [one.side for one in run.fills] == [Side.SELL, Side.BUY] * (len(run.fills) // 2)
    assert {one.kind for one in postings} == {PostingKind.BORROW, PostingKind.SPLIT}
    dear = [one.ts_ns for one in postings if one.cash.get("USD", Decimal(0)) < -50]
    assert dear
    assert set(dear) <= {one.ts_ns for one in run.fills if one.side is Side.BUY}
    (split,) = (one for one in postings if one.kind is PostingKind.SPLIT)
    after = next(one for one in run.fills if one.ts_ns > split.ts_ns)
    assert (after.side, after.quantity, split.units) == (Side.BUY, Decimal(200), Decimal(-100))
