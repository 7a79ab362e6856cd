"""What the command line asks for beside a config: laid over it, and told by the option where it does not fit."""

from pathlib import Path
from typing import Any

import pytest

from daemon.config.feed_settings import FileFeedSettings, SyntheticFeedSettings
from daemon.config.settings import Settings
from tests.backtest_builders import (
    AAA_BARS,
    BEGIN_NS,
    asked,
    backtested,
    closes,
    config,
    fed,
    minutes,
    quotes,
    refused,
    strategy,
)
from tests.config_builders import CONFIG, edited
from tests.config_builders import strategy as another
from tests.market_files import write
from trading.timestamps import DAY, MINUTE

SMA = strategy("sma", "strategies.sma_cross:SmaCross", symbol="AAA", fast=2, slow=4)
HOLD = strategy("hold", "strategies.buy_and_hold:BuyAndHold", symbol="AAA", quantity="5")
LIVE = """\
mode: live
account: {currency: USD, cash: "100000"}
feed:
  kind: live
  adapter: "tests.live.adapter:WebsocketFeed"
  options: {url: "ws://127.0.0.1:1"}
  bars: 5m
  symbols: {AAA: {quotes: true}}
broker: {kind: plain, url: "https://127.0.0.1:1", credentials: secret.json, dead_man: 60s}
instruments: {AAA: {kind: equity, tick_size: "0.01", lot_size: "1"}}
risk: {max_order_notional: "30000", max_exposure_notional: "90000", max_daily_loss_notional: "900", self_trade: reject}
"""
LIVE_SMA = SMA.replace("capital", "risk: {max_position_quantity: 500, max_order_quantity: 500}, capital")


def settings_of(folder: Path, text: str, **wishes: Any) -> Settings:
    return asked(folder, text, **wishes).settings


# What does not fit.

TABLE = [
    pytest.param(
        {"strategies": ("smo",)},
        ["--strategy smo: there is no such strategy; there are sma, hold; did you mean 'sma'?"],
        id="a strategy that is not there",
    ),
    pytest.param(
        {"settings": ("strategies.sma.param.fast=5",)},
        ["--set strategies.sma.param.fast=5: strategies[0].param: unknown key; did you mean 'params'?"],
        id="an unknown key in the middle",
    ),
    pytest.param(
        {"settings": ("strategies.smo.params.fast=5",)},
        [
            "--set strategies.smo.params.fast=5: strategies has no entry 'smo'; it has sma, hold; did you mean 'sma'?",
        ],
        id="an entry that is not there",
    ),
    pytest.param(
        {"settings": ("strategies.sma.params.fats=5", "fed.start=3")},
        [
            "--set fed.start=3: fed: unknown key; did you mean 'feed'?",
            "--set strategies.sma.params.fats=5: strategies[0].params.fats: no such parameter; it has symbol, fast,"
            " slow, quantity; did you mean 'fast'?",
        ],
        id="two unknown keys",
    ),
    pytest.param(
        {"settings": ("strategies.sma.timeframe=7q",)},
        [
            "--set strategies.sma.timeframe=7q: strategies[0].timeframe: '7q' is not an interval; write a whole number"
            " and a unit of ms, s, m, h or d, such as 5m"
        ],
        id="a timeframe that is none",
    ),
    pytest.param(
        {"settings": ("strategies.sma.timeframe=90s",)},
        ["--set strategies.sma.timeframe=90s: strategies[0].timeframe: 90s is no multiple of the feed's bars, 1m"],
        id="a timeframe that cannot be built",
    ),
    pytest.param(
        {"settings": ("nothing",)},
        ["--set nothing: is no setting; write key=value, such as strategies.sma.params.fast=5"],
        id="no setting",
    ),
    pytest.param(
        {"settings": ("mode=live",)},
        ["--set mode=live: a backtest reaches no venue, whatever the mode; leave it out"],
        id="a mode",
    ),
    pytest.param(
        {"settings": ("account.currency.code=EUR",)},
        ["--set account.currency.code=EUR: account.currency is no mapping, and has no 'code'"],
        id="a key of no mapping",
    ),
    pytest.param(
        {"start_ns": minutes(5), "end_ns": minutes(5)},
        [
            "the window is empty: it begins 2026-01-05T15:05:00Z, by --from, and ends 2026-01-05T15:05:00Z, by --to",
            "set an earlier --from or a later --to",
        ],
        id="an end that is not after the begin",
    ),
    pytest.param(
        {"settings": ("feed.start=2026-01-05T15:04:00Z",), "end_ns": minutes(3)},
        [
            "the window is empty: it begins 2026-01-05T15:04:00Z, by feed.start, and ends 2026-01-05T15:03:00Z,"
            " by --to",
            "set an earlier --from or a later --to",
        ],
        id="an end before the config's begin",
    ),
    pytest.param(
        {"settings": ("feed.start=2026-01-05T15:04:00Z", "feed.end=2026-01-05T15:03:00Z")},
        [
            "--set feed.end=2026-01-05T15:03:00Z: feed.end: 2026-01-05T15:03:00Z is not after the start,"
            " 2026-01-05T15:04:00Z"
        ],
        id="both of the config",
    ),
    pytest.param(
        {"part": "train"},
        [
            "--part train: the config has no backtest.split",
            "write one under backtest, such as split: {train: 0.7, embargo: 1d}",
        ],
        id="a part without a split",
    ),
    pytest.param(
        {"part": "test", "settings": ("backtest.split.train=0.7",)},
        [
            "--part test: the window is open, as it has no begin and no end",
            "name both ends, with --from and --to or with feed.start and feed.end",
        ],
        id="a part of an open window",
    ),
    pytest.param(
        {"part": "test", "settings": ("backtest.split.train=0.7",), "start_ns": BEGIN_NS},
        [
            "--part test: the window is open, as it has no end",
            "name both ends, with --from and --to or with feed.start and feed.end",
        ],
        id="a part of a window without end",
    ),
    pytest.param(
        {
            "part": "train",
            "settings": ("backtest.split={train: 0.7, embargo: 1d}",),
            "start_ns": BEGIN_NS,
            "end_ns": minutes(8),
        },
        [
            "--part train: the embargo ends 2026-01-06T15:05:36Z, and the window 2026-01-05T15:08:00Z: no test is left",
            "make the window longer, or the embargo shorter",
        ],
        id="an embargo that leaves nothing",
    ),
    pytest.param(
        {"settings": ("backtest.split.train=1.5", "backtest.on_error=wait", "backtest.closeout=none")},
        [
            "--set backtest.closeout=none: backtest.closeout: unknown key; did you mean 'close_out'?",
            "--set backtest.on_error=wait: backtest.on_error: must be one of stop, go_on; got 'wait'",
            "--set backtest.split.train=1.5: backtest.split.train: must be below 1; got 1.5",
        ],
        id="settings of the backtest itself",
    ),
    pytest.param(
        {"settings": ("strategies.sma.warmup=5",), "start_ns": minutes(3)},
        [
            "config.yaml:10: strategies[0]: warms up with 5 bars of 1m of AAA before 2026-01-05T15:03:00Z, and the rows"
            " begin at 2026-01-05T15:00:00Z, which gives 3; set --from to 2026-01-05T15:05:00Z or later, add a file"
            " with earlier rows, or ask for a shorter warm-up",
        ],
        id="a warm-up that is too short",
    ),
]


@pytest.mark.parametrize(("wishes", "told"), TABLE)
def test_what_does_not_fit_is_told_by_its_option(wishes: dict[str, Any], told: list[str], tmp_path: Path) -> None:
    closes(tmp_path, *range(100, 110))
    assert refused(tmp_path, config(SMA, HOLD), **wishes) == told


BARS = "data=bars,interval=1m,stamp=close"
FILES = [
    pytest.param("nothere.csv", "there is no such file; correct the path, which counts from here", id="no file"),
    pytest.param(
        "nothere,data=bars",
        "there is no such file or folder; correct the path, which counts from here, or fill a catalogue of that name"
        " first: bulkhead data import FILE... --catalogue nothere",
        id="no catalogue",
    ),
    pytest.param("n" * 300, "there is no such file or folder; ", id="a name that no file can have"),
    pytest.param(
        "missing.csv," + BARS,
        "feed.files[0].columns.close: no column has a usual name of it (close); its columns are time, open, high, low",
        id="a missing column",
    ),
    pytest.param("unordered.csv," + BARS, "feed.files[0]: row 2 (line 3) of unordered.csv: time", id="unordered rows"),
    pytest.param("empty.csv," + BARS, "feed.files[0].path: empty.csv has no rows", id="no rows"),
    pytest.param(
        "corrupt.parquet," + BARS,
        "feed.files[0].path: {0}/corrupt.parquet: is no whole Parquet file: ",
        id="a corrupt file",
    ),
    pytest.param("aaa.csv", "feed.files[0].data: is missing (what its rows are: quotes, trades or bars)", id="no kind"),
    pytest.param("aaa.csv,data=bras", "feed.files[0].data: must be one of quotes, trades, bars; got 'bras'", id="typo"),
    pytest.param("aaa.csv,bars", "'bars' is no key of a file; write key=value, such as symbol=SPY", id="no key"),
    pytest.param(f"aaa.csv,{BARS},symbol=AAB", "feed.files[0].symbol: 'AAB' is no instrument; add it", id="symbol"),
    pytest.param(f"aaa.csv,{BARS},symbols=[AAB,AAC]", "feed.files[0].symbols: 'AAB' is no instrument", id="symbols"),
    pytest.param(f"aaa.csv,{BARS},symbols=[AAA", "feed.files[0].symbols: must be a list; got '[AAA'", id="half a list"),
    pytest.param(f"aaa.csv,{BARS},symbols=[AAA: [}}]", "symbols: not valid YAML at column ", id="what is no list"),
    pytest.param(f"aaa.csv,{BARS},columns={{a: b: c}}", "columns: not valid YAML at column ", id="what is no mapping"),
    pytest.param(f"aaa.csv,{BARS},columns={{clse: x}}", "feed.files[0].columns.clse: ", id="a column of nothing"),
]


@pytest.mark.parametrize(("given", "told"), FILES)
@pytest.mark.parametrize("text", [config(SMA), CONFIG, LIVE + "strategies:\n" + LIVE_SMA], ids=["file", "seed", "live"])
def test_what_is_wrong_with_a_file_is_told_by_the_option_that_names_it(
    given: str, told: str, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    lines = closes(tmp_path, *range(100, 110)).read_text().splitlines()
    write(tmp_path / "missing.csv", "\n".join(line.rsplit(",", 2)[0] for line in lines))
    write(tmp_path / "unordered.csv", "\n".join([lines[0], lines[5], lines[3], *lines[6:]]))
    write(tmp_path / "empty.csv", lines[0] + "\n")
    write(tmp_path / "corrupt.parquet", b"PAR1" + b"\0" * 200 + b"PAR1")
    wishes: dict[str, Any] = {"data": (given,)}
    if "plain" in text:
        wishes["settings"] = ("backtest.broker={kind: simulated}",)
    told_of = [line for line in refused(tmp_path, text, **wishes) if line.startswith(f"--data {given}: ")]
    assert any(told.format(tmp_path).replace(f"{tmp_path}/", "") in line for line in told_of), told_of


def test_files_that_overlap_are_told_by_their_names(tmp_path: Path) -> None:
    closes(tmp_path, *range(100, 110))
    closes(tmp_path, *range(100, 105), name="more.csv")
    given = tuple(f"{tmp_path / name},{BARS}" for name in ("aaa.csv", "more.csv"))
    assert refused(tmp_path, config(SMA), data=given) == [
        "aaa.csv and more.csv both have bars of AAA from 2026-01-05T15:01:00Z on",
        "name one of them, or cut one off",
    ]


def test_a_live_feed_and_a_venue_are_no_place_for_a_backtest(tmp_path: Path) -> None:
    text = LIVE + "strategies:\n" + LIVE_SMA
    assert refused(tmp_path, text) == [
        "config.yaml:4: feed.kind: has no past; name files with --data, or another feed under `backtest.feed`",
        "config.yaml:9: broker.kind: is a venue; say under `backtest.broker` what its market charges,"
        " such as {kind: simulated}",
    ]
    closes(tmp_path, *range(100, 110))
    (told,) = refused(tmp_path, text, data=(f"{tmp_path}/aaa.csv,{BARS}",))
    assert "broker.kind" in told


# What it makes of the config.


def test_a_live_config_is_backtested_on_files_at_a_simulated_market(tmp_path: Path) -> None:
    closes(tmp_path, *range(100, 110))
    own = "backtest:\n  broker: {kind: simulated, commission: {kind: per_trade, amount: 1}}\n"
    entry = LIVE_SMA.replace('"20000"', '"20000", timeframe: 1m')
    result = backtested(asked(tmp_path, LIVE + own + "strategies:\n" + entry, data=(f"{tmp_path}/aaa.csv,{BARS}",)))
    assert [(one.side, one.fee) for one in result.fills] == [("buy", "1.00")]


def test_a_feed_of_its_own_takes_the_place_of_the_runs(tmp_path: Path) -> None:
    closes(tmp_path, *range(100, 110))
    own = f"backtest:\n  feed: {{kind: file, files: [{{{AAA_BARS}}}]}}\n  broker: {{kind: passthrough}}\n"
    settings = settings_of(tmp_path, CONFIG.replace("strategies:", own + "strategies:"))
    assert (settings.feed.kind, settings.broker.kind) == ("file", "passthrough")
    wrong = own.replace("interval: 1m", "interval: 1q")
    told = refused(tmp_path, CONFIG.replace("strategies:", wrong + "strategies:"))
    assert told[0].startswith("config.yaml:11: feed.files[0].interval: '1q' is not an interval")


def test_settings_of_the_feed_are_of_the_one_in_force_and_those_of_the_backtest_come_first(tmp_path: Path) -> None:
    closes(tmp_path, *range(100, 110))
    own = f"backtest:\n  feed: {{kind: file, files: [{{{AAA_BARS}}}]}}\n"
    text = CONFIG.replace("strategies:", own + "strategies:")
    settings = settings_of(
        tmp_path, text, settings=("feed.bars=2m", "backtest.feed.fill_empty_bars=true", "backtest.close_out=mark_only")
    )
    assert isinstance(settings.feed, FileFeedSettings)
    assert (settings.feed.bars_ns, settings.feed.fill_empty_bars) == (2 * MINUTE, True)
    assert settings.backtest.close_out == "mark_only"


def test_a_variable_and_an_option_name_an_entry_by_its_id_and_the_option_has_the_last_word(tmp_path: Path) -> None:
    text = CONFIG + another("two")
    environ = {"BULKHEAD_STRATEGIES__TWO__WARMUP": "7", "BULKHEAD_STRATEGIES__SMA-AAA__PARAMS__FAST": "6"}
    settings = asked(tmp_path, text, environ, settings=("strategies.SMA-AAA.params.FAST=8",)).settings
    assert [one.warmup for one in settings.strategies] == [0, 7]
    assert settings.strategies[0].params == {"symbol": "AAA", "fast": 8}


def test_an_option_writes_new_keys_as_they_are_and_finds_those_that_are_there(tmp_path: Path) -> None:
    text = edited('    AAA: {price: "100"}\n', '    AAA: {price: "100"}\n    BbB: {price: "7"}\n')
    text = text.replace("instruments:\n", 'instruments:\n  BbB: {kind: equity, tick_size: "0.01", lot_size: "1"}\n')
    new = '{kind: equity, tick_size: "0.01", lot_size: "1"}'
    settings = settings_of(
        tmp_path, text, settings=("feed.symbols.bbb.price=9.50", f"instruments.CcC={new}", "feed.symbols.CcC.price=3")
    )
    assert isinstance(settings.feed, SyntheticFeedSettings)
    assert {symbol: str(made.price) for symbol, made in settings.feed.symbols.items()} == {
        "AAA": "100",
        "BbB": "9.50",
        "CcC": "3",
    }


def test_a_section_that_is_there_and_empty_is_written_into(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, f"backtest:\n{CONFIG}", settings=("backtest.close_out=mark_only",))
    assert settings.backtest.close_out == "mark_only"


def test_only_the_strategies_that_are_named_run_in_the_order_of_the_config(tmp_path: Path) -> None:
    text = CONFIG + another("two") + another("three")
    plan = asked(tmp_path, text, strategies=("three", "sma-aaa"))
    assert [one.id for one in plan.settings.strategies] == ["sma-aaa", "three"]
    wrong = text.replace("id: three", "id: three, isolaton: task")
    (told,) = refused(tmp_path, wrong, strategies=("three",))
    assert told == "config.yaml:16: strategies[0].isolaton: unknown key; did you mean 'isolation'?"


def test_files_take_the_place_of_files_and_the_rest_of_the_feed_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    closes(tmp_path, *range(100, 110))
    (tmp_path / "elsewhere").mkdir()
    quotes(tmp_path / "elsewhere", *[(100, 101, 1, 1)] * 10, name="ticks.csv")
    feed = fed(AAA_BARS).replace("kind: file", 'kind: file\n  bars: 5m\n  start: "2026-01-05T15:00:00Z"')
    settings = settings_of(tmp_path, config(SMA, feed=feed), data=("elsewhere/ticks.csv,data=quotes",))
    assert isinstance(settings.feed, FileFeedSettings)
    assert (settings.feed.bars_ns, settings.feed.start_ns) == (5 * MINUTE, BEGIN_NS)
    (file,) = settings.feed.files
    assert (file.path, file.data, file.symbol) == (tmp_path / "elsewhere" / "ticks.csv", "quotes", "AAA")


def test_files_take_the_place_of_another_feed_of_which_the_bars_stay(tmp_path: Path) -> None:
    closes(tmp_path, *range(100, 110))
    text = edited("kind: synthetic", 'kind: synthetic\n  bars: 2m\n  start: "2020-01-01T00:00:00Z"\n  every: 1s')
    settings = settings_of(tmp_path, text, data=(f"{tmp_path}/aaa.csv,{BARS}",))
    assert isinstance(settings.feed, FileFeedSettings)
    assert (settings.feed.bars_ns, settings.feed.start_ns) == (2 * MINUTE, None)


def test_columns_of_a_file_are_named_in_braces(tmp_path: Path) -> None:
    path = closes(tmp_path, *range(100, 110))
    path.write_text(path.read_text().replace("time,open,high,low,close", "when,first,high,low,last", 1))
    given = f"{path},{BARS},columns={{time: when, open: first, close: last}},header=true,zone=America/New_York"
    assert backtested(asked(tmp_path, config(SMA), data=(given,))).metrics.bars == 10


@pytest.mark.parametrize("symbols", ["[AAA,NO]", "[ 'AAA' , NO ]"])
def test_symbols_of_a_file_are_named_in_brackets(symbols: str, tmp_path: Path) -> None:
    head, *rows = closes(tmp_path, *range(100, 110), name="both[1,2].csv").read_text().splitlines()
    both = [f"{row},{symbol}" for row in rows for symbol in ("AAA", "NO")]
    (tmp_path / "both[1,2].csv").write_text("\n".join([f"{head},symbol", *both]) + "\n")
    text = config(SMA).replace("instruments: {", 'instruments: {NO: {kind: equity, tick_size: "1", lot_size: "1"}, ')
    given = f"{tmp_path}/both[1,2].csv,symbols={symbols},{BARS}"
    assert backtested(asked(tmp_path, text, data=(given,))).metrics.bars == 20
    assert backtested(asked(tmp_path, config(SMA), data=(f"{tmp_path}/both[1,2].csv,{BARS},symbols=[AAA]",))).fills


def test_a_wrong_value_is_told_once_and_not_missing_too(tmp_path: Path) -> None:
    given = f"{closes(tmp_path, *range(100, 110))},data=bars,interval=1m,stamp=middle"
    assert refused(tmp_path, config(SMA), data=(given,)) == [
        f"--data {given}: feed.files[0].stamp: must be one of open, close; got 'middle'".replace(f"{tmp_path}/", "")
    ]


def test_a_file_that_is_not_there_is_all_that_is_told(tmp_path: Path) -> None:
    assert refused(tmp_path, config(SMA), data=(f"{tmp_path}/nothere.csv",), settings=("account.cash=x y",)) == [
        "--data nothere.csv: there is no such file; correct the path, which counts from here",
    ]


def test_what_is_tried_is_judged_with_the_past_that_lies_before_it(tmp_path: Path) -> None:
    """Rows before --from warm up, and are not traded on."""
    closes(tmp_path, *range(100, 110))
    plan = asked(tmp_path, config(SMA.replace("capital", "warmup: 4, capital")), start_ns=minutes(4))
    result = backtested(plan)
    assert (result.metrics.bars, result.about.start, result.about.end) == (
        6,
        "2026-01-05T15:04:00Z",
        "2026-01-05T15:10:00Z",
    )
    assert result.fills[0].ts == "2026-01-05T15:06:00Z", "decided at the first bar, filled at the next one's open"


def test_parts_are_of_the_window_that_is_asked_for(tmp_path: Path) -> None:
    closes(tmp_path, *range(100, 120))
    text = config(SMA, split="{train: 0.5, embargo: 2m}")
    window = {"start_ns": minutes(2), "end_ns": minutes(18)}
    feeds = [settings_of(tmp_path, text, part=part, **window).feed for part in ("train", "test")]
    assert [(one.start_ns, one.end_ns) for one in feeds if isinstance(one, FileFeedSettings)] == [
        (minutes(2), minutes(10)),
        (minutes(12), minutes(18)),
    ]
    made_up = CONFIG.replace("kind: synthetic", 'kind: synthetic\n  start: "2026-01-05T15:00:00Z"')
    made_up += "backtest: {split: {train: 0.8}}\n"
    feed = settings_of(tmp_path, made_up, part="test").feed
    assert isinstance(feed, SyntheticFeedSettings)
    assert (feed.origin_ns, feed.start_ns, feed.duration_ns) == (BEGIN_NS, BEGIN_NS + 4 * DAY, DAY)


def test_an_own_account_has_the_capital_of_its_strategy(tmp_path: Path) -> None:
    closes(tmp_path, *range(100, 110))
    result = backtested(asked(tmp_path, config(SMA, HOLD), alone="hold"))
    assert (list(result.strategies), result.metrics.initial_equity) == (["hold"], "20000.00")
