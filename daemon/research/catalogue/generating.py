"""Market data made from a seed, into a catalogue: the same arguments give the same files, byte by byte."""

import hashlib
from collections.abc import Sequence
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Final

import msgspec
from pydantic import TypeAdapter, ValidationError

from daemon.config.messages import words_for
from daemon.config.values import Symbol
from daemon.disk import Disk
from daemon.errors import DaemonError
from daemon.feeds.file.head import shown
from daemon.feeds.synthetic import SyntheticFeed
from daemon.feeds.walk import SyntheticSymbol
from daemon.research.catalogue.entry import Origin
from daemon.research.catalogue.intake import intake
from daemon.research.catalogue.known import Differs
from daemon.research.catalogue.stretches import Stretches, Taken
from trading.errors import InvalidInstrument
from trading.instruments import Instrument, InstrumentKind
from trading.money import Currency
from trading.subscriptions import DataKind
from trading.timestamps import LAST_NS, format_interval

_BATCH: Final = 8192
_SYMBOLS: Final[TypeAdapter[list[str]]] = TypeAdapter(list[Symbol])


def synthetic_feed(
    *,
    symbols: Sequence[str],
    kinds: Sequence[str],
    seed: int,
    start_ns: int,
    duration_ns: int,
    every_ns: int,
    bar_interval_ns: int,
    price: Decimal,
    tick: Decimal,
    lot: Decimal,
    volatility_ticks: float,
    spread_ticks: int,
) -> SyntheticFeed:
    """A market in which all symbols begin at the same price; ValueError for arguments that make none that a file can
    have."""
    if not 0 <= start_ns <= start_ns + duration_ns <= LAST_NS:
        raise ValueError("a market must be from 1970-01-01 until 2262-04-11, its end too")
    if DataKind.BARS in kinds and duration_ns < bar_interval_ns:
        fits = f"no bar of {format_interval(bar_interval_ns)} fits into {format_interval(duration_ns)}"
        raise ValueError(f"{fits}; make it longer, or its bars shorter")
    try:
        _SYMBOLS.validate_python(list(symbols))
        instruments = [_instrument(symbol, tick, lot) for symbol in symbols]
    except ValidationError as error:
        raise ValueError("; ".join(words_for(detail) for detail in error.errors(include_url=False)))
    except InvalidInstrument as error:
        raise ValueError(str(error))
    return SyntheticFeed(
        seed=seed,
        start_ns=start_ns,
        duration_ns=duration_ns,
        symbols=[
            SyntheticSymbol(
                instrument=instrument, price=price, volatility_ticks=volatility_ticks, spread_ticks=spread_ticks
            )
            for instrument in instruments
        ],
        data={DataKind(kind) for kind in kinds},
        every_ns=every_ns,
        bar_interval_ns=bar_interval_ns,
    )


def generate(root: Path, feed: SyntheticFeed, *, disk: Disk) -> Sequence[Taken]:
    """Put all events of a feed that has an end into a catalogue.

    DaemonError where the catalogue has other rows of that time, or another import writes there; DiskError where the
    disk will not have it.
    """
    assert feed.end_ns is not None, "a market without end fits no file"
    with intake(root, disk) as taking:
        stretches = Stretches(taking, origin_of(feed))
        events = feed.events()
        try:
            while batch := list(islice(events, _BATCH)):
                stretches.take(batch)
            taken = stretches.end()
        except Differs as differs:
            raise _differing(differs)
        finally:
            stretches.abandon()
        taking.commit()
    return taken


def origin_of(feed: SyntheticFeed) -> Origin:
    """A feed as a source: its seed, and the hash of all that determines its events."""
    reference = feed.reference()
    digest = hashlib.blake2b(msgspec.json.encode(reference, order="sorted"), digest_size=32)
    return Origin(name=f"synthetic, seed {reference['seed']}", content=digest.hexdigest())


def _instrument(symbol: str, tick: Decimal, lot: Decimal) -> Instrument:
    """Only its steps show in the data."""
    return Instrument(
        symbol=symbol, kind=InstrumentKind.EQUITY, currency=Currency.known("USD"), tick_size=tick, lot_size=lot
    )


def _differing(differs: Differs) -> DaemonError:
    there = shown(differs.there) if differs.there is not None else "no more rows"
    made = f", not {shown(differs.event)}" if differs.event is not None else ""
    return DaemonError(
        f"the catalogue has other rows of that time: {there}{made} (of {differs.entry.path})",
        mend="choose another --symbol, --start or --catalogue, or remove that file first",
    )
