"""Fills to round trips, worked out by hand. Every fill comes a second after the last one."""

from collections.abc import Iterable
from decimal import Decimal, localcontext
from typing import Any

import msgspec
import pytest

from tests.builders import fill, terms
from tests.market_builders import EUR, USD, an_instrument, through_msgpack
from trading.instruments import Instrument, InstrumentKind
from trading.money import Currency
from trading.orders import Side
from trading.postings import Posting, PostingKind
from trading.reports import Fill
from trading.statistics import RoundTrip, RoundTrips
from trading.timestamps import SECOND

BUY, SELL = Side.BUY, Side.SELL
AAA = an_instrument()
Traded = tuple[Side, str, str, str]


def fills(trades: Iterable[Traded], **common: Any) -> list[Fill]:
    """Fills of side, quantity, price and fee, named x1, x2, ..."""
    return [
        msgspec.structs.replace(
            fill(terms(side, quantity), at=price, fee=fee, execution_id=f"x{n}", **common), ts_ns=n * SECOND
        )
        for n, (side, quantity, price, fee) in enumerate(trades, start=1)
    ]


def told(trips: Iterable[RoundTrip]) -> list[tuple[str, str, str, str]]:
    """Side and quantity, seconds and prices of entry and exit, pnl, fees."""
    return [
        (
            f"{trip.side} {trip.quantity}",
            f"{trip.entry_ts_ns // SECOND}: {trip.entry_price} - {trip.exit_ts_ns // SECOND}: {trip.exit_price}",
            str(trip.pnl),
            str(trip.fees),
        )
        for trip in trips
    ]


def booked(books: RoundTrips, coming: Iterable[Fill], instrument: Instrument = AAA) -> list[RoundTrip]:
    return [trip for one in coming for trip in books.book(one, instrument)]


def open_lots(books: RoundTrips) -> list[tuple[str, str, str, str]]:
    """Side and quantity, price, cost, fee."""
    return [
        (f"{lot.side} {lot.quantity}", str(lot.price), str(lot.cost), str(lot.fee)) for lot in books.lots("a", "AAA")
    ]


@pytest.mark.parametrize(
    ("trades", "trips", "lots"),
    [
        pytest.param([(BUY, "10", "100", "1")], [], [("buy 10", "100", "1000", "1")], id="an entry is no round trip"),
        pytest.param(
            [(BUY, "10", "100", "1"), (SELL, "10", "103", "2")],
            [("buy 10", "1: 100 - 2: 103", "30", "3")],
            [],
            id="a long",
        ),
        pytest.param(
            [(SELL, "10", "100", "1"), (BUY, "10", "103", "2")],
            [("sell 10", "1: 100 - 2: 103", "-30", "3")],
            [],
            id="a short",
        ),
        pytest.param(
            [(BUY, "10", "100", "1"), (SELL, "4", "101", "0.50"), (SELL, "6", "99", "0.50")],
            [("buy 4", "1: 100 - 2: 101", "4", "0.90"), ("buy 6", "1: 100 - 3: 99", "-6", "1.10")],
            [],
            id="closed in parts, each with its share of the entry's fee",
        ),
        pytest.param(
            [(BUY, "5", "100", "1"), (BUY, "5", "110", "1"), (SELL, "7", "120", "1")],
            [("buy 5", "1: 100 - 3: 120", "100", "1.71"), ("buy 2", "2: 110 - 3: 120", "20", "0.69")],
            [("buy 3", "110", "330", "0.60")],
            id="first in, first out",
        ),
        pytest.param(
            [(BUY, "5", "100", "1"), (SELL, "8", "101", "0.80"), (BUY, "3", "90", "0")],
            [("buy 5", "1: 100 - 2: 101", "5", "1.50"), ("sell 3", "2: 101 - 3: 90", "33", "0.30")],
            [],
            id="through zero closes and opens",
        ),
        pytest.param(
            [(BUY, "3", "1", "0.10"), (SELL, "1", "1", "0"), (SELL, "1", "1", "0"), (SELL, "1", "1", "0")],
            [
                ("buy 1", "1: 1 - 2: 1", "0", "0.03"),
                ("buy 1", "1: 1 - 3: 1", "0", "0.04"),
                ("buy 1", "1: 1 - 4: 1", "0", "0.03"),
            ],
            [],
            id="parts of a fee are the fee",
        ),
        pytest.param(
            [(BUY, "3", "1", "-0.01"), (SELL, "1", "1", "0"), (SELL, "2", "1", "0")],
            [("buy 1", "1: 1 - 2: 1", "0", "0.00"), ("buy 2", "1: 1 - 3: 1", "0", "-0.01")],
            [],
            id="a rebate is shared out like a fee",
        ),
    ],
)
def test_fills_make_round_trips_and_lots(
    trades: list[Traded], trips: list[tuple[str, ...]], lots: list[tuple[str, ...]]
) -> None:
    books = RoundTrips()

    assert told(booked(books, fills(trades))) == trips
    assert open_lots(books) == lots


def test_a_round_trip_carries_every_field() -> None:
    crypto = Instrument(
        symbol="BTCUSDT",
        kind=InstrumentKind.CRYPTO,
        currency=Currency.known("USDT"),
        tick_size=Decimal("0.01"),
        lot_size=Decimal("0.0001"),
        multiplier=Decimal(10),
        base=Currency(code="BTC", quantum=Decimal("0.0001")),
    )
    entry = fill(terms(BUY, "0.3", symbol="BTCUSDT"), at="50000", fee="0.001", fee_currency="BTC", instrument=crypto)
    exit_fill = fill(terms(SELL, "0.1", symbol="BTCUSDT"), at="50000.01", fee="5", instrument=crypto)

    (trip,) = booked(RoundTrips(), [entry, msgspec.structs.replace(exit_fill, ts_ns=7)], crypto)

    assert trip == RoundTrip(
        strategy="a",
        symbol="BTCUSDT",
        side=BUY,
        quantity=Decimal("0.1"),
        entry_ts_ns=2 * SECOND,
        entry_price=Decimal(50_000),
        exit_ts_ns=7,
        exit_price=Decimal("50000.01"),
        currency="USDT",
        pnl=Decimal("0.01"),
        fees=Decimal(5),
        other_fees={"BTC": Decimal("0.0003")},
        exit_id=exit_fill.execution_id,
    )


@pytest.mark.parametrize(
    ("fee", "currency", "part"),
    [
        pytest.param("1", "JPY", "0", id="of a known currency at its quantum"),
        pytest.param("1.00", "JPY", "0", id="whatever digits it is written with"),
        pytest.param("0.100", "BNB", "0.033", id="of an unknown one at its own last digit"),
    ],
)
def test_a_fee_in_another_currency_is_shared_out_in_it(fee: str, currency: str, part: str) -> None:
    trades = fills([(BUY, "3", "1", fee)], fee_currency=currency) + fills(
        [(SELL, "1", "1", "0"), (SELL, "2", "1", "0")]
    )

    first, last = booked(RoundTrips(), trades)

    assert [first.fees, last.fees] == [0, 0]
    assert first.other_fees.get(currency, Decimal(0)) == Decimal(part)
    assert last.other_fees[currency] == Decimal(fee) - Decimal(part)


def test_strategies_and_symbols_have_lots_of_their_own() -> None:
    books = RoundTrips()
    bbb = an_instrument("BBB")

    assert books.book(fill(terms(BUY)), AAA) == []
    assert books.book(fill(terms(SELL, strategy="b")), AAA) == []
    assert books.book(fill(terms(SELL, symbol="BBB")), bbb) == []
    assert [len(books.lots(*key)) for key in (("a", "AAA"), ("b", "AAA"), ("a", "BBB"), ("b", "BBB"))] == [1, 1, 1, 0]


def test_of_what_is_closed_nothing_is_kept() -> None:
    books = RoundTrips()

    for _ in range(100):
        booked(books, fills([(BUY, "10", "100", "1"), (SELL, "10", "101", "1")]))

    assert books.state() == {"rows": []}


def test_lots_are_copies() -> None:
    books = RoundTrips()
    booked(books, fills([(BUY, "10", "100", "1")]))

    books.lots("a", "AAA")[0].quantity = Decimal(1)
    books.state()["rows"][0][2][0].quantity = Decimal(1)

    assert books.lots("a", "AAA")[0].quantity == 10


def test_a_restored_one_goes_on_as_the_first_would_have() -> None:
    trades = fills(
        [(BUY, "5", "100", "1"), (BUY, "5", "110", "1"), (SELL, "7", "120", "1"), (SELL, "9", "121", "0.55")]
    )
    whole, first, second = RoundTrips(), RoundTrips(), RoundTrips()
    expected = booked(whole, trades)

    before = booked(first, trades[:3])
    second.restore(through_msgpack(first.state()))

    assert before + booked(second, trades[3:]) == expected
    assert second.state() == whole.state()


def test_a_users_decimal_context_changes_nothing() -> None:
    trades = [(BUY, "3", "100.01", "0.10"), (SELL, "1", "100.02", "0.10"), (SELL, "2", "100.03", "0.10")]
    expected = booked(RoundTrips(), fills(trades))

    with localcontext() as context:
        context.prec = 1
        assert booked(RoundTrips(), fills(trades)) == expected


@pytest.mark.parametrize(
    ("trades", "busted", "trips", "lots"),
    [
        pytest.param([(BUY, "10", "100", "1")], 1, [], [], id="the last fill, an entry, leaves no trace"),
        pytest.param(
            [(BUY, "5", "100", "1"), (BUY, "5", "110", "2"), (BUY, "5", "120", "3")],
            2,
            [],
            [("buy 5", "100", "500", "1"), ("buy 5", "120", "600", "3")],
            id="an entry amid others leaves no trace",
        ),
        pytest.param(
            [(BUY, "10", "100", "1"), (SELL, "10", "103", "2")],
            2,
            [],
            [("buy 10", "103", "1030", "-2")],
            id="an exit opens a lot at its price, with its fee given back",
        ),
        pytest.param(
            [(BUY, "10", "100", "1"), (SELL, "4", "103", "0")],
            1,
            [],
            [("sell 4", "100", "400", "-0.40")],
            id="an entry that was partly closed: the open part goes, the closed one is owed",
        ),
        pytest.param(
            [(BUY, "10", "100", "1"), (BUY, "10", "90", "1"), (SELL, "4", "103", "0")],
            1,
            [("buy 4", "2: 90 - 9: 100", "40", "0.00")],
            [("buy 6", "90", "540", "0.60")],
            id="what is owed is met by the next lot",
        ),
        pytest.param(
            [(BUY, "5", "100", "1"), (SELL, "8", "101", "0.80")],
            2,
            [],
            [("buy 5", "101", "505", "-0.50")],
            id="a fill through zero: the lot that it opened goes, the one that it closed is back",
        ),
    ],
)
def test_a_bust_takes_back_what_is_open_and_is_booked_for_the_rest(
    trades: list[Traded], busted: int, trips: list[tuple[str, ...]], lots: list[tuple[str, ...]]
) -> None:
    books = RoundTrips()
    history = fills(trades)
    booked(books, history)

    found = books.book(history[busted - 1].reversal(9 * SECOND), AAA)

    assert told(found) == trips
    assert open_lots(books) == lots


def test_a_corrected_exit_comes_to_what_was_really_paid() -> None:
    entry, wrong, right = fills([(BUY, "10", "100", "1"), (SELL, "10", "103", "1"), (SELL, "10", "102", "1")])
    books = RoundTrips()

    trips = booked(books, [entry, wrong, wrong.reversal(3 * SECOND), right])

    assert [trip.pnl for trip in trips] == [30, -10]
    assert sum(trip.fees for trip in trips) == 2


def test_a_bust_that_keeps_some_of_the_fee_is_told() -> None:
    (entry,) = fills([(BUY, "10", "100", "1")])
    books = RoundTrips()
    bust = msgspec.structs.replace(entry.reversal(2 * SECOND), fee=Decimal("-0.75"))

    assert told(booked(books, [entry, bust])) == [("buy 10", "1: 100 - 2: 100", "0", "0.25")]


@pytest.mark.parametrize(
    ("ratio", "lots"),
    [
        pytest.param((2, 1), [("buy 20", "50", "1000", "1"), ("buy 10", "55", "550", "2")], id="two for one"),
        pytest.param((1, 5), [("buy 2", "500", "1000", "1"), ("buy 1", "550", "550", "2")], id="one for five"),
        pytest.param(
            (1, 3),
            [
                ("buy 3.333333333333333333333333333", "300", "1000", "1"),
                ("buy 1.666666666666666666666666667", "330", "550", "2"),
            ],
            id="one for three: all together come out even",
        ),
    ],
)
def test_a_split_scales_units_and_prices_and_leaves_costs(ratio: tuple[int, int], lots: list[tuple[str, ...]]) -> None:
    books = RoundTrips()
    booked(books, fills([(BUY, "10", "100", "1"), (BUY, "5", "110", "2")]))

    books.split("AAA", Decimal(ratio[0]), Decimal(ratio[1]))

    assert open_lots(books) == lots


def test_pnl_over_a_split_is_exact_in_sum_and_rounded_only_without_an_even_share() -> None:
    books = RoundTrips()
    entry, *exits = fills([(BUY, "10", "10", "0"), *[(SELL, "10", "5", "0")] * 3])
    booked(books, [entry])

    books.split("AAA", Decimal(3), Decimal(1))
    trips = booked(books, exits)

    assert [trip.pnl for trip in trips] == [Decimal("16.67"), Decimal("16.665"), Decimal("16.665")]
    assert {str(trip.entry_price) for trip in trips} == {"3.333333333333333333333333333"}


def test_after_a_split_a_bust_is_another_fill() -> None:
    """The bust's units are not the lot's: it takes 10 of 20 that cost 1000."""
    books = RoundTrips()
    (entry,) = fills([(BUY, "10", "100", "1")])
    booked(books, [entry])
    books.split("AAA", Decimal(2), Decimal(1))

    assert told(books.book(entry.reversal(2 * SECOND), AAA)) == [("buy 10", "1: 50 - 2: 100", "500", "-0.50")]


def test_a_split_is_of_one_symbol_and_of_every_strategy() -> None:
    books = RoundTrips()
    books.book(fill(terms(BUY)), AAA)
    books.book(fill(terms(BUY, strategy="b")), AAA)
    books.book(fill(terms(BUY, symbol="BBB")), an_instrument("BBB"))

    books.split("AAA", Decimal(3), Decimal(2))
    books.split("CCC", Decimal(3), Decimal(2))

    assert [books.lots(*key)[0].quantity for key in (("a", "AAA"), ("b", "AAA"), ("a", "BBB"))] == [15, 15, 10]


def a_posting(kind: PostingKind, units: str, price: str | None = None, cash: str = "0", **more: Any) -> Posting:
    return Posting(
        strategy="a",
        event_id="e1",
        kind=kind,
        ts_ns=9 * SECOND,
        symbol="AAA",
        units=Decimal(units),
        price=None if price is None else Decimal(price),
        cash={"USD": Decimal(cash)},
        **more,
    )


@pytest.mark.parametrize(
    ("posting", "trips", "lots"),
    [
        pytest.param(
            a_posting(PostingKind.SPLIT, "15", "50"),
            [],
            [("buy 20", "50", "1000", "1"), ("buy 10", "55", "550", "2")],
            id="a split without a fraction",
        ),
        pytest.param(
            a_posting(PostingKind.SPLIT, "-14", "1000", "250"),
            [("buy 0.25", "1: 1200 - 9: 1000", "-50.00", "0.30")],
            [
                ("buy 0.5833333333333333333333333333", "1200", "700.00", "0.70"),
                ("buy 0.4166666666666666666666666667", "1320", "550", "2"),
            ],
            id="a fraction is paid out, of the oldest",
        ),
        pytest.param(
            a_posting(PostingKind.SPLIT, "-15", "40000", "1500"),
            [("buy 10", "1: 100 - 9: 100", "0", "1.00"), ("buy 5", "2: 110 - 9: 100", "-50", "2.00")],
            [],
            id="all is paid out",
        ),
        pytest.param(
            a_posting(PostingKind.EXPIRY, "-15", "120"),
            [("buy 10", "1: 100 - 9: 120", "200", "1.00"), ("buy 5", "2: 110 - 9: 120", "50", "2.00")],
            [],
            id="an expiry closes",
        ),
        pytest.param(
            a_posting(PostingKind.TRANSFER, "5", "120"),
            [],
            [("buy 10", "100", "1000", "1"), ("buy 5", "110", "550", "2"), ("buy 5", "120", "600", "0")],
            id="a transfer opens",
        ),
        pytest.param(
            a_posting(PostingKind.SETTLEMENT, "0", "120", cost=Decimal(250), realised=Decimal(250)),
            [],
            [("buy 10", "100", "1000", "1"), ("buy 5", "110", "550", "2")],
            id="a settlement leaves lots as they are",
        ),
        pytest.param(
            a_posting(PostingKind.DIVIDEND, "0", cash="30"),
            [],
            [("buy 10", "100", "1000", "1"), ("buy 5", "110", "550", "2")],
            id="a dividend is no trade",
        ),
    ],
)
def test_units_that_come_and_go_without_an_order(
    posting: Posting, trips: list[tuple[str, ...]], lots: list[tuple[str, ...]]
) -> None:
    books = RoundTrips()
    booked(books, fills([(BUY, "10", "100", "1"), (BUY, "5", "110", "2")]))

    assert told(books.post(posting, AAA)) == trips
    assert open_lots(books) == lots


def test_the_split_of_a_short_takes_cash_for_its_fraction() -> None:
    books = RoundTrips()
    booked(books, fills([(SELL, "10", "100", "0")]))

    trips = books.post(a_posting(PostingKind.SPLIT, "8", "350", "-175"), AAA)

    assert told(trips) == [("sell 0.5", "1: 400 - 9: 350", "25", "0.00")]
    assert open_lots(books) == [("sell 2.0", "400", "800", "0.00")]


def test_a_split_may_leave_the_units_and_pay_for_a_fraction() -> None:
    """One unit of 60 becomes one and a half, of which the half is paid for."""
    books = RoundTrips()
    booked(books, fills([(BUY, "1", "60", "0")]))

    trips = books.post(a_posting(PostingKind.SPLIT, "0", "50", "25"), AAA)

    assert told(trips) == [("buy 0.5", "1: 40 - 9: 50", "5", "0.00")]
    assert open_lots(books) == [("buy 1.0", "40", "40", "0.00")]


def test_a_split_of_what_is_not_held_is_nothing() -> None:
    assert RoundTrips().post(a_posting(PostingKind.SPLIT, "5", "120"), AAA) == []


def test_pnl_is_not_rounded_to_the_quantum() -> None:
    pair = an_instrument("EURUSD", currency=USD, tick="0.00001")
    trades = [
        fill(terms(side, "1000", symbol="EURUSD"), at=price, instrument=pair, fee="0.1", fee_currency=EUR.code)
        for side, price in ((BUY, "1.10001"), (SELL, "1.10002"))
    ]

    (trip,) = booked(RoundTrips(), trades, pair)

    assert (trip.pnl, trip.fees, trip.other_fees) == (Decimal("0.01"), Decimal(0), {"EUR": Decimal("0.2")})
