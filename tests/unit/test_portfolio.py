"""The virtual portfolio, against results worked out by hand."""

from collections.abc import Iterable
from decimal import Decimal, localcontext

import pytest

from tests.builders import fill, terms
from tests.market_builders import EUR, USD, an_instrument, through_msgpack
from trading.errors import LedgerError
from trading.instruments import Instrument
from trading.money import Currency
from trading.orders import Side
from trading.portfolio import Position, VirtualPortfolio

Traded = tuple[Side, str, str]
BUY, SELL = Side.BUY, Side.SELL


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
