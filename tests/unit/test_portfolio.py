"""The virtual portfolio, against results worked out by hand."""

from collections.abc import Iterable
from decimal import Decimal, localcontext
from typing import Any

import msgspec
import pytest

from tests.builders import fill, terms
from tests.market_builders import EUR, USD, an_instrument, through_msgpack
from trading.errors import LedgerError
from trading.instruments import Instrument, InstrumentKind, MarginTerms
from trading.money import Currency
from trading.orders import Side
from trading.portfolio import Position, VirtualPortfolio
from trading.postings import Posting, PostingKind

Traded = tuple[Side, str, str]
BUY, SELL = Side.BUY, Side.SELL


FUTURE = Instrument(
    symbol="AAA",
    kind=InstrumentKind.FUTURE,
    currency=USD,
    tick_size=Decimal("0.01"),
    lot_size=Decimal(1),
    multiplier=Decimal(1_000),
    margin=MarginTerms(currency=USD, initial=Decimal("0.1"), maintenance=Decimal("0.05")),
)
PERPETUAL = msgspec.structs.replace(
    FUTURE, symbol="PPP", kind=InstrumentKind.PERPETUAL, multiplier=Decimal(1), mark_symbol="BBB"
)


def portfolio(instrument: Instrument | None = None, **capital: str) -> VirtualPortfolio:
    instrument = instrument or an_instrument()
    amounts = {currency: Decimal(amount) for currency, amount in (capital or {"USD": "10000"}).items()}
    return VirtualPortfolio("a", amounts, {instrument.symbol: instrument, "BBB": an_instrument("BBB")})


def book(
    books: VirtualPortfolio, trades: Iterable[Traded], fee: str = "0", fee_currency: str = "USD"
) -> VirtualPortfolio:
    for side, quantity, at in trades:
        books.book(fill(terms(side, quantity), at=at, fee=fee, fee_currency=fee_currency))
    return books


@pytest.mark.parametrize(
    ("trades", "cash", "quantity", "cost", "realised"),
    [
        pytest.param([(BUY, "10", "100")], "9000", "10", "1000", "0", id="a long is opened"),
        pytest.param([(BUY, "10", "100"), (BUY, "10", "110")], "7900", "20", "2100", "0", id="a long is added to"),
        pytest.param([(BUY, "10", "100"), (SELL, "4", "110")], "9440", "6", "600", "40", id="a part is closed"),
        pytest.param([(BUY, "10", "100"), (SELL, "10", "90")], "9900", "0", "0", "-100", id="all is closed at a loss"),
        pytest.param([(SELL, "10", "100")], "11000", "-10", "-1000", "0", id="a short is opened"),
        pytest.param([(SELL, "10", "100"), (BUY, "4", "90")], "10640", "-6", "-600", "40", id="a short is covered"),
        pytest.param([(BUY, "10", "100"), (SELL, "15", "110")], "10650", "-5", "-550", "100", id="long to short"),
        pytest.param([(SELL, "10", "100"), (BUY, "15", "90")], "9650", "5", "450", "100", id="short to long"),
        pytest.param(
            [(BUY, "1", "10.01"), (BUY, "2", "10.02"), (SELL, "1", "10.03"), (SELL, "1", "10.03")],
            "9990.01",
            "1",
            "10.01",  # 30.05 less 10.02, then half of 20.03, to the even cent, is 10.02
            "0.02",
            id="removed cost is rounded to the cent",
        ),
    ],
)
def test_a_history_gives_its_books(trades: list[Traded], cash: str, quantity: str, cost: str, realised: str) -> None:
    books = book(portfolio(), trades)

    assert books.cash == {"USD": Decimal(cash)}
    assert books.positions["AAA"] == Position(
        symbol="AAA", currency="USD", quantity=Decimal(quantity), cost=Decimal(cost), realised=Decimal(realised)
    )
    assert books.imbalance("USD") == 0


def test_a_fee_leaves_the_cash_of_its_own_currency() -> None:
    books = book(portfolio(USD="10000", EUR="50"), [(BUY, "10", "100")], fee="1.25", fee_currency="EUR")

    assert books.cash == {"USD": Decimal(9000), "EUR": Decimal("48.75")}
    assert books.fees == {"EUR": Decimal("1.25")}
    assert books.imbalance("USD") == books.imbalance("EUR") == 0


def test_an_instrument_of_another_currency_is_paid_in_it() -> None:
    euros = an_instrument(currency=EUR)
    books = portfolio(euros, USD="10000", EUR="5000")
    books.book(fill(terms(quantity="10"), at="100", instrument=euros))

    assert books.cash == {"USD": Decimal(10_000), "EUR": Decimal(4_000)}
    assert books.realised("EUR") == books.imbalance("EUR") == 0


def test_a_currency_without_cents_is_booked_in_whole_units() -> None:
    yen = an_instrument(currency=Currency.known("JPY"), tick="0.1")
    books = portfolio(yen, JPY="10000")
    books.book(fill(terms(quantity="3"), at="33.5", instrument=yen))
    assert books.cash == {"JPY": Decimal(9_900)}  # 100.5, halves to even


def test_equity_and_unrealised_follow_the_marks() -> None:
    books = book(portfolio(), [(BUY, "10", "100")])
    books.mark("AAA", 107.5)

    assert (books.equity("USD"), books.unrealised("USD")) == (10_075.0, Decimal(75))
    assert books.exact_equity("USD") == Decimal(10_075)


def test_a_short_gains_when_the_price_falls() -> None:
    books = book(portfolio(), [(SELL, "10", "100")])
    books.mark("AAA", 92.5)
    assert (books.equity("USD"), books.unrealised("USD")) == (10_075.0, Decimal(75))
    assert books.exact_equity("USD") == Decimal(10_075)


def test_a_multiplier_counts_in_every_worth() -> None:
    instrument = Instrument(
        symbol="AAA",
        kind=an_instrument().kind,
        currency=USD,
        tick_size=Decimal("0.25"),
        lot_size=Decimal(1),
        multiplier=Decimal(50),
    )
    books = portfolio(instrument, USD="1000000")
    books.book(fill(terms(quantity="2"), at="4000", instrument=instrument))
    books.mark("AAA", 4001.0)
    assert books.equity("USD") == 1_000_100.0
    assert (books.cash["USD"], books.exact_equity("USD")) == (Decimal(600_000), Decimal(1_000_100))


def test_drawdown_is_measured_from_the_highest_equity() -> None:
    books = book(portfolio(), [(BUY, "50", "100")])
    for price in (120.0, 100.0, 110.0):
        books.mark("AAA", price)
    assert books.peak_equity == {"USD": 11_000.0}
    assert books.max_drawdown == pytest.approx({"USD": 1 - 10_000 / 11_000})


def test_what_a_closing_fill_won_or_lost_counts_in_peak_and_drawdown() -> None:
    won = book(portfolio(), [(BUY, "50", "100"), (SELL, "50", "120")])
    lost = book(won, [(BUY, "50", "120"), (SELL, "50", "98")])
    assert lost.peak_equity == {"USD": 11_000.0}
    assert lost.max_drawdown == pytest.approx({"USD": 0.1})


def test_the_digest_is_of_the_books_and_not_of_the_marks() -> None:
    one, other = (book(portfolio(), [(BUY, "10", "100"), (SELL, "4", "110")]) for _ in range(2))
    other.mark("AAA", 1.0)
    assert one.digest() == other.digest()
    assert book(other, [(SELL, "1", "110")]).digest() != one.digest()


def test_a_restored_portfolio_goes_on_alike() -> None:
    books = book(portfolio(), [(BUY, "10", "100"), (SELL, "15", "110")], fee="0.35")
    books.book(fill(terms(quantity="5", symbol="BBB")))
    again = portfolio()
    again.restore(through_msgpack(books.state()))

    for one in (books, again):
        one.mark("AAA", 95.0)
        book(one, [(BUY, "5", "96")])
    assert (again.state(), again.digest()) == (books.state(), books.digest())


def test_a_fill_of_an_unknown_symbol_is_refused_and_books_nothing() -> None:
    books = portfolio()
    before = books.digest()
    with pytest.raises(LedgerError, match="x-7 is of ZZZ, which is no instrument here"):
        books.book(fill(terms(symbol="ZZZ"), execution_id="x-7"))
    assert books.digest() == before


def test_the_books_do_not_obey_the_decimal_context_of_strategies() -> None:
    trades = [(BUY, "1234567", "0.1234567"), (SELL, "2345678", "0.2345678"), (BUY, "3", "0.3456789")]
    usual = book(portfolio(), trades)
    with localcontext() as context:
        context.prec = 3
        context.clear_traps()
        tampered = book(portfolio(), trades)
    assert tampered.digest() == usual.digest()
    assert tampered.imbalance("USD") == 0


def posting(kind: str, *, symbol: str = "AAA", **changes: Any) -> Posting:
    cash = {currency: Decimal(amount) for currency, amount in changes.pop("cash", {}).items()}
    blank = Posting(strategy="a", event_id="e-1", kind=PostingKind(kind), ts_ns=1, symbol=symbol, cash=cash)
    amounts: dict[str, Any] = {name: Decimal(amount) for name, amount in changes.items()}
    return msgspec.structs.replace(blank, **amounts)


@pytest.mark.parametrize(
    ("posted", "cash", "position"),
    [
        pytest.param(
            posting("dividend", cash={"USD": "2.50"}), "9002.50", ("10", "1000", "0"), id="income moves cash alone"
        ),
        pytest.param(
            posting("settlement", cost="50", realised="50", price="105"),
            "9000",
            ("10", "1050", "50"),
            id="a settlement makes cost of what it realises",
        ),
        pytest.param(
            posting("split", units="-6", cost="-100", realised="-20", cash={"USD": "80"}, price="180"),
            "9080",
            ("4", "900", "-20"),
            id="a split takes units and the cost of the fraction",
        ),
        pytest.param(
            posting("expiry", units="-10", cost="-1000", realised="70", cash={"USD": "1070"}, price="107"),
            "10070",
            ("0", "0", "70"),
            id="an expiry ends it",
        ),
        pytest.param(
            posting("transfer", units="5", cost="600", cash={"USD": "-600"}, price="120"),
            "8400",
            ("15", "1600", "0"),
            id="a transfer of units is no capital",
        ),
        pytest.param(posting("liquidation"), "9000", ("10", "1000", "0"), id="of a liquidation it is only told"),
        pytest.param(posting("margin_call", symbol=""), "9000", ("10", "1000", "0"), id="of a margin call too"),
    ],
)
def test_a_posting_is_added(posted: Posting, cash: str, position: tuple[str, str, str]) -> None:
    books = book(portfolio(), [(BUY, "10", "100")])
    books.post(posted)

    assert books.cash == {"USD": Decimal(cash)}
    held = books.positions["AAA"]
    assert [held.quantity, held.cost, held.realised] == [Decimal(amount) for amount in position]
    assert books.capital == {"USD": Decimal(10_000)}
    assert books.imbalance("USD") == 0
    told_by_market = posted.kind is not PostingKind.TRANSFER
    assert books.marks["AAA"] == float((told_by_market and posted.price) or 100)


@pytest.mark.parametrize("kind", ["deposit", "withdrawal", "transfer"])
def test_money_that_comes_without_a_position_is_capital(kind: str) -> None:
    books = portfolio()
    books.post(posting(kind, symbol="", cash={"USD": "-250.25"}))
    assert books.capital == books.cash == {"USD": Decimal("9749.75")}
    assert not books.income
    assert books.imbalance("USD") == 0


def test_income_is_kept_by_kind_and_currency() -> None:
    books = portfolio(USD="10000", EUR="50")
    for posted in (
        posting("dividend", cash={"USD": "2.50"}),
        posting("dividend", cash={"USD": "0.50"}),
        posting("interest", symbol="", cash={"EUR": "-0.10"}),
        posting("conversion", symbol="", cash={"EUR": "-49.90", "USD": "54.89"}),
    ):
        books.post(posted)
    assert books.income == {
        "dividend": {"USD": Decimal("3.00")},
        "interest": {"EUR": Decimal("-0.10")},
        "conversion": {"EUR": Decimal("-49.90"), "USD": Decimal("54.89")},
    }
    assert books.cash == {"USD": Decimal("10057.89"), "EUR": Decimal("0.00")}
    assert books.imbalance("USD") == books.imbalance("EUR") == 0


def test_a_posting_of_an_unknown_symbol_is_refused_and_books_nothing() -> None:
    books = portfolio()
    before = books.digest()
    with pytest.raises(LedgerError, match="e-1 is of ZZZ, which is no instrument here"):
        books.post(posting("dividend", symbol="ZZZ", cash={"USD": "1"}))
    assert books.digest() == before


def test_a_loss_that_no_trade_made_is_a_drawdown_too() -> None:
    books = book(portfolio(), [(BUY, "10", "100")])
    books.post(posting("funding", cash={"USD": "-1000"}))
    assert books.max_drawdown == pytest.approx({"USD": 0.1})


def test_interest_on_a_debt_is_one_and_a_conversion_is_none() -> None:
    books = portfolio(USD="1000", EUR="1000")
    books.post(posting("conversion", symbol="", cash={"EUR": "-900", "USD": "990"}))
    books.post(posting("interest", symbol="", cash={"EUR": "-5"}))
    assert books.peak_equity == {"USD": 1990.0, "EUR": 100.0}
    assert books.max_drawdown == pytest.approx({"USD": 0.0, "EUR": 0.05})


def futures(*trades: Traded) -> VirtualPortfolio:
    """Of a thousand dollars a point."""
    books = portfolio(FUTURE, USD="100000")
    for side, quantity, at in trades:
        books.book(fill(terms(side, quantity), at=at, instrument=FUTURE))
    return books


@pytest.mark.parametrize(
    ("trades", "cash", "balance"),
    [
        pytest.param([(BUY, "2", "60")], "-20000", "100000", id="a long has taken nothing of it"),
        pytest.param([(SELL, "2", "60")], "220000", "100000", id="nor has a short given anything"),
        pytest.param([(BUY, "2", "60"), (SELL, "1", "61")], "41000", "101000", id="but a half that was closed has"),
        pytest.param([(BUY, "2", "60"), (SELL, "3", "59")], "157000", "98000", id="and all of it, turned around"),
    ],
)
def test_the_balance_is_what_was_ever_paid(trades: list[Traded], cash: str, balance: str) -> None:
    books = futures(*trades)
    assert (books.cash["USD"], books.balance("USD")) == (Decimal(cash), Decimal(balance))
    assert books.imbalance("USD") == 0


def test_a_settlement_brings_into_the_balance_what_was_gained() -> None:
    books = futures((BUY, "2", "60"))
    books.post(posting("settlement", cost="3000", realised="3000", price="61.5"))
    assert (books.balance("USD"), books.exact_equity("USD")) == (Decimal(103_000), Decimal(103_000))


def test_of_what_is_paid_for_the_balance_is_cash() -> None:
    on_margin = msgspec.structs.replace(an_instrument(), margin=FUTURE.margin)
    for instrument in (an_instrument(), on_margin):
        books = portfolio(instrument)
        books.book(fill(terms(quantity="10"), at="100", instrument=instrument))
        assert books.balance("USD") == books.cash["USD"] == 9_000


@pytest.mark.parametrize(
    ("trades", "cash", "quantity", "cost", "realised"),
    [
        pytest.param([(BUY, "1", "-37.63")], "137630", "1", "-37630", "0", id="who buys below zero is paid"),
        pytest.param([(SELL, "1", "-37.63")], "62370", "-1", "37630", "0", id="and who sells pays"),
        pytest.param(
            [(BUY, "1", "10"), (SELL, "1", "-37.63")], "52370", "0", "0", "-47630", id="a long falls through zero"
        ),
        pytest.param([(SELL, "1", "10"), (BUY, "1", "-37.63")], "147630", "0", "0", "47630", id="a short gains by it"),
        pytest.param(
            [(BUY, "1", "-10"), (SELL, "3", "-20")], "50000", "-2", "40000", "-10000", id="turned around below zero"
        ),
    ],
)
def test_prices_below_zero(trades: list[Traded], cash: str, quantity: str, cost: str, realised: str) -> None:
    books = futures(*trades)
    assert books.cash == {"USD": Decimal(cash)}
    assert books.positions["AAA"] == Position(
        symbol="AAA", currency="USD", quantity=Decimal(quantity), cost=Decimal(cost), realised=Decimal(realised)
    )
    assert books.imbalance("USD") == 0


def test_a_mark_below_zero_values_a_position_there() -> None:
    books = futures((BUY, "1", "10"))
    books.mark("AAA", -5.0)
    assert (books.equity("USD"), books.exact_equity("USD")) == (85_000.0, Decimal(85_000))
    assert (books.unrealised("USD"), books.gross_exposure("USD")) == (Decimal(-15_000), Decimal(5_000))


def perpetuals() -> VirtualPortfolio:
    """Ten of PPP, which is valued at the price of BBB, bought at 100."""
    books = portfolio(PERPETUAL)
    books.book(fill(terms(quantity="10", symbol="PPP"), at="100", instrument=PERPETUAL))
    return books


def test_what_is_valued_by_another_follows_that_one() -> None:
    books = perpetuals()
    books.mark("BBB", 101.0)
    books.mark("PPP", 150.0)
    assert (books.marks["PPP"], books.equity("USD")) == (101.0, 10_010.0)


def test_until_the_other_is_heard_its_own_price_counts() -> None:
    books = perpetuals()
    assert books.equity("USD") == 10_000.0
    books.mark("PPP", 99.0)
    assert books.equity("USD") == 9_990.0


def test_a_fill_does_not_mark_what_is_valued_by_another() -> None:
    books = perpetuals()
    books.mark("BBB", 101.0)
    books.book(fill(terms(quantity="10", symbol="PPP"), at="90", instrument=PERPETUAL))
    assert (books.marks["PPP"], books.equity("USD")) == (101.0, 10_120.0)


def test_a_price_that_a_fill_has_told_already_still_values_what_is_valued_by_it() -> None:
    books = portfolio(PERPETUAL)
    books.mark("BBB", 100.0)
    books.book(fill(terms(quantity="10", symbol="PPP"), at="100", instrument=PERPETUAL))
    books.book(fill(terms(quantity="1", symbol="BBB"), at="101"))
    books.mark("BBB", 101.0)
    assert (books.marks["PPP"], books.equity("USD")) == (101.0, 10_010.0)


@pytest.mark.parametrize(
    ("price", "mark"),
    [
        (100.25, "100.25"),
        ((541.06 + 541.08) / 2, "541.07"),
        (0.1 + 0.2, "0.3"),
        (541.07 / 4, "135.2675"),
        (-37.63, "-37.63"),
    ],
)
def test_a_mark_has_no_digits_that_binary_fractions_add(price: float, mark: str) -> None:
    assert an_instrument().exact_mark(price) == Decimal(mark)
