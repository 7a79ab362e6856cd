"""Configurations that are wrong: each thing in its own words, with its line, and all of them at once."""

from pathlib import Path

import pytest

from daemon.config import rules
from daemon.config.problems import ConfigProblems
from daemon.config.source import state_folder
from tests.config_builders import (
    CAPITAL,
    CONFIG,
    FEED,
    INSTRUMENT,
    edited,
    in_broker,
    in_feed,
    in_strategy,
    paired,
    plan_of,
    problems_of,
    strategy,
    top,
)
from trading.money import KNOWN_QUANTA

KNOWN = f"{', '.join(KNOWN_QUANTA)}; write that of another under currencies"
GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "config"

# Files that cannot be read.


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "config.yaml: is empty or no mapping of keys; start from the config.yaml that comes with Bulkhead"),
        (
            b"# nothing\n",
            "config.yaml: is empty or no mapping of keys; start from the config.yaml that comes with Bulkhead",
        ),
        (b"- a\n", "config.yaml: is empty or no mapping of keys; start from the config.yaml that comes with Bulkhead"),
        (b"mode: \xff\n", "config.yaml: is not UTF-8 text (byte 7); save it as UTF-8"),
        (
            b"mode: paper\naccount: {currency: USD\nfeed:\n",
            "config.yaml:3: not valid YAML at column 5: while parsing a flow mapping, expected ',' or '}', but got ':'",
        ),
        (
            b"mode: paper\n\tstate: x\n",
            "config.yaml:2: not valid YAML at column 1: while scanning for the next token,"
            " found character '\\t' that cannot start any token",
        ),
        (
            b"mode: !!python/object/apply:os.system [ls]\n",
            "config.yaml:1: not valid YAML at column 7: tag:yaml.org,2002:python/object/apply:os.system"
            " is no plain value; write it without",
        ),
        (b"mode: paper\n7: x\n", "config.yaml:2: not valid YAML at column 1: a key must be text; put it in quotes"),
        (b"log: &a [*a]\n", "config.yaml:1: not valid YAML at column 6: an alias contains itself"),
        (
            b"mode: paper\n---\nmode: paper\n",
            "config.yaml:2: not valid YAML at column 1: expected a single document in"
            " the stream, but found another document",
        ),
        (b"mode: !!int many\n", "config.yaml: not valid YAML: invalid literal for int() with base 10: 'many'"),
        (b"log: " + b"[" * 3000 + b"\n", "config.yaml: not valid YAML: it is nested too deeply"),
        (b"mode: \x00\n", "config.yaml: not valid YAML at character 7: special characters are not allowed"),
    ],
)
def test_a_file_that_is_no_configuration_is_refused(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigProblems) as caught:
        state_folder(path, {})
    assert str(caught.value).replace(f"{tmp_path}/", "").splitlines()[0] == message


def test_a_file_that_is_not_there_or_is_a_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigProblems, match=r"gone\.yaml: no such file; name one with -c, or copy the config\.yaml"):
        state_folder(tmp_path / "gone.yaml", {})
    with pytest.raises(ConfigProblems, match=f"{tmp_path}: is a directory; name the file in it"):
        state_folder(tmp_path, {})


# One thing wrong, one message.

SHAPE = [
    (edited("mode: paper", "mode: papr"), "1: mode: must be one of paper, live; got 'papr'"),
    (top("mode: paper"), "2: mode: stands twice; first on line 1"),
    (top("moed: x"), "2: moed: unknown key; did you mean 'mode'?"),
    (top("zzz: x"), "2: zzz: unknown key"),
    (top("log:"), "2: log: must be a mapping of keys to values; got nothing"),
    (top("state: 3"), "2: state: must be a path; got 3"),
    (top("journal: {segment_bytes: 10}"), "2: journal.segment_bytes: must be 65536 or more; got 10"),
    (top("watchdog: {stall_seconds: 0}"), "2: watchdog.stall_seconds: must be above 0; got 0"),
    (top("risk: {sizing: {kind: fixed}}"), "2: risk.sizing: unknown key"),
    (edited('cash: "100000"', "cash: 0.5"),
     '2: account.cash: put it in quotes, "0.5": an unquoted number with a point is not exact'),
    (edited('cash: "100000"', "cash: -5"), "2: account.cash: must be above 0; got -5"),
    (edited('cash: "100000"', "cash: lots"), "2: account.cash: must be a number; got 'lots'"),
    (edited('cash: "100000"', "cash: nan"), "2: account.cash: must be a finite number; got 'nan'"),
    (edited('cash: "100000"', "cash: 1e19"), "2: account.cash: must be a number of at most 18 digits; got '1e19'"),
    (edited('cash: "100000"', 'cash: "1.234567890123456789"'),
     "2: account.cash: must be a number of at most 18 digits; got '1.234567890123456789'"),
    (edited('cash: "100000"', "cash: true"),
     "2: account.cash: must be a number, in quotes when it has a point; got true"),
    (edited(', cash: "100000"', ""),
     '2: account.cash: is missing (cash that the account begins with, such as "100000", or {USD: "100000", BNB: "5"})'),
    (edited("currency: USD", "currency: usd"),
     "2: account.currency: must be a currency's code such as USD; got 'usd'"),
    (edited("kind: synthetic", "kind: websocket"),
     "4: feed.kind: must be one of synthetic, file, live; got 'websocket'"),
    (in_feed("every: 5"),
     "5: feed.every: must be an interval such as 5m, a whole number and a unit of ms, s, m, h or d; got 5"),
    (in_feed("every: 5 min"),
     "5: feed.every: '5 min' is not an interval; write a whole number and a unit of ms, s, m, h or d, such as 5m"),
    (in_feed("start: noon"), "5: feed.start: must be a date and time such as 2026-01-05T14:30:00Z; got 'noon'"),
    (in_feed("start: 2026-01-05T14:30:00"),
     "5: feed.start: has no time zone; append Z for UTC; got '2026-01-05T14:30:00'"),
    (in_feed("data: quotes"), "5: feed.data: must be a list; got 'quotes'"),
    (in_feed("data: []"), "5: feed.data: must not be empty"),
    (in_feed("data:\n  - quotes\n  - tardes"), "7: feed.data[1]: must be one of quotes, trades, bars; got 'tardes'"),
    (in_feed("speed: fast"), "5: feed.speed: must be a number above zero, or max; got 'fast'"),
    (in_feed("fill_empty_bars: 1"), "5: feed.fill_empty_bars: must be true or false; got 1"),
    (edited('{price: "100"}', "{}"), "6: feed.symbols.AAA.price: is missing (first price)"),
    (edited('{price: "100"}', '{price: "100", spread_tics: 1}'),
     "6: feed.symbols.AAA.spread_tics: unknown key; did you mean 'spread_ticks'?"),
    (edited("{kind: simulated}", "{}"), "7: broker.kind: is missing"),
    (edited("{kind: simulated}", "{kind: ccxt}"),
     "7: broker.kind: must be one of simulated, passthrough, plain; got 'ccxt'"),
    (edited("{kind: simulated}", "simulated"), "7: broker: must be a mapping of keys to values; got 'simulated'"),
    (in_broker("comission: x"), "7: broker.comission: unknown key; did you mean 'commission'?"),
    (in_broker("commission: {kind: percent, precent: 1, percent: 1}"),
     "7: broker.commission.precent: unknown key; did you mean 'percent'?"),
    (in_broker('commission: {kind: percent, percent: "100"}'),
     "7: broker.commission.percent: must be below 100; got 100"),
    (in_broker('commission: {kind: per_share, rate: "-0.01"}'),
     "7: broker.commission.rate: must be 0 or more; got '-0.01'"),
    (in_broker("slippage: {kind: fixed, ticks: 0}"), "7: broker.slippage.ticks: must be 1 or more; got 0"),
    (in_broker("slippage: {kind: fixd, ticks: 1}"),
     "7: broker.slippage.kind: must be one of none, fixed, basis_points, volume_share, spread_share, square_root;"
     " got 'fixd'"),
    (in_broker("commission: cheap"), "7: broker.commission: must be a mapping of keys to values; got 'cheap'"),
    (in_broker("commission: []"), "7: broker.commission: must not be empty; write kind: none, or leave it out"),
    (in_broker("commission: {rate: 1}"), "7: broker.commission.kind: is missing"),
    (in_broker("commission: {kind: per_share}"),
     "7: broker.commission.rate: is missing (charge per unit, in the fee's currency)"),
    (in_broker("commission: [{kind: per_trade, amount: 1}, {kind: per_dollar}]"),
     "7: broker.commission[1].kind: must be one of none, per_share, per_trade, per_contract, percent, maker_taker,"
     " tiered; got 'per_dollar'"),
    (in_broker("commission: [{kind: per_trade, amount: 1}, {kind: percent, precent: 1, percent: 1}]"),
     "7: broker.commission[1].precent: unknown key; did you mean 'percent'?"),
    (in_broker("commission: {kind: per_trade, amount: 1, currency: usd}"),
     "7: broker.commission.currency: must be quote, base or a currency's code such as USD; got 'usd'"),
    (in_broker("commission: {kind: percent, percent: 1, currency: EUR}"),
     "7: broker.commission.currency: must be one of quote, base; got 'EUR'"),
    (in_broker("commission: {kind: percent, percent: 1, rounding: nearest}"),
     "7: broker.commission.rounding: must be one of half_up, half_even, up, down; got 'nearest'"),
    (in_broker("commission: {kind: maker_taker, maker_percent: -100, taker_percent: 1}"),
     "7: broker.commission.maker_percent: must be above -100; got -100"),
    (in_broker("commission: {kind: maker_taker, maker_percent: 1, taker_percent: -1}"),
     "7: broker.commission.taker_percent: must be 0 or more; got -1"),
    (in_broker("commission: {kind: tiered, tiers: []}"),
     "7: broker.commission.tiers: must not be empty; write a tier that begins at 0"),
    (in_broker("commission: {kind: tiered, tiers: [{turnover: 0, maker_percent: 1, taker_percent: 100}]}"),
     "7: broker.commission.tiers[0].taker_percent: must be below 100; got 100"),
    (in_broker("slippage: {kind: basis_points, basis_points: 10000}"),
     "7: broker.slippage.basis_points: must be below 10000; got 10000"),
    (in_broker("slippage: {kind: volume_share, impact_percent: 0}"),
     "7: broker.slippage.impact_percent: must be above 0; got 0"),
    (in_broker("slippage: [{kind: fixed, ticks: 1}, {kind: spread_share, share: -1}]"),
     "7: broker.slippage[1].share: must be above 0; got -1"),
    (edited('tick_size: "0.01"', "tick_size: 0"), "9: instruments.AAA.tick_size: must be above 0; got 0"),
    (edited("kind: equity", "kind: stock"),
     "9: instruments.AAA.kind: must be one of equity, fx, crypto, future, perpetual; got 'stock'"),
    (edited("id: sma-aaa", "id: SMA"),
     "11: strategies[0].id: must be at most 39 small letters, digits and hyphens, a letter or digit first; got"
     " 'SMA'"),
    (edited("id: sma-aaa", "id: 7"),
     "11: strategies[0].id: must be text, in quotes where it looks like a number; got 7"),
    (in_strategy("isolaton: task"), "12: strategies[0].isolaton: unknown key; did you mean 'isolation'?"),
    (in_strategy("isolation: proces"),
     "12: strategies[0].isolation: must be one of process, task, thread; got 'proces'"),
    (in_strategy("warmup: 1.5"), "12: strategies[0].warmup: must be a whole number; got 1.5"),
    (in_strategy("risk:\n      sizing: {kind: equity_share, share: 0}"),
     "13: strategies[0].risk.sizing.share: must be above 0; got 0"),
    (in_strategy("risk: {max_order_quantities: 1}"),
     "12: strategies[0].risk.max_order_quantities: unknown key; did you mean 'max_order_quantity'?"),
    (edited(CAPITAL, ""),
     "11: strategies[0].capital: is missing (its part of the account's cash, such as \"25000\", or by currency as"
     " there)"),
    (CONFIG + "  - sma\n", "15: strategies[1]: must be a mapping of keys to values; got 'sma'"),
]  # fmt: skip

SENSE = [
    (in_strategy("isolation: thread"),
     "12: strategies[0].isolation: the thread host is not built yet; use isolation: process,"
     " or task for a strategy that you trust"),
    (CONFIG + strategy("sma-aaa"),
     "15: strategies[1].id: 'sma-aaa' stands twice; give each strategy an id of its own"),
    (CONFIG + strategy("unallocated"),
     "15: strategies[1].id: 'unallocated' is the ledger's book of what is no strategy's; take another"),
    (CONFIG + strategy("two", capital="75000.01"),
     "10: strategies: their capital adds up to 100000.01 USD, 0.01 above the account's cash of 100000; lower it there"),
    (edited('cash: "100000"', 'cash: "100000.001"'),
     "2: account.cash: 100000.001 is no whole number of the smallest unit of USD, 0.01"),
    (edited(CAPITAL, CAPITAL.replace("25000", "25000.005")),
     "14: strategies[0].capital: 25000.005 is no whole number of the smallest unit of USD, 0.01"),
    (edited("kind: equity", "kind: equity, currency: EUR"),
     "9: instruments.AAA.currency: nothing converts EUR into the account's USD; add the pair to instruments: base: EUR"
     " with currency: USD, or the other way round"),
    (edited(INSTRUMENT, INSTRUMENT + INSTRUMENT.replace("AAA", "AAB")),
     "10: instruments.AAB: the feed brings no data of it; add it to feed.symbols; did you mean 'AAA'?"),
    (edited(FEED, FEED + FEED.replace("AAA", "XYZ")),
     "7: feed.symbols.XYZ: is no instrument; add it to instruments"),
    (edited('"1"}', '"1", min_quantity: "0.5"}'),
     "9: instruments.AAA.min_quantity: 0.5 is no whole number of lots of 1"),
    (edited('"100"}', '"100.005"}'), "6: feed.symbols.AAA.price: 100.005 is no whole number of ticks of 0.01"),
    (edited('"100"}', '"1", spread_ticks: 200}'),
     "6: feed.symbols.AAA.spread_ticks: 200 ticks leave no bid above zero at a price of 1"),
    (edited('"100"}', '"1", volatility_ticks: 101}'),
     "6: feed.symbols.AAA.volatility_ticks: 101 ticks are more than the price of 1"),
    (in_broker("slippage: {kind: fixed, ticks: 10000}"),
     "7: broker.slippage.ticks: 10000 ticks of AAA are all of its first price, 100"),
    (in_broker("slippage: [{kind: fixed, ticks: 5000}, {kind: fixed, ticks: 5000}]"),
     "7: broker.slippage[1].ticks: 10000 ticks of AAA are all of its first price, 100"),
    (in_broker("slippage: [{kind: fixed, ticks: 1}, {kind: none}]"),
     "7: broker.slippage[1].kind: none stands beside others; leave it or them out"),
    (in_broker("commission: [{kind: none}, {kind: per_trade, amount: 1}]"),
     "7: broker.commission[0].kind: none stands beside others; leave it or them out"),
    (in_broker('slippage: {kind: spread_share, share: "0.5"}').replace(
        "kind: synthetic", "kind: synthetic\n  data: [trades]"),
     "8: broker.slippage.kind: the feed brings no quotes, so there is no spread; write another kind of slippage"),
    (in_broker("commission: {kind: per_trade, amount: 1, currency: UDS}"),
     f"7: broker.commission.currency: the smallest unit of UDS is not known; did you mean 'USD'?; known: {KNOWN}"),
    (in_broker("commission: {kind: percent, percent: 1, currency: base}"),
     "7: broker.commission.currency: AAA: no base is named; write instruments.AAA.base, or quote here"),
    (in_broker("commission: [{kind: per_trade, amount: 1, currency: base}, {kind: percent, percent: 1}]"),
     "7: broker.commission[0].currency: AAA: no base is named; write instruments.AAA.base, or quote here"),
    (paired(in_broker("commission: {kind: per_share, rate: 1, cap_percent: 1, currency: EUR}"), "EUR"),
     "8: broker.commission.cap_percent: no percentage of a trade of AAA is an amount of EUR; write maximum instead,"
     " or currency: quote"),
    (paired(in_broker("commission: [{kind: percent, percent: 1}, {kind: per_trade, amount: 1, currency: EUR}]"), "EUR"),
     "8: broker.commission[1].currency: charges AAA in EUR, and broker.commission[0] in USD; a fill has one fee, so"
     " write the same currency for both"),
    (in_broker("commission: {kind: percent, percent: 1, minimum: 2, maximum: 1}"),
     "7: broker.commission.maximum: 1 is below the minimum, 2; raise it or lower that"),
    (in_broker('commission: {kind: per_contract, rate: 1, minimum: "0.005"}'),
     "7: broker.commission.minimum: 0.005 is no whole number of the smallest unit of USD, 0.01"),
    (paired(in_broker('commission: {kind: per_share, rate: 1, maximum: "1.5", currency: JPY}'), "JPY"),
     "8: broker.commission.maximum: 1.5 is no whole number of the smallest unit of JPY, 1"),
    (in_broker("commission: {kind: tiered, tiers: [{turnover: 1, maker_percent: 0, taker_percent: 1}]}"),
     "7: broker.commission.tiers[0].turnover: 1 leaves smaller turnovers without a tier; begin the first at 0"),
    (in_broker("commission: {kind: tiered, tiers: [{turnover: 0, maker_percent: 0, taker_percent: 2},"
               " {turnover: 0, maker_percent: 0, taker_percent: 1}]}"),
     "7: broker.commission.tiers[1].turnover: 0 is not above 0 of the tier before; write them rising"),
    (edited("kind: equity", "kind: equity, base: EUR"),
     "9: instruments.AAA.base: an equity has none; leave it out, or write kind: fx or crypto"),
    (edited("kind: equity", "kind: fx, base: USD"),
     "9: instruments.AAA.base: USD is the currency that it is priced in; write the one that is traded"),
    (edited("kind: equity", "kind: crypto, base: SOL"),
     f"9: instruments.AAA.base: the smallest unit of SOL is not known; known: {KNOWN}"),
    (top('risk: {max_order_quantity: "0.5"}'),
     "10: instruments.AAA.lot_size: 1 is above risk.max_order_quantity, 0.5, so that no order could be; lower it or"
     " raise that"),
    (edited('"1"}', '"1", min_quantity: 5}').replace("mode: paper", "mode: paper\nrisk: {max_position_quantity: 4}"),
     "10: instruments.AAA.min_quantity: 5 is above risk.max_position_quantity, 4, so that no order could be; lower it"
     " or raise that"),
    (edited('"1"}', '"1", min_notional: 500}').replace("mode: paper", "mode: paper\nrisk: {max_order_notional: 400}"),
     "10: instruments.AAA.min_notional: 500 is above risk.max_order_notional, 400, so that no order could be; lower it"
     " or raise that"),
    (in_feed("duration: 500ms"), "5: feed.duration: 500ms is shorter than feed.every, so nothing would happen"),
    (
        in_feed("duration: 100000d"),
        "5: feed.duration: the market would go on past the last time that there is, 2262-04-11T23:47:16.854775807Z",
    ),
    (in_feed("data: [bars]\n  every: 7s"), "3: feed.bars: 1m is no multiple of feed.every, 7s"),
    (in_feed("data: [bars]\n  bars: 1h"),
     "3: feed.start: 2026-01-05T14:30:00Z is within a bar of 1h; start at a whole one"),
    (CONFIG + strategy("sma-1410") + strategy("sma-1971"),
     "16: strategies[2].id: 'sma-1971' and 'sma-1410' have the same tag in client order ids; change one of the two"),
]  # fmt: skip

DESCRIBED = [
    (edited("strategies.sma_cross:", "strategies.sma_crss:"),
     "12: strategies[0].class: no module 'strategies.sma_crss'; for a file write path/to/file.py:Class; did you"
     " mean 'sma_cross'?"),
    (edited(":SmaCross", ":SmaCros"),
     "12: strategies[0].class: strategies.sma_cross has no 'SmaCros'; its strategies: SmaCross; did you mean"
     " 'SmaCross'?"),
    (edited("fast: 10", "fats: 10"),
     "13: strategies[0].params.fats: no such parameter; it has symbol, fast, slow, quantity; did you mean 'fast'?"),
    (edited("fast: 10", "fast: ten"), "13: strategies[0].params.fast: Expected int, got str ('ten')"),
    (edited("symbol: AAA, ", ""), "13: strategies[0].params.symbol: is missing"),
    (edited("symbol: AAA, ", "symbol: AAB, "),
     "13: strategies[0].params.symbol: 'AAB' is no instrument; add it to instruments; did you mean 'AAA'?"),
    (edited(":SmaCross", ":Quiet"),
     "12: strategies[0].class: strategies.sma_cross has no 'Quiet'; its strategies: SmaCross"),
]  # fmt: skip


ROWS = [*SHAPE, *SENSE, *DESCRIBED]


@pytest.mark.parametrize(("text", "message"), ROWS, ids=[message for _, message in ROWS])
def test_one_thing_wrong_is_one_message_with_its_line(text: str, message: str, tmp_path: Path) -> None:
    assert problems_of(tmp_path, text) == [f"config.yaml:{message}"]


def test_what_is_wrong_in_a_variable_is_told_with_its_name(tmp_path: Path) -> None:
    environ = {
        "BULKHEAD_FEED__SEDE": "9",
        "BULKHEAD_FEED__SPEED": "0",
        "BULKHEAD_ACCOUNT__CASH": "-0.5",
        "BULKHEAD_MODE__X": "1",
        "BULKHEAD_STRATEGIES__7__CAPITAL": "1",
        "BULKHEAD_LOG__LEVEL": "[",
    }
    assert problems_of(tmp_path, CONFIG, environ) == [
        "BULKHEAD_ACCOUNT__CASH: account.cash: must be above 0; got -0.5",
        "BULKHEAD_FEED__SEDE: feed.sede: unknown key; did you mean 'seed'?",
        "BULKHEAD_FEED__SPEED: feed.speed: must be a number above zero, or max; got 0",
        "BULKHEAD_LOG__LEVEL: log.level: not valid YAML at column 2: while parsing a flow node, expected the node"
        " content, but found '<stream end>'",
        "BULKHEAD_MODE__X: mode is no mapping, and has no 'x'",
        "BULKHEAD_STRATEGIES__7__CAPITAL: strategies has no entry '7'; it has sma-aaa",
    ]


# Strategies that fit their class but not this configuration.

OWN = """
from trading.strategy import Strategy

class Bars(Strategy):
    symbol: str
    timeframe: str

    def start(self):
        self.subscribe(self.symbol, bars=self.timeframe)

class Basket(Strategy):
    symbols: tuple[str, ...]

    def on_trade(self, trade):
        pass

class Quiet(Strategy):
    pass
"""


def with_own(folder: Path, cls: str, params: str, feed: str) -> list[str]:
    (folder / "own.py").write_text(OWN)
    text = edited("    params: {symbol: AAA, fast: 10}\n", f"    params: {params}\n").replace(
        "strategies.sma_cross:SmaCross", f"own.py:{cls}"
    )
    return problems_of(folder, text.replace("  kind: synthetic\n", f"  kind: synthetic\n  data: {feed}\n"))


def test_bars_of_a_feed_that_brings_only_bars_are_whole_multiples_of_them(tmp_path: Path) -> None:
    assert with_own(tmp_path, "Bars", "{symbol: AAA, timeframe: 90s}", "[bars]") == [
        "config.yaml:13: strategies[0].class: start() subscribes to bars that cannot be:"
        " 90s is no multiple of the feed's bars, 1m"
    ]
    text = in_strategy("timeframe: 90s").replace("synthetic\n", "synthetic\n  data: [bars]\n")
    assert problems_of(tmp_path, text) == [
        "config.yaml:13: strategies[0].timeframe: 90s is no multiple of the feed's bars, 1m"
    ]
    plan_of(tmp_path, in_strategy("timeframe: 90s"))


def test_every_symbol_of_a_list_is_looked_up_and_named_by_its_parameter(tmp_path: Path) -> None:
    assert with_own(tmp_path, "Basket", "{symbols: [AAA, AAB, ZZZ]}", "[quotes, trades]") == [
        "config.yaml:14: strategies[0].params.symbols: 'AAB' is no instrument; add it to instruments;"
        " did you mean 'AAA'?",
        "config.yaml:14: strategies[0].params.symbols: 'ZZZ' is no instrument; add it to instruments",
    ]


def test_a_strategy_that_would_never_hear_anything_is_refused(tmp_path: Path) -> None:
    assert with_own(tmp_path, "Basket", "{symbols: [AAA]}", "[quotes]") == [
        "config.yaml:13: strategies[0].class: hears only trades, which the feed does not bring; add them to feed.data"
    ]
    assert with_own(tmp_path, "Quiet", "{}", "[quotes]") == [
        "config.yaml:13: strategies[0].class: subscribes to nothing and schedules nothing;"
        " give it a parameter `symbol`, or call subscribe()"
    ]


def test_a_socket_path_that_is_too_long_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    state = "/" + "x" * 100
    assert problems_of(tmp_path, top(f"state: {state}")) == [
        f"config.yaml:2: state: the socket's path {state}/bulkhead.sock has 115 bytes; a Unix socket's may have 107;"
        " give `state` a path shorter by 8 bytes or more"
    ]


def test_an_unknown_currency_is_refused_with_those_that_are_known(tmp_path: Path) -> None:
    (problem,) = problems_of(tmp_path, edited("currency: USD", "currency: UDS"))
    assert problem.startswith(
        "config.yaml:2: account.currency: the smallest unit of UDS is not known; did you mean 'USD'?; known: USD, EUR,"
    )


# All at once.


def test_everything_wrong_in_a_file_is_told_at_once_in_its_order(tmp_path: Path) -> None:
    told = problems_of(tmp_path, (GOLDEN / "wrong.yaml").read_text(), {"BULKHEAD_FEED__SPEED": "-1"})
    assert told == (GOLDEN / "wrong.txt").read_text().splitlines()


def test_a_wrong_entry_hides_no_other_and_makes_none_up(tmp_path: Path) -> None:
    text = edited(INSTRUMENT, INSTRUMENT.replace('tick_size: "0.01"', "tick_size: 0.01"))
    text = text.replace("  - id: sma-aaa\n", "  - 7\n  - id: sma-aaa\n").replace("fast: 10", "fats: 10")
    assert problems_of(tmp_path, text) == [
        'config.yaml:9: instruments.AAA.tick_size: put it in quotes, "0.01": an unquoted number with a point is not'
        " exact",
        "config.yaml:11: strategies[0]: must be a mapping of keys to values; got 7",
        "config.yaml:14: strategies[1].params.fats: no such parameter; it has symbol, fast, slow, quantity;"
        " did you mean 'fast'?",
    ]


def test_without_an_account_the_shape_alone_is_told(tmp_path: Path) -> None:
    text = edited('account: {currency: USD, cash: "100000"}\n', "").replace("SmaCross", "Nothing")
    assert problems_of(tmp_path, text) == ["config.yaml:1: account: is missing (currency and cash of the account)"]


def test_the_rules_are_a_table_and_each_says_what_must_hold() -> None:
    assert all(rule.__doc__ for rule in rules.RULES)
