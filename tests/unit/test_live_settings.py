"""Live feeds in the config: what is asked for, the adapter that shall bring it, and every way to be wrong."""

from pathlib import Path

import pytest

from daemon.assembly import fleet_of, make_live_feed, make_market
from daemon.clock import SystemClock
from daemon.config.feed_settings import LiveFeedSettings
from daemon.errors import AdapterRefused
from daemon.feeds.adapters import load_adapter, make_adapter
from tests.config_builders import plan_of, problems_of
from tests.live.adapter import WebsocketFeed
from trading.sequencer import Offer
from trading.timestamps import MILLISECOND, MINUTE

CONFIG = """\
mode: paper
account: {currency: USD, cash: "100000"}
feed:
  kind: live
  adapter: tests.live.adapter:WebsocketFeed
  options: {url: "ws://127.0.0.1:1/stream"}
  symbols:
    BTCUSDT: {quotes: true, trades: true, bars: 1m}
instruments:
  BTCUSDT: {kind: crypto, tick_size: "0.01", lot_size: "0.00001"}
strategies:
  - id: sma
    class: "strategies.sma_cross:SmaCross"
    params: {symbol: BTCUSDT}
    capital: "25000"
"""

MINE = '''
class Mine:
    """A live feed of one's own."""

    kind = "mine"

    def __init__(self, *, offers, options, clock):
        self.offers = options.get("offers", offers)
        self.count = 1 // options.get("count", 1)

    def reference(self):
        return {"kind": self.kind}

    async def run(self, publish):
        pass

class Deaf:
    def run(self, publish):
        pass
'''


def changed(old: str, new: str) -> str:
    assert CONFIG.count(old) == 1
    return CONFIG.replace(old, new)


def mine(name: str, folder: Path, options: str = "{}") -> str:
    """The config with an adapter of a file beside it."""
    (folder / "mine.py").write_text(MINE)
    text = changed("tests.live.adapter:WebsocketFeed", f"mine.py:{name}")
    return text.replace('{url: "ws://127.0.0.1:1/stream"}', options)


def test_a_live_feed_is_made_of_what_the_config_asks_for(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, CONFIG)
    feed = make_live_feed(plan, SystemClock())
    assert isinstance(feed, WebsocketFeed)
    assert feed.offers == {"BTCUSDT": Offer(quotes=True, trades=True, bar_interval_ns=MINUTE)}
    assert feed.reference() == {
        "kind": "websocket",
        "url": "ws://127.0.0.1:1/stream",
        "streams": ["btcusdt@bookTicker", "btcusdt@trade", "btcusdt@kline_1m"],
    }
    assert make_market(plan, feed).account().cash == {"USD": plan.settings.account.cash}
    assert fleet_of(plan).strategies[0].timeframe_ns == MINUTE


def test_what_is_not_said_has_a_default(tmp_path: Path) -> None:
    feed = plan_of(tmp_path, changed(", trades: true, bars: 1m", "")).settings.feed
    assert isinstance(feed, LiveFeedSettings)
    assert (feed.bars_ns, feed.bar_grace_ns, feed.fill_empty_bars, feed.at_end) == (
        MINUTE,
        250 * MILLISECOND,
        False,
        "idle",
    )
    assert (feed.symbols["BTCUSDT"].trades, feed.symbols["BTCUSDT"].bars_ns) == (False, None)


def test_an_adapters_file_counts_from_the_configs_folder(tmp_path: Path) -> None:
    feed = make_live_feed(plan_of(tmp_path, mine("Mine", tmp_path)), SystemClock())
    assert feed.kind == "mine"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            changed("tests.live.adapter:WebsocketFeed", "tests.live.adapter"),
            "config.yaml:5: feed.adapter: 'tests.live.adapter' is no reference to a class; write package.module:Class"
            " or path/to/file.py:Class",
        ),
        (
            changed("WebsocketFeed", "WebsocketFed"),
            "config.yaml:5: feed.adapter: tests.live.adapter has no 'WebsocketFed'; its live feeds: WebsocketFeed;"
            " did you mean 'WebsocketFeed'?",
        ),
        (
            changed("tests.live.adapter:WebsocketFeed", "tests.live.frames:FrameReader"),
            "config.yaml:5: feed.adapter: tests.live.frames:FrameReader is no live feed; give it `async def run(self,"
            " publish)` and the rest of daemon.feeds.port.LiveFeed (live feeds in it: none)",
        ),
        (
            changed("tests.live.adapter:WebsocketFeed", "gone.py:Feed"),
            "config.yaml:5: feed.adapter: no file gone.py",
        ),
        (
            changed("ws://", "https://"),
            "config.yaml:6: feed.options: url 'https://127.0.0.1:1/stream' is no websocket's; it begins with ws:// or"
            " wss://",
        ),
        (
            changed("url:", "uri:"),
            "config.yaml:6: feed.options: Object contains unknown field `uri`",
        ),
        (
            changed("{quotes: true, trades: true, bars: 1m}", "{}"),
            "config.yaml:8: feed.symbols.BTCUSDT: asks for no data; write quotes: true, trades: true, or bars with an"
            " interval such as 1m",
        ),
        (
            changed("    BTCUSDT: {q", "    ETHUSDT: {trades: true}\n    BTCUSDT: {q"),
            "config.yaml:8: feed.symbols.ETHUSDT: is no instrument; add it to instruments; did you mean 'BTCUSDT'?",
        ),
        (
            changed("quotes: true", "quote: true"),
            "config.yaml:8: feed.symbols.BTCUSDT.quote: unknown key; did you mean 'quotes'?",
        ),
        (
            changed("bars: 1m", "bars: minute"),
            "config.yaml:8: feed.symbols.BTCUSDT.bars: 'minute' is not an interval; write a whole number and a unit of"
            " ms, s, m, h or d, such as 5m",
        ),
        (
            changed("kind: live", "kind: live\n  bar_grace: 1m"),
            "config.yaml:5: feed.bar_grace: 1m is as long as a bar, 1m; make it a small part of one",
        ),
        (
            changed("quotes: true, trades: true, bars: 1m", "bars: 2m"),
            "config.yaml:12: strategies[0].timeframe: 1m is no multiple of the feed's bars, 2m",
        ),
        (changed("kind: live", "kind: live\n  speed: 2"), "config.yaml:5: feed.speed: unknown key"),
    ],
)
def test_what_cannot_be_is_refused_with_its_line(text: str, problem: str, tmp_path: Path) -> None:
    assert problems_of(tmp_path, text) == [problem]


@pytest.mark.parametrize(
    ("name", "options", "problem"),
    [
        (
            "Deaf",
            "{}",
            "config.yaml:5: feed.adapter: mine.py:Deaf is no live feed; give it `async def run(self, publish)` and the"
            " rest of daemon.feeds.port.LiveFeed (live feeds in it: Mine)",
        ),
        (
            "Mine",
            "{count: 0}",
            "config.yaml:6: feed.options: the feed cannot be made: ZeroDivisionError: integer division or modulo by"
            " zero (mine.py:9)",
        ),
    ],
)
def test_an_adapter_of_ones_own_that_cannot_be_is_refused(
    name: str, options: str, problem: str, tmp_path: Path
) -> None:
    assert problems_of(tmp_path, mine(name, tmp_path, options)) == [problem]


def test_a_feed_that_would_bring_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(MINE)
    adapter = load_adapter("mine.py:Mine", tmp_path)
    asked = {"BTCUSDT": Offer(trades=True)}
    with pytest.raises(AdapterRefused, match=r"the feed would bring {}, and not what feed\.symbols ask for"):
        make_adapter(adapter, offers=asked, options={"offers": {}}, clock=SystemClock())
