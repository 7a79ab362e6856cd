"""From settings to the things of the trade that they describe."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from daemon.config.account_conversion import margin_terms
from daemon.config.currencies import currency_of
from daemon.config.feed_settings import DataFileSettings, Feed, FileFeedSettings, LiveFeedSettings
from daemon.config.instrument_settings import InstrumentSettings
from daemon.config.limit_settings import EquityShareSizing, FixedSizing, Limits, StrategyRisk
from daemon.config.settings import RestartSettings, Settings
from daemon.feeds.file.layout import DataFile
from daemon.feeds.file.merge import offers_of
from daemon.hosts.restarts import RestartRule
from trading.errors import InvalidInstrument
from trading.instruments import Instrument, InstrumentKind
from trading.limits import EquityShare, FixedSize, RiskLimits, Sizing
from trading.sequencer import Offer
from trading.subscriptions import DataKind
from trading.timestamps import format_interval

Kinds = Mapping[str, Instrument | InstrumentSettings]
"""Instruments by symbol, converted or not: either tells what sort of thing it is."""


def instruments(settings: Settings) -> dict[str, Instrument]:
    """Those that can be made; a rule tells why others cannot."""
    made: dict[str, Instrument] = {}
    for symbol in settings.instruments:
        try:
            made[symbol] = instrument(symbol, settings)
        except InvalidInstrument:
            continue
    return made


def instrument(symbol: str, settings: Settings) -> Instrument:
    """One instrument; InvalidInstrument when the smallest unit of a currency is not known, or base or margin cannot
    be."""
    account, entry = settings.account, settings.instruments[symbol]
    own = currency_of(account.currency, settings)
    return Instrument(
        symbol=symbol,
        kind=InstrumentKind(entry.kind),
        currency=own if entry.currency is None else currency_of(entry.currency, settings),
        tick_size=entry.tick_size,
        lot_size=entry.lot_size,
        multiplier=entry.multiplier,
        min_quantity=entry.min_quantity,
        min_notional=entry.min_notional,
        base=None if entry.base is None else currency_of(entry.base, settings),
        margin=margin_terms(entry, account, own),
        mark_symbol=entry.mark or "",
    )


def offers(feed: Feed, instruments: Kinds) -> dict[str, Offer]:
    """What a feed brings of each symbol, in the order of the config."""
    if isinstance(feed, FileFeedSettings):
        return offers_of([data_file(file, instruments, Path()) for file in feed.files])
    if isinstance(feed, LiveFeedSettings):
        return {
            symbol: Offer(quotes=asked.quotes, trades=asked.trades, bar_interval_ns=asked.bars_ns or 0)
            for symbol, asked in feed.symbols.items()
        }
    bar_interval_ns = feed.bars_ns if "bars" in feed.data else 0
    offer = Offer(quotes="quotes" in feed.data, trades="trades" in feed.data, bar_interval_ns=bar_interval_ns)
    return dict.fromkeys(feed.symbols, offer)


def data_file(settings: DataFileSettings, instruments: Kinds, folder: Path) -> DataFile:
    """One file of market data; its path counts from a folder."""
    is_bars = settings.data == "bars"
    named = (settings.symbol,) if settings.symbol is not None else settings.symbols
    return DataFile(
        path=folder / settings.path.expanduser(),
        data=DataKind(settings.data),
        symbols=tuple(instruments) if named is None else named,
        others_are_bad=named is None,
        interval_ns=(settings.interval_ns or 0) if is_bars else 0,
        stamped_at_open=is_bars and settings.stamp == "open",
        columns={str(field): column for field, column in settings.columns.items()},
        header=settings.header,
        delimiter=settings.delimiter,
        time=settings.time,
        zone=settings.zone,
        repeats=settings.repeats,
        may_be_negative=frozenset(
            symbol for symbol, instrument in instruments.items() if instrument.kind == InstrumentKind.FUTURE
        ),
    )


def limits(settings: Limits) -> RiskLimits:
    """The limits of the account or of a strategy."""
    return RiskLimits(**settings.model_dump(include=set(RiskLimits.__struct_fields__)))


def limit_texts(limits: RiskLimits) -> dict[str, str]:
    """Limits as people write them, by the keys of the config; those that are not given are left out."""
    texts: dict[str, str] = {}
    for name, limit in msgspec.structs.asdict(limits).items():
        if limit is None:
            continue
        if isinstance(limit, tuple):
            texts[name] = ", ".join(limit)
        elif name.endswith("_ns"):
            texts[name.removesuffix("_ns")] = format_interval(limit)
        else:
            texts[name] = str(limit)
    return texts


def sizing(settings: StrategyRisk) -> Sizing | None:
    """How a strategy's entries are sized, if that is said."""
    match settings.sizing:
        case FixedSizing(quantity=quantity):
            return FixedSize(quantity=quantity)
        case EquityShareSizing(share=share):
            return EquityShare(share=share)
    return None


def restart_rule(settings: RestartSettings) -> RestartRule:
    """When a strategy's process is started again."""
    return RestartRule(policy=settings.policy, most=settings.most, within_ns=settings.within_ns)
