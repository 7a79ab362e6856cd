"""What is written down of limits: no key is missing, the example is right, and every sentence is one that is said."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from daemon.config.limit_settings import AccountRisk
from daemon.config.reading import read_settings
from daemon.config.settings import Settings
from daemon.config.source import read_document
from tests.builders import terms
from tests.config_builders import CONFIG
from tests.unit import test_gate, test_self_trade
from tests.unit.test_admission import LIMITS, Shop
from tests.unit.test_heat import Hearth, stop
from tests.unit.test_limiter import lost
from tests.unit.test_losses import Purse
from trading.limits import RiskLimits
from trading.orders import Side
from trading.refusals import Refusal
from trading.timestamps import SECOND

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "risk.md").read_text(encoding="utf-8")
D = Decimal


def rows(heading: str) -> list[list[str]]:
    """The rows of the first table under a heading."""
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    table = [line for line in section.splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table]


def keys(model: type[AccountRisk]) -> set[str]:
    return {field.alias or name for name, field in model.model_fields.items()}


def test_every_key_stands_in_a_table() -> None:
    named = {row[0].strip("`") for row in rows("The limits")}
    assert named == keys(AccountRisk) - {"self_trade", "self_trade_wait"}
    assert "`risk.self_trade`" in PAGE
    assert "`self_trade_wait`" in PAGE
    policies = {row[0].strip("`") for row in rows("Orders that would trade with each other")}
    assert policies == {"allow", "reject", "hold", "cancel_resting"}


def test_every_key_stands_in_the_config_that_explains_them() -> None:
    text = (Path(__file__).resolve().parents[2] / "config.yaml").read_text(encoding="utf-8")
    risk = text.partition("\nrisk:")[2].partition("\n\n")[0]
    assert [key for key in sorted(keys(AccountRisk)) if key not in risk] == []


def test_the_example_is_right(tmp_path: Path) -> None:
    example = PAGE.partition("```yaml\n")[2].partition("```")[0]
    account, _, own = example.partition("strategies:\n")
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG + f"    {own.splitlines()[1].strip()}\n" + account)
    reading = read_settings(read_document(path, {}, Settings.model_fields))
    assert not reading.problems
    assert reading.settings is not None
    assert reading.settings.risk.self_trade == "reject"
    assert reading.settings.strategies[0].risk.max_heat_equity_share == D("0.06")


def said() -> Iterator[Refusal | None]:
    """Each refusal, by the numbers of the page."""
    shop = Shop().holding("20").working(Side.BUY, "5").working(Side.SELL, "1", "200")
    shop.holding("30", "BBB").holding("50", "EEE")
    for name, limit, order, _ in LIMITS:
        yield shop.over(order, **{name: limit})
    hearth = Hearth()
    hearth.holding("10")
    hearth.stands(stop(Side.SELL, "10", "95", 1))
    yield hearth.over(terms(quantity="5", n=2), max_heat_notional=D(549))
    yield hearth.over(terms(quantity="5", n=2), max_heat_equity_share=D("0.039"))
    limited = Shop().limited(RiskLimits(max_orders_per_second=2))
    limited.note(terms(), 0)
    limited.note(terms(), 1)
    yield limited.refusal(terms(), 2)
    recent = Shop().limited(RiskLimits(duplicate_window_ns=5 * SECOND))
    recent.note(terms(), 0)
    yield recent.refusal(terms(n=2), 1)
    shop = Shop()
    lost(shop, terms())
    yield shop.admission().excess(terms(n=2), 1)
    for name, share in (("max_daily_loss_notional", D(500)), ("max_daily_loss_equity_share", D("0.05"))):
        purse = Purse(RiskLimits(**{name: share})).day(0).trade("100", "100").at("94")  # type: ignore[arg-type]
        yield purse.limiter.refusal(terms(), 1)
    purse = Purse(RiskLimits(max_drawdown_share=D("0.1"))).trade("100", "100").at("120").at("107.99")
    yield purse.limiter.refusal(terms(), 1)
    yield Shop().over(terms(limit="105.01"), price_collar_percent=D(5))
    yield Shop().limited(RiskLimits(symbols=("BBB", "EEE"))).refusal(terms(), 1)
    yield Shop().limited(RiskLimits(restricted_symbols=("AAA",))).refusal(terms(), 1)
    account = test_gate.Account()
    test_gate.lost(account, terms(limit="89", n=4), "quarantined")
    yield account.refusal(terms(limit="91"))
    crossing = test_self_trade.Account()
    crossing.rests(terms(Side.SELL, "5", "101", strategy="b", n=3))
    yield crossing.gate.refusal(terms(limit="102"))


@pytest.mark.parametrize(("code", "sentence"), [(row[0].strip("`"), row[1]) for row in rows("Refusals")])
def test_every_sentence_is_one_that_is_said(code: str, sentence: str) -> None:
    assert Refusal(code, sentence) in list(said())


def test_none_that_is_said_is_missing() -> None:
    assert {refusal.code for refusal in said() if refusal is not None} == {
        row[0].strip("`") for row in rows("Refusals")
    }
