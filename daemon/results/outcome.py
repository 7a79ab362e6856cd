"""From the tables of a run, and where its floor stands at the end, to its result."""

import platform
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import groupby
from operator import attrgetter
from typing import Any, Final

import msgspec

from daemon.api.performance_views import PerformanceRow
from daemon.journal.projection import Projection
from daemon.journal.rows import FillRow, ValuationRow
from daemon.performance import ACCOUNT, Reckoning
from daemon.results.result import (
    About,
    Curve,
    FillLine,
    FlowLine,
    Metrics,
    OrderLine,
    Result,
    SignalLine,
    TradeLine,
)
from daemon.standing import Standing
from daemon.version import VERSION
from trading.account.records import Valuation
from trading.money import EXACT, total
from trading.orders import Order, OrderState
from trading.reports import Fill
from trading.statistics import RoundTrip
from trading.timestamps import iso

_SHARED: Final = tuple(field for field in Metrics.__struct_fields__ if field in PerformanceRow.__struct_fields__)


class Count(msgspec.Struct, kw_only=True):
    """What one owner heard and why it was sealed; of the account, `events` are all, `bars` those of the feed."""

    events: int = 0
    bars: int = 0
    trip: str = ""


class Course(msgspec.Struct, kw_only=True, frozen=True):
    """What is known of a run beside its tables. What was recorded after `closed_out_at`, a sequence, came of closing it
    out; None where it was not."""

    standing: Standing
    closed_out_at: int | None = None
    counts: Mapping[str, Count]
    seconds: float
    prices: Mapping[str, Sequence[tuple[int, float]]]
    signals: Sequence[SignalLine]
    warnings: Sequence[str]


def outcome(tables: Projection, course: Course, about: About) -> Result:
    """The result of a run that is over."""
    standing = course.standing
    found = Reckoning(tables, standing)
    orders = [_order_line(order) for order in tables.all_orders()]
    executed = [(row.fill, _closes_out(row, course)) for row in tables.all_fills()]
    closing = {fill.execution_id for fill, closes_out in executed if closes_out}
    valuations = tables.valuations()
    owners = [ACCOUNT, *standing.capital]
    tallied = {owner: _Tally(owner, orders, course) for owner in owners}
    return Result(
        about=msgspec.structs.replace(about, days_of_a_year=found.days_of_a_year),
        metrics=tallied[ACCOUNT].metrics(found),
        strategies={owner: tallied[owner].metrics(found) for owner in standing.capital},
        fills=[_fill_line(fill, closes_out=closes_out) for fill, closes_out in executed],
        orders=orders,
        trades=[_trade_line(trip, closes_out=trip.exit_id in closing) for trip in found.trips()],
        equity=_whole(valuations, standing, attrgetter("equity")),
        curves={owner: _of_one(owner, valuations, standing) for owner in standing.capital},
        exposure=_whole(valuations, standing, attrgetter("exposure")),
        prices={symbol: [(iso(ts_ns), price) for ts_ns, price in points] for symbol, points in course.prices.items()},
        signals=course.signals,
        warnings=course.warnings,
        flows=sorted(_flow_lines(found, owners, standing), key=attrgetter("ts")),
    )


def this_python() -> str:
    """The version of Python and of Bulkhead that a result is of."""
    return f"{platform.python_implementation()} {platform.python_version()}, bulkhead {VERSION}"


class _Tally:
    """What the figures of one owner are made of, beside the performance of its book."""

    def __init__(self, owner: str, orders: Iterable[OrderLine], course: Course) -> None:
        own = [order for order in orders if owner in (ACCOUNT, order.strategy)]
        self._owner = owner
        self._course = course
        self._orders = len(own)
        self._rejected = sum(order.state == OrderState.REJECTED for order in own)

    def metrics(self, found: Reckoning) -> Metrics:
        """Its figures."""
        row, count = found.row(self._owner), self._course.counts[self._owner]
        shared: dict[str, Any] = {name: _plain(getattr(row, name)) for name in _SHARED}
        return Metrics(
            **shared,
            initial_equity=_text(row.capital),
            final_equity=_text(row.equity),
            orders=self._orders,
            rejected=self._rejected,
            bars=count.bars,
            events=count.events,
            seconds=self._course.seconds,
            trip=count.trip,
        )


def _closes_out(row: FillRow, course: Course) -> bool:
    return course.closed_out_at is not None and row.sequence > course.closed_out_at


def _order_line(order: Order) -> OrderLine:
    terms = order.terms
    return OrderLine(
        order_id=terms.order_id,
        strategy=terms.strategy,
        symbol=terms.symbol,
        side=terms.side.value,
        type=terms.type.value,
        quantity=f"{terms.quantity:f}",
        filled=f"{order.filled:f}",
        average_price=order.average_price,
        limit_price=_text(terms.limit_price),
        stop_price=_text(terms.stop_price),
        trail_amount=_text(terms.trail_amount),
        trail_percent=_text(terms.trail_percent),
        time_in_force=terms.time_in_force.value,
        created_ts=iso(terms.created_ns),
        updated_ts=iso(order.updated_ns),
        state=order.state.value,
        origin=order.origin,
        code=order.code,
        reason=order.reason or terms.reason,
        parent_id=terms.parent_id,
        group_id=terms.group_id,
    )


def _fill_line(fill: Fill, *, closes_out: bool) -> FillLine:
    return FillLine(
        ts=iso(fill.ts_ns),
        strategy=fill.strategy,
        symbol=fill.symbol,
        side=fill.side.value,
        quantity=f"{fill.quantity:f}",
        price=f"{fill.price:f}",
        fee=f"{fill.fee:f}",
        fee_currency=fill.fee_currency,
        order_id=fill.order_id,
        close_out=closes_out,
    )


def _trade_line(trip: RoundTrip, *, closes_out: bool) -> TradeLine:
    return TradeLine(
        strategy=trip.strategy,
        symbol=trip.symbol,
        side=trip.side.value,
        quantity=f"{trip.quantity:f}",
        entry_ts=iso(trip.entry_ts_ns),
        entry_price=f"{trip.entry_price:f}",
        exit_ts=iso(trip.exit_ts_ns),
        exit_price=f"{trip.exit_price:f}",
        pnl=f"{EXACT.subtract(trip.pnl, trip.fees):f}",
        fees=f"{trip.fees:f}",
        currency=trip.currency,
        close_out=closes_out,
    )


def _flow_lines(found: Reckoning, owners: Iterable[str], standing: Standing) -> Iterator[FlowLine]:
    for owner in owners:
        for flow in found.flows(owner):
            amount, before = (
                f"{standing.currency.rounded(Decimal(repr(value))):f}" for value in (flow.amount, flow.equity_before)
            )
            yield FlowLine(ts=iso(flow.ts_ns), strategy=owner, amount=amount, equity_before=before)


def _whole(rows: Sequence[ValuationRow], standing: Standing, value_of: Callable[[Any], Decimal | None]) -> Curve:
    """All books together at each valuation, and at the end; times at which one has no value are left out."""
    points: list[tuple[str, str]] = []
    for _, together in groupby(rows, key=attrgetter("sequence")):
        values = list(together)
        _add(points, values[0].ts_ns, [value_of(one) for one in values])
    _add(points, standing.now_ns, [value_of(one) for one in standing.values.values()])
    return points


def _of_one(owner: str, rows: Iterable[ValuationRow], standing: Standing) -> Curve:
    points: list[tuple[str, str]] = []
    for row in rows:
        if row.owner == owner:
            _add(points, row.ts_ns, [row.equity])
    _add(points, standing.now_ns, [standing.values.get(owner, Valuation(equity=None, exposure=None)).equity])
    return points


def _add(points: list[tuple[str, str]], ts_ns: int, values: Sequence[Decimal | None]) -> None:
    known = [value for value in values if value is not None]
    if len(known) == len(values):
        points.append((iso(ts_ns), f"{total(known):f}"))


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount:f}"


def _plain(value: object) -> object:
    return _text(value) if isinstance(value, Decimal) else value
