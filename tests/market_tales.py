"""Stories for the laws of the simulated market: any rules, any data, any orders with what may become of them.

A story is drawn as records of bytes, and each byte is one choice. Zero is the plainest choice and a record of zeros is
nothing at all, so that what breaks a law shrinks to a few plain happenings.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, TypeVar

import msgspec
from hypothesis import settings
from hypothesis import strategies as st

from brokers.simulated.costs import CommissionModel, NoSlippage, PercentCommission, SlippageModel
from brokers.simulated.market import SimulatedMarket
from brokers.simulated.rules import (
    BarPrice,
    Gap,
    MarketRules,
    Path,
    QuotePrice,
    Reach,
    StopLimitInBar,
    TrailBy,
    Unaffordable,
)
from brokers.simulated.working import WorkingOrder
from tests.market_builders import EUR, USD, an_instrument
from trading.commands import WireAmend, WireCancel, WireCommand, WireSubmit
from trading.market import Effect, Market
from trading.market_data import Bar, MarketEvent, Quote, Trade
from trading.order_rules import FLAGS, TYPES
from trading.orders import OrderTerms, OrderType, Side, TimeInForce
from trading.reports import ExecutionReport, Fill, ReportKind
from trading.sessions import Session
from trading.timestamps import MINUTE

T = TypeVar("T")

INSTRUMENTS: Final = {
    "AAA": an_instrument("AAA", currency=USD, tick="0.5"),
    "BBB": an_instrument("BBB", currency=EUR, tick="0.5", lot="0.1"),
}
KINDS: Final = ("bars", "quotes", "trades")
SIDES: Final = (Side.BUY, Side.SELL)
DATA: Final[Mapping[str, type[MarketEvent]]] = {"bars": Bar, "quotes": Quote, "trades": Trade}
BEGIN_NS: Final = 100 * MINUTE
LAST_NS: Final = BEGIN_NS + 10_000 * MINUTE

RULES: Final[Mapping[str, Sequence[Any]]] = {
    "bar_price": tuple(BarPrice),
    "quote_price": (QuotePrice.BID_ASK, QuotePrice.BID_ASK, QuotePrice.MID),
    "stop_gap": tuple(Gap),
    "limit_gap": tuple(Gap),
    "limit_reach": tuple(Reach),
    "path": tuple(Path),
    "stop_limit_in_bar": tuple(StopLimitInBar),
    "stop_limit_price": tuple(Gap),
    "trail_by": tuple(TrailBy),
    "unaffordable": tuple(Unaffordable),
    "volume_share": (None, None, Decimal(1), Decimal("0.25")),
}


def examples(usual: int) -> settings:
    """So many examples, or as many as the profile asks for where those are more."""
    return settings(max_examples=max(usual, settings.default.max_examples if settings.default else 0))


class ShortDays:
    """Ten minutes are a day: the market opens with the first and closes with the sixth."""

    def at_or_after(self, ts_ns: int, /) -> Session:
        day_ns = ts_ns - ts_ns % (10 * MINUTE)
        if ts_ns >= day_ns + 6 * MINUTE:
            day_ns += 10 * MINUTE
        return Session(day_ns, day_ns + 6 * MINUTE)


class Setting(msgspec.Struct, frozen=True):
    """Where a story plays: the data that each symbol is matched on, the rules, and whether days are short."""

    match_on: dict[str, str]
    rules: MarketRules
    short_days: bool = False

    def market(
        self,
        *,
        cash: str = "3000",
        holding: str = "20",
        slippage: SlippageModel | None = None,
        commission: CommissionModel | None = None,
        short_sales: bool = False,
    ) -> SimulatedMarket:
        """A market of this setting, with cash in each currency and `holding` units of each symbol from the start."""
        symbols = list(self.match_on)
        market = SimulatedMarket(
            instruments={symbol: INSTRUMENTS[symbol] for symbol in symbols},
            cash={INSTRUMENTS[symbol].currency.code: Decimal(cash) for symbol in symbols},
            match_on=self.match_on,
            slippage=slippage or NoSlippage(),
            commission=commission or PercentCommission(Decimal("0.15")),
            rules=self.rules,
            sessions=dict.fromkeys(symbols, ShortDays()) if self.short_days else None,
            short_sales=short_sales,
        )
        if Decimal(holding):
            market.restore({**market.state(), "positions": dict.fromkeys(symbols, Decimal(holding))})
        return market


class Asked(msgspec.Struct, frozen=True):
    """Other terms for an order, whatever its terms are when it comes; `submitted` are its first."""

    cid: str
    submitted: OrderTerms
    changes: dict[str, Any]

    def command(self, market: SimulatedMarket, ts_ns: int) -> WireAmend:
        """As its keeper would send it."""
        terms = next((order.terms for order in market.working() if order.cid == self.cid), self.submitted)
        changes = self.changes if terms.time_in_force is TimeInForce.GTD else {**self.changes, "expires_ns": None}
        return WireAmend(cid=self.cid, terms=msgspec.structs.replace(terms, **changes), ts_ns=ts_ns)


Happening = MarketEvent | WireSubmit | WireCancel | Asked


class Tale(msgspec.Struct, frozen=True):
    """A story and where it plays."""

    setting: Setting
    story: list[Happening]

    def __repr__(self) -> str:
        """Line by line, without what is as usual."""
        told = "\n".join(f"        {_words(happening)}," for happening in self.story)
        return f"Tale({_words(self.setting)}, [\n{told}\n])"


def _words(told: Any) -> str:
    """As it would be written, without the fields that are as usual."""
    if isinstance(told, dict):
        return "{" + ", ".join(f"{key!r}: {_words(value)}" for key, value in told.items()) + "}"
    if not isinstance(told, msgspec.Struct):
        return repr(told) if not isinstance(told, str) else f"{told!s}"
    fields = (
        f"{field.name}={_words(value)}"
        for field in msgspec.structs.fields(told)
        if (value := getattr(told, field.name)) != field.default
    )
    return f"{type(told).__name__}({', '.join(fields)})"


def a_tale(match_on: str, *story: Happening, **rules: Any) -> Tale:
    """A story of AAA that is written down, such as one that broke a law."""
    return Tale(Setting({"AAA": match_on}, MarketRules(**rules)), list(story))


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """What a story may hold. `rules` are fixed, those not named are any; of the groups without a parent all members
    want the same where they are `equal`; `faults` are events without a price, and data that nothing is matched on."""

    symbols: tuple[str, ...] = ("AAA",)
    kinds: tuple[str, ...] = KINDS
    types: tuple[OrderType, ...] = tuple(OrderType)
    flags: bool = True
    brackets: bool = True
    groups: bool = True
    equal: bool = False
    amends: bool = True
    cancels: bool = True
    faults: bool = True
    short_days: bool | None = None
    numbered_after: int = 0
    rules: dict[str, Any] = {}


EVERYTHING: Final = Scope()
BOTH: Final = Scope(symbols=("AAA", "BBB"))
TIMED: Final = Scope(
    types=(OrderType.LIMIT, OrderType.STOP),
    flags=False,
    brackets=False,
    groups=False,
    short_days=True,
)
TRAILING: Final = Scope(types=(OrderType.TRAILING_STOP,), flags=False)
GROUPED: Final = Scope(types=(OrderType.LIMIT, OrderType.STOP), flags=False, brackets=False)
SCARCE: Final = Scope(
    types=(OrderType.MARKET, OrderType.LIMIT, OrderType.STOP),
    flags=False,
    rules={"volume_share": Decimal("0.25")},
)
"""Narrower stories, in which what is rare elsewhere is common."""


@st.composite
def tales(draw: st.DrawFn, scope: Scope = EVERYTHING, *, least: int = 14, most: int = 34) -> Tale:
    """Stories of so many records, of which some are nothing."""
    rules = draw(st.binary(min_size=16, max_size=16))
    return _tale(scope, rules, draw(st.lists(st.binary(min_size=18, max_size=18), min_size=least, max_size=most)))


def played(
    market: SimulatedMarket, story: Iterable[Happening], now_ns: int = BEGIN_NS
) -> Iterator[tuple[MarketEvent | WireCommand, list[Effect]]]:
    """Bring a story to a market, and give what came of each happening. A command comes at the time of the event
    before it."""
    for happening in story:
        if isinstance(happening, Asked):
            command = happening.command(market, now_ns)
            yield command, market.on_command(command, now_ns)
        elif isinstance(happening, WireSubmit | WireCancel):
            yield happening, market.on_command(happening, now_ns)
        else:
            now_ns = happening.ts_ns
            yield happening, market.on_event(happening)


def tradable(market: SimulatedMarket) -> list[tuple[WorkingOrder, Decimal]]:
    """The working orders, each with the units of it that may trade now."""
    group_of = {order_id: group for group in market.state()["groups"].values() for order_id in group.members}
    return [
        (order, group.most(order.remaining) if (group := group_of.get(order.terms.order_id)) else order.remaining)
        for order in market.working()
    ]


def reports_of(effects: Iterable[Effect]) -> list[ExecutionReport]:
    return [effect for effect in effects if isinstance(effect, ExecutionReport)]


def fills_of(effects: Iterable[Effect]) -> list[Fill]:
    return [report.fill for report in reports_of(effects) if report.fill is not None]


Step = list[tuple[MarketEvent | WireCommand, list[Effect]]]


def steps_of(market: SimulatedMarket, story: Iterable[Happening]) -> Iterator[Step]:
    """Bring a story to a market in steps: an event and the commands that follow it, each with what came of it."""
    steps: list[list[Happening]] = [[]]
    for happening in story:
        if isinstance(happening, Bar | Quote | Trade):
            steps.append([])
        steps[-1].append(happening)
    now_ns = BEGIN_NS
    for step in steps:
        if step and isinstance(step[0], Bar | Quote | Trade):
            now_ns = step[0].ts_ns
        yield list(played(market, step, now_ns))


def tell(market: Market, step: Step, now_ns: int) -> None:
    """Let a market hear of a step, as it is told after a restart: with each report what was sent of its order in this
    step."""
    for happening, effects in step:
        if isinstance(happening, WireSubmit | WireCancel | WireAmend):
            market.expect(happening, now_ns)
        else:
            market.observe(happening)
        for effect in effects:
            market.apply(effect, _sent(step, effect))


def _sent(step: Step, effect: Effect) -> WireCommand | None:
    if not isinstance(effect, ExecutionReport):
        return None
    amends = effect.kind in (ReportKind.REPLACED, ReportKind.REPLACE_REJECTED)
    for happening, _ in step:
        if isinstance(happening, WireAmend if amends else WireSubmit) and happening.cid == effect.cid:
            return happening
    return None


class _Choices:
    """The bytes of a record, each one choice."""

    def __init__(self, record: bytes) -> None:
        self._bytes = iter(record)

    def number(self, below: int) -> int:
        return next(self._bytes, 0) % below

    def of(self, options: Sequence[T]) -> T:
        return options[self.number(len(options))]

    def once_in(self, times: int) -> bool:
        return self.number(times) == times - 1

    def away(self, most: int) -> int:
        """A whole number near zero: 0, 1, -1, 2, -2, and so on."""
        n = self.number(2 * most + 1)
        return (n + 1) // 2 if n % 2 else -(n // 2)


def _tale(scope: Scope, rules: bytes, records: list[bytes]) -> Tale:
    choices = _Choices(rules)
    match_on = {symbol: choices.of(scope.kinds) for symbol in scope.symbols}
    short_days = choices.once_in(2)
    chosen = {name: choices.of(options) for name, options in RULES.items()}
    setting = Setting(
        match_on,
        MarketRules(**{**chosen, **scope.rules}),
        short_days if scope.short_days is None else scope.short_days,
    )
    teller = _Teller(scope, match_on)
    return Tale(setting, [happening for record in records for happening in teller.tell(_Choices(record))])


class _Teller:
    """Reads records as happenings, each after those before it."""

    def __init__(self, scope: Scope, match_on: Mapping[str, str]) -> None:
        self._scope = scope
        self._match_on = match_on
        self._now_ns = BEGIN_NS
        self._last_ns: dict[str, int] = {}
        self._terms: dict[str, OrderTerms] = {}
        self._exits: dict[str, str] = {}
        self._group = scope.numbered_after

    def tell(self, choices: _Choices) -> list[Happening]:
        kind, symbol = choices.number(16), choices.of(self._scope.symbols)
        if kind == 0:
            return []
        if kind <= 6:
            other = choices.once_in(16) and self._scope.faults
            data = choices.of(KINDS) if other else self._match_on[symbol]
            return [self._event(choices, symbol, data)]
        if kind <= 11 or (kind == 12 and not self._scope.brackets):
            return [self._order(choices, symbol)]
        if kind == 12:
            return self._bracket(choices, symbol)
        if not self._terms:
            return []
        order_id = choices.of(list(reversed(self._terms))[:6])
        if kind <= 14 and self._scope.amends:
            return [self._amend(choices, self._terms[order_id])]
        if self._scope.cancels:
            return [WireCancel(cid=_cid(order_id), order_id=order_id, strategy="s", ts_ns=self._now_ns)]
        return []

    # Data.

    def _event(self, choices: _Choices, symbol: str, data: str) -> MarketEvent:
        minutes = choices.of((1, 1, 2, 0, 5))
        self._now_ns += minutes * MINUTE
        if data == "bars" and self._last_ns.get(symbol) == self._now_ns:
            self._now_ns += MINUTE
        self._last_ns[symbol] = self._now_ns
        price, other = 100 + choices.away(12) / 4, 100 + choices.away(12) / 4
        size = choices.of((1_000.0, 10.0, 4.0, 7.5, 0.0, 1.3, math.inf))
        fault = choices.number(24) if self._scope.faults else 0
        match data:
            case "quotes":
                bid, ask = price - 0.25 * choices.of((0, 1, 2)), price + 0.25 * choices.of((0, 1, 2))
                faulty = {20: (ask, bid), 21: (0.0, ask), 22: (bid, 0.0), 23: (bid, math.inf)}
                bid, ask = faulty.get(fault, (bid, ask))
                return Quote(symbol, self._now_ns, bid, ask, size, choices.of((1_000.0, 3.0, 0.0)))
            case "trades":
                return Trade(symbol, self._now_ns, {22: 0.0, 23: math.inf}.get(fault, price), size)
            case _:
                high = max(price, other) + choices.number(13) / 4
                low = min(price, other) - choices.number(13) / 4
                faulty = {21: (price, low), 22: (high, 0.0), 23: (math.inf, low)}
                high, low = faulty.get(fault, (high, low))
                interval_ns = MINUTE if fault != 20 else 5 * MINUTE
                return Bar(symbol, self._now_ns, interval_ns, price, high, low, other, size)

    # Orders.

    def _order(self, choices: _Choices, symbol: str) -> WireSubmit:
        hangs = choices.number(9)
        if hangs in (5, 6) and self._scope.brackets:
            parent = self._parent(choices, symbol)
            if parent is not None:
                return self._exit(choices, parent, choices.of(self._scope.types), alone=hangs == 5)
        if hangs in (7, 8) and self._scope.groups:
            return self._member(choices, symbol)
        return self._submit(choices, symbol, choices.of(SIDES), choices.of(self._scope.types))

    def _bracket(self, choices: _Choices, symbol: str) -> list[Happening]:
        """An entry with a stop-loss and a take-profit, each away from the other."""
        entry = self._submit(choices, symbol, choices.of(SIDES), choices.of(self._scope.types))
        stops = tuple(one for one in (OrderType.STOP, OrderType.TRAILING_STOP) if one in self._scope.types)
        stop_loss = self._exit(choices, entry.terms, choices.of(stops or (OrderType.MARKET,)), alone=False)
        profit = OrderType.LIMIT if OrderType.LIMIT in self._scope.types else OrderType.MARKET
        return [entry, stop_loss, self._exit(choices, entry.terms, profit, alone=False)]

    def _parent(self, choices: _Choices, symbol: str) -> OrderTerms | None:
        """One of the latest orders that another exit may be added to."""
        fit = [
            terms
            for terms in reversed(self._terms.values())
            if terms.symbol == symbol and self._exits.get(terms.order_id) != ""
        ]
        return choices.of(fit[:4]) if fit else None

    def _exit(self, choices: _Choices, parent: OrderTerms, kind: OrderType, *, alone: bool) -> WireSubmit:
        group = self._exits.get(parent.order_id)
        if group is None:
            group = self._exits[parent.order_id] = "" if alone else self._next_group()
        lots = choices.number(4)
        lot = INSTRUMENTS[parent.symbol].lot_size
        return self._submit(
            choices,
            parent.symbol,
            parent.side.opposite,
            kind,
            strategy=parent.strategy,
            parent_id=parent.order_id,
            group_id=group or None,
            quantity=max(lot, parent.quantity - lots * lot) if not self._scope.equal else parent.quantity,
        )

    def _member(self, choices: _Choices, symbol: str) -> WireSubmit:
        others = [
            terms
            for terms in self._terms.values()
            if terms.symbol == symbol and terms.group_id is not None and terms.parent_id is None
        ]
        if not others or choices.once_in(3):
            return self._submit(
                choices, symbol, choices.of(SIDES), choices.of(self._scope.types), group_id=self._next_group()
            )
        first = others[-1]
        hangs: dict[str, Any] = {"group_id": first.group_id, "strategy": first.strategy}
        if self._scope.equal:
            hangs["quantity"] = first.quantity
        return self._submit(choices, symbol, choices.of(SIDES), choices.of(self._scope.types), **hangs)

    def _submit(
        self, choices: _Choices, symbol: str, side: Side, kind: OrderType, *, strategy: str = "", **fixed: Any
    ) -> WireSubmit:
        order_id = f"s-{self._scope.numbered_after + len(self._terms) + 1}"
        rule = TYPES[kind]
        prices: dict[str, Decimal] = {}
        for field in (*rule.needs, *rule.takes):
            if field in rule.needs or choices.once_in(2):
                prices[field] = _price(choices)
        if rule.needs_one_of:
            prices |= choices.of(TRAILS)
        time_in_force = choices.of(rule.times)
        terms: dict[str, Any] = {
            "order_id": order_id,
            "strategy": strategy or choices.of(("s", "t")),
            "symbol": symbol,
            "side": side,
            "quantity": choices.of((1, 2, 5, 8, 30)) * INSTRUMENTS[symbol].lot_size,
            "created_ns": self._now_ns,
            "type": kind,
            "time_in_force": time_in_force,
            "expires_ns": self._until(choices) if time_in_force is TimeInForce.GTD else None,
            **prices,
            **fixed,
        }
        if self._scope.flags:
            for flag, flag_rule in FLAGS.items():
                taken = {time_in_force, *(other for other in FLAGS if terms.get(other))}
                if choices.once_in(7) and kind in flag_rule.types and taken.isdisjoint(flag_rule.not_with):
                    terms[flag] = True
        made = self._terms[order_id] = OrderTerms(**terms)
        return WireSubmit(cid=_cid(order_id), terms=made)

    def _amend(self, choices: _Choices, terms: OrderTerms) -> Asked:
        fields = [name for name in ("limit_price", "stop_price") if getattr(terms, name) is not None]
        fields += ["quantity", *(["trail"] if terms.type is OrderType.TRAILING_STOP else [])]
        fields += ["expires_ns"] if terms.time_in_force is TimeInForce.GTD else []
        match choices.of(fields):
            case "quantity":
                parent = self._terms.get(terms.parent_id or "")
                quantity = choices.of((1, 3, 6, 9)) * INSTRUMENTS[terms.symbol].lot_size
                changes: dict[str, Any] = {"quantity": min(quantity, parent.quantity) if parent else quantity}
            case "trail":
                changes = {"trail_amount": None, "trail_percent": None, **choices.of(TRAILS)}
            case "expires_ns":
                changes = {"expires_ns": self._until(choices)}
            case field:
                changes = {field: _price(choices)}
        return Asked(_cid(terms.order_id), terms, changes)

    def _until(self, choices: _Choices) -> int:
        return self._now_ns + choices.of((2, 1, 4, 60)) * MINUTE // choices.of((1, 2))

    def _next_group(self) -> str:
        self._group += 1
        return f"s-g{self._group}"


TRAILS: Final[tuple[dict[str, Decimal], ...]] = (
    {"trail_amount": Decimal(1)},
    {"trail_amount": Decimal("0.5")},
    {"trail_percent": Decimal(1)},
    {"trail_amount": Decimal("2.5")},
    {"trail_percent": Decimal("2.3")},
)


def _price(choices: _Choices) -> Decimal:
    return Decimal(200 + choices.away(8)) / 2


def _cid(order_id: str) -> str:
    return f"c{order_id[2:]}"
