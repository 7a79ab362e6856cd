"""The `risk` sections: what of them becomes a limit, and everything that can be wrong with them."""

from decimal import Decimal
from pathlib import Path

import pytest

from daemon.config import conversion
from daemon.config.limit_rules import limited_symbols_are_instruments
from daemon.config.live_rules import live_states_its_limits
from daemon.config.problems import KeyPath
from daemon.config.reading import Reading, read_settings
from daemon.config.settings import Settings
from daemon.config.source import read_document
from tests.config_builders import CONFIG, in_strategy, plan_of, problems_of, strategy, top
from trading.limits import RiskLimits
from trading.timestamps import SECOND

D = Decimal
WRITTEN = (
    'max_position_quantity: 1, max_position_notional: 2, max_position_equity_share: "0.3", max_exposure_notional: 4, '
    'max_exposure_equity_share: "0.5", max_heat_notional: 6, max_heat_equity_share: "0.06", '
    'heat_without_stop_share: "0.07", max_order_quantity: 8, max_order_notional: 9, max_open_orders: 10, '
    'max_orders_per_second: 11, max_daily_loss_notional: 12, max_daily_loss_equity_share: "0.13", '
    'max_drawdown_share: "0.14", price_collar_percent: 15, duplicate_window: 16s, symbols: [AAA], '
    "restricted_symbols: [BBB, CCC]"
)
READ = {
    "max_position_quantity": D(1),
    "max_position_notional": D(2),
    "max_position_equity_share": D("0.3"),
    "max_exposure_notional": D(4),
    "max_exposure_equity_share": D("0.5"),
    "max_heat_notional": D(6),
    "max_heat_equity_share": D("0.06"),
    "heat_without_stop_share": D("0.07"),
    "max_order_quantity": D(8),
    "max_order_notional": D(9),
    "max_open_orders": 10,
    "max_orders_per_second": 11,
    "max_daily_loss_notional": D(12),
    "max_daily_loss_equity_share": D("0.13"),
    "max_drawdown_share": D("0.14"),
    "price_collar_percent": D(15),
    "duplicate_window_ns": 16 * SECOND,
    "symbols": ("AAA",),
    "restricted_symbols": ("BBB", "CCC"),
}


def read(folder: Path, text: str) -> Reading:
    """A configuration by its shape alone."""
    path = folder / "config.yaml"
    path.write_text(text)
    reading = read_settings(read_document(path, {}, Settings.model_fields))
    assert not reading.problems
    return reading


def test_every_key_becomes_a_limit(tmp_path: Path) -> None:
    text = CONFIG + f"    risk: {{{WRITTEN}}}\nrisk: {{{WRITTEN}, self_trade: hold, self_trade_wait: 3s}}\n"
    settings = read(tmp_path, text).settings
    assert settings is not None
    own = RiskLimits(**READ)  # type: ignore[arg-type]
    of_all = RiskLimits(**READ, self_trade="hold", self_trade_wait_ns=3 * SECOND)  # type: ignore[arg-type]
    assert conversion.limits(settings.strategies[0].risk) == own
    assert conversion.limits(settings.risk) == of_all
    assert {name for name in RiskLimits.__struct_fields__ if getattr(of_all, name) is None} == set()


def test_nothing_written_is_no_limit(tmp_path: Path) -> None:
    settings = plan_of(tmp_path).settings
    assert conversion.limits(settings.strategies[0].risk) == RiskLimits()
    assert conversion.limits(settings.risk) == RiskLimits()


def test_limits_are_shown_as_they_are_written() -> None:
    limits = RiskLimits(
        max_order_notional=D("30000"),
        max_open_orders=4,
        duplicate_window_ns=90 * SECOND,
        restricted_symbols=("BBB", "CCC"),
        self_trade="reject",
    )
    assert conversion.limit_texts(limits) == {
        "max_order_notional": "30000",
        "max_open_orders": "4",
        "duplicate_window": "90s",
        "restricted_symbols": "BBB, CCC",
        "self_trade": "reject",
    }
    assert conversion.limit_texts(RiskLimits()) == {}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (top('risk: {max_drawdown_share: "1"}'), "2: risk.max_drawdown_share: must be below 1; got '1'"),
        (top("risk: {max_drawdown_share: 0}"), "2: risk.max_drawdown_share: must be above 0; got 0"),
        (top("risk: {max_orders_per_second: 0}"), "2: risk.max_orders_per_second: must be 1 or more; got 0"),
        (top("risk: {max_orders_per_second: 2.5}"), "2: risk.max_orders_per_second: must be a whole number; got 2.5"),
        (
            top("risk: {duplicate_window: 5}"),
            "2: risk.duplicate_window: must be an interval such as 5m, a whole number and a unit of ms, s, m, h or d; "
            "got 5",
        ),
        (
            top("risk: {price_collar_percent: 0.5}"),
            '2: risk.price_collar_percent: put it in quotes, "0.5": an unquoted',
        ),
        (
            top("risk: {self_trade: cancel}"),
            "2: risk.self_trade: must be one of allow, reject, hold, cancel_resting; got 'cancel'",
        ),
        (
            in_strategy("risk: {self_trade: reject}"),
            "12: strategies[0].risk.self_trade: unknown key",
        ),
        (top("risk: {restricted_symbols: AAA}"), "2: risk.restricted_symbols: must be a list; got 'AAA'"),
        (
            top("risk: {max_heat_notinal: 5}"),
            "2: risk.max_heat_notinal: unknown key; did you mean 'max_heat_notional'?",
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_place(tmp_path: Path, text: str, problem: str) -> None:
    (found,) = problems_of(tmp_path, text)
    assert found.startswith(f"config.yaml:{problem}"), found


# What needs the rest of the configuration.


def test_who_names_a_symbol_names_an_instrument(tmp_path: Path) -> None:
    text = top("risk: {restricted_symbols: [AAB, AAA]}") + "    risk: {symbols: [XYZ]}\n"
    reading = read(tmp_path, text)
    assert reading.settings is not None
    assert list(limited_symbols_are_instruments(reading.settings, reading.document)) == [
        (("risk", "restricted_symbols"), "'AAB' is no instrument; did you mean 'AAA'?"),
        (("strategies", 0, "risk", "symbols"), "'XYZ' is no instrument"),
    ]


LIVE_ACCOUNT = (
    'max_order_notional: 5000, max_exposure_equity_share: "1", max_daily_loss_notional: 300, self_trade: reject'
)
LIVE_OWN = "max_position_notional: 5000, max_order_quantity: 100"


def breaches(folder: Path, account: str, own: str, *, mode: str = "live") -> list[tuple[KeyPath, str]]:
    text = top(f"risk: {{{account}}}").replace("mode: paper", f"mode: {mode}") + f"    risk: {{{own}}}\n"
    reading = read(folder, text + strategy("other"))
    assert reading.settings is not None
    found = live_states_its_limits(reading.settings, reading.document)
    return [(path, message) for path, message in found if path != ("strategies", 1, "risk")]


def test_live_takes_no_limit_for_granted(tmp_path: Path) -> None:
    assert breaches(tmp_path, "", "") == [
        (("risk",), "mode: live needs max_order_notional; no limit is guessed"),
        (("risk",), "mode: live needs max_exposure_notional or max_exposure_equity_share; no limit is guessed"),
        (("risk",), "mode: live needs max_daily_loss_notional or max_daily_loss_equity_share; no limit is guessed"),
        (("risk",), "mode: live needs self_trade; no limit is guessed"),
        (
            ("strategies", 0, "risk"),
            "mode: live needs max_position_quantity, max_position_notional or max_position_equity_share; "
            "no limit is guessed",
        ),
        (
            ("strategies", 0, "risk"),
            "mode: live needs max_order_quantity or max_order_notional; no limit is guessed",
        ),
    ]


def test_every_strategy_needs_its_own(tmp_path: Path) -> None:
    text = top(f"risk: {{{LIVE_ACCOUNT}}}").replace("mode: paper", "mode: live") + f"    risk: {{{LIVE_OWN}}}\n"
    reading = read(tmp_path, text + strategy("other"))
    assert reading.settings is not None
    paths = [path for path, _ in live_states_its_limits(reading.settings, reading.document)]
    assert paths == [("strategies", 1, "risk")] * 2


def test_live_with_limits_is_right_and_paper_needs_none(tmp_path: Path) -> None:
    assert breaches(tmp_path, LIVE_ACCOUNT, LIVE_OWN) == []
    assert breaches(tmp_path, "", "", mode="paper") == []


@pytest.mark.parametrize("left_out", range(4))
def test_each_of_the_account_s_is_needed(tmp_path: Path, left_out: int) -> None:
    stated = LIVE_ACCOUNT.split(", ")
    missing = stated.pop(left_out).partition(":")[0]
    ((path, message),) = breaches(tmp_path, ", ".join(stated), LIVE_OWN)
    assert path == ("risk",)
    assert missing in message
