"""What must hold between the values of a configuration, beyond each one's own shape: a table of rules.

A rule yields the path and the message of each breach. It sees settings of right shape, perhaps with parts missing that
were wrong already; so names are looked up in the document, where those parts still stand.
"""

from collections.abc import Callable, Iterator
from typing import Final

from daemon.config.account_rules import (
    amounts_are_whole,
    capital_is_there,
    currencies_are_known,
    currencies_are_new,
    currencies_convert,
    futures_have_margin,
    leverage_is_given,
    leverage_leaves_maintenance,
    margins_are_on_margin,
    market_keeps_margin,
    rollover_zone_is_known,
)
from daemon.config.breaker_rules import rates_can_be, scopes_are_distinct
from daemon.config.calendar_rules import (
    calendars_are_known,
    early_closes_are_within_sessions,
    exchange_calendars_can_be_read,
    zones_of_calendars_are_known,
)
from daemon.config.conversion import offers
from daemon.config.cost_rules import (
    commission_bounds_can_be,
    commission_currencies_can_be,
    costs_are_named,
    fills_have_one_fee,
    shares_are_of_what_is_traded,
    slippage_leaves_a_price,
    spreads_are_brought,
    tiers_rise,
)
from daemon.config.feed_settings import FileFeedSettings, SyntheticFeedSettings
from daemon.config.file_rules import files_are_described, files_are_distinct, files_are_within_start_and_end
from daemon.config.health_rules import pauses_are_of_what_is_asked_for
from daemon.config.holding_rules import (
    funding_has_a_rate,
    keys_fit_the_kind,
    margins_can_be,
    marks_are_instruments,
    zones_of_actions_are_known,
)
from daemon.config.instrument_rules import bases_can_be, is_multiple, least_orders_are_allowed, lots_are_whole
from daemon.config.limit_rules import limited_symbols_are_instruments
from daemon.config.live_rules import (
    adapter_takes_its_options,
    bars_do_not_wait_for_the_next,
    live_states_its_limits,
    live_symbols_bring_data,
)
from daemon.config.problems import KeyPath, nearest
from daemon.config.reading import Reading
from daemon.config.scenario_rules import scenarios_are_distinct
from daemon.config.settings import Settings
from daemon.config.source import Document, names, resolve_state
from daemon.config.venue_rules import (
    a_hang_is_told_from_a_pause,
    live_has_a_venue_and_paper_has_none,
    live_hears_the_market,
    venue_has_a_dead_man_switch,
    venue_takes_its_options,
)
from daemon.errors import SocketProblem
from daemon.net import check_socket_path
from daemon.state import SOCKET_NAME
from trading.account.ids import tag_of
from trading.account.ledger import UNALLOCATED
from trading.money import ROUNDING
from trading.sequencer import Offer
from trading.subscriptions import DataKind
from trading.timestamps import LAST_NS, format_interval, iso

Breach = tuple[KeyPath, str]
Rule = Callable[[Settings, Document], Iterator[Breach]]


def breaches(reading: Reading, *, of_a_run: bool = True) -> Iterator[Breach]:
    """Every breach of every rule; of those of what only a run needs where it is to be `of_a_run`. Of a value that was
    taken out, and told, none: that it is missing only follows."""
    if reading.settings is not None:
        told = {problem.path for problem in reading.problems}
        for rule in RULES:
            if of_a_run or rule not in ONLY_OF_A_RUN:
                for path, message in rule(reading.settings, reading.document):
                    if reading.problem(path, message).path not in told:
                        yield path, message


def host_is_built(settings: Settings, _document: Document) -> Iterator[Breach]:
    """Containers run where there is a host for them."""
    for place, strategy in enumerate(settings.strategies):
        if strategy.isolation == "thread":
            message = "the thread host is not built yet; use isolation: process, or task for a strategy that you trust"
            yield ("strategies", place, "isolation"), message


def ids_are_distinct(settings: Settings, _document: Document) -> Iterator[Breach]:
    """Neither two ids nor the tags that stand for them on the wire may be equal."""
    seen: dict[str, str] = {}
    for place, strategy in enumerate(settings.strategies):
        if strategy.id == UNALLOCATED:
            yield (
                ("strategies", place, "id"),
                f"{UNALLOCATED!r} is the ledger's book of what is no strategy's; take another",
            )
        first = seen.get(tag_of(strategy.id))
        if first == strategy.id:
            yield ("strategies", place, "id"), f"{first!r} stands twice; give each strategy an id of its own"
        elif first is not None:
            message = f"{strategy.id!r} and {first!r} have the same tag in client order ids; change one of the two"
            yield ("strategies", place, "id"), message
        seen.setdefault(tag_of(strategy.id), strategy.id)


def walks_can_begin(settings: Settings, _document: Document) -> Iterator[Breach]:
    """First prices are on the tick, and far enough above zero for a bid and for the moves."""
    made_up = settings.feed.symbols if isinstance(settings.feed, SyntheticFeedSettings) else {}
    for symbol, made in made_up.items():
        if symbol not in settings.instruments:
            continue
        path, tick_size = ("feed", "symbols", symbol), settings.instruments[symbol].tick_size
        if not is_multiple(made.price, tick_size):
            yield (*path, "price"), f"{made.price} is no whole number of ticks of {tick_size}"
            continue
        price_ticks = int(ROUNDING.divide(made.price, tick_size))
        if made.spread_ticks >= 2 * price_ticks:
            yield (
                (*path, "spread_ticks"),
                f"{made.spread_ticks} ticks leave no bid above zero at a price of {made.price}",
            )
        if made.volatility_ticks > price_ticks:
            yield (
                (*path, "volatility_ticks"),
                f"{made.volatility_ticks:g} ticks are more than the price of {made.price}",
            )


def symbols_have_data(settings: Settings, document: Document) -> Iterator[Breach]:
    """What the feed brings can be traded, and what can be traded the feed brings."""
    instruments, places = names(document, "instruments"), _fed(settings, document)
    if isinstance(settings.feed, FileFeedSettings):
        named, one = "feed.files", "file"
    else:
        named, one = "feed.symbols", "symbol"
    if not places:
        yield tuple(named.split(".")), f"must name at least one {one}"
    for symbol in sorted(places.keys() - instruments):
        message = "is no instrument; add it to instruments" + nearest(symbol, instruments)
        yield places[symbol], message if places[symbol][-1] == symbol else f"{symbol!r} {message}"
    for symbol in sorted(instruments - places.keys()):
        message = f"the feed brings no data of it; add it to {named}" + nearest(symbol, places)
        yield ("instruments", symbol), message


def _fed(settings: Settings, document: Document) -> dict[str, KeyPath]:
    """Each symbol that the feed brings, and where the config says so."""
    if not isinstance(settings.feed, FileFeedSettings):
        return {symbol: ("feed", "symbols", symbol) for symbol in names(document, "feed", "symbols")}
    places: dict[str, KeyPath] = {}
    for place, file in enumerate(settings.feed.files):
        path: KeyPath = ("feed", "files", place)
        if file.symbols:
            places |= dict.fromkeys(file.symbols, (*path, "symbols"))
        elif file.symbol is not None:
            places[file.symbol] = (*path, "symbol")
        else:
            places |= dict.fromkeys(names(document, "instruments"), path)
    return places


def walks_have_whole_steps(settings: Settings, _document: Document) -> Iterator[Breach]:
    """Made-up bars are whole multiples of the steps that they are made of."""
    feed = settings.feed
    if not isinstance(feed, SyntheticFeedSettings):
        return
    key, begins_ns = ("start", feed.start_ns) if feed.origin_ns is None else ("origin", feed.origin_ns)
    if "bars" in feed.data and feed.bars_ns % feed.every_ns:
        yield ("feed", "bars"), _no_multiple(feed.bars_ns, feed.every_ns, "feed.every")
    elif "bars" in feed.data and begins_ns % feed.bars_ns:
        message = f"{iso(begins_ns)} is within a bar of {format_interval(feed.bars_ns)}; start at a whole one"
        yield ("feed", key), message
    if feed.origin_ns is not None and feed.origin_ns > feed.start_ns:
        yield ("feed", "origin"), f"{iso(feed.origin_ns)} is after the start, {iso(feed.start_ns)}"
    if feed.duration_ns is not None and feed.duration_ns < feed.every_ns:
        message = f"{format_interval(feed.duration_ns)} is shorter than feed.every, so nothing would happen"
        yield ("feed", "duration"), message
    if feed.duration_ns is not None and feed.start_ns + feed.duration_ns > LAST_NS:
        yield ("feed", "duration"), f"the market would go on past the last time that there is, {iso(LAST_NS)}"


def timeframes_can_be(settings: Settings, _document: Document) -> Iterator[Breach]:
    """A strategy's bars can be built of what the feed brings."""
    for place, strategy in enumerate(settings.strategies):
        message = bars_that_cannot_be(settings, strategy.timeframe_ns or settings.feed.bars_ns)
        if message:
            yield ("strategies", place, "timeframe"), message


def socket_path_fits(settings: Settings, document: Document) -> Iterator[Breach]:
    """The socket in the state folder has a path that the system takes."""
    try:
        check_socket_path(resolve_state(document, settings.state) / SOCKET_NAME)
    except SocketProblem as error:
        yield ("state",), f"{error}; {error.mend}"


RULES: Final[tuple[Rule, ...]] = (
    live_has_a_venue_and_paper_has_none,
    live_hears_the_market,
    live_states_its_limits,
    a_hang_is_told_from_a_pause,
    venue_has_a_dead_man_switch,
    venue_takes_its_options,
    limited_symbols_are_instruments,
    host_is_built,
    ids_are_distinct,
    scenarios_are_distinct,
    scopes_are_distinct,
    rates_can_be,
    capital_is_there,
    currencies_are_new,
    currencies_are_known,
    currencies_convert,
    amounts_are_whole,
    margins_are_on_margin,
    futures_have_margin,
    leverage_is_given,
    leverage_leaves_maintenance,
    market_keeps_margin,
    rollover_zone_is_known,
    lots_are_whole,
    bases_can_be,
    keys_fit_the_kind,
    margins_can_be,
    marks_are_instruments,
    funding_has_a_rate,
    zones_of_actions_are_known,
    least_orders_are_allowed,
    walks_can_begin,
    costs_are_named,
    slippage_leaves_a_price,
    spreads_are_brought,
    commission_currencies_can_be,
    shares_are_of_what_is_traded,
    fills_have_one_fee,
    commission_bounds_can_be,
    tiers_rise,
    symbols_have_data,
    walks_have_whole_steps,
    timeframes_can_be,
    files_are_described,
    files_are_distinct,
    files_are_within_start_and_end,
    live_symbols_bring_data,
    bars_do_not_wait_for_the_next,
    pauses_are_of_what_is_asked_for,
    adapter_takes_its_options,
    calendars_are_known,
    zones_of_calendars_are_known,
    early_closes_are_within_sessions,
    exchange_calendars_can_be_read,
    socket_path_fits,
)

ONLY_OF_A_RUN: Final[tuple[Rule, ...]] = (
    venue_takes_its_options,
    host_is_built,
    adapter_takes_its_options,
    socket_path_fits,
)
"""What it is about nobody needs who only reads what a run has left: credentials, hosts, an adapter, a socket."""


def bars_that_cannot_be(settings: Settings, interval_ns: int, symbol: str | None = None) -> str:
    """Why bars of an interval cannot be built of what the feed brings, of one symbol or of any; empty when they can."""
    asked = offers(settings.feed, settings.instruments)
    brought = {symbol: offer for symbol, offer in asked.items() if offer != Offer()}  # no data is told by another rule
    of = list(brought.values()) if symbol is None else [brought[symbol]] if symbol in brought else []
    bars_ns = [offer.bar_interval_ns for offer in of if offer.bars_from is DataKind.BARS]
    if len(bars_ns) == len(of) and bars_ns and all(interval_ns % base_ns for base_ns in bars_ns):
        return _no_multiple(interval_ns, bars_ns[0], "the feed's bars")
    return ""


def _no_multiple(interval_ns: int, of_ns: int, name: str) -> str:
    return f"{format_interval(interval_ns)} is no multiple of {name}, {format_interval(of_ns)}"
