"""What is written down about the result of a backtest: every field is there, and no other."""

import re
from pathlib import Path

import msgspec
import pytest

from daemon.cli.backtest import backtest
from daemon.config.backtest_settings import BacktestSettings
from daemon.results.result import About, FillLine, Metrics, OrderLine, Result, SignalLine, TradeLine

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "backtest.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| ((?:`[^`]+`(?:, )?)+) \|", re.MULTILINE)
TABLES = {
    "One object, the same for every mode": Result,
    "`about`:": About,
    "`metrics`, and each of": Metrics,
    "A fill:": FillLine,
    "An order:": OrderLine,
    "A round trip:": TradeLine,
    "A signal:": SignalLine,
}


def first_column(heading: str) -> list[str]:
    """The names in the first column of the first table after a heading."""
    table = PAGE.partition(f"\n{heading}")[2].partition("|\n\n")[0]
    return [name for cell in ROW.findall(table) for name in re.findall(r"`([^`]+)`", cell)]


@pytest.mark.parametrize(("heading", "struct"), TABLES.items())
def test_every_field_of_the_result_is_on_the_page(heading: str, struct: type[msgspec.Struct]) -> None:
    assert sorted(first_column(heading)) == sorted(struct.__struct_fields__)


def test_every_key_of_the_section_is_on_the_page_with_its_default() -> None:
    assert first_column("## The section `backtest`") == list(BacktestSettings.model_fields)


def test_the_page_names_no_option_that_is_not_there() -> None:
    known = {option for param in backtest.params for option in param.opts}
    named = {name.partition(" ")[0] for name in first_column("## Options")}
    assert len(named) >= 8
    assert named <= known
