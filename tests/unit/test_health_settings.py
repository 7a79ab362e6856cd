"""How long a live feed may be silent, by the config."""

from pathlib import Path

import pytest

from daemon.config.conversion import offers
from daemon.config.feed_settings import LiveFeedSettings
from daemon.config.health_conversion import silence_limits
from tests.config_builders import plan_of, problems_of
from trading.feed_news import SilenceLimit
from trading.timestamps import MILLISECOND, MINUTE, SECOND

CONFIG = """\
mode: paper
account: {currency: USD, cash: "100000"}
feed:
  kind: live
  adapter: tests.live.adapter:WebsocketFeed
  options: {url: "ws://127.0.0.1:1/stream"}
  symbols:
    BTCUSDT: {quotes: true, trades: true, bars: 1m}
    ETHUSDT: {trades: true}
instruments:
  BTCUSDT: {kind: crypto, tick_size: "0.01", lot_size: "0.00001"}
  ETHUSDT: {kind: crypto, tick_size: "0.01", lot_size: "0.00001"}
strategies:
  - id: sma
    class: "strategies.sma_cross:SmaCross"
    params: {symbol: BTCUSDT}
    capital: "25000"
"""


def with_health(text: str) -> str:
    return CONFIG.replace("  kind: live\n", f"  kind: live\n  health: {text}\n")


def limits(folder: Path, text: str) -> list[tuple[str, str, int]]:
    plan = plan_of(folder, text)
    feed = plan.settings.feed
    assert isinstance(feed, LiveFeedSettings)
    return list(map(_plain, silence_limits(feed, offers(feed, plan.instruments))))


def _plain(one: SilenceLimit) -> tuple[str, str, int]:
    return one.symbol, one.kind.value, one.limit_ns


def test_what_is_not_said_has_a_default(tmp_path: Path) -> None:
    assert limits(tmp_path, CONFIG) == [
        ("BTCUSDT", "quotes", 30 * SECOND),
        ("BTCUSDT", "trades", 180 * SECOND),
        ("BTCUSDT", "bars", 3 * (MINUTE + 250 * MILLISECOND)),
        ("ETHUSDT", "trades", 180 * SECOND),
    ]


def test_pauses_are_given_for_all_symbols_and_for_one(tmp_path: Path) -> None:
    text = with_health("{quotes: 100ms, trades: never, bars: 2m, symbols: {ETHUSDT: {trades: 4s}}}")
    assert limits(tmp_path, text) == [
        ("BTCUSDT", "quotes", 5 * SECOND),
        ("BTCUSDT", "bars", 6 * MINUTE),
        ("ETHUSDT", "trades", 12 * SECOND),
    ]
    text = with_health("{symbols: {BTCUSDT: {quotes: never, bars: never}}}")
    assert limits(tmp_path, text) == [("BTCUSDT", "trades", 180 * SECOND), ("ETHUSDT", "trades", 180 * SECOND)]


@pytest.mark.parametrize(
    ("health", "problem"),
    [
        (
            "{quotes: often}",
            "feed.health.quotes: 'often' is not an interval; write a whole number and a unit of ms, s, m, h or d,"
            " such as 5m; or never",
        ),
        (
            "{trades: 10}",
            "feed.health.trades: must be an interval such as 10s, a whole number and a unit of ms, s, m, h or d,"
            " or never; got 10",
        ),
        ("{quote: 10s}", "feed.health.quote: unknown key; did you mean 'quotes'?"),
        (
            "{symbols: {BTCUSD: {quotes: 10s}}}",
            "feed.health.symbols.BTCUSD: feed.symbols asks for nothing of it; did you mean 'BTCUSDT'?",
        ),
        (
            "{symbols: {ETHUSDT: {quotes: 10s}}}",
            "feed.health.symbols.ETHUSDT.quotes: feed.symbols.ETHUSDT does not ask for quotes",
        ),
        (
            "{symbols: {ETHUSDT: {bars: never}}}",
            "feed.health.symbols.ETHUSDT.bars: feed.symbols.ETHUSDT does not ask for bars",
        ),
    ],
)
def test_what_cannot_be_is_refused_with_its_line(health: str, problem: str, tmp_path: Path) -> None:
    assert problems_of(tmp_path, with_health(health)) == [f"config.yaml:5: {problem}"]
