"""What holds for every history of fills: a slow rational oracle tells the same round trips, and nothing is lost."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import fill, terms
from tests.market_builders import USD, through_msgpack
from trading.instruments import Instrument, InstrumentKind
from trading.money import EXACT, total
from trading.orders import Side
from trading.reports import Fill
from trading.statistics import RoundTrip, RoundTrips

FUTURE = Instrument(
    symbol="AAA",
    kind=InstrumentKind.EQUITY,
    currency=USD,
    tick_size=Decimal("0.01"),
    lot_size=Decimal("0.001"),
    multiplier=Decimal("2.5"),
)

Traded = tuple[Side, int, int, int]
TRADES = st.lists(
    st.tuples(st.sampled_from(Side), st.integers(1, 5_000), st.integers(1, 20_000), st.integers(-20, 100)), max_size=25
)


class Open(NamedTuple):
    """Signed units at a price since a fill."""

    units: Fraction
    price: Fraction
    since: int


def history(trades: Sequence[Traded]) -> list[Fill]:
    """Fills of thousandths of a unit, at prices and fees in cents, one a nanosecond."""
    return [
        msgspec.structs.replace(
            fill(
                terms(side, str(Decimal(units).scaleb(-3))),
                at=str(Decimal(cents).scaleb(-2)),
                fee=str(Decimal(fee).scaleb(-2)),
                instrument=FUTURE,
                execution_id=f"x{n}",
            ),
            ts_ns=n,
        )
        for n, (side, units, cents, fee) in enumerate(trades)
    ]


def first_in_first_out(fills: Sequence[Fill]) -> tuple[list[tuple[int, int, Fraction, Fraction]], list[Open]]:
    """Round trips as entry, exit, signed units and pnl, and what is open; in rational numbers."""
    trips: list[tuple[int, int, Fraction, Fraction]] = []
    rest: list[Open] = []
    for one in fills:
        units, price = Fraction(one.side.signed(one.quantity)), Fraction(one.price)
        while units and rest and rest[0].units * units < 0:
            oldest = rest.pop(0)
            closed = min(abs(oldest.units), abs(units)) * (1 if oldest.units > 0 else -1)
            trips.append(
                (oldest.since, one.ts_ns, closed, closed * (price - oldest.price) * Fraction(FUTURE.multiplier))
            )
            units += closed
            if oldest.units != closed:
                rest.insert(0, oldest._replace(units=oldest.units - closed))
        if units:
            rest.append(Open(units, price, one.ts_ns))
    return trips, rest


def told(trips: Sequence[RoundTrip]) -> list[tuple[int, int, Fraction, Fraction]]:
    return [
        (trip.entry_ts_ns, trip.exit_ts_ns, Fraction(trip.side.signed(trip.quantity)), Fraction(trip.pnl))
        for trip in trips
    ]


def all_fees(trips: Sequence[RoundTrip], books: RoundTrips) -> Fraction:
    return sum(
        (Fraction(fee) for fee in [*(t.fees for t in trips), *(lot.fee for lot in books.lots("a", "AAA"))]), Fraction()
    )


def cash(fills: Sequence[Fill]) -> Fraction:
    """What came in for everything, before fees."""
    paid = (Fraction(one.side.signed(one.quantity)) * Fraction(one.price) for one in fills)
    return -sum(paid, Fraction()) * Fraction(FUTURE.multiplier)


def settled(trips: Sequence[RoundTrip], books: RoundTrips) -> Fraction:
    """The same out of round trips and open lots."""
    gained = sum((Fraction(trip.pnl) for trip in trips), Fraction())
    return gained - sum((Fraction(lot.side.signed(lot.cost)) for lot in books.lots("a", "AAA")), Fraction())


@given(trades=TRADES)
def test_round_trips_are_those_of_rational_numbers(trades: list[Traded]) -> None:
    books, fills = RoundTrips(), history(trades)

    trips = [trip for one in fills for trip in books.book(one, FUTURE)]

    expected, rest = first_in_first_out(fills)
    assert told(trips) == expected
    lots = books.lots("a", "AAA")
    assert [(Fraction(lot.side.signed(lot.quantity)), Fraction(lot.price), lot.ts_ns) for lot in lots] == rest


@given(trades=TRADES)
def test_parts_of_fees_are_the_fees_each_at_the_quantum(trades: list[Traded]) -> None:
    books, fills = RoundTrips(), history(trades)

    trips = [trip for one in fills for trip in books.book(one, FUTURE)]

    assert all_fees(trips, books) == sum((Fraction(one.fee) for one in fills), Fraction())
    assert all(
        fee == USD.rounded(fee) for fee in [*(t.fees for t in trips), *(lot.fee for lot in books.lots("a", "AAA"))]
    )


@given(trades=TRADES, data=st.data())
def test_after_any_bust_cash_and_fees_are_those_of_what_stands(trades: list[Traded], data: st.DataObject) -> None:
    books, trips, standing = RoundTrips(), [], list[Fill]()
    for one in history(trades):
        trips += books.book(one, FUTURE)
        standing.append(one)
        if data.draw(st.booleans()):
            busted = standing.pop(data.draw(st.integers(0, len(standing) - 1)))
            trips += books.book(busted.reversal(one.ts_ns), FUTURE)

    assert settled(trips, books) == cash(standing)
    assert all_fees(trips, books) == sum((Fraction(one.fee) for one in standing), Fraction())
    held = sum((Fraction(lot.side.signed(lot.quantity)) for lot in books.lots("a", "AAA")), Fraction())
    assert held == sum((Fraction(one.side.signed(one.quantity)) for one in standing), Fraction())


@given(trades=TRADES)
def test_a_fill_and_its_bust_leave_no_trace_of_an_entry(trades: list[Traded]) -> None:
    books, fills = RoundTrips(), history(trades)
    for one in fills:
        before = books.state()
        if not books.book(one, FUTURE):
            books.book(one.reversal(one.ts_ns), FUTURE)
            assert books.state() == before
            books.book(one, FUTURE)


@given(trades=TRADES, at=st.integers(0, 25))
def test_a_restart_in_between_changes_nothing(trades: list[Traded], at: int) -> None:
    fills = history(trades)
    whole, first, second = RoundTrips(), RoundTrips(), RoundTrips()
    for one in fills[:at]:
        first.book(one, FUTURE)
    second.restore(through_msgpack(first.state()))

    trips = [trip for one in fills for trip in whole.book(one, FUTURE)]

    later = [trip for one in fills[at:] for trip in second.book(one, FUTURE)]
    assert later == trips[len(trips) - len(later) :]
    assert second.state() == whole.state()


@given(
    trades=TRADES,
    ratios=st.lists(st.tuples(st.integers(1, 12), st.integers(1, 12)), min_size=1, max_size=4),
    price=st.integers(1, 20_000),
)
def test_over_splits_the_cash_is_kept_to_the_last_digit(
    trades: list[Traded], ratios: list[tuple[int, int]], price: int
) -> None:
    books, fills = RoundTrips(), history(trades)
    trips = [trip for one in fills for trip in books.book(one, FUTURE)]
    for new, old in ratios:
        books.split("AAA", Decimal(new), Decimal(old))
    lots = books.lots("a", "AAA")
    assert settled(trips, books) == cash(fills)
    if not lots:
        return

    half = EXACT.divide(total(lot.quantity for lot in lots), Decimal(2))
    closing = [
        fill(terms(lots[0].side.opposite, str(part)), at=str(Decimal(price).scaleb(-2)), instrument=FUTURE)
        for part in (half, half)
    ]
    trips += [trip for one in closing for trip in books.book(one, FUTURE)]

    assert not books.lots("a", "AAA")
    assert settled(trips, books) == cash([*fills, *closing])
    assert all_fees(trips, books) == sum((Fraction(one.fee) for one in fills), Fraction())
