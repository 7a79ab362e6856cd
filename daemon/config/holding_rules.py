"""What must hold of an instrument's margin, and of what comes of holding it."""

from collections.abc import Iterator
from typing import Final, get_args

from daemon.config.funding_history import A_SHARE, absurd_funding
from daemon.config.instrument_settings import InstrumentSettings, Kind, MarginSettings
from daemon.config.problems import KeyPath, nearest
from daemon.config.settings import Settings
from daemon.config.source import Document, names
from daemon.config.zones import no_zone
from trading.timestamps import iso

Breach = tuple[KeyPath, str]

KINDS: Final[dict[str, tuple[str, ...]]] = {
    "swap": ("fx",),
    "borrow": ("equity", "crypto"),
    "funding": ("perpetual",),
    "settles": ("future",),
    "expires": ("future",),
    "actions": ("equity",),
}
"""Which kinds of instrument a key is for; the others have none."""


def keys_fit_the_kind(settings: Settings, document: Document) -> Iterator[Breach]:
    """What comes of holding an instrument is what its kind brings or costs."""
    for symbol, instrument in settings.instruments.items():
        for key in _misplaced(document, symbol):
            yield ("instruments", symbol, key), _only(KINDS[key], instrument)
        if instrument.margin is not None and instrument.margin.isolated and instrument.kind != "perpetual":
            yield ("instruments", symbol, "margin", "isolated"), _only(("perpetual",), instrument)


def is_in_place(path: KeyPath, document: Document) -> bool:
    """Whether what is wrong at a path, or within, is worth telling: not of a key that its instrument cannot have."""
    match path:
        case ("instruments", str(symbol), str(key), *_):
            return key not in _misplaced(document, symbol)
    return True


def margins_can_be(settings: Settings, _document: Document) -> Iterator[Breach]:
    """A margin is in shares or in amounts, and keeping a position takes no more than opening it."""
    for symbol, instrument in settings.instruments.items():
        if instrument.margin is not None:
            for key, message in _of_margin(instrument.margin):
                yield ("instruments", symbol, "margin", *key), message


def marks_are_instruments(settings: Settings, document: Document) -> Iterator[Breach]:
    """An instrument is valued at the price of another that there is."""
    known = names(document, "instruments")
    for symbol, instrument in settings.instruments.items():
        path, mark = ("instruments", symbol, "mark"), instrument.mark
        if mark == symbol:
            yield path, "is the instrument itself, whose price counts anyway; leave it out"
        elif mark is not None and mark not in known:
            yield path, f"{mark!r} is no instrument; add it to instruments{nearest(mark, known)}"
        elif mark is not None and mark in settings.instruments:
            own, its = (one.currency or settings.account.currency for one in (instrument, settings.instruments[mark]))
            if own != its:
                yield path, f"{mark} is priced in {its}, {symbol} in {own}; a mark has the same currency"


def funding_has_a_rate(settings: Settings, document: Document) -> Iterator[Breach]:
    """Funding says how much, and never takes all that a position is worth at once."""
    for symbol, instrument in settings.instruments.items():
        path, funding = ("instruments", symbol, "funding"), instrument.funding
        if funding is None or not is_in_place(path, document):
            continue
        if funding.rate is None and funding.file is None:
            yield path, "says no rate; write rate, file, or both"
        elif funding.rate is not None and (why := absurd_funding(funding.rate)):
            yield (*path, "rate"), f"{why}; {A_SHARE}"


def zones_of_actions_are_known(settings: Settings, document: Document) -> Iterator[Breach]:
    """Days of dividends and splits begin in a zone that this machine knows."""
    for symbol, instrument in settings.instruments.items():
        path, actions = ("instruments", symbol, "actions", "zone"), instrument.actions
        if actions is not None and is_in_place(path, document) and (why := no_zone(actions.zone)):
            yield path, why


def expiries_are_to_come(settings: Settings, start_ns: int) -> Iterator[Breach]:
    """What is traded has not ended before trading begins; a live feed, whose `start_ns` is 0, may go on beyond."""
    for symbol, instrument in settings.instruments.items():
        if instrument.expires_ns is not None and instrument.expires_ns <= start_ns:
            message = f"{iso(instrument.expires_ns)} is not after the start, {iso(start_ns)}; correct it"
            yield ("instruments", symbol, "expires"), f"{message}, or start earlier"


def entitling(instrument: InstrumentSettings) -> list[str]:
    """The keys of an instrument that say what comes of holding it."""
    return [key for key in KINDS if getattr(instrument, "expires_ns" if key == "expires" else key) is not None]


def _misplaced(document: Document, symbol: str) -> list[str]:
    """The keys that the kind of an instrument has no use for, as they are written, readable or not."""
    written = document.values["instruments"].get(symbol)
    if not isinstance(written, dict) or written.get("kind") not in get_args(Kind):
        return []
    return [key for key, kinds in KINDS.items() if written.get(key) is not None and written["kind"] not in kinds]


def _only(kinds: tuple[str, ...], instrument: InstrumentSettings) -> str:
    return f"only kind: {' or '.join(kinds)} has it, and this one is {instrument.kind}; leave it out"


def _of_margin(margin: MarginSettings) -> Iterator[Breach]:
    shares = {"initial": margin.initial, "maintenance": margin.maintenance}
    per_unit = {"initial_per_unit": margin.initial_per_unit, "maintenance_per_unit": margin.maintenance_per_unit}
    share = next((key for key, value in shares.items() if value is not None), None)
    amount = next((key for key, value in per_unit.items() if value is not None), None)
    if share is not None and amount is not None:
        yield (amount,), f"stands beside {share}; write shares of the worth, or amounts per unit"
    elif margin.initial_per_unit is None and amount is not None:
        yield ("initial_per_unit",), "is missing (amount for each unit that opens it)"
    for (opens, initial), (keeps, maintenance) in ([*shares.items()], [*per_unit.items()]):
        if initial is not None and maintenance is not None and maintenance > initial:
            yield (keeps,), f"{maintenance} is above {opens}, {initial}; lower it or raise that"
