"""What must hold of the account: currencies that are known and lead to its own, amounts that are there, and margin only
where it is held."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from daemon.config.account_conversion import initial_by
from daemon.config.account_settings import by_currency
from daemon.config.broker_settings import SimulatedBrokerSettings
from daemon.config.conversion import instruments
from daemon.config.cost_rules import currencies_of_fees
from daemon.config.currencies import quanta_of, unknown_currency
from daemon.config.holding_rules import entitling
from daemon.config.instrument_rules import is_multiple
from daemon.config.problems import KeyPath
from daemon.config.settings import Settings
from daemon.config.source import Document, names
from daemon.config.zones import no_zone
from trading.money import EXACT, KNOWN_QUANTA, ZERO, total
from trading.rates import Rates

Breach = tuple[KeyPath, str]
_HELD_ON_MARGIN: Final = ("future", "perpetual")


def capital_is_there(settings: Settings, _document: Document) -> Iterator[Breach]:
    """The strategies' capital comes out of the account's cash, in each currency."""
    own, cash = settings.account.currency, settings.account.balances
    given = [by_currency(strategy.capital, own) for strategy in settings.strategies]
    for code in dict.fromkeys(code for one in given for code in one):
        asked, there = total(one.get(code, ZERO) for one in given), cash.get(code, ZERO)
        if asked > there:
            excess = EXACT.subtract(asked, there)
            message = f"their capital adds up to {asked} {code}, {excess} above the account's cash of {there}"
            yield ("strategies",), f"{message}; lower it there"


def currencies_are_new(settings: Settings, _document: Document) -> Iterator[Breach]:
    """Smallest units are given of currencies that have none here."""
    for code in settings.currencies:
        if code in KNOWN_QUANTA:
            message = f"is known here, with a smallest unit of {KNOWN_QUANTA[code]}; leave it out"
            yield ("currencies", code), message


def currencies_are_known(settings: Settings, _document: Document) -> Iterator[Breach]:
    """Amounts are booked in the smallest unit of a currency."""
    account = settings.account
    written: list[tuple[KeyPath, str]] = [(("account", "currency"), account.currency)]
    written += [(("account", "interest", code), code) for code in account.interest]
    for path, amounts in _amounts(settings):
        written += [((*path, code), code) for code in (amounts if isinstance(amounts, dict) else ())]
    for symbol, instrument in settings.instruments.items():
        if instrument.currency is not None:
            written.append((("instruments", symbol, "currency"), instrument.currency))
    for path, code in written:
        if code not in quanta_of(settings):
            yield path, unknown_currency(code, settings)


def currencies_convert(settings: Settings, document: Document) -> Iterator[Breach]:
    """The worth of all that is held, and what is owed, can be told in the account's currency."""
    own, made = settings.account.currency, instruments(settings)
    if made.keys() != names(document, "instruments"):
        return  # one that is wrong may be the pair
    rates, told = Rates(made, lambda _symbol: None), {own}
    for path, code in _in_use(settings, document):
        if code not in told and code in quanta_of(settings) and rates.way(code, own) is None:
            message = f"nothing converts {code} into the account's {own}; add the pair to instruments"
            yield path, f"{message}: base: {code} with currency: {own}, or the other way round"
        told.add(code)


def amounts_are_whole(settings: Settings, _document: Document) -> Iterator[Breach]:
    """Cash and capital are whole numbers of their currencies' smallest units."""
    quanta = quanta_of(settings)
    for path, amounts in _amounts(settings):
        for code, amount in by_currency(amounts, settings.account.currency).items():
            if code in quanta and not is_multiple(amount, quanta[code]):
                place = (*path, code) if isinstance(amounts, dict) else path
                yield place, f"{amount} is no whole number of the smallest unit of {code}, {quanta[code]:f}"


def margins_are_on_margin(settings: Settings, document: Document) -> Iterator[Breach]:
    """What only an account on margin has stands there alone."""
    account = settings.account
    if not _is_cash_account(settings, document):
        return
    written: dict[KeyPath, object] = {
        ("account", key): getattr(account, key) for key in ("leverage", "maintenance_margin")
    }
    for symbol, instrument in settings.instruments.items():
        if instrument.kind not in _HELD_ON_MARGIN:
            written |= {("instruments", symbol, key): getattr(instrument, key) for key in ("margin", "borrow")}
    for path, value in written.items():
        if value is not None:
            yield path, "only an account on margin has it; leave it out, or write account.kind: margin"


def futures_have_margin(settings: Settings, document: Document) -> Iterator[Breach]:
    """Futures and perpetuals are never paid for in full."""
    if not _is_cash_account(settings, document):
        return
    for symbol, instrument in settings.instruments.items():
        if instrument.kind in _HELD_ON_MARGIN:
            message = f"a {instrument.kind} is held on margin; write account.kind: margin, and its leverage"
            yield ("instruments", symbol, "kind"), message


def leverage_is_given(settings: Settings, document: Document) -> Iterator[Breach]:
    """On margin, something says what opens a position."""
    without = [symbol for symbol, one in settings.instruments.items() if one.margin is None or not one.margin.is_own]
    if settings.account.kind == "margin" and without and "leverage" not in names(document, "account"):
        message = f"is missing; {', '.join(without)}: no margin is given; write the leverage, such as 2"
        yield ("account", "leverage"), f"{message}, or instruments.{without[0]}.margin"


def leverage_leaves_maintenance(settings: Settings, _document: Document) -> Iterator[Breach]:
    """Keeping a position takes no more than opening it by the leverage."""
    account = settings.account
    if account.leverage is None:
        return
    written: dict[KeyPath, Decimal | None] = {("account", "maintenance_margin"): account.maintenance_margin}
    for symbol, instrument in settings.instruments.items():
        if instrument.margin is not None and not instrument.margin.is_own:
            written["instruments", symbol, "margin", "maintenance"] = instrument.margin.maintenance
    initial = initial_by(account.leverage)
    for path, maintenance in written.items():
        if maintenance is not None and maintenance > initial:
            yield path, f"{maintenance} is above what opens a position, {initial} by the leverage; lower it"


def market_keeps_margin(settings: Settings, _document: Document) -> Iterator[Breach]:
    """Margin, and what comes of holding something, take a market that reckons them."""
    account = settings.account
    if isinstance(settings.broker, SimulatedBrokerSettings):
        return
    keys = ["account.kind: margin"] if account.kind == "margin" else []
    keys += [f"account.{key}" for key in ("interest", "sweep") if getattr(account, key)]
    for symbol, instrument in settings.instruments.items():
        keys += [f"instruments.{symbol}.{key}" for key in entitling(instrument)]
    if keys:
        yield ("broker", "kind"), f"{settings.broker.kind} knows nothing of {', '.join(keys)}; write kind: simulated"


def rollover_zone_is_known(settings: Settings, _document: Document) -> Iterator[Breach]:
    """Days end in a zone that this machine knows."""
    if why := no_zone(settings.account.rollover.zone):
        yield ("account", "rollover", "zone"), why


def _is_cash_account(settings: Settings, document: Document) -> bool:
    """Whether the account is meant to be one; what its kind is, where that is wrong, nobody knows."""
    kind = document.values["account"].get("kind", "cash")
    return settings.account.kind == "cash" and kind == "cash"


def _amounts(settings: Settings) -> Iterator[tuple[KeyPath, Decimal | dict[str, Decimal]]]:
    yield ("account", "cash"), settings.account.cash
    for place, strategy in enumerate(settings.strategies):
        yield ("strategies", place, "capital"), strategy.capital


def _in_use(settings: Settings, document: Document) -> Iterator[tuple[KeyPath, str]]:
    """Each currency that something is held, priced or charged in, and where the config says so."""
    for code in settings.account.balances:
        yield ("account", "cash", code), code
    for code in settings.account.interest:
        yield ("account", "interest", code), code
    for symbol, instrument in settings.instruments.items():
        if instrument.currency is not None:
            yield ("instruments", symbol, "currency"), instrument.currency
    yield from currencies_of_fees(settings, document)
