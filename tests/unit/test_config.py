"""Configurations that are right: what is read from file and environment, and what becomes of it."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from brokers.simulated.costs import (
    BasisPointSlippage,
    CombinedCommission,
    CombinedSlippage,
    FeeBasis,
    FeeRounding,
    FeeUnit,
    FixedSlippage,
    MakerTakerCommission,
    NoCommission,
    NoSlippage,
    PercentCommission,
    PerContractCommission,
    PerShareCommission,
    PerTradeCommission,
    SpreadShareSlippage,
    SquareRootSlippage,
    Tier,
    TieredCommission,
    VolumeShareSlippage,
)
from daemon.assembly import fleet_of
from daemon.check import check
from daemon.config import conversion, cost_conversion
from daemon.config.broker_settings import SimulatedBrokerSettings
from daemon.config.feed_settings import SyntheticFeedSettings
from daemon.config.schema import schema_text
from daemon.config.source import state_folder
from daemon.processes import SystemProcesses
from tests.config_builders import CONFIG, edited, plan_of, strategy
from trading.instruments import Instrument, InstrumentKind
from trading.limits import EquityShare, FixedSize, RiskLimits
from trading.money import Currency
from trading.timestamps import MINUTE, SECOND

TREE = Path(__file__).resolve().parents[2]

# What is read.


def test_a_small_configuration_is_a_plan_and_invents_no_amount_of_money(tmp_path: Path) -> None:
    plan = plan_of(tmp_path)
    assert (plan.config, plan.folder, plan.state) == (tmp_path / "config.yaml", tmp_path, tmp_path / "state")
    assert plan.instruments == {
        "AAA": Instrument(
            symbol="AAA",
            kind=InstrumentKind.EQUITY,
            currency=Currency(code="USD", quantum=Decimal("0.01")),
            tick_size=Decimal("0.01"),
            lot_size=Decimal(1),
        )
    }
    assert [(described.id, described.name) for described in plan.descriptions] == [("sma-aaa", "SmaCross")]
    settings = plan.settings
    assert isinstance(settings.feed, SyntheticFeedSettings)
    assert (settings.feed.every_ns, settings.feed.bars_ns, settings.feed.duration_ns) == (SECOND, MINUTE, None)
    assert (settings.mode, settings.durable_through, settings.feed.speed) == ("paper", "process", 1.0)
    assert conversion.limits(settings.risk) == RiskLimits()
    assert conversion.sizing(settings.strategies[0].risk) is None


def test_exact_numbers_keep_every_digit_and_whole_ones_need_no_quotes(tmp_path: Path) -> None:
    text = edited('cash: "100000"', "cash: 100000.00").replace("100000.00", '"100000.10"').replace('"25000"', "25000")
    plan = plan_of(tmp_path, text)
    assert (plan.settings.account.cash, plan.settings.strategies[0].capital) == (Decimal("100000.10"), Decimal(25000))


def test_the_default_configuration_is_a_plan_of_five_strategies_on_three_symbols() -> None:
    plan = check(TREE / "config.yaml", {"BULKHEAD_STATE": "/tmp/elsewhere"}, SystemProcesses())
    assert [described.id for described in plan.descriptions] == [
        "sma-aaa",
        "trend-bbb",
        "rsi-ccc",
        "hold-aaa",
        "maker-bbb",
    ]
    assert list(plan.instruments) == ["AAA", "BBB", "CCC"]
    fleet = fleet_of(plan)
    free = fleet.cash["USD"] - sum(entry.capital["USD"] for entry in fleet.strategies)
    assert free == 10_000, "the README lets a newcomer give it to a strategy of their own"


def test_a_file_of_ones_own_is_found_from_the_configurations_folder(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "from trading.strategy import Strategy\n\n"
        "class Mine(Strategy):\n    symbol: str\n\n    def on_quote(self, quote):\n        pass\n"
    )
    plan = plan_of(tmp_path, edited('"strategies.sma_cross:SmaCross"', "mine.py:Mine").replace(", fast: 10", ""))
    assert plan.descriptions[0].file == str(tmp_path / "mine.py")


def test_texts_that_older_yaml_takes_for_other_things_stay_texts(tmp_path: Path) -> None:
    text = CONFIG.replace("AAA", "NO") + "    risk: {}\n"
    plan = plan_of(tmp_path, text.replace("  kind: synthetic\n", "  kind: synthetic\n  start: 2026-01-05T14:30:00Z\n"))
    assert list(plan.instruments) == ["NO"]
    assert plan.start_ns == 1_767_623_400 * SECOND


# The environment.


def test_a_variable_replaces_a_key_of_the_file_or_adds_one(tmp_path: Path) -> None:
    environ = {
        "BULKHEAD_FEED__SEED": "9",
        "BULKHEAD_FEED__DATA": "[quotes]",
        "BULKHEAD_ACCOUNT__CASH": "'70000.50'",
        "BULKHEAD_INSTRUMENTS__AAA__LOT_SIZE": "10",
        "BULKHEAD_STRATEGIES__0__CAPITAL": "30000",
        "BULKHEAD_STRATEGIES__0__PARAMS__SLOW": "40",
        "BULKHEAD_LOG__LEVEL": "debug",
        "BULKHEAD_DURABILITY": "power",
        "BULKHEAD_LOG__FORMAT": "",
        "BULKHEAD_SOMETHING_ELSE": "1",
        "PATH": "/bin",
    }
    settings = plan_of(tmp_path, environ=environ).settings
    assert isinstance(settings.feed, SyntheticFeedSettings)
    assert (settings.feed.seed, settings.feed.data, settings.account.cash) == (9, ("quotes",), Decimal("70000.50"))
    assert settings.instruments["AAA"].lot_size == 10
    assert settings.strategies[0].capital == 30000
    assert settings.strategies[0].params == {"symbol": "AAA", "fast": 10, "slow": 40}
    assert (settings.log.level, settings.log.format, settings.durable_through) == ("debug", "auto", "power")


def test_a_variable_changes_one_place_also_of_what_is_written_once_for_many(tmp_path: Path) -> None:
    text = CONFIG.replace("  - id: sma-aaa\n", "  - id: sma-aaa\n    risk: &small {max_open_orders: 2}\n")
    text += strategy("two").replace("id: two", "id: two, risk: *small")
    settings = plan_of(tmp_path, text, {"BULKHEAD_STRATEGIES__1__RISK__MAX_OPEN_ORDERS": "5"}).settings
    assert [one.risk.max_open_orders for one in settings.strategies] == [2, 5]


def test_the_state_counts_from_the_file_or_when_a_variable_names_it_from_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    text = f"state: books\n{CONFIG}"
    for environ, state in (
        ({}, tmp_path / "books"),
        ({"BULKHEAD_STATE": "books"}, here / "books"),
        ({"BULKHEAD_STATE": "/var/lib/bulkhead: 1"}, Path("/var/lib/bulkhead: 1")),
        ({"BULKHEAD_STATE": ""}, tmp_path / "books"),
    ):
        assert plan_of(tmp_path, text, environ).state == state
        assert state_folder(tmp_path / "config.yaml", environ) == state


# Conversion, and the schema.


def test_limits_and_sizing_become_the_cores(tmp_path: Path) -> None:
    text = CONFIG + "    risk: {max_open_orders: 9, sizing: {kind: fixed, quantity: 3}}\nrisk: {max_open_orders: 8}\n"
    settings = plan_of(tmp_path, text).settings
    assert conversion.limits(settings.strategies[0].risk) == RiskLimits(max_open_orders=9)
    assert conversion.limits(settings.risk).max_open_orders == 8
    assert conversion.sizing(settings.strategies[0].risk) == FixedSize(quantity=Decimal(3))
    share = text.replace("{kind: fixed, quantity: 3}", '{kind: equity_share, share: "0.25"}')
    assert conversion.sizing(plan_of(tmp_path, share).settings.strategies[0].risk) == EquityShare(share=Decimal("0.25"))


D = Decimal
USD, EUR = Currency.known("USD"), Currency.known("EUR")


@pytest.mark.parametrize(
    ("written", "commission"),
    [
        ("{kind: none}", NoCommission()),
        ("[{kind: none}]", NoCommission()),
        ('{kind: per_share, rate: "0.005"}', PerShareCommission(D("0.005"), currency=USD)),
        (
            '{kind: per_share, rate: "0.005", minimum: 1, cap_percent: "0.5", maximum: 20, currency: quote}',
            PerShareCommission(D("0.005"), D(1), D("0.5"), D(20)),
        ),
        ("{kind: per_trade, amount: 10, currency: BTC}", PerTradeCommission(D(10), currency=Currency.known("BTC"))),
        (
            '{kind: per_contract, rate: "0.85", exchange_fee: "1.2", minimum: 2, basis: fill}',
            PerContractCommission(D("0.85"), D("1.2"), D(2), currency=USD, basis=FeeBasis.FILL),
        ),
        ('{kind: percent, percent: "0.1"}', PercentCommission(D("0.1"))),
        (
            '{kind: percent, percent: "0.25", minimum: 1, maximum: 9, rounding: up}',
            PercentCommission(D("0.25"), D(1), D(9), rounding=FeeRounding.UP),
        ),
        (
            '{kind: maker_taker, maker_percent: "-0.01", taker_percent: "0.05", currency: base}',
            MakerTakerCommission(D("-0.01"), D("0.05"), currency=FeeUnit.BASE),
        ),
        (
            '{kind: tiered, tiers: [{turnover: 0, maker_percent: "0.1", taker_percent: "0.2"},'
            ' {turnover: 50000, maker_percent: 0, taker_percent: "0.1"}]}',
            TieredCommission(
                (
                    Tier(turnover=D(0), maker_percent=D("0.1"), taker_percent=D("0.2")),
                    Tier(turnover=D(50_000), maker_percent=D(0), taker_percent=D("0.1")),
                )
            ),
        ),
        (
            '[{kind: percent, percent: "0.1"}, {kind: per_trade, amount: 1}]',
            CombinedCommission((PercentCommission(D("0.1")), PerTradeCommission(D(1), currency=USD))),
        ),
    ],
)
def test_commissions_become_the_simulated_markets(written: str, commission: object, tmp_path: Path) -> None:
    text = edited("kind: simulated", f"kind: simulated, commission: {written}")
    pair = text.replace("{kind: equity,", "{kind: crypto, base: BTC,")
    settings = plan_of(tmp_path, pair).settings
    assert isinstance(settings.broker, SimulatedBrokerSettings)
    assert cost_conversion.commission(settings.broker.commission, settings) == commission


@pytest.mark.parametrize(
    ("written", "slippage"),
    [
        ("{kind: none}", NoSlippage()),
        ("{kind: fixed, ticks: 2}", FixedSlippage(2)),
        ('{kind: basis_points, basis_points: "2.5"}', BasisPointSlippage(D("2.5"))),
        ("{kind: volume_share, impact_percent: 10}", VolumeShareSlippage(D(10))),
        ('{kind: spread_share, share: "0.5"}', SpreadShareSlippage(D("0.5"))),
        ("{kind: square_root, coefficient_percent: 1}", SquareRootSlippage(D(1))),
        (
            "[{kind: fixed, ticks: 1}, {kind: square_root, coefficient_percent: 1}]",
            CombinedSlippage((FixedSlippage(1), SquareRootSlippage(D(1)))),
        ),
    ],
)
def test_slippages_become_the_simulated_markets(written: str, slippage: object, tmp_path: Path) -> None:
    settings = plan_of(tmp_path, edited("kind: simulated", f"kind: simulated, slippage: {written}")).settings
    assert isinstance(settings.broker, SimulatedBrokerSettings)
    assert cost_conversion.slippage(settings.broker.slippage) == slippage


def test_costs_become_the_simulated_markets(tmp_path: Path) -> None:
    settings = plan_of(tmp_path, CONFIG).settings
    assert isinstance(settings.broker, SimulatedBrokerSettings)
    assert cost_conversion.commission(settings.broker.commission, settings) == NoCommission()
    assert cost_conversion.slippage(settings.broker.slippage) == NoSlippage()


def test_a_base_becomes_the_instruments(tmp_path: Path) -> None:
    assert plan_of(tmp_path, CONFIG).instruments["AAA"].base is None
    pair = edited("{kind: equity,", "{kind: fx, base: EUR,")
    assert plan_of(tmp_path, pair).instruments["AAA"].base == EUR


def test_the_committed_schema_is_the_one_of_the_settings() -> None:
    committed = (TREE / "config.schema.json").read_text()
    assert committed == schema_text(), "write it anew: ./bulkhead schema > config.schema.json"
    assert (TREE / "config.yaml").read_text().startswith("# yaml-language-server: $schema=./config.schema.json\n")


def test_the_schema_knows_keys_as_they_are_written_and_refuses_others() -> None:
    schema = json.loads(schema_text())
    assert {"start", "duration", "every", "bars"} <= set(schema["$defs"]["SyntheticFeedSettings"]["properties"])
    assert schema["$defs"]["SyntheticFeedSettings"]["properties"]["every"]["default"] == "1s"
    assert all(section["additionalProperties"] is False for section in [schema, *schema["$defs"].values()])
