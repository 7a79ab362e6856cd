"""Real market data in its many forms, read by configuration alone: how many events, the first and the last."""

from pathlib import Path

import pytest

from daemon.assembly import make_feed
from tests.config_builders import plan_of
from trading.market_data import Bar, MarketEvent, Quote, Trade
from trading.timestamps import DAY, MINUTE, SECOND

FILES: list[tuple[str, str, str, int, MarketEvent, MarketEvent]] = [
    (
        "lean_fx/oanda_eurusd_ticks.parquet", "EURUSD", "data: quotes, repeats: true", 532_903,
        Quote("EURUSD", 1_398_902_400_292_000_000, 1.38676, 1.38686, 0.0, 0.0),
        Quote("EURUSD", 1_400_198_396_324_000_000, 1.37164, 1.37175, 0.0, 0.0),
    ),
    (
        "lean_equity/equity_minute_trades.parquet", "SPY", "data: bars, interval: 1m, stamp: open", 5_786,
        Bar("SPY", 1_380_874_020 * SECOND, MINUTE, 167.65, 167.65, 167.65, 167.65, 20_000.0),
        Bar("SPY", 1_691_107_200 * SECOND, MINUTE, 449.85, 449.9, 449.84, 449.88, 2_984.0),
    ),
    (
        "poloniex_30m/BTCUSDT.csv.gz", "BTCUSDT",
        "data: bars, interval: 30m, stamp: open, time: s, columns: {volume: quoteVolume}", 42_010,
        Bar("BTCUSDT", 1_424_374_200 * SECOND, 30 * MINUTE, 225.0, 225.0, 225.0, 225.0, 0.0044),
        Bar("BTCUSDT", 1_499_990_400 * SECOND, 30 * MINUTE, 2339.8200001, 2345.09420438, 2332.821, 2335.00000018,
            88.83377558),
    ),
    (
        "pyalgotrade/nt-spy-minute-2011.csv.gz", "SPY",
        'data: bars, interval: 1m, stamp: close, header: false, delimiter: ";",'
        " columns: {time: 1, open: 2, high: 3, low: 4, close: 5, volume: 6}", 14_180,
        Bar("SPY", 1_294_045_260 * SECOND, MINUTE, 126.35, 126.39, 126.35, 126.39, 1_579.0),
        Bar("SPY", 1_296_522_000 * SECOND, MINUTE, 128.82, 128.83, 128.82, 128.83, 2_415.0),
    ),
    (
        "gct_candles/binance_BTCUSDT_24h-trades_2020_11_16.csv", "BTCUSDT",
        "data: trades, header: false, time: s, columns: {time: 1, price: 2, size: 3}", 1_000,
        Trade("BTCUSDT", 1_605_499_846 * SECOND, 15_993.5, 0.026472),
        Trade("BTCUSDT", 1_605_500_030 * SECOND, 15_992.46, 0.003705),
    ),
    (
        "basana_candles/binance_btcusdt_day_2020.csv", "BTCUSDT", "data: bars, interval: 1d, stamp: open", 366,
        Bar("BTCUSDT", 1_577_923_200 * SECOND, DAY, 7195.24, 7255.0, 7175.15, 7200.85, 16_792.388165),
        Bar("BTCUSDT", 1_609_459_200 * SECOND, DAY, 28_875.55, 29_300.0, 27_850.0, 28_923.63, 75_508.505152),
    ),
    (
        "gbpusd_1m_2018_06/gbpusd.csv.gz", "GBPUSD", "data: trades, zone: America/New_York", 29_698,
        Trade("GBPUSD", 1_527_825_600 * SECOND, 1.326255, 0.0),
        Trade("GBPUSD", 1_530_305_880 * SECOND, 1.3204625, 0.0),
    ),
    (
        "copyleft/nautilus_fxcm/gbpusd-m1-bid-2012.csv.gz", "GBPUSD", "data: bars, interval: 1m, stamp: open", 30_117,
        Bar("GBPUSD", 1_328_054_460 * SECOND, MINUTE, 1.57597, 1.57606, 1.57576, 1.57576, 0.0),
        Bar("GBPUSD", 1_330_560_060 * SECOND, MINUTE, 1.59206, 1.59211, 1.59194, 1.59208, 0.0),
    ),
]  # fmt: skip

CONFIG = """\
account: {{currency: USD, cash: "100000"}}
feed: {{kind: file, files: [{{path: {path}, symbol: {symbol}, {keys}}}]}}
instruments: {{{symbol}: {{kind: crypto, tick_size: "0.00000001", lot_size: "0.001"}}}}
"""


@pytest.mark.parametrize(("name", "symbol", "keys", "count", "first", "last"), FILES, ids=[row[0] for row in FILES])
def test_a_real_file_is_read_to_its_last_row(
    name: str, symbol: str, keys: str, count: int, first: MarketEvent, last: MarketEvent, shared: Path, tmp_path: Path
) -> None:
    path = shared / "data" / name
    if not path.exists():
        pytest.skip(f"no {path}")
    feed = make_feed(plan_of(tmp_path, CONFIG.format(path=path, symbol=symbol, keys=keys)))
    events = list(feed.events())
    assert (len(events), events[0], events[-1]) == (count, first, last)
